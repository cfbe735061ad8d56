//! `lint`: each rule with what breaks it and its nearest harmless neighbour.

use std::process::Command;

use serde_json::Value;

use crate::case::Case;
use crate::schema::assert_valid;

const NOTHING: &str = "1 Dockerfile, 0 findings\n";

/// A repository of one Dockerfile, `Dockerfile.NAME`, with the source `p.c`.
fn one(name: &str, dockerfile: impl AsRef<[u8]>) -> Case {
    Case::empty().file("samples/p.c", "").file(format!("dockerfiles/Dockerfile.{name}"), dockerfile)
}

/// Declares that lint finds just this: `LINE: MESSAGE (RULE)`, each of the only Dockerfile.
#[track_caller]
fn found(case: &Case, name: &str, findings: &[&str]) {
    let lines: Vec<_> = findings.iter().map(|finding| format!("dockerfiles/Dockerfile.{name}:{finding}\n")).collect();
    let plural = if findings.len() == 1 { "" } else { "s" };
    case.run(["lint"]).expect(1, &lines.concat(), &format!("1 Dockerfile, {} finding{plural}\n", findings.len()));
}

#[track_caller]
fn nothing(name: &str, dockerfile: &str) {
    one(name, dockerfile).run(["lint"]).expect(0, "", NOTHING);
}

#[test]
fn a_segment_that_its_from_contradicts() {
    let case = one("p.alpine", "# why\nFROM python:alpine\n");
    found(
        &case,
        "p.alpine",
        &[
            "2: the segment `alpine` does not match `FROM python:alpine`: rename the segment to `python-alpine`, or change the FROM (segment-mismatch)",
        ],
    );
    let case = one("p.golang.scratch", "FROM golang\nFROM gcr.io/distroless/static\n");
    found(
        &case,
        "p.golang.scratch",
        &[
            "2: the segment `scratch` does not match `FROM gcr.io/distroless/static`: rename the segment to `static`, or change the FROM (segment-mismatch)",
        ],
    );
}

#[test]
fn segments_that_fit_are_no_finding() {
    nothing("p.golang-nocgo.distroless-static", "FROM golang\nFROM gcr.io/distroless/static\n");
    nothing("p.python-alpine", "FROM python:alpine\n");
    nothing("p.python-3-12", "FROM python:3.12\n");
    nothing("p.golang.scratch.err", "FROM golang:latest AS build\nFROM build\nFROM scratch\n");
    nothing("p.golang-alpine", "ARG V=alpine\nFROM --platform=linux/amd64 golang:${V}@sha256:00\n");
    nothing("p.golang", "FROM golang-${TARGETARCH}\n");
}

#[test]
fn more_stages_than_segments() {
    let case = one("p.golang", "FROM golang\nRUN x\nFROM scratch\nFROM alpine\n");
    found(
        &case,
        "p.golang",
        &[
            "3: the name has 1 image segment, but the Dockerfile has 3 stages: add `scratch` to the name, or remove the stage (stage-count)",
        ],
    );
}

#[test]
fn fewer_stages_than_segments() {
    let case = one("p.golang.scratch", "FROM golang\n");
    found(
        &case,
        "p.golang.scratch",
        &[
            "1: the name has 2 image segments, but the Dockerfile has 1 stage: remove `scratch` from the name, or add the stages (stage-count)",
        ],
    );
}

#[test]
fn a_single_segment_name_has_nothing_to_contradict() {
    Case::empty()
        .folder("samples")
        .file("dockerfiles/Dockerfile.prod", "FROM a\nFROM b\n")
        .file("dockerfiles/Dockerfile.dev.err", "FROM c\n")
        .run(["lint"])
        .expect(0, "", "2 Dockerfiles, 0 findings\n");
}

#[test]
fn a_from_that_only_a_build_argument_completes() {
    let case = one("p.golang", "ARG V\nFROM golang:$V\n");
    found(
        &case,
        "p.golang",
        &[
            "2: `FROM golang:$V` needs a value for the ARG `V`: give one with `args` in mkcompose.yml or `# mkcompose: args.V=VALUE` (missing-arg)",
        ],
    );
    found(
        &one("p.gcc", "FROM gcc:\n"),
        "p.gcc",
        &["1: `FROM gcc:` is not an image reference: correct it (unknown-image)"],
    );
}

