//! Findings: the reasons why an image cannot start, with evidence and fixes.
//!
//! A finding is a value. The caller decides how to print a fix.

pub(crate) use crate::fix::{FileCopy, Fix, FixTarget, Instruction, Language, Libc, PackageManager};

use std::fmt;

/// The kind of a finding. Its id is stable: programs may match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// There is neither an ENTRYPOINT nor a CMD.
    NothingToRun,
    /// USER names a user who is not in `/etc/passwd`.
    UserUnknown,
    /// USER names a group that is not in `/etc/group`.
    GroupUnknown,
    /// WORKDIR exists and is not a folder.
    WorkdirNotAFolder,
    /// The command is in string form, and its shell is not in the image.
    ShellMissing,
    /// The command was meant as a list of words, but is not valid JSON, so that a shell gets it as a line.
    JsonFormInvalid,
    /// The command has no `/` and is not in any folder of PATH.
    CommandNotInPath,
    /// The command has a `/` and is not in the image.
    CommandMissing,
    /// `gosu` or `su-exec` is not run as root, and cannot change the user.
    UserCannotChange,
    /// The command is a symbolic link to a missing file, or part of a loop of links.
    CommandDangling,
    /// The command is a folder.
    CommandIsFolder,
    /// The user cannot execute the command.
    CommandNotExecutable,
    /// The interpreter after `#!`, or the program that `env` looks for, is not in the image.
    InterpreterMissing,
    /// The user cannot execute the interpreter, or it is not a program.
    InterpreterNotExecutable,
    /// The interpreter must open the script, and the user cannot read it.
    ScriptNotReadable,
    /// The `#!` line gives its interpreter several options as one word, which the interpreter does not know.
    InterpreterOption,
    /// The `#!` line makes `env` start the script itself again, for ever.
    ScriptRunsItself,
    /// The file or class that an interpreter is told to run is not in the image.
    ArgumentMissing,
    /// The archive that `java` is told to run is no archive, or names no class to start.
    ArgumentUnusable,
    /// The command changes to a folder that is not in the image, and ends there.
    FolderMissing,
    /// A carriage return at the end of the `#!` line becomes part of the interpreter's name.
    CrlfInScript,
    /// A text file without `#!`.
    ScriptWithoutInterpreter,
    /// Neither a script nor an ELF file: the kernel refuses to execute it.
    UnknownFormat,
    /// A script whose interpreter is a script, and so on, deeper than the kernel follows.
    InterpretersNested,
    /// The program is built for another machine than the image's platform.
    WrongArchitecture,
    /// An ELF file that is not a program.
    NotAProgram,
    /// An ELF file that is cut off or invalid.
    ElfDamaged,
    /// The dynamic loader of a program is not in the image.
    LoaderMissing,
    /// The loader is missing because the image has musl and the program needs glibc.
    GlibcProgramOnMusl,
    /// The loader is missing because the image has glibc and the program needs musl.
    MuslProgramOnGlibc,
    /// The loader is in the image and cannot be executed.
    LoaderUnusable,
    /// A library is in no folder of the loader's search path.
    LibraryMissing,
    /// The loader finds a file under the name of a library, and it is not a usable library.
    LibraryUnusable,
    /// Python's standard library is not in the image.
    StandardLibraryMissing,
    /// A library is too old: it lacks a symbol version.
    VersionMissing,
    /// No library that is loaded defines a symbol that must be there at the start.
    SymbolMissing,
    /// A file that the user cannot execute comes first in PATH: older engines stop at it.
    CommandShadowed,
    /// Java code is compiled for a newer release than the image's runtime.
    ClassTooNew,
    /// The program refers to CA certificates, and the image has none.
    CaCertificatesMissing,
    /// The program resolves host names, and the libraries for that are not in the image.
    NameServiceMissing,
    /// The program refers to time zones, and the image has none.
    ZoneinfoMissing,
    /// The program looks up users, and the image has no `/etc/passwd`.
    PasswdMissing,
    /// The program makes temporary files, and the image has no `/tmp`.
    TmpMissing,
    /// A virtual environment of Python has its packages for another version than its interpreter.
    VenvVersion,
}

