//! What is still done for the engine when the program has a bug and a panic ends it at once.
//!
//! A release build does not unwind (`panic = "abort"`): no guard is dropped, nothing is caught. Then the panic hook is
//! the last code of ours that runs, and it must not leave containers behind. What it cannot reach, because the engine
//! does not answer, the next run removes. Where a panic unwinds, the guards do all this, and this is not needed.

use std::panic;
use std::thread;
use std::time::Duration;

use super::Engine;
use super::owner::Owner;
use super::process;
use crate::interrupt::Interrupt;

/// How long the engine may take for each answer: somebody waits for a program that has already said that it failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after the first look for containers the second is taken: one may have been on its way at the first.
const AGAIN: Duration = Duration::from_millis(500);

/// From now on, a panic in any thread asks all others to end what they run, and removes the containers of `owner`.
pub fn on_panic(engine: &Engine, owner: &Owner, interrupt: &Interrupt) {
    let engine = engine.clone().with_patience(engine.patience().min(PATIENCE));
    let (owner, interrupt) = (owner.clone(), interrupt.clone());
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        before(info);
        // Asked once, they begin nothing more; asked twice, they end what is running and remove its container.
        interrupt.ask();
        interrupt.ask();
        // A command that is still on its way to a container must not make it after the last look.
        process::kill_all();
        // A failure has nobody left to go to.
        let _ = engine.sweep(&owner);
        thread::sleep(AGAIN);
        let _ = engine.sweep(&owner);
    }));
}

#[cfg(test)]
mod tests {
    use super::on_panic;
    use crate::engine::Engine;
    use crate::engine::container::Order;
    use crate::engine::owner::Owner;
    use crate::engine::remover::Remover;
    use crate::interrupt::Interrupt;
    use crate::matrix::{Step, each};
    use std::convert::Infallible;
    use std::fs;
    use std::num::NonZeroUsize;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::panic;
    use std::path::Path;
    use std::process::Command;
    use std::sync::Barrier;
    use std::time::Duration;

    /// Set for the process that is to panic: the folder of its engine.
    const FOLDER: &str = "MKCOMPOSE_TEST_RESCUE";

    /// An engine whose containers are the files in `there/`; its `run` ends when its container is gone.
    const SCRIPT: &str = r#"#!/bin/sh
cd "${0%/*}" || exit 9
case $1 in
run)
    while [ "$1" != --name ]; do shift; done
    if [ "$2" = slow ]; then
        echo hello
        sleep 3
    fi
    : >"there/$2"
    : >"made/$2"
    echo hello
    while [ -e "there/$2" ]; do sleep 0.05; done
    exit 137 ;;
ps) ls there ;;
rm) rm -f "there/$4" ;;
*) exit 1 ;;
esac
"#;

    /// Two engine commands run; then the worker of `bad` panics, and the process dies of it as in a build that aborts.
    fn two_workers_of_which_one_panics(folder: &Path, bad: &str) {
        let (engine, owner, interrupt) = (Engine::new(folder.join("engine")), Owner::me(), Interrupt::default());
        on_panic(&engine, &owner, &interrupt);
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            hook(info);
            std::process::abort();
        }));
        let (both_run, remover) = (Barrier::new(2), Remover::new(&engine));
        let run = |&name: &&str| {
            let timeout = Duration::from_secs(600);
            let (memory, network) = (None, None);
            let order = Order { image: "m:a", name, owner: &owner, remover: &remover, timeout, memory, network };
            let ran = engine.run(&order, &interrupt, &mut |_| {
                both_run.wait();
                assert!(name == "good", "a worker's bug");
            });
            Step::Done(ran.map(drop))
        };
        let both = NonZeroUsize::MIN.saturating_add(1);
        each(&["good", bad], both, &interrupt, run, |_, never: Infallible| match never {});
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Has it all done in another process, which runs the test `name` up to its panic, and returns the containers that were made.
    #[track_caller]
    fn made_and_gone(name: &str, bad: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let engine = folder.path().join("engine");
        fs::write(&engine, SCRIPT).unwrap();
        fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("there")).unwrap();
        fs::create_dir(folder.path().join("made")).unwrap();

        let this = format!("engine::rescue::tests::{name}");
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &this, "--nocapture"]).env(FOLDER, folder.path());
        let output = child.output().unwrap();

        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(6), "it did not abort: {said}");
        assert!(said.contains("a worker's bug"), "{said}");
        // Long enough for a command that was left alone to make its container.
        if bad == "slow" {
            std::thread::sleep(Duration::from_secs(4));
        }
        assert_eq!(files(&folder.path().join("there")), Vec::<String>::new());
        files(&folder.path().join("made"))
    }

    #[test]
    fn a_panic_that_aborts_leaves_no_container() {
        if let Some(folder) = std::env::var_os(FOLDER) {
            return two_workers_of_which_one_panics(Path::new(&folder), "bad");
        }
        let made = made_and_gone("a_panic_that_aborts_leaves_no_container", "bad");
        assert_eq!(made, ["bad", "good"]);
    }

    #[test]
    fn a_command_that_would_make_its_container_after_the_panic_is_killed() {
        if let Some(folder) = std::env::var_os(FOLDER) {
            return two_workers_of_which_one_panics(Path::new(&folder), "slow");
        }
        let made = made_and_gone("a_command_that_would_make_its_container_after_the_panic_is_killed", "slow");
        assert_eq!(made, ["good"]);
    }
}