#[test]
fn an_argument_that_may_be_empty_is_no_finding() {
    nothing("p.busybox-stable", "ARG VARIANT\nFROM busybox:stable${VARIANT}\n");
    nothing("p.alpine", "FROM alpine$NOPE\n");
    nothing("p.golang", "ARG V\nFROM ${V:-golang}${V:+-alpine}\n");
}

#[test]
fn a_stage_chosen_by_the_platform_is_no_finding() {
    let text = "FROM alpine AS base-amd64\nFROM debian AS base-arm64\nFROM base-${TARGETARCH}\n";
    nothing("p.alpine.debian", text);
    nothing("p.alpine.debian.scratch", &format!("{text}FROM scratch\n"));
    nothing("p.alpine.debian", &format!("ARG BASE=base-$TARGETARCH\n{}", text.replace("base-${TARGETARCH}", "$BASE")));
}

#[test]
fn copy_and_add_sources_that_are_not_there() {
    let text = "FROM a\nCOPY p.c gone.c \\\n  also.c .\nADD [\"no such\", \"/x\"]\nCOPY src/*.h /x/\nCOPY p.c/x .\n";
    let case = one("p.a", text).file("samples/src/x.c", "");
    let missing = |line: usize, instruction: &str, path: &str| {
        format!(
            "{line}: {instruction} takes `{path}`, which is not in `samples`: add it there, or correct the path (missing-copy-source)"
        )
    };
    let expected = [
        missing(2, "COPY", "also.c"),
        missing(2, "COPY", "gone.c"),
        missing(4, "ADD", "no such"),
        "5: COPY takes `src/*.h`, but nothing in `samples` matches, so BuildKit copies nothing: correct the pattern (unmatched-pattern)".to_owned(),
        missing(6, "COPY", "p.c/x"),
    ];
    found(&case, "p.a", &expected.each_ref().map(String::as_str));
}

#[test]
fn sources_that_are_there_or_not_of_the_context_are_no_finding() {
    let text = "FROM a AS b\nFROM a\nARG N=p\nCOPY p.c ./p.c /p.c ../p.c *.c p.[a-c] ${N}.c . \"p.c\" /x/\nCOPY [\"p.c\", \"/x\"]\nCOPY --from=b /gone /x\nCOPY --from=nginx:1 gone /x\nADD https://example.com/gone.tar /x\nADD git@example.com:a/gone.git /x\nCOPY <<EOF /x\nCOPY gone /x\nEOF\nCOPY $UNKNOWN /x\nRUN <<EOF\nCOPY gone /x\nEOF\n# COPY gone /x\nRUN echo \\\nCOPY gone /x\nONBUILD COPY gone /x\n";
    nothing("p.a.a", text);
}

#[test]
fn a_source_kept_from_the_build_by_an_ignore_file() {
    let case = one("p.a", "FROM a\nCOPY p.c .\n").file("samples/.dockerignore", "# all\n*\n");
    found(
        &case,
        "p.a",
        &[
            "2: COPY takes `p.c`, but `samples/.dockerignore` excludes it: add an exception with `!` there (missing-copy-source)",
        ],
    );
    // The Dockerfile's own ignore file stands in for that of the context.
    let case = case.file("dockerfiles/Dockerfile.p.a.dockerignore", "*\n!p.c\n");
    case.run(["lint"]).expect(0, "", NOTHING);
    // What is taken back is another file.
    let case = case.file("dockerfiles/Dockerfile.p.a.dockerignore", "*\n!q.c\n");
    let path = "dockerfiles/Dockerfile.p.a.dockerignore";
    let what =
        format!("2: COPY takes `p.c`, but `{path}` excludes it: add an exception with `!` there (missing-copy-source)");
    found(&case, "p.a", &[&what]);
}

