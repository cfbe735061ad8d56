//! What has changed since an earlier report: which images grew, and whether beyond what was allowed.
//!
//! Read from `mkcompose sizes --format json`; only names, sizes and how these were counted are looked at. New and vanished services are listed,
//! they are no growth.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Sizes;
use super::figures::Figures;
use super::growth_limit::GrowthLimit;
use crate::gather::Gather;

/// An earlier report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// How its sizes were counted. An old report does not say: its sizes are those of a store.
    pub figures: Figures,
    /// The size of each service in bytes, `None` for one that was not built.
    sizes: BTreeMap<String, Option<u64>>,
}

/// An image whose size is another than it was.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct Change {
    /// The service.
    pub service: String,
    /// Its earlier size, in bytes.
    pub was: u64,
    /// Its size now, in bytes.
    pub is: u64,
}

/// The differences between two reports. Names may be anything the earlier report held: escape before printing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// What growth was allowed.
    pub budget: GrowthLimit,
    /// Grown beyond the budget, by the most bytes first.
    pub grown: Vec<Change>,
    /// Grown within the budget, by the most bytes first.
    pub tolerated: Vec<Change>,
    /// Smaller than before, by the most bytes first.
    pub shrunk: Vec<Change>,
    /// Built now and not before, by name.
    pub new: Vec<String>,
    /// Built before and not now, by name.
    pub vanished: Vec<String>,
    /// How many were built both then and now.
    pub compared: usize,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    figures: Figures,
    images: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    service: String,
    // The key must be there, or a report of something else would be taken for one in which nothing was built.
    #[serde(deserialize_with = "Option::deserialize")]
    size: Option<u64>,
}

impl Baseline {
    /// Reads a report of `mkcompose sizes --format json`.
    ///
    /// # Errors
    /// If it is no such report.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(json)?;
        let sizes = document.images.into_iter().map(|entry| (entry.service, entry.size)).gather();
        Ok(Self { figures: document.figures, sizes })
    }

    /// It with the services that `is_asked_for` alone: what was not asked for has not vanished.
    #[must_use]
    pub fn of(mut self, is_asked_for: impl Fn(&str) -> bool) -> Self {
        self.sizes.retain(|service, _| is_asked_for(service));
        self
    }

    /// Holds `sizes` against it.
    pub fn changes(&self, sizes: &Sizes, budget: GrowthLimit) -> Changes {
        let now: BTreeMap<&str, u64> =
            sizes.rows().filter_map(|row| Some((row.service.as_str(), row.size()?))).gather();
        let before: BTreeMap<&str, u64> =
            self.sizes.iter().filter_map(|(service, size)| Some((service.as_str(), (*size)?))).gather();
        let in_both: Vec<_> =
            before.iter().filter_map(|(service, was)| Some((*service, *was, *now.get(service)?))).collect();
        let mut changes = Changes {
            budget,
            grown: Vec::new(),
            tolerated: Vec::new(),
            shrunk: Vec::new(),
            new: now.keys().filter(|service| !before.contains_key(*service)).map(ToString::to_string).collect(),
            compared: in_both.len(),
            vanished: before.keys().filter(|service| !now.contains_key(*service)).map(ToString::to_string).collect(),
        };
        for (service, was, is) in in_both.into_iter().filter(|(_, was, is)| was != is) {
            let list = if budget.is_exceeded(was, is) {
                &mut changes.grown
            } else if is > was {
                &mut changes.tolerated
            } else {
                &mut changes.shrunk
            };
            list.push(Change { service: service.to_owned(), was, is });
        }
        for list in [&mut changes.grown, &mut changes.tolerated, &mut changes.shrunk] {
            // Stable, so equal ones stay by name.
            list.sort_by_key(|change| std::cmp::Reverse(change.is.abs_diff(change.was)));
        }
        changes
    }
}

impl Changes {
    /// Whether nothing grew beyond the budget.
    pub fn is_within(&self) -> bool {
        self.grown.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use crate::sizes::SortOrder;
    use crate::sizes::figures::{FigureKind, Figures};
    use crate::sizes::growth_limit::GrowthLimit;
    use crate::sizes::tests::sample;

    const EARLIER: &str = r#"{"images": [
        {"service": "hello-c.gcc", "size": 1140000000},
        {"service": "hello-c.gcc-static.scratch", "size": 500000},
        {"service": "hello-c.gcc.ubuntu", "size": 200000000},
        {"service": "other.one", "size": 5000},
        {"service": "other.two", "size": null},
        {"service": "gone.gcc", "size": 1},
        {"service": "hello-c.gcc.scratch", "size": 16000, "more": true}
    ], "more": 1}"#;

    fn names(changes: &[super::Change]) -> Vec<&str> {
        changes.iter().map(|change| change.service.as_str()).collect()
    }

    #[test]
    fn a_report_of_outcomes_is_no_report_of_sizes() {
        let outcomes = r#"{"images": [{"service": "a", "outcome": "works"}]}"#;
        let problem = Baseline::parse(outcomes.as_bytes()).unwrap_err().to_string();
        assert!(problem.contains("missing field `size`"), "{problem}");
        assert!(Baseline::parse(br#"{"images": [{"service": "a", "size": null}]}"#).is_ok());
    }

    #[test]
    fn growth_new_and_vanished_services_are_listed_apart() {
        let baseline = Baseline::parse(EARLIER.as_bytes()).unwrap();
        let changes = baseline.changes(&sample(SortOrder::Size), "5%,10kB".parse().unwrap());
        assert_eq!(names(&changes.grown), ["hello-c.gcc-static.scratch"]);
        assert_eq!(names(&changes.tolerated), ["hello-c.gcc"]);
        assert_eq!(names(&changes.shrunk), ["hello-c.gcc.ubuntu"]);
        assert_eq!(changes.new, ["empty.scratch", "hello-c.alpine-static.scratch", "other.two", "prod"]);
        assert_eq!(changes.vanished, ["gone.gcc", "hello-c.gcc.scratch"]);
        assert!(!changes.is_within());
    }

    #[test]
    fn what_grew_most_comes_first() {
        let baseline = Baseline::parse(EARLIER.as_bytes()).unwrap();
        let changes = baseline.changes(&sample(SortOrder::Name), GrowthLimit::default());
        assert_eq!(names(&changes.grown), ["hello-c.gcc-static.scratch", "hello-c.gcc"]);
    }

    #[test]
    fn what_was_not_asked_for_has_not_vanished() {
        let baseline = Baseline::parse(EARLIER.as_bytes()).unwrap().of(|service| service.starts_with("hello"));
        assert_eq!(
            baseline.changes(&sample(SortOrder::Size), GrowthLimit::default()).vanished,
            ["hello-c.gcc.scratch"]
        );
    }

    #[test]
    fn an_old_report_has_the_figures_of_an_unknown_store() {
        assert_eq!(Baseline::parse(EARLIER.as_bytes()).unwrap().figures, Figures::default());
        let exact = br#"{"figures": {"kind": "exact", "store": null, "more": 1}, "images": []}"#;
        assert_eq!(Baseline::parse(exact).unwrap().figures, Figures { kind: FigureKind::Exact, ..Figures::default() });
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let unknown = r#"{"figures": {"kind": "packed"}, "images": []}"#;
        for wrong in ["", "[]", "{}", unknown, r#"{"images": [{"service": "a", "size": -1}]}"#, "\u{0}"] {
            assert!(Baseline::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
