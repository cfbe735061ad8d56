//! Whose bytes are whose: what an image has for itself, what it shares with others, and all of it counted once.
//!
//! A layer is shared where the layers below it are the same too: so the engine keeps them. The same content on top of
//! something else is another layer and takes disk space again.

use std::collections::BTreeMap;

use crate::engine::images::{Image, Layer};

/// The two parts of an image's size. They add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedSize {
    /// Bytes that no other image of the list has; a base image outside the list may still hold them.
    pub own: u64,
    /// Bytes that at least one other image of the list has too.
    pub shared: u64,
}

/// What a list of images comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeTotals {
    /// The share of each image, in the order of the list; `None` where the layers' sizes are not known.
    pub shares: Vec<Option<SharedSize>>,
    /// What all take together, in bytes, each piece counted once.
    pub on_disk: u64,
}

/// What makes a piece of disk space one and the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    /// A layer on top of the piece `below`. Its size is part of it: should the engine give one layer two sizes, it is
    /// not taken for shared, and every sum still holds.
    Layer { below: Option<usize>, diff_id: &'a str, size: u64 },
    /// What an image has beside its layers; all of it, if the layers are not known. Podman counts the configuration
    /// and the manifest, containerd the packed layers.
    Rest { id: &'a str, size: u64 },
}

/// The distinct pieces of a list of images.
#[derive(Debug, Default)]
struct Pieces<'a> {
    known: BTreeMap<Key<'a>, usize>,
    /// Of each piece, its size and how many of the list have it.
    uses: Vec<(u64, usize)>,
}

/// Adds up `images`; the same image listed twice is shared with itself.
pub fn account(images: &[&Image]) -> SizeTotals {
    let mut pieces = Pieces::default();
    let of_each: Vec<Vec<usize>> = images.iter().map(|image| pieces.of(image)).collect();
    let share = |(image, of): (&&Image, &Vec<usize>)| layers(image).map(|_| pieces.share(of));
    SizeTotals {
        shares: images.iter().zip(&of_each).map(share).collect(),
        on_disk: pieces.uses.iter().fold(0, |sum, (size, _)| sum.saturating_add(*size)),
    }
}

impl<'a> Pieces<'a> {
    /// The pieces that `image` is made of; their sizes add up to its size.
    fn of(&mut self, image: &'a Image) -> Vec<usize> {
        let mut of = Vec::new();
        let mut rest = image.size;
        for layer in layers(image).unwrap_or_default() {
            let key = Key::Layer { below: of.last().copied(), diff_id: &layer.diff_id, size: layer.size };
            of.push(self.used(key, layer.size));
            rest = rest.saturating_sub(layer.size);
        }
        if rest > 0 {
            of.push(self.used(Key::Rest { id: &image.id, size: rest }, rest));
        }
        of
    }

    fn used(&mut self, key: Key<'a>, size: u64) -> usize {
        let at = *self.known.entry(key).or_insert(self.uses.len());
        match self.uses.get_mut(at) {
            Some((_, users)) => *users += 1,
            None => self.uses.push((size, 1)),
        }
        at
    }

    fn share(&self, of: &[usize]) -> SharedSize {
        let mut share = SharedSize::default();
        for (size, users) in of.iter().filter_map(|at| self.uses.get(*at)) {
            if *users == 1 { share.own += size } else { share.shared += size }
        }
        share
    }
}

/// The layers of `image`, if they can be believed: they must not be bigger than the whole.
fn layers(image: &Image) -> Option<&[Layer]> {
    let layers = image.layers.as_deref()?;
    let sum = layers.iter().try_fold(0_u64, |sum, layer| sum.checked_add(layer.size))?;
    (sum <= image.size).then_some(layers)
}

#[cfg(test)]
mod tests {
    use super::{SharedSize, account};
    use crate::engine::images::{Image, Layer};
    use crate::sizes::tests::image;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_common_base_is_shared_and_counted_once() {
        let images = [image("1", &[("base", 100), ("a", 10)]), image("2", &[("base", 100), ("b", 1)])];
        let account = account(&images.iter().collect::<Vec<_>>());
        let share = |own, shared| Some(SharedSize { own, shared });
        assert_eq!(account.shares, [share(10, 100), share(1, 100)]);
        assert_eq!(account.on_disk, 111);
    }

