//! What is kept of a file's contents: enough to know what would happen if it were executed, linked or consulted by the
//! loader, never a whole large file.
//!
//! | file | kept |
//! | --- | --- |
//! | starts with `\x7fELF` | [`elf::Summary`], executable or not: libraries mostly are not |
//! | has an execute bit | its `#!` line, up to [`HEAD`] bytes; without one, its first [`MAGIC`] bytes |
//! | one that a loader or libc reads ([`most_text`]) | all of it, up to [`TEXT`] bytes |
//! | one of the same name elsewhere, to which a link may lead | all of it, up to [`SMALL`] bytes |
//! | `*.class` | its first [`MAGIC`] bytes |
//! | `*.jar` | its first [`JAR`] bytes |
//! | any other | nothing |

use crate::elf;
use crate::extract::string_scan::Mentions;

/// The most that is kept of a `#!` line. The kernel looks for the interpreter in the first 256
/// (`BINPRM_BUF_SIZE` since Linux 5.1, 128 before).
pub const HEAD: usize = 512;

/// How many first bytes are kept of a file that is neither: enough to tell what it is. Some images mark every file as
/// executable, so it must be little.
pub const MAGIC: usize = 64;

/// How many first bytes are kept of a Java archive: its manifest and its first class, where they are small.
pub const JAR: usize = 4096;

/// The largest file of which everything is kept.
pub const TEXT: usize = 512 * 1024;

/// The largest file of which everything is kept because of its name alone.
pub const SMALL: usize = 64 * 1024;

/// What is known of a file's contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: it can neither be executed nor linked.
    Nothing,
    /// All of it.
    Text(Box<[u8]>),
    /// Its first bytes, as many as [`worth_keeping`] says.
    Head(Box<[u8]>),
    /// An ELF file.
    Elf(Box<Elf>),
}

/// What is kept of an ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    /// What it asks for, or why that cannot be told.
    pub summary: Result<elf::Summary, elf::ElfProblem>,
    /// Which files outside itself it mentions.
    pub mentions: Mentions,
}

impl Kept {
    /// What to keep of a file whose contents are at hand.
    pub fn of(path: &[u8], mode: u16, bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\x7fELF") {
            let summary = elf::Summary::read(&Sparse::whole(bytes.to_vec()));
            Self::Elf(Box::new(Elf { summary, mentions: Mentions::of(bytes) }))
        } else if most_text(path, mode).is_some_and(|most| bytes.len() <= most) {
            Self::Text(bytes.into())
        } else if mode & 0o111 != 0 || is_java(path) {
            Self::Head(worth_keeping(path, bytes).into())
        } else {
            Self::Nothing
        }
    }

    /// The first bytes, whatever else is known; none of an ELF file.
    pub fn head(&self) -> &[u8] {
        match self {
            Self::Text(bytes) | Self::Head(bytes) => bytes,
            Self::Nothing | Self::Elf(_) => &[],
        }
    }

    /// What is known of it as an ELF file, if it is one.
    pub fn elf(&self) -> Option<&Elf> {
        if let Self::Elf(elf) = self { Some(elf) } else { None }
    }

    /// All of the contents, where they were kept whole.
    pub fn text(&self) -> Option<&[u8]> {
        if let Self::Text(bytes) = self { Some(bytes) } else { None }
    }

    /// About how many bytes of memory it holds on to.
    pub fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Nothing => 0,
                Self::Text(bytes) | Self::Head(bytes) => allocated(bytes.len()),
                Self::Elf(elf) => allocated(size_of::<Elf>()) + elf.summary.as_ref().map_or(0, elf::Summary::weight),
            }
    }
}

/// What a piece of memory of this length really takes: an allocator adds a word, rounds up, and has a least size.
pub fn allocated(bytes: usize) -> usize {
    (bytes + 8).next_multiple_of(16).max(32)
}

/// Up to how many bytes all of this file is kept, if it may be one that the dynamic loader, libc, the engine or `why`
/// itself reads; `path` is absolute and clean. A link may lead from there to a file of the same name elsewhere.
pub fn most_text(path: &[u8], mode: u16) -> Option<usize> {
    const NAMES: [&[u8]; 6] = [b"ld.so.cache", b"passwd", b"group", b"nsswitch.conf", b"ld.so.conf", b"ld.so.preload"];
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let folder = path.strip_suffix(name).unwrap_or_default();
    // Musl's loader has its folders in the `etc` of its own prefix.
    let for_musl = folder.ends_with(b"/etc/") && name.starts_with(b"ld-musl-") && name.ends_with(b".path");
    let for_ldconfig = folder == b"/etc/ld.so.conf.d/" && name.ends_with(b".conf");
    if (folder == b"/etc/" && NAMES.contains(&name)) || for_musl || for_ldconfig || name == b"release" {
        Some(TEXT)
    } else if NAMES.contains(&name) && mode & 0o111 == 0 {
        Some(SMALL)
    } else {
        None
    }
}

/// What is kept of a file that starts so, if anything but not all is.
pub fn worth_keeping<'s>(path: &[u8], start: &'s [u8]) -> &'s [u8] {
    let most = if is_archive(path) {
        JAR
    } else if start.starts_with(b"#!") {
        let line = start.iter().position(|byte| *byte == b'\n');
        line.map_or(HEAD, |end| (end + 1).min(HEAD))
    } else {
        MAGIC
    };
    start.get(..most).unwrap_or(start)
}

