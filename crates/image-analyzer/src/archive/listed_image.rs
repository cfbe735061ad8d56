//! The images that an archive lists, each by the paths of its configuration and layers.
//!
//! Docker's `manifest.json` comes first, because users know its names. Without it, or if the options name a platform, the OCI
//! index decides.

use super::documents::Documents;
use super::oci::{Descriptor, Document, SavedImage, blob_path};
use super::read_options::ReadOptions;
use crate::config::Platform;
use crate::error::ReadError;
use crate::layer::clean_path;

/// How deep indexes may be nested.
const MAX_DEPTH: usize = 4;

/// An image as the archive lists it.
pub(super) struct ListedImage {
    /// Its names, `repository:tag`.
    pub(super) names: Vec<String>,
    /// The path of its configuration.
    pub(super) config: Vec<u8>,
    /// The paths of its layers, the lowest first, each with the length that its descriptor states.
    pub(super) layers: Vec<(Vec<u8>, Option<u64>)>,
}

/// The images of the archive that fit the platform of `options`.
///
/// # Errors
/// If there is no list of images, or it cannot be read.
pub(super) fn list_images(documents: &mut Documents, options: &ReadOptions) -> Result<Vec<ListedImage>, ReadError> {
    let index = documents.parsed.contains_key(b"/index.json".as_slice());
    match documents.saved.take() {
        Some(saved) if options.platform.is_none() || !index => saved_candidates(saved),
        _ if index => index_candidates(documents, options),
        _ => Err(documents
            .outside(b"/index.json")
            .or(documents.outside(b"/manifest.json"))
            .unwrap_or(ReadError::NoImage)),
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
fn index_candidates(documents: &Documents, options: &ReadOptions) -> Result<Vec<ListedImage>, ReadError> {
    let index = documents.document(b"/index.json", "index")?;
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
        for descriptor in for_platform(documents, &descriptors, options)? {
            let candidate = from_manifest(documents, descriptor)?;
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
    documents: &'f Documents,
    descriptors: &[&'f Descriptor],
    options: &ReadOptions,
) -> Result<Vec<&'f Descriptor>, ReadError> {
    let mut all: Vec<(&Descriptor, Platform)> = Vec::new();
    flatten(documents, descriptors, 0, &mut all)?;
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
    documents: &'f Documents,
    descriptors: &[&'f Descriptor],
    depth: usize,
    flat: &mut Vec<(&'f Descriptor, Platform)>,
) -> Result<(), ReadError> {
    for descriptor in descriptors.iter().filter(|descriptor| !descriptor.is_attestation()) {
        let path = blob(descriptor)?;
        // Of an index of many platforms an archive may hold one alone.
        let Ok(document) = documents.document(&path, "manifest") else {
            if let Some(platform) = descriptor.platform.as_deref() {
                flat.push((descriptor, platform.clone()));
                continue;
            }
            return Err(documents.missing("manifest", &path));
        };
        if let Some(inner) = document.manifests.as_ref() {
            if depth == MAX_DEPTH {
                let reason = format!("it is nested more than {MAX_DEPTH} levels deep");
                return Err(ReadError::Document { file: path, expected: "index", reason });
            }
            flatten(documents, &inner.iter().collect::<Vec<_>>(), depth + 1, flat)?;
        } else {
            let stated = descriptor.platform.as_deref().cloned();
            let platform = stated.unwrap_or_else(|| platform_of(documents, document));
            flat.push((descriptor, platform));
        }
    }
    Ok(())
}

/// The platform of a manifest, as its configuration says.
fn platform_of(documents: &Documents, manifest: &Document) -> Platform {
    let config = manifest.config_descriptor().and_then(|(digest, _)| blob_path(digest));
    let config = config.and_then(|path| documents.document(&path, "configuration").ok());
    config.map(Document::platform).unwrap_or_default()
}

fn from_manifest(documents: &Documents, descriptor: &Descriptor) -> Result<ListedImage, ReadError> {
    let path = blob(descriptor)?;
    let manifest = documents.document(&path, "manifest")?;
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

/// Do two references name the same image? `docker.io/library/` and `:latest` may be left out.
pub(super) fn is_same(one: &str, other: &str) -> bool {
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
