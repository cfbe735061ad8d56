//! A table of words in columns, no wider than asked for.
//!
//! Cells come from file names and Dockerfiles, so control characters are escaped here. Widths are columns of a
//! terminal, not characters: `unicode-width` knows which characters take two or none.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use image_analyzer::printable::printable;

/// What is between two columns.
const GAP: &str = "  ";

/// A column that is cut keeps this many columns of the terminal as long as any other can give way.
const NARROWEST: usize = 4;

/// The same, as long as the first column is to be whole.
const NARROW: usize = 6;

/// Of a column that is cut, so much can be read.
const READABLE: usize = 14;

/// Rows of `N` cells under a header.
#[derive(Clone, Debug)]
pub struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[String; N]>,
    is_keyed: bool,
    /// Whether the few longest cells of the first column may be cut before other columns are left out.
    are_longest_cut: bool,
    is_left_out: [bool; N],
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub fn new(header: [&'static str; N]) -> Self {
        Self { header, rows: Vec::new(), is_keyed: false, are_longest_cut: false, is_left_out: [false; N] }
    }

    /// A table without rows, whose first column is what a person looks up: it gives way last.
    pub fn keyed(header: [&'static str; N]) -> Self {
        Self { is_keyed: true, ..Self::new(header) }
    }

    /// A keyed table in which a few very long keys take no room from the other columns: they are cut in the middle.
    #[must_use]
    pub fn with_few_long_keys(self) -> Self {
        Self { are_longest_cut: true, ..self }
    }

    /// Adds a row; control characters become visible escapes.
    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| printable(&cell).into_owned()));
    }

    /// Leaves out each column but the first in which every cell is `nothing`.
    pub fn leave_out_empty(&mut self, nothing: &str) {
        for (column, is_left_out) in self.is_left_out.iter_mut().enumerate().skip(1) {
            *is_left_out |= self.rows.iter().all(|row| row.get(column).is_none_or(|cell| cell == nothing));
        }
    }

    /// Leaves out columns, in this order, until all others can be read within `width`: the first one whole, of each other
    /// at least its beginning.
    pub fn leave_out_to_fit(&mut self, columns: &[usize], width: Option<usize>) {
        let Some(limit) = width.filter(|width| *width > 0) else { return };
        let mut widths = self.natural_widths().map(|width| width.min(READABLE));
        widths.iter_mut().take(1).for_each(|width| *width = self.key_width(limit));
        for &column in columns {
            let gaps = GAP.len() * widths.iter().filter(|width| **width > 0).count().saturating_sub(1);
            if widths.iter().sum::<usize>() + gaps <= limit {
                return;
            }
            if let (Some(width), Some(is_left_out)) = (widths.get_mut(column), self.is_left_out.get_mut(column)) {
                *width = 0;
                *is_left_out = true;
            }
        }
    }

    /// The table as lines, the header passed through `style`.
    ///
    /// Within `width` columns of the terminal, if there is one: the widest column gives way first, and what is cut ends
    /// in `…`.
    pub fn render(&self, width: Option<usize>, style: impl Fn(&str) -> String) -> String {
        let limit = width.filter(|width| *width > 0).unwrap_or(usize::MAX);
        let widths = self.widths(limit);
        let header = line(&self.header, &widths, limit);
        let longest = if self.are_longest_cut { self.usual_width() } else { usize::MAX };
        let rows = self.rows.iter().map(|row| match (row.first(), widths.first()) {
            (Some(key), Some(&width)) if key.width() > longest.max(width) => {
                let mut row = row.clone();
                row.iter_mut().take(1).for_each(|key| *key = cut_in_the_middle(key, width));
                line(&row, &widths, limit)
            }
            _ => line(row, &widths, limit),
        });
        std::iter::once(style(&header)).chain(rows).map(|line| line + "\n").collect()
    }

    fn widths(&self, limit: usize) -> [usize; N] {
        let mut widths = self.natural_widths();
        if self.are_longest_cut {
            give_way(&mut widths, 1, READABLE, limit);
            let rest: usize = widths.iter().skip(1).filter(|width| **width > 0).map(|width| width + GAP.len()).sum();
            let key = limit.saturating_sub(rest).max(self.key_width(limit));
            widths.iter_mut().take(1).for_each(|width| *width = key.min(*width));
        }
        if self.is_keyed {
            give_way(&mut widths, 1, NARROW, limit);
        }
        give_way(&mut widths, 0, NARROWEST, limit);
        widths
    }

    /// The width that the first column keeps as long as other columns can be left out.
    fn key_width(&self, limit: usize) -> usize {
        if !self.are_longest_cut {
            return self.natural_widths().first().copied().unwrap_or_default();
        }
        // Keys that leave no room for anything else are cut to a half.
        let usual = self.usual_width();
        if usual > limit.saturating_sub(limit / 8) { limit / 2 } else { usual }
    }

    /// The width of the first column without its few longest cells: one in ten, and one that is more than twice as long as the
    /// next.
    fn usual_width(&self) -> usize {
        let mut widths: Vec<_> = self.rows.iter().filter_map(|row| row.first()).map(|key| key.width()).collect();
        widths.sort_unstable_by(|one, other| other.cmp(one));
        let few = widths.len() / 10;
        let gap = widths.windows(2).take(few.max(1)).rposition(|pair| matches!(pair, [one, next] if *one > 2 * next));
        let usual = widths.get(few.max(gap.map_or(0, |place| place + 1))).copied().unwrap_or_default();
        usual.max(self.header.first().map_or(0, |header| header.width()))
    }

    /// How wide each column is if nothing is cut; 0 for one that is left out.
    fn natural_widths(&self) -> [usize; N] {
        let mut widths = self.header.map(UnicodeWidthStr::width);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        for (width, is_left_out) in widths.iter_mut().zip(self.is_left_out) {
            *width = if is_left_out { 0 } else { *width };
        }
        widths
    }
}