/// Is this named as a Java archive?
pub fn is_archive(path: &[u8]) -> bool {
    path.ends_with(b".jar")
}

/// Is this named as compiled Java?
pub fn is_java(path: &[u8]) -> bool {
    path.ends_with(b".class") || is_archive(path)
}

/// A file of which only pieces are at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sparse {
    /// How long the file is, holes included.
    size: u64,
    /// Where each piece starts and what it holds, in order of place, not overlapping.
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Sparse {
    /// A file without holes.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, pieces: vec![(0, bytes)] }
    }

    /// A file of so many bytes of which nothing is at hand yet.
    pub fn empty(size: u64) -> Self {
        Self { size, pieces: Vec::new() }
    }

    /// Adds bytes that follow all that are at hand, directly or after a hole.
    pub fn append(&mut self, at: u64, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some((start, last)) if *start + last.len() as u64 == at => last.extend_from_slice(bytes),
            _ => self.pieces.push((at, bytes.to_vec())),
        }
    }

    /// Makes room for the first `end` bytes of the file at once, as far as it is that long: a piece that grows step by step
    /// is in memory twice whenever it moves.
    pub fn expect(&mut self, end: u64) {
        let end = usize::try_from(end.min(self.size)).unwrap_or(usize::MAX);
        match self.pieces.first_mut() {
            Some((0, first)) => first.reserve_exact(end.saturating_sub(first.len())),
            Some(_) => {}
            None => self.pieces.push((0, Vec::with_capacity(end))),
        }
    }

    /// How long the file is, holes included.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of a range, if it lies within one piece.
    pub fn get(&self, offset: u64, len: u64) -> Option<&[u8]> {
        self.pieces.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
            bytes.get(from..from.checked_add(usize::try_from(len).ok()?)?)
        })
    }

    /// Is any of it not at hand?
    pub fn has_holes(&self) -> bool {
        self.get(0, self.size).is_none()
    }

    /// All pieces at hand, in order of place.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|(_, bytes)| bytes.as_slice())
    }

    /// From `offset` to the end of the piece that holds it: for strings, whose length is not known before.
    pub fn from(&self, offset: u64) -> Option<&[u8]> {
        self.pieces.iter().find_map(|(start, bytes)| {
            bytes.get(usize::try_from(offset.checked_sub(*start)?).ok()?..).filter(|rest| !rest.is_empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{HEAD, JAR, Kept, MAGIC, SMALL, Sparse};

    #[test]
    fn contents_are_kept_only_of_what_may_be_executed_linked_or_consulted() {
        assert_eq!(Kept::of(b"/usr/share/doc/x", 0o644, b"text"), Kept::Nothing);
        assert_eq!(Kept::of(b"/etc/passwd", 0o644, b"root:x:0:0").text(), Some(b"root:x:0:0" as &[u8]));
        assert_eq!(Kept::of(b"/data/passwd", 0o644, b"root:x:0:0").text(), Some(b"root:x:0:0" as &[u8]));
        assert_eq!(Kept::of(b"/usr/bin/group", 0o755, b"#!/bin/sh\nexit\n").head(), b"#!/bin/sh\n");
        assert_eq!(Kept::of(b"/opt/m/etc/ld-musl-x86_64.path", 0o644, b"/m").text(), Some(b"/m" as &[u8]));
        assert_eq!(Kept::of(b"/run.sh", 0o755, b"#!/bin/sh\nexit\n").head(), b"#!/bin/sh\n");
        let endless = [b"#!".as_slice(), &[b'x'; 5000]].concat();
        assert_eq!(Kept::of(b"/run.sh", 0o755, &endless).head(), &endless[..HEAD]);
        assert_eq!(Kept::of(b"/data", 0o755, &[7; 5000]).head(), [7; MAGIC]);
        assert_eq!(Kept::of(b"/app.jar", 0o644, &[7; 5000]).head(), [7; JAR]);
        assert_eq!(Kept::of(b"/data/group", 0o644, &vec![b'x'; SMALL + 1]), Kept::Nothing);
        assert!(matches!(Kept::of(b"/lib/x.so", 0o644, b"\x7fELF"), Kept::Elf(_)));
        assert_eq!(Kept::of(b"/Hello.class", 0o644, b"\xca\xfe\xba\xbe").head(), b"\xca\xfe\xba\xbe");
    }

    #[test]
    fn a_range_is_there_only_if_all_of_it_is() {
        let file = Sparse { size: 30, pieces: vec![(0, b"0123".to_vec()), (10, b"abcdef".to_vec())] };
        assert_eq!(file.get(1, 3), Some(b"123" as &[u8]));
        assert_eq!(file.get(1, 4), None);
        assert_eq!(file.get(11, 5), Some(b"bcdef" as &[u8]));
        assert_eq!(file.get(u64::MAX, u64::MAX), None);
        assert_eq!(file.from(14), Some(b"ef" as &[u8]));
        assert_eq!(file.from(16), None);
    }
}
