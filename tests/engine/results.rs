//! `docs/RESULTS.md`: what was observed, written by this test when `MINIMAGE_WRITE_RESULTS` is set, else compared.
//!
//! Outcomes and exit codes must be the same to the byte. A size that is about the committed one
//! ([`size::about_the_same`]) counts as the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::command::repository;
use crate::engine::{has_stand_ins, image_size, turn};
use crate::observed::Observed;
use crate::outcomes::{self, Expected, Outcome};
use crate::why::predictions;
use crate::{err_set, normal_set, size, stand_ins};

/// The document.
const PATH: &str = "docs/RESULTS.md";

/// What is said above the table.
const HEAD: &str = "\
# Results

Each image of `dockerfiles/`, built and run by the generated Compose files, and what was observed. Written by

    MINIMAGE_WRITE_RESULTS=1 cargo test --test engine -- --ignored results

and compared by the same test without the variable, in CI: outcome, exit code and words must be the same, a size may
differ by 10 % (Debian's and PyPI's packages change).

**The sizes here are not those of the official images.** The base images are stand-ins, made by `tests/bases` from
Debian's packages, since the tests must do without a registry: a stand-in of `gcc` or `openjdk` holds what an outcome
depends on, not all that the official one holds. What was linked statically into `scratch` is the program alone and
comparable. Beside them are the sizes that jpetazzo's series on image size published in 2020, with the official images
of that time. Exit codes are those of runc 1.1; runc 1.2 and later say 255 where `exec` fails, not 1.

`why` is what `mkcompose why` found in the image before it ran; nothing is found in what works.

## On every engine

What the tests of `tests/engine/every_engine.rs`, `exact.rs`, `faults.rs` and `sizes.rs` compare on each engine:

| | Docker 20.10, overlay2 | Docker 28.5, overlay2 | Docker 28.5, containerd | podman 5.8, with runc |
| --- | --- | --- | --- | --- |
| `build`: failures stop nothing, local bases, `.err`, settings | image by image | at once with bake | at once with bake | image by image |
| `build` again from the cache: same IDs, nothing left without a tag | holds | holds | holds | holds |
| `build` again of what bake did not come to before: same IDs | no bake | holds | holds | no bake |
| `build` ended by two signals: cut off, exit code 130 | holds | holds | holds | holds |
| `test`: exit codes, cannot start, timeout, killed, no container left | holds | holds | holds | holds |
| `test`: out of memory is told from another kill | holds | holds | holds | holds |
| `test` twice at once on one engine: both reports are whole, no container left | holds | holds | holds | holds |
| `build` fills the engine's disk: unknown, also with `.err` | holds | holds | holds | holds |
| the engine dies in the middle of `build`, `test`, `sizes`, `sizes --exact`, `why`: exit code 2, no half report | holds | holds | holds | no daemon |
| all commands through a context, with a command line of another version, or one that the engine refuses | the command line | holds | holds | no daemon |
| `why` finds the reason of what cannot start, before it is run | holds | holds | holds | holds |
| `why` reads an index of platforms with attestations, and gzip, zstd and plain layers | no such store | no such store | holds | no such store |
| `sizes`: OWN, SHARED and on disk are those of `docker system df -v`, within 0.1 % | holds | holds | holds | no such figures |
| `sizes`: several platforms are not added up, one that is not unpacked has no OWN | no such store | no such store | holds | no such store |
| `sizes --exact`: the same bytes for the same images | holds | holds | holds | holds |

## The images

| service | outcome | exit code | why | size here | size in 2020 |
| --- | --- | ---: | --- | ---: | ---: |
";

