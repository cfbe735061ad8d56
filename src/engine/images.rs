//! What images of a repository the engine has, how big each is, and of which layers of what size it is made.
//!
//! Three questions to the engine, no archive is read: `image ls` tells tags and the sizes people see, `image inspect`
//! the exact bytes and the layers, `history` the size of each layer. Docker and podman answer alike but not the same;
//! what each does is said where it matters. Nothing here adds sizes up: see [`crate::sizes`].

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::engine::{Engine, EngineError};
use crate::gather::Gather;
use crate::size_format;

/// How many `history` commands run at once: each mostly waits for the engine.
const WORKERS: usize = 4;

/// How many images one `image inspect` is asked for, so that a command line never grows too long.
const CHUNK: usize = 500;

/// An image that the engine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The engine's name for its content, `sha256:…`. Raw: escape before printing.
    pub id: String,
    /// Its size in bytes: the sum of its unpacked layers where the engine tells them, else what `docker images` shows.
    pub size: u64,
    /// Its layers, the lowest first; `None` if the engine does not tell the size of each.
    pub layers: Option<Vec<Layer>>,
    /// The files of its layers, as the store pulls and pushes them, the lowest first; `None` if they are not known.
    pub packed: Option<Vec<PackedLayer>>,
}

/// The file of a layer as a store pulls and pushes it, compressed or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackedLayer {
    /// The digest of the file, which tells it from others. Raw: escape before printing.
    pub digest: String,
    /// Its length, in bytes.
    pub size: u64,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The digest of its content, uncompressed: the diff ID.
    pub diff_id: String,
    /// What it adds on top of the layers below it, in bytes.
    pub size: u64,
}

/// A line of `image ls`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// See [`Image::id`].
    pub(super) id: String,
    /// The size as it is shown to people, in bytes as far as its digits go.
    size: Option<u64>,
}

/// A step of an image's history, as far as it speaks of layers.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    size: u64,
    created_by: String,
}

impl Engine {
    /// The images of the wanted references, by the key that each is wanted under. Others are not asked about.
    ///
    /// # Errors
    /// If the engine does not answer, or not in a form that can be read.
    pub fn images(&self, wanted: &BTreeMap<String, String>) -> Result<BTreeMap<String, Image>, EngineError> {
        let listed = self.listed(wanted)?;
        let mut shown: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        for image in listed.values() {
            shown.insert(&image.id, image.size);
        }
        let ids: Vec<&str> = shown.keys().copied().collect();
        let inspected = self.inspected_all(&ids)?;
        let images = self.with_layers(&ids, &inspected, &shown)?;
        let of = |image: &Listed| images.get(image.id.as_str()).cloned();
        Ok(listed.iter().filter_map(|(key, image)| Some((key.clone(), of(image)?))).gather())
    }

    /// What `image inspect` says of each of `ids`, in their order, however many there are.
    pub(super) fn inspected_all(&self, ids: &[&str]) -> Result<Vec<Value>, EngineError> {
        let mut inspected = Vec::new();
        for chunk in ids.chunks(CHUNK) {
            inspected.extend(self.inspected(chunk)?);
        }
        Ok(inspected)
    }

