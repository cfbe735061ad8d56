//! `mkcompose merge`: the reports of many machines as one.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::cli::merge::MergeArgs;
use crate::command::NOTHING_TO_COMPARE;
use crate::command::report_files::{baseline, files, read_as, tell};
use crate::command::run_images::exit_code;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::problem::Problem;
use crate::report::file::File;
use crate::report::outcomes::earlier::EarlierReport;
use crate::report::outcomes::merge::{FromFile, merge, without_report};
use crate::report::outcomes::{Format, Report};
use crate::runner::baseline::Baseline;
use crate::shards::services_of;
use crate::terminal::Terminal;
use image_analyzer::printable::{printable, printable_path};

/// The most MiB of one report, all of which is kept: some 1,300 images that print as much as is kept, nothing but bytes that
/// JSON escapes.
const MOST_OF_A_REPORT: u64 = 256;

/// The most MiB of all reports: 10,000 such images.
const MOST_OF_ALL: u64 = 2048;

/// What to do about more.
const SMALLER: &str = "spread the images over more jobs (`mkcompose matrix --shards N`), or have them print less";

/// The most MiB of a matrix.
const MOST_OF_A_MATRIX: u64 = 64;

/// Merges the reports, and tells what happened with each image.
///
/// # Errors
/// Problems with the reports, with the baseline, or between them: nothing was written. Or a report that cannot be written; those
/// that can be are.
pub fn run(args: &MergeArgs, terminal: &Terminal) -> Result<ExitCode, Error> {
    let files = files(&args.reports)?;
    let problems = overwritten(&files, &args.files);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    // Read before anything is written: it may be the file of a report.
    let baseline = args.baseline.as_ref().map(|path| baseline(path)).transpose()?;
    let planned = args.matrix.as_ref().map(|path| matrix(path)).transpose()?;
    let reports = read_all(&args.files)?;
    let mut problems = changes_that_differ(&reports, baseline.as_ref());
    if let (Some(path), Some(planned)) = (&args.matrix, planned) {
        problems.extend(without_report(path, &planned, &reports));
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let merged = merge(reports, args.expect)?;
    let changes = baseline.map(|baseline| baseline.changes(&merged.rows, &merged.info.services));
    let report = Report { changes: changes.as_ref(), ..merged.report() };
    let answer = if report.is_no() { ExitCode::Failure } else { ExitCode::Success };
    let troubles = tell(report, args.format, &files, terminal);
    if report.compares_none() && !report.was_interrupted {
        terminal.status(NOTHING_TO_COMPARE);
    }
    for error in &merged.info.errors {
        terminal.error(&error.lines().map(printable).collect::<Vec<_>>().join("\n"));
    }
    for trouble in &troubles {
        terminal.error(trouble);
    }
    let is_troubled = !troubles.is_empty() || !merged.info.errors.is_empty();
    Ok(exit_code(&merged.rows, merged.was_interrupted, is_troubled, answer))
}

/// Reports to write that are one of those to read, by whatever name: a job's report cannot be made again.
fn overwritten(files: &[File<Format>], inputs: &[PathBuf]) -> Vec<Problem> {
    let id = |path: &Path| path.metadata().ok().map(|there| (there.dev(), there.ino()));
    let problem = |file: &File<Format>| {
        let written = id(file.path())?;
        let input = inputs.iter().find(|input| id(input) == Some(written))?;
        let what =
            format!("`--report` would overwrite `{}`, which is to be merged: give another path", printable_path(input));
        Some(Problem::new(file.path(), what))
    };
    files.iter().filter_map(problem).collect()
}

/// Reads the services of the matrix at `path`.
fn matrix(path: &Path) -> Result<BTreeSet<String>, Error> {
    let json = read_as("a matrix", "give another file", path, MOST_OF_A_MATRIX)?;
    services_of(&json).ok_or_else(|| {
        let what = "this is not the output of `mkcompose matrix`: write it with `mkcompose matrix >FILE`";
        Error::Problems(vec![Problem::new(path, what)])
    })
}

/// Reads the reports; what is wrong with any, if something is.
fn read_all(paths: &[PathBuf]) -> Result<Vec<FromFile>, Error> {
    // All of them are kept.
    let mut bytes = 0_u64;
    for path in paths {
        bytes = bytes.saturating_add(path.metadata().map_or(0, |there| there.len()));
        if bytes > MOST_OF_ALL << 20 {
            let what = format!("the reports up to this one have more than {MOST_OF_ALL} MiB together: merge fewer");
            return Err(Error::Problems(vec![Problem::new(path, what)]));
        }
    }
    let (mut reports, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        match read_one(path) {
            Ok(report) => reports.push((path.clone(), report)),
            Err(error) => errors.push(error),
        }
    }
    let mut errors = errors.into_iter();
    match errors.next() {
        None => Ok(reports),
        Some(first) => Err(Error::combine(first, errors)),
    }
}

fn read_one(path: &Path) -> Result<EarlierReport, Error> {
    let json = read_as("a report", SMALLER, path, MOST_OF_A_REPORT)?;
    EarlierReport::parse(&json).map_err(|why| Error::Problems(vec![Problem::new(path, why.to_string())]))
}

/// Reports that were compared with another baseline than this.
fn changes_that_differ(reports: &[FromFile], baseline: Option<&Baseline>) -> Vec<Problem> {
    let problem = |(path, report): &FromFile| {
        let changes = report.changes.as_ref()?;
        let what = match baseline {
            None => "it was compared with a baseline: give that with `--baseline`",
            Some(baseline) if baseline.changes(&report.rows, &report.info.services) != *changes => {
                "it was compared with another baseline than that of `--baseline`: give that one"
            }
            Some(_) => return None,
        };
        Some(Problem::new(path, what))
    };
    reports.iter().filter_map(problem).collect()
}
