//! Runs an image once in a container of its own, tells how it ended, and leaves no container behind.
//!
//! What the end means (works, cannot start, …) is decided elsewhere: here are only the engine's own words. Containers
//! are known by our label; one without it is never touched.

use std::cell::RefCell;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use regex::Regex;
use serde::Deserialize;

use super::cleanup::Remover;
use super::output::Output;
use super::process::{self, Deadline, ProcessEnd, Stream};
use super::readiness::{PortAccess, Readiness, ReadyWhen, Watch};
use super::run_label::{LABEL, Owner};
use super::{Engine, EngineError, shown, unstarted};
use crate::interrupt::Interrupt;
use image_analyzer::printable::printable;

/// The exit code of what SIGKILL ended.
const KILLED: i64 = 128 + 9;

/// How long the engine may take to tell of events up to a second from now.
const EVENTS: Duration = Duration::from_secs(5);

/// What to run, and what it may take.
#[derive(Clone, Debug)]
pub struct ContainerSpec<'a> {
    /// The image reference.
    pub image: &'a str,
    /// The container's name, which nothing else may have.
    pub name: &'a str,
    /// Whose container it is.
    pub owner: &'a Owner,
    /// Who removes it once it has ended.
    pub remover: &'a Remover,
    /// How long it may run.
    pub timeout: Duration,
    /// How much memory it may have, in the engine's notation (`64m`); `None`: no limit.
    pub memory: Option<&'a str>,
    /// The network it is on; `None`: the engine's default.
    pub network: Option<&'a str>,
    /// When it is ready, if it does not end by itself; `None`: that is not asked.
    pub ready: Option<ReadyCheck<'a>>,
}

/// What is asked of a container while it runs.
#[derive(Clone, Copy, Debug)]
pub struct ReadyCheck<'a> {
    /// What makes it ready.
    pub when: &'a ReadyWhen,
    /// How its ports are reached.
    pub access: &'a PortAccess,
    /// What it must have printed too before its run is ended.
    pub stdout: Option<&'a Regex>,
    /// Whether its run is ended as soon as it is ready.
    pub ends_run: bool,
}

/// A container's state, in the engine's words (`docker inspect`, `.State`). Docker and podman agree on these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    /// `created`, `running`, `exited`, …
    pub status: String,
    /// The exit code; of a container that could not be started, what the engine made of the reason.
    pub exit_code: i64,
    /// Whether the kernel ended one of its processes because there was no memory left.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// Whether the engine did not answer when it was asked for that once more.
    #[serde(skip)]
    pub oom_is_unknown: bool,
    /// Why it could not be started. Raw.
    pub error: String,
}

impl State {
    /// Whether it ran out of memory; `None` if the engine did not say.
    pub fn out_of_memory(&self) -> Option<bool> {
        (self.oom_killed || !self.oom_is_unknown).then_some(self.oom_killed)
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerEnd {
    /// With exit status 0: it ran, and all went well.
    Success,
    /// Otherwise; `state` and `command` are what the engine knows of the container.
    Failed {
        /// Its state.
        state: State,
        /// What was to be executed: the program and its arguments.
        command: Vec<String>,
    },
    /// Not yet, when the time was over.
    OutOfTime,
    /// Not at all: it was ready, so we ended it.
    Ready,
    /// There never was a container; the engine says why. Raw.
    NotCreated(String),
    /// It was ended because the user asked twice to stop.
    Interrupted,
}

/// What came of a look for the containers of runs that are dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupReport {
    /// How many were removed.
    pub removed: usize,
    /// How many are of runs of which nothing can be known here, since they were before this start of the machine, or on
    /// another, or in another container: those are left alone.
    pub elsewhere: usize,
}

/// What a run left: how it ended and what it printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRun {
    /// How it ended.
    pub ended: ContainerEnd,
    /// What the program wrote to stdout.
    pub stdout: Output,
    /// What it wrote to stderr; the engine writes there too if the container cannot be started.
    pub stderr: Output,
    /// Whether it was ready; `None`: that was not asked, or it ended before it could be.
    pub readiness: Option<Readiness>,
}

