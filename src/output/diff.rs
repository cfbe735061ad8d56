//! What would change in a file, as a unified diff for eyes: what a person reads in a CI log.
//!
//! Control characters of the old file are shown escaped, so a hostile one cannot play with the terminal; for a text
//! file the diff is one that `patch -p1` applies. It compares lines and judges nothing.

use std::fmt::Write as _;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput};

use crate::terminal::{Style, styled};
use image_analyzer::printable::{printable, printable_bytes};

/// Lines of context around a change, as `diff -u` has.
const CONTEXT: u32 = 3;

/// The diff that turns `old` into `new`; `None` is a file that is not there. `name` with `/` between folders.
pub fn unified(name: &str, old: Option<&[u8]>, new: Option<&str>, color: bool) -> String {
    let before = lines_of(old.unwrap_or_default());
    let after = lines_of(new.unwrap_or_default().as_bytes());
    let mut input: InternedInput<&[u8]> = InternedInput::default();
    input.update_before(before.iter().copied());
    input.update_after(after.iter().copied());
    // Histogram: a service's key is a line that occurs once, so a file of any length falls into small pieces.
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let name = printable(name);
    let side = |letter: char, there: bool| if there { format!("{letter}/{name}") } else { "/dev/null".to_owned() };
    let header = |marker: &str, side: String| styled(&format!("{marker} {side}"), Style::Strong, color) + "\n";
    let mut sheet = Sheet { before: &before, after: &after, color, out: String::new() };
    sheet.out += &header("---", side('a', old.is_some()));
    sheet.out += &header("+++", side('b', new.is_some()));
    let mut group: Vec<Hunk> = Vec::new();
    for hunk in diff.hunks() {
        if group.last().is_some_and(|last| hunk.before.start - last.before.end > 2 * CONTEXT) {
            sheet.group(&std::mem::take(&mut group));
        }
        group.push(hunk);
    }
    sheet.group(&group);
    sheet.out
}

/// The diff as far as it is written.
struct Sheet<'a> {
    before: &'a [&'a [u8]],
    after: &'a [&'a [u8]],
    color: bool,
    out: String,
}

impl Sheet<'_> {
    /// Changes so close together that their context meets, under one header.
    fn group(&mut self, hunks: &[Hunk]) {
        let (Some(first), Some(last)) = (hunks.first(), hunks.last()) else { return };
        let lead = first.before.start.min(CONTEXT);
        let tail = (u32::try_from(self.before.len()).unwrap_or(u32::MAX) - last.before.end).min(CONTEXT);
        // POSIX `diff -u`: the line before an empty range, and no length for a range of one line.
        let range = |from: u32, to: u32| match to - from {
            0 => format!("{from},0"),
            1 => format!("{}", from + 1),
            len => format!("{},{len}", from + 1),
        };
        let old = range(first.before.start - lead, last.before.end + tail);
        let new = range(first.after.start - lead, last.after.end + tail);
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.out, "@@ -{old} +{new} @@");
        let mut at = first.before.start - lead;
        for hunk in hunks {
            self.lines(' ', self.before, at..hunk.before.start, None);
            self.lines('-', self.before, hunk.before.clone(), Some(Style::Bad));
            self.lines('+', self.after, hunk.after.clone(), Some(Style::Good));
            at = hunk.before.end;
        }
        self.lines(' ', self.before, at..last.before.end + tail, None);
    }

    fn lines(&mut self, sign: char, of: &[&[u8]], range: std::ops::Range<u32>, style: Option<Style>) {
        for line in of.get(range.start as usize..range.end as usize).unwrap_or_default() {
            let text = line.strip_suffix(b"\n");
            let shown = format!("{sign}{}", shown(text.unwrap_or(line)));
            self.out += &style.map_or_else(|| shown.clone(), |style| styled(&shown, style, self.color));
            self.out.push('\n');
            if text.is_none() {
                self.out.push_str("\\ No newline at end of file\n");
            }
        }
    }
}

/// The lines of `bytes`, each with its `\n` if it has one.
fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').collect()
}

/// `line`, safe to print. A tab is left as it is: it harms no terminal, and `patch` needs it.
fn shown(line: &[u8]) -> String {
    let pieces: Vec<_> = line.split(|&byte| byte == b'\t').map(printable_bytes).collect();
    pieces.join("\t")
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn a_changed_line_is_shown_with_its_neighbours() {
        let old = b"a\nb\nc\nd\ne\nf\ng\nh\n";
        insta::assert_snapshot!(unified("x.yml", Some(old), Some("a\nb\nc\nd\nE\nf\ng\nh\n"), false), @r"
        --- a/x.yml
        +++ b/x.yml
        @@ -2,7 +2,7 @@
         b
         c
         d
        -e
        +E
         f
         g
         h
        ");
    }

    #[test]
    fn changes_far_apart_have_a_header_each_and_close_ones_share_it() {
        let old = (0..30).map(|i| i.to_string() + "\n").collect::<String>();
        let new = old.replace("\n3\n", "\nthree\n").replace("\n10\n", "\n").replace("\n28\n", "\n28\n28.5\n");
        insta::assert_snapshot!(unified("x", Some(old.as_bytes()), Some(&new), false));
    }

    #[test]
    fn a_missing_file_is_a_diff_from_nothing_and_a_left_over_one_to_nothing() {
        insta::assert_snapshot!(unified("x.yml", None, Some("a\n"), false), @r"
        --- /dev/null
        +++ b/x.yml
        @@ -0,0 +1 @@
        +a
        ");
        insta::assert_snapshot!(unified("x.yml", Some(b"a"), None, false), @r"
        --- a/x.yml
        +++ /dev/null
        @@ -1 +0,0 @@
        -a
        \ No newline at end of file
        ");
    }

    #[test]
    fn control_characters_of_the_old_file_are_visible() {
        let diff = unified("x", Some(b"\x1b[2J\xff\r\n"), Some("a\n"), false);
        assert!(diff.contains(r"-\x1b[2J\xff\r"), "{diff}");
        assert!(!diff.contains('\x1b'));
    }

    #[test]
    fn tabs_and_backslashes_are_what_they_are_in_the_file() {
        let diff = unified("x", Some(b"a\tb\nc\\td\\n\n"), Some("e\n"), false);
        assert!(diff.contains("-a\tb\n-c\\td\\n\n+e\n"), "{diff}");
    }

    #[test]
    fn a_character_and_its_escape_are_not_the_same_line() {
        let diff = unified("x", Some(b"\x1b\n"), Some("\\x1b\n"), false);
        assert!(diff.ends_with("-\\x1b\n+\\x1b\n"), "{diff}");
    }
}
