//! Links, misses, whiteouts and replacements, layer upon layer.

use crate::layer::FileKind;
use crate::tree::LookupError;
use crate::{FileTree, FileTreeBuilder};

fn tree(builder: FileTreeBuilder) -> FileTree {
    builder.build().unwrap()
}

#[track_caller]
fn at(tree: &FileTree, path: &str) -> String {
    match tree.lookup(path.as_bytes()) {
        Ok(found) => format!("{:?} {}", found.entry.kind, String::from_utf8(found.path).unwrap()),
        Err(LookupError::Missing(path)) => format!("missing {}", String::from_utf8(path).unwrap()),
        Err(LookupError::Dangling { link, missing }) => {
            format!("dangling {} {}", String::from_utf8(link).unwrap(), String::from_utf8(missing).unwrap())
        }
        Err(LookupError::Loop(path)) => format!("loop {}", String::from_utf8(path).unwrap()),
        Err(LookupError::NotAFolder(path)) => format!("no folder {}", String::from_utf8(path).unwrap()),
    }
}

#[test]
fn links_are_resolved_with_the_image_as_root() {
    let tree = tree(
        FileTreeBuilder::new()
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
        FileTreeBuilder::new()
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
    let mut builder = FileTreeBuilder::new().file("l0", 0o644, "");
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
        FileTreeBuilder::new()
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
    assert_eq!(tree.list(b"/d/new"), Err(LookupError::NotAFolder(b"/d/new".to_vec())));
}

/// Docker's overlay2 makes the folder in place of the whiteout, containerd a new one: what is missed has to be missing
/// with both.
#[test]
fn what_was_in_a_folder_that_its_layer_removes_and_then_makes_is_not_missed() {
    let below = || FileTreeBuilder::new().file("d/old", 0o644, "").layer();
    let made = tree(below().whiteout("d").folder("d", 0o700).file("d/new", 0o644, ""));
    assert_eq!(made.list(b"/d").unwrap(), [b"new", b"old"]);
    assert_eq!(made.lookup(b"d").unwrap().entry.mode, 0o700);
    assert_eq!(tree(below().folder("d", 0o700).whiteout("d")).list(b"/d").unwrap(), [b""; 0]);
    assert_eq!(tree(below().whiteout("d").folder("d", 0o700).opaque("d")).list(b"/d").unwrap(), [b""; 0]);
    assert_eq!(tree(below().whiteout("d").folder("d", 0o700).whiteout("d")).list(b"/d").unwrap(), [b""; 0]);
}

#[test]
fn a_later_layer_makes_a_file_a_folder_and_a_folder_a_file() {
    let tree = tree(
        FileTreeBuilder::new()
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
        FileTreeBuilder::new()
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
    assert_eq!((entry.kind, entry.mode, entry.uid, entry.gid), (FileKind::File, 0o751, 7, 8));
    assert_eq!(entry.content.head(), b"#!/bin/sh\n");
    assert_eq!(tree.lookup(b"/l").unwrap().entry.content.head(), b"one");
    assert_eq!(at(&tree, "/x"), "loop /x");
}

#[test]
fn a_folder_that_only_paths_imply_keeps_the_permissions_from_below() {
    let tree =
        tree(FileTreeBuilder::new().owner(5, 6).folder("d", 0o700).layer().file("d/x", 0o644, "").file("new/x", 0, ""));
    let entry = tree.lookup(b"d").unwrap().entry;
    assert_eq!((entry.mode, entry.uid, entry.gid), (0o700, 5, 6));
    assert_eq!(tree.lookup(b"new").unwrap().entry.mode, 0o755);
}

#[test]
fn a_folder_can_be_made_where_nothing_is_and_only_there() {
    let tree =
        tree(FileTreeBuilder::new().folder("a", 0o700).link("w", "b/c").file("f", 0o644, "").file("hello", 0o755, ""));
    let made = tree.with_folder(b"/a/b/../x");
    assert_eq!(at(&made, "/a/x/../../hello"), "File /hello");
    assert_eq!(made.lookup(b"/a").unwrap().entry.mode, 0o700, "what is there stays as it is");
    assert_eq!(at(&tree.with_folder(b"/w"), "/w/./../../hello"), "File /hello", "where the link leads");
    assert_eq!(tree.with_folder(b"/a").lookup(b"/a").unwrap().entry.mode, 0o700);
    assert_eq!(at(&tree.with_folder(b"/f/x"), "/f/x"), "no folder /f");
    let endless = "/a".repeat(1 << 20);
    assert!(tree.with_folder(endless.as_bytes()).lookup(b"/a/a").is_err(), "longer than a path can be");
}
