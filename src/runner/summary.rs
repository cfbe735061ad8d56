//! The results of a run: a row for each image, and how many there are of each kind.

use std::collections::BTreeMap;
use std::time::Duration;

use super::expectation::is_expected;
use super::job::{ImageJob, JobReport};
use super::outcome::Outcome;
use super::progress::duration;
use crate::expectation::{Expectation, ExpectedOutcome};
use crate::repository::service_name::{ServiceName, Set};
use image_analyzer::printable::shortened;

/// What is said when an `.err` Dockerfile builds.
pub const NEWS: &str = "builds now: drop the .err";

/// What is said when an image builds although it is built on an `.err` one.
pub const BASE_NEWS: &str = "builds now, though its base is .err";

/// What is known of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceResult {
    /// Its service.
    pub service: ServiceName,
    /// The image reference.
    pub image: String,
    /// What was expected of its run; the default, if it was not to be run.
    pub expectation: Expectation,
    /// The set by which its build is expected: the err set too, if an image that it is built on is of that.
    pub build_set: Set,
    /// Whether it was built only because another image is built on it.
    pub is_only_a_base: bool,
    /// What happened.
    pub record: JobReport,
}

impl ServiceResult {
    /// The row of `task`, which came to `record`; `is_run`: it was to be run, not only built. Times are kept as every report has
    /// them.
    pub fn new(task: &ImageJob, record: JobReport, is_run: bool) -> Self {
        let (build_time, run_time) =
            (record.build_time.map(whole_milliseconds), record.run_time.map(whole_milliseconds));
        Self {
            service: task.service.clone(),
            image: task.recipe.image.clone(),
            expectation: if is_run { task.expectation.clone() } else { Expectation::default() },
            build_set: task.build_set,
            is_only_a_base: task.is_only_a_base,
            record: JobReport { build_time, run_time, ..record },
        }
    }

    /// What happened.
    pub fn outcome(&self) -> &Outcome {
        &self.record.outcome
    }

    /// The set that the service is in.
    pub fn set(&self) -> Set {
        self.service.set()
    }

    /// Whether what happened is what the set promises; `None` if nothing is known.
    pub fn is_expected(&self) -> Option<bool> {
        is_expected(self.outcome(), self.build_set, self.expectation.outcome)
    }

    /// The one line that says most: why it does not work and in whose words, or what it printed first. Raw: escape before printing.
    pub fn detail(&self) -> String {
        let message = self.outcome().message();
        if self.build_set == Set::Err && self.is_expected() == Some(false) {
            let news = if self.set() == Set::Err { NEWS } else { BASE_NEWS };
            return if message.is_empty() { news.to_owned() } else { format!("{news}; {message}") };
        }
        let reason = self.reason();
        match self.expectation.outcome {
            ExpectedOutcome::Works => reason,
            _ if self.is_expected() != Some(false) || self.outcome().has_no_image() => reason,
            expected if reason.is_empty() => format!("expected: {expected}"),
            expected => format!("expected: {expected}; {reason}"),
        }
    }

    fn reason(&self) -> String {
        let message = self.outcome().message();
        if *self.outcome() == Outcome::Works {
            return shortened(self.record.stdout.lines().next().unwrap_or_default());
        }
        if let (Outcome::TimedOut, Some(time)) = (self.outcome(), self.record.run_time) {
            return format!("still running after {}", duration(time));
        }
        match (&self.record.reason, self.outcome().step()) {
            (Some(reason), _) => format!("{reason} ({message})"),
            (None, Some(step)) => format!("{step}: {message}"),
            (None, None) => message.to_owned(),
        }
    }
}

/// How many rows there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// All.
    pub images: usize,
    /// Those as expected.
    pub expected: usize,
    /// Those that are not.
    pub unexpected: usize,
    /// Those of which nothing is known.
    pub undecided: usize,
    /// By outcome, in the words of a table.
    pub outcomes: BTreeMap<String, usize>,
}

