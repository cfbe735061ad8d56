//! The libraries of a program: what its loader finds, what it misses, and which are too old.

use super::Inquiry;
use super::program::Program;
use crate::escape::printable_bytes;
use crate::image::chain::{Role, Step};
use crate::image::elf::Summary;
use crate::image::finding::{Finding, Id, Libc, Remedy};
use crate::image::loader::{Lacking, Load, Loaded, Lost, Object, Why, lacking};
use crate::image::search::Trouble;
use crate::image::why::remedy;

impl Inquiry<'_> {
    /// Follows the libraries of a program whose loader is there; of a loader that is unknown nothing is said.
    pub(super) fn libraries(
        &mut self,
        program: &Program<'_>,
        libc: Option<Libc>,
        loader: Option<(&[u8], &Summary)>,
    ) -> Vec<Step> {
        let Some(libc) = libc else { return Vec::new() };
        let (steps, findings) = {
            let all = self.load(program, libc, loader);
            let lost = all.lost.iter().map(|lost| self.lost(program, &all, lost, libc));
            let old = lacking(&all).into_iter().map(|lacking| too_old(program, &all, &lacking, libc));
            (steps(&all, 0), lost.chain(old).collect::<Vec<_>>())
        };
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
        let load = Load { search: self.search(), library_path: program.library_path, loader, libc };
        let (path, opened) = (program.path.to_vec(), program.opened.to_vec());
        load.run(Object { names: Vec::new(), opened, path, elf: program.elf, parent: None })
    }

    fn lost(&self, program: &Program<'_>, loaded: &Loaded<'_>, lost: &Lost, libc: Libc) -> Finding {
        let name = printable_bytes(&lost.name);
        let parent = loaded.objects.get(lost.parent).map_or(program.path, |object| &object.path);
        let needer = printable_bytes(parent);
        let needs = format!("needs {name} (DT_NEEDED)");
        match &lost.why {
            Why::Absent { searched, passed } => {
                let message = match passed.first() {
                    Some((path, why)) => {
                        format!("the library {name} of {needer} is not loaded: {}: {why}", printable_bytes(path))
                    }
                    None => format!("the library {name} of {needer} is not in the image"),
                };
                let folders: Vec<_> = searched.iter().map(|folder| printable_bytes(folder)).collect();
                let mut finding = Finding::new(Id::LibraryMissing, message).missing(lost.name.clone());
                finding = finding.evidence(parent, needs);
                if !folders.is_empty() {
                    let says = format!("is loaded by {}, which looks in {}", libc.name(), folders.join(":"));
                    finding = finding.evidence(program.path, says);
                }
                for (path, why) in passed {
                    finding = finding.evidence(path, format!("is passed over: {why}"));
                }
                if let Some(path) = self.elsewhere(&lost.name, searched) {
                    finding = finding.evidence(&path, "is there, where the loader does not look");
                }
                let closed = passed.iter().find_map(|(path, _)| match self.search().readable(path) {
                    Err(Trouble::Forbidden(path, _) | Trouble::Closed(path, _)) => Some(Remedy::MakeReadable(path)),
                    _ => None,
                });
                let mend = closed.map_or_else(
                    || remedy::for_library(self.image, program, &lost.name, loaded, libc),
                    |mend| vec![mend, Remedy::RootUser],
                );
                finding.remedy(mend)
            }
            Why::Unusable(path, why) => {
                let message = format!(
                    "the library {name} of {needer} cannot be loaded: {} is there, but {why}",
                    printable_bytes(path)
                );
                let finding = Finding::new(Id::LibraryUnusable, message).missing(lost.name.clone());
                let finding = finding.evidence(parent, needs).evidence(path, why.clone());
                finding.remedy(remedy::for_library(self.image, program, &lost.name, loaded, libc))
            }
        }
    }

    /// The library in a folder that `ld.so.conf` names or that is usual elsewhere.
    fn elsewhere(&self, name: &[u8], searched: &[Vec<u8>]) -> Option<Vec<u8>> {
        let listed = self.configured_folders();
        let usual = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"];
        let folders = listed.into_iter().chain(usual.iter().map(|folder| folder.as_bytes().to_vec()));
        let mut paths =
            folders.filter(|folder| !searched.contains(folder)).map(|folder| [&folder, &b"/"[..], name].concat());
        paths.find(|path| self.image.tree.lookup(path).is_ok())
    }

    /// The folders in `/etc/ld.so.conf` and in the files of `/etc/ld.so.conf.d`: what `ldconfig` would look at.
    fn configured_folders(&self) -> Vec<Vec<u8>> {
        let tree = &self.image.tree;
        let mut files = vec![b"/etc/ld.so.conf".to_vec()];
        let names = tree.list(b"/etc/ld.so.conf.d").unwrap_or_default();
        files.extend(names.into_iter().map(|name| [&b"/etc/ld.so.conf.d/"[..], &name].concat()));
        let texts = files.iter().filter_map(|file| tree.lookup(file).ok()?.entry.kept.text());
        let lines = texts.flat_map(|text| text.split(|byte| *byte == b'\n')).map(<[u8]>::trim_ascii);
        lines.filter(|line| line.starts_with(b"/")).map(<[u8]>::to_vec).collect()
    }
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
    finding.evidence(path, has).remedy([remedy::static_link(program, libc), Remedy::BaseProviding(newest)])
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
