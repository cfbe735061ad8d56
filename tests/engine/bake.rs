//! `docker buildx bake` on the generated Compose file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::{docker, has_image, turn};
use crate::outcomes::printed_by_program_of;

/// What `--print` prints, as far as it matters here.
#[derive(Deserialize)]
struct Bake {
    group: BTreeMap<String, Group>,
    target: BTreeMap<String, Target>,
}

/// A list of targets.
#[derive(Deserialize)]
struct Group {
    targets: Vec<String>,
}

/// One image.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Target {
    context: String,
    dockerfile: String,
    tags: Vec<String>,
}

/// The name that bake gives to a service.
fn target_name(service: &str) -> String {
    service.replace('.', "_")
}

#[test]
#[ignore = "needs a Docker engine"]
fn bake_lists_every_service_once_with_its_tag_and_dockerfile() {
    let _turn = turn();
    let printed = docker("bake.print", &["buildx", "bake", "-f", "docker-compose.yml", "--print"]).succeeds().stdout;
    let bake: Bake = serde_json::from_str(&printed).unwrap();
    let expected: BTreeMap<_, _> = crate::stand_ins::normal_services()
        .into_iter()
        .map(|service| {
            let target = Target {
                context: "samples".to_owned(),
                dockerfile: format!("../dockerfiles/Dockerfile.{service}"),
                tags: vec![format!("minimage:{service}")],
            };
            (target_name(&service), target)
        })
        .collect();
    assert_eq!(bake.target, expected);
    let mut listed = bake.group["default"].targets.clone();
    listed.sort();
    assert_eq!(listed, expected.into_keys().collect::<Vec<_>>());
}

#[test]
#[ignore = "needs a Docker engine"]
fn bake_builds_a_few_that_then_work() {
    let _turn = turn();
    crate::build::normal_set();
    let services = ["hello-c.alpine-static.scratch", "hello-go.golang.scratch", "pyyaml.python-alpine"];
    for service in services {
        docker("bake.untag", &["image", "rm", "--force", &format!("minimage:{service}")]).succeeds();
    }
    let targets = services.map(target_name);
    let mut arguments = vec!["buildx", "bake", "--progress", "plain", "-f", "docker-compose.yml"];
    arguments.extend(targets.iter().map(String::as_str));
    docker("bake.build", &arguments).succeeds();
    for service in services {
        let image = format!("minimage:{service}");
        assert!(has_image(&image), "bake left no {image}");
        let ran = docker(&format!("bake.run.{service}"), &["run", "--rm", &image]).succeeds();
        assert_eq!(ran.stdout, printed_by_program_of(service));
    }
}
