//! The progress of a run on a terminal: a line for the whole, and one for each running job.
//!
//! `indicatif` draws the lines and removes them at the end. What must stay is printed above them. Where stderr is not a
//! terminal, nothing is drawn and no control code is written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use unicode_width::UnicodeWidthStr as _;

use crate::terminal::{Terminal, wrap};
use image_analyzer::printable::printable;

/// How often the lines are drawn: seconds are shown in tenths.
const PERIOD: Duration = Duration::from_millis(100);

/// The message after the first request to stop.
pub const STOPPING: &str = "stopping: waiting for running jobs; press Ctrl-C again to kill them";

/// Where progress is drawn, and messages are printed above it. Clones share the place.
#[derive(Clone, Debug)]
pub struct Screen {
    terminal: Terminal,
    bars: MultiProgress,
}

impl Screen {
    /// The screen of `terminal`.
    pub fn new(terminal: &Terminal) -> Self {
        let target = match terminal.draw_size() {
            Some(_) => ProgressDrawTarget::stderr(),
            None => ProgressDrawTarget::hidden(),
        };
        Self { terminal: *terminal, bars: MultiProgress::with_draw_target(target) }
    }

    /// Whether progress is drawn.
    pub fn is_live(&self) -> bool {
        !self.bars.is_hidden()
    }

    /// Prints `message` on stderr, above the progress if there is one; its lines break between words.
    pub fn status(&self, message: &str) {
        match self.terminal.draw_size() {
            Some((width, _)) if self.is_live() => {
                self.bars.suspend(|| wrap(message, width).iter().for_each(|line| self.terminal.status(line)));
            }
            _ => self.terminal.status(message),
        }
    }
}

/// The progress of one run. Shared by all workers.
#[derive(Debug)]
pub struct Progress {
    screen: Screen,
    total: ProgressBar,
    end: Arc<Mutex<Option<Instant>>>,
    jobs: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    /// No job of `total` has begun.
    pub fn new(screen: Screen, total: usize) -> Self {
        let end = Arc::new(Mutex::new(None));
        let bar =
            screen.bars.add(ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX)).with_style(total_style(&end)));
        Self { screen, total: bar, end, jobs: Mutex::new(BTreeMap::new()) }
    }

    /// Where it is drawn.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Whether it is drawn.
    pub fn is_live(&self) -> bool {
        self.screen.is_live()
    }

    /// Does `work` while the progress is drawn.
    pub fn during<R>(&self, work: impl FnOnce() -> R) -> R {
        if self.is_live() {
            self.total.enable_steady_tick(PERIOD);
        }
        let _clear = Clear(self);
        work()
    }

    /// The job `name` begins, if it has not.
    pub fn begin(&self, name: &str) {
        if lock(&self.jobs).contains_key(name) {
            return;
        }
        let bar = self.screen.bars.add(ProgressBar::no_length().with_style(job_style()));
        let mut jobs = lock(&self.jobs);
        jobs.insert(name.to_owned(), bar);
        // Never cut, so that no two services look the same.
        let width = jobs.keys().map(|name| name.width()).max().unwrap_or_default();
        for (name, bar) in jobs.iter() {
            bar.set_prefix(format!("{name:width$}"));
        }
        if let Some(bar) = jobs.get(name).filter(|_| self.is_live()) {
            bar.enable_steady_tick(PERIOD);
        }
    }

    /// The job `name` has come to `step`.
    pub fn step(&self, name: &str, step: &str) {
        if let Some(bar) = lock(&self.jobs).get(name) {
            bar.set_message(printable(step).into_owned());
        }
    }

    /// The job `name` has ended.
    pub fn end(&self, name: &str) {
        let bar = lock(&self.jobs).remove(name);
        if let Some(bar) = bar {
            bar.finish_and_clear();
            self.screen.bars.remove(&bar);
        }
        self.total.inc(1);
        let (done, all) = (self.total.position(), self.total.length().unwrap_or_default());
        let estimate = remaining(self.total.elapsed(), done, all).and_then(|left| Instant::now().checked_add(left));
        let mut end = lock(&self.end);
        *end = earlier(*end, estimate);
    }
}

/// Removes the lines, even if the work panics.
struct Clear<'a>(&'a Progress);

impl Drop for Clear<'_> {
    fn drop(&mut self) {
        lock(&self.0.jobs).values().for_each(ProgressBar::finish_and_clear);
        self.0.total.finish_and_clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the rest takes if it is like what is done; `None` while nothing is, and when everything is.
fn remaining(elapsed: Duration, done: u64, all: u64) -> Option<Duration> {
    let (done, left) = (u32::try_from(done).ok()?, u32::try_from(all.checked_sub(done)?).ok()?);
    if done == 0 || left == 0 { None } else { Some(elapsed.checked_mul(left)? / done) }
}

/// The end that is shown: it never moves away, so that the time left only counts down.
fn earlier(shown: Option<Instant>, estimate: Option<Instant>) -> Option<Instant> {
    match (shown, estimate) {
        (Some(shown), Some(estimate)) => Some(shown.min(estimate)),
        (None, estimate) => estimate,
        (Some(_), None) => None,
    }
}

fn total_style(end: &Arc<Mutex<Option<Instant>>>) -> ProgressStyle {
    let end = Arc::clone(end);
    style("{pos} of {len} done, {time}{left}").with_key(
        "left",
        move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let left = lock(&end).and_then(|end| end.checked_duration_since(Instant::now()));
            if let Some(left) = left.filter(|left| *left >= Duration::from_secs(1)) {
                let _ = write!(out, ", about {} left", duration(Duration::from_secs(left.as_secs())));
            }
        },
    )
}

fn job_style() -> ProgressStyle {
    style("{prefix}  {time:>6}  {wide_msg}")
}

/// `template`, in which `{time}` is the time since the start.
fn style(template: &str) -> ProgressStyle {
    let time = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = out.write_str(&duration(state.elapsed()));
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("time", time)
}

/// `9.3 s`, `2 m 05 s`, `1 h 02 m`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        60..3600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, earlier, remaining};
    use std::time::{Duration, Instant};

    #[test]
    fn the_rest_takes_as_long_as_what_is_done() {
        let minute = Duration::from_secs(60);
        assert_eq!(remaining(minute, 19, 57), Some(2 * minute));
        assert_eq!([remaining(minute, 0, 57), remaining(minute, 57, 57), remaining(minute, 58, 57)], [None; 3]);
    }

    #[test]
    fn the_end_that_is_shown_only_comes_nearer() {
        let now = Instant::now();
        let later = now.checked_add(Duration::from_secs(1)).unwrap();
        assert_eq!(earlier(None, Some(later)), Some(later));
        assert_eq!(earlier(Some(later), Some(now)), Some(now));
        assert_eq!(earlier(Some(now), Some(later)), Some(now));
        assert_eq!(earlier(Some(now), None), None);
    }

    #[test]
    fn durations_are_short() {
        let shown = [9_340, 125_000, 3_720_000].map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(shown, ["9.3 s", "2 m 05 s", "1 h 02 m"]);
    }
}
