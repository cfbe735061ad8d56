//! What a dynamic loader would do with a program: find each library, and the libraries of those, or stop.
//!
//! The order of the search is the loader's own, glibc's in [`glibc`] and musl's in [`musl`]. Libraries are taken breadth
//! first, each once. Symbols are not looked at, nor what a program opens later by itself (`dlopen`).

mod candidate;
mod command_line;
mod environment;
mod glibc;
mod ld_so_cache;
mod musl;
mod versions;

pub(crate) use candidate::{ProbeResult, probe};
pub(crate) use command_line::loader_arguments;
pub(crate) use environment::LoaderEnvironment;
pub(crate) use versions::{MissingVersion, missing_versions};

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::elf::{ElfInfo, is_glibc_loader};
use crate::finding::Libc;
use crate::rules::path_lookup::PathLookup;
use crate::tree::FoundFile;

/// The most libraries that are followed. Large desktop programs have some three hundred.
const MOST: usize = 4096;

/// The most places that are looked at for the libraries of one program, folders of search paths included. A large program
/// with three hundred libraries in folders of its own needs some ten thousand; an image that wants more wants to keep us
/// busy. What is not looked for then is not missed.
const MOST_PLACES: usize = 500_000;

/// A program and the circumstances it is loaded in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadRequest<'a> {
    /// The files, and who reads them from which folder.
    pub search: PathLookup<'a>,
    /// What the environment and the command line give the loader.
    pub environment: &'a LoaderEnvironment,
    /// The loader, if it is there: how it is asked for, and what it is.
    pub loader: Option<(&'a [u8], &'a ElfInfo)>,
    /// Whose rules count.
    pub libc: Libc,
}

/// A program or library in memory.
#[derive(Clone, Debug)]
pub(crate) struct LoadedObject<'a> {
    /// The names it was needed by, its own included.
    pub names: Vec<Vec<u8>>,
    /// The path it was opened by, links included: what `$ORIGIN` is taken from.
    pub opened: Vec<u8>,
    /// Where it really is.
    pub path: Vec<u8>,
    /// What it asks for.
    pub elf: &'a ElfInfo,
    /// Which object needed it first, by place in the list; `None` for the program and the loader.
    pub parent: Option<usize>,
}

/// A library that could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingLibrary {
    /// Its name.
    pub name: Vec<u8>,
    /// Which object needs it, by place in the list.
    pub parent: usize,
    /// Why.
    pub why: Cause,
}

/// Why a library could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It is in none of these folders; passed over were these files, for these reasons.
    Absent {
        /// The folders, in the order of the search, each once.
        searched: Vec<Vec<u8>>,
        /// Files of that name that would not do, and why.
        passed: Vec<(Vec<u8>, String)>,
    },
    /// This file was found first and is no library, for this reason.
    Unusable(Vec<u8>, String),
}

/// What was loaded and what was not.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoadResult<'a> {
    /// The program, the loader if it is there, and then the libraries as they were found.
    pub objects: Vec<LoadedObject<'a>>,
    /// What is missing, in the order in which it is missed.
    pub missing: Vec<MissingLibrary>,
    /// Would the loader, for all that is known, do otherwise, because what a file says that it reads is not known, or
    /// the user it runs as? Then nothing is reported as missing or too old.
    pub is_unsure: bool,
}

/// Does musl's loader take this name for itself?
pub(crate) fn is_musl_itself(name: &[u8]) -> bool {
    musl::is_itself(name)
}

/// Which libc a loader belongs to, by what it is and else by its path.
///
/// A file where glibc's loader should be that does not call itself one is something else, such as Alpine's gcompat,
/// which starts the program by musl: of what it would do nothing is known.
pub(crate) fn libc_of(path: &[u8], elf: Option<&ElfInfo>) -> Option<Libc> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let own = elf.and_then(|elf| elf.soname.as_deref()).unwrap_or_default();
    if own == b"libc.so" || own.starts_with(b"libc.musl-") || own.starts_with(b"ld-musl-") {
        Some(Libc::Musl)
    } else if is_glibc_loader(own) {
        Some(Libc::Glibc)
    } else if name.starts_with(b"ld-musl-") {
        Some(Libc::Musl)
    } else {
        (elf.is_none() && is_glibc_loader(name)).then_some(Libc::Glibc)
    }
}

impl LoadedObject<'_> {
    /// Was it found only where the loader looks on processors of some kind, in a subfolder of `glibc-hwcaps`?
    pub(crate) fn is_for_some_processors(&self) -> bool {
        glibc::is_for_some(&self.opened)
    }
}

