//! `/etc/ld.so.cache`: which library is where, as `ldconfig` found it when the image was built.
//!
//! Source: glibc, `sysdeps/generic/dl-cache.h`. Only the new format (glibc 2.2 and later) is read, by itself or behind
//! the old one, as `ldconfig` wrote it until glibc 2.32. Processor flags are not compared: a library for another machine
//! is recognised when it is opened.

use crate::path::components;

const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ENTRY: usize = 24;
/// More entries than any real cache has.
const MOST: usize = 256 * 1024;

/// Names of libraries with their paths, in the file's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cache {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Cache {
    /// Reads a cache; what makes no sense in it is left out, as the loader would not find it either.
    pub(super) fn read(file: &[u8]) -> Self {
        let start = file.windows(MAGIC.len()).position(|window| window == MAGIC);
        let Some(cache) = start.and_then(|start| file.get(start..)) else { return Self::default() };
        // The flags byte says the order since glibc 2.33; before, it is the machine's, as the count shows.
        let big_endian = match cache.get(28) {
            Some(2) => false,
            Some(3) => true,
            _ => number(cache, 20, false).is_none_or(|count| count > MOST),
        };
        let count = number(cache, 20, big_endian).unwrap_or(0).min(MOST);
        let entries = (0..count).map_while(|index| {
            let at = HEADER + index * ENTRY;
            Some((number(cache, at + 4, big_endian)?, number(cache, at + 8, big_endian)?))
        });
        let named = entries.filter_map(|(key, value)| Some((string(cache, key)?, string(cache, value)?)));
        Self { entries: named.filter(|(_, path)| path.starts_with(b"/")).collect() }
    }

    /// Where libraries of this name are.
    pub(super) fn find<'c>(&'c self, name: &'c [u8]) -> impl Iterator<Item = &'c [u8]> {
        self.entries.iter().filter(move |(key, _)| key == name).map(|(_, path)| path.as_slice())
    }
}

fn number(bytes: &[u8], at: usize, big_endian: bool) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    let number = if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
    usize::try_from(number).ok()
}

fn string(bytes: &[u8], at: usize) -> Option<Vec<u8>> {
    let rest = bytes.get(at..)?;
    let rest = rest.get(..4096).unwrap_or(rest);
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = rest.get(..end)?;
    // A path without a component is the root, which is no library.
    components(text).next().map(|_| text.to_vec())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Cache;
    use proptest::prelude::*;

    /// A cache of these names and paths, as ldconfig writes it.
    pub(crate) fn cache(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut strings = Vec::new();
        let mut table = Vec::new();
        let base = 48 + entries.len() * 24;
        for (name, path) in entries {
            let mut put = |text: &str| {
                let at = u32::try_from(base + strings.len()).unwrap();
                strings.extend_from_slice(text.as_bytes());
                strings.push(0);
                at
            };
            let (key, value) = (put(name), put(path));
            for number in [0x0303, key, value, 0, 0, 0] {
                table.extend_from_slice(&u32::to_le_bytes(number));
            }
        }
        let mut file = b"glibc-ld.so.cache1.1".to_vec();
        file.extend_from_slice(&u32::try_from(entries.len()).unwrap().to_le_bytes());
        file.extend_from_slice(&u32::try_from(strings.len()).unwrap().to_le_bytes());
        file.extend_from_slice(&[2, 0, 0, 0]);
        file.resize(48, 0);
        [file, table, strings].concat()
    }

    #[test]
    fn libraries_are_found_by_name_alone_and_behind_the_old_format() {
        let new = cache(&[("libx.so.1", "/opt/libx.so.1"), ("liby.so", "/y/liby.so"), ("libx.so.1", "/32/libx.so.1")]);
        let old = [b"ld.so-1.7.0\0\0\0\0\0".to_vec(), new.clone()].concat();
        for file in [new, old] {
            let cache = Cache::read(&file);
            assert_eq!(cache.find(b"libx.so.1").collect::<Vec<_>>(), [&b"/opt/libx.so.1"[..], b"/32/libx.so.1"]);
            assert_eq!(cache.find(b"libz.so.1").count(), 0);
        }
    }

    #[test]
    fn a_cache_cut_anywhere_gives_what_is_left() {
        let whole = cache(&[("libx.so.1", "/opt/libx.so.1"), ("liby.so", "/y/liby.so")]);
        for end in 0..whole.len() {
            assert!(Cache::read(&whole[..end]).entries.len() < 2);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            let _ = Cache::read(&[b"glibc-ld.so.cache1.1", bytes.as_slice()].concat());
        }
    }
}
