//! What a repository's `.gitignore` files say about a path: a source that git ignores is made before the build, by CI for
//! instance, and is there on one machine and not on another.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::bounded;

/// The most bytes of a `.gitignore` that are read.
const MOST_BYTES: u64 = 1 << 20;

/// The `.gitignore` files of a repository, each read once.
#[derive(Debug, Default)]
pub struct GitIgnored {
    root: PathBuf,
    /// By folder; `None` where there is none, or none that can be read.
    files: Mutex<HashMap<PathBuf, Option<Arc<Gitignore>>>>,
}

impl Clone for GitIgnored {
    /// Another one of the same repository, which has read nothing yet: threads do not wait for each other.
    fn clone(&self) -> Self {
        Self::of(&self.root)
    }
}

impl GitIgnored {
    /// Those of the repository at `root`, absolute.
    pub fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), files: Mutex::default() }
    }

    /// Whether git would ignore `path`, absolute, by the `.gitignore` files from the root down to it. A file that cannot be
    /// read says nothing.
    pub fn has(&self, path: &Path) -> bool {
        if !path.starts_with(&self.root) {
            return false;
        }
        // The nearest file decides.
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)) {
            let Some(globs) = self.file_in(folder) else { continue };
            // A path that is not there may be a file or a folder.
            for is_folder in [false, true] {
                match globs.matched_path_or_any_parents(path, is_folder) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
        }
        false
    }

    fn file_in(&self, folder: &Path) -> Option<Arc<Gitignore>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(folder) {
            return known.clone();
        }
        let globs = read(folder).map(Arc::new);
        files.insert(folder.to_owned(), globs.clone());
        globs
    }
}

/// What the `.gitignore` in `folder` says. git does not follow a link of that name.
fn read(folder: &Path) -> Option<Gitignore> {
    let file = folder.join(".gitignore");
    fs::symlink_metadata(&file).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    bounded::read(&file, MOST_BYTES, &mut bytes).ok().filter(|is_whole| *is_whole)?;
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').lines() {
        // A line that is no glob matches nothing, as in git.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|globs| !globs.is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::GitIgnored;

    #[test]
    fn the_nearest_file_decides() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join(".gitignore"), "/target\n*.bin\nout/\n").unwrap();
        fs::write(root.join("a/.gitignore"), "!keep.bin\n").unwrap();
        let git = GitIgnored::of(root);
        let is = |path: &str| git.has(&root.join(path));
        assert!(is("target/release/app") && is("a/b/x.bin") && is("a/out"));
        assert!(!is("a/keep.bin") && !is("a/target") && !is("x"));
        assert!(!GitIgnored::of(&root.join("a")).has(&root.join("target")));
    }

    #[test]
    fn a_file_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".gitignore");
        fs::write(&file, "x\n").unwrap();
        let git = GitIgnored::of(folder.path());
        assert!(git.has(&folder.path().join("x")));
        fs::remove_file(&file).unwrap();
        assert!(git.has(&folder.path().join("x")) && !git.clone().has(&folder.path().join("x")));
    }

    #[test]
    fn a_link_is_not_followed_as_in_git() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "x\n").unwrap();
        std::os::unix::fs::symlink("file", folder.path().join(".gitignore")).unwrap();
        assert!(!GitIgnored::of(folder.path()).has(&folder.path().join("x")));
    }
}