    /// What `image ls` says about the wanted references, by their keys.
    pub(super) fn listed(&self, wanted: &BTreeMap<String, String>) -> Result<BTreeMap<String, Listed>, EngineError> {
        let mut repositories: BTreeMap<&str, BTreeMap<&str, &String>> = BTreeMap::new();
        for (key, reference) in wanted {
            let (repository, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
            repositories.entry(familiar(repository)).or_default().insert(tag, key);
        }
        let format = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Size}}";
        let mut args = vec!["image", "ls", "--no-trunc", "--format", format];
        if repositories.len() == 1 {
            args.extend(repositories.keys());
        }
        let lines = self.capture(&args)?;
        let lines = String::from_utf8_lossy(&lines);
        let mut found = BTreeMap::new();
        for (repository, tags) in repositories {
            for (tag, image) in listed_of(&lines, repository) {
                if let Some(key) = tags.get(tag.as_str()) {
                    found.insert((*key).clone(), image);
                }
            }
        }
        Ok(found)
    }

    /// What `image inspect` says of each of `ids`, in their order.
    fn inspected(&self, ids: &[&str]) -> Result<Vec<Value>, EngineError> {
        let args: Vec<&str> = ["image", "inspect"].into_iter().chain(ids.iter().copied()).collect();
        let said = self.capture(&args)?;
        match serde_json::from_slice::<Vec<Value>>(&said) {
            Ok(values) if values.len() == ids.len() => Ok(values),
            Ok(values) => {
                Err(self.unreadable(&args, &format!("{} images asked for, {} answered", ids.len(), values.len())))
            }
            Err(error) => Err(self.unreadable(&args, &error.to_string())),
        }
    }

    /// Asks for the history of each image, several at once; the result does not depend on which comes first.
    fn with_layers<'a>(
        &self,
        ids: &[&'a str],
        inspected: &[Value],
        shown: &BTreeMap<&str, Option<u64>>,
    ) -> Result<BTreeMap<&'a str, Image>, EngineError> {
        let next = AtomicUsize::new(0);
        let done: Mutex<BTreeMap<usize, Result<Image, EngineError>>> = Mutex::new(BTreeMap::new());
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(id), Some(value)) = (ids.get(at), inspected.get(at)) else { return };
                let image = self.image(id, value, shown.get(id).copied().flatten());
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(at, image);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..WORKERS.min(ids.len()) {
                scope.spawn(work);
            }
        });
        let done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        ids.iter().zip(done.into_values()).map(|(id, image)| Ok((*id, image?))).collect()
    }

    fn image(&self, id: &str, inspected: &Value, shown: Option<u64>) -> Result<Image, EngineError> {
        let args = ["history", "--no-trunc", "--human=false", "--format", "{{json .}}", id];
        let said = self.capture(args)?;
        let history = history_of(&said).map_err(|what| self.unreadable(&args, &what))?;
        let Some(exact) = inspected.get("Size").and_then(Value::as_u64) else {
            return Err(self.unreadable(&["image", "inspect", id], "no number at `Size`"));
        };
        let diff_ids = inspected.pointer("/RootFS/Layers").and_then(Value::as_array);
        let diff_ids: Vec<&str> = diff_ids.into_iter().flatten().filter_map(Value::as_str).collect();
        let layers = layers_of(&diff_ids, &history).filter(|layers| is_unpacked(inspected, layers));
        let size = layers.as_deref().map_or_else(|| size_of(exact, shown), sum);
        Ok(Image { id: id.to_owned(), size, layers, packed: None })
    }

    /// The failure of a command that ended well but whose answer cannot be read.
    pub(super) fn unreadable(&self, args: &[&str], what: &str) -> EngineError {
        let said =
            format!("cannot read its answer ({what}): choose an engine that is compatible with docker with `--docker`");
        EngineError { command: crate::engine::shown(&self.command(args)), status: Some(ExitStatus::default()), said }
    }
}

/// A repository by the short name under which Docker lists it: without the host and the folder that stand for Docker Hub.
fn familiar(repository: &str) -> &str {
    let on_hub = ["docker.io/", "index.docker.io/"].iter().find_map(|host| repository.strip_prefix(host));
    let name = on_hub.unwrap_or(repository);
    name.strip_prefix("library/").filter(|name| !name.contains('/')).unwrap_or(name)
}

/// The lines of `image ls` that are of `repository`, by tag.
///
/// Docker lists a repository by its short name; podman puts `localhost/` before what it built, and lists repositories
/// of other registries that end in the same name. The nearest name wins.
fn listed_of(lines: &str, repository: &str) -> BTreeMap<String, Listed> {
    let names = ["", "localhost/", "docker.io/library/", "docker.io/"].map(|host| format!("{host}{repository}"));
    let mut found: BTreeMap<String, (usize, Listed)> = BTreeMap::new();
    for line in lines.lines() {
        let mut fields = line.split('\t');
        let (Some(name), Some(tag), Some(id)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let Some(rank) = names.iter().position(|known| known == name) else { continue };
        if found.get(tag).is_none_or(|(before, _)| rank < *before) {
            let size = fields.next().and_then(|size| size_format::parse(size.trim()));
            found.insert(tag.to_owned(), (rank, Listed { id: id.to_owned(), size }));
        }
    }
    found.into_iter().map(|(tag, (_, listed))| (tag, listed)).gather()
}

/// What an image takes unpacked: its layers. Beside them podman counts the configuration and the manifest, the containerd
/// store the packed layers and the attestations of every platform: those are of the store, not of the image.
pub(super) fn sum(layers: &[Layer]) -> u64 {
    layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.size))
}

/// Whether the sizes of these layers are known. The containerd store, which alone tells a descriptor, says 0 of a layer that
/// is not unpacked; of one that is it never does, since there each folder takes a block.
fn is_unpacked(inspected: &Value, layers: &[Layer]) -> bool {
    let is_containerd = inspected.get("Descriptor").is_some_and(Value::is_object);
    !is_containerd || layers.iter().all(|layer| layer.size > 0)
}

/// The size that `docker images` means, where the layers do not tell: exact where `image inspect` agrees with it, else as exact
/// as it is shown.
///
/// They disagree where images are kept by containerd: there `inspect` counts the packed layers alone, `image ls` the
/// unpacked ones too (moby#53398).
fn size_of(exact: u64, shown: Option<u64>) -> u64 {
    match shown {
        Some(shown) if size_format::format_size(shown) != size_format::format_size(exact) => shown,
        _ => exact,
    }
}

