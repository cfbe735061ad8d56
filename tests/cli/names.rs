//! Which files are Dockerfiles and what their services are called; and which are refused: with the path, what to do, and
//! all at once.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::case::{Case, Run};

const OK: &str = "docker-compose.yml: written, 1 service\n";

/// The services of the normal set, as written.
fn services(case: &Case) -> Vec<String> {
    let text = case.read("docker-compose.yml");
    let key = |line: &str| Some(line.strip_prefix("  ")?.strip_suffix(':')?.to_owned());
    text.lines().filter(|line| !line.starts_with("   ")).filter_map(key).collect()
}

/// Facts from public repositories: where their Dockerfiles are, and what each is called here.
#[test]
fn the_layouts_of_public_repositories_are_found_with_a_name_for_each_file() {
    let layouts: [(&str, &[(&str, &str)]); 6] = [
        // jessfraz/dockerfiles
        (
            "folders",
            &[
                ("ab/Dockerfile", "ab"),
                ("chrome/Dockerfile", "chrome"),
                ("chrome/beta/Dockerfile", "chrome.beta"),
                ("clisp/Dockerfile", "clisp"),
                ("wireguard/install/Dockerfile", "wireguard.install"),
            ],
        ),
        // jupyter/docker-stacks
        (
            "images",
            &[
                ("images/base-notebook/Dockerfile", "images.base-notebook"),
                ("images/docker-stacks-foundation/Dockerfile", "images.docker-stacks-foundation"),
                ("images/pytorch-notebook/cuda12/Dockerfile", "images.pytorch-notebook.cuda12"),
                ("docs/maintaining/Dockerfile.example", "docs.maintaining.example"),
            ],
        ),
        // cross-rs/cross
        (
            "targets",
            &[
                ("docker/Dockerfile.aarch64-unknown-linux-gnu", "docker.aarch64-unknown-linux-gnu"),
                ("docker/Dockerfile.x86_64-unknown-linux-musl", "docker.x86_64-unknown-linux-musl"),
                (
                    "docker/cross-toolchains/docker/Dockerfile.i686-apple-darwin-cross",
                    "docker.cross-toolchains.docker.i686-apple-darwin-cross",
                ),
            ],
        ),
        (
            "suffixes",
            &[
                ("build/ci/web.Dockerfile", "build.ci.web"),
                ("build/ci/worker.dockerfile", "build.ci.worker"),
                ("tools/c++/Dockerfile", "tools.c__"),
                ("v1/Dockerfile.web", "v1.web"),
                ("v2/Dockerfile.web", "v2.web"),
            ],
        ),
        (
            "podman",
            &[
                ("Containerfile.dev", "dev"),
                ("a/Containerfile", "a"),
                ("b/containerfile", "b"),
                ("b/x.Containerfile", "b.x"),
                ("b/y.containerfile", "b.y"),
            ],
        ),
        (
            "marks",
            &[
                ("dockerfile", "minimage"),
                ("Dockerfile-debug", "debug"),
                ("Dockerfile_alpine", "alpine"),
                ("dockerfile-old-one", "old-one"),
                ("x/dockerfile.arm64", "x.arm64"),
            ],
        ),
    ];
    for (layout, files) in layouts {
        let case = files.iter().fold(Case::empty(), |case, (path, _)| {
            case.file(path, "FROM scratch\n").file(Path::new(path).with_file_name("README.md"), "")
        });
        let run = case.run(["list", "--format", "json"]);
        assert_eq!((run.code(), run.stderr().as_str()), (0, ""), "{layout}");
        let entries: Vec<serde_json::Value> = serde_json::from_str(&run.stdout()).unwrap();
        let listed =
            entries.iter().map(|entry| (entry["dockerfile"].as_str().unwrap(), entry["service"].as_str().unwrap()));
        let mut expected = files.to_vec();
        expected.sort_by_key(|(_, service)| *service);
        assert_eq!(listed.collect::<Vec<_>>(), expected, "{layout}");
        case.run(["-q"]).well("");
        assert_eq!(services(&case).len(), files.len(), "{layout}");
    }
}

