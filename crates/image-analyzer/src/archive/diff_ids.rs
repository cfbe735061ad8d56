//! The diff IDs of a configuration: the digests of its layers' unpacked tars (OCI image specification, `config.md`).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::oci::MAX_LAYERS;

/// The shortest encoded part of a digest that is kept, in characters. Those of SHA-256 have 64.
const MIN_ENCODED: usize = 32;
/// The longest digest that is kept, in bytes. Those of SHA-512 have 135.
const MAX_DIGEST: usize = 256;

/// A list of diff IDs, the lowest layer first.
#[derive(Debug)]
pub(super) struct DiffIds {
    count: usize,
    /// `None` if one of them is no digest, or there are more than an image may have layers.
    digests: Option<Vec<Box<str>>>,
}

impl DiffIds {
    /// How many the list has, valid or not.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// All of them; `None` if one is no digest.
    pub(super) fn digests(&self) -> Option<&[Box<str>]> {
        self.digests.as_deref()
    }
}

impl<'de> Deserialize<'de> for DiffIds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = DiffIds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of digests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<DiffIds, A::Error> {
        let mut found = DiffIds { count: 0, digests: Some(Vec::new()) };
        // Once one is no digest, the others are of no use and are only counted.
        while let Some(digests) = found.digests.as_mut() {
            let Some(item) = list.next_element::<String>()? else { return Ok(found) };
            found.count += 1;
            if is_digest(&item) && found.count <= MAX_LAYERS {
                digests.push(item.into_boxed_str());
            } else {
                found.digests = None;
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            found.count += 1;
        }
        Ok(found)
    }
}

/// Is this a digest, such as `sha256:` and 64 digits? (OCI image specification, `descriptor.md`, without separators.)
fn is_digest(text: &str) -> bool {
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_DIGEST
        && text.split_once(':').is_some_and(|(algorithm, encoded)| {
            is_plain(algorithm) && is_plain(encoded) && encoded.len() >= MIN_ENCODED
        })
}

#[cfg(test)]
mod tests {
    use super::{DiffIds, MAX_LAYERS};

    fn read(json: &str) -> DiffIds {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn digests_are_kept_in_their_order() {
        let (one, other) = (format!("sha256:{:064x}", 1), format!("sha512:{:0128x}", 2));
        let ids = read(&format!(r#"["{one}","{other}"]"#));
        assert_eq!((ids.count(), ids.digests().unwrap()), (2, [one.into(), other.into()].as_slice()));
        assert_eq!(read("[]").digests(), Some([].as_slice()));
    }

    #[test]
    fn what_is_no_digest_is_counted_and_not_kept() {
        let digest = format!("sha256:{:064x}", 1);
        let (slashes, long) = (format!("sha256:../{:064x}", 1), format!("sha256:{:0400x}", 1));
        for wrong in ["", "sha256:1", digest.trim_start_matches("sha256:"), &slashes, &long] {
            let ids = read(&format!(r#"["{digest}","{wrong}","{digest}"]"#));
            assert_eq!((ids.count(), ids.digests()), (3, None), "{wrong}");
        }
        assert!(serde_json::from_str::<DiffIds>("[1]").is_err());
    }

    #[test]
    fn no_more_are_kept_than_an_image_may_have_layers() {
        let list = |count: usize| format!("[{}]", vec![format!("\"sha256:{:064x}\"", 1); count].join(","));
        assert_eq!(read(&list(MAX_LAYERS)).digests().unwrap().len(), MAX_LAYERS);
        assert_eq!(
            (read(&list(MAX_LAYERS + 5)).count(), read(&list(MAX_LAYERS + 1)).digests()),
            (MAX_LAYERS + 5, None)
        );
    }
}
