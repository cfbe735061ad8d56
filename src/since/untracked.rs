//! Files that git knew and tracks no longer, and that are still there as they were: git counts them as deleted, a build takes
//! the same bytes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::SinceError;
use crate::git::{Differing, EntryKind, Git, TreeEntry};

/// The most bytes of a file that are compared; a larger one counts as different.
const MOST_BYTES: u64 = 64 << 20;

/// Every path that differs, but those that git only tracks no longer. `entries` are those of the commit.
///
/// # Errors
/// If git fails.
pub(super) fn without_kept(
    git: &Git,
    entries: &[TreeEntry],
    differing: Differing,
) -> Result<BTreeSet<PathBuf>, SinceError> {
    let Differing { mut paths, removed } = differing;
    let is_there = |entry: &&TreeEntry| {
        removed.contains(&entry.path) && entry.kind != EntryKind::Submodule && is_there(git.top(), &entry.path)
    };
    let candidates: Vec<_> = entries.iter().filter(is_there).collect();
    git.contents(&candidates, MOST_BYTES, |entry, before| -> Result<(), SinceError> {
        if is_same(git.top(), entry, before) {
            paths.remove(&entry.path);
        }
        Ok(())
    })?;
    Ok(paths)
}

/// Whether something is at `path`, by itself and not through a link.
fn is_there(top: &Path, path: &Path) -> bool {
    let is_link = |above: &Path| top.join(above).symlink_metadata().is_ok_and(|there| there.is_symlink());
    top.join(path).symlink_metadata().is_ok() && !path.ancestors().skip(1).any(is_link)
}

/// Whether the working tree has the same file or link. One that cannot be read is another.
fn is_same(top: &Path, entry: &TreeEntry, before: &[u8]) -> bool {
    let path = top.join(&entry.path);
    let Ok(there) = path.symlink_metadata() else { return false };
    match entry.kind {
        EntryKind::Link => fs::read_link(&path).is_ok_and(|to| to == Path::new(OsStr::from_bytes(before))),
        EntryKind::File if there.is_file() => {
            let is_executable = there.permissions().mode() & 0o100 != 0;
            let mut now = Vec::new();
            let read = File::open(&path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut now));
            let is_whole = u64::try_from(now.len()).is_ok_and(|length| length <= MOST_BYTES);
            read.is_ok() && is_whole && is_executable == entry.is_executable && now == before
        }
        EntryKind::File | EntryKind::Submodule => false,
    }
}
