//! What would change in a file, as a unified diff for eyes: what a person reads in a CI log.
//!
//! Control characters of the old file are shown escaped, so a hostile one cannot play with the terminal; for a text
//! file the diff is one that `patch -p1` applies. It compares lines and judges nothing.

use std::fmt::Write as _;

use similar::{Algorithm, ChangeTag, TextDiff};

use crate::console::{Tone, paint};
use crate::escape::{printable, printable_bytes};

/// Lines of context around a change, as `diff -u` has.
const CONTEXT: usize = 3;

/// The diff that turns `old` into `new`; `None` is a file that is not there. `name` with `/` between folders.
pub fn unified(name: &str, old: Option<&[u8]>, new: Option<&str>, color: bool) -> String {
    let old_lines = lines_of(old.unwrap_or_default());
    let new_lines: Vec<String> = new.unwrap_or_default().split_inclusive('\n').map(str::to_owned).collect();
    let (old_refs, new_refs) = (refs(&old_lines), refs(&new_lines));
    // Patience: each service's key is a line that occurs once, so a file of any length falls into small pieces.
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old_refs, &new_refs);
    let name = printable(name);
    let side = |letter: char, there: bool| if there { format!("{letter}/{name}") } else { "/dev/null".to_owned() };
    let mut out = paint(&format!("--- {}", side('a', old.is_some())), Tone::Strong, color);
    out.push('\n');
    out += &paint(&format!("+++ {}", side('b', new.is_some())), Tone::Strong, color);
    out.push('\n');
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{}", hunk.header());
        for change in hunk.iter_changes() {
            push_line(&mut out, change.tag(), change.value(), color);
        }
    }
    out
}

fn push_line(out: &mut String, tag: ChangeTag, line: &str, color: bool) {
    let text = line.strip_suffix('\n');
    let shown = format!("{tag}{}", text.unwrap_or(line));
    *out += &match tag {
        ChangeTag::Delete => paint(&shown, Tone::Bad, color),
        ChangeTag::Insert => paint(&shown, Tone::Good, color),
        ChangeTag::Equal => shown,
    };
    out.push('\n');
    if text.is_none() {
        out.push_str("\\ No newline at end of file\n");
    }
}

/// The lines of `bytes`, safe to print, each with its `\n` if it has one.
fn lines_of(bytes: &[u8]) -> Vec<String> {
    let shown = |line: &[u8]| match line.strip_suffix(b"\n") {
        Some(line) => printable_bytes(line).replace("\\t", "\t") + "\n",
        None => printable_bytes(line).replace("\\t", "\t"),
    };
    bytes.split_inclusive(|&byte| byte == b'\n').map(shown).collect()
}

fn refs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
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
}