#[test]
fn other_files_are_not_read_as_dockerfiles() {
    let others = [
        "Dockerfile.a.b.dockerignore",
        "Dockerfile.dockerignore",
        "Dockerfile.tpl",
        "Dockerfile.web.tmpl",
        "web.Dockerfile.template",
        "Dockerfile-debian.template",
        "Dockerfile-template",
        "Dockerfile.in",
        "Dockerfile.j2",
        "Dockerfile.jinja",
        "Dockerfile.erb",
        "Dockerfile.m4",
        "Dockerfile.bak",
        "Dockerfile.orig",
        "Dockerfile.rej",
        "Dockerfile~",
        "Dockerfile.md",
        "Dockerfile_test.go",
        "dockerfile.go",
        "dockerfile-parser.js",
        "README.md",
        "xDockerfile.y",
        "DOCKERFILE",
        ".hidden/Dockerfile.h",
        ".Dockerfile",
    ];
    let case = others.iter().fold(Case::of(&["a.b", "go"]), |case, name| case.file(format!("dockerfiles/{name}"), ""));
    case.folder("dockerfiles/Dockerfile.folder").run([""; 0]).well(
        "1 hidden folder with a Dockerfile was skipped: run `mkcompose list --skipped` to see it\n\
         docker-compose.yml: written, 2 services\n",
    );
}

#[test]
fn the_path_of_a_service_is_where_its_file_is_links_to_files_included() {
    let case = Case::of(&["a.b"])
        .file("dockerfiles/one/two/three/Dockerfile.c.d", "")
        .file("elsewhere/Dockerfile.x", "")
        .link("dockerfiles/Dockerfile.linked", "../elsewhere/Dockerfile.x");
    case.run([""; 0]).well("docker-compose.yml: written, 3 services\n");
    assert_eq!(services(&case), ["a.b", "linked", "one.two.three.c.d"]);
    assert!(case.read("docker-compose.yml").contains("dockerfile: ../dockerfiles/one/two/three/Dockerfile.c.d\n"));
    // A builder gets the folder of the Dockerfile alone, so it is told where the link leads: see tests/engine/linked.rs.
    assert!(case.read("docker-compose.yml").contains("dockerfile: ../elsewhere/Dockerfile.x\n"));
}

#[test]
fn err_keeps_its_meaning_in_each_form_of_name() {
    let files = [
        "Dockerfile.a.err",
        "b/Dockerfile.err",
        "c.err.Dockerfile",
        "d.err/Dockerfile",
        "Dockerfile-e.err",
        "Dockerfile.err",
    ];
    let case = files.iter().fold(Case::of(&["f"]), |case, name| case.file(format!("dockerfiles/{name}"), ""));
    case.run([""; 0]).well("docker-compose.yml: written, 1 service\ndocker-compose.err.yml: written, 6 services\n");
    let text = case.read("docker-compose.err.yml");
    for service in ["a.err", "b.err", "c.err", "d.err", "e.err", "minimage.err"] {
        assert!(text.contains(&format!("  {service}:\n")), "{service}: {text}");
    }
}

