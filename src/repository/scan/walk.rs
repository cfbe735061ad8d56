//! The way through the dockerfiles folder: which folders are listed, which links followed, and what each name is to us.
//!
//! By hand, because a hidden name must be passed over before anything else is asked about it: `walkdir` opens a folder and
//! follows a link before it lets anyone choose. It leaves what it finds in no order.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Dockerfile, OUT_OF_THE_WAY, Problem};
use crate::problem::advice;
use crate::repository::service_name::{PREFIX, ServiceName};
use image_analyzer::printable::{printable_os, printable_path};

/// A folder to be listed.
struct Folder {
    path: PathBuf,
    /// [`Dockerfile::below`] of what is in it; `None` if that is not UTF-8.
    below: Option<String>,
    /// The scanned folder and, for each link on the way here, the folder it is in and the link.
    way: Rc<[PathBuf]>,
}

/// What was found so far, and what is still to be listed.
#[derive(Default)]
struct Walk {
    found: Vec<Dockerfile>,
    problems: Vec<Problem>,
    folders: Vec<Folder>,
}

/// Every Dockerfile below `folder`, and everything that stands in the way of knowing that.
pub(super) fn walk(folder: &Path) -> (Vec<Dockerfile>, Vec<Problem>) {
    let mut walk = Walk::default();
    match fs::metadata(folder) {
        Ok(there) if there.is_dir() => walk.folders.push(Folder {
            path: folder.to_owned(),
            below: Some(String::new()),
            way: Rc::new([folder.to_owned()]),
        }),
        Ok(_) => {
            let what = "this is not a folder: name the folder of Dockerfiles with `--dockerfiles`";
            walk.problems.push(Problem::new(folder, what));
        }
        Err(error) => walk.problems.push(no_folder(folder, &error)),
    }
    while let Some(folder) = walk.folders.pop() {
        walk.list(&folder);
    }
    (walk.found, walk.problems)
}

impl Walk {
    fn list(&mut self, folder: &Folder) {
        match fs::read_dir(&folder.path) {
            Ok(entries) => entries.for_each(|entry| match entry {
                Ok(entry) => self.entry(&entry, folder),
                Err(error) => self.problems.push(unreadable(&folder.path, &error)),
            }),
            Err(error) => self.problems.push(unreadable(&folder.path, &error)),
        }
    }

    fn entry(&mut self, entry: &DirEntry, folder: &Folder) {
        let name = entry.file_name();
        if name.as_bytes().starts_with(b".") {
            return;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => self.folder(entry.path(), &name, folder, Rc::clone(&folder.way)),
            Ok(kind) if kind.is_file() => self.file(entry, &name, folder),
            Ok(kind) if kind.is_symlink() => self.link(entry, &name, folder),
            // A pipe, a socket, a device.
            Ok(_) => {}
            Err(error) => self.problems.push(unreadable(&entry.path(), &error)),
        }
    }

    fn folder(&mut self, path: PathBuf, name: &OsStr, home: &Folder, way: Rc<[PathBuf]>) {
        let below = home.below.as_ref().and_then(|below| Some([below, name.to_str()?, "/"].concat()));
        self.folders.push(Folder { path, below, way });
    }

    fn file(&mut self, entry: &DirEntry, name: &OsStr, folder: &Folder) {
        let Some(name) = service_part(name) else { return };
        let path = entry.path();
        match dockerfile(name, folder) {
            Ok((service, below)) => self.found.push(Dockerfile { service, path, below }),
            Err(what) => self.problems.push(Problem::new(path, what)),
        }
    }

