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
    after_help = "Nothing is run and nothing is written to disk. The findings follow from the image's files by the rules \
of the engine, the kernel and the dynamic loaders; what the program does once it runs is not known.\n\nExit codes:\n  0  \
nothing keeps an image from starting; it may have hints\n  1  an image cannot start, or with --strict has a hint, or with --all has a file that could not run\n  2  an image could not be read"
)]
pub struct WhyArgs {
    /// Services, globs for services, or any images of the engine; with --archive, the images to read from it
    #[arg(value_name = "IMAGE", required_unless_present = "archive")]
    pub images: Vec<String>,
    /// Read the output of `docker save` or an OCI layout: a file, a folder, or `-` for stdin; needs no engine
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub archive: Option<PathBuf>,
    /// Draw each file that was followed: command, program, loader, libraries
    #[arg(long, conflicts_with = "format")]
    pub tree: bool,
    /// Look at every program, library and script of the image too, not only at what it starts
    #[arg(long)]
    pub all: bool,
    /// Exit with 1 for hints too: what fails only if the program does a certain thing
    #[arg(long)]
    pub strict: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
    /// Platform to read of an image that has several: `linux/arm64`, `linux/arm/v7`
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<Platform>,
    /// The engine to use.
    #[command(flatten)]
    pub engine: EngineArgs,
}
