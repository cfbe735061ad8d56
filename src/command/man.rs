//! `man`: one manual page of every command, made from the same words as `--help`. It installs nothing.
//!
//! Not by a library: those make a page for each command, which refer to one another, and we print a single one.

use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory as _};

use crate::cli::Cli;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::terminal::Terminal;

/// Prints the manual page as roff, for the macros of man(7).
///
/// # Errors
/// If stdout cannot be written.
pub fn run(terminal: &Terminal) -> Result<ExitCode, Error> {
    let mut command = Cli::command().disable_help_subcommand(true);
    // Now the commands have the flags of all, and every usage line its words.
    command.build();
    terminal.result(&page(&mut command))?;
    Ok(ExitCode::Success)
}

// Writing to a `String` cannot fail, so what that gives is dropped below.

fn page(command: &mut Command) -> String {
    let about = text(command.get_about());
    let version = command.get_version().unwrap_or_default().to_owned();
    let mut page = format!(
        ".TH MKCOMPOSE 1 \"\" \"mkcompose {}\" \"User Commands\"\n.SH NAME\nmkcompose \\- two Compose files from a folder of \
         Dockerfiles, and how its images fare\n.SH SYNOPSIS\n{}.SH DESCRIPTION\n{about}\n.SH OPTIONS\n",
        roff(&version),
        synopsis(command)
    );
    page.extend(command.get_arguments().map(argument));
    page += ".SH COMMANDS\nEach takes the options above that belong to every command, before or after its own.\n";
    for command in command.get_subcommands_mut() {
        let _ = write!(page, ".SS {}\n{}\n", usage(command), text(command.get_about()));
        page.extend(command.get_arguments().filter(|arg| !arg.is_global_set() && arg.get_id() != "help").map(argument));
        page += &after(command.get_after_help());
    }
    page + &after(command.get_after_help()).replacen(".PP\nExit codes:\n", ".SH EXIT STATUS\n", 1)
}

/// A line for the bare command and one for each other.
fn synopsis(command: &mut Command) -> String {
    let bare = ".B mkcompose\n[\\fIOPTIONS\\fR]\n".to_owned();
    let others = command.get_subcommands_mut().map(|command| format!(".br\n{}\n", usage(command)));
    bare + &others.collect::<String>()
}

/// How the command is used, without the word that clap puts before it.
fn usage(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    roff(usage.trim_start_matches("Usage:").trim())
}

/// An argument with its help, its values and where else it comes from.
fn argument(arg: &Arg) -> String {
    if arg.is_hide_set() {
        return String::new();
    }
    let mut out = format!(".TP\n{}\n{}\n", names(arg), text(arg.get_help()));
    let takes_values = arg.get_action().takes_values();
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_values && !default.is_empty() {
        let _ = writeln!(out, "[default: {}]", roff(&default.join(" ")));
    }
    if let Some(variable) = arg.get_env() {
        let _ = writeln!(out, "[environment: {}]", roff(&variable.to_string_lossy()));
    }
    let values = if takes_values { arg.get_possible_values() } else { Vec::new() };
    // What a value stands for, if that is said at all.
    if values.iter().any(|value| value.get_help().is_some()) {
        out += ".RS\n";
        for value in values.iter().filter(|value| !value.is_hide_set()) {
            let _ = write!(out, ".TP\n\\fB{}\\fR\n{}\n", roff(value.get_name()), text(value.get_help()));
        }
        out += ".RE\n";
    } else if !values.is_empty() {
        let names: Vec<_> = values.iter().map(|value| roff(value.get_name())).collect();
        let _ = writeln!(out, "[one of: {}]", names.join(", "));
    }
    out
}

/// `-o, --output FILE`, or `GLOB`.
fn names(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("\\fB\\-{short}\\fR"));
    let long = arg.get_long().map(|long| format!("\\fB\\-\\-{}\\fR", roff(long)));
    let flags: Vec<_> = short.into_iter().chain(long).collect();
    let value = arg.get_value_names().and_then(<[_]>::first).filter(|_| arg.get_action().takes_values());
    let value = value.map(|value| format!("\\fI{}\\fR", roff(value)));
    [(!flags.is_empty()).then(|| flags.join(", ")), value].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What `--help` says below the options: paragraphs, and lines of a word and what it means.
fn after(help: Option<&StyledStr>) -> String {
    let help = help.map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().filter(|line| !line.is_empty());
    let roffed = lines.map(|line| match line.strip_prefix("  ").and_then(|line| line.split_once("  ")) {
        Some((word, meaning)) => format!(".TP\n\\fB{}\\fR\n{}\n", roff(word), marked(meaning.trim())),
        None => format!(".PP\n{}\n", marked(line)),
    });
    roffed.collect()
}

fn text(help: Option<&StyledStr>) -> String {
    help.map(|help| marked(&help.to_string())).unwrap_or_default()
}

/// `text` with what stands in backticks in bold.
fn marked(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces.map(|(at, piece)| if at % 2 == 0 { roff(piece) } else { format!("\\fB{}\\fR", roff(piece)) }).collect()
}

/// `text` with nothing in it that roff obeys. It has no line that begins with a dot.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('\n', " ")
}
