//! The libraries of a program: what its loader finds, what it misses, and which are too old.

use super::Diagnoser;
use super::facts::Program;
use crate::diagnose::fixes::{self, parent as folder_of};
use crate::dynamic_loader::{
    Cause, LoadRequest, LoadResult, LoadedObject, MissingLibrary, MissingVersion, ProbeResult, missing_versions, probe,
};
use crate::elf::ElfInfo;
use crate::finding::{Finding, FindingKind, Fix, Libc};
use crate::layer::FileKind;
use crate::path::join;
use crate::printable::printable_bytes;
use crate::rules::path_lookup::{LookupProblem, PathLookup};
use crate::trace::{Role, TraceStep};

impl Diagnoser<'_> {
    /// Follows the libraries of a program whose loader is there; of a loader that is unknown nothing is said.
    pub(super) fn libraries(
        &mut self,
        program: &Program<'_>,
        libc: Option<Libc>,
        loader: Option<(&[u8], &ElfInfo)>,
    ) -> Vec<TraceStep> {
        let Some(libc) = libc.filter(|_| !program.environment.is_beyond) else { return Vec::new() };
        let (steps, mut findings) = {
            let all = self.load(program, libc, loader);
            let known = all.missing.iter().filter(|lost| !self.may_be_mounted(lost));
            let lost = known.map(|lost| self.lost(program, &all, lost, libc));
            // musl does not compare.
            let old = missing_versions(&all)
                .into_iter()
                .filter(|_| libc == Libc::Glibc)
                .map(|missing_versions| too_old(program, &all, &missing_versions, libc));
            let mut findings: Vec<_> = lost.chain(old).collect();
            if findings.is_empty() {
                findings.extend(self.no_symbols(program, &all, libc));
            }
            (steps(&all, 0), findings)
        };
        together(&mut findings);
        for finding in findings {
            self.report(finding);
        }
        steps
    }

    /// What would come next if the loader were there: the links of the chain, and the libraries that are not there.
    pub(super) fn foreseen(&self, program: &Program<'_>, libc: Option<Libc>) -> (Vec<TraceStep>, Vec<Vec<u8>>) {
        let Some(libc) = libc else { return (Vec::new(), Vec::new()) };
        let loaded = self.load(program, libc, None);
        (steps(&loaded, 0), loaded.missing.iter().map(|lost| lost.name.clone()).collect())
    }

    fn load<'a>(
        &'a self,
        program: &'a Program<'_>,
        libc: Libc,
        loader: Option<(&'a [u8], &'a ElfInfo)>,
    ) -> LoadResult<'a> {
        let load = LoadRequest { search: self.search_of(program), environment: &program.environment, loader, libc };
        let (path, opened) = (program.path.to_vec(), program.opened.to_vec());
        load.run(LoadedObject { names: Vec::new(), opened, path, elf: program.elf, parent: None })
    }

    /// The files as the program may open them.
    fn search_of<'a>(&'a self, program: &'a Program<'_>) -> PathLookup<'a> {
        PathLookup { user_ids: &program.user_ids, ..self.search() }
    }

    /// Might it be in a folder that the engine mounts?
    fn may_be_mounted(&self, lost: &MissingLibrary) -> bool {
        let Cause::Absent { searched, .. } = &lost.why else { return false };
        let search = self.search();
        searched.iter().any(|folder| search.is_beyond(&join(folder, &lost.name))) || search.is_beyond(&lost.name)
    }

    fn lost(&self, program: &Program<'_>, loaded: &LoadResult<'_>, lost: &MissingLibrary, libc: Libc) -> Finding {
        let name = printable_bytes(&lost.name);
        let parent = loaded.objects.get(lost.parent).map_or(program.path, |object| &object.path);
        let needer = printable_bytes(parent);
        let needs = format!("needs {name} (DT_NEEDED)");
        match &lost.why {
            Cause::Absent { searched, passed } => {
                let there = self.elsewhere(program, (&lost.name, parent), searched, libc);
                let message = match (passed.first(), &there) {
                    (Some((path, why)), _) => {
                        format!("the library {name} of {needer} is not loaded: {}: {why}", printable_bytes(path))
                    }
                    (None, Some(there)) => {
                        let folder = printable_bytes(&there.folder);
                        format!(
                            "the library {name} of {needer} is in {folder}, which is not in the loader's search path"
                        )
                    }
                    (None, None) => format!("the library {name} of {needer} is not in the image"),
                };
                let finding = Finding::new(FindingKind::LibraryMissing, message).missing(lost.name.clone());
                let finding = self.absent(program, finding.evidence(parent, needs), searched, passed, libc);
                let finding = there.iter().fold(finding, |finding, there| self.out_of_reach(program, finding, there));
                finding.fix(self.for_absent(program, loaded, lost, passed, there.as_ref(), libc))
            }
            Cause::Unusable(path, why) => {
                let message = format!(
                    "the library {name} of {needer} cannot be loaded: {} is there, but {why}",
                    printable_bytes(path)
                );
                let finding = Finding::new(FindingKind::LibraryUnusable, message).missing(lost.name.clone());
                let finding = finding.evidence(parent, needs).evidence(path, format!("is found first: {why}"));
                let mut fixes = fixes::for_library(self.image, program, &lost.name, loaded, (libc, Some(path)));
                // No file can be copied to where a folder is.
                let is_folder = self.image.files.lookup(path).is_ok_and(|found| found.entry.kind == FileKind::Folder);
                fixes.retain(|fix| !is_folder || matches!(fix, Fix::LinkStatically { .. }));
                finding.fix(fixes)
            }
        }
    }

    /// Where the loader looked, and what it passed over.
    fn absent(
        &self,
        program: &Program<'_>,
        mut finding: Finding,
        searched: &[Vec<u8>],
        passed: &[(Vec<u8>, String)],
        libc: Libc,
    ) -> Finding {
        let folders: Vec<_> = searched.iter().map(|folder| printable_bytes(folder)).collect();
        if !folders.is_empty() {
            let says = format!("is loaded by {}, which looks in {}", libc.name(), folders.join(":"));
            finding = finding.evidence(program.path, says);
        }
        if program.environment.secure && self.variable("LD_LIBRARY_PATH").is_some_and(|path| !path.is_empty()) {
            let says = "is set-user-id or set-group-id, so the loader ignores LD_LIBRARY_PATH";
            finding = finding.evidence(program.path, says);
        }
        if program.environment.secure && paths_of(program.elf).any(|path| path.contains(&b'$')) {
            let says = "is set-user-id or set-group-id, so the loader accepts $ORIGIN only in system folders";
            finding = finding.evidence(program.path, says);
        }
        passed.iter().fold(finding, |finding, (path, why)| finding.evidence(path, format!("is skipped: {why}")))
    }

    /// Evidence for a library that is out of the loader's reach.
    fn out_of_reach(&self, program: &Program<'_>, finding: Finding, there: &Elsewhere) -> Finding {
        let finding = finding.evidence(&there.path, "is there, outside the loader's search path");
        if !there.is_configured || program.environment.secure && there.is_in_variable {
            return finding;
        }
        let cache = b"/etc/ld.so.cache";
        let has = if self.image.files.lookup(cache).is_ok() { "does not name it" } else { "is not in the image" };
        let says = format!("{has}; only ldconfig, which writes it, reads /etc/ld.so.conf");
        finding.evidence(&cache[..], says)
    }

    fn for_absent(
        &self,
        program: &Program<'_>,
        loaded: &LoadResult<'_>,
        lost: &MissingLibrary,
        passed: &[(Vec<u8>, String)],
        there: Option<&Elsewhere>,
        libc: Libc,
    ) -> Vec<Fix> {
        let closed = passed.iter().find_map(|(path, _)| match self.search_of(program).readable(path) {
            Err(LookupProblem::Forbidden(path, _) | LookupProblem::NoSearchPermission(path, _)) => {
                Some(Fix::MakeReadable(self.place(&path)))
            }
            _ => None,
        });
        if let Some(fix) = closed {
            let root = (program.user_ids == self.user_ids).then_some(Fix::RootUser);
            return std::iter::once(fix).chain(root).collect();
        }
        let by_default = loaded.objects.get(lost.parent).is_none_or(|object| !object.elf.no_default_folders);
        let mut reach = there.map_or_else(Vec::new, |there| self.within_reach(program, there, libc, by_default));
        if reach.is_empty() {
            return fixes::for_library(self.image, program, &lost.name, loaded, (libc, None));
        }
        reach.push(fixes::static_link(program, libc));
        reach
    }

    /// What brings a library that is there within the loader's reach; `by_default` says that the cache counts.
    fn within_reach(&self, program: &Program<'_>, there: &Elsewhere, libc: Libc, by_default: bool) -> Vec<Fix> {
        let environment = &program.environment;
        let plain = (environment.secure && there.is_in_variable).then(|| Fix::PlainMode(self.place(program.path)));
        let runs = |path: &str| self.search().file(path.as_bytes()).is_ok();
        let has_ldconfig = runs("/bin/sh") && (runs("/sbin/ldconfig") || runs("/usr/sbin/ldconfig"));
        let folder = (!there.is_configured).then(|| there.folder.clone()).into_iter().collect();
        let cache = (libc == Libc::Glibc && has_ldconfig && by_default).then_some(Fix::Ldconfig(folder));
        // An option of the loader would take its place.
        let own = self.variable("LD_LIBRARY_PATH");
        let counts = !environment.secure && environment.library_path.as_deref() == own;
        let before = own.filter(|path| !path.is_empty()).map(str::to_owned);
        let path = counts.then(|| Fix::LibraryPath(vec![there.folder.clone()], before));
        plain.into_iter().chain(cache).chain(path).collect()
    }

    /// The library where the loader would find it if it looked: in a folder of `LD_LIBRARY_PATH` that it ignores, in one
    /// that `ld.so.conf` names, beside the object that needs it, or in a folder that is usual elsewhere.
    fn elsewhere(
        &self,
        program: &Program<'_>,
        (name, needer): (&[u8], &[u8]),
        searched: &[Vec<u8>],
        libc: Libc,
    ) -> Option<Elsewhere> {
        let variable = self.variable("LD_LIBRARY_PATH").filter(|_| program.environment.secure).unwrap_or_default();
        let variable: Vec<_> = variable.split(':').filter(|folder| folder.starts_with('/')).map(Vec::from).collect();
        let configured = if libc == Libc::Glibc { self.configured_folders() } else { Vec::new() };
        let usual = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"].map(Vec::from);
        let beside = [folder_of(needer)];
        let folders =
            variable.iter().chain(&configured).chain(&beside).chain(&usual).filter(|folder| !searched.contains(folder));
        let is_library = |path: &[u8]| {
            matches!(probe(&self.search_of(program), path, Some(program.elf.machine), libc), ProbeResult::Library(..))
        };
        let mut places = folders.map(|folder| (folder, join(folder, name))).filter(|_| !name.contains(&b'/'));
        let (folder, path) = places.find(|(_, path)| is_library(path))?;
        let (is_configured, is_in_variable) = (configured.contains(folder), variable.contains(folder));
        Some(Elsewhere { path, folder: folder.clone(), is_configured, is_in_variable })
    }

    /// The folders in `/etc/ld.so.conf` and in the files of `/etc/ld.so.conf.d`: what `ldconfig` would look at.
    fn configured_folders(&self) -> Vec<Vec<u8>> {
        let tree = &self.image.files;
        let mut files = vec![b"/etc/ld.so.conf".to_vec()];
        let names = tree.list(b"/etc/ld.so.conf.d").unwrap_or_default();
        files.extend(names.into_iter().map(|name| [&b"/etc/ld.so.conf.d/"[..], &name].concat()));
        let texts = files.iter().filter_map(|file| tree.lookup(file).ok()?.entry.content.text());
        let lines = texts.flat_map(|text| text.split(|byte| *byte == b'\n')).map(<[u8]>::trim_ascii);
        lines.filter(|line| line.starts_with(b"/")).take(MOST).map(<[u8]>::to_vec).collect()
    }
}

