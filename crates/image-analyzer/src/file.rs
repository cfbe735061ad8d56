//! What a look-up in a [`FileTree`](crate::FileTree) finds.

pub use crate::layer::FileKind;
pub use crate::tree::{FileEntry, FoundFile};
