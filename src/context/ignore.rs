//! What an ignore file keeps from a build: `Dockerfile.NAME.dockerignore` beside the Dockerfile, or `.dockerignore` in
//! the context when there is none (Dockerfile reference, ".dockerignore file").
//!
//! Each line is a pattern for a path below the context; `**` stands for any number of folders, `!` takes back what
//! earlier lines left out, and the last line that fits decides. A folder that is left out still reaches the build with
//! what is taken back below it; whether there is such a thing is for whoever can look into the folder.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::Context;
use super::pattern::Pattern;
use crate::error::Error;

/// The lines of an ignore file, or none.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    path: Option<PathBuf>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    takes_back: bool,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    AnyDepth,
    One(Pattern),
}

impl Ignore {
    /// What is kept from the builds of the Dockerfile at `dockerfile`.
    ///
    /// # Errors
    /// If an ignore file is there and cannot be read.
    pub fn of(dockerfile: &Path, context: &Context) -> Result<Self, Error> {
        let mut own = OsString::from(dockerfile);
        own.push(".dockerignore");
        for path in [PathBuf::from(own), context.root().join(".dockerignore")] {
            match std::fs::read(&path) {
                Ok(bytes) => {
                    return Ok(Self { lines: parse(&String::from_utf8_lossy(&bytes)), path: Some(path) });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("read", path)(error)),
            }
        }
        Ok(Self::default())
    }

    /// The file that the lines are from.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether the file or folder at `way`, from the context down, reaches the build as such.
    pub(super) fn keeps(&self, way: &[String]) -> bool {
        let last = self.lines.iter().rfind(|line| line.fits(way));
        way.is_empty() || last.is_none_or(|line| line.takes_back)
    }

    /// Whether a line may take back something below the folder at `way`.
    pub(super) fn may_take_back_below(&self, way: &[String]) -> bool {
        self.lines.iter().any(|line| line.takes_back && line.goes_on_below(way))
    }
}

impl Line {
    /// Whether the line speaks of `way` or of a folder on it.
    fn fits(&self, way: &[String]) -> bool {
        self.places(way).last().is_some_and(|reached| reached.iter().skip(1).any(|there| *there))
    }

    /// Whether the line has more parts when it has led to all of `way`.
    fn goes_on_below(&self, way: &[String]) -> bool {
        let mut before_the_last = self.places(way);
        before_the_last.pop();
        // `**` at the end also stands for what is below.
        let ends_in_any = self.parts.last() == Some(&Part::AnyDepth) && self.fits(way);
        ends_in_any || before_the_last.iter().any(|reached| reached.last() == Some(&true))
    }

    /// The places on the way that the parts may lead to: before the first of them, and after each.
    fn places(&self, way: &[String]) -> Vec<Vec<bool>> {
        let mut all = vec![(0..=way.len()).map(|at| at == 0).collect::<Vec<_>>()];
        for (place, part) in self.parts.iter().enumerate() {
            let is_last = place + 1 == self.parts.len();
            let reached = all.last().map(Vec::as_slice).unwrap_or_default();
            all.push(match part {
                Part::AnyDepth => {
                    let first = reached.iter().position(|there| *there).unwrap_or(reached.len());
                    // At the end it stands for what is below, not for the folder itself.
                    let first = first + usize::from(is_last);
                    (0..reached.len()).map(|at| at >= first).collect()
                }
                Part::One(pattern) => {
                    let steps = reached.iter().zip(way).map(|(there, name)| *there && pattern.matches(name));
                    std::iter::once(false).chain(steps).collect()
                }
            });
        }
        all
    }
}

fn parse(text: &str) -> Vec<Line> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| parse_line(line.trim())).collect()
}

/// One line; `None` if it says nothing, or something that no path can fit.
fn parse_line(line: &str) -> Option<Line> {
    let (takes_back, path) = line.strip_prefix('!').map_or((false, line), |path| (true, path.trim()));
    let mut parts = Vec::new();
    for part in super::clean(path) {
        let part = if part == "**" { Part::AnyDepth } else { Part::One(Pattern::parse(part)?) };
        if part != Part::AnyDepth || parts.last() != Some(&Part::AnyDepth) {
            parts.push(part);
        }
    }
    (!parts.is_empty()).then_some(Line { takes_back, parts })
}

#[cfg(test)]
mod tests {
    use super::{Ignore, parse};
    use proptest::prelude::*;

    #[track_caller]
    fn keeps(lines: &str, path: &str) -> bool {
        let way: Vec<String> = path.split('/').map(str::to_owned).collect();
        Ignore { path: None, lines: parse(lines) }.keeps(&way)
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
            ("!c", "a", false),
            ("a/b", "a", false),
        ] {
            let way: Vec<String> = path.split('/').map(str::to_owned).collect();
            let ignore = Ignore { path: None, lines: parse(line) };
            assert_eq!(ignore.may_take_back_below(&way), may, "{line} {path}");
        }
    }

    #[test]
    fn the_context_itself_is_always_there() {
        assert!(Ignore { path: None, lines: parse("*") }.keeps(&[]));
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
