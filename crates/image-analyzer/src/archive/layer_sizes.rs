//! How big the layers of an archive's images are: the sum of their files, the same whoever wrote the archive and however
//! its layers are packed.

use super::contents::{ArchiveContents, LayerContent, LayerProblem};
use super::listed_image::{ListedImage, is_same, list_images};
use super::read_options::ReadOptions;
use super::select_image::{checked_config, layer};
use crate::error::ReadError;
use crate::layer::{Budget, is_whiteout};
use crate::tar::{Header, Tar};

/// An image of an archive, as its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLayers {
    /// Its names, `repository:tag`; none if the archive names none. Raw: escape before printing.
    pub names: Vec<String>,
    /// Its layers, the lowest first.
    pub layers: Vec<LayerSize>,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSize {
    /// The digest of its unpacked tar, as the image's configuration has it: `sha256:` and 64 digits.
    pub diff_id: String,
    /// The sum of the lengths of its regular files, in bytes. Hard links, whiteouts and all that is no file count 0.
    pub size: u64,
    /// The file that it is in.
    pub file: LayerFile,
}

/// The file of a layer in an archive, compressed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFile {
    /// Its digest, such as `sha256:` and 64 digits, if the archive is an OCI layout; else its path. Raw.
    pub digest: String,
    /// Its length, in bytes.
    pub size: u64,
}

/// What is kept of a layer: the sum of its files, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FileBytes(u64);

impl LayerContent for FileBytes {
    fn read(tar: &mut Tar<'_>, _: &ReadOptions, _: &Budget) -> Result<Self, LayerProblem> {
        let mut sum = 0_u64;
        while let Some(header) = tar.next_entry()? {
            sum = sum.saturating_add(file_bytes(&header));
        }
        Ok(Self(sum))
    }
}

/// The length of the file that the entry makes; 0 if it makes none.
fn file_bytes(header: &Header) -> u64 {
    if header.kind == b'0' && !is_whiteout(&header.path) { header.unpacked_size } else { 0 }
}

/// The layers of all images that `options` name, in the order of the archive's list.
///
/// # Errors
/// If the list of images is damaged, an image of it is incomplete, or none fits `options`.
pub(super) fn layer_sizes(
    mut found: ArchiveContents<FileBytes>,
    options: &ReadOptions,
    budget: &Budget,
) -> Result<Vec<ImageLayers>, ReadError> {
    let mut images = list_images(&mut found.documents, options)?;
    if let Some(wanted) = options.name.as_deref() {
        let has: Vec<String> = images.iter().flat_map(|image| image.names.iter().cloned()).collect();
        images.retain(|image| image.names.iter().any(|name| is_same(name, wanted)));
        if images.is_empty() {
            return Err(ReadError::NoSuchImage { wanted: wanted.to_owned(), has });
        }
    }
    if images.is_empty() {
        return Err(ReadError::Empty);
    }
    images.into_iter().map(|image| sized(&mut found, image, options, budget)).collect()
}

/// The layers of one image.
fn sized(
    found: &mut ArchiveContents<FileBytes>,
    image: ListedImage,
    options: &ReadOptions,
    budget: &Budget,
) -> Result<ImageLayers, ReadError> {
    let config = checked_config(&found.documents, &image)?;
    let platform = config.platform();
    if let Some(wanted) = options.platform.as_ref().filter(|wanted| !wanted.runs(&platform)) {
        return Err(ReadError::NoPlatform { wanted: wanted.clone(), has: vec![platform.to_string()] });
    }
    let Some(diff_ids) = config.diff_ids().and_then(|list| list.digests()) else {
        let reason = "its diff IDs are not a list of digests".to_owned();
        return Err(ReadError::Document { file: image.config, expected: "configuration", reason });
    };
    // A short list of images may name one configuration of many layers again and again.
    let digests = image.layers.iter().map(|(path, _)| path.len() + 16).sum::<usize>();
    let room = diff_ids.iter().map(|id| size_of::<LayerSize>() + id.len() + 16).sum::<usize>() + digests;
    budget.take(room)?;
    let diff_ids: Vec<String> = diff_ids.iter().map(ToString::to_string).collect();
    let mut layers = Vec::with_capacity(diff_ids.len());
    for (diff_id, (path, stated)) in diff_ids.into_iter().zip(&image.layers) {
        let FileBytes(size) = layer(found, path, *stated)?;
        let at = found.documents.resolve(path);
        let length = found.layers.get(&at).map(|(length, _)| *length).unwrap_or_default();
        layers.push(LayerSize { diff_id, size, file: LayerFile { digest: digest(&at), size: length } });
    }
    Ok(ImageLayers { names: image.names, layers })
}

/// The digest of a file of an OCI layout, which is its path: `/blobs/sha256/…`.
fn digest(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let name = path.strip_prefix("/blobs/").and_then(|name| name.split_once('/'));
    name.map_or_else(|| path.to_string(), |(algorithm, digest)| format!("{algorithm}:{digest}"))
}
