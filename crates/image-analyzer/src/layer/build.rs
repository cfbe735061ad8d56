//! Takes the entries of a layer's archive in, one by one, as an engine would unpack them into an empty folder.

use super::{
    Budget, EMPTY, EntryKind, FileKind, Layer, LayerError, MAX_LINKS, MAX_NAME, MAX_PATH, NewEntry, Node, NodeKind,
    Ownership, ROOT,
};
use crate::extract::file_content::{FileContent, allocation_size};
use crate::path::{absolute, components};

/// What a component of the path of an entry leads to.
enum Entered {
    /// The place of a folder.
    Folder(u32),
    Link,
}

impl Layer {
    /// Takes in the next entry of the layer's archive.
    ///
    /// # Errors
    /// When no file system could hold it, or the budget is used up.
    pub(crate) fn add(&mut self, entry: NewEntry<'_>, budget: &Budget) -> Result<(), LayerError> {
        let clean = clean(entry.path)?;
        let Some((name, folders)) = clean.split_last() else { return self.root(&entry, budget) };
        if let Some(hidden) = name.strip_prefix(b".wh.") {
            return self.whiteout(&entry, folders, hidden, budget);
        }
        let folder = self.folder(folders, &entry, budget)?;
        let node = self.node_of(entry, budget)?;
        self.put(folder, name, node, budget)
    }

    fn root(&mut self, entry: &NewEntry<'_>, budget: &Budget) -> Result<(), LayerError> {
        let EntryKind::Folder = entry.what else { return Err(LayerError::NoName(entry.path.to_vec())) };
        let owner = self.owner_index(entry.uid, entry.gid, budget)?;
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
        let mut at = ROOT;
        for (number, name) in folders.iter().enumerate() {
            match self.enter(at, name, entry, budget)? {
                Entered::Folder(folder) => at = folder,
                Entered::Link => {
                    let rest = folders.get(number..).unwrap_or_default();
                    return self.folder_by_links(at, rest, entry, budget);
                }
            }
        }
        Ok(at)
    }

    /// The same from the folder `at` on, where a link is met.
    fn folder_by_links(
        &mut self,
        mut at: u32,
        folders: &[&[u8]],
        entry: &NewEntry<'_>,
        budget: &Budget,
    ) -> Result<u32, LayerError> {
        // What is still to be walked, the next component last.
        let mut todo: Vec<Vec<u8>> = folders.iter().rev().map(|name| name.to_vec()).collect();
        let (mut links, mut steps) = (0, 0);
        while let Some(name) = todo.pop() {
            steps += 1;
            if name == b".." {
                at = self.node(at).map_or(ROOT, |node| node.parent);
                continue;
            }
            match self.enter(at, &name, entry, budget)? {
                Entered::Folder(folder) => at = folder,
                Entered::Link => {
                    links += 1;
                    if links > MAX_LINKS || steps > MAX_PATH {
                        return Err(LayerError::Through(entry.path.to_vec()));
                    }
                    let target = self.child(at, &name).and_then(|link| self.node(link)).map(|link| self.target(link));
                    let target = target.unwrap_or_default();
                    if target.starts_with(b"/") {
                        at = ROOT;
                    }
                    todo.extend(components(target).map(<[u8]>::to_vec).collect::<Vec<_>>().into_iter().rev());
                }
            }
        }
        Ok(at)
    }

    /// What is in a folder under this name: a folder, made if nothing is there, or a link.
    fn enter(&mut self, at: u32, name: &[u8], entry: &NewEntry<'_>, budget: &Budget) -> Result<Entered, LayerError> {
        let child = self.child(at, name).and_then(|child| Some((child, self.node(child)?.kind)));
        match child {
            Some((folder, NodeKind::Plain(FileKind::Folder))) => Ok(Entered::Folder(folder)),
            Some((_, NodeKind::Plain(FileKind::Link))) => Ok(Entered::Link),
            None | Some((_, NodeKind::Whiteout)) => {
                self.put(at, name, Node::IMPLIED, budget)?;
                self.child(at, name).map(Entered::Folder).ok_or_else(|| LayerError::Through(entry.path.to_vec()))
            }
            Some(_) => Err(LayerError::Through(entry.path.to_vec())),
        }
    }

