//! Where a name and its Dockerfile contradict each other, or a build would miss something: the rules.
//!
//! Pure: what the Dockerfile says comes from [`crate::dockerfile`], what is there from [`crate::context`]. Each rule has one
//! function, each message ends with what to do. docs/NAMES.md lists the rules.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::context::{Presence, ProgramSource};
use crate::dockerfile::{CopySource, Description, Image, ParsedDockerfile, fit, suggested};
use crate::repository::Dockerfile;
use image_analyzer::printable::printable_path;

/// Something that is not as the name says, or not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The Dockerfile.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// The line it is about, counted from 1.
    pub line: usize,
    /// The rule.
    pub rule: Rule,
    /// What is wrong and what to do. Raw: escape before printing.
    pub message: String,
}

/// The rules, by the ids that people and programs know them by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The text is no Dockerfile.
    ParseError,
    /// A FROM that, its variables filled in, refers to no image.
    UnknownImage,
    /// A segment that the FROM at its place contradicts.
    SegmentMismatch,
    /// More or fewer stages than segments.
    StageCount,
    /// A COPY or ADD source that a build would not find in the context.
    MissingCopySource,
    /// A program whose source is not in the context.
    MissingProgramSource,
}

impl Rule {
    /// The id: `segment-mismatch`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "parse-error",
            Self::UnknownImage => "unknown-image",
            Self::SegmentMismatch => "segment-mismatch",
            Self::StageCount => "stage-count",
            Self::MissingCopySource => "missing-copy-source",
            Self::MissingProgramSource => "missing-program-source",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Everything that is wrong with one Dockerfile, in the order of the rules.
///
/// `program` is where its program leads in the context at `root`, `absent` what a build would not find of what it takes.
pub fn lint(
    dockerfile: &Dockerfile,
    description: &Description,
    program: &ProgramSource,
    root: &Path,
    absent: &[(&CopySource, Presence)],
) -> Vec<Finding> {
    let mut all = Vec::new();
    match &description.content {
        Ok(content) => {
            all.extend(unknown_images(content));
            all.extend(mismatches(description, content));
            all.extend(stage_count(description, content));
        }
        Err(problem) => {
            let message = format!("{}: mend the line", problem.message);
            all.push((problem.line, Rule::ParseError, message));
        }
    }
    all.extend(absent.iter().filter_map(|(source, presence)| missing_copy_source(source, presence, root)));
    all.extend(missing_program_source(dockerfile, program, root));
    let of_this = |(line, rule, message)| Finding { path: dockerfile.path.clone(), line, rule, message };
    all.into_iter().map(of_this).collect()
}

/// A line, a rule, a message.
type Said = (usize, Rule, String);

fn unknown_images(content: &ParsedDockerfile) -> Vec<Said> {
    let missing = content.froms.iter().filter(|from| from.image == Image::Missing);
    let said = missing.map(|from| {
        let why = if from.written.contains('$') {
            "names no image, because an ARG without a default is empty, and Compose passes no build arguments: give it a default"
        } else {
            "names no image: mend the reference"
        };
        (from.line, Rule::UnknownImage, format!("`FROM {}` {why}", from.written))
    });
    said.collect()
}

fn mismatches(description: &Description, content: &ParsedDockerfile) -> Vec<Said> {
    let pairs = description.stages.iter().zip(&content.froms);
    let said = pairs.filter_map(|(stage, from)| {
        let image = from.image.known()?;
        if fit(image, &stage.segment).is_some() {
            return None;
        }
        let message = format!(
            "the segment `{}` contradicts `FROM {image}`: rename the segment to `{}`, or change the FROM",
            stage.segment,
            suggested(image)
        );
        Some((from.line, Rule::SegmentMismatch, message))
    });
    said.collect()
}

/// A name of a single segment speaks of no stage, so it has nothing to contradict.
fn stage_count(description: &Description, content: &ParsedDockerfile) -> Option<Said> {
    let (segments, froms) = (&description.stages, &content.froms);
    if segments.is_empty() || segments.len() == froms.len() {
        return None;
    }
    let counts = format!(
        "the name has {}, the Dockerfile {}",
        counted(segments.len(), "image segment"),
        counted(froms.len(), "stage")
    );
    let (line, what) = if let Some(extra) = froms.get(segments.len()) {
        let segment = extra
            .image
            .known()
            .map_or_else(|| "a segment for it".to_owned(), |image| format!("`{}`", suggested(image)));
        (extra.line, format!("add {segment} to the name, or drop the stage"))
    } else {
        let line = froms.last().map_or(1, |from| from.line);
        let extra: Vec<_> = segments.iter().skip(froms.len()).map(|stage| format!("`{}`", stage.segment)).collect();
        (line, format!("drop {} from the name, or add the stages", extra.join(" and ")))
    };
    Some((line, Rule::StageCount, format!("{counts}: {what}")))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn missing_copy_source(source: &CopySource, presence: &Presence, root: &Path) -> Option<Said> {
    let CopySource { line, instruction, path } = source;
    let root = printable_path(root);
    let message = match presence {
        Presence::There => return None,
        Presence::Missing => {
            format!("{instruction} takes `{path}`, which is not in `{root}`: add it there, or mend the path")
        }
        Presence::LinkToNothing => format!(
            "{instruction} takes `{path}`, where a link leads to nothing in `{root}`, which no link leaves in a build: add it there, or mend the link"
        ),
        Presence::Ignored(ignore) => {
            let ignore = printable_path(ignore);
            format!("{instruction} takes `{path}`, which `{ignore}` keeps from the build: take it back there with `!`")
        }
    };
    Some((*line, Rule::MissingCopySource, message))
}

fn missing_program_source(dockerfile: &Dockerfile, program: &ProgramSource, root: &Path) -> Option<Said> {
    // Without an image segment the name claims nothing: `Dockerfile.prod` is no program called prod.
    dockerfile.service.segments().next()?;
    let name = dockerfile.service.program();
    let root = printable_path(root);
    let message = match program {
        ProgramSource::One(_) => return None,
        ProgramSource::None => {
            let wanted = match name.rsplit_once('-') {
                Some((stem, extension)) => format!("`{stem}.{extension}` or `{name}` with an extension"),
                None => format!("`{name}` with an extension"),
            };
            format!("the program `{name}` has no source: add {wanted} to `{root}`, or rename the program")
        }
        ProgramSource::Several(files) => {
            let files: Vec<_> = files.iter().map(|file| format!("`{file}`")).collect();
            format!(
                "the program `{name}` may be any of {} in `{root}`: add the extension to the name, as in `{name}-c`, or keep one",
                files.join(", ")
            )
        }
    };
    Some((1, Rule::MissingProgramSource, message))
}
