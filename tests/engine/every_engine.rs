//! What can differ from engine to engine, on all of them: Docker 20.10, 28.5 with each image store, and podman 5.
//! `.ci/current-engines` starts them beside the one that `docker` asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Ran, run};
use crate::engine::{ALL, CURRENT_DOCKER, on_each};

/// A repository in a folder that every engine's client sees, with images of its own, which go with it.
pub(crate) struct Made {
    folder: TempDir,
    /// The repository of its images.
    pub(crate) images: String,
    /// The engine's command line.
    pub(crate) engine: PathBuf,
}

impl Made {
    /// With these Dockerfiles; in their texts `IMAGES` stands for the repository of the images.
    pub(crate) fn new(engine: &Path, images: &str, dockerfiles: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("mkcompose-every-").tempdir_in("/tmp").unwrap();
        let images = format!("mkcompose-test-{images}");
        let made = Self { folder, images, engine: engine.to_owned() };
        for folder in ["dockerfiles", "samples"] {
            fs::create_dir(made.at().join(folder)).unwrap();
        }
        for (service, text) in dockerfiles {
            made.write(service, text);
        }
        made
    }

    pub(crate) fn at(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, service: &str, text: &str) {
        let path = self.at().join(format!("dockerfiles/Dockerfile.{service}"));
        fs::write(path, text.replace("IMAGES", &self.images)).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
        command.arg("-C").arg(self.at()).args(["--image", &self.images]).args(args);
        command.arg("--docker").arg(self.watched());
        command
    }

    #[track_caller]
    pub(crate) fn mkcompose(&self, args: &[&str]) -> Ran {
        run(&format!("{}.mkcompose", self.images), &mut self.command(args))
    }

