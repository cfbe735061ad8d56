//! Reports: in every format, in files, against an earlier one.

use serde_json::Value;

use super::fake::Fake;
use crate::case::{Run, tool};

/// Three images: one that works, one that prints what could harm a terminal or a document, one known not to build.
fn sample() -> Fake {
    let hostile = "printf 'a|b `c` <d> &amp; ]]>\\033[31m\\302\\233\\342\\200\\256 \\377\\n' >&2; end exited 1";
    Fake::of(&["a", "b", "c.err"]).run("a", "echo Hello").run("b", hostile).build("c.err", "fail 'ERROR: no'")
}

#[test]
fn a_report_of_each_kind_is_written_beside_what_is_shown() {
    let fake = sample();
    let reports = ["--report", "r.json", "--report", "r.md", "--report", "r.xml"];
    let run = fake.try_it(&[&["test", "-q"][..], &reports].concat());
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    assert!(
        run.stdout().contains("\n3 images: 1 works, 1 does not build, 1 exits 1; 1 not as expected"),
        "{}",
        run.stdout()
    );
    let json: Value = serde_json::from_str(&fake.case.read("r.json")).unwrap();
    assert_eq!(json["total"]["unexpected"], 1);
    assert!(fake.case.read("r.md").contains("\n| ✓ | a | works | Hello |\n"));
    assert!(fake.case.read("r.xml").contains("<testcase name=\"a\" classname=\"a\""));
    assert_eq!(fake.case.names(), ["cache", "dockerfiles", "engine", "r.json", "r.md", "r.xml", "samples"]);
}

#[test]
fn what_a_program_prints_controls_nothing_in_any_format() {
    let fake = sample();
    for format in ["table", "json", "markdown", "junit"] {
        let run = fake.try_it(&["test", "--format", format]);
        assert_eq!(run.code(), 1);
        let all = run.stdout() + &run.stderr();
        assert!(!all.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{format}: {all}");
    }
}

#[test]
fn a_reader_of_each_format_gets_back_what_a_program_printed_and_nothing_else() {
    let hostile =
        "::error::x %0A::warning::y ]]><script>alert(1)</script></system-out></testcase> | `z` {{ [a](http://b) \u{e9}";
    let fake = Fake::of(&["a", "b"]).image("a").image("b");
    let fake = fake
        .run("a", &format!("cat <<'END'\n{hostile}\nEND"))
        .run("b", &format!("cat >&2 <<'END'\n{hostile}\nEND\nend exited 1"));
    let reports = ["--report", "r.json", "--report", "r.md", "--report", "r.xml"];
    let run = fake.try_it(&[&["test", "-q", "--no-build"][..], &reports].concat());
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));

    let json: Value = serde_json::from_str(&fake.case.read("r.json")).unwrap();
    assert_eq!(json["images"][0]["stdout"], format!("{hostile}\n"));
    assert_eq!(json["images"][1]["stderr"], format!("{hostile}\n"));

    if let Some(mut python) = tool("python3", &["-c", "import junitparser"]) {
        let read = "import json, sys, junitparser
suites = list(junitparser.JUnitXml.fromfile(sys.argv[1]))
cases = [case for suite in suites for case in suite]
print(json.dumps([[case.name, case.is_passed, case.system_out, case.system_err] for case in cases]))";
        let output = python.args(["-c", read]).arg(fake.case.at("r.xml")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let cases: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().trim_end().to_owned();
        assert_eq!((&cases[0][0], &cases[0][1], text(&cases[0][2])), (&"a".into(), &true.into(), hostile.to_owned()));
        assert_eq!((&cases[1][0], &cases[1][1], text(&cases[1][3])), (&"b".into(), &false.into(), hostile.to_owned()));
        assert_eq!(cases.as_array().unwrap().len(), 2, "{cases}");
    }

    let markdown = fake.case.read("r.md");
    assert!(!markdown.contains("<script>") && !markdown.contains("[a](http"), "{markdown}");
    let rows = markdown.lines().filter(|line| line.starts_with('|'));
    assert!(rows.map(|row| row.matches('|').count()).all(|count| count == 5), "{markdown}");
}

