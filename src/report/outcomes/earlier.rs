//! A report in JSON, read again with all that it says, to be put together with others.
//!
//! A report is untrusted: it may be cut, changed by hand, or of another version. What it says is read into the rows that it was
//! made from. The report that these rows make must be the same, else it contradicts itself.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::Report;
use super::json::{Document, Entry, TryEntry, VERSION};
use super::run_info::{RunInfo, ShardNumber};
use crate::expectation::Expectation;
use crate::repository::service_name::ServiceName;
use crate::runner::baseline::Changes;
use crate::runner::job::JobReport;
use crate::runner::outcome::{Outcome, OutcomeKind};
use crate::runner::retries::Try;
use crate::runner::summary::ServiceResult;
use image_analyzer::printable::{printable, shortened};

/// The longest time that a report may say: a thousand years, in seconds.
const LONGEST: f64 = 1000.0 * 366.0 * 24.0 * 3600.0;

/// A report and all that it says.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierReport {
    /// The image repository.
    pub repository: String,
    /// A row for each image, by service.
    pub rows: Vec<ServiceResult>,
    /// What had changed, if the run was compared with a still earlier report.
    pub changes: Option<Changes>,
    /// Whether the user stopped the run before all was done.
    pub was_interrupted: bool,
    /// How long all of it took.
    pub time: Duration,
    /// What it says of its run.
    pub info: RunInfo,
}

/// Why a text is no report that can be read with all that it says. Safe to print.
#[derive(Debug, thiserror::Error)]
pub enum UnfitReport {
    /// It is no JSON, or lacks what a report has.
    #[error("this is not a report of `mkcompose test` ({}): write one with `mkcompose test --report FILE.json`", printable(&.0.to_string()))]
    NoReport(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error(
        "{} wrote this report, and this is mkcompose {VERSION}: use one version for all",
        .0.as_ref().map_or_else(|| "an earlier mkcompose".to_owned(), |version| format!("mkcompose {}", printable(version)))
    )]
    OtherVersion(Option<String>),
    /// What it says does not fit together.
    #[error("this report contradicts itself: {0}; write it anew with `mkcompose test --report FILE.json`")]
    Contradiction(String),
}

/// What every version writes.
#[derive(Deserialize)]
struct AnyVersion {
    version: Option<String>,
    #[expect(dead_code, reason = "that it is there is what tells a report from another document")]
    images: Vec<serde::de::IgnoredAny>,
}

impl EarlierReport {
    /// Reads a report.
    ///
    /// # Errors
    /// If it is none, or of another version, or contradicts itself.
    pub fn parse(json: &[u8]) -> Result<Self, UnfitReport> {
        let AnyVersion { version, .. } = serde_json::from_slice(json)?;
        if version.as_deref() != Some(VERSION) {
            return Err(UnfitReport::OtherVersion(version));
        }
        let document: Document<'_> = serde_json::from_slice(json)?;
        let info = RunInfo {
            shard: document.shard,
            settings: document.settings.clone().into_owned(),
            services: document.services.to_vec(),
            errors: document.errors.to_vec(),
        };
        let report = Self {
            repository: document.repository.to_string(),
            rows: document.images.iter().map(row).collect::<Result<_, _>>().map_err(UnfitReport::Contradiction)?,
            changes: document.changes.as_deref().cloned(),
            was_interrupted: document.interrupted,
            time: duration(document.seconds).map_err(UnfitReport::Contradiction)?,
            info,
        };
        report.check().map_err(UnfitReport::Contradiction)?;
        match first_difference(&document, &Document::of(report.report())) {
            Some(line) => {
                let line = printable(&line);
                Err(UnfitReport::Contradiction(format!("`{line}` does not follow from the rest of it")))
            }
            None => Ok(report),
        }
    }

    /// What is reported.
    pub fn report(&self) -> Report<'_> {
        Report {
            repository: &self.repository,
            rows: &self.rows,
            changes: self.changes.as_ref(),
            was_interrupted: self.was_interrupted,
            time: self.time,
            info: &self.info,
            // They are on the machine that wrote them.
            logs: None,
        }
    }

    /// What the rows do not imply.
    fn check(&self) -> Result<(), String> {
        if let Some(shard) = self.info.shard.filter(|shard| shard.of.get() > ShardNumber::MOST) {
            return Err(format!("it is one of {} shards, and there can be {} at most", shard.of, ShardNumber::MOST));
        }
        if self.info.shard.is_some_and(|shard| shard.number > shard.of) {
            return Err("its shard is beyond the last one".to_owned());
        }
        if !self.info.services.is_sorted_by(|one, other| one < other) {
            return Err("its services are not in their order".to_owned());
        }
        if let Some([_, later]) =
            self.rows.windows(2).find(|pair| matches!(pair, [one, other] if one.service >= other.service))
        {
            return Err(format!("its images are not in their order: `{}`", later.service));
        }
        let is_known = |row: &&ServiceResult| {
            self.info.services.binary_search_by(|name| name.as_str().cmp(row.service.as_str())).is_ok()
        };
        match self.rows.iter().find(|row| !is_known(row)) {
            Some(row) => Err(format!("`{}` is an image and no service", row.service)),
            None => Ok(()),
        }
    }
}

