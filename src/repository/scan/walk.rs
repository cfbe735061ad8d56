//! The walk through the scanned folders: which folders are entered, which links followed, and what each file is.
//!
//! It leaves what it finds in no order.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::exclude::Exclude;
use super::gitignore::{IgnoreFile, ignoring};
use super::hidden::holds_a_dockerfile;
use super::{FileName, FoundDockerfile, Problem, Scan, ScanOptions, SkipReason, Skipped};
use crate::gitignore;
use crate::repository::paths::way;
use crate::repository::service_name::DefaultName;
use image_analyzer::printable::{printable, printable_os};

/// What was seen so far.
struct Walk<'o> {
    options: &'o ScanOptions,
    exclude: Exclude<'o>,
    /// The way to the repository's root from the one of the Git repository that holds it.
    prefix: PathBuf,
    scan: Scan,
    problems: Vec<Problem>,
}

/// One of the scanned folders.
struct Root<'o> {
    /// As it is shown.
    shown: &'o Path,
    /// With all links resolved.
    real: PathBuf,
    /// The way to it from the repository's root; empty if it is that, or is outside of it.
    in_repository: PathBuf,
    /// The same from the Git repository's root.
    in_git: PathBuf,
}

/// Every Dockerfile below the scanned folders, and everything that stands in the way of knowing that.
pub(super) fn walk(options: &ScanOptions) -> (Scan, Vec<Problem>) {
    let mut problems = Vec::new();
    let exclude = excluded(options, &mut problems);
    let repository = fs::canonicalize(&options.repository).unwrap_or_default();
    let below = |real: &Path, top: &Path| real.strip_prefix(top).map(Path::to_owned).unwrap_or_default();
    let prefix = below(&repository, &options.top);
    let mut walk = Walk { options, exclude, prefix, scan: Scan::default(), problems };
    let mut roots: Vec<Root<'_>> = Vec::new();
    for shown in &options.roots {
        match real_folder(shown) {
            // Twice the same folder is the folder once.
            Ok(real) if roots.iter().any(|root| root.real == real) => {}
            Ok(real) => {
                let (in_repository, in_git) = (below(&real, &repository), below(&real, &options.top));
                roots.push(Root { shown, real, in_repository, in_git });
            }
            Err(problem) => walk.problems.push(problem),
        }
    }
    for root in &roots {
        walk.enter(root, &roots);
    }
    walk.scan.unused_exclude = walk.exclude.unused();
    (walk.scan, walk.problems)
}

fn excluded<'o>(options: &'o ScanOptions, problems: &mut Vec<Problem>) -> Exclude<'o> {
    Exclude::new(&options.exclude, |glob, why| {
        let what = match glob {
            Some(glob) => {
                format!("the glob `{}` in `exclude` is not valid ({}): correct it", printable(glob), why.kind())
            }
            None => format!("the globs in `exclude` are too many ({}): use fewer", why.kind()),
        };
        problems.push(Problem::new(&options.repository, what));
    })
}

/// `folder` with all links resolved, or why it cannot be scanned.
fn real_folder(folder: &Path) -> Result<PathBuf, Problem> {
    let real = fs::canonicalize(folder).and_then(|real| Ok((fs::metadata(&real)?.is_dir(), real)));
    let what = match real {
        Ok((true, real)) => return Ok(real),
        Ok((false, _)) => "this is not a folder: name the folder of Dockerfiles with `--dockerfiles`",
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => {
                "there is no such folder: start in the repository's folder, or name the folder with `--dockerfiles`"
            }
            io::ErrorKind::NotADirectory => "there is no such folder: name another with `--dockerfiles`",
            _ => return Err(Problem::unreadable(folder, &error)),
        },
    };
    Err(Problem::new(folder, what))
}

