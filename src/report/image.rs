//! Why images cannot start, as text: the reason, the evidence, and lines to paste. [`tree`] draws the trace and [`json`] is for
//! programs.

pub mod json;
pub mod tree;

use std::fmt::Write as _;

use crate::image_finding::ImageFinding;
use crate::image_finding::fix::Dockerfile;
use crate::terminal::{Style, styled};
use image_analyzer::Diagnosis;
use image_analyzer::printable::printable;
use image_analyzer::survey::Survey;
use image_analyzer::{Certainty, Finding};

/// The diagnosis of one image.
#[derive(Debug)]
pub struct ImageReport {
    /// The name in the command line: a service, an image, the path of an archive.
    pub name: String,
    /// Its service, if it has one.
    pub service: Option<String>,
    /// The image's name, `repository:tag`, where it has one.
    pub image: Option<String>,
    /// The Dockerfile that a fix has to fit, if it is known.
    pub dockerfile: Option<Dockerfile>,
    /// What was found.
    pub diagnosis: Diagnosis,
    /// What was found of all its files, if that was asked for.
    pub survey: Option<Survey>,
}

/// The reasons of all images, an empty line between two.
pub fn render(reports: &[ImageReport], draw: bool, color: bool) -> String {
    let each = reports.iter().map(|report| {
        let mut text = reasons(report, color);
        if let Some(survey) = &report.survey {
            text.push_str(&files(report, survey, color));
        }
        if draw {
            text.insert_str(0, &format!("{}\n", tree::render(report, color)));
        }
        text
    });
    each.collect::<Vec<_>>().join("\n")
}

fn reasons(report: &ImageReport, color: bool) -> String {
    let name = printable(&report.name);
    let findings = &report.diagnosis.findings;
    if findings.is_empty() {
        return format!("{name}: {}\n", styled("found no reason why it would not start", Style::Good, color));
    }
    findings.iter().fold(String::new(), |mut text, finding| {
        let verdict = match finding.kind.certainty() {
            Certainty::Certain => styled("cannot start", Style::Bad, color),
            Certainty::Likely => styled("starts, but may fail", Style::Notice, color),
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{name} {verdict}: {} ({})", finding.message, finding.kind);
        body(&mut text, finding, report.dockerfile.as_ref(), color);
        text
    })
}

/// What could not run of all files, and how many there are.
fn files(report: &ImageReport, survey: &Survey, color: bool) -> String {
    let (name, count) = (printable(&report.name), survey.files);
    let mut text = match survey.findings.len() {
        0 => format!(
            "{name}: {}\n",
            styled(&format!("all {count} programs, libraries and scripts could run"), Style::Good, color)
        ),
        found => {
            format!("{name}: {count} programs, libraries and scripts, of which some could not run: findings: {found}\n")
        }
    };
    for finding in &survey.findings {
        let verdict = styled("could not run", Style::Bad, color);
        let _ = writeln!(text, "{name}: a file {verdict}: {} ({})", finding.message, finding.kind);
        body(&mut text, finding, report.dockerfile.as_ref(), color);
    }
    text
}

fn body(text: &mut String, finding: &Finding, dockerfile: Option<&Dockerfile>, color: bool) {
    let finding = ImageFinding::new(finding, dockerfile);
    for fact in finding.facts() {
        let _ = writeln!(text, "  {}", printable(&fact));
    }
    for (at, fix) in finding.fixes.iter().enumerate() {
        let label = styled(if at == 0 { "fix:" } else { "or:" }, Style::Strong, color);
        let _ = writeln!(text, "  {label} {}", fix.what);
        for line in &fix.lines {
            let _ = writeln!(text, "    {line}");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
