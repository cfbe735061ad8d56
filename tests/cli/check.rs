//! `--check`: writes nothing, looks at both files before it answers, and says what would change.

use std::fs;
use std::time::SystemTime;

use crate::case::Case;

const MEND: &str = "to update them, run: mkcompose";

fn current() -> Case {
    let case = Case::of(&["a.b", "c.d.err"]);
    case.run(["-q"]).well("");
    case
}

#[test]
fn current_files_are_well_and_stdout_is_empty() {
    current()
        .run(["--check"])
        .well("docker-compose.yml: current, 1 service\ndocker-compose.err.yml: current, 1 service\n");
}

#[test]
fn a_stale_file_is_shown_as_a_diff_and_left_as_it_was() {
    let case = current().file("dockerfiles/Dockerfile.b.c", "");
    let before = case.read("docker-compose.yml");
    let run = case.run(["--check"]);
    insta::assert_snapshot!(run.stdout(), @r"
    --- a/docker-compose.yml
    +++ b/docker-compose.yml
    @@ -5,3 +5,8 @@
         build:
           context: samples
           dockerfile: ../dockerfiles/Dockerfile.a.b
    +  b.c:
    +    image: minimage:b.c
    +    build:
    +      context: samples
    +      dockerfile: ../dockerfiles/Dockerfile.b.c
    ");
    assert_eq!(run.code(), 1);
    assert_eq!(
        run.stderr(),
        format!("docker-compose.yml: stale, 2 services\ndocker-compose.err.yml: current, 1 service\n{MEND}\n")
    );
    assert_eq!(case.read("docker-compose.yml"), before);
}

#[test]
fn both_files_are_looked_at_before_it_answers() {
    let case = current();
    fs::remove_file(case.at("docker-compose.yml")).unwrap();
    fs::remove_file(case.at("dockerfiles/Dockerfile.c.d.err")).unwrap();
    let run = case.run(["--check"]);
    assert_eq!(run.code(), 1);
    assert!(
        run.stdout().contains("--- /dev/null\n+++ b/docker-compose.yml\n@@ -0,0 +1,7 @@\n+# Generated"),
        "{}",
        run.stdout()
    );
    assert!(run.stdout().contains("--- a/docker-compose.err.yml\n+++ /dev/null\n@@ -1,7 +0,0 @@\n-# Generated"));
    let stderr = "docker-compose.yml: missing, 1 service\ndocker-compose.err.yml: left over, no services\n";
    assert_eq!(run.stderr(), format!("{stderr}{MEND}\n"));
    assert!(!case.has("docker-compose.yml") && case.has("docker-compose.err.yml"));
}

#[test]
fn a_file_that_is_not_ours_is_said_to_be_so_and_its_escapes_are_made_visible() {
    let case = current().file("docker-compose.yml", b"services:\n  \x1b[2Jx: \xff\n");
    let run = case.run(["--check"]);
    assert_eq!(run.code(), 1);
    assert!(run.stdout().contains("-  \\x1b[2Jx: \\xff\n"), "{}", run.stdout());
    assert_eq!(
        run.stderr(),
        "docker-compose.yml: not written by mkcompose, 1 service\ndocker-compose.err.yml: current, 1 service\n\
         to keep it, give another path with `--output`; to overwrite it, run: mkcompose --force\n"
    );
}

#[test]
fn line_endings_alone_are_said_in_words() {
    let case = current();
    let text = case.read("docker-compose.yml").replace('\n', "\r\n");
    let case = case.file("docker-compose.yml", text);
    let stderr = "docker-compose.yml: differs only in its line endings (LF is expected), 1 service\ndocker-compose.err.yml: current, 1 service\n";
    case.run(["--check"]).expect(1, "", &format!("{stderr}{MEND}\n"));
}

#[test]
fn the_diff_is_one_that_patch_applies() {
    let case = current().file("dockerfiles/Dockerfile.0", "").file("dockerfiles/Dockerfile.x.err", "");
    let run = case.run(["--check"]);
    let case = case.file("changes.patch", run.stdout());
    let status =
        std::process::Command::new("git").args(["apply", "changes.patch"]).current_dir(case.path()).status().unwrap();
    assert!(status.success());
    case.run(["--check", "-q"]).well("");
}

#[test]
fn tabs_and_backslashes_in_the_old_file_do_not_spoil_the_patch() {
    let case = current();
    let text = case.read("docker-compose.yml").replace("services:\n", "# a\\tb\tc\\n\\x1b\nservices:\n");
    let case = case.file("docker-compose.yml", text);
    let run = case.run(["--check"]);
    let case = case.file("changes.patch", run.stdout());
    let patch = std::process::Command::new("git").args(["apply", "changes.patch"]).current_dir(case.path()).status();
    assert!(patch.unwrap().success());
    case.run(["--check", "-q"]).well("");
}

#[test]
fn a_byte_order_mark_before_the_header_is_stale_and_not_somebody_elses() {
    let case = current();
    let text = "\u{feff}".to_owned() + &case.read("docker-compose.yml");
    let case = case.file("docker-compose.yml", text);
    let run = case.run(["--check"]);
    assert!(run.stdout().contains("\n-\\u{feff}# Generated") && run.stderr().contains("stale"), "{}", run.stdout());
    assert_eq!(run.code(), 1);
    case.run(["-q"]).well("");
    case.run(["--check", "-q"]).well("");
}

#[test]
fn nothing_is_written_not_even_a_time() {
    let case = current().file("dockerfiles/Dockerfile.b.c", "");
    let times = |case: &Case| {
        ["docker-compose.yml", "docker-compose.err.yml", "."]
            .map(|name| fs::metadata(case.at(name)).unwrap().modified().unwrap())
    };
    let before: [SystemTime; 3] = times(&case);
    assert_eq!(case.run(["--check"]).code(), 1);
    assert_eq!(times(&case), before);
}

#[test]
fn bad_names_are_an_error_in_check_too() {
    let case = Case::of(&["a b"]);
    assert_eq!(case.run(["--check"]).code(), 2);
}
