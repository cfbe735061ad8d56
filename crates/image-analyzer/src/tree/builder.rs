//! Builds a [`FileTree`] in memory, for tests and for callers that have files but no archive.
//!
//! Its entries take the same path as those of an archive, so an archive could hold each tree that is built here.

use std::sync::Arc;

use crate::error::ReadError;
use crate::extract::file_content::FileContent;
use crate::layer::{Budget, EntryKind, FileKind, Layer, LayerError, NewEntry, clean_path};
use crate::tree::FileTree;

/// Builds a [`FileTree`] in memory. Each entry goes into the current layer; [`FileTreeBuilder::layer`] starts the next one.
#[derive(Debug)]
pub struct FileTreeBuilder {
    layers: Vec<Layer>,
    budget: Budget,
    failed: Option<LayerError>,
    owner: (u32, u32),
}

impl Default for FileTreeBuilder {
    fn default() -> Self {
        Self { layers: vec![Layer::default()], budget: Budget::new(usize::MAX), failed: None, owner: (0, 0) }
    }
}

impl FileTreeBuilder {
    /// A builder with one empty layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts the next layer.
    #[must_use]
    pub fn layer(mut self) -> Self {
        self.layers.push(Layer::default());
        self
    }

    /// Sets the owner of the entries that follow; root before the first call.
    #[must_use]
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = (uid, gid);
        self
    }

    /// Adds a regular file. As from an archive, only the part of its contents is kept that matters to a diagnosis.
    #[must_use]
    pub fn file(self, path: impl AsRef<[u8]>, mode: u16, contents: impl AsRef<[u8]>) -> Self {
        let (path, contents) = (path.as_ref(), contents.as_ref());
        let content = clean_path(path).map_or(FileContent::Skipped, |clean| FileContent::of(&clean, mode, contents));
        self.add(path, mode, EntryKind::File(contents.len() as u64, content))
    }

    /// A regular file whose content is not known, as of a sparse one.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn unknown_file(self, path: impl AsRef<[u8]>, mode: u16, size: u64) -> Self {
        self.add(path.as_ref(), mode, EntryKind::File(size, FileContent::Unknown))
    }

    /// Adds a folder.
    #[must_use]
    pub fn folder(self, path: impl AsRef<[u8]>, mode: u16) -> Self {
        self.add(path.as_ref(), mode, EntryKind::Folder)
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.add(path.as_ref(), 0o777, EntryKind::Link(target.as_ref()))
    }

    /// Adds a hard link to `target`, with the mode and owner of that file.
    #[must_use]
    pub fn hard_link(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        let target = target.as_ref();
        let rights = self.layers.iter().rev().find_map(|layer| layer.rights_at(target));
        let owner = self.owner;
        let (mode, uid, gid) = rights.unwrap_or((0, owner.0, owner.1));
        let builder = self.owner(uid, gid).add(path.as_ref(), mode, EntryKind::HardLink(target));
        builder.owner(owner.0, owner.1)
    }

    /// Adds a device or a named pipe.
    #[must_use]
    pub fn special(self, path: impl AsRef<[u8]>, kind: FileKind) -> Self {
        self.add(path.as_ref(), 0o600, EntryKind::Special(kind))
    }

    /// Hides `path` of the layers below.
    #[must_use]
    pub fn whiteout(self, path: impl AsRef<[u8]>) -> Self {
        let path = path.as_ref();
        let cut = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let (folder, name) = path.split_at(cut);
        self.add(&[folder, b".wh.", name].concat(), 0, EntryKind::File(0, FileContent::Skipped))
    }

    /// Hides everything that the layers below have in a folder.
    #[must_use]
    pub fn opaque(self, folder: impl AsRef<[u8]>) -> Self {
        self.add(&[folder.as_ref(), b"/.wh..wh..opq"].concat(), 0, EntryKind::File(0, FileContent::Skipped))
    }

    /// The tree of all layers.
    ///
    /// # Errors
    /// The error of the first entry that is not valid.
    pub fn build(self) -> Result<FileTree, ReadError> {
        match self.failed {
            None => Ok(FileTree::new(self.layers.into_iter().map(Arc::new).collect())),
            Some(error) => Err(error.into()),
        }
    }

    fn add(mut self, path: &[u8], mode: u16, what: EntryKind<'_>) -> Self {
        let (uid, gid) = self.owner;
        let entry = NewEntry { path, mode, uid, gid, what };
        let added = self.layers.last_mut().map_or(Ok(()), |layer| layer.add(entry, &self.budget));
        if let Err(error) = added {
            self.failed.get_or_insert(error);
        }
        self
    }
}
