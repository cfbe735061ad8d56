//! What was found: a reason why the image cannot start, the evidence for it, and what would help.
//!
//! Findings are values, not sentences: how a remedy looks as a line of a Dockerfile is for whoever prints it.

pub use crate::fix::{Copy, Instruction, Language, Libc, Packager, Place, Remedy};

use std::fmt;

/// The kind of a finding, with a name that stays: programs match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// Neither ENTRYPOINT nor CMD.
    NothingToRun,
    /// USER names somebody who is not in `/etc/passwd`.
    UserUnknown,
    /// USER names a group that is not in `/etc/group`.
    GroupUnknown,
    /// WORKDIR is there and is no folder.
    WorkdirNotAFolder,
    /// A string-form command, and the shell for it is not in the image.
    ShellMissing,
    /// A command without a `/` that is in no folder of PATH.
    CommandNotInPath,
    /// A command with a `/` that is not in the image.
    CommandMissing,
    /// The command is a symbolic link that leads nowhere.
    CommandDangling,
    /// The command is a folder.
    CommandIsFolder,
    /// The user may not execute the command.
    CommandNotExecutable,
    /// What a script names after `#!` is not in the image, or `env` finds no such program.
    InterpreterMissing,
    /// The user may not execute the interpreter, or it is no program.
    InterpreterNotExecutable,
    /// The interpreter would have to open the script, and the user may not read it.
    ScriptNotReadable,
    /// A carriage return at the end of the `#!` line is taken as part of the interpreter's name.
    CrlfInScript,
    /// A text without `#!`.
    ScriptWithoutInterpreter,
    /// Neither a script nor an ELF file: the kernel refuses it.
    UnknownFormat,
    /// A script whose interpreter is a script, and so on, beyond what the kernel follows.
    InterpretersNested,
    /// Built for a machine other than the image's platform.
    WrongArchitecture,
    /// An ELF file that is no program.
    NotAProgram,
    /// An ELF file that is cut off or makes no sense.
    ElfDamaged,
    /// The dynamic loader that a program asks for is not in the image.
    LoaderMissing,
    /// The same, and the image has musl where the program wants glibc.
    GlibcProgramOnMusl,
    /// The same, and the image has glibc where the program wants musl.
    MuslProgramOnGlibc,
    /// The loader is there and cannot be executed.
    LoaderUnusable,
    /// A library is in none of the places where the loader looks.
    LibraryMissing,
    /// What the loader finds under the library's name is no library for it.
    LibraryUnusable,
    /// A library is there, in a version too old.
    VersionMissing,
    /// PATH has a file that only others may execute before the one that is executed: older engines stop at it.
    CommandShadowed,
    /// Java code was compiled for a newer runtime.
    ClassTooNew,
    /// The program refers to a bundle of CA certificates, and there is none.
    CaCertificatesMissing,
    /// The program looks up host names through libraries that are not there.
    NameServiceMissing,
    /// The program refers to time zones, and there are none.
    ZoneinfoMissing,
    /// The program looks up users, and there is no `/etc/passwd`.
    PasswdMissing,
}

impl Id {
    /// Every id, in the order of the documentation.
    pub const ALL: [Self; 33] = [
        Self::NothingToRun,
        Self::UserUnknown,
        Self::GroupUnknown,
        Self::WorkdirNotAFolder,
        Self::ShellMissing,
        Self::CommandNotInPath,
        Self::CommandMissing,
        Self::CommandDangling,
        Self::CommandIsFolder,
        Self::CommandNotExecutable,
        Self::InterpreterMissing,
        Self::InterpreterNotExecutable,
        Self::ScriptNotReadable,
        Self::CrlfInScript,
        Self::ScriptWithoutInterpreter,
        Self::UnknownFormat,
        Self::InterpretersNested,
        Self::WrongArchitecture,
        Self::NotAProgram,
        Self::ElfDamaged,
        Self::LoaderMissing,
        Self::GlibcProgramOnMusl,
        Self::MuslProgramOnGlibc,
        Self::LoaderUnusable,
        Self::LibraryMissing,
        Self::LibraryUnusable,
        Self::VersionMissing,
        Self::CommandShadowed,
        Self::ClassTooNew,
        Self::CaCertificatesMissing,
        Self::NameServiceMissing,
        Self::ZoneinfoMissing,
        Self::PasswdMissing,
    ];

