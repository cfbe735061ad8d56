//! The same for programs: keys that stay, described by `docs/why.schema.json`.

use serde::Serialize;

use super::{Subject, fix};
use crate::markup::json as escape;
use image_analyzer::finding::{Finding, Source};
use image_analyzer::printable::printable_bytes;
use image_analyzer::trace::Step;

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
    chain: Link,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'static str,
    certainty: &'static str,
    message: &'a str,
    missing: Option<String>,
    evidence: Vec<Said<'a>>,
    fixes: Vec<Fix>,
}

#[derive(Serialize)]
struct Said<'a> {
    file: Option<String>,
    says: &'a str,
}

#[derive(Serialize)]
struct Fix {
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
pub fn render(subjects: &[Subject]) -> Result<String, serde_json::Error> {
    let document = Document { images: subjects.iter().map(entry).collect() };
    Ok(escape(&serde_json::to_string_pretty(&document)?) + "\n")
}

fn entry(subject: &Subject) -> Entry<'_> {
    let diagnosis = &subject.diagnosis;
    Entry {
        name: &subject.name,
        service: subject.service.as_deref(),
        image: subject.image.as_deref(),
        starts: diagnosis.starts(),
        command: &diagnosis.command,
        findings: diagnosis.findings.iter().map(|finding| found(finding, subject)).collect(),
        chain: link(&diagnosis.chain),
    }
}

fn found<'a>(finding: &'a Finding, subject: &Subject) -> Found<'a> {
    let evidence = finding.evidence.iter().map(|evidence| Said {
        file: match &evidence.source {
            Source::Config => None,
            Source::File(path) => Some(text(path)),
        },
        says: &evidence.says,
    });
    let fixes = fix::all(&finding.remedies, subject.dockerfile.as_ref()).into_iter();
    Found {
        id: finding.id.name(),
        certainty: finding.id.certainty().name(),
        message: &finding.message,
        missing: finding.missing.as_deref().map(text),
        evidence: evidence.collect(),
        fixes: fixes.map(|fix| Fix { what: fix.what, lines: fix.lines }).collect(),
    }
}

fn link(step: &Step) -> Link {
    Link {
        role: step.role.name(),
        name: text(&step.name),
        path: step.path.as_deref().map(text),
        state: step.state.name(),
        note: step.note.clone(),
        needs: step.needs.iter().map(link).collect(),
    }
}

/// A path or name as it is; one that is not UTF-8 with its other bytes as `\xff`.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| printable_bytes(bytes), str::to_owned)
}
