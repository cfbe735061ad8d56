//! What git ignores, by the `.gitignore` files of the repository and no other: the same on any machine.
//!
//! The crate `ignore` holds a name against a file's globs. Its own walk does not tell what it left out and why, so the
//! walk is [`super::walk`].

use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::Gitignore;

use super::Problem;
use crate::gitignore;

/// One `.gitignore`.
pub(super) struct IgnoreFile {
    /// Its path, as it is shown.
    pub(super) path: PathBuf,
    /// The depth of its folder below the scanned one; 0 for that and those above it.
    pub(super) depth: usize,
    /// The way to its folder from the Git repository's root.
    folder: PathBuf,
    globs: Gitignore,
}

impl IgnoreFile {
    /// Reads the file `path`. `folder` is the way to its folder from the Git repository's root. `None` if git would not read
    /// it either, or if it says nothing.
    pub(super) fn read(path: PathBuf, folder: PathBuf, depth: usize) -> Result<Option<Self>, Problem> {
        let unreadable = |error| Problem::unreadable(&path, &error);
        match fs::symlink_metadata(&path) {
            Ok(there) if !there.is_file() => return Ok(None),
            Ok(there) if there.len() > gitignore::MOST_BYTES => {
                return Err(Problem::new(path, "too large for a .gitignore (more than 1 MiB): shorten it"));
            }
            Ok(_) => {}
            Err(error) => return Err(unreadable(error)),
        }
        let bytes = fs::read(&path).map_err(unreadable)?;
        Ok(gitignore::parse(Path::new(""), &bytes).map(|globs| Self { path, depth, folder, globs }))
    }

    /// Whether it ignores what `glob`, one of `exclude`, names: that is there on one machine and not on another. `root` is the
    /// way to the repository's root from Git's.
    pub(super) fn may_ignore_all_of(&self, glob: &str, root: &Path) -> bool {
        let glob = glob.strip_prefix('!').unwrap_or(glob);
        let mut path = glob.trim_end_matches(['/', '*']);
        while let Some(rest) = path.strip_prefix("**/") {
            path = rest;
        }
        // One without a slash may be anywhere below the file's folder.
        let is_anywhere = !glob.trim_end_matches('/').contains('/') || glob.starts_with("**/");
        // The file's folder may be above the repository's root.
        let from = if is_anywhere && self.folder.starts_with(root) { &self.folder } else { root };
        let path = from.join(path.trim_start_matches('/'));
        // Part by part, so that nothing but names is left.
        let Ok(below) = path.strip_prefix(&self.folder) else { return false };
        let below: PathBuf = below.components().collect();
        let is_named = !below.as_os_str().is_empty();
        is_named && [false, true].iter().any(|kind| self.globs.matched_path_or_any_parents(&below, *kind).is_ignore())
    }

    /// Whether it ignores (`Some(true)`) or keeps `path`, a path below the Git repository's root.
    fn decides(&self, path: &Path, is_folder: bool) -> Option<bool> {
        let below = path.strip_prefix(&self.folder).ok()?;
        match self.globs.matched(below, is_folder) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        }
    }
}

/// The file that ignores `path`, a path below the Git repository's root, if one does. The nearest file decides.
pub(super) fn ignoring<'f>(files: &'f [IgnoreFile], path: &Path, is_folder: bool) -> Option<&'f IgnoreFile> {
    let nearest = files.iter().rev().find_map(|file| Some((file, file.decides(path, is_folder)?)));
    nearest.filter(|(_, ignores)| *ignores).map(|(file, _)| file)
}
