//! Outcomes for programs: keys that stay, all of them always there. Described by `docs/test.schema.json`.

use std::time::Duration;

use serde::Serialize;

use super::Report;
use crate::markup::json as escape;
use crate::repository::service_name::Set;
use crate::runner::baseline::Changes;
use crate::runner::outcome::OutcomeKind;
use crate::runner::summary::{OutcomeCounts, ServiceResult};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(in crate::report) struct Document<'a> {
    /// The image repository.
    repository: &'a str,
    /// By service, in byte order.
    images: Vec<Entry<'a>>,
    /// How many images there are of each kind.
    total: Totals,
    /// Whether the user stopped the run before all was done.
    interrupted: bool,
    /// How long the run took.
    seconds: f64,
    /// What has changed since the baseline; null without one.
    changes: Option<&'a Changes>,
}

/// One service; what does not apply or is not known is `null`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
struct Entry<'a> {
    service: &'a str,
    program: &'a str,
    set: Set,
    image: &'a str,
    #[serde(flatten)]
    kind: OutcomeKind,
    /// Whether the outcome is as expected; null if nothing is known.
    expected: Option<bool>,
    /// Why, in the words of the engine, the loader, the builder or the program.
    message: Option<&'a str>,
    /// Why it does not work, by those words or the image's content.
    reason: Option<&'a str>,
    /// Of `does-not-build`: the step that failed.
    step: Option<&'a str>,
    /// Of `does-not-build`: the last lines of that step.
    last_lines: &'a [String],
    /// What the program printed, at most 16 KiB: the beginning, a line that says what was cut, the end.
    stdout: &'a str,
    /// The same of stderr.
    stderr: &'a str,
    /// Whether `stdout` or `stderr` was cut.
    output_cut: bool,
    build_seconds: Option<f64>,
    run_seconds: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
struct Totals {
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
    let OutcomeCounts { images, expected, unexpected, undecided, .. } = OutcomeCounts::of(report.rows);
    let document = Document {
        repository: report.repository,
        images: report.rows.iter().map(entry).collect(),
        total: Totals { images, expected, unexpected, undecided },
        interrupted: report.was_interrupted,
        seconds: seconds(report.time),
        changes: report.changes,
    };
    Ok(escape(&serde_json::to_string_pretty(&document)?) + "\n")
}

fn entry(row: &ServiceResult) -> Entry<'_> {
    let message = row.outcome().message();
    Entry {
        service: row.service.as_str(),
        program: row.service.program(),
        set: row.set(),
        image: &row.image,
        kind: row.outcome().kind(),
        expected: row.is_expected(),
        message: (!message.is_empty()).then_some(message),
        reason: row.record.reason.as_deref(),
        step: row.outcome().step(),
        last_lines: &row.record.last_lines,
        stdout: &row.record.stdout,
        stderr: &row.record.stderr,
        output_cut: row.record.is_cut,
        build_seconds: row.record.build_time.map(seconds),
        run_seconds: row.record.run_time.map(seconds),
    }
}

/// Seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::outcomes::tests::{changes, report, sample};
    use crate::runner::baseline::{Baseline, Changes};
    use insta::assert_snapshot;

    #[test]
    fn the_document() {
        let rows = sample();
        assert_snapshot!(render(report(&rows, Some(&changes(&rows)))).unwrap());
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
