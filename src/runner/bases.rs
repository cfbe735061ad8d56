//! Images that are built on other images of the repository: which come first, and what becomes of them if one fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::job::ImageJob;
use super::outcome::Outcome;
use crate::gather::Gather;
use crate::repository::service_name::{ServiceName, Set};

/// What came of a build, for what is built on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildState {
    /// There is an image.
    Built,
    /// There is none: this service failed, or one that it is built on.
    Failed(ServiceName),
    /// Nothing is known of this service, or of one that it is built on.
    Unknown(ServiceName),
}

impl BuildState {
    /// The state after the build of `service` that came to `outcome`, other than an image.
    pub fn of(outcome: &Outcome, service: &ServiceName) -> Self {
        match outcome {
            Outcome::DoesNotBuild { .. } => Self::Failed(service.clone()),
            _ => Self::Unknown(service.clone()),
        }
    }
}

/// What came of the builds so far.
#[derive(Debug, Default)]
pub struct Builds(Mutex<BTreeMap<ServiceName, BuildState>>);

impl Builds {
    /// Keeps what came of `service`.
    pub fn set(&self, service: &ServiceName, state: BuildState) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(service.clone(), state);
    }

    /// Why an image on these `bases` cannot be built, if so, and its own state, which names the service that is to blame. A
    /// base of which nothing was kept is unknown: its job never began, or had a bug.
    pub fn not_buildable(&self, bases: &[ServiceName]) -> Option<(Outcome, BuildState)> {
        let builds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = |base: &ServiceName| builds.get(base).cloned().unwrap_or(BuildState::Unknown(base.clone()));
        let states: Vec<_> = bases.iter().map(state).filter(|state| *state != BuildState::Built).collect();
        let failed = states.iter().find(|state| matches!(state, BuildState::Failed(_)));
        let state = failed.or(states.first())?.clone();
        let outcome = match &state {
            BuildState::Built => return None,
            BuildState::Failed(base) => Outcome::NotTried { message: format!("base {base} failed") },
            BuildState::Unknown(base) => {
                Outcome::Unknown { message: format!("not tried: the outcome of its base {base} is unknown") }
            }
        };
        Some((outcome, state))
    }
}

/// `chosen` and all that they are built on, from `all`, in the order of `all`; the latter are marked as such.
pub fn with_bases(chosen: &BTreeSet<ServiceName>, all: Vec<ImageJob>) -> Vec<ImageJob> {
    let bases: BTreeMap<_, _> = all.iter().map(|job| (job.service.clone(), job.bases.clone())).gather();
    let wanted = closure(chosen.iter(), &bases);
    let job = |job: ImageJob| ImageJob { is_only_a_base: !chosen.contains(&job.service), ..job };
    all.into_iter().filter(|job| wanted.contains(&job.service)).map(job).collect()
}

/// Has each job that is built on an `.err` image, at any depth, expected not to build.
pub fn mark_err(jobs: &mut [ImageJob]) {
    let bases: BTreeMap<_, _> = jobs.iter().map(|job| (job.service.clone(), job.bases.clone())).gather();
    for job in jobs {
        let is_err = closure([&job.service], &bases).iter().any(|service| service.set() == Set::Err);
        job.build_set = if is_err { Set::Err } else { Set::Normal };
    }
}

/// For each job the places of those that must come before it.
pub fn places(jobs: &[&ImageJob]) -> Vec<Vec<usize>> {
    let places: BTreeMap<_, _> = jobs.iter().enumerate().map(|(place, job)| (&job.service, place)).gather();
    jobs.iter().map(|job| job.bases.iter().filter_map(|base| places.get(base).copied()).collect()).collect()
}

/// `from` and everything below it. Ends also where the bases are in a circle.
fn closure<'a>(
    from: impl IntoIterator<Item = &'a ServiceName>,
    bases: &BTreeMap<ServiceName, Vec<ServiceName>>,
) -> BTreeSet<ServiceName> {
    let mut found = BTreeSet::new();
    let mut next: Vec<_> = from.into_iter().cloned().collect();
    while let Some(service) = next.pop() {
        if !found.contains(&service) {
            next.extend(bases.get(&service).into_iter().flatten().cloned());
            found.insert(service);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{BuildState, Builds, ImageJob, mark_err, places, with_bases};
    use crate::engine::build::BuildSpec;
    use crate::expectation::Expectation;
    use crate::repository::service_name::{ServiceName, Set};
    use crate::runner::outcome::Outcome;

    fn name(name: &str) -> ServiceName {
        ServiceName::parse(name).unwrap()
    }

    fn jobs(of: &[(&str, &[&str])]) -> Vec<ImageJob> {
        let job = |(service, bases): &(&str, &[&str])| ImageJob {
            service: name(service),
            recipe: BuildSpec::default(),
            bases: bases.iter().map(|base| name(base)).collect(),
            build_set: Set::Normal,
            expectation: Expectation::default(),
            is_only_a_base: false,
        };
        of.iter().map(job).collect()
    }

    #[test]
    fn a_child_brings_its_bases_of_any_depth_and_they_are_marked() {
        let all = jobs(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &[])]);
        let chosen = with_bases(&[name("c")].into(), all);
        let found: Vec<_> = chosen.iter().map(|job| (job.service.as_str(), job.is_only_a_base)).collect();
        assert_eq!(found, [("a", true), ("b", true), ("c", false)]);
        let chosen: Vec<_> = chosen.iter().collect();
        assert_eq!(places(&chosen), [vec![], vec![0], vec![1]]);
    }

    #[test]
    fn a_circle_of_bases_is_no_endless_loop() {
        let all = jobs(&[("a", &["b"]), ("b", &["a"])]);
        assert_eq!(with_bases(&[name("a")].into(), all).len(), 2);
    }

    #[test]
    fn what_is_built_on_an_err_image_is_expected_not_to_build() {
        let mut all = jobs(&[("a.err", &[]), ("b", &["a.err"]), ("c", &["b"]), ("d", &[])]);
        mark_err(&mut all);
        let sets: Vec<_> = all.iter().map(|job| job.build_set).collect();
        assert_eq!(sets, [Set::Err, Set::Err, Set::Err, Set::Normal]);
    }

    #[test]
    fn a_failed_base_is_named_and_an_unknown_one_is_no_failure() {
        let builds = Builds::default();
        builds.set(&name("a"), BuildState::Built);
        builds.set(&name("b"), BuildState::Failed(name("b")));
        assert_eq!(builds.not_buildable(&[name("a")]), None);
        let failed = (Outcome::NotTried { message: "base b failed".to_owned() }, BuildState::Failed(name("b")));
        assert_eq!(builds.not_buildable(&[name("a"), name("c"), name("b")]), Some(failed.clone()));
        assert!(matches!(builds.not_buildable(&[name("a"), name("c")]), Some((Outcome::Unknown { .. }, _))));
        builds.set(&name("d"), failed.1.clone());
        assert_eq!(builds.not_buildable(&[name("d")]), Some(failed), "the one that failed is named at any depth");
    }
}
