//! What would help, as values: what it is to be done to, not how that is written down.

/// Which of the two instructions says what to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// ENTRYPOINT.
    Entrypoint,
    /// CMD.
    Cmd,
}

impl Instruction {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entrypoint => "ENTRYPOINT",
            Self::Cmd => "CMD",
        }
    }
}

/// The libraries that programs in C stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libc {
    /// The GNU C library.
    Glibc,
    /// musl.
    Musl,
}

impl Libc {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        }
    }
}

/// What a program was written in, as far as its file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// Something that was compiled and linked: C, C++ or anything that does not say.
    Native,
}

/// Who installs packages in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageManager {
    /// Alpine.
    Apk,
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, Red Hat, Amazon.
    Dnf,
    /// Nobody: what is to be there has to be copied.
    None,
}

/// Something that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Say the command as a list of words, so that no shell is needed.
    ExecForm(Instruction, Vec<String>),
    /// Say what to run, by this instruction: nothing was said. This file can be executed, if one was found where programs
    /// are put.
    SetCommand(Instruction, Option<Vec<u8>>),
    /// Link the program so that it needs neither loader nor libraries.
    LinkStatically {
        /// What it was written in.
        language: Language,
        /// The program's path in the image.
        program: Vec<u8>,
        /// Its machine's name in compiler targets, where known: `x86_64`.
        cpu: Option<&'static str>,
        /// Which libc it is linked against now.
        libc: Libc,
    },
    /// Copy files from the stage that built the program.
    CopyFromBuild(Vec<FileCopy>),
    /// Write the loader's cache anew, so that it finds what is there; with these folders, which no configuration names.
    Ldconfig(Vec<Vec<u8>>),
    /// Put folders on the loader's search path, before what is there.
    LibraryPath(Vec<Vec<u8>>, Option<String>),
    /// Take the rights of others from a program that runs with them.
    PlainMode(FixTarget),
    /// Copy the program to where it is looked for.
    CopyProgram(Vec<u8>),
    /// Start from a base that has this libc.
    BaseWith(Libc),
    /// Start from a base that has a shell and small tools.
    BaseWithShell,
    /// Build where the same libc is as in the image.
    BuildWith(Libc),
    /// Run on a base whose libraries provide this version.
    BaseProviding(Vec<u8>),
    /// Build and run for one platform.
    Platform(String),
    /// Let everybody execute this file.
    MakeExecutable(FixTarget),
    /// Let everybody read this file, or enter this folder.
    MakeReadable(FixTarget),
    /// Turn CR LF into LF in this file.
    UnixNewlines(Vec<u8>),
    /// Replace the first line of this file by this one.
    FirstLine(String, Vec<u8>),
    /// Put this line before the first one of this file.
    LineBefore(String, Vec<u8>),
    /// Install a package that is called so by each packager.
    Install(PackageManager, &'static str),
    /// Run as a user given by numbers, which need no `/etc/passwd`.
    NumericUser(String),
    /// Create a user.
    AddUser(PackageManager, String),
    /// Run as root.
    RootUser,
    /// Put a folder on PATH.
    AddToPath(Vec<u8>, String),
    /// Use another WORKDIR.
    Workdir(Vec<u8>),
    /// Compile Java for this release.
    JavaRelease(u16),
    /// Run on this Java release.
    JavaRuntime(u16),
    /// Keep time zones inside of a Go program.
    EmbedTimeZones,
}

/// A file or folder whose permissions are to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixTarget {
    /// Where it is.
    pub path: Vec<u8>,
    /// Is it a folder?
    pub is_folder: bool,
    /// Whether the image has a shell and `chmod` to do it with; and as whom its commands run.
    pub by_run: Option<String>,
}

/// A file to be copied, and the folder it goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileCopy {
    /// Where it is in the build stage.
    pub from: Vec<u8>,
    /// The folder in the image.
    pub folder: Vec<u8>,
}
