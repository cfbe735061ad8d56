//! Follows bake by what it says with `--progress=rawjson`: for each target the lines that `build --progress=plain` would print,
//! when its image is there, which steps run, and who is to blame when bake fails.
//!
//! It says JSON objects (see [`super::documents`]) with vertices (a name, by which the target is known, and when it started and
//! completed), statuses and logs of vertices; beside them there is text, above all the last line, which names the target that
//! failed. Targets that have a step in common have its vertex in common. What is not understood is passed over.

mod status;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::{BakeEvent, BakeLimits};
use crate::engine::build_output::{BuildFailure, BuildLog, plain_error};
use crate::gather::Gather;
use status::{Log, Status, Vertex, decoded};

/// How long a step runs before it counts: what is in the cache does not take so long.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// How long bake may say what is not understood, before anything is: it says at once what it does first.
const CONFUSION: Duration = Duration::from_secs(5);

/// How many vertices and statuses are remembered: bake has some tens for each target.
const MOST: usize = 200_000;

/// How much of a line that has no end yet is kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// How many lines of text are kept: what is said of a failure is at the end.
const KEPT: usize = 100;

type Hear<'a> = dyn FnMut(usize, BakeEvent<'_>) + 'a;

/// What is known so far.
#[derive(Debug)]
pub(super) struct BakeProgress<'a> {
    bases: &'a [Vec<usize>],
    targets: Vec<Target>,
    vertices: BTreeMap<String, Work>,
    text: VecDeque<String>,
    is_understood: bool,
    first_said: Option<Instant>,
}

#[derive(Debug, Default)]
struct Target {
    log: BuildLog,
    numbers: BTreeMap<String, u32>,
    ended: BTreeSet<u32>,
    begun: Option<Instant>,
    is_built: bool,
    told: Option<String>,
}

/// A vertex, whichever targets it is of.
#[derive(Debug, Default)]
struct Work {
    owners: Vec<usize>,
    name: String,
    started: Option<Instant>,
    running: Option<Instant>,
    begun_line: Vec<u8>,
    statuses: BTreeSet<String>,
    error: Option<String>,
}

impl<'a> BakeProgress<'a> {
    /// Nothing is known. `bases` has for each target the places of those that it is built on.
    pub(super) fn new(bases: &'a [Vec<usize>]) -> Self {
        let targets = bases.iter().map(|_| Target::default()).collect();
        let (vertices, text) = (BTreeMap::new(), VecDeque::new());
        Self { bases, targets, vertices, text, is_understood: false, first_said: None }
    }

    /// Takes in a document, or a line of text without its end.
    pub(super) fn piece(&mut self, piece: &[u8], now: Instant, hear: &mut Hear<'_>) {
        self.first_said.get_or_insert(now);
        let Ok(status) = serde_json::from_slice::<Status>(piece) else {
            return piece.split(|byte| *byte == b'\n').for_each(|line| self.text(line));
        };
        self.is_understood |= status.vertexes.is_some() || status.statuses.is_some() || status.logs.is_some();
        for vertex in status.vertexes.into_iter().flatten() {
            self.vertex(&vertex, now, hear);
        }
        for status in status.statuses.into_iter().flatten() {
            if status.completed.is_some() {
                self.status(&status.vertex, status.id, hear);
            }
        }
        for log in status.logs.into_iter().flatten() {
            self.log(&log, now, hear);
        }
    }

    fn text(&mut self, line: &[u8]) {
        if self.text.len() == KEPT {
            self.text.pop_front();
        }
        let line = line.get(..LONGEST).unwrap_or(line);
        self.text.push_back(String::from_utf8_lossy(line).into_owned());
    }

