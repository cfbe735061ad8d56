//! `docker images`, of all images, and as docs/SIZES.md shows it of each version.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::command::run;
use crate::engine::{docker, engines, turn, turn_on};
use crate::readme::shown;
use crate::{build, stand_ins};

/// Tag and size of each image of the table that `docker images` prints.
fn tags(table: &str) -> BTreeMap<String, String> {
    let row = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let ["minimage", tag, .., size] = words.as_slice() else { return None };
        Some(((*tag).to_owned(), (*size).to_owned()))
    };
    table.lines().filter_map(row).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn docker_images_lists_every_image_that_was_built() {
    let _turn = turn();
    build::normal_set();
    let listed = tags(&docker("images", &["images", "minimage"]).succeeds().stdout);
    assert_eq!(listed.keys().cloned().collect::<Vec<_>>(), stand_ins::normal_services_here());
}

/// The columns and the images of a table, without what differs from build to build: IDs, times and sizes.
fn columns_and_images(table: &str) -> (Vec<String>, BTreeSet<String>) {
    // Docker 28 colours the columns of its new table whether or not there is a terminal, and says above them that they may change.
    let plain = table.replace("\u{1b}[39m", "").replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
    let columns = plain.lines().find(|line| line.contains("ID  ")).unwrap_or_default();
    let columns = columns.split("  ").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let images = plain.lines().filter(|line| line.starts_with("minimage") || line.starts_with("└─"));
    let image = |line: &str| {
        line.split_whitespace()
            .take(2)
            .filter(|word| !word.ends_with('B'))
            .map(|word| if word.len() == 12 && word.chars().all(|c| c.is_ascii_hexdigit()) { "" } else { word })
            .collect()
    };
    (columns, images.map(image).collect())
}

#[test]
#[ignore = "needs a Docker engine"]
fn docker_images_of_each_version_prints_what_the_page_shows() {
    let _turns = ["docker", "containerd"].map(turn_on);
    let engines = engines();
    let tables = shown("docs/SIZES.md", "docker image");
    let services = ["hello-c.gcc.scratch", "hello-c.gcc-static.scratch"];
    // In a folder that every engine's client sees.
    let folder = tempfile::Builder::new().prefix("mkcompose-images-").tempdir_in("/tmp").unwrap();
    run("images.copy", Command::new("cp").args(["-r", "dockerfiles", "samples"]).arg(folder.path())).succeeds();
    for (at, (line, output)) in [0, 2, 2].into_iter().zip(&tables) {
        let engine = &engines[at].1;
        run(
            "images.build",
            Command::new(env!("CARGO_BIN_EXE_mkcompose"))
                .arg("-C")
                .arg(folder.path())
                .args(["--image", "minimage", "build"])
                .args(services)
                .arg("--docker")
                .arg(engine),
        )
        .succeeds();
        let line = line.replacen("docker", "\"$ENGINE\"", 1);
        let printed =
            run("images.shown", Command::new("sh").args(["-c", &line]).env("ENGINE", engine)).succeeds().stdout;
        assert_eq!(columns_and_images(&printed), columns_and_images(output), "$ {line}\n{printed}");
    }
    assert_eq!(tables.len(), 3);
}
