//! The naming convention `PROGRAM.BUILD-IMAGE[.RUN-IMAGE]`: what each segment of a name stands for.
//!
//! A name alone is ambiguous: `busybox-glibc` may be an image and its tag, or an image and a parameter. The Dockerfile's
//! own FROM lines decide.

use serde::Serialize;

use super::service_name::ServiceName;
use crate::dockerfile::{ImageUse, NameMatch, ParseProblem, ParsedDockerfile, fit};

/// A segment and the FROM at its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// The segment, as it is in the file name.
    pub segment: String,
    /// The reference after FROM, ARG defaults filled in; `None` if there is no such FROM or its image cannot be known.
    pub image: Option<String>,
    /// What the segment says beyond the image.
    pub parameter: Option<String>,
}

/// What each segment of the name of `service` stands for.
pub fn stages(service: &ServiceName, parsed: &Result<ParsedDockerfile, ParseProblem>) -> Vec<Stage> {
    let mut froms = parsed.iter().flat_map(ParsedDockerfile::froms);
    service.segments().map(|segment| stage(segment, froms.next())).collect()
}

fn stage(segment: &str, from: Option<&ImageUse>) -> Stage {
    let image = from.and_then(|from| from.image.known());
    let parameter = image.and_then(|image| match fit(image, segment) {
        Some(NameMatch::With(parameter)) => Some(parameter.to_owned()),
        Some(NameMatch::Whole) | None => None,
    });
    Stage { segment: segment.to_owned(), image: image.map(str::to_owned), parameter }
}

#[cfg(test)]
mod tests {
    use crate::dockerfile::read;
    use crate::repository::service_name::ServiceName;

    #[track_caller]
    fn stages(name: &str, text: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let stages = super::stages(&ServiceName::parse(name).unwrap(), &read(text));
        stages.into_iter().map(|stage| (stage.segment, stage.image, stage.parameter)).collect()
    }

    #[test]
    fn a_segment_speaks_of_the_from_at_its_place() {
        let text = "FROM golang\nFROM gcr.io/distroless/static\n";
        let expected = vec![
            ("golang-nocgo".to_owned(), Some("golang".to_owned()), Some("nocgo".to_owned())),
            ("distroless-static".to_owned(), Some("gcr.io/distroless/static".to_owned()), None),
        ];
        assert_eq!(stages("whatsmyip.golang-nocgo.distroless-static", text), expected);
    }

    #[test]
    fn stages_built_on_earlier_ones_have_no_segment() {
        let text = "FROM rust AS build\nFROM build AS test\nFROM scratch\n";
        let expected = vec![
            ("rust".to_owned(), Some("rust".to_owned()), None),
            ("scratch".to_owned(), Some("scratch".to_owned()), None),
        ];
        assert_eq!(stages("hello-rust.rust.scratch", text), expected);
    }

    #[track_caller]
    fn told(name: &str, text: &str) -> Vec<String> {
        stages(name, text).into_iter().map(|(_, image, _)| image.unwrap_or_else(|| "?".to_owned())).collect()
    }

    /// Each form was given to an engine, which took it as this does.
    #[test]
    fn an_argument_without_a_default_is_empty() {
        let text = "ARG V\nFROM busybox:stable${V}\nFROM a${NOPE}\nFROM ${V:-b}\nFROM c${V:+-x}\n";
        assert_eq!(told("p.busybox-stable.a.b.c", text), ["busybox:stable", "a", "b", "c"]);
        assert_eq!(told("p.gcc.a.b", "ARG V\nFROM gcc:$V\nFROM $V\nFROM ${V:?no}a\n"), ["?", "?", "?"]);
        assert_eq!(told("p.a", "ARG V=${NOPE}\nFROM a${V}\n"), ["a"]);
    }

    #[test]
    fn a_stage_that_the_platform_chooses_has_no_segment() {
        let bases = "FROM alpine AS base-amd64\nFROM debian AS base-arm64\n";
        for chosen in [
            "FROM base-${TARGETARCH}\n",
            "FROM base-$TARGETARCH AS build\nFROM build\n",
            "FROM base-${TARGETARCH}${TARGETVARIANT}\n",
            "FROM ${TARGETOS:+base-amd64}\n",
        ] {
            let text = format!("{bases}{chosen}FROM scratch\n");
            assert_eq!(told("p.alpine.debian.scratch", &text), ["alpine", "debian", "scratch"], "{chosen}");
        }
        let text = format!("ARG BASE=base-$TARGETARCH\n{bases}FROM $BASE\nFROM scratch\n");
        assert_eq!(told("p.alpine.debian.scratch", &text), ["alpine", "debian", "scratch"]);
        let text = format!("{bases}FROM other-$TARGETARCH\nFROM scratch\n");
        assert_eq!(told("p.alpine.debian.x.scratch", &text), ["alpine", "debian", "?", "scratch"]);
    }

    #[test]
    fn a_segment_without_a_from_has_no_image() {
        let expected = vec![("gcc".to_owned(), Some("gcc".to_owned()), None), ("scratch".to_owned(), None, None)];
        assert_eq!(stages("a.gcc.scratch", "FROM gcc\n"), expected);
        assert_eq!(stages("a.gcc", "what is this"), vec![("gcc".to_owned(), None, None)]);
    }

    #[test]
    fn a_contradicted_segment_has_an_image_and_no_parameter() {
        assert_eq!(
            stages("a.alpine", "FROM python:alpine"),
            vec![("alpine".to_owned(), Some("python:alpine".to_owned()), None)]
        );
    }

    #[test]
    fn a_single_segment_name_has_no_stages() {
        assert_eq!(stages("prod", "FROM a\nFROM b"), vec![]);
        assert_eq!(stages("prod.err", "FROM a\nFROM b"), vec![]);
    }
}
