//! Whether a segment of a name may speak of an image reference, and what it says beyond it.
//!
//! A segment has no `/`, `:` or `.`, so in the names of a reference each of them is `-`: `openjdk:8-jre-alpine` is
//! `openjdk-8-jre-alpine`, and `python:3.12` is `python-3-12`. The registry host and leading path components may be left
//! out, a tag may not, except that `latest` is dropped. A digest says nothing that a name could repeat.

/// How a segment fits a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameMatch<'s> {
    /// The segment is a name of the reference and nothing more.
    Whole,
    /// A name of the reference, `-`, and this parameter.
    With(&'s str),
}

/// How `segment` fits `reference`; `None` if the reference contradicts it. Of several names the longest counts.
pub fn fit<'s>(reference: &str, segment: &'s str) -> Option<NameMatch<'s>> {
    names(reference).iter().find_map(|name| match segment.strip_prefix(name.as_str())? {
        "" => Some(NameMatch::Whole),
        rest => rest.strip_prefix('-').filter(|parameter| !parameter.is_empty()).map(NameMatch::With),
    })
}

/// The shortest segment that fits `reference`.
pub fn suggested(reference: &str) -> String {
    names(reference).pop().unwrap_or_default()
}

/// Every name of `reference`, the longest first, the last path component with its tag last.
fn names(reference: &str) -> Vec<String> {
    let reference = reference.split_once('@').map_or(reference, |(reference, _digest)| reference);
    let (path, tag) = split_tag(reference);
    let tag = tag.filter(|tag| !matches!(*tag, "" | "latest")).map(|tag| format!("-{tag}")).unwrap_or_default();
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(slash, _)| slash + 1));
    let suffixes = starts.filter_map(|start| path.get(start..)).filter(|suffix| !suffix.is_empty());
    suffixes.map(|suffix| format!("{suffix}{tag}").replace(['/', ':', '.'], "-")).collect()
}

