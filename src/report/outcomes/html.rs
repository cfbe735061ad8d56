//! Outcomes as a page to look at: what happened with each image, and unfolded, what it said and why.

use std::path::Path;
use std::time::Duration;

use super::{Report, sections};
use crate::report::html::{Cell, Column, Detail, Link, Page, Row, Section, Tone, address};
use crate::repository::service_name::ServiceName;
use crate::runner::logs::{Phase, file_name};
use crate::runner::progress::duration;
use crate::runner::summary::{OutcomeCounts, ServiceResult};
use image_analyzer::printable::printable;

const COLUMNS: [Column; 6] = [
    Column { name: "Service", is_number: false },
    Column { name: "Program", is_number: false },
    Column { name: "Outcome", is_number: false },
    Column { name: "Build", is_number: true },
    Column { name: "Run", is_number: true },
    Column { name: "Detail", is_number: false },
];

/// What this page is known by.
pub(super) const PAGE: &str = "<meta name=\"generator\" content=\"mkcompose outcomes\">";

/// The page.
///
/// # Errors
/// None that is known of.
pub(super) fn render(report: Report<'_>) -> Result<String, askama::Error> {
    let sections = report.changes.map(sections).unwrap_or_default().into_iter().map(|section| Section {
        title: section.title.to_owned(),
        lines: section.lines.iter().map(|line| printable(line).into_owned()).collect(),
    });
    let is_undecided = OutcomeCounts::of(report.rows).undecided > 0 || report.was_interrupted;
    Page {
        generator: "mkcompose outcomes",
        title: format!("Images of {}", printable(report.repository)),
        summary: printable(&report.summary()).into_owned(),
        tone: if report.is_no() {
            Tone::Bad
        } else if is_undecided {
            Tone::Notice
        } else {
            Tone::Good
        },
        sections: sections.collect(),
        caption: "What happened when each image was built and run",
        state_name: "Outcome",
        bad: report.is_no().then_some(if report.changes.is_some() { "changed" } else { "not as expected" }),
        columns: &COLUMNS,
        rows: report.rows.iter().map(|result| row(result, report)).collect(),
    }
    .render()
}

fn row(result: &ServiceResult, report: Report<'_>) -> Row {
    let (mark, style) = report.mark(result);
    let record = &result.record;
    let time = |time: Option<Duration>| {
        Cell::number(time.map(|time| time.as_millis()), |_| time.map(duration).unwrap_or_default())
    };
    let outcome = result.outcome().label();
    let cells = vec![
        Cell::text(result.service.as_str()),
        Cell::text(result.service.program()),
        Cell::text(&outcome),
        time(record.build_time),
        time(record.run_time),
        Cell::text(&result.detail()),
    ];
    let links = report.logs.map(|folder| logs(result, folder)).unwrap_or_default();
    let details = record.findings.iter().cloned().map(Detail::Finding).chain(
        [
            Detail::said("Last lines of the build", &record.last_lines.join("\n")),
            Detail::said("Standard output", &record.stdout),
            Detail::said("Standard error", &record.stderr),
            (!links.is_empty()).then_some(Detail::Links("Logs", links)),
        ]
        .into_iter()
        .flatten(),
    );
    Row {
        service: result.service.to_string(),
        program: result.service.program().to_owned(),
        state: outcome,
        mark,
        spoken: spoken(mark),
        tone: style.into(),
        cells,
        details: details.collect(),
    }
}

/// A mark in words.
fn spoken(mark: &str) -> &'static str {
    match mark {
        "✓" => "as expected",
        "✗" => "not as expected",
        "+" => "new, and not as expected",
        "=" => "not as expected, as before",
        _ => "nothing is known",
    }
}

/// The logs of `result` in `folder`: of what took a time.
fn logs(result: &ServiceResult, folder: &Path) -> Vec<Link> {
    let link = |service: &ServiceName, phase| {
        let name = file_name(service, phase);
        Link { to: address(&folder.join(&name)), text: name }
    };
    let phases = [(result.record.build_time, Phase::Build), (result.record.run_time, Phase::Run)];
    phases.into_iter().filter_map(|(time, phase)| time.map(|_| link(&result.service, phase))).collect()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::image_finding::ImageFinding;
    use crate::report::outcomes::tests::{changes, report, sample};
    use image_analyzer::{Finding, FindingKind};
    use insta::assert_snapshot;
    use std::path::Path;

    #[test]
    fn the_page() {
        let mut rows = sample();
        if let Some(row) = rows.get_mut(2) {
            let finding = Finding::new(FindingKind::InterpreterMissing, "</script><script>alert(1)</script>");
            row.record.findings = vec![ImageFinding::new(&finding, None)];
        }
        let changes = changes(&rows);
        let report = super::Report { logs: Some(Path::new("/tmp/a b/<logs>")), ..report(&rows, Some(&changes)) };
        let page = render(report).unwrap();
        assert!(!page.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'));
        // The style and the script have tests of their own.
        let (head, rest) = page.split_once("<style>").unwrap();
        let (body, end) = rest.split_once("</style>").unwrap().1.rsplit_once("<script>").unwrap();
        assert!(end.ends_with("</script>\n</body>\n</html>\n"));
        let policy = regex::Regex::new("sha256-[^']+").unwrap();
        assert_snapshot!(format!("{}…{body}…", policy.replace_all(head, "sha256-…")));
    }

    #[test]
    fn no_word_of_a_finding_that_was_read_from_a_report_controls_the_page() {
        let odd = "\u{1b}[31m\u{202e}x\n\u{9b}".to_owned();
        let mut rows = sample();
        for row in &mut rows {
            for found in &mut row.record.findings {
                found.id = odd.clone().into();
                found.message.clone_from(&odd);
                found.fails_if = Some(odd.clone().into());
                found.evidence.iter_mut().for_each(|fact| fact.says.clone_from(&odd));
                found.fixes.iter_mut().for_each(|fix| fix.lines = vec![odd.clone(), odd.clone()]);
            }
        }
        let page = render(report(&rows, None)).unwrap();
        assert!(page.contains("\\x1b[31m\\u{202e}x\\n\\u{9b}"));
        assert!(!page.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'));
    }
}
