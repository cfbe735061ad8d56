//! Where a name and its Dockerfile contradict each other, or a build would miss something: the rules.
//!
//! Pure: what the Dockerfile says comes from [`crate::dockerfile`], what is there from [`crate::context`]. Each rule has one
//! function, each message ends with what to do. What a rule is called and means is in [`rule`].

mod rule;

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::context::{ContextStatus, Ignore, Presence, ProgramSource};
use crate::dockerfile::{BaseImage, CopySource, ParsedDockerfile, UseKind, fit, suggested};
use crate::gather::Gather;
use crate::repository::convention::{Stage, stages};
use crate::repository::service::Service;
use image_analyzer::printable::printable_path;

pub use rule::{Level, Rule};

/// Something that is not as the name says, or not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct LintFinding {
    /// The Dockerfile, or the ignore file of its build context.
    #[serde(serialize_with = "lossy")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub path: PathBuf,
    /// The line it is about, counted from 1.
    pub line: usize,
    /// The rule.
    pub rule: Rule,
    /// What is wrong and what to do. Raw: escape before printing.
    pub message: String,
}

fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// What the rules look at beside the service itself.
#[derive(Clone, Debug, Default)]
pub struct Surroundings<'s> {
    /// Where its program leads in the build context; `None` if names follow no convention.
    pub program: Option<ProgramSource>,
    /// What a build would not find.
    pub absent: Vec<AbsentSource<'s>>,
    /// The ignore file of its build context.
    pub ignore: Ignore,
}

/// A COPY or ADD source that a build would not find.
#[derive(Clone, Debug)]
pub struct AbsentSource<'s> {
    /// The source.
    pub source: &'s CopySource,
    /// Why it would not be found.
    pub presence: Presence,
    /// The path in the build context that was probably meant.
    pub near: Option<String>,
    /// The Git submodule that it is in and that is not checked out; the path is the repository's.
    pub submodule: Option<String>,
}

/// Everything that is wrong with one Dockerfile, in the order of the rules. Rules that its settings switch off are left
/// out.
pub fn lint(service: &Service, around: &Surroundings<'_>) -> Vec<LintFinding> {
    let mut all = Vec::new();
    match &service.parsed {
        Ok(parsed) => {
            all.extend(unknown_images(parsed));
            if around.program.is_some() {
                let stages = stages(&service.name, &service.parsed);
                all.extend(mismatches(&stages, parsed));
                all.extend(stage_count(&stages, parsed));
            }
        }
        Err(problem) => {
            let message = format!("{}: correct the line", problem.message);
            all.push((problem.line, Rule::ParseError, message));
        }
    }
    all.extend(around.absent.iter().filter_map(|absent| {
        unmatched_pattern(absent, &service.context).or_else(|| missing_copy_source(absent, &service.context))
    }));
    all.extend(unclear_context(service));
    all.extend(around.program.iter().filter_map(|program| missing_program_source(service, program, &service.context)));
    let of = |path: &Path, (line, rule, message)| LintFinding { path: path.to_owned(), line, rule, message };
    let mut findings: Vec<_> = all.into_iter().map(|said| of(&service.dockerfile, said)).collect();
    if let Some(path) = around.ignore.path() {
        let faults = around.ignore.faults().iter();
        findings.extend(faults.map(|fault| of(path, (fault.line, Rule::IgnoreFileError, fault.what.clone()))));
    }
    findings.retain(|finding| service.lint.get(finding.rule.as_str()) != Some(&false));
    findings
}

/// A line, a rule, a message.
type Said = (usize, Rule, String);

fn unknown_images(parsed: &ParsedDockerfile) -> Vec<Said> {
    let missing = parsed.uses.iter().filter(|used| used.image == BaseImage::Missing);
    let declared = LazyCell::new(|| parsed.args.iter().map(|arg| arg.name.as_str()).gather::<BTreeSet<_>>());
    let said = missing.map(|used| {
        let what = match used.kind {
            UseKind::From => format!("FROM {}", used.written),
            UseKind::Copy => format!("COPY --from={}", used.written),
            UseKind::Mount => format!("RUN --mount=from={}", used.written),
        };
        let is_declared = |name: &&String| declared.contains(name.as_str());
        let unset: Vec<_> = used.missing.iter().filter(is_declared).collect();
        let Some(first) = unset.first() else {
            return (used.line, Rule::UnknownImage, format!("`{what}` is not an image reference: correct it"));
        };
        let names: Vec<_> = unset.iter().map(|name| format!("`{name}`")).collect();
        let args = if unset.len() == 1 { "a value for the ARG" } else { "values for the ARGs" };
        let message = format!(
            "`{what}` needs {args} {}: give one with `args` in mkcompose.yml or `# mkcompose: args.{first}=VALUE`",
            names.join(" and ")
        );
        (used.line, Rule::MissingArg, message)
    });
    said.collect()
}

