//! A Dockerfile that is a link: which file a builder has to be told of.
//!
//! `BuildKit` gets the folder of the Dockerfile and nothing else, and a link in it cannot leave it: one out of the folder leads
//! to no file, or to another one of that name in the folder. So the file that such a link leads to is named instead.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows.
const MOST_LINKS: usize = 40;

/// Whether the link `link`, and each one that it leads through, stays in its folder, however far down it leads.
fn stays_in_its_folder(link: &Path) -> bool {
    let (Some(folder), Some(name)) = (link.parent(), link.file_name()) else { return false };
    // The names that are still to be followed, the last first.
    let mut ahead: Vec<OsString> = vec![name.to_owned()];
    let mut way = PathBuf::new();
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        if name == ".." {
            if !way.pop() {
                return false;
            }
            continue;
        }
        way.push(name);
        let Ok(target) = std::fs::read_link(folder.join(&way)) else { continue };
        links += 1;
        way.pop();
        for component in target.components().rev() {
            match component {
                Component::Normal(name) => ahead.push(name.to_owned()),
                Component::ParentDir => ahead.push("..".into()),
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => return false,
            }
        }
        if links > MOST_LINKS {
            return false;
        }
    }
    true
}

/// The file that the Dockerfile `link`, which is a link, is built from, absolute and without links; `None` if that is the link
/// itself.
pub(super) fn target_elsewhere(link: &Path) -> Option<PathBuf> {
    if stays_in_its_folder(link) { None } else { link.canonicalize().ok() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::target_elsewhere;

    #[test]
    fn only_a_link_that_leaves_its_folder_on_the_way_is_built_from_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("a/sub")).unwrap();
        for file in ["file", "a/file", "a/sub/file"] {
            fs::write(top.join(file), "").unwrap();
        }
        symlink(top.join("a/file"), top.join("a/absolute")).unwrap();
        for (link, to) in [
            ("near", "./file"),
            ("below", "sub/file"),
            ("turn", "sub/../file"),
            ("folder", "sub"),
            ("through", "folder/file"),
            ("out", "../file"),
            ("back", "../a/file"),
            ("second", "out"),
            ("climb", "sub/../../file"),
            ("loop", "loop"),
        ] {
            symlink(to, top.join("a").join(link)).unwrap();
        }
        let target = |link: &str| {
            let target = target_elsewhere(&top.join("a").join(link))?;
            Some(target.strip_prefix(&top).unwrap().to_str().unwrap().to_owned())
        };
        for link in ["near", "below", "turn", "through", "loop"] {
            assert_eq!(target(link), None, "{link}");
        }
        for (link, to) in
            [("out", "file"), ("back", "a/file"), ("second", "file"), ("climb", "file"), ("absolute", "a/file")]
        {
            assert_eq!(target(link).as_deref(), Some(to), "{link}");
        }
    }
}
