//! Reports of outcomes as files: earlier ones that are read, and new ones that are written.

use std::path::Path;

use crate::bounded;
use crate::cli::report::{ReportArgs, ShardReportArgs};
use crate::command::print_report;
use crate::command::run_images::Selection;
use crate::error::Error;
use crate::problem::{IoError, Problem};
use crate::report::file::{File, UnfitReportFile};
use crate::report::outcomes::run_info::{RunInfo, RunSettings, checksum};
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
    let mut json = Vec::new();
    // A pipe would be waited for.
    let is_file = path.metadata().map_err(Error::io("read", path))?.is_file();
    if !is_file {
        return Err(Error::Problems(vec![Problem::new(path, "not a regular file: give a report")]));
    }
    if !bounded::read(path, most_mib << 20, &mut json).map_err(Error::io("read", path))? {
        let what =
            format!("this file has more than {most_mib} MiB, which is too large for a report: give another file");
        return Err(Error::Problems(vec![Problem::new(path, what)]));
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
