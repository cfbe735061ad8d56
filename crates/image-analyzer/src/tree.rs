//! The file tree of an image: its layers, each lying upon the one before, and looking up paths in it as the kernel
//! would with the image as root.
//!
//! Layers are not merged: a look-up goes down through them, as an overlay file system does. So an image of many layers
//! costs the memory of its entries once.

pub(crate) mod builder;
mod lookup;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::extract::file_content::FileContent;
use crate::layer::{Budget, EntryKind, FileKind, Layer, MAX_PATH, NewEntry, NodeKind, ROOT};
use crate::path::join;
use lookup::Walk;

/// All files of an image.
#[derive(Clone, Debug, Default)]
pub struct FileTree {
    /// The lowest first.
    layers: Vec<Arc<Layer>>,
}

/// A file, wherever it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry<'t> {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits with set-user-id, set-group-id and sticky: the lower twelve.
    pub mode: u16,
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// Where a symbolic link points, as written; empty for anything else.
    pub target: &'t [u8],
    /// What is known of its contents.
    pub(crate) content: &'t FileContent,
}

impl FileEntry<'_> {
    /// The first bytes of the file, as many as were kept: at most 512 of a file that can be executed, all of a small file
    /// that the loader or libc reads, none of an ELF file.
    pub fn first_bytes(&self) -> &[u8] {
        self.content.head()
    }

    /// Is it an ELF file?
    pub fn is_elf(&self) -> bool {
        self.content.elf().is_some()
    }
}

/// An answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile<'t> {
    /// Where it really is: absolute, without links.
    pub path: Vec<u8>,
    /// The symbolic links that were followed, as absolute paths without links before them, in order.
    pub links: Vec<Vec<u8>>,
    /// The file: never a symbolic link.
    pub entry: FileEntry<'t>,
}

/// Why a path leads to nothing. Paths are absolute, and without links except for their last component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// There is no such file: the first component that is missing.
    Missing(Vec<u8>),
    /// A link was followed to where nothing is.
    Dangling {
        /// The last link that was followed.
        link: Vec<u8>,
        /// The first component beyond it that is missing.
        missing: Vec<u8>,
    },
    /// More than forty links: this one is the forty-first.
    Loop(Vec<u8>),
    /// Something else than a folder has a path beyond it.
    NotAFolder(Vec<u8>),
}

/// A folder as it appears: the layers that have a part in it, the uppermost first, each with its place there.
type Parts = Vec<(usize, u32)>;

/// What a name in a folder leads to.
enum Child {
    Folder(Parts),
    /// A file of this layer, at this place.
    File(usize, u32),
}

impl FileTree {
    /// A tree of these layers, the lowest first.
    pub(crate) fn new(layers: Vec<Arc<Layer>>) -> Self {
        Self { layers }
    }