    fn vertex(&mut self, vertex: &Vertex, now: Instant, hear: &mut Hear<'_>) {
        let Some((place, name)) = target_of(&vertex.name) else { return };
        if place >= self.targets.len() || (self.vertices.len() >= MOST && !self.vertices.contains_key(&vertex.digest)) {
            return;
        }
        let work = self.vertices.entry(vertex.digest.clone()).or_default();
        if !work.owners.contains(&place) {
            work.owners.push(place);
        }
        work.name.clone_from(&name);
        let is_running = vertex.started.is_some() && vertex.completed.is_none();
        if is_running {
            work.started.get_or_insert(now);
        }
        work.running = if is_running && is_step(&name) { Some(work.running.unwrap_or(now)) } else { None };
        let took = work.started.map_or(Duration::ZERO, |started| now.saturating_duration_since(started));
        let is_canceled = vertex.error.contains("context canceled");
        if !vertex.error.is_empty() && !is_canceled {
            work.error = Some(vertex.error.clone());
        }
        let rest = if vertex.completed.is_some() { std::mem::take(&mut work.begun_line) } else { Vec::new() };
        let Some(target) = self.targets.get_mut(place) else { return };
        let number = target.number(&vertex.digest, &name, place, hear);
        if is_running || vertex.completed.is_some() {
            target.begun.get_or_insert(now);
        }
        if vertex.completed.is_none() {
            return;
        }
        if !rest.is_empty() {
            target.say(place, &format!("#{number} {} {}", seconds(took), String::from_utf8_lossy(&rest)), hear);
        }
        if target.ended.insert(number) || !vertex.error.is_empty() {
            let end = match () {
                () if is_canceled => "CANCELED".to_owned(),
                () if !vertex.error.is_empty() => format!("ERROR: {}", one_line(&vertex.error)),
                () if vertex.cached => "CACHED".to_owned(),
                () => format!("DONE {}s", seconds(took)),
            };
            target.say(place, &format!("#{number} {end}"), hear);
        }
        if name == "exporting to image" && vertex.error.is_empty() {
            target.built(place, now, hear);
        }
    }

    fn status(&mut self, digest: &str, id: String, hear: &mut Hear<'_>) {
        let Some(work) = self.vertices.get_mut(digest).filter(|work| work.statuses.len() < MOST) else { return };
        let line = format!("{} done", one_line(&id));
        if !work.statuses.insert(id) {
            return;
        }
        for place in work.owners.clone() {
            self.say(place, digest, &line, hear);
        }
    }

    fn log(&mut self, log: &Log, now: Instant, hear: &mut Hear<'_>) {
        let Some(work) = self.vertices.get_mut(&log.vertex) else { return };
        let mut bytes = std::mem::take(&mut work.begun_line);
        bytes.extend(decoded(&log.data));
        let time = seconds(work.started.map_or(Duration::ZERO, |started| now.saturating_duration_since(started)));
        let owners = work.owners.clone();
        let mut pieces = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() && piece.len() < LONGEST {
                if let Some(work) = self.vertices.get_mut(&log.vertex) {
                    work.begun_line = piece.to_vec();
                }
                return;
            }
            let line = format!("{time} {}", String::from_utf8_lossy(piece));
            for place in &owners {
                self.say(*place, &log.vertex, &line, hear);
            }
        }
    }

    /// Has the target at `place` say a line of this vertex.
    fn say(&mut self, place: usize, digest: &str, line: &str, hear: &mut Hear<'_>) {
        let Some(target) = self.targets.get_mut(place) else { return };
        if let Some(number) = target.numbers.get(digest).copied() {
            target.say(place, &format!("#{number} {line}"), hear);
        }
    }

    /// Tells which steps have been running for some time, each once.
    pub(super) fn tell_running(&mut self, now: Instant, hear: &mut Hear<'_>) {
        let at = self.long_running(now).into_iter();
        let at: BTreeMap<usize, String> =
            at.flat_map(|work| work.owners.iter().map(|place| (*place, work.name.clone()))).gather();
        for (place, step) in at {
            let target = self.targets.get_mut(place);
            if let Some(target) = target.filter(|target| target.told.as_ref() != Some(&step)) {
                hear(place, BakeEvent::Runs(&step));
                target.told = Some(step);
            }
        }
    }

    /// Whether anything was understood, but for text.
    pub(super) fn is_understood(&self) -> bool {
        self.is_understood
    }

    /// Whether bake has been talking for some time, and nothing was understood: it cannot be followed.
    pub(super) fn is_not_understood(&self, now: Instant) -> bool {
        let is_long = |since: Instant| now.saturating_duration_since(since) >= CONFUSION;
        !self.is_understood && self.first_said.is_some_and(is_long)
    }

    /// Whether bake does more than it may.
    pub(super) fn is_over(&self, limits: BakeLimits, now: Instant) -> bool {
        let running = self.long_running(now);
        let at: BTreeSet<usize> = running.iter().flat_map(|work| work.owners.iter().copied()).gather();
        let is_open = |(place, target): (usize, &Target)| (!target.is_built).then_some(place);
        let open: Vec<usize> = self.targets.iter().enumerate().filter_map(is_open).collect();
        let is_at_the_last = open.len() == 1 && limits.may_run_the_last;
        let all_run = !open.is_empty() && open.iter().all(|place| at.contains(place));
        running.len() > limits.steps || (all_run && !is_at_the_last)
    }

    fn long_running(&self, now: Instant) -> Vec<&Work> {
        let is_long = |since: Instant| now.saturating_duration_since(since) >= GRACE;
        self.vertices.values().filter(|work| work.running.is_some_and(is_long)).collect()
    }

    /// The targets that have a step that runs.
    pub(super) fn running(&self) -> Vec<usize> {
        let running = self.vertices.values().filter(|work| work.running.is_some());
        let places: BTreeSet<usize> = running.flat_map(|work| work.owners.iter().copied()).gather();
        places.into_iter().collect()
    }

    /// Bake has ended well, so that every image is there.
    pub(super) fn all_are_built(&mut self, now: Instant, hear: &mut Hear<'_>) {
        for (place, target) in self.targets.iter_mut().enumerate() {
            target.built(place, now, hear);
        }
    }

    /// Bake has failed: who is to blame, as far as its last words tell. All others are only canceled.
    pub(super) fn failures(&mut self, now: Instant, hear: &mut Hear<'_>) -> Vec<(usize, BuildFailure, Duration)> {
        let text: Vec<String> = std::mem::take(&mut self.text).into();
        let failed = text.iter().rev().find_map(|line| blamed(line)).filter(|(place, _)| *place < self.targets.len());
        let Some((place, message)) = failed else { return Vec::new() };
        let mut failures = Vec::new();
        for place in self.at_fault(place, &message) {
            let Some(target) = self.targets.get_mut(place) else { continue };
            for line in &text {
                let line = blamed(line).map_or_else(|| line.clone(), |(_, message)| format!("ERROR: {message}"));
                target.say(place, &line, hear);
            }
            let took = target.begun.map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
            failures.push((place, target.log.failure(), took));
        }
        failures
    }

    /// Whose failure it is that `named` failed with `message`: of a step, of all that have it, but not of what is built on
    /// one that has it.
    fn at_fault(&self, named: usize, message: &str) -> Vec<usize> {
        let bases = |place: usize| self.bases.get(place).map(Vec::as_slice).unwrap_or_default();
        let of_step = self.vertices.values().find(|work| {
            work.owners.contains(&named) && work.error.as_ref().is_some_and(|error| message.contains(error.as_str()))
        });
        match of_step {
            Some(work) => {
                let is_of_base = |place: usize| bases(place).iter().any(|base| work.owners.contains(base));
                work.owners.iter().copied().filter(|place| !is_of_base(*place)).collect()
            }
            // It may be that of a base.
            None if bases(named).iter().any(|base| self.targets.get(*base).is_none_or(|base| !base.is_built)) => {
                Vec::new()
            }
            None => vec![named],
        }
    }
}

