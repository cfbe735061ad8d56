//! Dockerfiles that are links: what each builder makes of one, and that it builds what mkcompose names.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::command::{Ran, run};
use crate::engine::turn_on;

/// Links in the folder `a`, where each leads, and whether `BuildKit` builds the link by its own path.
const LINKS: [(&str, &str, bool); 7] = [
    ("near", "Dockerfile.own", true),
    ("below", "sub/Dockerfile.y", true),
    ("through", "folder/Dockerfile.y", true),
    ("other", "../b/Dockerfile.x", false),
    ("back", "../a/Dockerfile.own", false),
    ("second", "Dockerfile.other", false),
    ("absolute", "/a/Dockerfile.own", false),
];

fn current_docker() -> String {
    std::env::var("MINIMAGE_OVERLAY2_DOCKER").expect("start one with eval \"$(.ci/current-engines)\"")
}

/// A repository with these links, below /tmp, which the current engine's client sees too.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("mkcompose-linked-").tempdir_in("/tmp").unwrap();
    for file in ["a/Dockerfile.own", "a/sub/Dockerfile.y", "b/Dockerfile.x"] {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "FROM scratch\nCOPY f /\n").unwrap();
        fs::write(path.with_file_name("f"), file).unwrap();
    }
    symlink("sub", folder.path().join("a/folder")).unwrap();
    for (name, to, _) in LINKS {
        let to = to.strip_prefix('/').map_or_else(|| to.into(), |below| folder.path().join(below));
        symlink(to, folder.path().join(format!("a/Dockerfile.{name}"))).unwrap();
    }
    fs::write(folder.path().join("mkcompose.yml"), "image: mkcompose-test-linked\n").unwrap();
    folder
}

#[track_caller]
fn ran(folder: &Path, program: &str, args: &[&str]) -> Ran {
    // `run` starts in the repository's folder.
    let mut command = Command::new("env");
    command.arg("-C").arg(folder).arg(program).args(args);
    run("linked", &mut command)
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_link_builds_by_the_path_that_the_compose_file_names_and_by_its_own_only_within_its_folder() {
    let _turns = ["docker", "overlay2"].map(turn_on);
    let folder = repository();
    let folder = folder.path();
    let current = current_docker();
    for docker in ["docker", &current] {
        for (name, _, builds) in LINKS {
            let file = format!("a/Dockerfile.{name}");
            let built = ran(folder, docker, &["buildx", "build", "--output", "type=cacheonly", "-f", &file, "a"]);
            assert_eq!(built.code == Some(0), builds, "{}", built.failure(name));
        }
    }
    ran(folder, env!("CARGO_BIN_EXE_mkcompose"), &["-q"]).succeeds();
    ran(folder, "docker", &["compose", "build"]).succeeds();
    ran(folder, "docker", &["buildx", "bake", "-f", "docker-compose.yml"]).succeeds();
    ran(folder, "docker-compose", &["build"]).succeeds();
    ran(folder, &current, &["compose", "build"]).succeeds();
    ran(folder, &current, &["buildx", "bake", "-f", "docker-compose.yml"]).succeeds();
    for docker in ["docker", &current] {
        ran(folder, env!("CARGO_BIN_EXE_mkcompose"), &["build", "--docker", docker, "--logs", "logs"]).succeeds();
        let images = ran(folder, docker, &["images", "-q", "mkcompose-test-linked"]).succeeds();
        let mut images: Vec<&str> = images.stdout.lines().collect();
        assert!(!images.is_empty());
        images.dedup();
        ran(folder, docker, &[&["rmi", "--force"], images.as_slice()].concat()).succeeds();
    }
}