#[test]
fn a_report_of_an_unknown_kind_is_refused_before_anything_runs() {
    let fake = sample();
    for (path, why) in [
        ("r.txt", "unknown report format: end the name in `.json`, `.md`, `.xml` or `.html`"),
        ("no/r.json", "cannot write a file there: give a file in an existing folder"),
    ] {
        fake.try_it(&["test", "--report", "r.json", "--report", path]).refused(&format!("error: {path}: {why}\n"));
    }
    assert_eq!(fake.asked(""), [""; 0]);
}

#[test]
fn a_file_that_is_no_report_is_kept_before_anything_runs_unless_forced() {
    let fake = Fake::of(&["a"]).image("a");
    let fake = Fake { case: fake.case.file("r.json", "mine\n").file("s.html", "<p>mine</p>\n") };
    let words = "this file is not such a report: give another path, or overwrite it with `--force`";
    for path in ["r.json", "s.html"] {
        let args = ["test", "--no-build", "--report", path];
        fake.try_it(&args).refused(&format!("error: {path}: {words}\n"));
        assert!(fake.case.read(path).contains("mine"));
        assert_eq!(fake.asked(""), [""; 0]);
    }
    for path in ["r.json", "s.html"] {
        assert_eq!(fake.try_it(&["test", "-q", "--no-build", "--report", path, "--force"]).code(), 0);
        assert!(!fake.case.read(path).contains("mine"));
        assert_eq!(fake.try_it(&["test", "-q", "--no-build", "--report", path]).code(), 0, "a report of ours");
    }
}

