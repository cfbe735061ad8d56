//! `man`: the manual pages, made from the same words as `--help`. It installs nothing.

use std::io;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::terminal::Terminal;

/// Prints the manual page of the command `name`; without a name, the page of `mkcompose` and that of every command.
///
/// # Errors
/// There is no such command, or stdout cannot be written.
pub fn run(name: Option<&str>, terminal: &Terminal) -> Result<ExitCode, Error> {
    let command = Cli::command().disable_help_subcommand(true);
    let mut command = command.subcommand_help_heading("COMMANDS").subcommand_value_name("COMMAND");
    // Gives every command the flags that belong to all, and its full name.
    command.build();
    let commands: Vec<&Command> = match name {
        None => std::iter::once(&command).chain(documented(&command)).collect(),
        Some(name) => vec![command.find_subcommand(name).ok_or_else(|| unknown(name, &command))?],
    };
    let pages = commands.into_iter().map(page).collect::<io::Result<Vec<String>>>();
    terminal.result(&pages.map_err(Error::io("write", "stdout"))?.concat())?;
    Ok(ExitCode::Success)
}

/// The commands that are for people.
fn documented(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

fn page(command: &Command) -> io::Result<String> {
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    let source = format!("mkcompose {}", env!("CARGO_PKG_VERSION"));
    // A blank, since an empty argument of `.TH` would be left out, and the others move up.
    let man = Man::new(command.clone()).title(title).date(" ").source(source).manual("User Commands");
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    Ok(page.replace("\n.SH EXTRA\n", "\n.SH NOTES\n"))
}

fn unknown(name: &str, command: &Command) -> Error {
    let names: Vec<_> = documented(command).map(Command::get_name).collect();
    let name = image_analyzer::printable::printable(name);
    Error::Usage(format!("no command `{name}`: name one of {}", names.join(", ")))
}
