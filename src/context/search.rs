//! Looks through a build context for what COPY and ADD take, as `BuildKit` does: links lead from folder to folder of the
//! context and never out of it, and what an ignore file keeps from the build is not there.
//!
//! It goes from one part of the path to the next with all the places that may be reached, and not into itself: links make a
//! context as deep as its author likes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::pattern::Pattern;
use super::{Ignore, Presence};
use crate::problem::IoError;

/// How many links one after the other `BuildKit` follows.
const MAX_LINKS: usize = 255;

/// How many names of files and folders a path may have, links followed: more than any system takes.
const MAX_NAMES: usize = 4096;

/// A search of the context at `root`. Paths are below it, and no part of them is a link.
pub(super) struct Search<'a> {
    root: &'a Path,
    ignore: &'a Ignore,
    /// What to say if nothing is found.
    absence: Presence,
    /// The links that were followed, or led nowhere; without those that are kept from the build.
    links: BTreeSet<PathBuf>,
    /// Whether a part is a name, whatever characters it has.
    is_literal: bool,
}

/// Where a source leads.
pub(super) struct Reached {
    /// The files and folders that it names, links followed.
    pub(super) ends: BTreeSet<PathBuf>,
    /// The links on the way.
    pub(super) links: BTreeSet<PathBuf>,
}

/// Something in a folder.
struct Entry {
    name: OsString,
    is_link: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(root: &'a Path, ignore: &'a Ignore) -> Self {
        Self { root, ignore, absence: Presence::Missing, links: BTreeSet::new(), is_literal: false }
    }

    /// The same for a path that is no pattern.
    pub(super) fn literal(root: &'a Path, ignore: &'a Ignore) -> Self {
        Self { is_literal: true, ..Self::new(root, ignore) }
    }

    /// Whether something at `parts` reaches the build.
    pub(super) fn find(mut self, parts: &[&str]) -> Result<Presence, IoError> {
        let Some((last, folders)) = parts.split_last() else { return Ok(Presence::There) };
        let places = self.places(folders)?;
        let (mut found, mut is_whole) = (false, true);
        for folder in places {
            for entry in self.entries(&folder, last)? {
                let at = folder.join(entry.name);
                // A link that is taken has to lead somewhere, whatever else is taken beside it.
                let must = entry.is_link && self.ignore.keeps(&at);
                if must || !found {
                    let taken = self.takes(at, entry.is_link)?;
                    found |= taken;
                    is_whole &= taken || !must;
                }
            }
        }
        self.ignore.check()?;
        Ok(match self.absence {
            _ if found && is_whole => Presence::There,
            Presence::Ignored(ignore) if !is_whole => Presence::LinkToIgnored(ignore),
            absence => absence,
        })
    }

    /// Everything that `parts` lead to, whether it reaches the build or not.
    pub(super) fn reach(mut self, parts: &[&str]) -> Result<Reached, IoError> {
        let ends = self.places(parts)?;
        self.ignore.check()?;
        Ok(Reached { ends, links: self.links })
    }

    /// What `parts` lead to, links followed. Many links may lead to one folder.
    fn places(&mut self, parts: &[&str]) -> Result<BTreeSet<PathBuf>, IoError> {
        let mut places = BTreeSet::from([PathBuf::new()]);
        for part in parts {
            let mut below = BTreeSet::new();
            for folder in places {
                for entry in self.entries(&folder, part)? {
                    below.extend(self.end(folder.join(entry.name), entry.is_link)?);
                }
            }
            places = below;
        }
        Ok(places)
    }

    fn takes(&mut self, at: PathBuf, is_link: bool) -> Result<bool, IoError> {
        let Some(end) = self.end(at, is_link)? else { return Ok(false) };
        let taken = self.ignore.keeps(&end) || self.taken_back_below(&end)?;
        if !taken {
            self.is_ignored();
        }
        Ok(taken)
    }

    /// Whether something below the folder that is left out is taken back. Entered only where a line goes on.
    fn taken_back_below(&self, folder: &Path) -> Result<bool, IoError> {
        if !self.ignore.may_take_back_below(folder) {
            return Ok(false);
        }
        let mut pending = vec![folder.to_owned()];
        while let Some(folder) = pending.pop() {
            for entry in self.entries(&folder, "*")? {
                let at = folder.join(entry.name);
                if self.ignore.keeps(&at) {
                    return Ok(true);
                }
                // A link is not followed: it is what is taken, not what it leads to.
                if !entry.is_link && self.ignore.may_take_back_below(&at) {
                    pending.push(at);
                }
            }
        }
        Ok(false)
    }