impl Engine {
    /// Runs what `order` says. `log` gets every byte of both streams. The container is removed, however this ends.
    ///
    /// # Errors
    /// If the engine cannot be asked, or does not do what it is asked for reasons that are not the image's.
    pub fn run(
        &self,
        order: &ContainerSpec<'_>,
        interrupt: &Interrupt,
        log: &mut dyn FnMut(&[u8]),
    ) -> Result<ContainerRun, EngineError> {
        let Some(check) = order.ready else {
            return self.run_until(order, interrupt, &|_| false, &AtomicBool::default(), log);
        };
        let watch = Watch::new(self, order.name, check.when, check.access);
        let is_done = |stdout: &Output| {
            check.ends_run
                && watch.is_ready.load(Ordering::SeqCst)
                && check.stdout.is_none_or(|regex| regex.is_match(&stdout.text()))
        };
        let run = thread::scope(|scope| {
            scope.spawn(|| watch.watch());
            // Also after a panic, or the scope would wait for ever.
            let _over = SetOnDrop(&watch.is_over);
            self.run_until(order, interrupt, &is_done, &watch.is_over, log)
        })?;
        let readiness = match run.ended {
            ContainerEnd::Ready => Some(Readiness::Ready),
            _ => watch.last(),
        };
        Ok(ContainerRun { readiness, ..run })
    }

    fn run_until(
        &self,
        order: &ContainerSpec<'_>,
        interrupt: &Interrupt,
        is_done: &dyn Fn(&Output) -> bool,
        is_over: &AtomicBool,
        log: &mut dyn FnMut(&[u8]),
    ) -> Result<ContainerRun, EngineError> {
        let command = self.command(arguments(order));
        let shown = shown(&command);
        let is_limited = order.memory.is_some();
        let mut container =
            Container { engine: self, remover: order.remover, name: order.name, there: true, runs: true, is_limited };
        let (stdout, mut stderr) = (RefCell::new(Output::default()), Output::default());
        let limit = Deadline { time: Some(order.timeout), interrupt, grace: Duration::ZERO };
        let end = process::run_until(command, limit, &|| is_done(&stdout.borrow()), &mut |stream, bytes| {
            log(bytes);
            match stream {
                Stream::Out => stdout.borrow_mut().push(bytes),
                Stream::Err => stderr.push(bytes),
            }
        });
        // Before the container is removed, which would refuse every connection.
        is_over.store(true, Ordering::SeqCst);
        container.runs = !matches!(end, Ok(ProcessEnd::Exited(_)));
        let ended = match end {
            Ok(ProcessEnd::Exited(status)) if status.success() => Ok(ContainerEnd::Success),
            Ok(ProcessEnd::Exited(status)) => container.ended(&shown, status, &stderr),
            Ok(ProcessEnd::TimedOut) => container.out_of_time(&shown, order.timeout),
            Ok(ProcessEnd::Interrupted) => Ok(ContainerEnd::Interrupted),
            Ok(ProcessEnd::Stopped) => container.when_ready(),
            Err(error) => Err(unstarted(shown, &error)),
        };
        drop(container);
        Ok(ContainerRun { ended: ended?, stdout: stdout.into_inner(), stderr, readiness: None })
    }

    /// Makes sure that there is a network of this name, or for `container:NAME` a container that runs, before every
    /// container fails for want of it.
    ///
    /// # Errors
    /// If the engine does not know it.
    pub fn check_network(&self, name: &str) -> Result<(), EngineError> {
        // Modes that are no networks: of Docker, and of podman.
        const MODES: [&str; 5] = ["default", "bridge", "host", "none", "private"];
        const KINDS: [&str; 3] = ["ns:", "slirp4netns", "pasta"];
        if let Some(container) = name.strip_prefix("container:") {
            let args = ["container", "inspect", "--format", "{{.State.Running}}", "--", container];
            return match self.capture(args)?.trim_ascii() {
                b"true" => Ok(()),
                _ => Err(EngineError {
                    command: shown(&self.command(args)),
                    status: None,
                    said: format!("the container `{}` does not run: start it first", printable(container)),
                }),
            };
        }
        if MODES.contains(&name) || KINDS.iter().any(|kind| name.starts_with(kind)) {
            return Ok(());
        }
        let inspected = self.capture(["network", "inspect", "--", name]);
        inspected.map(drop).map_err(|failure| failure.with("create it, or leave out `--network`"))
    }

