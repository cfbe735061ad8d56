//! The program: parse the flags, run the command, turn the answer into an exit code. Nothing else.

use std::process::ExitCode;

use clap::Parser as _;
use mkcompose::cli::Cli;

fn main() -> ExitCode {
    mkcompose::command::run(Cli::parse()).into()
}
