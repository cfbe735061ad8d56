//! The flags of `mkcompose lint`.

use clap::{Args, ValueEnum};

/// The flags of `mkcompose lint`.
#[derive(Clone, Copy, Debug, Args)]
pub struct LintArgs {
    /// How to show the findings
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: LintFormat,
}

/// How to show the findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// A line each: `path:line: message (rule)`
    #[default]
    Text,
    /// JSON, as docs/lint.schema.json has it
    Json,
}
