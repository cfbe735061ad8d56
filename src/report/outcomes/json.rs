//! Outcomes for programs: keys that stay, all of them always there. Described by `docs/test.schema.json`.
//!
//! The same types read a report again, see [`super::earlier`].

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Report;
use super::run_info::{RunSettings, ShardNumber};
use crate::image_finding::ImageFinding;
use crate::markup::json as escape;
use crate::repository::service_name::Set;
use crate::runner::baseline::Changes;
use crate::runner::outcome::OutcomeKind;
use crate::runner::retries::Try;
use crate::runner::summary::{OutcomeCounts, ServiceResult};

/// The version that writes reports, and reads its own.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A report.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(in crate::report) struct Document<'a> {
    /// The version of mkcompose that wrote it.
    pub(super) version: Cow<'a, str>,
    /// The image repository.
    pub(super) repository: Cow<'a, str>,
    /// Which part of a larger run it is, as `--shard` says; null without it.
    pub(super) shard: Option<ShardNumber>,
    /// With what it was made.
    pub(super) settings: Cow<'a, RunSettings>,
    /// By service, in byte order.
    pub(super) images: Vec<Entry<'a>>,
    /// How many images there are of each kind.
    pub(super) total: Totals,
    /// Whether the user stopped the run before all was done.
    pub(super) interrupted: bool,
    /// How long the run took.
    pub(super) seconds: f64,
    /// What has changed since the baseline; null without one.
    pub(super) changes: Option<Cow<'a, Changes>>,
    /// What went wrong beside the images: an engine lost, a log not written.
    pub(super) errors: Cow<'a, [String]>,
    /// All services of the repository, tried or not, in byte order.
    pub(super) services: Cow<'a, [String]>,
}

/// One service; what does not apply or is not known is `null`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(super) struct Entry<'a> {
    pub(super) service: Cow<'a, str>,
    program: Cow<'a, str>,
    set: Set,
    pub(super) image: Cow<'a, str>,
    #[serde(flatten)]
    pub(super) kind: OutcomeKind,
    /// Whether the outcome is as expected; null if nothing is known.
    expected: Option<bool>,
    /// What must happen when it is run: `works`, `exit N`, `cannot start` or `runs`.
    pub(super) expect: Cow<'a, str>,
    /// The set by which its build is expected: `err` too if an image that it is built on is of that.
    pub(super) build_set: Set,
    /// Whether it was built only because another image is built on it. Such an image is reported if it fails.
    pub(super) only_a_base: bool,
    /// Why, in the words of the engine, the loader, the builder or the program.
    pub(super) message: Option<Cow<'a, str>>,
    /// Why it does not work, by those words or the image's content.
    pub(super) reason: Option<Cow<'a, str>>,
    /// Of `does-not-build`: the step that failed.
    pub(super) step: Option<Cow<'a, str>>,
    /// Of `does-not-build`: the last lines of that step.
    pub(super) last_lines: Cow<'a, [String]>,
    /// What the program printed, at most 16 KiB: the beginning, a line that says what was cut, the end.
    pub(super) stdout: Cow<'a, str>,
    /// The same of stderr.
    pub(super) stderr: Cow<'a, str>,
    /// Whether `stdout` or `stderr` was cut.
    pub(super) output_cut: bool,
    pub(super) build_seconds: Option<f64>,
    pub(super) run_seconds: Option<f64>,
    /// What `why` finds in the image, where `test` looked into it: because it does not work.
    pub(super) findings: Cow<'a, [ImageFinding]>,
    /// The digest in the registry that it was pushed to; null: it was not pushed, or the engine does not say.
    pub(super) digest: Option<Cow<'a, str>>,
    /// Earlier tries, of which nothing came that tells of the image, in their order.
    pub(super) tries: Vec<TryEntry<'a>>,
}

/// An earlier try.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(super) struct TryEntry<'a> {
    /// Why nothing is known of it.
    pub(super) message: Cow<'a, str>,
    /// How long it took.
    pub(super) seconds: f64,
}

/// How many images there are of each kind.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(super) struct Totals {
    images: usize,
    expected: usize,
    unexpected: usize,
    undecided: usize,
}

/// The document, on several lines, with a newline at its end.
///
/// # Errors
/// None that is known of: it holds nothing that JSON cannot say.
pub(super) fn render(report: Report<'_>) -> Result<String, serde_json::Error> {
    Ok(escape(&serde_json::to_string_pretty(&Document::of(report))?) + "\n")
}

