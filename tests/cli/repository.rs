//! The repository checks itself: its committed Compose files are those that its Dockerfiles give.

use std::path::Path;
use std::process::Command;

use crate::case::{MKCOMPOSE, Run};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_committed_compose_files_are_current() {
    let output = Command::new(MKCOMPOSE).args(["-C", ROOT, "--check"]).output().unwrap();
    let run = Run::of(output);
    assert_eq!((run.code(), run.stdout().as_str()), (0, ""), "{}", run.stderr());
}

#[test]
fn both_compose_files_of_this_repository() {
    for name in ["docker-compose.yml", "docker-compose.err.yml"] {
        let text = std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
        insta::assert_snapshot!(name, text);
    }
}
