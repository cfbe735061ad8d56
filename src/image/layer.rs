//! One layer: what it adds, replaces and hides, as its archive says, before any stacking.
//!
//! Entries are kept compactly, some fifty bytes each, because an image may have a million of them. How layers lie upon
//! each other is the business of [`crate::image::tree`].
//!
//! Whiteouts are those of the OCI image specification, `layer.md`: `.wh.NAME` hides NAME of the layers below,
//! `.wh..wh..opq` hides all that the layers below have in that folder. Neither touches its own layer, wherever in the
//! archive it stands. Other names that start with `.wh..wh.` are bookkeeping of AUFS and skipped, as the engine does.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::rc::Rc;

use crate::escape::printable_bytes;
use crate::image::content::Kept;
use crate::image::path::{absolute, components};

/// The longest path or link target (`PATH_MAX` of Linux, less its final NUL).
pub const MAX_PATH: usize = 4095;
/// The longest name of a single file (`NAME_MAX` of Linux).
pub const MAX_NAME: usize = 255;
/// How many symbolic links are followed before it is called a loop (Linux manual, path resolution).
pub const MAX_LINKS: usize = 40;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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
pub enum LayerError {
    /// `..` above the root.
    #[error("the entry `{}` leads out of the image", printable_bytes(.0))]
    Leaves(Vec<u8>),
    /// Longer than a file system allows.
    #[error("the path `{}…` is longer than {MAX_PATH} bytes, or a name in it longer than {MAX_NAME}", start(.0))]
    TooLong(Vec<u8>),
    /// A file used as a folder.
    #[error("the entry `{}` goes through something that is no folder, or through a loop of links", printable_bytes(.0))]
    Through(Vec<u8>),
    /// A name that no file can have: the root as anything but a folder, a whiteout of nothing.
    #[error("the entry `{}` names no file", printable_bytes(.0))]
    NoName(Vec<u8>),
    /// More than fits the limit on memory.
    #[error("more files, or longer names, than fit into the {0} MiB that are set aside for an image's file tree")]
    Full(usize),
}

fn start(path: &[u8]) -> String {
    printable_bytes(path.get(..60).unwrap_or(path))
}

/// How much more memory may be taken for an image; its clones share what is left.
#[derive(Clone, Debug)]
pub struct Budget {
    total: usize,
    left: Rc<Cell<usize>>,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { total: bytes, left: Rc::new(Cell::new(bytes)) }
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.left.get()
    }

    /// Takes from it.
    ///
    /// # Errors
    /// [`LayerError::Full`] when there is not so much left.
    pub fn take(&self, bytes: usize) -> Result<(), LayerError> {
        self.left.set(self.left.get().checked_sub(bytes).ok_or(LayerError::Full(self.total >> 20))?);
        Ok(())
    }

    /// Gives back what is not held any more.
    pub fn give(&self, bytes: usize) {
        self.left.set(self.left.get().saturating_add(bytes).min(self.total));
    }
}

/// What an entry of a layer's archive says.
#[derive(Debug)]
pub struct NewEntry<'a> {
    /// The path as written.
    pub path: &'a [u8],
    /// Permission bits with set-user-id, set-group-id and sticky: the lower twelve.
    pub mode: u16,
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// The rest.
    pub what: What<'a>,
}

/// What kind of entry it is, with what that kind has.
#[derive(Debug)]
pub enum What<'a> {
    /// A regular file: its length and what is kept of it.
    File(u64, Kept),
    /// A folder.
    Folder,
    /// A symbolic link to this.
    Link(&'a [u8]),
    /// Another name for the file at this path.
    HardLink(&'a [u8]),
    /// A device or pipe.
    Special(Kind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Plain(Kind),
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
    pub(super) mode: u16,
    pub(super) kind: NodeKind,
    /// A folder that hides what the layers below have in it.
    pub(super) opaque: bool,
    /// A folder that no entry states, only the paths of what is in it.
    pub(super) implied: bool,
}

const EMPTY: u32 = u32::MAX;

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
    };
    /// A folder that is there because something is in it.
    const IMPLIED: Self = Self { kind: NodeKind::Plain(Kind::Folder), implied: true, ..Self::BLANK };
}

/// The root's place in [`Layer::nodes`].
pub(super) const ROOT: u32 = 0;

/// One layer's entries.
pub struct Layer {
    nodes: Vec<Node>,
    names: Vec<u8>,
    /// An open-addressing hash table of places in `nodes`, by parent and name; its length is a power of two.
    slots: Vec<u32>,
    hasher: RandomState,
    owners: Vec<(u32, u32)>,
    targets: Vec<Box<[u8]>>,
    kept: Vec<Kept>,
}

impl fmt::Debug for Layer {
    /// How many entries it has: to print a million of them helps nobody.
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
            targets: Vec::new(),
            kept: Vec::new(),
        }
    }
}

/// Reading: by place in `nodes`.
impl Layer {
    pub(super) fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    pub(super) fn owner(&self, node: &Node) -> (u32, u32) {
        self.owners.get(node.owner as usize).copied().unwrap_or_default()
    }

