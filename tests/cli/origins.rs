//! `list --format json` says where each value came from.

use serde_json::{Value, json};

use crate::case::Case;
use crate::schema::assert_valid;

/// The origins of the service `name`.
#[track_caller]
fn origins(case: &Case, flags: &[&str], name: &str) -> Value {
    let run = case.run([&["list", "--format", "json"], flags].concat());
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert_valid(&run.stdout(), "list.schema.json");
    let entries: Vec<Value> = serde_json::from_str(&run.stdout()).unwrap();
    entries.into_iter().find(|entry| entry["service"] == name).unwrap()["origins"].clone()
}

fn settings(line: usize) -> Value {
    json!({ "from": "settings", "file": "mkcompose.yml", "line": line })
}

fn glob(glob: &str, line: usize) -> Value {
    json!({ "from": "services", "glob": glob, "file": "mkcompose.yml", "line": line })
}

fn comment(line: usize) -> Value {
    json!({ "from": "comment", "file": "a/Dockerfile", "line": line })
}

fn flag(flag: &str) -> Value {
    json!({ "from": "flag", "flag": flag })
}

/// A repository with a value from each place.
fn everywhere() -> Case {
    Case::empty()
        .file(
            "mkcompose.yml",
            "\
image: me/{service}
context: a
args:
  V: '1'
  W: '2'
  UNUSED: x
labels: {one: '1', two: '2'}
cache: me/cache:{service}
expect: runs
lint:
  unknown-image: off
services:
  \"*\":
    args: {W: '3'}
    labels: {two: '3'}
    cache: me/other
    expect: {http: 80/, outcome: works}
  a:
    target: run
    platforms: [linux/amd64]
    tags: [me/a:2]
    context: auto
    expect: exit 1
",
        )
        .file(
            "a/Dockerfile",
            "# mkcompose: expect.stdout=x\n# mkcompose: cache_from=me/third\nARG V\nARG W\nFROM x AS run\n",
        )
        .file("b/Dockerfile", "FROM y\n")
}

#[test]
fn each_value_has_its_file_and_line_and_the_later_place_wins() {
    let case = everywhere();
    let expected = json!({
        "args.V": settings(4),
        "args.W": glob("*", 14),
        "cache_from": comment(2),
        "cache_to": glob("*", 16),
        "context": glob("a", 22),
        "expect": glob("a", 23),
        "expect.http": glob("*", 17),
        "expect.stdout": comment(1),
        "image": settings(1),
        "labels.one": settings(7),
        "labels.two": glob("*", 15),
        "lint.unknown-image": settings(11),
        "platforms": glob("a", 20),
        "tags": glob("a", 21),
        "target": glob("a", 19),
    });
    assert_eq!(origins(&case, &[], "a"), expected);
    let expected = json!({
        "cache_from": glob("*", 16),
        "cache_to": glob("*", 16),
        "context": settings(2),
        "expect": glob("*", 17),
        "expect.http": glob("*", 17),
        "image": settings(1),
        "labels.one": settings(7),
        "labels.two": glob("*", 15),
        "lint.unknown-image": settings(11),
    });
    assert_eq!(origins(&case, &[], "b"), expected);
}

#[test]
fn a_flag_is_the_origin_of_what_it_sets() {
    let case = everywhere();
    let all = origins(&case, &["--image", "x", "--context", "b"], "a");
    assert_eq!((&all["image"], &all["context"]), (&flag("--image"), &flag("--context")));
    let all = origins(&case, &["--context", "auto"], "b");
    assert_eq!((&all["image"], &all["context"]), (&settings(1), &flag("--context")));
    let bare = Case::empty().file("a/Dockerfile", "FROM x\n");
    assert_eq!(origins(&bare, &[], "a"), json!({}));
    assert_eq!(origins(&bare, &["--image", "minimage"], "a"), json!({ "image": flag("--image") }));
}

#[test]
fn a_name_in_a_comment_and_paths_from_another_folder_are_named() {
    let case = Case::empty()
        .file("mkcompose.yml", "image: me/{service}\n")
        .file("a/Dockerfile", "# mkcompose: name=b.c\nFROM x AS run\n")
        .folder("b");
    assert_eq!(origins(&case, &[], "b.c")["name"], comment(1));
    let all = origins(&case, &["-C", "b"], "b.c");
    assert_eq!(all["image"]["file"], "../mkcompose.yml");
    assert_eq!(all["name"]["file"], "../a/Dockerfile");
}
