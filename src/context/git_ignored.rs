//! What a repository's `.gitignore` files say about a path: a source that git ignores is made before the build, by CI for
//! instance, and is there on one machine and not on another.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::Gitignore;

use crate::bounded;
use crate::gitignore;

/// The most bytes of a path that leads to something: more than any system takes.
const MOST_OF_PATH: usize = 4096;

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
    /// Those of the repository at `root`, absolute and without links.
    pub fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), files: Mutex::default() }
    }

    /// Whether git would ignore `path`, absolute, by the `.gitignore` files from the root down to it. A file that cannot be
    /// read says nothing, nor does one in a folder that git ignores. `..` takes back the part before it.
    pub fn has(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return false };
        if below.as_os_str().len() > MOST_OF_PATH {
            return false;
        }
        let mut parts = Vec::new();
        for component in below.components() {
            match component {
                Component::Normal(part) => parts.push(part),
                Component::ParentDir if parts.pop().is_none() => return false,
                _ => {}
            }
        }
        let Some((last, folders)) = parts.split_last() else { return false };
        let mut at = self.root.clone();
        let mut files: Vec<_> = self.file_in(&at).into_iter().collect();
        for folder in folders {
            at.push(folder);
            if ignores(&files, &at, &[true]) {
                return true;
            }
            files.extend(self.file_in(&at));
        }
        // A path that is not there may be a file or a folder.
        ignores(&files, &at.join(last), &[false, true])
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

/// Whether `files`, the nearest last, ignore the file (`false`) or folder (`true`) at `path`. The nearest that speaks of it
/// decides.
fn ignores(files: &[Arc<Gitignore>], path: &Path, kinds: &[bool]) -> bool {
    let mut matches = files.iter().rev().flat_map(|file| kinds.iter().map(|kind| file.matched(path, *kind)));
    matches.find(|one| !one.is_none()).is_some_and(|one| one.is_ignore())
}

/// What the `.gitignore` in `folder` says. git does not follow a link of that name.
fn read(folder: &Path) -> Option<Gitignore> {
    let file = folder.join(gitignore::NAME);
    fs::symlink_metadata(&file).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    bounded::read(&file, gitignore::MOST_BYTES, &mut bytes).ok().filter(|is_whole| *is_whole)?;
    gitignore::parse(folder, &bytes)
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
    fn a_file_in_a_folder_that_git_ignores_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("build/sub")).unwrap();
        fs::write(root.join(".gitignore"), "build/\n*.log\n!/keep/\n").unwrap();
        fs::write(root.join("build/.gitignore"), "!app\n!sub\n").unwrap();
        fs::write(root.join("build/sub/.gitignore"), "!*\n").unwrap();
        let git = GitIgnored::of(root);
        for path in ["build/app", "build/sub/x", "build/sub", "keep/x.log"] {
            assert!(git.has(&root.join(path)), "{path}");
        }
        assert!(!git.has(&root.join("keep/x")));
    }

    #[test]
    fn a_path_is_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/.gitignore"), "b\n").unwrap();
        let git = GitIgnored::of(root);
        for path in ["a//b", "a/./b", "x/../a/b/", "a/b/../b", "x/y/../../a/b"] {
            assert!(git.has(&root.join(path)), "{path}");
        }
        for path in ["", ".", "..", "../a/b", "a/../b", "a/b/../c", "/", "//", "a/../../a/b", &"a/b/".repeat(2000)] {
            assert!(!git.has(&root.join(path)), "{path}");
        }
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