#[test]
fn what_the_repositorys_gitignore_files_ignore_is_not_found_and_those_of_the_machine_do_not_count() {
    let case = Case::empty()
        .folder("samples")
        .file(".gitignore", "/dockerfiles/generated/\n*.local\n")
        .file("dockerfiles/.gitignore", "\u{feff}Dockerfile.old*\n!Dockerfile.old-but-kept\n[\n")
        .file("dockerfiles/x/.gitignore", "!Dockerfile.local\n/Dockerfile.here\n")
        .file("dockerfiles/generated/Dockerfile.a", "")
        .file("dockerfiles/Dockerfile.old", "")
        .file("dockerfiles/Dockerfile.old-but-kept", "")
        .file("dockerfiles/x/Dockerfile.local", "")
        .file("dockerfiles/x/Dockerfile.here", "")
        .file("dockerfiles/x/y/Dockerfile.here", "")
        .file("dockerfiles/z/Dockerfile.local", "")
        .file("dockerfiles/.ignore", "*\n")
        .file(".git/info/exclude", "*\n")
        .file("home/.gitconfig", "[core]\n\texcludesFile = ~/ignored\n")
        .file("home/ignored", "*\n");
    let output = case.command([""; 0]).env("HOME", case.at("home")).output().unwrap();
    Run::of(output).well("docker-compose.yml: written, 3 services\n");
    assert_eq!(services(&case), ["old-but-kept", "x.local", "x.y.here"]);
}

#[test]
fn a_gitignore_that_ignores_everything_is_named_where_no_dockerfile_is_left() {
    let case = Case::empty().folder("samples").file(".gitignore", "*\n").file("dockerfiles/web/Dockerfile", "");
    case.run([""; 0]).refused(
        "error: dockerfiles: no Dockerfile in this folder or below it; skipped: `dockerfiles/web` (ignored by git (.gitignore)): name a file `Dockerfile`, `Dockerfile.NAME` or `NAME.Dockerfile`, or name its folder with `--dockerfiles`\n",
    );
}

#[test]
fn a_gitignore_that_is_too_large_or_unreadable_is_a_problem_and_one_that_is_no_file_is_none() {
    let case =
        Case::of(&["a"]).file("dockerfiles/x/.gitignore", vec![b'#'; (1 << 20) + 1]).folder("dockerfiles/.gitignore");
    case.run([""; 0])
        .refused("error: dockerfiles/x/.gitignore: too large for a .gitignore (more than 1 MiB): shorten it\n");
}

#[test]
fn a_hidden_file_is_none_of_our_business_and_a_hidden_root_is() {
    let case = Case::empty().file(".docker/Dockerfile.a", "").folder("samples");
    case.run(["--dockerfiles", ".docker"]).well(OK);
    assert_eq!(services(&case), ["a"]);
}

#[test]
fn err_counts_as_the_last_segment_only() {
    let case = Case::of(&["a.b.err", "a.err.b", "c.err", "err.d"]);
    case.run([""; 0]).well("docker-compose.yml: written, 2 services\ndocker-compose.err.yml: written, 2 services\n");
    assert_eq!(services(&case), ["a.err.b", "err.d"]);
}

/// How to get out of it, as each problem with a name says.
const WAY_OUT: &str = "rename the file or its folder, or add a line `# mkcompose: name=NAME` at its top";

#[test]
fn an_invalid_name_is_refused_with_the_rule_it_breaks_and_the_way_out() {
    let long = "x".repeat(129);
    let case = Case::of(&["a..b", "-a", "a b", ".a", "a.", "é", "a$b", &long, ""])
        .file("dockerfiles/err/Dockerfile", "")
        .file("dockerfiles/@scope/web/Dockerfile", "");
    let characters = "a service name has only the characters A-Z a-z 0-9 `_` `.` `-`";
    let empty = "a part of the service name, between two dots, is empty";
    let stderr = format!(
        "\
error: dockerfiles/@scope/web/Dockerfile: {characters}, not `@`: {WAY_OUT}
error: dockerfiles/Dockerfile.: the service name is missing: {WAY_OUT}
error: dockerfiles/Dockerfile.-a: a service name starts with a letter, a digit or `_`, not with `-`: {WAY_OUT}
error: dockerfiles/Dockerfile..a: {empty}: {WAY_OUT}
error: dockerfiles/Dockerfile.a b: {characters}, not ` `: {WAY_OUT}
error: dockerfiles/Dockerfile.a$b: {characters}, not `$`: {WAY_OUT}
error: dockerfiles/Dockerfile.a.: {empty}: {WAY_OUT}
error: dockerfiles/Dockerfile.a..b: {empty}: {WAY_OUT}
error: dockerfiles/Dockerfile.{long}: the service name has 129 characters, an image tag at most 128: shorten it, or add a line `# mkcompose: name=NAME` at its top
error: dockerfiles/Dockerfile.é: {characters}, not `é`: {WAY_OUT}
error: dockerfiles/err/Dockerfile: `err` alone is not a service name: `.err` marks a service that is known not to build: {WAY_OUT}
"
    );
    case.run([""; 0]).refused(&stderr);
    assert!(!case.has("docker-compose.yml"));
}

