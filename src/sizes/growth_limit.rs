//! How much an image may grow: `5%`, or `5%,10kB`.

use std::fmt;
use std::str::FromStr;

use crate::size_format;
use image_analyzer::printable::printable;

/// Decimals that a percentage may have.
const DECIMALS: u32 = 4;

/// How much an image may grow and still be within the budget: up to either limit. The default is not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrowthLimit {
    /// Per cent of the earlier size, times ten to the power of [`DECIMALS`], so that no rounding decides.
    percent: u64,
    /// Growth of up to so many bytes never counts.
    pub bytes: u64,
}

/// Why a text is no [`GrowthLimit`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is neither a percentage nor a size: write `5%`, or `5%,10kB` to allow growth of up to 10 kB", printable(.0))]
pub struct GrowthLimitProblem(String);

impl GrowthLimit {
    /// Whether an image that grew from `was` to `is` bytes has grown beyond it: by more than both limits.
    pub fn is_exceeded(&self, was: u64, is: u64) -> bool {
        let growth = is.saturating_sub(was);
        let hundred = 100 * 10_u128.pow(DECIMALS);
        growth > self.bytes && u128::from(growth) * hundred > u128::from(self.percent) * u128::from(was)
    }

    /// Per cent of the earlier size that it may grow.
    pub fn percent(&self) -> f64 {
        size_format::approximate(self.percent) / size_format::approximate(10_u64.pow(DECIMALS))
    }
}

impl FromStr for GrowthLimit {
    type Err = GrowthLimitProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut percent = None;
        let mut floor = None;
        for part in text.split(',').map(str::trim) {
            let (limit, value) = match part.strip_suffix('%') {
                Some(number) => (&mut percent, size_format::decimal(number.trim_end(), DECIMALS)),
                None => (&mut floor, size_format::parse(part)),
            };
            if value.is_none() || limit.is_some() {
                return Err(GrowthLimitProblem(text.to_owned()));
            }
            *limit = value;
        }
        Ok(Self { percent: percent.unwrap_or_default(), bytes: floor.unwrap_or_default() })
    }
}

impl fmt::Display for GrowthLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.percent, self.bytes) {
            (_, 0) => write!(f, "{}%", self.percent()),
            (0, bytes) => f.write_str(&size_format::format_size(bytes)),
            (_, bytes) => write!(f, "{}% or {}, whichever is more", self.percent(), size_format::format_size(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GrowthLimit;
    use proptest::prelude::*;

    fn budget(text: &str) -> GrowthLimit {
        text.parse().unwrap()
    }

    #[test]
    fn growth_counts_only_beyond_the_percentage_and_the_floor() {
        let both = budget("5%,10kB");
        assert!(!both.is_exceeded(1_000, 11_000), "1000 % more, but just 10 kB");
        assert!(both.is_exceeded(1_000, 11_001));
        assert!(!both.is_exceeded(1_000_000, 1_050_000), "5 % more is within 5 %");
        assert!(both.is_exceeded(1_000_000, 1_050_001));
    }

    #[test]
    fn without_a_budget_any_growth_counts_and_shrinking_never_does() {
        let none = GrowthLimit::default();
        assert!(none.is_exceeded(100, 101));
        assert!(none.is_exceeded(0, 1));
        assert!(!none.is_exceeded(100, 100));
        assert!(!none.is_exceeded(100, 1));
    }

    #[test]
    fn a_budget_is_read_in_either_order_with_decimals() {
        assert_eq!(budget("10kB, 0.5 %"), budget("0.5%,10kB"));
        assert_eq!(budget("0.5%,10kB").to_string(), "0.5% or 10kB, whichever is more");
        assert_eq!(budget("5%").to_string(), "5%");
        assert_eq!(budget("1MB").to_string(), "1MB");
        assert_eq!(GrowthLimit::default().to_string(), "0%");
    }

    #[test]
    fn what_is_no_budget_is_refused_with_an_example() {
        for wrong in ["", "5", "%", "-5%", "5%,", "5%,5%", "1kB,2kB", "5%,10kB,1%", "5%%", "NaN%", "1e9%", "a\n%"] {
            let problem = wrong.parse::<GrowthLimit>().unwrap_err().to_string();
            assert!(problem.ends_with("write `5%`, or `5%,10kB` to allow growth of up to 10 kB"), "{problem}");
            assert!(!problem.contains('\n'));
        }
    }

    proptest! {
        #[test]
        fn no_sizes_make_it_panic(percent: u64, bytes: u64, was: u64, is: u64) {
            let _ = GrowthLimit { percent, bytes }.is_exceeded(was, is);
        }

        #[test]
        fn a_wider_budget_never_complains_more(percent in 0..100_u64, more in 0..100_u64, was in 0..10_000_u64, is in 0..10_000_u64) {
            let tight = GrowthLimit { percent: percent * 10_000, bytes: 0 };
            let wide = GrowthLimit { percent: (percent + more) * 10_000, bytes: more };
            prop_assert!(tight.is_exceeded(was, is) || !wide.is_exceeded(was, is));
        }
    }
}
