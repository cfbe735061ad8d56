//! What `build` and `test` share: choose the images, make sure that everything needed is there, work on them.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::cli::Options;
use crate::cli::build::WorkArgs;
use crate::command::generate::stale;
use crate::command::since::Since;
use crate::engine::cleanup::Remover;
use crate::engine::run_label::{LABEL, Owner};
use crate::engine::{Engine, EngineError};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::gather::Gather;
use crate::interrupt::Interrupt;
use crate::repository::select::select;
use crate::repository::service::Service;
use crate::repository::service_name::ServiceName;
use crate::repository::{Repository, resolve};
use crate::runner::bases::{Builds, mark_err, places, with_bases};
use crate::runner::job::{ImageJob, RunContext, RunLimits};
use crate::runner::logs::{Logs, default_folder};
use crate::runner::outcome::Outcome;
use crate::runner::progress::{Progress, STOPPING, Screen};
use crate::runner::summary::ServiceResult;
use crate::runner::sweep::{Sweep, SweepState};
use crate::runner::{JobResult, JobStep, Turn, beside, default_workers, interleave_by, run_all};
use crate::terminal::Terminal;
use image_analyzer::printable::printable_path;

/// What comes before the words of a panic.
const BUG: &str = "mkcompose has a bug, please report it: ";

/// What is to be done with each image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPlan {
    /// Whether it is built.
    pub build: bool,
    /// Whether it is pushed once it is built; it is not run then.
    pub push: bool,
    /// How it is run; `None`: it is not.
    pub trial: Option<RunLimits>,
}

/// The images to work on, and the services that there are, chosen or not.
pub struct Selection {
    /// Where everything is.
    pub repository: Repository,
    /// Those to work on, by service.
    pub tasks: Vec<ImageJob>,
    /// The Compose files that may describe other images.
    pub stale: Vec<PathBuf>,
}

/// What the work came to.
pub struct RunResult {
    /// A row for each image, by service.
    pub rows: Vec<ServiceResult>,
    /// Whether the user asked to stop.
    pub was_interrupted: bool,
    /// The folder of full logs, if there are any.
    pub logs: Option<PathBuf>,
    /// What went wrong beside the images: an engine lost, a log not written.
    pub troubles: Vec<Error>,
}

/// What is done as each image ends, by whichever thread worked on it.
pub type Ended<'a> = dyn Fn(&ServiceResult, &Progress) + Sync + 'a;

/// Chooses what the globs name and `--since` leaves.
///
/// # Errors
/// Problems with the Dockerfiles, the build context, the globs or the commit.
pub fn choose(args: &WorkArgs, options: &Options, build: bool, terminal: &Terminal) -> Result<Selection, Error> {
    let repository = Repository::load(&options.load_options())?;
    let since = Since::ask(&args.since, &repository, options, terminal)?;
    let chosen = select(repository.services.iter().collect(), &args.globs, &options.as_shell_args())?;
    let (chosen, _) = since.split(chosen, terminal);
    let chosen = chosen.into_iter().map(|service: &Service| service.name.clone()).gather();
    let stale = stale(&repository, options);
    let tasks = jobs(&repository.services, &chosen, build);
    Ok(Selection { repository, tasks, stale })
}

/// The jobs for the `chosen` of all `services` and, where they are built, for what they are built on.
fn jobs(services: &[Service], chosen: &BTreeSet<ServiceName>, build: bool) -> Vec<ImageJob> {
    let images = services.iter().map(|service| (service.name.clone(), service.image.clone())).gather();
    let mut jobs: Vec<_> = services.iter().map(|service| ImageJob::new(service, &images)).collect();
    mark_err(&mut jobs);
    if build {
        with_bases(chosen, jobs)
    } else {
        jobs.into_iter().filter(|job| chosen.contains(&job.service)).collect()
    }
}

/// Works on the chosen images as `plan` says. `ended` is called as each ends, from several threads.
///
/// # Errors
/// If there is no engine or no folder for logs; then nothing was begun.
pub fn work(
    chosen: &Selection,
    plan: RunPlan,
    args: &WorkArgs,
    options: &Options,
    terminal: &Terminal,
    ended: &Ended<'_>,
) -> Result<RunResult, Error> {
    if chosen.tasks.is_empty() {
        // No engine is needed for nothing.
        return Ok(RunResult { rows: Vec::new(), was_interrupted: false, logs: None, troubles: Vec::new() });
    }
    let engine = args.engine.engine(options);
    let version = engine.version()?;
    let logs = Logs::open(logs_folder(&chosen.repository, args)?)?;
    let screen = Screen::new(terminal);
    let messages = screen.clone();
    let interrupt = Interrupt::listen_for_two(move |first| {
        if first {
            messages.status(STOPPING);
        }
    });
    let engine = engine.with_interrupt(&interrupt);
    let owner = Owner::me();
    for path in &chosen.stale {
        let (path, flags) = (printable_path(path), options.as_shell_args());
        terminal.status(&format!(
            "{path}: stale, or written with other flags: run `mkcompose --check{flags}` to see the differences"
        ));
    }
    if plan.trial.is_some() {
        tidy(&engine, &owner, terminal);
    }
    let progress = Progress::new(screen, chosen.tasks.len());
    let run = RunContext {
        engine: &engine,
        is_building: plan.build,
        builder: OnceLock::new(),
        sweep: if plan.build && version.has_bake() {
            Sweep::of(&chosen.tasks, args.jobs.is_some())
        } else {
            Sweep::default()
        },
        trial: plan.trial,
        owner,
        remover: Remover::new(&engine),
        logs: &logs,
        progress: &progress,
        interrupt: &interrupt,
        lost: Mutex::new(None),
        named: AtomicUsize::new(0),
        port_access: OnceLock::new(),
        builds: Builds::default(),
        retries: args.retries,
        push: plan.push,
    };
    let rows = rows(chosen, args, &run, ended);
    drop(run.remover);
    let leftovers = if run.trial.is_some() { engine.sweep(&run.owner).err() } else { None };
    let lost = run.lost.into_inner().unwrap_or_else(PoisonError::into_inner);
    let was_interrupted = interrupt.asked_by_somebody();
    terminal.status(&format!("logs: {}", printable_path(logs.folder())));
    let engines = lost.map(gone).or(leftovers.map(left_over));
    Ok(RunResult {
        rows,
        was_interrupted,
        logs: Some(logs.folder().to_owned()),
        troubles: engines.into_iter().chain(logs.trouble().map(Error::from)).collect(),
    })
}

