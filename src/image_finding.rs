//! A finding of an image in words, as `why` and `test` report it: on the terminal, on a page, and in JSON.
//!
//! It can be read again from a report. Such a text is untrusted, so whatever shows it makes it printable.

pub mod fix;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use fix::{Dockerfile, FixText};
use image_analyzer::printable::printable_bytes;
use image_analyzer::{Certainty, Evidence, Finding};

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct ImageFinding {
    /// Its kind, as docs/WHY.md lists them.
    pub id: Cow<'static, str>,
    /// `certain`: the image cannot start. `likely`: it starts and may then fail.
    #[serde(with = "CertaintyName")]
    #[cfg_attr(feature = "schema", schemars(with = "CertaintyName"))]
    pub certainty: Certainty,
    /// What is wrong.
    pub message: String,
    /// What is missing, if that is the reason: a path, the name of a library, a version.
    pub missing: Option<String>,
    /// Of `likely`: what has to happen for the program to fail, after "it fails if".
    pub fails_if: Option<Cow<'static, str>>,
    /// The facts that it follows from, from the command to the last file.
    pub evidence: Vec<Fact>,
    /// What fixes it; the smallest change comes first.
    pub fixes: Vec<FixText>,
}

/// A fact that a finding follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct Fact {
    /// The file of the image that shows it; null for the image's configuration.
    pub file: Option<String>,
    /// What it shows, as the rest of a sentence that starts with the file.
    pub says: String,
}

/// How sure a finding is.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(remote = "Certainty", rename_all = "lowercase")]
enum CertaintyName {
    Certain,
    Likely,
}

impl ImageFinding {
    /// The words of `finding`, with fixes that fit `dockerfile`, if it is known.
    pub fn new(finding: &Finding, dockerfile: Option<&Dockerfile>) -> Self {
        Self {
            id: finding.kind.id().into(),
            certainty: finding.kind.certainty(),
            message: finding.message.clone(),
            missing: finding.missing.as_deref().map(text),
            fails_if: finding.kind.fails_if().map(Cow::Borrowed),
            evidence: finding.evidence.iter().map(Fact::from).collect(),
            fixes: fix::all(&finding.fixes, dockerfile),
        }
    }

    /// Its facts as sentences: `/hello needs libc.so.6`. Raw.
    pub fn facts(&self) -> impl Iterator<Item = String> {
        let fails_if = self.fails_if.iter().map(|condition| format!("it fails if {condition}"));
        self.evidence.iter().map(Fact::sentence).chain(fails_if)
    }
}

impl Fact {
    fn sentence(&self) -> String {
        match &self.file {
            None => format!("the image's configuration: {}", self.says),
            Some(file) => format!("{file} {}", self.says),
        }
    }
}

impl From<&Evidence> for Fact {
    fn from(evidence: &Evidence) -> Self {
        Self { file: evidence.path.as_deref().map(text), says: evidence.text.clone() }
    }
}

/// A path or name as it is; one that is not UTF-8 with its other bytes as `\xff`.
pub fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| printable_bytes(bytes), str::to_owned)
}
