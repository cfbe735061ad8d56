//! Commands of README and docs/SIZES.md that need an engine, run on the images of the corpus: what it shows is what they print. Of sizes that
//! is the services in their order; figures change with the packages of the bases. The picture of sizes is held to about the
//! figures.
//!
//! With `MINIMAGE_WRITE_RESULTS` set, a table of sizes that lists other services is written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::build;
use crate::command::{Ran, repository, run};
use crate::engine::{docker, has_stand_ins, turn};
use crate::size;

/// What a document shows below each `$` command that starts so, those left out below which it shows nothing.
pub(crate) fn shown(document: &str, start: &str) -> Vec<(String, String)> {
    let mut found = shown_with_or_without_output(document, start);
    found.retain(|(_, output)| !output.is_empty());
    assert!(!found.is_empty(), "{document} shows nothing of `{start}`");
    found
}

/// Each `$` command of a document that starts so, with what it shows below.
fn shown_with_or_without_output(document: &str, start: &str) -> Vec<(String, String)> {
    let readme = fs::read_to_string(repository().join(document)).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        for command in block.split("```").next().unwrap().split("$ ").skip(1) {
            let (line, output) = command.split_once('\n').unwrap();
            found.push((line.to_owned(), output.to_owned()));
        }
    }
    found.retain(|(line, _)| line.starts_with(start));
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
    for (line, output) in shown("README.md", "mkcompose why ") {
        assert_eq!(print("readme.why", &line).stdout, output, "$ {line}");
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn mkcompose_sizes_lists_the_services_that_the_page_shows_in_that_order() {
    let _turn = turn();
    assert!(has_stand_ins(), "README shows the sizes of the stand-in bases");
    build::normal_set();
    let services = |table: &str| {
        table.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let path = repository().join("docs/SIZES.md");
    for (line, output) in shown("docs/SIZES.md", "mkcompose sizes ") {
        let printed = print("readme.sizes", &line).succeeds().stdout;
        if std::env::var_os("MINIMAGE_WRITE_RESULTS").is_some() && services(&printed) != services(&output) {
            let readme = fs::read_to_string(&path).unwrap();
            fs::write(&path, readme.replacen(&output, &printed, 1)).unwrap();
        } else {
            assert_eq!(services(&printed), services(&output), "$ {line}");
        }
    }
}

/// The services of a picture of sizes with the size of each in bytes, `None` for one that was not built.
fn bars(svg: &str) -> BTreeMap<String, Option<u64>> {
    let titles = svg.split("<title>").skip(1).filter_map(|rest| rest.split_once("</title>"));
    titles
        .filter_map(|(title, _)| title.split_once(": "))
        .map(|(name, size)| (name.to_owned(), size::read(size)))
        .collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn the_picture_of_sizes_has_every_service_with_about_its_size() {
    let _turn = turn();
    assert!(has_stand_ins(), "the picture is of the stand-in bases");
    build::normal_set();
    let path = repository().join("docs/sizes.svg");
    let printed = print("readme.svg", "mkcompose sizes --format svg").succeeds().stdout;
    let agree = |old: &BTreeMap<String, Option<u64>>, new: &BTreeMap<String, Option<u64>>| {
        old.len() == new.len()
            && old.iter().zip(new).all(|((name, was), (other, is))| {
                let about = match (was, is) {
                    (Some(was), Some(is)) => size::about_the_same(*was, *is),
                    (was, is) => was == is,
                };
                name == other && about
            })
    };
    let (old, new) = (bars(&fs::read_to_string(&path).unwrap()), bars(&printed));
    assert!(new.len() > 50, "{new:?}");
    if agree(&old, &new) {
        return;
    }
    if std::env::var_os("MINIMAGE_WRITE_RESULTS").is_some() {
        fs::write(&path, printed).unwrap();
    } else {
        panic!("docs/sizes.svg is not what was measured; MINIMAGE_WRITE_RESULTS=1 writes it anew: {old:?} {new:?}");
    }
}

/// Lines as a set: containers start and end in any order, and two of them may speak at once. Compose's own line on what
/// it is attached to is left out, for its order is another each time.
fn lines(output: &str) -> BTreeSet<&str> {
    let lines = output.lines().map(|line| line.trim_start_matches("\u{1b}[2K").trim_end());
    lines.filter(|line| !line.starts_with("Attaching to ")).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn the_compose_commands_of_the_readme_build_run_and_clean_up() {
    let _turn = turn();
    let commands = shown_with_or_without_output("README.md", "docker compose ");
    assert!(commands.len() >= 3, "{commands:?}");
    for (line, output) in commands {
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(repository()).env("COMPOSE_PROJECT_NAME", "readme");
        let ran = run("readme.compose", &mut command).succeeds();
        if !output.is_empty() {
            assert_eq!(lines(&ran.stdout), lines(&output), "$ {line}");
        }
    }
    let left = docker("readme.left", &["ps", "-aq", "--filter", "label=com.docker.compose.project=readme"]);
    assert_eq!(left.succeeds().stdout, "");
}
