//! What can be an image reference, and what a partly known one can be.
//!
//! The grammar is that of the distribution project's references. Digests are not looked at: nothing here depends on them.

use super::image_name_match::split_tag;
use super::variables::UNKNOWN;

/// Whether an engine would take `reference` for a reference to an image.
pub(super) fn is_reference(reference: &str) -> bool {
    let (path, tag) = split_tag(reference.split_once('@').map_or(reference, |(before, _digest)| before));
    let path = match path.split_once('/') {
        Some((host, path)) if is_host(host) => path,
        _ => path,
    };
    tag.is_none_or(is_tag) && path.split('/').all(is_component)
}

/// What tells a registry from a part of the path: a dot, a port, a capital, or this one name.
fn is_host(first: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']');
    let tells = |c: char| c.is_ascii_uppercase() || matches!(c, '.' | ':');
    first == "localhost" || (first.chars().all(allowed) && first.contains(tells))
}

/// Words of lower-case letters and digits, with `.`, `_`, `__` or dashes between them.
fn is_component(component: &str) -> bool {
    let in_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separates = |run: &str| matches!(run, "" | "." | "_" | "__") || run.chars().all(|c| c == '-');
    component.starts_with(in_word) && component.ends_with(in_word) && component.split(in_word).all(separates)
}

fn is_tag(tag: &str) -> bool {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(in_word) && tag.chars().all(|c| in_word(c) || matches!(c, '.' | '-'))
}

/// Whether `name` can be the text of which `outline` is known, whatever stands in its holes.
pub(super) fn may_be(outline: &str, name: &str) -> bool {
    let Some((first, rest)) = outline.split_once(UNKNOWN) else { return outline == name };
    let (between, last) = rest.rsplit_once(UNKNOWN).unwrap_or(("", rest));
    let Some(middle) = name.strip_prefix(first).and_then(|name| name.strip_suffix(last)) else { return false };
    between.split(UNKNOWN).try_fold(middle, |left, piece| left.split_once(piece).map(|(_, left)| left)).is_some()
}

#[cfg(test)]
mod tests {
    use super::{UNKNOWN, is_reference, may_be};
    use proptest::prelude::*;

    #[test]
    fn what_engines_take_is_a_reference() {
        for reference in [
            "scratch",
            "gcc:12-bookworm",
            "gcr.io/distroless/static",
            "localhost:5000/a",
            "localhost/a:V1_x",
            "[::1]:5000/a/b",
            "Host/a",
            "a.b__c--d/e_f:1",
            "a@sha256:00",
            "a:1@sha256:00",
        ] {
            assert!(is_reference(reference), "{reference}");
        }
        for reference in ["", ":", "gcc:", ":1", "GCC", "a_/b", "a//b", "/a", "a/", "a..b", "a b", "-a", "a:.x", "é"] {
            assert!(!is_reference(reference), "{reference}");
        }
        assert!(is_reference(&format!("a:{}", "x".repeat(128))) && !is_reference(&format!("a:{}", "x".repeat(129))));
    }

    #[test]
    fn a_hole_stands_for_any_text() {
        let may_be = |outline: &str, name: &str| may_be(&outline.replace('*', UNKNOWN), name);
        for (outline, name) in
            [("*", ""), ("a-*", "a-"), ("a-*", "a-b"), ("*-b", "a-b"), ("a*c*e", "abcde"), ("a*b*", "ab")]
        {
            assert!(may_be(outline, name), "{outline} {name}");
        }
        for (outline, name) in
            [("a-*", "a"), ("*-b", "-a"), ("a*a", "a"), ("a*c*e", "abde"), ("a", "b"), ("a*b*b", "ab")]
        {
            assert!(!may_be(outline, name), "{outline} {name}");
        }
    }

    proptest! {
        #[test]
        fn filled_holes_are_found_again(pieces in prop::collection::vec("[ab]{0,3}", 1..5), fill in "[ab]{0,3}") {
            prop_assert!(may_be(&pieces.join(UNKNOWN), &pieces.join(&fill)));
        }

        #[test]
        fn no_text_makes_the_grammar_panic(reference: String) {
            let _ = is_reference(&reference);
        }
    }
}
