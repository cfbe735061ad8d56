//! Which services can be built here: those whose base images the engine has.
//!
//! `tests/bases/not-stood-in.yml` lists, with the reason, the images that cannot be made from Debian's packages. With
//! the official images (`MINIMAGE_BASES=real`) nothing is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::command::{repository, say};
use crate::engine::{has_image, has_stand_ins, turn};
use crate::outcomes;

/// The images that no stand-in is made for, and why.
pub(crate) fn not_stood_in() -> BTreeMap<String, String> {
    let text = fs::read_to_string(repository().join("tests/bases/not-stood-in.yml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

/// The services of the normal set.
pub(crate) fn normal_services() -> Vec<String> {
    outcomes::all().into_iter().filter(|(_, expected)| expected.builds()).map(|(service, _)| service).collect()
}

/// The services of the normal set that can be built here.
pub(crate) fn normal_services_here() -> Vec<String> {
    let everything = !has_stand_ins();
    normal_services().into_iter().filter(|service| everything || images_not_stood_in(service).is_empty()).collect()
}

/// Of the images that a service is built from, those that no stand-in is made for.
pub(crate) fn images_not_stood_in(service: &str) -> BTreeSet<String> {
    let listed = not_stood_in();
    images_of(service).into_iter().filter(|image| listed.contains_key(image)).collect()
}

/// The images that the FROM lines of a Dockerfile name, its own stages and `scratch` aside.
fn images_of(service: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join(format!("dockerfiles/Dockerfile.{service}"))).unwrap();
    let mut stages = BTreeSet::from(["scratch".to_owned()]);
    let mut images = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let ["FROM", image, rest @ ..] = words.as_slice() else { continue };
        if !stages.contains(*image) {
            images.insert((*image).to_owned());
        }
        if let ["AS", stage] = rest {
            stages.insert((*stage).to_owned());
        }
    }
    images
}

#[test]
fn just_the_native_image_service_cannot_be_built_on_stand_ins() {
    assert_eq!(not_stood_in().into_keys().collect::<Vec<_>>(), ["ghcr.io/graalvm/native-image"]);
    let left_out = normal_services().into_iter().filter(|service| !images_not_stood_in(service).is_empty());
    assert_eq!(left_out.collect::<Vec<_>>(), ["hello-java.eclipse-temurin-17.native-image.scratch"]);
}

#[test]
#[ignore = "needs a Docker engine"]
fn the_engine_has_every_base_image_but_those_listed_as_not_stood_in() {
    let _turn = turn();
    let images: BTreeSet<_> = outcomes::all().into_keys().flat_map(|service| images_of(&service)).collect();
    let missing: Vec<_> = images.into_iter().filter(|image| !has_image(image)).collect();
    let listed: Vec<_> = not_stood_in().into_keys().collect();
    if has_stand_ins() {
        assert_eq!(missing, listed, "run: eval \"$(tests/bases/build)\"");
    } else {
        // Official bases come as they are needed.
        say("left out: the_engine_has_every_base_image…: the bases are the official ones");
    }
}