/// The steps of `history --format '{{json .}}'`, the first one first.
///
/// Docker prints an object per line with the size as text, podman one array with the size as a number; both have the
/// last step first.
fn history_of(said: &[u8]) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for value in serde_json::Deserializer::from_slice(said).into_iter::<Value>() {
        match value.map_err(|error| error.to_string())? {
            Value::Array(values) => steps.extend(values.iter().map(step)),
            value => steps.push(step(&value)),
        }
    }
    steps.reverse();
    steps.into_iter().collect::<Option<_>>().ok_or_else(|| "a step without a size".to_owned())
}

fn step(value: &Value) -> Option<Step> {
    let size = match value.get("Size").or_else(|| value.get("size"))? {
        Value::String(text) => text.parse().ok()?,
        number => number.as_u64()?,
    };
    let created_by = value.get("CreatedBy").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Step { size, created_by })
}

/// Each layer with the size of the step that made it; `None` if steps and layers do not fit together.
///
/// A step with a size made a layer. One without may have made an empty one (`RUN true`, `WORKDIR`) or none (`ENV`); as
/// many of them as there are layers left are taken, the likeliest, and of those the first. If that is not the right one,
/// a size stands one place off, among layers of the same image: its size stays right.
fn layers_of(diff_ids: &[&str], history: &[Step]) -> Option<Vec<Layer>> {
    let sized = history.iter().filter(|step| step.size > 0).count();
    let empty = diff_ids.len().checked_sub(sized)?;
    let mut candidates: Vec<usize> =
        (0..history.len()).filter(|at| history.get(*at).is_some_and(|s| s.size == 0)).collect();
    candidates.sort_by_key(|at| history.get(*at).map(|step| unlikelihood(&step.created_by)));
    let chosen = candidates.get(..empty)?;
    let made = history.iter().enumerate().filter(|(at, step)| step.size > 0 || chosen.contains(at));
    let layer =
        |(diff_id, (_, step)): (&&str, (usize, &Step))| Layer { diff_id: (*diff_id).to_owned(), size: step.size };
    Some(diff_ids.iter().zip(made).map(layer).collect())
}

