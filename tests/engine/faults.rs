//! What goes wrong with an engine: its disk fills, it dies in the middle of a command, it speaks another version of the API. No
//! image is blamed for it. `small-engine` starts engines that may be treated so.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Ran, repository, run, say};
use crate::engine::{ALL, CURRENT_DOCKER, at_once, on_each, turn_on};
use crate::every_engine::Made;

/// An engine that lives as long as this, with the base image `busybox`.
struct Small(TempDir);

impl Small {
    /// None where it cannot be started: that takes root on Debian, as do the engines of CI.
    fn start(kind: &str) -> Option<Self> {
        if std::env::var("MINIMAGE_ENGINE").as_deref() != Ok("own") {
            assert!(std::env::var_os("CI").is_none(), "in CI there are engines of `.ci/engine`");
            say(&format!("left out: {kind} with a small disk: the engine here is not one of `.ci/engine`"));
            return None;
        }
        let folder = tempfile::Builder::new().prefix("mkcompose-small-").tempdir_in("/tmp").unwrap();
        let small = Self(folder);
        let script = repository().join("tests/engine/small-engine");
        run(&format!("faults.start.{kind}"), Command::new(script).arg(kind).arg(small.0.path())).succeeds();
        let load = format!("docker save busybox:latest | '{}' load", small.engine().display());
        run(&format!("faults.load.{kind}"), Command::new("sh").args(["-c", &load])).succeeds();
        Some(small)
    }

    /// Its command line.
    fn engine(&self) -> PathBuf {
        self.0.path().join("docker")
    }

    /// Its command line, with which the engine dies in the middle of `command`: two seconds after that has begun, or, if it
    /// saves, after some bytes, or, if it answers at once, before.
    fn dying(&self, command: &str) -> PathBuf {
        let path = self.0.path().join("dying");
        let (docker, kill) =
            (self.engine().display().to_string(), format!("kill -9 $(cat {}/engine.pid)", self.0.path().display()));
        let dies = match command {
            "save" => format!("'{docker}' \"$@\" | {{ head -c 100000; {kill}; cat; }}"),
            "history" => format!("{kill}; '{docker}' \"$@\""),
            _ => format!("'{docker}' \"$@\" <&0 & sleep 2; {kill}; wait $!"),
        };
        let script = format!(
            "#!/bin/bash\nset -o pipefail\ncase \"$1 $2\" in \"build --help\") ;; \"{command} \"*) {dies}; exit ;; esac\nexec '{docker}' \"$@\"\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let mut pids: Vec<String> = fs::read_to_string(self.0.path().join("engine.pid")).into_iter().collect();
        // What watched its containers outlives it, and names the folder on its command line.
        let folder = self.0.path().as_os_str().as_encoded_bytes();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            if line.windows(folder.len()).any(|part| part == folder) {
                pids.extend(process.file_name().into_string());
            }
        }
        for pid in pids {
            let _ = Command::new("kill").args(["-s", "KILL", pid.trim()]).status();
        }
    }
}

