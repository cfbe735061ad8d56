//! Removes ended containers beside the work: no one waits for it, and several go with one command of the engine.
//!
//! Only what has ended is given to it. What still runs is removed by the job that ran it, before the next one begins.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Engine;

/// How many containers go with one command: to start one for each costs more than the engine takes to remove it.
const AT_ONCE: usize = 16;

/// How long the first of them waits for the others: what has ended holds no more than its files.
const PAUSE: Duration = Duration::from_secs(2);

/// Takes containers to be removed. When it is dropped, all of them are.
#[derive(Debug)]
pub struct Remover {
    names: Option<Sender<String>>,
    worker: Option<JoinHandle<()>>,
}

impl Remover {
    /// Removes containers from `engine`.
    pub fn new(engine: &Engine) -> Self {
        Self::with_pause(engine, PAUSE)
    }

    fn with_pause(engine: &Engine, pause: Duration) -> Self {
        let engine = engine.clone();
        let (names, taken) = mpsc::channel();
        let worker = thread::spawn(move || remove(&engine, &taken, pause));
        Self { names: Some(names), worker: Some(worker) }
    }

    /// Has the container `name` removed soon.
    pub fn take(&self, name: &str) {
        if let Some(names) = &self.names {
            // The worker ends only after this is gone.
            let _ = names.send(name.to_owned());
        }
    }
}

impl Drop for Remover {
    fn drop(&mut self) {
        self.names = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

fn remove(engine: &Engine, taken: &Receiver<String>, pause: Duration) {
    while let Ok(first) = taken.recv() {
        let start = Instant::now();
        let next = || taken.recv_timeout(pause.saturating_sub(start.elapsed())).ok();
        let names: Vec<String> = std::iter::once(first).chain(std::iter::from_fn(next)).take(AT_ONCE).collect();
        // How a run ended is worth more than that tidying up failed: what stays is swept up at the end, and that tells. To an
        // engine that hangs nothing more is said until then.
        if engine.remove(&names).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Remover};
    use crate::engine::Engine;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::thread;
    use std::time::{Duration, Instant};

    const FOR_EVER: Duration = Duration::from_secs(3600);

    /// An engine that writes down what it is asked.
    fn engine(folder: &Path) -> Engine {
        let path = folder.join("engine");
        fs::write(&path, "#!/bin/sh\ncd \"${0%/*}\"\necho \"$*\" >>asked\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Engine::new(path)
    }

    fn asked(folder: &Path) -> String {
        fs::read_to_string(folder.join("asked")).unwrap_or_default()
    }

    /// What the engine has been asked, as soon as that is something.
    fn soon_asked(folder: &Path) -> String {
        let start = Instant::now();
        while !asked(folder).ends_with('\n') && start.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(5));
        }
        asked(folder)
    }

    #[test]
    fn what_has_ended_goes_with_one_command_at_the_end_if_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let remover = Remover::with_pause(&engine(folder.path()), FOR_EVER);
        for name in ["a", "b", "c"] {
            remover.take(name);
        }
        drop(remover);
        assert_eq!(asked(folder.path()), "rm --force --volumes a b c\n");
    }

    #[test]
    fn as_many_as_go_with_one_command_wait_for_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let remover = Remover::with_pause(&engine(folder.path()), FOR_EVER);
        (0..=AT_ONCE).for_each(|number| remover.take(&number.to_string()));
        let first: Vec<_> = (0..AT_ONCE).map(|number| number.to_string()).collect();
        let first = format!("rm --force --volumes {}\n", first.join(" "));
        assert_eq!(soon_asked(folder.path()), first);
        drop(remover);
        assert_eq!(asked(folder.path()), format!("{first}rm --force --volumes {AT_ONCE}\n"));
    }

    #[test]
    fn an_engine_that_does_not_remove_is_not_asked_for_each() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path());
        fs::write(folder.path().join("engine"), "#!/bin/sh\necho \"$1\" >>\"${0%/*}/asked\"\necho no >&2\nexit 1\n")
            .unwrap();
        let remover = Remover::with_pause(&engine, FOR_EVER);
        (0..3 * AT_ONCE).for_each(|number| remover.take(&number.to_string()));
        drop(remover);
        assert_eq!(asked(folder.path()), "rm\n");
    }

    #[test]
    fn one_alone_does_not_wait_for_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let remover = Remover::with_pause(&engine(folder.path()), Duration::from_millis(1));
        remover.take("a");
        assert_eq!(soon_asked(folder.path()), "rm --force --volumes a\n");
        drop(remover);
    }
}
