//! The same for programs: keys that stay, described by `docs/why.schema.json`.

use serde::Serialize;

use super::ImageReport;
use crate::image_finding::{ImageFinding, text};
use crate::markup::json as escape;
use image_analyzer::Finding;
use image_analyzer::TraceStep;

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
    findings: Vec<ImageFinding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
    chain: Link,
}

#[derive(Serialize)]
struct Files {
    count: usize,
    findings: Vec<ImageFinding>,
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
    let words = |findings: &[Finding]| {
        findings.iter().map(|finding| ImageFinding::new(finding, report.dockerfile.as_ref())).collect()
    };
    Entry {
        name: &report.name,
        service: report.service.as_deref(),
        image: report.image.as_deref(),
        starts: diagnosis.can_start(),
        command: &diagnosis.command,
        findings: words(&diagnosis.findings),
        files: report.survey.as_ref().map(|survey| Files { count: survey.files, findings: words(&survey.findings) }),
        chain: link(&diagnosis.trace),
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