#[test]
fn a_pattern_of_which_an_ignore_file_excludes_every_match() {
    let case = one("p.a", "FROM a\nCOPY p.* .\n").file("samples/.dockerignore", "p.c\n");
    let said = "2: COPY takes `p.*`, but `samples/.dockerignore` excludes every match, so BuildKit copies nothing: add an exception with `!` there (unmatched-pattern)";
    found(&case, "p.a", &[said]);
    case.file("samples/p.d/x", "").run(["lint"]).expect(0, "", NOTHING);
}

#[test]
fn a_link_that_leads_out_of_the_context_is_no_source() {
    let text = "FROM a\nCOPY p.c ok out /x/\n";
    let case = one("p.a", text).file("p.c", "").link("samples/ok", "p.c").link("samples/out", "../q.c").file("q.c", "");
    found(
        &case,
        "p.a",
        &[
            "2: COPY takes `out`, but a link on this path has no target in `samples`: add the target there, or correct the link (missing-copy-source)",
        ],
    );
}

#[test]
fn an_ignore_file_that_is_no_regular_file_is_an_error() {
    for path in ["samples/.dockerignore", "dockerfiles/Dockerfile.p.a.dockerignore"] {
        let refusal = format!("error: {path}: cannot read: this is not a regular file: move it out of the way\n");
        let case = one("p.a", "FROM a\nCOPY p.c .\n");
        assert!(Command::new("mkfifo").arg(case.at(path)).status().unwrap().success());
        case.run(["lint"]).refused(&refusal);
        one("p.a", "FROM a\nCOPY p.c .\n").link(path, "/dev/zero").run(["lint"]).refused(&refusal);
        one("p.a", "FROM a\nCOPY p.c .\n").folder(path).run(["lint"]).refused(&refusal);
    }
}

#[test]
fn a_program_without_a_source() {
    let case = one("hello-c.a", "FROM a\n");
    found(
        &case,
        "hello-c.a",
        &[
            "1: the program `hello-c` has no source: add `hello.c` or `hello-c` with an extension to `samples`, or rename the program (missing-program-source)",
        ],
    );
    let case = one("p.a", "FROM a\n").file("samples/p.go", "");
    found(
        &case,
        "p.a",
        &[
            "1: the program `p` has several sources in `samples` (`p.c`, `p.go`): add the extension to the name, as in `p-c`, or keep one of them (missing-program-source)",
        ],
    );
    one("p-go.a", "FROM a\n").file("samples/p.go", "").run(["lint"]).expect(0, "", NOTHING);
}

#[test]
fn a_dockerfile_that_does_not_parse_has_its_line() {
    for (text, finding) in [
        ("FROM a\n\nFORM b\n", "3: unknown instruction `FORM`: correct the line (parse-error)"),
        ("", "1: there is no FROM in this Dockerfile: correct the line (parse-error)"),
        ("RUN x\n", "1: RUN before the first FROM: correct the line (parse-error)"),
        ("FROM a\nRUN <<EOF\nx\n", "2: the here-document `EOF` has no end: correct the line (parse-error)"),
    ] {
        found(&one("p.a", text), "p.a", &[finding]);
    }
}

#[test]
fn directives_line_endings_and_bytes_that_are_not_utf8_are_read_as_docker_reads_them() {
    nothing("p.a.b", "# syntax=docker/dockerfile:1\n# escape=`\nfrom a as x\r\nRUN c:\\\nFROM `\n # why\n b\n");
    one("p.a", b"# caf\xe9\nFROM a\n").run(["lint"]).expect(0, "", NOTHING);
    nothing("p.a", "\u{feff}FROM a\n");
}

#[test]
fn findings_are_sorted_by_path_and_line() {
    let case = Case::empty()
        .folder("samples")
        .file("dockerfiles/Dockerfile.b.x", "FROM y\n")
        .file("dockerfiles/Dockerfile.a.x.z", "FROM x\nCOPY gone /\nFROM y\n")
        .file("dockerfiles/c/Dockerfile.x", "FROM y\n");
    let run = case.run(["lint"]);
    insta::assert_snapshot!(run.stdout());
    assert_eq!((run.code(), run.stderr().as_str()), (1, "3 Dockerfiles, 7 findings\n"));
}

