//! The findings of `lint`, in each of their formats: one file per format, each a pure function to text.
//!
//! Messages and paths come in raw; each format makes them printable and escapes them.

mod github;
mod gitlab;
mod sarif;
mod text;

use std::path::PathBuf;

use crate::lint::LintFinding;
use crate::report::{Export, ExportError, Layout};

/// The formats of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line each: `path:line: message (rule)`
    #[default]
    Text,
    /// JSON, as docs/lint.schema.json has it
    Json,
    /// Annotations of a GitHub workflow, at most 10 of a level
    Github,
    /// Code quality, for a merge request on GitLab
    Gitlab,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What is reported.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The findings, by path and line.
    pub findings: &'a [LintFinding],
    /// The path of each finding from the root of the checkout, in the same order.
    pub from_root: &'a [PathBuf],
}

impl Export for Report<'_> {
    type Format = Format;

    fn export(&self, format: Format, layout: Layout) -> Result<String, ExportError> {
        Ok(match format {
            Format::Text => text::render(*self, layout),
            Format::Json => serde_json::to_string_pretty(self.findings)? + "\n",
            Format::Github => github::render(*self),
            Format::Gitlab => gitlab::render(*self)?,
            Format::Sarif => sarif::render(*self)?,
        })
    }
}
