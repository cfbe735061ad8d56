//! The flags of `mkcompose list`.

use clap::{Args, ValueEnum};

/// The flags of `mkcompose list`.
#[derive(Clone, Copy, Debug, Args)]
pub struct ListArgs {
    /// How to show the list
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: ListFormat,
}

/// How to show the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table that fits the terminal
    #[default]
    Table,
    /// JSON, as docs/list.schema.json has it
    Json,
}
