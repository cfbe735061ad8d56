//! A fix as a value: what to change, not how to write it down.

/// The instruction that holds the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// ENTRYPOINT.
    Entrypoint,
    /// CMD.
    Cmd,
}

impl Instruction {
    /// The instruction as it is written: `ENTRYPOINT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entrypoint => "ENTRYPOINT",
            Self::Cmd => "CMD",
        }
    }
}

/// The C library that a program is linked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libc {
    /// The GNU C library.
    Glibc,
    /// musl.
    Musl,
}

impl Libc {
    /// Its name: `glibc` or `musl`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        }
    }
}

/// The language that a program was written in, as far as its file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// Any other compiled language: C, C++ or one that leaves no trace.
    Native,
}

/// The package manager of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageManager {
    /// Alpine.
    Apk,
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, Red Hat, Amazon.
    Dnf,
    /// The image has no package manager: files must be copied into it.
    None,
}

/// A change that fixes a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fix {
    /// Write the command of this instruction as a list of words, so that it needs no shell.
    ExecForm(Instruction, Vec<String>),
    /// Set the missing command in this instruction. The path is a program that was found in the image, if there is one.
    SetCommand(Instruction, Option<Vec<u8>>),
    /// Link the program statically, so that it needs neither loader nor libraries.
    LinkStatically {
        /// The language it was written in.
        language: Language,
        /// The program's path in the image.
        program: Vec<u8>,
        /// The machine's name in compiler targets, where known: `x86_64`.
        cpu: Option<&'static str>,
        /// The libc that it is linked against now.
        libc: Libc,
    },
    /// Copy files from the stage that builds the program.
    CopyFromBuild(Vec<FileCopy>),
    /// Run `ldconfig`, which updates the loader's cache, with these folders that no configuration names.
    Ldconfig(Vec<Vec<u8>>),
    /// Set `LD_LIBRARY_PATH` to these folders, followed by the value it has now.
    LibraryPath(Vec<Vec<u8>>, Option<String>),
    /// Remove the set-user-id and set-group-id bits of a program.
    PlainMode(FixTarget),
    /// Copy the program to this path.
    CopyProgram(Vec<u8>),
    /// Copy this file of the build context to this path.
    CopyFile(Vec<u8>, Vec<u8>),
    /// Start from a base image that has this libc.
    BaseWith(Libc),
    /// Start from a base image that has a shell and basic tools.
    BaseWithShell,
    /// Build in an image that has this libc.
    BuildWith(Libc),
    /// Start from a base image whose libraries provide this version.
    BaseProviding(Vec<u8>),
    /// Build and run for this platform.
    Platform(String),
    /// Let all users execute this file or search this folder.
    MakeExecutable(FixTarget),
    /// Let all users read this file or search this folder.
    MakeReadable(FixTarget),
    /// Convert the CRLF line endings of this file to LF.
    UnixNewlines(Vec<u8>),
    /// Replace the first line of this file with this line.
    FirstLine(String, Vec<u8>),
    /// Insert this line at the top of this file.
    LineBefore(String, Vec<u8>),
    /// Install this package with the package manager.
    Install(PackageManager, &'static str),
    /// Run as this numeric user, which needs no `/etc/passwd`.
    NumericUser(String),
    /// Create this user.
    AddUser(PackageManager, String),
    /// Run as root.
    RootUser,
    /// Add this folder to PATH, before its current value.
    AddToPath(Vec<u8>, String),
    /// Use this WORKDIR.
    Workdir(Vec<u8>),
    /// Compile the Java code for this release.
    JavaRelease(u16),
    /// Run on this Java release.
    JavaRuntime(u16),
    /// Start from a base image that has this version of Python.
    PythonVersion(String),
    /// Build a Go program for Linux.
    GoForLinux,
    /// Unpack this file, which is packed with gzip.
    Unpack(Vec<u8>),
    /// Embed the time zones in a Go program.
    EmbedTimeZones,
}

/// A file or folder whose permissions must change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixTarget {
    /// Its absolute path in the image.
    pub path: Vec<u8>,
    /// Is it a folder?
    pub is_folder: bool,
    /// The USER of the image if it has a shell and `chmod` to change the file in a RUN; else `None`.
    pub by_run: Option<String>,
}

/// A file to copy, and the folder to copy it into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileCopy {
    /// Its path in the build stage.
    pub from: Vec<u8>,
    /// The folder in the image.
    pub folder: Vec<u8>,
}
