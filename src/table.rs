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
    is_left_out: [bool; N],
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub fn new(header: [&'static str; N]) -> Self {
        Self { header, rows: Vec::new(), is_keyed: false, is_left_out: [false; N] }
    }

    /// A table without rows, whose first column is what a person looks up: it gives way last.
    pub fn keyed(header: [&'static str; N]) -> Self {
        Self { is_keyed: true, ..Self::new(header) }
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
        widths.iter_mut().zip(self.natural_widths()).take(1).for_each(|(width, natural)| *width = natural);
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
        let rows = self.rows.iter().map(|row| line(row, &widths, limit));
        std::iter::once(style(&header)).chain(rows).map(|line| line + "\n").collect()
    }

    fn widths(&self, limit: usize) -> [usize; N] {
        let mut widths = self.natural_widths();
        if self.is_keyed {
            give_way(&mut widths, 1, NARROW, limit);
        }
        give_way(&mut widths, 0, NARROWEST, limit);
        widths
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
            let text = table.render(Some(width), str::to_owned);
            prop_assert_eq!(text.lines().count(), 2);
            for line in text.lines() {
                prop_assert!(line.width() <= width, "{:?} {}", line, line.width());
            }
        }
    }
}
