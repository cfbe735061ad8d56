//! The flags of `mkcompose sizes`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::engine::EngineArgs;
use crate::cli::since::SinceArgs;
use crate::report::sizes::Format;
use crate::sizes::SortOrder;
use crate::sizes::growth_limit::GrowthLimit;

/// The flags of `mkcompose sizes`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Sizes are those of the unpacked layers, in decimal units. OWN is what no other image of the list has, \
SHARED what at least one has too; on disk each layer counts once.\n\nExit codes:\n  0  all is well\n  1  an image has grown \
beyond the budget\n  2  no image is there, or the question could not be answered"
)]
pub struct SizesArgs {
    /// Services to look at, as shell patterns (`'hello-c.*'`); without one, all
    #[arg(value_name = "GLOB")]
    pub globs: Vec<String>,
    /// What has not changed is left out.
    #[command(flatten)]
    pub since: SinceArgs,
    /// How to report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
    /// Write a report to FILE as well, `.json`, `.md`, `.csv`, `.svg`, `.html` or `.txt` (metrics); may be given again
    #[arg(long = "report", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub reports: Vec<PathBuf>,
    /// Overwrite a FILE even if it is no such report
    #[arg(long, requires = "reports")]
    pub force: bool,
    /// The order within a program
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub sort: SortOrder,
    /// Count the files of each layer to the byte, the same on every engine: saves all images once, which takes time
    #[arg(long)]
    pub exact: bool,
    /// Compare with an earlier report, a file written by `--format json`; if that is exact, so is this run
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// How much an image may grow since the baseline: `5%`, or `5%,10kB` to let up to 10 kB pass; without it, nothing
    #[arg(long, value_name = "BUDGET", requires = "baseline")]
    pub budget: Option<GrowthLimit>,
    /// Which engine to ask.
    #[command(flatten)]
    pub engine: EngineArgs,
}
