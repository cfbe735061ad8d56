//! The engine under test: whose turn it is, and what it says of itself, its images and its containers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::command::{Ran, run, scratch};

/// The container runtime since whose release an executable that cannot be executed ends with 255 instead of 1.
const RUNC_WITH_255: (u32, u32) = (1, 2);

/// As long as it is there, no other test uses the engine, be it of this run or of another one on this machine.
pub(crate) struct Turn {
    _of_threads: MutexGuard<'static, ()>,
    _of_processes: File,
}

/// Waits for the turn, and fails if no engine answers.
#[track_caller]
pub(crate) fn turn() -> Turn {
    static TURN: Mutex<()> = Mutex::new(());
    let of_threads = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let of_processes = File::create(std::env::temp_dir().join("minimage-engine-tests.lock")).unwrap();
    flock(&of_processes, FlockOperation::LockExclusive).unwrap();
    let answer = docker("info", &["info"]);
    assert!(
        answer.code == Some(0),
        "{}\nto have one started: eval \"$(.ci/engine)\" && eval \"$(tests/bases/build)\"",
        answer.failure("should find an engine")
    );
    Turn { _of_threads: of_threads, _of_processes: of_processes }
}

/// Runs `docker`; the output is kept as `name`.
#[track_caller]
pub(crate) fn docker(name: &str, arguments: &[&str]) -> Ran {
    run(name, Command::new("docker").args(arguments))
}

/// The engines, each a name and its command line, the one that `docker` asks first.
pub(crate) fn engines() -> Vec<(&'static str, PathBuf)> {
    let named = |variable: &str| {
        PathBuf::from(std::env::var_os(variable).expect("start the engines with eval \"$(.ci/current-engines)\""))
    };
    vec![
        ("docker", PathBuf::from("docker")),
        ("overlay2", named("MINIMAGE_OVERLAY2_DOCKER")),
        ("containerd", named("MINIMAGE_MODERN_DOCKER")),
        ("podman", named("MINIMAGE_PODMAN")),
    ]
}

/// Whether the base images are the stand-ins of `tests/bases`, and not the official ones.
pub(crate) fn has_stand_ins() -> bool {
    std::env::var("MINIMAGE_BASES").as_deref() != Ok("real")
}

/// Whether the engine has `image`.
#[track_caller]
pub(crate) fn has_image(image: &str) -> bool {
    docker("image-inspect", &["image", "inspect", image]).code == Some(0)
}

/// The size of `image` in bytes, as `docker images` counts it.
#[track_caller]
pub(crate) fn image_size(image: &str) -> u64 {
    inspected("image-size", &["image", "inspect", "--format", "{{json .Size}}", image])
}

/// What `docker inspect` says of a container's state.
#[track_caller]
pub(crate) fn container_state(container: &str) -> Value {
    inspected("container-state", &["container", "inspect", "--format", "{{json .State}}", container])
}

/// The paths of all files in a container or, unstarted, an image; without a leading `/`.
#[track_caller]
pub(crate) fn files_of(image: &str) -> BTreeSet<String> {
    const CONTAINER: &str = "minimage-test-files";
    docker("files.rm", &["rm", "--force", CONTAINER]);
    docker("files.create", &["create", "--name", CONTAINER, image]).succeeds();
    let archive = scratch().join("files.tar");
    docker("files.export", &["export", "--output", archive.to_str().unwrap(), CONTAINER]).succeeds();
    docker("files.rm", &["rm", "--force", CONTAINER]).succeeds();
    let listed = run("files.list", Command::new("tar").arg("-tf").arg(&archive)).succeeds();
    fs::remove_file(archive).unwrap();
    listed.stdout.lines().map(str::to_owned).collect()
}

/// The exit code of a container whose executable the kernel would not execute.
#[track_caller]
pub(crate) fn exec_failure_code() -> i64 {
    let components: Vec<Value> = inspected("version", &["version", "--format", "{{json .Server.Components}}"]);
    let runc = components.iter().find(|component| component["Name"] == "runc").expect("the engine names its runc");
    let version = runc["Version"].as_str().expect("runc has a version");
    let mut parts = version.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
        panic!("`{version}` is no version of runc that these tests can read");
    };
    if (major, minor) >= RUNC_WITH_255 { 255 } else { 1 }
}

/// The JSON that a `docker` command prints.
#[track_caller]
fn inspected<T: DeserializeOwned>(name: &str, arguments: &[&str]) -> T {
    serde_json::from_str(&docker(name, arguments).succeeds().stdout).unwrap()
}
