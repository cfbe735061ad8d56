//! The file tree of an image: its layers, each lying upon the one before, and looking up paths in it as the kernel
//! would with the image as root.
//!
//! Layers are not merged: a look-up goes down through them, as an overlay file system does. So an image of many layers
//! costs the memory of its entries once.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::image::builder::Builder;
use crate::image::content::Kept;
use crate::image::layer::{Kind, Layer, MAX_LINKS, MAX_PATH, NodeKind, ROOT};
use crate::image::path::{absolute, components, join};

/// All files of an image.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The lowest first.
    layers: Vec<Arc<Layer>>,
}

/// A file, wherever it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'t> {
    /// What it is.
    pub kind: Kind,
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
    pub kept: &'t Kept,
}

/// An answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'t> {
    /// Where it really is: absolute, without links.
    pub path: Vec<u8>,
    /// The symbolic links that were followed, as absolute paths without links before them, in order.
    pub links: Vec<Vec<u8>>,
    /// The file: never a symbolic link.
    pub entry: Entry<'t>,
}

/// Why a path leads to nothing. Paths are absolute, and without links except for their last component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
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
enum Step {
    Folder(Parts),
    /// A file of this layer, at this place.
    File(usize, u32),
}

impl Tree {
    /// A tree of these layers, the lowest first.
    pub fn new(layers: Vec<Arc<Layer>>) -> Self {
        Self { layers }
    }

    /// For making a tree in memory, without an archive.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What `path` leads to, all symbolic links followed. Relative paths start at the root; `..` there stays there.
    ///
    /// # Errors
    /// What stood in the way.
    pub fn lookup(&self, path: &[u8]) -> Result<Found<'_>, Miss> {
        Walk::new(self, self.layers.len()).go(path, true)
    }

    /// The same for a path that is relative to `folder`, unless it is absolute.
    ///
    /// # Errors
    /// What stood in the way.
    pub fn lookup_from(&self, folder: &[u8], path: &[u8]) -> Result<Found<'_>, Miss> {
        if path.is_empty() { Err(Miss::Missing(Vec::new())) } else { self.lookup(&join(folder, path)) }
    }

    /// What is at `path` itself: a link in its last component is not followed. [`Entry::kind`] may be [`Kind::Link`].
    ///
    /// # Errors
    /// What stood in the way.
    pub fn entry(&self, path: &[u8]) -> Result<Found<'_>, Miss> {
        Walk::new(self, self.layers.len()).go(path, false)
    }

    /// The names in a folder, sorted by bytes.
    ///
    /// # Errors
    /// What stood in the way, or that it is no folder.
    pub fn list(&self, folder: &[u8]) -> Result<Vec<Vec<u8>>, Miss> {
        let mut walk = Walk::new(self, self.layers.len());
        let found = walk.go(folder, true)?;
        let Some((parts, Kind::Folder)) = walk.way.last().map(|(_, parts)| parts).zip(Some(found.entry.kind)) else {
            return Err(Miss::NotAFolder(found.path));
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
    fn step(&self, folder: &Parts, name: &[u8]) -> Option<Step> {
        let mut parts = Parts::new();
        for (number, at) in folder {
            let Some(layer) = self.layers.get(*number) else { continue };
            let Some(child) = layer.child(*at, name) else { continue };
            let Some(node) = layer.node(child) else { continue };
            match node.kind {
                NodeKind::Plain(Kind::Folder) => parts.push((*number, child)),
                NodeKind::Whiteout => break,
                _ if parts.is_empty() => return Some(Step::File(*number, child)),
                _ => break,
            }
            if node.opaque {
                break;
            }
        }
        if parts.is_empty() { None } else { Some(Step::Folder(parts)) }
    }

    /// The entry at a layer's place; a folder that only paths imply takes its permissions from the layer below.
    fn entry_of(&self, layer: usize, at: u32) -> Option<Entry<'_>> {
        let layer = self.layers.get(layer)?;
        let node = layer.node(at)?;
        let NodeKind::Plain(kind) = node.kind else { return None };
        let (uid, gid) = layer.owner(node);
        let (target, kept) = (layer.target(node), layer.kept(node));
        Some(Entry { kind, mode: node.mode, uid, gid, size: node.size, target, kept })
    }

    fn folder_entry(&self, parts: &Parts) -> Entry<'_> {
        let stated = |(layer, at): &&(usize, u32)| {
            self.layers.get(*layer).and_then(|layer| layer.node(*at)).is_some_and(|node| !node.implied)
        };
        let best = parts.iter().find(stated).or(parts.first());
        best.and_then(|(layer, at)| self.entry_of(*layer, *at)).unwrap_or(Entry {
            kind: Kind::Folder,
            mode: 0o755,
            uid: 0,
            gid: 0,
            size: 0,
            target: &[],
            kept: &Kept::Nothing,
        })
    }
}

