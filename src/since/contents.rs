//! Where only contents differ: no name, link or setting. Then the commit had the same services in the same places, and needs no
//! copy.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::changes::Changes;
use super::past::{is_read, read_bounded};
use super::{Side, SinceError};
use crate::dockerfile::comments;
use crate::git::{EntryKind, Git, TreeEntry};
use crate::repository::read_all::MAX_BYTES;
use crate::repository::scan::is_named_like_a_dockerfile;

/// Whether all that differs are the contents of regular files, and none of these says what another service is: `now`'s services
/// are then those that the commit of these `entries` had. A Dockerfile whose comments for mkcompose stay as they are says
/// something of its own service alone, and that one is touched.
///
/// # Errors
/// If git fails, or a Dockerfile cannot be read.
pub(super) fn alone_differ(
    git: &Git,
    entries: &[TreeEntry],
    changes: &Changes,
    now: &Side<'_>,
) -> Result<bool, SinceError> {
    let dockerfiles: BTreeSet<&PathBuf> = now.views.iter().flatten().flat_map(|view| &view.dockerfile).collect();
    // What such a link leads to has any name.
    let is_read_by_link = |entry: &TreeEntry| {
        entry.kind == EntryKind::Link && is_read(&entry.path) && !is_named_like_a_dockerfile(&entry.path)
    };
    let mut of_dockerfiles = Vec::new();
    let mut count = 0;
    for entry in entries {
        if is_read_by_link(entry) {
            return Ok(false);
        }
        if !changes.contain(&entry.path) {
            continue;
        }
        let is_dockerfile = is_named_like_a_dockerfile(&entry.path) || dockerfiles.contains(&entry.path);
        let is_file = |path: &Path| git.top().join(path).symlink_metadata().is_ok_and(|there| there.is_file());
        if entry.kind != EntryKind::File || !is_file(&entry.path) || (is_read(&entry.path) && !is_dockerfile) {
            return Ok(false);
        }
        if is_dockerfile {
            of_dockerfiles.push(entry);
        }
        count += 1;
    }
    // One that the commit does not have is a new name.
    if count != changes.count() {
        return Ok(false);
    }
    let mut alike = true;
    git.contents(&of_dockerfiles, MAX_BYTES, |entry, before| -> Result<(), SinceError> {
        alike = alike && settings(before) == settings(&read_bounded(&git.top().join(&entry.path))?);
        Ok(())
    })?;
    Ok(alike)
}

/// What the comments of a Dockerfile say to mkcompose, wherever they stand.
fn settings(dockerfile: &[u8]) -> Vec<(String, Option<String>)> {
    let comments = comments(&String::from_utf8_lossy(dockerfile));
    comments.into_iter().map(|comment| (comment.key, comment.value)).collect()
}
