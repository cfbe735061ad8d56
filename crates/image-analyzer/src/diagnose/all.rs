//! Every program, library and script of an image, whether the image starts it or not.
//!
//! What packages bring along on purpose is left out: files for debugging and for tests, examples, programs for other machines in
//! folders of their own, parts that are optional. A library counts as there if a file of its name is anywhere in the image,
//! because a program may bring its own search path along.

use std::collections::{BTreeMap, BTreeSet};

use super::{Diagnoser, started};
use crate::diagnose::facts::StartedBy;
use crate::elf::{ElfInfo, ElfType, Machine, machine_of};
use crate::extract::file_content::FileContent;
use crate::finding::{Finding, FindingKind, Libc};
use crate::image::Image;
use crate::path::components;
use crate::printable::printable_bytes;
use crate::rules::path_lookup::DEFAULT_PATH;
use crate::rules::user::UserIds;

/// Folders of what is not meant to run, wherever they are.
const APART: [&[u8]; 14] = [
    b"debug",
    b".debug",
    b"test",
    b"tests",
    b"testdata",
    b"testing",
    b"example",
    b"examples",
    b"doc",
    b"docs",
    b"fixtures",
    b"template",
    b"templates",
    b"prebuilds",
];

/// Folders in which packages keep scripts that are no commands, wherever they are; not those of the application in WORKDIR.
const SCRIPTS_APART: [&[u8]; 12] = [
    b"src",
    b"lib",
    b"lib64",
    b"libexec",
    b"share",
    b"misc",
    b"etc",
    b"var",
    b"node_modules",
    b"site-packages",
    b"dist-packages",
    b"vendor",
];

/// What was looked at, and what could not run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many programs, libraries and scripts were looked at.
    pub files: usize,
    /// What could not run, by file; each message names its file.
    pub findings: Vec<Finding>,
}

/// Looks at every ELF program and library and every script with a `#!` line of the image.
pub fn survey(image: &Image) -> Survey {
    let image = &started(image);
    let is_wanted = |_: &[u8], content: &FileContent| match content {
        FileContent::Elf(_) => true,
        other => other.head().starts_with(b"#!"),
    };
    let paths = image.files.paths_of(&is_wanted);
    let paths: Vec<_> = paths.into_iter().filter(|path| !is_apart(path)).collect();
    let libraries = Libraries::of(image, &paths);
    let mut survey = Survey::default();
    for path in &paths {
        let Ok(found) = image.files.entry(path) else { continue };
        let findings = match found.entry.content.elf().map(|elf| elf.info.as_ref()) {
            None if found.entry.mode & 0o111 == 0 || is_script_apart(image, path) => continue,
            None => alone(image, path).into_iter().filter(|finding| is_of_script(finding.kind)).collect(),
            Some(Err(_)) if found.entry.mode & 0o111 == 0 => continue,
            Some(Err(_)) => alone(image, path),
            Some(Ok(elf)) if elf.kind == ElfType::Object || !libraries.is_for(elf, path, image) => continue,
            Some(Ok(elf)) if is_program(elf) => {
                if found.entry.mode & 0o111 == 0 {
                    continue;
                }
                let elsewhere = |finding: &Finding| {
                    finding.kind == FindingKind::LibraryMissing
                        && finding.missing.as_ref().is_some_and(|name| libraries.there.contains(name))
                };
                alone(image, path).into_iter().filter(|finding| !elsewhere(finding)).collect()
            }
            Some(Ok(elf)) => libraries.lost(image, path, elf),
        };
        survey.files += 1;
        survey.findings.extend(findings);
    }
    survey
}

/// What is found if the file is executed by root.
fn alone(image: &Image, path: &[u8]) -> Vec<Finding> {
    let mut diagnoser = Diagnoser {
        user_ids: UserIds::root(),
        is_survey: true,
        ..Diagnoser::new(image, image.config.variable("PATH").unwrap_or(DEFAULT_PATH))
    };
    diagnoser.execute(path, StartedBy::Engine, 0);
    diagnoser.findings
}

fn is_of_script(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::InterpreterMissing
            | FindingKind::InterpreterOption
            | FindingKind::InterpretersNested
            | FindingKind::CrlfInScript
            | FindingKind::ScriptRunsItself
    )
}

/// Is it started by the kernel, and no library?
fn is_program(elf: &ElfInfo) -> bool {
    elf.interpreter.is_some() || elf.kind == ElfType::Fixed || elf.pie
}

/// Is it among what is not meant to run?
fn is_apart(path: &[u8]) -> bool {
    let is_folder = |part: &[u8]| APART.iter().any(|apart| part.eq_ignore_ascii_case(apart));
    path.ends_with(b".debug") || components(path).any(is_folder)
}

fn is_script_apart(image: &Image, path: &[u8]) -> bool {
    let own = image.config.working_dir.trim_end_matches('/').as_bytes();
    let rest = path.strip_prefix(own).filter(|rest| !own.is_empty() && rest.starts_with(b"/")).unwrap_or(path);
    components(rest).any(|part| SCRIPTS_APART.contains(&part))
}

