//! Removes ended containers beside the work: nobody waits for it, and several go with one command of the engine.
//!
//! Only what has ended is given to it. What still runs is removed by whoever ran it, before the next one begins.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use super::Engine;

/// How many containers go with one command: its line stays short, and the engine removes them side by side.
const AT_ONCE: usize = 32;

/// Takes containers to be removed. When it is dropped, all of them are.
#[derive(Debug)]
pub struct Remover {
    names: Option<Sender<String>>,
    worker: Option<JoinHandle<()>>,
}

impl Remover {
    /// Removes containers from `engine`.
    pub fn new(engine: &Engine) -> Self {
        let engine = engine.clone();
        let (names, taken) = mpsc::channel();
        let worker = thread::spawn(move || remove(&engine, &taken));
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

fn remove(engine: &Engine, taken: &Receiver<String>) {
    while let Ok(first) = taken.recv() {
        let names: Vec<String> = std::iter::once(first).chain(taken.try_iter().take(AT_ONCE - 1)).collect();
        // How a run ended is worth more than that tidying up failed: what stays is swept up at the end.
        let _ = engine.remove(&names);
    }
}

#[cfg(test)]
mod tests {
    use super::Remover;
    use crate::engine::Engine;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::{Duration, Instant};

    #[test]
    fn what_comes_while_one_is_removed_goes_with_one_command_and_all_are_gone_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        let script = "#!/bin/sh\ncd \"${0%/*}\"\necho \"$*\" >>asked\nuntil [ -e go ]; do sleep 0.01; done\n";
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let remover = Remover::new(&Engine::new(path));
        remover.take("a");
        let start = Instant::now();
        while !folder.path().join("asked").exists() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        remover.take("b");
        remover.take("c");
        fs::write(folder.path().join("go"), "").unwrap();
        drop(remover);
        let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
        assert_eq!(asked, "rm --force --volumes a\nrm --force --volumes b c\n");
    }
}