    /// What `at` is or leads to; `None` if that is nothing in the context.
    fn end(&mut self, at: PathBuf, is_link: bool) -> Result<Option<PathBuf>, IoError> {
        if !is_link {
            return Ok(Some(at));
        }
        let mut ahead = names(&at);
        let mut way = PathBuf::new();
        let mut links = 0;
        while let Some(name) = ahead.pop() {
            way.push(name);
            let path = self.path(&way);
            match path.symlink_metadata() {
                Ok(there) if !there.is_symlink() => continue,
                Ok(_) if !self.ignore.keeps(&way) => {
                    self.is_ignored();
                    return Ok(None);
                }
                Ok(_) => {
                    self.links.insert(way.clone());
                    links += 1;
                }
                Err(error) if is_absence(&error) => return Ok(self.leads_nowhere()),
                Err(error) => return Err(IoError::new("look at", path)(error)),
            }
            let target = std::fs::read_link(&path).map_err(IoError::new("read the link", &path))?;
            way.pop();
            // An absolute one begins at the context.
            ahead.extend(names(&way.join(target)));
            way.clear();
            if links > MAX_LINKS || ahead.len() > MAX_NAMES {
                return Ok(self.leads_nowhere());
            }
        }
        Ok(Some(way))
    }

    fn leads_nowhere(&mut self) -> Option<PathBuf> {
        if self.absence == Presence::Missing {
            self.absence = Presence::LinkToNothing;
        }
        None
    }

    fn is_ignored(&mut self) {
        // It outranks a link to nothing: what is said must not depend on the order of a folder's entries.
        if let Some(ignore) = self.ignore.path() {
            self.absence = Presence::Ignored(ignore.to_owned());
        }
    }

    /// What in `folder` fits `part`, in any order.
    fn entries(&self, folder: &Path, part: &str) -> Result<Vec<Entry>, IoError> {
        let folder = self.path(folder);
        // What is below a folder that is left out is asked for by `*`.
        if (self.is_literal && part != "*") || !Pattern::is_needed(part) {
            let path = folder.join(part);
            return match path.symlink_metadata() {
                Ok(there) => Ok(vec![Entry { name: part.into(), is_link: there.is_symlink() }]),
                Err(error) if is_absence(&error) => Ok(Vec::new()),
                Err(error) => Err(IoError::new("look at", path)(error)),
            };
        }
        let Some(pattern) = Pattern::parse(part) else { return Ok(Vec::new()) };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(IoError::new("read the folder", folder)(error)),
        };
        let mut fitting = Vec::new();
        for entry in entries {
            let entry = entry.map_err(IoError::new("read the folder", &folder))?;
            let name = entry.file_name();
            if pattern.matches(&name.to_string_lossy()) {
                let kind = entry.file_type().map_err(IoError::new("look at", entry.path()))?;
                fitting.push(Entry { name, is_link: kind.is_symlink() });
            }
        }
        Ok(fitting)
    }

    fn path(&self, way: &Path) -> PathBuf {
        if way.as_os_str().is_empty() { self.root.to_owned() } else { self.root.join(way) }
    }
}

