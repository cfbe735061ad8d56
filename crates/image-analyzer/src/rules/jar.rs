//! The first bytes of a Java archive: what is in its first entries.
//!
//! Sources: the ZIP specification (APPNOTE.TXT 4.3.6 and 4.3.7), and the JAR file specification, "JAR Manifest". Java finds the
//! entries by the directory at the archive's end, which is not kept; the same entries stand before it, one after the other.

use std::io::Read as _;

use flate2::bufread::DeflateDecoder;

use crate::rules::java::release_of_class;

/// The most that is unpacked of a manifest, in bytes: far more than an honest one has up to its first empty line.
const MANIFEST: u64 = 64 << 10;

/// What an archive's first bytes say of how it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JarStart {
    /// Its manifest names the class to start.
    HasMainClass,
    /// It has no manifest, or one that names none.
    NoMainClass,
    /// It is no archive.
    NoArchive,
    /// The first bytes do not say.
    Unknown,
}

/// An entry of an archive.
struct Entry<'b> {
    /// Its path in the archive.
    path: &'b [u8],
    /// How it is packed: 0 not at all, 8 with deflate.
    method: u16,
    /// Its bytes as they are packed, and what follows them.
    data: &'b [u8],
    /// How many of those are its own, if that is said before them.
    size: Option<usize>,
}

/// The entry that these bytes begin with.
fn entry(bytes: &[u8]) -> Option<Entry<'_>> {
    let entry = bytes.strip_prefix(b"PK\x03\x04")?;
    let half = |at: usize| Some(u16::from_le_bytes([*entry.get(at)?, *entry.get(at + 1)?]));
    let (flags, method, name, extra) = (half(2)?, half(4)?, usize::from(half(22)?), usize::from(half(24)?));
    let size = usize::try_from(u32::from(half(14)?) | u32::from(half(16)?) << 16).ok()?;
    let path = entry.get(26..26 + name)?;
    let data = entry.get(26 + name + extra..)?;
    // Bit 3: the size stands behind the data.
    Some(Entry { path, method, data, size: (flags & 8 == 0).then_some(size) })
}

impl<'b> Entry<'b> {
    /// What follows it, if the bytes reach that far.
    fn rest(&self) -> Option<&'b [u8]> {
        match self.size {
            Some(size) => self.data.get(size..),
            None => after_unpacking(self.data, self.method),
        }
    }

    /// What it holds, up to `most` bytes and as far as the bytes reach; `None` if it is packed in another way.
    fn unpacked(&self, most: u64) -> Option<Vec<u8>> {
        let own = self.size.and_then(|size| self.data.get(..size)).unwrap_or(self.data);
        let mut out = Vec::new();
        match (self.method, self.size) {
            (0, Some(_)) => out.extend(own.iter().take(usize::try_from(most).ok()?)),
            // What was unpacked before an error counts.
            (8, _) => drop(DeflateDecoder::new(own).take(most).read_to_end(&mut out)),
            _ => return None,
        }
        Some(out)
    }
}

/// What follows an entry whose size is not known before, and the descriptor behind it.
fn after_unpacking(data: &[u8], method: u16) -> Option<&[u8]> {
    let mut after = data;
    if method == 8 {
        // Archives begin with small entries; a bomb is left alone after as much as an honest manifest may have.
        let mut decoder = DeflateDecoder::new(data).take(1 << 20);
        std::io::copy(&mut decoder, &mut std::io::sink()).ok()?;
        after = data.get(usize::try_from(decoder.get_ref().total_in()).ok()?..)?;
    }
    let signed = after.strip_prefix(b"PK\x07\x08");
    signed.unwrap_or(after).get(12..)
}

/// The Java release that the first class in an archive was compiled for, if its first bytes reach that far.
///
/// Classes under `META-INF` are left out: they are for particular releases, and only those use them.
pub(crate) fn release_of_jar(head: &[u8]) -> Option<u16> {
    let mut rest = head;
    loop {
        let entry = entry(rest)?;
        let path = entry.path;
        if path.ends_with(b".class") && !path.starts_with(b"META-INF/") && !path.ends_with(b"module-info.class") {
            let mut start = [0; 8];
            match entry.method {
                0 => start.copy_from_slice(entry.data.get(..8)?),
                8 => DeflateDecoder::new(entry.data).read_exact(&mut start).ok()?,
                _ => return None,
            }
            return release_of_class(&start);
        }
        rest = entry.rest()?;
    }
}

/// What the first bytes of a file of `size` bytes say of how `java -jar` would start it.
pub(crate) fn jar_start(head: &[u8], size: u64) -> JarStart {
    if head.len() as u64 == size && !head.windows(4).any(|part| part == b"PK\x05\x06") {
        return JarStart::NoArchive;
    }
    let mut rest = head;
    loop {
        // The directory: there are no more entries.
        if rest.starts_with(b"PK\x01\x02") || rest.starts_with(b"PK\x05\x06") {
            return JarStart::NoMainClass;
        }
        let Some(entry) = entry(rest) else { return JarStart::Unknown };
        let next = entry.rest();
        if entry.path.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
            let Some(text) = entry.unpacked(MANIFEST) else { return JarStart::Unknown };
            return match names_main_class(&text) {
                (true, _) => JarStart::HasMainClass,
                // All of it is there, or all that counts.
                (false, ends) if ends || next.is_some() && (text.len() as u64) < MANIFEST => JarStart::NoMainClass,
                (false, _) => JarStart::Unknown,
            };
        }
        let Some(next) = next else { return JarStart::Unknown };
        rest = next;
    }
}