/// The most folders of `ld.so.conf` that are looked into, which has some ten.
const MOST: usize = 256;

/// A library that is there, where its loader does not look.
struct Elsewhere {
    path: Vec<u8>,
    folder: Vec<u8>,
    /// Does `ldconfig` look there by default?
    is_configured: bool,
    /// Is the folder in `LD_LIBRARY_PATH`, which does not count?
    is_in_variable: bool,
}

/// Makes one line of each kind of those that would take each other's place, since each is to be for all libraries.
fn together(findings: &mut [Finding]) {
    let (mut cache, mut path) = (Vec::new(), Vec::new());
    for fix in findings.iter().flat_map(|finding| &finding.fixes) {
        let (all, own): (&mut Vec<Vec<u8>>, _) = match fix {
            Fix::Ldconfig(own) => (&mut cache, own),
            Fix::LibraryPath(own, _) => (&mut path, own),
            _ => continue,
        };
        for folder in own {
            if !all.contains(folder) {
                all.push(folder.clone());
            }
        }
    }
    for fix in findings.iter_mut().flat_map(|finding| &mut finding.fixes) {
        match fix {
            Fix::Ldconfig(own) => own.clone_from(&cache),
            Fix::LibraryPath(own, _) => own.clone_from(&path),
            _ => {}
        }
    }
}

