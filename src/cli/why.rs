//! The flags of `mkcompose why`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::cli::engine::EngineArgs;
use image_analyzer::Platform;

/// The output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// The flags of `mkcompose why`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "This command runs nothing and writes nothing to disk. It reads the image's files and applies the rules of the engine, the kernel and the dynamic loaders. It does not know what the program does after its start.\n\nExit codes:\n  0  no reason why an image cannot start; there may be hints\n  1  an image cannot start, or --strict is given and it has a hint, or --all is given and a file of it cannot run\n  2  an image could not be read"
)]
pub struct WhyArgs {
    /// Services, globs for services, or any images of the engine; with --archive, the images to read from it
    #[arg(value_name = "IMAGE", required_unless_present = "archive")]
    pub images: Vec<String>,
    /// Read the output of `docker save` or an OCI layout: a file, a folder, or `-` for stdin; needs no engine
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub archive: Option<PathBuf>,
    /// Show the files as a tree: command, program, loader, libraries
    #[arg(long, conflicts_with = "format")]
    pub tree: bool,
    /// Check every program, library and script of the image, not only the ones that it starts
    #[arg(long)]
    pub all: bool,
    /// Also exit with 1 for hints: problems that occur only if the program does a certain thing
    #[arg(long)]
    pub strict: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
    /// The platform to read if an image has several, such as `linux/arm64` or `linux/arm/v7`
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<Platform>,
    /// The engine to use.
    #[command(flatten)]
    pub engine: EngineArgs,
}
