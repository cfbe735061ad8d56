//! From a folder to its Dockerfiles, sorted, or every problem at once.
//!
//! Walks the folder and reads names only: no Dockerfile is opened here. This is where order is made: whatever order the
//! operating system lists a folder in, what comes out is sorted by the bytes of the service, and stays so.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::error::advice;
use crate::escape::{printable_os, printable_path};
use crate::name::{PREFIX, Service};

/// A regular file named `Dockerfile.SERVICE`, found below the dockerfiles folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dockerfile {
    /// What its name makes it.
    pub service: Service,
    /// Where it is: the scanned folder, as it was given, and the way from there.
    pub path: PathBuf,
    /// The way from the scanned folder to its own, with a `/` after each folder, whatever the system uses. Empty if it
    /// is in the scanned folder itself.
    pub below: String,
}

/// Something that stands in the way of a trustworthy answer: the file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}: {what}", printable_path(.path))]
pub struct Problem {
    /// The file or folder that has it.
    pub path: PathBuf,
    /// What is wrong and what to do, in one line.
    pub what: String,
}

impl Problem {
    /// `what` is wrong with `path`.
    pub fn new(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into() }
    }
}

/// Finds every Dockerfile below `folder`, sorted by service.
///
/// Folders are entered to any depth, through symbolic links too; hidden ones are not. `Dockerfile.NAME.dockerignore`,
/// a bare `Dockerfile` and files of other names are passed over.
///
/// # Errors
/// Every problem there is, sorted by path: a folder that is missing, empty or cannot be read, a broken link, a link
/// loop, a name that is invalid or not UTF-8, a name that another Dockerfile has, a name that `docker buildx bake`
/// would take for that of another.
pub fn scan(folder: &Path) -> Result<Vec<Dockerfile>, Vec<Problem>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut entries = WalkDir::new(folder).follow_links(true).into_iter();
    while let Some(entry) = entries.next() {
        match entry {
            Ok(entry) if is_hidden_folder(&entry) => entries.skip_current_dir(),
            Ok(entry) if entry.file_type().is_dir() => {
                if let Some(problem) = leads_back(&entry, folder) {
                    problems.push(problem);
                    entries.skip_current_dir();
                }
            }
            Ok(entry) if entry.depth() == 0 => {
                problems.push(Problem::new(
                    folder,
                    "this is not a folder: name the folder of Dockerfiles with `--dockerfiles`",
                ));
            }
            Ok(entry) => match dockerfile(entry, folder) {
                Some(Ok(dockerfile)) => found.push(dockerfile),
                Some(Err(problem)) => problems.push(problem),
                None => {}
            },
            Err(error) if error.path().is_none() => problems.extend(closed_links(&error, folder)),
            Err(error) => problems.extend(unreadable(&error, folder)),
        }
    }
    // No two are equal in every part, so there is no order among equals to keep.
    found.sort_unstable();
    problems.extend(same_name(&found));
    problems.extend(same_in_bake(&found));
    if found.is_empty() && problems.is_empty() {
        problems.push(Problem::new(
            folder,
            format!("no Dockerfile in this folder: add one named `{PREFIX}PROGRAM.BUILD-IMAGE`"),
        ));
    }
    if problems.is_empty() {
        return Ok(found);
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

fn is_hidden_folder(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_type().is_dir() && entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// A link to a folder that the link, or the scanned folder, is in. `walkdir` notices those that lead to a folder on its
/// way; one that leads further up would show everything a second time, and all else that is there.
fn leads_back(entry: &DirEntry, folder: &Path) -> Option<Problem> {
    if entry.depth() == 0 || !entry.path_is_symlink() {
        return None;
    }
    let target = entry.path().canonicalize().ok()?;
    let is_in = |folder: &Path| folder.canonicalize().is_ok_and(|folder| folder.starts_with(&target));
    let what = match entry.path().parent() {
        Some(home) if is_in(home) => "it".to_owned(),
        _ if is_in(folder) => format!("`{}`", printable_path(folder)),
        _ => return None,
    };
    let to = std::fs::read_link(entry.path()).ok()?;
    let what =
        format!("this link leads back to `{}`, a folder that {what} is in: remove the link", printable_path(&to));
    Some(Problem::new(entry.path(), what))
}

/// What `entry` is to us: a Dockerfile, a problem, or none of our business.
fn dockerfile(entry: DirEntry, folder: &Path) -> Option<Result<Dockerfile, Problem>> {
    let name = service_part(entry.path())?;
    if !entry.file_type().is_file() {
        return None;
    }
    let problem = |what: String| Some(Err(Problem::new(entry.path(), what)));
    let Some(name) = name.to_str() else {
        return problem("the name is not UTF-8: rename the file".to_owned());
    };
    let service = match Service::parse(name) {
        Ok(service) => service,
        Err(why) => return problem(why.to_string()),
    };
    let Some(below) = below(&entry, folder) else {
        return problem("the name of a folder on the way is not UTF-8: rename the folder".to_owned());
    };
    Some(Ok(Dockerfile { service, path: entry.into_path(), below }))
}

/// The name after `Dockerfile.` at the end of `path`; `None` for files that are none of our business.
fn service_part(path: &Path) -> Option<&OsStr> {
    // Not `Path::file_name`: it takes a path apart for `.` and `..`, which an entry of a folder never ends in.
    let name = path.as_os_str().as_bytes().rsplit(|&byte| byte == b'/').next()?.strip_prefix(PREFIX.as_bytes())?;
    // BuildKit's ignore file for one Dockerfile. `Dockerfile.dockerignore` alone would be that of a bare `Dockerfile`.
    let is_ignore_file = name == b"dockerignore" || name.ends_with(b".dockerignore");
    (!is_ignore_file).then(|| OsStr::from_bytes(name))
}

/// The folders between `folder` and the entry, each with a `/` after it; `None` if one is not UTF-8.
fn below(entry: &DirEntry, folder: &Path) -> Option<String> {
    if entry.depth() <= 1 {
        return Some(String::new());
    }
    let way = entry.path().parent()?.strip_prefix(folder).ok()?;
    way.iter().try_fold(String::new(), |below, part| Some(below + part.to_str()? + "/"))
}

/// What to say of an entry that could not be read; `None` for a broken or looping link that would not have been ours.
fn unreadable(error: &walkdir::Error, folder: &Path) -> Option<Problem> {
    let path = error.path().unwrap_or(folder);
    if let Some(ancestor) = error.loop_ancestor() {
        let what = format!("this link leads back to `{}`: remove the link", printable_path(ancestor));
        return Some(Problem::new(path, what));
    }
    let Some(io) = error.io_error() else {
        return Some(Problem::new(path, "cannot be read: check the folder"));
    };
    if error.depth() > 0 && path.is_symlink() && !path.is_dir() {
        return broken_link(path, io);
    }
    let what = match io.kind() {
        std::io::ErrorKind::NotFound if error.depth() == 0 => {
            "there is no such folder: start in the repository's folder, or name the folder with `--dockerfiles`"
                .to_owned()
        }
        std::io::ErrorKind::NotADirectory => "there is no such folder: name another with `--dockerfiles`".to_owned(),
        _ => format!("this cannot be read ({io}): {}", advice(io).unwrap_or(OUT_OF_THE_WAY)),
    };
    Some(Problem::new(path, what))
}

/// What to do about something below the dockerfiles folder that cannot be read.
pub const OUT_OF_THE_WAY: &str = "give yourself the permission, or move it out of the way";

/// The links to folders that cannot be read, which is where `walkdir` keeps the path to itself.
fn closed_links(error: &walkdir::Error, folder: &Path) -> Vec<Problem> {
    let links = WalkDir::new(folder).into_iter().flatten().filter(DirEntry::path_is_symlink).map(DirEntry::into_path);
    let problem = |link: PathBuf| {
        let error = std::fs::read_dir(&link).err().filter(|_| link.is_dir())?;
        Some(Problem::new(link, format!("this cannot be read ({error}): {OUT_OF_THE_WAY}")))
    };
    let problems: Vec<_> = links.filter_map(problem).collect();
    if problems.is_empty() {
        // It is below a folder that is itself a link.
        return vec![Problem::new(folder, format!("a link below cannot be followed ({error}): {OUT_OF_THE_WAY}"))];
    }
    problems
}

/// A link that leads nowhere or in a circle. Its name tells whether it was to be a Dockerfile; if not, it is ignored.
/// One that may lead to a folder, and no permission to see, is not.
fn broken_link(path: &Path, io: &std::io::Error) -> Option<Problem> {
    let is_forbidden = io.kind() == std::io::ErrorKind::PermissionDenied;
    if !is_forbidden {
        service_part(path)?;
    }
    let to = std::fs::read_link(path).map(|to| printable_os(to.as_os_str())).unwrap_or_default();
    let what = match io.kind() {
        std::io::ErrorKind::NotFound => format!("broken link, there is no `{to}`: mend or remove the link"),
        _ if is_forbidden => {
            format!("the link to `{to}` cannot be followed ({io}): give yourself the permission, or remove the link")
        }
        _ => format!("the link to `{to}` cannot be followed ({io}): mend or remove the link"),
    };
    Some(Problem::new(path, what))
}

/// Two files of one name in different folders: one service, so only one of them could be built.
fn same_name(sorted: &[Dockerfile]) -> Vec<Problem> {
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    pairs
        .filter(|(first, second)| first.service == second.service)
        .map(|(first, second)| {
            let what = format!("the same name as `{}`: rename one of the two", printable_path(&first.path));
            Problem::new(&second.path, what)
        })
        .collect()
}

/// Names that differ only in `.` and `_`: bake's target names have no dot, it writes `_` for it, and of two services
/// that become one target one is silently dropped (docker/compose#14058).
fn same_in_bake(sorted: &[Dockerfile]) -> Vec<Problem> {
    // Of two different names that become one, one has a `_` where the other has a `.`.
    if !sorted.iter().any(|dockerfile| dockerfile.service.as_str().contains('_')) {
        return Vec::new();
    }
    let mut targets: HashMap<String, &Dockerfile> = HashMap::with_capacity(sorted.len());
    let mut problems = Vec::new();
    for dockerfile in sorted {
        let target = dockerfile.service.as_str().replace('.', "_");
        let what = match targets.get(&target) {
            Some(first) if first.service != dockerfile.service => format!(
                "`docker buildx bake` cannot tell this name from `{}`, it reads both as `{target}`: rename one of the two",
                printable_path(&first.path)
            ),
            Some(_) => continue,
            None => {
                targets.insert(target, dockerfile);
                continue;
            }
        };
        problems.push(Problem::new(&dockerfile.path, what));
    }
    problems
}
