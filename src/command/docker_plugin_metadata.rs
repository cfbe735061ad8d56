//! `docker-cli-plugin-metadata`: what Docker asks each plugin of its command line.

use crate::cli::docker_plugin::Metadata;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::terminal::Terminal;

/// Prints what this plugin is.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(terminal: &Terminal) -> Result<ExitCode, Error> {
    let text = serde_json::to_string(&Metadata::OURS).map_err(|error| Error::io("write", "stdout")(error.into()))?;
    terminal.result(&(text + "\n"))?;
    Ok(ExitCode::Success)
}
