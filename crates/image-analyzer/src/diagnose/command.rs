//! From the words of the configuration to the file that is executed, through a shell if they name one.

use super::Diagnoser;
use super::facts::StartedBy;
use crate::diagnose::fixes;
use crate::extract::string_scan::StringHint;
use crate::finding::{Finding, FindingKind, Fix, Instruction, Source};
use crate::layer::FileKind;
use crate::path::{absolute, components, join};
use crate::printable::{printable, printable_bytes, printable_json};
use crate::rules::json_form::json_form;
use crate::rules::path_lookup::LookupProblem;
use crate::rules::shell_words;
use crate::rules::word::plain_words;
use crate::trace::{Role, TraceStep};
use crate::tree::LookupError;

/// As many links as no chain has, so that one that has more is a circle.
const MOST_LINKS: usize = 1000;

impl Diagnoser<'_> {
    /// Follows what the engine would execute.
    pub(super) fn start(&mut self, words: &[String]) -> Vec<TraceStep> {
        let Some(first) = words.first() else { return Vec::new() };
        match self.search().command(first.as_bytes()).map(|found| found.path) {
            Ok(path) => {
                self.record_step(Source::Config, self.meaning(first, &path));
                let mut step = TraceStep::new(Role::Program, first.as_bytes()).there(path.clone());
                let before = self.findings.len();
                self.shadowed(first);
                step.needs = self.execute(&path, StartedBy::Engine, 0);
                self.follow(step, before, &path, &plain_words(words), 0)
            }
            Err(problem) => vec![self.no_command(first, &problem)],
        }
    }

    /// Reports a file that older engines find before the command, if there is one.
    fn shadowed(&mut self, first: &str) {
        let search = self.search();
        let Some((path, mode)) = search.shadow(first.as_bytes()) else { return };
        let message = format!("{} comes first in PATH, but the user cannot execute it", printable_bytes(&path));
        let says = format!("has mode {mode:04o}{}; older engines stop at it", self.owner_and_user(&path));
        let meant = search.place(first.as_bytes()).and_then(|place| String::from_utf8(place).ok());
        let words = self.instruction_words().into_iter().skip(1);
        let exec = meant.map(|meant| Fix::ExecForm(self.instruction, std::iter::once(meant).chain(words).collect()));
        let finding = Finding::new(FindingKind::CommandShadowed, message).evidence(&path, says);
        let finding = finding.fix(exec.into_iter().chain([Fix::MakeExecutable(self.place(&path))]));
        self.report(finding);
    }

    /// `CMD ["./hello"] is /go/hello`.
    fn meaning(&self, first: &str, path: &[u8]) -> String {
        let said = self.said();
        let how = match first {
            _ if first.as_bytes() == path => return said,
            _ if first.starts_with('/') => String::new(),
            _ if first.contains('/') => format!(" in WORKDIR {}", printable_bytes(&self.folder)),
            _ => " by PATH".to_owned(),
        };
        format!("{said}, which is {}{how}", printable_bytes(path))
    }

    /// Reports a command that leads to nothing that can be executed.
    pub(super) fn no_command(&mut self, first: &str, problem: &LookupProblem) -> TraceStep {
        let step = TraceStep::new(Role::Program, first.as_bytes());
        if *problem == LookupProblem::OutsideImage {
            return step;
        }
        if self.is_crlf_name(first) {
            return step.missing();
        }
        let shown = printable(first).into_owned();
        if self.evidence_path.is_empty() {
            self.record_step(Source::Config, self.said());
        }
        let missing = matches!(problem, LookupProblem::NotInPath | LookupProblem::LookupError(_));
        if let Some(line) = self.string_form().filter(|_| missing && self.evidence_path.len() == 1) {
            self.no_shell(first, &line);
            return step.missing();
        }
        let finding = match problem {
            _ if first.is_empty() => {
                let finding = Finding::new(FindingKind::CommandNotInPath, "the command is an empty string");
                finding.fix([Fix::SetCommand(self.instruction, self.some_program())])
            }
            LookupProblem::NotInPath | LookupProblem::LookupError(LookupError::Missing(_))
                if self.is_variable(first) =>
            {
                self.no_variable(first)
            }
            LookupProblem::NotInPath | LookupProblem::OutsideImage => self.not_in_path(first),
            LookupProblem::LookupError(miss) => self.nowhere(first, miss),
            LookupProblem::Folder(path) => self.folder_as_command(first, path),
            LookupProblem::Special(path) => {
                let message = format!("the command {shown} is not a regular file");
                Finding::new(FindingKind::CommandNotExecutable, message)
                    .evidence(path, "is a device, a pipe or a socket")
            }
            LookupProblem::Forbidden(path, mode) => self.forbidden(&shown, path, *mode),
            LookupProblem::NoSearchPermission(path, mode) => {
                let message = format!(
                    "the image's user cannot search {}, the folder of the command {shown}",
                    printable_bytes(path)
                );
                let finding = Finding::new(FindingKind::CommandNotExecutable, message);
                let finding = finding.evidence(path, format!("has mode {mode:04o}; {}", self.user()));
                finding.fix([Fix::MakeExecutable(self.place(path)), Fix::RootUser])
            }
        };
        let step = if missing { step.missing() } else { step.unusable(finding.message.clone()) };
        self.report(finding);
        step
    }

    /// Is this the first word of an instruction in exec form, with a variable in it?
    fn is_variable(&self, first: &str) -> bool {
        let is_name = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '{';
        let has_variable = first.split_once('$').is_some_and(|(_, name)| name.starts_with(is_name));
        has_variable && self.instruction_words().first().is_some_and(|word| word == first)
    }

    /// `CMD ["$APP"]`: no shell reads it.
    fn no_variable(&self, first: &str) -> Finding {
        let kind = if first.contains('/') { FindingKind::CommandMissing } else { FindingKind::CommandNotInPath };
        let message = format!("the command {} is not replaced by its value: exec form has no shell", printable(first));
        let finding = Finding::new(kind, message).missing(first.as_bytes());
        finding.fix(fixes::for_variable(self.image, self.instruction, &self.instruction_words()))
    }

    /// A folder cannot be replaced by a copy of the program; what is in it may be what was meant.
    fn folder_as_command(&self, first: &str, path: &[u8]) -> Finding {
        let message = format!("the command {} is a folder", printable(first));
        let finding = Finding::new(FindingKind::CommandIsFolder, message).evidence(path, "is a folder");
        let base = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let names = self.image.files.list(path).unwrap_or_default();
        let same = names.iter().find(|name| *name == base);
        let mut inside = same.into_iter().chain(&names).map(|name| join(path, name));
        let Some(inside) = inside.find(|path| self.search().file(path).is_ok()) else {
            return finding.fix([Fix::SetCommand(self.instruction, None)]);
        };
        let finding = finding.evidence(&inside, "is in it, and can be executed");
        let words = self.instruction_words();
        let is_first = words.first().is_some_and(|word| word == first);
        let inside = String::from_utf8(inside).ok().filter(|_| is_first);
        let words = inside.map(|inside| std::iter::once(inside).chain(words.into_iter().skip(1)).collect());
        finding.fix(words.map(|words| Fix::ExecForm(self.instruction, words)))
    }

    /// The line of a command in string form, where the configuration has one.
    pub(super) fn string_form(&self) -> Option<String> {
        let config = &self.image.config;
        let default = ["/bin/sh".to_owned(), "-c".to_owned()];
        let shell = if config.shell.is_empty() { &default[..] } else { &config.shell };
        let words = self.instruction_words();
        let rest = words.strip_prefix(shell).or_else(|| words.strip_prefix(&default[..]))?;
        if let [line] = rest { Some(line.clone()) } else { None }
    }

    fn no_shell(&mut self, shell: &str, line: &str) {
        let name = self.instruction.name();
        let message = format!("{name} in string form needs {}, which is not in the image", printable(shell));
        let plain = shell_words::sentence(line).filter(|sentence| sentence.assigned.is_empty());
        let meant = json_form(line).or_else(|| plain.map(|sentence| sentence.words));
        let exec = meant.map(|words| Fix::ExecForm(self.instruction, self.found_words(words)));
        let finding = Finding::new(FindingKind::ShellMissing, message).missing(shell.as_bytes());
        // A layer that has a folder where the base has a link to it hides what is behind the link.
        let usual = format!("/usr{shell}");
        let there = self.search().file(usual.as_bytes()).is_ok();
        let finding = if there { finding.evidence(usual.as_bytes(), "is in the image") } else { finding };
        let by_path = there.then(|| {
            let words = self.instruction_words().into_iter().skip(1);
            Fix::ExecForm(self.instruction, std::iter::once(usual).chain(words).collect())
        });
        let base = by_path.unwrap_or(Fix::BaseWithShell);
        self.report(finding.fix(exec.into_iter().chain([base])));
    }

    /// The words of a command with the first one as a path, if only that finds it.
    fn found_words(&self, mut words: Vec<String>) -> Vec<String> {
        if let Some(first) = words.first_mut() {
            let here = format!("./{first}");
            if !first.contains('/')
                && self.search().command(first.as_bytes()).is_err()
                && self.search().file(here.as_bytes()).is_ok()
            {
                *first = here;
            }
        }
        words
    }

    fn not_in_path(&self, first: &str) -> Finding {
        let shown = printable(first);
        let finding =
            Finding::new(FindingKind::CommandNotInPath, format!("the command {shown} is not in any folder of PATH"));
        let says = if self.variable("PATH").is_some() {
            format!("PATH={}", printable(&self.path))
        } else {
            format!("sets no PATH, so it is {}", self.path)
        };
        let finding = finding.missing(first.as_bytes()).evidence(Source::Config, says);
        // The engine's search is the first evidence.
        let relative = self.path.split(':').find(|folder| !folder.starts_with('/') && !folder.is_empty());
        let finding = match relative.filter(|_| self.evidence_path.len() == 1) {
            Some(folder) => {
                let says = format!("{} is a relative folder, which the engine does not search", printable(folder));
                finding.evidence(Source::Config, says)
            }
            None => finding,
        };
        let here = self.search().file(format!("./{first}").as_bytes()).ok().filter(|_| !first.is_empty());
        match here {
            Some(found) => {
                let words = self.instruction_words();
                let exec = (words.first().map(String::as_str) == Some(first))
                    .then(|| Fix::ExecForm(self.instruction, self.found_words(words)));
                let folder = self.folder.clone();
                let finding = finding.evidence(&found.path, "is there, in WORKDIR, which is not searched");
                finding.fix(exec.into_iter().chain([Fix::AddToPath(folder, self.path.clone())]))
            }
            None => finding.fix(fixes::for_command(self.image, first)),
        }
    }

    /// A file that can be executed, in WORKDIR or where programs are copied to.
    pub(super) fn some_program(&self) -> Option<Vec<u8>> {
        let folders: [&[u8]; 4] = [&self.folder, b"/", b"/app", b"/usr/local/bin"];
        folders.iter().find_map(|folder| {
            let names = self.image.files.list(folder).ok()?;
            let paths = names.into_iter().map(|name| absolute(components(&join(folder, &name))));
            paths.into_iter().find(|path| self.search().file(path).is_ok())
        })
    }

    /// Is this busybox, under whatever name?
    pub(super) fn is_busybox(&self, path: &[u8]) -> bool {
        let elf = self.image.files.lookup(path).ok().and_then(|found| found.entry.content.elf());
        elf.is_some_and(|elf| elf.hints.has(StringHint::Busybox))
    }

    /// `CMD ["./hello"]`.
    fn said(&self) -> String {
        format!("{} {}", self.instruction.name(), printable_json(&self.instruction_words()))
    }

    /// The words of the instruction that says what to execute.
    pub(super) fn instruction_words(&self) -> Vec<String> {
        match self.instruction {
            Instruction::Entrypoint => self.image.config.entrypoint.clone(),
            Instruction::Cmd => self.image.config.cmd.clone(),
        }
    }

    fn nowhere(&self, first: &str, miss: &LookupError) -> Finding {
        let shown = printable(first);
        match miss {
            LookupError::Dangling { link, missing } => {
                let message =
                    format!("the command {shown} is a link to {}, which is not in the image", printable_bytes(missing));
                let finding = Finding::new(FindingKind::CommandDangling, message).missing(missing.clone());
                let target =
                    self.image.files.entry(link).map(|found| printable_bytes(found.entry.target)).unwrap_or_default();
                finding
                    .evidence(link, format!("is a symbolic link to {target}"))
                    .fix([Fix::CopyProgram(missing.clone())])
            }
            LookupError::Loop(link) => {
                let is_link = self.image.files.entry(link).is_ok();
                let (what, says) = if is_link && !self.is_circle(link) {
                    ("a chain of more than 40 symlinks", "is the 41st symlink in the chain; the kernel follows 40")
                } else if is_link {
                    ("a symlink loop", "is part of a symlink loop")
                } else {
                    ("a hard link to itself", "is a hard link to itself, not to a file")
                };
                let finding = Finding::new(FindingKind::CommandDangling, format!("the command {shown} is {what}"));
                finding.evidence(link, says).fix([Fix::CopyProgram(link.clone())])
            }
            LookupError::Missing(missing) => {
                let finding =
                    Finding::new(FindingKind::CommandMissing, format!("the command {shown} is not in the image"));
                let path = if missing.is_empty() { first.as_bytes() } else { missing };
                let finding = finding.missing(path).evidence(Source::Config, self.where_it_looks(first));
                finding.fix(fixes::for_missing(
                    self.image,
                    first,
                    &self.folder,
                    self.instruction,
                    &self.instruction_words(),
                ))
            }
            LookupError::NotAFolder(path) => {
                let message =
                    format!("the command {shown} is not in the image: {} is not a folder", printable_bytes(path));
                let finding = Finding::new(FindingKind::CommandMissing, message).missing(first.as_bytes());
                finding.evidence(path, "is a file").fix([Fix::CopyProgram(first.as_bytes().to_vec())])
            }
        }
    }

    /// Does this link lead back to itself, by whatever number of links?
    fn is_circle(&self, link: &[u8]) -> bool {
        let mut at = link.to_vec();
        for _ in 0..MOST_LINKS {
            match self.image.files.entry(&at) {
                Ok(found) if found.entry.kind == FileKind::Link => {
                    at = join(&fixes::parent(&found.path), found.entry.target);
                }
                Ok(_) => return false,
                Err(miss) => return matches!(miss, LookupError::Loop(_)),
            }
        }
        true
    }

    fn where_it_looks(&self, first: &str) -> String {
        if first.starts_with('/') {
            return format!("{} is an absolute path", printable(first));
        }
        self.where_it_starts()
    }

    pub(super) fn forbidden(&self, shown: &str, path: &[u8], mode: u16) -> Finding {
        let message = format!("the user cannot execute {shown} (mode {mode:04o})");
        let says = format!("has mode {mode:04o}{}", self.owner_and_user(path));
        let mut fixes = vec![Fix::MakeExecutable(self.place(path))];
        if mode & 0o111 != 0 {
            fixes.push(Fix::RootUser);
        }
        Finding::new(FindingKind::CommandNotExecutable, message).evidence(path, says).fix(fixes)
    }

    /// ` and belongs to 0:0; the user is 1000:1000`.
    pub(super) fn owner_and_user(&self, path: &[u8]) -> String {
        let found = self.image.files.lookup(path);
        let owner = found.map(|found| format!(" and belongs to {}:{}", found.entry.uid, found.entry.gid));
        format!("{}; {}", owner.unwrap_or_default(), self.user())
    }

    /// `the user is 1000:1000`.
    fn user(&self) -> String {
        let gids: Vec<_> = self.user_ids.gids.iter().map(u32::to_string).collect();
        format!("the user is {}:{}", self.user_ids.uid, gids.join(","))
    }
}
