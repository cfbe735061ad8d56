//! What a report says of its run, so that the reports of several machines can be put together: which part of the whole it is,
//! and with which settings it was made.

use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a report says of its run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunInfo {
    /// Which part of the whole it is, if that was said.
    pub shard: Option<ShardNumber>,
    /// With what it was made.
    pub settings: RunSettings,
    /// All services of the repository, tried or not, in byte order.
    pub services: Vec<String>,
    /// What went wrong beside the images, in the words of the error. Raw: escape before printing.
    pub errors: Vec<String>,
}

/// Which part of the whole a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct ShardNumber {
    /// Its number, from 1.
    pub number: NonZeroU32,
    /// How many there are, at most 10,000.
    #[cfg_attr(feature = "schema", schemars(range(max = 10_000)))]
    pub of: NonZeroU32,
}

impl ShardNumber {
    /// The most shards that there can be: far more than any CI system has jobs.
    pub const MOST: u32 = 10_000;
}

/// With what a run was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct RunSettings {
    /// A checksum of what `mkcompose list --format json` says of all services.
    pub services: String,
    /// Whether images were built.
    pub build: bool,
    /// Whether images were pushed.
    pub push: bool,
    /// How images were run; null: they were not.
    pub run: Option<ContainerSettings>,
}

/// How images were run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct ContainerSettings {
    /// How long each could take.
    pub timeout_seconds: f64,
    /// How much memory each could have; null: no limit.
    pub memory: Option<String>,
    /// The network that they were on; null: the engine's default.
    pub network: Option<String>,
}

impl FromStr for ShardNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').map(|(number, of)| (number.parse(), of.parse::<NonZeroU32>()));
        match numbers {
            Some((Ok(_), Ok(of))) if of.get() > Self::MOST => Err("there can be 10000 shards at most"),
            Some((Ok(number), Ok(of))) if number <= of => Ok(Self { number, of }),
            _ => Err("a shard is its number and how many there are, as `3/8`"),
        }
    }
}

/// A checksum of `text`, the same on every machine (64-bit FNV-1a). It tells apart what differs by accident, and keeps no secret.
pub fn checksum(text: &str) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::{ShardNumber, checksum};

    #[test]
    fn a_shard_is_a_number_and_how_many_there_are() {
        let shard = |text: &str| text.parse::<ShardNumber>().map(|shard| (shard.number.get(), shard.of.get()));
        assert_eq!([shard("1/1"), shard("3/8"), shard("8/8")], [Ok((1, 1)), Ok((3, 8)), Ok((8, 8))]);
        for wrong in ["", "3", "0/8", "9/8", "-1/8", "3/0", "3/8/9", "a/b", "3 / 8", "1/99999999999"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
        assert_eq!(shard("10000/10000"), Ok((10_000, 10_000)));
        for many in ["1/10001", "1/4294967295", "10002/10001"] {
            assert_eq!(shard(many), Err("there can be 10000 shards at most"), "{many}");
        }
    }

    #[test]
    fn the_checksum_is_that_of_its_definition() {
        // draft-eastlake-fnv, test vectors of FNV-1a for 64 bits.
        assert_eq!(["", "a", "foobar"].map(checksum), ["cbf29ce484222325", "af63dc4c8601ec8c", "85944171f73967e8"]);
    }
}
