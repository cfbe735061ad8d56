//! Takes from a file that streams by what [`FileContent`] says is kept of it, in bounded memory.
//!
//! Of an ELF file up to [`EARLY`] bytes everything is in memory when it is read, of a larger one its head, as far
//! as [`elf::head`] says, and the parts that [`elf::wanted`] names. Nothing outlasts the file but the info.

pub(crate) mod file_content;
pub(crate) mod string_scan;

use std::io::{self, BufRead, Read as _};

use crate::elf;
use crate::extract::file_content::{Elf, FileContent, HEAD, JAR, full_read_limit, is_archive, is_java, prefix_to_keep};
use crate::extract::string_scan::StringScanner;
use crate::partial_file::PartialFile;
use crate::tar::read_up_to;

/// Up to this size an ELF file is in memory as a whole.
pub(crate) const EARLY: usize = 1 << 20;

/// The most that is in memory of an ELF file's start.
pub(crate) const MOST: usize = 12 << 20;

/// How much is in memory of an ELF file beyond its head.
const BEYOND: usize = 4 << 20;

/// The most that is in memory of an ELF file's start where all of an image may take `memory` bytes: half of that, and never
/// more than [`MOST`].
pub(crate) fn most(memory: usize) -> usize {
    (memory / 2).clamp(EARLY, MOST)
}

/// The most memory that a look at one file takes, to be set aside, if `most` of its start is in memory.
pub(crate) fn room(most: usize) -> usize {
    most + BEYOND
}

/// What is kept of the file that `data` holds. What is not read of it is for the caller to skip.
///
/// `path` is absolute and clean; `most` is how much of an ELF file's start is in memory at most, see [`most`].
///
/// # Errors
/// Those of `data`.
pub(crate) fn keep(path: &[u8], mode: u16, size: u64, most: usize, data: &mut dyn BufRead) -> io::Result<FileContent> {
    let mut head = [0; HEAD];
    let read = read_up_to(data, &mut head)?;
    let head = head.get(..read).unwrap_or_default();
    if head.starts_with(b"\x7fELF") {
        let elf = elf_file(head, Extent { size, early: EARLY, most }, data)?;
        return Ok(FileContent::Elf(Box::new(elf)));
    }
    if full_read_limit(path, mode, head).is_some_and(|most| size <= most as u64) {
        let mut text = head.to_vec();
        data.read_to_end(&mut text)?;
        return Ok(FileContent::Full(text.into()));
    }
    if mode & 0o111 == 0 && !is_java(path) {
        return Ok(FileContent::Skipped);
    }
    if is_archive(path) {
        let mut head = head.to_vec();
        data.take((JAR - HEAD) as u64).read_to_end(&mut head)?;
        return Ok(FileContent::Prefix(head.into()));
    }
    Ok(FileContent::Prefix(prefix_to_keep(path, head).into()))
}

/// How much there is of an ELF file, and how much of it is kept in memory.
#[derive(Clone, Copy)]
struct Extent {
    /// Its length.
    size: u64,
    /// So much of its start, whatever is in it.
    early: usize,
    /// At most so much of its start.
    most: usize,
}

fn elf_file(head: &[u8], extent: Extent, data: &mut dyn BufRead) -> io::Result<Elf> {
    let mut pieces = Pieces::new(extent);
    let mut scanner = StringScanner::default();
    let mut at = 0;
    let mut feed = |piece: &[u8]| {
        scanner.feed(piece);
        pieces.feed(at, piece);
        at += piece.len() as u64;
    };
    feed(head);
    loop {
        let piece = data.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        feed(piece);
        let length = piece.len();
        data.consume(length);
    }
    Ok(Elf { info: elf::ElfInfo::read(&pieces.file), hints: scanner.found() })
}

/// Collects the parts of one ELF file as they come by.
struct Pieces {
    file: PartialFile,
    /// How much of its start is taken, and whether that is settled.
    head: u64,
    settled: bool,
    /// The most that may be.
    most: u64,
    /// The parts that are still to come, or of which something is.
    wanted: Vec<(u64, u64)>,
    /// How much was taken beyond the head.
    taken: usize,
}

impl Pieces {
    fn new(extent: Extent) -> Self {
        let (head, most) = (extent.early as u64, extent.most as u64);
        let mut file = PartialFile::empty(extent.size);
        file.expect(head);
        Self { file, head, settled: false, most, wanted: Vec::new(), taken: 0 }
    }

    fn feed(&mut self, mut at: u64, mut piece: &[u8]) {
        while at < self.head && !piece.is_empty() {
            let head = usize::try_from(self.head - at).map_or(piece.len(), |head| head.min(piece.len()));
            let (head, rest) = piece.split_at(head);
            self.file.append(at, head);
            (at, piece) = (at + head.len() as u64, rest);
            if at == self.head {
                self.head_ends(at);
            }
        }
        if !piece.is_empty() {
            self.beyond(at, piece);
        }
    }

