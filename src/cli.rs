//! The command line: its words, and nothing of what they do.
//!
//! The flags that every command has are here, those of one command in a module of its name. `tests/cli` holds
//! `--help` to what is documented.

pub mod build;
pub mod engine;
pub mod lint;
pub mod list;
pub mod sizes;
pub mod test;
pub mod why;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueHint};

use clap_complete::Shell;

use crate::repository::Project;
use crate::terminal::Color;
use image_analyzer::printable::is_hidden;

/// Writes `docker-compose.yml` and `docker-compose.err.yml` from a folder of Dockerfiles, and tells how big each image
/// is, whether it works, and if not, why.
#[derive(Debug, Parser)]
#[command(
    name = "mkcompose",
    version,
    max_term_width = 100,
    after_help = "Exit codes:\n  0    all is well\n  1    the answer is no: a stale file, a lint finding, an image not as expected, a reason not to start\n  2    the question could not be answered: usage, I/O, bad names, no engine\n  130  stopped by Ctrl-C"
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

const DOCKERFILES: &str = "dockerfiles";
const CONTEXT: &str = "samples";
const IMAGE: &str = "minimage";
const OUTPUT: &str = "docker-compose.yml";
const ERR_OUTPUT: &str = "docker-compose.err.yml";

/// The flags of every command.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Work as if started in DIR
    #[arg(short = 'C', long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// The folder of Dockerfiles
    #[arg(long, value_name = "DIR", default_value = DOCKERFILES, global = true, value_hint = ValueHint::DirPath)]
    pub dockerfiles: PathBuf,
    /// The build context
    #[arg(long, value_name = "DIR", default_value = CONTEXT, global = true, value_hint = ValueHint::DirPath)]
    pub context: PathBuf,
    /// The image repository; the service is the tag
    #[arg(long, value_name = "REPOSITORY", default_value = IMAGE, global = true)]
    pub image: String,
    /// The Compose file of the normal set
    #[arg(short, long, value_name = "FILE", default_value = OUTPUT, global = true, value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// The Compose file of the err set
    #[arg(long, value_name = "FILE", default_value = ERR_OUTPUT, global = true, value_hint = ValueHint::FilePath)]
    pub err_output: PathBuf,
    /// When to use colour
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub color: Color,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    // That of `engine::EngineArgs`, so that it may stand before the command too; a command that has it gets it there.
    /// The engine's command line, for a command that asks one
    #[arg(long, value_name = "PROGRAM", global = true, hide = true, value_hint = ValueHint::CommandName)]
    pub docker: Option<OsString>,
}

impl Options {
    /// The repository that these flags speak of.
    pub fn project(&self) -> Project {
        Project {
            root: self.at(Path::new(".")),
            dockerfiles: self.at(&self.dockerfiles),
            context: self.at(&self.context),
            output: self.at(&self.output),
            err_output: self.at(&self.err_output),
            repository: self.image.clone(),
        }
    }

    /// Where `path`, as the person wrote it, is when `--directory` is where we are.
    pub fn at(&self, path: &Path) -> PathBuf {
        self.directory.as_ref().map_or_else(|| path.to_owned(), |directory| directory.join(path))
    }
}

impl Options {
    /// These flags as words to paste after `mkcompose`, each with a space before it; those at their default left out.
    pub fn words(&self) -> String {
        let path = |path: &PathBuf| path.clone().into_os_string();
        let flags = [
            ("-C", self.directory.as_ref().map(path), ""),
            ("--dockerfiles", Some(path(&self.dockerfiles)), DOCKERFILES),
            ("--context", Some(path(&self.context)), CONTEXT),
            ("--image", Some(self.image.clone().into()), IMAGE),
            ("-o", Some(path(&self.output)), OUTPUT),
            ("--err-output", Some(path(&self.err_output)), ERR_OUTPUT),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(flag, value, default)| Some((flag, value.filter(|value| value != default)?)));
        given.fold(String::new(), |words, (flag, value)| {
            // After a space, it would be taken for a flag.
            let between = if value.as_encoded_bytes().starts_with(b"-") { '=' } else { ' ' };
            format!("{words} {flag}{between}{}", quoted(&value))
        })
    }
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
    /// Write nothing; exit 1 with a diff if a Compose file is not current
    #[arg(long)]
    pub check: bool,
    /// Overwrite or remove a Compose file even if mkcompose did not write it
    #[arg(long, conflicts_with = "check")]
    pub force: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show each Dockerfile's service, program, source, images, parameters and set
    List(list::ListArgs),
    /// Tell whether the names tell the truth about the Dockerfiles
    Lint(lint::LintArgs),
    /// Does every image build?
    Build(build::BuildArgs),
    /// Which images work, which do not, and is that as expected?
    Test(test::TestArgs),
    /// How big is each image?
    Sizes(sizes::SizesArgs),
    /// Why can an image not start?
    Why(why::WhyArgs),
    /// Print a completion script for SHELL
    Completions {
        /// The shell that will read it
        shell: Shell,
    },
    /// Print the manual page, for `man -l -`
    Man,
}

impl Command {
    /// Whether it has [`engine::EngineArgs`].
    pub fn asks_an_engine(&self) -> bool {
        matches!(self, Self::Build(_) | Self::Test(_) | Self::Sizes(_) | Self::Why(_))
    }
}
