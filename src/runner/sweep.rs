//! Builds all images that it can in one go, with bake, before they are taken one by one: what is in the build cache needs no
//! process of its own.
//!
//! Bake stops at a failure: that is kept, and bake goes on with the rest, unless it has worked for some time. What was under way
//! then would be lost again and again, so the rest is built one by one. So it is where the user says how many may be built at
//! once and more have to be built than that.

mod open_logs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::build_failure::{is_cancellation, is_race};
use super::job::{ImageJob, RunContext};
use crate::engine::bake::{BakeEvent, BakeLimits, BakeResult};
use crate::engine::build::BuildSpec;
use crate::engine::build_output::BuildFailure;
use crate::gather::Gather;
use crate::repository::service_name::{ServiceName, Set};
use open_logs::OpenLogs;

/// How long bake is started again after a failure, without what failed. Each time it begins what was under way anew.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the sweep came to for an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SweepResult {
    /// It is there, after this time.
    Built(Duration),
    /// It does not build.
    Failed(BuildFailure, Duration),
    /// The user asked twice to stop.
    CutOff,
}

/// Whether an image may be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepState {
    /// The sweep is on, and has no result for it yet.
    Waiting,
    /// The sweep has a result for it.
    HasResult,
    /// The sweep is over, and has none.
    Open,
}

/// The results of the sweep so far.
#[derive(Debug, Default)]
pub struct Sweep<'j>(Mutex<State<'j>>);

#[derive(Debug, Default)]
struct State<'j> {
    is_on: bool,
    others_wait: bool,
    candidates: BTreeMap<&'j ServiceName, &'j ImageJob>,
    is_understood: bool,
    results: BTreeMap<ServiceName, SweepResult>,
}

impl<'j> Sweep<'j> {
    /// A sweep of `jobs` that is to be made; one by default is over. `others_wait`: nothing else may be built meanwhile.
    pub fn of(jobs: impl IntoIterator<Item = &'j ImageJob>, others_wait: bool) -> Self {
        let jobs: Vec<_> = jobs.into_iter().collect();
        let candidates = by_service(&candidates(&jobs));
        // For one alone there is nothing to gain.
        let is_on = candidates.len() > 1;
        Self(Mutex::new(State { is_on, others_wait, candidates, ..State::default() }))
    }

    /// How `service` is built with bake though it is alone: all that it is built on, at any depth, and itself last. `None` where
    /// it is built on nothing, or bake is of no use.
    ///
    /// To the builder, a base that is a target and one that is an image are two things. What the sweep did not come to would be
    /// built anew by the next one if it were built in another way.
    pub fn with_bases(&self, service: &ServiceName) -> Option<Vec<&'j BuildSpec>> {
        let state = self.lock();
        let job = state.candidates.get(service).filter(|job| state.is_understood && !job.bases.is_empty())?;
        Some(with_all_bases(vec![job], &state.candidates).into_iter().rev().map(|job| &job.recipe).collect())
    }

    /// Whether the image of `service` may be worked on.
    pub fn state(&self, service: &ServiceName) -> SweepState {
        let state = self.lock();
        let waits = state.is_on && (state.others_wait || state.candidates.contains_key(service));
        match (state.results.contains_key(service), waits) {
            (true, _) => SweepState::HasResult,
            (false, true) => SweepState::Waiting,
            (false, false) => SweepState::Open,
        }
    }

    /// The result for `service`, if there is one.
    pub fn result(&self, service: &ServiceName) -> Option<SweepResult> {
        self.lock().results.get(service).cloned()
    }

    /// Makes the sweep. `jobs` are those that it is of; `most` may be built at once, if that is limited.
    pub fn run(&self, jobs: &[&ImageJob], most: Option<usize>, run: &RunContext<'_>) {
        let _over = Over(self);
        let is_candidate = |job: &&&ImageJob| self.lock().candidates.contains_key(&job.service);
        let mut open: Vec<_> = jobs.iter().filter(is_candidate).copied().collect();
        let may_run_the_last = open.len() == jobs.len();
        let limits = most.map(|steps| BakeLimits { steps, may_run_the_last });
        let start = Instant::now();
        while self.lock().is_on && open.len() > 1 && !run.interrupt.asked() {
            let result = self.bake(&open, limits, run);
            let is_stuck = result.failed.iter().any(|(_, failure, _)| is_undecided(failure));
            if !result.was_stopped_by_failure || is_stuck || start.elapsed() >= PATIENCE {
                return;
            }
            open = without_done(&open, |service| self.result(service));
        }
    }

    fn bake(&self, jobs: &[&ImageJob], limits: Option<BakeLimits>, run: &RunContext<'_>) -> BakeResult {
        let specs: Vec<_> = jobs.iter().map(|job| &job.recipe).collect();
        let mut logs = OpenLogs::new(run.logs);
        let is_done: Vec<bool> = jobs.iter().map(|job| self.result(&job.service).is_some()).collect();
        let open = |place: usize| jobs.get(place).filter(|_| is_done.get(place) == Some(&false));
        let result = run.engine.bake(&specs, 0, limits, run.interrupt, &mut |place, event| {
            let Some(job) = open(place) else { return };
            match event {
                BakeEvent::Said(line) => logs.write(place, &job.service, line),
                BakeEvent::Runs(step) => {
                    run.progress.begin(job.service.as_str());
                    run.progress.step(job.service.as_str(), step);
                }
                BakeEvent::Built(took) => {
                    logs.close(place);
                    self.put(job, SweepResult::Built(took));
                }
            }
        });
        self.lock().is_understood |= result.is_understood;
        for (place, failure, took) in result.failed.iter().filter(|(_, failure, _)| !is_undecided(failure)) {
            if let Some(job) = open(*place) {
                self.put(job, SweepResult::Failed(failure.clone(), *took));
            }
        }
        for place in &result.cut_off {
            if let Some(job) = open(*place) {
                self.put(job, SweepResult::CutOff);
            }
        }
        result
    }

    /// Keeps the first result: a worker may have taken it already. So an image that was built stays built, whatever bake says
    /// afterwards, which is in its log.
    fn put(&self, job: &ImageJob, result: SweepResult) {
        self.lock().results.entry(job.service.clone()).or_insert(result);
    }

    fn lock(&self) -> MutexGuard<'_, State<'j>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the image is to be built alone: it lost a race, so that it is there now, or its build was only canceled.
