//! Reports of outcomes as files: earlier ones that are read, and new ones that are written.

use std::path::Path;

use crate::bounded;
use crate::cli::report::{ReportArgs, ShardReportArgs};
use crate::command::print_report;
use crate::command::run_images::Selection;
use crate::error::Error;
use crate::problem::{IoError, Problem};
use crate::report::file::{File, UnfitReportFile};
use crate::report::outcomes::run_info::{RunInfo, RunSettings, ShardNumber, checksum};
use crate::report::outcomes::{Format, Report};
use crate::report::services::{ServiceEntry, Sources};
use crate::runner::baseline::Baseline;
use crate::terminal::Terminal;
use image_analyzer::printable::printable;

/// Reads the file of a report of at most so many MiB.
///
/// # Errors
/// If it cannot be read, is no regular file, or is larger.
pub fn read(path: &Path, most_mib: u64) -> Result<Vec<u8>, Error> {
    read_as("a report", "give another file", path, most_mib)
}

/// Reads a file of at most so many MiB. `what` says what it has to be, and `fix` what to do about one that is larger.
///
/// # Errors
/// If it cannot be read, is no regular file, or is larger.
pub fn read_as(what: &str, fix: &str, path: &Path, most_mib: u64) -> Result<Vec<u8>, Error> {
    let problem = |what: String| Err(Error::Problems(vec![Problem::new(path, what)]));
    let mut json = Vec::new();
    let there = path.metadata().map_err(Error::io("read", path))?;
    // A pipe would be waited for.
    if !there.is_file() {
        return problem(format!("not a regular file: give {what}"));
    }
    let most = most_mib << 20;
    if there.len() > most || !bounded::read(path, most, &mut json).map_err(Error::io("read", path))? {
        return problem(format!("this file has more than {most_mib} MiB, which is too large for {what}: {fix}"));
    }
    Ok(json)
}

/// The most MiB of a report of which only names, outcomes or times are kept.
pub const MOST_OF_OUTCOMES: u64 = 512;

/// That `path` is no report of outcomes, for this reason.
pub fn not_a_report(path: &Path, why: &serde_json::Error) -> Error {
    let what =
        format!("this is not a report of `mkcompose test` ({why}): write one with `mkcompose test --report FILE.json`");
    Error::Problems(vec![Problem::new(path, printable(&what))])
}

/// Reads the report at `path` to compare with.
///
/// # Errors
/// If it cannot be read, or is no report.
pub fn baseline(path: &Path) -> Result<Baseline, Error> {
    let json = read(path, MOST_OF_OUTCOMES)?;
    Baseline::parse(&json).map_err(|why| not_a_report(path, &why))
}

/// What a report says of a run with these `settings` on `chosen`, in which there were `troubles`.
///
/// # Errors
/// None that is known of: services are text, numbers and lists.
pub fn run_info(
    chosen: &Selection,
    args: &ShardReportArgs,
    settings: RunSettings,
    troubles: &[Error],
) -> Result<RunInfo, Error> {
    let services = &chosen.repository.services;
    // The sources of programs are no settings, and take time to find.
    let mut sources = Sources::new(false);
    let entries = services.iter().map(|service| ServiceEntry::new(service, &mut sources, None));
    let entries = serde_json::to_string(&entries.collect::<Result<Vec<_>, _>>()?);
    let entries = entries.map_err(|error| IoError::new("write", "a report")(error.into()))?;
    Ok(RunInfo {
        shard: args.shard,
        settings: RunSettings { services: checksum(&entries), ..settings },
        services: services.iter().map(|service| service.name.to_string()).collect(),
        errors: troubles.iter().map(ToString::to_string).collect(),
    })
}

/// The files that reports go to.
///
/// # Errors
/// If one cannot be written, as far as its name, its folder and what is there now say.
pub fn files(args: &ReportArgs) -> Result<Vec<File<Format>>, UnfitReportFile> {
    File::all(&args.reports, args.force)
}

/// The files that the reports of a job go to. `shown` is the format of what stdout gets, if that is a report.
///
/// # Errors
/// If one cannot be written, or if none can say which shard it is of.
pub fn job_files(args: &ShardReportArgs, shown: Option<Format>) -> Result<Vec<File<Format>>, Error> {
    let files = files(&args.files)?;
    let mut formats = files.iter().map(File::format).chain(shown);
    match args.shard {
        Some(shard) if !formats.any(|format| format == Format::Json) => {
            let ShardNumber { number, of } = shard;
            Err(Error::Usage(format!(
                "`--shard {number}/{of}` is written into a JSON report and chooses no services: add `--report FILE.json`; \
                 to spread the services over jobs: mkcompose matrix --shards {of}"
            )))
        }
        _ => Ok(files),
    }
}

/// Writes every report, files first: stdout may be full, or wait for its reader. What went wrong, for each that could not be.
pub fn tell(report: Report<'_>, format: Format, files: &[File<Format>], terminal: &Terminal) -> Vec<Error> {
    let mut troubles = write(report, files);
    troubles.extend(print_report(&report, format, terminal).err().map(Error::from));
    troubles
}

/// Writes the report to each of `files`; what went wrong, for each that could not be written.
pub fn write(report: Report<'_>, files: &[File<Format>]) -> Vec<Error> {
    let write = |file: &File<Format>| {
        let logs = report.logs.map(|logs| file.way_to(logs));
        file.write(&Report { logs: logs.as_deref(), ..report }).err()
    };
    files.iter().filter_map(write).map(Error::from).collect()
}
