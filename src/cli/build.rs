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
    after_help = "After a failed build, the other builds continue. An `.err` Dockerfile is known not to build, so its failure is expected. If it builds, this is reported.\n\nExit codes:\n  0    every image is as expected\n  1    an image is not as expected\n  2    the question could not be answered\n  130  Ctrl-C stopped the run: no new build started, and running builds ended"
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
    /// Services, as shell patterns (`'hello-c.*'`) [default: all services of both sets]
    #[arg(value_name = "GLOB")]
    pub globs: Vec<String>,
    /// What has not changed is left out.
    #[command(flatten)]
    pub since: SinceArgs,
    /// How many jobs run at once [default: all if `docker buildx bake` builds them, else one per core, at most 4; if nothing is
    /// built, four per core, at most 8]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// How often to retry an image if the engine, the network or a registry failed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: u32,
    /// The folder for full logs [default: a folder in the cache directory, printed at the end]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub logs: Option<PathBuf>,
    /// Which engine to ask.
    #[command(flatten)]
    pub engine: EngineArgs,
}