pub(super) fn is_undecided(failure: &BuildFailure) -> bool {
    is_race(&failure.message) || is_cancellation(failure)
}

/// Ends the sweep, even if it panics: nothing must wait for it for ever.
struct Over<'a, 'j>(&'a Sweep<'j>);

impl Drop for Over<'_, '_> {
    fn drop(&mut self) {
        self.0.lock().is_on = false;
    }
}

/// Those that are worth a try: expected to build, like all that they are built on, and for bake.
fn candidates<'a>(jobs: &[&'a ImageJob]) -> Vec<&'a ImageJob> {
    let is_one = |job: &&&ImageJob| job.build_set == Set::Normal && job.recipe.is_for_bake();
    with_their_bases(jobs.iter().filter(is_one).copied().collect(), &BTreeSet::new())
}

/// Those of `jobs` without a result, and not built on one that has failed; with all that they are built on, though it is there:
/// as an image it would be another base to the builder, which would build the rest anew. Empty if there are none.
fn without_done<'a>(jobs: &[&'a ImageJob], result: impl Fn(&ServiceName) -> Option<SweepResult>) -> Vec<&'a ImageJob> {
    let is_built = |job: &&&ImageJob| matches!(result(&job.service), Some(SweepResult::Built(_)));
    let built: BTreeSet<_> = jobs.iter().filter(is_built).map(|job| &job.service).gather();
    let open = with_their_bases(jobs.iter().filter(|job| result(&job.service).is_none()).copied().collect(), &built);
    let wanted: BTreeSet<_> = with_all_bases(open, &by_service(jobs)).iter().map(|job| &job.service).gather();
    jobs.iter().filter(|job| wanted.contains(&job.service)).copied().collect()
}

fn by_service<'a>(jobs: &[&'a ImageJob]) -> BTreeMap<&'a ServiceName, &'a ImageJob> {
    jobs.iter().map(|job| (&job.service, *job)).gather()
}

/// `jobs`, and after them those of `known` that they are built on, at any depth.
fn with_all_bases<'a>(mut jobs: Vec<&'a ImageJob>, known: &BTreeMap<&ServiceName, &'a ImageJob>) -> Vec<&'a ImageJob> {
    let mut wanted: BTreeSet<_> = jobs.iter().map(|job| &job.service).gather();
    let mut place = 0;
    while let Some(job) = jobs.get(place) {
        let bases = job.bases.iter().filter_map(|base| known.get(base).copied());
        let bases: Vec<_> = bases.filter(|base| wanted.insert(&base.service)).collect();
        jobs.extend(bases);
        place += 1;
    }
    jobs
}