impl<'a> LoadRequest<'a> {
    /// Loads a program with all its libraries.
    pub(crate) fn run(&self, program: LoadedObject<'a>) -> LoadResult<'a> {
        let mut loaded = LoadResult { objects: vec![program], ..LoadResult::default() };
        if let Some((path, elf)) = self.loader {
            let names = [Some(path.to_vec()), elf.soname.clone()].into_iter().flatten().collect();
            loaded.objects.push(LoadedObject { names, opened: path.to_vec(), path: path.to_vec(), elf, parent: None });
        }
        let rules = LoaderSearch::new(self);
        let (preloads, has_more) = self.environment.preloads(&self.search, self.libc);
        loaded.is_unsure =
            has_more || rules.is_unsure() || (!self.search.user_ids.is_known && self.environment.depends());
        for name in preloads {
            // What cannot be loaded in advance is passed over.
            if !self.is_loaded(&mut loaded, &name)
                && let Ok(library) = self.find(&loaded.objects, &rules, 0, &name)
            {
                add(&mut loaded, name, 0, library);
            }
        }
        let mut at = 0;
        while let Some(object) = loaded.objects.get(at) {
            // The loader is complete by itself.
            let is_loader = at == 1 && self.loader.is_some();
            let needed = if is_loader { &[] } else { object.elf.needed.as_slice() };
            for name in needed {
                self.need(&mut loaded, &rules, at, name);
            }
            at += 1;
        }
        if loaded.is_unsure {
            loaded.missing.clear();
        }
        loaded
    }

    fn need(&self, loaded: &mut LoadResult<'a>, rules: &LoaderSearch, parent: usize, name: &Vec<u8>) {
        if self.is_loaded(loaded, name)
            || loaded.missing.iter().any(|missing| missing.name == *name)
            || (self.libc == Libc::Musl && musl::is_itself(name))
            || loaded.objects.len() > MOST
            || rules.spent.get() > MOST_PLACES
        {
            return;
        }
        match self.find(&loaded.objects, rules, parent, name) {
            Ok(library) => add(loaded, name.clone(), parent, library),
            Err(None) => {}
            Err(Some(why)) => loaded.missing.push(MissingLibrary { name: name.clone(), parent, why }),
        }
    }

    /// Is a library loaded by this name? glibc goes by the name that a library has itself, too, and musl only by those
    /// that it was needed by.
    fn is_loaded(&self, loaded: &mut LoadResult<'a>, name: &Vec<u8>) -> bool {
        let own = |object: &LoadedObject<'_>| self.libc == Libc::Glibc && object.elf.soname.as_ref() == Some(name);
        let known = |object: &&mut LoadedObject<'_>| object.names.contains(name) || own(object);
        let Some(object) = loaded.objects.iter_mut().skip(1).find(known) else { return false };
        if !object.names.contains(name) {
            object.names.push(name.clone());
        }
        true
    }

    /// The library, or why it is not loaded; without a reason if there were too many places to look at.
    fn find(
        &self,
        objects: &[LoadedObject<'a>],
        rules: &LoaderSearch,
        parent: usize,
        name: &[u8],
    ) -> Result<Library<'a>, Option<Cause>> {
        let machine = objects.first().map(|program| program.elf.machine);
        let paths = match &rules.of {
            LibcSearch::Glibc(of) => of.candidates(self, objects, parent, name, &rules.spent),
            LibcSearch::Musl(of) => Box::new(of.candidates(self, objects, parent, name).into_iter()),
        };
        let (mut searched, mut passed, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for candidate in paths {
            rules.spent.set(rules.spent.get().saturating_add(1));
            if rules.spent.get() > MOST_PLACES {
                return Err(None);
            }
            match probe(&self.search, &candidate.path, machine, self.libc) {
                ProbeResult::Library(found, elf) => return Ok((candidate.path, found, elf)),
                ProbeResult::Unknown => return Err(None),
                ProbeResult::Absent => {}
                ProbeResult::PassedOver(why) => passed.push((candidate.path, why)),
                ProbeResult::Fatal(why) if candidate.for_some => passed.push((candidate.path, why)),
                ProbeResult::Fatal(why) => return Err(Some(Cause::Unusable(candidate.path, why))),
            }
            if let Some(folder) = candidate.folder.filter(|folder| seen.insert(folder.clone())) {
                searched.push(folder);
            }
        }
        Err(Some(Cause::Absent { searched, passed }))
    }
}

/// A library that was found: the path it was opened by, the file, and what it asks for.
type Library<'a> = (Vec<u8>, FoundFile<'a>, &'a ElfInfo);

/// Takes in a library that was needed by this name, or its name alone if it is there under another.
fn add<'a>(loaded: &mut LoadResult<'a>, name: Vec<u8>, parent: usize, (opened, found, elf): Library<'a>) {
    if let Some(same) = loaded.objects.iter_mut().find(|object| object.path == found.path) {
        same.names.push(name);
    } else {
        loaded.objects.push(LoadedObject { names: vec![name], opened, path: found.path, elf, parent: Some(parent) });
    }
}

/// What a loader reads once, and how many places have been looked at by it.
struct LoaderSearch {
    of: LibcSearch,
    spent: Cell<usize>,
}

enum LibcSearch {
    Glibc(glibc::GlibcSearch),
    Musl(musl::MuslSearch),
}

impl LoaderSearch {
    fn new(load: &LoadRequest<'_>) -> Self {
        let of = match load.libc {
            Libc::Glibc => LibcSearch::Glibc(glibc::GlibcSearch::new(load)),
            Libc::Musl => LibcSearch::Musl(musl::MuslSearch::new(load)),
        };
        Self { of, spent: Cell::new(0) }
    }

    /// Is what a file says that the loader reads not known?
    fn is_unsure(&self) -> bool {
        match &self.of {
            LibcSearch::Glibc(rules) => rules.is_unsure,
            LibcSearch::Musl(rules) => rules.is_unsure,
        }
    }
}

#[cfg(test)]
pub(crate) use ld_so_cache::tests::cache as cache_sample;
