//! `mkcompose sizes` against what the engines themselves say: the same figures, and the same idea of what is shared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::build;
use crate::command::{Ran, run, say, scratch};
use crate::engine::{docker, on_each, turn};
use crate::size;

/// The repository of the images that are made here, and nowhere else.
const REPOSITORY: &str = "mkcompose-test-sizes";

/// Dockerfiles whose images' sizes are known to the byte. Those after the first stand on it.
const DOCKERFILES: [(&str, &str); 5] = [
    ("base.scratch", "FROM scratch\nCOPY big /big\nENV A=b\nCOPY small /small\n"),
    ("over.base", "FROM mkcompose-test-sizes:base.scratch\nCOPY small /again\nLABEL a=\"b\\nc\"\n"),
    ("over.empty-layers", "FROM mkcompose-test-sizes:base.scratch\nWORKDIR /x\nCOPY other /y/\nWORKDIR /y\nUSER 3\n"),
    ("over.same", "FROM mkcompose-test-sizes:base.scratch\n"),
    ("alone.scratch", "FROM scratch\nCOPY small /small\n"),
];

const BIG: u64 = 1_234_567;
const SMALL: u64 = 94_208;
const OTHER: u64 = 5_120;

/// A repository of these Dockerfiles and what they copy, in a folder of its own.
fn made(at: PathBuf) -> PathBuf {
    fs::create_dir_all(at.join("dockerfiles")).unwrap();
    fs::create_dir_all(at.join("samples")).unwrap();
    for (file, size) in [("big", BIG), ("small", SMALL), ("other", OTHER)] {
        let contents: Vec<u8> = (0..size).map(|n| (n * 31 % 251) as u8).collect();
        fs::write(at.join("samples").join(file), contents).unwrap();
    }
    for (service, text) in DOCKERFILES {
        fs::write(at.join(format!("dockerfiles/Dockerfile.{service}")), text).unwrap();
    }
    at
}

/// Builds them all with `engine`, the base first.
#[track_caller]
fn built(engine: &Path, at: &Path) {
    for (service, _) in DOCKERFILES {
        let mut command = Command::new(engine);
        command.env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1").args([
            "build",
            "--tag",
            &format!("{REPOSITORY}:{service}"),
            "--file",
        ]);
        command.arg(at.join(format!("dockerfiles/Dockerfile.{service}"))).arg(at.join("samples"));
        run(&format!("sizes.build.{service}"), &mut command).succeeds();
    }
}

#[track_caller]
fn sizes(engine: &Path, at: &Path, repository: &str, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    command.arg("-C").arg(at).args(["--image", repository, "sizes", "--docker"]).arg(engine).args(args);
    run("sizes", &mut command)
}

/// What is reported of the images that are made here.
#[track_caller]
fn report(engine: &Path, at: &Path) -> Value {
    serde_json::from_str(&sizes(engine, at, REPOSITORY, &["--format", "json"]).succeeds().stdout).unwrap()
}

/// Of each image, its size, its own part and the shared one, and what all take with layers counted once.
pub(crate) fn told(report: &Value) -> (BTreeMap<String, [u64; 3]>, u64) {
    let numbers = |image: &Value| ["size", "own", "shared"].map(|key| image[key].as_u64().expect("a number"));
    let images = report["images"].as_array().unwrap().iter();
    let images = images.map(|image| (image["service"].as_str().unwrap().to_owned(), numbers(image)));
    (images.collect(), report["total"]["on_disk"].as_u64().unwrap())
}

#[test]
#[ignore = "needs a Docker engine"]
fn each_size_of_the_corpus_is_the_figure_of_docker_images() {
    let _turn = turn();
    build::normal_set();
    let listed = docker("sizes.images", &["images", "--format", "{{.Tag}} {{.Size}}", "minimage"]).succeeds().stdout;
    let listed: BTreeMap<_, _> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
    let table = sizes(Path::new("docker"), Path::new("."), "minimage", &[]).succeeds().stdout;
    let mut compared = 0;
    for line in table.lines() {
        let mut words = line.split_whitespace();
        if let (Some(service), Some(size)) = (words.next(), words.next())
            && let Some(figure) = listed.get(service)
        {
            assert_eq!(size, *figure, "{service}");
            compared += 1;
        }
    }
    assert_eq!(compared, crate::stand_ins::normal_services_here().len(), "{table}");
}

#[test]
#[ignore = "needs a Docker engine"]
fn own_and_shared_bytes_are_known_to_the_byte() {
    let _turn = turn();
    let at = made(scratch().join("sizes"));
    built(Path::new("docker"), &at);
    let (images, on_disk) = told(&report(Path::new("docker"), &at));
    let base = BIG + SMALL;
    let expected = [
        ("alone.scratch", [SMALL, SMALL, 0]),
        ("base.scratch", [base, 0, base]),
        ("over.base", [base + SMALL, SMALL, base]),
        ("over.empty-layers", [base + OTHER, OTHER, base]),
        ("over.same", [base, 0, base]),
    ];
    assert_eq!(images, expected.map(|(service, sizes)| (service.to_owned(), sizes)).into());
    assert_eq!(on_disk, base + SMALL + OTHER + SMALL);

    for (service, _) in DOCKERFILES.iter().rev() {
        docker("sizes.rmi", &["image", "rm", &format!("{REPOSITORY}:{service}")]).succeeds();
    }
}

