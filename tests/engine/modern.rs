//! Images that are built on each other, through a current Compose and bake: these alone know
//! `additional_contexts: {BASE: service:NAME}`. `.ci/current-engines` starts the engine and names its `docker`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::engine::turn_on;

/// A repository of two images, of which `child` is built on `base`, with the Compose file that mkcompose writes.
fn repository() -> TempDir {
    // Below /tmp, which that engine's client sees too.
    let folder = tempfile::Builder::new().prefix("mkcompose-modern-").tempdir_in("/tmp").unwrap();
    for (path, text) in [
        ("base/Dockerfile", "FROM scratch\nCOPY a /\n"),
        ("base/a", "a\n"),
        ("child/Dockerfile", "ARG BASE=docker.io/mkcompose-modern/base\nFROM $BASE\nCOPY b /\n"),
        ("child/b", "b\n"),
        ("mkcompose.yml", "image: mkcompose-modern/{service}\n"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let run = Command::new(env!("CARGO_BIN_EXE_mkcompose")).arg("-q").current_dir(folder.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    folder
}

fn docker() -> String {
    std::env::var("MINIMAGE_MODERN_DOCKER").expect("start a current engine with eval \"$(.ci/current-engines)\"")
}

#[track_caller]
fn run(folder: &Path, program: &str, args: &[&str]) -> Output {
    let output = Command::new(program).args(args).current_dir(folder).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}\n{stderr}");
    output
}

/// Removes both images, so that the next build cannot find the base as an image.
fn forget(folder: &Path) {
    for image in ["mkcompose-modern/child", "mkcompose-modern/base"] {
        let _ = Command::new(docker()).args(["image", "rm", "--force", image]).current_dir(folder).output();
    }
}

/// What the files of `child`'s image are, without running it: it has no program.
#[track_caller]
fn has_both_layers(folder: &Path) {
    let output =
        run(folder, &docker(), &["image", "inspect", "--format", "{{len .RootFS.Layers}}", "mkcompose-modern/child"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "2");
}

#[test]
#[ignore = "needs a Docker engine"]
fn compose_bake_and_mkcompose_build_a_child_alone_and_its_base_first() {
    let _turn = turn_on("containerd");
    let folder = repository();
    let folder = folder.path();
    forget(folder);
    run(folder, &docker(), &["compose", "build", "child"]);
    has_both_layers(folder);
    forget(folder);
    run(folder, &docker(), &["buildx", "bake", "-f", "docker-compose.yml", "child"]);
    has_both_layers(folder);
    let printed = run(folder, &docker(), &["buildx", "bake", "-f", "docker-compose.yml", "--print", "child"]);
    let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed["target"]["child"]["contexts"]["mkcompose-modern/base"], "target:base");
    forget(folder);
    run(folder, env!("CARGO_BIN_EXE_mkcompose"), &["build", "child", "--docker", &docker(), "--logs", "logs"]);
    has_both_layers(folder);
    forget(folder);
}
