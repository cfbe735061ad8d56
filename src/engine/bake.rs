//! Builds many images with one command, `docker buildx bake`, and tells of each how that went.
//!
//! What is in the build cache is done in little more time than one image takes. But bake stops all at the first failure, and it
//! has no limit to how many steps run at once: where there is to be one, see [`BakeLimits`], it is ended as soon as it does
//! more. Nothing is said of the images that it did not come to: they are to be built in another way.

mod definitions;
mod documents;
mod progress;

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use super::Engine;
use super::build::{BuildSpec, without_attestations};
use super::build_output::BuildFailure;
use super::process::{self, Deadline, ProcessEnd, Stream};
use crate::interrupt::Interrupt;
use documents::Documents;
use progress::BakeProgress;

pub use definitions::Definitions;

/// How often it is looked at what runs.
const PERIOD: Duration = Duration::from_millis(100);

/// What bake may do before it is ended, where it is not to build all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BakeLimits {
    /// How many steps may run at once, for longer than [`progress::GRACE`].
    pub steps: usize,
    /// Whether it may go on when all that it is at are steps that run. A failure would end them all, so only where one image
    /// is left, and no other work waits, there is nothing to lose.
    pub may_run_the_last: bool,
}

/// What is heard of a target on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BakeEvent<'a> {
    /// A line for its log, with its end.
    Said(&'a [u8]),
    /// A step has been running for some time.
    Runs(&'a str),
    /// Its image is there, after this time.
    Built(Duration),
}

/// What bake came to. Of the targets that are named nowhere here, and were not [`BakeEvent::Built`], nothing is known.
#[derive(Debug, Default)]
pub struct BakeResult {
    /// Those that failed, with the time.
    pub failed: Vec<(usize, BuildFailure, Duration)>,
    /// Those with a step that ran when the user asked twice to stop.
    pub cut_off: Vec<usize>,
    /// Whether bake is there, and was understood.
    pub is_understood: bool,
    /// Whether it stopped by itself at those that failed, so that more may come of it without them.
    pub was_stopped_by_failure: bool,
}

impl Engine {
    /// Builds `specs`, all at once; `hear` is told what becomes of each, by its place. Those before the place `first` are there
    /// only for what is built on them: they are built, or taken from the cache, and no image is made of them.
    ///
    /// Where there is no bake, or it does not understand, or is not understood, nothing is known of any: no error, since they
    /// can all be built one by one.
    pub fn bake(
        &self,
        specs: &[&BuildSpec],
        first: usize,
        limits: Option<BakeLimits>,
        interrupt: &Interrupt,
        hear: &mut dyn FnMut(usize, BakeEvent<'_>),
    ) -> BakeResult {
        let Some(definitions) = Definitions::new(specs, first) else { return BakeResult::default() };
        let Ok(command) = self.bake_command(&definitions) else { return BakeResult::default() };
        let state = RefCell::new((BakeProgress::new(definitions.bases()), hear));
        let mut documents = [Documents::new(), Documents::new()];
        let limit = Deadline { time: None, interrupt, grace: Duration::ZERO };
        // Not for every piece of what bake says: each time all that runs is looked through.
        let looked = Cell::new(Instant::now());
        let is_over = || {
            if looked.get().elapsed() < PERIOD {
                return false;
            }
            looked.set(Instant::now());
            let (progress, hear) = &mut *state.borrow_mut();
            progress.tell_running(Instant::now(), *hear);
            progress.is_not_understood(Instant::now())
                || limits.is_some_and(|limits| progress.is_over(limits, Instant::now()))
        };
        let end = process::run_until(command, limit, &is_over, &mut |stream, bytes| {
            let (progress, hear) = &mut *state.borrow_mut();
            let [out, err] = &mut documents;
            let documents = if stream == Stream::Out { out } else { err };
            documents.push(bytes, |piece| progress.piece(piece, Instant::now(), *hear));
        });
        let (mut progress, hear) = state.into_inner();
        for documents in documents {
            documents.end(|piece| progress.piece(piece, Instant::now(), hear));
        }
        // Also if all is well: built one by one, from the cache now, each image has its times and its log.
        if !progress.is_understood() {
            return BakeResult::default();
        }
        let mut result = BakeResult { is_understood: true, ..BakeResult::default() };
        match end {
            Ok(ProcessEnd::Exited(status)) if status.success() => progress.all_are_built(Instant::now(), hear),
            Ok(ProcessEnd::Exited(status)) if status.code().is_some() => {
                result.failed = progress.failures(Instant::now(), hear);
                result.was_stopped_by_failure = !result.failed.is_empty();
            }
            Ok(ProcessEnd::Interrupted) => result.cut_off = progress.running(),
            _ => {}
        }
        result
    }

    fn bake_command(&self, definitions: &Definitions) -> io::Result<Command> {
        let words = ["buildx", "bake", "--progress=rawjson", "--load", "-f", "-"];
        let mut command = self.command(words.map(OsString::from));
        without_attestations(&mut command);
        // Else bake asks for leave to read outside this folder, where `build` does not ask.
        command.env("BUILDX_BAKE_ENTITLEMENTS_FS", "0");
        command.stdin(file_of(&definitions.json()?)?);
        Ok(command)
    }
}

/// A file without a name that has this text in it.
fn file_of(text: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(text)?;
    file.rewind()?;
    Ok(file)
}
