//! The generated `docker-compose.yml` with both Compose versions: read, built, run, and each outcome as expected.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;

use crate::command::run;
use crate::compose::{Project, Version};
use crate::engine::turn;
use crate::https::Server;
use crate::observed::Observed;
use crate::why::predictions;
use crate::{build, outcomes, stand_ins};

/// What each service of the normal set did when Compose version 2 ran it. Has the turn of its caller.
#[track_caller]
pub(crate) fn observed() -> &'static BTreeMap<String, Observed> {
    static OBSERVED: OnceLock<BTreeMap<String, Observed>> = OnceLock::new();
    OBSERVED.get_or_init(|| {
        // Asked before anything runs.
        predictions();
        build_and_run(Version::V2)
    })
}

/// Builds all in one go and runs all in one go, as a person would; what the engine refuses to start is run after that.
#[track_caller]
fn build_and_run(version: Version) -> BTreeMap<String, Observed> {
    build::normal_set();
    let _server = Server::start();
    let services = stand_ins::normal_services_here();
    let expected = outcomes::all();
    let project = Project::of_normal_set(version, "minimage-run").on_test_network();
    let with = |command: &[&'static str], services: &[&String]| {
        command.iter().copied().map(str::to_owned).chain(services.iter().copied().cloned()).collect::<Vec<_>>()
    };
    let compose = |name: &str, arguments: Vec<String>| {
        project.run(name, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };

    compose("build", with(&["build"], &services.iter().collect::<Vec<_>>())).succeeds();
    let (refused, started): (Vec<_>, Vec<_>) = services.iter().partition(|service| expected[*service].refused());
    compose("up", with(&["up", "--no-build"], &started)).succeeds();
    for service in refused {
        compose(&format!("up.{service}"), with(&["up", "--no-build"], &[service])).fails();
    }
    let codes = project.exit_codes();
    let all = services.iter().map(|service| (service.clone(), Observed::of(&project.container(service))));
    let all: BTreeMap<_, _> = all.collect();
    for (service, observed) in &all {
        let shown = project.shown_code(&observed.status, observed.code);
        assert_eq!(codes.get(service), Some(&shown), "`ps` on {service}: {observed:?}");
    }
    all
}

/// Fails with each service that did something else than it must.
#[track_caller]
fn compare(observed: &BTreeMap<String, Observed>) {
    let expected = outcomes::all();
    let wrong = observed.iter().filter_map(|(service, observed)| {
        observed.disagrees_with(&expected[service]).map(|reason| format!("{service}: {reason}"))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{} of {} are not as expected\n{}", wrong.len(), observed.len(), wrong.join("\n"));
}

/// Both generated files are accepted, and have the services that there are Dockerfiles for.
#[track_caller]
fn accepts_both_files(version: Version) {
    let mut services = Vec::new();
    for file in ["docker-compose.yml", "docker-compose.err.yml"] {
        let project = Project::of(version, "minimage-config", &[file]);
        let listed = project.run(&format!("config.{file}"), &["config", "--services"]).succeeds().stdout;
        services.extend(listed.lines().map(str::to_owned));
    }
    services.sort();
    assert_eq!(services, outcomes::all().into_keys().collect::<Vec<_>>());
}

#[test]
fn the_committed_compose_files_are_what_mkcompose_writes() {
    run("check", Command::new(env!("CARGO_BIN_EXE_mkcompose")).arg("--check")).succeeds();
}

#[test]
#[ignore = "needs a Docker engine"]
fn compose_v1_accepts_both_files() {
    let _turn = turn();
    accepts_both_files(Version::V1);
}

#[test]
#[ignore = "needs a Docker engine"]
fn compose_v2_accepts_both_files() {
    let _turn = turn();
    accepts_both_files(Version::V2);
}

#[test]
#[ignore = "needs a Docker engine"]
fn compose_v1_builds_and_runs_every_image_with_its_outcome() {
    let _turn = turn();
    compare(&build_and_run(Version::V1));
}

#[test]
#[ignore = "needs a Docker engine"]
fn compose_v2_builds_and_runs_every_image_with_its_outcome() {
    let _turn = turn();
    compare(observed());
}
