//! Where glibc's loader looks for a library.
//!
//! Sources: ld.so(8), and `elf/dl-load.c` of glibc (`_dl_map_object`). In order: `DT_RPATH` of the object that needs the
//! library, of the one that needed that, up to the program, unless the object has a `DT_RUNPATH`; `LD_LIBRARY_PATH`;
//! `DT_RUNPATH` of the object itself; the cache `/etc/ld.so.cache`; the folders that were built into the loader.
//! `/etc/ld.so.conf` is not among them: only `ldconfig` reads it, to write the cache.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::candidate::{Candidate, expand, join_name, origin, split};
use super::ld_so_cache::Cache;
use super::{LoadRequest, LoadedObject};
use crate::elf::{ElfInfo, Machine};
use crate::path::{absolute, components};

/// Subfolders with builds for better processors, which may hold the only copy of a library (glibc 2.33 and later,
/// `sysdeps/*/dl-hwcaps_subdirs.c`), by `e_machine`. Which of them count depends on the processor of the host, of which an
/// image says nothing.
const BETTER: [(u16, &[&str]); 3] = [
    (62, &["x86-64-v4", "x86-64-v3", "x86-64-v2"]),
    (21, &["power10", "power9"]),
    (22, &["z17", "z16", "z15", "z14", "z13"]),
];

/// The folder of those.
const HWCAPS: &[u8] = b"/glibc-hwcaps/";

/// What the loader has built in or reads once.
pub(super) struct GlibcSearch {
    system: Vec<Vec<u8>>,
    cache: Cache,
    /// Is there a cache, and what it says is not known?
    pub(super) is_unsure: bool,
}

impl GlibcSearch {
    pub(super) fn new(load: &LoadRequest<'_>) -> Self {
        let text = load.search.text(b"/etc/ld.so.cache");
        let system = system_folders(load.loader.map(|(_, elf)| elf));
        Self { system, cache: Cache::read(text.known()), is_unsure: text.is_unknown() }
    }

    /// The paths to try for `name`, in order. The folders to try are added to `spent`.
    pub(super) fn candidates<'c>(
        &'c self,
        load: &LoadRequest<'_>,
        objects: &[LoadedObject<'_>],
        parent: usize,
        name: &'c [u8],
        spent: &Cell<usize>,
    ) -> Box<dyn Iterator<Item = Candidate> + 'c> {
        let Some(object) = objects.get(parent) else { return Box::new(std::iter::empty()) };
        if name.contains(&b'/') {
            return Box::new(self.expand(name, object, load).map(Candidate::exactly).into_iter());
        }
        let mut folders = Vec::new();
        if object.elf.runpath.is_none() {
            for (owner, rpath) in inherited(objects, parent) {
                folders.extend(self.folders(rpath, b":", load, owner));
            }
        }
        let environment = load.environment.library_path.as_deref().unwrap_or_default().as_bytes();
        folders.extend(self.folders(environment, b":;", load, object));
        folders.extend(self.folders(object.elf.runpath.as_deref().unwrap_or_default(), b":", load, object));
        spent.set(spent.get().saturating_add(folders.len()));
        let machine = object.elf.machine;
        let own = folders.into_iter().flat_map(move |folder| within(folder, name, machine));
        if object.elf.no_default_folders {
            return Box::new(own);
        }
        let system = self.system.iter().cloned().flat_map(move |folder| within(folder, name, machine));
        Box::new(own.chain(self.cache.find(name).map(cached)).chain(system))
    }

    /// The folders of a search path; an empty one among them is the working folder; an empty path has no folders.
    fn folders(
        &self,
        path: &[u8],
        separators: &[u8],
        load: &LoadRequest<'_>,
        object: &LoadedObject<'_>,
    ) -> Vec<Vec<u8>> {
        let mut seen = BTreeSet::new();
        let all = split(path, separators).filter(|folder| !path.is_empty() && seen.insert(*folder));
        let here = || load.search.folder.to_vec();
        all.filter_map(|folder| if folder.is_empty() { Some(here()) } else { self.expand(folder, object, load) })
            .collect()
    }

    /// A folder or name with `$ORIGIN`, `$LIB` and `$PLATFORM` replaced; `None` if it is not used for a program with the
    /// rights of others.
    fn expand(&self, text: &[u8], object: &LoadedObject<'_>, load: &LoadRequest<'_>) -> Option<Vec<u8>> {
        let lib = self.system.first().and_then(|folder| folder.strip_prefix(b"/")).unwrap_or(b"lib");
        let platform = object.elf.machine.cpu().unwrap_or_default().as_bytes();
        let out = expand(text, &[(b"ORIGIN", origin(&object.opened)), (b"LIB", lib), (b"PLATFORM", platform)]);
        (!load.environment.secure || self.is_trusted(text, &out, object)).then_some(out)
    }

    /// Is a path with `$ORIGIN` used for a set-user-id or set-group-id program? It has to start with it, and for the program
    /// itself to lead to within one of the loader's own folders (`elf/dl-load.c`, `_dl_dst_substitute`).
    fn is_trusted(&self, text: &[u8], expanded: &[u8], object: &LoadedObject<'_>) -> bool {
        let has_origin = |text: &[u8]| expand(text, &[(b"ORIGIN", b"")]) != text;
        if !has_origin(text) {
            return true;
        }
        let rest = text.strip_prefix(b"$ORIGIN").or_else(|| text.strip_prefix(b"${ORIGIN}"));
        let starts = rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with(b"/")) && !has_origin(rest));
        let place = absolute(components(expanded).fold(Vec::new(), |mut folders: Vec<&[u8]>, name| {
            if name == b".." {
                folders.pop();
            } else {
                folders.push(name);
            }
            folders
        }));
        let within = |folder: &Vec<u8>| {
            place.strip_prefix(folder.as_slice()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        };
        starts && (object.parent.is_some() || self.system.iter().any(within))
    }
}