/// The names on the way, the last first; `..` takes back the one before it, and does not leave the context.
fn names(way: &Path) -> Vec<OsString> {
    let mut names = Vec::new();
    for component in way.components() {
        match component {
            Component::Normal(name) => names.push(name.to_owned()),
            Component::ParentDir => drop(names.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    names.reverse();
    names
}

/// Whether there is no such thing, or could be none by that name.
fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidInput | InvalidFilename)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use crate::context::{Ignore, Presence, find_source};

    /// A context with files and links, as they were given to an engine.
    fn context(lines: &str) -> (tempfile::TempDir, Ignore) {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for file in ["hello.c", "sub/hello.c", "sub/deep/x.c", "real/f", "dir/keep", "dir/drop"] {
            fs::create_dir_all(at(file).parent().unwrap()).unwrap();
            fs::write(at(file), "").unwrap();
        }
        for (link, target) in [
            ("dang", "nowhere"),
            ("abs", "/etc/hostname"),
            ("l", "real"),
            ("ll", "l"),
            ("absdir", "/real"),
            ("out", "../outside"),
            ("climb", "/../hello.c"),
            ("sub/climb", "../../hello.c"),
            ("sub/up", "../real"),
            ("loopa", "loopb"),
            ("loopb", "loopa"),
            ("ok", "hello.c"),
            ("viasub", "sub/hello.c"),
            ("itself", "."),
        ] {
            symlink(target, at(link)).unwrap();
        }
        if !lines.is_empty() {
            fs::write(at(".dockerignore"), lines).unwrap();
        }
        let ignore = Ignore::of(&at("Dockerfile.a"), folder.path()).unwrap();
        (folder, ignore)
    }

    #[track_caller]
    fn find(lines: &str, source: &str) -> Presence {
        let (folder, ignore) = context(lines);
        find_source(folder.path(), source, &ignore).unwrap()
    }

    /// Each was given to an engine, which built it.
    #[test]
    fn links_lead_from_folder_to_folder_of_the_context() {
        for source in [
            "absdir",
            "absdir/f",
            "climb",
            "sub/climb",
            "sub/up/f",
            "ok",
            "l/f",
            "ll/f",
            "viasub",
            "l*/f",
            "l/*",
            "l/../hello.c",
            ".",
            "d*/keep",
        ] {
            assert_eq!(find("", source), Presence::There, "{source}");
        }
        for (lines, source) in
            [("l/f", "l/f"), ("*\n!real\n!l", "l/f"), ("*\n!l\n!**/f", "l"), ("*\n!**/f", "real"), ("dang", "d*")]
        {
            assert_eq!(find(lines, source), Presence::There, "{lines:?} {source}");
        }
    }

    /// Each was given to an engine, which did not find it.
    #[test]
    fn a_link_that_leads_to_nothing_in_the_context_is_not_there() {
        for source in ["dang", "dang/", "dan*", "d*", "dang/x", "abs", "out/s", "out", "loopa", "loopa/x"] {
            assert_eq!(find("", source), Presence::LinkToNothing, "{source}");
        }
        assert_eq!(find("", "absdir/gone"), Presence::Missing);
    }

    /// Each was given to an engine, which did not find it.
    #[test]
    fn a_link_and_what_it_leads_to_both_have_to_reach_the_build() {
        let ignored = |lines: &str, source: &str| match find(lines, source) {
            Presence::Ignored(_) => "itself",
            Presence::LinkToIgnored(_) => "what it leads to",
            other => panic!("{lines:?} {source}: {other:?}"),
        };
        for (lines, source) in
            [("real", "l/f"), ("l", "l/f"), ("real/f", "l/f"), ("*\n!l", "l/f"), ("*\n!real", "l/f"), ("ok", "ok")]
        {
            assert_eq!(ignored(lines, source), "itself", "{lines:?} {source}");
        }
        for (lines, source) in
            [("real", "l"), ("real", "l*"), ("hello.c", "ok"), ("hello.c", "o[k]"), ("sub", "viasub")]
        {
            assert_eq!(ignored(lines, source), "what it leads to", "{lines:?} {source}");
        }
    }

    #[test]
    fn links_cannot_make_the_search_endless() {
        let (folder, ignore) = context("");
        symlink("itself/grows/x", folder.path().join("grows")).unwrap();
        symlink("x/".repeat(2000), folder.path().join("x")).unwrap();
        for name in ["grows", "x"] {
            assert_eq!(find_source(folder.path(), name, &ignore).unwrap(), Presence::LinkToNothing, "{name}");
        }
        // Each name may stand for each of the folders that lead back.
        for back in 0..4 {
            symlink(".", folder.path().join(format!("back{back}"))).unwrap();
        }
        let source = "*/".repeat(200) + "gone";
        assert_eq!(find_source(folder.path(), &source, &ignore).unwrap(), Presence::LinkToNothing);
    }

    #[test]
    fn a_name_that_is_not_utf8_fits_a_pattern() {
        use std::os::unix::ffi::OsStrExt;
        let (folder, ignore) = context("");
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.h")), "").unwrap();
        assert_eq!(find_source(folder.path(), "*.h", &ignore).unwrap(), Presence::There);
    }
}
