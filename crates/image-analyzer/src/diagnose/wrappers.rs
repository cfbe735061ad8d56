//! Programs that only start another one: a shell, `env`, `tini`, the dynamic loader.

use super::Diagnoser;
use super::facts::Program;
use super::facts::StartedBy;
use super::program::damaged;
use crate::dynamic_loader::{LoaderEnvironment, libc_of, loader_arguments};
use crate::elf::{ElfDefect, ElfIdent, ElfInfo, ElfType};
use crate::extract::file_content::FileContent;
use crate::finding::{Finding, FindingKind, Fix, Libc};
use crate::path::join;
use crate::printable::{printable, printable_bytes};
use crate::rules::path_lookup::LookupProblem;
use crate::rules::shell_options;
use crate::rules::shell_words::{self, Sentence};
use crate::trace::{Role, TraceStep};

/// How many of them may stand before each other.
const DEEPEST: usize = 8;

impl Diagnoser<'_> {
    /// Follows what the program at `path` executes next, where that is known; `depth` such programs led to it.
    fn inside(&mut self, path: &[u8], words: &[String], depth: usize) -> Vec<TraceStep> {
        if depth == DEEPEST {
            return Vec::new();
        }
        if let Some(libc) = self.loader(path) {
            return self.through_loader(path, libc, words, depth);
        }
        // A script by such a name may do anything.
        let entry = self.image.files.lookup(path).map(|found| found.entry);
        let is_program = entry.as_ref().is_ok_and(|entry| entry.content.elf().is_some());
        // A set-user-id program may drop its rights or keep them.
        if entry.is_ok_and(|entry| self.rights(&entry).is_some()) {
            return Vec::new();
        }
        let inner = inner(words, &self.env).filter(|_| is_program);
        let Some(Sentence { assigned, words: inner }) = inner else { return Vec::new() };
        let Some(first) = inner.first().cloned() else { return Vec::new() };
        let by = if self.is_busybox(path) { StartedBy::Busybox } else { StartedBy::Shell };
        if by == StartedBy::Busybox && shell_options::is_applet(&first) {
            return Vec::new();
        }
        let shown: Vec<_> = assigned.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let shown = [&shown[..], &inner].concat().join(" ");
        self.record_step(path, format!("runs {}", printable(&shown)));
        for (name, value) in &assigned {
            self.assign(name, value);
        }
        let name = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
        // bash replaces a tilde in PATH when it searches.
        if shell_options::is_known(name)
            && !first.contains('/')
            && self.path.split(':').any(|folder| folder.starts_with('~'))
        {
            return Vec::new();
        }
        match self.search().started(first.as_bytes()).map(|found| found.path) {
            Ok(path) => {
                let mut step = TraceStep::new(Role::Program, first.as_bytes()).there(path.clone());
                let before = self.findings.len();
                step.needs = self.execute(&path, by, 0);
                self.follow(step, before, &path, &inner, depth + 1)
            }
            Err(problem) => vec![self.no_command(&first, &problem)],
        }
    }

    /// Goes on from a program, which `depth` others led to, unless something was found since `before`.
    pub(super) fn follow(
        &mut self,
        mut step: TraceStep,
        before: usize,
        path: &[u8],
        words: &[String],
        depth: usize,
    ) -> Vec<TraceStep> {
        if self.findings.len() > before {
            return vec![step];
        }
        step.needs.extend(self.likely(path, words));
        let mut steps = vec![step];
        steps.extend(self.inside(path, words, depth));
        steps
    }

    /// Whose loader the file at `path` is, if it is one.
    pub(super) fn loader(&self, path: &[u8]) -> Option<Libc> {
        let elf = self.image.files.lookup(path).ok()?.entry.content.elf()?.info.as_ref().ok()?;
        if elf.interpreter.is_some() { None } else { libc_of(path, Some(elf)) }
    }

    /// Follows the program that a loader loads. The loader opens it, so the user needs permission to read it.
    fn through_loader(&mut self, loader: &[u8], libc: Libc, words: &[String], depth: usize) -> Vec<TraceStep> {
        let Some(loader_arguments) = loader_arguments(libc, words) else { return Vec::new() };
        let Some(asked) = loader_arguments.words.first() else { return Vec::new() };
        self.record_step(loader, format!("loads {}", printable(asked)));
        let image = self.image;
        let found = match self.search().readable(asked.as_bytes()) {
            Ok(found) => (found.path, found.entry.content.clone()),
            Err(LookupProblem::Forbidden(path, mode) | LookupProblem::NoSearchPermission(path, mode)) => {
                let message = format!("the user cannot read {}, which the loader must read", printable(asked));
                let says = format!("has mode {mode:04o}{}", self.owner_and_user(&path));
                let finding = Finding::new(FindingKind::CommandNotExecutable, message.clone()).evidence(&path, says);
                self.report(finding.fix([Fix::MakeReadable(self.place(&path)), Fix::RootUser]));
                return vec![TraceStep::new(Role::Program, asked.as_bytes()).unusable(message)];
            }
            Err(problem) => return vec![self.no_command(asked, &problem)],
        };
        let (path, content) = found;
        let mut step = TraceStep::new(Role::Program, asked.as_bytes()).there(path.clone());
        let by = image.files.lookup(loader).ok().and_then(|found| found.entry.content.elf()?.info.as_ref().ok());
        let Some(by) = by else { return vec![step] };
        let before = self.findings.len();
        let elf = content.elf().map(|elf| (elf, elf.info.as_ref()));
        match elf {
            Some((content, Ok(elf))) => {
                if let Some(finding) = not_loaded(&path, elf, by, libc) {
                    self.report(finding);
                } else {
                    let mut environment = LoaderEnvironment::of(&self.env, false);
                    environment.library_path = loader_arguments.library_path.clone().or(environment.library_path);
                    environment.preload.extend(loader_arguments.preload.iter().cloned());
                    let opened = join(&self.folder, asked.as_bytes());
                    let user_ids = self.user_ids.clone();
                    let program = Program { path: &path, opened: &opened, elf, content, environment, user_ids };
                    step.needs = self.libraries(&program, Some(libc), Some((loader, by)));
                }
            }
            Some((_, Err(problem))) => self.report(damaged(&path, problem)),
            None if content == FileContent::Unknown => {}
            None => {
                let message = format!("{} is not an ELF file, and the loader loads only those", printable_bytes(&path));
                let finding = Finding::new(FindingKind::UnknownFormat, message);
                self.report(finding.evidence(&path, "is not an ELF file").fix([Fix::CopyProgram(path.clone())]));
            }
        }
        self.follow(step, before, &path, loader_arguments.words, depth + 1)
    }
}

