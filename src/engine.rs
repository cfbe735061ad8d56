//! The only place that starts `docker`, or whatever stands in for it (`--docker`, `MKCOMPOSE_DOCKER`: podman does).
//!
//! The engine is reached through its command line, which honours contexts, credentials and remote hosts. Every failure
//! carries the command, its status and what it said. Nothing here knows of Dockerfiles or Compose.

pub mod images;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

use crate::escape::{printable, printable_os};

/// The command line of a container engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    program: OsString,
}

/// A command of the engine that did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// The command as it was run, safe to print.
    pub command: String,
    /// How it ended; `None` if it could not be started.
    pub status: Option<ExitStatus>,
    /// What it said on stderr, or why it could not be started. Raw: escape before printing.
    pub said: String,
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.said.lines().map(printable).collect::<Vec<_>>().join("; ");
        match self.status {
            Some(status) => write!(f, "`{}` failed ({status}): {said}", self.command),
            None => write!(f, "`{}` could not be started: {said}", self.command),
        }
    }
}

impl Engine {
    /// The engine behind the command `program`.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into() }
    }

    /// Makes sure that there is an engine that answers, before anything else is started.
    ///
    /// `version` asks the server too, and podman, which has none, knows the word as well.
    ///
    /// # Errors
    /// If the program cannot be started, or its server does not answer.
    pub fn check(&self) -> Result<(), Failure> {
        self.capture(["version"]).map(drop).map_err(|mut failure| {
            if failure.status.is_some() {
                failure.said.push_str("\nstart the engine, or name another with `--docker`");
            }
            failure
        })
    }

    /// The command `program args…`, with nothing on its stdin.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::null());
        command
    }

    /// Runs `program args…` to its end and returns what it wrote to stdout.
    ///
    /// # Errors
    /// If it cannot be started or ends with another status than 0.
    pub fn capture<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Vec<u8>, Failure> {
        let mut command = self.command(args);
        match command.output() {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
                Err(Failure { command: shown(&command), status: Some(output.status), said })
            }
            Err(error) => Err(unstarted(&command, &error)),
        }
    }
}

/// The failure of a command that could not be started, with the usual fix.
pub fn unstarted(command: &Command, error: &io::Error) -> Failure {
    let said = match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such program: install Docker, or name another engine with `--docker`".to_owned()
        }
        _ => error.to_string(),
    };
    Failure { command: shown(command), status: None, said }
}

/// The command in one line, safe to print.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(printable_os).collect::<Vec<_>>().join(" ")
}
