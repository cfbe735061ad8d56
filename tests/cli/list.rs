//! `list`: what each name says, as a table or as JSON.

use serde_json::{Value, json};

use crate::case::Case;
use crate::schema::assert_valid;

fn small() -> Case {
    Case::empty()
        .file("samples/hello.c", "")
        .file("samples/hello.rs", "")
        .file("samples/whatsmyip.go", "")
        .file("dockerfiles/Dockerfile.hello-c.gcc-static.scratch", "FROM gcc\nFROM scratch\n")
        .file("dockerfiles/Dockerfile.hello-rust.rust.err", "FROM rust:latest\n")
        .file(
            "dockerfiles/sub/Dockerfile.whatsmyip.golang-alpine-nocgo.test.distroless-static",
            "FROM golang:alpine AS build\nFROM build AS inner\nFROM test\nFROM gcr.io/distroless/static\n",
        )
        .file("dockerfiles/Dockerfile.prod", "FROM a\nFROM b\n")
}

#[track_caller]
fn listed(case: &Case) -> Vec<Value> {
    let run = case.run(["list", "--format", "json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert_valid(&run.stdout(), "list.schema.json");
    serde_json::from_str(&run.stdout()).unwrap()
}

/// The stages of the only Dockerfile, whose name after the program is `segments`.
#[track_caller]
fn stages(segments: &str, dockerfile: &str) -> Value {
    let case = Case::empty().folder("samples").file(format!("dockerfiles/Dockerfile.p.{segments}"), dockerfile);
    let pairs = listed(&case)[0]["stages"].as_array().unwrap().clone();
    pairs.iter().map(|stage| json!([stage["segment"], stage["image"], stage["parameter"]])).collect()
}

#[test]
fn the_table_has_a_row_for_each_dockerfile_by_service() {
    small().run(["list"]).expect(
        0,
        "\
SERVICE                                               PROGRAM     SOURCE                BUILD                RUN                       PARAMETERS  SET
hello-c.gcc-static.scratch                            hello-c     samples/hello.c       gcc                  scratch                   static      normal
hello-rust.rust.err                                   hello-rust  samples/hello.rs      rust:latest          -                         -           err
prod                                                  prod        -                     -                    -                         -           normal
whatsmyip.golang-alpine-nocgo.test.distroless-static  whatsmyip   samples/whatsmyip.go  golang:alpine, test  gcr.io/distroless/static  nocgo       normal
",
        "",
    );
}

#[test]
fn json_has_the_documented_keys_in_their_order() {
    let run = small().run(["list", "--format", "json"]);
    insta::assert_snapshot!(run.stdout());
    assert_valid(&run.stdout(), "list.schema.json");
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
}

#[test]
fn the_table_fits_the_terminal() {
    for columns in [1, 5, 20, 40, 60, 80, 200] {
        let output = small().command(["list"]).env("COLUMNS", columns.to_string()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 5);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns, "{columns}: {widest}\n{text}");
    }
}

#[test]
fn the_table_fits_a_terminal_that_tells_no_rows() {
    let Some(mut script) = crate::case::tool("script", &["--version"]) else { return };
    let case = Case::of(&["hello-c.a-build-image-with-a-long-name.a-run-image-with-a-long-name"]);
    let inner = format!("stty rows 0 cols 50; '{}' list -q", crate::case::MKCOMPOSE);
    script.args(["-qec", &inner, "/dev/null"]).current_dir(case.path()).env_remove("COLUMNS");
    let output = script.stdin(std::process::Stdio::null()).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("hello") && shown.contains('…'), "{shown}");
    let plain = shown.replace("\x1b[1m", "").replace("\x1b[0m", "");
    assert!(plain.lines().all(|line| line.chars().count() <= 50), "{plain:?}");
}

#[test]
fn the_service_is_whole_as_long_as_the_other_columns_can_give_way() {
    let longest = "whatsmyip.golang-alpine-nocgo.test.distroless-static";
    for (columns, is_whole) in [(80, false), (100, true), (200, true)] {
        let output = small().command(["list"]).env("COLUMNS", columns.to_string()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.contains(longest), is_whole, "{columns}\n{text}");
        assert!(text.contains("\nhello-c.gcc-static"), "{columns}\n{text}");
    }
}

#[test]
fn columns_of_a_terminal_are_counted_not_characters() {
    let case = Case::empty().file("漢字/a.c", "").file("dockerfiles/Dockerfile.a.b", "FROM b\n");
    case.run(["list", "--context", "漢字"]).expect(
        0,
        "SERVICE  PROGRAM  SOURCE    BUILD  RUN  PARAMETERS  SET\na.b      a        漢字/a.c  b      -    -           normal\n",
        "",
    );
}

#[test]
fn control_characters_of_a_dockerfile_do_not_reach_the_terminal() {
    let case = Case::empty().folder("samples").file("dockerfiles/Dockerfile.a.b", "FROM b@\x1b[31m\u{202e}\n");
    let run = case.run(["list"]);
    assert!(run.stdout().contains(r"b@\x1b[31m\u{202e}"), "{}", run.stdout());
    assert!(!run.stdout().contains('\x1b') && !run.stdout().contains('\u{202e}'));
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert_eq!(listed(&case)[0]["stages"][0]["image"], "b@\x1b[31m\u{202e}");
}