/// The row that an entry was made from.
fn row(entry: &Entry<'_>) -> Result<ServiceResult, String> {
    let shown = printable(&entry.service);
    let service = ServiceName::parse(&entry.service).map_err(|why| format!("`{shown}`: {why}"))?;
    let outcome = outcome(entry).ok_or_else(|| format!("`{shown}` has no outcome that there is"))?;
    let expected = entry.expect.parse().map_err(|why: String| format!("`{shown}`: {}", printable(&why)))?;
    let time = |seconds: Option<f64>| seconds.map(duration).transpose().map_err(|why| format!("`{shown}`: {why}"));
    let text = |text: &Cow<'_, str>| text.to_string();
    Ok(ServiceResult {
        service,
        image: text(&entry.image),
        expectation: Expectation { outcome: expected, ..Expectation::default() },
        build_set: entry.build_set,
        is_only_a_base: entry.only_a_base,
        record: JobReport {
            outcome,
            last_lines: entry.last_lines.to_vec(),
            build_time: time(entry.build_seconds)?,
            run_time: time(entry.run_seconds)?,
            stdout: text(&entry.stdout),
            stderr: text(&entry.stderr),
            is_cut: entry.output_cut,
            reason: entry.reason.as_ref().map(text),
            findings: entry.findings.to_vec(),
            digest: entry.digest.as_ref().map(text),
            is_final: false,
            tries: entry.tries.iter().map(|earlier| tried(earlier, &shown)).collect::<Result<_, _>>()?,
        },
    })
}

fn tried(earlier: &TryEntry<'_>, shown: &str) -> Result<Try, String> {
    let time = duration(earlier.seconds).map_err(|why| format!("`{shown}`: {why}"))?;
    Ok(Try { message: earlier.message.to_string(), time })
}

/// The outcome that an entry was made from.
fn outcome(entry: &Entry<'_>) -> Option<Outcome> {
    let OutcomeKind { outcome, exit_code, signal, out_of_memory } = &entry.kind;
    let message = entry.message.as_deref().unwrap_or_default().to_owned();
    Some(match &**outcome {
        "works" => Outcome::Works,
        "built" => Outcome::Built,
        "exits" => Outcome::ExitedWithError { exit_code: (*exit_code)?, message },
        "cannot-start" => Outcome::CannotStart { message },
        "killed" => Outcome::Killed { signal: (*signal)?, out_of_memory: *out_of_memory },
        "timed-out" => Outcome::TimedOut,
        "runs" => Outcome::Runs,
        "unhealthy" => Outcome::Unhealthy { message },
        "no-answer" => Outcome::NoAnswer { message },
        "wrong-output" => Outcome::WrongOutput { message },
        "does-not-build" => Outcome::DoesNotBuild { step: entry.step.as_deref().map(str::to_owned), message },
        "not-built" => Outcome::NotBuilt,
        "not-tried" => Outcome::NotTried { message },
        "not-run" => Outcome::NotRun,
        "cut-off" => Outcome::Interrupted,
        "unknown" => Outcome::Unknown { message },
        _ => return None,
    })
}

/// The time that a report says, which is to the millisecond.
fn duration(seconds: f64) -> Result<Duration, String> {
    if !(0.0..LONGEST).contains(&seconds) {
        return Err(format!("{seconds} s is no time that a run can take"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a thousand years")]
    let milliseconds = (seconds * 1000.0).round() as u64;
    Ok(Duration::from_millis(milliseconds))
}

/// Where two documents differ first: the line of the one that was read, as it is written.
fn first_difference(read: &Document<'_>, made: &Document<'_>) -> Option<String> {
    if read == made {
        return None;
    }
    let [read, made] = [read, made].map(|document| serde_json::to_string_pretty(document).unwrap_or_default());
    let line = read.lines().zip(made.lines()).find(|(read, made)| read != made).map(|(line, _)| line);
    Some(shortened(line.unwrap_or_default().trim().trim_end_matches(',')))
}
