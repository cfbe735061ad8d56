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
use crate::rules::word::{Word, all_plain, base_name, plain_words, shown};
use crate::rules::wrappers::{RunsAs, Wrapper, wrapper};
use crate::trace::{Role, Status, TraceStep};

/// How many of them may stand before each other.
const DEEPEST: usize = 8;

/// A program that starts another.
pub(super) struct Through<'p> {
    /// Its file, or the script that it reads.
    pub(super) path: &'p [u8],
    /// Its own file.
    pub(super) program: &'p [u8],
    /// Is it a shell?
    pub(super) is_shell: bool,
    /// How many such programs led to it.
    pub(super) depth: usize,
}

impl Diagnoser<'_> {
    /// Follows what the program at `path` executes or runs next, where that is known; `depth` such programs led to it.
    fn inside(&mut self, path: &[u8], words: &[Word], depth: usize) -> Vec<TraceStep> {
        if depth == DEEPEST {
            return Vec::new();
        }
        if let Some(libc) = self.loader(path) {
            return self.through_loader(path, libc, words, depth);
        }
        let Ok(found) = self.image.files.lookup(path) else { return Vec::new() };
        // A set-user-id program may drop its rights or keep them.
        if self.rights(&found.entry).is_some() {
            return Vec::new();
        }
        // A script by the name of a shell, an interpreter or a common tool may do anything.
        let is_program = found.entry.content.elf().is_some();
        let Some(asked) = words.first().and_then(Word::plain) else { return Vec::new() };
        if let Some(wrapper) = wrapper(asked, path).filter(|_| is_program || Wrapper::may_be_script(path)) {
            return self.through_wrapper(path, wrapper, words, depth);
        }
        if !is_program {
            return self.inside_script(path, words, depth);
        }
        if shell_options::is_known(base_name(asked))
            && let Some(line) = shell_options::line(words.get(1..).unwrap_or_default())
        {
            return self.through_shell(path, line, depth);
        }
        let mut steps: Vec<_> = self.argument(path, words).into_iter().collect();
        let script = steps.last().filter(|step| step.status == Status::Found).and_then(|step| step.path.clone());
        if let (true, Some(script)) = (shell_options::is_known(base_name(asked)), script) {
            steps.extend(self.through_script(&script, path, words.get(1..).unwrap_or_default(), depth));
        }
        steps
    }

    /// Follows what a program starts that only starts another one.
    fn through_wrapper(&mut self, path: &[u8], wrapper: &Wrapper, words: &[Word], depth: usize) -> Vec<TraceStep> {
        let Some(started) = wrapper.command(words.get(1..).unwrap_or_default()) else { return Vec::new() };
        let through = Through { path, program: path, is_shell: false, depth };
        let changes = matches!(wrapper.user, RunsAs::Named | RunsAs::NamedByLibc);
        if changes && self.user_ids.is_known && self.user_ids.uid != 0 {
            self.cannot_change(path);
            return Vec::new();
        }
        if let Some(user) = started.operands.first().and_then(Word::plain) {
            match wrapper.user {
                RunsAs::Named => self.run_as(path, user),
                RunsAs::NamedByLibc if self.is_passwd_all() => self.run_as(path, user),
                RunsAs::NamedByLibc => self.user_ids.is_known = false,
                RunsAs::Same | RunsAs::Other => {}
            }
        }
        if wrapper.user == RunsAs::Other {
            self.user_ids.is_known = false;
        }
        self.launch(&through, &started.assigned, started.words)
    }

    /// Follows a command that another program starts.
    pub(super) fn launch(&mut self, by: &Through<'_>, assigned: &[(String, String)], words: &[Word]) -> Vec<TraceStep> {
        let Some(first) = words.first().and_then(Word::plain) else { return Vec::new() };
        let starter = if self.is_busybox(by.program) { StartedBy::Busybox } else { StartedBy::Shell };
        if starter == StartedBy::Busybox && shell_options::is_applet(first) {
            return Vec::new();
        }
        let pairs: Vec<_> = assigned.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let line = pairs.into_iter().chain([shown(words)]).collect::<Vec<_>>().join(" ");
        self.record_step(by.path, format!("runs {}", printable(&line)));
        for (name, value) in assigned {
            self.assign(name, value);
        }
        // bash replaces a tilde in PATH when it searches.
        if by.is_shell && !first.contains('/') && self.path.split(':').any(|folder| folder.starts_with('~')) {
            return Vec::new();
        }
        match self.search().started(first.as_bytes()).map(|found| found.path) {
            Ok(path) => {
                let mut step = TraceStep::new(Role::Program, first.as_bytes()).there(path.clone());
                let before = self.findings.len();
                step.needs = self.execute(&path, starter, 0);
                self.follow(step, before, &path, words, by.depth + 1)
            }
            Err(problem) => vec![self.no_command(first, &problem)],
        }
    }

    /// Goes on from a program, which `depth` others led to, unless something was found since `before`.
    pub(super) fn follow(
        &mut self,
        mut step: TraceStep,
        before: usize,
        path: &[u8],
        words: &[Word],
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
    fn through_loader(&mut self, loader: &[u8], libc: Libc, words: &[Word], depth: usize) -> Vec<TraceStep> {
        let Some(words) = all_plain(words) else { return Vec::new() };
        let Some(loader_arguments) = loader_arguments(libc, &words) else { return Vec::new() };
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
        self.follow(step, before, &path, &plain_words(loader_arguments.words), depth + 1)
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
