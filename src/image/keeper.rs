//! Takes from a file that streams by what [`Kept`] says is kept of it, in bounded memory.
//!
//! Of an ELF file up to [`WHOLE`] bytes everything is at hand when its summary is made, of a larger one its head and the
//! parts that [`elf::wanted`] names. Nothing outlasts the file but the summary.

use std::io::{self, BufRead, Read as _};

use crate::image::content::{Elf, HEAD, JAR, Kept, Sparse, TEXT, is_archive, is_consulted, is_java, worth_keeping};
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
        let whole = if is_expanded { Whole::Only(WHOLE) } else { Whole::First(WHOLE) };
        let elf = elf_file(head, size, whole, data)?;
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
    if is_archive(path) {
        let mut head = head.to_vec();
        data.take((JAR - HEAD) as u64).read_to_end(&mut head)?;
        return Ok(Kept::Head(head.into()));
    }
    Ok(Kept::Head(worth_keeping(path, head).into()))
}

/// How much of an ELF file's start is at hand.
#[derive(Clone, Copy)]
enum Whole {
    /// So many bytes, and what is wanted of the rest.
    First(usize),
    /// So many bytes; the rest is not looked at. Zeros that the archive does not hold could go on for ever.
    Only(usize),
}

fn elf_file(head: &[u8], size: u64, whole: Whole, data: &mut dyn BufRead) -> io::Result<Elf> {
    let (whole, end) = match whole {
        Whole::First(whole) => (whole as u64, u64::MAX),
        Whole::Only(whole) => (whole as u64, whole as u64),
    };
    let mut pieces = Pieces { file: Sparse::empty(size), whole, wanted: Vec::new(), taken: 0 };
    let mut scan = Scan::default();
    let mut at = 0;
    let mut feed = |piece: &[u8]| {
        scan.feed(piece);
        pieces.feed(at, piece);
        at += piece.len() as u64;
        at
    };
    let mut at = feed(head);
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
    /// How much of its start is taken.
    whole: u64,
    /// The parts that are still to come, or of which something is.
    wanted: Vec<(u64, u64)>,
    /// How much was taken beyond the head.
    taken: usize,
}

impl Pieces {
    fn feed(&mut self, at: u64, piece: &[u8]) {
        let head = self.whole.saturating_sub(at);
        let cut = usize::try_from(head).map_or(piece.len(), |head| head.min(piece.len()));
        let (head, rest) = piece.split_at(cut);
        if !head.is_empty() {
            self.file.append(at, head);
        }
        if rest.is_empty() {
            return;
        }
        let at = at + cut as u64;
        if at == self.whole {
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

#[cfg(test)]
mod tests {
    use super::{Whole, elf_file, keep};
    use crate::image::content::{Kept, Sparse};
    use crate::image::elf::Summary;
    use crate::image::mentions::Mention;

    /// Where the parts of the file below are, and how long it is.
    struct Places {
        dynamic: usize,
        strings: usize,
        size: usize,
    }

    /// A library that needs `libc.so.6`: one loaded part, which is the whole file, and the dynamic section.
    fn library(places: &Places) -> Vec<u8> {
        let mut file = vec![7; places.size];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0");
        put(24, &[0; 104 + 112]);
        put(32, &[64]);
        put(52, &[64, 0, 56, 0, 2, 0]);
        for (at, kind, offset, size) in [(64, 1u8, 0, places.size), (120, 2, places.dynamic, 64)] {
            put(at, &[kind, 0, 0, 0]);
            for (field, value) in [(8, offset), (16, offset), (32, size), (40, size)] {
                put(at + field, &(value as u64).to_le_bytes());
            }
        }
        put(places.strings, b"\0libc.so.6\0");
        for (number, (tag, value)) in [(1, 1), (5, places.strings), (10, 11), (0, 0)].into_iter().enumerate() {
            put(places.dynamic + 16 * number, &u64::try_from(tag).unwrap().to_le_bytes());
            put(places.dynamic + 16 * number + 8, &(value as u64).to_le_bytes());
        }
        file
    }

    /// What is understood of the file when only its first kilobyte is taken whole, however its bytes arrive.
    #[track_caller]
    fn needed(places: &Places) -> Option<Vec<Vec<u8>>> {
        let file = library(places);
        assert_eq!(Summary::read(&Sparse::whole(file.clone())).unwrap().needed, [b"libc.so.6"]);
        let read = |chunk: usize| {
            let mut data = std::io::BufReader::with_capacity(chunk, &file[512..]);
            elf_file(&file[..512], file.len() as u64, Whole::First(1024), &mut data).unwrap().summary
        };
        let summaries: Vec<_> = [1, 7, 16, 1000, 1 << 20].map(read).into();
        assert!(summaries.iter().all(|summary| *summary == summaries[0]), "{summaries:?}");
        summaries[0].clone().ok().map(|summary| summary.needed)
    }

    #[test]
    fn a_large_file_is_understood_by_its_head_and_what_that_asks_for() {
        let libc = Some(vec![b"libc.so.6".to_vec()]);
        assert_eq!(needed(&Places { strings: 300, dynamic: 3000, size: 5000 }), libc);
        // As `patchelf` leaves it: the strings moved to the end.
        assert_eq!(needed(&Places { strings: 4000, dynamic: 3000, size: 5000 }), libc);
        assert_eq!(needed(&Places { strings: 4989, dynamic: 400, size: 5000 }), libc);
        // Across the end of the head.
        assert_eq!(needed(&Places { strings: 300, dynamic: 1000, size: 5000 }), libc);
        assert_eq!(needed(&Places { strings: 1020, dynamic: 3000, size: 5000 }), None);
        // Gone by before anything told that it was wanted.
        assert_eq!(needed(&Places { strings: 2000, dynamic: 3000, size: 5000 }), None);
    }

    #[test]
    fn of_an_expanded_file_only_the_start_is_looked_at() {
        let file = [library(&Places { strings: 300, dynamic: 400, size: 1024 }).as_slice(), b"/etc/passwd"].concat();
        let elf = |whole| elf_file(&file[..512], u64::MAX, whole, &mut &file[512..]).unwrap();
        assert_eq!(elf(Whole::Only(1024)).summary.unwrap().needed, [b"libc.so.6"]);
        assert!(elf(Whole::First(1024)).mentions.has(Mention::Passwd));
    }

    #[test]
    fn what_streams_by_is_kept_as_what_is_at_hand_would_be() {
        let elf = library(&Places { strings: 300, dynamic: 400, size: 1024 });
        let cases: [(&[u8], u16, &[u8]); 8] = [
            (b"/lib/x.so", 0o644, &elf),
            (b"/run", 0o755, b"#!/bin/sh\nexit\n"),
            (b"/data", 0o755, &[b'#'; 3000]),
            (b"/app.jar", 0o644, &[b'P'; 9000]),
            (b"/etc/passwd", 0o644, &[b'r'; 3000]),
            (b"/etc/passwd", 0o644, &vec![b'r'; 600_000]),
            (b"/X.class", 0o644, b"\xca\xfe"),
            (b"/other", 0o644, b"x"),
        ];
        for (path, mode, bytes) in cases {
            let kept = keep(path, mode, bytes.len() as u64, false, &mut &*bytes).unwrap();
            assert_eq!(kept, Kept::of(path, mode, bytes), "{}", path.escape_ascii());
        }
    }
}
