//! How big images are to the byte, whatever engine and store have them: all are saved in one stream, and the files of each
//! layer are added up while it comes.
//!
//! Layers are known by their diff IDs, which the engine tells of each image. So nothing depends on names, on what the
//! archive lists beside an image (other platforms, attestations), or on how a store packs a layer.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::time::Duration;

use serde_json::Value;

use super::identity::Identity;
use super::image_archive::hint;
use super::images::{Image, Layer, Listed, PackedLayer, sum};
use super::{Engine, EngineError};
use crate::gather::Gather;
use image_analyzer::layer_sizes::{ImageLayers, LayerSize};
use image_analyzer::printable::printable;
use image_analyzer::{DecompressionLimit, ReadError, ReadOptions, read_layer_sizes};

/// How many images are saved in one stream, so that a command line never grows too long.
const CHUNK: usize = 2000;

/// The most memory that reading a stream may take, in bytes: for the configurations of [`CHUNK`] images.
const MEMORY: usize = 256 << 20;

/// How far a layer may expand. Only time is at stake, and a layer of zeros is an honest one.
const DECOMPRESSION: DecompressionLimit = DecompressionLimit { bytes: 1 << 36, ratio: 1000 };

/// How fast the slowest engine gathers images before the first byte comes, in bytes a second. Docker with overlay2 writes
/// all of them to its disk first.
const SLOWEST: u64 = 5_000_000;

/// How much may follow the end of an archive, in bytes. Archivers pad to 10 KiB.
const PADDING: u64 = 1 << 20;

/// Why the exact sizes are not known.
#[derive(Debug, thiserror::Error)]
pub enum ExactSizesError {
    /// The engine did not do what was asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What it gives cannot be read.
    #[error("cannot read the output of `{command}`: {source}{hint}")]
    Archive {
        /// The command, safe to print.
        command: String,
        /// What is wrong.
        source: Box<ReadError>,
        /// What to do about it, if that is known.
        hint: &'static str,
    },
    /// A layer of an image is not in what the engine gives for it.
    #[error(
        "`{}`: its layer {} is not in the output of `{command}`: if the image was rebuilt during the run, try again",
        printable(.image), printable(.diff_id)
    )]
    NoLayer {
        /// The image, as it was asked for.
        image: String,
        /// The layer's digest. Raw.
        diff_id: String,
        /// The command, safe to print.
        command: String,
    },
}

