//! Sizes for a spreadsheet: RFC 4180 with LF for line ends, as other tools on the command line have them.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};

use super::Report;
use crate::sizes::Row;
use image_analyzer::printable::printable;

/// The columns. Sizes are in bytes; what is not known is empty.
const HEADER: [&str; 11] =
    ["program", "service", "set", "image", "id", "size", "own", "shared", "smaller_by", "was", "packed"];

/// A row for each service. `was` is the size in the earlier report of an image that is there in both.
///
/// # Errors
/// None that is known of: the text is written to memory.
pub(super) fn render(report: Report<'_>) -> Result<String, csv::Error> {
    let mut out = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    out.write_record(HEADER)?;
    for row in report.sizes.rows() {
        out.write_record(record(report, row).iter().map(Cow::as_ref))?;
    }
    let bytes = out.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record<'a>(report: Report<'_>, row: &'a Row) -> [Cow<'a, str>; HEADER.len()] {
    let built = row.built.as_ref();
    let share = built.and_then(|built| built.share);
    [
        text(row.service.program()),
        text(row.service.as_str()),
        text(row.service.set().as_str()),
        text(&row.image),
        text(built.map_or("", |built| &built.id)),
        number(row.size()),
        number(share.map(|share| share.own)),
        number(share.map(|share| share.shared)),
        number(built.map(|built| built.largest - built.size)),
        number(was(report, row)),
        number(built.and_then(|built| built.packed)),
    ]
}

/// The earlier size of `row`: from the changes, or the same as now.
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

/// `text` as a field. A spreadsheet runs a field that starts with one of `=+-@` as a formula, so a `'` is put before it,
/// as the spreadsheets themselves do.
fn text(text: &str) -> Cow<'_, str> {
    let text = printable(text);
    if text.starts_with(['=', '+', '-', '@']) { Cow::Owned(format!("'{text}")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::{render, text};
    use crate::report::sizes::Report;
    use crate::report::sizes::tests::changed;
    use crate::sizes::SortOrder;
    use crate::sizes::tests::sample;
    use insta::assert_snapshot;

    #[test]
    fn a_line_for_each_service() {
        let sizes = sample(SortOrder::Size);
        assert_snapshot!(render(Report { sizes: &sizes, changes: Some(&changed(&sizes)) }).unwrap());
    }

    #[test]
    fn no_field_ends_a_line_or_starts_a_formula() {
        assert_eq!(text("a\n\"b\",c"), r#"a\n"b",c"#);
        for formula in ["=1+2", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
    }

    #[test]
    fn a_reader_of_csv_reads_every_row_with_every_column() {
        let sizes = sample(SortOrder::Size);
        let text = render(Report { sizes: &sizes, changes: Some(&changed(&sizes)) }).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let services: Vec<_> = reader.records().map(|record| record.unwrap()[1].to_owned()).collect();
        assert_eq!(services, sizes.rows().map(|row| row.service.to_string()).collect::<Vec<_>>());
        assert_eq!(reader.headers().unwrap().len(), super::HEADER.len());
    }
}
