//! The documents of an archive, and the links that lead to its files.

use std::collections::{BTreeMap, BTreeSet};

use super::oci::{Document, SavedImage};
use crate::error::ReadError;
use crate::layer::{MAX_LINKS, MAX_PATH};

/// All of an archive but its layers, by absolute clean path.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// `manifest.json`.
    pub(super) saved: Option<Result<Vec<SavedImage>, String>>,
    /// Every other document.
    pub(super) parsed: BTreeMap<Vec<u8>, Result<Document, String>>,
    /// Links to other files and folders of the archive.
    pub(super) links: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Links that lead out of a folder, and are not followed.
    pub(super) outside: BTreeSet<Vec<u8>>,
}

impl Documents {
    /// The document at `path`; links of the archive are followed. `expected` is what it should be.
    ///
    /// # Errors
    /// If there is none, or it is not valid.
    pub(super) fn document(&self, path: &[u8], expected: &'static str) -> Result<&Document, ReadError> {
        let file = || path.to_vec();
        match self.parsed.get(&self.resolve(path)) {
            Some(Ok(document)) => Ok(document),
            Some(Err(reason)) => Err(ReadError::Document { file: file(), expected, reason: reason.clone() }),
            None => Err(self.missing(expected, path)),
        }
    }

    /// The error for a file that is not in the archive.
    pub(super) fn missing(&self, what: &'static str, path: &[u8]) -> ReadError {
        self.outside(path).unwrap_or_else(|| ReadError::Missing { what, file: path.to_vec() })
    }

    /// The error if it lies behind a link out of the folder.
    pub(super) fn outside(&self, path: &[u8]) -> Option<ReadError> {
        let path = self.resolve(path);
        let link = prefixes(&path).find(|prefix| self.outside.contains(*prefix))?;
        Some(ReadError::Outside { link: link.to_vec() })
    }

    /// Follows the links of the archive, also those of folders.
    pub(super) fn resolve(&self, path: &[u8]) -> Vec<u8> {
        let mut path = path.to_vec();
        for _ in 0..MAX_LINKS {
            let next = prefixes(&path).find_map(|prefix| {
                let target = self.links.get(prefix)?;
                // The root ends in a slash, as no other folder does.
                let target = target.strip_suffix(b"/").unwrap_or(target);
                Some([target, path.get(prefix.len()..)?].concat())
            });
            let Some(next) = next.filter(|next| next.len() <= MAX_PATH) else { break };
            path = next;
        }
        path
    }
}

/// The folders of an absolute clean path, from the root on, and the path itself.
fn prefixes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    ends.chain([path.len()]).filter_map(|end| path.get(..end))
}
