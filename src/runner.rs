//! Many images, N workers: each is worked on once, whatever happens to the others.
//!
//! Plain threads that take the next image until there is none. The order of the results is that of the images, whichever
//! is done first. What must be looked at closer waits for one more thread, and keeps no worker from the next image. What
//! is done with an image is given as functions, so this knows no engine.

pub mod baseline;
pub mod bases;
mod build_failure;
pub mod classify;
pub mod expectation;
pub mod explain;
pub mod job;
pub mod logs;
pub mod outcome;
pub mod progress;
mod pushing;
mod queue;
mod registry_answers;
pub mod retries;
pub mod summary;
pub mod sweep;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::interrupt::Interrupt;
use queue::Queue;

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobResult<R> {
    /// Its job ended with this.
    Finished(R),
    /// Its job was never begun, because the user asked to stop.
    NotBegun,
    /// Its job panicked, a bug of ours, with these words. Not where a panic aborts.
    Panicked(String),
}

/// What a job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobStep<R, L> {
    /// To its end.
    Finished(R),
    /// To something that has to be looked at before there is a result.
    NeedsInspection(L),
}

/// Whether a job may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Not yet.
    Later,
    /// Yes.
    Now,
    /// Yes, even after a request to stop: its work is under way, or done.
    InAnyCase,
}

/// Does `job` for each of `items`, at most `workers` at once, in their order, and `look` for what has to be looked at, one
/// at a time. After a request to stop no job is begun; those that are under way end, and are looked at.
///
/// `needs` has for each item the places of those whose jobs must end before its own begins. `turn` says whether it may begin
/// otherwise, and is asked until it may.
pub fn run_all<T: Sync, L: Send, R: Send>(
    items: &[T],
    needs: &[Vec<usize>],
    workers: NonZeroUsize,
    interrupt: &Interrupt,
    turn: impl Fn(&T) -> Turn + Sync,
    job: impl Fn(&T) -> JobStep<R, L> + Sync,
    look: impl Fn(&T, L) -> R + Send,
) -> Vec<JobResult<R>> {
    let queue = Queue::new(items.len(), needs);
    let results: Vec<Mutex<JobResult<R>>> = items.iter().map(|_| Mutex::new(JobResult::NotBegun)).collect();
    let put = |at: usize, done: JobResult<R>| {
        if let Some(result) = results.get(at) {
            *result.lock().unwrap_or_else(PoisonError::into_inner) = done;
        }
    };
    let work = |looks: &Sender<(usize, L)>| {
        let turn = |at: usize| items.get(at).map_or(Turn::Now, &turn);
        while let Some(at) = queue.next(interrupt, &turn) {
            let Some(item) = items.get(at) else { return };
            match catch_panic(|| job(item)) {
                Ok(JobStep::Finished(result)) => put(at, JobResult::Finished(result)),
                // The receiver lives until the last worker is gone.
                Ok(JobStep::NeedsInspection(found)) => drop(looks.send((at, found))),
                Err(words) => put(at, JobResult::Panicked(words)),
            }
            queue.end(at);
        }
    };
    thread::scope(|scope| {
        let (looks, found) = mpsc::channel();
        scope.spawn(move || {
            for (at, found) in found {
                let Some(item) = items.get(at) else { continue };
                put(at, catch_panic(|| look(item, found)).map_or_else(JobResult::Panicked, JobResult::Finished));
            }
        });
        for _ in 0..workers.get().min(items.len()) {
            let looks = looks.clone();
            scope.spawn(move || work(&looks));
        }
    });
    results.into_iter().map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// What `job` returns, or the words of its panic: it must cost no other job its result, and no guard its chance to tidy
/// up.
fn catch_panic<R>(job: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(job)).map_err(|payload| words(&*payload))
}

/// Does `work`, and `other` beside it; with the words of the panic of `other`, if it came to that: it must cost no result.
pub fn beside<R>(other: impl FnOnce() + Send, work: impl FnOnce() -> R) -> (R, Option<String>) {
    thread::scope(|scope| {
        let other = scope.spawn(|| catch_panic(other).err());
        let result = work();
        (result, other.join().unwrap_or_default())
    })
}

