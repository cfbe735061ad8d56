//! An ELF program: the machine it is for and the loader it asks for.

use super::Inquiry;
use super::interpreter::not_executable;
use crate::diagnose::fixes;
use crate::dynamic_loader::{Given, libc_of};
use crate::elf::{Flaw, Kind, Summary, machine_of};
use crate::extract::file_content::{Elf, Kept};
use crate::finding::{Finding, Id, Libc, Remedy};
use crate::printable::{printable, printable_bytes};
use crate::rules::path_lookup::Trouble;
use crate::rules::user::Identity;
use crate::trace::{Role, Step};
use crate::tree::{Entry, Miss};

/// A program and what is known of it.
pub(super) struct Program<'a> {
    /// Where it really is.
    pub(super) path: &'a [u8],
    /// The path it is opened by, from which `$ORIGIN` is taken: the kernel follows links first, a loader does not.
    pub(super) opened: &'a [u8],
    /// What it asks for.
    pub(super) elf: &'a Summary,
    /// What it mentions.
    pub(super) kept: &'a Elf,
    /// What its loader is given.
    pub(super) given: Given,
    /// As whom it opens files.
    pub(super) identity: Identity,
}

impl Inquiry<'_> {
    /// Follows an ELF program.
    pub(super) fn program(&mut self, path: &[u8], entry: &Entry<'_>, kept: &Elf) -> Vec<Step> {
        let elf = match &kept.summary {
            Ok(elf) => elf,
            Err(problem) => {
                self.report(damaged(path, problem));
                return Vec::new();
            }
        };
        if let Some(finding) = self.unfit(path, elf) {
            self.report(finding);
            return Vec::new();
        }
        let rights = self.rights(entry);
        let given = Given::of(&self.env, rights.is_some());
        let identity = rights.unwrap_or_else(|| self.identity.clone());
        let program = Program { path, opened: path, elf, kept, given, identity };
        let Some(asked) = &elf.interpreter else { return Vec::new() };
        self.via(path, format!("asks for the loader {} (PT_INTERP)", printable_bytes(asked)));
        match self.search().file(asked) {
            Ok(found) => {
                let (loader, kept) = (found.path.clone(), found.entry.kept.clone());
                let step = Step::new(Role::Loader, asked.clone()).there(loader.clone());
                self.with_loader(&program, asked, &loader, &kept, step)
            }
            Err(trouble) => self.without_loader(&program, asked, &trouble),
        }
    }

    /// As whom this file runs, if that is somebody else than the user. Source: Linux, `fs/exec.c`, `bprm_fill_uid`: without
    /// the group's permission to execute, the bit for its rights means something else.
    pub(super) fn rights(&self, entry: &Entry<'_>) -> Option<Identity> {
        let mut identity = self.identity.clone();
        if entry.mode & 0o4000 != 0 {
            identity.uid = entry.uid;
        }
        if entry.mode & 0o2010 == 0o2010
            && let Some(own) = identity.gids.first_mut()
        {
            *own = entry.gid;
        }
        (identity != self.identity).then_some(identity)
    }

    /// Why the kernel would not execute this file, or nothing good would come of it.
    fn unfit(&self, path: &[u8], elf: &Summary) -> Option<Finding> {
        let shown = printable_bytes(path);
        let platform = &self.image.config.platform;
        match machine_of(&platform.arch) {
            Some(machine) if !machine.executes(&elf.machine) => {
                let arch = printable(&platform.arch);
                let message = format!("{shown} is built for {}, the image is for {arch}", elf.machine);
                let finding = Finding::new(Id::WrongArchitecture, message);
                let finding = finding
                    .evidence(path, format!("is an ELF file for {} (e_machine {})", elf.machine, elf.machine.number));
                let finding = finding.evidence(crate::finding::Source::Config, format!("architecture {arch}"));
                return Some(finding.remedy(fixes::for_platform(platform, elf.machine)));
            }
            _ => {}
        }
        let what = match elf.kind {
            Kind::Object => "is an object file, which the linker has yet to make a program of",
            Kind::Other(4) => "is a core dump",
            Kind::Other(_) => "is an ELF file of a kind that is not executed",
            Kind::Dynamic if is_library(elf) => library(elf),
            _ if elf.truncated => {
                let finding = Finding::new(Id::ElfDamaged, format!("the program {shown} is cut off"));
                let finding = finding.evidence(path, "is shorter than its program headers say");
                return Some(finding.remedy([Remedy::CopyProgram(path.to_vec())]));
            }
            // Without a loader nobody reads the dynamic section but the program itself.
            _ => match elf.flaw.filter(|flaw| *flaw != Flaw::Dynamic || elf.interpreter.is_some()) {
                Some(flaw) => return Some(damaged(path, &flaw)),
                None => return None,
            },
        };
        Some(Finding::new(Id::NotAProgram, format!("{shown} is no program")).evidence(path, what))
    }

    fn with_loader(
        &mut self,
        program: &Program<'_>,
        asked: &[u8],
        loader: &[u8],
        kept: &Kept,
        step: Step,
    ) -> Vec<Step> {
        let why = match kept.elf().map(|elf| &elf.summary) {
            None => "is no ELF file".to_owned(),
            Some(Err(problem)) => problem.to_string(),
            Some(Ok(elf)) if elf.machine != program.elf.machine => format!("is for {}", elf.machine),
            Some(Ok(Summary { flaw: Some(flaw @ Flaw::Load), .. })) => flaw.to_string(),
            Some(Ok(elf)) => {
                let libraries = self.libraries(program, libc_of(loader, Some(elf)), Some((asked, elf)));
                return [vec![step], libraries].concat();
            }
        };
        let message =
            format!("the loader {} of {} does not work", printable_bytes(asked), printable_bytes(program.path));
        let finding = Finding::new(Id::LoaderUnusable, message).evidence(loader, why.clone());
        self.report(finding.remedy(fixes::for_loader(self.image, program, asked, &[], None)));
        vec![step.unfit(why)]
    }

    fn without_loader(&mut self, program: &Program<'_>, asked: &[u8], trouble: &Trouble) -> Vec<Step> {
        let (shown, name) = (printable_bytes(program.path), printable_bytes(asked));
        let step = Step::new(Role::Loader, asked);
        let libc = libc_of(asked, None);
        if *trouble == Trouble::Beyond {
            return vec![step];
        }
        if let Some((path, why, is_permission)) = not_executable(trouble) {
            let finding = Finding::new(Id::LoaderUnusable, format!("the loader {name} of {shown} cannot be executed"));
            let mut copied = fixes::for_loader(self.image, program, asked, &[], None);
            // No file can be copied to where a folder is.
            copied.retain(|remedy| !matches!((trouble, remedy), (Trouble::Folder(_), Remedy::CopyFromBuild(_))));
            let mend = || vec![Remedy::MakeExecutable(self.place(path))];
            let remedies = if is_permission { mend() } else { copied };
            self.report(finding.evidence(path, why.clone()).remedy(remedies));
            return vec![step.unfit(why)];
        }
        let (steps, lost) = self.foreseen(program, libc);
        let other = match libc {
            Some(Libc::Glibc) => self.has_libc(Libc::Musl).map(|path| (Id::GlibcProgramOnMusl, Libc::Musl, path)),
            Some(Libc::Musl) => self.has_libc(Libc::Glibc).map(|path| (Id::MuslProgramOnGlibc, Libc::Glibc, path)),
            None => None,
        };
        let mut message = format!("the loader {name} of {shown} is not in the image");
        if let (Some(wanted), Some((_, has, _))) = (libc, &other) {
            message = format!("{shown} is linked against {}, the image has {}: {message}", wanted.name(), has.name());
        }
        let mut finding =
            Finding::new(other.as_ref().map_or(Id::LoaderMissing, |(id, ..)| *id), message).missing(asked);
        if let Trouble::Miss(Miss::Dangling { link, missing }) = trouble {
            finding = finding.evidence(link, format!("is a link to {}, which is not there", printable_bytes(missing)));
        }
        if let Some((_, has, path)) = &other {
            finding = finding.evidence(path, format!("is the loader of {}", has.name()));
        }
        for name in &lost {
            let says = format!("needs {} (DT_NEEDED), which is not in the image either", printable_bytes(name));
            finding = finding.evidence(program.path, says);
        }
        let remedies = fixes::for_loader(self.image, program, asked, &lost, other.map(|(_, has, _)| has));
        self.report(finding.remedy(remedies));
        [vec![step.missing()], steps].concat()
    }
}