impl<'o> Walk<'o> {
    fn enter(&mut self, root: &Root<'o>, all: &[Root<'o>]) {
        let mut ignore_files = Vec::new();
        self.read_ignore_files_above(root, &mut ignore_files);
        // By bytes: a path that is split into its parts for each question takes as long as the rest of the walk.
        let is_ignore_file = |entry: &DirEntry| {
            let path = entry.path().as_os_str().as_encoded_bytes();
            path.strip_suffix(gitignore::NAME.as_bytes()).is_some_and(|folder| folder.ends_with(b"/"))
        };
        // What a folder's .gitignore says must be known before its entries are judged.
        let walk = WalkDir::new(root.shown).min_depth(1).sort_by_key(move |entry| !is_ignore_file(entry));
        let mut entries = walk.into_iter();
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) => {
                    while ignore_files.last().is_some_and(|file: &IgnoreFile| file.depth >= entry.depth()) {
                        ignore_files.pop();
                    }
                    if is_ignore_file(&entry) {
                        self.read_ignore_file(&entry, root, &mut ignore_files);
                    } else if entry.file_type().is_dir() {
                        if !self.is_to_be_entered(&entry, root, all, &ignore_files) {
                            entries.skip_current_dir();
                        }
                    } else {
                        self.file(&entry, root, &ignore_files);
                    }
                }
                Err(error) => self.failed(&error, root),
            }
        }
    }
}

