//! Services spread over the jobs of a CI matrix. A function from values to values: the same input gives the same shards.
//!
//! Bases come before what is built on them: each shard has services of one level, and a level has what is built on the levels
//! before it. Within a level the longest is placed first, each on the shard that has least to do (Graham's LPT rule, at most
//! a third above the best that there is).

mod planned;
mod times;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

pub use planned::services_of;
pub use times::Times;

use crate::gather::Gather;
use crate::repository::service_name::ServiceName;

/// What is built on what: the bases of each service, those that are not chosen too.
pub type Bases = BTreeMap<ServiceName, Vec<ServiceName>>;

/// The services of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// How many levels come before it.
    pub level: usize,
    /// At least one, by name.
    pub services: Vec<ServiceName>,
}

/// Spreads the `chosen` services over shards, at most `most` for each level; without it, each has a shard of its own. The
/// shards are in the order of their levels, then the longest first.
pub fn spread(chosen: &BTreeSet<ServiceName>, bases: &Bases, times: &Times, most: Option<NonZeroUsize>) -> Vec<Shard> {
    let mut of_level: BTreeMap<usize, Vec<&ServiceName>> = BTreeMap::new();
    let levels = levels(chosen, bases);
    for service in chosen {
        of_level.entry(levels.get(service).copied().unwrap_or_default()).or_default().push(service);
    }
    let weights = times.weights(chosen);
    let weight = |service: &ServiceName| weights.get(service).copied().unwrap_or_default();
    let mut shards = Vec::new();
    for (level, mut services) in of_level {
        services.sort_unstable_by_key(|service| (Reverse(weight(service)), *service));
        let count = most.map_or(services.len(), |most| most.get().min(services.len()));
        let mut of_shard = vec![Vec::new(); count];
        // The load of each shard and its place: the first is the one that has least to do.
        let mut loads: BTreeSet<(u64, usize)> = (0..count).map(|place| (0, place)).gather();
        for service in services {
            if let Some((load, place)) = loads.pop_first() {
                loads.insert((load.saturating_add(weight(service)), place));
                of_shard.get_mut(place).into_iter().for_each(|shard| shard.push(service.clone()));
            }
        }
        for mut services in of_shard {
            services.sort_unstable();
            shards.push(Shard { level, services });
        }
    }
    shards
}