/// One look-up: where it has come to and what it has met.
struct Walk<'t> {
    tree: &'t Tree,
    /// How many layers count, from the lowest: a hard link sees nothing of the layers above its own.
    below: usize,
    /// The folders from the root to here, with their names; the root's is empty.
    way: Vec<(Vec<u8>, Parts)>,
    links: Vec<Vec<u8>>,
    /// The links whose targets are still being walked, as places in `links`, each with how many components remain
    /// after its target.
    open: Vec<(usize, usize)>,
}

impl<'t> Walk<'t> {
    fn new(tree: &'t Tree, below: usize) -> Self {
        Self { tree, below, way: vec![(Vec::new(), tree.root(below))], links: Vec::new(), open: Vec::new() }
    }

    fn go(&mut self, path: &[u8], follow_last: bool) -> Result<Found<'t>, Miss> {
        if path.is_empty() {
            return Err(Miss::Missing(Vec::new()));
        }
        // What is still to be walked, the next component last. A final `/` asks for a folder, as a final `.` does.
        let mut todo: Vec<Vec<u8>> = components(path).map(<[u8]>::to_vec).collect();
        todo.reverse();
        let wants_folder = path.ends_with(b"/") || path.ends_with(b"/.");
        while let Some(name) = todo.pop() {
            self.open.retain(|(_, after)| *after <= todo.len());
            if name == b".." {
                if self.way.len() > 1 {
                    self.way.pop();
                }
                continue;
            }
            let last = todo.is_empty();
            match self.step(&name)? {
                Step::Folder(parts) => self.way.push((name, parts)),
                Step::File(layer, at) => {
                    let entry = self.file(layer, at, &name)?;
                    if entry.kind == Kind::Link && (follow_last || wants_folder || !last) {
                        self.follow(entry.target, &name, &mut todo)?;
                    } else if !last || wants_folder {
                        return Err(Miss::NotAFolder(self.path(&name)));
                    } else {
                        return Ok(Found { path: self.path(&name), links: std::mem::take(&mut self.links), entry });
                    }
                }
            }
        }
        let entry = self.way.last().map(|(_, parts)| self.tree.folder_entry(parts));
        let entry = entry.ok_or_else(|| Miss::Missing(b"/".to_vec()))?;
        Ok(Found { path: self.path(b""), links: std::mem::take(&mut self.links), entry })
    }

    fn step(&self, name: &[u8]) -> Result<Step, Miss> {
        let step = self.way.last().and_then(|(_, parts)| self.tree.step(parts, name));
        step.ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &[u8]) -> Miss {
        let missing = self.path(name);
        match self.open.last().and_then(|(link, _)| self.links.get(*link)) {
            Some(link) => Miss::Dangling { link: link.clone(), missing },
            None => Miss::Missing(missing),
        }
    }

    fn follow(&mut self, target: &[u8], name: &[u8], todo: &mut Vec<Vec<u8>>) -> Result<(), Miss> {
        let link = self.path(name);
        if self.links.len() == MAX_LINKS || todo.len() > MAX_PATH {
            return Err(Miss::Loop(link));
        }
        self.open.push((self.links.len(), todo.len()));
        self.links.push(link);
        if target.is_empty() {
            return Err(self.missing(name));
        }
        if target.starts_with(b"/") {
            self.way.truncate(1);
        }
        todo.extend(components(target).collect::<Vec<_>>().into_iter().rev().map(<[u8]>::to_vec));
        Ok(())
    }

    /// The file at a layer's place, the layers below searched for what a hard link names.
    fn file(&self, layer: usize, at: u32, name: &[u8]) -> Result<Entry<'t>, Miss> {
        let (mut layer, mut at) = (layer, at);
        for _ in 0..MAX_LINKS {
            if let Some(entry) = self.tree.entry_of(layer, at) {
                return Ok(entry);
            }
            let found = self.tree.layers.get(layer).and_then(|there| Some(there.target(there.node(at)?)));
            let mut parts = self.tree.root((layer + 1).min(self.below));
            let mut end = None;
            for component in components(found.unwrap_or_default()) {
                match self.tree.step(&parts, component) {
                    Some(Step::Folder(next)) => parts = next,
                    Some(Step::File(layer, at)) => end = Some((layer, at)),
                    None => return Err(self.missing(name)),
                }
            }
            (layer, at) = end.ok_or_else(|| self.missing(name))?;
        }
        Err(Miss::Loop(self.path(name)))
    }

    fn path(&self, name: &[u8]) -> Vec<u8> {
        let folders = self.way.iter().skip(1).map(|(name, _)| name.as_slice());
        absolute(folders.chain((!name.is_empty()).then_some(name)))
    }
}

