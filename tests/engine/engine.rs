//! The engine under test: whose turn it is, and what it says of itself, its images and its containers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::iter;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::fs::{FlockOperation, flock};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::command::{Ran, run, scratch};

/// The container runtime since whose release an executable that cannot be executed ends with 255 instead of 1.
const RUNC_WITH_255: (u32, u32) = (1, 2);

/// The engines that tests take turns on: the one that `docker` asks, those of `.ci/current-engines`, and those that a test starts
/// for itself, which are many and small.
const TURNS: [&str; 5] = ["docker", "overlay2", "containerd", "podman", "small"];

/// As long as it is there, no other test uses the engine, be it of this run or of another one on this machine.
pub(crate) struct Turn {
    _of_threads: MutexGuard<'static, ()>,
    _of_processes: File,
}

/// Waits for the turn on the engine that `docker` asks, and fails if none answers.
#[track_caller]
pub(crate) fn turn() -> Turn {
    let turn = turn_on("docker");
    let answer = docker("info", &["info"]);
    assert!(
        answer.code == Some(0),
        "{}\nto have one started: eval \"$(.ci/engine)\" && eval \"$(tests/bases/build)\"",
        answer.failure("should find an engine")
    );
    turn
}

/// Waits for the turn on another engine. Whoever takes several takes them in the order of [`TURNS`].
#[track_caller]
pub(crate) fn turn_on(name: &str) -> Turn {
    static LOCKS: [Mutex<()>; TURNS.len()] = [const { Mutex::new(()) }; TURNS.len()];
    let at = TURNS.iter().position(|other| *other == name).expect("one of the engines");
    let of_threads = LOCKS[at].lock().unwrap_or_else(PoisonError::into_inner);
    let of_processes = File::create(std::env::temp_dir().join(format!("minimage-engine-tests.{name}.lock"))).unwrap();
    flock(&of_processes, FlockOperation::LockExclusive).unwrap();
    Turn { _of_threads: of_threads, _of_processes: of_processes }
}

/// Does the same on each of these engines at once, each in its turn, and fails if it fails on one.
pub(crate) fn on_each(names: &[&'static str], same: impl Fn(&'static str, &Path) + Sync) {
    let engines = engines();
    at_once(names, |name| {
        let (_, engine) = engines.iter().find(|(other, _)| *other == name).expect("one of the engines");
        let _turn = turn_on(name);
        same(name, engine);
    });
}

/// Does the same for each name at once, and fails if it fails for one.
pub(crate) fn at_once(names: &[&'static str], same: impl Fn(&'static str) + Sync) {
    let failed: Vec<_> = thread::scope(|scope| {
        let same = &same;
        let runs: Vec<_> = names.iter().map(|name| (*name, scope.spawn(move || same(name)))).collect();
        runs.into_iter().filter_map(|(name, run)| run.join().err().map(|_| name)).collect()
    });
    assert_eq!(failed, [""; 0], "where it failed, for the reasons that are printed");
}

/// What `ask` gives for each of `items`, in their order, four at a time: an engine mostly waits.
pub(crate) fn four_at_a_time<T: Sync, R: Send>(items: &[T], ask: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let rest = Mutex::new(items.iter().enumerate());
    let work = || {
        let next = || rest.lock().unwrap_or_else(PoisonError::into_inner).next();
        iter::from_fn(next).map(|(at, item)| (at, ask(item))).collect::<Vec<_>>()
    };
    let mut given: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    });
    given.sort_by_key(|(at, _)| *at);
    given.into_iter().map(|(_, given)| given).collect()
}

/// Every engine, for [`on_each`].
pub(crate) const ALL: [&str; 4] = ["docker", "overlay2", "containerd", "podman"];
/// The current ones of Docker, which have bake.
pub(crate) const CURRENT_DOCKER: [&str; 2] = ["overlay2", "containerd"];

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
