//! What has changed since an earlier report: which images have another outcome than they had, for better or worse.
//!
//! Read from `mkcompose test --format json`; only names and outcomes are looked at. New and vanished services are listed,
//! they are no change. Where nothing is known, now or then, there is nothing to compare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outcome::OutcomeKind;
use super::summary::ServiceResult;
use crate::gather::Gather;
use crate::repository::service_name::Set;

/// An earlier report: the outcome of each service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, OutcomeKind>);

/// An image with another outcome than it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct Change {
    /// The service.
    pub service: String,
    /// What it was.
    #[cfg_attr(feature = "schema", schemars(with = "EarlierOutcome"))]
    pub was: OutcomeKind,
    /// What it is.
    pub is: OutcomeKind,
}

/// The differences between two reports, each list by name. Names may be anything the earlier report held: escape before
/// printing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct Changes {
    /// Those with another outcome.
    pub changed: Vec<Change>,
    /// Tried now and not then.
    pub new: Vec<String>,
    /// Tried then, and no longer a service.
    pub vanished: Vec<String>,
}

/// The outcome in an earlier report, which another version may have written.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct EarlierOutcome {
    outcome: String,
    exit_code: Option<i64>,
    signal: Option<i64>,
    out_of_memory: Option<bool>,
}

#[derive(Deserialize)]
struct Document {
    images: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    service: String,
    outcome: String,
    #[serde(default)]
    exit_code: Option<i64>,
    #[serde(default)]
    signal: Option<i64>,
    #[serde(default = "not_said")]
    out_of_memory: Option<bool>,
}

/// What a report without the field means.
#[expect(clippy::unnecessary_wraps, reason = "serde asks for the field's type")]
fn not_said() -> Option<bool> {
    Some(false)
}

impl Baseline {
    /// Reads a report of `mkcompose test --format json`.
    ///
    /// # Errors
    /// If it is no such report.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(json)?;
        let kind = |Entry { service, outcome, exit_code, signal, out_of_memory }| {
            (service, OutcomeKind { outcome: outcome.into(), exit_code, signal, out_of_memory })
        };
        Ok(Self(document.images.into_iter().map(kind).gather()))
    }

    /// Holds `rows` against it. `services` are all that there are, tried or not, sorted.
    pub fn changes(&self, rows: &[ServiceResult], services: &[String]) -> Changes {
        let is_gone = |service: &&String| services.binary_search(service).is_err();
        Changes { vanished: self.0.keys().filter(is_gone).cloned().collect(), ..self.compare(rows) }
    }

    /// The same without what has vanished, for some of the rows.
    pub fn compare(&self, rows: &[ServiceResult]) -> Changes {
        let mut changes = Changes::default();
        for row in rows {
            let (service, is) = (row.service.to_string(), row.outcome().kind());
            if is.is_undecided() {
                continue;
            }
            match self.0.get(&service).filter(|was| !was.is_undecided()) {
                None => changes.new.push(service),
                // Whether there is no image because it does not build, or because nothing was built, is no difference for one
                // that is not to build.
                Some(was) if row.set() == Set::Err && has_no_image(was) && has_no_image(&is) => {}
                Some(was) if *was != is => changes.changed.push(Change { service, was: was.clone(), is }),
                Some(_) => {}
            }
        }
        changes
    }
}

fn has_no_image(kind: &OutcomeKind) -> bool {
    matches!(&*kind.outcome, "does-not-build" | "not-built")
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use crate::runner::outcome::Outcome;
    use crate::runner::summary::tests::row;

    const EARLIER: &str = r#"{"images": [
        {"service": "better", "outcome": "cannot-start", "exit_code": null},
        {"service": "worse", "outcome": "works"},
        {"service": "code", "outcome": "exits", "exit_code": 1},
        {"service": "same", "outcome": "killed", "signal": 9, "out_of_memory": true, "more": 1},
        {"service": "untried", "outcome": "works"},
        {"service": "cut-off", "outcome": "not-run"},
        {"service": "lost", "outcome": "works"},
        {"service": "gone", "outcome": "works"}
    ]}"#;

    #[test]
    fn changes_in_both_directions_are_listed_and_new_and_vanished_services_apart() {
        let exits = |exit_code| Outcome::ExitedWithError { exit_code, message: "words do not matter".to_owned() };
        let rows = [
            row("better", Outcome::Works),
            row("code", exits(2)),
            row("cut-off", Outcome::Works),
            row("fresh", Outcome::Works),
            row("lost", Outcome::Unknown { message: String::new() }),
            row("same", Outcome::Killed { signal: 9, out_of_memory: Some(true) }),
            row("worse", Outcome::TimedOut),
        ];
        let mut services: Vec<_> = rows.iter().map(|row| row.service.to_string()).collect();
        services.push("untried".to_owned());
        services.sort();
        let changes = Baseline::parse(EARLIER.as_bytes()).unwrap().changes(&rows, &services);
        let words =
            |change: &super::Change| format!("{}: {} → {}", change.service, change.was.label(), change.is.label());
        let listed: Vec<_> = changes.changed.iter().map(words).collect();
        assert_eq!(listed, ["better: cannot start → works", "code: exits 1 → exits 2", "worse: works → timed out"]);
        assert_eq!(changes.new, ["cut-off", "fresh"]);
        assert_eq!(changes.vanished, ["gone"]);
    }

    #[test]
    fn an_err_image_that_was_not_built_this_time_has_not_changed() {
        let earlier = r#"{"images": [{"service": "a.err", "outcome": "does-not-build"},
            {"service": "b", "outcome": "does-not-build"}]}"#;
        let rows = [row("a.err", Outcome::NotBuilt), row("b", Outcome::NotBuilt)];
        let services = ["a.err".to_owned(), "b".to_owned()];
        let changes = Baseline::parse(earlier.as_bytes()).unwrap().changes(&rows, &services);
        let listed: Vec<_> = changes.changed.iter().map(|change| change.service.as_str()).collect();
        assert_eq!(listed, ["b"]);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for wrong in
            ["", "[]", "{}", r#"{"images": [{"service": "a"}]}"#, r#"{"images": [{"service": "a", "size": 1}]}"#]
        {
            assert!(Baseline::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
