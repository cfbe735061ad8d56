//! `mkcompose build`: does every image build?

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::cli::build::BuildArgs;
use crate::cli::{Options, quoted};
use crate::command::report_files::{job_files, run_info, write};
use crate::command::run_images::{RunPlan, Selection, choose, work};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::problem::Problem;
use crate::report::builds;
use crate::report::outcomes::Report;
use crate::report::outcomes::run_info::RunSettings;
use crate::repository::service::Service;
use crate::repository::service_name::Set;
use crate::runner::job::ImageJob;
use crate::runner::outcome::Outcome;
use crate::runner::progress::duration;
use crate::runner::summary::{ServiceResult, whole_milliseconds};
use crate::terminal::{Style, Terminal};

/// Builds the images that the globs choose, and tells how each went.
///
/// # Errors
/// Problems with the Dockerfiles, the globs or the folder for logs, or no engine: nothing was begun.
pub fn run(args: &BuildArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let files = job_files(&args.reports, None)?;
    let chosen = choose(&args.work, options, true, terminal)?;
    if args.push {
        one_platform_each(&chosen)?;
    }
    let unsaid = Mutex::new(None);
    let tell = |row: &ServiceResult| {
        let said = terminal.result(&builds::line(row, terminal.color_out()));
        said.unwrap_or_else(|error| drop(unsaid.lock().unwrap_or_else(PoisonError::into_inner).replace(error)));
    };
    // Where lines are drawn over again, results come when that is over, in their order; else as each ends.
    let at_the_end = |is_live: bool| is_live && terminal.is_terminal();
    let was_live = terminal.draw_size().is_some();
    let plan = RunPlan { build: true, push: args.push, trial: None };
    let mut worked = work(&chosen, plan, &args.work, options, terminal, &|row, progress| {
        if !at_the_end(progress.is_live()) && *row.outcome() != Outcome::NotRun {
            tell(row);
        } else if row.is_expected() == Some(false) {
            progress.screen().status(builds::line(row, terminal.color_err()).trim_end());
        }
    })?;
    if at_the_end(was_live) {
        // A failure stays where it was printed.
        let is_printed = |row: &&ServiceResult| row.is_expected() == Some(false) || *row.outcome() == Outcome::NotRun;
        worked.rows.iter().filter(|row| !is_printed(row)).for_each(tell);
    }
    let is_well = worked.rows.iter().all(|row| row.is_expected() == Some(true));
    let mut unwritten = Vec::new();
    if !files.is_empty() {
        let settings = RunSettings { build: true, push: args.push, run: None, ..RunSettings::default() };
        let info = run_info(&chosen, &args.reports, settings, &worked.troubles)?;
        let report = Report {
            repository: &chosen.repository.image,
            rows: &worked.rows,
            changes: None,
            was_interrupted: worked.was_interrupted,
            time: whole_milliseconds(start.elapsed()),
            info: &info,
            logs: worked.logs.as_deref(),
        };
        unwritten = write(report, &files);
    }
    let unsaid = unsaid.into_inner().unwrap_or_else(PoisonError::into_inner);
    let said = terminal.result(&builds::failures(&worked.rows, terminal.color_out()));
    let style = if is_well { Style::Good } else { Style::Bad };
    let summary = format!("{} in {}", builds::summary(&worked.rows), duration(start.elapsed()));
    terminal.status(&terminal.styled_err(&summary, style));
    // Once is enough.
    worked.troubles.extend(unsaid.or(said.err()).map(Error::from));
    worked.troubles.extend(unwritten);
    Ok(worked.exit(if is_well { ExitCode::Success } else { ExitCode::Failure }, terminal))
}

/// Makes sure that each image to push is for one platform: the engine builds one, and to push that alone would replace an image
/// for several.
fn one_platform_each(chosen: &Selection) -> Result<(), Error> {
    let pushed = |service: &&Service| {
        let is_it = |job: &&ImageJob| job.service == service.name;
        chosen.tasks.iter().find(is_it).is_some_and(ImageJob::may_be_pushed)
    };
    let problem = |service: &Service| {
        let (name, file) = (service.name.as_str(), chosen.repository.output_of(Set::Normal));
        let what = format!(
            "the image of `{name}` is for several platforms ({}), and `build --push` would push it for one: set one of them in \
             `platforms`, or push it for all of them with `docker buildx bake -f {} --push {}`",
            service.platforms.join(", "),
            quoted(file),
            // Bake takes a dot for the end of a name.
            name.replace('.', "_"),
        );
        Problem::new(&service.dockerfile, what)
    };
    let is_for_several =
        |service: &&Service| service.platforms.iter().any(|one| Some(one) != service.platforms.first());
    let problems: Vec<_> =
        chosen.repository.services.iter().filter(is_for_several).filter(pushed).map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}
