//! The only place that starts `docker`, or whatever stands in for it (`--docker`, `MKCOMPOSE_DOCKER`: podman does).
//!
//! The engine is reached through its command line, which honours contexts, credentials and remote hosts. Every failure
//! carries the command, its status and what it said. Nothing here knows of Dockerfiles or Compose.

pub mod bake;
pub mod build;
pub mod build_output;
pub mod cleanup;
pub mod exact_sizes;
pub mod identity;
pub mod image_archive;
pub mod images;
mod lines;
pub mod output;
pub mod probe;
pub mod process;
pub mod push;
pub mod readiness;
pub mod run_container;
pub mod run_label;
pub mod save;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::interrupt::Interrupt;
use image_analyzer::printable::{printable, printable_os};
use process::{Deadline, ProcessEnd, Stream};

/// How long an engine may take for an answer that needs no work. A busy engine needs a second or two; one that needs
/// more than this will not answer at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it may still take to tidy up for a user who asked twice to stop.
const HURRY: Duration = Duration::from_secs(5);

/// The command line of a container engine.
#[derive(Clone, Debug)]
pub struct Engine {
    program: OsString,
    /// What stands before each command: `--context NAME` and its like.
    flags: Vec<OsString>,
    patience: Duration,
    interrupt: Interrupt,
}

/// A command of the engine that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    /// The command as it was run, safe to print.
    pub command: String,
    /// How it ended; `None` if it could not be started, or had to be ended because it hung.
    pub status: Option<ExitStatus>,
    /// What it said on stderr, or why it has no status. Raw: escape before printing.
    pub said: String,
}

impl std::error::Error for EngineError {}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.said.lines().map(str::trim).filter(|line| !line.is_empty());
        let said = lines.map(printable).collect::<Vec<_>>().join("; ");
        match self.status {
            Some(status) => write!(f, "`{}` failed ({status}): {said}", self.command),
            None => write!(f, "`{}` failed: {said}", self.command),
        }
    }
}

impl EngineError {
    /// The same, with what to do about it or what comes of it, in a line of its own.
    #[must_use]
    pub fn with(mut self, line: &str) -> Self {
        self.said.push('\n');
        self.said.push_str(line);
        self
    }
}

/// What an engine says of itself when it is asked for its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineVersion(String);

impl EngineVersion {
    /// Whether bake may be tried: the server is Docker's and has a `BuildKit` that knows named build contexts, as Docker has
    /// since 23.0, API 1.42. The user can ask for the classic builder, as for `docker build`.
    pub fn has_bake(&self) -> bool {
        let server = self.0.split_once("\nServer:").map(|(_, server)| server).unwrap_or_default();
        let api = server.lines().find_map(|line| line.trim_start().strip_prefix("API version:"));
        let api = api.and_then(|api| api.split_whitespace().next()?.split_once('.'));
        let api = api.and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
        !build::is_classic_asked_for() && api.is_some_and(|api| api >= (1, 42))
    }
}

/// What to do where the engine's socket is there and may not be used.
const MAY_NOT: &str =
    "you have no permission to use its socket: join the group that owns the socket (`docker`), or use `sudo`";

/// What to do where an engine answers, and refuses to speak as its command line does.
const OTHER_API: &str = "the engine and its command line speak different versions of the API: update the older one, or set or unset `DOCKER_API_VERSION`";

/// What to do where no engine answers.
const NOT_THERE: &str = "start the engine, or choose another one with `--docker`";

