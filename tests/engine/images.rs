//! `docker images minimage`, and what README shows of it.

use std::collections::BTreeMap;
use std::fs;

use crate::command::repository;
use crate::engine::{docker, turn};
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
fn docker_images_lists_every_image_that_was_built_and_those_of_the_readme() {
    let _turn = turn();
    build::normal_set();
    let listed = tags(&docker("images", &["images", "minimage"]).succeeds().stdout);
    assert_eq!(listed.keys().cloned().collect::<Vec<_>>(), stand_ins::normal_services_here());

    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let shown = readme.split_once("$ docker images minimage").expect("README shows `docker images minimage`").1;
    let shown = tags(shown.split("```").next().unwrap_or_default());
    assert!(!shown.is_empty(), "README shows no image");
    for tag in shown.keys() {
        assert!(listed.contains_key(tag), "README shows `{tag}`, which `docker images minimage` does not list");
    }
}
