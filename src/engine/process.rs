//! One command of the engine from start to end, which never waits longer than its deadline.
//!
//! The command runs in a process group of its own: a terminal's Ctrl-C reaches us alone, and we decide what becomes of
//! it. What it says is handed on as it comes; nothing is kept here.

use std::cell::Cell;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt::Interrupt;

/// How often a running command is looked at: the most that a deadline or a second Ctrl-C is answered late.
const TICK: Duration = Duration::from_millis(50);

/// How long we listen to the pipes of a command that has ended: a child it left behind may hold them open for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Which of the two streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// By itself.
    Exited(ExitStatus),
    /// Killed by us: the deadline had passed.
    TimedOut,
    /// Killed by us: the user asked twice to stop.
    Interrupted,
    /// Killed by us: what was waited for has happened.
    Stopped,
}

/// How long a command may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadline<'a> {
    /// How long, from its start; `None` is for ever.
    pub time: Option<Duration>,
    /// Whom to obey.
    pub interrupt: &'a Interrupt,
    /// How much longer it may take for a user who asked twice to stop.
    pub grace: Duration,
}

/// Runs `command` and hands each piece of what it says to `sink`, in the order of each stream.
///
/// # Errors
/// If it cannot be started or waited for.
pub fn run(command: Command, limit: Deadline<'_>, sink: &mut dyn FnMut(Stream, &[u8])) -> io::Result<ProcessEnd> {
    run_until(command, limit, &|| false, sink)
}

/// As [`run`], but also ends the command as soon as `is_done`, which is asked every few moments.
///
/// # Errors
/// See [`run`].
pub fn run_until(
    mut command: Command,
    limit: Deadline<'_>,
    is_done: &dyn Fn() -> bool,
    sink: &mut dyn FnMut(Stream, &[u8]),
) -> io::Result<ProcessEnd> {
    let mut child = ProcessGroup::new(spawn(&mut command)?);
    let pieces = listen(&mut child.0);
    // What is beyond the clock's end never comes.
    let deadline = limit.time.and_then(|time| Instant::now().checked_add(time));
    let asked_at = Cell::new(None);
    let is_asked = || {
        limit.interrupt.asked_again() && {
            let at: Instant = asked_at.get().unwrap_or_else(Instant::now);
            asked_at.set(Some(at));
            at.elapsed() >= limit.grace
        }
    };
    let stop = || match deadline {
        _ if is_asked() => Some(ProcessEnd::Interrupted),
        _ if is_done() => Some(ProcessEnd::Stopped),
        Some(deadline) if Instant::now() >= deadline => Some(ProcessEnd::TimedOut),
        _ => None,
    };
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        let wait = deadline.map_or(TICK, |deadline| deadline.saturating_duration_since(Instant::now()).min(TICK));
        match pieces.recv_timeout(wait) {
            Ok((stream, bytes)) => sink(stream, &bytes),
            Err(RecvTimeoutError::Timeout) => {
                ended = ended.or(child.0.try_wait()?.map(|status| (status, Instant::now())));
            }
            Err(RecvTimeoutError::Disconnected) => return wait_for(&mut child.0, &stop),
        }
        match ended {
            Some((status, at)) if at.elapsed() >= LAST_WORDS => return Ok(ProcessEnd::Exited(status)),
            Some(_) => {}
            None => {
                if let Some(end) = stop() {
                    return Ok(end);
                }
            }
        }
    }
}

/// Starts `command` in a group of its own with both streams piped.
///
/// # Errors
/// If the operating system refuses.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()
}

/// A started child, which does not outlive us: dropped before it has ended, it and all it started is killed.
#[derive(Debug)]
pub struct ProcessGroup(pub Child);

impl ProcessGroup {
    /// The group of `child`, which leads it.
    pub fn new(child: Child) -> Self {
        Self(child)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            kill(self.0.id());
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

fn kill(leader: u32) {
    if let Some(group) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// The command has closed its pipes, so it is about to end; but a hung one may not.
fn wait_for(child: &mut Child, stop: &dyn Fn() -> Option<ProcessEnd>) -> io::Result<ProcessEnd> {
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ProcessEnd::Exited(status));
        }
        if let Some(end) = stop() {
            return Ok(end);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(TICK);
    }
}

/// How many pieces may wait to be handed on: a flood is slowed down, not stored.
const WAITING: usize = 16;

/// A piece of what a command says.
pub type OutputChunk = (Stream, Vec<u8>);

/// How much is read at once, in bytes.
const READ: usize = 16 * 1024;

fn listen(child: &mut Child) -> Receiver<OutputChunk> {
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    if let Some(out) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || forward(out, Stream::Out, &sender));
    }
    if let Some(err) = child.stderr.take() {
        thread::spawn(move || forward(err, Stream::Err, &sender));
    }
    receiver
}

