//! What is wrong in the settings and in comments: all of it in one run, each with its file, its line and the word that was meant.

use crate::case::Case;

/// Two Dockerfiles.
fn two() -> Case {
    Case::empty().file("web/Dockerfile", "ARG A\nFROM x\n").file("db/Dockerfile", "FROM x\n")
}

#[test]
fn each_wrong_entry_of_a_map_or_a_list_is_an_error_with_its_line() {
    let settings = "\
args:
  A: 1.10
  1B: x
  C: [x]
labels:
  a: {}
  b: 1.5
platforms:
- linux
- linux/amd64
- arm
tags:
- a b
- x: y
lint:
  stage-cont: off
  unknown-image: maybe
expect:
  outcome: exits
  stdot: x
  http: http
services:
  web:
    args: {A: [], D: 2.5}
    expect: {stdout: (}
exclude: [1, 2]
";
    let case = two().file("mkcompose.yml", settings);
    let run = case.run([""; 0]);
    assert_eq!(run.code(), 2);
    insta::assert_snapshot!(run.stderr());
}

#[test]
fn an_unknown_key_hides_nothing() {
    let settings = "lables: {a: b}\nplatforms: [linux]\nservices:\n  wb: {target: x}\n  db: {target: y}\n";
    let case = two().file("mkcompose.yml", settings).file("web/Dockerfile", "# mkcompose: expects=runs\nFROM x\n");
    case.run([""; 0]).refused(
        "\
error: mkcompose.yml: line 1: unknown key `lables`: did you mean `labels`?
error: mkcompose.yml: line 2: `platforms`: `linux` is not a platform: write it as in `linux/amd64`
error: mkcompose.yml: line 4: `wb` matches no service: did you mean `web`?
error: mkcompose.yml: line 5: `target`: `db/Dockerfile` has no build stage `y`: it has no named stages
error: web/Dockerfile: line 1: unknown key `expects`: did you mean `expect`?
",
    );
    // Where Dockerfiles are is not known, so that what depends on it is left out.
    let case = two().file("mkcompose.yml", "dockerfile: images\nservices: {wb: {target: x}}\nplatforms: [linux]\n");
    case.run([""; 0]).refused(
        "\
error: mkcompose.yml: line 1: unknown key `dockerfile`: did you mean `dockerfiles`?
error: mkcompose.yml: line 3: `platforms`: `linux` is not a platform: write it as in `linux/amd64`
",
    );
}

#[test]
fn every_comment_of_every_dockerfile_is_checked_in_one_run() {
    let case = Case::empty()
        .file(
            "a/Dockerfile",
            "\
# mkcompose: name=A B
# mkcompose: contxt=.
# mkcompose: context=gone
# mkcompose: target=bild
# mkcompose: args.VERSIN=1
# mkcompose: image=X
# mkcompose: tags=y z
# mkcompose: expect=exits
ARG VERSION
FROM x AS build
",
        )
        .file("b/Dockerfile", "# mkcompose: context=/tmp\n# mkcompose: lint.stage-cont=off\nFROM x\n")
        .file("c/Dockerfile", "# mkcompose: name=d\n# mkcompose: platforms=linux, arm\nFROM x\n")
        .file("d/Dockerfile", "FROM x\n");
    let run = case.run(["list"]);
    assert_eq!(run.code(), 2);
    insta::assert_snapshot!(run.stderr());
}

#[test]
fn a_key_in_the_wrong_place_is_answered_with_the_right_place() {
    let case = two()
        .file("mkcompose.yml", "name: x\nservices:\n  web:\n    exclude: x\n    name: y\n")
        .file("web/Dockerfile", "# mkcompose: output=x\n# mkcompose: services.web=x\nFROM x\n");
    case.run([""; 0]).refused(
        "\
error: mkcompose.yml: line 1: `name` belongs in a comment of the Dockerfile: write `# mkcompose: name=NAME` there
error: mkcompose.yml: line 4: `exclude` belongs at the top of `mkcompose.yml`: move it there
error: mkcompose.yml: line 5: `name` belongs in a comment of the Dockerfile: write `# mkcompose: name=NAME` there
error: web/Dockerfile: line 1: `output` belongs at the top of `mkcompose.yml`: move it there
error: web/Dockerfile: line 2: `services` belongs at the top of `mkcompose.yml`: move it there
",
    );
}

#[test]
fn a_folder_that_is_not_there_is_answered_with_the_nearest_one() {
    let case = two()
        .file("mkcompose.yml", "context: wbe\nservices: {db: {context: web/srcs}}\n")
        .folder("web/src")
        .file("web/Dockerfile", "# mkcompose: context=gone/qqqq\nFROM x\n");
    case.run([""; 0]).refused(
        "\
error: mkcompose.yml: line 1: `context`: `wbe` is not a folder: did you mean `web`?
error: mkcompose.yml: line 2: `context`: `web/srcs` is not a folder: did you mean `web/src`?
error: web/Dockerfile: line 1: `context`: `gone/qqqq` is not a folder: correct the path, or add the folder
",
    );
    let case = two().file("mkcompose.yml", "dockerfiles: wbe\n");
    case.run([""; 0]).refused(
        "error: mkcompose.yml: line 1: `dockerfiles`: there is no folder `wbe` beside this file: did you mean `web`?\n",
    );
}

#[test]
fn a_narrower_folder_makes_no_glob_wrong() {
    let case = Case::empty()
        .file("a/web/Dockerfile", "FROM x\n")
        .file("b/db/Dockerfile", "FROM x\n")
        .file("vendor/x/Dockerfile", "FROM x\n")
        .file("mkcompose.yml", "exclude: [vendor/**]\nservices: {a.web: {target: '0'}}\n");
    case.run(["list", "--format", "names"]).expect(0, "a.web\nb.db\n", "");
    case.run(["list", "--format", "names", "--dockerfiles", "b"]).expect(0, "db\n", "");
    case.run(["-C", "a", "list", "--format", "names", "--dockerfiles", "../b"]).expect(0, "db\n", "");
    // The whole repository is not narrower.
    let case = case.file("mkcompose.yml", "services: {a.wb: {target: '0'}}\n");
    for flags in [&["list"][..], &["list", "--dockerfiles", "."]] {
        case.run(flags).refused("error: mkcompose.yml: line 1: `a.wb` matches no service: did you mean `a.web`?\n");
    }
}

#[test]
fn a_build_argument_that_no_dockerfile_declares_is_answered_with_the_nearest_one() {
    let settings = "\
image: x
args: {A: 1, VERSON: 2}
services:
  \"*\":
    args:
      B: 3
      HTTP_PROXY: null
      BUILDKIT_INLINE_CACHE: 1
      SOURCE_DATE_EPOCH: 0
  db:
    args: {A: 1, VERSION: 1}
";
    let case = || two().file("db/Dockerfile", "ARG VERSION\nFROM x\n").file("mkcompose.yml", settings);
    case().run([""; 0]).well(
        "\
mkcompose.yml: line 2: `args.VERSON`: no Dockerfile declares it: did you mean `VERSION`?
mkcompose.yml: line 6: `args.B`: no Dockerfile of `*` declares it: add `ARG B`, or remove it here
mkcompose.yml: line 11: `args.A`: no Dockerfile of `db` declares it: add `ARG A`, or remove it here
docker-compose.yml: written, 2 services
",
    );
    // The one that cannot be read may declare them, as may one that a flag leaves out.
    let run = case().file("web/Dockerfile", "FORM x\n").run([""; 0]);
    assert!(!run.stderr().contains("declares"), "{}", run.stderr());
    let case = case().file("mkcompose.yml", "args: {A: 1, B: 1}\n");
    case.run(["list", "--format", "names", "--dockerfiles", "db"]).expect(0, "minimage\n", "");
}
