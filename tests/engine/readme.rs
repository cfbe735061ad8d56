//! The commands of README that need an engine, run on the images of the corpus: what it shows is what they print.

use std::fs;
use std::process::Command;

use crate::build;
use crate::command::{Ran, repository, run};
use crate::engine::{has_stand_ins, turn};

/// What README shows below each `$` command that starts so.
fn shown(start: &str) -> Vec<(String, String)> {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        for command in block.split("```").next().unwrap().split("$ ").skip(1) {
            let (line, output) = command.split_once('\n').unwrap();
            found.push((line.to_owned(), output.to_owned()));
        }
    }
    found.retain(|(line, output)| line.starts_with(start) && !output.is_empty());
    assert!(!found.is_empty(), "README shows nothing of `{start}`");
    found
}

/// Runs a line of README with the program that was built.
#[track_caller]
fn print(name: &str, line: &str) -> Ran {
    let line = line.replacen("mkcompose", "\"$MKCOMPOSE\"", 1);
    run(name, Command::new("sh").args(["-c", &line]).env("MKCOMPOSE", env!("CARGO_BIN_EXE_mkcompose")))
}

#[test]
#[ignore = "needs a Docker engine"]
fn mkcompose_why_prints_what_the_readme_shows() {
    let _turn = turn();
    build::normal_set();
    for (line, output) in shown("mkcompose why ") {
        assert_eq!(print("readme.why", &line).stdout, output, "$ {line}");
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn mkcompose_sizes_lists_the_services_that_the_readme_shows_in_that_order() {
    let _turn = turn();
    assert!(has_stand_ins(), "README shows the sizes of the stand-in bases");
    build::normal_set();
    let services = |table: &str| {
        table.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect::<Vec<_>>()
    };
    for (line, output) in shown("mkcompose sizes ") {
        assert_eq!(services(&print("readme.sizes", &line).succeeds().stdout), services(&output), "$ {line}");
    }
}