#[test]
fn control_characters_and_bytes_that_are_not_utf8_are_shown_escaped() {
    let case = Case::of(&["a\nb", "\x1b[31mred", "rtl\u{202e}"])
        .file(OsStr::from_bytes(b"dockerfiles/Dockerfile.\xff"), "")
        .file(OsStr::from_bytes(b"dockerfiles/f\xfe/Dockerfile.ok"), "");
    let characters = "a service name has only the characters A-Z a-z 0-9 `_` `.` `-`";
    case.run([""; 0]).refused(&format!(
        "\
error: dockerfiles/Dockerfile.\\x1b[31mred: {characters}, not `\\x1b`: {WAY_OUT}
error: dockerfiles/Dockerfile.a\\nb: {characters}, not `\\n`: {WAY_OUT}
error: dockerfiles/Dockerfile.rtl\\u{{202e}}: {characters}, not `\\u{{202e}}`: {WAY_OUT}
error: dockerfiles/Dockerfile.\\xff: the name is not UTF-8: rename the file
error: dockerfiles/f\\xfe/Dockerfile.ok: a folder on this path has a name that is not UTF-8: rename the folder
"
    ));
}

#[test]
fn two_files_that_make_one_service_are_refused() {
    let case = Case::of(&["a.b"])
        .file("dockerfiles/a/Dockerfile.b", "")
        .file("dockerfiles/a/b.Dockerfile", "")
        .file("dockerfiles/a/b/Containerfile", "");
    let line = |path: &str| {
        format!(
            "error: dockerfiles/{path}: duplicate service name `a.b`, also used by `dockerfiles/Dockerfile.a.b`: rename one of them, or add a line `# mkcompose: name=NAME` at its top\n"
        )
    };
    case.run([""; 0]).refused(&(line("a/Dockerfile.b") + &line("a/b/Containerfile") + &line("a/b.Dockerfile")));
    assert!(!case.has("docker-compose.yml"));
}

#[test]
fn names_that_bake_would_merge_are_refused() {
    let case = Case::of(&["a.b.c", "a_b.c", "a.b_c"]);
    let line = |name: &str| {
        format!(
            "error: dockerfiles/Dockerfile.{name}: `docker buildx bake` reads the service names `{name}` and `a.b.c` (of `dockerfiles/Dockerfile.a.b.c`) both as `a_b_c`: rename one of them, or add a line `# mkcompose: name=NAME` at its top\n"
        )
    };
    case.run([""; 0]).refused(&(line("a.b_c") + &line("a_b.c")));
}

#[test]
fn no_folder_no_dockerfile_and_a_file_instead_of_a_folder_are_refused() {
    Case::empty().run([""; 0]).refused(
        "error: .: no Dockerfile in this folder or below it: name a file `Dockerfile`, `Dockerfile.NAME` or `NAME.Dockerfile`, or name its folder with `--dockerfiles`\n",
    );
    Case::empty().run(["--dockerfiles", "dockerfiles"]).refused(
        "error: dockerfiles: there is no such folder: start in the repository's folder, or name the folder with `--dockerfiles`\n",
    );
    Case::of(&[])
        .run([""; 0])
        .refused("error: dockerfiles: no Dockerfile in this folder or below it: name a file `Dockerfile`, `Dockerfile.NAME` or `NAME.Dockerfile`, or name its folder with `--dockerfiles`\n");
    Case::of(&["a"])
        .run(["--dockerfiles", "dockerfiles/Dockerfile.a/x"])
        .refused("error: dockerfiles/Dockerfile.a/x: there is no such folder: name another with `--dockerfiles`\n");
    Case::empty()
        .file("dockerfiles", "")
        .run(["--dockerfiles", "dockerfiles"])
        .refused("error: dockerfiles: this is not a folder: name the folder of Dockerfiles with `--dockerfiles`\n");
}