/// The outcomes by service, with the messages.
#[track_caller]
fn outcomes(made: &Made) -> BTreeMap<String, (String, String)> {
    let report: Value = serde_json::from_str(&fs::read_to_string(made.at().join("r.json")).unwrap()).unwrap();
    let images = report["images"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    images.map(|image| (text(&image["service"]), (text(&image["outcome"]), text(&image["message"])))).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_build_that_fills_the_disk_of_the_engine_is_unknown_and_one_that_fills_its_own_does_not_build() {
    let _turn = turn_on("small");
    let fills = "FROM busybox\nRUN dd if=/dev/urandom of=/x bs=1M count=100\n";
    let dockerfiles = [
        ("copies", "FROM busybox\nCOPY big /big\n"),
        ("fills", fills),
        ("fills.err", fills),
        ("own", "FROM busybox\nRUN dd if=/dev/zero of=/dev/shm/x bs=1M count=100\n"),
        ("works", "FROM busybox\nRUN echo works >/x\n"),
    ];
    at_once(&ALL, |kind| {
        let Some(small) = Small::start(kind) else { return };
        let made = Made::new(&small.engine(), &format!("faults-disk-{kind}"), &dockerfiles);
        let report = made.at().join("r.json");
        let build =
            |service: &str| made.mkcompose(&["build", "--retries", "2", "--report", report.to_str().unwrap(), service]);
        for (service, outcome, code) in [
            ("works", "built", 0),
            ("own", "does-not-build", 1),
            ("fills", "unknown", 2),
            ("fills.err", "unknown", 2),
            ("copies", "unknown", 2),
        ] {
            // Bytes that do not compress, where the disk would be full before.
            if service == "copies" {
                let fill = format!("head -c 80000000 /dev/urandom >'{}/samples/big'", made.at().display());
                run(&format!("faults.big.{kind}"), Command::new("sh").args(["-c", &fill])).succeeds();
            }
            let ran = build(service);
            let (told, message) = &outcomes(&made)[service];
            assert_eq!((told.as_str(), ran.code), (outcome, Some(code)), "{kind}, {service}: {}", ran.output());
            let is_full = message.to_lowercase().contains("no space left on device");
            assert!(
                outcome != "unknown" || (is_full && message.contains("free space")),
                "{kind}, {service}: {message}"
            );
        }
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn an_engine_that_dies_in_the_middle_of_a_command_makes_no_image_fail_and_leaves_no_half_report() {
    let _turn = turn_on("small");
    let dockerfiles = [
        ("sleeps", "FROM busybox\nRUN sleep 10\n"),
        ("sleeps.err", "FROM busybox\nRUN sleep 10; exit 1\n"),
        ("runs", "FROM busybox\nRUN dd if=/dev/urandom of=/x bs=1M count=15\nCMD [\"sleep\", \"10\"]\n"),
    ];
    at_once(&["docker", "overlay2", "containerd"], |kind| {
        for (command, args) in [
            ("build", &["build", "sleeps.err"][..]),
            ("buildx", &["build", "sleeps", "runs"]),
            ("run", &["test", "--no-build", "runs"]),
            ("history", &["sizes", "runs"]),
            ("save", &["sizes", "--exact", "runs"]),
            ("save", &["why", "runs"]),
        ] {
            // Docker 20.10 has no bake.
            if (kind, command) == ("docker", "buildx") {
                continue;
            }
            let Some(small) = Small::start(kind) else { return };
            let mut made = Made::new(&small.engine(), &format!("faults-dies-{kind}"), &dockerfiles);
            if !command.starts_with("build") {
                made.mkcompose(&["build", "runs"]).succeeds();
            }
            let report = made.at().join("r.json");
            made.engine = small.dying(command);
            let reported = [args, &["--report", report.to_str().unwrap()]].concat();
            let ran = made.mkcompose(if args[0] == "why" { args } else { &reported });
            assert_eq!(ran.code, Some(2), "{kind}, {args:?}: {}", ran.output());
            assert!(!ran.stdout.contains('✗'), "{kind}, {args:?}: {}", ran.output());
            assert!(ran.stderr.contains("Cannot connect to the Docker daemon"), "{kind}, {args:?}: {}", ran.output());
            match args[0] {
                "build" | "test" => {
                    let told = outcomes(&made);
                    let ended = if command == "buildx" { "sleeps" } else { args[args.len() - 1] };
                    assert_eq!(told[ended].0, "unknown", "{kind}, {args:?}: {told:?}");
                    // What bake had built by then stays built.
                    let is_known = |outcome: &str| matches!(outcome, "unknown" | "not-run" | "built");
                    assert!(told.values().all(|(outcome, _)| is_known(outcome)), "{kind}, {args:?}: {told:?}");
                }
                _ => assert!(!report.exists(), "{kind}, {args:?}"),
            }
        }
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_context_of_an_engine_of_another_version_is_used_or_refused_with_what_to_do() {
    on_each(&CURRENT_DOCKER, |name, engine| through_a_context(name, &engine.with_file_name("docker.sock")));
}

/// Asks the engine at `socket` with the command line of the one that `docker` is of.
#[track_caller]
fn through_a_context(name: &str, socket: &Path) {
    let config = tempfile::tempdir().unwrap();
    let script = config.path().join("docker-of-context");
    let write = |settings: &str| {
        let text = format!(
            "#!/bin/sh\nunset DOCKER_HOST\nexport DOCKER_CONFIG='{}' {settings}\nexec docker \"$@\"\n",
            config.path().display()
        );
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    };
    write("");
    let endpoint = format!("host=unix://{}", socket.display());
    run(
        &format!("faults.context.{name}"),
        Command::new(&script).args(["context", "create", "newer", "--docker", &endpoint]),
    )
    .succeeds();
    write("DOCKER_CONTEXT=newer");
    let dockerfiles = [
        ("works", "FROM busybox\nRUN echo works >/x\nCMD [\"cat\", \"/x\"]\n"),
        ("known.err", "FROM busybox\nRUN exit 4\n"),
    ];
    let made = Made::new(&script, &format!("faults-context-{name}"), &dockerfiles);
    let commands = [&["build"][..], &["test", "works"], &["sizes"], &["sizes", "--exact"], &["why", "works"]];
    for args in commands {
        made.mkcompose(args).succeeds();
    }
    assert_eq!(
        made.docker(&["ps", "--all", "--quiet", "--filter", &format!("ancestor={}:works", made.images)]),
        [""; 0]
    );
    // Refused by the server, whichever is too old: nothing begins.
    for version in ["1.23", "1.99"] {
        write(&format!("DOCKER_CONTEXT=newer DOCKER_API_VERSION={version}"));
        for args in commands {
            let ran: Ran = made.mkcompose(args);
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{version} {args:?}: {}", ran.output());
            let is_told =
                ran.stderr.contains("speak different versions of the API") && ran.stderr.contains("DOCKER_API_VERSION");
            assert!(is_told, "{version} {args:?}: {}", ran.stderr);
        }
    }
    write("DOCKER_CONTEXT=newer");
}
