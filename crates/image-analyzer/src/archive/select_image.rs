//! Selects an image of the archive, and puts it together from its parts.
//!
//! Docker's `manifest.json` comes first, because users know its names. Without it, or if the options name a platform, the OCI
//! index decides.

use std::sync::Arc;

use crate::archive::contents::ArchiveContents;
use crate::archive::oci::{Descriptor, Document, SavedImage, blob_path};
use crate::config::Platform;
use crate::decompress::DecompressionLimit;
use crate::error::ReadError;
use crate::image::Image;
use crate::layer::{Layer, MAX_LINKS, MAX_PATH, clean_path};
use crate::tree::FileTree;

/// The most layers that an image may have. Engines stop at a tenth of that.
const MAX_LAYERS: usize = 1000;

/// How deep indexes may be nested.
const MAX_DEPTH: usize = 4;

/// Which image to read, and the limits of reading it.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The name of the image, `repository:tag`; `None` if the archive has only one.
    pub name: Option<String>,
    /// The platform of the image; `None` is Linux on this machine's processor.
    pub platform: Option<Platform>,
    /// The most memory that the image may take, in bytes; reading takes about 10 MiB more.
    pub memory: usize,
    /// How far compressed data may expand.
    pub decompression: DecompressionLimit,
}

impl Default for ReadOptions {
    /// Any image, this machine's platform, 84 MiB, and data that expands to at most 1 GiB or 250 times its size.
    fn default() -> Self {
        Self {
            name: None,
            platform: None,
            memory: 84 << 20,
            decompression: DecompressionLimit { bytes: 1 << 30, ratio: 250 },
        }
    }
}

/// An image as the archive lists it.
struct ListedImage {
    names: Vec<String>,
    config: Vec<u8>,
    /// Each with the length that its descriptor states.
    layers: Vec<(Vec<u8>, Option<u64>)>,
}

/// Selects the image that `options` ask for.
pub(super) fn select_image(mut found: ArchiveContents, options: &ReadOptions) -> Result<Image, ReadError> {
    let index = found.documents.contains_key(b"/index.json".as_slice());
    let candidates = match found.saved.take() {
        Some(saved) if options.platform.is_none() || !index => saved_candidates(saved)?,
        _ if index => index_candidates(&found, options)?,
        _ => {
            return Err(outside(&found, b"/index.json")
                .or(outside(&found, b"/manifest.json"))
                .unwrap_or(ReadError::NoImage));
        }
    };
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

/// The images of `manifest.json`.
fn saved_candidates(saved: Result<Vec<SavedImage>, String>) -> Result<Vec<ListedImage>, ReadError> {
    let file = || b"manifest.json".to_vec();
    let saved = saved.map_err(|reason| ReadError::Document { file: file(), expected: "manifest", reason })?;
    let path = |path: &str| {
        let outside = |_| ReadError::Missing { what: "file", file: path.as_bytes().to_vec() };
        clean_path(path.as_bytes()).map_err(outside)
    };
    let candidates = saved.into_iter().map(|image| {
        let layers = image.layers.unwrap_or_default();
        Ok(ListedImage {
            names: image.repo_tags.unwrap_or_default(),
            config: path(&image.config)?,
            layers: layers.iter().map(|layer| Ok((path(layer)?, None))).collect::<Result<_, ReadError>>()?,
        })
    });
    candidates.collect()
}

/// The images of `index.json`: of each name, the one for the platform.
fn index_candidates(found: &ArchiveContents, options: &ReadOptions) -> Result<Vec<ListedImage>, ReadError> {
    let index = document(found, b"/index.json", "index")?;
    // By name, because two names of one image are two entries, and two platforms may share a name.
    let mut named: Vec<(Option<&str>, Vec<&Descriptor>)> = Vec::new();
    for descriptor in index.manifests.iter().flatten().filter(|descriptor| !descriptor.is_attestation()) {
        let name = descriptor.name();
        match named.iter_mut().find(|(known, _)| name.is_some() && *known == name) {
            Some((_, descriptors)) => descriptors.push(descriptor),
            None => named.push((name, vec![descriptor])),
        }
    }
    // Without any names, what is listed are the platforms of one image.
    if named.iter().all(|(name, _)| name.is_none()) && !named.is_empty() {
        named = vec![(None, named.into_iter().flat_map(|(_, descriptors)| descriptors).collect())];
    }
    let wanted = options.name.as_deref();
    if let Some(wanted) = wanted
        && named.iter().any(|(name, _)| name.is_some_and(|name| is_same(name, wanted)))
    {
        named.retain(|(name, _)| name.is_some_and(|name| is_same(name, wanted)));
    }
    let mut candidates: Vec<ListedImage> = Vec::new();
    for (name, descriptors) in named {
        for descriptor in for_platform(found, &descriptors, options)? {
            let candidate = from_manifest(found, descriptor)?;
            let own = name.map(str::to_owned);
            match candidates.iter_mut().find(|known| known.config == candidate.config) {
                Some(known) => known.names.extend(own),
                None => candidates.push(ListedImage { names: own.into_iter().collect(), ..candidate }),
            }
        }
    }
    Ok(candidates)
}

/// The manifests that fit the platform: one, unless two claim the same.
fn for_platform<'f>(
    found: &'f ArchiveContents,
    descriptors: &[&'f Descriptor],
    options: &ReadOptions,
) -> Result<Vec<&'f Descriptor>, ReadError> {
    let mut all: Vec<(&Descriptor, Platform)> = Vec::new();
    flatten(found, descriptors, 0, &mut all)?;
    let wanted = options.platform.clone().unwrap_or_else(Platform::host);
    // An image for one platform only is the one that is meant, unless another was asked for by name.
    let only = options.platform.is_none() && all.len() == 1;
    let first = all.iter().find(|(_, platform)| only || wanted.runs(platform));
    let Some((_, chosen)) = first else {
        let has = all.iter().map(|(_, platform)| platform.to_string()).collect();
        return Err(if all.is_empty() { ReadError::Empty } else { ReadError::NoPlatform { wanted, has } });
    };
    Ok(all.iter().filter(|(_, platform)| platform == chosen).map(|(descriptor, _)| *descriptor).collect())
}