/// Makes the widest column after the first `kept` ones narrower until all fit `limit` or are down to `narrowest`.
fn give_way(widths: &mut [usize], kept: usize, narrowest: usize, limit: usize) {
    let gaps = GAP.len() * widths.iter().filter(|width| **width > 0).count().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > limit {
        match widths.iter_mut().skip(kept).rev().max() {
            Some(width) if *width > narrowest => *width -= 1,
            _ => break,
        }
    }
}

fn line<S: AsRef<str>>(cells: &[S], widths: &[usize], limit: usize) -> String {
    let mut line = String::new();
    for (cell, &width) in cells.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let cell = cut(cell.as_ref(), width);
        let padding = width.saturating_sub(cell.width());
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', padding));
        line.push_str(GAP);
    }
    cut(line.trim_end(), limit)
}

/// `text`, or as much of its beginning as fits `width` with a `…` after it.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out + if width > 0 { "…" } else { "" }
}

/// `text`, or its beginning and its end with a `…` between them, in `width` columns.
fn cut_in_the_middle(text: &str, width: usize) -> String {
    let room = width.saturating_sub(1);
    let fitting = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        let is_within = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= room
        };
        chars.take_while(is_within).collect::<Vec<_>>()
    };
    let begin = fitting(&mut text.chars(), room.div_ceil(2));
    let end = fitting(&mut text.chars().rev(), room / 2);
    begin.into_iter().chain(std::iter::once('…')).chain(end.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::Table;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    fn table(rows: &[[&str; 3]]) -> Table<3> {
        let mut table = Table::new(["ONE", "TWO", "THREE"]);
        for row in rows {
            table.row(row.map(str::to_owned));
        }
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_have_no_trailing_space() {
        let text = table(&[["a", "bb", "c"], ["aaaa", "b", ""]]).render(None, str::to_owned);
        assert_eq!(text, "ONE   TWO  THREE\na     bb   c\naaaa  b\n");
    }

    #[test]
    fn the_widest_column_gives_way_first() {
        let text = table(&[["short", "a very long cell that is cut", "x"]]).render(Some(24), str::to_owned);
        assert_eq!(text, "ONE    TWO         THREE\nshort  a very lo…  x\n");
    }

    #[test]
    fn a_key_gives_way_when_the_others_are_narrow() {
        let mut table = Table::keyed(["ONE", "TWO", "THREE"]);
        table.row(["a key to look up", "a very long cell that is cut", "another one"].map(str::to_owned));
        let row = |width| table.render(Some(width), str::to_owned).lines().last().map(str::to_owned);
        assert_eq!(row(40).as_deref(), Some("a key to look up  a very lo…  another o…"));
        assert_eq!(row(32).as_deref(), Some("a key to look up  a ver…  anoth…"));
        assert_eq!(row(26).as_deref(), Some("a key to …  a ver…  anoth…"));
        assert_eq!(row(16).as_deref(), Some("a k…  a v…  ano…"));
    }

    #[test]
    fn a_few_long_keys_are_cut_in_the_middle_and_take_no_room_from_the_other_columns() {
        let mut table = Table::keyed(["ONE", "TWO", "THREE"]).with_few_long_keys();
        table.row(["short", "a/Dockerfile", "debian"].map(str::to_owned));
        table.row(["a-key-that-is-much-longer-than-the-others", "b/Dockerfile", "debian"].map(str::to_owned));
        let text = |width| table.clone().render(Some(width), str::to_owned);
        assert_eq!(text(80), table.render(None, str::to_owned));
        assert_eq!(
            text(40),
            "ONE                 TWO           THREE\nshort               a/Dockerfile  debian\na-key-tha…e-others  b/Dockerfile  debian\n"
        );
        let mut kept = table.clone();
        kept.leave_out_to_fit(&[1, 2], Some(40));
        assert_eq!(kept.render(Some(40), str::to_owned), text(40));
    }

    #[test]
    fn wide_characters_count_as_the_two_columns_they_take() {
        let text = table(&[["漢字", "b", "c"]]).render(None, str::to_owned);
        assert_eq!(text, "ONE   TWO  THREE\n漢字  b    c\n");
    }

    #[test]
    fn control_characters_become_visible() {
        let text = table(&[["a\nb", "\x1b[31m", "c"]]).render(None, str::to_owned);
        assert_eq!(text, "ONE   TWO       THREE\na\\nb  \\x1b[31m  c\n");
    }

    #[test]
    fn only_the_header_is_styled_and_style_takes_no_room() {
        let text = table(&[["a", "b", "c"]]).render(Some(15), |header| format!("<{header}>"));
        assert_eq!(text, "<ONE  TWO  THREE>\na    b    c\n");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(cells: [String; 3], width in 1_usize..60) {
            let mut table = Table::new(["ONE", "TWO", "THREE"]);
            table.row(cells);
            for table in [table.clone(), Table { is_keyed: true, ..table }.with_few_long_keys()] {
                let text = table.render(Some(width), str::to_owned);
                prop_assert_eq!(text.lines().count(), 2);
                for line in text.lines() {
                    prop_assert!(line.width() <= width, "{:?} {}", line, line.width());
                }
            }
        }
    }
}