    /// Removes every container of `owner`; there are some only if something went wrong.
    ///
    /// # Errors
    /// If the engine cannot be asked, or refuses.
    pub fn sweep(&self, owner: &Owner) -> Result<(), EngineError> {
        let filter = format!("label={LABEL}={owner}");
        let ids = self.containers(&filter)?;
        if ids.is_empty() { Ok(()) } else { self.remove(&ids) }
    }

    /// Removes the containers of runs that are certainly dead, seen from `me`.
    ///
    /// # Errors
    /// If the engine cannot be asked, or refuses.
    pub fn sweep_dead(&self, me: &Owner) -> Result<CleanupReport, EngineError> {
        let (mut dead, mut elsewhere) = (Vec::new(), 0);
        for id in self.containers(&format!("label={LABEL}"))? {
            let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
            // Another run may have removed its own container by now.
            let Ok(label) = self.capture(["container", "inspect", "--format", &format, &id]) else { continue };
            match std::str::from_utf8(&label).ok().and_then(|label| Owner::parse(label.trim_end())) {
                Some(owner) if me.knows_gone(&owner) => dead.push(id),
                Some(owner) if me.shares_world_with(&owner) => {}
                _ => elsewhere += 1,
            }
        }
        if !dead.is_empty() {
            self.remove(&dead)?;
        }
        Ok(CleanupReport { removed: dead.len(), elsewhere })
    }

    /// The IDs of all containers, running or not, that `filter` lets through.
    fn containers(&self, filter: &str) -> Result<Vec<String>, EngineError> {
        let ids = self.capture_in_any_case(["ps", "--all", "--quiet", "--no-trunc", "--filter", filter])?;
        Ok(String::from_utf8_lossy(&ids).split_ascii_whitespace().map(str::to_owned).collect())
    }

    /// Removes containers, running or not, and the volumes that were made for them. That one is not there is fine.
    pub(super) fn remove(&self, containers: &[impl AsRef<str>]) -> Result<(), EngineError> {
        let names = containers.iter().map(AsRef::as_ref);
        match self.capture_in_any_case(["rm", "--force", "--volumes"].into_iter().chain(names)) {
            Err(failure) if failure.status.is_none() || !failure.said.lines().all(is_missing) => Err(failure),
            _ => Ok(()),
        }
    }
}

/// A container that may be there and must not outlive this.
struct Container<'a> {
    engine: &'a Engine,
    remover: &'a Remover,
    name: &'a str,
    there: bool,
    /// Whether it may still run.
    runs: bool,
    /// Whether it has a limit of memory.
    is_limited: bool,
}