/// All manifests, also those in nested indexes, each with its platform.
fn flatten<'f>(
    found: &'f ArchiveContents,
    descriptors: &[&'f Descriptor],
    depth: usize,
    flat: &mut Vec<(&'f Descriptor, Platform)>,
) -> Result<(), ReadError> {
    for descriptor in descriptors.iter().filter(|descriptor| !descriptor.is_attestation()) {
        let path = blob(descriptor)?;
        // Of an index of many platforms an archive may hold one alone.
        let Ok(document) = document(found, &path, "manifest") else {
            if let Some(platform) = descriptor.platform.as_deref() {
                flat.push((descriptor, platform.clone()));
                continue;
            }
            return Err(missing(found, "manifest", &path));
        };
        if let Some(inner) = document.manifests.as_ref() {
            if depth == MAX_DEPTH {
                let reason = format!("it is nested more than {MAX_DEPTH} levels deep");
                return Err(ReadError::Document { file: path, expected: "index", reason });
            }
            flatten(found, &inner.iter().collect::<Vec<_>>(), depth + 1, flat)?;
        } else {
            let stated = descriptor.platform.as_deref().cloned();
            let platform = stated.unwrap_or_else(|| platform_of(found, document));
            flat.push((descriptor, platform));
        }
    }
    Ok(())
}

/// The platform of a manifest, as its configuration says.
fn platform_of(found: &ArchiveContents, manifest: &Document) -> Platform {
    let config = manifest.config_descriptor().and_then(|(digest, _)| blob_path(digest));
    let config = config.and_then(|path| document(found, &path, "configuration").ok());
    config.map(Document::platform).unwrap_or_default()
}

fn from_manifest(found: &ArchiveContents, descriptor: &Descriptor) -> Result<ListedImage, ReadError> {
    let path = blob(descriptor)?;
    let manifest = document(found, &path, "manifest")?;
    let bad =
        |reason: &str| ReadError::Document { file: path.clone(), expected: "manifest", reason: reason.to_owned() };
    let (config, _) = manifest.config_descriptor().ok_or_else(|| bad("it does not name a configuration"))?;
    let config = blob_path(config).ok_or_else(|| bad("the digest of its configuration is invalid"))?;
    let layers = manifest.layers.iter().flatten();
    let layers = layers.map(|layer| Ok((blob(layer)?, Some(layer.size)))).collect::<Result<_, ReadError>>()?;
    Ok(ListedImage { names: Vec::new(), config, layers })
}

fn blob(descriptor: &Descriptor) -> Result<Vec<u8>, ReadError> {
    let missing = || ReadError::Missing { what: "file", file: descriptor.digest.as_bytes().to_vec() };
    descriptor.path().ok_or_else(missing)
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

/// Do two references name the same image? `docker.io/library/` and `:latest` may be left out.
fn is_same(one: &str, other: &str) -> bool {
    fn short(name: &str) -> (&str, &str) {
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let name = name.strip_prefix("library/").unwrap_or(name);
        let tag = name.rfind(':').filter(|colon| name.rfind('/').is_none_or(|slash| slash < *colon));
        tag.map_or((name, "latest"), |colon| {
            let (name, tag) = name.split_at(colon);
            (name, tag.trim_start_matches(':'))
        })
    }
    short(one) == short(other)
}

/// Puts an image together.
fn build(found: &mut ArchiveContents, candidate: ListedImage) -> Result<Image, ReadError> {
    let config = document(found, &candidate.config, "configuration")?;
    if candidate.layers.len() > MAX_LAYERS {
        let reason = format!("its manifest lists more than {MAX_LAYERS} layers");
        return Err(ReadError::Document { file: candidate.config, expected: "configuration", reason });
    }
    if let Some(count) = config.layer_count()
        && count != candidate.layers.len()
    {
        let reason = format!("the config lists {count} layers, the manifest {}", candidate.layers.len());
        return Err(ReadError::Document { file: candidate.config, expected: "configuration", reason });
    }
    let config = config.to_config();
    let mut layers = Vec::new();
    for (path, size) in candidate.layers {
        layers.push(layer(found, &path, size)?);
    }
    Ok(Image { names: candidate.names, config, files: FileTree::new(layers) })
}

fn layer(found: &mut ArchiveContents, path: &[u8], stated: Option<u64>) -> Result<Arc<Layer>, ReadError> {
    let at = resolve(found, path);
    let (actual, layer) = found.layers.get(&at).ok_or_else(|| missing(found, "layer", path))?;
    if let Some(stated) = stated.filter(|stated| stated != actual) {
        return Err(ReadError::Size { file: path.to_vec(), stated, actual: *actual });
    }
    if let Ok(layer) = layer {
        return Ok(Arc::clone(layer));
    }
    // The error is taken out, because it cannot be copied; nothing else will ask for it.
    match found.layers.remove(&at) {
        Some((_, Err(problem))) => Err(ReadError::Layer { layer: path.to_vec(), problem: Box::new(problem) }),
        _ => Err(missing(found, "layer", path)),
    }
}

/// A document; links of the archive are followed.
fn document<'f>(found: &'f ArchiveContents, path: &[u8], expected: &'static str) -> Result<&'f Document, ReadError> {
    let file = || path.to_vec();
    match found.documents.get(&resolve(found, path)) {
        Some(Ok(document)) => Ok(document),
        Some(Err(reason)) => Err(ReadError::Document { file: file(), expected, reason: reason.clone() }),
        None => Err(missing(found, expected, path)),
    }
}

/// The error for a file that is not in the archive.
fn missing(found: &ArchiveContents, what: &'static str, path: &[u8]) -> ReadError {
    outside(found, path).unwrap_or_else(|| ReadError::Missing { what, file: path.to_vec() })
}

/// The error if it lies behind a link out of the folder.
fn outside(found: &ArchiveContents, path: &[u8]) -> Option<ReadError> {
    let path = resolve(found, path);
    let link = prefixes(&path).find(|prefix| found.outside.contains(*prefix))?;
    Some(ReadError::Outside { link: link.to_vec() })
}

/// Follows the links of the archive, also those of folders.
fn resolve(found: &ArchiveContents, path: &[u8]) -> Vec<u8> {
    let mut path = path.to_vec();
    for _ in 0..MAX_LINKS {
        let next = prefixes(&path).find_map(|prefix| {
            let target = found.links.get(prefix)?;
            // The root ends in a slash, as no other folder does.
            let target = target.strip_suffix(b"/").unwrap_or(target);
            Some([target, path.get(prefix.len()..)?].concat())
        });
        let Some(next) = next.filter(|next| next.len() <= MAX_PATH) else { break };
        path = next;
    }
    path
}

/// The folders of an absolute clean path, from the root on, and the path itself.
fn prefixes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    ends.chain([path.len()]).filter_map(|end| path.get(..end))
}
