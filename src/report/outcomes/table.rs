//! Outcomes for a person at a terminal: a table that fits it, what has changed, where a build failed, a summary.

use std::fmt::Write as _;

use super::{Report, sections};
use crate::report::Layout;
use crate::report::builds::failures;
use crate::table::Table;
use crate::terminal::{Style, styled};
use image_analyzer::printable::printable;

/// The table, what failed, what has changed, and the summary.
pub(super) fn render(report: Report<'_>, Layout { width, color }: Layout) -> String {
    let mut table = Table::new(["", "SERVICE", "OUTCOME", "DETAIL"]);
    for row in report.rows {
        let (mark, _) = report.mark(row);
        table.row([mark.to_owned(), row.service.to_string(), row.outcome().label(), row.detail()]);
    }
    let text = table.render(width, |header| styled(header, Style::Strong, color));
    let mut lines = text.lines();
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{}", lines.next().unwrap_or_default());
    for (line, row) in lines.zip(report.rows) {
        let (mark, style) = report.mark(row);
        let rest = line.strip_prefix(mark).unwrap_or(line);
        let _ = writeln!(out, "{}{rest}", styled(mark, style, color));
    }
    out += &failures(report.rows, color);
    for section in report.changes.map(sections).unwrap_or_default() {
        let style = if section.is_no { Style::Bad } else { Style::Strong };
        let _ = writeln!(out, "\n{}", styled(&format!("{}:", section.title), style, color));
        for line in &section.lines {
            let _ = writeln!(out, "  {}", printable(line));
        }
    }
    let style = if report.is_no() { Style::Bad } else { Style::Good };
    let _ = writeln!(out, "\n{}", styled(&report.summary(), style, color));
    out
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::Layout;
    use crate::report::outcomes::tests::{changes, report, sample};
    use insta::assert_snapshot;

    #[test]
    fn the_table_without_a_terminal() {
        let rows = sample();
        assert_snapshot!(render(report(&rows, None), Layout::default()));
    }

    #[test]
    fn the_table_in_60_columns_with_what_has_changed() {
        let rows = sample();
        assert_snapshot!(render(report(&rows, Some(&changes(&rows))), Layout { width: Some(60), color: false }));
    }

    #[test]
    fn nothing_but_our_own_colours_controls_the_terminal() {
        let rows = sample();
        let plain = render(report(&rows, Some(&changes(&rows))), Layout::default());
        assert!(!plain.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{plain}");
        assert!(render(report(&rows, None), Layout { width: None, color: true }).contains("\u{1b}["));
    }
}
