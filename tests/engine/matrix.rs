//! `mkcompose test` on a real engine, with small images made for it: each outcome, signals, and that nothing is left.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{Ran, run, scratch};
use crate::engine::{docker, turn};

/// The repository of the images that are made here, and nowhere else.
const REPOSITORY: &str = "mkcompose-test-matrix";

/// A program that says of itself what the runtime would say of a program that is not there.
const SAY: &str = "#!/bin/sh\necho \"exec /say: no such file or directory\" >&2\nexit 1\n";

/// A program that says of itself what musl's loader would say of one whose library is not there.
const LOAD: &str = "#!/bin/sh\necho \"Error loading shared library libx.so\" >&2\nexit 127\n";

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Dockerfiles, and what must be told of each.
const IMAGES: [(&str, &str, &str); 16] = [
    ("exits.busybox", "FROM busybox\nCMD echo so it is >&2; exit 3\n", "exits 3: so it is"),
    ("fails.busybox.err", "FROM busybox\nRUN echo no && exit 4\n", "does not build: [2/2] RUN echo no && exit 4"),
    ("floods.busybox", "FROM busybox\nCMD yes | head -c 1000000\n", "works: cut"),
    ("hungry.busybox", "FROM busybox\nCMD [\"tail\", \"/dev/zero\"]\n", "killed: out of memory"),
    ("missing.scratch", "FROM scratch\nCOPY say /say\nCMD [\"/say\"]\n", "cannot start: reason"),
    (
        "loaders-words.busybox",
        "FROM busybox\nCOPY load /load\nCMD [\"/load\"]\n",
        "exits 127: Error loading shared library libx.so",
    ),
    ("nocommand.scratch", "FROM scratch\nCOPY say /say\n", "cannot start: reason"),
    ("nogroup.busybox", "FROM busybox\nUSER root:nobody-here\nCMD true\n", "cannot start: reason"),
    ("nolayer.scratch", "FROM scratch\nCMD [\"/x\"]\n", "cannot start: reason"),
    ("noshell.scratch", "FROM scratch\nCOPY say /say\nCMD /say\n", "cannot start: reason"),
    ("nouser.busybox", "FROM busybox\nUSER nobody-here\nCMD true\n", "cannot start: reason"),
    ("says.busybox", "FROM busybox\nCOPY say /say\nCMD [\"/say\"]\n", "exits 1: exec /say: no such file or directory"),
    ("sleeps.busybox", "FROM busybox\nCMD [\"sleep\", \"1000\"]\n", "timed out"),
    ("unknown-library.busybox", "FROM busybox\nCMD nowhere\n", "exits 127: /bin/sh: nowhere: not found"),
    ("nofolder.busybox", "FROM busybox\nWORKDIR /w\nRUN rmdir /w && touch /w\nCMD true\n", "cannot start: reason"),
    ("volume.busybox", "FROM busybox\nVOLUME /data\nCMD echo hi >/data/x && cat /data/x\n", "works"),
];

/// A repository of these Dockerfiles, in a folder of its own.
fn made(name: &str) -> PathBuf {
    let at = scratch().join(name);
    fs::create_dir_all(at.join("dockerfiles")).unwrap();
    fs::create_dir_all(at.join("samples")).unwrap();
    fs::write(at.join("samples/say"), SAY).unwrap();
    fs::write(at.join("samples/load"), LOAD).unwrap();
    let programs = ["say", "load"].map(|name| at.join("samples").join(name));
    run("matrix.mode", Command::new("chmod").arg("755").args(programs)).succeeds();
    for (service, text, _) in IMAGES {
        fs::write(at.join(format!("dockerfiles/Dockerfile.{service}")), text).unwrap();
    }
    at
}

fn mkcompose(at: &PathBuf, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    command.arg("-C").arg(at).args(["--image", REPOSITORY]).args(args);
    command
}

/// Fails if a container of ours is left, running or not.
#[track_caller]
fn nothing_is_left() {
    let left = docker("matrix.left", &["ps", "--all", "--quiet", "--filter", "label=minimage.mkcompose"]).succeeds();
    assert_eq!(left.stdout, "");
}

/// The outcome in the words of [`IMAGES`].
fn told(image: &Value) -> String {
    let text = |key: &str| image[key].as_str().unwrap_or_default().to_owned();
    match text("outcome").as_str() {
        "exits" => format!("exits {}: {}", image["exit_code"], text("message")),
        "does-not-build" => format!("does not build: {}", text("step")),
        "works" if image["output_cut"] == true => "works: cut".to_owned(),
        "killed" if image["out_of_memory"] == true => "killed: out of memory".to_owned(),
        "cannot-start" if !text("reason").is_empty() => "cannot start: reason".to_owned(),
        outcome => outcome.replace('-', " "),
    }
}

