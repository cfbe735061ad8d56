//! From the words of the configuration to the file that is executed, through a shell if they name one.

use super::Inquiry;
use crate::diagnose::{exec_form, fixes};
use crate::extract::string_scan::Mention;
use crate::finding::{Finding, Id, Instruction, Remedy, Source};
use crate::layer::Kind;
use crate::path::{absolute, components, join};
use crate::printable::{printable, printable_bytes};
use crate::rules::path_lookup::Trouble;
use crate::rules::shell_words;
use crate::trace::{Role, Step};
use crate::tree::Miss;

/// As many links as no chain has, so that one that has more is a circle.
const MOST_LINKS: usize = 1000;

/// Who executes a file: it decides what happens to a text without `#!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The engine: the kernel's word is final.
    Engine,
    /// A shell, `env` or the like: what the kernel refuses as no program is handed to a shell.
    Shell,
    /// The same, by a busybox that may do the work of its tools without their being there as files.
    Busybox,
}

impl Inquiry<'_> {
    /// Follows what the engine would execute.
    pub(super) fn start(&mut self, words: &[String]) -> Vec<Step> {
        let Some(first) = words.first() else { return Vec::new() };
        match self.search().command(first.as_bytes()).map(|found| found.path) {
            Ok(path) => {
                self.via(Source::Config, self.meaning(first, &path));
                let mut step = Step::new(Role::Program, first.as_bytes()).there(path.clone());
                let before = self.findings.len();
                self.shadowed(first);
                step.needs = self.execute(&path, By::Engine, 0);
                self.go_on(step, before, &path, words, 0)
            }
            Err(trouble) => vec![self.no_command(first, &trouble)],
        }
    }

    /// Reports a file that older engines find before the command, if there is one.
    fn shadowed(&mut self, first: &str) {
        let search = self.search();
        let Some((path, mode)) = search.shadow(first.as_bytes()) else { return };
        let message = format!("{} comes first in PATH, and the user may not execute it", printable_bytes(&path));
        let says = format!("has mode {mode:04o}{}; older engines stop at it", self.owner_and_user(&path));
        let meant = search.place(first.as_bytes()).and_then(|place| String::from_utf8(place).ok());
        let words = self.instruction_words().into_iter().skip(1);
        let exec = meant.map(|meant| Remedy::ExecForm(self.instruction, std::iter::once(meant).chain(words).collect()));
        let finding = Finding::new(Id::CommandShadowed, message).evidence(&path, says);
        let finding = finding.remedy(exec.into_iter().chain([Remedy::MakeExecutable(self.place(&path))]));
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
    pub(super) fn no_command(&mut self, first: &str, trouble: &Trouble) -> Step {
        let step = Step::new(Role::Program, first.as_bytes());
        if *trouble == Trouble::Beyond {
            return step;
        }
        let shown = printable(first).into_owned();
        if self.trail.is_empty() {
            self.via(Source::Config, self.said());
        }
        let missing = matches!(trouble, Trouble::NotInPath | Trouble::Miss(_));
        if let Some(line) = self.string_form().filter(|_| missing && self.trail.len() == 1) {
            self.no_shell(first, &line);
            return step.missing();
        }
        let finding = match trouble {
            _ if first.is_empty() => {
                let finding = Finding::new(Id::CommandNotInPath, "the command is an empty word");
                finding.remedy([Remedy::SayCommand(self.instruction, self.some_program())])
            }
            Trouble::NotInPath | Trouble::Beyond => self.not_in_path(first),
            Trouble::Miss(miss) => self.nowhere(first, miss),
            Trouble::Folder(path) => self.folder_as_command(first, path),
            Trouble::Special(path) => {
                let message = format!("the command {shown} is no regular file");
                Finding::new(Id::CommandNotExecutable, message).evidence(path, "is a device, a pipe or a socket")
            }
            Trouble::Forbidden(path, mode) => self.forbidden(&shown, path, *mode),
            Trouble::Closed(path, mode) => {
                let message = format!("the user may not enter {}, where the command {shown} is", printable_bytes(path));
                let finding = Finding::new(Id::CommandNotExecutable, message);
                let finding = finding.evidence(path, format!("has mode {mode:04o}; {}", self.user()));
                finding.remedy([Remedy::MakeExecutable(self.place(path)), Remedy::RootUser])
            }
        };
        let step = if missing { step.missing() } else { step.unfit(finding.message.clone()) };
        self.report(finding);
        step
    }

    /// A folder cannot be replaced by a copy of the program; what is in it may be what was meant.
    fn folder_as_command(&self, first: &str, path: &[u8]) -> Finding {
        let message = format!("the command {} is a folder", printable(first));
        let finding = Finding::new(Id::CommandIsFolder, message).evidence(path, "is a folder");
        let base = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let names = self.image.tree.list(path).unwrap_or_default();
        let same = names.iter().find(|name| *name == base);
        let mut inside = same.into_iter().chain(&names).map(|name| join(path, name));
        let Some(inside) = inside.find(|path| self.search().file(path).is_ok()) else {
            return finding.remedy([Remedy::SayCommand(self.instruction, None)]);
        };
        let finding = finding.evidence(&inside, "is in it, and can be executed");
        let words = self.instruction_words();
        let is_first = words.first().is_some_and(|word| word == first);
        let inside = String::from_utf8(inside).ok().filter(|_| is_first);
        let words = inside.map(|inside| std::iter::once(inside).chain(words.into_iter().skip(1)).collect());
        finding.remedy(words.map(|words| Remedy::ExecForm(self.instruction, words)))
    }

    /// The line of a command in string form, where the configuration has one.
    fn string_form(&self) -> Option<String> {
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
        let exec = plain
            .map(|sentence| sentence.words)
            .map(|words| Remedy::ExecForm(self.instruction, self.found_words(words)));
        let finding = Finding::new(Id::ShellMissing, message).missing(shell.as_bytes());
        self.report(finding.remedy(exec.into_iter().chain([Remedy::BaseWithShell])));
    }

    /// The words of a command with the first one as a path, if that is the way to find it.
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
        let finding = Finding::new(Id::CommandNotInPath, format!("the command {shown} is in no folder of PATH"));
        let says = if self.variable("PATH").is_some() {
            format!("PATH={}", printable(&self.path))
        } else {
            format!("sets no PATH, so it is {}", self.path)
        };
        let finding = finding.missing(first.as_bytes()).evidence(Source::Config, says);
        // The engine's search is the first step of the way.
        let relative = self.path.split(':').find(|folder| !folder.starts_with('/') && !folder.is_empty());
        let finding = match relative.filter(|_| self.trail.len() == 1) {
            Some(folder) => {
                let says = format!("{} is a relative folder, and the engine looks in none", printable(folder));
                finding.evidence(Source::Config, says)
            }
            None => finding,
        };
        let here = self.search().file(format!("./{first}").as_bytes()).ok().filter(|_| !first.is_empty());
        match here {
            Some(found) => {
                let words = self.instruction_words();
                let exec = (words.first().map(String::as_str) == Some(first))
                    .then(|| Remedy::ExecForm(self.instruction, self.found_words(words)));
                let folder = self.folder.clone();
                let finding = finding.evidence(&found.path, "is there, in WORKDIR, which is not searched");
                finding.remedy(exec.into_iter().chain([Remedy::AddToPath(folder, self.path.clone())]))
            }
            None => finding.remedy(fixes::for_command(self.image, first)),
        }
    }

    /// A file that can be executed, in WORKDIR or where programs are copied to.
    pub(super) fn some_program(&self) -> Option<Vec<u8>> {
        let folders: [&[u8]; 4] = [&self.folder, b"/", b"/app", b"/usr/local/bin"];
        folders.iter().find_map(|folder| {
            let names = self.image.tree.list(folder).ok()?;
            let paths = names.into_iter().map(|name| absolute(components(&join(folder, &name))));
            paths.into_iter().find(|path| self.search().file(path).is_ok())
        })
    }

    /// Is this busybox, under whatever name?
    pub(super) fn is_busybox(&self, path: &[u8]) -> bool {
        let elf = self.image.tree.lookup(path).ok().and_then(|found| found.entry.kept.elf());
        elf.is_some_and(|elf| elf.mentions.has(Mention::Busybox))
    }

    /// `CMD ["./hello"]`.
    fn said(&self) -> String {
        format!("{} {}", self.instruction.name(), exec_form(&self.instruction_words()))
    }

    /// The words of the instruction that says what to execute.
    pub(super) fn instruction_words(&self) -> Vec<String> {
        match self.instruction {
            Instruction::Entrypoint => self.image.config.entrypoint.clone(),
            Instruction::Cmd => self.image.config.cmd.clone(),
        }
    }

    fn nowhere(&self, first: &str, miss: &Miss) -> Finding {
        let shown = printable(first);
        match miss {
            Miss::Dangling { link, missing } => {
                let message =
                    format!("the command {shown} is a link to {}, which is not in the image", printable_bytes(missing));
                let finding = Finding::new(Id::CommandDangling, message).missing(missing.clone());
                let target =
                    self.image.tree.entry(link).map(|found| printable_bytes(found.entry.target)).unwrap_or_default();
                finding
                    .evidence(link, format!("is a symbolic link to {target}"))
                    .remedy([Remedy::CopyProgram(missing.clone())])
            }
            Miss::Loop(link) => {
                let is_link = self.image.tree.entry(link).is_ok();
                let (what, says) = if is_link && !self.is_circle(link) {
                    ("a chain of more than 40 links", "is the 41st link on the way, and the kernel follows 40")
                } else if is_link {
                    ("a link that leads back to itself", "is a symbolic link in a circle")
                } else {
                    ("a hard link to itself", "is a hard link that names itself or a circle of others, and no file")
                };
                let finding = Finding::new(Id::CommandDangling, format!("the command {shown} is {what}"));
                finding.evidence(link, says).remedy([Remedy::CopyProgram(link.clone())])
            }
            Miss::Missing(missing) => {
                let finding = Finding::new(Id::CommandMissing, format!("the command {shown} is not in the image"));
                let path = if missing.is_empty() { first.as_bytes() } else { missing };
                let finding = finding.missing(path).evidence(Source::Config, self.where_it_looks(first));
                finding.remedy(fixes::for_missing(
                    self.image,
                    first,
                    &self.folder,
                    self.instruction,
                    &self.instruction_words(),
                ))
            }
            Miss::NotAFolder(path) => {
                let message =
                    format!("the command {shown} is not in the image: {} is no folder", printable_bytes(path));
                let finding = Finding::new(Id::CommandMissing, message).missing(first.as_bytes());
                finding.evidence(path, "is a file").remedy([Remedy::CopyProgram(first.as_bytes().to_vec())])
            }
        }
    }

    /// Does this link lead back to itself, by whatever number of links?
    fn is_circle(&self, link: &[u8]) -> bool {
        let mut at = link.to_vec();
        for _ in 0..MOST_LINKS {
            match self.image.tree.entry(&at) {
                Ok(found) if found.entry.kind == Kind::Link => {
                    at = join(&fixes::parent(&found.path), found.entry.target);
                }
                Ok(_) => return false,
                Err(miss) => return matches!(miss, Miss::Loop(_)),
            }
        }
        true
    }

    fn where_it_looks(&self, first: &str) -> String {
        if first.starts_with('/') {
            return format!("{} is looked for as it is", printable(first));
        }
        format!("WORKDIR is {}", printable_bytes(&self.folder))
    }

    pub(super) fn forbidden(&self, shown: &str, path: &[u8], mode: u16) -> Finding {
        let message = format!("the user may not execute {shown} (mode {mode:04o})");
        let says = format!("has mode {mode:04o}{}", self.owner_and_user(path));
        let mut remedies = vec![Remedy::MakeExecutable(self.place(path))];
        if mode & 0o111 != 0 {
            remedies.push(Remedy::RootUser);
        }
        Finding::new(Id::CommandNotExecutable, message).evidence(path, says).remedy(remedies)
    }

    /// ` and belongs to 0:0; the user is 1000:1000`.
    pub(super) fn owner_and_user(&self, path: &[u8]) -> String {
        let found = self.image.tree.lookup(path);
        let owner = found.map(|found| format!(" and belongs to {}:{}", found.entry.uid, found.entry.gid));
        format!("{}; {}", owner.unwrap_or_default(), self.user())
    }

    /// `the user is 1000:1000`.
    fn user(&self) -> String {
        let gids: Vec<_> = self.identity.gids.iter().map(u32::to_string).collect();
        format!("the user is {}:{}", self.identity.uid, gids.join(","))
    }
}