/// How unlikely a step without a size made a layer: 0 for what always makes one, 2 for what never does.
///
/// `BuildKit` writes `RUN … # buildkit` and makes a layer for each RUN, COPY, ADD and WORKDIR. The builder before it wrote
/// `/bin/sh -c #(nop) WORKDIR /x` and made a layer only if something changed.
fn unlikelihood(created_by: &str) -> u8 {
    let (nop, words) = match created_by.split_once("#(nop)") {
        Some((_, words)) => (true, words),
        None => (false, created_by),
    };
    match (nop, words.split_whitespace().next().unwrap_or_default()) {
        (false, "WORKDIR") => 0,
        (false, "RUN" | "COPY" | "ADD") if words.ends_with("# buildkit") => 0,
        (
            _,
            "ENV" | "CMD" | "LABEL" | "ARG" | "USER" | "EXPOSE" | "ENTRYPOINT" | "VOLUME" | "STOPSIGNAL"
            | "HEALTHCHECK" | "SHELL" | "ONBUILD" | "MAINTAINER",
        ) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{Layer, Step, history_of, is_unpacked, layers_of, listed_of, size_of, sum};
    use proptest::prelude::*;

    fn step(size: u64, created_by: &str) -> Step {
        Step { size, created_by: created_by.to_owned() }
    }

    fn sizes(layers: Option<Vec<Layer>>) -> Option<Vec<u64>> {
        layers.map(|layers| layers.iter().map(|layer| layer.size).collect())
    }

    #[test]
    fn a_repository_on_docker_hub_goes_by_its_short_name() {
        for (long, short) in [
            ("docker.io/library/a", "a"),
            ("docker.io/a", "a"),
            ("index.docker.io/a/b", "a/b"),
            ("library/a", "a"),
            ("a", "a"),
            ("library", "library"),
            ("library/a/b", "library/a/b"),
            ("localhost:5000/a", "localhost:5000/a"),
        ] {
            assert_eq!(super::familiar(long), short, "{long}");
        }
    }

    #[test]
    fn docker_and_podman_tell_the_same_history() {
        let docker = br#"{"CreatedBy":"CMD [\"/f1\"]","ID":"sha256:7d","Size":"0"}
{"CreatedBy":"COPY f1 /f1 # buildkit","ID":"\u003cmissing\u003e","Size":"94208"}
"#;
        let podman = br#"[{"id":"7d","CreatedBy":"CMD [\"/f1\"]","size":0},{"id":"\u003cmissing\u003e","CreatedBy":"COPY f1 /f1 # buildkit","size":94208}]"#;
        let told = [step(94_208, "COPY f1 /f1 # buildkit"), step(0, "CMD [\"/f1\"]")];
        assert_eq!(history_of(docker).unwrap(), told);
        assert_eq!(history_of(podman).unwrap(), told);
        assert!(history_of(br#"{"CreatedBy":"CMD","Size":"0 B"}"#).is_err());
        assert!(history_of(b"json\njson\n").is_err());
    }

    #[test]
    fn an_empty_layer_of_buildkit_is_found_among_steps_that_make_none() {
        let history = [
            step(5, "COPY f1 /f1 # buildkit"),
            step(0, "ENV A=b"),
            step(7, "COPY f2 /f2 # buildkit"),
            step(0, "WORKDIR /x"),
            step(3, "COPY Dockerfile /y/D # buildkit"),
            step(0, "RUN /bin/sh -c true # buildkit"),
            step(0, "LABEL l=RUN x"),
        ];
        assert_eq!(sizes(layers_of(&["a", "b", "c", "d", "e"], &history)), Some(vec![5, 7, 0, 3, 0]));
    }

    #[test]
    fn the_builder_before_buildkit_is_understood_too() {
        let history = [
            step(5, "/bin/sh -c #(nop) ADD file:1 in / "),
            step(0, "/bin/sh -c #(nop)  CMD [\"bash\"]"),
            step(0, "/bin/sh -c #(nop) WORKDIR /x"),
            step(3, "/bin/sh -c #(nop) COPY file:2 in /y "),
            step(0, "/bin/sh -c #(nop)  ENV P=1"),
        ];
        assert_eq!(sizes(layers_of(&["a", "b", "c"], &history)), Some(vec![5, 0, 3]));
    }

    #[test]
    fn steps_that_do_not_fit_the_layers_tell_nothing() {
        assert_eq!(layers_of(&["a"], &[step(1, "x"), step(1, "y")]), None);
        assert_eq!(layers_of(&["a", "b"], &[step(1, "x")]), None);
        assert_eq!(layers_of(&[], &[step(0, "CMD")]), Some(vec![]));
    }

    #[test]
    fn a_repository_of_podman_is_found_under_localhost() {
        let lines = "quay.io/minimage\ta\tsha256:1\t1 MB\nlocalhost/minimage\ta\tsha256:2\t1.34 MB\ndocker.io/library/minimage\ta\tsha256:3\t1 MB\nlocalhost/minimage\t<none>\tsha256:4\t0 B\nhalf a line\n";
        let listed = listed_of(lines, "minimage");
        assert_eq!(listed["a"].id, "sha256:2");
        assert_eq!(listed["a"].size, Some(1_340_000));
        assert_eq!(listed.len(), 2);
    }

    #[test]
    fn a_layer_that_containerd_has_not_unpacked_is_not_taken_for_an_empty_one() {
        let layers = |sizes: &[u64]| -> Vec<Layer> {
            sizes.iter().map(|size| Layer { diff_id: size.to_string(), size: *size }).collect()
        };
        let containerd = serde_json::json!({"Size": 5, "Descriptor": {"digest": "sha256:a"}});
        assert!(is_unpacked(&containerd, &layers(&[4096, 8192])));
        assert!(!is_unpacked(&containerd, &layers(&[4096, 0])));
        let overlay2 = serde_json::json!({"Size": 5, "GraphDriver": {"Name": "overlay2"}});
        assert!(is_unpacked(&overlay2, &layers(&[5, 0])));
        assert_eq!(sum(&layers(&[u64::MAX, 1])), u64::MAX);
    }

    #[test]
    fn the_size_is_the_one_that_image_ls_shows_and_exact_where_it_can_be() {
        assert_eq!(size_of(1_422_983, Some(1_420_000)), 1_422_983);
        assert_eq!(size_of(64_275_937, Some(259_000_000)), 259_000_000);
        assert_eq!(size_of(64_275_937, None), 64_275_937);
    }

    proptest! {
        #[test]
        fn every_layer_gets_a_size_and_none_is_lost(sizes in prop::collection::vec(0..3_u64, 0..12), empty in 0..12_usize) {
            let history: Vec<Step> = sizes.iter().map(|size| step(*size, "RUN x # buildkit")).collect();
            let layers = sizes.iter().filter(|size| **size > 0).count() + empty;
            let ids: Vec<String> = (0..layers).map(|n| n.to_string()).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            match layers_of(&ids, &history) {
                Some(told) => {
                    prop_assert_eq!(told.len(), layers);
                    prop_assert_eq!(told.iter().map(|layer| layer.size).sum::<u64>(), sizes.iter().sum::<u64>());
                }
                None => prop_assert!(layers > history.len()),
            }
        }
    }
}
