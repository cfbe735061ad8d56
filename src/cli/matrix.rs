//! The flags of `mkcompose matrix`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::cli::since::SinceArgs;

/// The flags of `mkcompose matrix`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "All services of a job have the same level: they are built on services of earlier levels. Each service is in exactly one job. The same services, times and flags give the same jobs. docs/CI.md shows how to use them."
)]
pub struct MatrixArgs {
    /// Services, as shell patterns (`'hello-c.*'`) [default: all services of both sets]
    #[arg(value_name = "GLOB")]
    pub globs: Vec<String>,
    /// What has not changed is left out.
    #[command(flatten)]
    pub since: SinceArgs,
    /// The maximum number of jobs per level [default: one per image]
    #[arg(long, value_name = "N")]
    pub shards: Option<NonZeroUsize>,
    /// The CI system
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: MatrixFormat,
    /// Balance the jobs by the times in an earlier report, written by `mkcompose test --report FILE.json`
    #[arg(long, value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub times: Option<PathBuf>,
}

/// For which CI system a matrix is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MatrixFormat {
    /// JSON for `strategy.matrix` of GitHub Actions
    #[default]
    Github,
    /// JSON, which is YAML, for `parallel:matrix` of GitLab CI
    Gitlab,
}
