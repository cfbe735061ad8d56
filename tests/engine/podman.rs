//! The generated Compose file with podman-compose and podman, in a store of its own.
//!
//! Those images are built whose last stage is `scratch` and whose build neither fetches anything nor needs a base that
//! is slow to carry over from the engine. `podman-compose config` came only after 1.0.3, so building is what is tried.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Ran, run, scratch};
use crate::engine::{docker, turn};
use crate::outcomes::{self, Outcome, printed_by_program_of};

/// The bases that podman gets from the engine.
const BASES: [&str; 3] = ["gcc", "golang", "golang:alpine"];
/// What stands for them in a service's name.
const BUILD_SEGMENTS: [&str; 6] = ["gcc", "gcc-static", "golang", "golang-alpine", "golang-nocgo", "golang-stripped"];

/// No network, and limits that no privilege is needed for: podman's own are above what a container may be given.
const RUN: [&str; 8] =
    ["run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

/// A store for podman's images that goes with this.
struct Store(PathBuf);

impl Store {
    /// Makes an empty one.
    fn new() -> Self {
        let folder = scratch().join("podman");
        fs::create_dir_all(&folder).unwrap();
        let (root, run) = (folder.join("root"), folder.join("run"));
        let text = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            root.display(),
            run.display()
        );
        fs::write(folder.join("storage.conf"), text).unwrap();
        // The default, crun, does not run where both versions of cgroups have controllers.
        fs::write(folder.join("containers.conf"), "[engine]\nruntime = \"runc\"\n").unwrap();
        Self(folder)
    }

    /// Runs podman, or podman-compose, on this store.
    #[track_caller]
    fn run(&self, name: &str, program: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program);
        command.args(arguments).env("CONTAINERS_STORAGE_CONF", self.0.join("storage.conf"));
        command.env("CONTAINERS_CONF", self.0.join("containers.conf"));
        // Meant for docker; podman would look for credentials there.
        command.env_remove("DOCKER_CONFIG").env_remove("DOCKER_HOST");
        run(&format!("podman.{name}"), &mut command)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.run("reset", "podman", &["system", "reset", "--force"]);
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Carries the bases from the engine into the store.
#[track_caller]
fn load_bases(store: &Store, archive: &Path) {
    let archive = archive.to_str().unwrap();
    let turn = turn();
    docker("podman.save", &[&["save", "--output", archive][..], &BASES].concat()).succeeds();
    // The rest asks nothing of that engine.
    drop(turn);
    store.run("load", "podman", &["load", "--quiet", "--input", archive]).succeeds();
    fs::remove_file(archive).unwrap();
}

/// The services that are built, each with what it prints if it works.
fn services() -> Vec<(String, Option<String>)> {
    let on_bases = |service: &str| {
        let segments: Vec<_> = service.split('.').collect();
        matches!(segments.as_slice(), [_, build, run]
            if BUILD_SEGMENTS.contains(build) && (*run == "scratch" || run.starts_with("scratch-")))
    };
    let services = outcomes::all().into_iter().filter(|(service, _)| on_bases(service));
    services
        .map(|(service, expected)| {
            let works = matches!(expected.outcome, Outcome::Works { .. });
            let prints = (works && service.starts_with("hello-")).then(|| printed_by_program_of(&service));
            (service, prints)
        })
        .collect()
}

#[test]
fn podman_is_given_the_scratch_based_images_of_its_bases() {
    let services = services();
    let names: Vec<_> = services.iter().map(|(service, _)| service.as_str()).collect();
    let expected = [
        "hello-c.gcc-static.scratch",
        "hello-c.gcc.scratch",
        "hello-go.golang-alpine.scratch",
        "hello-go.golang-stripped.scratch",
        "hello-go.golang.scratch",
        "hello-go.golang.scratch-string",
        "whatsmyip.golang-nocgo.scratch",
        "whatsmyip.golang.scratch",
    ];
    assert_eq!(names, expected);
}

#[test]
#[ignore = "needs a Docker engine"]
fn podman_compose_builds_the_scratch_based_images_and_podman_runs_them() {
    let store = Store::new();
    load_bases(&store, &scratch().join("bases.tar"));
    for (service, prints) in services() {
        let build = ["-f", "docker-compose.yml", "build", &service];
        store.run(&format!("build.{service}"), "podman-compose", &build).succeeds();
        let image = format!("minimage:{service}");
        store.run("exists", "podman", &["image", "exists", &image]).succeeds();
        if let Some(prints) = prints {
            let arguments = [&RUN[..], &[&image]].concat();
            let ran = store.run(&format!("run.{service}"), "podman", &arguments).succeeds();
            assert_eq!(ran.stdout, prints, "{service}");
        }
    }
}
