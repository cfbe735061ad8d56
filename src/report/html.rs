//! A page to look at: one file, which asks for nothing and lets nothing in it be asked for.
//!
//! What the pages of all reports share is here and in `page/`. Texts come in raw. A template makes them printable and
//! escapes them; the page's policy, which names the style and the script by their hashes, would let no other run.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use askama::Template;

use crate::image_finding::ImageFinding;
use crate::image_finding::fix::FixText;
use crate::terminal::Style;
use image_analyzer::Certainty;
use image_analyzer::printable::printable;

const STYLE: &str = include_str!("page/report.css");
const SCRIPT: &str = include_str!("page/report.js");
/// SHA-256 of [`STYLE`] and [`SCRIPT`], as the policy names them. A test computes them.
const STYLE_HASH: &str = "u/zm9c1QOcFhuVGFuy5Q3p+TC9KIC2h9MxhGrW8e94k=";
const SCRIPT_HASH: &str = "u/Ki78MSuu243tKEr8WPBvPSWc4E0UpubF/VVIAnsXM=";

/// A report as a page: a row for each image, which may be filtered and sorted.
#[derive(Debug)]
pub(super) struct Page {
    /// What wrote it, by which it is known.
    pub(super) generator: &'static str,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) tone: Tone,
    pub(super) sections: Vec<Section>,
    /// What the table shows.
    pub(super) caption: &'static str,
    /// What [`Row::state`] is called.
    pub(super) state_name: &'static str,
    /// What the bad rows are called, if there is any.
    pub(super) bad: Option<&'static str>,
    /// The columns; the first has the service.
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Row>,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Whether it is sorted by number.
    pub(super) is_number: bool,
}

/// A heading and a line for each service under it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

/// An image.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) service: String,
    pub(super) program: String,
    pub(super) state: String,
    pub(super) mark: &'static str,
    /// The mark in words.
    pub(super) spoken: &'static str,
    pub(super) tone: Tone,
    /// One for each column.
    pub(super) cells: Vec<Cell>,
    pub(super) details: Vec<Detail>,
}

/// A cell of a table.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// What it is sorted by: the text, or a number.
    pub(super) sort: String,
    pub(super) bar: Option<Bar>,
}

/// The parts of a bar, in thousandths of the largest.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) own: u64,
    pub(super) shared: u64,
}

/// What is folded away.
#[derive(Debug)]
pub(super) enum Detail {
    /// A title and what was said.
    Text(&'static str, String),
    /// A title and files.
    Links(&'static str, Vec<Link>),
    /// A finding of `why`. Raw: it may be from the report of another machine.
    Finding(ImageFinding),
}

/// A file.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) to: String,
}

/// Whether something is good.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tone {
    Good,
    Bad,
    Notice,
}

impl Tone {
    /// Its class in the style.
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Notice => "notice",
        }
    }
}

impl From<Style> for Tone {
    fn from(style: Style) -> Self {
        match style {
            Style::Good => Self::Good,
            Style::Bad => Self::Bad,
            Style::Notice | Style::Strong | Style::Faint => Self::Notice,
        }
    }
}

impl Cell {
    /// A text, which it is sorted by.
    pub(super) fn text(text: &str) -> Self {
        let text = printable(text).into_owned();
        Self { sort: text.clone(), text, bar: None }
    }

    /// A number in words; nothing if there is none.
    pub(super) fn number<N: ToString>(number: Option<N>, words: impl FnOnce(N) -> String) -> Self {
        let sort = number.as_ref().map(ToString::to_string).unwrap_or_default();
        Self { text: number.map(words).unwrap_or_default(), sort, bar: None }
    }
}

impl Detail {
    /// What was said, if it is anything.
    pub(super) fn said(title: &'static str, text: &str) -> Option<Self> {
        let lines: Vec<_> = text.lines().map(printable).collect();
        (!lines.is_empty()).then(|| Self::Text(title, lines.join("\n")))
    }
}

/// The lines of a fix, printable.
fn lines(fix: &FixText) -> String {
    fix.lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
}

/// What a finding means for the image.
fn verdict(finding: &ImageFinding) -> &'static str {
    match finding.certainty {
        Certainty::Certain => "cannot start",
        Certainty::Likely => "starts, and may fail",
    }
}

impl Page {
    /// The page, with a newline at its end.
    ///
    /// # Errors
    /// None that is known of: a `String` takes all.
    pub(super) fn render(&self) -> Result<String, askama::Error> {
        let template =
            PageTemplate { page: self, style: STYLE, style_hash: STYLE_HASH, script: SCRIPT, script_hash: SCRIPT_HASH };
        Ok(template.render()? + "\n")
    }

    fn column(&self, at: &usize) -> &Column {
        const NONE: Column = Column { name: "", is_number: false };
        self.columns.get(*at).unwrap_or(&NONE)
    }

    fn programs(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.program.as_str()))
    }

    fn states(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.state.as_str()))
    }
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    words.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

#[derive(Template)]
#[template(path = "report.html")]
struct PageTemplate<'a> {
    page: &'a Page,
    style: &'static str,
    style_hash: &'static str,
    script: &'static str,
    script_hash: &'static str,
}

/// A path as the address of a link: an absolute one as `file://`, another one relative to the page. Every byte but the
/// unreserved ones and `/` becomes `%` and two digits, so that no first part looks like a scheme.
pub(super) fn address(path: &Path) -> String {
    let mut out = String::from(if path.is_absolute() { "file://" } else { "" });
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte.into());
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::address;
    use std::path::Path;

    #[test]
    fn an_address_never_names_another_scheme_or_host() {
        assert_eq!(address(Path::new("/a b/c:d?e#f%41")), "file:///a%20b/c%3Ad%3Fe%23f%2541");
        assert_eq!(address(Path::new("javascript:alert(1)/x")), "javascript%3Aalert%281%29/x");
        assert_eq!(address(Path::new("logs/é.log")), "logs/%C3%A9.log");
    }
}
