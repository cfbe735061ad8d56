//! `docker images minimage`.

use std::collections::BTreeMap;

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
fn docker_images_lists_every_image_that_was_built() {
    let _turn = turn();
    build::normal_set();
    let listed = tags(&docker("images", &["images", "minimage"]).succeeds().stdout);
    assert_eq!(listed.keys().cloned().collect::<Vec<_>>(), stand_ins::normal_services_here());
}
