//! The paths that differ between a commit and the working tree, and what they are held against.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::context::Taken;
use crate::gather::Gather;
use crate::git::{EntryKind, TreeEntry};

/// The paths that differ, from the top.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    paths: BTreeSet<PathBuf>,
    /// Those of them that stand for whole folders: submodules, and repositories inside this one. What differs in them is not
    /// known.
    folders: BTreeSet<PathBuf>,
}

impl Changes {
    /// The `paths` that differ; `entries` are those of the commit, `top` is that of the working tree.
    pub(super) fn new(paths: BTreeSet<PathBuf>, entries: &[TreeEntry], top: &Path) -> Self {
        let submodules = entries.iter().filter(|entry| entry.kind == EntryKind::Submodule).map(|entry| &entry.path);
        let mut folders: BTreeSet<_> = submodules.filter(|path| paths.contains(*path)).cloned().gather();
        let is_repository = |path: &&PathBuf| top.join(path).join(".git").symlink_metadata().is_ok();
        folders.extend(paths.iter().filter(is_repository).cloned());
        Self { paths, folders }
    }

    /// Whether the file or link at `path` may differ.
    pub(super) fn contain(&self, path: &Path) -> bool {
        self.of(path).is_some()
    }

    /// Whether something at or below `path` differs.
    pub(super) fn are_at_or_below(&self, path: &Path) -> bool {
        self.at_or_below(path).next().is_some() || self.folder_of(path).is_some()
    }

    /// All of them.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path)
    }

    /// Whether one of them stands for a whole folder.
    pub(super) fn have_folders(&self) -> bool {
        !self.folders.is_empty()
    }

    /// By which path the file or link at `path` may differ: its own, or that of a whole folder.
    fn of(&self, path: &Path) -> Option<&Path> {
        self.paths.get(path).map(PathBuf::as_path).or_else(|| self.folder_of(path))
    }

    /// The first path by which a file that was read by way of the links `before` and is now read by way of `now` differs.
    /// Either is empty where there is no file.
    pub(super) fn among<'p>(&'p self, now: &'p [PathBuf], before: &'p [PathBuf]) -> Option<&'p Path> {
        let changed = now.iter().chain(before).find_map(|path| self.of(path));
        let moved = || now.first().or(before.first()).filter(|_| now != before).map(PathBuf::as_path);
        changed.or_else(moved)
    }

    /// The first path that differs and is taken of the build context at `context`, from the top.
    pub(super) fn first_taken(&self, context: &Path, taken: &Taken) -> Option<&Path> {
        taken.places().filter_map(|place| self.first_taken_at(context, &context.join(place), taken)).min()
    }

    fn first_taken_at(&self, context: &Path, at: &Path, taken: &Taken) -> Option<&Path> {
        let is_kept = |path: &&Path| {
            let Ok(way) = path.strip_prefix(context) else { return false };
            if self.folders.contains(*path) { taken.may_keep_below(way) } else { taken.keeps(way) }
        };
        let way = at.strip_prefix(context).unwrap_or(Path::new(""));
        let folder = self.folder_of(at).filter(|_| taken.may_keep_below(way));
        folder.or_else(|| self.at_or_below(at).find(is_kept))
    }

    /// The whole folder that `path` is in, and that differs.
    fn folder_of(&self, path: &Path) -> Option<&Path> {
        if self.folders.is_empty() {
            return None;
        }
        path.ancestors().skip(1).find_map(|above| self.folders.get(above)).map(PathBuf::as_path)
    }

    fn at_or_below<'c, 'p>(&'c self, path: &'p Path) -> impl Iterator<Item = &'c Path> + use<'c, 'p> {
        // Paths are ordered part by part, so that what is below a folder comes right after it.
        let from = self.paths.range::<Path, (Bound<&Path>, Bound<&Path>)>((Bound::Included(path), Bound::Unbounded));
        from.map(PathBuf::as_path).take_while(move |below| below.starts_with(path))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Changes;
    use crate::context::{Ignore, Taken};
    use crate::dockerfile::read;

    fn changes(paths: &[&str], folders: &[&str]) -> Changes {
        let all = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        Changes { paths: all(&[paths, folders].concat()), folders: all(folders) }
    }

    fn whole(ignored: &str) -> Taken {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".dockerignore"), ignored).unwrap();
        let ignore = Ignore::of(&folder.path().join("Dockerfile"), folder.path()).unwrap();
        Taken::of(folder.path(), &read("FROM a\nCOPY . /\n").unwrap(), ignore).unwrap()
    }

    #[track_caller]
    fn first<'c>(changes: &'c Changes, context: &str, ignored: &str) -> Option<&'c str> {
        changes.first_taken(Path::new(context), &whole(ignored)).map(|path| path.to_str().unwrap())
    }

    #[test]
    fn the_first_path_that_is_not_ignored_counts() {
        let all = changes(&["a.md", "b/c.md", "b/d", "b-e", "z"], &[]);
        assert_eq!(first(&all, "", ""), Some("a.md"));
        assert_eq!(first(&all, "", "**/*.md"), Some("b/d"));
        assert_eq!(first(&all, "b", "*.md"), Some("b/d"));
        assert_eq!(first(&all, "b", "*"), None);
        assert_eq!(first(&all, "c", ""), None);
    }

    #[test]
    fn a_whole_folder_that_differs_touches_what_is_in_it_and_what_it_is_in() {
        let all = changes(&[], &["sub/module"]);
        assert!(all.contain(Path::new("sub/module/Dockerfile")) && !all.contain(Path::new("sub/other")));
        assert_eq!(first(&all, "", ""), Some("sub/module"));
        assert_eq!(first(&all, "sub/module/inner", ""), Some("sub/module"));
        assert_eq!(first(&all, "", "sub"), None);
        assert_eq!(first(&all, "", "sub\n!sub/module/x"), Some("sub/module"));
    }

    #[test]
    fn another_file_by_the_same_name_is_a_difference_where_no_path_changed() {
        let all = changes(&["x"], &[]);
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(all.among(&paths(&["a"]), &paths(&["a"])), None);
        assert_eq!(all.among(&paths(&["a"]), &paths(&["b"])), Some(Path::new("a")));
        assert_eq!(all.among(&paths(&["a", "x"]), &paths(&["a", "x"])), Some(Path::new("x")));
        assert_eq!(all.among(&[], &paths(&["b"])), Some(Path::new("b")));
    }
}