    /// What `path` leads to, all symbolic links followed. Relative paths start at the root; `..` there stays there.
    ///
    /// # Errors
    /// What stood in the way.
    pub fn lookup(&self, path: &[u8]) -> Result<FoundFile<'_>, LookupError> {
        Walk::new(self, self.layers.len()).go(path, true)
    }

    /// The same for a path that is relative to `folder`, unless it is absolute.
    ///
    /// # Errors
    /// What stood in the way.
    pub(crate) fn lookup_from(&self, folder: &[u8], path: &[u8]) -> Result<FoundFile<'_>, LookupError> {
        if path.is_empty() { Err(LookupError::Missing(Vec::new())) } else { self.lookup(&join(folder, path)) }
    }

    /// The same files and, where `path` leads to nothing, the folders on the way to it, as the engine makes a WORKDIR
    /// that is in no layer: for root, to be entered by everybody. Where a file is in the way, nothing is made.
    #[must_use]
    pub(crate) fn with_folder(&self, path: &[u8]) -> Self {
        let mut tree = self.clone();
        if path.len() > MAX_PATH || self.lookup(path).is_ok() {
            return tree;
        }
        let made = Walk::new(self, self.layers.len()).make(path);
        let mut layer = Layer::default();
        let folder = |path| NewEntry { path, mode: 0o755, uid: 0, gid: 0, what: EntryKind::Folder };
        if let Ok(made) = made
            && layer.add(folder(&made), &Budget::new(usize::MAX)).is_ok()
        {
            tree.layers.push(Arc::new(layer));
        }
        tree
    }

    /// What is at `path` itself: a link in its last component is not followed. [`FileEntry::kind`] may be [`FileKind::Link`].
    ///
    /// # Errors
    /// What stood in the way.
    pub fn entry(&self, path: &[u8]) -> Result<FoundFile<'_>, LookupError> {
        Walk::new(self, self.layers.len()).go(path, false)
    }

    /// The names in a folder, sorted by bytes.
    ///
    /// # Errors
    /// What stood in the way, or that it is not a folder.
    pub fn list(&self, folder: &[u8]) -> Result<Vec<Vec<u8>>, LookupError> {
        let mut walk = Walk::new(self, self.layers.len());
        let found = walk.go(folder, true)?;
        let Some((parts, FileKind::Folder)) = walk.folders.last().map(|(_, parts)| parts).zip(Some(found.entry.kind))
        else {
            return Err(LookupError::NotAFolder(found.path));
        };
        let names = parts.iter().filter_map(|(layer, at)| Some(self.layers.get(*layer)?.names_in(*at))).flatten();
        let names: BTreeSet<&[u8]> = names.collect();
        Ok(names.into_iter().filter(|name| self.step(parts, name).is_some()).map(<[u8]>::to_vec).collect())
    }

    fn root(&self, below: usize) -> Parts {
        let mut parts = Parts::new();
        for layer in (0..below).rev() {
            parts.push((layer, ROOT));
            if self.layers.get(layer).and_then(|layer| layer.node(ROOT)).is_some_and(|root| root.opaque) {
                break;
            }
        }
        parts
    }

    /// What a name in a folder leads to: the uppermost layer that has the name decides, and folders merge until one
    /// hides what is below.
    fn step(&self, folder: &Parts, name: &[u8]) -> Option<Child> {
        let mut parts = Parts::new();
        for (number, at) in folder {
            let Some(layer) = self.layers.get(*number) else { continue };
            let Some(child) = layer.child(*at, name) else { continue };
            let Some(node) = layer.node(child) else { continue };
            match node.kind {
                NodeKind::Plain(FileKind::Folder) => parts.push((*number, child)),
                NodeKind::Whiteout => break,
                _ if parts.is_empty() => return Some(Child::File(*number, child)),
                _ => break,
            }
            if node.opaque {
                break;
            }
        }
        if parts.is_empty() { None } else { Some(Child::Folder(parts)) }
    }

    /// The entry at a layer's place; a folder that only paths imply takes its permissions from the layer below.
    fn entry_of(&self, layer: usize, at: u32) -> Option<FileEntry<'_>> {
        let layer = self.layers.get(layer)?;
        let node = layer.node(at)?;
        let NodeKind::Plain(kind) = node.kind else { return None };
        let (mode, uid, gid) = layer.rights(node);
        let (target, content) = (layer.target(node), layer.content(node));
        Some(FileEntry { kind, mode, uid, gid, size: node.size, target, content })
    }

    fn folder_entry(&self, parts: &Parts) -> FileEntry<'_> {
        let stated = |(layer, at): &&(usize, u32)| {
            self.layers.get(*layer).and_then(|layer| layer.node(*at)).is_some_and(|node| !node.implied)
        };
        let best = parts.iter().find(stated).or(parts.first());
        best.and_then(|(layer, at)| self.entry_of(*layer, *at)).unwrap_or(FileEntry {
            kind: FileKind::Folder,
            mode: 0o755,
            uid: 0,
            gid: 0,
            size: 0,
            target: &[],
            content: &FileContent::Skipped,
        })
    }
}