#[test]
fn json_is_as_documented() {
    let case = one("p.alpine", "FROM python:alpine\nCOPY \"\x1b[31m\" /\n");
    let run = case.run(["lint", "--format", "json", "-q"]);
    assert_valid(&run.stdout(), "lint.schema.json");
    insta::assert_snapshot!(run.stdout());
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    one("p.a", "FROM a\n").run(["lint", "--format", "json"]).expect(0, "[]\n", NOTHING);
}

#[test]
fn control_characters_of_a_dockerfile_do_not_reach_the_terminal() {
    let run = one("p.a", "FROM a\nCOPY \x1b[31m\u{202e} /\n").run(["lint"]);
    assert!(run.stdout().contains(r"`\x1b[31m\u{202e}`") && !run.stdout().contains(['\x1b', '\u{202e}']));
    assert_eq!((run.code(), run.stderr().as_str()), (1, "1 Dockerfile, 1 finding\n"));
}

#[test]
fn a_missing_context_is_an_error() {
    let case = Case::empty().file("dockerfiles/Dockerfile.p.a", "FROM a\n");
    case.run(["lint", "--context", "samples"])
        .refused("error: samples: the build context is not a folder: change `context`, or add the folder\n");
}

#[test]
fn every_rule_is_in_the_schema_and_explained() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{docs}lint.schema.json")).unwrap()).unwrap();
    let names = std::fs::read_to_string(format!("{docs}LINT.md")).unwrap();
    let rules = schema["$defs"]["Rule"]["oneOf"].as_array().unwrap().iter().map(|rule| rule["const"].clone());
    let rules: Vec<Value> = rules.collect();
    assert_eq!(rules.len(), 10);
    for rule in rules {
        assert!(names.contains(&format!("| `{}` |", rule.as_str().unwrap())), "{rule}");
    }
}

#[test]
fn nothing_is_found_in_this_repository() {
    let run = Case::empty().run(["-C", env!("CARGO_MANIFEST_DIR"), "lint"]);
    assert_eq!(run.stdout(), "");
    assert!(run.stderr().ends_with(" Dockerfiles, 0 findings\n"), "{}", run.stderr());
    assert_eq!(run.code(), 0);
}

#[test]
fn a_misspelt_source_is_reported_where_it_is_taken_with_what_was_meant() {
    let case = Case::empty()
        .file("web/Dockerfile", "FROM python\n\nCOPY app.py requirments.txt /\n")
        .file("web/app.py", "")
        .file("web/requirements.txt", "");
    assert_eq!(
        case.run(["lint"]).stdout(),
        "web/Dockerfile:3: COPY takes `requirments.txt`, which is not in `web`: did you mean `requirements.txt`? (missing-copy-source)\n"
    );
    // No folder has any of it.
    let case = Case::empty().file("web/Dockerfile", "FROM python\n\nCOPY gone /\n");
    assert_eq!(
        case.run(["lint"]).stdout(),
        "web/Dockerfile:3: no folder contains every source, so the build context is unclear; `gone` is not in `web`: correct the path, or name the build context with `# mkcompose: context=DIR` or `context` in mkcompose.yml (context-unclear)\n"
    );
}

#[test]
fn the_habit_of_a_repository_decides_between_two_folders() {
    let ambiguous =
        |case: Case| case.file("run.sh", "all").file("x/run.sh", "x").file("x/Dockerfile", "FROM a\nCOPY run.sh /\n");
    let run = ambiguous(Case::empty()).run(["lint"]);
    assert_eq!(
        run.stdout(),
        "x/Dockerfile:2: `x` and `.` both contain every source, so the build context is unclear: name the build context with `# mkcompose: context=DIR` or `context` in mkcompose.yml (context-unclear)\n"
    );
    let with_own = |case: Case, name: &str| {
        case.file(format!("{name}/Dockerfile"), format!("FROM a\nCOPY {name}.c /\n"))
            .file(format!("{name}/{name}.c"), "")
    };
    let case = ["a", "b", "c"].into_iter().fold(ambiguous(Case::empty()), with_own);
    assert_eq!(case.run(["lint"]).stdout(), "");
    let case = case.file("d/Dockerfile", "FROM a\nCOPY d/d.c /\n").file("d/d.c", "");
    assert_eq!(case.run(["lint"]).stdout().lines().count(), 1);
}

