//! `completions`: a script that makes a shell complete our words, and what the shell then asks. It installs nothing.

use clap_complete::Shell;

use crate::cli::complete::{Request, script};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::terminal::Terminal;

/// Prints the completion script for `shell`.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(shell: Shell, terminal: &Terminal) -> Result<ExitCode, Error> {
    terminal.result(&script(shell).map_err(Error::io("write", "stdout"))?)?;
    Ok(ExitCode::Success)
}

/// Prints what a shell may put in.
///
/// # Errors
/// If the shell is unknown, or stdout cannot be written.
pub fn answer(request: Request, terminal: &Terminal) -> Result<ExitCode, Error> {
    let words = request.answer().map_err(|error| Error::Usage(error.to_string()))?;
    terminal.result(&words)?;
    Ok(ExitCode::Success)
}
