//! The work on one image: build it, run it, and say what happened.
//!
//! Logs and progress are fed on the way. An engine that fails tells nothing about the image, so it is asked whether it
//! still lives before a failed build is believed; once it is gone, nothing more is begun.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::bases::{BuildState, Builds};
use super::classify;
use super::expectation::{RunQuestion, port_access};
use super::explain::Explained;
use super::logs::{Logs, Phase};
use super::outcome::Outcome;
use super::progress::Progress;
use super::retries::Try;
use super::sweep::{Sweep, SweepResult, is_undecided};
use super::{JobStep, build_failure, explain};
use crate::dockerfile::ParsedDockerfile;
use crate::engine::bake::BakeEvent;
use crate::engine::build::{BaseImage, BuildBackend, BuildResult, BuildSpec};
use crate::engine::build_output::BuildFailure;
use crate::engine::cleanup::Remover;
use crate::engine::readiness::PortAccess;
use crate::engine::run_container::{ContainerRun, ContainerSpec};
use crate::engine::run_label::Owner;
use crate::engine::{Engine, EngineError};
use crate::expectation::Expectation;
use crate::image_finding::ImageFinding;
use crate::interrupt::Interrupt;
use crate::repository::service::{LocalBase, Service};
use crate::repository::service_name::{ServiceName, Set};

/// What is said of an image that was built and cannot be run, as it is not there.
const GONE: &str = "built, but the engine does not have the image: it was removed, or the builder does not load what it builds into the engine (`docker buildx ls` shows which builder is used)";

/// What to do where the engine's disk is full, after what was said of that.
const FREE: &str = ": free space on the engine's disk, then build again (`docker system df` shows what takes space)";

/// What all jobs of a run share.
#[derive(Debug)]
pub struct RunContext<'a> {
    /// The engine that does the work.
    pub engine: &'a Engine,
    /// Whether images are built.
    pub is_building: bool,
    /// The engine's builder, once that was asked.
    pub builder: OnceLock<BuildBackend>,
    /// What was built at once.
    pub sweep: Sweep<'a>,
    /// How images are run; `None`: they are not.
    pub trial: Option<RunLimits>,
    /// This process.
    pub owner: Owner,
    /// Who removes containers that have ended.
    pub remover: Remover,
    /// Where the logs go.
    pub logs: &'a Logs,
    /// Where one can see what is going on.
    pub progress: &'a Progress,
    /// Whether the user asked to stop.
    pub interrupt: &'a Interrupt,
    /// Why the engine is of no more use, once it is.
    pub lost: Mutex<Option<EngineError>>,
    /// How many containers were named.
    pub named: AtomicUsize,
    /// How the ports of containers are reached, once that was asked.
    pub port_access: OnceLock<PortAccess>,
    /// What came of each build, for the images that are built on it.
    pub builds: Builds,
    /// How often an image of which nothing is known is tried again.
    pub retries: u32,
    /// Whether images are pushed once they are built.
    pub push: bool,
}

/// What a container may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// How long it may run.
    pub timeout: Duration,
    /// How much memory it may have, in the engine's notation.
    pub memory: Option<String>,
    /// The network it is on.
    pub network: Option<String>,
}

/// An image to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageJob {
    /// Its service.
    pub service: ServiceName,
    /// How it is built.
    pub recipe: BuildSpec,
    /// The services of this repository that it is built on.
    pub bases: Vec<ServiceName>,
    /// The err set if it, or an image that it is built on, is known not to build.
    pub build_set: Set,
    /// What must happen when it is run.
    pub expectation: Expectation,
    /// Whether it is there only because another image is built on it: then it is not run.
    pub is_only_a_base: bool,
}

