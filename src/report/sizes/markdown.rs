//! Sizes for a page on a forge or the summary of a CI job: GitHub Flavored Markdown.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{Report, absent, changes, packed, part, smaller, totals};
use crate::markup::escape;
use crate::size_format::format_size;
use crate::sizes::Row;

/// How long the longest bar is, in characters.
const BAR: usize = 16;

/// What this is known by: a comment, which nobody is shown.
pub(super) const MARK: &str = "<!-- mkcompose sizes -->";
/// The head of the table.
const HEAD: &str = "| Program | Service | Size | Log scale | Smaller | Own | Shared |";

/// What has changed as lists, what grew too much first, then one table of all images.
pub(super) fn render(report: Report<'_>) -> String {
    let scale = Scale::of(report.sizes);
    let mut out = format!("{MARK}\n\n");
    for section in report.changes.map(changes::sections).unwrap_or_default() {
        let _ = writeln!(out, "**{}**\n", escape(&section.title));
        section.lines.iter().for_each(|line| {
            let _ = writeln!(out, "- {}", escape(line));
        });
        out.push('\n');
    }
    let is_packed = report.sizes.has_packed();
    let (title, line) = if is_packed { (" Packed |", " --: |") } else { ("", "") };
    let _ = writeln!(out, "{HEAD}{title}\n| :-- | :-- | --: | :-- | --: | --: | --: |{line}");
    for program in &report.sizes.programs {
        for (at, row) in program.rows.iter().enumerate() {
            let name = if at == 0 { format!("**{}**", escape(&program.name)) } else { String::new() };
            let packed = if is_packed { format!(" {} |", packed(row)) } else { String::new() };
            let _ = writeln!(out, "| {name} | {} | {} |{packed}", escape(row.service.as_str()), cells(row, &scale));
        }
    }
    let _ = writeln!(out, "\n{}", escape(&totals(report.sizes)));
    out
}

fn cells(row: &Row, scale: &Scale) -> String {
    let Some(built) = &row.built else {
        return format!("{} | | | |", absent(row));
    };
    let own = part(built.share.map(|share| share.own));
    let shared = part(built.share.map(|share| share.shared));
    format!("{} | {} | {} | {own} | {shared}", format_size(built.size), scale.bar(built.size, BAR), smaller(built))
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::sizes::Report;
    use crate::report::sizes::tests::changed;
    use crate::sizes::SortOrder;
    use crate::sizes::tests::sample;
    use insta::assert_snapshot;

    #[test]
    fn lists_of_changes_and_a_table() {
        let sizes = sample(SortOrder::Size);
        assert_snapshot!(render(Report { sizes: &sizes, changes: Some(&changed(&sizes)) }));
    }
}
