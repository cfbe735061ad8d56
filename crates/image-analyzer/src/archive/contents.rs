//! What an archive holds, once it has been read to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::oci::{Document, SavedImage};
use crate::layer::{Layer, LayerError};
use crate::tar::TarError;

/// What an archive holds, by absolute clean path.
#[derive(Debug, Default)]
pub(super) struct ArchiveContents {
    /// `manifest.json`.
    pub(super) saved: Option<Result<Vec<SavedImage>, String>>,
    /// Every other document.
    pub(super) documents: BTreeMap<Vec<u8>, Result<Document, String>>,
    /// Layers, each with the length of its file.
    pub(super) layers: BTreeMap<Vec<u8>, (u64, ReadLayer)>,
    /// Links to other files and folders of the archive.
    pub(super) links: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Links that lead out of a folder, and are not followed.
    pub(super) outside: BTreeSet<Vec<u8>>,
}

/// A layer, or why it is not read.
pub(super) type ReadLayer = Result<Arc<Layer>, LayerProblem>;

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