#[test]
fn the_args_without_which_an_image_is_none_are_named_and_no_others() {
    let text = "ARG REGISTRY\nARG TAG\nARG NAME\nFROM ${REGISTRY}me/base:${TAG}\nFROM me/$NAME:${TAG}\n";
    let case = Case::empty().file("p/Dockerfile", text);
    case.run(["lint"]).expect(
        1,
        "p/Dockerfile:4: `FROM ${REGISTRY}me/base:${TAG}` needs a value for the ARG `TAG`: give one with `args` in mkcompose.yml or `# mkcompose: args.TAG=VALUE` (missing-arg)\n\
         p/Dockerfile:5: `FROM me/$NAME:${TAG}` needs values for the ARGs `NAME` and `TAG`: give one with `args` in mkcompose.yml or `# mkcompose: args.NAME=VALUE` (missing-arg)\n",
        "1 Dockerfile, 2 findings\n",
    );
    let case = case.file("mkcompose.yml", "args: {TAG: '1', NAME: base}\n");
    case.run(["lint"]).expect(0, "", "1 Dockerfile, 0 findings\n");
}

#[test]
fn a_variable_that_docker_cannot_read_is_a_parse_error() {
    let case = Case::empty().file("p/Dockerfile", "FROM ${docker.base.image}\n");
    case.run(["lint"]).expect(
        1,
        "p/Dockerfile:1: `${docker.base.image}` has a variable or a quote that Docker cannot read: correct the line (parse-error)\n",
        "1 Dockerfile, 1 finding\n",
    );
}

#[test]
fn a_word_that_docker_cannot_read_matters_only_in_a_stage_that_is_built() {
    let text = "FROM a AS tool\nWORKDIR ${x.y}\nFROM b\n";
    let case = Case::empty().file("p/Dockerfile", text);
    case.run(["lint"]).expect(0, "", "1 Dockerfile, 0 findings\n");
    let case = case.file("p/Dockerfile", format!("# mkcompose: target=tool\n{text}"));
    case.run(["lint"]).expect(
        1,
        "p/Dockerfile:3: `${x.y}` has a variable or a quote that Docker cannot read: correct the line (parse-error)\n",
        "1 Dockerfile, 1 finding\n",
    );
}

/// Given to two versions of BuildKit and to podman: each looks for a file of that very name.
#[test]
fn the_source_of_a_bind_mount_is_no_pattern() {
    let text = |source: &str| format!("FROM a\nRUN --mount=source={source},target=/x true\n");
    let case = one("p.a", text("p*")).file("samples/[x]", "");
    let said = "2: RUN takes `p*`, which is not in `samples`: add it there, or correct the path (missing-copy-source)";
    found(&case, "p.a", &[said]);
    case.file("dockerfiles/Dockerfile.p.a", text("[x]")).run(["lint"]).expect(0, "", NOTHING);
}

#[test]
fn a_source_in_a_submodule_that_is_not_checked_out_is_told_as_that() {
    let case = Case::empty()
        .file("server/Dockerfile", "FROM a\nCOPY server/x temporal/go.mod /\n")
        .file("server/x", "")
        .file(".gitmodules", "[submodule \"temporal\"]\n\tpath = temporal\n\turl = https://example.org/t\n")
        .folder("temporal");
    let said = "server/Dockerfile:2: COPY takes `temporal/go.mod`, which is not in `.`: the submodule `temporal` is not checked out: run `git submodule update --init` (missing-copy-source)\n";
    case.run(["lint"]).expect(1, said, "1 Dockerfile, 1 finding\n");
}
