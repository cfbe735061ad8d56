//! Work on many items by a few threads, with the results in the order of the items.

use std::panic::resume_unwind;
use std::thread;

/// More threads than these do not help: the system's directory lookups are the limit.
const MOST_THREADS: usize = 4;

/// So many items are worked on sooner than a thread is started.
const FEW: usize = 64;

/// What `work` makes of each part of `items`, in order. The calling thread does the first part.
pub fn in_parts<I: Sync, R: Send>(items: &[I], work: impl Fn(&[I]) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let part_len = if items.len() <= FEW { items.len().max(1) } else { items.len().div_ceil(threads) };
    let mut parts = items.chunks(part_len);
    let first = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let workers: Vec<_> = parts.map(|part| scope.spawn(|| work(part))).collect();
        let mut results = vec![work(first)];
        for worker in workers {
            results.push(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::in_parts;

    #[test]
    fn the_parts_are_in_order_and_everything_is_in_one() {
        for count in [0, 1, 64, 65, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let parts = in_parts(&items, <[usize]>::to_vec);
            assert!(!parts.is_empty());
            assert_eq!(parts.concat(), items);
        }
    }
}
