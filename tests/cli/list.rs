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
            "dockerfiles/Dockerfile.whatsmyip.golang-alpine-nocgo.test.distroless-static",
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
SERVICE                                               SOURCE                FROM                                           PARAMETERS  SET
hello-c.gcc-static.scratch                            samples/hello.c       gcc, scratch                                   static      normal
hello-rust.rust.err                                   samples/hello.rs      rust:latest                                    -           err
prod                                                  -                     a, b                                           -           normal
whatsmyip.golang-alpine-nocgo.test.distroless-static  samples/whatsmyip.go  golang:alpine, test, gcr.io/distroless/static  nocgo       normal
",
        "",
    );
}

/// 200 services in folders, as many public repositories have them.
fn in_folders() -> Case {
    (0..200).fold(Case::empty().folder("samples"), |case, number| {
        case.file(format!("dockerfiles/tools/tool-{number:03}/Dockerfile"), "FROM debian:stable-slim\n")
    })
}

#[test]
fn columns_that_say_nothing_are_left_out() {
    let text = in_folders().run(["list"]);
    assert_eq!((text.code(), text.stderr().as_str()), (0, ""));
    let text = text.stdout();
    assert_eq!(text.lines().count(), 201);
    let top: Vec<_> = text.lines().take(2).collect();
    assert_eq!(
        top,
        [
            "SERVICE         DOCKERFILE                             FROM",
            "tools.tool-000  dockerfiles/tools/tool-000/Dockerfile  debian:stable-slim",
        ]
    );
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
}

#[test]
fn globs_choose_services_and_one_that_matches_none_is_an_error() {
    let case = in_folders();
    let mut names: Vec<_> = (0..10).map(|number| format!("tools.tool-00{number}\n")).collect();
    names.extend(["tools.tool-100\n".to_owned(), "tools.tool-199\n".to_owned()]);
    case.run(["list", "--format", "names", "*-00?", "tools.tool-1{00,99}"]).expect(0, &names.concat(), "");
    case.run(["list", "tools.tol-000", "dockerfiles/tools/tool-001/Dockerfile"]).refused(
        "\
error: `tools.tol-000` matches no service: did you mean `tools.tool-000`?
error: `dockerfiles/tools/tool-001/Dockerfile` matches no service: did you mean `tools.tool-001`?
",
    );
}

fn with_leftovers() -> Case {
    Case::of(&["a"])
        .file(".gitignore", "*.local\nbuild/\n")
        .file("dockerfiles/Dockerfile.tpl", "")
        .file("dockerfiles/web.Dockerfile.bak", "")
        .file("dockerfiles/Dockerfle.x", "")
        .file("dockerfiles/Dockerfile.a.dockerignore", "")
        .file("dockerfiles/Dockerfile.b.local", "")
        .file("dockerfiles/build/Dockerfile", "")
        .file("dockerfiles/.devcontainer/Dockerfile", "")
        .file("dockerfiles/README.md", "")
        .link("dockerfiles/latest", ".")
}

#[test]
fn what_was_passed_over_is_shown_with_its_reason() {
    with_leftovers().run(["list", "--skipped"]).expect(
        0,
        "\
PATH                                   REASON
dockerfiles/Dockerfile.a.dockerignore  an ignore file of BuildKit
dockerfiles/Dockerfile.b.local         ignored by git (.gitignore)
dockerfiles/Dockerfile.tpl             a template (`.tpl`)
dockerfiles/Dockerfle.x                its name is nearly `Dockerfile`: rename the file if it is a Dockerfile
dockerfiles/web.Dockerfile.bak         a leftover (`.bak`)
dockerfiles/.devcontainer              hidden: name its folder in `dockerfiles`
dockerfiles/build                      ignored by git (.gitignore)
dockerfiles/latest                     a link to a folder: name the folder that it leads to in `dockerfiles`
",
        "",
    );
    Case::of(&["a"]).run(["list", "--skipped"]).expect(0, "", "nothing was skipped\n");
}

#[test]
fn what_was_passed_over_is_shown_where_no_dockerfile_is_left_or_a_name_is_wrong() {
    let case = Case::empty().folder("samples").file("dockerfiles/Dockerfile.j2", "");
    case.run(["list", "--skipped"]).expect(
        2,
        "PATH                       REASON\ndockerfiles/Dockerfile.j2  a template (`.j2`)\n",
        "error: dockerfiles: no Dockerfile in this folder or below it; skipped: `dockerfiles/Dockerfile.j2` (a template (`.j2`)): name a file `Dockerfile`, `Dockerfile.NAME` or `NAME.Dockerfile`, or name its folder with `--dockerfiles`\n",
    );
}