#[test]
fn an_internal_stage_has_no_place() {
    let text = "FROM golang AS build\nFROM build AS test\nRUN x\nFROM scratch\n";
    assert_eq!(stages("golang.scratch", text), json!([["golang", "golang", null], ["scratch", "scratch", null]]));
}

#[test]
fn arg_defaults_before_from_are_filled_in() {
    let text = "ARG V=17\nARG BASE=eclipse-temurin:${V}\nFROM $BASE\nFROM alpine:${W:-edge}\nFROM b${V:+-alt}\n";
    let expected = json!([
        ["eclipse-temurin-17", "eclipse-temurin:17", null],
        ["alpine-edge", "alpine:edge", null],
        ["b-alt", "b-alt", null],
    ]);
    assert_eq!(stages("eclipse-temurin-17.alpine-edge.b-alt", text), expected);
}

#[test]
fn platform_and_digest_are_ignored() {
    let text = "FROM --platform=$BUILDPLATFORM golang:alpine@sha256:00 AS x\n";
    assert_eq!(
        stages("golang-alpine-small", text),
        json!([["golang-alpine-small", "golang:alpine@sha256:00", "small"]])
    );
}

#[test]
fn host_and_leading_path_components_are_optional_and_latest_is_dropped() {
    for (segment, parameter) in
        [("static", Value::Null), ("distroless-static", Value::Null), ("distroless-static-tiny", json!("tiny"))]
    {
        let text = "FROM gcr.io/distroless/static:latest\n";
        assert_eq!(stages(segment, text), json!([[segment, "gcr.io/distroless/static:latest", parameter]]));
    }
}

#[test]
fn what_the_segment_says_beyond_the_image_is_the_parameter() {
    assert_eq!(stages("golang-nocgo", "FROM golang\n"), json!([["golang-nocgo", "golang", "nocgo"]]));
    assert_eq!(stages("busybox-glibc", "FROM busybox:glibc\n"), json!([["busybox-glibc", "busybox:glibc", null]]));
}

#[test]
fn what_cannot_be_told_is_null() {
    assert_eq!(stages("a.b", "FROM a\n"), json!([["a", "a", null], ["b", null, null]]));
    assert_eq!(stages("alpine", "FROM python:alpine\n"), json!([["alpine", "python:alpine", null]]));
    assert_eq!(stages("a", "ARG X\nFROM $X\n"), json!([["a", null, null]]));
}

#[test]
fn a_dockerfile_that_does_not_parse_is_listed_and_mentioned() {
    let case = Case::empty().file("samples/a.c", "").file("dockerfiles/Dockerfile.a.b", "FROM b\nFORM c\n");
    case.run(["list"]).expect(
        0,
        "SERVICE  PROGRAM  SOURCE       BUILD  RUN  PARAMETERS  SET\na.b      a        samples/a.c  ?      -    -           normal\n",
        "dockerfiles/Dockerfile.a.b:2: this does not parse, see `mkcompose lint`\n",
    );
}

#[test]
fn a_missing_context_has_no_sources() {
    let case = Case::empty().file("dockerfiles/Dockerfile.a.b", "FROM b\n");
    case.run(["list"]).expect(
        0,
        "SERVICE  PROGRAM  SOURCE  BUILD  RUN  PARAMETERS  SET\na.b      a        -       b      -    -           normal\n",
        "samples: there is no such folder, so there are no sources\n",
    );
}

#[test]
fn paths_are_those_that_reach_the_files_from_where_one_is() {
    let case = small();
    let dir = case.path().file_name().unwrap().to_str().unwrap();
    let run = case.run(["-C", &format!("../{dir}"), "list", "--format", "json"]);
    let first = serde_json::from_str::<Value>(&run.stdout()).unwrap()[0].clone();
    assert_eq!(first["source"], format!("../{dir}/samples/hello.c"));
    assert_eq!(first["dockerfile"], format!("../{dir}/dockerfiles/Dockerfile.hello-c.gcc-static.scratch"));
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
}

#[test]
fn a_dockerfile_that_cannot_be_read_is_an_error() {
    let case = small();
    case.give_away();
    case.mode("dockerfiles/Dockerfile.prod", 0);
    for command in ["list", "lint"] {
        case.run_unprivileged(&[command]).refused("error: dockerfiles/Dockerfile.prod: cannot be read (Permission denied (os error 13)): give yourself the permission, or move it out of the way\n");
    }
}

#[test]
fn bad_names_are_refused_as_everywhere() {
    let case = Case::of(&["a..b"]);
    for command in ["list", "lint"] {
        case.run([command])
            .refused("error: dockerfiles/Dockerfile.a..b: a segment between two dots is empty: remove the extra dot\n");
    }
}

#[test]
fn this_repository_is_listed_with_a_source_for_each_program() {
    let run = Case::empty().run(["-C", env!("CARGO_MANIFEST_DIR"), "list", "--format", "json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert_valid(&run.stdout(), "list.schema.json");
    let entries: Vec<Value> = serde_json::from_str(&run.stdout()).unwrap();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/dockerfiles")).unwrap().count();
    assert_eq!(entries.len(), files);
    for entry in entries {
        assert!(entry["source"].is_string(), "{entry}");
        let stages = entry["stages"].as_array().unwrap();
        assert!(!stages.is_empty() && stages.iter().all(|stage| stage["image"].is_string()), "{entry}");
    }
}