    #[test]
    fn the_same_content_on_another_base_takes_disk_space_again() {
        let images = [image("1", &[("x", 1), ("same", 10)]), image("2", &[("y", 1), ("same", 10)])];
        let account = account(&images.iter().collect::<Vec<_>>());
        assert_eq!(account.shares[0], Some(SharedSize { own: 11, shared: 0 }));
        assert_eq!(account.on_disk, 22);
    }

    #[test]
    fn one_image_under_two_tags_is_all_shared() {
        let images = [image("1", &[("x", 5)]), image("1", &[("x", 5)])];
        let account = account(&images.iter().collect::<Vec<_>>());
        assert_eq!(account.shares, [Some(SharedSize { own: 0, shared: 5 }); 2]);
        assert_eq!(account.on_disk, 5);
    }

    #[test]
    fn layers_that_are_unknown_or_bigger_than_the_image_are_not_believed() {
        let unknown = Image { layers: None, ..image("1", &[("x", 5)]) };
        let lying = Image { size: 4, ..image("2", &[("x", u64::MAX), ("y", u64::MAX)]) };
        let account = account(&[&unknown, &lying, &unknown]);
        assert_eq!(account.shares, [None; 3]);
        assert_eq!(account.on_disk, 9);
    }

    #[test]
    fn what_is_beside_the_layers_is_the_images_own() {
        let podman = Image { size: 112, ..image("1", &[("base", 100), ("a", 10)]) };
        let other = image("2", &[("base", 100)]);
        assert_eq!(account(&[&podman, &other]).shares[0], Some(SharedSize { own: 12, shared: 100 }));
    }

    /// Images over few layers, so that they share by chance; the size of a layer follows from its name, as it does in
    /// an engine, and some images have something beside their layers.
    fn images() -> impl Strategy<Value = Vec<Image>> {
        let layers = prop::collection::vec(0..4_u64, 0..5);
        prop::collection::vec((layers, 0..3_u64), 0..8).prop_map(|images| {
            let image = |(layers, rest): (Vec<u64>, u64)| Image {
                id: format!("{layers:?} {rest}"),
                size: layers.iter().map(|layer| layer * 7).sum::<u64>() + rest,
                layers: Some(layers.iter().map(|n| Layer { diff_id: n.to_string(), size: n * 7 }).collect()),
                packed: None,
            };
            images.into_iter().map(image).collect()
        })
    }

    proptest! {
        #[test]
        fn own_and_shared_add_up_to_the_size(images in images()) {
            let account = account(&images.iter().collect::<Vec<_>>());
            for (image, share) in images.iter().zip(&account.shares) {
                let share = share.unwrap();
                prop_assert_eq!(share.own + share.shared, image.size);
            }
        }

        #[test]
        fn the_disk_holds_each_distinct_layer_once(images in images()) {
            let mut distinct = BTreeSet::new();
            for image in &images {
                let layers = image.layers.as_deref().unwrap();
                for end in 1..=layers.len() {
                    let chain: Vec<_> = layers[..end].iter().map(|layer| layer.diff_id.clone()).collect();
                    distinct.insert((chain, layers[end - 1].size));
                }
                let rest = image.size - layers.iter().map(|layer| layer.size).sum::<u64>();
                distinct.insert((vec![format!("rest of {}", image.id)], rest));
            }
            let account = account(&images.iter().collect::<Vec<_>>());
            prop_assert_eq!(account.on_disk, distinct.iter().map(|(_, size)| size).sum::<u64>());
        }

        #[test]
        fn the_disk_holds_at_least_the_largest_and_at_most_the_sum(images in images()) {
            let account = account(&images.iter().collect::<Vec<_>>());
            let own: u64 = account.shares.iter().flatten().map(|share| share.own).sum();
            prop_assert!(own <= account.on_disk);
            prop_assert!(account.on_disk <= images.iter().map(|image| image.size).sum::<u64>());
            prop_assert!(images.iter().all(|image| image.size <= account.on_disk));
        }

        #[test]
        fn the_order_of_the_list_changes_nothing(images in images()) {
            let forth = account(&images.iter().collect::<Vec<_>>());
            let mut back = account(&images.iter().rev().collect::<Vec<_>>());
            back.shares.reverse();
            prop_assert_eq!(forth, back);
        }
    }
}
