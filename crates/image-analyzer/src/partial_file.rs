//! A file of which only some ranges are in memory.

/// A file of which only some ranges are in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialFile {
    /// How long the file is, holes included.
    size: u64,
    /// Where each piece starts and what it holds, in order of place, not overlapping.
    pieces: Vec<(u64, Vec<u8>)>,
}

impl PartialFile {
    /// A file without holes.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, pieces: vec![(0, bytes)] }
    }

    /// A file of this many bytes of which nothing is in memory yet.
    pub(crate) fn empty(size: u64) -> Self {
        Self { size, pieces: Vec::new() }
    }

    /// Adds bytes that come after all others, directly or after a hole.
    pub(crate) fn append(&mut self, at: u64, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some((start, last)) if *start + last.len() as u64 == at => last.extend_from_slice(bytes),
            _ => self.pieces.push((at, bytes.to_vec())),
        }
    }

    /// Makes room for the first `end` bytes of the file at once, as far as it is that long: a piece that grows step by step
    /// is in memory twice whenever it moves.
    pub(crate) fn expect(&mut self, end: u64) {
        let end = usize::try_from(end.min(self.size)).unwrap_or(usize::MAX);
        match self.pieces.first_mut() {
            Some((0, first)) => first.reserve_exact(end.saturating_sub(first.len())),
            Some(_) => {}
            None => self.pieces.push((0, Vec::with_capacity(end))),
        }
    }

    /// How long the file is, holes included.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of a range, if it lies within one piece.
    pub(crate) fn get(&self, offset: u64, len: u64) -> Option<&[u8]> {
        self.pieces.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
            bytes.get(from..from.checked_add(usize::try_from(len).ok()?)?)
        })
    }

    /// Is any of it not in memory?
    pub(crate) fn has_holes(&self) -> bool {
        self.get(0, self.size).is_none()
    }

    /// All pieces in memory, in the order of the file.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|(_, bytes)| bytes.as_slice())
    }

    /// From `offset` to the end of the piece that holds it: for strings, whose length is not known before.
    pub(crate) fn from(&self, offset: u64) -> Option<&[u8]> {
        self.pieces.iter().find_map(|(start, bytes)| {
            bytes.get(usize::try_from(offset.checked_sub(*start)?).ok()?..).filter(|rest| !rest.is_empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::PartialFile;

    #[test]
    fn a_range_is_there_only_if_all_of_it_is() {
        let file = PartialFile { size: 30, pieces: vec![(0, b"0123".to_vec()), (10, b"abcdef".to_vec())] };
        assert_eq!(file.get(1, 3), Some(b"123" as &[u8]));
        assert_eq!(file.get(1, 4), None);
        assert_eq!(file.get(11, 5), Some(b"bcdef" as &[u8]));
        assert_eq!(file.get(u64::MAX, u64::MAX), None);
        assert_eq!(file.from(14), Some(b"ef" as &[u8]));
        assert_eq!(file.from(16), None);
    }
}