/// The tag follows a colon after the last slash; one before it belongs to the registry's port.
pub(super) fn split_tag(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (reference, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{NameMatch, fit, names, suggested};
    use proptest::prelude::*;

    #[test]
    fn the_image_alone_or_with_its_tag_is_the_whole_segment() {
        let whole = [
            ("golang", "golang"),
            ("golang:latest", "golang"),
            ("golang:alpine", "golang-alpine"),
            ("openjdk:8-jre-alpine", "openjdk-8-jre-alpine"),
            ("busybox:glibc", "busybox-glibc"),
            ("scratch", "scratch"),
            ("eclipse-temurin:17", "eclipse-temurin-17"),
            ("golang@sha256:0123", "golang"),
            ("golang:alpine@sha256:0123", "golang-alpine"),
        ];
        for (reference, segment) in whole {
            assert_eq!(fit(reference, segment), Some(NameMatch::Whole), "{reference} {segment}");
        }
    }

    #[test]
    fn host_and_leading_path_components_are_optional() {
        let reference = "gcr.io/distroless/static";
        for segment in ["static", "distroless-static", "gcr-io-distroless-static"] {
            assert_eq!(fit(reference, segment), Some(NameMatch::Whole), "{segment}");
        }
        assert_eq!(fit(reference, "gcr-static"), None);
        assert_eq!(fit(reference, "distroless"), None);
        assert_eq!(fit("localhost:5000/team/app:1", "app-1"), Some(NameMatch::Whole));
        assert_eq!(fit("localhost:5000/app", "app"), Some(NameMatch::Whole));
        assert_eq!(fit("docker.io/library/golang:latest", "golang"), Some(NameMatch::Whole));
        assert_eq!(fit("ghcr.io/graalvm/native-image", "native-image"), Some(NameMatch::Whole));
    }

    #[test]
    fn what_follows_the_image_is_the_parameter() {
        assert_eq!(fit("golang", "golang-nocgo"), Some(NameMatch::With("nocgo")));
        assert_eq!(fit("openjdk:15-alpine", "openjdk-15-alpine-jlink"), Some(NameMatch::With("jlink")));
        assert_eq!(fit("golang", "golang-alpine"), Some(NameMatch::With("alpine")));
        assert_eq!(fit("golang", "golang-"), None);
        assert_eq!(fit("golang", "golangnocgo"), None);
    }

    #[test]
    fn a_tag_does_not_stand_for_its_image() {
        assert_eq!(fit("python:alpine", "alpine"), None);
        assert_eq!(fit("python:alpine", "python"), None);
        assert_eq!(fit("alpine", "python-alpine"), None);
        assert_eq!(fit("golang", "Golang"), None);
    }

    #[test]
    fn dots_of_a_version_are_dashes_because_a_segment_has_none() {
        assert_eq!(fit("python:3.12-slim", "python-3-12-slim"), Some(NameMatch::Whole));
        assert_eq!(fit("python:3.12", "python-3"), None);
    }

    #[test]
    fn the_longest_name_wins() {
        assert_eq!(fit("a/a", "a-a"), Some(NameMatch::Whole));
        assert_eq!(fit("a/a", "a-a-a"), Some(NameMatch::With("a")));
        assert_eq!(fit("b/a", "a-a"), Some(NameMatch::With("a")));
    }

    #[test]
    fn the_suggestion_is_the_shortest_name() {
        assert_eq!(suggested("gcr.io/distroless/static:nonroot"), "static-nonroot");
        assert_eq!(suggested("golang:1.22"), "golang-1-22");
        assert_eq!(suggested(""), "");
    }

    fn reference() -> impl Strategy<Value = String> {
        let host = prop::option::of("[a-z]{1,5}\\.[a-z]{2,3}(:[0-9]{2,4})?");
        let path = prop::collection::vec("[a-z][a-z0-9]{0,4}([_-][a-z0-9]{1,3})?", 1..4);
        let tag = prop::option::of("[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,8}");
        let digest = prop::option::of("sha256:[0-9a-f]{64}");
        (host, path, tag, digest).prop_map(|(host, path, tag, digest)| {
            let mut reference = host.map(|host| host + "/").unwrap_or_default() + &path.join("/");
            reference += &tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            reference + &digest.map(|digest| format!("@{digest}")).unwrap_or_default()
        })
    }

    proptest! {
        #[test]
        fn no_text_makes_the_matcher_panic(reference: String, segment: String) {
            let _ = fit(&reference, &segment);
            let _ = suggested(&reference);
        }

        #[test]
        fn a_reference_with_a_parameter_fits_its_own_segment(
            reference in reference(),
            which in any::<prop::sample::Index>(),
            parameter in prop::option::of("[a-zA-Z0-9_][a-zA-Z0-9_-]{0,8}"),
        ) {
            let names = names(&reference);
            let name = which.get(&names);
            let segment = parameter.as_ref().map_or(name.clone(), |parameter| format!("{name}-{parameter}"));
            let found = fit(&reference, &segment);
            prop_assert!(found.is_some());
            prop_assert_eq!(found, fit(&reference, &segment));
            // What is left beside the parameter is a name, and no longer one would do.
            let said = match found { Some(NameMatch::With(parameter)) => Some(parameter), _ => None };
            let matched = said.map_or(segment.as_str(), |said| segment.strip_suffix(said).and_then(|name| name.strip_suffix('-')).unwrap());
            prop_assert!(names.iter().any(|name| name == matched));
            prop_assert!(matched.len() >= name.len());
            if names.len() == 1 {
                prop_assert_eq!(said, parameter.as_deref());
            }
        }

        #[test]
        fn a_digest_never_matters(reference in "[a-z]{1,5}(/[a-z]{1,5}){0,2}(:[a-z0-9.]{1,5})?", segment in "[a-z0-9-]{1,12}") {
            prop_assert_eq!(fit(&format!("{reference}@sha256:abc"), &segment), fit(&reference, &segment));
        }
    }
}