fn rows(chosen: &Selection, args: &WorkArgs, run: &RunContext<'_>, ended: &Ended<'_>) -> Vec<ServiceResult> {
    let workers = args.jobs.unwrap_or_else(|| default_workers(run.is_building));
    let tasks = interleave_by(&chosen.tasks, |task| {
        let service = &task.service;
        (service.program().to_owned(), service.segments().next().map(str::to_owned))
    });
    let needs = if run.is_building { places(&tasks) } else { Vec::new() };
    let result = |task: &ImageJob, record| ServiceResult::new(task, record, run.trial.is_some());
    let told = |task: &ImageJob, record| {
        let row = result(task, record);
        // A base that the user did not ask for is reported only where it is to blame.
        if !(task.is_only_a_base && *row.outcome() == Outcome::Built) {
            ended(&row, run.progress);
        }
        row
    };
    let job = |task: &&ImageJob| match run.work(task) {
        JobStep::Finished(record) => JobStep::Finished(told(task, record)),
        JobStep::NeedsInspection(found) => JobStep::NeedsInspection(found),
    };
    let look = |task: &&ImageJob, found| told(task, run.look(task, found));
    let turn = |task: &&ImageJob| match run.sweep.state(&task.service) {
        SweepState::Waiting => Turn::Later,
        SweepState::HasResult => Turn::InAnyCase,
        SweepState::Open => Turn::Now,
    };
    let sweep = || run.sweep.run(&tasks, args.jobs.map(NonZeroUsize::get), run);
    let all = || run_all(&tasks, &needs, workers, run.interrupt, turn, job, look);
    let (done, bug) = run.progress.during(|| beside(sweep, all));
    if let Some(words) = bug {
        run.progress.screen().status(&format!("{BUG}{words}"));
    }
    let is_told = |(task, row): &(&ImageJob, ServiceResult)| !(task.is_only_a_base && *row.outcome() == Outcome::Built);
    let row = |task: &ImageJob, done: JobResult<ServiceResult>| match done {
        JobResult::Finished(row) => row,
        JobResult::NotBegun => result(task, Outcome::NotRun.into()),
        JobResult::Panicked(words) => {
            let message = format!("{BUG}{words}");
            result(task, Outcome::Unknown { message }.into())
        }
    };
    let rows = tasks.into_iter().zip(done).map(|(task, done)| (task, row(task, done)));
    let mut rows: Vec<_> = rows.filter(is_told).map(|(_, row)| row).collect();
    rows.sort_unstable_by(|one, other| one.service.cmp(&other.service));
    rows
}

/// Removes what runs that were killed left behind.
fn tidy(engine: &Engine, owner: &Owner, terminal: &Terminal) {
    let swept = match engine.sweep_dead(owner) {
        Ok(swept) => swept,
        Err(failure) => {
            return terminal.status(&format!("cannot remove containers of earlier runs: {failure}"));
        }
    };
    match swept.removed {
        0 => {}
        1 => terminal.status("removed 1 container left by an interrupted run"),
        count => terminal.status(&format!("removed {count} containers left by interrupted runs")),
    }
    if swept.elsewhere > 0 {
        let what = if swept.elsewhere == 1 { "1 container of a run" } else { "containers of runs" };
        terminal.status(&format!(
            "not removed: {what} on another machine, in another container, or before this one was started; to see them: docker ps --all --filter label={LABEL}"
        ));
    }
}

fn logs_folder(repository: &Repository, args: &WorkArgs) -> Result<PathBuf, Error> {
    match &args.logs {
        Some(folder) => Ok(folder.clone()),
        None => Ok(default_folder(&resolve(repository.dockerfiles.first().unwrap_or(&repository.root))?, |name| {
            std::env::var_os(name)
        })?),
    }
}

fn gone(failure: EngineError) -> Error {
    Error::Engine(
        failure.with("the connection to the engine was lost: the next run removes the containers that are left"),
    )
}

fn left_over(failure: EngineError) -> Error {
    Error::Engine(failure.with("containers may be left: the next run removes them"))
}

impl RunResult {
    /// The exit code, when `answer` is what the images say.
    pub fn exit(&self, answer: ExitCode, terminal: &Terminal) -> ExitCode {
        self.troubles.iter().for_each(|trouble| terminal.error(trouble));
        exit_code(&self.rows, self.was_interrupted, !self.troubles.is_empty(), answer)
    }
}

/// The exit code, when `answer` is what the images say. `is_troubled`: something went wrong beside them.
pub fn exit_code(rows: &[ServiceResult], was_interrupted: bool, is_troubled: bool, answer: ExitCode) -> ExitCode {
    if was_interrupted {
        return ExitCode::Interrupted;
    }
    let is_undecided = rows.iter().any(|row| row.is_expected().is_none());
    if is_undecided || is_troubled { ExitCode::Error } else { answer }
}
