//! Writes the copy of a commit, file by file.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use super::Past;
use crate::bounded;
use crate::git::{EntryKind, Git, TreeEntry};
use crate::problem::IoError;
use crate::repository::read_all::MAX_BYTES;
use crate::repository::scan::is_named_like_a_dockerfile;
use crate::settings::FILE_NAME;
use crate::since::SinceError;
use crate::since::changes::Changes;

/// The most bytes of contents that are written of one commit.
const MOST_CONTENTS: u64 = 1 << 30;

/// The most files of one submodule whose names are used.
const MOST_OF_SUBMODULE: usize = 100_000;

/// The most bytes of a link: as many as a path may have.
const MOST_LINK: u64 = 4096;

/// What writes the copy.
pub(super) struct Writer<'p> {
    past: &'p Past,
    /// The folder that was made last.
    last_folder: PathBuf,
    /// How many bytes of contents may be written yet.
    left: u64,
}

impl<'p> Writer<'p> {
    /// A writer into `past`.
    pub(super) fn new(past: &'p Past) -> Self {
        Self { past, last_folder: PathBuf::new(), left: MOST_CONTENTS }
    }

    /// Writes all regular files, and the folders of submodules.
    pub(super) fn files(&mut self, git: &Git, entries: &[TreeEntry], changes: &Changes) -> Result<(), SinceError> {
        let mut from_git = Vec::new();
        for entry in entries {
            let has_changed = changes.contain(&entry.path);
            match entry.kind {
                EntryKind::File if has_changed && is_read(&entry.path) => from_git.push(entry),
                EntryKind::File if has_changed => self.file(&entry.path, b"")?,
                EntryKind::File => self.as_it_is(&entry.path)?,
                EntryKind::Submodule => self.submodule(&entry.path)?,
                EntryKind::Link => {}
            }
        }
        git.contents(&from_git, MAX_BYTES, |entry, bytes| self.file(&entry.path, bytes))
    }

    /// Writes all links, and what is read through them.
    pub(super) fn links(&mut self, git: &Git, entries: &[TreeEntry], changes: &Changes) -> Result<(), SinceError> {
        let links: Vec<_> = entries.iter().filter(|entry| entry.kind == EntryKind::Link).collect();
        git.contents(&links, MOST_LINK, |entry, to| self.link(&entry.path, Path::new(OsStr::from_bytes(to))))?;
        let ends: BTreeSet<_> =
            links.iter().filter(|link| is_read(&link.path)).filter_map(|link| self.file_behind(link)).collect();
        let is_read_there = |entry: &&TreeEntry| entry.kind == EntryKind::File && ends.contains(&entry.path);
        let found = if ends.is_empty() { Vec::new() } else { entries.iter().filter(is_read_there).collect() };
        let (differing, alike): (Vec<_>, Vec<_>) = found.into_iter().partition(|entry| changes.contain(&entry.path));
        for entry in alike {
            self.rewrite(entry, &read_bounded(&self.past.now.join(&entry.path))?)?;
        }
        git.contents(&differing, MAX_BYTES, |entry, bytes| self.rewrite(entry, bytes))
    }

    /// The file in the copy that this link to a file leads to, from the top, if it was written without contents.
    fn file_behind(&self, link: &TreeEntry) -> Option<PathBuf> {
        let end = self.past.top.join(&link.path).canonicalize().ok()?;
        let end = end.strip_prefix(&self.past.top).ok()?.to_owned();
        (!is_read(&end)).then_some(end)
    }

    /// Puts contents into a file that was written without.
    fn rewrite(&mut self, entry: &TreeEntry, bytes: &[u8]) -> Result<(), SinceError> {
        let path = self.past.top.join(&entry.path);
        // It was written here: this replaces it, whatever is on the way by now.
        if self.past.is_free_of_links(&entry.path) {
            fine(fs::remove_file(&path), &path)?;
            self.file(&entry.path, bytes)?;
        }
        Ok(())
    }

    /// Writes what the working tree has, where that is the same file.
    pub(super) fn as_it_is(&mut self, path: &Path) -> Result<(), SinceError> {
        let now = self.past.now.join(path);
        // A sparse checkout leaves out what has not changed.
        match now.symlink_metadata() {
            Ok(there) if there.is_file() && is_read(path) => self.file(path, &read_bounded(&now)?),
            Ok(_) => self.file(path, b""),
            Err(_) => Ok(()),
        }
    }