#[test]
fn what_was_passed_over_can_be_had_as_json_and_as_names() {
    let run = with_leftovers().run(["list", "--skipped", "--format", "json"]);
    assert_valid(&run.stdout(), "list.schema.json");
    let entries: Vec<Value> = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(entries[2], json!({ "path": "dockerfiles/Dockerfile.tpl", "reason": "a template (`.tpl`)" }));
    assert_eq!((run.code(), run.stderr().as_str(), entries.len()), (0, "", 8));
    let run = with_leftovers().run(["list", "--skipped", "--format", "names"]);
    assert_eq!((run.code(), run.stderr().as_str(), run.stdout().lines().count()), (0, "", 8));
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
    for (columns, is_whole) in [(50, false), (60, true), (80, true), (200, true)] {
        let output = small().command(["list"]).env("COLUMNS", columns.to_string()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.contains(longest), is_whole, "{columns}\n{text}");
        assert!(text.contains("\nhello-c.gcc-static"), "{columns}\n{text}");
    }
}

#[test]
fn a_very_long_name_takes_no_column_from_the_others() {
    let at_80 = |case: &Case| {
        let output = case.command(["list"]).env("COLUMNS", "80").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let long = "images.pytorch-notebook.a-variant-of-it-with-a-name-that-is-very-long-indeed.cuda12";
    let header = ["SERVICE", "DOCKERFILE", "FROM"];
    let two = |name: &str| {
        Case::empty()
            .file("web/Dockerfile", "FROM debian:stable-slim\n")
            .file(format!("{}/Dockerfile", name.replace('.', "/")), "FROM debian:stable-slim\n")
    };
    let many =
        in_folders().file("dockerfiles/x/Dockerfile", format!("# mkcompose: name={long}\nFROM debian:stable-slim\n"));
    // Also where it would just fit, alone.
    for case in [many, two(long), two(long.strip_suffix("-indeed.cuda12").unwrap())] {
        let text = at_80(&case);
        assert_eq!(text.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(), header, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let row = text.lines().find(|line| line.starts_with("images.")).unwrap();
        assert!(row.contains('…') && row.contains("debian:stable"), "{text}");
        assert_eq!(text.matches("debian:stable").count(), text.lines().count() - 1, "{text}");
    }
    assert!(at_80(&two(long)).contains(".cuda12  "), "{}", at_80(&two(long)));
}

#[test]
fn columns_of_a_terminal_are_counted_not_characters() {
    let case = Case::empty().file("漢字/Dockerfile", "# mkcompose: name=a\nFROM b\n").file("c/Dockerfile", "FROM c\n");
    case.run(["list"]).expect(
        0,
        "SERVICE  DOCKERFILE       FROM\na        漢字/Dockerfile  b\nc        c/Dockerfile     c\n",
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
        "SERVICE  SOURCE\na.b      samples/a.c\n",
        "dockerfiles/Dockerfile.a.b:2: this line has an error: run `mkcompose lint` to see it\n",
    );
}

#[test]
fn a_from_that_cannot_be_known_is_shown_as_it_is_written() {
    let case = Case::of(&[]).file("dockerfiles/Dockerfile.a", "FROM gcc:$V AS build\nFROM build\nFROM scratch\n");
    case.run(["list"]).expect(0, "SERVICE  FROM\na        gcc:$V, scratch\n", "");
    assert_eq!(listed(&case)[0]["from"], json!(["gcc:$V", "scratch"]));
}

#[test]
fn json_says_what_settled_each_value() {
    let case = Case::empty()
        .file("mkcompose.yml", "image: ghcr.io/me/{service}\nargs: {V: '1'}\nservices: {'a*': {target: run}}\n")
        .file("a/Dockerfile", "# mkcompose: expect=exit 3\nARG V\nFROM x:$V AS run\n")
        .file("b/Dockerfile", "FROM ghcr.io/me/a\n");
    let entries = listed(&case);
    assert_eq!(entries[0]["image"], "ghcr.io/me/a:latest");
    assert_eq!(entries[0]["from"], json!(["x:1"]));
    assert_eq!(entries[0]["expect"]["outcome"], "exit 3");
    // tests/cli/origins.rs holds the lines.
    let from = |entry: &Value| {
        let origins = entry["origins"].as_object().unwrap().clone();
        origins.into_iter().map(|(key, origin)| (key, origin["from"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let expected = [("args.V", "settings"), ("expect", "comment"), ("image", "settings"), ("target", "services")];
    assert_eq!(from(&entries[0]), expected.map(|(key, from)| (key.to_owned(), from.to_owned())));
    assert_eq!(entries[1]["local_bases"], json!([{ "reference": "ghcr.io/me/a", "service": "a" }]));
    assert_eq!(from(&entries[1]), [("image".to_owned(), "settings".to_owned())]);
    case.run(["list"]).expect(
        0,
        "\
SERVICE  DOCKERFILE    FROM          BUILT ON  EXPECTED
a        a/Dockerfile  x:1           -         exit 3
b        b/Dockerfile  ghcr.io/me/a  a         -
",
        "",
    );
}

#[test]
fn a_context_that_is_not_clear_is_shown() {
    let case = Case::empty()
        .file("a/Dockerfile", "FROM x\nCOPY f /\n")
        .file("a/f", "")
        .file("f", "another")
        .file("b/Dockerfile", "FROM x\nCOPY gone /\n")
        .file("c/Dockerfile", "FROM x\n");
    let run = case.run(["list"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    let rows: Vec<_> = run.stdout().lines().map(str::to_owned).collect();
    assert!(rows[1].contains("a or ."), "{rows:?}");
    assert!(rows[2].contains("(nothing fits)"), "{rows:?}");
    let unclear: Vec<_> = listed(&case).iter().map(|entry| entry["context_unclear"].clone()).collect();
    assert_eq!(unclear, [json!("`.` fits as well"), json!("no folder has `gone`"), Value::Null]);
}

#[test]
fn a_context_that_is_not_the_dockerfiles_own_folder_is_shown_although_all_have_it() {
    let case = Case::empty().file("layered/Dockerfile", "FROM x\nCOPY app /\n").file("app", "");
    case.run(["list"]).expect(
        0,
        "SERVICE  DOCKERFILE          CONTEXT  FROM\nlayered  layered/Dockerfile  .        x\n",
        "",
    );
    let case = case.file("b/Dockerfile", "FROM y\n").file("mkcompose.yml", "context: .\n");
    case.run(["list"]).expect(
        0,
        "\
SERVICE  DOCKERFILE          CONTEXT  FROM
b        b/Dockerfile        .        y
layered  layered/Dockerfile  .        x
",
        "",
    );
    // Its own folder, and the one of the convention, go without saying.
    let case =
        Case::empty().file("a/Dockerfile", "FROM x\nCOPY f /\n").file("a/f", "").file("b/Dockerfile", "FROM y\n");
    case.run(["list"]).expect(
        0,
        "SERVICE  DOCKERFILE    FROM\na        a/Dockerfile  x\nb        b/Dockerfile  y\n",
        "",
    );
    let case = Case::of(&[]).file("dockerfiles/Dockerfile.a", "FROM x\n");
    case.run(["list"]).expect(0, "SERVICE  FROM\na        x\n", "");
    case.run(["list", "--context", "."]).expect(0, "SERVICE  CONTEXT  FROM\na        .        x\n", "");
}

#[test]
fn paths_count_from_the_directory_that_is_named_whether_it_is_absolute_or_not() {
    let case = small();
    let name = case.path().file_name().unwrap().to_str().unwrap();
    let (relative, absolute) = (format!("../{name}"), case.path().to_str().unwrap().to_owned());
    let dockerfiles = case.at("dockerfiles").to_str().unwrap().to_owned();
    let ways: [&[&str]; 4] =
        [&["-C", &relative], &["-C", &absolute], &["-C", &absolute, "--dockerfiles", &dockerfiles], &[]];
    for way in ways {
        let run = case.run([way, &["list", "--format", "json"]].concat());
        let first = serde_json::from_str::<Value>(&run.stdout()).unwrap()[0].clone();
        assert_eq!(first["source"], "samples/hello.c", "{way:?}");
        assert_eq!(first["dockerfile"], "dockerfiles/Dockerfile.hello-c.gcc-static.scratch", "{way:?}");
        assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    }
    case.run(["-C", "gone", "list"])
        .refused("error: gone: cannot enter the folder: No such file or directory (os error 2)\n");
}

#[test]
fn a_dockerfile_that_cannot_be_read_is_an_error() {
    let case = small();
    case.give_away();
    case.mode("dockerfiles/Dockerfile.prod", 0);
    for command in ["list", "lint"] {
        case.run_unprivileged(&[command]).refused("error: dockerfiles/Dockerfile.prod: cannot be read (Permission denied (os error 13)): check its permissions, or move it elsewhere\n");
    }
}

#[test]
fn bad_names_are_refused_as_everywhere() {
    let case = Case::of(&["a..b"]);
    for command in ["list", "lint"] {
        case.run([command])
            .refused("error: dockerfiles/Dockerfile.a..b: a part of the service name, between two dots, is empty: rename the file or its folder, or add a line `# mkcompose: name=NAME` at its top\n");
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