/// Hands on what `from` says until it ends or no one listens any more.
pub fn forward(mut from: impl Read, stream: Stream, to: &SyncSender<OutputChunk>) {
    let mut buffer = vec![0; READ];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                let piece = buffer.get(..read).unwrap_or_default().to_vec();
                if to.send((stream, piece)).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Deadline, ProcessEnd, Stream, run};
    use crate::interrupt::Interrupt;
    use std::process::Command;
    use std::time::{Duration, Instant};

    fn shell(script: &str, time: Option<Duration>) -> (ProcessEnd, String, String) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let end = run(
            command,
            Deadline { time, interrupt: &Interrupt::default(), grace: Duration::ZERO },
            &mut |stream, bytes| match stream {
                Stream::Out => out.extend_from_slice(bytes),
                Stream::Err => err.extend_from_slice(bytes),
            },
        );
        (end.unwrap(), String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn both_streams_and_the_status_come_back() {
        let (end, out, err) = shell("echo a; echo b >&2; exit 7", None);
        let ProcessEnd::Exited(status) = end else { panic!("{end:?}") };
        assert_eq!((status.code(), out.as_str(), err.as_str()), (Some(7), "a\n", "b\n"));
    }

    #[test]
    fn a_command_that_hangs_is_ended_at_its_deadline_with_its_children() {
        let start = Instant::now();
        let (end, out, _) = shell("sleep 1000 & echo $!; wait", Some(Duration::from_millis(200)));
        assert_eq!(end, ProcessEnd::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(100), "it did not wait for the sleep");
        let child = rustix::process::Pid::from_raw(out.trim().parse().unwrap()).unwrap();
        let gone = || match std::fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero())) {
            Ok(status) => status.contains(") Z"),
            Err(_) => rustix::process::test_kill_process(child).is_err(),
        };
        while !gone() {
            assert!(start.elapsed() < Duration::from_secs(100), "its child lives on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_time_beyond_every_clock_is_for_ever() {
        let (end, out, _) = shell("echo a", Some(Duration::MAX));
        assert!(matches!(end, ProcessEnd::Exited(_)), "{end:?}");
        assert_eq!(out, "a\n");
    }

    #[test]
    fn a_command_that_closes_its_streams_and_hangs_is_ended_too() {
        let (end, ..) = shell("exec >&- 2>&-; sleep 1000", Some(Duration::from_millis(200)));
        assert_eq!(end, ProcessEnd::TimedOut);
    }

    #[test]
    fn a_child_left_behind_with_the_pipes_does_not_hold_us_up() {
        let (end, out, _) = shell("echo a; sleep 5 & exit 3", Some(Duration::from_secs(60)));
        let ProcessEnd::Exited(status) = end else { panic!("{end:?}") };
        assert_eq!((status.code(), out.as_str()), (Some(3), "a\n"));
    }

    #[test]
    fn a_second_request_to_stop_ends_a_running_command() {
        let interrupt = Interrupt::default();
        let mut command = Command::new("sh");
        command.args(["-c", "echo a; sleep 1000"]);
        let end = run(command, Deadline { time: None, interrupt: &interrupt, grace: Duration::ZERO }, &mut |_, _| {
            interrupt.ask();
            interrupt.ask();
        });
        assert_eq!(end.unwrap(), ProcessEnd::Interrupted);
    }

    #[test]
    fn a_command_is_ended_when_what_was_waited_for_has_happened() {
        let is_said = std::cell::Cell::new(false);
        let mut command = Command::new("sh");
        command.args(["-c", "echo a; sleep 1000"]);
        let limit = Deadline { time: None, interrupt: &Interrupt::default(), grace: Duration::ZERO };
        let end = super::run_until(command, limit, &|| is_said.get(), &mut |_, _| is_said.set(true));
        assert_eq!(end.unwrap(), ProcessEnd::Stopped);
    }

    #[test]
    fn with_grace_it_may_still_end_by_itself_but_not_for_ever() {
        let end = |script: &str, grace: u64| {
            let interrupt = Interrupt::default();
            interrupt.ask();
            interrupt.ask();
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let limit = Deadline { time: None, interrupt: &interrupt, grace: Duration::from_secs(grace) };
            run(command, limit, &mut |_, _| {}).unwrap()
        };
        assert!(matches!(end("sleep 0.3; exit 0", 60), ProcessEnd::Exited(status) if status.success()));
        assert_eq!(end("sleep 1000", 1), ProcessEnd::Interrupted);
    }

    #[test]
    fn a_flood_is_handed_on_whole() {
        let (_, out, _) = shell("yes | head -c 3000000", None);
        assert_eq!(out.len(), 3_000_000);
    }
}
