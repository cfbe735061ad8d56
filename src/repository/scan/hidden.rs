//! Hidden folders: they are not scanned, and the user is told of those that hold a Dockerfile.

use std::path::Path;

use walkdir::WalkDir;

use super::is_named_like_a_dockerfile;

/// How deep a hidden folder is looked through.
const DEPTH: usize = 3;

/// So many entries of a hidden folder are looked at: a cache may have any number of them.
const MOST: usize = 4_000;

/// Whether a Dockerfile is seen in a hidden folder; `None` if none is, and not all can be read.
pub(super) fn holds_a_dockerfile(folder: &Path) -> Option<bool> {
    let mut is_readable = true;
    for entry in WalkDir::new(folder).min_depth(1).max_depth(DEPTH).into_iter().take(MOST) {
        match entry {
            Ok(entry) if !entry.file_type().is_dir() && is_named_like_a_dockerfile(entry.path()) => return Some(true),
            Ok(_) => {}
            Err(_) => is_readable = false,
        }
    }
    is_readable.then_some(false)
}

#[cfg(test)]
mod tests {
    use super::holds_a_dockerfile;

    #[test]
    fn a_dockerfile_is_seen_three_levels_deep_and_no_deeper() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b/c")).unwrap();
        std::fs::write(folder.path().join("a/b/c/Dockerfile"), "").unwrap();
        assert_eq!(holds_a_dockerfile(folder.path()), Some(false));
        std::fs::write(folder.path().join("a/b/Dockerfile"), "").unwrap();
        assert_eq!(holds_a_dockerfile(folder.path()), Some(true));
        assert_eq!(holds_a_dockerfile(&folder.path().join("gone")), None);
    }
}