impl Walk<'_> {
    /// The `.gitignore` files from the Git repository's root down to the folder above `root`.
    fn read_ignore_files_above(&mut self, root: &Root<'_>, files: &mut Vec<IgnoreFile>) {
        let above: Vec<_> = root.in_git.ancestors().skip(1).collect();
        for folder in above.into_iter().rev() {
            let path = self.options.repository.join(way(&self.prefix, folder)).join(gitignore::NAME);
            let path = shown(&path);
            if path.symlink_metadata().is_ok() {
                self.push_ignore_file(IgnoreFile::read(path, folder.to_owned(), 0), files);
            }
        }
    }

    fn read_ignore_file(&mut self, entry: &DirEntry, root: &Root<'_>, files: &mut Vec<IgnoreFile>) {
        let path = shown(entry.path());
        let below = below(entry, root).parent().unwrap_or(Path::new(""));
        let folder = root.in_git.join(below);
        self.push_ignore_file(IgnoreFile::read(path, folder, entry.depth().saturating_sub(1)), files);
    }

    fn push_ignore_file(&mut self, file: Result<Option<IgnoreFile>, Problem>, files: &mut Vec<IgnoreFile>) {
        match file {
            Ok(file) => {
                if let Some(file) = &file {
                    self.exclude.see(file, &self.prefix);
                }
                files.extend(file);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    fn is_to_be_entered(&mut self, entry: &DirEntry, root: &Root<'_>, all: &[Root<'_>], files: &[IgnoreFile]) -> bool {
        if all.len() > 1 {
            let real = root.real.join(below(entry, root));
            // It is scanned as a folder of its own.
            if all.iter().any(|other| other.real == real) {
                return false;
            }
        }
        // A hidden folder may be excluded as well: then the glob is used, and nobody needs to be told of the folder.
        let left_out = self.left_out(entry, root, files, true);
        let hidden = if !is_hidden(entry.file_name()) {
            None
        } else if entry.file_name() == ".git" {
            return false;
        } else {
            match holds_a_dockerfile(entry.path()) {
                Some(true) => Some(SkipReason::Hidden),
                Some(false) => return false,
                None => Some(SkipReason::HiddenUnreadable),
            }
        };
        let Some(reason) = left_out.or(hidden) else { return true };
        self.scan.folders.push(Skipped { path: shown(entry.path()), reason });
        false
    }

    /// Why the settings or git leave this file or folder out.
    fn left_out(
        &mut self,
        entry: &DirEntry,
        root: &Root<'_>,
        files: &[IgnoreFile],
        is_folder: bool,
    ) -> Option<SkipReason> {
        if files.is_empty() && self.exclude.is_empty() {
            return None;
        }
        let below = below(entry, root);
        if !self.exclude.is_empty()
            && let Some(glob) = self.exclude.excluding(&root.in_repository.join(below), is_folder)
        {
            return Some(SkipReason::Exclude(glob.to_owned()));
        }
        let file = ignoring(files, &root.in_git.join(below), is_folder)?;
        Some(SkipReason::Gitignore(file.path.clone()))
    }

    fn file(&mut self, entry: &DirEntry, root: &Root<'_>, files: &[IgnoreFile]) {
        let file_name = entry.file_name();
        let name = FileName::of(file_name);
        let is_link = entry.file_type().is_symlink();
        let is_of_interest = name != FileName::Other || is_link || self.exclude.has_unused();
        if is_hidden(file_name) || !is_of_interest {
            return;
        }
        let left_out = self.left_out(entry, root, files, false);
        let is_dockerfile = matches!(name, FileName::Dockerfile(_) | FileName::NotUtf8);
        match (left_out, kind(entry)) {
            (Some(reason), _) if is_dockerfile => self.skip(entry, reason),
            (None, Ok(Kind::Folder)) => {
                let reason = SkipReason::LinkToFolder;
                self.scan.folders.push(Skipped { path: shown(entry.path()), reason });
            }
            (None, Ok(Kind::File)) => self.found(entry, name, root),
            (None, Ok(Kind::Other)) if is_dockerfile => self.skip(entry, SkipReason::NotRegular),
            (None, Err(error)) if is_dockerfile => self.problems.push(broken_link(&shown(entry.path()), &error)),
            (Some(_), _) | (None, Ok(Kind::Other) | Err(_)) => {}
        }
    }

    fn found(&mut self, entry: &DirEntry, name: FileName<'_>, root: &Root<'_>) {
        let name = match name {
            FileName::Dockerfile(name) => name,
            FileName::NotUtf8 => {
                let what = "the name is not UTF-8: rename the file";
                return self.problems.push(Problem::new(shown(entry.path()), what));
            }
            FileName::Lookalike(lookalike) => return self.skip(entry, SkipReason::Name(lookalike)),
            FileName::Other => return,
        };
        let Some(below) = below(entry, root).to_str() else {
            let what = "a folder on this path has a name that is not UTF-8: rename the folder";
            return self.problems.push(Problem::new(shown(entry.path()), what));
        };
        let folder = below.rsplit_once('/').map_or("", |(folder, _)| folder);
        let default_name = DefaultName::new(folder, name);
        let path = shown(entry.path());
        self.scan.found.push(FoundDockerfile {
            path,
            below: below.to_owned(),
            default_name,
            is_link: entry.file_type().is_symlink(),
        });
    }

    fn skip(&mut self, entry: &DirEntry, reason: SkipReason) {
        self.scan.skipped.push(Skipped { path: shown(entry.path()), reason });
    }

    fn failed(&mut self, error: &walkdir::Error, root: &Root<'_>) {
        let path = error.path().unwrap_or(root.shown);
        let unknown = io::Error::other("unknown error");
        self.problems.push(Problem::unreadable(&shown(path), error.io_error().unwrap_or(&unknown)));
    }
}

/// What a file is, its link followed.
enum Kind {
    File,
    Folder,
    Other,
}

fn kind(entry: &DirEntry) -> io::Result<Kind> {
    let of = |kind: fs::FileType| match kind {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Folder,
        _ => Kind::Other,
    };
    if entry.file_type().is_symlink() {
        return fs::metadata(entry.path()).map(|there| of(there.file_type()));
    }
    Ok(of(entry.file_type()))
}

/// A path without the `./` that a scan of the working folder begins with.
fn shown(path: &Path) -> PathBuf {
    if !path.as_os_str().as_encoded_bytes().starts_with(b".") {
        return path.to_owned();
    }
    path.strip_prefix(".").ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path).to_owned()
}

fn is_hidden(file_name: &OsStr) -> bool {
    file_name.as_encoded_bytes().starts_with(b".")
}

/// The way to `entry` from the scanned folder.
fn below<'e>(entry: &'e DirEntry, root: &Root<'_>) -> &'e Path {
    entry.path().strip_prefix(root.shown).unwrap_or(entry.path())
}

/// A link that leads nowhere, in a circle, or where there is no permission to see.
fn broken_link(path: &Path, error: &io::Error) -> Problem {
    let to = fs::read_link(path).map(|to| printable_os(to.as_os_str())).unwrap_or_default();
    let what = match error.kind() {
        io::ErrorKind::NotFound => format!("broken symlink to `{to}`: fix or remove it"),
        io::ErrorKind::PermissionDenied => {
            format!("the symlink to `{to}` cannot be followed ({error}): check the permissions there, or remove it")
        }
        _ => format!("the symlink to `{to}` cannot be followed ({error}): fix or remove it"),
    };
    Problem::new(path, what)
}
