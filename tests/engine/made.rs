//! Images made for `mkcompose why`, one for each rule and one for its nearest harmless neighbour: what it says of each
//! before it runs, held against what then happens.

mod cases;
mod image;
mod parts;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::command::run;
use crate::engine::{docker, four_at_a_time, turn};
use crate::why::tell;
use cases::{Case, Expected};
use parts::Parts;

/// What the programs of all cases print.
const GREETING: &str = "Hello, world!\n";

/// The ids of the findings on each image, as `mkcompose why --format json` names them.
#[track_caller]
fn asked(name: &str, images: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    let ran = run(name, command.args(["why", "--format", "json"]).args(images));
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.failure("should look at every image"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let entries = document["images"].as_array().unwrap().iter().map(|entry| {
        let ids =
            entry["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap().to_owned());
        (entry["name"].as_str().unwrap().to_owned(), ids.collect())
    });
    entries.collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn each_image_does_what_was_said_of_it_before() {
    let _turn = turn();
    let parts = Parts::build();
    let cases = cases::all(&parts);
    assert!(cases.len() >= 30, "{} images are fewer than were promised", cases.len());
    image::load(&cases);
    let names: Vec<_> = cases.iter().map(Case::tag).collect();
    let said = asked("made.why", &names);
    let disagreements = four_at_a_time(&cases, |case| disagreement(case, &said[&case.tag()]));
    let wrong: Vec<_> = disagreements.into_iter().flatten().collect();
    tell("made", wrong.len(), cases.len());
    docker("made.remove", &[&["rmi", "--force"][..], &names.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    assert!(wrong.is_empty(), "{} of {} disagree\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What was said of the image, what happened, and what should have: `None` if all three are the same.
fn disagreement(case: &Case, said: &[String]) -> Option<String> {
    let ran = docker(&format!("made.run.{}", case.name), &["run", "--rm", &case.tag()]);
    let happened = match &case.expected {
        Expected::Works => ran.code == Some(0) && ran.stdout == GREETING,
        Expected::Fails(_, words) => ran.code != Some(0) && ran.output().contains(words),
    };
    let expected: Vec<_> = match &case.expected {
        Expected::Works => Vec::new(),
        Expected::Fails(id, _) => vec![(*id).to_owned()],
    };
    (!happened || said != expected).then(|| {
        let output = ran.output();
        format!("{}: said {said:?}, expected {:?}, ended {:?}: {}", case.name, case.expected, ran.code, output.trim())
    })
}
