//! The words for what must happen when an image is run: `works`, `exit N`, `cannot start`, `runs`, and what it must answer.

use crate::expectation::{Expectation, ExpectedOutcome, HttpProbe};

/// What the settings say about an expectation; what they leave out is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectationSettings {
    /// How the container must end or stay.
    pub outcome: Option<ExpectedOutcome>,
    /// A regular expression for its standard output.
    pub stdout: Option<String>,
    /// A request that it must answer.
    pub http: Option<HttpProbe>,
}

impl ExpectationSettings {
    /// These settings where `later` says nothing.
    pub(super) fn overridden_by(self, later: Self) -> Self {
        Self {
            outcome: later.outcome.or(self.outcome),
            stdout: later.stdout.or(self.stdout),
            http: later.http.or(self.http),
        }
    }

    /// The expectation, with the defaults where nothing is said.
    pub(super) fn expectation(&self) -> Expectation {
        Expectation { outcome: self.outcome.unwrap_or_default(), stdout: self.stdout.clone(), http: self.http.clone() }
    }
}

/// Reads `PORT/PATH`.
pub(super) fn http(text: &str) -> Result<HttpProbe, String> {
    let (port, path) = text.split_once('/').unwrap_or((text, ""));
    let is_path = |path: &str| path.chars().all(|c| c.is_ascii_graphic());
    match port.parse() {
        Ok(port) if port > 0 && is_path(path) => Ok(HttpProbe { port, path: format!("/{path}") }),
        _ => Err(format!("`{text}` is not a port and a path: write `8080/health`")),
    }
}

/// Checks a regular expression.
pub(super) fn stdout(text: &str) -> Result<String, String> {
    match regex::Regex::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(regex::Error::CompiledTooBig(limit)) => Err(format!(
            "`{text}` is too large for a regular expression (over the size limit of {limit} bytes): shorten it"
        )),
        // The crate draws the place, and gives the reason in the last line.
        Err(why) => {
            let why = why.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(format!("`{text}` is not a regular expression ({why}): correct it"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{http, stdout};
    use crate::expectation::{ExpectedOutcome, HttpProbe};

    #[test]
    fn the_four_expectations_are_read() {
        let outcome = |text: &str| text.parse::<ExpectedOutcome>();
        assert_eq!(outcome("works"), Ok(ExpectedOutcome::Works));
        assert_eq!(outcome("exit 1"), Ok(ExpectedOutcome::Exit(1)));
        assert_eq!(outcome("cannot  start"), Ok(ExpectedOutcome::CannotStart));
        assert_eq!(outcome("runs"), Ok(ExpectedOutcome::Runs));
        for wrong in ["", "exit", "exit 256", "exit -1", "Works", "starts"] {
            assert!(outcome(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_is_a_port_and_a_path() {
        let probe = |port, path: &str| Ok(HttpProbe { port, path: path.to_owned() });
        assert_eq!(http("8080/health?x=1"), probe(8080, "/health?x=1"));
        assert_eq!(http("80"), probe(80, "/"));
        for wrong in ["", "0/", "x/y", "70000/", "80/a b", "80/\r\nHost: x"] {
            assert!(http(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_broken_regular_expression_is_refused() {
        assert!(stdout("a(").is_err());
        assert_eq!(stdout("^a+$"), Ok("^a+$".to_owned()));
    }
}
