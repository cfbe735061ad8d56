//! The same for programs: keys that stay, described by `docs/why.schema.json`.

use serde::Serialize;

use super::{ImageReport, fix};
use crate::markup::json as escape;
use image_analyzer::Finding;
use image_analyzer::TraceStep;
use image_analyzer::printable::printable_bytes;

#[derive(Serialize)]
struct Document<'a> {
    images: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    service: Option<&'a str>,
    image: Option<&'a str>,
    starts: bool,
    command: &'a [String],
    findings: Vec<Found<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Files<'a>>,
    chain: Link,
}

#[derive(Serialize)]
struct Files<'a> {
    count: usize,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'static str,
    certainty: &'static str,
    message: &'a str,
    missing: Option<String>,
    fails_if: Option<&'static str>,
    evidence: Vec<Said<'a>>,
    fixes: Vec<FixText>,
}

#[derive(Serialize)]
struct Said<'a> {
    file: Option<String>,
    says: &'a str,
}

#[derive(Serialize)]
struct FixText {
    what: String,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct Link {
    role: &'static str,
    name: String,
    path: Option<String>,
    state: &'static str,
    note: Option<String>,
    needs: Vec<Link>,
}

/// The document, on several lines, with a newline at its end.
///
/// # Errors
/// None that is known of: it holds nothing that JSON cannot say.
pub fn render(reports: &[ImageReport]) -> Result<String, serde_json::Error> {
    let document = Document { images: reports.iter().map(entry).collect() };
    Ok(escape(&serde_json::to_string_pretty(&document)?) + "\n")
}

fn entry(report: &ImageReport) -> Entry<'_> {
    let diagnosis = &report.diagnosis;
    Entry {
        name: &report.name,
        service: report.service.as_deref(),
        image: report.image.as_deref(),
        starts: diagnosis.can_start(),
        command: &diagnosis.command,
        findings: diagnosis.findings.iter().map(|finding| found(finding, report)).collect(),
        files: report.survey.as_ref().map(|survey| Files {
            count: survey.files,
            findings: survey.findings.iter().map(|finding| found(finding, report)).collect(),
        }),
        chain: link(&diagnosis.trace),
    }
}

fn found<'a>(finding: &'a Finding, report: &ImageReport) -> Found<'a> {
    let evidence =
        finding.evidence.iter().map(|evidence| Said { file: evidence.path.as_deref().map(text), says: &evidence.text });
    let fixes = fix::all(&finding.fixes, report.dockerfile.as_ref()).into_iter();
    Found {
        id: finding.kind.id(),
        certainty: finding.kind.certainty().name(),
        message: &finding.message,
        missing: finding.missing.as_deref().map(text),
        fails_if: finding.kind.fails_if(),
        evidence: evidence.collect(),
        fixes: fixes.map(|fix| FixText { what: fix.what, lines: fix.lines }).collect(),
    }
}

fn link(step: &TraceStep) -> Link {
    Link {
        role: step.role.name(),
        name: text(&step.name),
        path: step.path.as_deref().map(text),
        state: step.status.name(),
        note: step.note.clone(),
        needs: step.needs.iter().map(link).collect(),
    }
}

/// A path or name as it is; one that is not UTF-8 with its other bytes as `\xff`.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| printable_bytes(bytes), str::to_owned)
}
