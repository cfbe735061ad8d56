//! `mkcompose build` and `mkcompose test` on the whole corpus: one more consumer on the same outcomes.

use std::process::Command;

use serde::Deserialize;

use crate::command::{Ran, run};
use crate::engine::turn;
use crate::https::{NETWORK, Server};
use crate::outcomes::{self, Expected, Outcome};
use crate::stand_ins;

/// What `mkcompose test` says of one image.
#[derive(Debug, Deserialize)]
struct Image {
    service: String,
    outcome: String,
    exit_code: Option<i64>,
    message: Option<String>,
    reason: Option<String>,
    step: Option<String>,
    last_lines: Vec<String>,
    stdout: String,
    stderr: String,
}

/// The report.
#[derive(Deserialize)]
struct Report {
    images: Vec<Image>,
}

/// Both sets, but for what cannot be built here.
fn services() -> Vec<String> {
    let here = stand_ins::normal_services_here();
    outcomes::all().into_iter().filter(|(name, it)| !it.builds() || here.contains(name)).map(|(name, _)| name).collect()
}

/// Runs a command of ours on all of them.
#[track_caller]
fn mkcompose(name: &str, arguments: &[&str]) -> Ran {
    run(&format!("own.{name}"), Command::new(env!("CARGO_BIN_EXE_mkcompose")).args(arguments).args(services()))
}

impl Image {
    /// Whether it is as expected.
    fn agrees_with(&self, expected: &Expected) -> bool {
        let said = |text: &String| self.message.iter().chain([&self.stderr]).any(|message| message.contains(text));
        let reasoned = |by: &str| self.reason.as_ref().is_some_and(|reason| reason.contains(by));
        let id = expected.why.as_deref();
        match &expected.outcome {
            Outcome::Works { prints } => self.outcome == "works" && self.stdout == *prints && self.reason.is_none(),
            // The path is from the outcomes, so the reason names what is really not there.
            Outcome::CannotStart { says, path, .. } => {
                self.outcome == "cannot-start" && said(says) && reasoned(path) && id.is_some()
            }
            Outcome::Exits { code, says } => {
                let speaks_of = match id {
                    Some("ca-certificates-missing") => "CA certificates",
                    Some("class-too-new") => "Java",
                    _ => return false,
                };
                self.outcome == "exits" && self.exit_code == Some(*code) && said(says) && reasoned(speaks_of)
            }
            Outcome::DoesNotBuild { step, path, says } => {
                let quoted = format!("\"{path}\"");
                let has = |text: &str| self.message.iter().chain(&self.last_lines).any(|line| line.contains(text));
                self.outcome == "does-not-build"
                    && self.step.as_ref().is_some_and(|failed| failed.contains(step))
                    && has(&quoted)
                    && has(says)
                    && self.reason.is_none()
            }
        }
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn mkcompose_build_builds_the_normal_set_and_is_content_that_the_err_set_fails() {
    let _turn = turn();
    mkcompose("build", &["build"]).succeeds();
}

#[test]
#[ignore = "needs a Docker engine"]
fn mkcompose_test_reports_every_image_with_its_outcome_and_reason() {
    let _turn = turn();
    let _server = Server::start();
    let ran = mkcompose("test", &["test", "--network", NETWORK, "--format", "json"]);
    assert!(ran.code == Some(0), "{}", ran.failure("should find every image as its Dockerfile expects"));
    let report: Report = serde_json::from_str(&ran.stdout).unwrap();
    let expected = outcomes::all();
    assert_eq!(report.images.iter().map(|image| image.service.clone()).collect::<Vec<_>>(), services());
    let wrong = report.images.iter().filter(|image| !image.agrees_with(&expected[&image.service]));
    let wrong: Vec<_> = wrong.map(|image| format!("{image:?}")).collect();
    assert!(wrong.is_empty(), "{} are not as expected\n{}", wrong.len(), wrong.join("\n"));
}