#[test]
fn a_report_that_nobody_may_write_there_is_an_error_before_anything_runs() {
    let fake = Fake::of(&["a"]).image("a");
    let case = fake.case.file("shut/old.json", "").folder("locked").link("gone.md", "no/such/r.md");
    let fake = Fake { case: case.link("circle.xml", "circle.xml").link("into.html", "locked/r.html") };
    fake.case.give_away();
    fake.case.mode("shut", 0o555);
    fake.case.mode("locked", 0o666);
    let long = format!("{}.json", "x".repeat(300));
    let denied = "cannot write: Permission denied (os error 13): check its permissions, or choose another path";
    for (path, why) in [
        ("shut/new.json", denied),
        ("shut/old.json", denied),
        ("into.html", denied),
        ("gone.md", "cannot write a file there: give a file in an existing folder"),
        ("circle.xml", "cannot write: Too many levels of symbolic links (os error 40): fix or remove the link"),
        (&long, "cannot write: File name too long (os error 36): choose another path"),
    ] {
        for command in [&["test", "--no-build"][..], &["build"], &["sizes"]] {
            if command == ["sizes"] && path.ends_with(".xml") {
                continue;
            }
            let args = [command, &["--docker", "engine/docker", "--report", "first.json", "--report", path]].concat();
            fake.case.run_unprivileged(&args).refused(&format!("error: {path}: {why}\n"));
        }
    }
    assert!(!fake.case.has("first.json") && fake.asked("").is_empty());
    fake.case.mode("shut", 0o755);
    fake.case.mode("locked", 0o755);
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_and_the_others_are_written() {
    let fake = Fake::of(&["a"]).image("a");
    let fake = Fake { case: fake.case.link("r.xml", "/dev/full") };
    let run = fake.try_it(&["test", "--no-build", "-q", "--report", "r.xml", "--report", "r.json"]);
    assert_eq!(run.code(), 2);
    assert!(run.stdout().contains("1 image: 1 works"), "{}", run.stdout());
    assert!(run.stderr().starts_with("error: r.xml: cannot write"), "{}", run.stderr());
    assert!(fake.case.has("r.json"));
}

#[test]
fn a_full_stdout_costs_no_report() {
    let fake = Fake::of(&["a", "b"]).run("a", "true").build("b", "fail 'ERROR: no'");
    for command in [&["build"][..], &["build", "a"], &["test"], &["test", "--format", "json"]] {
        let mut command = fake.command(&[command, &["-q", "--report", "r.json", "--report", "r.xml"]].concat());
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr).matches("error: ").count(), 1, "{command:?}: {output:?}");
        Run::of(output).refused("error: stdout: cannot write: No space left on device (os error 28)\n");
        for report in ["r.json", "r.xml"] {
            assert!(fake.case.read(report).contains("\"a\""), "{command:?}: {report}");
            std::fs::remove_file(fake.case.at(report)).unwrap();
        }
    }
    assert_eq!(fake.try_it(&["test", "-q", "a", "--report", "1.json"]).code(), 0);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = fake.command(&["merge", "1.json", "--report", "r.json"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(fake.case.read("r.json").contains("\"a\""));
}

#[test]
fn a_failing_image_gets_a_hint_at_what_its_dockerfile_can_expect() {
    let fake = sample();
    let hint = "if an image is meant to fail, add `# mkcompose: expect=cannot start` or `# mkcompose: expect=exit N` to its Dockerfile\n";
    let run = fake.try_it(&["test", "--report", "r.json"]);
    assert!(run.code() == 1 && run.stderr().contains(hint), "{}", run.stderr());
    let run = fake.run("b", "end exited 9").try_it(&["test", "--baseline", "r.json"]);
    assert!(run.code() == 1 && !run.stderr().contains("meant to fail"), "{}", run.stderr());
    let run = Fake::of(&["a"]).try_it(&["test"]);
    assert!(run.code() == 0 && !run.stderr().contains("meant to fail"), "{}", run.stderr());
}

#[test]
fn only_a_change_since_the_baseline_makes_the_answer_no() {
    let fake = sample();
    let run = fake.try_it(&["test", "-q", "--report", "r.json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    let run = fake.try_it(&["test", "-q", "--baseline", "r.json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""), "{}", run.stdout());
    assert!(run.stdout().contains("; nothing has changed, "), "{}", run.stdout());
    // Better and worse are both changes.
    let fake = fake.run("a", "end exited 9").run("b", "echo now");
    let run = fake.try_it(&["test", "-q", "--baseline", "r.json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    let stdout = run.stdout();
    assert!(stdout.contains("\nchanged:\n  a: works → exits 9\n  b: exits 1 → works\n"), "{stdout}");
    assert!(stdout.contains("; 2 changed, "), "{stdout}");
}

#[test]
fn new_and_vanished_services_are_said_and_not_failed() {
    let earlier = r#"{"images": [{"service": "a", "outcome": "works"}, {"service": "gone", "outcome": "works"},
        {"service": "untried", "outcome": "works"}]}"#;
    let fake = Fake::of(&["a", "fresh", "untried"]);
    let fake = Fake { case: fake.case.file("r.json", earlier) };
    let run = fake.try_it(&["test", "-q", "--baseline", "r.json", "a", "fresh"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert!(run.stdout().contains("\nnew:\n  fresh\n\nvanished:\n  gone\n\n"), "{}", run.stdout());
}

#[test]
fn what_is_as_it_was_or_new_is_marked_so_while_it_runs_and_in_the_table() {
    let earlier = r#"{"images": [{"service": "a", "outcome": "exits", "exit_code": 3}]}"#;
    let fake = Fake::of(&["a", "fresh"]).run("a", "end exited 3").run("fresh", "end exited 4");
    let fake = Fake { case: fake.case.file("r.json", earlier) };
    let run = fake.try_it(&["test", "--no-build", "--baseline", "r.json"]);
    let (stdout, stderr) = (run.stdout(), run.stderr());
    assert_eq!(run.code(), 0, "{stderr}");
    assert!(stderr.contains("= a  exits 3\n") && stderr.contains("+ fresh  exits 4\n"), "{stderr}");
    assert!(stdout.contains("\n=  a        exits 3\n+  fresh    exits 4\n"), "{stdout}");
    assert!(stdout.contains("; nothing has changed, 1 new, "), "{stdout}");
}

#[test]
fn a_baseline_of_other_images_is_said_to_be_one() {
    let earlier = r#"{"images": [{"service": "other", "outcome": "works"}]}"#;
    let fake = Fake::of(&["a"]).image("a");
    let fake = Fake { case: fake.case.file("r.json", earlier) };
    let run = fake.try_it(&["test", "--no-build", "--baseline", "r.json"]);
    assert_eq!(run.code(), 0);
    assert!(
        run.stderr().ends_with("\nnothing to compare: the baseline contains none of these images\n"),
        "{}",
        run.stderr()
    );
    assert!(run.stdout().contains("1 works; 1 new, "), "{}", run.stdout());
}

#[test]
fn an_image_that_lacks_something_or_never_ends_gets_a_hint_at_what_to_do() {
    let lacks = "echo 'exec ./b.c: no such file or directory' >&2; end exited 1";
    let fake = Fake::of(&["a", "b.c"]).run("a", "exec sleep 1000").run("b.c", lacks);
    let run = fake.try_it(&["test", "--no-build", "--timeout", "1s", "--image", "x"]);
    let (stdout, stderr) = (run.stdout(), run.stderr());
    assert_eq!(run.code(), 1);
    assert!(
        stdout.contains("timed out     still running after 1.") || stdout.contains("still running after 1 s"),
        "{stdout}"
    );
    assert!(stderr.contains("\nto see a fix that you can paste: mkcompose why --image x b.c\n"), "{stderr}");
    assert!(stderr.contains("\nif it is meant to stay up, add `# mkcompose: expect=runs` to its Dockerfile, or EXPOSE the port that it serves\n"), "{stderr}");
    let run = Fake::of(&["a", "b.c"]).try_it(&["test", "--no-build", "--image", "y", "b.*", "a"]);
    assert!(
        run.stderr().ends_with("\nto build the missing images: mkcompose build --image y 'b.*' a\n"),
        "{}",
        run.stderr()
    );
}

#[test]
fn a_compose_file_that_may_describe_other_images_is_told() {
    let fake = Fake::of(&["a", "b.err"]).image("a");
    let written = fake.try_it(&["--image", "x"]);
    assert_eq!(written.code(), 0, "{}", written.stderr());
    let run = fake.try_it(&["test", "--no-build", "--image", "x"]);
    assert!(!run.stderr().contains("stale"), "{}", run.stderr());
    let run = fake.try_it(&["build"]);
    let told = |file: &str| {
        format!("{file}: stale, or written with other flags: run `mkcompose --check` to see the differences\n")
    };
    let both = [told("docker-compose.yml"), told("docker-compose.err.yml")].concat();
    assert!(run.stderr().starts_with(&both), "{}", run.stderr());
    // One that is not ours describes whatever it likes.
    let fake = Fake { case: fake.case.file("docker-compose.yml", "services: {}\n") };
    let run = fake.try_it(&["build"]);
    assert!(run.stderr().starts_with(&told("docker-compose.err.yml")), "{}", run.stderr());
}

#[test]
fn a_baseline_that_is_none_is_refused_before_anything_runs() {
    let fake = sample();
    let fake = Fake { case: fake.case.file("sizes.json", r#"{"images": [{"service": "a", "size": 1}]}"#) };
    let run = fake.try_it(&["test", "--baseline", "sizes.json"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(
        run.stderr()
            .starts_with("error: sizes.json: this is not a report of `mkcompose test` (missing field `outcome`"),
        "{}",
        run.stderr()
    );
    let run = fake.try_it(&["test", "--baseline", "no.json"]);
    assert_eq!(run.code(), 2);
    assert!(run.stderr().starts_with("error: no.json: cannot read: "), "{}", run.stderr());
    assert_eq!(fake.asked(""), [""; 0]);
}