impl FindingKind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 44] = [
        Self::NothingToRun,
        Self::UserUnknown,
        Self::GroupUnknown,
        Self::WorkdirNotAFolder,
        Self::ShellMissing,
        Self::JsonFormInvalid,
        Self::CommandNotInPath,
        Self::CommandMissing,
        Self::UserCannotChange,
        Self::CommandDangling,
        Self::CommandIsFolder,
        Self::CommandNotExecutable,
        Self::InterpreterMissing,
        Self::InterpreterNotExecutable,
        Self::ScriptNotReadable,
        Self::InterpreterOption,
        Self::ScriptRunsItself,
        Self::ArgumentMissing,
        Self::ArgumentUnusable,
        Self::FolderMissing,
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
        Self::StandardLibraryMissing,
        Self::VersionMissing,
        Self::SymbolMissing,
        Self::CommandShadowed,
        Self::ClassTooNew,
        Self::CaCertificatesMissing,
        Self::NameServiceMissing,
        Self::ZoneinfoMissing,
        Self::PasswdMissing,
        Self::TmpMissing,
        Self::VenvVersion,
    ];

    /// Its stable id, in lower case with hyphens: `library-missing`.
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
            Self::ArgumentMissing => "argument-missing",
            Self::ArgumentUnusable => "argument-unusable",
            Self::FolderMissing => "folder-missing",
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
            Self::SymbolMissing => "symbol-missing",
            Self::CommandShadowed => "command-shadowed",
            Self::ClassTooNew => "class-too-new",
            Self::CaCertificatesMissing => "ca-certificates-missing",
            Self::NameServiceMissing => "name-service-missing",
            Self::ZoneinfoMissing => "zoneinfo-missing",
            Self::PasswdMissing => "passwd-missing",
            Self::TmpMissing => "tmp-missing",
            Self::VenvVersion => "venv-version",
            Self::JsonFormInvalid => "json-form-invalid",
            Self::UserCannotChange => "user-cannot-change",
            Self::InterpreterOption => "interpreter-option",
            Self::ScriptRunsItself => "script-runs-itself",
            Self::StandardLibraryMissing => "standard-library-missing",
        }
    }

    /// Phrases, in lower case, that a program prints when it fails for this reason; empty for a reason that keeps it from
    /// starting. A program that prints none of them failed for another reason.
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
            Self::TmpMissing => &["/tmp", "temporary", "tempfile"],
            Self::VenvVersion => &["modulenotfounderror", "no module named"],
            Self::CommandShadowed => &["permission denied"],
            Self::ClassTooNew => &["unsupportedclassversionerror", "class file version"],
            _ => &[],
        }
    }

    /// What has to happen for a program that starts to fail for this reason, as the rest of a sentence that starts with "it
    /// fails if"; `None` for a reason that keeps it from starting.
    pub const fn fails_if(self) -> Option<&'static str> {
        Some(match self {
            Self::CommandShadowed => "the engine's runc was built with Go before 1.20",
            Self::ClassTooNew => "java loads that class",
            Self::CaCertificatesMissing => "it makes a TLS connection and verifies the server's certificate",
            Self::NameServiceMissing => "it looks up a host name that is not in /etc/hosts",
            Self::ZoneinfoMissing => "it needs the time of a zone other than UTC and does not go on without",
            Self::PasswdMissing => "it looks up a user, by name or number, and does not go on without",
            Self::TmpMissing => "it makes a temporary file and does not go on without",
            Self::VenvVersion => "it imports a package of the virtual environment",
            _ => return None,
        })
    }

    /// Whether it follows from the image alone or depends on what the program does.
    pub const fn certainty(self) -> Certainty {
        match self {
            Self::CommandShadowed
            | Self::ClassTooNew
            | Self::CaCertificatesMissing
            | Self::NameServiceMissing
            | Self::ZoneinfoMissing
            | Self::PasswdMissing
            | Self::TmpMissing
            | Self::VenvVersion => Certainty::Likely,
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
    /// The image starts and may then fail, or it does not start on some engines.
    Likely,
}

impl Certainty {
    /// Its name: `certain` or `likely`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
        }
    }
}

/// One reason why the image cannot start, or will probably fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub kind: FindingKind,
    /// What is wrong, as one clause without a full stop; safe to print.
    pub message: String,
    /// What is missing, if that is the reason: a path, the name of a library, a version. Bytes as in the image.
    pub missing: Option<Vec<u8>>,
    /// The facts that it follows from, from the command to the last file.
    pub evidence: Vec<Evidence>,
    /// What fixes it; the smallest change comes first.
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
    use super::{Certainty, FindingKind};

    #[test]
    fn each_likely_kind_says_what_it_takes_to_fail() {
        for kind in FindingKind::ALL {
            assert_eq!(kind.fails_if().is_some(), kind.certainty() == Certainty::Likely, "{kind}");
        }
    }

    #[test]
    fn every_id_has_a_name_of_its_own_in_kebab_case() {
        let mut names = FindingKind::ALL.map(FindingKind::id).to_vec();
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FindingKind::ALL.len());
    }
}
