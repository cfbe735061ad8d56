//! Outcomes for a page on a forge or the summary of a CI job: GitHub Flavored Markdown.

use std::fmt::Write as _;

use super::{MARK, Report, sections};
use crate::markup::escape;
use crate::runner::summary::ServiceResult;

/// The verdict first, then what has changed, then one table of all images, then where builds failed.
pub(super) fn render(report: Report<'_>) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{MARK}\n\n**{}**\n", escape(&report.summary()));
    for section in report.changes.map(sections).unwrap_or_default() {
        let _ = writeln!(out, "{}:\n", escape(section.title));
        for line in &section.lines {
            let _ = writeln!(out, "- {}", escape(line));
        }
        out.push('\n');
    }
    out += "| | Service | Outcome | Detail |\n| :-: | :-- | :-- | :-- |\n";
    for row in report.rows {
        let (mark, _) = report.mark(row);
        let cells = [row.service.as_str(), &row.outcome().label(), &row.detail()].map(escape);
        let _ = writeln!(out, "| {mark} | {} |", cells.join(" | "));
    }
    report.rows.iter().filter(|row| !row.record.last_lines.is_empty()).for_each(|row| last_lines(&mut out, row));
    out
}

/// Folded away: the table has the reason, these lines help to fix it. `pre` ends at its end tag alone, whatever is in
/// it (GitHub Flavored Markdown, "HTML blocks"), and nothing in it is a tag.
fn last_lines(out: &mut String, row: &ServiceResult) {
    let title = escape(&format!("{} {}", row.service, row.outcome().label()));
    let _ = writeln!(out, "\n<details><summary>{title}</summary>\n\n<pre>");
    for line in &row.record.last_lines {
        let _ = writeln!(out, "{}", escape(line));
    }
    let _ = writeln!(out, "</pre>\n\n</details>");
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::outcomes::tests::{changes, report, sample};
    use insta::assert_snapshot;

    #[test]
    fn a_verdict_changes_a_table_and_last_lines() {
        let rows = sample();
        assert_snapshot!(render(report(&rows, Some(&changes(&rows)))));
    }

    #[test]
    fn every_row_of_the_table_has_four_cells_whatever_a_program_printed() {
        let rows = sample();
        let text = render(report(&rows, None));
        let table: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(table.len(), rows.len() + 2);
        assert!(table.iter().all(|line| line.matches('|').count() == 5), "{table:#?}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
    }
}
