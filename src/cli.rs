//! The command line: its words, and nothing of what they do.
//!
//! The flags that every command has are here, those of one command in a module of its name. `tests/cli` holds
//! `--help` to what is documented.

pub mod build;
pub mod complete;
pub mod docker_plugin;
pub mod engine;
pub mod init;
pub mod lint;
pub mod list;
pub mod matrix;
pub mod merge;
pub mod report;
pub mod since;
pub mod sizes;
pub mod test;
pub mod why;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueHint};

use clap_complete::Shell;

use crate::repository::{Contents, LoadOptions};
use crate::terminal::Color;
use docker_plugin::DockerCall;
use image_analyzer::printable::is_hidden;

/// What this process was started for.
#[derive(Debug)]
pub enum Call {
    /// A command.
    Run(Box<Cli>),
    /// Words that a shell wants to complete.
    Complete(complete::Request),
}

/// Writes Compose files from the Dockerfiles of a repository. Reports whether each image builds and works, why not, and how
/// big it is.
#[derive(Debug, Parser)]
#[command(
    name = "mkcompose",
    version,
    max_term_width = 100,
    after_help = "Exit codes:\n  0    success\n  1    a check failed: a stale file, a lint finding, an unexpected outcome, an image that cannot start\n  2    the question could not be answered: wrong usage, an unreadable file, a wrong name, no engine\n  130  Ctrl-C stopped the run"
)]
pub struct Cli {
    /// What to do; without it, write both Compose files.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of the bare command.
    #[command(flatten)]
    pub generate: GenerateArgs,
    /// The flags of every command.
    #[command(flatten)]
    pub options: Options,
}

/// The flags of every command.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Work as if started in DIR
    #[arg(short = 'C', long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// The folder of Dockerfiles [default: `dockerfiles` if it exists, else this folder]
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub dockerfiles: Option<PathBuf>,
    /// The build context of every image, or `auto` [default: `samples` beside `dockerfiles`, else auto]
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub context: Option<PathBuf>,
    /// The image name: NAME means NAME:{service}; {program} and {variant} work too [default: minimage]
    #[arg(long, value_name = "NAME", global = true)]
    pub image: Option<String>,
    /// The Compose file of the normal set [default: docker-compose.yml]
    #[arg(short, long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The Compose file of the err set [default: docker-compose.err.yml]
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub err_output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub color: Color,
    /// Print only results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    // That of `engine::EngineArgs`, so that it may stand before the command too; a command that has it gets it there.
    /// The program of the container engine, for commands that use one
    #[arg(long, value_name = "PROGRAM", global = true, hide = true, value_hint = ValueHint::CommandName)]
    pub docker: Option<OsString>,
    /// How `docker mkcompose` was called, if it was.
    #[arg(skip)]
    pub docker_call: Option<DockerCall>,
}

impl Options {
    /// What these flags say about the repository. Paths are relative to where the program is, which `--directory` has
    /// changed by then.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            dockerfiles: self.dockerfiles.as_deref().map(from_here),
            context: self.context.as_deref().map(from_here),
            image: self.image.clone(),
            output: self.output.as_deref().map(from_here),
            err_output: self.err_output.as_deref().map(from_here),
            without_settings: false,
            start: None,
            contents: Contents::new(),
        }
    }

    /// These flags as shell arguments after `mkcompose`, each with a space before it. `--directory` comes first.
    pub fn as_shell_args(&self) -> String {
        let directory = self.directory.as_ref().map(|path| argument("-C", path.as_os_str()));
        let flags = [
            ("--dockerfiles", self.dockerfiles.as_ref().map(|path| path.as_os_str())),
            ("--context", self.context.as_ref().map(|path| path.as_os_str())),
            ("--image", self.image.as_ref().map(OsStr::new)),
            ("-o", self.output.as_ref().map(|path| path.as_os_str())),
            ("--err-output", self.err_output.as_ref().map(|path| path.as_os_str())),
        ];
        let flags = flags.into_iter().filter_map(|(flag, value)| Some(argument(flag, value?)));
        directory.into_iter().chain(flags).collect()
    }
}

/// `path` as it is shown: an absolute one that is in the working folder, from there.
fn from_here(path: &Path) -> PathBuf {
    let here = if path.is_absolute() { std::env::current_dir().ok() } else { None };
    match here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)) {
        Some(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Some(below) => below,
        None => path.to_owned(),
    }
}

/// A flag and its value as shell words, with a space before them.
pub fn argument(flag: &str, value: &OsStr) -> String {
    // After a space, it would be taken for a flag.
    let between = if value.as_encoded_bytes().starts_with(b"-") { '=' } else { ' ' };
    format!(" {flag}{between}{}", quoted(value))
}

/// `word` as a shell reads it back, with nothing in it that a terminal obeys. For the few words that need `$'…'`, the
/// shell must know that (POSIX.1-2024; bash, ksh and zsh always did).
pub fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    match word.to_str() {
        // At the start, `=` begins the name of a command to zsh.
        Some(word) if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) => word.to_owned(),
        Some(word) if !word.chars().any(is_hidden) => format!("'{}'", word.replace('\'', r"'\''")),
        _ => format!("$'{}'", escaped(word.as_encoded_bytes())),
    }
}

/// `word` as it stands within `$'…'`. Bytes in octal, which ends after three digits in every shell.
fn escaped(word: &[u8]) -> String {
    let mut out = String::new();
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => out.extend(['\\', c]),
                c if is_hidden(c) => push_octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        push_octal(&mut out, chunk.invalid());
    }
    out
}

fn push_octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "\\{byte:03o}");
    }
}

/// The flags of the bare command.
#[derive(Clone, Copy, Debug, Args)]
pub struct GenerateArgs {
    /// Write nothing. If a Compose file is not current, print a diff and exit with 1
    #[arg(long)]
    pub check: bool,
    /// Overwrite or remove a Compose file even if mkcompose did not write it
    #[arg(long, conflicts_with = "check")]
    pub force: bool,
    /// Exit with 1 if a Compose file was written or removed, for commit hooks
    #[arg(long, conflicts_with = "check")]
    pub fail_on_change: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write `mkcompose.yml`, the settings of this repository
    Init(init::InitArgs),
    /// Show what each Dockerfile becomes
    List(list::ListArgs),
    /// Check names, images, sources and build contexts of the Dockerfiles
    Lint(lint::LintArgs),
    /// Build every image, and continue after failures
    Build(build::BuildArgs),
    /// Run every image and report which ones work
    Test(test::TestArgs),
    /// Compare the sizes of images
    Sizes(sizes::SizesArgs),
    /// Distribute the images over the jobs of a CI system
    Matrix(matrix::MatrixArgs),
    /// Put the reports of the jobs of a matrix together
    Merge(merge::MergeArgs),
    /// Explain why an image cannot start
    Why(why::WhyArgs),
    /// Print a completion script for SHELL
    Completions {
        /// The shell that will read it
        shell: Shell,
    },
    /// Print the manual pages, or the page of one COMMAND, for `man -l -`
    Man {
        /// The command
        command: Option<String>,
    },
    /// Print what Docker has to know of a plugin of its command line
    #[command(name = docker_plugin::METADATA, hide = true)]
    DockerPluginMetadata,
}

impl Command {
    /// Whether it has [`engine::EngineArgs`].
    pub fn asks_an_engine(&self) -> bool {
        matches!(self, Self::Build(_) | Self::Test(_) | Self::Sizes(_) | Self::Why(_))
    }
}
