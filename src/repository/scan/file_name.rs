//! What the name of a file says: a Dockerfile, something that only looks like one, or neither.

use std::ffi::OsStr;
use std::fmt;

/// What the name of a file makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileName<'a> {
    /// A Dockerfile, and what its name says beside that word: the NAME in `Dockerfile.NAME`.
    Dockerfile(Option<&'a str>),
    /// A Dockerfile by its first or last word, but the name is not UTF-8.
    NotUtf8,
    /// Something that a person may take for a Dockerfile, and that is not read as one.
    Lookalike(Lookalike),
    /// Something else.
    Other,
}

/// Why a file is not a Dockerfile although its name has the word, or nearly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lookalike {
    /// A template, from which a Dockerfile is made; with the ending that says so.
    Template(&'static str),
    /// What an editor or a merge left; with the ending that says so.
    Leftover(&'static str),
    /// Text about a Dockerfile, data or a list; with the ending that says so.
    Document(&'static str),
    /// Source code; with the ending that says so.
    Source(&'static str),
    /// `BuildKit`'s ignore file for one Dockerfile.
    IgnoreFile,
    /// Probably meant as a Dockerfile; with the word that may be meant.
    Misspelt(&'static str),
    /// The word Dockerfile in the wrong place, as in `web-Dockerfile`.
    WrongPlace,
}

impl fmt::Display for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(ending) => write!(f, "a template (`{ending}`)"),
            Self::Leftover(ending) => write!(f, "a leftover (`{ending}`)"),
            Self::Document(ending) => write!(f, "a document (`{ending}`)"),
            Self::Source(ending) => write!(f, "source code (`{ending}`)"),
            Self::IgnoreFile => f.write_str("an ignore file of BuildKit"),
            Self::Misspelt(word) => write!(f, "its name is nearly `{word}`: rename the file if it is a Dockerfile"),
            Self::WrongPlace => f.write_str("name it `Dockerfile.NAME` or `NAME.Dockerfile` if it is a Dockerfile"),
        }
    }
}

/// The words that name a Dockerfile. In no other case: the file systems of Linux and of the build engine keep them apart.
const WORDS: [&str; 4] = ["Dockerfile", "dockerfile", "Containerfile", "containerfile"];

/// Endings that say that a file is not a Dockerfile, whatever stands before them.
const ENDINGS: [(&str, Kind); 40] = [
    (".tpl", Kind::Template),
    (".tmpl", Kind::Template),
    (".template", Kind::Template),
    (".in", Kind::Template),
    (".j2", Kind::Template),
    (".jinja", Kind::Template),
    (".jinja2", Kind::Template),
    (".erb", Kind::Template),
    (".m4", Kind::Template),
    (".gotmpl", Kind::Template),
    (".mustache", Kind::Template),
    (".hbs", Kind::Template),
    (".ejs", Kind::Template),
    (".bak", Kind::Leftover),
    (".orig", Kind::Leftover),
    (".rej", Kind::Leftover),
    (".swp", Kind::Leftover),
    (".tmp", Kind::Leftover),
    (".patch", Kind::Document),
    (".diff", Kind::Document),
    (".md", Kind::Document),
    (".rst", Kind::Document),
    (".adoc", Kind::Document),
    (".txt", Kind::Document),
    (".html", Kind::Document),
    (".pdf", Kind::Document),
    (".png", Kind::Document),
    (".svg", Kind::Document),
    (".json", Kind::Document),
    (".yml", Kind::Document),
    (".yaml", Kind::Document),
    (".xml", Kind::Document),
    (".toml", Kind::Document),
    (".lock", Kind::Document),
    (".log", Kind::Document),
    (".sha256", Kind::Document),
    (".sig", Kind::Document),
    (".dockerignore", Kind::IgnoreFile),
    (".containerignore", Kind::IgnoreFile),
    (".ignore", Kind::IgnoreFile),
];

/// Endings of source code. They count where a program's file is likely: after a lower-case `dockerfile`, as in
/// `dockerfile.go`, and after `-` or `_`, as in `Dockerfile_test.go`. `Dockerfile.go` is an image.
const SOURCE_ENDINGS: [&str; 26] = [
    ".go", ".py", ".rs", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".java", ".kt", ".rb", ".php", ".c", ".h", ".cc",
    ".cpp", ".cs", ".swift", ".lua", ".sh", ".ps1", ".vim", ".el", ".pl", ".scala", ".css",
];

#[derive(Clone, Copy)]
enum Kind {
    Template,
    Leftover,
    Document,
    IgnoreFile,
}

impl<'a> FileName<'a> {
    /// Reads the name of a file, without its folders.
    pub fn of(name: &'a OsStr) -> Self {
        let Some(text) = name.to_str() else { return Self::of_bytes(name.as_encoded_bytes()) };
        if let Some((stem, lookalike)) = ending(text) {
            let is_like_one = parts(stem).is_some() || matches!(parts(text), Some((_, Some(_))));
            return if is_like_one { Self::Lookalike(lookalike) } else { Self::Other };
        }
        match parts(text) {
            Some((_, name)) => source(text).map_or(Self::Dockerfile(name), Self::Lookalike),
            None => lookalike(text).map_or(Self::Other, Self::Lookalike),
        }
    }

    fn of_bytes(name: &[u8]) -> Self {
        let is_one = WORDS.iter().map(|word| word.as_bytes()).any(|word| {
            let after = name.strip_prefix(word).and_then(<[u8]>::first);
            matches!(after, Some(b'.' | b'-' | b'_'))
                || name.strip_suffix(word).is_some_and(|name| name.ends_with(b"."))
        });
        if is_one { Self::NotUtf8 } else { Self::Other }
    }
}

/// The word for Dockerfile in `name` and the rest, without the character between; `None` if it has no form of one.
fn parts(name: &str) -> Option<(&'static str, Option<&str>)> {
    // Most names of a repository are neither, and are recognised by their first and last letter.
    if !matches!(name.as_bytes(), [b'D' | b'd' | b'C' | b'c', ..] | [.., b'e']) {
        return None;
    }
    WORDS.into_iter().find_map(|word| {
        if let Some(rest) = name.strip_prefix(word) {
            if rest.is_empty() {
                return Some((word, None));
            }
            if let Some(rest) = rest.strip_prefix(['.', '-', '_']) {
                return Some((word, Some(rest)));
            }
        }
        let rest = name.strip_suffix(word)?.strip_suffix('.')?;
        Some((word, Some(rest)))
    })
}

/// What `name` ends in, if that says that it is not a Dockerfile, and what stands before. `Dockerfile-template` and
/// `Dockerfile_template` are the same as `Dockerfile.template`.
fn ending(name: &str) -> Option<(&str, Lookalike)> {
    if let Some(stem) = name.strip_suffix('~') {
        return Some((stem, Lookalike::Leftover("~")));
    }
    let (stem, word) = name.rsplit_once(['.', '-', '_'])?;
    // Only as a whole after `-` or `_`: `Dockerfile.web-template` is an image.
    if name.as_bytes().get(stem.len()) != Some(&b'.') && !WORDS.contains(&stem) {
        return None;
    }
    let is_it = |ending: &str| ending.len() == word.len() + 1 && ending.ends_with(word);
    let (ending, kind) = ENDINGS.iter().find(|(ending, _)| is_it(ending))?;
    let lookalike = match kind {
        Kind::Template => Lookalike::Template(ending),
        Kind::Leftover => Lookalike::Leftover(ending),
        Kind::Document => Lookalike::Document(ending),
        Kind::IgnoreFile => Lookalike::IgnoreFile,
    };
    Some((stem, lookalike))
}

fn source(name: &str) -> Option<Lookalike> {
    let (stem, ending) = name.split_at_checked(name.rfind('.')?)?;
    let ending = *SOURCE_ENDINGS.iter().find(|known| **known == ending)?;
    let is_source = matches!(stem, "dockerfile" | "containerfile")
        || WORDS.iter().any(|word| stem.strip_prefix(word).is_some_and(|rest| rest.starts_with(['-', '_'])));
    is_source.then_some(Lookalike::Source(ending))
}

/// A name that was probably meant as a Dockerfile's.
fn lookalike(name: &str) -> Option<Lookalike> {
    // Too short or too long for a word of ten letters and two mistakes.
    if name.len() < 8 || SOURCE_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    for word in ["Dockerfile", "Containerfile"] {
        let plain = word.to_ascii_lowercase();
        if lower.strip_suffix(&plain).is_some_and(|rest| rest.ends_with(['-', '_'])) {
            return Some(Lookalike::WrongPlace);
        }
        if words_of(&lower).iter().any(|written| is_nearly(written, &plain)) {
            return Some(Lookalike::Misspelt(word));
        }
    }
    None
}

/// The parts of a name that may be a misspelt `dockerfile`: the first, the last, and those with a `-` or `_` in the word.
fn words_of(lower: &str) -> [String; 3] {
    let until = |ends: &[char]| lower.split(ends).next().unwrap_or_default();
    let last = lower.rsplit('.').next().unwrap_or_default();
    let joined = |word: &str| word.replace(['-', '_', ' '], "");
    [until(&['.', '-', '_']).to_owned(), joined(until(&['.'])), joined(last)]
}

fn is_nearly(written: &str, word: &str) -> bool {
    let near = word.len().abs_diff(written.len()) <= 2 && written.as_bytes().first() == word.as_bytes().first();
    // `dockerize` is a program.
    near && written.contains('f') && strsim::damerau_levenshtein(written, word) <= 2
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::{FileName, Lookalike};
    use proptest::prelude::*;

    fn of(name: &str) -> FileName<'_> {
        FileName::of(OsStr::new(name))
    }

    #[test]
    fn each_form_of_name_says_what_the_service_is_called() {
        for (name, service) in [
            ("Dockerfile", None),
            ("dockerfile", None),
            ("Containerfile", None),
            ("containerfile", None),
            ("Dockerfile.a.b", Some("a.b")),
            ("dockerfile.a", Some("a")),
            ("Containerfile.a", Some("a")),
            ("a.b.Dockerfile", Some("a.b")),
            ("a.dockerfile", Some("a")),
            ("a.Containerfile", Some("a")),
            ("Dockerfile-a.b", Some("a.b")),
            ("Dockerfile_a-b", Some("a-b")),
            ("containerfile_a", Some("a")),
            ("Dockerfile.a.err", Some("a.err")),
            ("a.err.Dockerfile", Some("a.err")),
            ("Dockerfile.go", Some("go")),
            ("Dockerfile.web-template", Some("web-template")),
            ("Dockerfile.", Some("")),
        ] {
            assert_eq!(of(name), FileName::Dockerfile(service), "{name}");
        }
    }

    #[test]
    fn what_only_looks_like_one_has_a_reason() {
        for (name, lookalike) in [
            ("Dockerfile.tpl", Lookalike::Template(".tpl")),
            ("web.Dockerfile.j2", Lookalike::Template(".j2")),
            ("Dockerfile.web.in", Lookalike::Template(".in")),
            ("Dockerfile-alpine.template", Lookalike::Template(".template")),
            ("Dockerfile-template", Lookalike::Template(".template")),
            ("Dockerfile_m4", Lookalike::Template(".m4")),
            ("Dockerfile.bak", Lookalike::Leftover(".bak")),
            ("Dockerfile~", Lookalike::Leftover("~")),
            ("Dockerfile.web~", Lookalike::Leftover("~")),
            ("Dockerfile.md", Lookalike::Document(".md")),
            ("Dockerfile.dockerignore", Lookalike::IgnoreFile),
            ("web.Dockerfile.dockerignore", Lookalike::IgnoreFile),
            ("dockerfile.go", Lookalike::Source(".go")),
            ("Dockerfile_test.go", Lookalike::Source(".go")),
            ("dockerfile-parser.js", Lookalike::Source(".js")),
            ("DOCKERFILE", Lookalike::Misspelt("Dockerfile")),
            ("DockerFile.web", Lookalike::Misspelt("Dockerfile")),
            ("Dockerfle.x", Lookalike::Misspelt("Dockerfile")),
            ("Dokcerfile", Lookalike::Misspelt("Dockerfile")),
            ("Docker-file", Lookalike::Misspelt("Dockerfile")),
            ("web.Dockefile", Lookalike::Misspelt("Dockerfile")),
            ("Containefile", Lookalike::Misspelt("Containerfile")),
            ("web-Dockerfile", Lookalike::WrongPlace),
            ("web_dockerfile", Lookalike::WrongPlace),
        ] {
            assert_eq!(of(name), FileName::Lookalike(lookalike), "{name}");
        }
    }

    #[test]
    fn other_names_are_other_files() {
        for name in [
            "README.md",
            ".dockerignore",
            "docker-compose.yml",
            "dockerize",
            "Rockerfile",
            "Makefile",
            "packerfile",
            "xDockerfile.y",
            "dockerfiles_parser.py",
            "test_dockerfile.py",
            "Dockerfle.go",
            "",
            ".",
            "file",
            "Lockfile",
            "container-profile",
            "configfile",
            "README.tpl",
        ] {
            assert_eq!(of(name), FileName::Other, "{name}");
        }
    }

    #[test]
    fn a_name_that_is_not_utf8_is_one_by_its_first_or_last_word() {
        for (name, expected) in [
            (&b"Dockerfile.\xff"[..], FileName::NotUtf8),
            (b"\xff.Dockerfile", FileName::NotUtf8),
            (b"Dockerfile-\xff", FileName::NotUtf8),
            (b"Dockerfile\xff", FileName::Other),
            (b"\xff", FileName::Other),
        ] {
            assert_eq!(FileName::of(OsStr::from_bytes(name)), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_the_reader_panic(name in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = FileName::of(OsStr::from_bytes(&name));
        }

        #[test]
        fn a_name_without_such_an_ending_comes_back_whole(name in "[a-z]{1,8}(\\.[a-z]{1,8}1)?") {
            prop_assume!(!name.ends_with("file"));
            let (first, last) = (format!("Dockerfile.{name}1"), format!("{name}1.Dockerfile"));
            let expected = format!("{name}1");
            prop_assert_eq!(of(&first), FileName::Dockerfile(Some(&expected)));
            prop_assert_eq!(of(&last), FileName::Dockerfile(Some(&expected)));
        }
    }
}
