//! The report of outcomes, in each of its formats: one file per format, each a pure function to text.
//!
//! What every format shares is here: which images the answer is no for, and the words for counts. Texts of engines and
//! programs come in raw; each format makes them printable and escapes them.

pub mod earlier;
mod html;
pub(super) mod json;
mod junit;
mod markdown;
pub mod merge;
pub mod run_info;
mod table;

use std::path::Path;
use std::time::Duration;

use run_info::RunInfo;

use crate::report::file::{FileFormat, has_keys};
use crate::report::{Export, ExportError, Layout, builds};
use crate::runner::baseline::{Change, Changes};
use crate::runner::progress::duration;
use crate::runner::summary::{OutcomeCounts, ServiceResult, images};
use crate::terminal::Style;

/// What Markdown and JUnit are known by: a comment, which nobody is shown.
const MARK: &str = "<!-- mkcompose test -->";

/// The formats of a report of outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal
    #[default]
    Table,
    /// For programs, and as a later `--baseline`
    Json,
    /// For a forge or a CI summary
    Markdown,
    /// For what reads test results
    Junit,
    /// A page to look at
    Html,
}

impl Export for Report<'_> {
    type Format = Format;

    fn export(&self, format: Format, layout: Layout) -> Result<String, ExportError> {
        Ok(match format {
            Format::Table => table::render(*self, layout),
            Format::Json => json::render(*self)?,
            Format::Markdown => markdown::render(*self),
            Format::Junit => junit::render(*self)?,
            Format::Html => html::render(*self)?,
        })
    }
}

impl FileFormat for Format {
    const EXTENSIONS: &'static [(&'static str, Self)] =
        &[("json", Self::Json), ("md", Self::Markdown), ("xml", Self::Junit), ("html", Self::Html)];

    fn wrote(self, head: &str) -> bool {
        match self {
            Self::Json => has_keys(head, &["version", "repository", "shard", "settings", "images"]),
            Self::Markdown => head.starts_with(MARK),
            Self::Junit => head.split_once("?>").is_some_and(|(_, rest)| rest.trim_start().starts_with(MARK)),
            Self::Html => head.contains(html::PAGE),
            Self::Table => false,
        }
    }
}

/// What is reported.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The image repository.
    pub repository: &'a str,
    /// A row for each image, by service.
    pub rows: &'a [ServiceResult],
    /// What has changed, if an earlier report was given.
    pub changes: Option<&'a Changes>,
    /// Whether the user stopped the run before all was done.
    pub was_interrupted: bool,
    /// How long all of it took.
    pub time: Duration,
    /// What it says of its run.
    pub info: &'a RunInfo,
    /// The folder of full logs, as a link may name it: from where the report is, or absolute.
    pub logs: Option<&'a Path>,
}

impl Report<'_> {
    /// Whether the answer is no for `row`: another outcome than the baseline has or, without one, than its set promises.
    pub fn fails(&self, row: &ServiceResult) -> bool {
        match self.changes {
            Some(changes) => has_changed(row, changes),
            None => row.is_expected() == Some(false),
        }
    }

    /// The mark of `row`, and its style.
    fn mark(&self, row: &ServiceResult) -> (&'static str, Style) {
        mark(row, self.changes)
    }

    /// Whether an earlier report was given that has none of the images.
    pub fn compares_none(&self) -> bool {
        self.changes.is_some_and(|changes| !changes.new.is_empty() && changes.new.len() == self.rows.len())
    }

    /// Whether the answer is no for any.
    pub fn is_no(&self) -> bool {
        self.rows.iter().any(|row| self.fails(row))
    }

    /// All images in one line: `57 images: 48 work, 6 cannot start, 2 exit 1, 1 does not build; all as expected`.
    fn summary(&self) -> String {
        let tally = OutcomeCounts::of(self.rows);
        let mut counts: Vec<_> = tally.outcomes.iter().collect();
        // Those that work first, the others by name.
        counts.sort_by_key(|(words, _)| !matches!(words.as_str(), "works" | "built"));
        let counts: Vec<_> =
            counts.into_iter().map(|(words, &count)| format!("{count} {}", plural(words, count))).collect();
        let new = self.changes.map(|changes| changes.new.len()).filter(|new| *new > 0);
        let verdict = match (self.changes.map(|changes| changes.changed.len()), tally.unexpected) {
            (Some(0), _) if self.compares_none() => String::new(),
            (Some(0), _) => "nothing has changed".to_owned(),
            (Some(changed), _) => format!("{changed} changed"),
            (None, 0) if tally.undecided == 0 => "all as expected".to_owned(),
            (None, 0) => String::new(),
            (None, unexpected) => format!("{unexpected} not as expected"),
        };
        let undecided = (tally.undecided > 0).then(|| format!("{} undecided", tally.undecided));
        let new = new.map(|new| format!("{new} new"));
        let verdict = [Some(verdict).filter(|verdict| !verdict.is_empty()), new, undecided];
        let verdict = verdict.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let interrupted = if self.was_interrupted { ", interrupted" } else { "" };
        format!("{}: {}; {verdict}{interrupted}, {}", images(tally.images), counts.join(", "), duration(self.time))
    }
}