    /// Its name: lower case, with hyphens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NothingToRun => "nothing-to-run",
            Self::UserUnknown => "user-unknown",
            Self::GroupUnknown => "group-unknown",
            Self::WorkdirNotAFolder => "workdir-not-a-folder",
            Self::ShellMissing => "shell-missing",
            Self::CommandNotInPath => "command-not-in-path",
            Self::CommandMissing => "command-missing",
            Self::CommandDangling => "command-dangling",
            Self::CommandIsFolder => "command-is-folder",
            Self::CommandNotExecutable => "command-not-executable",
            Self::InterpreterMissing => "interpreter-missing",
            Self::InterpreterNotExecutable => "interpreter-not-executable",
            Self::ScriptNotReadable => "script-not-readable",
            Self::CrlfInScript => "crlf-in-script",
            Self::ScriptWithoutInterpreter => "script-without-interpreter",
            Self::UnknownFormat => "unknown-format",
            Self::InterpretersNested => "interpreters-nested",
            Self::WrongArchitecture => "wrong-architecture",
            Self::NotAProgram => "not-a-program",
            Self::ElfDamaged => "elf-damaged",
            Self::LoaderMissing => "loader-missing",
            Self::GlibcProgramOnMusl => "glibc-program-on-musl",
            Self::MuslProgramOnGlibc => "musl-program-on-glibc",
            Self::LoaderUnusable => "loader-unusable",
            Self::LibraryMissing => "library-missing",
            Self::LibraryUnusable => "library-unusable",
            Self::VersionMissing => "version-missing",
            Self::CommandShadowed => "command-shadowed",
            Self::ClassTooNew => "class-too-new",
            Self::CaCertificatesMissing => "ca-certificates-missing",
            Self::NameServiceMissing => "name-service-missing",
            Self::ZoneinfoMissing => "zoneinfo-missing",
            Self::PasswdMissing => "passwd-missing",
        }
    }

    /// Does it follow from the image alone, or does it depend on what the program will do?
    pub const fn certainty(self) -> Certainty {
        match self {
            Self::CommandShadowed
            | Self::ClassTooNew
            | Self::CaCertificatesMissing
            | Self::NameServiceMissing
            | Self::ZoneinfoMissing
            | Self::PasswdMissing => Certainty::Likely,
            _ => Certainty::Certain,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The image cannot start.
    Certain,
    /// The image starts, and then probably fails; or it does not start on some engines.
    Likely,
}

impl Certainty {
    /// `certain` or `likely`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
        }
    }
}

/// One thing that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub id: Id,
    /// What is wrong, in half a sentence without a full stop, safe to print.
    pub message: String,
    /// What is not there, where that is what is wrong: a path, a library's name, a version.
    pub missing: Option<Vec<u8>>,
    /// How it is known, from the command to the last file that says so.
    pub evidence: Vec<Evidence>,
    /// What would help, first what a minimal image wants.
    pub remedies: Vec<Remedy>,
}

impl Finding {
    /// A finding without evidence or remedies yet.
    pub fn new(id: Id, message: impl Into<String>) -> Self {
        Self { id, message: message.into(), missing: None, evidence: Vec::new(), remedies: Vec::new() }
    }

    /// Names what is missing.
    #[must_use]
    pub fn missing(mut self, what: impl Into<Vec<u8>>) -> Self {
        self.missing = Some(what.into());
        self
    }

    /// Adds evidence.
    #[must_use]
    pub fn evidence(mut self, source: impl Into<Source>, says: impl Into<String>) -> Self {
        self.evidence.push(Evidence { source: source.into(), says: says.into() });
        self
    }

    /// Adds remedies.
    #[must_use]
    pub fn remedy(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.remedies.extend(remedies);
        self
    }
}

/// What says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it is said.
    pub source: Source,
    /// What is said, safe to print.
    pub says: String,
}

/// Where something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the image's configuration.
    Config,
    /// In this file of the image.
    File(Vec<u8>),
}

impl From<&[u8]> for Source {
    fn from(path: &[u8]) -> Self {
        Self::File(path.to_vec())
    }
}

impl From<&Vec<u8>> for Source {
    fn from(path: &Vec<u8>) -> Self {
        Self::File(path.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn every_id_has_a_name_of_its_own_in_kebab_case() {
        let mut names = Id::ALL.map(Id::name).to_vec();
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Id::ALL.len());
    }
}
