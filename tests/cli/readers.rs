//! What other programs read in the files we write: `PyYAML` here, Compose v1 and v2 where they are installed.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::case::{Case, tool};

/// Names that some YAML reader takes for something else, and the longest there are.
const TRAPS: [&str; 24] = [
    "no",
    "NO",
    "No",
    "on",
    "off",
    "y",
    "n",
    "yes",
    "true",
    "null",
    "1.0",
    "1_000",
    "0x1F",
    "017",
    "0o17",
    "2020-01-01",
    "1e3",
    "12",
    "0b1",
    "1.5e3",
    "_1",
    "2001-12-14t21",
    "0.1.2",
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
];

/// A repository with a Dockerfile for each name, which a comment gives it: a file's own name may mean a template.
fn named(names: &[&str]) -> Case {
    let sorted: BTreeSet<_> = names.iter().collect();
    names.iter().fold(Case::empty().folder("samples"), |case, name| {
        let number = sorted.iter().position(|one| *one == name).unwrap();
        case.file(format!("dockerfiles/{number}/Dockerfile"), format!("# mkcompose: name={name}\nFROM scratch\n"))
    })
}

/// The Compose file that the real binary writes for services of these names.
fn render_names(names: &[&str]) -> String {
    let case = named(names);
    let run = case.run([""; 0]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let file = |name: &str| if case.has(name) { case.read(name) } else { String::new() };
    file("docker-compose.yml")
        + file("docker-compose.err.yml").split_once("services:\n").map_or("", |(_, services)| services)
}

/// The grammar of service names, as docs/NAMES.md has it.
fn is_valid(name: &str) -> bool {
    let part = |part: &str| !part.is_empty();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    name.chars().all(legal) && !name.starts_with('-') && name != "err" && name.len() <= 128 && name.split('.').all(part)
}

/// Names of every shape the grammar allows, most of them close to a number, a date or a word that YAML knows.
fn names() -> impl Strategy<Value = String> {
    let shapes = prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9_.-]{0,40}",
        "[0-9_][0-9_.eExXobn:-]{0,8}",
        "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([tT][0-9]{1,2})?",
        "(y|n|no|on|off|yes|true|false|null|nan|inf)(\\.[a-z]{1,3})?",
        "[0-9]{100,128}",
        "[A-Za-z0-9_-]{128}",
    ];
    shapes.prop_filter("not a valid name", |name| is_valid(name))
}

