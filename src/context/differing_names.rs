//! Whether names that are there in one of two trees only could settle another build context, or let a source lead elsewhere.
//!
//! A name can matter only where a search looks for it, see [`super::auto`] and [`super::search`]. In doubt it does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use super::whole_context::{begins_a_project, is_about_the_build, levels_that_count};
use super::{Ignore, clean};
use crate::dockerfile::ParsedDockerfile;
use crate::gather::Gather;
use crate::problem::IoError;

/// Two trees, as paths from their top.
#[derive(Debug)]
pub struct DifferingNames<'t> {
    /// Where the tree of now is, absolute and without links.
    pub top: &'t Path,
    /// The files and folders that one of the trees has and the other has not.
    pub names: BTreeSet<PathBuf>,
    /// The links that both have: where they lead is not followed here.
    pub links: BTreeSet<&'t Path>,
    /// The regular files that both have.
    pub unchanged: BTreeSet<&'t Path>,
}

impl DifferingNames<'_> {
    /// Whether the sources of the Dockerfile at `dockerfile`, from the top, may lead elsewhere in one of `folders`, or another of
    /// these may be its build context. `dockerfile` is from the top, as `folders` are.
    ///
    /// # Errors
    /// If an ignore file cannot be read.
    pub fn may_matter(
        &self,
        dockerfile: &Path,
        folders: &[&Path],
        parsed: &ParsedDockerfile,
        is_searched_for: bool,
    ) -> Result<bool, IoError> {
        if folders.iter().any(|folder| self.names.contains(*folder)) {
            return Ok(true);
        }
        let sources: BTreeSet<_> = parsed.sources.iter().map(|source| clean(&source.path)).gather();
        if is_searched_for && sources.iter().any(Vec::is_empty) && self.may_hold_other_things(folders, parsed) {
            return Ok(true);
        }
        for folder in folders {
            for source in sources.iter().filter(|source| !source.is_empty()) {
                if self.are_on_the_way(dockerfile, folder, source)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a search for `source` in `folder` meets one of the names, or a link.
    fn are_on_the_way(&self, dockerfile: &Path, folder: &Path, source: &[&str]) -> Result<bool, IoError> {
        let mut at = folder.to_owned();
        for (place, part) in source.iter().enumerate() {
            if Pattern::is_needed(part) {
                let rest = source.get(place..).unwrap_or_default();
                let is_link = below(&self.links, &at).any(|link| fits(rest, link, &at));
                return Ok(is_link || below(&self.names, &at).any(|name| fits(rest, name, &at)));
            }
            at.push(part);
            if self.names.contains(&at) || self.links.contains(at.as_path()) {
                return Ok(true);
            }
        }
        // What is below a folder that is ignored can let the folder reach the build.
        if below(&self.names, &at).next().is_none() {
            return Ok(false);
        }
        let ignore = Ignore::of(&self.top.join(dockerfile), &self.top.join(folder))?;
        let is_kept = ignore.keeps(at.strip_prefix(folder).unwrap_or(&at));
        ignore.check()?;
        Ok(!is_kept)
    }

    /// Whether one of `folders` may hold more than Dockerfiles, or begin a project, in one of the trees only.
    fn may_hold_other_things(&self, folders: &[&Path], parsed: &ParsedDockerfile) -> bool {
        let own = folders.first().copied().unwrap_or(Path::new(""));
        if parsed.workdirs.iter().chain(&parsed.run_paths).any(|path| self.leads_to_a_name(own, path)) {
            return true;
        }
        folders.iter().any(|folder| {
            let mut names = below(&self.names, folder).peekable();
            if names.peek().is_none() {
                return false;
            }
            let begins = |path: &Path| path.parent() == Some(folder) && path.file_name().is_some_and(begins_a_project);
            let is_witness = |path: &Path| self.top.join(path).symlink_metadata().is_ok();
            let holds_more = |path: &Path| {
                let way = path.strip_prefix(folder).unwrap_or(path).iter().take(levels_that_count());
                way.into_iter().all(|name| !is_about_the_build(name))
            };
            let unchanged = || below(&self.unchanged, folder);
            names.any(begins) && !unchanged().any(|path| begins(path) && is_witness(path))
                || !unchanged().any(|path| holds_more(path) && is_witness(path))
        })
    }

    /// Whether a part of `path`, a working directory in the image or a file that is run there, is one of the names in `own`.
    fn leads_to_a_name(&self, own: &Path, path: &str) -> bool {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        (0..parts.len()).any(|from| self.names.contains(&own.join(parts.get(from..).unwrap_or_default().join("/"))))
    }
}

/// The paths below `folder`.
fn below<'p, P: AsRef<Path> + Ord + std::borrow::Borrow<Path>>(
    paths: &'p BTreeSet<P>,
    folder: &'p Path,
) -> impl Iterator<Item = &'p Path> {
    // Paths are ordered part by part, so that what is below a folder comes right after it.
    let from = paths.range::<Path, _>((std::ops::Bound::Excluded(folder), std::ops::Bound::Unbounded));
    from.map(AsRef::as_ref).take_while(move |path| path.starts_with(folder))
}

/// Whether `path`, below `folder`, is met by a search for `parts` there, or is below what the search finds.
fn fits(parts: &[&str], path: &Path, folder: &Path) -> bool {
    let names = path.strip_prefix(folder).unwrap_or(path).iter();
    names.zip(parts).all(|(name, part)| {
        let name = name.to_string_lossy();
        if Pattern::is_needed(part) {
            // A pattern that is none fits nothing in either tree.
            Pattern::parse(part).is_some_and(|pattern| pattern.matches(&name))
        } else {
            name == *part
        }
    })
}