    /// The names in a submodule, as the working tree has them: if it has changed, so has all that is in it.
    fn submodule(&mut self, path: &Path) -> Result<(), SinceError> {
        let now = self.past.now.join(path);
        let to = self.past.top.join(path);
        fine(fs::create_dir_all(&to), &to)?;
        let entries = WalkDir::new(&now).min_depth(1).sort_by_file_name().into_iter();
        let entries = entries.filter_entry(|entry| entry.file_name() != ".git").filter_map(Result::ok);
        for entry in entries.take(MOST_OF_SUBMODULE) {
            let Ok(below) = entry.path().strip_prefix(&self.past.now) else { continue };
            if entry.file_type().is_file() {
                self.as_it_is(below)?;
            } else if entry.file_type().is_dir() {
                let to = self.past.top.join(below);
                fine(fs::create_dir_all(&to), &to)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, bytes: &[u8]) -> Result<(), SinceError> {
        self.left = self
            .left
            .checked_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            .ok_or(SinceError::TooLarge(MOST_CONTENTS >> 20))?;
        let to = self.folder_for(path)?;
        let written = File::options().write(true).create_new(true).open(&to);
        fine(written.and_then(|mut file| file.write_all(bytes)), &to)
    }

    /// Writes a link to wherever it leads: only names are looked up through it. One that is read as a file must stay inside.
    pub(super) fn link(&mut self, path: &Path, target: &Path) -> Result<(), SinceError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        if is_read(path) && !stays_inside(folder, target) {
            return Ok(());
        }
        if !self.past.is_free_of_links(path) {
            return Ok(());
        }
        let to = self.folder_for(path)?;
        fine(symlink(target, &to), &to)
    }

    /// Makes the folder of `path`, and returns where that is.
    fn folder_for(&mut self, path: &Path) -> Result<PathBuf, SinceError> {
        let to = self.past.top.join(path);
        if let Some(folder) = to.parent().filter(|folder| *folder != self.last_folder) {
            fine(fs::create_dir_all(folder), folder)?;
            folder.clone_into(&mut self.last_folder);
        }
        Ok(to)
    }
}

/// Whether mkcompose reads the contents of a file of this name.
pub(in crate::since) fn is_read(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    is_named_like_a_dockerfile(path)
        || name == ".gitignore"
        || name == FILE_NAME
        || name.as_bytes().ends_with(b".dockerignore")
}

/// Whether a link to `target` in `folder`, from the top, leads to something in the repository, by its words.
fn stays_inside(folder: &Path, target: &Path) -> bool {
    let mut depth = folder.components().count();
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

/// The bytes of a regular file; of a longer one than is read as a Dockerfile, one too many.
pub(in crate::since) fn read_bounded(path: &Path) -> Result<Vec<u8>, IoError> {
    let mut bytes = Vec::new();
    bounded::read(path, MAX_BYTES, &mut bytes).map_err(IoError::new("read", path))?;
    Ok(bytes)
}

/// What two entries of one commit cannot both have, one of them goes without: no working tree has both either.
pub(super) fn fine(result: io::Result<()>, path: &Path) -> Result<(), SinceError> {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, IsADirectory, NotADirectory, NotFound};
    match result {
        Err(error)
            if !matches!(error.kind(), AlreadyExists | InvalidFilename | IsADirectory | NotADirectory | NotFound) =>
        {
            Err(IoError::new("write", path)(error).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_read, stays_inside};

    #[test]
    fn only_what_mkcompose_reads_has_contents() {
        for path in ["Dockerfile", "a/x.Dockerfile", "Containerfile.b", "a.dockerignore", ".dockerignore", ".gitignore"]
        {
            assert!(is_read(Path::new(path)), "{path}");
        }
        assert!(is_read(Path::new("mkcompose.yml")));
        assert!(!is_read(Path::new("src/main.rs")) && !is_read(Path::new("Dockerfile.tpl")));
    }

    #[test]
    fn a_link_that_is_read_must_not_lead_out() {
        let stays = |target: &str| stays_inside(Path::new("a/b"), Path::new(target));
        assert!(stays("../../c") && stays("./x"));
        assert!(!stays("../../../c") && !stays("/etc/passwd") && !stays("x/../../../../y"));
    }
}
