//! The file-name grammar: `Dockerfile.PROGRAM.BUILD-IMAGE[.RUN-IMAGE][.err]`.
//!
//! A name alone decides the service, its program, its segments and its set. What a segment stands for is not decided
//! here: only the Dockerfile's own FROM lines can tell (see the `stages` module).

use std::fmt;

use serde::Serialize;

/// What every Dockerfile of ours starts with.
pub const PREFIX: &str = "Dockerfile.";

/// The two sets that services are kept in, each with a Compose file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// Images that build.
    Normal,
    /// Images known not to build, kept apart because Compose stops at the first failed build.
    Err,
}

impl Set {
    /// Both sets, in the order in which they are written and reported.
    pub const ALL: [Self; 2] = [Self::Normal, Self::Err];

    /// `normal` or `err`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Err => "err",
        }
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A valid service name: the part after `Dockerfile.`, which is also the image's tag.
///
/// Ordered by bytes, the order in which services are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ServiceName(String);

/// Why a name is no [`ServiceName`]. Each message ends with what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing after `Dockerfile.`.
    #[error("nothing follows `Dockerfile.`: add a program, as in `Dockerfile.hello-c.gcc`")]
    Empty,
    /// Longer than a tag may be.
    #[error("the name after `Dockerfile.` has {0} characters, an image tag at most 128: shorten it")]
    TooLong(usize),
    /// Starts with what a tag may not start with, and is not an empty segment.
    #[error("an image tag starts with a letter, a digit or `_`, not with `-`: rename the file")]
    BadStart,
    /// Holds a character outside `[A-Za-z0-9_.-]`.
    #[error("an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file")]
    BadCharacter,
    /// Two dots in a row, a dot first, or a dot last.
    #[error("a segment between two dots is empty: remove the extra dot")]
    EmptySegment,
    /// Only `.err`, without a program before it.
    #[error("`.err` needs a program before it, as in `Dockerfile.hello-c.gcc.err`: rename the file")]
    NoProgram,
}

impl ServiceName {
    /// The most bytes an image tag may have (distribution/reference).
    pub const MAX_LEN: usize = 128;

    /// Reads the name after `Dockerfile.`.
    ///
    /// # Errors
    /// The first rule that the name breaks.
    pub fn parse(name: &str) -> Result<Self, NameProblem> {
        // The tag grammar of the distribution reference specification, `[\w][\w.-]{0,127}` in ASCII, which the service
        // grammar of Compose contains. By hand, because each broken rule has a sentence of its own.
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if name.is_empty() {
            Err(NameProblem::Empty)
        } else if name == "err" {
            Err(NameProblem::NoProgram)
        } else if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
            Err(NameProblem::EmptySegment)
        } else if !name.bytes().all(legal) {
            Err(NameProblem::BadCharacter)
        } else if name.starts_with('-') {
            Err(NameProblem::BadStart)
        } else if name.len() > Self::MAX_LEN {
            Err(NameProblem::TooLong(name.len()))
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The whole name, `.err` included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// [`Set::Err`] if the last segment, of two or more, is `err`.
    pub fn set(&self) -> Set {
        if self.0.ends_with(".err") { Set::Err } else { Set::Normal }
    }

    /// The first segment: `hello-c`.
    pub fn program(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }

    /// The segments that speak of images: all but the program and the last `err`.
    ///
    /// The first names the build image, the last (of two or more) the run image.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.strip_suffix(".err").unwrap_or(&self.0).split('.').skip(1)
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{NameProblem, ServiceName, Set};
    use proptest::prelude::*;

    #[track_caller]
    fn parts(name: &str) -> (String, Vec<String>, Set) {
        let service = ServiceName::parse(name).unwrap();
        (service.program().to_owned(), service.segments().map(str::to_owned).collect(), service.set())
    }

    fn segments(of: &[&str]) -> Vec<String> {
        of.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn program_build_image_and_run_image_are_the_segments_in_order() {
        let expected = ("hello-java".to_owned(), segments(&["openjdk-8", "openjdk-8-jre-alpine"]), Set::Normal);
        assert_eq!(parts("hello-java.openjdk-8.openjdk-8-jre-alpine"), expected);
    }

    #[test]
    fn a_single_segment_is_a_program_alone() {
        assert_eq!(parts("prod"), ("prod".to_owned(), vec![], Set::Normal));
    }

    #[test]
    fn err_counts_only_as_the_last_segment() {
        assert_eq!(parts("a.b.err"), ("a".to_owned(), segments(&["b"]), Set::Err));
        assert_eq!(parts("a.err"), ("a".to_owned(), vec![], Set::Err));
        assert_eq!(parts("a.err.b"), ("a".to_owned(), segments(&["err", "b"]), Set::Normal));
        assert_eq!(parts("err.a"), ("err".to_owned(), segments(&["a"]), Set::Normal));
        assert_eq!(parts("a.berr"), ("a".to_owned(), segments(&["berr"]), Set::Normal));
        assert_eq!(parts("a.ERR"), ("a".to_owned(), segments(&["ERR"]), Set::Normal));
    }

    #[test]
    fn each_broken_rule_is_named() {
        let long = "a".repeat(129);
        let cases = [
            ("", NameProblem::Empty),
            ("err", NameProblem::NoProgram),
            (".err", NameProblem::EmptySegment),
            ("a..b", NameProblem::EmptySegment),
            ("a.", NameProblem::EmptySegment),
            ("-a", NameProblem::BadStart),
            ("a b", NameProblem::BadCharacter),
            ("a\nb", NameProblem::BadCharacter),
            ("a\n", NameProblem::BadCharacter),
            ("é", NameProblem::BadCharacter),
            ("a/b", NameProblem::BadCharacter),
            (long.as_str(), NameProblem::TooLong(129)),
        ];
        for (name, problem) in cases {
            assert_eq!(ServiceName::parse(name), Err(problem), "{name:?}");
        }
        assert!(ServiceName::parse(&"a".repeat(128)).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(name in any::<String>()) {
            let _ = ServiceName::parse(&name);
        }

        #[test]
        fn what_is_accepted_is_what_the_tag_grammar_and_the_rules_for_segments_accept(name in "[a.b_-]{0,6}|[A-Za-z0-9_.-]{0,130}|.{0,5}") {
            let tag = regex::Regex::new(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z").unwrap();
            let valid = tag.is_match(&name) && name != "err" && name.split('.').all(|segment| !segment.is_empty());
            prop_assert_eq!(ServiceName::parse(&name).is_ok(), valid);
        }

        #[test]
        fn a_valid_name_comes_back_whole(name in "[A-Za-z0-9_][A-Za-z0-9_-]{0,20}(\\.[A-Za-z0-9_-]{1,20}){0,4}") {
            prop_assume!(name != "err");
            let service = ServiceName::parse(&name).unwrap();
            prop_assert_eq!(service.as_str(), &name);
            let mut again = vec![service.program()];
            again.extend(service.segments());
            if service.set() == Set::Err {
                again.push("err");
            }
            prop_assert_eq!(again.join("."), name);
        }
    }
}
