//! `man`: the manual page, made from the same words as `--help`. It installs nothing.

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;

/// Prints the manual page, commands included, as roff.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(console: &Console) -> Result<Exit, Error> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command).render(&mut page).map_err(Error::io("render", "the manual page"))?;
    console.result(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Well)
}
