//! `--since`, as the commands have it: what to leave out, and what to say of it.

use crate::cli::Options;
use crate::cli::since::SinceArgs;
use crate::error::Error;
use crate::repository::Repository;
use crate::since::{Touched, touched};
use crate::terminal::Terminal;
use image_analyzer::printable::printable;

/// Which services are touched, if it was asked; a note is told.
///
/// # Errors
/// If it cannot be said which: no git repository, no such commit.
pub fn touched_by(
    args: &SinceArgs,
    repository: &Repository,
    options: &Options,
    terminal: &Terminal,
) -> Result<Option<Touched>, Error> {
    let Some(reference) = &args.since else { return Ok(None) };
    let touched = touched(repository, &options.load_options(), reference)?;
    if let Some(note) = &touched.note {
        terminal.status(note);
    }
    Ok(Some(touched))
}

/// Says that nothing is left to work on, where `--since` may be why.
pub fn say_if_none(args: &SinceArgs, is_empty: bool, terminal: &Terminal) {
    if let Some(reference) = args.since.as_ref().filter(|_| is_empty) {
        terminal.status(&format!("nothing that was asked for differs since `{}`", printable(reference)));
    }
}
