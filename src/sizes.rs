//! How big the images of a repository are, program by program, and what they take together.
//!
//! A pure function from what the engine has to what is reported: nothing is asked, printed or rounded here. What is
//! shared is worked out in [`sharing`], what has changed since an earlier report in [`baseline`].

pub mod baseline;
pub mod figures;
pub mod growth_limit;
pub mod sharing;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::images::{Image, PackedLayer};
use crate::gather::Gather as _;
use crate::repository::service_name::{ServiceName, Set};
use figures::Figures;
use sharing::{SharedSize, account};

/// The order of images within a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SortOrder {
    /// From large to small, those not built last
    #[default]
    Size,
    /// By name
    Name,
}

/// The images of a repository, by program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The programs, by name.
    pub programs: Vec<Program>,
    /// What all listed images are together.
    pub total: Total,
    /// How the sizes were counted, and where.
    pub figures: Figures,
}

/// The images of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name, the first segment of its services.
    pub name: String,
    /// Its images, in the order asked for.
    pub rows: Vec<Row>,
}

/// One service and its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The service.
    pub service: ServiceName,
    /// The image's reference: `minimage:hello-c.gcc`.
    pub image: String,
    /// What the engine has; `None` if the image is not built.
    pub built: Option<Built>,
}

/// An image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The engine's name for its content. Raw: escape before printing.
    pub id: String,
    /// Its size in bytes: the sum of its unpacked layers where they are known, else what `docker images` shows.
    pub size: u64,
    /// Its size apart: its own and what it shares; `None` if the engine does not tell its layers' sizes.
    pub share: Option<SharedSize>,
    /// The size of the program's largest image, in bytes.
    pub largest: u64,
    /// The size of the files of its layers, which a pull transfers, in bytes; `None` if it is not known.
    pub packed: Option<u64>,
}

/// All listed images together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many are there.
    pub built: usize,
    /// How many are not built.
    pub missing: usize,
    /// The sum of their sizes, in bytes.
    pub size: u64,
    /// What they take on disk, in bytes: each layer counted once.
    pub on_disk: u64,
    /// What a pull of all transfers, in bytes: each file of a layer counted once; `None` if it is not known of each.
    pub packed: Option<u64>,
}

/// Compares `services` with the engine's `images`, by service. `reference` is the reference of a service's image. Where the
/// figures come from is left unknown.
pub fn measure(
    reference: &impl Fn(&ServiceName) -> String,
    services: &[ServiceName],
    images: &BTreeMap<String, Image>,
    sort: SortOrder,
) -> Sizes {
    let image_of = |service: &ServiceName| images.get(service.as_str());
    let there: Vec<&Image> = services.iter().filter_map(image_of).collect();
    let account = account(&there);
    let mut shares = account.shares.into_iter();
    let mut programs: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for service in services {
        // One share for each image that is there, in the same order.
        let built = image_of(service).map(|image| Built {
            id: image.id.clone(),
            size: image.size,
            share: shares.next().flatten(),
            largest: image.size,
            packed: image.packed.as_deref().map(packed_size),
        });
        let row = Row { service: service.clone(), image: reference(service), built };
        programs.entry(service.program()).or_default().push(row);
    }
    let total = Total {
        built: there.len(),
        missing: services.len() - there.len(),
        size: there.iter().fold(0, |sum, image| sum.saturating_add(image.size)),
        on_disk: account.on_disk,
        packed: packed_once(&there),
    };
    let programs = programs.into_iter().map(|(name, rows)| program(name, rows, sort)).collect();
    Sizes { programs, total, figures: Figures::default() }
}

/// The size of these files of layers, in bytes, each counted once.
fn packed_size<'a>(layers: impl IntoIterator<Item = &'a PackedLayer>) -> u64 {
    let layers: BTreeSet<&PackedLayer> = layers.into_iter().gather();
    layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.size))
}

/// The size of the files of all layers, if they are known of each image, of which there is at least one.
fn packed_once(images: &[&Image]) -> Option<u64> {
    let layers: Option<Vec<_>> = images.iter().map(|image| image.packed.as_ref()).collect();
    layers.filter(|layers| !layers.is_empty()).map(|layers| packed_size(layers.into_iter().flatten()))
}

fn program(name: &str, mut rows: Vec<Row>, sort: SortOrder) -> Program {
    let largest = rows.iter().filter_map(Row::size).max().unwrap_or_default();
    for built in rows.iter_mut().filter_map(|row| row.built.as_mut()) {
        built.largest = largest;
    }
    match sort {
        // `None` is less than any size, so what is not built comes last.
        SortOrder::Size => {
            rows.sort_unstable_by(|a, b| b.size().cmp(&a.size()).then_with(|| a.service.cmp(&b.service)));
        }
        SortOrder::Name => rows.sort_unstable_by(|a, b| a.service.cmp(&b.service)),
    }
    Program { name: name.to_owned(), rows }
}

impl Sizes {
    /// Whether it is known of any image what a pull transfers.
    pub fn has_packed(&self) -> bool {
        self.rows().filter_map(|row| row.built.as_ref()).any(|built| built.packed.is_some())
    }

    /// All rows, program by program.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.programs.iter().flat_map(|program| &program.rows)
    }
}

impl Row {
    /// Its size in bytes; `None` if it is not built.
    pub fn size(&self) -> Option<u64> {
        self.built.as_ref().map(|built| built.size)
    }

    /// Whether it is to be built at all: an image of the err set is not.
    pub fn is_expected(&self) -> bool {
        self.service.set() == Set::Normal
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Sizes, SortOrder, measure};
    use crate::engine::images::{Image, Layer, PackedLayer};
    use crate::repository::service_name::ServiceName;
    use std::collections::BTreeMap;

