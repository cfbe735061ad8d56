//! The exit codes: the only place that says what each number means. It decides nothing; commands do.

use std::process::ExitCode;

/// How a run ended, as the number the shell sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: all is well.
    Well,
    /// 1: the answer is no: a stale file, a lint finding, an image that is not as expected, a reason not to start.
    No,
    /// 2: the question could not be answered: usage, I/O, bad names, no engine.
    Unanswered,
    /// 130: stopped by Ctrl-C or SIGTERM after what was running had ended. 128 + SIGINT, as shells count.
    Interrupted,
}

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::No => 1,
            Self::Unanswered => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_codes_are_the_documented_ones() {
        let codes = [Exit::Well, Exit::No, Exit::Unanswered, Exit::Interrupted].map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 130]);
    }
}
