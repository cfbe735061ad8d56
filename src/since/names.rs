//! Where the services of the commit are those of now, in the same places, so that no copy of the commit is needed: only contents
//! differ, or also names that no service is settled by. No link and no settings. What Dockerfiles held is read in their place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::changes::Changes;
use super::past::{is_read, read_bounded};
use super::{Side, SinceError};
use crate::context::DifferingNames;
use crate::dockerfile::comments;
use crate::gather::Gather;
use crate::git::{EntryKind, Git, TreeEntry};
use crate::repository::read_all::MAX_BYTES;
use crate::repository::scan::is_named_like_a_dockerfile;
use crate::repository::service::Service;
use crate::repository::{Contents, Repository, resolve};

/// The most bytes of Dockerfiles that are kept; a commit with more is written to a copy.
const MOST_KEPT: u64 = 64 << 20;

/// Folders by whose name the layout of a repository is known.
const OF_LAYOUTS: [&str; 2] = ["dockerfiles", "samples"];

/// What is known of both sides.
pub(super) struct Names<'s> {
    pub(super) git: &'s Git,
    /// Those of the commit.
    pub(super) entries: &'s [TreeEntry],
    pub(super) changes: &'s Changes,
    /// The folder that the program was started in.
    pub(super) here: &'s Path,
    pub(super) repository: &'s Repository,
}

impl<'s> Names<'s> {
    /// What the Dockerfiles that differ held in the commit, if it can be read as the working tree with these in place of what they
    /// hold now; `None` if a copy of the commit is needed.
    ///
    /// # Errors
    /// If git fails, or a file cannot be read.
    pub(super) fn other_dockerfiles(&self, now: &Side<'_>) -> Result<Option<Contents>, SinceError> {
        let dockerfiles: BTreeSet<&PathBuf> = now.views.iter().flatten().flat_map(|view| &view.dockerfile).gather();
        // What such a link leads to has any name.
        let is_read_by_link = |entry: &TreeEntry| entry.kind == EntryKind::Link && is_read(&entry.path);
        let (mut of_dockerfiles, mut removed, mut count) = (Vec::new(), Vec::new(), 0);
        let mut has_links_to_dockerfiles = false;
        for entry in self.entries {
            let is_dockerfile = is_named_like_a_dockerfile(&entry.path);
            if is_read_by_link(entry) {
                if !is_dockerfile {
                    return Ok(None);
                }
                has_links_to_dockerfiles = true;
            }
            if !self.changes.contain(&entry.path) {
                continue;
            }
            count += 1;
            let is_dockerfile = is_dockerfile || dockerfiles.contains(&entry.path);
            let is_plain = entry.kind == EntryKind::File && (is_dockerfile || !is_read(&entry.path));
            match self.git.top().join(&entry.path).symlink_metadata() {
                Ok(there) if there.is_file() && is_plain && is_dockerfile => of_dockerfiles.push(entry),
                Ok(there) if there.is_file() && is_plain => {}
                Err(_) if is_plain && !is_dockerfile => removed.push(entry.path.as_path()),
                _ => return Ok(None),
            }
        }
        // One that the commit does not have is a new name.
        let has_new = count != self.changes.paths().count();
        if (has_new || !removed.is_empty())
            && (has_links_to_dockerfiles || self.changes.have_folders() || self.may_settle(&removed, now)?)
        {
            return Ok(None);
        }
        let (mut contents, mut bytes, mut alike) = (Contents::new(), 0_u64, true);
        self.git.contents(&of_dockerfiles, MAX_BYTES, |entry, before| -> Result<(), SinceError> {
            let path = self.git.top().join(&entry.path);
            bytes = bytes.saturating_add(u64::try_from(before.len()).unwrap_or(u64::MAX));
            alike = alike && bytes <= MOST_KEPT && settings(before) == settings(&read_bounded(&path)?);
            if alike {
                contents.insert(path, before.to_owned());
            }
            Ok(())
        })?;
        Ok(alike.then_some(contents))
    }

