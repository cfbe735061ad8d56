//! Sizes as a page to look at: the images of all programs, each with a bar.

use super::{Report, absent, changes, part, ratio, smaller, totals};
use crate::report::html::{Bar, Cell, Column, Page, Row, Section, Tone};
use crate::size_format::format_size;
use crate::sizes::{Built, Row as Image};
use image_analyzer::printable::printable;

/// The columns; the last one is there only if it is known.
const COLUMNS: [Column; 8] = [
    Column { name: "Service", is_number: false },
    Column { name: "Program", is_number: false },
    Column { name: "State", is_number: false },
    Column { name: "Own", is_number: true },
    Column { name: "Shared", is_number: true },
    Column { name: "Smaller", is_number: true },
    Column { name: "Size", is_number: true },
    Column { name: "Packed", is_number: true },
];

/// How long the longest bar is.
const FULL: u64 = 1000;
/// How long the shortest is.
const LEAST: u64 = 4;

/// What this page is known by.
pub(super) const PAGE: &str = "<meta name=\"generator\" content=\"mkcompose sizes\">";

/// The page.
///
/// # Errors
/// None that is known of.
pub(super) fn render(report: Report<'_>) -> Result<String, askama::Error> {
    let sections = report.changes.map(changes::sections).unwrap_or_default().into_iter();
    let columns = COLUMNS.len() - usize::from(!report.sizes.has_packed());
    let largest = report.sizes.rows().filter_map(Image::size).max().unwrap_or_default();
    Page {
        generator: "mkcompose sizes",
        title: "Sizes of images".to_owned(),
        summary: totals(report.sizes),
        tone: match report.changes {
            Some(changes) if !changes.is_within() => Tone::Bad,
            _ => Tone::Good,
        },
        sections: sections.map(|section| Section { title: section.title, lines: section.lines }).collect(),
        caption: "The size of each image; its bar: what it has alone, then what it shares with others of this list",
        state_name: "State",
        bad: None,
        columns: COLUMNS.get(..columns).unwrap_or(&COLUMNS),
        rows: report.sizes.rows().map(|image| row(image, report, largest, columns)).collect(),
    }
    .render()
}

fn row(image: &Image, report: Report<'_>, largest: u64, columns: usize) -> Row {
    let built = image.built.as_ref();
    let share = built.and_then(|built| built.share);
    let has_grown = report
        .changes
        .is_some_and(|changes| changes.grown.iter().any(|change| change.service == image.service.as_str()));
    let state = match built {
        _ if has_grown => "grown",
        Some(_) => "built",
        None => absent(image),
    };
    let size = Cell { bar: built.map(|built| bar(built, largest)), ..Cell::number(image.size(), format_size) };
    let mut cells = vec![
        Cell::text(image.service.as_str()),
        Cell::text(image.service.program()),
        Cell::text(state),
        Cell::number(share.map(|share| share.own), |own| part(Some(own))),
        Cell::number(share.map(|share| share.shared), |shared| part(Some(shared))),
        Cell {
            text: built.map(smaller).unwrap_or_default(),
            // As the script reads numbers.
            sort: built
                .map(|built| ratio(built).map_or_else(|| "Infinity".to_owned(), |ratio| ratio.to_string()))
                .unwrap_or_default(),
            bar: None,
        },
        size,
        Cell::number(built.and_then(|built| built.packed), |packed| part(Some(packed))),
    ];
    cells.truncate(columns);
    let (mark, tone) = match built {
        _ if has_grown => ("✗", Tone::Bad),
        Some(_) => ("✓", Tone::Good),
        None => ("?", Tone::Notice),
    };
    Row {
        service: printable(image.service.as_str()).into_owned(),
        program: image.service.program().to_owned(),
        state: state.to_owned(),
        mark,
        spoken: state,
        tone,
        cells,
        details: Vec::new(),
    }
}

/// The bar of an image, of which nothing is known to be shared if the engine does not tell.
fn bar(built: &Built, largest: u64) -> Bar {
    let of_full = |bytes: u64| {
        let scaled = u128::from(bytes) * u128::from(FULL) / u128::from(largest.max(1));
        // What is there at all can be seen.
        u64::try_from(scaled).unwrap_or(FULL).max(if bytes == 0 { 0 } else { LEAST })
    };
    match built.share {
        Some(share) => Bar { own: of_full(share.own), shared: of_full(share.shared) },
        None => Bar { own: of_full(built.size), shared: 0 },
    }
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
    fn the_page_without_its_style_and_script() {
        let sizes = sample(SortOrder::Size);
        let page = render(Report { sizes: &sizes, changes: Some(&changed(&sizes)) }).unwrap();
        let body = page.split_once("</head>").unwrap().1.rsplit_once("<script>").unwrap().0;
        assert_snapshot!(body);
    }
}
