//! One layer: what it adds, replaces and hides, as its archive says, before any stacking.
//!
//! Entries are kept compactly, some fifty bytes each, because an image may have a million of them. How layers lie upon
//! each other is the business of [`crate::tree`].
//!
//! Whiteouts are those of the OCI image specification, `layer.md`: `.wh.NAME` hides NAME of the layers below,
//! `.wh..wh..opq` hides all that the layers below have in that folder. Neither touches its own layer, wherever in the
//! archive it stands. Where NAME follows as a folder of the same layer, engines disagree: what the layers below have in
//! it is there all the same with Docker's overlay2, and so it is here, where what is missed is what counts. Other names that start with `.wh..wh.` are bookkeeping of AUFS and skipped, as the engine does.

mod budget;
mod build;

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use crate::extract::file_content::FileContent;
use crate::path::components;
use crate::printable::printable_bytes;

pub(crate) use budget::Budget;
pub(crate) use build::clean_path;

/// The longest path or link target (`PATH_MAX` of Linux, less its final NUL).
pub(crate) const MAX_PATH: usize = 4095;
/// The longest name of a single file (`NAME_MAX` of Linux).
pub(crate) const MAX_NAME: usize = 255;
/// How many symbolic links are followed before it is called a loop (Linux manual, path resolution).
pub(crate) const MAX_LINKS: usize = 40;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Pipe,
}

/// Why a layer cannot be taken for what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LayerError {
    /// `..` above the root.
    #[error("entry `{}` leads out of the image", printable_bytes(.0))]
    Leaves(Vec<u8>),
    /// Longer than a file system allows.
    #[error("path `{}…` is too long: at most {MAX_PATH} bytes, {MAX_NAME} in a name", start(.0))]
    TooLong(Vec<u8>),
    /// A file used as a folder.
    #[error("entry `{}` goes through a file or a symlink loop", printable_bytes(.0))]
    Through(Vec<u8>),
    /// A name that no file can have: the root as anything but a folder, a whiteout of nothing.
    #[error("entry `{}` has no file name", printable_bytes(.0))]
    NoName(Vec<u8>),
    /// More than fits the limit on memory.
    #[error("the image's files exceed the memory limit of {0} MiB")]
    Full(usize),
}

/// Is an entry of this path no file of the image, but about one of the layers below?
pub(crate) fn is_whiteout(path: &[u8]) -> bool {
    components(path).last().is_some_and(|name| name.starts_with(b".wh."))
}

fn start(path: &[u8]) -> String {
    printable_bytes(path.get(..60).unwrap_or(path))
}

/// What an entry of a layer's archive says.
#[derive(Debug)]
pub(crate) struct NewEntry<'a> {
    /// The path as written.
    pub path: &'a [u8],
    /// Permission bits with set-user-id, set-group-id and sticky: the lower twelve.
    pub mode: u16,
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// The rest.
    pub what: EntryKind<'a>,
}

