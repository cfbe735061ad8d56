//! An ELF program: the machine it is for and the loader it asks for.

use super::Diagnoser;
use super::facts::Program;
use crate::diagnose::fixes;
use crate::dynamic_loader::{LoaderEnvironment, libc_of};
use crate::elf::{ElfDefect, ElfInfo, ElfType, machine_of};
use crate::extract::file_content::{Elf, FileContent};
use crate::finding::{Finding, FindingKind, Fix, Libc};
use crate::printable::{printable, printable_bytes};
use crate::rules::path_lookup::{LookupProblem, not_executable};
use crate::rules::user::UserIds;
use crate::trace::{Role, TraceStep};
use crate::tree::{FileEntry, LookupError};

impl Diagnoser<'_> {
    /// Follows an ELF program.
    pub(super) fn program(&mut self, path: &[u8], entry: &FileEntry<'_>, content: &Elf) -> Vec<TraceStep> {
        let elf = match &content.info {
            Ok(elf) => elf,
            Err(problem) => {
                self.report(damaged(path, problem));
                return Vec::new();
            }
        };
        if let Some(finding) = self.unusable(path, elf) {
            self.report(finding);
            return Vec::new();
        }
        let rights = self.rights(entry);
        let environment = LoaderEnvironment::of(&self.env, rights.is_some());
        let user_ids = rights.unwrap_or_else(|| self.user_ids.clone());
        let program = Program { path, opened: path, elf, content, environment, user_ids };
        let Some(asked) = &elf.interpreter else { return Vec::new() };
        self.record_step(path, format!("asks for the loader {} (PT_INTERP)", printable_bytes(asked)));
        match self.search().file(asked) {
            Ok(found) => {
                let (loader, content) = (found.path.clone(), found.entry.content.clone());
                let step = TraceStep::new(Role::Loader, asked.clone()).there(loader.clone());
                self.with_loader(&program, asked, &loader, &content, step)
            }
            Err(problem) => self.without_loader(&program, asked, &problem),
        }
    }

    /// The user and groups this file runs with, if it is set-user-id or set-group-id. Source: Linux, `fs/exec.c`, `bprm_fill_uid`: without
    /// the group's permission to execute, the bit for its rights means something else.
    pub(super) fn rights(&self, entry: &FileEntry<'_>) -> Option<UserIds> {
        let mut user_ids = self.user_ids.clone();
        if entry.mode & 0o4000 != 0 {
            user_ids.uid = entry.uid;
        }
        if entry.mode & 0o2010 == 0o2010
            && let Some(own) = user_ids.gids.first_mut()
        {
            *own = entry.gid;
        }
        (user_ids != self.user_ids).then_some(user_ids)
    }

    /// Why the kernel would not execute this file, or nothing good would come of it.
    fn unusable(&self, path: &[u8], elf: &ElfInfo) -> Option<Finding> {
        let shown = printable_bytes(path);
        let platform = &self.image.config.platform;
        match machine_of(&platform.arch) {
            Some(machine) if !machine.executes(&elf.machine) => {
                let arch = printable(&platform.arch);
                let message = format!("{shown} is built for {}, the image is for {arch}", elf.machine);
                let finding = Finding::new(FindingKind::WrongArchitecture, message);
                let finding = finding
                    .evidence(path, format!("is an ELF file for {} (e_machine {})", elf.machine, elf.machine.number));
                let finding = finding.evidence(crate::finding::Source::Config, format!("architecture {arch}"));
                return Some(finding.fix(fixes::for_platform(platform, elf.machine)));
            }
            _ => {}
        }
        let what = match elf.kind {
            ElfType::Object => "is an object file, which is not linked yet",
            ElfType::Other(4) => "is a core dump",
            ElfType::Other(_) => "is an ELF file of a type that cannot be executed",
            ElfType::Dynamic if is_library(elf) => library(elf),
            _ if elf.truncated => {
                let finding = Finding::new(FindingKind::ElfDamaged, format!("the program {shown} is cut off"));
                let finding = finding.evidence(path, "is shorter than its program headers say");
                return Some(finding.fix([Fix::CopyProgram(path.to_vec())]));
            }
            // Without a loader only the program itself reads the dynamic section.
            _ => match elf.defect.filter(|defect| *defect != ElfDefect::Dynamic || elf.interpreter.is_some()) {
                Some(defect) => return Some(damaged(path, &defect)),
                None => return None,
            },
        };
        Some(Finding::new(FindingKind::NotAProgram, format!("{shown} is not a program")).evidence(path, what))
    }

    fn with_loader(
        &mut self,
        program: &Program<'_>,
        asked: &[u8],
        loader: &[u8],
        content: &FileContent,
        step: TraceStep,
    ) -> Vec<TraceStep> {
        let why = match content.elf().map(|elf| &elf.info) {
            None if *content == FileContent::Unknown => return vec![step],
            None => "is not an ELF file".to_owned(),
            Some(Err(problem)) => problem.to_string(),
            Some(Ok(elf)) if elf.machine != program.elf.machine => format!("is for {}", elf.machine),
            Some(Ok(ElfInfo { defect: Some(defect @ ElfDefect::Load), .. })) => defect.to_string(),
            Some(Ok(elf)) => {
                let libraries = self.libraries(program, libc_of(loader, Some(elf)), Some((asked, elf)));
                return [vec![step], libraries].concat();
            }
        };
        let message =
            format!("the loader {} of {} does not work", printable_bytes(asked), printable_bytes(program.path));
        let finding = Finding::new(FindingKind::LoaderUnusable, message).evidence(loader, why.clone());
        self.report(finding.fix(fixes::for_loader(program, asked, &[], None)));
        vec![step.unusable(why)]
    }

    fn without_loader(&mut self, program: &Program<'_>, asked: &[u8], problem: &LookupProblem) -> Vec<TraceStep> {
        let (shown, name) = (printable_bytes(program.path), printable_bytes(asked));
        let step = TraceStep::new(Role::Loader, asked);
        let libc = libc_of(asked, None);
        if *problem == LookupProblem::OutsideImage {
            return vec![step];
        }
        if let Some((path, why, is_permission)) = not_executable(problem) {
            let finding =
                Finding::new(FindingKind::LoaderUnusable, format!("the loader {name} of {shown} cannot be executed"));
            let mut copied = fixes::for_loader(program, asked, &[], None);
            // No file can be copied to where a folder is.
            copied.retain(|fix| !matches!((problem, fix), (LookupProblem::Folder(_), Fix::CopyFromBuild(_))));
            let fix = || vec![Fix::MakeExecutable(self.place(path))];
            let fixes = if is_permission { fix() } else { copied };
            self.report(finding.evidence(path, why.clone()).fix(fixes));
            return vec![step.unusable(why)];
        }
        let (steps, lost) = self.foreseen(program, libc);
        let other = match libc {
            Some(Libc::Glibc) => {
                self.has_libc(Libc::Musl).map(|path| (FindingKind::GlibcProgramOnMusl, Libc::Musl, path))
            }
            Some(Libc::Musl) => {
                self.has_libc(Libc::Glibc).map(|path| (FindingKind::MuslProgramOnGlibc, Libc::Glibc, path))
            }
            None => None,
        };
        let mut message = format!("the loader {name} of {shown} is not in the image");
        if let (Some(wanted), Some((_, has, _))) = (libc, &other) {
            message = format!("{shown} is linked against {}, the image has {}: {message}", wanted.name(), has.name());
        }
        let mut finding =
            Finding::new(other.as_ref().map_or(FindingKind::LoaderMissing, |(id, ..)| *id), message).missing(asked);
        if let LookupProblem::LookupError(LookupError::Dangling { link, missing }) = problem {
            finding = finding.evidence(link, format!("is a link to {}, which is not there", printable_bytes(missing)));
        }
        if let Some((_, has, path)) = &other {
            finding = finding.evidence(path, format!("is the loader of {}", has.name()));
        }
        for name in &lost {
            let says = format!("needs {} (DT_NEEDED), also missing", printable_bytes(name));
            finding = finding.evidence(program.path, says);
        }
        let fixes = fixes::for_loader(program, asked, &lost, other.map(|(_, has, _)| has));
        self.report(finding.fix(fixes));
        [vec![step.missing()], steps].concat()
    }
}

