//! Services that are built on each other in a circle, which no order can build.

use std::collections::{BTreeMap, BTreeSet};

use super::service::Service;
use super::service_name::ServiceName;
use crate::gather::Gather;
use crate::problem::Problem;

/// A problem for each circle of services that are built on each other.
pub(super) fn cycles(services: &[Service]) -> Vec<Problem> {
    if services.iter().all(|service| service.local_bases.is_empty()) {
        return Vec::new();
    }
    let bases_of = |service: &Service| service.local_bases.iter().map(|base| base.service.clone()).collect();
    let mut bases: BTreeMap<ServiceName, BTreeSet<ServiceName>> =
        services.iter().map(|service| (service.name.clone(), bases_of(service))).gather();
    let mut problems = Vec::new();
    loop {
        remove_buildable(&mut bases);
        let Some(circle) = circle(&bases) else { return problems };
        let names: Vec<_> = circle.iter().chain(circle.first()).map(ServiceName::as_str).collect();
        let what = format!("built on itself: {}: change one of the FROM lines", names.join(" → "));
        let file = services.iter().find(|service| circle.first() == Some(&service.name));
        problems.push(Problem::new(file.map(|file| file.dockerfile.clone()).unwrap_or_default(), what));
        for name in &circle {
            bases.remove(name);
        }
    }
}

/// Removes what can be built: services without bases, then those whose bases are removed, and so on.
fn remove_buildable(bases: &mut BTreeMap<ServiceName, BTreeSet<ServiceName>>) {
    let mut built_on: BTreeMap<ServiceName, Vec<ServiceName>> = BTreeMap::new();
    let mut missing: BTreeMap<ServiceName, usize> = BTreeMap::new();
    for (name, of_name) in bases.iter() {
        let left: Vec<_> = of_name.iter().filter(|base| bases.contains_key(*base)).collect();
        missing.insert(name.clone(), left.len());
        for base in left {
            built_on.entry(base.clone()).or_default().push(name.clone());
        }
    }
    let mut ready: Vec<_> = missing.iter().filter(|(_, count)| **count == 0).map(|(name, _)| name.clone()).collect();
    while let Some(name) = ready.pop() {
        bases.remove(&name);
        for child in built_on.remove(&name).unwrap_or_default() {
            if let Some(count) = missing.get_mut(&child) {
                *count -= 1;
                if *count == 0 {
                    ready.push(child);
                }
            }
        }
    }
}

/// A circle among services of which each has a base that is left; from its first name by the alphabet.
fn circle(bases: &BTreeMap<ServiceName, BTreeSet<ServiceName>>) -> Option<Vec<ServiceName>> {
    let mut path: Vec<&ServiceName> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut name = bases.keys().next()?;
    while seen.insert(name) {
        path.push(name);
        name = bases.get(name)?.iter().find(|base| bases.contains_key(*base))?;
    }
    let start = path.iter().position(|known| *known == name)?;
    let mut circle: Vec<_> = path.into_iter().skip(start).cloned().collect();
    let first = circle.iter().enumerate().min_by_key(|(_, name)| (*name).clone()).map_or(0, |(place, _)| place);
    circle.rotate_left(first);
    Some(circle)
}
