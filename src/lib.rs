//! `mkcompose`: from a repository of Dockerfiles to a Compose file that is always right, and from the images to answers:
//! does each build, does it work, if not why, and how big is it.
//!
//! ```text
//! folder → services → Compose model → files, or a diff
//!             └→ engine → outcomes, sizes, findings → report
//! ```
//!
//! Data flows in one direction. The outside world is read and written at the edges: [`repository`], [`settings`],
//! [`context`], [`output`], [`terminal`], [`engine`], [`git`] and [`since`]. Everything between is a function from values to values.
//! ARCHITECTURE.md has the map.

// What a module shows to others is `pub`; none of it is shown outside.
#![allow(unreachable_pub)]

mod bounded;
mod cli;
mod command;
mod compose;
mod context;
mod dockerfile;
mod engine;
mod error;
mod exit_code;
mod expectation;
mod gather;
mod git;
mod gitignore;
mod image_finding;
mod interrupt;
mod lint;
mod markup;
mod output;
mod parallel;
mod problem;
mod report;
mod repository;
mod runner;
mod settings;
mod shards;
mod since;
mod size_format;
mod sizes;
mod table;
mod terminal;
mod yaml;

use clap::CommandFactory as _;

/// Parses the command line, runs the command, and tells the person how it went.
pub fn run() -> std::process::ExitCode {
    command::run(cli::docker_plugin::call()).into()
}

/// The command line, as `clap` has it: for what is made of it, such as a manual.
pub fn command_line() -> clap::Command {
    cli::Cli::command()
}

#[cfg(feature = "schema")]
pub use report::schema::all as schemas;
