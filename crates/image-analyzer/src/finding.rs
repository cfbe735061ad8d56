//! What was found: a reason why the image cannot start, the evidence for it, and what would help.
//!
//! Findings are values, not sentences: how a remedy looks as a line of a Dockerfile is for whoever prints it.

pub(crate) use crate::fix::{FileCopy, Fix, FixTarget, Instruction, Language, Libc, PackageManager};

use std::fmt;

/// The kind of a finding, with a name that stays: programs match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// Neither ENTRYPOINT nor CMD.
    NothingToRun,
    /// USER names somebody who is not in `/etc/passwd`.
    UserUnknown,
    /// USER names a group that is not in `/etc/group`.
    GroupUnknown,
    /// WORKDIR is there and is not a folder.
    WorkdirNotAFolder,
    /// A string-form command, and the shell for it is not in the image.
    ShellMissing,
    /// A command without a `/` that is not in any folder of PATH.
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
    /// The interpreter would have to open the script, and the user cannot read it.
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

impl FindingKind {
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
    pub const fn id(self) -> &'static str {
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

    /// Words, in lower case, of which a program prints some when it fails for this reason; empty for what keeps a program
    /// from starting. A program that prints none of them failed for another reason: without a network, say, it does not
    /// speak of certificates.
    pub const fn phrases(self) -> &'static [&'static str] {
        match self {
            Self::CaCertificatesMissing => &["certificate", "x509", "unknown issuer", "unknownissuer"],
            Self::NameServiceMissing => {
                &["dial tcp: lookup ", "resolv", "name resolution", "getaddrinfo", "no such host", "name or service"]
            }
            Self::ZoneinfoMissing => &["time zone", "timezone", "zoneinfo", "tzdata"],
            Self::PasswdMissing => &[
                "unknown user",
                "unknown uid",
                "no such user",
                "user not found",
                "uid not found",
                "user id",
                "getpw",
                "passwd",
            ],
            Self::CommandShadowed => &["permission denied"],
            Self::ClassTooNew => &["unsupportedclassversionerror", "class file version"],
            _ => &[],
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

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
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
    pub kind: FindingKind,
    /// What is wrong, in half a sentence without a full stop, safe to print.
    pub message: String,
    /// What is not there, where that is what is wrong: a path, a library's name, a version.
    pub missing: Option<Vec<u8>>,
    /// How it is known, from the command to the last file that says so.
    pub evidence: Vec<Evidence>,
    /// What would help, first what a minimal image wants.
    pub fixes: Vec<Fix>,
}

impl Finding {
    /// A finding without evidence or fixes yet.
    pub fn new(kind: FindingKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), missing: None, evidence: Vec::new(), fixes: Vec::new() }
    }

    /// Names what is missing.
    #[must_use]
    pub(crate) fn missing(mut self, what: impl Into<Vec<u8>>) -> Self {
        self.missing = Some(what.into());
        self
    }

    /// Adds evidence.
    #[must_use]
    pub(crate) fn evidence<'s>(mut self, source: impl Into<Source<'s>>, text: impl Into<String>) -> Self {
        self.evidence.push(Evidence::new(source.into(), text));
        self
    }

    /// Adds fixes.
    #[must_use]
    pub(crate) fn fix(mut self, fixes: impl IntoIterator<Item = Fix>) -> Self {
        self.fixes.extend(fixes);
        self
    }
}

/// One fact that a finding follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The file of the image that shows it; `None` for the image's configuration.
    pub path: Option<Vec<u8>>,
    /// What it shows, as the rest of a sentence that starts with the path; safe to print.
    pub text: String,
}

impl Evidence {
    pub(crate) fn new(source: Source<'_>, text: impl Into<String>) -> Self {
        let path = match source {
            Source::Config => None,
            Source::File(path) => Some(path.to_vec()),
        };
        Self { path, text: text.into() }
    }
}

/// Where a fact is from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'p> {
    /// The image's configuration.
    Config,
    /// The file at this path of the image.
    File(&'p [u8]),
}

impl<'p> From<&'p [u8]> for Source<'p> {
    fn from(path: &'p [u8]) -> Self {
        Self::File(path)
    }
}

impl<'p> From<&'p Vec<u8>> for Source<'p> {
    fn from(path: &'p Vec<u8>) -> Self {
        Self::File(path)
    }
}

#[cfg(test)]
mod tests {
    use super::FindingKind;

    #[test]
    fn every_id_has_a_name_of_its_own_in_kebab_case() {
        let mut names = FindingKind::ALL.map(FindingKind::id).to_vec();
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FindingKind::ALL.len());
    }
}