impl ImageJob {
    /// The job for `service`. `images` has the image of each service that another one is built on.
    ///
    /// An image for several platforms is built for the engine's own here: a report speaks of one image.
    pub fn new(service: &Service, images: &BTreeMap<ServiceName, String>) -> Self {
        let base = |base: &LocalBase| {
            let image = images.get(&base.service)?.clone();
            let stage = |parsed: &ParsedDockerfile| parsed.stage_named(&base.reference).is_some();
            let is_stage = service.parsed.as_ref().is_ok_and(stage);
            Some(BaseImage { reference: base.reference.clone(), image, is_stage })
        };
        let mut bases: Vec<_> = service.local_bases.iter().map(|base| base.service.clone()).collect();
        bases.sort_unstable();
        bases.dedup();
        let recipe = BuildSpec {
            image: service.image.clone(),
            dockerfile: service.built_file().to_owned(),
            context: service.context.clone(),
            args: service.args.clone(),
            target: service.target.clone(),
            platform: platform(&service.platforms),
            labels: service.labels.clone(),
            tags: service.tags.clone(),
            cache_from: service.cache_from.clone(),
            cache_to: service.cache_to.clone(),
            base_images: service.local_bases.iter().filter_map(base).collect(),
        };
        Self {
            build_set: service.name.set(),
            service: service.name.clone(),
            recipe,
            bases,
            expectation: service.expectation.clone(),
            is_only_a_base: false,
        }
    }
}

/// The platform to name to the engine; none where its own is one of several.
fn platform(platforms: &[String]) -> Option<String> {
    match platforms {
        [] => None,
        [one] => Some(one.clone()),
        [first, ..] => {
            let machine = match std::env::consts::ARCH {
                "x86_64" => "amd64",
                "aarch64" => "arm64",
                other => other,
            };
            let own = format!("linux/{machine}");
            let is_own = |platform: &String| *platform == own || platform.starts_with(&format!("{own}/"));
            (!platforms.iter().any(is_own)).then(|| first.clone())
        }
    }
}

/// What the work on an image came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReport {
    /// What happened.
    pub outcome: Outcome,
    /// The last lines of the step that failed, if one did.
    pub last_lines: Vec<String>,
    /// How long the build took; `None` if there was none.
    pub build_time: Option<Duration>,
    /// How long the run took; `None` if there was none.
    pub run_time: Option<Duration>,
    /// What the program wrote to stdout and stderr, kept to a limit.
    pub stdout: String,
    /// See [`JobReport::stdout`].
    pub stderr: String,
    /// Whether some of it was cut.
    pub is_cut: bool,
    /// Why it does not work, as its words or its content tell, safe to print; `None`: not looked for, or not found.
    pub reason: Option<String>,
    /// Earlier tries, which told nothing of the image.
    pub tries: Vec<Try>,
    /// What was found in the image, where it was looked at.
    pub findings: Vec<ImageFinding>,
    /// The digest in the registry that it was pushed to.
    pub digest: Option<String>,
    /// Whether another try would come to the same, although nothing is known.
    pub is_final: bool,
}

impl From<Outcome> for JobReport {
    fn from(outcome: Outcome) -> Self {
        let (stdout, stderr) = (String::new(), String::new());
        let (last_lines, tries, findings) = (Vec::new(), Vec::new(), Vec::new());
        let (build_time, run_time, reason, digest) = (None, None, None, None);
        Self {
            outcome,
            last_lines,
            build_time,
            run_time,
            stdout,
            stderr,
            is_cut: false,
            reason,
            tries,
            findings,
            digest,
            is_final: false,
        }
    }
}

/// An image that has to be looked at to say why it does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingInspection {
    record: JobReport,
    ran: ContainerRun,
}

impl PendingInspection {
    /// The same after these earlier tries.
    pub(super) fn with_tries(self, tries: Vec<Try>) -> Self {
        Self { record: JobReport { tries, ..self.record }, ..self }
    }
}