#[track_caller]
fn report(ran: &Ran) -> BTreeMap<String, String> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let images = report["images"].as_array().unwrap();
    images.iter().map(|image| (image["service"].as_str().unwrap().to_owned(), told(image))).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn each_kind_of_image_has_its_outcome_and_no_container_or_volume_is_left() {
    let _turn = turn();
    let at = made("matrix-outcomes");
    let volumes = || docker("matrix.volumes", &["volume", "ls", "--quiet"]).succeeds().stdout;
    let before = volumes();
    let args = ["test", "-j", "4", "--timeout", "5s", "--memory", "32m", "--network", "none", "--format", "json"];
    let ran = run("matrix.outcomes", &mut mkcompose(&at, &args));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let expected = IMAGES.iter().map(|(service, _, told)| ((*service).to_owned(), (*told).to_owned()));
    assert_eq!(report(&ran), expected.collect::<BTreeMap<_, _>>());
    nothing_is_left();
    assert_eq!(volumes(), before);
}

/// The program on its way to time out on two images, one after the other. It does not outlive the test.
struct Started(Option<Child>);

impl Started {
    #[track_caller]
    fn at_its_first_container(at: &PathBuf, timeout: &str) -> Self {
        let args = ["test", "-j", "1", "--timeout", timeout, "--format", "json", "sleeps.*", "volume.*"];
        let child = mkcompose(at, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let started = Self(Some(child));
        let start = Instant::now();
        let running = ["ps", "--quiet", "--filter", "label=minimage.mkcompose", "--filter", "status=running"];
        while docker("matrix.running", &running).succeeds().stdout.is_empty() {
            assert!(start.elapsed() < PATIENCE, "no container ever ran");
            thread::sleep(Duration::from_millis(100));
        }
        started
    }

    #[track_caller]
    fn signal(&self, signal: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        run("matrix.kill", Command::new("kill").args(["-s", signal, &id])).succeeds();
    }

    /// Its exit code, and the outcomes it told.
    #[track_caller]
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = report["images"].as_array().unwrap().iter().map(told).collect();
        (output.status.code(), told)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn after_a_signal_the_running_container_ends_in_its_time_and_nothing_is_left() {
    let _turn = turn();
    let at = made("matrix-signal");
    for signal in ["INT", "TERM"] {
        let started = Started::at_its_first_container(&at, "5s");
        started.signal(signal);
        let (code, told) = started.end();
        assert_eq!((code, told), (Some(130), vec!["timed out".to_owned(), "not run".to_owned()]), "{signal}");
        nothing_is_left();
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn after_a_second_signal_the_running_container_is_removed_at_once() {
    let _turn = turn();
    let at = made("matrix-signals");
    // It would run for longer than the test waits for anything.
    let started = Started::at_its_first_container(&at, "1000s");
    started.signal("INT");
    thread::sleep(Duration::from_millis(500));
    started.signal("INT");
    let (code, told) = started.end();
    assert_eq!((code, told), (Some(130), vec!["cut off".to_owned(), "not run".to_owned()]));
    nothing_is_left();
}

#[test]
#[ignore = "needs a Docker engine"]
fn what_a_killed_run_left_is_removed_by_the_next_and_nothing_of_anybody_else() {
    let _turn = turn();
    let at = made("matrix-killed");
    let mut started = Started::at_its_first_container(&at, "1000s");
    let mut child = started.0.take().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let foreign = "mkcompose-test-matrix-foreign";
    docker("matrix.foreign-rm", &["rm", "--force", foreign]);
    docker("matrix.foreign", &["create", "--name", foreign, "--label", "minimage.mkcompose=else/where/1/1", "busybox"])
        .succeeds();
    let ran = run("matrix.killed", &mut mkcompose(&at, &["test", "--no-build", "volume.*"])).succeeds();
    assert!(ran.stderr.starts_with("removed 1 container left by an interrupted run"), "{}", ran.stderr);
    let left =
        docker("matrix.foreign-left", &["ps", "-a", "--format", "{{.Names}}", "--filter", "label=minimage.mkcompose"]);
    docker("matrix.foreign-rm", &["rm", "--force", foreign]).succeeds();
    assert_eq!(left.stdout, format!("{foreign}\n"));
    nothing_is_left();
}
