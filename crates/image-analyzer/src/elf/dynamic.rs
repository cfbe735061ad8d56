//! The dynamic section of an ELF file: a list of tags with values, and the strings that they name.
//!
//! It follows addresses into the file, as the loader does in memory. What the tags mean is not known here.

use super::LIST;
use super::headers::{self, Layout, Segment};
use crate::partial_file::PartialFile;

/// The longest string that is read, in bytes. Search paths may be longer than any path.
const STRING: usize = 64 << 10;

/// Why a dynamic section is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It points outside of what is loaded of the file.
    Outside,
    /// It lists more, or longer strings, than is read here.
    Excess,
}

/// The dynamic section, with what is needed to follow its addresses into the file.
pub(super) struct Dynamic<'a> {
    pub(super) file: &'a PartialFile,
    pub(super) layout: &'a Layout,
    segments: &'a [Segment],
    entries: Vec<(u64, u64)>,
}

impl<'a> Dynamic<'a> {
    pub(super) fn read(
        file: &'a PartialFile,
        layout: &'a Layout,
        segments: &'a [Segment],
        at: &Segment,
    ) -> Result<Self, Unread> {
        let word = layout.word();
        let count = at.size / (2 * word);
        if count > LIST {
            return Err(Unread::Excess);
        }
        let mut entries = Vec::new();
        // The loader goes by where it is in memory.
        let start = place(segments, at.address).ok_or(Unread::Outside)?;
        for index in 0..count {
            let offset = start.checked_add(index * 2 * word).ok_or(Unread::Outside)?;
            let tag = layout.address(file, offset).ok_or(Unread::Outside)?;
            let value = offset.checked_add(word).and_then(|offset| layout.address(file, offset));
            let value = value.ok_or(Unread::Outside)?;
            if tag == headers::DT_NULL {
                break;
            }
            entries.push((tag, value));
        }
        Ok(Self { file, layout, segments, entries })
    }

    pub(super) fn all(&self, tag: u64) -> impl Iterator<Item = u64> {
        self.entries.iter().filter(move |(at, _)| *at == tag).map(|(_, value)| *value)
    }

    pub(super) fn first(&self, tag: u64) -> Option<u64> {
        self.all(tag).next()
    }

    /// Where in the file the loader finds what it maps at `address`.
    pub(super) fn place(&self, address: u64) -> Option<u64> {
        place(self.segments, address)
    }

    /// The string at `offset` of the string table.
    pub(super) fn string(&self, offset: u64) -> Result<Vec<u8>, Unread> {
        let table = self.first(headers::DT_STRTAB).and_then(|address| self.place(address));
        let at = table.and_then(|table| table.checked_add(offset)).ok_or(Unread::Outside)?;
        let rest = self.file.from(at).ok_or(Unread::Outside)?;
        let end = rest.iter().take(STRING).position(|byte| *byte == 0);
        let end = end.ok_or(if rest.len() < STRING { Unread::Outside } else { Unread::Excess })?;
        Ok(rest.get(..end).unwrap_or_default().to_vec())
    }
}

/// Where in the file the loader finds what it maps at `address`.
pub(super) fn place(segments: &[Segment], address: u64) -> Option<u64> {
    let loaded = segments.iter().filter(|segment| segment.kind == headers::PT_LOAD);
    loaded.into_iter().find_map(|segment| {
        let within = address.checked_sub(segment.address)?;
        (within < segment.size).then(|| segment.offset.checked_add(within))?
    })
}
