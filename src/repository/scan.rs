//! From folders to the Dockerfiles in them, sorted, or every problem at once.
//!
//! Reads names only: no Dockerfile is opened here, and nothing is written. Whatever order the operating system lists a
//! folder in, what comes out is sorted by path.

mod exclude;
mod file_name;
mod gitignore;
mod hidden;
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
    /// The repository's root, as it is shown.
    pub repository: PathBuf,
    /// The root of the Git repository that holds it, absolute and without links. Its `.gitignore` and those below it are obeyed,
    /// none above it.
    pub top: PathBuf,
    /// The folders to scan, as they are shown. Each is entered whatever its name is and whatever git ignores.
    pub roots: Vec<PathBuf>,
    /// What to leave out, in the words of a `.gitignore` at the repository's root: `vendor/**`, `*.test.Dockerfile`.
    pub exclude: Vec<String>,
    /// The git repository that holds the root, as it is shown, if it is a larger folder: where else to look.
    pub git_above: Option<PathBuf>,
}

/// A file that is a Dockerfile by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundDockerfile {
    // First, as it is what they are sorted by: strings compare faster than paths.
    /// The way from the scanned folder, the file's name included, with `/` between the parts.
    pub below: String,
    /// Its path, as it is shown: that of the scanned folder, and the way from there.
    pub path: PathBuf,
    /// The name that this path makes its service.
    pub default_name: DefaultName,
    /// Whether it is a link to a file.
    pub is_link: bool,
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
    /// Its name begins with a dot, and there is a Dockerfile in it.
    Hidden,
    /// Its name begins with a dot, and whether there is a Dockerfile in it cannot be known.
    HiddenUnreadable,
    /// A link to a folder: what it leads to is found where it is.
    LinkToFolder,
    /// A pipe, a socket or a device.
    NotRegular,
    /// Its text is a template.
    Template,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(lookalike) => lookalike.fmt(f),
            Self::Gitignore(file) => write!(f, "ignored by git ({})", printable_path(file)),
            Self::Exclude(glob) => write!(f, "excluded by the settings (`{glob}`)"),
            Self::Hidden => f.write_str("hidden: name its folder in `dockerfiles`"),
            Self::HiddenUnreadable => f.write_str("hidden, and cannot be read: name its folder in `dockerfiles`"),
            Self::LinkToFolder => f.write_str("a link to a folder: name the folder that it leads to in `dockerfiles`"),
            Self::NotRegular => f.write_str("not a regular file"),
            Self::Template => f.write_str("a template: its lines have `{{`, `{%` or `<%`"),
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
    /// Folders that were not searched: what git ignores, what the settings exclude, links, and hidden ones that may hold a
    /// Dockerfile.
    pub folders: Vec<Skipped>,
    /// Those of [`ScanOptions::exclude`] that match nothing, sorted.
    pub unused_exclude: Vec<String>,
}

/// Finds every Dockerfile below the scanned folders, and everything that stands in the way of that.
///
/// Folders are entered to any depth, hidden ones and links to folders excepted; links to files are followed. A file that
/// two of the folders hold is found once, from the nearer of them.
///
/// The problems are sorted by path: a folder that is missing or cannot be read, a broken link named like a Dockerfile, a
/// name that is not UTF-8, a glob that is not valid, and if there is nothing else: no Dockerfile at all.
pub fn scan(options: &ScanOptions) -> (Scan, Vec<Problem>) {
    let (mut scan, mut problems) = walk::walk(options);
    scan.found.sort_unstable();
    scan.skipped.sort_unstable();
    scan.folders.sort_unstable();
    if problems.is_empty() && scan.found.is_empty() {
        problems.push(none_found::problem(options, &scan));
    }
    problems.sort_unstable();
    problems.dedup();
    (scan, problems)
}