    /// The node of an entry, its place and name left open.
    fn node_of(&mut self, entry: NewEntry<'_>, budget: &Budget) -> Result<Node, LayerError> {
        let owner = self.owner_index(entry.uid, entry.gid, budget)?;
        let mut node = Node { mode: entry.mode & 0o7777, owner, ..Node::BLANK };
        match entry.what {
            EntryKind::Folder => node.kind = NodeKind::Plain(FileKind::Folder),
            EntryKind::Special(kind) => node.kind = NodeKind::Plain(kind),
            EntryKind::File(size, content) => {
                node.kind = NodeKind::Plain(FileKind::File);
                node.size = size;
                if content != FileContent::Skipped {
                    budget.take(content.memory_size())?;
                    node.payload = index(self.content.len(), budget)?;
                    self.content.push(content);
                }
            }
            EntryKind::Link(target) => {
                node.kind = NodeKind::Plain(FileKind::Link);
                node.size = target.len() as u64;
                node.payload = self.add_target(target, budget)?;
            }
            EntryKind::HardLink(target) => {
                if let Some(linked) = self.linked(target)? {
                    return self.share(linked, (node.mode, entry.uid, entry.gid), budget);
                }
                node.kind = NodeKind::HardLink;
                node.payload = self.add_target(target, budget)?;
            }
        }
        Ok(node)
    }

    /// Another name for a file: engines set the mode and owner that the link's own entry has, and so for all names.
    fn share(&mut self, linked: u32, rights: Ownership, budget: &Budget) -> Result<Node, LayerError> {
        let fresh = index(self.shared.len(), budget)?;
        let Some(node) = self.nodes.get_mut(linked as usize) else { return Ok(Node::BLANK) };
        if !node.shared {
            budget.take(size_of::<Ownership>())?;
            self.shared.push(rights);
            (node.shared, node.owner) = (true, fresh);
        } else if let Some(shared) = self.shared.get_mut(node.owner as usize) {
            *shared = rights;
        }
        Ok(*node)
    }

    /// The mode and owner of the file at this path of the layer, if it is there.
    pub(crate) fn rights_at(&self, path: &[u8]) -> Option<Ownership> {
        let linked = self.linked(path).ok()??;
        self.node(linked).map(|node| self.rights(node))
    }

    /// The node that a hard link gives another name to, if it is in this layer.
    fn linked(&self, target: &[u8]) -> Result<Option<u32>, LayerError> {
        let mut at = ROOT;
        for name in clean(target)? {
            let Some(child) = self.child(at, name) else { return Ok(None) };
            at = child;
        }
        let file = |node: &Node| !matches!(node.kind, NodeKind::Plain(FileKind::Folder) | NodeKind::Whiteout);
        Ok(self.node(at).is_some_and(file).then_some(at))
    }

    fn add_target(&mut self, target: &[u8], budget: &Budget) -> Result<u32, LayerError> {
        if target.len() > MAX_PATH {
            return Err(LayerError::TooLong(target.to_vec()));
        }
        budget.take(size_of::<Box<[u8]>>() + allocation_size(target.len()))?;
        self.targets.push(target.into());
        index(self.targets.len() - 1, budget)
    }

    /// Puts a node into a folder under a name. Of two entries with one path the later counts; a folder stays one, with
    /// all that is in it, under a later folder.
    fn put(&mut self, folder: u32, name: &[u8], node: Node, budget: &Budget) -> Result<(), LayerError> {
        let is_folder = |node: &Node| node.kind == NodeKind::Plain(FileKind::Folder);
        let slot = self.slot(folder, name);
        let old = self.slots.get(slot).copied().unwrap_or(EMPTY);
        if let Some(old) = self.nodes.get_mut(old as usize) {
            // What the layers below have is hidden if any entry of this layer says so, but for a folder that is made
            // after its own whiteout.
            let again = old.kind == NodeKind::Whiteout && is_folder(&node) && !node.implied;
            let opaque = !again && (old.opaque || old.kind == NodeKind::Whiteout);
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

    /// Where this owner is listed. Only the first and the last of the list are compared, because a search for each of
    /// a million owners would take for ever; mostly there is one.
    fn owner_index(&mut self, uid: u32, gid: u32, budget: &Budget) -> Result<u32, LayerError> {
        let owner = (uid, gid);
        if self.owners.first() == Some(&owner) {
            return Ok(0);
        }
        if self.owners.last() != Some(&owner) {
            budget.take(size_of_val(&owner))?;
            self.owners.push(owner);
        }
        index(self.owners.len() - 1, budget)
    }
}

fn index(len: usize, budget: &Budget) -> Result<u32, LayerError> {
    u32::try_from(len).ok().filter(|at| *at != EMPTY).ok_or_else(|| budget.full())
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
pub(crate) fn clean_path(path: &[u8]) -> Result<Vec<u8>, LayerError> {
    Ok(absolute(clean(path)?))
}
