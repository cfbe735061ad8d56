//! The files of a commit, as `git ls-tree -r -z` lists them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// A file, link or submodule of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its path from the top. Each part is a plain name, none is `.git`.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Whether it is a file that may be executed.
    pub is_executable: bool,
    /// The name of its contents, in hexadecimal digits.
    pub object: String,
}

/// What an entry of a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link; its contents are where it leads.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// Reads a list of entries, `MODE TYPE OBJECT`, a tab, the path and a NUL each. What is no entry, or has a path that could
/// lead out of the tree, is left out.
pub(super) fn parse(out: &[u8]) -> Vec<TreeEntry> {
    out.split(|byte| *byte == 0).filter_map(entry).collect()
}

fn entry(line: &[u8]) -> Option<TreeEntry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = (line.get(..tab)?, line.get(tab + 1..)?);
    let head = std::str::from_utf8(head).ok()?;
    let (mode, object) = match head.split(' ').collect::<Vec<_>>().as_slice() {
        [mode, _, object] => (*mode, *object),
        _ => return None,
    };
    let kind = match mode {
        "120000" => EntryKind::Link,
        "160000" => EntryKind::Submodule,
        mode if mode.starts_with("100") => EntryKind::File,
        _ => return None,
    };
    let is_name = |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(b".git");
    let is_safe = path.split(|byte| *byte == b'/').all(is_name) && object.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_safe.then(|| TreeEntry {
        path: PathBuf::from(OsStr::from_bytes(path)),
        kind,
        is_executable: mode == "100755",
        object: object.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{EntryKind, parse};
    use proptest::prelude::*;

    #[test]
    fn entries_are_read_whatever_their_names_hold() {
        let list = b"100644 blob aa11\ta\nb\x00120000 blob bb22\t\xffc \"d\"\t\x00160000 commit cc33\tsub/module\0";
        let entries = parse(list);
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [EntryKind::File, EntryKind::Link, EntryKind::Submodule]);
        assert_eq!(entries[0].path.to_str(), Some("a\nb"));
        assert_eq!(entries[1].path.as_os_str().as_encoded_bytes(), b"\xffc \"d\"\t");
        assert_eq!(entries[2].object, "cc33");
    }

    #[test]
    fn a_path_that_leads_out_of_the_tree_or_into_git_is_left_out() {
        for path in ["../x", "a/../../x", "/etc/x", "a//b", "./x", ".git/hooks/x", "a/.GIT/x", ".."] {
            assert!(parse(format!("100644 blob aa\t{path}\0").as_bytes()).is_empty(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_each_path_is_plain_names(bytes: Vec<u8>) {
            for entry in parse(&bytes) {
                let names = entry.path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
                prop_assert!(names);
            }
        }
    }
}