#[cfg(test)]
mod tests {
    use crate::image::{Builder, Kind, Miss, Tree};

    fn tree(builder: Builder) -> Tree {
        builder.build().unwrap()
    }

    #[track_caller]
    fn at(tree: &Tree, path: &str) -> String {
        match tree.lookup(path.as_bytes()) {
            Ok(found) => format!("{:?} {}", found.entry.kind, String::from_utf8(found.path).unwrap()),
            Err(Miss::Missing(path)) => format!("missing {}", String::from_utf8(path).unwrap()),
            Err(Miss::Dangling { link, missing }) => {
                format!("dangling {} {}", String::from_utf8(link).unwrap(), String::from_utf8(missing).unwrap())
            }
            Err(Miss::Loop(path)) => format!("loop {}", String::from_utf8(path).unwrap()),
            Err(Miss::NotAFolder(path)) => format!("no folder {}", String::from_utf8(path).unwrap()),
        }
    }

    #[test]
    fn links_are_resolved_with_the_image_as_root() {
        let tree = tree(
            Tree::builder()
                .folder("usr/lib/x86", 0o755)
                .file("usr/lib/x86/libc.so.6", 0o755, "")
                .link("lib", "usr/lib")
                .link("usr/lib/libc.so", "../../lib/x86/libc.so.6")
                .link("usr/lib/abs.so", "/lib/x86/../libc.so")
                .link("out", "../../../../usr"),
        );
        assert_eq!(at(&tree, "/lib/libc.so"), "File /usr/lib/x86/libc.so.6");
        assert_eq!(at(&tree, "/out/lib/abs.so"), "File /usr/lib/x86/libc.so.6");
        assert_eq!(at(&tree, "../.././lib//x86/"), "Folder /usr/lib/x86");
        assert_eq!(at(&tree, "/lib/x86/.."), "Folder /usr/lib");
        assert_eq!(at(&tree, "/"), "Folder /");
        let found = tree.lookup(b"/out/lib/abs.so").unwrap();
        assert_eq!(found.links, [b"/out" as &[u8], b"/usr/lib/abs.so", b"/lib", b"/usr/lib/libc.so", b"/lib"]);
        let entry = tree.entry(b"/lib/abs.so").unwrap();
        assert_eq!(
            (entry.path.as_slice(), entry.entry.target),
            (b"/usr/lib/abs.so" as &[u8], b"/lib/x86/../libc.so" as &[u8])
        );
    }

    #[test]
    fn a_miss_says_what_is_in_the_way() {
        let tree = tree(
            Tree::builder()
                .file("bin/sh", 0o755, "")
                .link("lib", "usr/lib")
                .link("a", "b")
                .link("b", "/none/deep")
                .link("self", "self")
                .link("sh", "bin")
                .link("empty", ""),
        );
        assert_eq!(at(&tree, "/usr/lib/x"), "missing /usr");
        assert_eq!(at(&tree, "/lib/x"), "dangling /lib /usr");
        assert_eq!(at(&tree, "/a/x"), "dangling /b /none");
        assert_eq!(at(&tree, "/sh/bash"), "missing /bin/bash");
        assert_eq!(at(&tree, "/self"), "loop /self");
        assert_eq!(at(&tree, "/bin/sh/x"), "no folder /bin/sh");
        assert_eq!(at(&tree, "/bin/sh/"), "no folder /bin/sh");
        assert_eq!(at(&tree, ""), "missing ");
        assert_eq!(at(&tree, "/empty"), "dangling /empty /empty");
    }

