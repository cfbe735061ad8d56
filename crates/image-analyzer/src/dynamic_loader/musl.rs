//! Where musl's loader looks for a library.
//!
//! Source: `ldso/dynlink.c` of musl (`load_library`, `fixup_rpath`). In order: `LD_LIBRARY_PATH`; the search path of the
//! object that needs the library, of the one that needed that, up to the program, `DT_RUNPATH` and `DT_RPATH` alike, the
//! former if both are there; the folders in `/etc/ld-musl-ARCH.path`, or `/lib:/usr/local/lib:/usr/lib` if there is no
//! such file. Empty folders are passed over (`path_open`). The loader is libc itself: all names that libc goes by mean it.

use super::candidate::{Candidate, expand, origin, split};
use super::{LoadRequest, LoadedObject};
use crate::path::join;
use crate::rules::config_file::ConfigText;

/// The parts of libc that other systems have in libraries of their own.
const ITSELF: [&[u8]; 7] = [b"c", b"pthread", b"rt", b"m", b"dl", b"util", b"xnet"];

/// Does this name mean libc itself: `libc.so`, `libc.musl-x86_64.so.1`, `libpthread.so.0`?
pub(super) fn is_itself(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"lib") else { return false };
    let dot = rest.iter().position(|byte| *byte == b'.');
    dot.is_some_and(|dot| ITSELF.iter().any(|own| Some(*own) == rest.get(..dot)))
}

/// What the loader reads once.
pub(super) struct MuslSearch {
    system: Vec<Vec<u8>>,
    /// Is there a file of folders, and what it says is not known?
    pub(super) is_unsure: bool,
}

impl MuslSearch {
    pub(super) fn new(load: &LoadRequest<'_>) -> Self {
        let text = load.loader.map_or(ConfigText::Absent, |(path, _)| folders_of(load, path));
        let text_or = if text == ConfigText::Absent { b"/lib:/usr/local/lib:/usr/lib" } else { text.known() };
        let folders = split(text_or, b":\n").filter(|folder| !folder.is_empty());
        Self { system: folders.map(<[u8]>::to_vec).collect(), is_unsure: text.is_unknown() }
    }

    /// The paths to try for `name`, in order.
    pub(super) fn candidates(
        &self,
        load: &LoadRequest<'_>,
        objects: &[LoadedObject<'_>],
        parent: usize,
        name: &[u8],
    ) -> Vec<Candidate> {
        if name.contains(&b'/') {
            return vec![Candidate::exactly(name.to_vec())];
        }
        let mut folders: Vec<Vec<u8>> = Vec::new();
        let environment = load.environment.library_path.as_deref().unwrap_or_default().as_bytes();
        folders.extend(split(environment, b":\n").map(<[u8]>::to_vec));
        let mut next = Some(parent);
        while let Some(object) = next.and_then(|at| objects.get(at)) {
            folders.extend(search_path(object, load.environment.secure));
            next = object.parent;
        }
        folders.extend(self.system.iter().cloned());
        folders.iter().filter(|folder| !folder.is_empty()).map(|folder| Candidate::within(folder, name)).collect()
    }
}

/// The folders of an object's own search path. One `$` that is not `$ORIGIN` puts all of it out of force, and so does any in
/// that of a set-user-id or set-group-id program.
fn search_path(object: &LoadedObject<'_>, is_secure: bool) -> Vec<Vec<u8>> {
    let path = object.elf.runpath.as_ref().or(object.elf.rpath.as_ref());
    let Some(path) = path else { return Vec::new() };
    let expanded = expand(path, &[(b"ORIGIN", origin(&object.opened))]);
    if expanded.contains(&b'$') || is_secure && object.parent.is_none() && path.contains(&b'$') {
        return Vec::new();
    }
    split(&expanded, b":\n").map(<[u8]>::to_vec).collect()
}

/// What the file says that the loader at this path reads. Its name is built into the loader: under a name of its own the
/// loader reads one that is not known.
fn folders_of<'a>(load: &LoadRequest<'a>, loader: &[u8]) -> ConfigText<'a> {
    match path_file(loader) {
        Some((folder, Some(name))) => load.search.text(&join(&folder, &name)),
        Some((folder, None)) => {
            let names = load.search.tree.list(&folder).unwrap_or_default();
            if names.iter().any(|name| name.starts_with(LOADER)) { ConfigText::Unknown } else { ConfigText::Absent }
        }
        None => ConfigText::Absent,
    }
}

/// How loaders, and the files that they read, are named.
const LOADER: &[u8] = b"ld-musl-";

/// `/lib/ld-musl-x86_64.so.1` reads `ld-musl-x86_64.path` in `/etc`: the part before `/lib/` may be a prefix.
fn path_file(loader: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let slash = loader.iter().rposition(|byte| *byte == b'/')?;
    let (folder, name) = loader.split_at(slash);
    let name = name.get(1..)?.strip_suffix(b".so.1").filter(|name| name.starts_with(LOADER));
    let prefix = folder.iter().rposition(|byte| *byte == b'/').and_then(|end| folder.get(..end))?;
    Some((join(prefix, b"etc"), name.map(|name| [name, b".path"].concat())))
}

#[cfg(test)]
mod tests {
    use super::{is_itself, path_file};

    #[test]
    fn the_names_of_libc_mean_the_loader() {
        for name in ["libc.so", "libc.so.6", "libc.musl-x86_64.so.1", "libpthread.so.0", "libm.so.6", "libdl.so.2"] {
            assert!(is_itself(name.as_bytes()), "{name}");
        }
        for name in ["libcrypto.so.3", "libz.so.1", "libmagic.so.1", "libc", "c.so"] {
            assert!(!is_itself(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn the_path_file_goes_by_the_loaders_name() {
        let file = |folder: &str, name: &str| Some((folder.as_bytes().to_vec(), Some(name.as_bytes().to_vec())));
        assert_eq!(path_file(b"/lib/ld-musl-x86_64.so.1"), file("/etc", "ld-musl-x86_64.path"));
        assert_eq!(path_file(b"/opt/m/lib/ld-musl-armhf.so.1"), file("/opt/m/etc", "ld-musl-armhf.path"));
        assert_eq!(path_file(b"/opt/m/lib/ld.so.1"), Some((b"/opt/m/etc".to_vec(), None)));
        assert_eq!(path_file(b"ld.so"), None);
    }
}
