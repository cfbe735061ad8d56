//! Sizes for a spreadsheet: RFC 4180 with LF for line ends, as other tools on the command line have them.

use std::borrow::Cow;

use super::Report;
use crate::sizes::Row;
use image_analyzer::printable::printable;

/// The columns. Sizes are in bytes; what is not known is empty.
const HEADER: &str = "program,service,set,image,id,size,own,shared,smaller_by,was\n";

/// A row for each service. `was` is the size in the earlier report of an image that is there in both.
pub fn render(report: Report<'_>) -> String {
    let mut out = HEADER.to_owned();
    for row in report.sizes.rows() {
        let built = row.built.as_ref();
        let share = built.and_then(|built| built.share);
        let fields = [
            field(row.service.program()),
            field(row.service.as_str()),
            field(row.service.set().as_str()),
            field(&row.image),
            field(built.map_or("", |built| &built.id)),
            number(row.size()),
            number(share.map(|share| share.own)),
            number(share.map(|share| share.shared)),
            number(built.map(|built| built.largest - built.size)),
            number(was(report, row)),
        ];
        out += &fields.join(",");
        out.push('\n');
    }
    out
}

/// The earlier size of `row`: told by the changes, or the same as now.
fn was(report: Report<'_>, row: &Row) -> Option<u64> {
    let changes = report.changes?;
    let service = row.service.as_str();
    let resized = [&changes.grown, &changes.tolerated, &changes.shrunk].into_iter().flatten();
    match resized.into_iter().find(|change| change.service == service) {
        Some(change) => Some(change.was),
        None if changes.new.iter().any(|new| new == service) => None,
        None => row.size(),
    }
}

fn number(value: Option<u64>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed(""), |value| Cow::Owned(value.to_string()))
}

/// `text` as a field. A spreadsheet takes a field that starts with one of `=+-@` for a formula and would run it, so a
/// `'` is put before it, as the spreadsheets themselves do.
fn field(text: &str) -> Cow<'_, str> {
    let text = printable(text);
    let text = if text.starts_with(['=', '+', '-', '@']) { Cow::Owned(format!("'{text}")) } else { text };
    if text.contains([',', '"', '\'']) { Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))) } else { text }
}

#[cfg(test)]
mod tests {
    use super::{field, render};
    use crate::report::sizes::Report;
    use crate::report::sizes::tests::changed;
    use crate::sizes::Sort;
    use crate::sizes::tests::sample;
    use insta::assert_snapshot;

    #[test]
    fn a_line_for_each_service() {
        let sizes = sample(Sort::Size);
        assert_snapshot!(render(Report { sizes: &sizes, changes: Some(&changed(&sizes)) }));
    }

    #[test]
    fn no_field_ends_a_line_or_starts_a_formula() {
        assert_eq!(field("a\n\"b\",c"), r#""a\n""b"",c""#);
        for formula in ["=1+2", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(field(formula), format!("\"'{formula}\""));
        }
    }
}