/// What is known of the libraries of an image, by name.
struct Libraries {
    machine: Option<Machine>,
    /// The libc of the image, if it has one only.
    libc: Option<Libc>,
    /// Does an image of musl bring a glibc of its own along, which something starts its programs by?
    has_own_glibc: bool,
    /// Those of the names that are needed which are there.
    there: BTreeSet<Vec<u8>>,
    /// The versions that all files of a name provide; `None` if one of them has no versions.
    versions: BTreeMap<Vec<u8>, Option<BTreeSet<Vec<u8>>>>,
}

impl Libraries {
    fn of(image: &Image, paths: &[Vec<u8>]) -> Self {
        let info = |path: &Vec<u8>| image.files.entry(path).ok()?.entry.content.elf()?.info.as_ref().ok();
        let needed: BTreeSet<&[u8]> =
            paths.iter().filter_map(info).flat_map(|elf| &elf.needed).map(Vec::as_slice).collect();
        let mut there = BTreeSet::new();
        let mut versions: BTreeMap<Vec<u8>, Option<BTreeSet<Vec<u8>>>> = BTreeMap::new();
        for path in image.files.named(&needed) {
            let Ok(found) = image.files.lookup(&path) else { continue };
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
            let all = versions.entry(name.clone()).or_insert_with(|| Some(BTreeSet::new()));
            match found.entry.content.elf().and_then(|elf| elf.info.as_ref().ok()?.provides.as_ref()) {
                Some(provided) => all.iter_mut().for_each(|all| all.extend(provided.iter().cloned())),
                None => *all = None,
            }
            there.insert(name);
        }
        let diagnoser = Diagnoser::new(image, DEFAULT_PATH);
        let has = [Libc::Glibc, Libc::Musl].map(|libc| diagnoser.has_libc(libc).is_some());
        let libc = match has {
            [true, false] => Some(Libc::Glibc),
            [false, true] => Some(Libc::Musl),
            _ => None,
        };
        let has_own_glibc = libc == Some(Libc::Musl) && there.contains(&b"libc.so.6"[..]);
        Self { machine: machine_of(&image.config.platform.arch), libc, has_own_glibc, there, versions }
    }

    /// Is it for the machine of the image, or else where commands are?
    fn is_for(&self, elf: &ElfInfo, path: &[u8], image: &Image) -> bool {
        let folders = image.config.variable("PATH").unwrap_or(DEFAULT_PATH);
        let folder = path.iter().rposition(|byte| *byte == b'/').and_then(|end| path.get(..end)).unwrap_or_default();
        let is_command = is_program(elf) && folders.split(':').any(|other| other.as_bytes() == folder);
        let needs_glibc = elf.interpreter.iter().chain(&elf.needed).any(|name| {
            let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            name == b"libc.so.6" || crate::elf::is_glibc_loader(name)
        });
        if self.has_own_glibc && needs_glibc && !is_command {
            return false;
        }
        is_command || self.machine.is_none_or(|machine| machine == elf.machine)
    }

    /// What a library needs and no folder of the image has.
    fn lost(&self, image: &Image, path: &[u8], elf: &ElfInfo) -> Vec<Finding> {
        let Some(libc) = self.libc.filter(|_| !is_optional(image, path)) else { return Vec::new() };
        let shown = printable_bytes(path);
        let is_itself = |name: &[u8]| libc == Libc::Musl && crate::dynamic_loader::is_musl_itself(name);
        let absent = |name: &&Vec<u8>| !name.contains(&b'/') && !self.there.contains(*name) && !is_itself(name);
        let mut findings: Vec<_> = elf
            .needed
            .iter()
            .filter(absent)
            .map(|name| {
                let name_shown = printable_bytes(name);
                let message = format!("the library {name_shown} of {shown} is not in the image");
                let finding = Finding::new(FindingKind::LibraryMissing, message).missing(name.clone());
                finding.evidence(path, format!("needs {name_shown} (DT_NEEDED)"))
            })
            .collect();
        for required in elf.requires.iter().filter(|_| libc == Libc::Glibc) {
            let Some(Some(provided)) = self.versions.get(&required.library) else { continue };
            let Some(version) = required.versions.iter().rfind(|version| !provided.contains(*version)) else {
                continue;
            };
            let (version_shown, library) = (printable_bytes(version), printable_bytes(&required.library));
            let message = format!("{shown} needs {version_shown}, which no {library} of the image provides");
            let finding = Finding::new(FindingKind::VersionMissing, message).missing(version.clone());
            findings.push(finding.evidence(path, format!("needs {version_shown}")));
        }
        findings
    }
}

/// Is it a part of a Java runtime for screens and sound, which runtimes without them bring along?
fn is_optional(image: &Image, path: &[u8]) -> bool {
    let Some(end) = path.iter().rposition(|byte| *byte == b'/') else { return false };
    let (folder, name) = path.split_at(end);
    let is_core = [&b"/libjava.so"[..], b"/libnet.so", b"/libnio.so", b"/libzip.so"].contains(&name);
    !is_core && image.files.lookup(&[folder, b"/libjava.so"].concat()).is_ok()
}
