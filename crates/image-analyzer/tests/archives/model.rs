//! Random layers, held against the plainest model of what unpacking them one upon the other gives.

use std::collections::BTreeMap;

use image_analyzer::file::FileKind;
use image_analyzer::{FileTree, FileTreeBuilder, ReadOptions, read_archive};
use proptest::prelude::*;

use crate::make::{Item, docker_new, docker_old, file, folder, link, pack, tar};

/// One change that a layer makes. Paths have up to three of the names `a`, `b`, `c`, so that they meet.
#[derive(Clone, Debug)]
enum Change {
    File(String, u16),
    Folder(String, u16),
    Link(String, String),
    Whiteout(String),
    Opaque(String),
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[abc]", 1..4).prop_map(|names| names.join("/"))
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (path(), 0u16..0o1000).prop_map(|(path, mode)| Change::File(path, mode)),
        3 => (path(), 0u16..0o1000).prop_map(|(path, mode)| Change::Folder(path, mode)),
        1 => (path(), path()).prop_map(|(path, target)| Change::Link(path, target)),
        2 => path().prop_map(Change::Whiteout),
        1 => path().prop_map(Change::Opaque),
    ]
}

/// What is at a path: kind, permissions, target.
type Model = BTreeMap<String, (FileKind, u16, String)>;

fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(slash, _)| &path[..slash])
}

/// Removes a path and all below it.
fn remove(model: &mut Model, path: &str) {
    let below = format!("{path}/");
    model.retain(|at, _| at != path && !at.starts_with(&below));
}

/// Does the layer hide what is below at this path? Not where its own entry makes a folder again after the whiteout.
fn hides(layer: &[Change], path: &str) -> bool {
    let (mut there, mut whiteout, mut hides) = (false, false, false);
    for change in layer {
        let (at, is_folder, is_entry) = match change {
            Change::File(at, _) | Change::Link(at, _) | Change::Opaque(at) => (at, false, true),
            Change::Folder(at, _) => (at, true, true),
            Change::Whiteout(at) => (at, false, false),
        };
        if at == path && !is_entry {
            (whiteout, hides) = (true, hides || there);
        } else if at == path || parents(at).any(|folder| folder == path) {
            let again = at == path && is_folder && !there;
            (there, hides, whiteout) = (true, hides || (whiteout && !again), false);
        }
    }
    hides || whiteout
}

/// Unpacks a layer upon a model, or `None` if it cannot be: something below what is not a folder.
fn unpack(model: &mut Model, layer: &[Change]) -> Option<()> {
    // What the layer hides goes first, whatever the order: it never touches the layer's own entries.
    for change in layer {
        match change {
            Change::Whiteout(path) if hides(layer, path) => remove(model, path),
            Change::Opaque(path) => model.retain(|at, _| !at.starts_with(&format!("{path}/"))),
            _ => {}
        }
    }
    let mut own = Model::new();
    for change in layer {
        let (path, entry) = match change {
            Change::File(path, mode) => (path, Some((FileKind::File, *mode, String::new()))),
            Change::Folder(path, mode) => (path, Some((FileKind::Folder, *mode, String::new()))),
            Change::Link(path, target) => (path, Some((FileKind::Link, 0o777, target.clone()))),
            Change::Whiteout(path) | Change::Opaque(path) => (path, None),
        };
        let is_opaque = matches!(change, Change::Opaque(_));
        let implied = parents(path).chain(is_opaque.then_some(path.as_str()));
        for folder in implied {
            match own.get(folder) {
                Some((FileKind::Folder, ..)) => {}
                Some(_) => return None,
                None => {
                    // A folder that hides all that is below takes nothing from there, not even its permissions.
                    let opaque = layer.iter().any(|change| matches!(change, Change::Opaque(path) if path == folder));
                    let below = model.get(folder).filter(|(kind, ..)| *kind == FileKind::Folder && !opaque);
                    let mode = below.map_or(0o755, |(_, mode, _)| *mode);
                    own.insert(folder.to_owned(), (FileKind::Folder, mode, String::new()));
                }
            }
        }
        if let Some(entry) = entry {
            if entry.0 != FileKind::Folder {
                remove(&mut own, path);
            }
            own.insert(path.clone(), entry);
        }
    }
    for (path, entry) in &own {
        if entry.0 != FileKind::Folder || model.get(path).is_some_and(|(kind, ..)| *kind != FileKind::Folder) {
            remove(model, path);
        }
    }
    model.extend(own);
    Some(())
}

