//! Selects an image of the archive, and puts it together from its parts.

use std::sync::Arc;

use super::contents::ArchiveContents;
use super::documents::Documents;
use super::listed_image::{ListedImage, is_same, list_images};
use super::oci::{Document, MAX_LAYERS};
use super::read_options::ReadOptions;
use crate::error::ReadError;
use crate::image::Image;
use crate::layer::Layer;
use crate::tree::FileTree;

/// Selects the image that `options` ask for.
pub(super) fn select_image(mut found: ArchiveContents<Arc<Layer>>, options: &ReadOptions) -> Result<Image, ReadError> {
    let candidates = list_images(&mut found.documents, options)?;
    let candidate = one_of(candidates, options)?;
    let image = build(&mut found, candidate)?;
    match &options.platform {
        Some(wanted) if !image.config.platform.arch.is_empty() && !wanted.runs(&image.config.platform) => {
            let has = vec![image.config.platform.to_string()];
            Err(ReadError::NoPlatform { wanted: wanted.clone(), has })
        }
        _ => Ok(image),
    }
}

/// The image that the options name, or the only one.
fn one_of(candidates: Vec<ListedImage>, options: &ReadOptions) -> Result<ListedImage, ReadError> {
    let names = |candidates: &[ListedImage]| -> Vec<String> {
        let names = candidates.iter().flat_map(|candidate| match candidate.names.as_slice() {
            [] => vec![String::from_utf8_lossy(&candidate.config).trim_start_matches('/').to_owned()],
            names => names.to_vec(),
        });
        names.collect()
    };
    let fits = |candidate: &ListedImage| {
        let wanted = options.name.as_deref();
        wanted.is_none_or(|wanted| candidate.names.iter().any(|name| is_same(name, wanted)))
    };
    let all = names(&candidates);
    let mut fitting: Vec<ListedImage> = candidates.into_iter().filter(fits).collect();
    match (fitting.len(), options.name.clone()) {
        (0, Some(wanted)) => Err(ReadError::NoSuchImage { wanted, has: all }),
        (0, None) => Err(ReadError::Empty),
        (1, _) => fitting.pop().ok_or(ReadError::Empty),
        _ => Err(ReadError::Several(names(&fitting))),
    }
}

/// Puts an image together.
fn build(found: &mut ArchiveContents<Arc<Layer>>, candidate: ListedImage) -> Result<Image, ReadError> {
    let config = checked_config(&found.documents, &candidate)?.to_config();
    let layers = candidate.layers.iter().map(|(path, size)| layer(found, path, *size)).collect::<Result<_, _>>()?;
    Ok(Image { names: candidate.names, config, files: FileTree::new(layers) })
}

/// The configuration of `image`, which is for as many layers as `image` has.
///
/// # Errors
/// If there is none, or it is for other layers.
pub(super) fn checked_config<'d>(documents: &'d Documents, image: &ListedImage) -> Result<&'d Document, ReadError> {
    let config = documents.document(&image.config, "configuration")?;
    let listed = image.layers.len();
    let reason = match config.layer_count() {
        _ if listed > MAX_LAYERS => format!("its manifest lists more than {MAX_LAYERS} layers"),
        Some(count) if count != listed => format!("the config lists {count} layers, the manifest {listed}"),
        _ => return Ok(config),
    };
    Err(ReadError::Document { file: image.config.clone(), expected: "configuration", reason })
}

/// The layer at `path`, whose length is `stated` if its descriptor is known.
///
/// # Errors
/// If it is missing or damaged, or has another length.
pub(super) fn layer<L: Clone>(
    found: &mut ArchiveContents<L>,
    path: &[u8],
    stated: Option<u64>,
) -> Result<L, ReadError> {
    let at = found.documents.resolve(path);
    let (actual, layer) = found.layers.get(&at).ok_or_else(|| found.documents.missing("layer", path))?;
    if let Some(stated) = stated.filter(|stated| stated != actual) {
        return Err(ReadError::Size { file: path.to_vec(), stated, actual: *actual });
    }
    if let Ok(layer) = layer {
        return Ok(layer.clone());
    }
    // The error is taken out, because it cannot be copied; nothing else will ask for it.
    match found.layers.remove(&at) {
        Some((_, Err(problem))) => Err(ReadError::Layer { layer: path.to_vec(), problem: Box::new(problem) }),
        _ => Err(found.documents.missing("layer", path)),
    }
}
