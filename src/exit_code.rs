//! The exit codes: the only place that says what each number means. It decides nothing; commands do.

use std::process;

/// How a run ended, as the number the shell sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// 0: success.
    Success,
    /// 1: a check failed: a stale file, a lint finding, an image that is not as expected, a reason not to start.
    Failure,
    /// 2: the question could not be answered: usage, I/O, bad names, no engine.
    Error,
    /// 130: stopped by Ctrl-C or SIGTERM after what was running had ended. 128 + SIGINT, as shells count.
    Interrupted,
}

impl ExitCode {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Error => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(exit: ExitCode) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn the_codes_are_the_documented_ones() {
        let codes = [ExitCode::Success, ExitCode::Failure, ExitCode::Error, ExitCode::Interrupted].map(ExitCode::code);
        assert_eq!(codes, [0, 1, 2, 130]);
    }
}
