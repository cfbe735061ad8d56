//! `tests/outcomes.yml`, read and checked: what must happen with each image. What the fields mean is told there.

use std::collections::{BTreeMap, BTreeSet};
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

/// One entry as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    outcome: String,
    prints: Option<String>,
    missing: Option<Missing>,
    path: Option<String>,
    code: Option<i64>,
    step: Option<String>,
    says: Option<String>,
    why: Option<String>,
    #[serde(default)]
    mended: Vec<String>,
    size_2020: Option<String>,
}

impl Expected {
    /// The outcome has its fields, and no other has any.
    fn from_entry(service: &str, entry: &Entry) -> Self {
        let Entry { outcome, prints, missing, path, code, step, says, why, mended, size_2020 } = entry.clone();
        let outcome = match (outcome.as_str(), prints, missing, path, code, step, says) {
            ("works", Some(prints), None, None, None, None, None) => Outcome::Works { prints },
            ("cannot start", None, Some(missing), Some(path), None, None, Some(says)) => {
                Outcome::CannotStart { missing, path, says }
            }
            ("exits", None, None, None, Some(code), None, Some(says)) if code != 0 => Outcome::Exits { code, says },
            ("does not build", None, None, Some(path), None, Some(step), Some(says)) => {
                Outcome::DoesNotBuild { step, path, says }
            }
            _ => panic!(
                "tests/outcomes.yml: `{service}` does not have just the fields of one outcome, which are: works (prints), \
                 cannot start (missing, path, says), exits (code, says), does not build (step, path, says); it has {entry:?}"
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

/// All of them, by service.
pub(crate) fn all() -> BTreeMap<String, Expected> {
    let text = fs::read_to_string(repository().join("tests/outcomes.yml")).unwrap();
    let entries: BTreeMap<String, Entry> = serde_yaml::from_str(&text).unwrap();
    entries.into_iter().map(|(service, entry)| (service.clone(), Expected::from_entry(&service, &entry))).collect()
}

/// What the program of `service` prints where it works.
pub(crate) fn printed_by_program_of(service: &str) -> String {
    let program = |service: &str| service.split('.').next().unwrap_or_default().to_owned();
    let wanted = program(service);
    let mut printed = all().into_iter().filter_map(|(other, expected)| match expected.outcome {
        Outcome::Works { prints } if program(&other) == wanted => Some(prints),
        _ => None,
    });
    printed.next().unwrap_or_else(|| panic!("no image of `{wanted}` works"))
}

#[test]
fn every_dockerfile_has_an_outcome_and_every_outcome_a_dockerfile() {
    let services: BTreeSet<_> = fs::read_dir(repository().join("dockerfiles"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_prefix("Dockerfile.").map(str::to_owned))
        .collect();
    assert!(!services.is_empty());
    let told: BTreeSet<_> = all().into_keys().collect();
    let of = |all: &BTreeSet<String>, other| all.difference(other).cloned().collect::<Vec<_>>().join(", ");
    let (without_outcome, without_dockerfile) = (of(&services, &told), of(&told, &services));
    assert!(without_outcome.is_empty(), "tests/outcomes.yml: add an entry for {without_outcome}");
    assert!(without_dockerfile.is_empty(), "tests/outcomes.yml: no Dockerfile, so no entry for {without_dockerfile}");
}

#[test]
fn the_outcomes_are_in_byte_order() {
    let text = fs::read_to_string(repository().join("tests/outcomes.yml")).unwrap();
    let names = text.lines().filter(|line| !line.starts_with([' ', '#'])).filter_map(|line| line.strip_suffix(':'));
    let names: Vec<_> = names.collect();
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
fn all_images_of_a_program_that_work_print_the_same() {
    for (service, expected) in all() {
        if let Outcome::Works { prints } = expected.outcome {
            assert_eq!(prints, printed_by_program_of(&service), "{service}");
        }
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
            `# Does not build: ` or `# Exits 1` just where tests/outcomes.yml says so; it is: {first}"
        );
    }
}
