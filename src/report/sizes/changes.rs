//! What has changed since an earlier report, in words; what grew too much first.

use crate::size_format::{approximate, format_size, round_to_3_digits};
use crate::sizes::baseline::{Change, Changes};
use image_analyzer::printable::printable;

/// A heading and a line for each service under it. Printable, and not yet escaped for any format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading, without a colon.
    pub title: String,
    /// A line for each service.
    pub lines: Vec<String>,
    /// Whether this is why the answer is no.
    pub has_grown_too_much: bool,
}

/// What there is to say about `changes`; nothing, if nothing has changed.
pub fn sections(changes: &Changes) -> Vec<Section> {
    let beyond = format!("grown beyond {}", changes.budget);
    let within = format!("grown within {}", changes.budget);
    let sizes = |changes: &[Change]| changes.iter().map(line).collect::<Vec<_>>();
    let names = |names: &[String]| names.iter().map(|name| printable(name).into_owned()).collect::<Vec<_>>();
    let all = [
        (beyond, sizes(&changes.grown), true),
        (within, sizes(&changes.tolerated), false),
        ("smaller".to_owned(), sizes(&changes.shrunk), false),
        ("new".to_owned(), names(&changes.new), false),
        ("vanished".to_owned(), names(&changes.vanished), false),
    ];
    let section =
        |(title, lines, has_grown_too_much): (String, Vec<String>, bool)| Section { title, lines, has_grown_too_much };
    all.into_iter().map(section).filter(|section| !section.lines.is_empty()).collect()
}

/// `hello-c.gcc: 300MB → 309MB (+9MB, +3%)`
fn line(change: &Change) -> String {
    let Change { service, was, is } = change;
    let sign = if is < was { '-' } else { '+' };
    let by = is.abs_diff(*was);
    let percent = match was {
        0 => String::new(),
        was => format!(", {sign}{}%", round_to_3_digits(approximate(by) / approximate(*was) * 100.0)),
    };
    format!("{}: {} → {} ({sign}{}{percent})", printable(service), format_size(*was), format_size(*is), format_size(by))
}
