//! Sizes for a person at a terminal: a table that fits it, program by program.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{NOT_BUILT, Report, absent, changes, packed, part, shortened, smaller, totals};
use crate::report::Layout;
use crate::size_format::format_size;
use crate::sizes::Row;
use crate::terminal::{Style, styled};

/// The widest a bar may be, which it is where there is room.
const BAR: usize = 24;

/// Below this a bar tells nothing, so it is left out.
const LEAST_BAR: usize = 8;

/// Below this a name tells little; columns give way first.
const SHORT_NAME: usize = 20;

/// Between columns.
const GAP: &str = "  ";

/// The columns after the name, each with its width; none is shown at 0.
#[derive(Clone, Copy, Debug, Default)]
struct Widths {
    name: usize,
    size: usize,
    bar: usize,
    smaller: usize,
    own: usize,
    shared: usize,
    packed: usize,
}

/// A row in words; the bar is drawn when its width is known.
struct Cells {
    name: String,
    size: String,
    bytes: Option<u64>,
    smaller: String,
    own: String,
    shared: String,
    packed: String,
}

/// The table in at most `width` columns, if that is given, with `color` or without.
pub(super) fn render(report: Report<'_>, Layout { width, color }: Layout) -> String {
    let scale = Scale::of(report.sizes);
    let cells: Vec<Vec<Cells>> =
        report.sizes.programs.iter().map(|program| program.rows.iter().map(cells_of).collect()).collect();
    let widths = widths(cells.iter().flatten(), report.sizes.has_packed(), width.unwrap_or(usize::MAX));
    let mut out = String::new();
    for section in report.changes.map(changes::sections).unwrap_or_default() {
        let style = if section.has_grown_too_much { Style::Bad } else { Style::Strong };
        let _ = writeln!(out, "{}", styled(&format!("{}:", section.title), style, color));
        for line in &section.lines {
            let _ = writeln!(out, "  {line}");
        }
        out.push('\n');
    }
    let titles = Cells {
        name: "SERVICE".to_owned(),
        size: "SIZE".to_owned(),
        bytes: None,
        smaller: "SMALLER".to_owned(),
        own: "OWN".to_owned(),
        shared: "SHARED".to_owned(),
        packed: "PACKED".to_owned(),
    };
    let _ = writeln!(out, "{}", styled(&line(&titles, &axis(&scale, widths.bar), widths), Style::Strong, color));
    for (at, program) in cells.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        for cells in program {
            let bar = cells.bytes.map_or_else(String::new, |bytes| scale.bar(bytes, widths.bar));
            let line = line(cells, &bar, widths);
            out += &if cells.bytes.is_some() { line } else { styled(&line, Style::Faint, color) };
            out.push('\n');
        }
    }
    let _ = writeln!(out, "\n{}", totals(report.sizes));
    out
}

fn cells_of(row: &Row) -> Cells {
    let name = row.service.to_string();
    match &row.built {
        None => Cells {
            name,
            size: absent(row).to_owned(),
            bytes: None,
            smaller: String::new(),
            own: String::new(),
            shared: String::new(),
            packed: String::new(),
        },
        Some(built) => Cells {
            name,
            size: format_size(built.size),
            bytes: Some(built.size),
            smaller: smaller(built),
            own: part(built.share.map(|share| share.own)),
            shared: part(built.share.map(|share| share.shared)),
            packed: packed(row),
        },
    }
}

/// The widths that fit into `most` columns. What gives way, in this order: the length of bars, that of names, the
/// columns OWN and SHARED, the bars, SMALLER, PACKED, which is there only if it is known.
fn widths<'a>(cells: impl Iterator<Item = &'a Cells>, has_packed: bool, most: usize) -> Widths {
    let packed = if has_packed { "PACKED".len() } else { 0 };
    let mut full = Widths {
        name: "SERVICE".len(),
        size: "SIZE".len(),
        bar: BAR,
        smaller: "SMALLER".len(),
        own: 3,
        shared: 6,
        packed,
    };
    for cells in cells {
        let wider = |width: &mut usize, text: &str| *width = (*width).max(text.chars().count());
        wider(&mut full.name, &cells.name);
        wider(&mut full.own, &cells.own);
        wider(&mut full.shared, &cells.shared);
        if has_packed {
            wider(&mut full.packed, &cells.packed);
        }
        wider(&mut full.smaller, &cells.smaller);
        // What more is said of an image that is not there reaches into the cells after it, which are empty.
        wider(&mut full.size, if cells.bytes.is_some() { &cells.size } else { NOT_BUILT });
    }
    let short = full.name.min(SHORT_NAME);
    let narrower = [
        full,
        Widths { bar: LEAST_BAR, ..full },
        Widths { name: short, bar: LEAST_BAR, ..full },
        Widths { bar: LEAST_BAR, own: 0, shared: 0, ..full },
        Widths { name: short, bar: LEAST_BAR, own: 0, shared: 0, ..full },
        Widths { name: short, bar: 0, own: 0, shared: 0, ..full },
        Widths { name: short, bar: 0, own: 0, shared: 0, smaller: 0, ..full },
        Widths { name: short, bar: 0, own: 0, shared: 0, smaller: 0, packed: 0, ..full },
    ];
    let mut fit = *narrower.iter().find(|widths| widths.total() <= most).unwrap_or(&Widths {
        name: most.saturating_sub(full.size + GAP.len()).max(1),
        size: full.size,
        ..Widths::default()
    });
    // Room that is left goes to names first, then to bars.
    let room = most.saturating_sub(fit.total()).min(full.name.saturating_sub(fit.name));
    fit.name += room;
    if fit.bar > 0 {
        fit.bar += most.saturating_sub(fit.total()).min(BAR - fit.bar);
    }
    fit
}

