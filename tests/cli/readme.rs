//! The README shows real output: its commands that need no engine are run here, in a copy of this repository, and must
//! print just what it says. Of those that need one, `tests/engine/readme.rs` runs `why`, `sizes`
//! and Compose; what `build` and `test` say changes with every run (times, a folder), and is held by nothing.
//!
//! With `INSTA_UPDATE=always`, which writes snapshots anew, the outputs in README are written anew too.

use std::path::Path;
use std::process::Command;

use crate::case::{Case, MKCOMPOSE};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The `$` commands of the `console` blocks of this repository, or of the blocks below `<!-- in FOLDER -->`; each with the
/// output below it.
fn commands(readme: &str, folder: Option<&str>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut before = "";
    for block in readme.split("```console\n") {
        let of_folder = before.trim_end().rsplit("<!-- in ").next().and_then(|rest| rest.strip_suffix(" -->"));
        let is_first = std::mem::replace(&mut before, block).is_empty();
        if is_first || of_folder != folder {
            continue;
        }
        for line in block.split("```").next().unwrap().lines() {
            match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => found.push((command.to_owned(), String::new())),
                (None, Some((_, output))) => output.extend([line, "\n"]),
                (None, None) => panic!("output without a command: {line}"),
            }
        }
    }
    found
}

/// Needs an engine, or cannot be run inside itself.
fn is_elsewhere(command: &str) -> bool {
    let needs_engine = ["build", "test", "sizes", "why"];
    command == "cargo test"
        || command.starts_with("docker")
        || command.starts_with("cargo install ")
        || needs_engine.iter().any(|word| command.contains(&format!("mkcompose {word}")))
}

fn copy_of_the_repository() -> Case {
    let case = Case::empty();
    for name in ["dockerfiles", "samples", "docker-compose.yml", "docker-compose.err.yml"] {
        let status = Command::new("cp").arg("-R").arg(Path::new(ROOT).join(name)).arg(case.path()).status().unwrap();
        assert!(status.success(), "{name}");
    }
    case
}

#[test]
fn the_commands_of_the_readme_print_what_it_shows() {
    let case = copy_of_the_repository();
    check(&case, "README.md", None, 1);
}

/// Runs the commands of `document` that are about `folder` in `case`, at least so many.
#[track_caller]
fn check(case: &Case, document: &str, folder: Option<&str>, least: usize) {
    let path = Path::new(ROOT).join(document);
    let readme = std::fs::read_to_string(&path).unwrap();
    let commands: Vec<_> =
        commands(&readme, folder).into_iter().filter(|(command, _)| !is_elsewhere(command)).collect();
    assert!(commands.len() >= least, "{commands:?}");
    let is_update = std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always");
    let mut updated = readme.clone();
    for (command, shown) in commands {
        // The newcomer's command is the program itself; what Cargo adds is not ours.
        let words = command.replace("cargo run --release", "mkcompose");
        let ours = |word| if word == "mkcompose" { "\"$MKCOMPOSE\"" } else { word };
        let line = words.split(' ').map(ours).collect::<Vec<_>>().join(" ");
        let mut shell = case.command_under(&["sh", "-c", &format!("{{ {line}; }} 2>&1")], &[]);
        let output = shell.env("MKCOMPOSE", MKCOMPOSE).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        if is_update {
            updated = with_output(&updated, &command, &shown, &printed);
        } else {
            assert_eq!(printed, shown, "{document}: `$ {command}`; INSTA_UPDATE=always writes it anew");
        }
    }
    if updated != readme {
        // In one step: other tests read it meanwhile.
        let new = path.with_extension("md.new");
        std::fs::write(&new, updated).unwrap();
        std::fs::rename(new, path).unwrap();
    }
}

#[test]
fn the_commands_of_your_own_repository_print_what_the_readme_shows() {
    const FOLDER: &str = "tests/fixtures/tools";
    let case = copy_of(FOLDER);
    // What a reader who followed the steps has in it.
    for written in ["mkcompose.yml", "docker-compose.yml"] {
        let _ = std::fs::remove_file(case.at(written));
    }
    check(&case, "README.md", Some(FOLDER), 3);
    check(&case, "docs/CI.md", Some(FOLDER), 1);
}

fn copy_of(folder: &str) -> Case {
    let case = Case::empty();
    let status =
        Command::new("cp").arg("-R").arg(Path::new(ROOT).join(folder).join(".")).arg(case.path()).status().unwrap();
    assert!(status.success());
    case
}

#[test]
fn the_moves_print_what_their_page_shows_and_lose_no_image() {
    for (folder, list, images) in [
        ("shell", "build.sh", &["acme/base", "acme/api", "acme/worker"][..]),
        ("make", "Makefile", &["registry.example.org/tools/lint", "registry.example.org/tools/format"]),
        ("bake", "docker-bake.hcl", &["acme/api", "acme/worker"]),
    ] {
        let folder = format!("tests/fixtures/moves/{folder}");
        let case = copy_of(&folder);
        check(&case, "docs/MOVE.md", Some(&folder), 3);
        assert!(case.has(list));
        let compose = case.read("docker-compose.yml");
        for image in images {
            assert!(
                compose.contains(&format!("image: {image}:")) || compose.contains(&format!("image: {image}\n")),
                "{compose}"
            );
        }
        assert_eq!(compose.matches("\n    image: ").count(), images.len(), "{compose}");
    }
}

/// `readme` with `printed` below `command` where it has `shown`.
fn with_output(readme: &str, command: &str, shown: &str, printed: &str) -> String {
    readme.replacen(&format!("\n$ {command}\n{shown}"), &format!("\n$ {command}\n{printed}"), 1)
}

#[test]
fn an_output_that_has_changed_is_written_anew_in_its_place() {
    let readme = "A 61.\n```console\n$ a\n61 services\n$ b\n61 services\n```\n";
    let updated = with_output(readme, "b", "61 services\n", "62 services\n");
    assert_eq!(updated, "A 61.\n```console\n$ a\n61 services\n$ b\n62 services\n```\n");
}

#[test]
fn the_readmes_test_command_is_the_one_that_ci_runs() {
    let ci = std::fs::read_to_string(Path::new(ROOT).join(".ci/run")).unwrap();
    assert!(ci.lines().any(|line| line == "cargo test"));
}
