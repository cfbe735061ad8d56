//! `mkcompose test`: which images work, which do not, and is that as expected?

use std::time::Instant;

use crate::cli::test::TestArgs;
use crate::cli::{Options, quoted};
use crate::command::NOTHING_TO_COMPARE;
use crate::command::report_files::{baseline, job_files, run_info, tell};
use crate::command::run_images::{RunPlan, choose, work};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::report::builds;
use crate::report::outcomes::run_info::{ContainerSettings, RunSettings};
use crate::report::outcomes::{Report, mark};
use crate::repository::service_name::Set;
use crate::runner::job::RunLimits;
use crate::runner::outcome::Outcome;
use crate::runner::summary::{ServiceResult, whole_milliseconds};
use crate::terminal::Terminal;

/// For a repository with images that are meant to fail.
const HINT: &str = "if an image is meant to fail, add `# mkcompose: expect=cannot start` or `# mkcompose: expect=exit N` to its Dockerfile";

/// For an image that stays up, where nothing says that it should.
const STAYS_UP: &str =
    "if it is meant to stay up, add `# mkcompose: expect=runs` to its Dockerfile, or EXPOSE the port that it serves";

/// Builds and runs the images that the globs choose, and tells what happened with each.
///
/// # Errors
/// Problems with the flags, the Dockerfiles or the baseline, or no engine: nothing was begun. Or a report that cannot be
/// written; those that can be are.
pub fn run(args: &TestArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let files = job_files(&args.reports, Some(args.format))?;
    // Read before anything is written: it may be the file of a report.
    let baseline = args.baseline.as_ref().map(|path| baseline(path)).transpose()?;
    let chosen = choose(&args.work, options, !args.no_build, terminal)?;
    if let Some(network) = args.network.as_ref().filter(|_| !chosen.tasks.is_empty()) {
        let engine = args.work.engine.engine(options);
        engine.check()?;
        engine.check_network(network)?;
    }
    let trial = RunLimits { timeout: args.timeout, memory: args.memory.clone(), network: args.network.clone() };
    let container = ContainerSettings {
        timeout_seconds: args.timeout.as_secs_f64(),
        memory: args.memory.clone(),
        network: args.network.clone(),
    };
    let settings = RunSettings { build: !args.no_build, run: Some(container), ..RunSettings::default() };
    let plan = RunPlan { build: !args.no_build, push: false, trial: Some(trial) };
    let mut worked = work(&chosen, plan, &args.work, options, terminal, &|row, progress| {
        if !progress.is_live() || row.is_expected() == Some(false) {
            let changes = baseline.as_ref().map(|baseline| baseline.compare(std::slice::from_ref(row)));
            let (mark, _) = mark(row, changes.as_ref());
            progress.screen().status(builds::tested(row, mark).trim_end());
        }
    })?;
    let info = run_info(&chosen, &args.reports, settings, &worked.troubles)?;
    let changes = baseline.map(|baseline| baseline.changes(&worked.rows, &info.services));
    let report = Report {
        repository: &chosen.repository.image,
        rows: &worked.rows,
        changes: changes.as_ref(),
        was_interrupted: worked.was_interrupted,
        time: whole_milliseconds(start.elapsed()),
        info: &info,
        logs: worked.logs.as_deref(),
    };
    let answer = if report.is_no() { ExitCode::Failure } else { ExitCode::Success };
    let troubles = tell(report, args.format, &files, terminal);
    for hint in hints(report, args, options) {
        terminal.status(&hint);
    }
    worked.troubles.extend(troubles);
    Ok(worked.exit(answer, terminal))
}

/// What to do next, where that is not plain: build what is not there, fix what does not work, or keep a baseline where it
/// is not meant to.
fn hints(report: Report<'_>, args: &TestArgs, options: &Options) -> Vec<String> {
    if report.was_interrupted {
        return Vec::new();
    }
    if report.changes.is_some() {
        return report.compares_none().then(|| NOTHING_TO_COMPARE.to_owned()).into_iter().collect();
    }
    let flags = options.as_shell_args();
    let unexpected = || report.rows.iter().filter(|row| row.set() == Set::Normal && row.is_expected() == Some(false));
    if unexpected().any(|row| *row.outcome() == Outcome::NotBuilt) {
        let globs = args.work.globs.iter().map(quoted);
        let words: Vec<_> = std::iter::once(format!("mkcompose build{flags}")).chain(globs).collect();
        return vec![format!("to build the missing images: {}", words.join(" "))];
    }
    let lacks =
        |row: &&ServiceResult| row.record.reason.is_some() || matches!(row.outcome(), Outcome::CannotStart { .. });
    let mend = unexpected()
        .find(lacks)
        .map(|row| format!("to see a fix that you can paste: mkcompose why{flags} {}", quoted(row.service.as_str())));
    let endless = unexpected().any(|row| *row.outcome() == Outcome::TimedOut);
    let endless = endless.then(|| STAYS_UP.to_owned());
    let fails = |row: &ServiceResult| {
        matches!(row.outcome(), Outcome::CannotStart { .. } | Outcome::ExitedWithError { .. } | Outcome::Killed { .. })
    };
    let hint = unexpected().any(fails).then(|| HINT.to_owned());
    [mend, endless, hint].into_iter().flatten().collect()
}