    /// The target of a symbolic or unresolved hard link; empty for anything else.
    pub(super) fn target(&self, node: &Node) -> &[u8] {
        match node.kind {
            NodeKind::Plain(Kind::Link) | NodeKind::HardLink => {
                self.targets.get(node.payload as usize).map_or(&[], |target| target)
            }
            _ => &[],
        }
    }

    pub(super) fn kept(&self, node: &Node) -> &Kept {
        match node.kind {
            NodeKind::Plain(Kind::File) => self.kept.get(node.payload as usize).unwrap_or(&Kept::Nothing),
            _ => &Kept::Nothing,
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

/// Writing: entry by entry.
impl Layer {
    /// Takes in the next entry of the layer's archive.
    ///
    /// # Errors
    /// When no file system could hold it, or the budget is used up.
    pub fn add(&mut self, entry: NewEntry<'_>, budget: &Budget) -> Result<(), LayerError> {
        let clean = clean(entry.path)?;
        let Some((name, folders)) = clean.split_last() else { return self.root(&entry) };
        if let Some(hidden) = name.strip_prefix(b".wh.") {
            return self.whiteout(&entry, folders, hidden, budget);
        }
        let folder = self.folder(folders, &entry, budget)?;
        let node = self.node_of(entry, budget)?;
        self.put(folder, name, node, budget)
    }

    fn root(&mut self, entry: &NewEntry<'_>) -> Result<(), LayerError> {
        let What::Folder = entry.what else { return Err(LayerError::NoName(entry.path.to_vec())) };
        let owner = self.owner_index(entry.uid, entry.gid);
        if let Some(root) = self.nodes.first_mut() {
            (root.mode, root.owner, root.implied) = (entry.mode, owner, false);
        }
        Ok(())
    }

    fn whiteout(
        &mut self,
        entry: &NewEntry<'_>,
        folders: &[&[u8]],
        hidden: &[u8],
        budget: &Budget,
    ) -> Result<(), LayerError> {
        if hidden == b".wh..opq" {
            let folder = self.folder(folders, entry, budget)?;
            if let Some(node) = self.nodes.get_mut(folder as usize) {
                node.opaque = true;
            }
            return Ok(());
        }
        if hidden.starts_with(b".wh.") {
            return Ok(());
        }
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(LayerError::NoName(entry.path.to_vec()));
        }
        let folder = self.folder(folders, entry, budget)?;
        if let Some(node) = self.child(folder, hidden).and_then(|at| self.nodes.get_mut(at as usize)) {
            node.opaque = true;
            return Ok(());
        }
        self.put(folder, hidden, Node { kind: NodeKind::Whiteout, ..Node::BLANK }, budget)
    }

    /// The folder at these components, made where it is missing. Links of this layer are followed, as they are when an
    /// engine unpacks a layer into a folder of its own.
    fn folder(&mut self, folders: &[&[u8]], entry: &NewEntry<'_>, budget: &Budget) -> Result<u32, LayerError> {
        let through = || LayerError::Through(entry.path.to_vec());
        let mut at = ROOT;
        let mut links = 0;
        // What is still to be walked, the next component last.
        let mut todo: Vec<Vec<u8>> = folders.iter().rev().map(|name| name.to_vec()).collect();
        while let Some(name) = todo.pop() {
            if name == b".." {
                at = self.node(at).map_or(ROOT, |node| node.parent);
                continue;
            }
            let child = self.child(at, &name).and_then(|child| Some((child, *self.node(child)?)));
            match child {
                Some((child, node)) if node.kind == NodeKind::Plain(Kind::Folder) => at = child,
                Some((_, node)) if node.kind == NodeKind::Plain(Kind::Link) => {
                    links += 1;
                    if links > MAX_LINKS || todo.len() > MAX_PATH {
                        return Err(through());
                    }
                    let target = self.target(&node);
                    if target.starts_with(b"/") {
                        at = ROOT;
                    }
                    todo.extend(components(target).map(<[u8]>::to_vec).collect::<Vec<_>>().into_iter().rev());
                }
                Some((_, node)) if node.kind != NodeKind::Whiteout => return Err(through()),
                _ => {
                    self.put(at, &name, Node::IMPLIED, budget)?;
                    at = self.child(at, &name).ok_or_else(through)?;
                }
            }
        }
        Ok(at)
    }

    /// The node of an entry, its place and name left open.
    fn node_of(&mut self, entry: NewEntry<'_>, budget: &Budget) -> Result<Node, LayerError> {
        let owner = self.owner_index(entry.uid, entry.gid);
        let mut node = Node { mode: entry.mode & 0o7777, owner, ..Node::BLANK };
        match entry.what {
            What::Folder => node.kind = NodeKind::Plain(Kind::Folder),
            What::Special(kind) => node.kind = NodeKind::Plain(kind),
            What::File(size, kept) => {
                node.kind = NodeKind::Plain(Kind::File);
                node.size = size;
                if kept != Kept::Nothing {
                    budget.take(kept.weight())?;
                    node.payload = index(self.kept.len(), budget)?;
                    self.kept.push(kept);
                }
            }
            What::Link(target) => {
                node.kind = NodeKind::Plain(Kind::Link);
                node.size = target.len() as u64;
                node.payload = self.add_target(target, budget)?;
            }
            What::HardLink(target) => {
                if let Some(linked) = self.linked(target)? {
                    return Ok(linked);
                }
                node.kind = NodeKind::HardLink;
                node.payload = self.add_target(target, budget)?;
            }
        }
        Ok(node)
    }

    /// The node that a hard link gives another name to, if it is in this layer.
    fn linked(&self, target: &[u8]) -> Result<Option<Node>, LayerError> {
        let mut at = ROOT;
        for name in clean(target)? {
            let Some(child) = self.child(at, name) else { return Ok(None) };
            at = child;
        }
        Ok(self
            .node(at)
            .copied()
            .filter(|node| !matches!(node.kind, NodeKind::Plain(Kind::Folder) | NodeKind::Whiteout)))
    }

    fn add_target(&mut self, target: &[u8], budget: &Budget) -> Result<u32, LayerError> {
        if target.len() > MAX_PATH {
            return Err(LayerError::TooLong(target.to_vec()));
        }
        budget.take(size_of::<Box<[u8]>>() + target.len() + 8)?;
        self.targets.push(target.into());
        index(self.targets.len() - 1, budget)
    }

    /// Puts a node into a folder under a name. Of two entries with one path the later counts; a folder stays one, with
    /// all that is in it, under a later folder.
    fn put(&mut self, folder: u32, name: &[u8], node: Node, budget: &Budget) -> Result<(), LayerError> {
        let is_folder = |node: &Node| node.kind == NodeKind::Plain(Kind::Folder);
        let slot = self.slot(folder, name);
        let old = self.slots.get(slot).copied().unwrap_or(EMPTY);
        if let Some(old) = self.nodes.get_mut(old as usize) {
            // What the layers below have is hidden if any entry of this layer says so.
            let opaque = old.opaque || old.kind == NodeKind::Whiteout;
            let placed = Node { parent: folder, name_at: old.name_at, name_len: old.name_len, opaque, ..node };
            if is_folder(old) && !is_folder(&node) {
                budget.take(size_of::<Node>())?;
                let at = index(self.nodes.len(), budget)?;
                self.nodes.push(placed);
                if let Some(slot) = self.slots.get_mut(slot) {
                    *slot = at;
                }
            } else {
                *old = placed;
            }
            return Ok(());
        }
        // Four bytes in a table that is at least three eighths full.
        budget.take(size_of::<Node>() + name.len() + 12)?;
        let at = index(self.nodes.len(), budget)?;
        let name_at = index(self.names.len(), budget)?;
        let name_len = u16::try_from(name.len()).map_err(|_| LayerError::TooLong(name.to_vec()))?;
        self.names.extend_from_slice(name);
        self.nodes.push(Node { parent: folder, name_at, name_len, ..node });
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = at;
        }
        self.grow();
        Ok(())
    }

    /// Doubles the table when it is three quarters full.
    fn grow(&mut self) {
        if self.nodes.len() * 4 < self.slots.len() * 3 {
            return;
        }
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![EMPTY; old.len() * 2];
        for at in old {
            let Some(node) = self.node(at) else { continue };
            let slot = self.slot(node.parent, self.name(node));
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = at;
            }
        }
    }

