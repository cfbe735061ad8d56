//! The libraries of a program: what its loader finds, what it misses, and which are too old.

use super::Inquiry;
use super::program::Program;
use crate::diagnose::fixes::{self, parent as folder_of};
use crate::dynamic_loader::{Lacking, Load, Loaded, Lost, Object, Probe, Why, lacking, probe};
use crate::elf::Summary;
use crate::finding::{Finding, Id, Libc, Remedy};
use crate::layer::Kind;
use crate::path::join;
use crate::printable::printable_bytes;
use crate::rules::path_lookup::{Search, Trouble};
use crate::trace::{Role, Step};

impl Inquiry<'_> {
    /// Follows the libraries of a program whose loader is there; of a loader that is unknown nothing is said.
    pub(super) fn libraries(
        &mut self,
        program: &Program<'_>,
        libc: Option<Libc>,
        loader: Option<(&[u8], &Summary)>,
    ) -> Vec<Step> {
        let Some(libc) = libc.filter(|_| !program.given.is_beyond) else { return Vec::new() };
        let (steps, mut findings) = {
            let all = self.load(program, libc, loader);
            let known = all.lost.iter().filter(|lost| !self.may_be_mounted(lost));
            let lost = known.map(|lost| self.lost(program, &all, lost, libc));
            // musl does not compare.
            let old = lacking(&all)
                .into_iter()
                .filter(|_| libc == Libc::Glibc)
                .map(|lacking| too_old(program, &all, &lacking, libc));
            (steps(&all, 0), lost.chain(old).collect::<Vec<_>>())
        };
        together(&mut findings);
        for finding in findings {
            self.report(finding);
        }
        steps
    }

    /// What would come next if the loader were there: the links of the chain, and the libraries that are not there.
    pub(super) fn foreseen(&self, program: &Program<'_>, libc: Option<Libc>) -> (Vec<Step>, Vec<Vec<u8>>) {
        let Some(libc) = libc else { return (Vec::new(), Vec::new()) };
        let loaded = self.load(program, libc, None);
        (steps(&loaded, 0), loaded.lost.iter().map(|lost| lost.name.clone()).collect())
    }

    fn load<'a>(&'a self, program: &'a Program<'_>, libc: Libc, loader: Option<(&'a [u8], &'a Summary)>) -> Loaded<'a> {
        let load = Load { search: self.search_of(program), given: &program.given, loader, libc };
        let (path, opened) = (program.path.to_vec(), program.opened.to_vec());
        load.run(Object { names: Vec::new(), opened, path, elf: program.elf, parent: None })
    }

    /// The files as the program may open them.
    fn search_of<'a>(&'a self, program: &'a Program<'_>) -> Search<'a> {
        Search { identity: &program.identity, ..self.search() }
    }

    /// Might it be in a folder that the engine mounts?
    fn may_be_mounted(&self, lost: &Lost) -> bool {
        let Why::Absent { searched, .. } = &lost.why else { return false };
        let search = self.search();
        searched.iter().any(|folder| search.is_beyond(&join(folder, &lost.name))) || search.is_beyond(&lost.name)
    }

    fn lost(&self, program: &Program<'_>, loaded: &Loaded<'_>, lost: &Lost, libc: Libc) -> Finding {
        let name = printable_bytes(&lost.name);
        let parent = loaded.objects.get(lost.parent).map_or(program.path, |object| &object.path);
        let needer = printable_bytes(parent);
        let needs = format!("needs {name} (DT_NEEDED)");
        match &lost.why {
            Why::Absent { searched, passed } => {
                let there = self.elsewhere(program, (&lost.name, parent), searched, libc);
                let message = match (passed.first(), &there) {
                    (Some((path, why)), _) => {
                        format!("the library {name} of {needer} is not loaded: {}: {why}", printable_bytes(path))
                    }
                    (None, Some(there)) => {
                        let folder = printable_bytes(&there.folder);
                        format!("the library {name} of {needer} is in {folder}, where the loader does not look")
                    }
                    (None, None) => format!("the library {name} of {needer} is not in the image"),
                };
                let finding = Finding::new(Id::LibraryMissing, message).missing(lost.name.clone());
                let finding = self.absent(program, finding.evidence(parent, needs), searched, passed, libc);
                let finding = there.iter().fold(finding, |finding, there| self.out_of_reach(program, finding, there));
                finding.remedy(self.for_absent(program, loaded, lost, passed, there.as_ref(), libc))
            }
            Why::Unusable(path, why) => {
                let message = format!(
                    "the library {name} of {needer} cannot be loaded: {} is there, but {why}",
                    printable_bytes(path)
                );
                let finding = Finding::new(Id::LibraryUnusable, message).missing(lost.name.clone());
                let finding = finding.evidence(parent, needs).evidence(path, format!("is found first: {why}"));
                let mut remedies = fixes::for_library(self.image, program, &lost.name, loaded, (libc, Some(path)));
                // No file can be copied to where a folder is.
                let is_folder = self.image.tree.lookup(path).is_ok_and(|found| found.entry.kind == Kind::Folder);
                remedies.retain(|remedy| !is_folder || matches!(remedy, Remedy::LinkStatically { .. }));
                finding.remedy(remedies)
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
        if program.given.secure && self.variable("LD_LIBRARY_PATH").is_some_and(|path| !path.is_empty()) {
            let says = "runs with the rights of others (set-user-id or set-group-id), \
                        so that the loader ignores LD_LIBRARY_PATH";
            finding = finding.evidence(program.path, says);
        }
        if program.given.secure && paths_of(program.elf).any(|path| path.contains(&b'$')) {
            let says = "runs with the rights of others, so that the loader takes $ORIGIN only in folders of the system";
            finding = finding.evidence(program.path, says);
        }
        passed.iter().fold(finding, |finding, (path, why)| finding.evidence(path, format!("is passed over: {why}")))
    }

    /// Evidence for a library that is out of the loader's reach.
    fn out_of_reach(&self, program: &Program<'_>, finding: Finding, there: &Elsewhere) -> Finding {
        let finding = finding.evidence(&there.path, "is there, where the loader does not look");
        if !there.is_configured || program.given.secure && there.is_in_variable {
            return finding;
        }
        let cache = b"/etc/ld.so.cache";
        let has = if self.image.tree.lookup(cache).is_ok() { "does not name it" } else { "is not in the image" };
        let says = format!("{has}, and only ldconfig, which writes it, reads /etc/ld.so.conf");
        finding.evidence(&cache[..], says)
    }

    fn for_absent(
        &self,
        program: &Program<'_>,
        loaded: &Loaded<'_>,
        lost: &Lost,
        passed: &[(Vec<u8>, String)],
        there: Option<&Elsewhere>,
        libc: Libc,
    ) -> Vec<Remedy> {
        let closed = passed.iter().find_map(|(path, _)| match self.search_of(program).readable(path) {
            Err(Trouble::Forbidden(path, _) | Trouble::Closed(path, _)) => {
                Some(Remedy::MakeReadable(self.place(&path)))
            }
            _ => None,
        });
        if let Some(mend) = closed {
            let root = (program.identity == self.identity).then_some(Remedy::RootUser);
            return std::iter::once(mend).chain(root).collect();
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
    fn within_reach(&self, program: &Program<'_>, there: &Elsewhere, libc: Libc, by_default: bool) -> Vec<Remedy> {
        let given = &program.given;
        let plain = (given.secure && there.is_in_variable).then(|| Remedy::PlainMode(self.place(program.path)));
        let runs = |path: &str| self.search().file(path.as_bytes()).is_ok();
        let has_ldconfig = runs("/bin/sh") && (runs("/sbin/ldconfig") || runs("/usr/sbin/ldconfig"));
        let folder = (!there.is_configured).then(|| there.folder.clone()).into_iter().collect();
        let cache = (libc == Libc::Glibc && has_ldconfig && by_default).then_some(Remedy::Ldconfig(folder));
        // An option of the loader would take its place.
        let own = self.variable("LD_LIBRARY_PATH");
        let counts = !given.secure && given.library_path.as_deref() == own;
        let before = own.filter(|path| !path.is_empty()).map(str::to_owned);
        let path = counts.then(|| Remedy::LibraryPath(vec![there.folder.clone()], before));
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
        let variable = self.variable("LD_LIBRARY_PATH").filter(|_| program.given.secure).unwrap_or_default();
        let variable: Vec<_> = variable.split(':').filter(|folder| folder.starts_with('/')).map(Vec::from).collect();
        let configured = if libc == Libc::Glibc { self.configured_folders() } else { Vec::new() };
        let usual = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"].map(Vec::from);
        let beside = [folder_of(needer)];
        let folders =
            variable.iter().chain(&configured).chain(&beside).chain(&usual).filter(|folder| !searched.contains(folder));
        let is_library = |path: &[u8]| {
            matches!(probe(&self.search_of(program), path, Some(program.elf.machine), libc), Probe::Library(..))
        };
        let mut places = folders.map(|folder| (folder, join(folder, name))).filter(|_| !name.contains(&b'/'));
        let (folder, path) = places.find(|(_, path)| is_library(path))?;
        let (is_configured, is_in_variable) = (configured.contains(folder), variable.contains(folder));
        Some(Elsewhere { path, folder: folder.clone(), is_configured, is_in_variable })
    }

    /// The folders in `/etc/ld.so.conf` and in the files of `/etc/ld.so.conf.d`: what `ldconfig` would look at.
    fn configured_folders(&self) -> Vec<Vec<u8>> {
        let tree = &self.image.tree;
        let mut files = vec![b"/etc/ld.so.conf".to_vec()];
        let names = tree.list(b"/etc/ld.so.conf.d").unwrap_or_default();
        files.extend(names.into_iter().map(|name| [&b"/etc/ld.so.conf.d/"[..], &name].concat()));
        let texts = files.iter().filter_map(|file| tree.lookup(file).ok()?.entry.kept.text());
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
    /// Would `ldconfig` look there without being told?
    is_configured: bool,
    /// Is the folder in `LD_LIBRARY_PATH`, which does not count?
    is_in_variable: bool,
}

/// Makes one line of each kind of those that would take each other's place, since each is to be for all libraries.
fn together(findings: &mut [Finding]) {
    let (mut cache, mut path) = (Vec::new(), Vec::new());
    for remedy in findings.iter().flat_map(|finding| &finding.remedies) {
        let (all, own): (&mut Vec<Vec<u8>>, _) = match remedy {
            Remedy::Ldconfig(own) => (&mut cache, own),
            Remedy::LibraryPath(own, _) => (&mut path, own),
            _ => continue,
        };
        for folder in own {
            if !all.contains(folder) {
                all.push(folder.clone());
            }
        }
    }
    for remedy in findings.iter_mut().flat_map(|finding| &mut finding.remedies) {
        match remedy {
            Remedy::Ldconfig(own) => own.clone_from(&cache),
            Remedy::LibraryPath(own, _) => own.clone_from(&path),
            _ => {}
        }
    }
}

/// The search paths that a program has itself.
fn paths_of(elf: &Summary) -> impl Iterator<Item = &Vec<u8>> {
    elf.rpath.iter().chain(&elf.runpath)
}

fn too_old(program: &Program<'_>, loaded: &Loaded<'_>, lacking: &Lacking, libc: Libc) -> Finding {
    let library = loaded.objects.get(lacking.library);
    let path = library.map_or(&b""[..], |library| &library.path);
    let newest = lacking.versions.last().cloned().unwrap_or_default();
    let needers: Vec<_> = lacking.needed_by.iter().filter_map(|at| loaded.objects.get(*at)).collect();
    let needer = needers.first().map_or(program.path, |object| &object.path);
    let message = format!(
        "{} needs {}, which {} of the image does not provide",
        printable_bytes(needer),
        printable_bytes(&newest),
        printable_bytes(path)
    );
    let list =
        |versions: &[Vec<u8>]| versions.iter().map(|version| printable_bytes(version)).collect::<Vec<_>>().join(", ");
    let mut finding = Finding::new(Id::VersionMissing, message).missing(newest.clone());
    for object in needers {
        let asks = object.elf.requires.iter().flat_map(|required| &required.versions);
        let asks: Vec<_> = asks.filter(|version| lacking.versions.contains(version)).cloned().collect();
        finding = finding.evidence(&object.path, format!("needs {}", list(&asks)));
    }
    let has = lacking.newest.as_ref().map_or("provides none of that kind".to_owned(), |newest| {
        format!("provides no newer than {}", printable_bytes(newest))
    });
    finding.evidence(path, has).remedy([fixes::static_link(program, libc), Remedy::BaseProviding(newest)])
}

/// The links of the chain below an object.
fn steps(loaded: &Loaded<'_>, parent: usize) -> Vec<Step> {
    let Some(object) = loaded.objects.get(parent) else { return Vec::new() };
    let child = |name: &Vec<u8>| {
        let mine = |(_, object): &(usize, &Object<'_>)| object.parent == Some(parent) && object.names.contains(name);
        if let Some((at, library)) = loaded.objects.iter().enumerate().find(mine) {
            let mut step = Step::new(Role::Library, name.clone()).there(library.path.clone());
            step.needs = steps(loaded, at);
            if library.is_for_some_processors() {
                step = step.note("for processors of this kind only");
            }
            return Some(step);
        }
        let lost = loaded.lost.iter().find(|lost| lost.parent == parent && lost.name == *name)?;
        let step = Step::new(Role::Library, name.clone());
        Some(match &lost.why {
            Why::Absent { .. } => step.missing(),
            Why::Unusable(_, why) => step.unfit(why.clone()),
        })
    };
    object.elf.needed.iter().filter_map(child).collect()
}
