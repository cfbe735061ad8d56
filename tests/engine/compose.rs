//! The two programs called Compose, and one project of either.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::command::{Ran, run};

/// Compose's default network is the tests' network, where a server answers as icanhazip.com.
const NETWORK: &str = "tests/engine/network.yml";

/// Which Compose.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Version {
    /// `docker-compose`, in Python, until 2021.
    V1,
    /// `docker compose`, a plugin of the `docker` command.
    V2,
}

/// A Compose project; what it made is taken away when it goes.
pub(crate) struct Project {
    version: Version,
    name: &'static str,
    files: Vec<String>,
}

impl Project {
    /// The services of `docker-compose.yml`.
    pub(crate) fn of_normal_set(version: Version, name: &'static str) -> Self {
        Self::of(version, name, &["docker-compose.yml"])
    }

    /// The services of `files`.
    pub(crate) fn of(version: Version, name: &'static str, files: &[&str]) -> Self {
        Self { version, name, files: files.iter().map(|file| (*file).to_owned()).collect() }
    }

    /// The same project on the tests' network.
    pub(crate) fn on_test_network(mut self) -> Self {
        self.files.push(NETWORK.to_owned());
        self
    }

    /// Runs a Compose command; its output is kept as `name`.
    #[track_caller]
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Ran {
        let mut command = match self.version {
            Version::V1 => Command::new("docker-compose"),
            Version::V2 => Command::new("docker"),
        };
        match self.version {
            // BuildKit, so that both versions share a cache.
            Version::V1 => command.envs([("COMPOSE_DOCKER_CLI_BUILD", "1"), ("DOCKER_BUILDKIT", "1")]),
            Version::V2 => command.args(["compose", "--progress", "plain"]),
        };
        command.env("BUILDKIT_PROGRESS", "plain").args(["-p", self.name]);
        command.args(self.files.iter().flat_map(|file| ["-f", file])).args(arguments);
        run(&format!("{:?}.{name}", self.version).to_lowercase(), &mut command)
    }

    /// What `ps` should tell of a container in this state. Version 1 shows the code of one that never started too.
    pub(crate) fn shown_code(&self, status: &str, code: i64) -> Option<i64> {
        (status == "exited" || matches!(self.version, Version::V1)).then_some(code)
    }

    /// The name of the one container of `service`.
    pub(crate) fn container(&self, service: &str) -> String {
        match self.version {
            Version::V1 => format!("{}_{service}_1", self.name),
            Version::V2 => format!("{}-{service}-1", self.name),
        }
    }

    /// What `ps` tells of each service whose container does not run: its exit code, or none if it never started.
    #[track_caller]
    pub(crate) fn exit_codes(&self) -> BTreeMap<String, Option<i64>> {
        match self.version {
            Version::V1 => v1_exit_codes(&self.run("ps", &["ps"]).succeeds().stdout, self.name),
            Version::V2 => v2_exit_codes(&self.run("ps", &["ps", "-a", "--format", "json"]).succeeds().stdout),
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.run("down", &["down", "--remove-orphans", "--timeout", "0"]);
    }
}

/// Version 1 prints a table: the container, its command, `Exit N`, its ports.
fn v1_exit_codes(table: &str, project: &str) -> BTreeMap<String, Option<i64>> {
    let row = |line: &str| {
        let container = line.split_whitespace().next()?;
        let service = container.strip_prefix(project)?.strip_prefix('_')?.strip_suffix("_1")?;
        let (_, after) = line.rsplit_once(" Exit ")?;
        Some((service.to_owned(), Some(after.split_whitespace().next()?.parse().ok()?)))
    };
    table.lines().filter_map(row).collect()
}

/// Version 2 prints one array before 2.21 and one object a line since.
fn v2_exit_codes(json: &str) -> BTreeMap<String, Option<i64>> {
    let values = serde_json::Deserializer::from_str(json).into_iter::<Value>().map(Result::unwrap);
    let containers = values.flat_map(|value| match value {
        Value::Array(containers) => containers,
        container => vec![container],
    });
    let row = |container: Value| {
        let code = match container["State"].as_str()? {
            "exited" => Some(container["ExitCode"].as_i64()?),
            "created" => None,
            _ => return None,
        };
        Some((container["Service"].as_str()?.to_owned(), code))
    };
    containers.filter_map(row).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn compose_v1_and_v2_are_the_versions_that_they_stand_for() {
    let of = |version: Version, name| {
        // A project of its own, which is never started.
        let said =
            Project::of_normal_set(version, "minimage-test-version").run(name, &["version", "--short"]).succeeds();
        let major =
            said.stdout.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
        major.unwrap_or_else(|| panic!("`{}` is no version", said.stdout))
    };
    let _turn = crate::engine::turn();
    assert_eq!(of(Version::V1, "version.1"), 1);
    assert!(of(Version::V2, "version.2") >= 2);
}

#[test]
fn exit_codes_are_read_from_the_table_of_version_1() {
    let table = "     Name       Command   State    Ports\n----\np_hello-c.gcc_1   ./hello   Exit 0          \n\
                 p_a_1  java Exit 3   Exit 1          \np_b_1  x  Up  \n";
    let expected = [("hello-c.gcc".to_owned(), Some(0)), ("a".to_owned(), Some(1))];
    assert_eq!(v1_exit_codes(table, "p"), BTreeMap::from(expected));
}

#[test]
fn exit_codes_are_read_from_both_forms_of_version_2() {
    let (a, b) =
        (r#"{"Service":"a","State":"exited","ExitCode":1}"#, r#"{"Service":"b","State":"created","ExitCode":0}"#);
    let running = r#"{"Service":"c","State":"running","ExitCode":0}"#;
    let expected = BTreeMap::from([("a".to_owned(), Some(1)), ("b".to_owned(), None)]);
    assert_eq!(v2_exit_codes(&format!("[{a},{b},{running}]")), expected);
    assert_eq!(v2_exit_codes(&format!("{a}\n{b}\n{running}\n")), expected);
    assert_eq!(v2_exit_codes(""), BTreeMap::new());
}