fn has_changed(row: &ServiceResult, changes: &Changes) -> bool {
    changes.changed.iter().any(|change| change.service == row.service.as_str())
}

/// The mark of `row`, and its style: with a baseline one that is as it was then, or new, though not as its set promises, is
/// neither good nor bad.
pub fn mark(row: &ServiceResult, changes: Option<&Changes>) -> (&'static str, Style) {
    let is_new = |changes: &Changes| changes.new.iter().any(|service| service == row.service.as_str());
    match (row.is_expected(), changes) {
        (Some(false), Some(changes)) if is_new(changes) => ("+", Style::Notice),
        (Some(false), Some(changes)) if !has_changed(row, changes) => ("=", Style::Notice),
        (expected, _) => builds::mark(expected),
    }
}

fn plural(words: &str, count: usize) -> String {
    match words {
        _ if count == 1 => words.to_owned(),
        "works" => "work".to_owned(),
        "does not build" => "do not build".to_owned(),
        words => words.strip_prefix("exits ").map_or_else(|| words.to_owned(), |code| format!("exit {code}")),
    }
}

/// A heading and a line for each service under it. Raw: escape before printing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    title: &'static str,
    lines: Vec<String>,
    is_no: bool,
}

/// What there is to say about `changes`; nothing, if there are none.
fn sections(changes: &Changes) -> Vec<Section> {
    let line = |change: &Change| format!("{}: {} → {}", change.service, change.was.label(), change.is.label());
    let all = [
        ("changed", changes.changed.iter().map(line).collect(), true),
        ("new", changes.new.clone(), false),
        ("vanished", changes.vanished.clone(), false),
    ];
    let section = |(title, lines, is_no): (&'static str, Vec<String>, bool)| Section { title, lines, is_no };
    all.into_iter().map(section).filter(|section| !section.lines.is_empty()).collect()
}

#[cfg(test)]
pub(in crate::report) mod tests {
    use super::Report;
    use super::run_info::{RunInfo, RunSettings};
    use crate::image_finding::fix::FixText;
    use crate::image_finding::{Fact, ImageFinding};
    use crate::runner::baseline::{Baseline, Changes};
    use crate::runner::job::JobReport;
    use crate::runner::outcome::Outcome;
    use crate::runner::summary::ServiceResult;
    use crate::runner::summary::tests::row;
    use image_analyzer::{Finding, FindingKind};
    use std::time::Duration;

    /// Of a run of which nothing is said.
    static INFO: RunInfo = RunInfo {
        shard: None,
        settings: RunSettings { services: String::new(), build: false, push: false, run: None },
        services: Vec::new(),
        errors: Vec::new(),
    };

    /// A row of each outcome, with words of the worst kind.
    pub(in crate::report) fn sample() -> Vec<ServiceResult> {
        let hostile = "a|b `c` <d> & \"e\" ]]> \u{1b}[31m\u{9b}\u{202e}\u{ffff}\r\tf";
        let mut works = row("hello-c.alpine", Outcome::Works);
        let time = |millis| Some(Duration::from_millis(millis));
        works.record = JobReport {
            build_time: time(1500),
            run_time: time(250),
            stdout: "Hello, world!\nmore\n".to_owned(),
            ..works.record
        };
        let mut loud = row("hello-c.gcc", Outcome::Works);
        loud.record =
            JobReport { stdout: format!("{hostile}\n"), stderr: "x\n".repeat(3), is_cut: true, ..loud.record };
        let message = "exec ./hello: no such file or directory".to_owned();
        let mut reasoned = row("hello-c.gcc.scratch", Outcome::CannotStart { message });
        let loader = "the loader /lib64/ld-linux-x86-64.so.2 is not in the image";
        reasoned.record.reason = Some(loader.to_owned());
        reasoned.record.findings = vec![ImageFinding {
            missing: Some("/lib64/ld-linux-x86-64.so.2".to_owned()),
            evidence: vec![Fact { file: Some("/hello".to_owned()), says: "is a program for x86-64".to_owned() }],
            fixes: vec![FixText {
                what: format!("start from another base, {hostile}"),
                lines: vec!["FROM gcc".to_owned()],
            }],
            ..ImageFinding::new(&Finding::new(FindingKind::LoaderMissing, loader), None)
        }];
        let mut broken = row(
            "hello-go.golang",
            Outcome::DoesNotBuild { step: Some("[2/3] RUN x".to_owned()), message: hostile.to_owned() },
        );
        broken.record.last_lines = vec!["one".to_owned(), hostile.to_owned()];
        let no_step = |message: &str| Outcome::DoesNotBuild { step: None, message: message.to_owned() };
        vec![
            works,
            loud,
            reasoned,
            broken,
            row("hello-go.golang.ubuntu.err", no_step("\"/hello\" not found")),
            row("hello-java.openjdk", Outcome::ExitedWithError { exit_code: 1, message: hostile.to_owned() }),
            row("hello-java.openjdk.err", Outcome::Works),
            row("hello-py.python", Outcome::Killed { signal: 9, out_of_memory: Some(true) }),
            row("hello-rust.rust", Outcome::TimedOut),
            row("pyds.python", Outcome::NotBuilt),
            row("pyds.python-slim", Outcome::NotRun),
            row("pyyaml.python", Outcome::Unknown { message: "`docker version` failed".to_owned() }),
        ]
    }

    pub(super) fn changes(rows: &[ServiceResult]) -> Changes {
        let earlier = r#"{"images": [{"service": "hello-c.alpine", "outcome": "cannot-start"},
            {"service": "gone|\u001b", "outcome": "works"}, {"service": "hello-c.gcc", "outcome": "works"}]}"#;
        let services: Vec<_> = rows.iter().map(|row| row.service.to_string()).collect();
        Baseline::parse(earlier.as_bytes()).unwrap().changes(rows, &services)
    }

    pub(in crate::report) fn report<'a>(rows: &'a [ServiceResult], changes: Option<&'a Changes>) -> Report<'a> {
        let time = Duration::from_secs(75);
        Report { repository: "minimage", rows, changes, was_interrupted: false, time, info: &INFO, logs: None }
    }

    #[test]
    fn the_summary_counts_in_plain_words() {
        let rows = [row("a", Outcome::Works), row("b", Outcome::Works), row("c.err", Outcome::NotBuilt)];
        assert_eq!(report(&rows, None).summary(), "3 images: 2 work, 1 not built; all as expected, 1 m 15 s");
        let exits = Outcome::ExitedWithError { exit_code: 3, message: String::new() };
        let rows = [row("a", exits.clone()), row("b", exits), row("c", Outcome::NotRun)];
        let interrupted = Report { was_interrupted: true, ..report(&rows, None) };
        assert_eq!(
            interrupted.summary(),
            "3 images: 2 exit 3, 1 not run; 2 not as expected, 1 undecided, interrupted, 1 m 15 s"
        );
    }

    #[test]
    fn with_a_baseline_only_a_change_makes_the_answer_no() {
        let rows = sample();
        assert!(report(&rows, None).is_no());
        assert!(!report(&rows, Some(&Changes::default())).is_no());
        let changes = changes(&rows);
        let report = report(&rows, Some(&changes));
        let failing: Vec<_> = rows.iter().filter(|row| report.fails(row)).map(|row| row.service.as_str()).collect();
        assert_eq!(failing, ["hello-c.alpine"]);
    }
}