    /// The program headers are in memory: how much more is needed?
    fn head_ends(&mut self, at: u64) {
        if !self.settled {
            self.settled = true;
            self.head = elf::head(&self.file).unwrap_or(u64::MAX).clamp(at, self.most.max(at));
        }
        if at == self.head {
            self.ask(at);
        } else {
            self.file.expect(self.head);
        }
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
    use super::{Extent, elf_file, keep};
    use crate::elf::ElfInfo;
    use crate::extract::file_content::FileContent;
    use crate::partial_file::PartialFile;

    /// Where the parts of the file below are, and how long it is.
    struct Places {
        dynamic: usize,
        strings: usize,
        size: usize,
        /// Where its code starts; zero means with the file.
        code: usize,
    }

    /// A library that needs `libc.so.6`: one loaded part, which is the whole file, its code, and the dynamic section.
    fn library(places: &Places) -> Vec<u8> {
        let mut file = vec![7; places.size];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0");
        put(24, &[0; 104 + 168]);
        put(32, &[64]);
        put(52, &[64, 0, 56, 0, 3, 0]);
        let code = (176, 1u8, 5, places.code, places.size - places.code);
        for (at, kind, flags, offset, size) in [(64, 1, 4, 0, places.size), (120, 2, 6, places.dynamic, 64), code] {
            put(at, &[kind, 0, 0, 0, flags]);
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
    fn needed(places: &Places) -> Vec<Vec<u8>> {
        let file = library(places);
        assert_eq!(ElfInfo::read(&PartialFile::whole(file.clone())).unwrap().needed, [b"libc.so.6"]);
        let read = |chunk: usize| {
            let mut data = std::io::BufReader::with_capacity(chunk, &file[512..]);
            let extent = Extent { size: file.len() as u64, early: 1024, most: 2048 };
            elf_file(&file[..512], extent, &mut data).unwrap().info
        };
        let summaries: Vec<_> = [1, 7, 16, 1000, 1 << 20].map(read).into();
        assert!(summaries.iter().all(|summary| *summary == summaries[0]), "{summaries:?}");
        summaries[0].clone().unwrap().needed
    }

    #[test]
    fn a_large_file_is_understood_by_its_head_and_what_that_asks_for() {
        let libc = [b"libc.so.6"];
        assert_eq!(needed(&Places { strings: 300, dynamic: 3000, size: 5000, code: 2000 }), libc);
        // As `patchelf` leaves it: the strings moved to the end.
        assert_eq!(needed(&Places { strings: 4000, dynamic: 3000, size: 5000, code: 2000 }), libc);
        assert_eq!(needed(&Places { strings: 4989, dynamic: 400, size: 5000, code: 1 }), libc);
        // Across the end of what is always taken.
        assert_eq!(needed(&Places { strings: 300, dynamic: 1000, size: 5000, code: 1100 }), libc);
        assert_eq!(needed(&Places { strings: 1020, dynamic: 3000, size: 5000, code: 1500 }), libc);
        // Code and strings in one segment.
        assert_eq!(needed(&Places { strings: 2000, dynamic: 3000, size: 5000, code: 0 }), libc);
    }

    /// What passed by before it was known to be needed does not make the file damaged.
    #[test]
    fn what_is_not_in_memory_of_a_large_file_stays_unknown() {
        assert_eq!(needed(&Places { strings: 1300, dynamic: 3000, size: 5000, code: 1200 }), [b""; 0]);
        assert_eq!(needed(&Places { strings: 2100, dynamic: 3000, size: 5000, code: 0 }), [b""; 0]);
    }

    #[test]
    fn what_streams_by_is_kept_as_from_memory() {
        let elf = library(&Places { strings: 300, dynamic: 400, size: 1024, code: 0 });
        let cases: [(&[u8], u16, &[u8]); 15] = [
            (b"/lib/x.so", 0o644, &elf),
            (b"/run", 0o755, b"#!/bin/sh\nexit\n"),
            (b"/run", 0o755, &[&b"#!/bin/sh\n"[..], &*vec![b'#'; 20_000]].concat()),
            (b"/run.sh", 0o644, &[b'#'; 3000]),
            (b"/data", 0o755, &[b'#'; 3000]),
            (b"/app.jar", 0o644, &[b'P'; 9000]),
            (b"/etc/passwd", 0o644, &[b'r'; 3000]),
            (b"/etc/passwd", 0o644, &vec![b'r'; 600_000]),
            (b"/data/passwd", 0o644, &[b'r'; 3000]),
            (b"/data/passwd", 0o644, &vec![b'r'; 70_000]),
            (b"/data/passwd", 0o755, &[b'r'; 3000]),
            (b"/app/package.json", 0o644, b"{}"),
            (b"/app/package.json", 0o644, &vec![b' '; 70_000]),
            (b"/X.class", 0o644, b"\xca\xfe"),
            (b"/other", 0o644, b"x"),
        ];
        for (path, mode, bytes) in cases {
            let content = keep(path, mode, bytes.len() as u64, super::MOST, &mut &*bytes).unwrap();
            assert_eq!(content, FileContent::of(path, mode, bytes), "{}", path.escape_ascii());
        }
    }
}
