//! What a repository's `.gitignore` files say about a path: a source that git ignores and that is absent is made before the
//! build, by CI for instance.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::Gitignore;

/// Whether git would ignore `path`, absolute and below `root`, by the `.gitignore` files from `root` down to it. A file
/// that cannot be read says nothing.
pub fn is_git_ignored(root: &Path, path: &Path) -> bool {
    if !path.starts_with(root) {
        return false;
    }
    // The nearest file decides.
    for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
        let file = folder.join(".gitignore");
        if !file.is_file() {
            continue;
        }
        let (globs, _) = Gitignore::new(&file);
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::is_git_ignored;

    #[test]
    fn the_nearest_file_decides() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join(".gitignore"), "/target\n*.bin\nout/\n").unwrap();
        fs::write(root.join("a/.gitignore"), "!keep.bin\n").unwrap();
        let is = |path: &str| is_git_ignored(root, &root.join(path));
        assert!(is("target/release/app") && is("a/b/x.bin") && is("a/out"));
        assert!(!is("a/keep.bin") && !is("a/target") && !is("x"));
        assert!(!is_git_ignored(&root.join("a"), &root.join("target")));
    }
}
