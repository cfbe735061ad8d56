//! Why an image cannot start: the command is followed until something is missing.
//!
//! Nothing is run. The findings follow from the files alone, by the rules of the engine, the kernel and the loaders. What a
//! program does once it runs is not known, so an image without findings may still fail.

pub(crate) mod all;
mod argument;
mod command;
mod facts;
mod fixes;
mod interpreter;
mod library;
mod program;
mod python;
mod run_as;
mod script;
mod shell;
mod symbols;
mod warnings;
mod wrappers;

use crate::config::variable;
use crate::finding::{Certainty, Evidence, Finding, FindingKind, Fix, FixTarget, Instruction, Source};
use crate::image::Image;
use crate::layer::FileKind;
use crate::path::is_mounted;
use crate::printable::{printable, printable_bytes, printable_json};
use crate::rules::path_lookup::{DEFAULT_PATH, PathLookup};
use crate::rules::user::{Unknown, UserIds};
use crate::trace::{Role, Status, TraceStep};
use crate::tree::LookupError;

/// The result of a diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The words of the command: ENTRYPOINT, then CMD.
    pub command: Vec<String>,
    /// The findings, in the order in which they would be met; the likely ones come last.
    pub findings: Vec<Finding>,
    /// Each file that was followed, from the command to the last library.
    pub trace: TraceStep,
}

impl Diagnosis {
    /// Whether no certain finding keeps the image from starting.
    pub fn can_start(&self) -> bool {
        self.findings.iter().all(|finding| finding.kind.certainty() == Certainty::Likely)
    }

    /// The message of the first finding, with the number of the others; `None` without findings. Safe to print.
    pub fn summary(&self) -> Option<String> {
        let first = self.findings.first()?;
        Some(match self.findings.len() - 1 {
            0 => first.message.clone(),
            more => format!("{} (and {more} more)", first.message),
        })
    }
}

/// Looks for reasons why this image cannot start, without running it.
pub fn diagnose(image: &Image) -> Diagnosis {
    let image = &started(image);
    let config = &image.config;
    let words: Vec<String> = config.entrypoint.iter().chain(&config.cmd).cloned().collect();
    let instruction = if config.entrypoint.is_empty() { Instruction::Cmd } else { Instruction::Entrypoint };
    let mut trace = TraceStep::new(Role::Command, shown_command(image));
    let mut early = Vec::new();
    let user_ids = UserIds::of(&config.user, &image.files).unwrap_or_else(|unknown| {
        early.push(unknown_user(image, &unknown));
        UserIds::root()
    });
    early.extend(bad_folder(image));
    let path = config.variable("PATH").unwrap_or(DEFAULT_PATH);
    let mut diagnoser = Diagnoser { user_ids, instruction, findings: early, ..Diagnoser::new(image, path) };
    if words.is_empty() {
        let finding = Finding::new(FindingKind::NothingToRun, "neither ENTRYPOINT nor CMD says what to run");
        let program = diagnoser.some_program();
        diagnoser.report(finding.fix([Fix::SetCommand(Instruction::Cmd, program)]));
        trace.status = Status::Missing;
    } else {
        trace.status = Status::Found;
        trace.needs = diagnoser.start(&words);
    }
    diagnoser.findings.append(&mut diagnoser.likely);
    Diagnosis { command: words, findings: diagnoser.findings, trace }
}

/// The state while the command is followed.
struct Diagnoser<'i> {
    image: &'i Image,
    user_ids: UserIds,
    /// WORKDIR.
    folder: Vec<u8>,
    /// The environment as `NAME=value`: the image's, then what is assigned on the way.
    env: Vec<String>,
    /// PATH.
    path: String,
    /// The instruction that holds the program.
    instruction: Instruction,
    /// Is each file of the image looked at, not only what it starts?
    is_survey: bool,
    /// The script that is followed.
    script: Option<Vec<u8>>,
    /// The evidence for the file that is followed now.
    evidence_path: Vec<Evidence>,
    findings: Vec<Finding>,
    /// Findings that are only likely; they come last.
    likely: Vec<Finding>,
}

impl<'i> Diagnoser<'i> {
    /// One that looks from WORKDIR as root.
    fn new(image: &'i Image, path: &str) -> Self {
        Self {
            image,
            user_ids: UserIds::root(),
            folder: folder(image),
            env: image.config.env.clone(),
            path: path.to_owned(),
            instruction: Instruction::Cmd,
            is_survey: false,
            script: None,
            evidence_path: Vec::new(),
            findings: Vec::new(),
            likely: Vec::new(),
        }
    }
}

