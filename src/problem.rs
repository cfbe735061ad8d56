//! Something wrong with one file or folder, and the words that say what to do about it.
//!
//! Below everything else: every module may report a [`Problem`], and [`crate::error::Error`] joins them at the top.

use std::io;
use std::path::{Path, PathBuf};

use image_analyzer::printable::printable_path;

/// Something that stands in the way of a right answer: the file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}: {}{what}", printable_path(.path), at(*.line))]
pub struct Problem {
    /// The file or folder that has it.
    pub path: PathBuf,
    /// The line it is about, counted from 1, if it is about one.
    pub line: Option<usize>,
    /// What is wrong and what to do, in one line.
    pub what: String,
}

impl Problem {
    /// `what` is wrong with `path`.
    pub fn new(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, what: what.into() }
    }

    /// The same, about this line.
    #[must_use]
    pub fn at(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The operating system refuses to let `path` be read.
    pub fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::new(path, format!("cannot be read ({error}): {}", advice(error).unwrap_or(CHECK_PERMISSIONS)))
    }
}

/// What the operating system refused to do with a file or folder.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot {doing}: {source}{}", printable_path(.path), hint(.source))]
pub struct IoError {
    /// What was tried: `write`, `read`.
    pub doing: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl IoError {
    /// For `map_err`: what was tried on `path`.
    pub fn new(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { doing, path: path.into(), source }
    }
}

impl From<IoError> for Problem {
    fn from(error: IoError) -> Self {
        let IoError { doing, path, source } = error;
        let what = format!("cannot {doing}: {source}{}", hint(&source));
        Self { path, line: None, what }
    }
}

/// A line in front of what is wrong with it.
fn at(line: Option<usize>) -> String {
    line.map(|line| format!("line {line}: ")).unwrap_or_default()
}

fn hint(error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => Some("check its permissions, or choose another path"),
        io::ErrorKind::NotADirectory | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::InvalidFilename => {
            Some("choose another path")
        }
        // A file that is a mount of its own, as a container's may be, cannot be replaced or removed.
        io::ErrorKind::ResourceBusy => Some("if it is mounted, mount its folder instead, or choose another path"),
        _ => advice(error),
    };
    hint.map(|hint| format!(": {hint}")).unwrap_or_default()
}

/// What to do about a file or folder that cannot be read.
pub const CHECK_PERMISSIONS: &str = "check its permissions, or move it elsewhere";

/// What to do about an error of the operating system that a person can fix; `None` where its own words say enough, or
/// where it depends on what was tried.
pub fn advice(error: &io::Error) -> Option<&'static str> {
    // `ErrorKind` has no stable name for it.
    let is_loop = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    is_loop.then_some("fix or remove the link")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::Problem;

    #[test]
    fn a_problem_is_one_line_with_the_path_escaped_and_what_to_do() {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        let shown = Problem::unreadable(Path::new("a\nb"), &error).to_string();
        assert_eq!(shown, "a\\nb: cannot be read (permission denied): check its permissions, or move it elsewhere");
    }

    #[test]
    fn a_loop_of_links_has_advice_of_its_own() {
        let error = io::Error::from_raw_os_error(rustix::io::Errno::LOOP.raw_os_error());
        let shown = Problem::unreadable(Path::new("x"), &error).to_string();
        assert!(shown.ends_with(": fix or remove the link"), "{shown}");
    }
}