impl Container<'_> {
    /// Asks how the container ended, after the engine's command ended with another status than 0.
    fn ended(&mut self, shown: &str, status: ExitStatus, stderr: &Output) -> Result<ContainerEnd, EngineError> {
        match self.inspect() {
            // The command is gone, killed for instance: its status is not that of the program.
            Ok((state, _)) if has_started(&state) && !is_over(&state) => {
                self.runs = true;
                let said = format!("`docker run` exited, but the container is still `{}`", state.status);
                Err(EngineError { command: shown.to_owned(), status: Some(status), said })
            }
            Ok((mut state, command)) => {
                if state.exit_code == KILLED && self.is_limited && !state.oom_killed {
                    let answer = self.was_out_of_memory();
                    state.oom_is_unknown = answer.is_err();
                    state.oom_killed = answer.unwrap_or_default();
                }
                Ok(ContainerEnd::Failed { state, command })
            }
            Err(failure) if is_missing(&failure.said) => {
                self.there = false;
                Ok(ContainerEnd::NotCreated(stderr.text()))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether the engine had an event of it. The state of a container has only what came before its end, and on a busy
    /// machine the kernel's notice comes after; the event is there in either case.
    fn was_out_of_memory(&self) -> Result<bool, EngineError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let until = (now + 1).to_string();
        let filter = format!("container={}", self.name);
        let args = ["events", "--since", "1", "--until", &until, "--filter", &filter, "--filter", "event=oom"];
        // With another clock the engine might wait for long.
        let engine = self.engine.clone().with_patience(self.engine.patience().min(EVENTS));
        // Without `--format`: since 29.0 Docker's events have no `.Status` (moby#50832). Each event is a line.
        let said = engine.capture(args)?;
        Ok(String::from_utf8_lossy(&said).lines().any(|line| line.contains(" oom ")))
    }

    /// The time is over. Only the engine knows whether the container ran all that time.
    fn out_of_time(&mut self, shown: &str, timeout: Duration) -> Result<ContainerEnd, EngineError> {
        let not_started = |said: &str| {
            let said =
                format!("the container did not start within {} s{said}; raise `--timeout`", timeout.as_secs_f64());
            EngineError { command: shown.to_owned(), status: None, said }
        };
        match self.inspect() {
            Ok((state, command)) if is_over(&state) => {
                Ok(if state.exit_code == 0 { ContainerEnd::Success } else { ContainerEnd::Failed { state, command } })
            }
            Ok((state, _)) if has_started(&state) => Ok(ContainerEnd::OutOfTime),
            Ok((state, _)) => Err(not_started(&format!(" (it is still `{}`)", state.status))),
            Err(failure) if is_missing(&failure.said) => Err(not_started("")),
            Err(failure) => Err(failure),
        }
    }

    /// It was ready a moment ago: it stays up, or that was its last moment.
    fn when_ready(&mut self) -> Result<ContainerEnd, EngineError> {
        match self.inspect()? {
            (state, _) if !is_over(&state) => Ok(ContainerEnd::Ready),
            (state, _) if state.exit_code == 0 => Ok(ContainerEnd::Success),
            (state, command) => Ok(ContainerEnd::Failed { state, command }),
        }
    }

    fn inspect(&self) -> Result<(State, Vec<String>), EngineError> {
        let format = "{{json .State}}\n{{json .Path}}\n{{json .Args}}";
        let args = ["container", "inspect", "--format", format, self.name];
        let answer = self.engine.capture(args)?;
        let unreadable = |error: serde_json::Error| EngineError {
            command: shown(&self.engine.command(args)),
            status: None,
            said: format!("cannot read its answer ({error}): choose another engine with `--docker`"),
        };
        let mut answers = serde_json::Deserializer::from_slice(&answer);
        let state = State::deserialize(&mut answers).map_err(unreadable)?;
        let path = String::deserialize(&mut answers).map_err(unreadable)?;
        let args = Option::<Vec<String>>::deserialize(&mut answers).map_err(unreadable)?;
        Ok((state, std::iter::once(path).chain(args.unwrap_or_default()).collect()))
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        match (self.there, self.runs) {
            (false, _) => {}
            (true, false) => self.remover.take(self.name),
            // At once, or more would run than was asked for. How the run ended is worth more than that tidying up failed:
            // what stays is swept up at the end.
            (true, true) => drop(self.engine.remove(&[self.name])),
        }
    }
}

/// Sets a flag when it goes.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn arguments(order: &ContainerSpec<'_>) -> Vec<String> {
    let label = format!("{LABEL}={}", order.owner);
    // Without a log driver the engine keeps no copy of what is printed: a program that floods must not fill its disk.
    let fixed = ["run", "--pull", "never", "--log-driver", "none", "--name", order.name, "--label", &label];
    let memory = order.memory.into_iter().flat_map(|memory| ["--memory", memory]);
    let network = order.network.into_iter().flat_map(|network| ["--network", network]);
    let plain = fixed.into_iter().chain(memory).chain(network).map(str::to_owned);
    plain.chain(order.ready.iter().flat_map(ready_arguments)).chain([order.image.to_owned()]).collect()
}

