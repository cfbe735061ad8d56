//! Outcomes as JUnit XML, which CI systems read.
//!
//! There is no standard, only what Ant once wrote and readers agree on: a suite for each set, a case for each image with
//! its program as the class, `failure` where the answer is no, `error` where the engine failed, `skipped` where nothing
//! was tried, and the output in `system-out` and `system-err`.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Document, SerializeError, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::{MARK, Report};
use crate::repository::service_name::Set;
use crate::runner::outcome::Outcome;
use crate::runner::summary::ServiceResult;
use image_analyzer::printable::printable;

/// The document.
///
/// # Errors
/// None that is known of: the text is written to memory.
pub(super) fn render(report: Report<'_>) -> Result<String, SerializeError> {
    let mut document = Document::new(&*printable(report.repository));
    document.set_time(report.time);
    for set in Set::ALL {
        let rows: Vec<_> = report.rows.iter().filter(|row| row.set() == set).collect();
        if rows.is_empty() {
            continue;
        }
        let mut suite = TestSuite::new(set.to_string());
        suite.set_time(rows.iter().map(|row| time(row)).sum());
        suite.add_test_cases(rows.into_iter().map(|row| case(&report, row)));
        document.add_test_suite(suite);
    }
    // The library has no comment; the first such tag is that of the document.
    Ok(document.to_string()?.replacen("<testsuites ", &format!("{MARK}\n<testsuites "), 1))
}

/// How long an image took, from its build to its end.
fn time(row: &ServiceResult) -> Duration {
    row.record.build_time.unwrap_or_default() + row.record.run_time.unwrap_or_default()
}

fn case(report: &Report<'_>, row: &ServiceResult) -> TestCase {
    let mut case = TestCase::new(row.service.as_str(), status(report, row));
    case.set_classname(row.service.program()).set_time(time(row));
    if !row.record.stdout.is_empty() {
        case.set_system_out(printable_lines(&row.record.stdout));
    }
    if !row.record.stderr.is_empty() {
        case.set_system_err(printable_lines(&row.record.stderr));
    }
    case
}

fn status(report: &Report<'_>, row: &ServiceResult) -> TestCaseStatus {
    let mut status = status_of_last_try(report, row);
    for earlier in &row.record.tries {
        let mut rerun = TestRerun::new(NonSuccessKind::Error);
        rerun.set_message(&*printable(&earlier.message)).set_type("unknown").set_time(earlier.time);
        status.add_rerun(rerun);
    }
    status
}

fn status_of_last_try(report: &Report<'_>, row: &ServiceResult) -> TestCaseStatus {
    let mut status = match row.outcome() {
        Outcome::Unknown { .. } => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::NotRun | Outcome::Interrupted => TestCaseStatus::skipped(),
        _ if report.fails(row) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => return TestCaseStatus::success(),
    };
    let (label, detail) = (row.outcome().label(), row.detail());
    status.set_message(&*printable(&if detail.is_empty() { label } else { format!("{label}: {detail}") }));
    status.set_type(row.outcome().kind().outcome);
    if !row.record.last_lines.is_empty() {
        status.set_description(printable_lines(&row.record.last_lines.join("\n")));
    }
    status
}

/// Printable text that keeps its lines.
fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::outcomes::tests::{changes, report, sample};
    use insta::assert_snapshot;

    #[test]
    fn the_document() {
        let rows = sample();
        assert_snapshot!(render(report(&rows, None)).unwrap());
    }

    #[test]
    fn with_a_baseline_a_change_is_the_failure() {
        let rows = sample();
        let text = render(report(&rows, Some(&changes(&rows)))).unwrap();
        assert_eq!(text.matches("<failure ").count(), 1, "{text}");
        assert_eq!(text.matches("failures=\"1\"").count(), 2, "{text}");
    }

    #[test]
    fn a_junit_reader_reads_what_was_written() {
        let rows = sample();
        let read = junit_parser::from_reader(render(report(&rows, None)).unwrap().as_bytes()).unwrap();
        let suites: Vec<_> = read.suites.iter().map(|suite| (suite.name.as_str(), suite.cases.len())).collect();
        assert_eq!(suites, [("normal", 10), ("err", 2)]);
        assert_eq!((read.tests, read.failures, read.errors, read.skipped), (12, 7, 1, 1));
        let normal = &read.suites[0].cases;
        assert!(normal.iter().filter(|case| case.status.is_failure()).count() == 6);
        assert_eq!(normal[0].system_out.as_deref(), Some("Hello, world!\nmore\n"));
        assert_eq!(normal[0].classname.as_deref(), Some("hello-c"));
    }
}