/// Why a loader would not load this file, whatever libraries there are.
fn not_loaded(path: &[u8], elf: &ElfInfo, loader: &ElfInfo, libc: Libc) -> Option<Finding> {
    let shown = printable_bytes(path);
    let says = match elf.kind {
        _ if elf.machine != loader.machine => {
            let message = format!("{shown} is built for {}, its loader for {}", elf.machine, loader.machine);
            let says = format!("is an ELF file for {} (e_machine {})", elf.machine, elf.machine.number);
            return Some(Finding::new(FindingKind::WrongArchitecture, message).evidence(path, says));
        }
        ElfType::Object => "is an object file, which is not linked yet",
        ElfType::Other(_) => "is an ELF file of a type that cannot be executed",
        _ if libc == Libc::Glibc && elf.ident != ElfIdent::Fine => {
            return Some(damaged(path, &"the loader refuses its ELF identification"));
        }
        // The only kind of program without anything to load, and without what says so.
        ElfType::Fixed if libc == Libc::Musl && elf.interpreter.is_none() && elf.needed.is_empty() => {
            "is linked statically; musl's loader loads only dynamic programs"
        }
        _ if matches!(elf.defect, Some(ElfDefect::Load | ElfDefect::Dynamic)) => {
            return elf.defect.map(|defect| damaged(path, &defect));
        }
        _ if elf.truncated => return Some(damaged(path, &"it is cut off")),
        _ => return None,
    };
    Some(
        Finding::new(FindingKind::NotAProgram, format!("{shown} is not a program that a loader can load"))
            .evidence(path, says),
    )
}

/// What these words start in this environment, where that is known.
fn inner(words: &[String], env: &[String]) -> Option<Sentence> {
    let asked = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default();
    let plain = |words: &[String]| Some(Sentence { assigned: Vec::new(), words: words.to_vec() });
    match (asked, rest) {
        _ if shell_options::is_known(asked) => {
            shell_options::line(rest).filter(|_| shell_options::is_plain(env)).and_then(shell_words::sentence)
        }
        ("env", [first, ..]) if !first.starts_with('-') && !first.contains('=') => plain(rest),
        ("tini" | "dumb-init" | "catatonit", rest) => {
            let dashes = rest.first().is_some_and(|word| word == "--");
            let inner = rest.get(usize::from(dashes)..).unwrap_or_default();
            // Another program by that name, such as a copy of `env`, would take an assignment for one.
            let first = inner.first().filter(|first| !first.contains('=') && (dashes || !first.starts_with('-')));
            first.and_then(|_| plain(inner))
        }
        _ => None,
    }
}