impl Target {
    /// The number of the vertex in the log of this target, which says so when it is new.
    fn number(&mut self, digest: &str, name: &str, place: usize, hear: &mut Hear<'_>) -> u32 {
        if let Some(number) = self.numbers.get(digest) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.numbers.insert(digest.to_owned(), number);
        self.say(place, &format!("#{number} {}", one_line(name)), hear);
        number
    }

    fn say(&mut self, place: usize, line: &str, hear: &mut Hear<'_>) {
        self.log.line(line.as_bytes(), true);
        hear(place, BakeEvent::Said(format!("{line}\n").as_bytes()));
    }

    fn built(&mut self, place: usize, now: Instant, hear: &mut Hear<'_>) {
        if !self.is_built {
            self.is_built = true;
            let took = self.begun.map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
            hear(place, BakeEvent::Built(took));
        }
    }
}

/// `[t7 2/3] RUN x` is of the target at 7, and called `[2/3] RUN x`; `[t7] exporting` is `exporting`.
fn target_of(name: &str) -> Option<(usize, String)> {
    let (digits, rest) = digits(name.strip_prefix("[t")?);
    let place = digits.parse().ok()?;
    match rest.strip_prefix("] ") {
        Some(rest) => Some((place, rest.to_owned())),
        None => Some((place, format!("[{}", rest.strip_prefix(' ')?))),
    }
}

/// The target that bake's last line says has failed, and with what.
fn blamed(line: &str) -> Option<(usize, String)> {
    let line = plain_error(line.strip_prefix("ERROR: ")?);
    let (digits, rest) = digits(line.strip_prefix("target t")?);
    Some((digits.parse().ok()?, plain_error(rest.strip_prefix(": ")?).to_owned()))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Whether the vertex of this name is an instruction of a Dockerfile, and not what a builder does beside them.
fn is_step(name: &str) -> bool {
    name.starts_with('[') && !["[internal]", "[auth]", "[context "].iter().any(|start| name.starts_with(start))
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// `1.234`.
fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

#[cfg(test)]
mod tests;
