//! Images of the repository that others of it are built on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::image_name::normalised;
use super::service::{LocalBase, Service};
use crate::problem::Problem;
use image_analyzer::printable::printable_path;

/// Which service makes an image, by the image's reference.
type Images<'s> = HashMap<Cow<'s, str>, &'s Service>;

/// Fills in which services each one is built on. Returns the services whose image has the name of another one's: each would
/// overwrite the other's.
pub(super) fn settle(services: &mut [Service]) -> Vec<Problem> {
    let (images, problems) = images(services);
    let bases: Vec<_> = services.iter().map(|service| bases(service, &images)).collect();
    let has_onbuild = |service: &&Service| service.parsed.as_ref().is_ok_and(|parsed| parsed.has_onbuild_sources);
    let with_onbuild: Vec<_> = services.iter().filter(has_onbuild).map(|service| service.name.clone()).collect();
    for (service, bases) in services.iter_mut().zip(bases) {
        // The ONBUILD of a base takes from the build context of what is built on it.
        if let Ok(parsed) = &mut service.parsed {
            parsed.has_unknown_sources |= bases.iter().any(|base| with_onbuild.contains(&base.service));
        }
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
                        "its image `{image}` is also that of `{}`: put `{{service}}` into `image`, or change `tags`",
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
    let is_built = parsed.stages_built(service.target.as_deref());
    let built = parsed.uses.iter().filter(|used| is_built.get(used.stage).copied().unwrap_or(true));
    let known = built.filter_map(|used| used.image.known());
    let bases = known.filter_map(|reference| {
        let base = images.get(&normalised(reference))?;
        // The short name: Compose and bake look for a base under it, however the Dockerfile writes it.
        let short = normalised(reference);
        let reference = short.strip_suffix(":latest").unwrap_or(&short).to_owned();
        Some(LocalBase { reference, service: base.name.clone() })
    });
    let mut bases: Vec<_> = bases.collect();
    bases.sort_unstable();
    bases.dedup();
    bases
}
