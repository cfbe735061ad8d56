//! `docker-compose.err.yml`: none of its services builds, each for its own reason, and one of them among the normal
//! ones would stop their build, which is why there are two files.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::build::failing_step;
use crate::command::{run, scratch};
use crate::compose::{Project, Version};
use crate::engine::{docker, has_image, turn};
use crate::outcomes::{self, Outcome};

/// Builds each of the set by itself, which must fail at its step with its words.
#[track_caller]
pub(crate) fn each_fails_alone(version: Version) {
    for (service, expected) in outcomes::all() {
        let Outcome::DoesNotBuild { step, path, says } = expected.outcome else { continue };
        let project = Project::of(version, "minimage-err", &["docker-compose.err.yml"]);
        let ran = project
            .run(&format!("build.{service}"), &["build", &service])
            .fails()
            .says(&says)
            .says(&format!("\"{path}\""));
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
fn one_err_service_among_normal_ones_fails_the_build_of_all() {
    let (before, err, after) =
        ("hello-go.golang.scratch", "hello-go.golang.scratch-run.err", "hello-go.golang.scratch-string");
    let _turn = turn();
    let file = one_file_with(&[before, err, after]);
    let images = [before, after].map(|service| format!("{STOPPED}:{service}"));
    for version in [Version::V1, Version::V2] {
        for image in &images {
            docker("stopped.untag", &["image", "rm", "--force", image]);
        }
        let project = Project::of(version, "minimage-stopped", &[&file]);
        project.run("stopped", &["build"]).fails().says(err);
        // Version 1 builds one after the other and stops; version 2 builds at once what it has workers for.
        if matches!(version, Version::V1) {
            assert!(has_image(&images[0]), "what comes before it is built");
            assert!(!has_image(&images[1]), "what comes after it is not");
        }
    }
}

/// The repository of the images that an err service keeps from being built.
const STOPPED: &str = "minimage-stopped";

/// Generates both files anew, for other images, and puts `services` of either into one; its path.
#[track_caller]
fn one_file_with(services: &[&str]) -> String {
    let folder = scratch().join("stopped");
    fs::create_dir_all(&folder).unwrap();
    let (normal, errs, one) = (folder.join("normal.yml"), folder.join("err.yml"), folder.join("one.yml"));
    let mut generate = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    generate.args(["--image", STOPPED, "-o"]).arg(&normal).arg("--err-output").arg(&errs);
    run("stopped.generate", &mut generate).succeeds();
    let read = |path| serde_yaml::from_str::<ComposeFile>(&fs::read_to_string(path).unwrap()).unwrap();
    let (normal, errs) = (read(&normal), read(&errs));
    let mut all = ComposeFile { services: normal.services.into_iter().chain(errs.services).collect() };
    all.services.retain(|service, _| services.contains(&service.as_str()));
    assert_eq!(all.services.len(), services.len());
    fs::write(&one, serde_yaml::to_string(&all).unwrap()).unwrap();
    one.to_str().unwrap().to_owned()
}

/// A Compose file, its services in byte order.
#[derive(Deserialize, Serialize)]
struct ComposeFile {
    services: BTreeMap<String, serde_yaml::Value>,
}
