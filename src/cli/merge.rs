//! The flags of `mkcompose merge`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::report::ReportArgs;
use crate::report::outcomes::Format;

/// The flags of `mkcompose merge`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Each REPORT is a file written by `mkcompose test --report FILE.json` in one job of a matrix. All must be of one version \
of mkcompose, of one commit, and made with the same settings.\n\nExit codes: those of `mkcompose test`, as if one machine had done the \
work\n  0    every image is as expected, or as in the baseline\n  1    one is not\n  2    the question could not be answered: a shard is \
missing, a report is not fit\n  130  a shard was stopped"
)]
pub struct MergeArgs {
    /// Reports in JSON
    #[arg(value_name = "REPORT", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// How many shards there must be; reports that were written with `--shard NUMBER/TOTAL` say it themselves
    #[arg(long, value_name = "N")]
    pub expect: Option<NonZeroU32>,
    /// A file with the output of `mkcompose matrix`: each of its services must be in a report
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub matrix: Option<PathBuf>,
    /// How to report on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
    /// Where else the report goes.
    #[command(flatten)]
    pub reports: ReportArgs,
    /// Compare with an earlier JSON report; what has changed since then, and only that, is not as expected
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
}
