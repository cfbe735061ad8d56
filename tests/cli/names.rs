//! Which files are Dockerfiles of ours, and which are refused: with the path, what to do, and all at once.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use crate::case::Case;

const OK: &str = "docker-compose.yml: written, 1 service\n";

/// The services of the normal set, as written.
fn services(case: &Case) -> Vec<String> {
    let text = case.read("docker-compose.yml");
    let key = |line: &str| Some(line.strip_prefix("  ")?.strip_suffix(':')?.to_owned());
    text.lines().filter(|line| !line.starts_with("   ")).filter_map(key).collect()
}

#[test]
fn dockerfiles_are_found_at_any_depth_and_through_links() {
    let case = Case::of(&["a.b"])
        .file("dockerfiles/one/two/three/Dockerfile.c.d", "")
        .file("elsewhere/Dockerfile.x", "")
        .link("dockerfiles/Dockerfile.linked", "../elsewhere/Dockerfile.x");
    case.run([""; 0]).well("docker-compose.yml: written, 3 services\n");
    assert_eq!(services(&case), ["a.b", "c.d", "linked"]);
    assert!(case.read("docker-compose.yml").contains("dockerfile: ../dockerfiles/one/two/three/Dockerfile.c.d\n"));
    assert!(case.read("docker-compose.yml").contains("dockerfile: ../dockerfiles/Dockerfile.linked\n"));
}

#[test]
fn other_files_are_none_of_our_business() {
    let case = Case::of(&["a.b"])
        .file("dockerfiles/Dockerfile", "")
        .file("dockerfiles/Dockerfile.a.b.dockerignore", "")
        .file("dockerfiles/Dockerfile.dockerignore", "")
        .file("dockerfiles/README.md", "")
        .file("dockerfiles/dockerfile.x", "")
        .file("dockerfiles/xDockerfile.y", "")
        .file("dockerfiles/Dockerfile-z", "")
        .file("dockerfiles/.hidden/Dockerfile.h", "")
        .folder("dockerfiles/Dockerfile.folder")
        .link("dockerfiles/Dockerfile.a.dockerignore", "nowhere");
    case.run([""; 0]).well(OK);
    assert_eq!(services(&case), ["a.b"]);
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

#[test]
fn an_invalid_name_is_refused_with_the_rule_it_breaks() {
    let long = "x".repeat(129);
    let case = Case::of(&["a..b", "-a", "a b", "err", ".a", "a.", "é", "a$b", &long, ""]);
    let stderr = format!(
        "\
error: dockerfiles/Dockerfile.: nothing follows `Dockerfile.`: add a program, as in `Dockerfile.hello-c.gcc`
error: dockerfiles/Dockerfile.-a: an image tag starts with a letter, a digit or `_`, not with `-`: rename the file
error: dockerfiles/Dockerfile..a: a segment between two dots is empty: remove the extra dot
error: dockerfiles/Dockerfile.a b: an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file
error: dockerfiles/Dockerfile.a$b: an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file
error: dockerfiles/Dockerfile.a.: a segment between two dots is empty: remove the extra dot
error: dockerfiles/Dockerfile.a..b: a segment between two dots is empty: remove the extra dot
error: dockerfiles/Dockerfile.err: `.err` needs a program before it, as in `Dockerfile.hello-c.gcc.err`: rename the file
error: dockerfiles/Dockerfile.{long}: the name after `Dockerfile.` has 129 characters, an image tag at most 128: shorten it
error: dockerfiles/Dockerfile.é: an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file
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
    case.run([""; 0]).refused(
        "\
error: dockerfiles/Dockerfile.\\x1b[31mred: an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file
error: dockerfiles/Dockerfile.a\\nb: an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file
error: dockerfiles/Dockerfile.rtl\\u{202e}: an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file
error: dockerfiles/Dockerfile.\\xff: the name is not UTF-8: rename the file
error: dockerfiles/f\\xfe/Dockerfile.ok: the name of a folder on the way is not UTF-8: rename the folder
",
    );
}

#[test]
fn one_name_in_two_folders_is_refused() {
    let case = Case::of(&["a.b"]).file("dockerfiles/old/Dockerfile.a.b", "");
    case.run([""; 0]).refused(
        "error: dockerfiles/old/Dockerfile.a.b: the same name as `dockerfiles/Dockerfile.a.b`: rename one of the two\n",
    );
}

#[test]
fn names_that_bake_would_merge_are_refused() {
    let case = Case::of(&["a.b.c", "a_b.c", "a.b_c"]);
    let line = |name: &str| {
        format!(
            "error: dockerfiles/Dockerfile.{name}: `docker buildx bake` cannot tell this name from `dockerfiles/Dockerfile.a.b.c`, it reads both as `a_b_c`: rename one of the two\n"
        )
    };
    case.run([""; 0]).refused(&(line("a.b_c") + &line("a_b.c")));
}

#[test]
fn no_folder_no_dockerfile_and_a_file_instead_of_a_folder_are_refused() {
    Case::empty().run([""; 0]).refused(
        "error: dockerfiles: there is no such folder: start in the repository's folder, or name the folder with `--dockerfiles`\n",
    );
    Case::of(&[])
        .run([""; 0])
        .refused("error: dockerfiles: no Dockerfile in this folder: add one named `Dockerfile.PROGRAM.BUILD-IMAGE`\n");
    Case::of(&["a"])
        .run(["--dockerfiles", "dockerfiles/Dockerfile.a/x"])
        .refused("error: dockerfiles/Dockerfile.a/x: there is no such folder: name another with `--dockerfiles`\n");
    Case::empty()
        .file("dockerfiles", "")
        .run([""; 0])
        .refused("error: dockerfiles: this is not a folder: name the folder of Dockerfiles with `--dockerfiles`\n");
}

#[test]
fn a_repository_that_is_no_image_name_is_refused_and_others_are_not() {
    let long = "a".repeat(256);
    for bad in ["Mini", "mini image", "-a", "a/", "/a", "a//b", "a:b:c", "a:latest", "", "é", "a..b", &long] {
        let run = Case::of(&["a"]).run([format!("--image={bad}")]);
        assert_eq!(run.code(), 2, "{bad:?}");
        assert!(run.stderr().starts_with(&format!("error: --image {bad}: ")), "{}", run.stderr());
    }
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
