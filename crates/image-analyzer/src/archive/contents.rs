//! What an archive holds, once it has been read to its end.

use std::collections::BTreeMap;

use super::documents::Documents;
use super::read_options::ReadOptions;
use crate::layer::{Budget, LayerError};
use crate::tar::{Tar, TarError};

/// What an archive holds; `L` is what is kept of a layer.
#[derive(Debug, Default)]
pub(super) struct ArchiveContents<L> {
    /// Its documents and links.
    pub(super) documents: Documents,
    /// Layers by absolute clean path, each with the length of its file in bytes; or why it is not read.
    pub(super) layers: BTreeMap<Vec<u8>, (u64, Result<L, LayerProblem>)>,
}

/// What is kept of a layer; the default is that of an empty one.
pub(super) trait LayerContent: Clone + Default {
    /// Reads all entries of a layer. What is kept of it is taken from `budget`.
    ///
    /// # Errors
    /// If the layer is damaged, or meets a limit.
    fn read(tar: &mut Tar<'_>, options: &ReadOptions, budget: &Budget) -> Result<Self, LayerProblem>;
}

/// What is wrong with a layer.
#[derive(Debug, thiserror::Error)]
pub(super) enum LayerProblem {
    /// Its archive is damaged.
    #[error("{0}")]
    Tar(#[from] TarError),
    /// An entry of its archive is impossible.
    #[error("at byte {at}: {error}")]
    Entry {
        /// Where the entry's header is, in bytes from the start of the unpacked layer.
        at: u64,
        /// What is wrong with it.
        error: LayerError,
    },
}

impl LayerProblem {
    /// Is it that a limit was met, so that reading on would be of no use?
    pub(super) fn is_limit(&self) -> bool {
        matches!(self, Self::Entry { error: LayerError::Full(_), .. })
    }
}