    /// An image of `layers`, each a name and a size.
    pub(crate) fn image(id: &str, layers: &[(&str, u64)]) -> Image {
        let layer = |(name, size): &(&str, u64)| Layer { diff_id: (*name).to_owned(), size: *size };
        Image {
            id: format!("sha256:{id}"),
            size: layers.iter().fold(0, |sum, (_, size)| u64::saturating_add(sum, *size)),
            layers: Some(layers.iter().map(layer).collect()),
            packed: None,
        }
    }

    pub(crate) fn services(names: &[&str]) -> Vec<ServiceName> {
        names.iter().map(|name| ServiceName::parse(name).unwrap()).collect()
    }

    /// A small repository with something of everything; `hostile` is an image ID with all that formats trip over.
    pub(crate) fn sample(sort: SortOrder) -> Sizes {
        let base = ("base", 113_002_590);
        let images = BTreeMap::from(
            [
                ("hello-c.gcc", image("1", &[base, ("gcc", 1_026_997_410), ("hello", 16_696)])),
                ("hello-c.gcc.ubuntu", image("2", &[base, ("hello-2", 16_696)])),
                ("hello-c.gcc-static.scratch", image("3", &[("static", 757_832)])),
                ("hello-c.alpine-static.scratch", image("\u{1b}[31m|`<&\">'\n,=1+2", &[("static-musl", 94_208)])),
                ("prod", Image { layers: None, ..image("5", &[("x", 7_000_000)]) }),
                ("empty.scratch", image("6", &[])),
                ("other.one", image("7", &[("same", 5_000)])),
                ("other.two", image("7", &[("same", 5_000)])),
            ]
            .map(|(tag, image)| (tag.to_owned(), image)),
        );
        let mut names: Vec<&str> = images.keys().map(String::as_str).collect();
        names.extend(["hello-c.gcc.scratch", "hello-c.gcc.nowhere.err", "absent.gcc"]);
        names.sort_unstable();
        measure(&|service| format!("minimage:{service}"), &services(&names), &images, sort)
    }

    /// Three images of a store that keeps layers compressed, two of them on one base.
    pub(crate) fn packed_sample() -> Sizes {
        let file = |(digest, size): &(&str, u64)| PackedLayer { digest: (*digest).to_owned(), size: *size };
        let packed = |id, layers: &[(&str, u64)], files: &[(&str, u64)]| Image {
            packed: Some(files.iter().map(file).collect()),
            ..image(id, layers)
        };
        let images = BTreeMap::from(
            [
                ("a.base", packed("1", &[("base", 90_000)], &[("base-gz", 30_000)])),
                ("a.child", packed("2", &[("base", 90_000), ("x", 500)], &[("base-gz", 30_000), ("x-gz", 220)])),
                ("b.empty", packed("3", &[], &[])),
            ]
            .map(|(tag, image)| (tag.to_owned(), image)),
        );
        let names = services(&["a.base", "a.child", "b.empty"]);
        measure(&|service| format!("minimage:{service}"), &names, &images, SortOrder::Name)
    }

    #[test]
    fn what_a_pull_transfers_counts_each_file_once_and_is_unknown_if_it_is_of_one() {
        let sizes = packed_sample();
        let of_each: Vec<_> = sizes.rows().map(|row| row.built.as_ref().unwrap().packed).collect();
        assert_eq!(of_each, [Some(30_000), Some(30_220), Some(0)]);
        assert_eq!(sizes.total.packed, Some(30_220));
        let unknown = BTreeMap::from([("a".to_owned(), image("1", &[]))]);
        let sizes = measure(&ToString::to_string, &services(&["a"]), &unknown, SortOrder::Name);
        assert_eq!((sizes.total.packed, sizes.has_packed()), (None, false));
        assert_eq!(measure(&ToString::to_string, &[], &BTreeMap::new(), SortOrder::Name).total.packed, None);
    }

    fn order(sizes: &Sizes) -> Vec<&str> {
        sizes.rows().map(|row| row.service.as_str()).collect()
    }

    #[test]
    fn each_program_goes_from_large_to_small_and_what_is_not_built_comes_last() {
        assert_eq!(
            order(&sample(SortOrder::Size)),
            [
                "absent.gcc",
                "empty.scratch",
                "hello-c.gcc",
                "hello-c.gcc.ubuntu",
                "hello-c.gcc-static.scratch",
                "hello-c.alpine-static.scratch",
                "hello-c.gcc.nowhere.err",
                "hello-c.gcc.scratch",
                "other.one",
                "other.two",
                "prod"
            ]
        );
    }

    #[test]
    fn sorted_by_name_each_program_is_in_byte_order() {
        let sizes = sample(SortOrder::Name);
        assert!(order(&sizes).is_sorted());
    }

    #[test]
    fn the_total_counts_each_layer_once() {
        let total = sample(SortOrder::Size).total;
        assert_eq!((total.built, total.missing), (8, 3));
        assert_eq!(total.size - total.on_disk, 113_002_590 + 5_000);
    }

    #[test]
    fn every_image_is_held_against_the_largest_of_its_own_program() {
        let sizes = sample(SortOrder::Size);
        let largest = |name: &str| {
            let row = sizes.rows().find(|row| row.service.as_str() == name).unwrap();
            row.built.as_ref().unwrap().largest
        };
        assert_eq!(largest("hello-c.gcc-static.scratch"), 113_002_590 + 1_026_997_410 + 16_696);
        assert_eq!(largest("other.two"), 5_000);
    }
}
