//! What a file says that the engine or a loader reads, as far as it is known: a file of which nothing was kept is not
//! taken for an empty one.

use crate::layer::Kind;
use crate::path::is_mounted;
use crate::tree::{Entry, Miss};

/// The contents of a file that is consulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'t> {
    /// There is no such file.
    Absent,
    /// All of it.
    Known(&'t [u8]),
    /// It is there, or may be once the image runs, and what it says is not known: nothing certain follows.
    Unknown,
}

impl<'t> Text<'t> {
    /// Those of a file that was found.
    pub fn of(entry: &Entry<'t>) -> Self {
        match (entry.kind, entry.size) {
            (Kind::File, 0) => Self::Known(b""),
            _ => entry.kept.text().map_or(Self::Unknown, Self::Known),
        }
    }

    /// Those of a file that was not found. Into some folders the engine mounts files that no image has.
    pub fn missing(miss: &Miss) -> Self {
        match miss {
            Miss::Dangling { missing, .. } if is_mounted(missing) => Self::Unknown,
            _ => Self::Absent,
        }
    }

    /// Is there something that is not known?
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }

    /// What is known, which may be nothing.
    pub fn known(self) -> &'t [u8] {
        if let Self::Known(text) = self { text } else { &[] }
    }
}