fn item(change: &Change) -> Item {
    match change {
        Change::File(path, mode) => file(path, "").mode(u32::from(*mode)),
        Change::Folder(path, mode) => folder(path).mode(u32::from(*mode)),
        Change::Link(path, target) => link(path, target).mode(0o777),
        Change::Whiteout(path) => {
            let (folder, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
            file(format!("{folder}/.wh.{name}"), "")
        }
        Change::Opaque(path) => file(format!("{path}/.wh..wh..opq"), ""),
    }
}

fn build(builder: FileTreeBuilder, change: &Change) -> FileTreeBuilder {
    match change {
        Change::File(path, mode) => builder.file(path, *mode, ""),
        Change::Folder(path, mode) => builder.folder(path, *mode),
        Change::Link(path, target) => builder.link(path, target),
        Change::Whiteout(path) => builder.whiteout(path),
        Change::Opaque(path) => builder.opaque(path),
    }
}

/// Everything in a tree, links not followed.
fn all(tree: &FileTree) -> Model {
    let mut model = Model::new();
    let mut todo = vec![String::new()];
    while let Some(folder) = todo.pop() {
        for name in tree.list(format!("/{folder}").as_bytes()).unwrap() {
            let name = String::from_utf8(name).unwrap();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let found = tree.entry(path.as_bytes()).unwrap();
            assert_eq!(found.path, format!("/{path}").as_bytes());
            if found.entry.kind == FileKind::Folder {
                todo.push(path.clone());
            }
            let target = String::from_utf8(found.entry.target.to_vec()).unwrap();
            model.insert(path, (found.entry.kind, found.entry.mode, target));
        }
    }
    model
}

/// Links would lead entries elsewhere, which the model does not know; `links` leaves paths through them out. A whiteout
/// below what the same layer also says is a file has no meaning that engines agree on: those are left out too.
fn layers() -> impl Strategy<Value = Vec<Vec<Change>>> {
    proptest::collection::vec(proptest::collection::vec(change(), 0..8), 1..5).prop_filter("through a link", |layers| {
        layers.iter().all(|layer| {
            let file = |path: &str| layer.iter().any(|change| matches!(change, Change::File(file, _) if file == path));
            let links = |path: &str| layer.iter().any(|change| matches!(change, Change::Link(link, _) if link == path));
            layer.iter().all(|change| match change {
                Change::Whiteout(path) | Change::Opaque(path) if parents(path).any(file) => false,
                Change::File(path, _) | Change::Folder(path, _) | Change::Link(path, _) | Change::Whiteout(path) => {
                    !parents(path).any(links)
                }
                Change::Opaque(path) => !parents(path).chain([path.as_str()]).any(links),
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn a_stack_of_layers_is_what_unpacking_them_in_order_gives(layers in layers()) {
        let mut model = Model::new();
        let model = layers.iter().try_for_each(|layer| unpack(&mut model, layer)).map(|()| model);
        let mut builder = FileTreeBuilder::new();
        for (number, layer) in layers.iter().enumerate() {
            builder = if number == 0 { builder } else { builder.layer() };
            builder = layer.iter().fold(builder, build);
        }
        let built = builder.build().ok().map(|tree| all(&tree));
        prop_assert_eq!(&built, &model);
        let tars: Vec<Vec<u8>> = layers.iter().map(|layer| tar(&layer.iter().map(item).collect::<Vec<_>>())).collect();
        let image = read_archive(tar(&docker_old(&tars, false)).as_slice(), &ReadOptions::default());
        prop_assert_eq!(image.ok().map(|image| all(&image.files)), model);
    }

    #[test]
    fn any_bytes_are_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert!(read_archive(bytes.as_slice(), &ReadOptions::default()).is_err());
    }

    #[test]
    fn any_bytes_as_a_layer_are_an_error_or_an_image(
        bytes in proptest::collection::vec(any::<u8>(), 0..1500),
        packed in proptest::sample::select(&crate::make::PACKED[..]),
    ) {
        let _ = read_archive(tar(&docker_new(&[pack(packed, &bytes)])).as_slice(), &ReadOptions::default());
    }
}
