//! What is going on, while it goes on: a line per job under way on a terminal, a line per job that ended elsewhere.
//!
//! On a terminal the lines are drawn over again in place and vanish at the end; what stays is printed then. Elsewhere
//! nothing is ever taken back, and no control code is written. This keeps count and makes lines; the [`Terminal`] prints.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar as _;

use crate::interrupt::Interrupt;
use crate::terminal::Terminal;
use image_analyzer::printable::printable;

/// How often the lines are drawn: seconds are shown in tenths, more often would only flicker.
const PERIOD: Duration = Duration::from_millis(100);

/// What is said after the first request to stop.
pub const STOPPING: &str = "stopping: what has begun is awaited, nothing more is begun; once more to end it at once";

/// The progress of one run. Shared by all workers.
#[derive(Debug)]
pub struct Progress<'a> {
    terminal: &'a Terminal,
    live: bool,
    interrupt: &'a Interrupt,
    over: AtomicBool,
    state: Mutex<State>,
}

/// Where a run stands.
#[derive(Debug)]
struct State {
    total: usize,
    done: usize,
    began: Instant,
    running: Vec<Job>,
    /// How many lines are on the terminal now.
    drawn: usize,
}

/// A job under way.
#[derive(Clone, Debug)]
struct Job {
    name: String,
    step: String,
    began: Instant,
}

impl<'a> Progress<'a> {
    /// Nothing of `total` has begun. `live` is for a terminal.
    pub fn new(terminal: &'a Terminal, interrupt: &'a Interrupt, total: usize) -> Self {
        let state = State { total, done: 0, began: Instant::now(), running: Vec::new(), drawn: 0 };
        let live = terminal.draw_size().is_some();
        Self { terminal, live, interrupt, over: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// Whether the lines are drawn over again.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Does `work` while the lines are drawn.
    pub fn during<R>(&self, work: impl FnOnce() -> R) -> R {
        if !self.live {
            return work();
        }
        thread::scope(|scope| {
            let painter = scope.spawn(|| {
                while !self.over.load(Ordering::SeqCst) {
                    self.draw();
                    thread::park_timeout(PERIOD);
                }
                self.erase();
            });
            let _end = End { over: &self.over, painter: painter.thread().clone() };
            work()
        })
    }

    /// The job `name` begins.
    pub fn begin(&self, name: &str) {
        let job = Job { name: name.to_owned(), step: String::new(), began: Instant::now() };
        self.state().running.push(job);
    }

    /// The job `name` has come to `step`.
    pub fn step(&self, name: &str, step: &str) {
        if let Some(job) = self.state().running.iter_mut().find(|job| job.name == name) {
            step.clone_into(&mut job.step);
        }
    }

    /// The job `name` has ended.
    pub fn end(&self, name: &str) {
        let mut state = self.state();
        state.running.retain(|job| job.name != name);
        state.done += 1;
    }

    fn draw(&self) {
        let Some((width, height)) = self.terminal.draw_size() else { return };
        let mut state = self.state();
        let mut lines = state.lines(Instant::now(), width, height);
        if self.interrupt.asked() {
            lines.push(fit(STOPPING, width));
        }
        let mut text = back(state.drawn);
        for line in &lines {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{line}");
        }
        state.drawn = lines.len();
        self.terminal.draw(&text);
    }

    fn erase(&self) {
        let mut state = self.state();
        self.terminal.draw(&back(state.drawn));
        state.drawn = 0;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the painter, even if the work panics.
struct End<'a> {
    over: &'a AtomicBool,
    painter: thread::Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        self.painter.unpark();
    }
}

/// Up `lines` lines, and all from there erased (ECMA-48: CPL and ED).
fn back(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\x1b[{lines}F\x1b[J") }
}

impl State {
    /// The lines to draw at `now`, for a terminal of `width` columns and `height` lines.
    fn lines(&self, now: Instant, width: usize, height: usize) -> Vec<String> {
        let since = |then: Instant| now.saturating_duration_since(then);
        let most = height.saturating_sub(3).max(1);
        let hidden = self.running.len().saturating_sub(most);
        let name_width = self.running.iter().map(|job| job.name.len()).max().unwrap_or(0).min(width / 2);
        let mut lines: Vec<_> = self
            .running
            .iter()
            .take(most)
            .map(|job| {
                let time = duration(since(job.began));
                fit(&format!("{:name_width$}  {time:>6}  {}", job.name, printable(&job.step)), width)
            })
            .collect();
        let mut total = format!("{} of {} done, {}", self.done, self.total, duration(since(self.began)));
        if hidden > 0 {
            let _ = write!(total, ", {hidden} more running");
        }
        if let Some(left) = self.left(since(self.began)) {
            let _ = write!(total, ", about {} left", duration(left));
        }
        lines.push(fit(&total, width));
        lines
    }

    /// How long it will still take if what is left is like what is done; `None` while nothing is.
    fn left(&self, elapsed: Duration) -> Option<Duration> {
        let (done, left) = (u32::try_from(self.done).ok()?, u32::try_from(self.total.checked_sub(self.done)?).ok()?);
        if done == 0 || left == 0 { None } else { Some(elapsed.checked_mul(left)? / done) }
    }
}

/// As much of `line` as fits into `width` columns less one: some terminals wrap a line that fills the last.
fn fit(line: &str, width: usize) -> String {
    let room = width.saturating_sub(1);
    let mut used = 0;
    line.chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect()
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
    use super::{Job, State, duration, fit};
    use std::time::{Duration, Instant};

    fn state(now: Instant, running: usize) -> State {
        let job = |n: usize| Job {
            name: format!("hello-{n}"),
            step: "[2/3] RUN x\u{1b}[2J".to_owned(),
            began: now.checked_sub(Duration::from_millis(1500)).unwrap(),
        };
        let began = now.checked_sub(Duration::from_secs(60)).unwrap();
        State { total: 57, done: 19, began, running: (0..running).map(job).collect(), drawn: 0 }
    }

    #[test]
    fn there_is_a_line_for_each_job_with_its_step_and_time_and_one_for_the_total() {
        let now = Instant::now();
        let expected = [
            r"hello-0   1.5 s  [2/3] RUN x\x1b[2J",
            r"hello-1   1.5 s  [2/3] RUN x\x1b[2J",
            "19 of 57 done, 1 m 00 s, about 2 m 00 s left",
        ];
        assert_eq!(state(now, 2).lines(now, 80, 24), expected);
    }

    #[test]
    fn lines_never_outgrow_the_terminal() {
        let now = Instant::now();
        for (width, height) in [(20, 5), (1, 1), (0, 0), (80, 3)] {
            let lines = state(now, 16).lines(now, width, height);
            assert!(lines.len() <= height.max(2), "{height}: {lines:?}");
            assert!(lines.iter().all(|line| line.len() < width.max(1)), "{width}: {lines:?}");
        }
    }

    #[test]
    fn wide_characters_count_as_two_columns() {
        assert_eq!(fit("ab漢字", 6), "ab漢");
    }

    #[test]
    fn durations_are_short() {
        let shown = [9_340, 125_000, 3_720_000].map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(shown, ["9.3 s", "2 m 05 s", "1 h 02 m"]);
    }
}