/// What kind of entry it is, with what that kind has.
#[derive(Debug)]
pub(crate) enum EntryKind<'a> {
    /// A regular file: its length and what is kept of it.
    File(u64, FileContent),
    /// A folder.
    Folder,
    /// A symbolic link to this.
    Link(&'a [u8]),
    /// Another name for the file at this path.
    HardLink(&'a [u8]),
    /// A device or pipe.
    Special(FileKind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Plain(FileKind),
    /// A hard link whose target is not in this layer: to be looked up in the layers below.
    HardLink,
    /// Nothing here, and nothing of the layers below.
    Whiteout,
}

/// A file of a layer. Kept small: there may be a million.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Length in bytes.
    pub(super) size: u64,
    parent: u32,
    name_at: u32,
    /// Index of what is kept of a file, or of a link's target.
    payload: u32,
    owner: u32,
    name_len: u16,
    mode: u16,
    pub(super) kind: NodeKind,
    /// A folder that hides what the layers below have in it.
    pub(super) opaque: bool,
    /// A folder that no entry states, only the paths of what is in it.
    pub(super) implied: bool,
    /// A file with several names in this layer: `owner` is a place in [`Layer::shared`].
    shared: bool,
}

const EMPTY: u32 = u32::MAX;

/// Mode, user and group.
pub(super) type Ownership = (u16, u32, u32);

impl Node {
    const BLANK: Self = Self {
        size: 0,
        parent: ROOT,
        name_at: 0,
        payload: EMPTY,
        owner: 0,
        name_len: 0,
        mode: 0o755,
        kind: NodeKind::Whiteout,
        opaque: false,
        implied: false,
        shared: false,
    };
    /// A folder that is there because something is in it.
    const IMPLIED: Self = Self { kind: NodeKind::Plain(FileKind::Folder), implied: true, ..Self::BLANK };
}

/// The root's place in [`Layer::nodes`].
pub(super) const ROOT: u32 = 0;

/// One layer's entries.
pub(crate) struct Layer {
    nodes: Vec<Node>,
    names: Vec<u8>,
    /// An open-addressing hash table of places in `nodes`, by parent and name; its length is a power of two.
    slots: Vec<u32>,
    hasher: RandomState,
    owners: Vec<(u32, u32)>,
    /// Mode and owner of files with several names: what the last of these says counts for all.
    shared: Vec<Ownership>,
    targets: Vec<Box<[u8]>>,
    content: Vec<FileContent>,
}

impl fmt::Debug for Layer {
    /// How many entries it has: a million of them would be too much to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("entries", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl Default for Layer {
    fn default() -> Self {
        Self {
            nodes: vec![Node::IMPLIED],
            names: Vec::new(),
            slots: vec![EMPTY; 16],
            hasher: RandomState::new(),
            owners: vec![(0, 0)],
            shared: Vec::new(),
            targets: Vec::new(),
            content: Vec::new(),
        }
    }
}

impl Layer {
    pub(super) fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    pub(super) fn rights(&self, node: &Node) -> Ownership {
        if node.shared {
            return self.shared.get(node.owner as usize).copied().unwrap_or_default();
        }
        let (uid, gid) = self.owners.get(node.owner as usize).copied().unwrap_or_default();
        (node.mode, uid, gid)
    }

    /// The target of a symbolic or unresolved hard link; empty for anything else.
    pub(super) fn target(&self, node: &Node) -> &[u8] {
        match node.kind {
            NodeKind::Plain(FileKind::Link) | NodeKind::HardLink => {
                self.targets.get(node.payload as usize).map_or(&[], |target| target)
            }
            _ => &[],
        }
    }

    pub(super) fn content(&self, node: &Node) -> &FileContent {
        match node.kind {
            NodeKind::Plain(FileKind::File) => self.content.get(node.payload as usize).unwrap_or(&FileContent::Skipped),
            _ => &FileContent::Skipped,
        }
    }

    fn name(&self, node: &Node) -> &[u8] {
        let at = node.name_at as usize;
        self.names.get(at..at + usize::from(node.name_len)).unwrap_or_default()
    }

    /// The names in a folder, in no order, whiteouts included. Looks at every entry of the layer: meant for the few
    /// folders that are listed at all.
    pub(super) fn names_in(&self, folder: u32) -> impl Iterator<Item = &[u8]> {
        let nodes = self.nodes.iter().enumerate().skip(1);
        nodes
            .filter(move |(at, node)| {
                // A node that was replaced by one of another kind is not reached any more.
                node.parent == folder && self.child(folder, self.name(node)).is_some_and(|found| found as usize == *at)
            })
            .map(|(_, node)| self.name(node))
    }

    /// The paths of all files that `wanted` takes by name and contents, in no order. Some may be hidden by what came later.
    pub(super) fn paths_of(&self, wanted: &dyn Fn(&[u8], &FileContent) -> bool) -> Vec<Vec<u8>> {
        let is_file = |node: &&Node| matches!(node.kind, NodeKind::Plain(FileKind::File) | NodeKind::HardLink);
        let nodes = self.nodes.iter().skip(1).filter(is_file);
        let nodes = nodes.filter(|node| wanted(self.name(node), self.content(node)));
        nodes.map(|node| self.path_of(node)).collect()
    }

    /// The paths of all files and links with one of these names, in no order. Some may be hidden by what came later.
    pub(super) fn named(&self, names: &BTreeSet<&[u8]>) -> Vec<Vec<u8>> {
        let is_file =
            |node: &&Node| matches!(node.kind, NodeKind::Plain(FileKind::File | FileKind::Link) | NodeKind::HardLink);
        let nodes = self.nodes.iter().skip(1).filter(is_file).filter(|node| names.contains(self.name(node)));
        nodes.map(|node| self.path_of(node)).collect()
    }

    /// Is there anything of this name, in whatever folder?
    pub(super) fn has_name(&self, name: &[u8]) -> bool {
        let is_there = |node: &Node| node.kind != NodeKind::Whiteout && self.name(node) == name;
        self.nodes.iter().skip(1).any(is_there)
    }

    fn path_of(&self, node: &Node) -> Vec<u8> {
        let mut names = vec![self.name(node)];
        let mut at = node.parent;
        while let Some(folder) = self.node(at).filter(|_| at != ROOT) {
            names.push(self.name(folder));
            at = folder.parent;
        }
        names.iter().rev().flat_map(|name| [b"/", *name]).flatten().copied().collect()
    }

    /// The entry of a folder with this name, be it a whiteout.
    pub(super) fn child(&self, folder: u32, name: &[u8]) -> Option<u32> {
        self.slots.get(self.slot(folder, name)).copied().filter(|at| *at != EMPTY)
    }

    /// Where in the table this child is, or the empty slot where it would go. The table is never full.
    fn slot(&self, folder: u32, name: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "only the lower bits count")]
        let mut slot = self.hasher.hash_one((folder, name)) as usize & mask;
        loop {
            let node = self.slots.get(slot).and_then(|at| self.node(*at));
            match node {
                Some(node) if node.parent != folder || self.name(node) != name => slot = (slot + 1) & mask,
                _ => return slot,
            }
        }
    }
}
