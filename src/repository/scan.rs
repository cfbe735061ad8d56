//! From folders to the Dockerfiles in them, sorted, or every problem at once.
//!
//! Reads names only: no Dockerfile is opened here, and nothing is written. Whatever order the operating system lists a
//! folder in, what comes out is sorted by path.

mod file_name;
mod gitignore;
mod none_found;
mod walk;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::problem::Problem;
use crate::repository::service_name::{DefaultName, NameProblem, OTHER_NAME, ServiceName};
pub use file_name::{FileName, Lookalike};
use image_analyzer::printable::printable_path;

/// Where to look for Dockerfiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// The repository's root, as it is shown. Its `.gitignore` and those below it are obeyed, none above it.
    pub repository: PathBuf,
    /// The folders to scan, as they are shown. Each is entered whatever its name is and whatever git ignores.
    pub roots: Vec<PathBuf>,
    /// What to leave out, in the words of a `.gitignore` at the repository's root: `vendor/**`, `*.test.Dockerfile`.
    pub exclude: Vec<String>,
}

/// A file that is a Dockerfile by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundDockerfile {
    /// Its path, as it is shown: that of the scanned folder, and the way from there.
    pub path: PathBuf,
    /// The way from the scanned folder, the file's name included, with `/` between the parts.
    pub below: String,
    /// The name that this path makes its service.
    pub default_name: DefaultName,
}

impl FoundDockerfile {
    /// The service's name where nothing else names it; `image` is the image's name in the settings, without a tag.
    ///
    /// # Errors
    /// The rule that the name breaks, with what to do.
    pub fn service_name(&self, image: &str) -> Result<ServiceName, Problem> {
        self.default_name.service_name(image).map_err(|why| {
            let rename = match why {
                NameProblem::TooLong(_) => "shorten it",
                _ => "rename the file or its folder",
            };
            Problem::new(&self.path, format!("{why}: {rename}, or {OTHER_NAME}"))
        })
    }
}

/// Something that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its path, as it is shown.
    pub path: PathBuf,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file or folder was passed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// Its name says that it is something else, or is misspelt.
    Name(Lookalike),
    /// Git ignores it, because of this file.
    Gitignore(PathBuf),
    /// The settings exclude it, with this glob.
    Exclude(String),
    /// Its name begins with a dot.
    Hidden,
    /// A link to a folder: what it leads to is found where it is.
    LinkToFolder,
    /// A pipe, a socket or a device.
    NotRegular,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(lookalike) => lookalike.fmt(f),
            Self::Gitignore(file) => write!(f, "ignored by git ({})", printable_path(file)),
            Self::Exclude(glob) => write!(f, "excluded by the settings (`{glob}`)"),
            Self::Hidden => f.write_str("hidden: name its folder in `dockerfiles`"),
            Self::LinkToFolder => f.write_str("a link to a folder: name the folder that it leads to in `dockerfiles`"),
            Self::NotRegular => f.write_str("not a regular file"),
        }
    }
}

/// What was found, and what was passed over; each sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The Dockerfiles.
    pub found: Vec<FoundDockerfile>,
    /// Files that look like a Dockerfile, or nearly, and are not read as one.
    pub skipped: Vec<Skipped>,
    /// Folders that were not searched: hidden ones, what git ignores, what the settings exclude, links.
    pub folders: Vec<Skipped>,
    /// Those of [`ScanOptions::exclude`] that match nothing.
    pub unused_exclude: Vec<String>,
}

/// Finds every Dockerfile below the scanned folders.
///
/// Folders are entered to any depth, hidden ones and links to folders excepted; links to files are followed. A file that
/// two of the folders hold is found once, from the nearer of them.
///
/// # Errors
/// Every problem there is, sorted by path: a folder that is missing or cannot be read, a broken link named like a
/// Dockerfile, a name that is not UTF-8, a glob that is not valid, and if there is nothing else: no Dockerfile at all.
pub fn scan(options: &ScanOptions) -> Result<Scan, Vec<Problem>> {
    let (scan, problems) = scan_all(options);
    if problems.is_empty() { Ok(scan) } else { Err(problems) }
}

/// As [`scan`], with what was seen even if there are problems: for who has more to find wrong with it, or shows what was
/// passed over.
pub fn scan_all(options: &ScanOptions) -> (Scan, Vec<Problem>) {
    let (mut scan, mut problems) = walk::walk(options);
    scan.found.sort_unstable();
    scan.skipped.sort_unstable();
    scan.folders.sort_unstable();
    if problems.is_empty() && scan.found.is_empty() {
        problems.push(none_found::problem(options, &scan));
    }
    problems.sort();
    problems.dedup();
    (scan, problems)
}

/// Whether a file at `path` would be taken for a Dockerfile where [`scan`] looks, valid name or not.
pub fn is_named_like_a_dockerfile(path: &Path) -> bool {
    let is_one = |name| matches!(FileName::of(name), FileName::Dockerfile(_) | FileName::NotUtf8);
    path.file_name().is_some_and(is_one)
}