/// The document, with the sizes of `committed` where they still hold.
fn render(observed: &BTreeMap<String, Observed>, committed: &str) -> String {
    let mut text = HEAD.to_owned();
    for (service, expected) in outcomes::all() {
        let (outcome, code, bytes) = match (observed.get(&service), &expected.outcome) {
            (Some(observed), _) => {
                (told(observed, &expected), observed.code.to_string(), Some(image_size(&format!("minimage:{service}"))))
            }
            (None, Outcome::DoesNotBuild { step, path, says }) => {
                (format!("does not build, no `{path}`: `{step}`: `{says}`"), String::new(), None)
            }
            (None, _) => {
                let images = stand_ins::images_not_stood_in(&service);
                let images = images.iter().map(|image| format!("`{image}`")).collect::<Vec<_>>().join(", ");
                (format!("not observed: no stand-in for {images}"), String::new(), None)
            }
        };
        let size = bytes.map(|bytes| settled(bytes, committed_size(committed, &service))).unwrap_or_default();
        let size_2020 = expected.size_2020.unwrap_or_default();
        let why = predictions().get(&service).map(|prediction| prediction.ids().join(", ")).unwrap_or_default();
        writeln!(text, "| {service} | {outcome} | {code} | {why} | {size} | {size_2020} |").unwrap();
    }
    text
}

/// The outcome in words, if it is the expected one, else what is wrong with it.
fn told(observed: &Observed, expected: &Expected) -> String {
    match (&expected.outcome, observed.disagrees_with(expected)) {
        (_, Some(reason)) => format!("not as expected: {reason:?}"),
        (Outcome::CannotStart { path, says, .. }, None) => format!("cannot start, no `{path}`: `{says}`"),
        (Outcome::Exits { code, says }, None) => format!("exits {code}: `{says}`"),
        (Outcome::Works { .. } | Outcome::DoesNotBuild { .. }, None) => "works".to_owned(),
    }
}

/// The size of `service` in an earlier document.
fn committed_size(committed: &str, service: &str) -> Option<String> {
    let start = format!("| {service} | ");
    let row = committed.lines().find(|line| line.starts_with(&start))?;
    Some(row.trim_end_matches('|').rsplit(" | ").nth(1)?.trim().to_owned())
}

/// The committed size if `bytes` is about that, else `bytes`.
fn settled(bytes: u64, committed: Option<String>) -> String {
    let holds = |text: &String| size::read(text).is_some_and(|before| size::about_the_same(before, bytes));
    committed.filter(holds).unwrap_or_else(|| size::shown(bytes))
}

#[test]
fn a_size_of_about_the_committed_one_keeps_the_document_as_it_is() {
    let committed = "| a.b | works | 0 | 1.00 MB | 94 kB |\n| a.c | works | 0 |  |  |\n";
    assert_eq!(committed_size(committed, "a.b").as_deref(), Some("1.00 MB"));
    assert_eq!(settled(1_099_000, committed_size(committed, "a.b")), "1.00 MB");
    assert_eq!(settled(1_101_000, committed_size(committed, "a.b")), "1.10 MB");
    assert_eq!(settled(899_000, committed_size(committed, "a.b")), "899 kB");
    assert_eq!(settled(5, committed_size(committed, "a.c")), "5 B");
    assert_eq!(settled(5, committed_size(committed, "a")), "5 B");
}

#[test]
#[ignore = "needs a Docker engine"]
fn results_md_tells_what_was_observed() {
    let _turn = turn();
    assert!(has_stand_ins(), "docs/RESULTS.md is about the stand-in bases");
    let observed = normal_set::observed();
    err_set::each_fails_alone(crate::compose::Version::V2);
    let path = repository().join(PATH);
    let write = std::env::var_os("MINIMAGE_WRITE_RESULTS").is_some();
    let committed = if write { String::new() } else { fs::read_to_string(&path).unwrap_or_default() };
    let rendered = render(observed, &committed);
    if write {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &rendered).unwrap();
    }
    let stale: Vec<_> = rendered.lines().filter(|line| !committed.lines().any(|other| other == *line)).collect();
    assert!(
        rendered == fs::read_to_string(&path).unwrap_or_default(),
        "{PATH} is stale, write it with MINIMAGE_WRITE_RESULTS=1; observed was:\n{}",
        stale.join("\n")
    );
}
