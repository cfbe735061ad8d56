//! How builds went, for people: a line per image, and what failed where.

use std::fmt::Write as _;

use crate::repository::service_name::Set;
use crate::runner::outcome::Outcome;
use crate::runner::progress::duration;
use crate::runner::summary::{ServiceResult, images};
use crate::terminal::{Style, styled};
use image_analyzer::printable::printable;

/// One image in one line, with its end.
pub fn line(row: &ServiceResult, color: bool) -> String {
    let (mark, style) = mark(row.is_expected());
    let time = row.record.build_time.map(duration).unwrap_or_default();
    let said = match (row.outcome(), row.build_set) {
        (Outcome::Built, Set::Normal) if row.record.digest.is_some() => format!("built, {}", row.detail()),
        (Outcome::Built, Set::Normal) => "built".to_owned(),
        (Outcome::Built, Set::Err) => row.detail(),
        (Outcome::DoesNotBuild { .. }, Set::Err) => format!("does not build, as expected: {}", row.detail()),
        (Outcome::DoesNotBuild { .. }, Set::Normal) => format!("does not build: {}", row.detail()),
        (outcome, _) if outcome.message().is_empty() => outcome.label(),
        (outcome, _) => format!("{}: {}", outcome.label(), outcome.message()),
    };
    format!("{} {}  {time}  {}\n", styled(mark, style, color), row.service, printable(&said))
}

/// One image that was tested, in one line, with its end; `mark` is what it has in the report.
pub fn tested(row: &ServiceResult, mark: &str) -> String {
    let (words, detail) = (row.outcome().label(), row.detail());
    let between = if detail.is_empty() { "" } else { ": " };
    format!("{mark} {}  {words}{between}{}\n", row.service, printable(&detail))
}

/// A mark and its style: as expected, not as expected, not known.
pub fn mark(is_expected: Option<bool>) -> (&'static str, Style) {
    match is_expected {
        Some(true) => ("✓", Style::Good),
        Some(false) => ("✗", Style::Bad),
        None => ("?", Style::Notice),
    }
}

/// Where and with which last lines each image failed that should build.
pub fn failures(rows: &[ServiceResult], color: bool) -> String {
    let mut out = String::new();
    for row in rows.iter().filter(|row| row.is_expected() == Some(false)) {
        let Outcome::DoesNotBuild { step, message } = row.outcome() else { continue };
        let title = format!("{} does not build", row.service);
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "\n{}", styled(&title, Style::Bad, color));
        let _ = writeln!(out, "  at {}", step.as_deref().map_or("the Dockerfile itself".into(), printable));
        for line in &row.record.last_lines {
            let _ = writeln!(out, "  {} {}", styled("|", Style::Faint, color), printable(line));
        }
        let _ = writeln!(out, "  {}", printable(message));
    }
    out
}

/// All images in one line: `57 images: 55 built, 1 failed as expected, 1 failed`.
pub fn summary(rows: &[ServiceResult]) -> String {
    let count = |of: &dyn Fn(&ServiceResult) -> bool| rows.iter().filter(|row| of(row)).count();
    let is_not_tried = |row: &ServiceResult| matches!(row.outcome(), Outcome::NotTried { .. });
    let failed = |row: &ServiceResult| row.outcome().has_no_image() && !is_not_tried(row);
    let built = |row: &ServiceResult, set| *row.outcome() == Outcome::Built && row.build_set == set;
    let counts = [
        (count(&|row| built(row, Set::Normal)), "built"),
        (count(&|row| failed(row) && row.is_expected() == Some(true)), "failed as expected"),
        (count(&|row| failed(row) && row.is_expected() == Some(false)), "failed"),
        (count(&is_not_tried), "not tried"),
        (count(&|row| built(row, Set::Err)), "built although .err"),
        (count(&|row| *row.outcome() == Outcome::Interrupted), "cut off"),
        (count(&|row| *row.outcome() == Outcome::NotRun), "not begun"),
        (count(&|row| matches!(row.outcome(), Outcome::Unknown { .. })), "unknown"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}"));
    format!("{}: {}", images(rows.len()), counts.collect::<Vec<_>>().join(", "))
}