/// How many of the `chosen` services have to be built one after the other before each service.
fn levels(chosen: &BTreeSet<ServiceName>, bases: &Bases) -> BTreeMap<ServiceName, usize> {
    let mut built_on: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
    let mut missing: BTreeMap<&ServiceName, usize> = BTreeMap::new();
    for (service, of_service) in bases {
        let known: BTreeSet<_> = of_service.iter().filter(|base| bases.contains_key(*base)).gather();
        missing.insert(service, known.len());
        for base in known {
            built_on.entry(base).or_default().push(service);
        }
    }
    let mut ready: Vec<_> = missing.iter().filter(|(_, count)| **count == 0).map(|(service, _)| *service).collect();
    let mut levels: BTreeMap<ServiceName, usize> = BTreeMap::new();
    while let Some(base) = ready.pop() {
        let level = levels.get(base).copied().unwrap_or_default();
        levels.entry(base.clone()).or_insert(level);
        let next = level + usize::from(chosen.contains(base));
        for service in built_on.remove(base).unwrap_or_default() {
            let of_service = levels.entry(service.clone()).or_default();
            *of_service = next.max(*of_service);
            if let Some(count) = missing.get_mut(service) {
                *count -= 1;
                if *count == 0 {
                    ready.push(service);
                }
            }
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::num::NonZeroUsize;

    use super::{Bases, Shard, Times, spread};
    use crate::repository::service_name::ServiceName;
    use proptest::prelude::*;

    fn name(text: &str) -> ServiceName {
        ServiceName::parse(text).unwrap()
    }

    /// Shards as `LEVEL: SERVICES`.
    fn shown(chosen: &[&str], bases: &[(&str, &[&str])], times: &str, most: Option<usize>) -> Vec<String> {
        let chosen = chosen.iter().map(|service| name(service)).collect();
        let of = |(service, bases): &(&str, &[&str])| (name(service), bases.iter().map(|base| name(base)).collect());
        let times = Times::parse(times.as_bytes()).unwrap();
        let shards = spread(&chosen, &bases.iter().map(of).collect(), &times, most.and_then(NonZeroUsize::new));
        let shown = |shard: &Shard| {
            let services: Vec<_> = shard.services.iter().map(ServiceName::as_str).collect();
            format!("{}: {}", shard.level, services.join(" "))
        };
        shards.iter().map(shown).collect()
    }

    const NO_TIMES: &str = r#"{"images": []}"#;

    #[test]
    fn each_has_a_job_of_its_own_and_bases_come_first() {
        let bases: [(&str, &[&str]); 4] = [("a", &["z"]), ("b", &["a"]), ("c", &[]), ("z", &[])];
        assert_eq!(shown(&["a", "b", "c", "z"], &bases, NO_TIMES, None), ["0: c", "0: z", "1: a", "2: b"]);
        // What is not chosen takes no level, and what is beyond it counts.
        assert_eq!(shown(&["b", "z"], &bases, NO_TIMES, None), ["0: z", "1: b"]);
        assert_eq!(shown(&["b"], &bases, NO_TIMES, None), ["0: b"]);
        assert_eq!(shown(&[], &bases, NO_TIMES, None), [""; 0]);
    }

    #[test]
    fn without_times_all_are_alike_and_no_shard_is_empty() {
        let bases: [(&str, &[&str]); 4] = [("a", &[]), ("b", &[]), ("c", &[]), ("d", &["a"])];
        assert_eq!(shown(&["a", "b", "c", "d"], &bases, NO_TIMES, Some(2)), ["0: a c", "0: b", "1: d"]);
        assert_eq!(shown(&["a", "b"], &bases, NO_TIMES, Some(9)), ["0: a", "0: b"]);
    }

    #[test]
    fn the_longest_is_placed_first() {
        let times = r#"{"images": [{"service": "a", "build_seconds": 1}, {"service": "b", "build_seconds": 5},
            {"service": "c", "build_seconds": 2, "run_seconds": 2}, {"service": "d", "build_seconds": 2}]}"#;
        let bases: [(&str, &[&str]); 4] = [("a", &[]), ("b", &[]), ("c", &[]), ("d", &[])];
        assert_eq!(shown(&["a", "b", "c", "d"], &bases, times, Some(2)), ["0: a b", "0: c d"]);
        assert_eq!(shown(&["a", "b", "c", "d"], &bases, times, None), ["0: b", "0: c", "0: d", "0: a"]);
    }

    proptest! {
        /// Every service is in one shard, after its bases, and no shard has much more to do than it must.
        #[test]
        fn each_service_is_in_one_shard_after_its_bases(
            bases in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..20),
            left_out in prop::collection::vec(any::<bool>(), 20),
            seconds in prop::collection::vec(0_u32..100, 20),
            most in prop::option::of(1_usize..6),
        ) {
            let service = |place: usize| name(&format!("s{place}"));
            let of = |(place, bases): (usize, &Vec<prop::sample::Index>)| {
                let earlier = if place == 0 { Vec::new() } else { bases.iter().map(|base| service(base.index(place))).collect() };
                (service(place), earlier)
            };
            let bases: Bases = bases.iter().enumerate().map(of).collect();
            let chosen: BTreeSet<_> = (0..bases.len()).filter(|place| !left_out[*place]).map(service).collect();
            let images: Vec<_> = (0..bases.len())
                .map(|place| format!(r#"{{"service": "s{place}", "build_seconds": {}}}"#, seconds[place]))
                .collect();
            let times = Times::parse(format!(r#"{{"images": [{}]}}"#, images.join(",")).as_bytes()).unwrap();
            let most = most.and_then(NonZeroUsize::new);
            let shards = spread(&chosen, &bases, &times, most);
            prop_assert_eq!(&shards, &spread(&chosen, &bases, &times, most));
            let mut all: Vec<_> = shards.iter().flat_map(|shard| shard.services.clone()).collect();
            all.sort();
            prop_assert_eq!(all, chosen.iter().cloned().collect::<Vec<_>>());
            let level = |service: &ServiceName| {
                shards.iter().find(|shard| shard.services.contains(service)).map(|shard| shard.level)
            };
            for service in &chosen {
                for base in bases[service].iter().filter(|base| chosen.contains(*base)) {
                    prop_assert!(level(base) < level(service));
                }
            }
            let weights = times.weights(&chosen);
            for number in 0..=shards.last().map_or(0, |shard| shard.level) {
                let loads: Vec<u64> = shards.iter().filter(|shard| shard.level == number)
                    .map(|shard| shard.services.iter().map(|service| weights[service]).sum()).collect();
                prop_assert!(most.is_none_or(|most| loads.len() <= most.get()));
                let longest = chosen.iter().map(|service| weights[service]).max().unwrap_or_default();
                if let (Some(least), Some(greatest)) = (loads.iter().min(), loads.iter().max()) {
                    // The last that came to the fullest shard found it the emptiest.
                    prop_assert!(most.is_none() || greatest - least <= longest);
                }
            }
        }
    }
}