    /// The engine's command line behind a script that writes down what it is asked.
    fn watched(&self) -> PathBuf {
        let path = self.at().join("engine");
        let script =
            format!("#!/bin/sh\necho \"$*\" >>'{0}.asked'\nexec '{1}' \"$@\"\n", path.display(), self.engine.display());
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// What the engine was asked since this was asked last, as far as it begins with `word`.
    fn asked(&self, word: &str) -> Vec<String> {
        let path = self.at().join("engine.asked");
        let asked = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        asked.lines().filter(|line| line.starts_with(word)).map(str::to_owned).collect()
    }

    /// What `docker ARGS…` prints, as lines.
    #[track_caller]
    pub(crate) fn docker(&self, args: &[&str]) -> Vec<String> {
        let ran = run(&format!("{}.docker", self.images), Command::new(&self.engine).args(args)).succeeds();
        ran.stdout.lines().map(str::to_owned).collect()
    }

    /// The images by service, with their IDs.
    #[track_caller]
    fn ids(&self) -> BTreeSet<String> {
        self.docker(&["image", "ls", "--no-trunc", "--format", "{{.Tag}} {{.ID}}", &self.images]).into_iter().collect()
    }

    /// Images without a tag, of whomever.
    #[track_caller]
    fn dangling(&self) -> BTreeSet<String> {
        self.docker(&["image", "ls", "--no-trunc", "--quiet", "--filter", "dangling=true"]).into_iter().collect()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let listed = Command::new(&self.engine)
            .args(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", &self.images])
            .output();
        let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let _ = Command::new(&self.engine).args(["image", "rm", "--force"]).args(listed.lines()).output();
    }
}

/// The lines of `build`, by service: the mark, and what was said without the time.
fn told(stdout: &str) -> BTreeMap<String, (char, String)> {
    let row = |line: &str| {
        let mut letters = line.chars();
        let mark = letters.next()?;
        let (service, said) = letters.as_str().trim_start().split_once("  ")?;
        let said = said.split_once("  ").map_or(said, |(_, said)| said).trim();
        Some((service.to_owned(), (mark, said.to_owned())))
    };
    stdout.lines().take_while(|line| !line.is_empty()).filter_map(row).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn build_says_the_same_of_each_image_and_a_second_run_changes_nothing() {
    let dockerfiles = [
        ("works", "FROM busybox\nARG A=no\nRUN echo works-$A >/x\n"),
        ("base", "FROM busybox\nRUN echo base >/x\n"),
        ("child", "FROM IMAGES:base\nRUN grep base /x\n"),
        ("grandchild", "FROM busybox\nCOPY --from=IMAGES:child /x /y\nRUN grep base /y\n"),
        ("fails", "FROM busybox\nRUN echo some words; exit 3\n"),
        ("on-fails", "FROM IMAGES:fails\nRUN true\n"),
        ("parse", "FROM busybox\nFOO x\n"),
        ("known.err", "FROM busybox\nRUN exit 4\n"),
        ("on-known", "FROM IMAGES:known.err\nRUN true\n"),
    ];
    let expected = [
        ("works", '✓', "built"),
        ("base", '✓', "built"),
        ("child", '✓', "built"),
        ("grandchild", '✓', "built"),
        ("fails", '✗', "does not build: "),
        ("on-fails", '✗', "not tried: base fails failed"),
        ("parse", '✗', "does not build: "),
        ("known.err", '✓', "does not build, as expected: "),
        ("on-known", '✓', "not tried: base known.err failed"),
    ];
    on_each(&ALL, |name, engine| {
        let made = Made::new(engine, &format!("every-build-{name}"), &dockerfiles);
        fs::write(made.at().join("mkcompose.yml"), "args: {A: yes-it-is}\nlabels: {l: v}\n").unwrap();
        let first = made.mkcompose(&["build"]);
        assert_eq!(first.code, Some(1), "{name}: {}", first.failure("should fail"));
        let has_bake = matches!(name, "overlay2" | "containerd");
        assert_eq!(!made.asked("buildx bake").is_empty(), has_bake, "{name}");
        let lines = told(&first.stdout);
        for (service, mark, said) in expected {
            let (told_mark, told) = &lines[service];
            assert!(*told_mark == mark && told.starts_with(said), "{name}, {service}: {}", first.stdout);
        }
        assert_eq!(lines.len(), expected.len(), "{name}: {}", first.stdout);
        assert!(first.stdout.contains("  | some words\n"), "{name}: {}", first.stdout);
        // Podman counts the labels as one more step.
        let step =
            if name == "podman" { "[2/3] RUN echo some words; exit 3" } else { "[2/2] RUN echo some words; exit 3" };
        assert!(lines["fails"].1.contains(step), "{name}: {}", first.stdout);
        let image = format!("{}:works", made.images);
        assert_eq!(
            made.docker(&["run", "--rm", "--network", "none", &image, "cat", "/x"]),
            ["works-yes-it-is"],
            "{name}"
        );
        let label = ["image", "inspect", "--format", "{{index .Config.Labels \"l\"}}", &image];
        assert_eq!(made.docker(&label), ["v"], "{name}");

        let (ids, dangling) = (made.ids(), made.dangling());
        let second = made.mkcompose(&["build"]);
        assert_eq!(told(&second.stdout).keys().collect::<Vec<_>>(), lines.keys().collect::<Vec<_>>(), "{name}");
        assert_eq!(made.ids(), ids, "{name}: an image built again from the cache has another ID");
        let new: Vec<_> = made.dangling().difference(&dangling).cloned().collect();
        assert_eq!(new, [""; 0], "{name}: left without a tag");
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn where_all_is_in_the_cache_one_command_builds_all() {
    let texts: Vec<_> =
        (0..12).map(|number| (format!("s{number}"), format!("FROM busybox\nRUN echo {number} >/x\n"))).collect();
    let dockerfiles: Vec<_> = texts.iter().map(|(service, text)| (service.as_str(), text.as_str())).collect();
    on_each(&CURRENT_DOCKER, |name, engine| {
        let made = Made::new(engine, &format!("every-cached-{name}"), &dockerfiles);
        made.mkcompose(&["build"]).succeeds();
        for args in [&["build"][..], &["build", "-j", "1"]] {
            made.asked("");
            made.mkcompose(args).succeeds();
            assert_eq!(made.asked("build"), ["buildx bake --progress=rawjson --load -f -"], "{name} {args:?}");
        }
        // A shell's loop would build them one after the other; with a limit, so does this.
        for (service, _) in &dockerfiles[..3] {
            made.write(service, &format!("FROM busybox\nRUN : {}; sleep 3\n", made.at().display()));
        }
        let start = Instant::now();
        made.mkcompose(&["build", "-j", "1", "s0", "s1"]).succeeds();
        assert!(start.elapsed() >= Duration::from_secs(3), "{name}");
    });
}

/// Bake has a base as a target, a build of one image would have it as an image: to the builder these are two things.
#[test]
#[ignore = "needs a Docker engine"]
fn what_is_built_alone_because_bake_did_too_much_at_once_keeps_its_id_when_bake_builds_it_next() {
    on_each(&ALL, |name, engine| {
        let made = Made::new(engine, &format!("every-alone-{name}"), &[]);
        let slow =
            |from: &str, service: &str| format!("FROM {from}\nRUN : {service} {}; sleep 2\n", made.at().display());
        for (service, from) in
            [("base", "busybox"), ("child", "IMAGES:base"), ("grandchild", "IMAGES:child"), ("other", "busybox")]
        {
            made.write(service, &slow(from, service));
        }
        let first = made.mkcompose(&["build", "-j", "1"]).succeeds();
        assert_eq!(told(&first.stdout).len(), 4, "{name}: {}", first.stdout);
        let (ids, dangling) = (made.ids(), made.dangling());
        for args in [&["build", "-j", "1"][..], &["build"], &["build", "child"]] {
            made.mkcompose(args).succeeds();
            assert_eq!(made.ids(), ids, "{name}, {args:?}: an image built again from the cache has another ID");
            let new: Vec<_> = made.dangling().difference(&dangling).cloned().collect();
            assert_eq!(new, [""; 0], "{name}, {args:?}: left without a tag");
        }
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn test_tells_how_containers_end_and_that_memory_was_short() {
    let dockerfiles = [
        ("exits", "FROM busybox\nCMD [\"sh\", \"-c\", \"echo out; exit 3\"]\n"),
        ("hungry", "FROM busybox\nCMD [\"tail\", \"/dev/zero\"]\n"),
        ("aborts", "FROM busybox\nCMD [\"sh\", \"-c\", \"sh -c 'kill -9 $$'; exit $?\"]\n"),
        ("missing", "FROM busybox\nCMD [\"/nope\"]\n"),
        ("sleeps", "FROM busybox\nCMD [\"sleep\", \"1000\"]\n"),
        ("works", "FROM busybox\nCMD [\"echo\", \"out\"]\n"),
    ];
    on_each(&ALL, |name, engine| {
        let made = Made::new(engine, &format!("every-test-{name}"), &dockerfiles);
        let ran = made.mkcompose(&["test", "--timeout", "10s", "--memory", "32m", "--format", "json"]);
        let Ok(report) = serde_json::from_str::<Value>(&ran.stdout) else {
            panic!("{name}: {}", ran.failure("should report"))
        };
        let images = report["images"].as_array().unwrap().iter();
        let outcomes: BTreeMap<_, _> = images.map(|image| (image["service"].as_str().unwrap(), image)).collect();
        for (service, outcome) in [
            ("exits", "exits"),
            ("hungry", "killed"),
            ("aborts", "killed"),
            ("missing", "cannot-start"),
            ("sleeps", "timed-out"),
            ("works", "works"),
        ] {
            assert_eq!(outcomes[service]["outcome"], outcome, "{name}, {service}: {}", outcomes[service]);
        }
        assert_eq!(outcomes["exits"]["exit_code"], 3, "{name}");
        assert_eq!(outcomes["works"]["stdout"], "out\n", "{name}");
        assert_eq!(outcomes["hungry"]["out_of_memory"], true, "{name}: {}", outcomes["hungry"]);
        assert_eq!(outcomes["aborts"]["out_of_memory"], false, "{name}: {}", outcomes["aborts"]);
        let left = made.docker(&["ps", "--all", "--quiet", "--filter", &format!("ancestor={}:sleeps", made.images)]);
        assert_eq!(left, [""; 0], "{name}");
    });
}

/// Whether a shell runs a line that begins so, in a container too: this machine sees its processes.
fn is_run(line: &str) -> bool {
    let arguments = format!("sh\0-c\0{line}");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.any(|run| String::from_utf8_lossy(&run).contains(&arguments))
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_build_that_is_ended_by_two_signals_is_cut_off_and_can_be_built_afterwards() {
    on_each(&ALL, |name, engine| {
        let made = Made::new(engine, &format!("every-signal-{name}"), &[]);
        // The last command takes the place of the shell.
        let slow = |service: &str| format!("FROM busybox\nRUN : {service} {}; sleep 20; true\n", made.at().display());
        made.write("a", &slow("a"));
        made.write("b", &slow("b"));
        let mut child =
            made.command(&["build", "-j", "4"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = |service: &str| is_run(&format!(": {service} {};", made.at().display()));
        let start = Instant::now();
        while !(begun("a") && begun("b")) {
            assert!(start.elapsed() < Duration::from_secs(60), "{name}: it does not begin");
            thread::sleep(Duration::from_millis(100));
        }
        // Bake tells a little later what it has begun.
        thread::sleep(Duration::from_secs(4));
        for _ in 0..2 {
            assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
            thread::sleep(Duration::from_millis(300));
        }
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(60), "{name}: it does not end");
            thread::sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(130), "{name}: {stdout}{stderr}");
        assert_eq!(stdout.matches("cut off").count(), 2, "{name}: {stdout}{stderr}");
        made.write("a", &slow("a").replace("sleep 20", "true"));
        made.mkcompose(&["build", "a"]).succeeds();
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn two_runs_at_once_on_one_engine_do_not_disturb_each_other() {
    on_each(&ALL, |name, engine| {
        let dockerfiles = [("a", "FROM busybox\nCMD [\"sleep\", \"2\"]\n"), ("b", "FROM busybox\nRUN echo b >/x\n")];
        let made = Made::new(engine, &format!("every-twice-{name}"), &dockerfiles);
        let runs: Vec<_> = (0..2)
            .map(|number| {
                let [logs, report] = ["logs", "r.json"].map(|name| made.at().join(format!("{number}.{name}")));
                let (logs, report) = (logs.to_str().unwrap(), report.to_str().unwrap());
                let mut command = made.command(&["test", "-j", "2", "--logs", logs, "--report", report]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in runs {
            let output = child.wait_with_output().unwrap();
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        }
        for number in 0..2 {
            let report = fs::read(made.at().join(format!("{number}.r.json"))).unwrap();
            let report: Value = serde_json::from_slice(&report).unwrap();
            assert_eq!(report["images"].as_array().map(Vec::len), Some(2), "{name}: {report}");
        }
        for service in ["a", "b"] {
            let filter = format!("ancestor={}:{service}", made.images);
            assert_eq!(made.docker(&["ps", "--all", "--quiet", "--filter", &filter]), [""; 0], "{name}");
        }
    });
}

/// The ids of what `why` finds in each image, by service.
#[track_caller]
fn found(made: &Made, args: &[&str]) -> BTreeMap<String, Vec<String>> {
    let ran = made.mkcompose(&[&["why", "--format", "json"], args].concat());
    let Ok(report) = serde_json::from_str::<Value>(&ran.stdout) else { panic!("{}", ran.failure("should report")) };
    let images = report["images"].as_array().unwrap().iter();
    let ids = |image: &Value| {
        image["findings"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap().to_owned()).collect()
    };
    images.map(|image| (image["service"].as_str().unwrap().to_owned(), ids(image))).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn why_finds_the_same_in_the_images_of_each_engine() {
    let dockerfiles = [
        ("works", "FROM busybox\nCMD [\"true\"]\n"),
        ("missing", "FROM busybox\nCMD [\"/nope\"]\n"),
        ("no-library", "FROM debian\nRUN rm /lib/x86_64-linux-gnu/libselinux.so.1\nCMD [\"ls\"]\n"),
        ("no-interpreter", "FROM busybox\nRUN printf '#!/bin/gone\\n' >/x && chmod +x /x\nCMD [\"/x\"]\n"),
        ("no-loader", "FROM debian AS b\nFROM scratch\nCOPY --from=b /bin/ls /ls\nCMD [\"/ls\"]\n"),
    ];
    let expected = [
        ("missing", vec!["command-missing"]),
        ("no-interpreter", vec!["interpreter-missing"]),
        ("no-library", vec!["library-missing"]),
        ("no-loader", vec!["loader-missing"]),
        ("works", vec![]),
    ];
    on_each(&ALL, |name, engine| {
        let made = Made::new(engine, &format!("every-why-{name}"), &dockerfiles);
        made.mkcompose(&["build"]).succeeds();
        let found = found(&made, &["*"]);
        let ids = |service: &str| found[service].iter().map(String::as_str).collect::<Vec<_>>();
        for (service, expected) in &expected {
            assert_eq!(&ids(service), expected, "{name}, {service}");
            // What was said before is what happens.
            let image = format!("{}:{service}", made.images);
            let ran = run(
                &format!("every-why.run.{name}"),
                Command::new(engine).args(["run", "--rm", "--network", "none", &image]),
            );
            assert_eq!(ran.code == Some(0), expected.is_empty(), "{name}, {service}: {}", ran.output());
        }
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn why_reads_an_index_of_platforms_with_attestations_and_layers_of_each_kind_of_compression() {
    on_each(&["containerd"], |_, engine| {
        let made = Made::new(engine, "every-index", &[("missing", "FROM scratch\nCOPY x /x\nCMD [\"/nope\"]\n")]);
        fs::write(made.at().join("samples/x"), "x".repeat(5000)).unwrap();
        let image = format!("{}:missing", made.images);
        for compression in ["uncompressed", "gzip", "zstd"] {
            let mut build = Command::new(engine);
            build.env("BUILDX_NO_DEFAULT_ATTESTATIONS", "0").args([
                "buildx",
                "build",
                "--platform",
                "linux/amd64,linux/arm64",
            ]);
            build
                .arg("--output")
                .arg(format!("type=image,name={image},compression={compression},force-compression=true"));
            build.arg("--file").arg(made.at().join("dockerfiles/Dockerfile.missing")).arg(made.at().join("samples"));
            run("every-index.build", &mut build).succeeds();
            for platform in [&[][..], &["--platform", "linux/amd64"], &["--platform", "linux/arm64"]] {
                let found = found(&made, &[&["missing"], platform].concat());
                assert_eq!(found["missing"], ["command-missing"], "{compression} {platform:?}");
            }
        }
    });
}