fn unclear_context(service: &Service) -> Option<Said> {
    let context = printable_path(&service.context);
    let end = "name the build context with `# mkcompose: context=DIR` or `context` in mkcompose.yml";
    let message = match &service.context_status {
        ContextStatus::Clear | ContextStatus::TakesOwnFolder => return None,
        ContextStatus::Ambiguous(other) => format!(
            "`{context}` and `{}` both contain every source, so the build context is unclear: {end}",
            printable_path(other)
        ),
        ContextStatus::NothingFits(source) => {
            format!(
                "no folder contains every source, so the build context is unclear; `{source}` is not in `{context}`: correct the path, or {end}"
            )
        }
    };
    // The first line that takes what is in question.
    let sources = service.parsed.iter().flat_map(|parsed| &parsed.sources);
    let mut in_question = sources.filter(|source| match &service.context_status {
        ContextStatus::NothingFits(path) => source.path == *path,
        _ => !source.is_optional,
    });
    Some((in_question.next().map_or(1, |source| source.line), Rule::ContextUnclear, message))
}

fn mismatches(stages: &[Stage], parsed: &ParsedDockerfile) -> Vec<Said> {
    let pairs = stages.iter().zip(parsed.froms());
    let said = pairs.filter_map(|(stage, from)| {
        let image = from.image.known()?;
        if fit(image, &stage.segment).is_some() {
            return None;
        }
        let message = format!(
            "the segment `{}` does not match `FROM {image}`: rename the segment to `{}`, or change the FROM",
            stage.segment,
            suggested(image)
        );
        Some((from.line, Rule::SegmentMismatch, message))
    });
    said.collect()
}

/// A name of a single segment speaks of no stage, so it has nothing to contradict.
fn stage_count(segments: &[Stage], parsed: &ParsedDockerfile) -> Option<Said> {
    let froms: Vec<_> = parsed.froms().collect();
    if segments.is_empty() || segments.len() == froms.len() {
        return None;
    }
    let counts = format!(
        "the name has {}, but the Dockerfile has {}",
        counted(segments.len(), "image segment"),
        counted(froms.len(), "stage")
    );
    let (line, what) = if let Some(extra) = froms.get(segments.len()) {
        let segment = extra
            .image
            .known()
            .map_or_else(|| "a segment for it".to_owned(), |image| format!("`{}`", suggested(image)));
        (extra.line, format!("add {segment} to the name, or remove the stage"))
    } else {
        let line = froms.last().map_or(1, |from| from.line);
        let extra: Vec<_> = segments.iter().skip(froms.len()).map(|stage| format!("`{}`", stage.segment)).collect();
        (line, format!("remove {} from the name, or add the stages", extra.join(" and ")))
    };
    Some((line, Rule::StageCount, format!("{counts}: {what}")))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// BuildKit asks for the matches of a pattern, and copies as many as there are.
fn unmatched_pattern(absent: &AbsentSource<'_>, root: &Path) -> Option<Said> {
    let CopySource { line, instruction, path, .. } = absent.source;
    let (what, fix) = match &absent.presence {
        _ if !absent.source.is_pattern() => return None,
        Presence::There | Presence::LinkToNothing | Presence::LinkToIgnored(_) => return None,
        Presence::Missing => (
            format!("nothing in `{}` matches", printable_path(root)),
            match &absent.submodule {
                Some(path) => not_checked_out(path),
                None => "correct the pattern".to_owned(),
            },
        ),
        Presence::Ignored(ignore) => {
            (format!("`{}` excludes every match", printable_path(ignore)), "add an exception with `!` there".to_owned())
        }
    };
    let message = format!("{instruction} takes `{path}`, but {what}, so BuildKit copies nothing: {fix}");
    Some((*line, Rule::UnmatchedPattern, message))
}

fn not_checked_out(submodule: &str) -> String {
    format!("the submodule `{submodule}` is not checked out: run `git submodule update --init`")
}

fn missing_copy_source(absent: &AbsentSource<'_>, root: &Path) -> Option<Said> {
    let CopySource { line, instruction, path, .. } = absent.source;
    let root = printable_path(root);
    let message = match &absent.presence {
        Presence::There => return None,
        Presence::Missing => {
            let fix = match (&absent.submodule, &absent.near) {
                (Some(path), _) => not_checked_out(path),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => "add it there, or correct the path".to_owned(),
            };
            format!("{instruction} takes `{path}`, which is not in `{root}`: {fix}")
        }
        Presence::LinkToNothing => format!(
            "{instruction} takes `{path}`, but a link on this path has no target in `{root}`: add the target there, or correct the link"
        ),
        Presence::Ignored(ignore) | Presence::LinkToIgnored(ignore) => {
            let ignore = printable_path(ignore);
            format!("{instruction} takes `{path}`, but `{ignore}` excludes it: add an exception with `!` there")
        }
    };
    Some((*line, Rule::MissingCopySource, message))
}

fn missing_program_source(service: &Service, program: &ProgramSource, root: &Path) -> Option<Said> {
    // Without an image segment the name claims nothing: `Dockerfile.prod` is no program called prod.
    service.name.segments().next()?;
    let name = service.name.program();
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
                "the program `{name}` has several sources in `{root}` ({}): add the extension to the name, as in `{name}-c`, or keep one of them",
                files.join(", ")
            )
        }
    };
    Some((1, Rule::MissingProgramSource, message))
}
