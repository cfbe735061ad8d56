//! The flags of `mkcompose build`, which `mkcompose test` has too.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::engine::EngineArgs;
use crate::cli::report::ShardReportArgs;
use crate::cli::since::SinceArgs;

/// The flags of `mkcompose build`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "A failed build stops no other. An `.err` Dockerfile is known not to build: that it fails is as expected, that it \
builds is news.\n\nExit codes:\n  0    every image is as expected\n  1    one is not\n  2    the question could not be answered\n  130  \
stopped by Ctrl-C: no new build was begun, those under way have ended"
)]
pub struct BuildArgs {
    /// What both commands have.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Push each image that was built to its registry; its digest is in the report
    #[arg(long)]
    pub push: bool,
    /// Where reports go.
    #[command(flatten)]
    pub reports: ShardReportArgs,
}

/// Which images, how many at once, and where the logs go.
#[derive(Clone, Debug, Args)]
pub struct WorkArgs {
    /// Services to work on, as shell patterns (`'hello-c.*'`); without one, all of both sets
    #[arg(value_name = "GLOB")]
    pub globs: Vec<String>,
    /// What has not changed is left out.
    #[command(flatten)]
    pub since: SinceArgs,
    /// How many at once; without it, as many as there are cores, at most 4, and where nothing is built four times as many,
    /// at most 8
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// How often to try again an image of which nothing is known, as the engine, the network or a registry failed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: u32,
    /// The folder for full logs; without it, one under the cache directory, named at the end
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub logs: Option<PathBuf>,
    /// Which engine to ask.
    #[command(flatten)]
    pub engine: EngineArgs,
}