/// How far a figure may be from that of `docker system df -v`, of which it has four digits: docs/SIZES.md says so.
const BOUND: u64 = 1000;

/// Docker's own account is of all images that the engine has, but nobody else's stand on these.
#[test]
#[ignore = "needs a Docker engine"]
fn what_is_shared_and_what_is_on_disk_is_what_docker_system_df_says_on_every_store() {
    let folder = tempfile::Builder::new().prefix("mkcompose-df-").tempdir_in("/tmp").unwrap();
    let at = made(folder.path().to_path_buf());
    on_each(&["docker", "overlay2", "containerd"], |name, engine| {
        built(engine, &at);
        let (images, on_disk) = told(&report(engine, &at));
        let ask = |args: &[&str]| run(&format!("sizes.df.{name}"), Command::new(engine).args(args)).succeeds().stdout;
        // With containerd it fails now and then, where somebody else builds: `snapshot … does not exist`.
        let df = || run("sizes.df", Command::new(engine).args(["system", "df", "--verbose", "--format", "{{json .}}"]));
        let usage = (0..5).map(|_| df()).find(|ran| ran.code == Some(0)).unwrap_or_else(df).succeeds().stdout;
        let usage: Value = serde_json::from_str(&usage).unwrap();
        let ours = usage["Images"].as_array().unwrap().iter().filter(|image| image["Repository"] == REPOSITORY);
        let (mut ids, mut all_unique, mut all_packed, mut most_shared) = (BTreeSet::new(), 0, 0, 0);
        for image in ours {
            let service = image["Tag"].as_str().unwrap();
            let figure = |key: &str| size::read(image[key].as_str().unwrap()).expect("a size");
            // The containerd store counts with each image its packed layers, also those that others have.
            let packed = if name == "containerd" {
                ask(&["image", "inspect", "--format", "{{.Size}}", &format!("{REPOSITORY}:{service}")])
                    .trim()
                    .parse()
                    .unwrap()
            } else {
                0
            };
            let (unique, shared) = (figure("UniqueSize"), figure("SharedSize"));
            let [_, own, also] = images[service];
            assert!((own + packed).abs_diff(unique) * BOUND <= unique, "{name}: {image}: {own} and {packed} packed");
            assert!(also.abs_diff(shared) * BOUND <= shared, "{name}: {image}: {also}");
            if ids.insert(image["ID"].as_str().unwrap().to_owned()) {
                all_unique += unique;
                all_packed += packed;
                most_shared = most_shared.max(shared);
            }
        }
        // `over.same` is `base.scratch`, which may be listed once.
        assert!(ids.len() >= images.len() - 1, "{name}: {ids:?}");
        // All that is shared here is the base, once.
        let all = all_unique + most_shared;
        assert!(
            (on_disk + all_packed).abs_diff(all) * BOUND <= all,
            "{name}: {on_disk} and {all_packed} packed, {all}"
        );
        for (service, _) in DOCKERFILES.iter().rev() {
            ask(&["image", "rm", &format!("{REPOSITORY}:{service}")]);
        }
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn podman_stands_in_for_docker() {
    let _turn = turn();
    if Command::new("podman").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "there is no podman, and in CI there must be");
        say("left out: podman_stands_in_for_docker: there is no podman here");
        return;
    }
    let at = made(scratch().join("sizes-podman"));
    let engine = at.join("podman");
    // Both of this run alone: podman refuses a root that it knows with another run root, whose path it wants to have at
    // most 50 characters.
    let storage = tempfile::Builder::new().prefix("mkcompose-").tempdir().unwrap();
    let (root, run_root) = (storage.path().join("root"), storage.path().join("run"));
    let options = format!("--root {} --runroot {} --storage-driver vfs", root.display(), run_root.display());
    fs::write(&engine, format!("#!/bin/sh\nexec podman {options} \"$@\"\n")).unwrap();
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).unwrap();
    built(&engine, &at);
    let (images, on_disk) = told(&report(&engine, &at));
    assert_eq!(images.len(), DOCKERFILES.len());
    let base = images["base.scratch"];
    for (service, [size, own, shared]) in &images {
        assert_eq!(own + shared, *size, "{service}");
    }
    let [_, own, shared] = images["over.base"];
    // Podman counts files as a tar archive has them, and the image's configuration: some kilobytes more.
    assert!((BIG + SMALL..BIG + SMALL + 10_240).contains(&shared), "{shared}");
    assert!((SMALL..SMALL + 10_240).contains(&own), "{own}");
    assert!(base[2] >= shared, "{base:?}");
    assert!((BIG + 3 * SMALL + OTHER..BIG + 3 * SMALL + OTHER + 51_200).contains(&on_disk), "{on_disk}");
    run("sizes.podman.rm", Command::new(&engine).args(["image", "rm", "--all", "--force"])).succeeds();
}
