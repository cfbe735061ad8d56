//! What is kept of a file's contents: enough to know what would happen if it were executed, linked or consulted by the
//! loader, never a whole large file.
//!
//! | file | kept |
//! | --- | --- |
//! | starts with `\x7fELF` | [`elf::ElfInfo`], executable or not: libraries mostly are not |
//! | a script of a shell up to [`SCRIPT`] bytes, and a `*.sh` file of that size | all of it |
//! | has an execute bit | its `#!` line, up to [`HEAD`] bytes; without one, its first [`MAGIC`] bytes |
//! | one that a loader or libc reads ([`full_read_limit`]) | all of it, up to [`TEXT`] bytes |
//! | one of the same name elsewhere, to which a link may lead | all of it, up to [`SMALL`] bytes |
//! | `package.json`, not of what is installed in `node_modules` | all of it, up to [`SMALL`] bytes |
//! | `*.class` | its first [`MAGIC`] bytes |
//! | `*.jar` | its first [`JAR`] bytes |
//! | any other | nothing |

use crate::elf;
use crate::extract::string_scan::StringHints;
use crate::partial_file::PartialFile;

/// The most that is kept of a `#!` line. The kernel looks for the interpreter in the first 256
/// (`BINPRM_BUF_SIZE` since Linux 5.1, 128 before).
pub(crate) const HEAD: usize = 512;

/// How many first bytes are kept of any other executable file: enough to recognise its format. Some images mark every file as
/// executable, so it must be little.
pub(crate) const MAGIC: usize = 64;

/// How many first bytes are kept of a Java archive: its manifest and its first class, where they are small.
pub(crate) const JAR: usize = 4096;

/// The largest file of which everything is kept.
pub(crate) const TEXT: usize = 512 * 1024;

/// The largest file of which everything is kept because of its name alone.
pub(crate) const SMALL: usize = 64 * 1024;

/// The largest script of a shell of which everything is kept.
pub(crate) const SCRIPT: usize = 16 * 1024;

/// What is known of a file's contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileContent {
    /// Nothing: it can neither be executed nor linked.
    Skipped,
    /// It is not known what is in it: the archive has it as a sparse file.
    Unknown,
    /// All of it.
    Full(Box<[u8]>),
    /// Its first bytes, as many as [`prefix_to_keep`] says.
    Prefix(Box<[u8]>),
    /// An ELF file.
    Elf(Box<Elf>),
}

/// What is kept of an ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Elf {
    /// What it asks for, or why it cannot be read.
    pub info: Result<elf::ElfInfo, elf::ElfError>,
    /// Which files outside itself it mentions.
    pub hints: StringHints,
}

impl FileContent {
    /// What to keep of a file whose contents are in memory.
    pub(crate) fn of(path: &[u8], mode: u16, bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\x7fELF") {
            let info = elf::ElfInfo::read(&PartialFile::whole(bytes.to_vec()));
            Self::Elf(Box::new(Elf { info, hints: StringHints::of(bytes) }))
        } else if full_read_limit(path, mode, bytes).is_some_and(|most| bytes.len() <= most) {
            Self::Full(bytes.into())
        } else if mode & 0o111 != 0 || is_java(path) {
            Self::Prefix(prefix_to_keep(path, bytes).into())
        } else {
            Self::Skipped
        }
    }

    /// The first bytes, whatever else is known; none of an ELF file.
    pub(crate) fn head(&self) -> &[u8] {
        match self {
            Self::Full(bytes) | Self::Prefix(bytes) => bytes,
            Self::Skipped | Self::Unknown | Self::Elf(_) => &[],
        }
    }

    /// What is known of it as an ELF file, if it is one.
    pub(crate) fn elf(&self) -> Option<&Elf> {
        if let Self::Elf(elf) = self { Some(elf) } else { None }
    }

    /// All of the contents, where they were kept whole.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        if let Self::Full(bytes) = self { Some(bytes) } else { None }
    }

    /// The same for where memory is short: without the symbols of an ELF file, and only the first line of a script.
    pub(crate) fn shortened(self, path: &[u8], mode: u16) -> Self {
        match self {
            Self::Full(bytes) if is_shell_script(path, mode, &bytes) && mode & 0o111 == 0 => Self::Skipped,
            Self::Full(bytes) if is_shell_script(path, mode, &bytes) => {
                Self::Prefix(prefix_to_keep(path, &bytes).into())
            }
            Self::Elf(mut elf) => {
                if let Ok(info) = &mut elf.info {
                    info.symbols = None;
                }
                Self::Elf(elf)
            }
            other => other,
        }
    }

    /// About how many bytes of memory it holds on to.
    pub(crate) fn memory_size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Skipped | Self::Unknown => 0,
                Self::Full(bytes) | Self::Prefix(bytes) => allocation_size(bytes.len()),
                Self::Elf(elf) => {
                    allocation_size(size_of::<Elf>()) + elf.info.as_ref().map_or(0, elf::ElfInfo::memory_size)
                }
            }
    }
}

/// What a piece of memory of this length really takes: an allocator adds a word, rounds up, and has a least size.
pub(crate) fn allocation_size(bytes: usize) -> usize {
    (bytes + 8).next_multiple_of(16).max(32)
}