impl Engine {
    /// The engine behind the command `program`.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), flags: Vec::new(), patience: PATIENCE, interrupt: Interrupt::default() }
    }

    /// The same engine, with these flags before each command.
    #[must_use]
    pub fn with_flags(self, flags: &[OsString]) -> Self {
        Self { flags: flags.to_owned(), ..self }
    }

    /// The same engine, which is asked nothing more when the user has asked twice to stop, and is given little time to
    /// tidy up.
    #[must_use]
    pub fn with_interrupt(self, interrupt: &Interrupt) -> Self {
        Self { interrupt: interrupt.clone(), ..self }
    }

    /// The same engine, which has to answer within `patience` where the answer needs no work.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long the engine may take for an answer that needs no work.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Makes sure that there is an engine that answers, before anything else is started.
    ///
    /// `version` asks the server too, and podman, which has none, knows the word as well.
    ///
    /// # Errors
    /// If the program cannot be started, or its server does not answer.
    pub fn check(&self) -> Result<(), EngineError> {
        self.version().map(drop)
    }

    /// As [`Engine::check`], with what the engine says of itself.
    ///
    /// # Errors
    /// See [`Engine::check`].
    pub fn version(&self) -> Result<EngineVersion, EngineError> {
        let answer = self.capture(["version"]).map_err(|failure| {
            if failure.status.is_none() {
                return failure;
            }
            let said = failure.said.to_ascii_lowercase();
            let says = |words: &str| said.contains(words);
            let is_other = says("client version") && (says("is too old") || says("is too new"));
            let help = if says("permission denied") {
                MAY_NOT
            } else if is_other {
                OTHER_API
            } else {
                NOT_THERE
            };
            failure.with(help)
        })?;
        if answer.trim_ascii().is_empty() {
            let said = "it printed nothing, so it is not a container engine: choose another program with `--docker`"
                .to_owned();
            return Err(EngineError { command: shown(&self.command(["version"])), status: None, said });
        }
        Ok(EngineVersion(String::from_utf8_lossy(&answer).into_owned()))
    }

    /// What to say instead of `failure`, where a command was refused because there is no engine that answers.
    pub fn silence(&self, failure: &EngineError) -> Option<EngineError> {
        let is_refused = failure.status.is_some_and(|status| !status.success());
        is_refused.then(|| self.check().err()).flatten()
    }

    /// The command `program args…`, with nothing on its stdin.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.flags).args(args).stdin(Stdio::null());
        command
    }

    /// Runs `program args…` to its end and returns what it wrote to stdout.
    ///
    /// # Errors
    /// If it cannot be started, does not end in time, or ends with another status than 0.
    pub fn capture<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Vec<u8>, EngineError> {
        self.capture_command(self.command(args), Duration::ZERO)
    }

    /// As [`Engine::capture`], for tidying up: that is done also for a user who asked twice to stop, but in a hurry.
    ///
    /// # Errors
    /// See [`Engine::capture`].
    fn capture_in_any_case<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Vec<u8>, EngineError> {
        self.capture_command(self.command(args), HURRY)
    }

    fn capture_command(&self, command: Command, grace: Duration) -> Result<Vec<u8>, EngineError> {
        let shown = shown(&command);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let limit = Deadline { time: Some(self.patience), interrupt: &self.interrupt, grace };
        let end = process::run(command, limit, &mut |stream, bytes| match stream {
            Stream::Out => out.extend_from_slice(bytes),
            Stream::Err => err.extend_from_slice(bytes),
        });
        let said = || String::from_utf8_lossy(&err).trim_end().to_owned();
        match end {
            Ok(ProcessEnd::Exited(status)) if status.success() => Ok(out),
            Ok(ProcessEnd::Exited(status)) => Err(EngineError { command: shown, status: Some(status), said: said() }),
            Ok(ProcessEnd::TimedOut | ProcessEnd::Stopped) => Err(hung(shown, self.patience)),
            Ok(ProcessEnd::Interrupted) => Err(EngineError {
                command: shown,
                status: None,
                said: "stopped, because mkcompose was asked twice to stop".to_owned(),
            }),
            Err(error) => Err(unstarted(shown, &error)),
        }
    }
}

/// The failure of a command that gave no answer.
fn hung(command: String, patience: Duration) -> EngineError {
    let said = format!(
        "no answer within {} s: restart the engine, or choose another one with `--docker`",
        patience.as_secs_f64()
    );
    EngineError { command, status: None, said }
}

/// The failure of a command that could not be started, with the usual fix.
pub fn unstarted(command: String, error: &io::Error) -> EngineError {
    let said = match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such program: install Docker, or choose another engine with `--docker`".to_owned()
        }
        _ => format!("cannot run it ({error}): choose another engine with `--docker`"),
    };
    EngineError { command, status: None, said }
}

/// The command in one line, safe to print.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(printable_os).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::Engine;
    use std::time::Duration;

    #[test]
    fn a_failure_carries_the_command_the_status_and_the_words() {
        let failure = Engine::new("sh").capture(["-c", "echo no \x1b >&2; echo more >&2; exit 5"]).unwrap_err();
        let text = failure.to_string();
        assert!(text.starts_with("`sh -c "), "{text}");
        assert!(text.ends_with(r"failed (exit status: 5): no \x1b; more"), "{text}");
    }

    #[test]
    fn no_program_is_a_failure_with_a_hint() {
        let text = Engine::new("/no/such/engine").check().unwrap_err().to_string();
        assert!(text.contains("`/no/such/engine version` failed: there is no such program"), "{text}");
        assert!(text.contains("--docker"), "{text}");
    }

    #[test]
    fn bake_is_for_a_server_of_docker_that_is_new_enough() {
        let version = |server: &str| {
            super::EngineVersion(format!("Client:\n Version: 28.5.2\n API version:       1.51\n{server}")).has_bake()
        };
        assert!(version("\nServer:\n Engine:\n  Version:  28.5.2\n  API version:      1.51 (minimum version 1.24)\n"));
        assert!(!version(
            "\nServer:\n Engine:\n  Version:  20.10.24\n  API version:      1.41 (minimum version 1.12)\n"
        ));
        assert!(!version("\nServer:       Podman Engine\nAPI Version:  5.8.6\n"));
        assert!(!version(""));
    }

    #[test]
    fn an_engine_that_hangs_is_given_up() {
        let engine = Engine::new("sleep").with_patience(Duration::from_millis(100));
        let text = engine.capture(["1000"]).unwrap_err().to_string();
        assert!(text.starts_with("`sleep 1000` failed: no answer within 0.1 s"), "{text}");
    }
}
