//! What bake is to build, as the JSON that it reads.
//!
//! Bake takes each string for a template, so what would be one is escaped. Paths are absolute: a relative one would depend on
//! where bake takes the definitions to be.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::engine::build::{BaseImage, BuildSpec};
use crate::gather::Gather;

/// All targets, named by their places: `t0`, `t1`.
#[derive(Debug, Serialize)]
pub struct Definitions {
    group: BTreeMap<&'static str, Group>,
    target: BTreeMap<String, Target>,
    #[serde(skip)]
    bases: Vec<Vec<usize>>,
}

#[derive(Debug, Serialize)]
struct Group {
    targets: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Target {
    context: String,
    dockerfile: String,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    contexts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<String, String>,
    #[serde(rename = "target", skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(rename = "cache-from", skip_serializing_if = "Vec::is_empty")]
    cache_from: Vec<String>,
}

impl Definitions {
    /// The definitions of `specs`; `None` if one of them is not for bake, see [`BuildSpec::is_for_bake`]. Those before the place
    /// `first` are there only for what is built on them: no image is made of them.
    pub fn new(specs: &[&BuildSpec], first: usize) -> Option<Self> {
        let names: Vec<String> = (0..specs.len()).map(name).collect();
        let places: BTreeMap<&str, usize> =
            specs.iter().enumerate().map(|(place, spec)| (spec.image.as_str(), place)).gather();
        let targets = names.iter().zip(specs).map(|(name, spec)| Some((name.clone(), Target::new(spec, &places)?)));
        let bases = specs
            .iter()
            .map(|spec| spec.base_images.iter().filter_map(|base| places.get(base.image.as_str()).copied()).collect());
        let (target, bases) = (targets.collect::<Option<_>>()?, bases.collect());
        let targets = names.into_iter().skip(first).collect();
        Some(Self { group: [("default", Group { targets })].into(), target, bases })
    }

    /// For each target, the places of those that it is built on.
    pub fn bases(&self) -> &[Vec<usize>] {
        &self.bases
    }

    /// What bake reads.
    ///
    /// # Errors
    /// None that is known of: all in it is text.
    pub fn json(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// The name of the target at `place`.
fn name(place: usize) -> String {
    format!("t{place}")
}

impl BuildSpec {
    /// Whether bake builds it as `build` does, and tells when it is done: of a cache that it writes it tells too late. A base
    /// by the name of a stage cannot be named: its context would stand for the stage.
    pub fn is_for_bake(&self) -> bool {
        self.cache_to.is_empty()
            && !self.base_images.iter().any(|base| base.is_stage)
            && absolute(&self.dockerfile).is_some()
            && absolute(&self.context).is_some()
    }
}

impl Target {
    fn new(spec: &BuildSpec, places: &BTreeMap<&str, usize>) -> Option<Self> {
        if !spec.is_for_bake() {
            return None;
        }
        let all = |texts: &[String]| texts.iter().map(|text| literal(text)).collect::<Vec<_>>();
        let context = |base: &BaseImage| {
            let place = places.get(base.image.as_str()).map(|place| format!("target:{}", name(*place)));
            let image = || base.is_needed().then(|| format!("docker-image://{}", literal(&base.image)));
            Some((literal(&base.reference), place.or_else(image)?))
        };
        // One without a value gets it from the environment, if it is there.
        let argument = |(name, value): (&String, &Option<String>)| {
            let value = value.clone().or_else(|| std::env::var(name).ok())?;
            Some((literal(name), literal(&value)))
        };
        Some(Self {
            context: literal(&absolute(&spec.context)?),
            dockerfile: literal(&absolute(&spec.dockerfile)?),
            tags: std::iter::once(&spec.image).chain(&spec.tags).map(|tag| literal(tag)).collect(),
            contexts: spec.base_images.iter().filter_map(context).gather(),
            args: spec.args.iter().filter_map(argument).gather(),
            stage: spec.target.as_deref().map(literal),
            platforms: spec.platform.iter().map(|platform| literal(platform)).collect(),
            labels: spec.labels.iter().map(|(name, value)| (literal(name), literal(value))).gather(),
            cache_from: all(&spec.cache_from),
        })
    }
}

fn absolute(path: &Path) -> Option<String> {
    std::path::absolute(path).ok()?.to_str().map(str::to_owned)
}

/// The text as a template that stands for it.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::Definitions;
    use crate::engine::build::{BaseImage, BuildSpec};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    fn spec(image: &str) -> BuildSpec {
        BuildSpec {
            image: image.to_owned(),
            dockerfile: "/d/Dockerfile".into(),
            context: "/c".into(),
            ..BuildSpec::default()
        }
    }

    fn base(reference: &str, image: &str) -> BaseImage {
        BaseImage { reference: reference.to_owned(), image: image.to_owned(), is_stage: false }
    }

    #[test]
    fn what_the_settings_say_is_in_the_definitions_and_nothing_else() {
        let full = BuildSpec {
            args: [("A".to_owned(), Some("${x} %{y} $z $${q}".to_owned())), ("MKCOMPOSE_UNSET".to_owned(), None)]
                .into(),
            target: Some("run".to_owned()),
            platform: Some("linux/arm64".to_owned()),
            labels: [("l".to_owned(), "v".to_owned())].into(),
            tags: vec!["n:b".to_owned()],
            cache_from: vec!["type=registry,ref=c".to_owned()],
            base_images: vec![
                base("example.org/base", "m:base"),
                base("example.org/other", "m:other"),
                base("m:x", "m:x"),
            ],
            ..spec("m:a")
        };
        let definitions = Definitions::new(&[&spec("m:base"), &full], 0).unwrap();
        assert_eq!(definitions.bases(), [vec![], vec![0]]);
        let last = Definitions::new(&[&spec("m:base"), &full], 1).unwrap();
        let last: serde_json::Value = serde_json::from_slice(&last.json().unwrap()).unwrap();
        assert_eq!(last["group"]["default"]["targets"], serde_json::json!(["t1"]));
        let json: serde_json::Value = serde_json::from_slice(&definitions.json().unwrap()).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
    }

    #[test]
    fn what_bake_would_build_otherwise_is_not_for_it() {
        assert!(spec("m:a").is_for_bake());
        let stage = BaseImage { is_stage: true, ..base("base", "base") };
        assert!(!BuildSpec { base_images: vec![stage], ..spec("m:a") }.is_for_bake());
        assert!(!BuildSpec { cache_to: vec!["type=inline".to_owned()], ..spec("m:a") }.is_for_bake());
        let odd = BuildSpec { context: OsStr::from_bytes(b"/\xff").into(), ..spec("m:a") };
        assert!(!odd.is_for_bake());
        assert!(Definitions::new(&[&spec("m:b"), &odd], 0).is_none());
    }
}