/// The search paths that a program has itself.
fn paths_of(elf: &ElfInfo) -> impl Iterator<Item = &Vec<u8>> {
    elf.rpath.iter().chain(&elf.runpath)
}

fn too_old(program: &Program<'_>, loaded: &LoadResult<'_>, missing_versions: &MissingVersion, libc: Libc) -> Finding {
    let library = loaded.objects.get(missing_versions.library);
    let path = library.map_or(&b""[..], |library| &library.path);
    let newest = missing_versions.versions.last().cloned().unwrap_or_default();
    let needers: Vec<_> = missing_versions.needed_by.iter().filter_map(|at| loaded.objects.get(*at)).collect();
    let needer = needers.first().map_or(program.path, |object| &object.path);
    let message = format!(
        "{} needs {}, which {} of the image does not provide",
        printable_bytes(needer),
        printable_bytes(&newest),
        printable_bytes(path)
    );
    let list =
        |versions: &[Vec<u8>]| versions.iter().map(|version| printable_bytes(version)).collect::<Vec<_>>().join(", ");
    let mut finding = Finding::new(FindingKind::VersionMissing, message).missing(newest.clone());
    for object in needers {
        let asks = object.elf.requires.iter().flat_map(|required| &required.versions);
        let asks: Vec<_> = asks.filter(|version| missing_versions.versions.contains(version)).cloned().collect();
        finding = finding.evidence(&object.path, format!("needs {}", list(&asks)));
    }
    let has = missing_versions.newest.as_ref().map_or("provides no version of that kind".to_owned(), |newest| {
        format!("provides no newer than {}", printable_bytes(newest))
    });
    finding.evidence(path, has).fix([fixes::static_link(program, libc), Fix::BaseProviding(newest)])
}

/// The links of the chain below an object.
fn steps(loaded: &LoadResult<'_>, parent: usize) -> Vec<TraceStep> {
    let Some(object) = loaded.objects.get(parent) else { return Vec::new() };
    let child = |name: &Vec<u8>| {
        let mine =
            |(_, object): &(usize, &LoadedObject<'_>)| object.parent == Some(parent) && object.names.contains(name);
        if let Some((at, library)) = loaded.objects.iter().enumerate().find(mine) {
            let mut step = TraceStep::new(Role::Library, name.clone()).there(library.path.clone());
            step.needs = steps(loaded, at);
            if library.is_for_some_processors() {
                step = step.note("for processors of this kind only");
            }
            return Some(step);
        }
        let lost = loaded.missing.iter().find(|lost| lost.parent == parent && lost.name == *name)?;
        let step = TraceStep::new(Role::Library, name.clone());
        Some(match &lost.why {
            Cause::Absent { .. } => step.missing(),
            Cause::Unusable(_, why) => step.unusable(why.clone()),
        })
    };
    object.elf.needed.iter().filter_map(child).collect()
}
