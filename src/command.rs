//! What each command does, one file per command. The only code that may use everything; nothing uses it but `main`.

pub mod build;
pub mod completions;
pub mod docker_plugin_metadata;
pub mod generate;
pub mod init;
pub mod lint;
pub mod list;
pub mod man;
pub mod matrix;
pub mod merge;
pub mod report_files;
pub mod run_images;
pub mod since;
pub mod sizes;
pub mod test;
pub mod why;

use crate::cli::{Call, Cli, Command};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::problem::IoError;
use crate::report::{Export, Layout};
use crate::terminal::{Color, Terminal};

/// What is said where a baseline is of other images.
const NOTHING_TO_COMPARE: &str = "nothing to compare with: the baseline has none of these images";

/// Writes `report` to stdout in `format`, laid out for the terminal that stdout is.
fn print_report<R: Export>(report: &R, format: R::Format, terminal: &Terminal) -> Result<(), IoError> {
    let layout = Layout { width: terminal.width(), color: terminal.color_out() };
    let text = report.export(format, layout).map_err(|error| IoError::new("write", "stdout")(error.into()))?;
    terminal.result(&text)
}

/// Runs what the command line asks for and tells the person how it went.
pub fn run(call: Call) -> ExitCode {
    let (terminal, result) = match call {
        Call::Run(cli) => {
            let terminal = Terminal::new(cli.options.color, cli.options.quiet);
            (terminal, dispatch(*cli, &terminal))
        }
        Call::Complete(request) => {
            let terminal = Terminal::new(Color::Never, true);
            (terminal, completions::answer(request, &terminal))
        }
    };
    match result {
        Ok(exit) => exit,
        Err(error) => {
            terminal.error(&error);
            ExitCode::Error
        }
    }
}

fn dispatch(cli: Cli, terminal: &Terminal) -> Result<ExitCode, Error> {
    let Cli { command, generate: args, options } = cli;
    if let Some(directory) = &options.directory {
        // From here on every path, also one that is printed, is relative to that folder.
        std::env::set_current_dir(directory).map_err(Error::io("enter the folder", directory))?;
    }
    if command.is_some() && (args.check || args.force) {
        let flag = if args.check { "--check" } else { "--force" };
        return Err(Error::Usage(format!(
            "`{flag}` belongs to `mkcompose` without a command: leave one of the two out"
        )));
    }
    if options.docker.is_some() && !command.as_ref().is_some_and(Command::asks_an_engine) {
        let what = "`--docker` belongs to `build`, `test`, `sizes` and `why`, which ask an engine: leave it out";
        return Err(Error::Usage(what.to_owned()));
    }
    match command {
        None => generate::run(args, &options, terminal),
        Some(Command::Build(args)) => build::run(&args, &options, terminal),
        Some(Command::Init(args)) => init::run(args, &options, terminal),
        Some(Command::Lint(args)) => lint::run(&args, &options, terminal),
        Some(Command::List(args)) => list::run(&args, &options, terminal),
        Some(Command::Matrix(args)) => matrix::run(&args, &options, terminal),
        Some(Command::Merge(args)) => merge::run(&args, terminal),
        Some(Command::Sizes(args)) => sizes::run(&args, &options, terminal),
        Some(Command::Test(args)) => test::run(&args, &options, terminal),
        Some(Command::Why(args)) => why::run(&args, &options, terminal),
        Some(Command::Completions { shell }) => completions::run(shell, terminal),
        Some(Command::Man { command }) => man::run(command.as_deref(), terminal),
        Some(Command::DockerPluginMetadata) => docker_plugin_metadata::run(terminal),
    }
}
