//! How long each service took in an earlier run, from its report.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::gather::Gather;
use crate::repository::service_name::ServiceName;

/// The longest time that is believed, in milliseconds: a week.
const LONGEST: f64 = 7.0 * 24.0 * 3600.0 * 1000.0;

/// How long each service took to build and run, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(BTreeMap<String, u64>);

/// What is read of a report of outcomes.
#[derive(Deserialize)]
struct Document {
    images: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    service: String,
    #[serde(default)]
    build_seconds: Option<f64>,
    #[serde(default)]
    run_seconds: Option<f64>,
}

impl Times {
    /// Reads a report of `mkcompose test --format json`. A service without a time is as if it were not there; of one that is
    /// there twice the longer time counts.
    ///
    /// # Errors
    /// If it is no such report.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(json)?;
        let mut times = BTreeMap::new();
        for entry in document.images {
            let Some(time) = milliseconds(entry.build_seconds, entry.run_seconds) else { continue };
            let known = times.entry(entry.service).or_insert(time);
            *known = time.max(*known);
        }
        Ok(Self(times))
    }

    /// Whether it has a time of one of these services.
    pub fn have_one_of(&self, services: &BTreeSet<ServiceName>) -> bool {
        services.iter().any(|service| self.0.contains_key(service.as_str()))
    }

    /// What each of these services weighs: its time in milliseconds, at least 1; the mean of the others where it is not known;
    /// the same for all where none is.
    pub fn weights<'s>(&self, services: &'s BTreeSet<ServiceName>) -> BTreeMap<&'s ServiceName, u64> {
        let known = services.iter().filter_map(|service| self.0.get(service.as_str()).copied());
        let (sum, count) = known.fold((0_u64, 0_u64), |(sum, count), time| (sum.saturating_add(time), count + 1));
        let mean = sum.checked_div(count).unwrap_or(1);
        let weight = |service: &ServiceName| self.0.get(service.as_str()).copied().unwrap_or(mean).max(1);
        services.iter().map(|service| (service, weight(service))).gather()
    }
}

/// The sum of the times that are known, in milliseconds; `None` if none is, or none can be true.
fn milliseconds(build: Option<f64>, run: Option<f64>) -> Option<u64> {
    if build.is_none() && run.is_none() {
        return None;
    }
    let time = (build.unwrap_or_default() + run.unwrap_or_default()) * 1000.0;
    if time.is_nan() || time < 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a week")]
    Some(time.min(LONGEST).round() as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Times;
    use crate::repository::service_name::ServiceName;

    #[test]
    fn what_is_not_known_weighs_as_much_as_the_others_do() {
        let services: BTreeSet<_> = ["a", "b", "c"].map(|name| ServiceName::parse(name).unwrap()).into();
        let weights = |json: &str| {
            let times = Times::parse(json.as_bytes()).unwrap();
            let weights = times.weights(&services).into_values().collect::<Vec<_>>();
            (weights, times.have_one_of(&services))
        };
        let entry = |service: &str, rest: &str| format!(r#"{{"service": "{service}", {rest}}}"#);
        let report = |entries: &[String]| format!(r#"{{"images": [{}], "more": 1}}"#, entries.join(","));
        assert_eq!(weights(&report(&[])), (vec![1, 1, 1], false));
        let both = [entry("a", r#""build_seconds": 1.5, "run_seconds": 0.5"#), entry("b", r#""build_seconds": 4"#)];
        assert_eq!(weights(&report(&both)), (vec![2000, 4000, 3000], true));
        // What lies is not believed, and nothing overflows.
        let lies = [entry("a", r#""build_seconds": -1"#), entry("b", r#""build_seconds": 1e300, "run_seconds": null"#)];
        assert_eq!(weights(&report(&lies)), (vec![604_800_000; 3], true));
        for wrong in ["", "[]", "{}", r#"{"images": [{}]}"#, r#"{"images": [{"service": "a""#] {
            assert!(Times::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
