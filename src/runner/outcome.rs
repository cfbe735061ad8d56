//! What happened when an image was built and run, in a few words that mean the same with every engine and runtime.
//!
//! An exit code alone says little: where a file cannot be executed, runc up to 1.1 ends the container with 1, from 1.2
//! with 255, crun does not start it (127 or 126, state `created`), and a program may use any of these numbers itself.
//! The rules that tell them apart are in [`super::classify`]. Nothing is asked or run here.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::engine::build_output::BuildFailure;

/// What happened. Texts are raw, as the engine or the program wrote them: escape before printing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was built, if asked, and its program ran and ended with exit code 0.
    Works,
    /// Its program ran and ended with this exit code.
    ExitedWithError {
        /// Not 0.
        exit_code: i64,
        /// The line that says most of why; empty if there is none.
        message: String,
    },
    /// Its program never ran: not to be executed, or not to be loaded.
    CannotStart {
        /// The engine's or the loader's words.
        message: String,
    },
    /// Its program was ended by a signal.
    Killed {
        /// The number of the signal.
        signal: i64,
        /// Whether the kernel did it because there was no memory left; `None` if the engine did not say.
        out_of_memory: Option<bool>,
    },
    /// Its program ran until the time was over, and was not expected to.
    TimedOut,
    /// Its program ran until the time was over, as expected.
    Runs,
    /// Its program stays up, but its HEALTHCHECK never succeeded.
    Unhealthy {
        /// What the check printed last.
        message: String,
    },
    /// Its program stays up, but none of its ports accepted a connection, or the HTTP request got no good answer.
    NoAnswer {
        /// What was asked, and what came of it.
        message: String,
    },
    /// It did what was expected, but printed something else.
    WrongOutput {
        /// What was expected.
        message: String,
    },
    /// There is no image: its Dockerfile does not build.
    DoesNotBuild {
        /// The step that failed, as the builder calls it; `None`: before the first.
        step: Option<String>,
        /// The builder's words.
        message: String,
    },
    /// There is no image, and none was to be built.
    NotBuilt,
    /// It was not built, because an image that it is built on failed.
    NotTried {
        /// Which one.
        message: String,
    },
    /// Nothing is known: the user asked to stop before it was its turn.
    NotRun,
    /// Nothing is known: it had begun, and was ended because the user asked twice to stop.
    Interrupted,
    /// Nothing is known: the engine did not do its part.
    Unknown {
        /// What the engine said, or did not.
        message: String,
    },
}

/// An outcome without its words: what two runs are compared by, and how it is written in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutcomeKind {
    /// `works`: exit code 0, healthy, or a port that accepts a connection. `runs`: still up at the timeout, as expected.
    /// `exits`: another exit code. `cannot-start`: the program never ran. `killed`: by a signal. `timed-out`: it ran until
    /// the timeout. `unhealthy`: its HEALTHCHECK never succeeded. `no-answer`: no port accepted a connection, or an HTTP
    /// request got no good answer. `wrong-output`: as expected, but for its standard output. `does-not-build`: its
    /// Dockerfile does not. `not-built`: there is no image, and none was to be built. `not-tried`: an image that it is
    /// built on failed. `not-run`: the run was stopped before. `cut-off`: it was killed by a second stop. `unknown`: the
    /// engine failed.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["works", "runs", "exits", "cannot-start", "killed", "timed-out", "unhealthy", "no-answer", "wrong-output", "does-not-build", "not-built", "not-tried", "not-run", "cut-off", "unknown"])))]
    pub outcome: Cow<'static, str>,
    /// Of `exits`.
    pub exit_code: Option<i64>,
    /// Of `killed`.
    pub signal: Option<i64>,
    /// Of `killed`: whether it was for lack of memory; `null` if the engine did not say.
    pub out_of_memory: Option<bool>,
}

impl OutcomeKind {
    /// In the words of a table.
    pub fn label(&self) -> String {
        match (&*self.outcome, self.exit_code, self.signal) {
            ("exits", Some(code), _) => format!("exits {code}"),
            ("killed", ..) if self.out_of_memory == Some(true) => "killed: out of memory".to_owned(),
            ("killed", _, Some(signal)) => {
                let perhaps = if self.out_of_memory.is_none() { ", perhaps out of memory" } else { "" };
                format!("killed by {}{perhaps}", signal_name(signal))
            }
            (outcome, ..) => outcome.replace('-', " "),
        }
    }

    /// Whether it says that nothing is known.
    pub fn is_undecided(&self) -> bool {
        matches!(&*self.outcome, "not-run" | "cut-off" | "unknown")
    }
}