impl RunContext<'_> {
    /// Works on one image, from its build to its end, or to where it has to be looked at.
    pub fn work(&self, task: &ImageJob) -> JobStep<JobReport, PendingInspection> {
        let name = task.service.as_str();
        self.progress.begin(name);
        let step = self.begin(task);
        if let JobStep::Finished(_) = step {
            self.progress.end(name);
        }
        step
    }

    /// Looks into an image that does not work: for its reason, and whether it was the image that did not.
    pub fn look(&self, task: &ImageJob, PendingInspection { record, ran }: PendingInspection) -> JobReport {
        let name = task.service.as_str();
        self.progress.step(name, "looking into the image");
        // Whoever asked twice to stop does not wait for reasons.
        let Explained { outcome, reason, findings } = if self.interrupt.asked_again() {
            record.outcome.into()
        } else {
            explain::explain(self.engine, &task.recipe.image, &task.recipe.dockerfile, record.outcome, &ran)
        };
        self.progress.end(name);
        JobReport { outcome, reason, findings, ..record }
    }

    fn begin(&self, task: &ImageJob) -> JobStep<JobReport, PendingInspection> {
        if self.is_building
            && let Some((outcome, state)) = self.builds.not_buildable(&task.bases)
        {
            self.builds.set(&task.service, state);
            return JobStep::Finished(outcome.into());
        }
        let is_first = Cell::new(true);
        let step = self.with_retries(task, |tries| self.build_and_run(task, is_first.replace(false), tries));
        if matches!(&step, JobStep::Finished(JobReport { outcome: Outcome::Unknown { .. }, .. })) {
            self.stop_if_lost();
        }
        step
    }

    /// Only the first try takes what was built at once: another one builds the image by itself.
    fn build_and_run(
        &self,
        task: &ImageJob,
        is_first: bool,
        tries: &mut Vec<Try>,
    ) -> JobStep<JobReport, PendingInspection> {
        let mut build_time = None;
        if self.is_building {
            let start = Instant::now();
            let (failed, took) = match self.sweep.result(&task.service).filter(|_| is_first) {
                Some(result) => self.of_bake(result),
                None => (self.build(task), None),
            };
            build_time = Some(took.unwrap_or_else(|| start.elapsed()));
            let state =
                failed.as_ref().map_or(BuildState::Built, |failed| BuildState::of(&failed.outcome, &task.service));
            self.builds.set(&task.service, state);
            if let Some(failed) = failed {
                return JobStep::Finished(JobReport { build_time, ..failed });
            }
        }
        if self.is_pushed(task) {
            return JobStep::Finished(JobReport { build_time, ..self.pushed(task, tries) });
        }
        let Some(trial) = self.trial.as_ref().filter(|_| !task.is_only_a_base) else {
            return JobStep::Finished(JobReport { build_time, ..Outcome::Built.into() });
        };
        // A build that is over is told, but after a request to stop, or without an engine, no run is begun.
        if self.interrupt.asked() {
            return JobStep::Finished(JobReport { build_time, ..Outcome::NotRun.into() });
        }
        match self.run(trial, task) {
            (record, None) => JobStep::Finished(JobReport { build_time, ..record }),
            (record, Some(ran)) => {
                JobStep::NeedsInspection(PendingInspection { record: JobReport { build_time, ..record }, ran })
            }
        }
    }

    /// Builds the image; what went wrong, if something did.
    fn build(&self, task: &ImageJob) -> Option<JobReport> {
        if let Some(result) = self.sweep.with_bases(&task.service).and_then(|specs| self.bake(task, &specs)) {
            return self.of_bake(result).0;
        }
        let builder = *self.builder.get_or_init(|| self.engine.builder());
        let name = task.service.as_str();
        let mut log = self.logs.begin(&task.service, Phase::Build);
        let built =
            self.engine.build(builder, &task.recipe, self.interrupt, &mut |bytes| log.write(bytes), &mut |step| {
                self.progress.step(name, step);
            });
        match built {
            Ok(BuildResult::Done) => None,
            Ok(BuildResult::Interrupted) => Some(Outcome::Interrupted.into()),
            Err(failure) => Some(self.unknown(failure.to_string())),
            Ok(BuildResult::Failed(why)) => Some(self.failed(why)),
        }
    }

    /// Builds the image alone, as the sweep would have built it, after the others of `specs`. None if bake does not tell what came
    /// of it.
    fn bake(&self, task: &ImageJob, specs: &[&BuildSpec]) -> Option<SweepResult> {
        let last = specs.len().checked_sub(1)?;
        let mut log = self.logs.begin(&task.service, Phase::Build);
        let mut built = None;
        let result = self.engine.bake(specs, last, None, self.interrupt, &mut |place, event| match event {
            _ if place != last => {}
            BakeEvent::Said(line) => log.write(line),
            BakeEvent::Runs(step) => self.progress.step(task.service.as_str(), step),
            BakeEvent::Built(took) => built = Some(SweepResult::Built(took)),
        });
        let failed = result.failed.into_iter().find(|(place, why, _)| *place == last && !is_undecided(why));
        let failed = failed.map(|(_, why, took)| SweepResult::Failed(why, took));
        built.or(failed).or_else(|| result.cut_off.contains(&last).then_some(SweepResult::CutOff))
    }

    /// What went wrong with a build by bake, if something did, and how long it took, if bake tells.
    fn of_bake(&self, result: SweepResult) -> (Option<JobReport>, Option<Duration>) {
        match result {
            SweepResult::Built(took) => (None, Some(took)),
            SweepResult::Failed(why, took) => (Some(self.failed(why)), Some(took)),
            SweepResult::CutOff => (Some(Outcome::Interrupted.into()), None),
        }
    }

    /// What a failed build means: unless it is the engine that failed, the image does not build.
    fn failed(&self, why: BuildFailure) -> JobReport {
        if let Some(said) = build_failure::of_a_full_disk(&why) {
            return self.unknown(format!("{said}{FREE}"));
        }
        if build_failure::tells_nothing(&why) || self.engine.check().is_err() {
            return self.unknown(why.message);
        }
        JobReport { last_lines: why.last.clone(), ..Outcome::from(why).into() }
    }

    /// Runs the image; with what it left, if the image has to be looked at.
    fn run(&self, trial: &RunLimits, task: &ImageJob) -> (JobReport, Option<ContainerRun>) {
        self.progress.step(task.service.as_str(), "running");
        let ports = self.engine.image_ports(&task.recipe.image).map_err(|failure| failure.to_string());
        let question = match RunQuestion::new(&task.expectation, ports) {
            Ok(question) => question,
            Err(message) => return (JobReport { is_final: true, ..Outcome::Unknown { message }.into() }, None),
        };
        let access = if question.needs_ports() { self.port_access(trial) } else { &PortAccess::Published };
        let mut log = self.logs.begin(&task.service, Phase::Run);
        let number = self.named.fetch_add(1, Ordering::SeqCst);
        let order = ContainerSpec {
            image: &task.recipe.image,
            name: &self.owner.container(number),
            owner: &self.owner,
            remover: &self.remover,
            timeout: trial.timeout,
            memory: trial.memory.as_deref(),
            network: trial.network.as_deref(),
            ready: question.check(access),
        };
        let start = Instant::now();
        let ran = self.engine.run(&order, self.interrupt, &mut |bytes| log.write(bytes));
        let run_time = Some(start.elapsed());
        match ran {
            Err(failure) => (self.unknown(failure.to_string()), None),
            Ok(ran) => self.report(&question, run_time, ran),
        }
    }

    /// What a run came to; with the run, if the image has to be looked at.
    fn report(
        &self,
        question: &RunQuestion<'_>,
        run_time: Option<Duration>,
        ran: ContainerRun,
    ) -> (JobReport, Option<ContainerRun>) {
        let outcome = match classify::of(&ran) {
            Outcome::Unknown { message } => return (self.unknown(message), None),
            Outcome::NotBuilt if self.is_building => return (self.unknown(GONE.to_owned()), None),
            outcome => question.judge(outcome, &ran),
        };
        let (stdout, stderr) = (ran.stdout.text(), ran.stderr.text());
        let is_cut = ran.stdout.cut() + ran.stderr.cut() > 0;
        let reason = explain::told(&outcome, &ran);
        let is_wanted = reason.is_none() && explain::is_wanted(&outcome, &ran);
        let is_final = question.is_never_answered(&ran);
        let record = JobReport { run_time, stdout, stderr, is_cut, reason, is_final, ..outcome.into() };
        (record, is_wanted.then_some(ran))
    }

    /// How the ports of containers are reached: asked once, and only if it matters.
    fn port_access(&self, trial: &RunLimits) -> &PortAccess {
        self.port_access.get_or_init(|| port_access(trial.network.as_deref(), self.engine.remote_endpoint()))
    }

    /// Nothing was learned of an image, for this reason.
    pub(super) fn unknown(&self, message: String) -> JobReport {
        if self.interrupt.asked_again() { Outcome::Interrupted } else { Outcome::Unknown { message } }.into()
    }

    /// Begins nothing more if the engine no longer answers: what was unknown was not a bad moment, but its last.
    fn stop_if_lost(&self) {
        if let Err(failure) = self.engine.check() {
            self.interrupt.stop();
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        }
    }
}
