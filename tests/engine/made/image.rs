//! Images made by hand, layer by layer, and loaded into the engine in one go.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::cases::Case;
use crate::command::{run, scratch};
use crate::engine::docker;

/// One entry of a layer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) owner: u64,
    pub(super) what: What,
}

/// What kind of entry it is.
#[derive(Clone, Debug)]
pub(super) enum What {
    File(Vec<u8>),
    Folder,
    Link(String),
    HardLink(String),
}

/// Loads the images of all cases.
#[track_caller]
pub(super) fn load(cases: &[Case]) {
    let folder = scratch().join("made.images");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let layers: Vec<Vec<PathBuf>> = cases.iter().map(|case| write_layers(&folder, case)).collect();
    let sums = sums(&layers.concat());
    let mut manifest = Vec::new();
    let mut sums = sums.iter();
    for (case, layers) in cases.iter().zip(&layers) {
        let digests: Vec<_> = layers.iter().map(|_| format!("sha256:{}", sums.next().unwrap())).collect();
        let config = format!("{}.json", case.name);
        fs::write(folder.join(&config), configuration(case, &digests).to_string()).unwrap();
        let names: Vec<_> = layers.iter().map(|layer| layer.file_name().unwrap().to_str().unwrap()).collect();
        manifest.push(json!({ "Config": config, "RepoTags": [case.tag()], "Layers": names }));
    }
    fs::write(folder.join("manifest.json"), Value::Array(manifest).to_string()).unwrap();
    let archive = scratch().join("made.images.tar");
    run("made.pack", Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(&folder).arg(".")).succeeds();
    docker("made.load", &["load", "--quiet", "--input", archive.to_str().unwrap()]).succeeds();
    fs::remove_dir_all(folder).unwrap();
    fs::remove_file(archive).unwrap();
}

fn configuration(case: &Case, layers: &[String]) -> Value {
    let history: Vec<_> = layers.iter().map(|_| json!({ "created": "1970-01-01T00:00:00Z" })).collect();
    json!({
        "architecture": case.architecture, "os": "linux", "created": "1970-01-01T00:00:00Z", "config": case.config,
        "rootfs": { "type": "layers", "diff_ids": layers }, "history": history,
    })
}

fn write_layers(folder: &Path, case: &Case) -> Vec<PathBuf> {
    let paths = (0..case.layers.len()).map(|number| folder.join(format!("{}-{number}.tar", case.name)));
    let paths: Vec<_> = paths.collect();
    for (path, entries) in paths.iter().zip(&case.layers) {
        let mut tar = tar::Builder::new(File::create(path).unwrap());
        for entry in entries {
            append(&mut tar, entry);
        }
        tar.finish().unwrap();
    }
    paths
}

fn append(tar: &mut tar::Builder<File>, entry: &Entry) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(entry.owner);
    header.set_gid(entry.owner);
    header.set_mtime(0);
    let path = entry.path.trim_start_matches('/');
    let (kind, data, target) = match &entry.what {
        What::File(bytes) => (tar::EntryType::Regular, bytes.as_slice(), None),
        What::Folder => (tar::EntryType::Directory, &[][..], None),
        What::Link(target) => (tar::EntryType::Symlink, &[][..], Some(target.as_str())),
        What::HardLink(target) => (tar::EntryType::Link, &[][..], Some(target.trim_start_matches('/'))),
    };
    header.set_entry_type(kind);
    header.set_size(data.len() as u64);
    if let Some(target) = target {
        header.set_link_name_literal(target).unwrap();
    }
    tar.append_data(&mut header, path, data).unwrap();
}

/// The SHA-256 of each file, by which an image names its layers.
#[track_caller]
fn sums(files: &[PathBuf]) -> Vec<String> {
    let listed = run("made.sums", Command::new("sha256sum").args(files)).succeeds().stdout;
    listed.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}