proptest! {
    #[test]
    fn a_valid_name_comes_back_from_serde_yaml(name in names()) {
        let read: serde_yaml::Value = serde_yaml::from_str(&render_names(&[&name])).unwrap();
        prop_assert_eq!(&read["services"][name.as_str()]["image"], &serde_yaml::Value::from(format!("minimage:{name}")));
    }

    #[test]
    fn the_output_does_not_depend_on_the_order_of_the_input(names in proptest::collection::btree_set(names(), 1..8), seed: usize) {
        // What is sorted is the scan: see `tests/cli/documents.rs` for the whole program.
        let targets: BTreeSet<_> = names.iter().map(|name| name.replace('.', "_")).collect();
        prop_assume!(targets.len() == names.len());
        let mut shuffled: Vec<_> = names.iter().map(String::as_str).collect();
        let by = seed % shuffled.len();
        shuffled.rotate_left(by);
        let case = named(&shuffled);
        let sorted = named(&names.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(case.run(["-q"]).code(), 0);
        prop_assert_eq!(sorted.run(["-q"]).code(), 0);
        for file in ["docker-compose.yml", "docker-compose.err.yml"] {
            prop_assert_eq!(case.has(file), sorted.has(file));
            if case.has(file) {
                prop_assert_eq!(case.read(file), sorted.read(file));
            }
        }
    }
}

#[test]
fn valid_names_come_back_from_pyyaml() {
    let Some(mut python) = tool("python3", &["-c", "import yaml"]) else { return };
    let mut runner = TestRunner::deterministic();
    let strategy = names();
    // Names that bake would take for one are refused.
    let mut targets = BTreeSet::new();
    let random = (0..3000).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    let all = TRAPS.map(str::to_owned).into_iter().chain(random);
    let all: BTreeSet<String> = all.filter(|name| targets.insert(name.replace('.', "_"))).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let script = "import sys, json, yaml
document = yaml.safe_load(open(sys.argv[1]))
json.dump([[key, value['image']] for key, value in document['services'].items()], sys.stdout)";
    let case = Case::empty().file("x.yml", render_names(&all));
    let output = python.args(["-c", script]).arg(case.at("x.yml")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Vec<(String, String)> = serde_json::from_slice(&output.stdout).unwrap();
    let expected: Vec<_> = all.iter().map(|name| ((*name).to_owned(), format!("minimage:{name}"))).collect();
    assert_eq!(read, expected);
}

#[test]
fn a_folder_named_by_noncharacters_comes_back_from_pyyaml() {
    let Some(mut python) = tool("python3", &["-c", "import yaml"]) else { return };
    let folder = "d\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}\u{fdd0}";
    let case = Case::empty().file(format!("{folder}/Dockerfile.a"), "").folder("samples");
    case.run(["-q", "--dockerfiles", folder, "--context", "samples"]).well("");
    let script = "import json, sys, yaml
document = yaml.safe_load(open('docker-compose.yml', encoding='utf-8'))
json.dump(document['services']['a']['build']['dockerfile'], sys.stdout)";
    let output = python.args(["-c", script]).current_dir(case.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: String = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read, format!("../{folder}/Dockerfile.a"));
}

/// What `compose… config` makes of a repository with these names, as service → image, read by the reader that Compose
/// v1 itself has. `None` without `PyYAML`.
fn config(mut compose: Command, names: &[&str]) -> Option<Vec<(String, String)>> {
    let mut python = tool("python3", &["-c", "import yaml"])?;
    let case = Case::of(names);
    case.run(["-q"]).well("");
    let output = compose
        .args(["-f", "docker-compose.yml", "config"])
        .current_dir(case.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let case = case.file("config.yml", output.stdout);
    let script = "import sys, json, yaml
services = yaml.safe_load(open('config.yml'))['services']
json.dump(sorted([key, value['image'], value['build']['dockerfile']] for key, value in services.items()), sys.stdout)";
    let output = python.args(["-c", script]).current_dir(case.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Vec<(String, String, String)> = serde_json::from_slice(&output.stdout).unwrap();
    let pair = |(service, image, dockerfile): (String, String, String)| {
        assert!(dockerfile.ends_with(&format!("dockerfiles/Dockerfile.{service}")), "{dockerfile}");
        (service, image)
    };
    Some(read.into_iter().map(pair).collect())
}

fn expected(names: &[&str]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = names.iter().map(|name| ((*name).to_owned(), format!("minimage:{name}"))).collect();
    pairs.sort();
    pairs
}

#[test]
fn compose_v1_reads_every_name_as_that_string() {
    let Some(compose) = tool("docker-compose", &["version"]) else { return };
    if let Some(read) = config(compose, &TRAPS) {
        assert_eq!(read, expected(&TRAPS));
    }
}

#[test]
fn compose_v2_reads_every_name_as_that_string() {
    let Some(mut docker) = tool("docker", &["compose", "version"]) else { return };
    docker.arg("compose");
    if let Some(read) = config(docker, &TRAPS) {
        assert_eq!(read, expected(&TRAPS));
    }
}

#[test]
fn bake_reads_every_name_as_that_string() {
    let Some(mut bake) = tool("docker", &["buildx", "version"]) else { return };
    let case = Case::of(&TRAPS);
    case.run(["-q"]).well("");
    let output =
        bake.args(["buildx", "bake", "-f", "docker-compose.yml", "--print"]).current_dir(case.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let tags: BTreeSet<_> =
        read["target"].as_object().unwrap().values().map(|target| target["tags"][0].as_str().unwrap()).collect();
    assert_eq!(tags, TRAPS.map(|name| format!("minimage:{name}")).iter().map(String::as_str).collect());
}
