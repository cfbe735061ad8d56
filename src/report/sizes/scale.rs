//! The logarithmic scale that bars are drawn to.
//!
//! Sizes span from kilobytes to gigabytes: on a linear scale most bars would be a dot. One scale holds for all
//! programs, so that any two bars can be compared.

use crate::size_format::approximate;
use crate::sizes::{Row, Sizes};

/// From a power of ten below the smallest image to the largest one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// The power of ten, in bytes, where bars begin.
    low: u32,
    /// The decimal logarithm of the size where they end.
    high: f64,
    /// The size where they end, in bytes.
    largest: u64,
}

impl Scale {
    /// The scale for all images that are built and not empty.
    pub(super) fn of(sizes: &Sizes) -> Self {
        let there = || sizes.rows().filter_map(Row::size).filter(|size| *size > 0);
        // Half of the smallest, so that its bar is one that can be seen.
        let low = (there().min().unwrap_or(2) / 2).max(1).ilog10();
        let ten = 10_u64.saturating_pow(low.saturating_add(1));
        let largest = there().max().unwrap_or(ten).max(ten);
        Self { low, high: approximate(largest).log10(), largest }
    }

    /// Where bars begin, in bytes.
    pub(super) fn smallest(&self) -> u64 {
        10_u64.saturating_pow(self.low)
    }

    /// Where they end, in bytes.
    pub(super) fn largest(&self) -> u64 {
        self.largest
    }

    /// How long the bar of `bytes` is, from 0 to 1.
    pub(super) fn at(&self, bytes: u64) -> f64 {
        if bytes == 0 {
            return 0.0;
        }
        let low = f64::from(self.low);
        ((approximate(bytes).log10() - low) / (self.high - low)).clamp(0.0, 1.0)
    }

    /// The powers of ten on the scale, in bytes.
    pub(super) fn ticks(&self) -> impl Iterator<Item = u64> {
        (self.low..=19).map(|power| 10_u64.saturating_pow(power)).take_while(|tick| *tick <= self.largest)
    }

    /// The bar of `bytes` in a cell of `width` characters, in eighths of one. What is not empty shows.
    pub(super) fn bar(&self, bytes: u64, width: usize) -> String {
        const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let all = u32::try_from(width.saturating_mul(8)).unwrap_or(u32::MAX);
        let least = u32::from(bytes > 0).min(all);
        let eighths = usize::try_from(eighths(self.at(bytes), all).max(least)).unwrap_or_default();
        let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
        format!("{}{part}", "█".repeat(eighths / 8))
    }
}

/// The part `share`, from 0 to 1, of `all`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to `all`, by the clamp")]
fn eighths(share: f64, all: u32) -> u32 {
    (share.clamp(0.0, 1.0) * f64::from(all)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::Scale;
    use crate::engine::images::Image;
    use crate::repository::service_name::ServiceName;
    use crate::sizes::{SortOrder, measure};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn scale(sizes: &[u64]) -> Scale {
        let named = |(n, size): (usize, &u64)| {
            (format!("p.i{n}"), Image { id: n.to_string(), size: *size, layers: None, packed: None })
        };
        let images: BTreeMap<_, _> = sizes.iter().enumerate().map(named).collect();
        let services: Vec<_> = images.keys().map(|name| ServiceName::parse(name).unwrap()).collect();
        Scale::of(&measure(&|service| format!("r:{service}"), &services, &images, SortOrder::Size))
    }

    #[test]
    fn ticks_are_the_powers_of_ten_that_bars_reach() {
        let scale = scale(&[94_208, 1_140_000_000]);
        assert_eq!(
            scale.ticks().collect::<Vec<_>>(),
            [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]
        );
        assert_eq!((scale.smallest(), scale.largest()), (10_000, 1_140_000_000));
    }

    #[test]
    fn the_largest_image_fills_the_bar_and_an_empty_one_has_none() {
        let scale = scale(&[0, 94_208, 1_140_000_000]);
        assert_eq!(scale.bar(1_140_000_000, 4), "████");
        assert_eq!(scale.bar(0, 4), "");
        assert_eq!(scale.bar(1, 4), "▏");
        assert_eq!(scale.bar(1, 0), "");
    }

    proptest! {
        #[test]
        fn a_bigger_image_never_has_a_shorter_bar(a: u64, b: u64, other in prop::collection::vec(any::<u64>(), 0..4), width in 0..60_usize) {
            let scale = scale(&[other, vec![a, b]].concat());
            let (small, big) = (a.min(b), a.max(b));
            prop_assert!(scale.at(small) <= scale.at(big));
            prop_assert!((0.0..=1.0).contains(&scale.at(big)));
            prop_assert!(scale.bar(big, width).chars().count() <= width);
        }
    }
}