/// The order in which to begin `items` so that those of one `kind` are not begun one after the other: the first of each
/// kind, then the second of each. Builds of one kind share their first steps, and the second one only waits.
pub fn interleave_by<T, K: Ord>(items: &[T], kind: impl Fn(&T) -> K) -> Vec<&T> {
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    let mut ranked: Vec<_> = items
        .iter()
        .map(|item| {
            let count = counts.entry(kind(item)).or_default();
            *count += 1;
            (*count, item)
        })
        .collect();
    // Stable, so within a round they keep their order.
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, item)| item).collect()
}

fn words(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// How many jobs at once by default. If something is built the cores, at most 4: builders use more than a core
/// each. Otherwise four times as many, at most 8: to start, run and remove a container is mostly to wait for the engine.
pub fn default_workers(builds: bool) -> NonZeroUsize {
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let (per_core, most) = if builds { (1, 4) } else { (4, 8) };
    NonZeroUsize::new(cores.get().saturating_mul(per_core).min(most)).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::{JobResult, JobStep, Turn};
    use crate::interrupt::Interrupt;
    use proptest::prelude::*;
    use std::convert::Infallible;
    use std::num::NonZeroUsize;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, Mutex};
    use std::thread;
    use std::time::Duration;

    /// Jobs that need no look.
    fn run_all<T: Sync, R: Send>(
        items: &[T],
        workers: NonZeroUsize,
        interrupt: &Interrupt,
        job: impl Fn(&T) -> R + Sync,
    ) -> Vec<JobResult<R>> {
        super::run_all(
            items,
            &[],
            workers,
            interrupt,
            |_| Turn::Now,
            |item| JobStep::Finished(job(item)),
            |_, never: Infallible| match never {},
        )
    }

    fn workers(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    #[test]
    fn results_are_in_the_order_of_the_items_whoever_is_done_first() {
        let items: Vec<u64> = (0..20).rev().collect();
        let done = run_all(&items, workers(7), &Interrupt::default(), |&item| {
            thread::sleep(Duration::from_millis(item));
            item * 2
        });
        assert_eq!(done, items.iter().map(|item| JobResult::Finished(item * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn items_are_begun_in_their_order() {
        let begun = Mutex::new(Vec::new());
        run_all(&[3, 1, 2], workers(1), &Interrupt::default(), |&item| begun.lock().unwrap().push(item));
        assert_eq!(begun.into_inner().unwrap(), [3, 1, 2]);
    }

    #[test]
    fn those_of_one_kind_are_spread_over_rounds_in_which_all_keep_their_order() {
        let items = ["a1", "a2", "a3", "b1", "c1", "c2"];
        let spread = super::interleave_by(&items, |item| item.chars().next());
        assert_eq!(spread, [&"a1", &"b1", &"c1", &"a2", &"c2", &"a3"]);
    }

    #[test]
    fn no_job_begins_before_those_that_it_needs_have_ended_and_others_go_on() {
        let needs = [vec![1, 3], vec![], vec![0], vec![]];
        let begun = Mutex::new(Vec::new());
        let job = |item: &usize| {
            begun.lock().unwrap().push(*item);
            JobStep::Finished(())
        };
        let never = |_: &usize, never: Infallible| match never {};
        super::run_all(&[0, 1, 2, 3], &needs, workers(1), &Interrupt::default(), |_| Turn::Now, job, never);
        assert_eq!(begun.into_inner().unwrap(), [1, 3, 0, 2]);
    }

    #[test]
    fn jobs_that_need_each_other_are_begun_all_the_same() {
        let needs = [vec![1], vec![0]];
        let job = |item: &usize| JobStep::Finished(*item);
        let never = |_: &usize, never: Infallible| match never {};
        let done = super::run_all(&[0, 1], &needs, workers(2), &Interrupt::default(), |_| Turn::Now, job, never);
        assert_eq!(done, [JobResult::Finished(0), JobResult::Finished(1)]);
    }

    #[test]
    fn no_more_than_n_run_at_once_and_n_do() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let all_there = Barrier::new(4);
        run_all(&[(); 40], workers(4), &Interrupt::default(), |()| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Would wait for ever if fewer than four ran.
            all_there.wait();
            running.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(most.into_inner(), 4);
    }

    #[test]
    fn after_a_request_to_stop_nothing_is_begun_and_what_runs_ends() {
        let interrupt = Interrupt::default();
        let done = run_all(&[0, 1, 2, 3, 4], workers(1), &interrupt, |&item| {
            if item == 1 {
                interrupt.ask();
            }
            item
        });
        assert_eq!(
            done,
            [
                JobResult::Finished(0),
                JobResult::Finished(1),
                JobResult::NotBegun,
                JobResult::NotBegun,
                JobResult::NotBegun
            ]
        );
    }

    #[test]
    fn what_is_not_yet_its_turn_waits_and_what_is_under_way_ends_also_after_a_request_to_stop() {
        let interrupt = Interrupt::default();
        let asked = AtomicUsize::new(0);
        let turn = |item: &usize| match item {
            // It is asked about again and again.
            2 if asked.fetch_add(1, Ordering::SeqCst) < 3 => Turn::Later,
            2 => Turn::InAnyCase,
            _ => Turn::Now,
        };
        let job = |item: &usize| {
            interrupt.ask();
            JobStep::Finished(*item)
        };
        let never = |_: &usize, never: Infallible| match never {};
        let done = super::run_all(&[0, 1, 2], &[], workers(1), &interrupt, turn, job, never);
        assert_eq!(done, [JobResult::Finished(0), JobResult::NotBegun, JobResult::Finished(2)]);
    }

    #[test]
    fn a_panic_costs_no_other_item_its_result() {
        let done = run_all(&[0, 1, 2], workers(2), &Interrupt::default(), |&item| {
            assert!(item != 1, "one is bad");
            item
        });
        assert_eq!(
            done,
            [JobResult::Finished(0), JobResult::Panicked("one is bad".to_owned()), JobResult::Finished(2)]
        );
    }

    #[test]
    fn a_panic_of_what_is_done_beside_the_work_costs_no_result() {
        assert_eq!(super::beside(|| panic!("it is bad"), || 5), (5, Some("it is bad".to_owned())));
        assert_eq!(super::beside(|| {}, || 5), (5, None));
    }

    #[test]
    fn a_look_keeps_no_worker_from_the_next_item() {
        let last_is_done = Barrier::new(2);
        let job = |&item: &u32| {
            if item == 3 {
                last_is_done.wait();
                JobStep::Finished("done")
            } else {
                JobStep::NeedsInspection(item)
            }
        };
        let look = |_: &u32, item| {
            // Would wait for ever if the one worker waited for this look.
            if item == 0 {
                last_is_done.wait();
            }
            "looked at"
        };
        let done = super::run_all(&[0, 1, 2, 3], &[], workers(1), &Interrupt::default(), |_| Turn::Now, job, look);
        assert_eq!(done, ["looked at", "looked at", "looked at", "done"].map(JobResult::Finished));
    }

    #[test]
    fn one_is_looked_at_at_a_time_and_a_panic_costs_no_other_its_result() {
        let (looking, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let look = |_: &usize, item| {
            most.fetch_max(looking.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
            looking.fetch_sub(1, Ordering::SeqCst);
            assert!(item != 1, "one is bad");
            item
        };
        let done = super::run_all(
            &[0, 1, 2],
            &[],
            workers(3),
            &Interrupt::default(),
            |_| Turn::Now,
            |item| JobStep::NeedsInspection(*item),
            look,
        );
        assert_eq!(
            done,
            [JobResult::Finished(0), JobResult::Panicked("one is bad".to_owned()), JobResult::Finished(2)]
        );
        assert_eq!(most.into_inner(), 1);
    }

    proptest! {
        #[test]
        fn every_item_is_done_exactly_once(count in 0usize..200, n in 1usize..20) {
            let items: Vec<usize> = (0..count).collect();
            let times: Vec<AtomicUsize> = items.iter().map(|_| AtomicUsize::new(0)).collect();
            let done = run_all(&items, workers(n), &Interrupt::default(), |&item| {
                times[item].fetch_add(1, Ordering::SeqCst);
                item
            });
            prop_assert_eq!(done, items.into_iter().map(JobResult::Finished).collect::<Vec<_>>());
            prop_assert!(times.iter().all(|times| times.load(Ordering::SeqCst) == 1));
        }
    }
}
