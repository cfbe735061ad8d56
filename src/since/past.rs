//! The repository as a commit had it, in a temporary folder: names of all files, contents of those that mkcompose reads.
//!
//! What a commit holds is not trusted. Regular files are written first, when there is no link that a path could lead
//! through; links come last. Of what did not change the working tree has the contents, as git has put them there.

mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use writer::{Writer, fine};
pub(super) use writer::{is_read, read_bounded};

use super::changes::Changes;
use super::{SinceError, first_line};
use crate::git::{Git, TreeEntry};
use crate::problem::IoError;
use crate::repository::{AUTO, LoadOptions, Repository, lexical};
use image_analyzer::printable::printable_path;

/// A commit in a temporary folder, which is removed with this value.
pub(super) struct Past {
    _folder: TempDir,
    /// Its top, absolute and without links.
    top: PathBuf,
    /// The top of the working tree.
    now: PathBuf,
}

impl Past {
    /// Lays out the `entries` of a commit of `git`. `changes` are the paths that differ from the working tree.
    ///
    /// # Errors
    /// If git fails, if a file cannot be written, or if there is more than is read.
    pub(super) fn lay_out(git: &Git, entries: &[TreeEntry], changes: &Changes) -> Result<Self, SinceError> {
        let folder = tempfile::Builder::new().prefix("mkcompose-since-").tempdir();
        let folder = folder.map_err(IoError::new("make a folder in", std::env::temp_dir()))?;
        let top = folder.path().canonicalize().map_err(IoError::new("look at", folder.path()))?.join("tree");
        // So that no settings are looked for above it.
        fs::create_dir_all(top.join(".git")).map_err(IoError::new("write", &top))?;
        let copy = Self { _folder: folder, top, now: git.top().to_owned() };
        let mut writer = Writer::new(&copy);
        writer.files(git, entries, changes)?;
        writer.links(git, entries, changes)?;
        Ok(copy)
    }

    /// The top of the copy, absolute and without links.
    pub(super) fn top(&self) -> &Path {
        &self.top
    }

    /// Adds what the working tree has at `path`, if it is there and neither the commit nor `changes` know it: what git
    /// ignores, or an empty folder. Of a folder only itself.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn add_as_it_is(&self, path: &Path, changes: &Changes) -> Result<(), SinceError> {
        let to = self.top.join(path);
        if to.symlink_metadata().is_ok() || changes.are_at_or_below(path) || !self.is_free_of_links(path) {
            return Ok(());
        }
        let mut writer = Writer::new(self);
        let from = self.now.join(path);
        match from.symlink_metadata() {
            Ok(there) if there.is_dir() => fine(fs::create_dir_all(&to), &to),
            Ok(there) if there.is_symlink() => match fs::read_link(&from) {
                Ok(target) => writer.link(path, &target),
                Err(_) => Ok(()),
            },
            Ok(there) if there.is_file() => writer.as_it_is(path),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether nothing would be written through a link.
    fn is_free_of_links(&self, path: &Path) -> bool {
        let mut above = path.ancestors().skip(1);
        above.all(|above| !self.top.join(above).symlink_metadata().is_ok_and(|there| there.is_symlink()))
    }

    /// Loads the repository as if the program had been started in the copy, where it was started in `here`, in the working
    /// tree.
    ///
    /// # Errors
    /// The first problem, in one line.
    pub(super) fn load(&self, options: &LoadOptions, here: &Path) -> Result<Repository, String> {
        let start = here.strip_prefix(&self.now).unwrap_or(Path::new(""));
        let in_copy = |path: &PathBuf| {
            let absolute = lexical(&here.join(path));
            absolute.strip_prefix(&self.now).map_or_else(|_| absolute.clone(), |below| self.top.join(below))
        };
        let start = self.top.join(start);
        if self.is_free_of_links(start.strip_prefix(&self.top).unwrap_or(Path::new(""))) {
            // Nothing is there if it cannot be made, which is then said.
            let _ = fs::create_dir_all(&start);
        }
        let is_auto = |path: &PathBuf| path == Path::new(AUTO);
        let options = LoadOptions {
            dockerfiles: options.dockerfiles.as_ref().map(in_copy),
            context: options.context.as_ref().map(|path| if is_auto(path) { path.clone() } else { in_copy(path) }),
            start: Some(start.clone()),
            ..options.clone()
        };
        Repository::load(&options).map_err(|problems| self.shown_from(&start, first_line(&problems)))
    }

    /// `words` with the paths of the working tree, from `start` in the copy, in place of those of the copy, which is gone once
    /// they are read.
    fn shown_from(&self, start: &Path, words: String) -> String {
        let above = start.strip_prefix(&self.top).map_or(0, |way| way.components().count());
        let folders = start.ancestors().take(above + 1).enumerate();
        let words = folders.fold(words, |words, (levels, folder)| {
            let folder = printable_path(folder);
            words.replace(&format!("{}/", folder.trim_end_matches('/')), &"../".repeat(levels))
        });
        let up = "../".repeat(above);
        words.replace(&printable_path(&self.top), if up.is_empty() { "." } else { up.trim_end_matches('/') })
    }
}

#[cfg(test)]
mod tests {
    use super::Past;

    #[test]
    fn no_words_name_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("tree");
        let past = Past { _folder: folder, top: top.clone(), now: "/now".into() };
        // To join nothing leaves a `/` at the end.
        let words = |way: &str, path: &str| past.shown_from(&top.join(way), format!("{}{path}: no", top.display()));
        assert_eq!(words("", "/a/f"), "a/f: no");
        assert_eq!(words("", ""), ".: no");
        assert_eq!(words("a/b", "/a/b/f"), "f: no");
        assert_eq!(words("a/b", "/a/f"), "../f: no");
        assert_eq!(words("a/b", "/f"), "../../f: no");
        assert_eq!(words("a/b", ""), "../..: no");
        assert_eq!(words("a", "/ab/f"), "../ab/f: no");
        assert_eq!(words("a", "/a"), "../a: no");
    }
}