impl Diagnoser<'_> {
    fn search(&self) -> PathLookup<'_> {
        PathLookup { tree: &self.image.files, user_ids: &self.user_ids, folder: &self.folder, path: &self.path }
    }

    /// The value of a variable of the environment.
    fn variable(&self, name: &str) -> Option<&str> {
        variable(&self.env, name)
    }

    /// Continues with this variable in the environment.
    fn assign(&mut self, name: &str, value: &str) {
        self.env.push(format!("{name}={value}"));
        if name == "PATH" {
            value.clone_into(&mut self.path);
        }
    }

    /// Adds a finding, with the evidence path before its own evidence.
    fn report(&mut self, mut finding: Finding) {
        let own = std::mem::replace(&mut finding.evidence, self.evidence_path.clone());
        finding.evidence.extend(own);
        match finding.kind.certainty() {
            Certainty::Certain => self.findings.push(finding),
            Certainty::Likely => self.likely.push(finding),
        }
    }

    /// A file or folder whose permissions must change.
    fn place(&self, path: &[u8]) -> FixTarget {
        let tree = &self.image.files;
        let has = |path: &str| tree.lookup(path.as_bytes()).is_ok_and(|found| found.entry.mode & 0o111 != 0);
        let runs = has("/bin/sh") && (has("/bin/chmod") || has("/usr/bin/chmod"));
        let is_folder = tree.lookup(path).is_ok_and(|found| found.entry.kind == FileKind::Folder);
        FixTarget { path: path.to_vec(), is_folder, by_run: runs.then(|| self.image.config.user.clone()) }
    }

    /// Adds a step to the evidence path.
    fn record_step<'s>(&mut self, source: impl Into<Source<'s>>, text: impl Into<String>) {
        self.evidence_path.push(Evidence::new(source.into(), text));
    }
}

/// How many volumes are looked at: more than any image has.
const MOST_VOLUMES: usize = 64;

/// The image as the engine starts it, with its WORKDIR and the folders of its volumes created if they are missing.
fn started(image: &Image) -> Image {
    let files = image.files.with_folder(&folder(image));
    let volumes = image.config.volumes.iter().take(MOST_VOLUMES);
    let files = volumes.fold(files, |files, volume| files.with_folder(volume.as_bytes()));
    Image { names: Vec::new(), config: image.config.merged(), files }
}

/// WORKDIR, or the root.
fn folder(image: &Image) -> Vec<u8> {
    let folder = image.config.working_dir.as_bytes();
    if folder.is_empty() { b"/".to_vec() } else { folder.to_vec() }
}

/// `ENTRYPOINT ["a"] CMD ["b"]`, each if it is set.
fn shown_command(image: &Image) -> String {
    let parts = [(Instruction::Entrypoint, &image.config.entrypoint), (Instruction::Cmd, &image.config.cmd)];
    let said = parts.iter().filter(|(_, words)| !words.is_empty());
    let said: Vec<_> = said.map(|(name, words)| format!("{} {}", name.name(), printable_json(words))).collect();
    if said.is_empty() { "no ENTRYPOINT, no CMD".to_owned() } else { said.join(" ") }
}

/// A user or group that is in no file of the image, and the words for it.
struct NotListed<'u> {
    kind: FindingKind,
    /// `user` or `group`.
    what: &'static str,
    name: &'u str,
    /// The file that should have it.
    file: &'static str,
    /// What is wrong with that file.
    says: &'static str,
}

impl<'u> NotListed<'u> {
    fn of(image: &Image, unknown: &'u Unknown) -> Self {
        let (kind, what, name, file) = match unknown {
            Unknown::User(name) => (FindingKind::UserUnknown, "user", name, "/etc/passwd"),
            Unknown::Group(name) => (FindingKind::GroupUnknown, "group", name, "/etc/group"),
        };
        let there = image.files.lookup(file.as_bytes()).is_ok();
        let says = if there { "has no such entry" } else { "is not in the image" };
        Self { kind, what, name, file, says }
    }
}

/// Reports the user or group of USER that the engine does not find.
fn unknown_user(image: &Image, unknown: &Unknown) -> Finding {
    let NotListed { kind, what, name, file, says } = NotListed::of(image, unknown);
    let user = printable(&image.config.user).into_owned();
    // The largest that moby/sys takes (`user.maxID`).
    if name.len() > 9 && name.bytes().all(|digit| digit.is_ascii_digit()) {
        let message = format!("the {what} {name} is out of range: the engine accepts numbers up to {}", i32::MAX);
        let finding = Finding::new(kind, message).evidence(Source::Config, format!("USER {user}"));
        return finding.fix(fixes::for_user(image, name, kind));
    }
    Finding::new(kind, format!("the {what} {} is not in {file}", printable(name)))
        .missing(name.as_bytes())
        .evidence(Source::Config, format!("USER {user}"))
        .evidence(file.as_bytes(), says)
        .fix(fixes::for_user(image, name, kind))
}

/// A WORKDIR that exists and is not a folder. The engine creates a missing one.
fn bad_folder(image: &Image) -> Option<Finding> {
    let folder = folder(image);
    let shown = printable_bytes(&folder);
    if is_mounted(&folder) {
        return None;
    }
    let (what, says) = match image.files.lookup(&folder) {
        Ok(found) if found.entry.kind == FileKind::Folder => return None,
        Ok(found) => (found.path, "is a file in the image"),
        Err(LookupError::NotAFolder(path)) => (path, "is a file in the image"),
        Err(LookupError::Loop(path)) => (path, "is in a chain of more than 40 symlinks"),
        Err(LookupError::Missing(_) | LookupError::Dangling { .. }) => return None,
    };
    let finding =
        Finding::new(FindingKind::WorkdirNotAFolder, format!("the working directory {shown} is not a folder"));
    let finding = finding.evidence(Source::Config, format!("WORKDIR {shown}"));
    Some(finding.evidence(&what, says).fix([Fix::Workdir(b"/".to_vec())]))
}

#[cfg(test)]
mod tests;