impl Engine {
    /// As [`Engine::images`], but each layer's size is the sum of its regular files, in bytes. `engine` is what
    /// the engine says of itself: podman has to be told that several images are saved, and the containerd store, which saves
    /// the files that it pushes, tells their sizes too.
    ///
    /// # Errors
    /// If the engine does not answer or does not give the images, or what it gives is incomplete.
    pub fn exact_images(
        &self,
        wanted: &BTreeMap<String, String>,
        engine: &Identity,
    ) -> Result<BTreeMap<String, Image>, ExactSizesError> {
        let listed = self.listed(wanted)?;
        let mut ids: Vec<&str> = listed.values().map(|image| image.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let inspected = self.inspected_all(&ids)?;
        let layers: BTreeMap<&str, Vec<&str>> = ids.iter().copied().zip(inspected.iter().map(diff_ids)).gather();
        // Docker refuses to save anything where one image has no layers ("empty export").
        let saved: Vec<(&str, u64)> = ids.iter().zip(&inspected).map(|(id, value)| (*id, size(value))).collect();
        let saved: Vec<(&str, u64)> =
            saved.into_iter().filter(|(id, _)| layers.get(id).is_some_and(|layers| !layers.is_empty())).gather();
        let (mut sizes, mut packed) = (BTreeMap::new(), BTreeMap::new());
        for chunk in saved.chunks(CHUNK) {
            for image in self.saved_layers(chunk, engine.is_podman())? {
                if engine.is_containerd() {
                    add_packed(&mut packed, &image.layers);
                }
                sizes.extend(image.layers.into_iter().map(|layer| (layer.diff_id, layer.size)));
            }
        }
        if engine.is_containerd() {
            packed.insert(Vec::new(), Some(Vec::new()));
        }
        let image = |(key, image): (&String, &Listed)| {
            let diff_ids = layers.get(image.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let layer = |diff_id: &&str| match sizes.get(*diff_id) {
                Some(size) => Ok(Layer { diff_id: (*diff_id).to_owned(), size: *size }),
                None => Err(ExactSizesError::NoLayer {
                    image: wanted.get(key).unwrap_or(key).clone(),
                    diff_id: (*diff_id).to_owned(),
                    command: self.shown_save(saved.len()),
                }),
            };
            let layers = diff_ids.iter().map(layer).collect::<Result<Vec<_>, _>>()?;
            let packed =
                packed.get(&layers.iter().map(|layer| layer.diff_id.clone()).collect::<Vec<_>>()).cloned().flatten();
            Ok((key.clone(), Image { id: image.id.clone(), size: sum(&layers), layers: Some(layers), packed }))
        };
        listed.iter().map(image).collect()
    }

    /// The layers of these images, each given with about its size in bytes, out of one stream.
    fn saved_layers(&self, images: &[(&str, u64)], is_podman: bool) -> Result<Vec<ImageLayers>, ExactSizesError> {
        let bytes = images.iter().fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
        let patience = self.patience().saturating_add(Duration::from_secs(bytes / SLOWEST));
        let several = if is_podman { &["--multi-image-archive"][..] } else { &[] };
        let args = ["save"].iter().chain(several).copied().chain(images.iter().map(|(id, _)| *id));
        let options = ReadOptions { memory: MEMORY, decompression: DECOMPRESSION, ..ReadOptions::default() };
        let read = self.save_as(args, patience, |archive| {
            let images = read_layer_sizes(&mut *archive, &options)?;
            // To its end, so that the command says how it ended.
            let _ = io::copy(&mut archive.take(PADDING), &mut io::sink());
            Ok(images)
        });
        let command = || self.shown_save(images.len());
        let read = read.map_err(|failure| EngineError { command: command(), ..failure })?;
        read.map_err(|source| {
            let hint = hint(&source);
            ExactSizesError::Archive { command: command(), source: Box::new(source), hint }
        })
    }

    /// The command that saves so many images, without their names: there may be hundreds.
    fn shown_save(&self, images: usize) -> String {
        let shown = super::shown(&self.command(["save"]));
        format!("{shown} … ({images} {})", if images == 1 { "image" } else { "images" })
    }
}

/// Adds the files of the layers of an image to those known by the diff IDs of an image. They are not known if two images have
/// the same layers in other files: the archive does not tell which is which.
fn add_packed(known: &mut BTreeMap<Vec<String>, Option<Vec<PackedLayer>>>, layers: &[LayerSize]) {
    let of = |LayerSize { file, .. }: &LayerSize| PackedLayer { digest: file.digest.clone(), size: file.size };
    let packed = Some(layers.iter().map(of).collect());
    let diff_ids = layers.iter().map(|layer| layer.diff_id.clone()).collect();
    let entry = known.entry(diff_ids).or_insert_with(|| packed.clone());
    if *entry != packed {
        *entry = None;
    }
}

/// The layers of an image that is inspected, the lowest first.
fn diff_ids(inspected: &Value) -> Vec<&str> {
    let layers = inspected.pointer("/RootFS/Layers").and_then(Value::as_array);
    layers.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// About how big an image is, in bytes, to know how long saving it may take.
fn size(inspected: &Value) -> u64 {
    inspected.get("Size").and_then(Value::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::add_packed;
    use crate::engine::images::PackedLayer;
    use image_analyzer::layer_sizes::{LayerFile, LayerSize};
    use std::collections::BTreeMap;

    fn layer(diff_id: &str, digest: &str) -> LayerSize {
        let file = LayerFile { digest: digest.to_owned(), size: 7 };
        LayerSize { diff_id: diff_id.to_owned(), size: 10, file }
    }

    #[test]
    fn the_files_of_layers_are_known_only_where_images_agree() {
        let mut known = BTreeMap::new();
        for layers in [
            vec![layer("a", "a-gz")],
            vec![layer("a", "a-gz")],
            vec![layer("a", "a-gz"), layer("b", "b")],
            vec![layer("c", "c-gz")],
            vec![layer("c", "c-zst")],
            vec![layer("c", "c-gz")],
        ] {
            add_packed(&mut known, &layers);
        }
        let of = |ids: &[&str]| known[&ids.iter().map(ToString::to_string).collect::<Vec<_>>()].clone();
        let file = |digest: &str| PackedLayer { digest: digest.to_owned(), size: 7 };
        assert_eq!(of(&["a"]), Some(vec![file("a-gz")]));
        assert_eq!((of(&["a", "b"]), of(&["c"])), (Some(vec![file("a-gz"), file("b")]), None));
    }
}
