//! `docker mkcompose` by the real command lines of Docker: 20.10 of the machine and a current one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::engine::turn_on;

/// A command line of Docker, with mkcompose in its folder of plugins.
struct Docker {
    program: String,
    folder: TempDir,
}

impl Docker {
    /// That of the machine, which is Debian's.
    fn of_debian() -> Self {
        Self::new("/usr/bin/docker".to_owned(), |program, plugin| symlink(program, plugin).unwrap())
    }

    /// A current one. It runs in a root folder of its own, in which /tmp alone is that of this machine.
    fn current() -> Self {
        let program = std::env::var("MINIMAGE_MODERN_DOCKER")
            .expect("start a current engine with eval \"$(.ci/current-engines)\"");
        Self::new(program, |program, plugin| {
            fs::copy(program, plugin).unwrap();
        })
    }

    fn new(program: String, install: impl Fn(&Path, &Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("mkcompose-plugin-").tempdir_in("/tmp").unwrap();
        let plugins = folder.path().join("config/cli-plugins");
        fs::create_dir_all(&plugins).unwrap();
        install(Path::new(env!("CARGO_BIN_EXE_mkcompose")), &plugins.join("docker-mkcompose"));
        // The other plugins, without which nothing is built.
        if let Some(config) = std::env::var_os("DOCKER_CONFIG") {
            for other in fs::read_dir(Path::new(&config).join("cli-plugins")).into_iter().flatten() {
                let other = other.unwrap();
                symlink(other.path(), plugins.join(other.file_name())).unwrap();
            }
        }
        fs::create_dir_all(folder.path().join("repository/web")).unwrap();
        fs::write(folder.path().join("repository/web/Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n").unwrap();
        fs::write(folder.path().join("repository/mkcompose.yml"), "image: mkcompose-plugin/{service}\n").unwrap();
        Self { program, folder }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.folder.path().join("config")).args(line.split_whitespace());
        command.current_dir(self.folder.path().join("repository")).stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn run(&self, line: &str) -> (bool, String) {
        let output = self.command(line).output().unwrap();
        (output.status.success(), both(&output))
    }

    #[track_caller]
    fn well(&self, line: &str) -> String {
        let (well, said) = self.run(line);
        assert!(well, "{} {line}\n{said}", self.program);
        said
    }
}

fn both(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[test]
#[ignore = "needs a Docker engine"]
fn docker_knows_the_plugin_and_shows_its_help() {
    let _turns = ["docker", "containerd"].map(turn_on);
    for docker in [Docker::of_debian(), Docker::current()] {
        let help = docker.well("--help");
        assert!(help.lines().any(|line| line.trim_start().starts_with("mkcompose*")), "{help}");
        assert!(!help.contains("Invalid Plugins"), "{help}");
        for line in ["mkcompose --help", "help mkcompose"] {
            let help = docker.well(line);
            assert!(help.contains("Usage: docker mkcompose [OPTIONS] [COMMAND]"), "{help}");
            assert!(!help.contains("docker-cli-plugin-metadata"), "{help}");
        }
        let (well, said) = docker.run("mkcompose lits");
        assert!(!well && said.contains("unrecognized subcommand 'lits'"), "{said}");
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn the_engine_is_the_one_that_docker_was_told_and_the_context_after_the_name_is_that_of_the_build() {
    let _turns = ["docker", "containerd"].map(turn_on);
    for docker in [Docker::of_debian(), Docker::current()] {
        assert!(docker.well("mkcompose").contains("docker-compose.yml: written, 1 service"));
        let list = docker.well("mkcompose list --context . --format json");
        assert!(list.contains("\"context\": \".\""), "{list}");
        assert!(docker.well("mkcompose --context web").contains("docker-compose.yml: written"));

        let said = docker.well("mkcompose build --logs logs");
        assert!(said.contains("✓ web"), "{said}");
        docker.well("image rm mkcompose-plugin/web");

        // Another engine, named in three ways. A flag goes before the variable of a host.
        docker.well("context create nobody --docker host=unix:///tmp/mkcompose-plugin-nobody.sock");
        let nobody = |mut command: Command| {
            let output = command.env_remove("DOCKER_HOST").output().unwrap();
            let said = both(&output);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains("/tmp/mkcompose-plugin-nobody.sock"), "{said}");
        };
        let host = "--host unix:///tmp/mkcompose-plugin-nobody.sock mkcompose build --logs logs";
        nobody(docker.command(host));
        nobody(docker.command("--context nobody mkcompose build --logs logs"));
        // What starts the current one always sets the variable of a host, which goes before that of a context.
        if docker.program == "/usr/bin/docker" {
            let mut command = docker.command("mkcompose build --logs logs");
            command.env("DOCKER_CONTEXT", "nobody");
            nobody(command);
        }
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_signal_to_docker_stops_the_plugin_after_the_builds_under_way() {
    let _turns = ["docker", "containerd"].map(turn_on);
    let docker = Docker::current();
    // The base is of the kind that has a shell.
    fs::write(docker.folder.path().join("repository/web/Dockerfile"), "FROM busybox\nRUN sleep 5\n").unwrap();
    let mut command = docker.command("mkcompose build --logs logs");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let log = docker.folder.path().join("repository/logs");
    let begun = Instant::now();
    while !log.exists() || fs::read_dir(&log).unwrap().next().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no build began");
        thread::sleep(Duration::from_millis(50));
    }
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let said = both(&child.wait_with_output().unwrap());
    assert!(said.contains("stopping"), "{said}");
    let _ = docker.run("image rm mkcompose-plugin/web");
}