impl OutcomeCounts {
    /// Counts `rows`.
    pub fn of(rows: &[ServiceResult]) -> Self {
        let mut tally = Self { images: rows.len(), ..Self::default() };
        for row in rows {
            match row.is_expected() {
                Some(true) => tally.expected += 1,
                Some(false) => tally.unexpected += 1,
                None => tally.undecided += 1,
            }
            *tally.outcomes.entry(row.outcome().label()).or_default() += 1;
        }
        tally
    }
}

/// `time` as every report has it: to the millisecond.
pub fn whole_milliseconds(time: Duration) -> Duration {
    let milliseconds = time.saturating_add(Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}

/// `1 image`, `2 images`.
pub fn images(count: usize) -> String {
    if count == 1 { "1 image".to_owned() } else { format!("{count} images") }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{NEWS, OutcomeCounts, ServiceResult};
    use crate::expectation::{Expectation, ExpectedOutcome};
    use crate::repository::service_name::{ServiceName, Set};
    use crate::runner::outcome::Outcome;

    /// A row of `service`, of which nothing but the outcome is known.
    pub(crate) fn row(service: &str, outcome: Outcome) -> ServiceResult {
        let image = format!("minimage:{service}");
        let service = ServiceName::parse(service).unwrap();
        let (build_set, expectation) = (service.set(), Expectation::default());
        ServiceResult { service, image, expectation, build_set, is_only_a_base: false, record: outcome.into() }
    }

    #[test]
    fn the_detail_is_the_reason_before_the_message_before_what_was_printed() {
        let mut works = row("a", Outcome::Works);
        works.record.stdout = "Hello\nworld\n".to_owned();
        assert_eq!(works.detail(), "Hello");
        let mut stopped = row("a", Outcome::CannotStart { message: "words".to_owned() });
        assert_eq!(stopped.detail(), "words");
        stopped.record.reason = Some("the loader is not there".to_owned());
        assert_eq!(stopped.detail(), "the loader is not there (words)");
        let step = Some("[1/2] RUN x".to_owned());
        assert_eq!(row("a", Outcome::DoesNotBuild { step, message: "no".to_owned() }).detail(), "[1/2] RUN x: no");
    }

    #[test]
    fn what_is_not_as_expected_says_what_was_expected() {
        let mut works = row("a", Outcome::Works);
        works.record.stdout = "Hello\n".to_owned();
        works.expectation.outcome = ExpectedOutcome::CannotStart;
        assert_eq!((works.is_expected(), works.detail().as_str()), (Some(false), "expected: cannot start; Hello"));
        let mut exits = row("a", Outcome::ExitedWithError { exit_code: 2, message: String::new() });
        exits.expectation.outcome = ExpectedOutcome::Exit(1);
        assert_eq!((exits.is_expected(), exits.detail().as_str()), (Some(false), "expected: exit 1"));
        exits.expectation.outcome = ExpectedOutcome::Exit(2);
        assert_eq!((exits.is_expected(), exits.detail().as_str()), (Some(true), ""));
    }

    #[test]
    fn a_child_of_an_err_image_is_news_only_if_it_builds() {
        let child = |outcome| ServiceResult { build_set: Set::Err, ..row("child", outcome) };
        let not_tried = child(Outcome::NotTried { message: "base a.err failed".to_owned() });
        assert_eq!((not_tried.is_expected(), not_tried.detail().as_str()), (Some(true), "base a.err failed"));
        let works = child(Outcome::Works);
        assert_eq!((works.is_expected(), works.detail().as_str()), (Some(false), super::BASE_NEWS));
    }

    #[test]
    fn an_err_image_that_builds_is_news_whatever_it_does_then() {
        assert_eq!(row("a.err", Outcome::Works).detail(), NEWS);
        let exits = Outcome::ExitedWithError { exit_code: 1, message: "no".to_owned() };
        assert_eq!(row("a.err", exits).detail(), format!("{NEWS}; no"));
    }

    #[test]
    fn every_row_is_counted_once() {
        let rows = [row("a", Outcome::Works), row("b", Outcome::TimedOut), row("c", Outcome::NotRun)];
        let tally = OutcomeCounts::of(&rows);
        assert_eq!((tally.images, tally.expected, tally.unexpected, tally.undecided), (3, 1, 1, 1));
        assert_eq!(tally.outcomes.values().sum::<usize>(), 3);
    }
}
