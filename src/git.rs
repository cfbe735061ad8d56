//! `git`: what a commit has, and what differs between it and the working tree. The only place that starts it.
//!
//! It is started without a shell, reads no input but object names, and takes no lock. What it prints has a limit. Paths are
//! bytes: they may hold newlines and need not be UTF-8.

mod error;
mod process;
mod tree;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub use error::GitError;
use process::GitCommand as Process;
pub use tree::{EntryKind, TreeEntry};

/// A git repository with a working tree.
#[derive(Clone, Debug)]
pub struct Git {
    /// The top of the working tree, absolute and without links.
    top: PathBuf,
}

/// What differs between a commit and the working tree, as paths from the top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differing {
    /// All of it.
    pub paths: BTreeSet<PathBuf>,
    /// Those of them that the commit has and git tracks no longer. They may be there all the same.
    pub removed: BTreeSet<PathBuf>,
}

/// A commit that the repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its object name, in hexadecimal digits.
    id: String,
}

impl Commit {
    /// The first digits of its object name, as many as tell it from others.
    pub fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

impl Git {
    /// The repository that `folder`, absolute and without links, is in.
    ///
    /// # Errors
    /// If git is not installed, or `folder` is in no working tree of git.
    pub fn open(folder: &Path) -> Result<Self, GitError> {
        let mut top = Process::new(folder, &["rev-parse", "--show-toplevel"]).output()?;
        // The name of a folder may end in a newline, so that only the last one is git's.
        if top.last() == Some(&b'\n') {
            top.pop();
        }
        if top.is_empty() {
            return Err(GitError::NoWorkTree);
        }
        let top = PathBuf::from(OsStr::from_bytes(&top));
        let top = top.canonicalize().map_err(GitError::Io)?;
        Ok(Self { top })
    }

    /// The top of the working tree, absolute and without links.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The commit that `reference` names.
    ///
    /// # Errors
    /// If there is none, with what to do; in a shallow clone, how to get it.
    pub fn commit(&self, reference: &str) -> Result<Commit, GitError> {
        if reference.is_empty() || reference.starts_with('-') {
            return Err(GitError::NotAReference { reference: reference.to_owned() });
        }
        let name = format!("{reference}^{{commit}}");
        match self.start(&["rev-parse", "--verify", "--end-of-options", &name]).output() {
            Ok(out) => {
                let id = String::from_utf8_lossy(&out).trim().to_owned();
                if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Ok(Commit { id });
                }
                Err(GitError::Missing { reference: reference.to_owned(), is_shallow: self.is_shallow() })
            }
            Err(GitError::Refused { .. }) => {
                Err(GitError::Missing { reference: reference.to_owned(), is_shallow: self.is_shallow() })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether this clone lacks commits that the repository it was made from has.
    fn is_shallow(&self) -> bool {
        self.start(&["rev-parse", "--is-shallow-repository"]).output().is_ok_and(|out| out.starts_with(b"true"))
    }

    /// What differs between `commit` and the working tree: changed, deleted or new; both ends of a rename. What git ignores is
    /// not among it. A submodule, or another repository inside this one, is one path.
    ///
    /// # Errors
    /// If git fails or has more to say than is read.
    pub fn differing(&self, commit: &Commit) -> Result<Differing, GitError> {
        let diff = [
            "diff",
            "--name-status",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--no-color",
            "--ignore-submodules=none",
            &commit.id,
            "--",
        ];
        let tracked = self.start(&diff).output()?;
        let untracked = self.start(&["ls-files", "--others", "--exclude-standard", "-z"]).output()?;
        let mut differing = Differing::default();
        for (status, path) in with_status(&tracked) {
            if status == b"D" {
                differing.removed.insert(path.clone());
            }
            differing.paths.insert(path);
        }
        differing.paths.extend(paths(&untracked));
        Ok(differing)
    }

    /// Every file, link and submodule of `commit`, in the order of git. An entry whose path no working tree can have, such as
    /// `../x` or one in `.git`, is left out.
    ///
    /// # Errors
    /// If git fails or has more to say than is read.
    pub fn tree(&self, commit: &Commit) -> Result<Vec<TreeEntry>, GitError> {
        let out = self.start(&["ls-tree", "-r", "-z", "--full-tree", &commit.id]).output()?;
        Ok(tree::parse(&out))
    }

    /// Reads the contents of these entries of [`Self::tree`], at most `most` bytes and one of each, and hands them to `take`
    /// with the entry, in their order. Of a longer one it hands on the first `most` bytes and one.
    ///
    /// # Errors
    /// If git fails or lacks one; or what `take` returns.
    pub fn contents<'e, E: From<GitError>>(
        &self,
        entries: &[&'e TreeEntry],
        most: u64,
        mut take: impl FnMut(&'e TreeEntry, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if entries.is_empty() {
            return Ok(());
        }
        let names: Vec<u8> = entries.iter().flat_map(|entry| entry.object.bytes().chain([b'\n'])).collect();
        let mut batch = self.start(&["cat-file", "--batch"]).batch(names)?;
        for entry in entries {
            let bytes = batch.next(&entry.object, most)?;
            take(entry, &bytes)?;
        }
        Ok(())
    }

    fn start(&self, args: &[&str]) -> Process {
        Process::new(&self.top, args)
    }
}

/// The paths that `out` lists, a letter and a NUL before each, a NUL after it.
fn with_status(out: &[u8]) -> impl Iterator<Item = (&[u8], PathBuf)> {
    let mut parts = out.split(|byte| *byte == 0);
    std::iter::from_fn(move || {
        let status = parts.next().filter(|status| !status.is_empty())?;
        Some((status, PathBuf::from(OsStr::from_bytes(parts.next()?))))
    })
}

/// The paths that `out` lists, each with a NUL after it; the `/` at the end of a folder is left out.
fn paths(out: &[u8]) -> impl Iterator<Item = PathBuf> {
    let paths = out.split(|byte| *byte == 0).map(|path| path.strip_suffix(b"/").unwrap_or(path));
    paths.filter(|path| !path.is_empty()).map(|path| PathBuf::from(OsStr::from_bytes(path)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{paths, with_status};

    #[test]
    fn a_path_with_its_status_is_bytes_too_and_what_is_cut_off_is_none() {
        let found: Vec<_> = with_status(b"D\0a\nb\0M\0M\0A").collect();
        assert_eq!(found, [(&b"D"[..], PathBuf::from("a\nb")), (b"M", PathBuf::from("M"))]);
    }

    #[test]
    fn paths_are_bytes_between_nul_and_a_folder_has_no_slash() {
        let found: Vec<_> = paths(b"a\nb\0\"c\"\0nested/\0\0").collect();
        assert_eq!(found, ["a\nb", "\"c\"", "nested"].map(PathBuf::from));
    }
}
