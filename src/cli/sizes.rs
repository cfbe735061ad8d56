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
    after_help = "Sizes are those of the unpacked layers, in decimal units. OWN is the size of the layers that no other image in the list has. SHARED is the size of the layers that another image has too. On disk, each layer counts once.\n\nExit codes:\n  0  success\n  1  an image has grown beyond the limit\n  2  there is no image, or the question could not be answered"
)]
pub struct SizesArgs {
    /// Services, as shell patterns (`'hello-c.*'`) [default: all]
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
    /// Overwrite a FILE even if it is not such a report
    #[arg(long, requires = "reports")]
    pub force: bool,
    /// The order within a program
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub sort: SortOrder,
    /// Count the files of each layer to the byte, with the same result on every engine. This takes time, because all images are saved once
    #[arg(long)]
    pub exact: bool,
    /// Compare with an earlier report, written by `--format json`. If that report is exact, this run is exact too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// How much an image may grow since the baseline: `5%`, or `5%,10kB` to allow up to 10 kB [default: no growth]
    #[arg(long, value_name = "BUDGET", requires = "baseline")]
    pub budget: Option<GrowthLimit>,
    /// Which engine to ask.
    #[command(flatten)]
    pub engine: EngineArgs,
}