/// `name` in a folder, and in its subfolders for better processors.
fn within(folder: Vec<u8>, name: &[u8], machine: Machine) -> impl Iterator<Item = Candidate> {
    let better = BETTER.iter().filter(move |(number, _)| *number == machine.number).flat_map(|(_, names)| *names);
    let better = better.map(|better| [HWCAPS.get(1..).unwrap_or_default(), better.as_bytes()].concat());
    let first = Candidate::within(&folder, name);
    std::iter::once(first)
        .chain(better.map(move |better| Candidate::for_some(join_name(&join_name(&folder, &better), name))))
}

/// A path that the cache has.
fn cached(path: &[u8]) -> Candidate {
    if is_for_some(path) { Candidate::for_some(path.to_vec()) } else { Candidate::exactly(path.to_vec()) }
}

/// Is this library only for processors of some kind?
pub(super) fn is_for_some(path: &[u8]) -> bool {
    path.windows(HWCAPS.len()).any(|part| part == HWCAPS)
}

/// The objects from this one up to the program that have a `DT_RPATH` in force, with it. `DT_RUNPATH` beside it puts it
/// out of force.
fn inherited<'o, 'a>(
    objects: &'o [LoadedObject<'a>],
    from: usize,
) -> impl Iterator<Item = (&'o LoadedObject<'a>, &'o Vec<u8>)> + use<'o, 'a> {
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
fn system_folders(loader: Option<&ElfInfo>) -> Vec<Vec<u8>> {
    match loader {
        Some(loader) if !loader.system_folders.is_empty() => loader.system_folders.clone(),
        Some(loader) => debian_folders(loader.machine),
        None => debian_folders(Machine { number: 62, is_64_bit: true, big_endian: false }),
    }
}

fn debian_folders(machine: Machine) -> Vec<Vec<u8>> {
    let triplet = machine.triplet().into_iter().flat_map(|name| [format!("/lib/{name}"), format!("/usr/lib/{name}")]);
    triplet.map(String::into_bytes).chain([&b"/lib"[..], b"/usr/lib"].map(<[u8]>::to_vec)).collect()
}
