//! The file tree of an image: layers, stacked, and the look-up of paths as the kernel does it with the image as root.
//!
//! The layers are not merged: a look-up goes down through them, as in an overlay file system. So the memory of an image is
//! the sum of its layers' entries.

pub(crate) mod builder;
mod lookup;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::extract::file_content::FileContent;
use crate::layer::{Budget, EntryKind, FileKind, Layer, MAX_PATH, NewEntry, NodeKind, ROOT};
use crate::path::join;
use crate::printable::printable_bytes;
use lookup::Walk;

/// All files of an image.
#[derive(Clone, Debug, Default)]
pub struct FileTree {
    /// The lowest first.
    layers: Vec<Arc<Layer>>,
}

/// A file of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry<'t> {
    /// Its kind.
    pub kind: FileKind,
    /// Its permission bits with set-user-id, set-group-id and sticky: the lower twelve.
    pub mode: u16,
    /// The owner's numeric id.
    pub uid: u32,
    /// The group's numeric id.
    pub gid: u32,
    /// Its length in bytes.
    pub size: u64,
    /// The target of a symbolic link, as written; empty for any other kind.
    pub target: &'t [u8],
    /// What is known of its contents.
    pub(crate) content: &'t FileContent,
}

impl FileEntry<'_> {
    /// The first bytes of the file, as many as were kept: at most 512 of a script or another executable file, all of a file
    /// that the loader or libc reads, none of an ELF file.
    pub fn first_bytes(&self) -> &[u8] {
        self.content.head()
    }

    /// Is it an ELF file?
    pub fn is_elf(&self) -> bool {
        self.content.elf().is_some()
    }
}

/// The result of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile<'t> {
    /// The absolute path, with all symbolic links resolved.
    pub path: Vec<u8>,
    /// The symbolic links that were followed, in order, as absolute paths.
    pub links: Vec<Vec<u8>>,
    /// The file itself; a symbolic link only from [`FileTree::entry`].
    pub entry: FileEntry<'t>,
}

/// Why a path leads to no file. Paths are absolute, with symbolic links resolved up to their last component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The file does not exist. This is the first component that is missing.
    #[error("`{}` does not exist", printable_bytes(.0))]
    Missing(Vec<u8>),
    /// A symbolic link leads to a missing file.
    #[error("the link `{}` leads to `{}`, which does not exist", printable_bytes(.link), printable_bytes(.missing))]
    Dangling {
        /// The last link that was followed.
        link: Vec<u8>,
        /// The first missing component of its target.
        missing: Vec<u8>,
    },
    /// The path goes through more than 40 symbolic links. This is the 41st.
    #[error("more than 40 symbolic links up to `{}`", printable_bytes(.0))]
    Loop(Vec<u8>),
    /// The path goes through a file that is not a folder.
    #[error("`{}` is not a folder", printable_bytes(.0))]
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

    /// Looks up `path` and follows all symbolic links. A relative path starts at the root; `..` at the root stays there.
    ///
    /// # Errors
    /// The reason why the path leads to no file.
    pub fn lookup(&self, path: &[u8]) -> Result<FoundFile<'_>, LookupError> {
        Walk::new(self, self.layers.len()).go(path, true)
    }

    /// The same for a path that is relative to `folder`, unless it is absolute.
    ///
    /// # Errors
    /// The reason why the path leads to no file.
    pub(crate) fn lookup_from(&self, folder: &[u8], path: &[u8]) -> Result<FoundFile<'_>, LookupError> {
        if path.is_empty() { Err(LookupError::Missing(Vec::new())) } else { self.lookup(&join(folder, path)) }
    }

    /// The same tree with the folder at `path`, which the engine creates for a WORKDIR: owned by root, open to all users. If a
    /// file is in the way, the tree stays as it is.
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

    /// Looks up `path` and does not follow a symbolic link in its last component.
    ///
    /// # Errors
    /// The reason why the path leads to no file.
    pub fn entry(&self, path: &[u8]) -> Result<FoundFile<'_>, LookupError> {
        Walk::new(self, self.layers.len()).go(path, false)
    }

    /// The names in a folder, sorted by their bytes.
    ///
    /// # Errors
    /// The reason why the path leads to no folder.
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

    /// The paths of all files that `wanted` takes by name and contents, sorted; those of links are not among them.
    pub(crate) fn paths_of(&self, wanted: &dyn Fn(&[u8], &FileContent) -> bool) -> Vec<Vec<u8>> {
        let paths: BTreeSet<Vec<u8>> = self.layers.iter().flat_map(|layer| layer.paths_of(wanted)).collect();
        let is_there = |path: &Vec<u8>| {
            let found = self.entry(path);
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            found.is_ok_and(|found| {
                found.path == *path && found.entry.kind == FileKind::File && wanted(name, found.entry.content)
            })
        };
        paths.into_iter().filter(is_there).collect()
    }

    /// The paths of files and links with one of these names, sorted; those of links that lead nowhere are not among them.
    pub(crate) fn named(&self, names: &BTreeSet<&[u8]>) -> Vec<Vec<u8>> {
        let paths: BTreeSet<Vec<u8>> = self.layers.iter().flat_map(|layer| layer.named(names)).collect();
        let is_there = |path: &Vec<u8>| self.lookup(path).is_ok_and(|found| found.entry.kind == FileKind::File);
        paths.into_iter().filter(is_there).collect()
    }

    /// Is there anything of this name in any layer, in whatever folder?
    pub(crate) fn has_name(&self, name: &[u8]) -> bool {
        self.layers.iter().any(|layer| layer.has_name(name))
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

    /// What a name in a folder leads to: the uppermost layer that has the name decides. Folders merge down to one that hides
    /// the layers below.
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