/// Is it a shared library, of which nothing but a crash comes if the kernel starts it? It asks for no loader, so that it
/// would have to stand alone, as a static program does that can be loaded anywhere, or as loaders do and musl's libc.
fn is_library(elf: &ElfInfo) -> bool {
    let has_name = elf.soname.is_some();
    let depends = !elf.needed.is_empty();
    // Without an entry the kernel jumps to the file's header. A program that is made by hand may start even there.
    let crashes = if elf.entry != 0 { has_name && depends } else { has_name || depends };
    elf.interpreter.is_none() && !elf.pie && crashes
}

/// What shows that it is one.
fn library(elf: &ElfInfo) -> &'static str {
    if elf.needed.is_empty() {
        "is a shared library: it has a DT_SONAME and no entry point (e_entry 0)"
    } else {
        "is a shared library: it needs libraries but names no loader"
    }
}

/// A program whose file makes no sense to the kernel or the loader.
pub(super) fn damaged(path: &[u8], problem: &dyn std::fmt::Display) -> Finding {
    let message = format!("the program {} is damaged: {problem}", printable_bytes(path));
    let finding = Finding::new(FindingKind::ElfDamaged, message).evidence(path, problem.to_string());
    finding.fix([Fix::CopyProgram(path.to_vec())])
}
