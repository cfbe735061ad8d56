//! Paths inside an image: bytes, `/` between components, never a path of this machine.
//!
//! Nothing here looks at a tree, so nothing here knows of links.

/// The components of a path, without empty ones and `.`; `..` is kept, because what it means depends on links.
pub(crate) fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// An absolute path of these components.
pub(crate) fn absolute<'a>(components: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut path = Vec::new();
    for component in components {
        path.push(b'/');
        path.extend_from_slice(component);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path
}

/// `path` as seen from `folder`: itself when absolute, else below `folder`.
pub(crate) fn join(folder: &[u8], path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        return path.to_vec();
    }
    let mut joined = folder.to_vec();
    joined.push(b'/');
    joined.extend_from_slice(path);
    joined
}

/// Is this one of the folders that are the engine's own in each container, or in one?
pub(crate) fn is_mounted(path: &[u8]) -> bool {
    matches!(components(path).next(), Some(b"proc" | b"sys" | b"dev"))
}

#[cfg(test)]
mod tests {
    use super::{absolute, components, is_mounted, join};

    #[test]
    fn the_engine_mounts_folders_and_not_what_is_named_like_one() {
        assert!([b"/dev".as_slice(), b"/proc/self", b"//sys/"].iter().all(|path| is_mounted(path)));
        assert!(![b"/".as_slice(), b"/devices", b"/lib/dev", b"/process/1"].iter().any(|path| is_mounted(path)));
    }

    #[test]
    fn empty_components_and_single_dots_do_not_count() {
        assert_eq!(components(b"//a/./b//../c/").collect::<Vec<_>>(), [b"a" as &[u8], b"b", b"..", b"c"]);
        assert_eq!(absolute(components(b"./a//b")), b"/a/b");
        assert_eq!(absolute(components(b"./")), b"/");
    }

    #[test]
    fn an_absolute_path_is_not_below_the_folder() {
        assert_eq!(join(b"/go", b"/hello"), b"/hello");
        assert_eq!(join(b"/go", b"./hello"), b"/go/./hello");
    }
}
