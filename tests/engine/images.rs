//! `docker images minimage`, and what README shows of it.

use std::collections::BTreeMap;
use std::fs;

use crate::command::repository;
use crate::engine::{docker, has_stand_ins, turn};
use crate::{build, size, stand_ins};

/// Tag and size of each image of the table that `docker images` prints.
fn tags(table: &str) -> BTreeMap<String, String> {
    let row = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let ["minimage", tag, .., size] = words.as_slice() else { return None };
        Some(((*tag).to_owned(), (*size).to_owned()))
    };
    table.lines().filter_map(row).collect()
}

/// The bytes that a size of that table stands for, `2.34MB`.
fn bytes(text: &str) -> u64 {
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).expect("a size has a unit");
    let (number, unit) = text.split_at(unit);
    size::read(&format!("{number} {unit}")).unwrap_or_else(|| panic!("`{text}` is no size"))
}

#[test]
fn a_size_of_the_table_is_read() {
    assert_eq!(bytes("2.34MB"), 2_340_000);
    assert_eq!(bytes("16kB"), 16_000);
    assert_eq!(bytes("0B"), 0);
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
    for (tag, size) in &shown {
        let listed = listed.get(tag).unwrap_or_else(|| panic!("README shows `{tag}`, which is not listed"));
        let holds = size::about_the_same(bytes(size), bytes(listed));
        assert!(!has_stand_ins() || holds, "README shows {size} for `{tag}`, which has {listed}");
    }
}
