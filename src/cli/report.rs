//! The flags of the commands that write reports of outcomes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::report::outcomes::run_info::ShardNumber;

/// Where reports go.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Write a report to FILE as well, `.json`, `.md`, `.xml` (JUnit) or `.html`; may be given again
    #[arg(long = "report", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub reports: Vec<PathBuf>,
    /// Overwrite a FILE even if it is not such a report
    #[arg(long, requires = "reports")]
    pub force: bool,
}

/// Where reports go, and which part of a whole run they are of.
#[derive(Clone, Debug, Args)]
pub struct ShardReportArgs {
    /// Where reports go.
    #[command(flatten)]
    pub files: ReportArgs,
    /// Which job of a matrix this is, as `3/8`: JSON reports say it, so that `mkcompose merge` can tell which one is missing. It
    /// chooses no services; `mkcompose matrix` spreads them over jobs
    #[arg(long, value_name = "NUMBER/TOTAL")]
    pub shard: Option<ShardNumber>,
}
