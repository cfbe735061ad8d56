//! Builds each image of the normal set once, through the generated Compose file, and tells which was not built and why.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use crate::compose::{Project, Version};
use crate::stand_ins;

/// How many builds at once.
const WORKERS: usize = 2;

/// Makes sure that every image of the normal set that can be built here is; fails with the first that was not.
#[track_caller]
pub(crate) fn normal_set() {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    if let Err(failures) = BUILT.get_or_init(build_each) {
        panic!("{failures}");
    }
}

/// One `docker compose build` for each service, so that a failure has a name and a log of its own.
fn build_each() -> Result<(), String> {
    let services = stand_ins::normal_services_here();
    let project = Project::of_normal_set(Version::V2, "minimage-build");
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(service) = services.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ran = project.run(&format!("build.{service}"), &["build", service]);
                    if ran.code != Some(0) {
                        let output = ran.output();
                        let step = failing_step(&output).unwrap_or("before any step");
                        failures.lock().unwrap().push(format!("{service}: {step}\n{}", ran.failure("should build it")));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    match failures.len() {
        0 => Ok(()),
        number => Err(format!("{number} of {} images were not built\n\n{}", services.len(), failures.join("\n\n"))),
    }
}

/// The step at which a build failed: the last `> [stage 2/4] STEP:` of its closing lines.
pub(crate) fn failing_step(output: &str) -> Option<&str> {
    output.lines().rev().find_map(|line| line.trim_start().strip_prefix("> ")?.split_once("] ")).map(|(_, step)| step)
}

#[test]
fn the_failing_step_is_found_in_what_buildkit_prints() {
    let output = "#7 [stage-1 2/3] COPY a .\n------\n > [stage-1 3/3] RUN false:\n------\nfailed to solve: x";
    assert_eq!(failing_step(output), Some("RUN false:"));
    assert_eq!(failing_step("pulled nothing"), None);
}
