//! Images of the repository that others of it are built on.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::image_name::normalised;
use super::service::{LocalBase, Service};
use crate::parallel::in_parts;
use crate::problem::Problem;
use image_analyzer::printable::printable_path;

/// Which service makes an image, by the image's reference.
type Images<'s> = HashMap<Cow<'s, str>, &'s Service>;

/// Fills in which services each one is built on. Returns the services whose image has the name of another one's: each would
/// overwrite the other's.
pub(super) fn settle(services: &mut [Service]) -> Vec<Problem> {
    let (images, problems) = images(services);
    let bases = in_parts(services, |part| part.iter().map(|service| bases(service, &images)).collect::<Vec<_>>());
    for (service, bases) in services.iter_mut().zip(bases.into_iter().flatten()) {
        service.local_bases = bases;
    }
    problems
}

fn images(services: &[Service]) -> (Images<'_>, Vec<Problem>) {
    let mut images = Images::with_capacity(services.len());
    let mut problems = Vec::new();
    for service in services {
        for image in std::iter::once(&service.image).chain(&service.tags) {
            match images.entry(normalised(image)) {
                Entry::Occupied(other) if other.get().name != service.name => {
                    let what = format!(
                        "its image `{image}` is also the image of `{}`: put `{{service}}` into `image`, or change `tags`",
                        printable_path(&other.get().dockerfile)
                    );
                    problems.push(Problem::new(&service.dockerfile, what));
                }
                Entry::Occupied(_) => {}
                Entry::Vacant(new) => {
                    new.insert(service);
                }
            }
        }
    }
    (images, problems)
}

fn bases(service: &Service, images: &Images<'_>) -> Vec<LocalBase> {
    let Ok(parsed) = &service.parsed else { return Vec::new() };
    // Most Dockerfiles use no image of the repository.
    let is_built = LazyCell::new(|| parsed.stages_built(service.target.as_deref()));
    let bases = parsed.uses.iter().filter_map(|used| {
        // The short name: Compose and bake look for a base under it, however the Dockerfile writes it.
        let short = normalised(used.image.known()?);
        let base = images.get(&short)?;
        if !is_built.get(used.stage).copied().unwrap_or(true) {
            return None;
        }
        Some(LocalBase {
            reference: short.strip_suffix(":latest").unwrap_or(&short).to_owned(),
            service: base.name.clone(),
            has_onbuild_sources: base.parsed.as_ref().is_ok_and(|parsed| parsed.has_onbuild_sources),
        })
    });
    let mut bases: Vec<_> = bases.collect();
    bases.sort_unstable();
    bases.dedup();
    bases
}
