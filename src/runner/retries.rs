//! What was unknown is tried again, after a wait that doubles. A failed Dockerfile is not: it would fail again. Nor is what
//! would stay unknown.

use std::thread;
use std::time::{Duration, Instant};

use super::JobStep;
use super::job::{ImageJob, JobReport, PendingInspection, RunContext};
use super::outcome::Outcome;
use super::progress::duration;
use super::summary::whole_milliseconds;
use crate::interrupt::Interrupt;
use image_analyzer::printable::printable;

/// The wait before the first retry, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long it takes at most to notice that the user asked to stop.
const TICK: Duration = Duration::from_millis(50);

/// A try that told nothing of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Why. Raw: escape before printing.
    pub message: String,
    /// How long it took.
    pub time: Duration,
}

impl RunContext<'_> {
    /// Does the work on `task` until something is known of it, as often as is allowed. The tries before the last are told in the
    /// report; `work` may add its own.
    pub(super) fn with_retries(
        &self,
        task: &ImageJob,
        work: impl Fn(&mut Vec<Try>) -> JobStep<JobReport, PendingInspection>,
    ) -> JobStep<JobReport, PendingInspection> {
        let mut tries = Vec::new();
        loop {
            let start = Instant::now();
            let record = match work(&mut tries) {
                JobStep::Finished(record) => record,
                JobStep::NeedsInspection(found) => return JobStep::NeedsInspection(found.with_tries(tries)),
            };
            let is_tried_again = match &record.outcome {
                Outcome::Unknown { message } if !record.is_final => {
                    self.is_tried_again(task, message, start, &mut tries)
                }
                _ => false,
            };
            if !is_tried_again {
                return JobStep::Finished(JobReport { tries, ..record });
            }
        }
    }

    /// Whether there is another try after one that began at `start` and ended with `message`. Says so, waits for it, and keeps
    /// the one that is over.
    pub(super) fn is_tried_again(&self, task: &ImageJob, message: &str, start: Instant, tries: &mut Vec<Try>) -> bool {
        let time = whole_milliseconds(start.elapsed());
        if u32::try_from(tries.len()).is_ok_and(|made| made >= self.retries) || self.interrupt.asked() {
            return false;
        }
        let pause = pause(tries.len());
        let said = printable(message.lines().next().unwrap_or_default());
        let again = format!("{}: unknown: {said}; trying again in {}", task.service, duration(pause));
        self.progress.screen().status(&again);
        let is_tried_again = wait(pause, self.interrupt);
        if is_tried_again {
            tries.push(Try { message: message.to_owned(), time });
        }
        is_tried_again
    }
}

/// How long to wait after so many earlier retries.
fn pause(earlier: usize) -> Duration {
    let (first, longest) = WAITS;
    let doubled = u32::try_from(earlier).ok().and_then(|earlier| 2_u32.checked_pow(earlier));
    first.saturating_mul(doubled.unwrap_or(u32::MAX)).min(longest)
}

/// Waits; whether the user did not ask to stop meanwhile.
fn wait(time: Duration, interrupt: &Interrupt) -> bool {
    let start = Instant::now();
    while !interrupt.asked() {
        let left = time.saturating_sub(start.elapsed());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(TICK));
    }
    false
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{pause, wait};
    use crate::interrupt::Interrupt;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let seconds = [0, 1, 2, 5, 6, 31, 32, usize::MAX].map(|earlier| pause(earlier).as_secs());
        assert_eq!(seconds, [1, 2, 4, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn a_request_to_stop_ends_the_wait() {
        let interrupt = Interrupt::default();
        assert!(wait(Duration::from_millis(1), &interrupt));
        interrupt.ask();
        assert!(!wait(Duration::from_secs(1000), &interrupt));
    }
}