#[test]
fn a_repository_that_is_no_image_name_is_refused_and_others_are_not() {
    let long = "a".repeat(256);
    for bad in ["Mini", "mini image", "-a", "a/", "/a", "a//b", "a:b:c", "", "é", "a..b", &long] {
        let run = Case::of(&["a"]).run([format!("--image={bad}")]);
        assert_eq!(run.code(), 2, "{bad:?}");
        assert!(run.stderr().starts_with(&format!("error: --image {bad}: ")), "{}", run.stderr());
    }
    // One tag for two services: each image would replace the other.
    let run = Case::of(&["a", "b"]).run(["--image", "a:latest"]);
    assert_eq!(run.code(), 2);
    assert!(
        run.stderr().contains("its image `a:latest` is also the image of `dockerfiles/Dockerfile.a`"),
        "{}",
        run.stderr()
    );
    for good in ["minimage", "a/b/c", "a__b-c.d", "localhost:5000/a", "example.com/a", "[::1]:5000/a", "A.example/b"] {
        let case = Case::of(&["a"]);
        case.run(["--image", good]).well(OK);
        assert!(case.read("docker-compose.yml").contains(&format!("{good}:a")), "{good}");
    }
}

#[test]
fn all_problems_are_reported_in_one_go_and_no_file_is_touched() {
    let case = Case::of(&["a.b", "a_b", "x y", "c.err"])
        .link("dockerfiles/Dockerfile.broken", "nowhere")
        .file("docker-compose.yml", "# Generated by mkcompose\nold\n")
        .file("docker-compose.err.yml", "# Generated by mkcompose\nold\n");
    let run = case.run(["--image", "NO"]);
    assert_eq!(run.code(), 2);
    assert_eq!(run.stderr().lines().count(), 4, "{}", run.stderr());
    assert_eq!(case.read("docker-compose.yml"), "# Generated by mkcompose\nold\n");
    assert_eq!(case.read("docker-compose.err.yml"), "# Generated by mkcompose\nold\n");
}

#[test]
fn a_fifo_is_no_dockerfile() {
    let case = Case::of(&["a"]);
    let status = std::process::Command::new("mkfifo").arg(case.at("dockerfiles/Dockerfile.pipe")).status().unwrap();
    assert!(status.success());
    case.run([""; 0]).well(OK);
    assert!(fs::metadata(case.at("dockerfiles/Dockerfile.pipe")).is_ok());
}

#[test]
fn templates_by_their_text_are_passed_over_and_told() {
    let case = Case::empty()
        .file("a/Dockerfile", "FROM a\n")
        .file("b/Dockerfile", "{{ if x }}\nFROM b\n{{ end }}\n")
        .file("c/Dockerfile", "FROM {{ base }}\n");
    case.run(["list", "--format", "names"]).expect(
        0,
        "a\n",
        "2 templates were skipped: run `mkcompose list --skipped` to see them\n",
    );
    case.run(["list", "--skipped"]).expect(
        0,
        "PATH          REASON\n\
         b/Dockerfile  a template: its lines have `{{`, `{%` or `<%`\n\
         c/Dockerfile  a template: its lines have `{{`, `{%` or `<%`\n",
        "",
    );
}

