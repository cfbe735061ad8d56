//! `completions`: a script that makes a shell complete our words. It installs nothing.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::terminal::Terminal;

/// Prints the completion script for `shell`.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(shell: Shell, terminal: &Terminal) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    // Where a command asks no engine, none is offered.
    let mut command = Cli::command().mut_arg("docker", |docker| docker.global(false));
    clap_complete::generate(shell, &mut command, "mkcompose", &mut script);
    terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Success)
}