    #[test]
    fn forty_links_are_followed_and_no_more() {
        let mut builder = Tree::builder().file("l0", 0o644, "");
        for n in 1..=41 {
            builder = builder.link(format!("l{n}"), format!("l{}", n - 1));
        }
        let tree = tree(builder);
        assert_eq!(at(&tree, "/l40"), "File /l0");
        assert_eq!(at(&tree, "/l41"), "loop /l1");
    }

    #[test]
    fn whiteouts_hide_what_is_below_and_nothing_of_their_own_layer() {
        let tree = tree(
            Tree::builder()
                .file("a", 0o644, "")
                .file("d/old", 0o644, "")
                .file("e/old", 0o644, "")
                .file("f/old", 0o644, "")
                .layer()
                .whiteout("a")
                .file("d/new", 0o644, "")
                .opaque("d")
                .whiteout("e")
                .file("e/new", 0o644, "")
                .file("f/new", 0o644, "")
                .layer()
                .file("f/newer", 0o644, ""),
        );
        assert_eq!(at(&tree, "/a"), "missing /a");
        assert_eq!(tree.list(b"/d").unwrap(), [b"new"]);
        assert_eq!(tree.list(b"/e").unwrap(), [b"new"]);
        assert_eq!(tree.list(b"/f").unwrap(), [b"new" as &[u8], b"newer", b"old"]);
        assert_eq!(tree.list(b"/").unwrap(), [b"d", b"e", b"f"]);
        assert_eq!(tree.list(b"/d/new"), Err(Miss::NotAFolder(b"/d/new".to_vec())));
    }

    #[test]
    fn a_later_layer_makes_a_file_a_folder_and_a_folder_a_file() {
        let tree = tree(
            Tree::builder()
                .file("a", 0o644, "")
                .file("b/in", 0o644, "")
                .layer()
                .file("a/in", 0o644, "")
                .file("b", 0o600, "")
                .layer()
                .folder("b", 0o700),
        );
        assert_eq!(at(&tree, "/a/in"), "File /a/in");
        assert_eq!(at(&tree, "/b/in"), "missing /b/in");
        assert_eq!(tree.lookup(b"b").unwrap().entry.mode, 0o700);
    }

    #[test]
    fn a_hard_link_is_the_file_that_it_names_in_its_own_layer_or_below() {
        let tree = tree(
            Tree::builder()
                .owner(7, 8)
                .file("a", 0o751, "#!/bin/sh\n")
                .layer()
                .hard_link("b", "/a")
                .hard_link("c", "b")
                .hard_link("x", "y")
                .hard_link("y", "x")
                .file("k", 0o755, "one")
                .hard_link("l", "k")
                .layer()
                .file("a", 0o600, ""),
        );
        let entry = tree.lookup(b"/c").unwrap().entry;
        assert_eq!((entry.kind, entry.mode, entry.uid, entry.gid), (Kind::File, 0o751, 7, 8));
        assert_eq!(entry.kept.head(), b"#!/bin/sh\n");
        assert_eq!(tree.lookup(b"/l").unwrap().entry.kept.head(), b"one");
        assert_eq!(at(&tree, "/x"), "loop /x");
    }

    #[test]
    fn a_folder_that_only_paths_imply_keeps_the_permissions_from_below() {
        let tree =
            tree(Tree::builder().owner(5, 6).folder("d", 0o700).layer().file("d/x", 0o644, "").file("new/x", 0, ""));
        let entry = tree.lookup(b"d").unwrap().entry;
        assert_eq!((entry.mode, entry.uid, entry.gid), (0o700, 5, 6));
        assert_eq!(tree.lookup(b"new").unwrap().entry.mode, 0o755);
    }
}