/// Whether a file at `path` would be taken for a Dockerfile where [`scan`] looks, valid name or not.
pub fn is_named_like_a_dockerfile(path: &Path) -> bool {
    let is_one = |name| matches!(FileName::of(name), FileName::Dockerfile(_) | FileName::NotUtf8);
    path.file_name().is_some_and(is_one)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Problem, Scan, ScanOptions, scan};
    use tempfile::TempDir;

    fn folder(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    /// What is found where nothing is wrong.
    #[track_caller]
    fn found_in(options: &ScanOptions) -> Scan {
        let (scan, problems) = scan(options);
        assert_eq!(problems, []);
        scan
    }

    fn options(folder: &Path, roots: &[&str], exclude: &[&str]) -> ScanOptions {
        ScanOptions {
            repository: folder.to_owned(),
            top: folder.canonicalize().unwrap(),
            roots: roots.iter().map(|root| folder.join(root)).collect(),
            exclude: exclude.iter().map(ToString::to_string).collect(),
            git_above: None,
        }
    }

    fn found(scan: &Scan) -> Vec<&str> {
        scan.found.iter().map(|found| found.below.as_str()).collect()
    }

    #[test]
    fn a_file_below_two_roots_is_found_once_and_from_the_nearer() {
        let folder = folder(&["a/Dockerfile", "a/b/Dockerfile", "a/b/c/Dockerfile", "d/Dockerfile"]);
        for roots in [["a", "a/b", "a/../a"], ["a/b", "a", "./a/b"]] {
            let scan = found_in(&options(folder.path(), &roots, &[]));
            assert_eq!(found(&scan), ["Dockerfile", "Dockerfile", "c/Dockerfile"], "{roots:?}");
        }
    }

    #[test]
    fn a_hidden_or_ignored_folder_is_entered_if_it_is_named() {
        let folder = folder(&[".devcontainer/Dockerfile", "build/web/Dockerfile", "x/Dockerfile"]);
        fs::write(folder.path().join(".gitignore"), "build/\n").unwrap();
        let named = found_in(&options(folder.path(), &[".devcontainer", "build"], &[]));
        assert_eq!(found(&named), ["Dockerfile", "web/Dockerfile"]);
        let unnamed = found_in(&options(folder.path(), &["."], &[]));
        assert_eq!(found(&unnamed), ["x/Dockerfile"]);
        let reasons: Vec<_> = unnamed.folders.iter().map(|folder| folder.reason.to_string()).collect();
        assert!(reasons[0].starts_with("hidden: ") && reasons[1].starts_with("ignored by git ("), "{reasons:?}");
    }

    #[test]
    fn excluded_is_what_a_gitignore_at_the_root_would_ignore_and_unused_globs_are_known() {
        let folder =
            folder(&["vendor/a/Dockerfile", "x/vendor/Dockerfile", "x/test.Dockerfile", "y/Dockerfile", "z/README"]);
        let scan = found_in(&options(
            folder.path(),
            &["x", "vendor", "y", "z"],
            &["/vendor/**", "*.Dockerfile", "README", "nothing"],
        ));
        assert_eq!(found(&scan), ["Dockerfile", "vendor/Dockerfile"]);
        assert_eq!(scan.unused_exclude, ["nothing"]);
        let skipped: Vec<_> = scan.skipped.iter().map(|one| one.reason.to_string()).collect();
        assert_eq!(skipped, ["excluded by the settings (`*.Dockerfile`)"]);
    }

    #[test]
    fn all_problems_come_at_once_with_what_was_found_beside_them() {
        let folder = folder(&["a/Dockerfile"]);
        let options = options(folder.path(), &["a", "gone", "a/Dockerfile"], &["{"]);
        let (scan, problems) = scan(&options);
        assert_eq!(found(&scan), ["Dockerfile"]);
        let what: Vec<_> = problems.iter().map(|Problem { what, .. }| what.as_str()).collect();
        assert_eq!(what.len(), 3, "{what:?}");
        assert!(what[0].starts_with("the glob `{` in `exclude` is not valid ("), "{what:?}");
        assert!(
            what[1].starts_with("this is not a folder: ") && what[2].starts_with("there is no such folder: "),
            "{what:?}"
        );
    }

    #[test]
    fn where_none_is_found_the_places_and_what_was_passed_over_are_told() {
        let folder =
            folder(&["a/Dockerfile.tpl", "a/Dockerfle", "b/.x/Dockerfile", "a/1.Dockerfile~", "a/2.Dockerfile~"]);
        let problems = scan(&options(folder.path(), &["a", "b"], &[])).1;
        let [Problem { path, what, .. }] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!(*path, folder.path().join("a"));
        let what = what.replace(folder.path().to_str().unwrap(), "R");
        assert_eq!(
            what,
            "no Dockerfile in this folder, `R/b`, or below them; skipped: `R/a/1.Dockerfile~` (a leftover (`~`)), \
             `R/a/2.Dockerfile~` (a leftover (`~`)), `R/a/Dockerfile.tpl` (a template (`.tpl`)) and 1 more (see `mkcompose list --skipped`), \
             `R/b/.x` (hidden): name a file `Dockerfile`, `Dockerfile.NAME` or `NAME.Dockerfile`, or name its folder with `--dockerfiles`"
        );
    }
}
