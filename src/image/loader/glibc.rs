//! Where glibc's loader looks for a library.
//!
//! Sources: ld.so(8), and `elf/dl-load.c` of glibc (`_dl_map_object`). In order: `DT_RPATH` of the object that needs the
//! library, of the one that needed that, up to the program, unless the object has a `DT_RUNPATH`; `LD_LIBRARY_PATH`;
//! `DT_RUNPATH` of the object itself; the cache `/etc/ld.so.cache`; the folders that were built into the loader.
//! `/etc/ld.so.conf` is not among them: only `ldconfig` reads it, to write the cache.

use super::cache::Cache;
use super::place::{Candidate, expand, join_name, origin, split};
use super::{Load, Object};
use crate::image::elf::{Machine, Summary};

/// Subfolders with builds for better processors, which may hold the only copy of a library; since glibc 2.33, and
/// those of before (removed in 2.37). A processor that has none of them is too old to be asked about.
const BETTER: [&str; 8] = [
    "glibc-hwcaps/x86-64-v2",
    "glibc-hwcaps/x86-64-v3",
    "glibc-hwcaps/power9",
    "glibc-hwcaps/z13",
    "tls",
    "x86_64",
    "tls/x86_64",
    "aarch64",
];

/// What the loader has built in or reads once.
pub(super) struct Rules {
    system: Vec<Vec<u8>>,
    cache: Cache,
}

impl Rules {
    pub(super) fn new(load: &Load<'_>) -> Self {
        let found = load.search.readable(b"/etc/ld.so.cache").ok();
        let cache = found.and_then(|found| found.entry.kept.text()).map(Cache::read).unwrap_or_default();
        Self { system: system_folders(load.loader.map(|(_, elf)| elf)), cache }
    }

    /// The paths to try for `name`, in order.
    pub(super) fn candidates(
        &self,
        load: &Load<'_>,
        objects: &[Object<'_>],
        parent: usize,
        name: &[u8],
    ) -> Vec<Candidate> {
        let Some(object) = objects.get(parent) else { return Vec::new() };
        if name.contains(&b'/') {
            return vec![Candidate::exactly(self.expand(name, object))];
        }
        let mut folders = Vec::new();
        if object.elf.runpath.is_none() {
            for (owner, rpath) in inherited(objects, parent) {
                folders.extend(split(rpath, b":").map(|folder| self.expand(folder, owner)));
            }
        }
        if let Some(path) = load.library_path.filter(|path| !path.is_empty()) {
            folders.extend(split(path.as_bytes(), b":;").map(|folder| self.expand(folder, object)));
        }
        if let Some(runpath) = &object.elf.runpath {
            folders.extend(split(runpath, b":").map(|folder| self.expand(folder, object)));
        }
        let mut list: Vec<_> = folders.iter().flat_map(|folder| within(folder, name)).collect();
        if !object.elf.no_default_folders {
            list.extend(self.cache.find(name).map(|path| Candidate::exactly(path.to_vec())));
            list.extend(self.system.iter().flat_map(|folder| within(folder, name)));
        }
        list
    }

    /// A folder or name with `$ORIGIN`, `$LIB` and `$PLATFORM` replaced.
    fn expand(&self, text: &[u8], object: &Object<'_>) -> Vec<u8> {
        let lib = self.system.first().and_then(|folder| folder.strip_prefix(b"/")).unwrap_or(b"lib");
        let platform = object.elf.machine.cpu().unwrap_or_default().as_bytes();
        expand(text, &[(b"ORIGIN", origin(&object.opened)), (b"LIB", lib), (b"PLATFORM", platform)])
    }
}

/// `name` in a folder, and in its subfolders for better processors.
fn within<'n>(folder: &'n [u8], name: &'n [u8]) -> impl Iterator<Item = Candidate> + use<'n> {
    let better = BETTER.iter().map(|better| join_name(&join_name(folder, better.as_bytes()), name));
    std::iter::once(Candidate::within(folder, name)).chain(better.map(Candidate::exactly))
}

/// The objects from this one up to the program that have a `DT_RPATH` in force, with it. `DT_RUNPATH` beside it puts it
/// out of force.
fn inherited<'o, 'a>(
    objects: &'o [Object<'a>],
    from: usize,
) -> impl Iterator<Item = (&'o Object<'a>, &'o Vec<u8>)> + use<'o, 'a> {
    let mut next = Some(from);
    let up = std::iter::from_fn(move || {
        let object = objects.get(next?)?;
        next = object.parent;
        Some(object)
    });
    up.filter(|object| object.elf.runpath.is_none()).filter_map(|object| Some((object, object.elf.rpath.as_ref()?)))
}

/// The folders that the loader was built to search. If it is not there to be asked, Debian's, because the official
/// images of compilers are built on Debian.
fn system_folders(loader: Option<&Summary>) -> Vec<Vec<u8>> {
    match loader {
        Some(loader) if !loader.system_folders.is_empty() => loader.system_folders.clone(),
        Some(loader) => debian_folders(loader.machine),
        None => debian_folders(Machine { number: 62, wide: true, big_endian: false }),
    }
}

fn debian_folders(machine: Machine) -> Vec<Vec<u8>> {
    let triplet = machine.triplet().into_iter().flat_map(|name| [format!("/lib/{name}"), format!("/usr/lib/{name}")]);
    triplet.map(String::into_bytes).chain([&b"/lib"[..], b"/usr/lib"].map(<[u8]>::to_vec)).collect()
}
