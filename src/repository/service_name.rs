//! The name of a service: what its grammar is, what a Dockerfile's path makes it, and which names get in each other's way.
//!
//! Where the naming convention is followed, a name has parts: program, build image, run image. What a part stands for is
//! not decided here: only the Dockerfile's own FROM lines can tell (see [`crate::dockerfile`]).

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use image_analyzer::printable::{printable, printable_path};

/// The usual start of a Dockerfile's name.
pub const PREFIX: &str = "Dockerfile.";

/// The two sets that services are kept in, each with a Compose file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A valid service name. Where no setting says otherwise, it is also the image's tag.
///
/// Ordered by bytes, the order in which services are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ServiceName(String);

/// Why a text is not a [`ServiceName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// No character at all.
    #[error("the service name is missing")]
    Empty,
    /// Longer than a tag may be.
    #[error("the service name has {0} characters, an image tag at most 128")]
    TooLong(usize),
    /// Starts with what a tag may not start with, and is not an empty segment.
    #[error("a service name starts with a letter, a digit or `_`, not with `-`")]
    BadStart,
    /// Holds a character outside `[A-Za-z0-9_.-]`.
    #[error("a service name has only the characters A-Z a-z 0-9 `_` `.` `-`, not `{}`", printable(&.0.to_string()))]
    BadCharacter(char),
    /// Two dots in a row, a dot first, or a dot last.
    #[error("a part of the service name, between two dots, is empty")]
    EmptySegment,
    /// Only `.err`, without a program before it.
    #[error("`err` alone is not a service name: `.err` marks a service that is known not to build")]
    NoProgram,
}

impl ServiceName {
    /// The most bytes an image tag may have (distribution/reference).
    pub const MAX_LEN: usize = 128;

