//! `docker-compose.err.yml`: none of its services builds, each for its own reason, and one of them among the normal
//! ones would stop their build, which is why there are two files.

use std::fs;
use std::process::Command;

use crate::build::failing_step;
use crate::command::{run, scratch};
use crate::compose::{Project, Version};
use crate::engine::{docker, has_image, turn};
use crate::outcomes::{self, Outcome};

/// Builds each of the set by itself, which must fail at its step with its words.
#[track_caller]
pub(crate) fn each_fails_alone(version: Version) {
    for (service, expected) in outcomes::all() {
        let Outcome::DoesNotBuild { step, says } = expected.outcome else { continue };
        let project = Project::of(version, "minimage-err", &["docker-compose.err.yml"]);
        let ran = project.run(&format!("build.{service}"), &["build", &service]).fails().says(&says);
        let failed = failing_step(&ran.output()).unwrap_or_default().trim_end_matches(':').to_owned();
        assert_eq!(failed, step, "{}", ran.failure("should fail at that step"));
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn each_err_service_fails_alone_for_its_own_reason_with_compose_v1() {
    let _turn = turn();
    each_fails_alone(Version::V1);
}

#[test]
#[ignore = "needs a Docker engine"]
fn each_err_service_fails_alone_for_its_own_reason_with_compose_v2() {
    let _turn = turn();
    each_fails_alone(Version::V2);
}

#[test]
#[ignore = "needs a Docker engine"]
fn one_err_service_among_normal_ones_stops_the_build_of_those_after_it() {
    const REPOSITORY: &str = "minimage-stopped";
    let (before, err, after) =
        ("hello-go.golang.scratch", "hello-go.golang.scratch-run.err", "hello-go.golang.scratch-string");
    let _turn = turn();
    let folder = scratch().join("stopped");
    fs::create_dir_all(&folder).unwrap();
    let (normal, errs) = (folder.join("normal.yml"), folder.join("err.yml"));
    let mut generate = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    generate.args(["--image", REPOSITORY, "-o"]).arg(&normal).arg("--err-output").arg(&errs);
    run("stopped.generate", &mut generate).succeeds();
    let image = |service: &str| format!("{REPOSITORY}:{service}");
    for service in [before, after] {
        docker("stopped.untag", &["image", "rm", "--force", &image(service)]);
    }

    let files = [normal.to_str().unwrap(), errs.to_str().unwrap()];
    let project = Project::of(Version::V1, "minimage-stopped", &files);
    project.run("stopped", &["build", before, err, after]).fails().says(err);
    assert!(has_image(&image(before)), "what comes before it is built");
    assert!(!has_image(&image(after)), "what comes after it is not");
    docker("stopped.untag", &["image", "rm", "--force", &image(before)]).succeeds();

    let project = Project::of(Version::V2, "minimage-stopped", &files);
    project.run("stopped", &["build", before, err, after]).fails().says("failed to solve");
}
