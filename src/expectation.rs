//! What must happen when an image is run.

use std::fmt;
use std::str::FromStr;

/// What must happen when an image is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// How it must end or stay.
    pub outcome: ExpectedOutcome,
    /// A regular expression that its standard output must match.
    pub stdout: Option<String>,
    /// A port and a path that must answer an HTTP request with a status below 400.
    pub http: Option<HttpProbe>,
}

/// How a container must end or stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpectedOutcome {
    /// It exits 0, becomes healthy, or stays up and accepts a connection on an exposed port.
    #[default]
    Works,
    /// It exits with this code.
    Exit(u8),
    /// Its command cannot be started.
    CannotStart,
    /// It still runs when the timeout ends.
    Runs,
}

/// An HTTP request to a running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpProbe {
    /// The container's port.
    pub port: u16,
    /// The path with its leading `/`.
    pub path: String,
}

impl fmt::Display for ExpectedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("works"),
            Self::Exit(code) => write!(f, "exit {code}"),
            Self::CannotStart => f.write_str("cannot start"),
            Self::Runs => f.write_str("runs"),
        }
    }
}

impl FromStr for ExpectedOutcome {
    type Err = String;

    /// Reads `works`, `exit N`, `cannot start` or `runs`.
    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<_> = text.split_whitespace().collect();
        match words.as_slice() {
            ["works"] => Ok(Self::Works),
            ["runs"] => Ok(Self::Runs),
            ["cannot", "start"] => Ok(Self::CannotStart),
            ["exit", code] if code.parse::<u8>().is_ok() => Ok(Self::Exit(code.parse().unwrap_or_default())),
            ["exit", ..] => Err(format!("`{text}` needs an exit code from 0 to 255, as in `exit 1`")),
            _ => Err(format!("`{text}` is not an expectation: use works, exit N, cannot start or runs")),
        }
    }
}