    /// Whether the names that came, and those that were `removed`, may settle a service.
    fn may_settle(&self, removed: &[&'s Path], now: &Side<'_>) -> Result<bool, SinceError> {
        let top = self.git.top();
        let before: BTreeSet<&Path> = self.entries.iter().map(|entry| entry.path.as_path()).gather();
        let added: Vec<_> = self.changes.paths().filter(|path| !before.contains(path)).collect();
        let is_file = |path: &Path| top.join(path).symlink_metadata().is_ok_and(|there| there.is_file());
        if added.iter().any(|path| !is_file(path) || is_read(path)) {
            return Ok(true);
        }
        let had = |folder: &&Path| {
            let mut from = before.range::<Path, _>((std::ops::Bound::Excluded(*folder), std::ops::Bound::Unbounded));
            from.next().is_some_and(|path| path.starts_with(folder))
        };
        let has = |folder: &&Path| top.join(folder).symlink_metadata().is_ok_and(|there| there.is_dir());
        let above = |path: &'s Path| path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        let new_folders = added.iter().flat_map(|path| above(path)).filter(|folder| !had(folder));
        let old_folders = removed.iter().flat_map(|path| above(path)).filter(|folder| !has(folder));
        let folders: BTreeSet<&Path> = new_folders.chain(old_folders).gather();
        if folders.iter().any(|folder| self.is_of_the_layout(folder)) {
            return Ok(true);
        }
        let of_kind = |kind| {
            let is_kept = move |entry: &&TreeEntry| entry.kind == kind && !self.changes.contain(&entry.path);
            self.entries.iter().filter(is_kept).map(|entry| entry.path.as_path()).collect()
        };
        let names = added.into_iter().chain(removed.iter().copied()).chain(folders).map(Path::to_owned).collect();
        let names = DifferingNames { top, names, links: of_kind(EntryKind::Link), unchanged: of_kind(EntryKind::File) };
        let root = &self.repository.root;
        let root = resolve(if root.as_os_str().is_empty() { Path::new(".") } else { root })?;
        for (place, service) in now.services.iter().enumerate() {
            let Some(view) = now.view(place) else { continue };
            if self.may_matter(&names, &root, service, &view.context)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a repository is laid out by this folder, or the program is started in it.
    fn is_of_the_layout(&self, folder: &Path) -> bool {
        let at = self.git.top().join(folder);
        let is_scanned = |scanned: &PathBuf| self.here.join(scanned).starts_with(&at);
        folder.file_name().is_some_and(|name| OF_LAYOUTS.iter().any(|of_layout| name == *of_layout))
            || self.here.starts_with(&at)
            || self.repository.dockerfiles.iter().any(is_scanned)
    }

    /// Whether one of `names` may matter to `service`, whose build context is at `context`, from the top.
    fn may_matter(
        &self,
        names: &DifferingNames<'_>,
        root: &Path,
        service: &Service,
        context: &Path,
    ) -> Result<bool, SinceError> {
        let top = self.git.top();
        let (Ok(parsed), Ok(dockerfile)) = (&service.parsed, service.real_dockerfile.strip_prefix(top)) else {
            return Ok(true);
        };
        // Where nothing names it, it is searched for.
        let is_searched_for = !service.origins.contains_key("context") && !self.repository.follows_convention;
        let above = service.real_dockerfile.ancestors().skip(1);
        let above =
            above.take_while(|folder| folder.starts_with(root)).filter_map(|folder| folder.strip_prefix(top).ok());
        let mut folders: Vec<_> = if is_searched_for { above.collect() } else { Vec::new() };
        if !folders.contains(&context) {
            folders.push(context);
        }
        Ok(names.may_matter(dockerfile, &folders, parsed, is_searched_for)?)
    }
}

/// What the comments of a Dockerfile say to mkcompose, wherever they stand.
fn settings(dockerfile: &[u8]) -> Vec<(String, Option<String>)> {
    let comments = comments(&String::from_utf8_lossy(dockerfile));
    comments.into_iter().map(|comment| (comment.key, comment.value)).collect()
}