/// Those of `jobs` whose bases are all among them, at any depth, or `there`.
fn with_their_bases<'a>(mut jobs: Vec<&'a ImageJob>, there: &BTreeSet<&ServiceName>) -> Vec<&'a ImageJob> {
    loop {
        let names: BTreeSet<_> = jobs.iter().map(|job| &job.service).gather();
        let has_bases = |job: &&ImageJob| job.bases.iter().all(|base| names.contains(base) || there.contains(base));
        let kept: Vec<_> = jobs.iter().filter(|job| has_bases(job)).copied().collect();
        if kept.len() == jobs.len() {
            return kept;
        }
        jobs = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::{Sweep, SweepResult, SweepState, candidates, without_done};
    use crate::engine::build::BuildSpec;
    use crate::expectation::Expectation;
    use crate::repository::service_name::{ServiceName, Set};
    use crate::runner::job::ImageJob;
    use std::time::Duration;

    fn name(name: &str) -> ServiceName {
        ServiceName::parse(name).unwrap()
    }

    fn jobs(of: &[(&str, &[&str])]) -> Vec<ImageJob> {
        let job = |(service, bases): &(&str, &[&str])| ImageJob {
            service: name(service),
            recipe: BuildSpec { dockerfile: "/d".into(), context: "/c".into(), ..BuildSpec::default() },
            bases: bases.iter().map(|base| name(base)).collect(),
            build_set: name(service).set(),
            expectation: Expectation::default(),
            is_only_a_base: false,
        };
        of.iter().map(job).collect()
    }

    fn names(jobs: &[&ImageJob]) -> Vec<String> {
        jobs.iter().map(|job| job.service.to_string()).collect()
    }

    #[test]
    fn what_is_known_not_to_build_or_not_for_bake_is_left_out_with_all_that_is_built_on_it() {
        let mut all = jobs(&[("a", &[]), ("b", &["c"]), ("c", &[]), ("d", &["a"]), ("e", &["b"]), ("f.err", &[])]);
        all[2].recipe.cache_to = vec!["type=inline".to_owned()];
        assert_eq!(names(&candidates(&all.iter().collect::<Vec<_>>())), ["a", "d"]);
        all[2].recipe.cache_to.clear();
        all[0].build_set = Set::Err;
        assert_eq!(names(&candidates(&all.iter().collect::<Vec<_>>())), ["b", "c", "e"]);
    }

    #[test]
    fn others_wait_for_the_sweep_only_where_the_number_is_limited() {
        let all = jobs(&[("a", &[]), ("b", &[]), ("c.err", &[])]);
        let states = |sweep: &Sweep<'_>| ["a", "c.err"].map(|service| sweep.state(&name(service)));
        assert_eq!(states(&Sweep::of(&all, false)), [SweepState::Waiting, SweepState::Open]);
        assert_eq!(states(&Sweep::of(&all, true)), [SweepState::Waiting, SweepState::Waiting]);
        assert_eq!(states(&Sweep::of(&all[1..], true)), [SweepState::Open, SweepState::Open], "one is not worth it");
        let sweep = Sweep::of(&all, true);
        sweep.put(&all[0], SweepResult::Built(Duration::ZERO));
        sweep.put(&all[0], SweepResult::CutOff);
        assert_eq!(sweep.result(&name("a")), Some(SweepResult::Built(Duration::ZERO)), "the first one stands");
        assert_eq!(states(&sweep), [SweepState::HasResult, SweepState::Waiting]);
        drop(super::Over(&sweep));
        assert_eq!(states(&sweep), [SweepState::HasResult, SweepState::Open]);
        assert_eq!(states(&Sweep::default()), [SweepState::Open, SweepState::Open]);
    }

    #[test]
    fn after_a_failure_the_rest_is_tried_without_what_is_built_on_it() {
        let all = jobs(&[("a", &[]), ("b", &["a"]), ("c", &[]), ("d", &["c"]), ("e", &["b"])]);
        let left = without_done(&all.iter().collect::<Vec<_>>(), |service| match service.as_str() {
            "a" => Some(SweepResult::Failed(crate::engine::build_output::BuildFailure::default(), Duration::ZERO)),
            "c" => Some(SweepResult::Built(Duration::ZERO)),
            _ => None,
        });
        assert_eq!(names(&left), ["c", "d"]);
        let done = without_done(&all.iter().collect::<Vec<_>>(), |_| Some(SweepResult::CutOff));
        assert_eq!(names(&done), [""; 0]);
    }
}
