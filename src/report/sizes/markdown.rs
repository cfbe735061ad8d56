//! Sizes for a page on a forge or the summary of a CI job: GitHub Flavored Markdown.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{Report, absent, changes, part, smaller, totals};
use crate::bytes::human;
use crate::escape::printable;
use crate::sizes::Row;

/// How long the longest bar is, in characters.
const BAR: usize = 16;

/// What has changed as lists, the culprits first, then one table of all images.
pub fn render(report: Report<'_>) -> String {
    let scale = Scale::of(report.sizes);
    let mut out = String::new();
    for section in report.changes.map(changes::sections).unwrap_or_default() {
        let _ = writeln!(out, "**{}**\n", escape(&section.title));
        section.lines.iter().for_each(|line| {
            let _ = writeln!(out, "- {}", escape(line));
        });
        out.push('\n');
    }
    out += "| Program | Service | Size | Log scale | Smaller | Own | Shared |\n";
    out += "| :-- | :-- | --: | :-- | --: | --: | --: |\n";
    for program in &report.sizes.programs {
        for (at, row) in program.rows.iter().enumerate() {
            let name = if at == 0 { format!("**{}**", escape(&program.name)) } else { String::new() };
            let _ = writeln!(out, "| {name} | {} | {} |", escape(row.service.as_str()), cells(row, &scale));
        }
    }
    let _ = writeln!(out, "\n{}", escape(&totals(report.sizes.total)));
    out
}

fn cells(row: &Row, scale: &Scale) -> String {
    let Some(built) = &row.built else {
        return format!("{} | | | |", absent(row));
    };
    let own = part(built.share.map(|share| share.own));
    let shared = part(built.share.map(|share| share.shared));
    format!("{} | {} | {} | {own} | {shared}", human(built.size), scale.bar(built.size, BAR), smaller(built))
}

/// `text` as plain words of Markdown: what could be markup, a link, a mention or the end of a cell becomes a character
/// reference, which GitHub Flavored Markdown never takes for structure (its specification, section 6.2).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '.' | '-' | ',' | ' ' | '%' | '(' | ')' | '/' | '+' => out.push(c),
            ':' if !text.contains("://") => out.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escape, render};
    use crate::report::sizes::Report;
    use crate::report::sizes::tests::changed;
    use crate::sizes::Sort;
    use crate::sizes::tests::sample;
    use insta::assert_snapshot;
    use proptest::prelude::*;

    #[test]
    fn lists_of_changes_and_a_table() {
        let sizes = sample(Sort::Size);
        assert_snapshot!(render(Report { sizes: &sizes, changes: Some(&changed(&sizes)) }));
    }

    proptest! {
        #[test]
        fn no_text_is_markup_or_ends_a_cell(text: String) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['|', '<', '>', '`', '*', '_', '[', ']', '\\', '~', '@', '\n', '\r']), "{escaped}");
            // Every `&`, `#` and `;` left is part of a reference that we wrote.
            let references = escaped.matches("&#").count();
            prop_assert_eq!(escaped.matches(['&', '#', ';']).count(), references * 3, "{}", escaped);
        }
    }
}
