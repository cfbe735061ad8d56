//! What `mkcompose why` says of each image before it runs, held against what then happens.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::command::{run, say};
use crate::engine::turn;
use crate::{build, normal_set, outcomes, stand_ins};

/// What `mkcompose why` says of one image.
#[derive(Debug, Deserialize)]
pub(crate) struct Prediction {
    name: String,
    /// Whether the image starts at all.
    starts: bool,
    findings: Vec<Finding>,
}

/// One reason.
#[derive(Debug, Deserialize)]
struct Finding {
    id: String,
}

/// The document.
#[derive(Deserialize)]
struct Document {
    images: Vec<Prediction>,
}

impl Prediction {
    /// The ids of all findings.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding.id.as_str()).collect()
    }
}

/// The prediction for each image of the normal set, by service. Has the turn of its caller.
#[track_caller]
pub(crate) fn predictions() -> &'static BTreeMap<String, Prediction> {
    static PREDICTIONS: OnceLock<BTreeMap<String, Prediction>> = OnceLock::new();
    PREDICTIONS.get_or_init(|| {
        build::normal_set();
        let services = stand_ins::normal_services_here();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
        let ran = run("why", command.args(["why", "--format", "json"]).args(&services));
        assert!(ran.code == Some(1), "{}", ran.failure("should find something in some images"));
        let document: Document = serde_json::from_str(&ran.stdout).unwrap();
        document.images.into_iter().map(|prediction| (prediction.name.clone(), prediction)).collect()
    })
}

/// Says how often a prediction and what was observed disagree.
pub(crate) fn tell(which: &str, disagreements: usize, images: usize) {
    say(&format!("why, {which}: {disagreements} disagreements of {images} images"));
}

#[test]
#[ignore = "needs a Docker engine"]
fn why_names_the_cause_of_each_image_that_fails_and_finds_nothing_in_one_that_works() {
    let _turn = turn();
    let predictions = predictions();
    let mut wrong = Vec::new();
    for (service, observed) in normal_set::observed() {
        let prediction = &predictions[service];
        let cause: Vec<_> = outcomes::all()[service].why.clone().into_iter().collect();
        // A program that ran printed or ended otherwise than the runtime and the loader do for it.
        let started = !observed.never_ran();
        if prediction.ids() != cause || prediction.starts != started {
            wrong.push(format!("{service}: should find {cause:?}: {prediction:?}, and then: {observed:?}"));
        }
    }
    tell("dockerfiles", wrong.len(), predictions.len());
    assert!(wrong.is_empty(), "{} of {} are predicted wrong\n{}", wrong.len(), predictions.len(), wrong.join("\n"));
}
