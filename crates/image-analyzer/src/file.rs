//! What a look-up in a [`FileTree`](crate::FileTree) finds, or why it finds nothing.

pub use crate::layer::FileKind;
pub use crate::tree::{FileEntry, FoundFile, LookupError};
