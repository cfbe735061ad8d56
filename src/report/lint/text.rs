//! Findings for people: a line each.

use super::Report;
use crate::lint::LintFinding;
use crate::report::Layout;
use crate::terminal::{Style, styled};
use image_analyzer::printable::{printable, printable_path};

/// `path:line: message (rule)`, with the path as it is shown.
pub(super) fn render(report: Report<'_>, layout: Layout) -> String {
    let line = |finding: &LintFinding| {
        let place = format!("{}:{}:", printable_path(&finding.path), finding.line);
        let place = styled(&place, Style::Strong, layout.color);
        let rule = styled(&format!("({})", finding.rule), Style::Faint, layout.color);
        format!("{place} {} {rule}\n", printable(&finding.message))
    };
    report.findings.iter().map(line).collect()
}