/// Does the main section of a manifest name a class to start, and does that section end in this text?
fn names_main_class(text: &[u8]) -> (bool, bool) {
    const NAME: &[u8] = b"Main-Class:";
    let (mut at, mut has) = (0, false);
    // A line ends in CR, LF or both; the section at an empty line.
    while let Some(rest) = text.get(at..) {
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            has |= starts_with(rest, NAME);
            break;
        };
        if end == 0 {
            return (has, true);
        }
        has |= starts_with(rest, NAME);
        at += end + if rest.get(end..end + 2) == Some(b"\r\n") { 2 } else { 1 };
    }
    (has, false)
}

/// Does a line start so, in upper or lower case?
fn starts_with(line: &[u8], start: &[u8]) -> bool {
    line.get(..start.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(start))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{JarStart, jar_start, release_of_jar};
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;
    use std::io::Write as _;

    /// How an entry is written.
    #[derive(Clone, Copy, Debug)]
    enum Packed {
        Early,
        Late,
        Stored,
    }

    fn entry(name: &str, data: &[u8], packed: Packed) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        let stored = matches!(packed, Packed::Stored);
        let bytes = if stored { data.to_vec() } else { encoder.finish().unwrap() };
        let late = matches!(packed, Packed::Late);
        let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let mut out = b"PK\x03\x04\x14\0".to_vec();
        out.extend([if late { 8 } else { 0 }, 0, if stored { 0 } else { 8 }, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(if late { [0; 4] } else { size });
        out.extend([0; 4]);
        out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend([0, 0]);
        out.extend(name.as_bytes());
        out.extend(bytes);
        if late {
            out.extend(b"PK\x07\x08\0\0\0\0");
            out.extend([size, [0; 4]].concat());
        }
        out
    }

    /// An archive of these entries, with what is enough of a directory.
    fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
        [&entries.concat()[..], b"PK\x01\x02", &[0; 42], b"PK\x05\x06", &[0; 18]].concat()
    }

    /// An archive whose manifest says this.
    pub(crate) fn jar(manifest: &str) -> Vec<u8> {
        let folder = entry("META-INF/", b"", Packed::Stored);
        archive(&[folder, entry("META-INF/MANIFEST.MF", manifest.as_bytes(), Packed::Late)])
    }

    #[test]
    fn the_first_class_of_an_archive_is_found_behind_other_entries() {
        for packed in [Packed::Early, Packed::Late, Packed::Stored] {
            let jar = [
                entry("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n", packed),
                entry("META-INF/versions/25/A.class", b"\xca\xfe\xba\xbe\0\0\0\x45rest", packed),
                entry("A.class", b"\xca\xfe\xba\xbe\0\0\0\x3drest of the class", packed),
            ];
            assert_eq!(release_of_jar(&jar.concat()), Some(17), "{packed:?}");
        }
        assert_eq!(release_of_jar(b"PK\x03\x04"), None);
    }

    /// What the whole of an archive says.
    fn start(bytes: &[u8]) -> JarStart {
        jar_start(bytes, bytes.len() as u64)
    }

    #[test]
    fn the_class_to_start_is_in_the_main_section_of_the_manifest() {
        for text in ["Main-Class: x\n", "A: b\r\nMain-Class: x\r\n\r\n", "A: b\rmain-class: x\r", "A: b\nMain-Class: x"]
        {
            assert_eq!(start(&jar(text)), JarStart::HasMainClass, "{text:?}");
        }
        for text in [
            "",
            "A: b\n",
            "A: b\n\nName: c\nMain-Class: x\n",
            " Main-Class: x\n",
            "X-Main-Class: x\n",
            "\nMain-Class: x\n",
        ] {
            assert_eq!(start(&jar(text)), JarStart::NoMainClass, "{text:?}");
        }
        for packed in [Packed::Early, Packed::Late, Packed::Stored] {
            let with = entry("META-INF/MANIFEST.MF", b"Main-Class: x\n", packed);
            let without = entry("META-INF/MANIFEST.MF", b"A: b\n", packed);
            assert_eq!(start(&archive(&[with])), JarStart::HasMainClass, "{packed:?}");
            assert_eq!(start(&archive(&[without])), JarStart::NoMainClass, "{packed:?}");
        }
        assert_eq!(start(&archive(&[entry("A.class", b"x", Packed::Early)])), JarStart::NoMainClass, "no manifest");
    }

    #[test]
    fn what_the_first_bytes_do_not_say_is_not_known() {
        let whole = jar("A: b\n");
        let cut = |at: usize| jar_start(&whole[..at], 1 << 20);
        assert!((0..whole.len() - 70).all(|at| cut(at) == JarStart::Unknown));
        let many = "A: b\n".repeat(20_000);
        assert_eq!(start(&jar(&many)), JarStart::Unknown, "longer than is unpacked");
        assert_eq!(start(&[b"#!/bin/sh\n", &whole[..]].concat()), JarStart::Unknown, "a script before an archive");
    }

    #[test]
    fn a_file_without_the_end_of_an_archive_is_none() {
        for bytes in [&b""[..], b"<html>404</html>", b"version https://git-lfs.github.com/spec/v1\n", b"PK\x03\x04"] {
            assert_eq!(start(bytes), JarStart::NoArchive);
            assert_eq!(jar_start(bytes, 5000), JarStart::Unknown, "the rest is not known");
        }
    }

    proptest! {
        #[test]
        fn any_archive_is_read(bytes: Vec<u8>, at in 0..200_usize, byte: u8) {
            let _ = release_of_jar(&[b"PK\x03\x04", bytes.as_slice()].concat());
            let _ = start(&[b"PK\x03\x04", bytes.as_slice(), b"PK\x05\x06"].concat());
            let mut odd = jar("A: b\nMain-Class: c\n");
            let at = at % odd.len();
            odd[at] = byte;
            let _ = (start(&odd), release_of_jar(&odd));
        }
    }
}
