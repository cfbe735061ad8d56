//! Terminal output: results to stdout, messages to stderr.
//!
//! This module formats nothing and decides nothing. A closed pipe is not an error: the reader has read enough.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;

use anstyle::AnsiColor;
use unicode_width::UnicodeWidthStr as _;

use crate::problem::IoError;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set (no-color.org) or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// The style of a word, by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As expected, added, smaller.
    Good,
    /// Not as expected, removed, larger.
    Bad,
    /// Worth a look.
    Notice,
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
}

/// Where output goes, and how.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    quiet: bool,
    color_out: bool,
    color_err: bool,
}

impl Terminal {
    /// The terminal of this process; `quiet` drops all messages but errors.
    pub fn new(color: Color, quiet: bool) -> Self {
        let auto = || {
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        };
        let wanted = |terminal: bool| match color {
            Color::Auto => terminal && auto(),
            Color::Always => true,
            Color::Never => false,
        };
        Self { quiet, color_out: wanted(io::stdout().is_terminal()), color_err: wanted(io::stderr().is_terminal()) }
    }

    /// Writes a result to stdout, as it is.
    ///
    /// # Errors
    /// If stdout cannot be written (a full disk), except that it was closed.
    #[expect(clippy::unused_self, reason = "stdout belongs to the terminal of this run")]
    pub fn result(&self, text: &str) -> Result<(), IoError> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(IoError::new("write", "stdout")(error)),
            _ => Ok(()),
        }
    }

    /// Writes a result to stdout as indented JSON with a final newline.
    ///
    /// # Errors
    /// As [`Self::result`].
    pub fn json(&self, value: &impl serde::Serialize) -> Result<(), IoError> {
        let text =
            serde_json::to_string_pretty(value).map_err(|error| IoError::new("write", "stdout")(error.into()))?;
        self.result(&(text + "\n"))
    }

    /// Prints a line on stderr, unless `--quiet` was given.
    pub fn status(&self, line: &str) {
        if !self.quiet {
            err(line);
        }
    }

    /// Prints what went wrong on stderr, one line each, `error:` before it.
    pub fn error(&self, error: &impl Display) {
        let label = styled("error:", Style::Bad, self.color_err);
        for line in error.to_string().lines() {
            err(&format!("{label} {line}"));
        }
    }

    /// `text` in `style`, if stdout shows colour.
    pub fn styled_out(&self, text: &str, style: Style) -> String {
        styled(text, style, self.color_out)
    }

    /// `text` in `style`, if stderr shows colour.
    pub fn styled_err(&self, text: &str, style: Style) -> String {
        styled(text, style, self.color_err)
    }

    /// Whether stderr shows colour.
    pub fn color_err(&self) -> bool {
        self.color_err
    }

    /// Whether stdout shows colour.
    pub fn color_out(&self) -> bool {
        self.color_out
    }

    /// The width of the terminal that stdout is, in columns; `None` if it is not one. `COLUMNS` wins, as in a shell.
    #[expect(clippy::unused_self, reason = "stdout belongs to the terminal of this run")]
    pub fn width(&self) -> Option<usize> {
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        columns.or_else(|| size_of(io::stdout()).map(|(columns, _)| columns))
    }

    /// The columns and lines of the terminal that stderr is, for what is redrawn in place; `None` if it is
    /// not a terminal, cannot move its cursor, or `--quiet` was given.
    pub fn draw_size(&self) -> Option<(usize, usize)> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if self.quiet || dumb || !io::stderr().is_terminal() {
            return None;
        }
        size_of(io::stderr()).filter(|&(_, lines)| lines > 0)
    }

    /// Whether results go to a terminal.
    #[expect(clippy::unused_self, reason = "stdout belongs to the terminal of this run")]
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }
}

/// The columns and lines of a terminal; of some that are made by programs only the columns are known, and lines are 0.
fn size_of(terminal: impl AsFd) -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some((size.ws_col.into(), size.ws_row.into())).filter(|&(columns, _)| columns > 0)
}

/// `text` in `style`, if `color`.
pub fn styled(text: &str, style: Style, color: bool) -> String {
    if !color {
        return text.to_owned();
    }
    let style = match style {
        Style::Good => AnsiColor::Green.on_default(),
        Style::Bad => AnsiColor::Red.on_default().bold(),
        Style::Notice => AnsiColor::Yellow.on_default(),
        Style::Strong => anstyle::Style::new().bold(),
        Style::Faint => anstyle::Style::new().dimmed(),
    };
    format!("{style}{text}{style:#}")
}

/// Ignores a failed write: without stderr there is no other place to report it.
fn err(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// `text` as lines of at most `width` columns, broken between words. A word that is wider has a line of its own.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_between_words_only() {
        assert_eq!(wrap("waiting for running jobs", 12), ["waiting for", "running jobs"]);
        assert_eq!(wrap("a word-that-is-wider than that", 6), ["a", "word-that-is-wider", "than", "that"]);
        assert_eq!(wrap("漢字 漢字", 8), ["漢字", "漢字"]);
    }
}
