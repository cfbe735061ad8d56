//! `mkcompose merge`: the reports of many machines as one.

use std::path::{Path, PathBuf};

use crate::cli::merge::MergeArgs;
use crate::command::NOTHING_TO_COMPARE;
use crate::command::report_files::{baseline, files, read, tell};
use crate::command::run_images::exit_code;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::problem::Problem;
use crate::report::outcomes::Report;
use crate::report::outcomes::earlier::EarlierReport;
use crate::report::outcomes::merge::{FromFile, merge};
use crate::runner::baseline::Baseline;
use crate::terminal::Terminal;
use image_analyzer::printable::printable;

/// The most MiB of one report: all of it is kept.
const MOST_OF_A_REPORT: u64 = 64;

/// Merges the reports, and tells what happened with each image.
///
/// # Errors
/// Problems with the reports, with the baseline, or between them: nothing was written. Or a report that cannot be written; those
/// that can be are.
pub fn run(args: &MergeArgs, terminal: &Terminal) -> Result<ExitCode, Error> {
    let files = files(&args.reports)?;
    let baseline = args.baseline.as_ref().map(|path| baseline(path)).transpose()?;
    let reports = read_all(&args.files)?;
    let problems = changes_that_differ(&reports, baseline.as_ref());
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

/// Reads the reports; what is wrong with any, if something is.
fn read_all(paths: &[PathBuf]) -> Result<Vec<FromFile>, Error> {
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
    let json = read(path, MOST_OF_A_REPORT)?;
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
