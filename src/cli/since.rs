//! The flag that leaves out what has not changed.

use clap::Args;

/// The flag that leaves out what has not changed.
#[derive(Clone, Debug, Args)]
pub struct SinceArgs {
    /// Only services that differ between the git commit REF and the working tree, and services built on them
    #[arg(long, value_name = "REF")]
    pub since: Option<String>,
}
