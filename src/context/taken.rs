//! Which files of a build context a Dockerfile takes: what its COPY, ADD and bind mounts name, past what is ignored.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::search::Search;
use super::{Ignore, clean};
use crate::dockerfile::ParsedDockerfile;
use crate::gather::Gather;
use crate::problem::IoError;

/// What a Dockerfile takes of a build context. Paths are from the context down, and no part of them is a link.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The files and folders that are named; a folder with all that is in it.
    ends: BTreeSet<PathBuf>,
    /// The links that lead to them.
    links: BTreeSet<PathBuf>,
    ignore: Ignore,
}

impl Taken {
    /// What `parsed` takes of the context at `root`. A source that cannot be known may be anything there.
    ///
    /// # Errors
    /// If a folder on the way cannot be read.
    pub fn of(root: &Path, parsed: &ParsedDockerfile, ignore: Ignore) -> Result<Self, IoError> {
        let mut taken = Self { ignore, ..Self::default() };
        if parsed.has_unknown_sources {
            taken.add_anything();
        }
        // Many lines take the same.
        let sources: BTreeSet<_> = parsed.sources.iter().map(|source| clean(&source.path)).gather();
        for source in sources {
            let reached = Search::new(root, &taken.ignore).reach(&source)?;
            taken.ends.extend(reached.ends);
            taken.links.extend(reached.links);
        }
        Ok(taken)
    }

    /// Adds that it may take anything there is.
    pub fn add_anything(&mut self) {
        self.ends.insert(PathBuf::new());
    }

    /// The files and folders that are named, and the links that lead to them, whether they are ignored or not; a folder with
    /// all that is in it. The empty path is the whole context.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        self.ends.iter().chain(&self.links).map(PathBuf::as_path)
    }

    /// Whether the file at `way`, at or below one of [`Self::places`], reaches the build.
    pub fn keeps(&self, way: &Path) -> bool {
        self.ignore.keeps(way)
    }

    /// Whether something in the folder at `way` may reach the build.
    pub fn may_keep_below(&self, way: &Path) -> bool {
        self.ignore.keeps(way) || self.ignore.may_take_back_below(way)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::Taken;
    use crate::context::Ignore;
    use crate::dockerfile::read;

    #[track_caller]
    fn places(lines: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a.c", "b.c", "sub/x.c", "real/f"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        symlink("real", folder.path().join("l")).unwrap();
        let parsed = read(&format!("FROM a\n{lines}\n")).unwrap();
        let taken = Taken::of(folder.path(), &parsed, Ignore::default()).unwrap();
        taken.places().map(|place| place.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_place_that_a_source_names_is_known_with_the_links_to_it() {
        assert_eq!(places("COPY *.c sub /"), ["a.c", "b.c", "sub"]);
        assert_eq!(places("COPY l/f gone /"), ["real/f", "l"]);
        assert_eq!(places("ADD . /"), [""]);
        assert_eq!(places("RUN --mount=type=bind,source=sub,target=/s true"), ["sub"]);
        assert_eq!(places("RUN --mount=type=cache,target=/s true"), [""; 0]);
    }

    #[test]
    fn a_source_that_cannot_be_known_may_be_anything_in_the_context() {
        assert_eq!(places("ARG WHAT\nCOPY $WHAT /"), [""]);
        assert!(Taken::default().keeps(Path::new("any")));
    }
}