impl Outcome {
    /// What it is compared by.
    pub fn kind(&self) -> OutcomeKind {
        let plain = |outcome| OutcomeKind {
            outcome: Cow::Borrowed(outcome),
            exit_code: None,
            signal: None,
            out_of_memory: Some(false),
        };
        match self {
            Self::Works => plain("works"),
            Self::ExitedWithError { exit_code, .. } => OutcomeKind { exit_code: Some(*exit_code), ..plain("exits") },
            Self::CannotStart { .. } => plain("cannot-start"),
            Self::Killed { signal, out_of_memory } => {
                OutcomeKind { signal: Some(*signal), out_of_memory: *out_of_memory, ..plain("killed") }
            }
            Self::TimedOut => plain("timed-out"),
            Self::Runs => plain("runs"),
            Self::Unhealthy { .. } => plain("unhealthy"),
            Self::NoAnswer { .. } => plain("no-answer"),
            Self::WrongOutput { .. } => plain("wrong-output"),
            Self::DoesNotBuild { .. } => plain("does-not-build"),
            Self::NotBuilt => plain("not-built"),
            Self::NotTried { .. } => plain("not-tried"),
            Self::NotRun => plain("not-run"),
            Self::Interrupted => plain("cut-off"),
            Self::Unknown { .. } => plain("unknown"),
        }
    }

    /// The outcome in the words of a table, without its reason.
    pub fn label(&self) -> String {
        self.kind().label()
    }

    /// The step of the build that failed, as the builder calls it.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::DoesNotBuild { step, .. } => step.as_deref(),
            _ => None,
        }
    }

    /// Why, in the words of the program that said it; empty if none did.
    pub fn message(&self) -> &str {
        match self {
            Self::ExitedWithError { message, .. }
            | Self::CannotStart { message }
            | Self::DoesNotBuild { message, .. }
            | Self::Unhealthy { message }
            | Self::NoAnswer { message }
            | Self::NotTried { message }
            | Self::WrongOutput { message }
            | Self::Unknown { message } => message,
            _ => "",
        }
    }

    /// Whether there is no image to run.
    pub fn has_no_image(&self) -> bool {
        matches!(self, Self::DoesNotBuild { .. } | Self::NotBuilt | Self::NotTried { .. })
    }
}

impl From<BuildFailure> for Outcome {
    fn from(failure: BuildFailure) -> Self {
        Self::DoesNotBuild { step: failure.step, message: failure.message }
    }
}

/// `SIGKILL` for 9, `signal 35` for one without a common name. The numbers are those of Linux on x86 and ARM, where
/// containers run.
fn signal_name(signal: i64) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ];
    let name = usize::try_from(signal - 1).ok().and_then(|at| NAMES.get(at));
    name.map_or_else(|| format!("signal {signal}"), |name| format!("SIG{name}"))
}

#[cfg(test)]
mod tests {
    use super::Outcome;
    use crate::expectation::ExpectedOutcome;
    use crate::repository::service_name::Set;
    use crate::runner::expectation::is_expected;

    fn does_not_build() -> Outcome {
        Outcome::DoesNotBuild { step: None, message: "no".to_owned() }
    }

    #[test]
    fn signals_are_named_and_lack_of_memory_is_said_plainly() {
        let killed = |signal, out_of_memory| Outcome::Killed { signal, out_of_memory }.label();
        assert_eq!(killed(9, Some(true)), "killed: out of memory");
        assert_eq!(killed(9, Some(false)), "killed by SIGKILL");
        assert_eq!(killed(9, None), "killed by SIGKILL, perhaps out of memory");
        assert_eq!(killed(11, Some(false)), "killed by SIGSEGV");
        assert_eq!(killed(31, Some(false)), "killed by SIGSYS");
        assert_eq!(killed(35, Some(false)), "killed by signal 35");
        assert_eq!(killed(0, Some(false)), "killed by signal 0");
    }

    #[test]
    fn a_gist_is_undecided_where_nothing_is_expected() {
        let outcomes = [
            Outcome::Works,
            Outcome::ExitedWithError { exit_code: 3, message: "no".to_owned() },
            Outcome::CannotStart { message: "no".to_owned() },
            Outcome::Killed { signal: 9, out_of_memory: Some(true) },
            Outcome::TimedOut,
            does_not_build(),
            Outcome::NotBuilt,
            Outcome::NotRun,
            Outcome::Interrupted,
            Outcome::Unknown { message: "no".to_owned() },
        ];
        for outcome in outcomes {
            let kind = outcome.kind();
            assert_eq!(
                kind.is_undecided(),
                is_expected(&outcome, Set::Normal, ExpectedOutcome::Works).is_none(),
                "{kind:?}"
            );
        }
        assert_eq!(Outcome::CannotStart { message: String::new() }.label(), "cannot start");
    }
}