/// The health is checked every second: an image's own interval is for a service that runs for long.
fn ready_arguments(check: &ReadyCheck<'_>) -> Vec<String> {
    let publish = |port: &u16| ["--publish".to_owned(), format!("127.0.0.1::{port}")];
    match (check.when, check.access) {
        (ReadyWhen::Healthy, _) => vec!["--health-interval=1s".to_owned()],
        (when, PortAccess::Published) => when.ports().iter().flat_map(publish).collect(),
        _ => Vec::new(),
    }
}

/// Docker: `No such container: x`; podman: `no such container "x"` or `no container with name or ID "x" found`.
fn is_missing(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("no such container") || said.contains("no container with name or id")
}

fn is_over(state: &State) -> bool {
    matches!(state.status.as_str(), "exited" | "dead" | "stopped")
}

fn has_started(state: &State) -> bool {
    !matches!(state.status.as_str(), "created" | "initialized" | "configured")
}

#[cfg(test)]
mod tests {
    use super::ContainerSpec;
    use crate::engine::Engine;
    use crate::engine::cleanup::Remover;
    use crate::engine::run_label::Owner;
    use crate::interrupt::Interrupt;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    /// An engine that prints a word when it runs something and writes down all that it is asked.
    fn engine(folder: &std::path::Path, patience: Duration, script: &str) -> Engine {
        let path = folder.join("engine");
        let asked = folder.join("asked");
        fs::write(&path, format!("#!/bin/sh\necho \"$1 $2\" >>'{}'\n{script}\n", asked.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Engine::new(path).with_patience(patience)
    }

    fn order<'a>(owner: &'a Owner, remover: &'a Remover, timeout: Duration) -> ContainerSpec<'a> {
        ContainerSpec { image: "m:a", name: "x", owner, remover, timeout, memory: None, network: None, ready: None }
    }

    #[test]
    fn a_panic_on_the_way_leaves_no_container() {
        let folder = tempfile::tempdir().unwrap();
        let script = "[ \"$1\" != run ] || { echo hello; exec sleep 1000; }";
        let engine = engine(folder.path(), Duration::from_secs(60), script);
        let (owner, remover) = (Owner::me(), Remover::new(&engine));
        let order = order(&owner, &remover, Duration::from_secs(60));
        let run = || engine.run(&order, &Interrupt::default(), &mut |_| panic!("in the middle of a run"));
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(fs::read_to_string(folder.path().join("asked")).unwrap(), "run --pull\nrm --force\n");
    }

    #[test]
    fn an_engine_that_hangs_when_asked_how_it_ended_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let script = "case $1 in run) exit 1 ;; *) exec sleep 1000 ;; esac";
        let engine = engine(folder.path(), Duration::from_millis(200), script);
        let (owner, remover) = (Owner::me(), Remover::new(&engine));
        let failure = engine.run(&order(&owner, &remover, Duration::from_secs(60)), &Interrupt::default(), &mut |_| {});
        let text = failure.unwrap_err().to_string();
        assert!(text.contains("container inspect") && text.contains("no answer within 0.2 s"), "{text}");
    }

    #[test]
    fn an_engine_that_hangs_before_there_is_a_container_is_no_time_out_of_the_image() {
        let folder = tempfile::tempdir().unwrap();
        let script = "case $1 in run) exec sleep 1000 ;; *) echo 'Error: No such container: x' >&2; exit 1 ;; esac";
        let engine = engine(folder.path(), Duration::from_secs(60), script);
        let (owner, remover) = (Owner::me(), Remover::new(&engine));
        let failure =
            engine.run(&order(&owner, &remover, Duration::from_millis(200)), &Interrupt::default(), &mut |_| {});
        assert!(failure.unwrap_err().to_string().contains("did not start within 0.2 s"));
    }
}