impl<'a> Document<'a> {
    /// The document of `report`.
    pub(super) fn of(report: Report<'a>) -> Self {
        let OutcomeCounts { images, expected, unexpected, undecided, .. } = OutcomeCounts::of(report.rows);
        Self {
            version: VERSION.into(),
            repository: report.repository.into(),
            shard: report.info.shard,
            settings: Cow::Borrowed(&report.info.settings),
            images: report.rows.iter().map(entry).collect(),
            total: Totals { images, expected, unexpected, undecided },
            interrupted: report.was_interrupted,
            seconds: seconds(report.time),
            changes: report.changes.map(Cow::Borrowed),
            errors: Cow::Borrowed(&report.info.errors),
            services: Cow::Borrowed(&report.info.services),
        }
    }
}

fn entry(row: &ServiceResult) -> Entry<'_> {
    let message = row.outcome().message();
    Entry {
        service: row.service.as_str().into(),
        program: row.service.program().into(),
        set: row.set(),
        image: row.image.as_str().into(),
        kind: row.outcome().kind(),
        expected: row.is_expected(),
        expect: row.expectation.outcome.to_string().into(),
        build_set: row.build_set,
        only_a_base: row.is_only_a_base,
        message: (!message.is_empty()).then(|| message.into()),
        reason: row.record.reason.as_deref().map(Cow::Borrowed),
        step: row.outcome().step().map(Cow::Borrowed),
        last_lines: Cow::Borrowed(&row.record.last_lines),
        stdout: row.record.stdout.as_str().into(),
        stderr: row.record.stderr.as_str().into(),
        output_cut: row.record.is_cut,
        build_seconds: row.record.build_time.map(seconds),
        run_seconds: row.record.run_time.map(seconds),
        findings: Cow::Borrowed(&row.record.findings),
        digest: row.record.digest.as_deref().map(Cow::Borrowed),
        tries: row.record.tries.iter().map(earlier).collect(),
    }
}

fn earlier(earlier: &Try) -> TryEntry<'_> {
    TryEntry { message: earlier.message.as_str().into(), seconds: seconds(earlier.time) }
}

/// Seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{VERSION, render};
    use crate::report::outcomes::tests::{changes, report, sample};
    use crate::runner::baseline::{Baseline, Changes};
    use insta::assert_snapshot;

    #[test]
    fn the_document() {
        let rows = sample();
        let document = render(report(&rows, Some(&changes(&rows)))).unwrap();
        assert_snapshot!(document.replacen(&format!("\"{VERSION}\""), "\"VERSION\"", 1));
    }

    #[test]
    fn every_document_fits_the_documented_schema() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../../docs/test.schema.json")).unwrap();
        let validator = jsonschema::options().build(&schema).unwrap();
        let rows = sample();
        let changes = changes(&rows);
        for (rows, changes) in [(rows.as_slice(), None), (&rows, Some(&changes)), (&[], Some(&Changes::default()))] {
            let document = serde_json::from_str(&render(report(rows, changes)).unwrap()).unwrap();
            let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
        let whole: serde_json::Value = serde_json::from_str(&render(report(&rows, None)).unwrap()).unwrap();
        for key in whole["images"][0].as_object().unwrap().keys() {
            let mut without = whole.clone();
            without["images"][0].as_object_mut().unwrap().remove(key);
            assert!(!validator.is_valid(&without), "valid without `{key}`");
        }
        let mut wrong = whole.clone();
        wrong["images"][0]["outcome"] = "wonderful".into();
        assert!(!validator.is_valid(&wrong));
    }

    #[test]
    fn a_report_is_a_baseline_against_which_nothing_has_changed() {
        let rows = sample();
        let document = render(report(&rows, None)).unwrap();
        let services: Vec<_> = rows.iter().map(|row| row.service.to_string()).collect();
        let changes = Baseline::parse(document.as_bytes()).unwrap().changes(&rows, &services);
        assert_eq!(changes, Changes::default());
    }

    #[test]
    fn texts_come_back_raw_and_control_nothing_on_the_way() {
        let rows = sample();
        let document = render(report(&rows, None)).unwrap();
        assert!(!document.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{document}");
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(value["images"][1]["stdout"], rows[1].record.stdout);
    }
}
