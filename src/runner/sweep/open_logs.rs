//! The logs of all images that bake builds at once: few of their files are open at a time, as a process may not have many.

use std::collections::{BTreeMap, VecDeque};

use crate::repository::service_name::ServiceName;
use crate::runner::logs::{Log, Logs, Phase};

/// How many files are open: more images than that seldom say something at the same time.
const MOST: usize = 16;

/// The logs by the places of their images.
#[derive(Debug)]
pub(super) struct OpenLogs<'a> {
    logs: &'a Logs,
    begun: BTreeMap<usize, Log<'a>>,
    open: VecDeque<usize>,
}

impl<'a> OpenLogs<'a> {
    /// None has begun.
    pub(super) fn new(logs: &'a Logs) -> Self {
        Self { logs, begun: BTreeMap::new(), open: VecDeque::new() }
    }

    /// Adds a line to the log of the build of `service`, whose image is at `place`.
    pub(super) fn write(&mut self, place: usize, service: &ServiceName, line: &[u8]) {
        if !self.open.contains(&place) {
            if self.open.len() == MOST
                && let Some(oldest) = self.open.pop_front()
            {
                self.close(oldest);
            }
            self.open.push_back(place);
        }
        self.begun.entry(place).or_insert_with(|| self.logs.begin(service, Phase::Build)).write(line);
    }

    /// Closes the file of a log to which little is likely to be added.
    pub(super) fn close(&mut self, place: usize) {
        self.open.retain(|open| *open != place);
        if let Some(log) = self.begun.get_mut(&place) {
            log.close();
        }
    }
}