    /// Reads a name.
    ///
    /// # Errors
    /// The first rule that the name breaks.
    pub fn parse(name: &str) -> Result<Self, NameProblem> {
        // The tag grammar of the distribution reference specification, `[\w][\w.-]{0,127}` in ASCII, which the service
        // grammar of Compose contains. By hand, because each broken rule has a sentence of its own.
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let has_two_dots = || name.bytes().zip(name.bytes().skip(1)).any(|two| two == (b'.', b'.'));
        if name.is_empty() {
            Err(NameProblem::Empty)
        } else if name == "err" {
            Err(NameProblem::NoProgram)
        } else if name.starts_with('.') || name.ends_with('.') || has_two_dots() {
            Err(NameProblem::EmptySegment)
        } else if let Some(other) = name.chars().find(|&c| !legal(c)) {
            Err(NameProblem::BadCharacter(other))
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

/// The name that a Dockerfile's place makes its service, if nothing else names it. Not checked yet, since a comment in the
/// Dockerfile may replace it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefaultName {
    /// The folders below the scanned one and what the file's name says, joined by `.`, with `_` for `+`.
    Path(String),
    /// `Dockerfile` in the scanned folder itself: the last part of the image's name.
    Image,
    /// `Dockerfile.err` in the scanned folder itself: the last part of the image's name, and `.err`.
    ImageErr,
}

impl DefaultName {
    /// The name for a file in `folder`, a path below the scanned folder without a `/` at its end, whose own name says
    /// `name` beside the word Dockerfile; `None` if it is that word alone.
    pub fn new(folder: &str, name: Option<&str>) -> Self {
        match (folder, name) {
            ("", None) => Self::Image,
            ("", Some("err")) => Self::ImageErr,
            (folder, name) => {
                let between = if folder.is_empty() || name.is_none() { "" } else { "." };
                let path = [folder, between, name.unwrap_or_default()].concat();
                // Most have neither, and what is replaced is copied.
                Self::Path(if path.contains(['/', '+']) { path.replace('/', ".").replace('+', "_") } else { path })
            }
        }
    }

    /// The service's name. `image` is the image's name in the settings, without a tag: `ghcr.io/me/tools`.
    ///
    /// # Errors
    /// The first rule that the name breaks.
    pub fn service_name(&self, image: &str) -> Result<ServiceName, NameProblem> {
        let last = image.rsplit('/').next().unwrap_or(image);
        match self {
            Self::Path(name) => ServiceName::parse(name),
            Self::Image => ServiceName::parse(last),
            Self::ImageErr => ServiceName::parse(&[last, ".err"].concat()),
        }
    }
}

/// How to give a Dockerfile another name than its path does.
pub const OTHER_NAME: &str = "add a line `# mkcompose: name=NAME` at its top";

/// The problems between names of one repository: two Dockerfiles that make one service, and names that `docker buildx
/// bake` takes for one. Each is reported once, at the later path.
pub fn collisions(services: &[(&ServiceName, &Path)]) -> Vec<Problem> {
    let mut sorted = services.to_vec();
    sorted.sort_unstable();
    let mut problems = same_name(&sorted);
    problems.extend(same_in_bake(&sorted));
    problems.sort_unstable();
    problems
}

fn same_name(sorted: &[(&ServiceName, &Path)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for same in sorted.chunk_by(|one, other| one.0 == other.0) {
        let Some(((name, first), others)) = same.split_first() else { continue };
        problems.extend(others.iter().map(|(_, path)| {
            let first = printable_path(first);
            Problem::new(
                *path,
                format!("duplicate service name `{name}`, also used by `{first}`: rename one of them, or {OTHER_NAME}"),
            )
        }));
    }
    problems
}

/// Names that differ only in `.` and `_`: bake's target names have no dot, it writes `_` for it, and of two services
/// that become one target one is silently dropped (docker/compose#14058).
fn same_in_bake(sorted: &[(&ServiceName, &Path)]) -> Vec<Problem> {
    // Of two different names that become one, one has a `_` where the other has a `.`.
    if !sorted.iter().any(|(name, _)| name.as_str().contains('_')) {
        return Vec::new();
    }
    let mut targets: HashMap<String, &(&ServiceName, &Path)> = HashMap::with_capacity(sorted.len());
    let mut problems = Vec::new();
    for service in sorted {
        let target = service.0.as_str().replace('.', "_");
        let Some((name, path)) = targets.get(&target) else {
            targets.insert(target, service);
            continue;
        };
        if *name != service.0 {
            let path = printable_path(path);
            problems.push(Problem::new(service.1, format!(
                "`docker buildx bake` reads the service names `{}` and `{name}` (of `{path}`) both as `{target}`: rename one of them, or {OTHER_NAME}",
                service.0
            )));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DefaultName, NameProblem, ServiceName, Set, collisions};
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
            ("a b", NameProblem::BadCharacter(' ')),
            ("a\nb", NameProblem::BadCharacter('\n')),
            ("a\n", NameProblem::BadCharacter('\n')),
            ("é", NameProblem::BadCharacter('é')),
            ("a/b", NameProblem::BadCharacter('/')),
            (long.as_str(), NameProblem::TooLong(129)),
        ];
        for (name, problem) in cases {
            assert_eq!(ServiceName::parse(name), Err(problem), "{name:?}");
        }
        assert!(ServiceName::parse(&"a".repeat(128)).is_ok());
    }

    #[test]
    fn a_default_name_is_the_path_without_the_word_dockerfile() {
        let name = |folder, name| match DefaultName::new(folder, name).service_name("ghcr.io/me/tools") {
            Ok(name) => name.to_string(),
            Err(why) => why.to_string(),
        };
        assert_eq!(name("", Some("hello-c.gcc.scratch")), "hello-c.gcc.scratch");
        assert_eq!(name("hello-c", Some("gcc.scratch")), "hello-c.gcc.scratch");
        assert_eq!(name("api", None), "api");
        assert_eq!(name("a/b/c", None), "a.b.c");
        assert_eq!(name("c++/x", Some("a+b")), "c__.x.a_b");
        assert_eq!(name("", None), "tools");
        assert_eq!(name("", Some("err")), "tools.err");
        assert_eq!(name("api", Some("err")), "api.err");
        assert_eq!(name("api.err", None), "api.err");
        assert_eq!(name("api", Some("")), "a part of the service name, between two dots, is empty");
        assert_eq!(name("", Some("")), "the service name is missing");
    }

    #[test]
    fn each_collision_is_reported_once_and_at_the_later_path() {
        let services =
            [("a.b", "x/Dockerfile"), ("a.b", "w/Dockerfile"), ("a_b", "v/Dockerfile"), ("c", "u/Dockerfile")];
        let services = services.map(|(name, path)| (ServiceName::parse(name).unwrap(), Path::new(path)));
        let services = services.each_ref().map(|(name, path)| (name, *path));
        let problems: Vec<_> = collisions(&services).iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("v/Dockerfile: `docker buildx bake` reads the service names `a_b` and `a.b` (of `w/Dockerfile`) both as `a_b`"), "{problems:?}");
        assert!(problems[1].starts_with("x/Dockerfile: duplicate service name `a.b`, also used by `w/Dockerfile`"));
        assert_eq!(collisions(&services[1..2]), []);
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
