//! The flags of `mkcompose init`.

use clap::Args;

/// The flags of `mkcompose init`.
#[derive(Clone, Copy, Debug, Args)]
pub struct InitArgs {
    /// Show the settings and write nothing
    #[arg(long)]
    pub dry_run: bool,
}