    fn link(&mut self, entry: &DirEntry, name: &OsStr, folder: &Folder) {
        let path = entry.path();
        match fs::metadata(&path) {
            Ok(there) if there.is_file() => self.file(entry, name, folder),
            Ok(there) if there.is_dir() => match leads_back(&path, folder) {
                Ok(None) => {
                    let links = [folder.path.clone(), path.clone()];
                    let way = folder.way.iter().cloned().chain(links).collect();
                    self.folder(path, name, folder, way);
                }
                Ok(Some(what)) => self.problems.push(Problem::new(path, what)),
                Err(error) => self.problems.push(unreadable(&path, &error)),
            },
            // Whatever else its name says, it may have led to a folder, whose Dockerfiles would be gone without a word.
            Err(error) if !is_ignore_file(name) => self.problems.push(broken_link(&path, &error)),
            Ok(_) | Err(_) => {}
        }
    }
}

/// The service of the Dockerfile `name` in `folder` and the way to it, or what is wrong.
fn dockerfile(name: &OsStr, folder: &Folder) -> Result<(ServiceName, String), String> {
    let name = name.to_str().ok_or("the name is not UTF-8: rename the file")?;
    let service = ServiceName::parse(name).map_err(|why| why.to_string())?;
    let below = folder.below.clone().ok_or("the name of a folder on the way is not UTF-8: rename the folder")?;
    Ok((service, below))
}

/// What comes after `Dockerfile.` in the name of a file; `None` for files that are none of our business.
pub(super) fn service_part(name: &OsStr) -> Option<&OsStr> {
    let service = name.as_bytes().strip_prefix(PREFIX.as_bytes())?;
    (!is_ignore_file(name)).then(|| OsStr::from_bytes(service))
}

/// Whether `name` is that of BuildKit's ignore file for one Dockerfile, or for a bare `Dockerfile`.
fn is_ignore_file(name: &OsStr) -> bool {
    name.as_bytes().starts_with(PREFIX.as_bytes()) && name.as_bytes().ends_with(b".dockerignore")
}

/// What is wrong with a link to a folder that the link, or anything on the way to it, is in: it would show everything a
/// second time, and again and again.
fn leads_back(link: &Path, home: &Folder) -> io::Result<Option<String>> {
    let target = link.canonicalize()?;
    let real = |path: &Path| path.canonicalize().unwrap_or_default();
    if let Some(same) = home.way.iter().find(|path| real(path) == target) {
        return Ok(Some(format!("this link leads back to `{}`: remove the link", printable_path(same))));
    }
    let within = if real(&home.path).starts_with(&target) {
        "it".to_owned()
    } else if let Some(inner) = home.way.iter().find(|path| real(path).starts_with(&target)) {
        format!("`{}`", printable_path(inner))
    } else {
        return Ok(None);
    };
    let to = printable_path(&fs::read_link(link)?);
    Ok(Some(format!("this link leads back to `{to}`, a folder that {within} is in: remove the link")))
}

/// What to say of a dockerfiles folder that is not there or cannot be reached.
fn no_folder(folder: &Path, error: &io::Error) -> Problem {
    let what = match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such folder: start in the repository's folder, or name the folder with `--dockerfiles`"
        }
        io::ErrorKind::NotADirectory => "there is no such folder: name another with `--dockerfiles`",
        _ => return unreadable(folder, error),
    };
    Problem::new(folder, what)
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(path, format!("this cannot be read ({error}): {}", advice(error).unwrap_or(OUT_OF_THE_WAY)))
}

/// A link that leads nowhere, in a circle, or where there is no permission to see.
fn broken_link(path: &Path, error: &io::Error) -> Problem {
    let to = fs::read_link(path).map(|to| printable_os(to.as_os_str())).unwrap_or_default();
    let what = match error.kind() {
        io::ErrorKind::NotFound => format!("broken link, there is no `{to}`: fix or remove the link"),
        io::ErrorKind::PermissionDenied => {
            format!("the link to `{to}` cannot be followed ({error}): give yourself the permission, or remove the link")
        }
        _ => format!("the link to `{to}` cannot be followed ({error}): fix or remove the link"),
    };
    Problem::new(path, what)
}
