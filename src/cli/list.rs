//! The flags of `mkcompose list`.

use clap::{Args, ValueEnum};

use crate::cli::since::SinceArgs;

/// The flags of `mkcompose list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only services that match; `*` also matches dots
    #[arg(value_name = "GLOB")]
    pub globs: Vec<String>,
    /// What has not changed is left out.
    #[command(flatten)]
    pub since: SinceArgs,
    /// Show why each service is touched: the first path or reason
    #[arg(long, requires = "since")]
    pub why: bool,
    /// How to show the list
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: ListFormat,
    /// Show the skipped files and folders instead, with the reasons
    #[arg(long, conflicts_with_all = ["globs", "since"])]
    pub skipped: bool,
}

/// How to show the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table that fits the terminal
    #[default]
    Table,
    /// Only the names, one per line
    Names,
    /// JSON, described by docs/list.schema.json
    Json,
}
