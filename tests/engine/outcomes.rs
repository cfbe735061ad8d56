//! What must happen with each image: what its Dockerfile expects, and what `tests/outcomes.yml` says beyond that.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::command::repository;

/// What must happen with one image.
#[derive(Debug)]
pub(crate) struct Expected {
    /// What must happen.
    pub(crate) outcome: Outcome,
    /// The id of what `mkcompose why` finds; none for an image that works.
    pub(crate) why: Option<String>,
    /// Dockerfile lines that make the image work.
    pub(crate) mended: Vec<String>,
    /// The size published in 2020.
    pub(crate) size_2020: Option<String>,
}

/// What happens when an image is built and run.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Exits 0 and prints just this.
    Works { prints: String },
    /// Never runs, for want of something.
    CannotStart { missing: Missing, path: String, says: String },
    /// Runs, and ends with `code` and `says` on standard error.
    Exits { code: i64, says: String },
    /// The step fails for want of `path`, with `says`.
    DoesNotBuild { step: String, path: String, says: String },
}

/// What an image that cannot start lacks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Missing {
    /// The ELF interpreter.
    Loader,
    /// A shared library.
    Library,
    /// The shell that a string CMD is given to.
    Shell,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    prints: BTreeMap<String, String>,
    services: BTreeMap<String, Entry>,
}

/// One entry as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    missing: Option<Missing>,
    path: Option<String>,
    step: Option<String>,
    says: Option<String>,
    why: Option<String>,
    #[serde(default)]
    mended: Vec<String>,
    size_2020: Option<String>,
}

impl Expected {
    /// What the Dockerfile of `service` says, with the fields that such an outcome has, and no other.
    fn of(service: &str, prints: &BTreeMap<String, String>, entry: &Entry) -> Self {
        let Entry { missing, path, step, says, why, mended, size_2020 } = entry.clone();
        let expect = if service.ends_with(".err") { "err".to_owned() } else { expect_comment(service) };
        let code = expect.strip_prefix("exit ").and_then(|code| code.parse().ok());
        let outcome = match (expect.as_str(), missing, path, code, step, says) {
            ("works", None, None, None, None, None) => {
                Outcome::Works { prints: prints[service.split('.').next().unwrap()].clone() }
            }
            ("cannot start", Some(missing), Some(path), None, None, Some(says)) => {
                Outcome::CannotStart { missing, path, says }
            }
            (_, None, None, Some(code), None, Some(says)) => Outcome::Exits { code, says },
            ("err", None, Some(path), None, Some(step), Some(says)) => Outcome::DoesNotBuild { step, path, says },
            _ => panic!(
                "tests/outcomes.yml: `{service}`, of which `{expect}` is expected, does not have just the fields of that, \
                 which are: works (none), cannot start (missing, path, says), exit N (says), .err (step, path, says); it \
                 has {entry:?}"
            ),
        };
        let can_be_mended = matches!(outcome, Outcome::CannotStart { .. } | Outcome::Exits { .. });
        assert_eq!(can_be_mended, !mended.is_empty(), "tests/outcomes.yml: `{service}` and its `mended`");
        assert_eq!(can_be_mended, why.is_some(), "tests/outcomes.yml: `{service}` and its `why`");
        Self { outcome, why, mended, size_2020 }
    }

    /// Whether the image can be built.
    pub(crate) fn builds(&self) -> bool {
        !matches!(self.outcome, Outcome::DoesNotBuild { .. })
    }

    /// Whether the engine itself refuses to start the container.
    pub(crate) fn refused(&self) -> bool {
        matches!(self.outcome, Outcome::CannotStart { missing: Missing::Shell, .. })
    }
}

/// What the Dockerfile of `service` expects: the value of its comment, else `works`.
fn expect_comment(service: &str) -> String {
    let text = fs::read_to_string(repository().join("dockerfiles").join(format!("Dockerfile.{service}"))).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix("# mkcompose: expect="));
    value.unwrap_or("works").to_owned()
}

fn document() -> Document {
    serde_yaml::from_str(&fs::read_to_string(repository().join("tests/outcomes.yml")).unwrap()).unwrap()
}

/// All of them, by service.
pub(crate) fn all() -> BTreeMap<String, Expected> {
    let Document { prints, services } = document();
    let names = fs::read_dir(repository().join("dockerfiles")).unwrap();
    let names =
        names.filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_prefix("Dockerfile.").map(str::to_owned));
    let all = names.map(|service| {
        let entry = services.get(&service).cloned().unwrap_or_default();
        let expected = Expected::of(&service, &prints, &entry);
        (service, expected)
    });
    all.collect()
}

/// What the program of `service` prints where it works.
pub(crate) fn printed_by_program_of(service: &str) -> String {
    document().prints[service.split('.').next().unwrap_or_default()].clone()
}

#[test]
fn every_entry_is_about_a_dockerfile_and_says_something() {
    let all = all();
    assert!(!all.is_empty());
    for service in document().services.keys() {
        assert!(all.contains_key(service), "tests/outcomes.yml: no Dockerfile, so no entry for {service}");
    }
}

#[test]
fn the_outcomes_are_in_byte_order() {
    let text = fs::read_to_string(repository().join("tests/outcomes.yml")).unwrap();
    let names = text.lines().skip_while(|line| *line != "services:").skip(1);
    let names = names.filter(|line| !line.starts_with("   ")).filter_map(|line| line.trim().strip_suffix(':'));
    let names: Vec<_> = names.collect();
    assert!(!names.is_empty());
    for pair in names.windows(2) {
        assert!(
            pair[0] < pair[1],
            "tests/outcomes.yml: `{}` belongs before `{}` (byte order: `-` before `.`)",
            pair[1],
            pair[0]
        );
    }
}

#[test]
fn just_the_err_dockerfiles_do_not_build() {
    for (service, expected) in all() {
        assert_eq!(expected.builds(), !service.ends_with(".err"), "{service}");
    }
}

#[test]
fn the_first_line_of_each_dockerfile_tells_its_outcome() {
    for (service, expected) in all() {
        let dockerfile = repository().join("dockerfiles").join(format!("Dockerfile.{service}"));
        let text = fs::read_to_string(dockerfile).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let says = ["# Does not start: ", "# Does not build: ", "# Exits 1"].map(|start| first.starts_with(start));
        let is = [
            matches!(expected.outcome, Outcome::CannotStart { .. }),
            matches!(expected.outcome, Outcome::DoesNotBuild { .. }),
            matches!(expected.outcome, Outcome::Exits { .. }),
        ];
        assert!(
            first.starts_with("# ") && says == is,
            "{service}: its first line must be a comment, and begin with `# Does not start: `, \
            `# Does not build: ` or `# Exits 1` just where its second line expects so; it is: {first}"
        );
    }
}