    fn owner_index(&mut self, uid: u32, gid: u32) -> u32 {
        let known = self.owners.iter().rposition(|owner| *owner == (uid, gid)).unwrap_or_else(|| {
            self.owners.push((uid, gid));
            self.owners.len() - 1
        });
        u32::try_from(known).unwrap_or_default()
    }
}

fn index(len: usize, budget: &Budget) -> Result<u32, LayerError> {
    u32::try_from(len).ok().filter(|at| *at != EMPTY).ok_or(LayerError::Full(budget.total >> 20))
}

/// The components of an entry's path, `..` taken away with what is before it, as the engine does before it unpacks.
fn clean(path: &[u8]) -> Result<Vec<&[u8]>, LayerError> {
    if path.len() > MAX_PATH {
        return Err(LayerError::TooLong(path.to_vec()));
    }
    let mut clean = Vec::new();
    for component in components(path) {
        if component.len() > MAX_NAME {
            return Err(LayerError::TooLong(path.to_vec()));
        }
        if component == b".." {
            clean.pop().ok_or_else(|| LayerError::Leaves(path.to_vec()))?;
        } else {
            clean.push(component);
        }
    }
    Ok(clean)
}

/// `path`, absolute and clean, for deciding what to keep of it.
///
/// # Errors
/// When it is too long or leads out of the image.
pub fn clean_path(path: &[u8]) -> Result<Vec<u8>, LayerError> {
    Ok(absolute(clean(path)?))
}
