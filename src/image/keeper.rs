//! Takes from a file that streams by what [`Kept`] says is kept of it, in bounded memory.
//!
//! Of an ELF file up to [`WHOLE`] bytes everything is at hand when its summary is made, of a larger one its head and the
//! parts that [`elf::wanted`] names. Nothing outlasts the file but the summary.

use std::io::{self, BufRead, Read as _};

use crate::image::content::{Elf, HEAD, Kept, Sparse, TEXT, head_of, is_consulted, is_java};
use crate::image::elf;
use crate::image::mentions::Scan;
use crate::image::tar::read_up_to;

/// Up to this size an ELF file is at hand as a whole; of a larger one so much of its start.
pub const WHOLE: usize = 12 << 20;

/// How much is at hand of an ELF file beyond its head.
const BEYOND: usize = 4 << 20;

/// The most memory that a look at one file takes, to be set aside.
pub const MEMORY: usize = WHOLE + BEYOND;

/// What is kept of the file that `data` holds. What is not read of it is for the caller to skip.
///
/// `path` is absolute and clean; `is_expanded` says that `data` may be far longer than the archive, because it is mostly
/// zeros that the archive does not hold.
///
/// # Errors
/// Those of `data`.
pub fn keep(path: &[u8], mode: u16, size: u64, is_expanded: bool, data: &mut dyn BufRead) -> io::Result<Kept> {
    let mut head = [0; HEAD];
    let read = read_up_to(data, &mut head)?;
    let head = head.get(..read).unwrap_or_default();
    if head.starts_with(b"\x7fELF") {
        let elf = elf_file(head, size, is_expanded, data)?;
        return Ok(Kept::Elf(Box::new(elf)));
    }
    if is_consulted(path) && size <= TEXT as u64 {
        let mut text = head.to_vec();
        data.read_to_end(&mut text)?;
        return Ok(Kept::Text(text.into()));
    }
    if mode & 0o111 == 0 && !is_java(path) {
        return Ok(Kept::Nothing);
    }
    let mut head = head.to_vec();
    data.take((head_of(path) - HEAD) as u64).read_to_end(&mut head)?;
    Ok(Kept::Head(head.into()))
}

fn elf_file(head: &[u8], size: u64, is_expanded: bool, data: &mut dyn BufRead) -> io::Result<Elf> {
    let mut pieces = Pieces { file: Sparse::empty(size), wanted: Vec::new(), taken: 0 };
    let mut scan = Scan::default();
    let mut at = 0;
    let mut feed = |piece: &[u8]| {
        scan.feed(piece);
        pieces.feed(at, piece);
        at += piece.len() as u64;
        at
    };
    let mut at = feed(head);
    // Zeros that the archive does not hold could go on for ever.
    let end = if is_expanded { WHOLE as u64 } else { u64::MAX };
    while at < end {
        let piece = data.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        at = feed(piece);
        let length = piece.len();
        data.consume(length);
    }
    Ok(Elf { summary: elf::Summary::read(&pieces.file), mentions: scan.found() })
}

/// Collects the parts of one ELF file as they come by.
struct Pieces {
    file: Sparse,
    /// The parts that are still to come, or of which something is.
    wanted: Vec<(u64, u64)>,
    /// How much was taken beyond the head.
    taken: usize,
}

impl Pieces {
    fn feed(&mut self, at: u64, piece: &[u8]) {
        let head = (WHOLE as u64).saturating_sub(at);
        let cut = usize::try_from(head).map_or(piece.len(), |head| head.min(piece.len()));
        let (head, rest) = piece.split_at(cut);
        if !head.is_empty() {
            self.file.append(at, head);
        }
        if rest.is_empty() {
            return;
        }
        let at = at + cut as u64;
        if at == WHOLE as u64 {
            self.ask(at);
        }
        self.beyond(at, rest);
    }

    /// What is wanted, now that all before `at` has come by.
    fn ask(&mut self, at: u64) {
        let mut wanted = elf::wanted(&self.file);
        wanted.retain(|(start, length)| start.saturating_add(*length) > at);
        wanted.sort_unstable();
        self.wanted = wanted;
    }

    /// Takes what is wanted of a piece beyond the head.
    fn beyond(&mut self, mut at: u64, mut piece: &[u8]) {
        while let Some((start, length)) = self.wanted.first().copied() {
            let end = start.saturating_add(length);
            // Overlapping parts: what was taken already, or has gone by, is left out.
            let skip = usize::try_from(start.saturating_sub(at)).unwrap_or(usize::MAX);
            let Some(from) = piece.get(skip..).filter(|from| !from.is_empty()) else { return };
            let here = at + skip as u64;
            let take = usize::try_from(end.saturating_sub(here)).unwrap_or(usize::MAX).min(from.len());
            let (take, rest) = from.split_at(take);
            self.taken += take.len();
            if self.taken > BEYOND {
                self.wanted.clear();
                return;
            }
            if !take.is_empty() {
                self.file.append(here, take);
            }
            (at, piece) = (here + take.len() as u64, rest);
            if at < end {
                return;
            }
            // The dynamic section, once it is whole, says more.
            self.ask(at);
        }
    }
}
