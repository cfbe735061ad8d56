//! One look-up: a path walked component by component, as the kernel does (Linux manual, path resolution).

use super::{Child, FileEntry, FileTree, FoundFile, LookupError, Parts};
use crate::layer::{FileKind, MAX_LINKS, MAX_PATH};
use crate::path::{absolute, components};

/// One look-up: where it has come to and what it has met.
pub(super) struct Walk<'t> {
    tree: &'t FileTree,
    /// How many layers count, from the lowest: a hard link sees nothing of the layers above its own.
    below: usize,
    /// The folders from the root to here, with their names; the root's is empty.
    pub(super) folders: Vec<(Vec<u8>, Parts)>,
    links: Vec<Vec<u8>>,
    /// The links whose targets are still being walked, as places in `links`, each with how many components remain
    /// after its target.
    open: Vec<(usize, usize)>,
    /// Is what is missing taken for an empty folder?
    makes: bool,
}

impl<'t> Walk<'t> {
    pub(super) fn new(tree: &'t FileTree, below: usize) -> Self {
        Self {
            tree,
            below,
            folders: vec![(Vec::new(), tree.root(below))],
            links: Vec::new(),
            open: Vec::new(),
            makes: false,
        }
    }

    /// Where the folder at `path` would be if those that are missing were made on the way.
    pub(super) fn make(mut self, path: &[u8]) -> Result<Vec<u8>, LookupError> {
        self.makes = true;
        Ok(self.go(path, true)?.path)
    }

    pub(super) fn go(&mut self, path: &[u8], follow_last: bool) -> Result<FoundFile<'t>, LookupError> {
        if path.is_empty() {
            return Err(LookupError::Missing(Vec::new()));
        }
        // What is still to be walked, the next component last. A final `/` asks for a folder, as a final `.` does.
        let mut todo: Vec<Vec<u8>> = components(path).map(<[u8]>::to_vec).collect();
        todo.reverse();
        let wants_folder = path.ends_with(b"/") || path.ends_with(b"/.");
        while let Some(name) = todo.pop() {
            self.open.retain(|(_, after)| *after <= todo.len());
            if name == b".." {
                if self.folders.len() > 1 {
                    self.folders.pop();
                }
                continue;
            }
            let last = todo.is_empty();
            let step = self.step(&name);
            match if self.makes { step.unwrap_or_else(|_| Child::Folder(Parts::new())) } else { step? } {
                Child::Folder(parts) => self.folders.push((name, parts)),
                Child::File(layer, at) => {
                    let entry = self.file(layer, at, &name)?;
                    if entry.kind == FileKind::Link && (follow_last || wants_folder || !last) {
                        self.follow(entry.target, &name, &mut todo)?;
                    } else if !last || wants_folder {
                        return Err(LookupError::NotAFolder(self.path(&name)));
                    } else {
                        return Ok(FoundFile { path: self.path(&name), links: std::mem::take(&mut self.links), entry });
                    }
                }
            }
        }
        let entry = self.folders.last().map(|(_, parts)| self.tree.folder_entry(parts));
        let entry = entry.ok_or_else(|| LookupError::Missing(b"/".to_vec()))?;
        Ok(FoundFile { path: self.path(b""), links: std::mem::take(&mut self.links), entry })
    }

    fn step(&self, name: &[u8]) -> Result<Child, LookupError> {
        let step = self.folders.last().and_then(|(_, parts)| self.tree.step(parts, name));
        step.ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &[u8]) -> LookupError {
        let missing = self.path(name);
        match self.open.last().and_then(|(link, _)| self.links.get(*link)) {
            Some(link) => LookupError::Dangling { link: link.clone(), missing },
            None => LookupError::Missing(missing),
        }
    }

    fn follow(&mut self, target: &[u8], name: &[u8], todo: &mut Vec<Vec<u8>>) -> Result<(), LookupError> {
        let link = self.path(name);
        if self.links.len() == MAX_LINKS || todo.len() > MAX_PATH {
            return Err(LookupError::Loop(link));
        }
        self.open.push((self.links.len(), todo.len()));
        self.links.push(link);
        if target.is_empty() {
            return Err(self.missing(name));
        }
        if target.starts_with(b"/") {
            self.folders.truncate(1);
        }
        todo.extend(components(target).collect::<Vec<_>>().into_iter().rev().map(<[u8]>::to_vec));
        Ok(())
    }

    /// The file at a layer's place, the layers below searched for what a hard link names.
    fn file(&self, layer: usize, at: u32, name: &[u8]) -> Result<FileEntry<'t>, LookupError> {
        // Mode and owner of a hard link are those of its own entry: they were set last.
        let first = self.tree.layers.get(layer).and_then(|there| Some(there.rights(there.node(at)?)));
        let (mut layer, mut at) = (layer, at);
        for _ in 0..MAX_LINKS {
            if let Some(entry) = self.tree.entry_of(layer, at) {
                let (mode, uid, gid) = first.unwrap_or((entry.mode, entry.uid, entry.gid));
                return Ok(FileEntry { mode, uid, gid, ..entry });
            }
            let found = self.tree.layers.get(layer).and_then(|there| Some(there.target(there.node(at)?)));
            let mut parts = self.tree.root((layer + 1).min(self.below));
            let mut end = None;
            for component in components(found.unwrap_or_default()) {
                match self.tree.step(&parts, component) {
                    Some(Child::Folder(next)) => parts = next,
                    Some(Child::File(layer, at)) => end = Some((layer, at)),
                    None => return Err(self.missing(name)),
                }
            }
            (layer, at) = end.ok_or_else(|| self.missing(name))?;
        }
        Err(LookupError::Loop(self.path(name)))
    }

    fn path(&self, name: &[u8]) -> Vec<u8> {
        let folders = self.folders.iter().skip(1).map(|(name, _)| name.as_slice());
        absolute(folders.chain((!name.is_empty()).then_some(name)))
    }
}
