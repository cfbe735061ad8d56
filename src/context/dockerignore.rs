//! What an ignore file keeps from a build: `Dockerfile.NAME.dockerignore` beside the Dockerfile, or `.dockerignore` in
//! the context when there is none (Dockerfile reference, ".dockerignore file").
//!
//! Each line is a pattern for a path below the context; `!` takes back what earlier lines left out, and the last line that
//! fits decides. A folder that is left out still reaches the build with what is taken back below it; whether there is such
//! a thing is decided by code that can look into the folder.

use std::cell::Cell;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use crate::bounded;
use crate::problem::IoError;
use image_analyzer::printable::shortened;

/// The lines of an ignore file, or none.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    path: Option<PathBuf>,
    lines: Vec<Line>,
    faults: Vec<IgnoreFault>,
    /// The steps of matching that were taken so far.
    steps: Cell<usize>,
}

/// A line for which `BuildKit` refuses an ignore file, whether anything is taken from the build context or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreFault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do. Raw: escape before printing.
    pub what: String,
}

#[derive(Clone, Debug)]
struct Line {
    takes_back: bool,
    pattern: Pattern,
    /// What is in everything that fits: most lines are passed over by that.
    needed: String,
}

/// The most steps of matching that an ignore file may take: less than a second.
const MOST_STEPS: usize = 1 << 26;

/// The most bytes of an ignore file.
const MAX_BYTES: u64 = 1 << 20;

/// The most bytes of a line that `BuildKit` reads (Go's `bufio.MaxScanTokenSize`).
const MOST_OF_LINE: usize = 64 * 1024 - 1;

/// How many bytes are searched for a text in the time of a step.
const SEARCHED_IN_A_STEP: usize = 16;

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if bounded::read(path, MAX_BYTES, &mut bytes)? {
        return Ok(bytes);
    }
    Err(io::Error::other("more than 1 MiB, too large for an ignore file: shorten it"))
}

