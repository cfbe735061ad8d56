//! What happened when a container ran, held against what must happen.

use std::net::IpAddr;

use crate::engine::{container_state, docker, exec_failure_code, has_stand_ins};
use crate::outcomes::{Expected, Missing, Outcome};

/// The exit code of a loader that does not find a library, and of a container that the engine cannot start.
const NOT_FOUND: i64 = 127;

/// What is left of a container after it ran, or was refused.
#[derive(Debug)]
pub(crate) struct Observed {
    /// `exited`, or `created` if the engine would not start it.
    pub(crate) status: String,
    /// The exit code.
    pub(crate) code: i64,
    /// Why the engine would not start it.
    pub(crate) error: String,
    /// What it printed on standard output.
    pub(crate) stdout: String,
    /// What it printed on standard error.
    pub(crate) stderr: String,
}

impl Observed {
    /// Asks the engine about a container.
    #[track_caller]
    pub(crate) fn of(container: &str) -> Self {
        let state = container_state(container);
        let logs = docker("logs", &["logs", container]).succeeds();
        let text = |key: &str| state[key].as_str().unwrap_or_default().to_owned();
        Self {
            status: text("Status"),
            code: state["ExitCode"].as_i64().unwrap(),
            error: text("Error"),
            stdout: logs.stdout,
            stderr: logs.stderr,
        }
    }

    /// Whether the program never ran, as the engine's, the runtime's or the loader's words tell.
    pub(crate) fn never_ran(&self) -> bool {
        self.status != "exited"
            || (self.code == exec_failure_code() && self.stderr.starts_with("exec "))
            || (self.code == NOT_FOUND && self.stderr.contains("error while loading shared libraries"))
    }

    /// What is wrong with it; nothing if it is as expected.
    pub(crate) fn disagrees_with(&self, expected: &Expected) -> Option<String> {
        let (status, code, says) = match &expected.outcome {
            Outcome::Works { prints } => {
                let same = if is_own_address(prints) { prints_address(&self.stdout) } else { self.stdout == *prints };
                let right = self.status == "exited" && self.code == 0 && same;
                return (!right).then(|| format!("should exit 0 and print {prints:?}, but: {self:?}"));
            }
            Outcome::Exits { code, says } => ("exited", *code, says),
            Outcome::CannotStart { missing: Missing::Loader, says, .. } => ("exited", exec_failure_code(), says),
            Outcome::CannotStart { missing: Missing::Library, says, .. } => ("exited", NOT_FOUND, says),
            Outcome::CannotStart { missing: Missing::Shell, says, .. } => ("created", NOT_FOUND, says),
            Outcome::DoesNotBuild { .. } => return Some(format!("should not even build, but: {self:?}")),
        };
        let words = if status == "created" { &self.error } else { &self.stderr };
        let right = self.status == status && self.code == code && words.contains(says) && self.stdout.is_empty();
        (!right).then(|| format!("should be {status} with code {code}, say {says:?} and print nothing, but: {self:?}"))
    }
}

/// Whether what is expected comes from the tests' own server, which only the stand-in bases trust.
fn is_own_address(prints: &str) -> bool {
    !has_stand_ins() && prints_address(prints)
}

/// Whether `text` is an IP address and a line end.
fn prints_address(text: &str) -> bool {
    text.trim_end().parse::<IpAddr>().is_ok()
}
