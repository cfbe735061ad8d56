//! The order in which jobs begin: the first that waits for no other, and so on.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Turn;
use crate::interrupt::Interrupt;

/// How long a worker waits for others before it checks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// Hands out the places of items, each once.
pub(super) struct Queue<'a> {
    needs: &'a [Vec<usize>],
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: Vec<usize>,
    running: usize,
    ended: Vec<bool>,
}

impl<'a> Queue<'a> {
    /// A queue of `count` items, each of which waits for those that it `needs`.
    pub(super) fn new(count: usize, needs: &'a [Vec<usize>]) -> Self {
        let state = State { waiting: (0..count).collect(), running: 0, ended: vec![false; count] };
        Self { needs, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The next item, once one may begin; `None` if there is none left, or `interrupt` says to stop.
    pub(super) fn next(&self, interrupt: &Interrupt, turn: &dyn Fn(usize) -> Turn) -> Option<usize> {
        let mut state = self.state();
        loop {
            let is_asked = interrupt.asked();
            let turns: Vec<_> = state.waiting.iter().map(|&at| turn(at)).collect();
            let may_wait = |turn: &Turn| *turn == Turn::InAnyCase || (*turn == Turn::Later) || !is_asked;
            if !turns.iter().any(may_wait) {
                return None;
            }
            let may_begin = |turn: Turn| turn == Turn::InAnyCase || (turn == Turn::Now && !is_asked);
            let free = state
                .waiting
                .iter()
                .zip(&turns)
                .position(|(&at, &turn)| may_begin(turn) && self.is_free(at, &state.ended));
            // If nothing runs and nothing is free they need each other, which is for others to report.
            let stuck = || turns.iter().position(|&turn| may_begin(turn)).filter(|_| state.running == 0);
            if let Some(place) = free.or_else(|| if turns.contains(&Turn::Later) { None } else { stuck() }) {
                state.running += 1;
                return Some(state.waiting.remove(place));
            }
            let waited = self.changed.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The job of the item at `at` has ended.
    pub(super) fn end(&self, at: usize) {
        let mut state = self.state();
        state.running -= 1;
        if let Some(ended) = state.ended.get_mut(at) {
            *ended = true;
        }
        self.changed.notify_all();
    }

    fn is_free(&self, at: usize, ended: &[bool]) -> bool {
        let needs = self.needs.get(at).map(Vec::as_slice).unwrap_or_default();
        needs.iter().all(|&need| ended.get(need).copied().unwrap_or(true))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
