//! What a file says that the engine or a loader reads, as far as it is known: a file of which nothing was kept is not
//! taken for an empty one.

use crate::layer::FileKind;
use crate::path::is_mounted;
use crate::tree::{FileEntry, FileTree, LookupError};

/// The contents of a file that is consulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigText<'t> {
    /// There is no such file.
    Absent,
    /// All of it.
    Known(&'t [u8]),
    /// It is there, or may be once the image runs, and what it says is not known: nothing certain follows.
    Unknown,
}

impl<'t> ConfigText<'t> {
    /// The contents of the file at `path`, all symbolic links followed.
    pub(crate) fn read(tree: &'t FileTree, path: &[u8]) -> Self {
        tree.lookup(path).map_or_else(|error| Self::missing(&error), |found| Self::of(&found.entry))
    }

    /// Those of a file that was found.
    pub(crate) fn of(entry: &FileEntry<'t>) -> Self {
        match (entry.kind, entry.size) {
            (FileKind::File, 0) => Self::Known(b""),
            _ => entry.content.text().map_or(Self::Unknown, Self::Known),
        }
    }

    /// Those of a file that was not found. Into some folders the engine mounts files that no image has.
    pub(crate) fn missing(miss: &LookupError) -> Self {
        match miss {
            LookupError::Dangling { missing, .. } if is_mounted(missing) => Self::Unknown,
            _ => Self::Absent,
        }
    }

    /// Is there something that is not known?
    pub(crate) fn is_unknown(self) -> bool {
        self == Self::Unknown
    }

    /// What is known, which may be nothing.
    pub(crate) fn known(self) -> &'t [u8] {
        if let Self::Known(text) = self { text } else { &[] }
    }
}