#[test]
fn a_hidden_folder_without_a_dockerfile_is_not_shown() {
    let case = Case::of(&["a"]).file(".github/workflows/x.yml", "").file(".devcontainer/Dockerfile", "FROM a\n");
    let shown = case.run(["list", "--skipped", "--dockerfiles", "."]);
    shown.expect(0, "PATH           REASON\n.devcontainer  hidden: name its folder in `dockerfiles`\n", "");
}

/// So many folders with a hidden Dockerfile, and another hidden folder in each.
fn hidden(count: usize) -> Case {
    (0..count).fold(Case::empty(), |case, number| {
        case.file(format!("c/{number}/.devcontainer/Dockerfile"), "FROM a\n")
            .file(format!("c/{number}/.vscode/x.json"), "")
    })
}

#[test]
fn where_no_dockerfile_is_left_as_many_are_counted_as_list_shows() {
    let case = hidden(5);
    case.run(["--dockerfiles", "c"]).refused(
        "error: c: no Dockerfile in this folder or below it; skipped: `c/0/.devcontainer` (hidden), \
         `c/1/.devcontainer` (hidden), `c/2/.devcontainer` (hidden) and 2 more (see `mkcompose list --skipped`): \
         name a file `Dockerfile`, `Dockerfile.NAME` or `NAME.Dockerfile`, or name its folder with `--dockerfiles`\n",
    );
    let run = case.run(["list", "--skipped", "--format", "names", "--dockerfiles", "c"]);
    assert_eq!(run.stdout().lines().count(), 5, "{}", run.stdout());
    let run = hidden(0).folder("c/.vscode").run(["--dockerfiles", "c"]);
    assert!(run.stderr().contains("or below it: name a file"), "{}", run.stderr());
}

#[test]
fn hidden_folders_with_dockerfiles_are_mentioned_until_they_are_excluded() {
    let note = "1 hidden folder with a Dockerfile was skipped: run `mkcompose list --skipped` to see it\n";
    let case = hidden(1).file("web/Dockerfile", "FROM a\n");
    case.run(["list", "--format", "names"]).expect(0, "web\n", note);
    let note_of_two = "2 hidden folders with Dockerfiles were skipped: run `mkcompose list --skipped` to see them\n";
    let two = hidden(2).file("web/Dockerfile", "FROM a\n");
    two.run([""; 0]).well(&format!("{note_of_two}docker-compose.yml: written, 1 service\n"));
    let run = two.run(["init"]);
    let end = "mkcompose.yml: written, 1 service\nnext: mkcompose\n";
    assert_eq!((run.code(), run.stderr()), (0, format!("{note_of_two}{end}")), "{}", run.stdout());
    two.run(["list", "--skipped"]).expect(
        0,
        "\
PATH               REASON
c/0/.devcontainer  hidden: name its folder in `dockerfiles`
c/1/.devcontainer  hidden: name its folder in `dockerfiles`
",
        "",
    );
    let quiet = two.file("mkcompose.yml", "exclude: .devcontainer\n");
    quiet.run(["list", "--format", "names"]).expect(0, "web\n", "");
    quiet.run(["list", "--skipped"]).expect(
        0,
        "\
PATH               REASON
c/0/.devcontainer  excluded by the settings (`.devcontainer`)
c/1/.devcontainer  excluded by the settings (`.devcontainer`)
",
        "",
    );
    // What git ignores is no part of the repository.
    let ignored = case.file(".gitignore", ".devcontainer/\n");
    ignored.run(["list", "--format", "names"]).expect(0, "web\n", "");
}

#[test]
fn a_link_to_a_dockerfile_that_makes_the_same_service_is_passed_over() {
    let case =
        Case::empty().file("jenkins/lts/Dockerfile", "FROM a\n").link("jenkins/Dockerfile.lts", "lts/Dockerfile");
    case.run(["list", "--format", "names"]).expect(
        0,
        "jenkins.lts\n",
        "jenkins/Dockerfile.lts: skipped: this is a link to another Dockerfile of the service `jenkins.lts`\n",
    );
}