/// Up to how many bytes all of this file is kept, if it may be one that the dynamic loader, libc, the engine or `why`
/// itself reads; `path` is absolute and clean, `start` are its first bytes. A link may lead from there to a file of the same
/// name elsewhere.
pub(crate) fn full_read_limit(path: &[u8], mode: u16, start: &[u8]) -> Option<usize> {
    const NAMES: [&[u8]; 6] = [b"ld.so.cache", b"passwd", b"group", b"nsswitch.conf", b"ld.so.conf", b"ld.so.preload"];
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let folder = path.strip_suffix(name).unwrap_or_default();
    // Musl's loader has its folders in the `etc` of its own prefix.
    let for_musl = folder.ends_with(b"/etc/") && name.starts_with(b"ld-musl-") && name.ends_with(b".path");
    let for_ldconfig = folder == b"/etc/ld.so.conf.d/" && name.ends_with(b".conf");
    if (folder == b"/etc/" && NAMES.contains(&name)) || for_musl || for_ldconfig || name == b"release" {
        Some(TEXT)
    } else if NAMES.contains(&name) && mode & 0o111 == 0 || is_package(path) {
        Some(SMALL)
    } else {
        is_shell_script(path, mode, start).then_some(SCRIPT)
    }
}

/// Is this a script that a shell may be told to run?
fn is_shell_script(path: &[u8], mode: u16, start: &[u8]) -> bool {
    let line = start.strip_prefix(b"#!").unwrap_or_default();
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_shell = |word: &[u8]| {
        let name = word.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        [&b"sh"[..], b"ash", b"bash", b"dash"].contains(&name)
    };
    let is_run = mode & 0o111 != 0 && line.split(u8::is_ascii_whitespace).take(3).any(is_shell);
    (is_run || path.ends_with(b".sh")) && !path.split(|byte| *byte == b'/').any(|part| part == b"node_modules")
}

/// What is kept of a file that starts so, if anything but not all is.
pub(crate) fn prefix_to_keep<'s>(path: &[u8], start: &'s [u8]) -> &'s [u8] {
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

/// Is this the description of a package of Node.js that a command may run? There are thousands in `node_modules`.
fn is_package(path: &[u8]) -> bool {
    path.ends_with(b"/package.json") && !path.split(|byte| *byte == b'/').any(|part| part == b"node_modules")
}

/// Is this named as a Java archive?
pub(crate) fn is_archive(path: &[u8]) -> bool {
    path.ends_with(b".jar")
}

/// Is this named as compiled Java?
pub(crate) fn is_java(path: &[u8]) -> bool {
    path.ends_with(b".class") || is_archive(path)
}

#[cfg(test)]
mod tests {
    use super::{FileContent, HEAD, JAR, MAGIC, SMALL};

    #[test]
    fn contents_are_kept_only_of_what_may_be_executed_linked_or_consulted() {
        assert_eq!(FileContent::of(b"/usr/share/doc/x", 0o644, b"text"), FileContent::Skipped);
        assert_eq!(FileContent::of(b"/etc/passwd", 0o644, b"root:x:0:0").text(), Some(b"root:x:0:0" as &[u8]));
        assert_eq!(FileContent::of(b"/data/passwd", 0o644, b"root:x:0:0").text(), Some(b"root:x:0:0" as &[u8]));
        assert_eq!(FileContent::of(b"/usr/bin/group", 0o755, b"#!/bin/awk\nexit\n").head(), b"#!/bin/awk\n");
        assert_eq!(FileContent::of(b"/opt/m/etc/ld-musl-x86_64.path", 0o644, b"/m").text(), Some(b"/m" as &[u8]));
        assert_eq!(FileContent::of(b"/app/package.json", 0o755, b"{}").text(), Some(b"{}" as &[u8]));
        assert_eq!(FileContent::of(b"/app/node_modules/x/package.json", 0o644, b"{}"), FileContent::Skipped);
        assert_eq!(FileContent::of(b"/app/package.json", 0o644, &vec![b' '; SMALL + 1]), FileContent::Skipped);
        assert_eq!(FileContent::of(b"/run.py", 0o755, b"#!/bin/python\nexit\n").head(), b"#!/bin/python\n");
        for (path, mode, text) in [
            (&b"/run"[..], 0o755, &b"#!/bin/sh\nexit\n"[..]),
            (b"/run", 0o755, b"#!/usr/bin/env -S bash -e\nexit\n"),
            (b"/run.sh", 0o644, b"exit\n"),
        ] {
            assert_eq!(FileContent::of(path, mode, text).text(), Some(text));
        }
        assert_eq!(FileContent::of(b"/run", 0o644, b"#!/bin/sh\nexit\n"), FileContent::Skipped);
        let long = [&b"#!/bin/sh\n"[..], &[b'#'; super::SCRIPT]].concat();
        assert_eq!(FileContent::of(b"/run", 0o755, &long), FileContent::Prefix(b"#!/bin/sh\n"[..].into()));
        let endless = [b"#!".as_slice(), &[b'x'; 5000]].concat();
        assert_eq!(FileContent::of(b"/run", 0o755, &endless).head(), &endless[..HEAD]);
        assert_eq!(FileContent::of(b"/data", 0o755, &[7; 5000]).head(), [7; MAGIC]);
        assert_eq!(FileContent::of(b"/app.jar", 0o644, &[7; 5000]).head(), [7; JAR]);
        assert_eq!(FileContent::of(b"/data/group", 0o644, &vec![b'x'; SMALL + 1]), FileContent::Skipped);
        assert!(matches!(FileContent::of(b"/lib/x.so", 0o644, b"\x7fELF"), FileContent::Elf(_)));
        assert_eq!(FileContent::of(b"/Hello.class", 0o644, b"\xca\xfe\xba\xbe").head(), b"\xca\xfe\xba\xbe");
    }
}
