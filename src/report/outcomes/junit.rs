//! Outcomes for what reads test results: the JUnit XML that CI systems take.
//!
//! There is no standard, only what Ant once wrote and consumers agree on: a suite for each set, a case for each image
//! with its program as the class, `failure` where the answer is no, `error` where the engine failed, `skipped` where
//! nothing was tried, and what was printed in `system-out` and `system-err`.

use std::fmt::Write as _;
use std::time::Duration;

use super::Report;
use crate::markup::xml;
use crate::repository::service_name::Set;
use crate::runner::outcome::Outcome;
use crate::runner::summary::ServiceResult;

/// How many cases there are of each kind.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

/// The document.
pub fn render(report: Report<'_>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = attributes(counts(&report, report.rows.iter()), report.time);
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "<testsuites name=\"{}\"{all}>", xml(report.repository));
    for set in Set::ALL {
        let rows = || report.rows.iter().filter(|row| row.set() == set);
        if rows().next().is_none() {
            continue;
        }
        let of_set = attributes(counts(&report, rows()), rows().map(time).sum());
        let _ = writeln!(out, "  <testsuite name=\"{set}\"{of_set}>");
        rows().for_each(|row| case(&mut out, &report, row));
        out += "  </testsuite>\n";
    }
    out += "</testsuites>\n";
    out
}

fn counts<'a>(report: &Report<'_>, rows: impl Iterator<Item = &'a ServiceResult>) -> Counts {
    let mut counts = Counts::default();
    for row in rows {
        counts.tests += 1;
        match row.outcome() {
            Outcome::Unknown { .. } => counts.errors += 1,
            Outcome::NotRun | Outcome::Interrupted => counts.skipped += 1,
            _ if report.fails(row) => counts.failures += 1,
            _ => {}
        }
    }
    counts
}

fn attributes(counts: Counts, time: Duration) -> String {
    let Counts { tests, failures, errors, skipped } = counts;
    let time = time.as_secs_f64();
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{time:.3}\"")
}

/// How long an image took, from its build to its end.
fn time(row: &ServiceResult) -> Duration {
    row.record.build_time.unwrap_or_default() + row.record.run_time.unwrap_or_default()
}

fn case(out: &mut String, report: &Report<'_>, row: &ServiceResult) {
    let seconds = time(row).as_secs_f64();
    let name = xml(row.service.as_str());
    let program = xml(row.service.program());
    let _ = writeln!(out, "    <testcase name=\"{name}\" classname=\"{program}\" time=\"{seconds:.3}\">");
    let words = row.outcome().label();
    let detail = row.detail();
    let message = xml(&if detail.is_empty() { words } else { format!("{words}: {detail}") });
    let kind = row.outcome().kind().outcome;
    match row.outcome() {
        Outcome::Unknown { .. } => {
            let _ = writeln!(out, "      <error message=\"{message}\" type=\"{kind}\"/>");
        }
        Outcome::NotRun | Outcome::Interrupted => {
            let _ = writeln!(out, "      <skipped message=\"{message}\"/>");
        }
        _ if report.fails(row) => {
            let lines = lines(&row.record.last_lines.join("\n"));
            let _ = writeln!(out, "      <failure message=\"{message}\" type=\"{kind}\">{lines}</failure>");
        }
        _ => {}
    }
    for (tag, text) in [("system-out", &row.record.stdout), ("system-err", &row.record.stderr)] {
        if !text.is_empty() {
            let _ = writeln!(out, "      <{tag}>{}</{tag}>", lines(text));
        }
    }
    out.push_str("    </testcase>\n");
}

/// Text of several lines, which it keeps.
fn lines(text: &str) -> String {
    text.split('\n').map(xml).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::outcomes::tests::{changes, report, sample};
    use insta::assert_snapshot;

    #[test]
    fn the_document() {
        let rows = sample();
        assert_snapshot!(render(report(&rows, None)));
    }

    #[test]
    fn with_a_baseline_a_change_is_the_failure() {
        let rows = sample();
        let text = render(report(&rows, Some(&changes(&rows))));
        assert_eq!(text.matches("<failure ").count(), 1, "{text}");
        assert_eq!(text.matches("failures=\"1\"").count(), 2, "{text}");
    }

    #[test]
    fn a_junit_reader_reads_what_was_written() {
        let rows = sample();
        let read = junit_parser::from_reader(render(report(&rows, None)).as_bytes()).unwrap();
        let suites: Vec<_> = read.suites.iter().map(|suite| (suite.name.as_str(), suite.cases.len())).collect();
        assert_eq!(suites, [("normal", 10), ("err", 2)]);
        assert_eq!((read.tests, read.failures, read.errors, read.skipped), (12, 7, 1, 1));
        let normal = &read.suites[0].cases;
        assert!(normal.iter().filter(|case| case.status.is_failure()).count() == 6);
        assert_eq!(normal[0].system_out.as_deref(), Some("Hello, world!\nmore\n"));
        assert_eq!(normal[0].classname.as_deref(), Some("hello-c"));
    }
}