impl Widths {
    fn total(&self) -> usize {
        let rest = [self.size, self.bar, self.smaller, self.own, self.shared, self.packed];
        self.name + rest.iter().filter(|width| **width > 0).map(|width| width + GAP.len()).sum::<usize>()
    }
}

fn line(cells: &Cells, bar: &str, widths: Widths) -> String {
    let Widths { name, size, bar: bar_width, smaller, own, shared, packed } = widths;
    let name = format!("{:<name$}", shortened(&cells.name, name));
    if cells.bytes.is_none() && cells.size.chars().count() > size {
        // Said in full where the cells after it, which are empty, take the rest of it.
        let said = if bar_width > 0 { cells.size.as_str() } else { NOT_BUILT };
        return format!("{name}{GAP}{said}");
    }
    let mut out = format!("{name}{GAP}{:>size$}", cells.size);
    if bar_width > 0 {
        let _ = write!(out, "{GAP}{bar:<bar_width$}");
    }
    for (text, width) in
        [(&cells.smaller, smaller), (&cells.own, own), (&cells.shared, shared), (&cells.packed, packed)]
    {
        if width > 0 {
            let _ = write!(out, "{GAP}{text:>width$}");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The title of the bars: where the scale begins and ends, and that it is logarithmic.
fn axis(scale: &Scale, width: usize) -> String {
    let (low, high) = (format_size(scale.smallest()), format_size(scale.largest()));
    let room = width.saturating_sub(low.chars().count() + high.chars().count());
    match room.checked_sub(" log ".len()) {
        Some(rest) if rest >= 2 => format!("{low}{} log {}{high}", "─".repeat(rest / 2), "─".repeat(rest - rest / 2)),
        _ if width > 0 => shortened("log", width),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::sizes::tests::{changed, long_names};
    use crate::report::sizes::{Format, Report};
    use crate::report::{Export as _, Layout};
    use crate::sizes::SortOrder;
    use crate::sizes::tests::{packed_sample, sample};
    use insta::assert_snapshot;
    use proptest::prelude::*;

    #[test]
    fn the_table_without_a_terminal() {
        assert_snapshot!(render(Report { sizes: &sample(SortOrder::Size), changes: None }, Layout::default()));
    }

    #[test]
    fn the_table_in_80_columns_with_what_grew_too_much_first() {
        let sizes = sample(SortOrder::Size);
        assert_snapshot!(render(
            Report { sizes: &sizes, changes: Some(&changed(&sizes)) },
            Layout { width: Some(80), color: false }
        ));
    }

    #[test]
    fn what_a_pull_transfers_has_a_column_where_it_is_known() {
        let sizes = packed_sample();
        let report = Report { sizes: &sizes, changes: None };
        let formats = [Format::Table, Format::Markdown, Format::Csv, Format::Metrics, Format::Json];
        let texts = formats.map(|format| report.export(format, Layout::default()).unwrap());
        assert_snapshot!(texts.join("\n"));
        assert!(report.export(Format::Html, Layout::default()).unwrap().contains("Packed"));
        let narrow = render(report, Layout { width: Some(26), color: false });
        assert!(narrow.contains("PACKED") && !narrow.contains("OWN"), "{narrow}");
    }

    #[test]
    fn the_table_in_40_columns() {
        assert_snapshot!(render(
            Report { sizes: &sample(SortOrder::Name), changes: None },
            Layout { width: Some(40), color: false }
        ));
    }

    #[test]
    fn nothing_but_our_own_colours_controls_the_terminal() {
        let sizes = sample(SortOrder::Size);
        let report = Report { sizes: &sizes, changes: Some(&changed(&sizes)) };
        let plain = render(report, Layout::default());
        assert!(!plain.contains(|c: char| c.is_control() && c != '\n'), "{plain}");
        assert!(render(report, Layout { width: None, color: true }).contains("\u{1b}["));
    }

    proptest! {
        #[test]
        fn the_table_fits_any_terminal_from_20_columns_on(width in 20..240_usize, count in 0..4_usize) {
            let sizes = long_names(count);
            let shown = render(Report { sizes: &sizes, changes: None }, Layout { width: Some(width), color: false });
            // The line that adds up is prose, which a terminal may wrap.
            for line in shown.lines().take_while(|line| !line.contains("in total")) {
                prop_assert!(line.chars().count() <= width, "{} > {width}: {line}", line.chars().count());
            }
        }
    }
}
