//! The lines that `mkcompose why` offers, pasted into the Dockerfile as a person would: then the image works.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::{repository, run, scratch};
use crate::engine::{docker, four_at_a_time, turn};
use crate::https::{NETWORK, Server};
use crate::outcomes::{self, printed_by_program_of};
use crate::{build, stand_ins};

/// The commands whose RUN line a fix replaces.
const COMPILERS: [&str; 3] = ["gcc", "rustc", "javac"];

/// The Dockerfile with these lines in their place; `None` for lines that name a base image or install packages, which
/// not every engine can get.
fn pasted(dockerfile: &str, lines: &[String]) -> Option<String> {
    let starts = |word: &str| lines.iter().all(|line| line.starts_with(word));
    if starts("COPY ") || starts("CMD ") {
        return Some(format!("{dockerfile}{}\n", lines.join("\n")));
    }
    let (first, rest) = dockerfile.split_at(dockerfile.find("FROM ")?);
    let (from, rest) = rest.split_once('\n')?;
    if starts("ENV ") {
        return Some(format!("{first}{from}\n{}\n{rest}", lines.join("\n")));
    }
    let replaced = |line: &str| COMPILERS.iter().any(|compiler| line.starts_with(&format!("RUN {compiler} ")));
    if !lines.iter().any(|line| replaced(line)) {
        return None;
    }
    let others = rest.lines().map(|line| if replaced(line) { lines.join("\n") } else { line.to_owned() });
    Some(format!("{first}{from}\n{}\n", others.collect::<Vec<_>>().join("\n")))
}

/// The fixes of a service's only finding, each with its lines.
#[track_caller]
fn fixes(service: &str) -> Vec<Vec<String>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    let ran = run(&format!("pasted.why.{service}"), command.args(["why", "--strict", "--format", "json", service]));
    assert!(ran.code == Some(1), "{}", ran.failure("should find something"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let fixes = document["images"][0]["findings"][0]["fixes"].as_array().unwrap();
    fixes.iter().map(|fix| serde_json::from_value(fix["lines"].clone()).unwrap()).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn each_image_that_fails_works_with_any_of_the_lines_that_why_offers() {
    let _turn = turn();
    build::normal_set();
    let _server = Server::start();
    let here = stand_ins::normal_services_here();
    let all = outcomes::all().into_iter();
    let failing: Vec<_> = all.filter(|(name, expected)| here.contains(name) && expected.why.is_some()).collect();
    let wrong = four_at_a_time(&failing, |(service, _)| {
        let mut wrong = Vec::new();
        let path = repository().join(format!("dockerfiles/Dockerfile.{service}"));
        let dockerfile = fs::read_to_string(path).unwrap();
        let fixes = fixes(service);
        let tried = fixes.iter().filter_map(|lines| Some((lines.join("\n"), pasted(&dockerfile, lines)?)));
        let tried: Vec<_> = tried.collect();
        assert!(!tried.is_empty(), "no fix of {service} was tried");
        for (number, (lines, dockerfile)) in tried.iter().enumerate() {
            if let Err(why) = works(service, number, dockerfile) {
                wrong.push(format!("{service} with\n{lines}\n{why}"));
            }
        }
        wrong
    });
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{} fixes do not help\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Builds and runs a service from another Dockerfile.
fn works(service: &str, number: usize, dockerfile: &str) -> Result<(), String> {
    let file = scratch().join(format!("pasted.Dockerfile.{service}.{number}"));
    fs::write(&file, dockerfile).unwrap();
    let tag = format!("minimage-pasted:{service}.{number}");
    let name = |what: &str| format!("pasted.{what}.{service}.{number}");
    let context = repository().join("samples");
    let order =
        ["build", "--progress", "plain", "--tag", &tag, "--file", file.to_str().unwrap(), context.to_str().unwrap()];
    let built = docker(&name("build"), &order);
    if built.code != Some(0) {
        return Err(built.failure("should build"));
    }
    let ran = docker(&name("run"), &["run", "--rm", "--network", NETWORK, &tag]);
    docker(&name("remove"), &["rmi", "--force", &tag]);
    if ran.code == Some(0) && ran.stdout == printed_by_program_of(service) {
        Ok(())
    } else {
        Err(ran.failure("should work"))
    }
}
