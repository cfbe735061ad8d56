//! The chain that was followed, drawn: command, program, loader, libraries, each ticked or crossed.

use std::fmt::Write as _;

use super::ImageReport;
use crate::terminal::{Style, styled};
use image_analyzer::TraceStep;
use image_analyzer::printable::{printable, printable_bytes};
use image_analyzer::trace::{Role, Status};

/// The chain of one image, on several lines.
pub fn render(report: &ImageReport, color: bool) -> String {
    let mut text = format!("{}\n", styled(&printable(&report.name), Style::Strong, color));
    draw(&mut text, &report.diagnosis.trace, "", true, color);
    text
}

fn draw(text: &mut String, step: &TraceStep, indent: &str, last: bool, color: bool) {
    let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{indent}{branch}{}", line(step, color));
    let indent = format!("{indent}{below}");
    for (at, need) in step.needs.iter().enumerate() {
        draw(text, need, &indent, at + 1 == step.needs.len(), color);
    }
}

fn line(step: &TraceStep, color: bool) -> String {
    let (mark, style) = match step.status {
        Status::Found => ("✓", Style::Good),
        Status::Missing | Status::Unusable => ("✗", Style::Bad),
        Status::Unknown => ("?", Style::Faint),
    };
    let mut line = format!("{} {}", styled(mark, style, color), printable_bytes(&step.name));
    if let Some(path) = step.path.as_ref().filter(|path| **path != step.name) {
        let _ = write!(line, " → {}", printable_bytes(path));
    }
    if step.role != Role::Command {
        let mut words = vec![step.role.name().to_owned()];
        if step.status == Status::Missing {
            words.push("missing".to_owned());
        }
        words.extend(step.note.clone());
        let _ = write!(line, " {}", styled(&format!("({})", words.join(", ")), Style::Faint, color));
    }
    line
}
