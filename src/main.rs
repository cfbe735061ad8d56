//! The program: parse the flags, run the command, turn the answer into an exit code. Nothing else.

use std::process::ExitCode;

use clap::Parser as _;
use mkcompose::cli::Cli;

#[cfg(all(no_unwind_tables, panic = "unwind", not(test)))]
compile_error!("`build.rs` leaves out what unwinding needs: keep `panic = \"abort\"` in the release profile");

fn main() -> ExitCode {
    mkcompose::command::run(Cli::parse()).into()
}
