//! Usage: flags that do not fit, help that says what is true, output that a closed pipe does not upset.

use std::process::Stdio;

use crate::case::{Case, Run};

#[test]
fn an_unknown_flag_is_a_usage_error() {
    let run = Case::of(&["a"]).run(["--chekc"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("a similar argument exists: '--check'"), "{}", run.stderr());
}

#[test]
fn check_and_force_do_not_go_together() {
    assert_eq!(Case::of(&["a"]).run(["--check", "--force"]).code(), 2);
}

#[test]
fn check_and_force_belong_to_the_bare_command() {
    for flag in ["--check", "--force"] {
        let run = Case::of(&["a"]).run([flag, "list"]);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    }
}

#[test]
fn help_names_every_exit_code() {
    let run = Case::empty().run(["--help"]);
    for code in ["\n  0  ", "\n  1  ", "\n  2  ", "\n  130  "] {
        assert!(run.stdout().contains(code), "{code:?}");
    }
    assert_eq!(run.code(), 0);
}

#[test]
fn quiet_says_nothing_but_errors() {
    let case = Case::of(&["a"]);
    case.run(["-q"]).well("");
    case.run(["--quiet", "--image", "A"]).refused("error: --image A: `A` is not a valid image repository (lower-case letters, digits, separated by `.` `_` `-` or `/`): change `image`, or name the service with `# mkcompose: name=NAME`\n");
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let case = Case::of(&["a"]);
    case.run(["--color", "always"]).well("docker-compose.yml: \x1b[32mwritten\x1b[0m, 1 service\n");
    let run = case.run(["--color", "always", "--check", "--image", "other"]);
    assert!(run.stdout().contains("\x1b[32m+    image: other:a\x1b[0m"), "{:?}", run.stdout());
    let run = case.run(["--check", "--image", "other"]);
    assert!(!run.stdout().contains('\x1b') && !run.stderr().contains('\x1b'));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let names: Vec<String> = (0..5000).map(|i| format!("a.{i}")).collect();
    let case = Case::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut child = case.command(["--check"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let run = Run::of(child.wait_with_output().unwrap());
    run.expect(1, "", "docker-compose.yml: missing, 5000 services\nto update them, run: mkcompose\n");
}

#[test]
fn the_engine_may_be_named_before_the_command_too() {
    for args in [["--docker", "no-such-engine", "sizes"], ["sizes", "--docker", "no-such-engine"]] {
        let run = Case::of(&["a"]).run(args);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
        assert!(run.stderr().contains("no-such-engine"), "{}", run.stderr());
    }
    // What is said on the command line counts more than the environment, wherever it is said.
    let case = Case::of(&["a"]);
    let mut command = case.command(["--docker", "no-such-engine", "sizes"]);
    let output = command.env("MKCOMPOSE_DOCKER", "another").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-engine"));
}

#[test]
fn a_command_that_asks_no_engine_takes_none() {
    for args in [&["--docker", "podman"][..], &["--docker", "podman", "list"], &["lint", "--docker", "podman"]] {
        Case::of(&["a"])
            .run(args)
            .refused("error: `--docker` works only with `build`, `test`, `sizes` and `why`: remove it\n");
    }
}

#[test]
fn completions_are_printed() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = Case::empty().run(["completions", shell]);
        assert!(run.code() == 0 && run.stdout().contains("mkcompose") && run.stderr().is_empty(), "{shell}");
    }
}

#[test]
fn an_engine_is_offered_to_complete_where_one_is_asked() {
    for (command, is_offered) in [("sizes", true), ("why", true), ("list", false), ("lint", false)] {
        let case = Case::empty();
        let mut asked = case.command(["--", "mkcompose", command, "--d"]);
        let offered = String::from_utf8(asked.env("MKCOMPOSE_COMPLETE", "fish").output().unwrap().stdout).unwrap();
        assert!(offered.contains("--directory\t"), "{command}: {offered}");
        assert_eq!(offered.contains("--docker\t"), is_offered, "{command}");
    }
}