impl Ignore {
    /// What is kept from the builds of the Dockerfile at `dockerfile`.
    ///
    /// # Errors
    /// If an ignore file is there and cannot be read, or is no regular file.
    pub fn of(dockerfile: &Path, context: &Path) -> Result<Self, IoError> {
        let mut own = OsString::from(dockerfile);
        own.push(".dockerignore");
        for path in [PathBuf::from(own), context.join(".dockerignore")] {
            // A pipe or a device would be read for ever.
            match std::fs::metadata(&path) {
                Ok(there) if there.is_file() => {}
                Ok(_) => {
                    let what = "this is not a regular file: move it out of the way";
                    return Err(IoError::new("read", path)(io::Error::other(what)));
                }
                // Most Dockerfiles have none: one question is enough.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => {}
            }
            match read(&path) {
                Ok(bytes) => {
                    let ignore = Self::parse(&String::from_utf8_lossy(&bytes));
                    return Ok(Self { path: Some(path), ..ignore });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(IoError::new("read", path)(error)),
            }
        }
        Ok(Self::default())
    }

    fn parse(text: &str) -> Self {
        let mut ignore = Self::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (place, line) in text.split('\n').enumerate() {
            let read = match line {
                line if line.len() > MOST_OF_LINE => Err(format!("more than {MOST_OF_LINE} bytes: shorten the line")),
                line if line.starts_with('#') => continue,
                line => parse_line(line.trim()),
            };
            match read {
                Ok(line) => ignore.lines.extend(line),
                Err(what) => ignore.faults.push(IgnoreFault { line: place + 1, what }),
            }
        }
        ignore
    }

    /// The lines for which a build fails.
    pub fn faults(&self) -> &[IgnoreFault] {
        &self.faults
    }

    /// The file that the lines are from.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether the file or folder at `way`, from the context down, reaches the build as such. It does if that takes too long
    /// to know: see [`Ignore::check`].
    pub(super) fn keeps(&self, way: &Path) -> bool {
        let way = way.to_string_lossy();
        if way.is_empty() {
            return true;
        }
        let mut left = self.left();
        let mut keeps = true;
        for line in self.lines.iter().rev() {
            left = left.saturating_sub(1 + way.len() / SEARCHED_IN_A_STEP);
            if left == 0 {
                break;
            }
            if way.contains(&line.needed) && line.pattern.fits_path_or_folder(&way, &mut left) {
                keeps = line.takes_back;
                break;
            }
        }
        self.steps.set(MOST_STEPS - left);
        keeps || left == 0
    }

    /// Whether a line may take back something below the folder at `way`. It may if that takes too long to know.
    pub(super) fn may_take_back_below(&self, way: &Path) -> bool {
        let below = format!("{}/", way.to_string_lossy());
        let mut left = self.left();
        let goes_on = |line: &Line| left == 0 || line.takes_back && line.pattern.goes_on_after(&below, &mut left);
        let may = self.lines.iter().any(goes_on);
        self.steps.set(MOST_STEPS - left);
        left == 0 || may
    }

    fn left(&self) -> usize {
        MOST_STEPS.saturating_sub(self.steps.get())
    }

    /// Whether what was said of paths so far is known.
    ///
    /// # Errors
    /// If it took too long to know.
    pub(super) fn check(&self) -> Result<(), IoError> {
        if self.left() > 0 {
            return Ok(());
        }
        let what = "its patterns take too long to match: use fewer or simpler ones";
        Err(IoError::new("apply", self.path.as_deref().unwrap_or(Path::new(".dockerignore")))(io::Error::other(what)))
    }
}

/// One line; `None` if it says nothing. If a build fails for it, what is wrong with it.
fn parse_line(line: &str) -> Result<Option<Line>, String> {
    let (takes_back, written) = line.strip_prefix('!').map_or((false, line), |path| (true, path.trim()));
    let path = clean(written);
    if path.is_empty() {
        // Go's `filepath.Clean` makes `!` of `!/`.
        let is_bare = takes_back && (written.is_empty() || written.starts_with('/'));
        let what = || format!("`{}` has no pattern: add one after the `!`, or remove the line", shortened(line));
        return if is_bare { Err(what()) } else { Ok(None) };
    }
    let Some(pattern) = Pattern::of_path(&path) else {
        return Err(format!("`{}` is not a valid pattern: correct it", shortened(line)));
    };
    Ok(Some(Line { takes_back, needed: pattern.needed(), pattern }))
}

/// The path as Go's `filepath.Clean` leaves it, without the first `/`: `..` takes back the part before it, and stays where
/// there is none, so that such a line fits nothing.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", None | Some(&"..")) if path.starts_with('/') => {}
            ("..", None | Some(&"..")) => parts.push(part),
            ("..", Some(_)) => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Cell, Ignore, MOST_OF_LINE, MOST_STEPS};
    use proptest::prelude::*;

    #[track_caller]
    fn keeps(lines: &str, path: &str) -> bool {
        Ignore::parse(lines).keeps(Path::new(path))
    }

    #[test]
    fn a_line_leaves_out_what_it_names_and_what_is_below() {
        for (line, path) in [
            ("a", "a"),
            ("a", "a/b/c"),
            ("/a/", "a"),
            ("*.md", "x.md"),
            ("a/*", "a/b"),
            ("**/x", "x"),
            ("**/x", "a/b/x"),
            ("a/**/x", "a/x"),
            ("a/**", "a/b"),
            ("**", "a"),
            ("*", "a/b"),
            ("b\n  a  \n", "a"),
        ] {
            assert!(!keeps(line, path), "{line:?} {path}");
        }
        for (line, path) in [
            ("a", "b"),
            ("a", "b/a"),
            ("*.md", "a/x.md"),
            ("a/*", "a"),
            ("a/**", "a"),
            ("#a", "a"),
            ("", "a"),
            ("[", "["),
            (".", "a"),
        ] {
            assert!(keeps(line, path), "{line:?} {path}");
        }
    }

    /// Each was given to an engine.
    #[test]
    fn two_dots_take_back_a_part_and_lead_out_of_the_context_without_one() {
        for line in ["../hello.c", "..", "../*", "**/..", "!../hello.c", "a/../../hello.c"] {
            assert!(keeps(line, "hello.c"), "{line}");
        }
        for line in ["**/../hello.c", "sub/../hello.c", "/../hello.c", "./hello.c", "*\n!../hello.c"] {
            assert!(!keeps(line, "hello.c"), "{line}");
        }
    }

    /// Each was given to an engine.
    #[test]
    fn two_stars_within_a_part_cross_folders() {
        assert!(!keeps("**.c", "sub/hello.c") && !keeps("sub**", "sub/hello.c"));
        assert!(keeps("*\n!**.c", "sub/hello.c") && keeps("s**.c", "sub/deep/x.c"));
    }

    #[test]
    fn an_exclamation_mark_takes_back() {
        assert!(keeps("*\n!hello.c\n", "hello.c"));
        assert!(keeps("dir\n!dir/keep\n", "dir/keep"));
    }

    #[test]
    fn what_is_taken_back_is_nothing_to_another_file() {
        assert!(!keeps("*\n!hello.c\n", "hello.rs"));
        assert!(!keeps("*\n!dir/keep\n", "other"));
        assert!(!keeps("*\n!dir/keep\n", "dir/drop"));
        assert!(!keeps("dir\n!dir/keep\ndir/keep\n", "dir/keep"));
    }

    #[test]
    fn a_line_may_take_back_something_below_each_folder_on_its_way() {
        for (line, path, may) in [
            ("!a/b/c", "a", true),
            ("!a/b/c", "a/b", true),
            ("!a/b/c", "a/b/c", false),
            ("!a/b/c", "a/x", false),
            ("!*/c", "a", true),
            ("!**/c", "a/b", true),
            ("!a/**/c", "a/b", true),
            ("!a/**/c", "b", false),
            ("!a/**", "a", true),
            ("!**.c", "a/b", true),
            ("!../a/b", "a", false),
            ("!c", "a", false),
            ("a/b", "a", false),
        ] {
            let ignore = Ignore::parse(line);
            assert_eq!(ignore.may_take_back_below(Path::new(path)), may, "{line} {path}");
        }
    }

    #[test]
    fn the_context_itself_is_always_there() {
        assert!(Ignore::parse("*").keeps(Path::new("")));
    }

    #[test]
    fn a_folder_on_the_way_is_enough_whatever_comes_after_it() {
        for (line, path) in [("**/a", "x/a/b/c"), ("*/a", "x/a/b"), ("a?", "ab/c"), ("x/**/b", "x/b/c")] {
            assert!(!keeps(line, path), "{line} {path}");
        }
        assert!(keeps("**/a", "x/ab/c") && keeps("a", "ab/c") && keeps("*/b/c", "x/b/cd"));
    }

    #[test]
    fn what_takes_too_long_to_match_is_unknown() {
        let steps = Cell::new(MOST_STEPS - 100_000);
        let ignore = Ignore { steps, ..Ignore::parse(&"**/*d*/*d*/*d*/*0*x\n".repeat(100)) };
        let path = "d/0123456789/".repeat(300);
        assert!(ignore.check().is_ok() && ignore.keeps(Path::new(&path)));
        assert!(
            ignore.check().is_err() && ignore.may_take_back_below(Path::new("a")) && ignore.keeps(Path::new("dd/dx"))
        );
    }

    /// Each was given to an engine.
    #[test]
    fn a_line_that_fails_a_build_is_known() {
        let long = "a".repeat(MOST_OF_LINE + 1);
        for line in ["[", "a[", "[x-]", "a\\", "!", "!/", "! ", "!//", "!/..", "![", "a\\/", &long] {
            let ignore = Ignore::parse(&format!("a\n# [\n{line}\r\nb"));
            let lines: Vec<_> = ignore.faults().iter().map(|fault| fault.line).collect();
            assert_eq!(lines, [3], "{line}");
        }
        for line in ["", "/", ".", "!.", "..", "!!", "a[/../b", "#[", "[]a]b", "[a]"] {
            let is_fine = Ignore::parse(line).faults().is_empty();
            assert_eq!(is_fine, line != "[]a]b", "{line}");
        }
        let fault = |line: &str| Ignore::parse(line).faults()[0].what.clone();
        assert_eq!(fault("a["), "`a[` is not a valid pattern: correct it");
        assert_eq!(fault("!/"), "`!/` has no pattern: add one after the `!`, or remove the line");
        assert_eq!(fault(&long), "more than 65535 bytes: shorten the line");
    }

    proptest! {
        #[test]
        fn no_text_makes_an_ignore_file_panic(lines: String, path: String) {
            let _ = keeps(&lines, &path);
        }

        #[test]
        fn nearly_valid_lines_do_not_either(lines in "[ab*?!/\\[\\]\n.#-]{0,30}", path in "[ab/.]{0,12}") {
            let _ = keeps(&lines, &path);
        }
    }
}