/// Is it a shared library, of which nothing but a crash comes if the kernel starts it? It asks for no loader, so that it
/// would have to stand alone, as a static program does that can be loaded anywhere, or as loaders do and musl's libc.
fn is_library(elf: &Summary) -> bool {
    let has_name = elf.soname.is_some();
    let depends = !elf.needed.is_empty();
    // Without an entry the kernel jumps to the file's header. A program that is made by hand may start even there.
    let crashes = if elf.entry != 0 { has_name && depends } else { has_name || depends };
    elf.interpreter.is_none() && !elf.pie && crashes
}

/// What shows that it is one.
fn library(elf: &Summary) -> &'static str {
    if elf.needed.is_empty() {
        "is a shared library: it has a name as one (DT_SONAME), and nothing in it is where a program starts (e_entry 0)"
    } else {
        "is a shared library: it asks for libraries and for no loader"
    }
}

/// A program whose file makes no sense to the kernel or the loader.
pub(super) fn damaged(path: &[u8], problem: &dyn std::fmt::Display) -> Finding {
    let message = format!("the program {} is damaged: {problem}", printable_bytes(path));
    let finding = Finding::new(Id::ElfDamaged, message).evidence(path, problem.to_string());
    finding.remedy([Remedy::CopyProgram(path.to_vec())])
}
