//! The file tree that is read from what the engine saves is the one that it would run: each file of the one is a file of
//! the other, with the same kind, permissions, owner, length and target.

use std::collections::BTreeMap;
use std::fs::{self, File};

use image_analyzer::file::FileKind;
use image_analyzer::{FileTree, ReadOptions, read_archive};

use crate::command::scratch;
use crate::engine::{docker, turn};

/// Layers that hide, replace and link what is in the layers below them.
const DOCKERFILE: &str = r"FROM busybox
RUN mkdir -p /t/opaque/old /t/folder /t/gone/deep /t/kept \
 && echo one > /t/folder/one && ln /t/folder/one /t/folder/two && ln -s folder/one /t/link && mkfifo /t/pipe \
 && echo x > /t/file && echo x > /t/gone/deep/x && chmod 4751 /t/folder/one && chown -h 12:34 /t/file /t/link
RUN rm -r /t/opaque && mkdir /t/opaque && echo new > /t/opaque/new && rm -r /t/gone \
 && rm /t/file && mkdir -m 700 /t/file && echo in > /t/file/in && chmod 1777 /t/kept
RUN rm -r /t/folder && echo file > /t/folder && rm /t/link && ln -s /nowhere /t/link && ln /t/folder /t/again
USER 12:34
";

/// What the engine puts into every container.
const ADDED: [&str; 5] = [".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"];

fn is_added(path: &str) -> bool {
    ADDED.contains(&path) || ["dev", "proc", "sys"].iter().any(|top| path.split('/').next() == Some(top))
}

/// Kind, permissions, owner, length and target; a folder's length is the file system's affair.
type Facts = (FileKind, u32, u64, u64, u64, Vec<u8>);

fn of_tree(tree: &FileTree) -> BTreeMap<String, Facts> {
    let mut facts = BTreeMap::new();
    let mut todo = vec![String::new()];
    while let Some(folder) = todo.pop() {
        for name in tree.list(format!("/{folder}").as_bytes()).unwrap() {
            let path = format!("{folder}/{}", String::from_utf8(name).unwrap());
            let entry = tree.entry(path.as_bytes()).unwrap().entry;
            let size = if entry.kind == FileKind::File { entry.size } else { 0 };
            let owner = (u64::from(entry.uid), u64::from(entry.gid));
            let fact = (entry.kind, u32::from(entry.mode), owner.0, owner.1, size, entry.target.to_vec());
            if entry.kind == FileKind::Folder {
                todo.push(path.clone());
            }
            facts.insert(path.trim_start_matches('/').to_owned(), fact);
        }
    }
    facts.retain(|path, _| !is_added(path));
    facts
}

fn of_export(mut archive: tar::Archive<File>) -> BTreeMap<String, Facts> {
    let mut facts: BTreeMap<String, Facts> = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().trim_end_matches('/').to_owned();
        let header = entry.header();
        let target = entry.link_name_bytes().map(|target| target.to_vec()).unwrap_or_default();
        let kind = match header.entry_type() {
            tar::EntryType::Link => {
                let linked = facts[std::str::from_utf8(&target).unwrap()].clone();
                facts.insert(path, linked);
                continue;
            }
            tar::EntryType::Directory => FileKind::Folder,
            tar::EntryType::Symlink => FileKind::Link,
            tar::EntryType::Fifo => FileKind::Pipe,
            tar::EntryType::Char => FileKind::CharDevice,
            _ => FileKind::File,
        };
        let (mode, uid, gid) = (header.mode().unwrap() & 0o7777, header.uid().unwrap(), header.gid().unwrap());
        facts.insert(path, (kind, mode, uid, gid, header.size().unwrap(), target));
    }
    facts.retain(|path, _| !path.is_empty() && !is_added(path));
    facts
}

#[test]
#[ignore = "needs a Docker engine"]
fn what_is_read_of_a_saved_image_is_what_a_container_of_it_has() {
    const IMAGE: &str = "minimage-test:tree";
    const CONTAINER: &str = "minimage-test-tree";
    let _turn = turn();
    let folder = scratch().join("tree");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("Dockerfile"), DOCKERFILE).unwrap();
    docker("tree.build", &["build", "--tag", IMAGE, folder.to_str().unwrap()]).succeeds();
    let saved = folder.join("saved.tar");
    docker("tree.save", &["save", "--output", saved.to_str().unwrap(), IMAGE]).succeeds();
    docker("tree.rm", &["rm", "--force", CONTAINER]);
    docker("tree.create", &["create", "--name", CONTAINER, IMAGE, "/bin/true"]).succeeds();
    let exported = folder.join("exported.tar");
    docker("tree.export", &["export", "--output", exported.to_str().unwrap(), CONTAINER]).succeeds();
    docker("tree.rm", &["rm", "--force", CONTAINER]).succeeds();
    docker("tree.rmi", &["rmi", IMAGE]).succeeds();

    let image = read_archive(File::open(saved).unwrap(), &ReadOptions::default()).unwrap();
    assert_eq!(image.names, [IMAGE]);
    assert_eq!(image.config.user, "12:34");
    let (tree, export) = (of_tree(&image.files), of_export(tar::Archive::new(File::open(exported).unwrap())));
    let apart: Vec<_> = tree.keys().chain(export.keys()).filter(|path| tree.get(*path) != export.get(*path)).collect();
    assert!(
        apart.is_empty(),
        "{:?}",
        apart.iter().map(|path| (path, tree.get(*path), export.get(*path))).collect::<Vec<_>>()
    );
    assert!(tree.contains_key("t/again") && !tree.contains_key("t/gone") && tree.len() > 20, "{tree:?}");
}
