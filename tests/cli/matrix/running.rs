//! Runs: what an image does is told the same whatever the engine and its runtime make of it.

use serde_json::Value;

use super::fake::Fake;

/// Runs the image `a`, whose container does what `script` says, and returns its entry in the report.
#[track_caller]
fn outcome(script: &str, args: &[&str]) -> Value {
    let fake = Fake::of(&["a"]).run("a", script);
    let run = fake.try_it(&[&["test", "--no-build", "-q", "--format", "json"], args].concat());
    assert_eq!(run.stderr(), "");
    assert_eq!(fake.containers(), [""; 0], "a container was left");
    let report: Value = serde_json::from_str(&run.stdout()).unwrap();
    let entry = report["images"][0].clone();
    let code = match entry["expected"] {
        Value::Bool(expected) => i32::from(!expected),
        _ => 2,
    };
    assert_eq!(run.code(), code);
    entry
}

#[track_caller]
fn is(script: &str, outcome_expected: &str, message: &str) {
    let entry = outcome(script, &[]);
    assert_eq!((&entry["outcome"], &entry["message"]), (&outcome_expected.into(), &message.into()), "{entry}");
}

#[test]
fn exit_code_0_works_and_what_was_printed_is_kept() {
    let entry = outcome("echo Hello; echo warning >&2", &[]);
    assert_eq!(entry["outcome"], "works");
    assert_eq!((&entry["stdout"], &entry["stderr"]), (&"Hello\n".into(), &"warning\n".into()));
}

#[test]
fn a_missing_loader_cannot_start_with_old_and_new_runtimes() {
    let line = "exec ./a: no such file or directory";
    for code in [1, 255] {
        is(&format!("echo '{line}' >&2; end exited {code}"), "cannot-start", line);
    }
    let error = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container \
                 process: exec: ./a: no such file or directory: unknown";
    for (code, cli) in [(127, 127), (127, 125), (126, 126)] {
        let script = format!(
            "echo 'docker: Error response from daemon: {error}.' >&2; end created {code} {cli} false '{error}'"
        );
        is(&script, "cannot-start", "exec: ./a: no such file or directory");
    }
}

#[test]
fn a_program_that_only_talks_like_a_runtime_has_run() {
    let line = "exec /x: no such file or directory";
    let entry = outcome(&format!("echo '{line}' >&2; end exited 1"), &[]);
    assert_eq!((&entry["outcome"], &entry["exit_code"], &entry["message"]), (&"exits".into(), &1.into(), &line.into()));
    let entry = outcome("echo hello; echo 'exec ./a: no such file or directory' >&2; end exited 1", &[]);
    assert_eq!((&entry["outcome"], &entry["exit_code"]), (&"exits".into(), &1.into()));
}

#[test]
fn a_missing_library_cannot_start_in_the_loaders_words() {
    let line =
        "./a: error while loading shared libraries: libx.so: cannot open shared object file: No such file or directory";
    is(&format!("echo '{line}' >&2; end exited 127"), "cannot-start", line);
}

#[test]
fn exit_codes_signals_and_lack_of_memory_are_told_apart() {
    let entry = outcome("echo bad >&2; end exited 3", &[]);
    assert_eq!(
        (&entry["outcome"], &entry["exit_code"], &entry["message"]),
        (&"exits".into(), &3.into(), &"bad".into())
    );
    let entry = outcome("end exited 139", &[]);
    assert_eq!(
        (&entry["outcome"], &entry["signal"], &entry["out_of_memory"]),
        (&"killed".into(), &11.into(), &false.into())
    );
    let entry = outcome("end exited 137 137 true", &["--memory", "64m"]);
    assert_eq!(
        (&entry["outcome"], &entry["signal"], &entry["out_of_memory"]),
        (&"killed".into(), &9.into(), &true.into())
    );
}

#[test]
fn lack_of_memory_that_the_engine_notices_late_is_told_all_the_same() {
    let fake = Fake::of(&["a"]).run("a", "end exited 137").file("oom", "");
    let told = |args: &[&str]| {
        let run = fake.try_it(&[&["test", "--no-build", "-q", "--format", "json"], args].concat());
        let report: Value = serde_json::from_str(&run.stdout()).unwrap();
        report["images"][0]["out_of_memory"].clone()
    };
    assert_eq!(told(&["--memory", "64m"]), true);
    assert_eq!(told(&[]), false, "without a limit nobody asks");
    assert_eq!(fake.asked("events").len(), 1);
}

#[test]
fn an_engine_that_does_not_say_whether_memory_ran_out_is_no_no() {
    let fake = Fake::of(&["a"]).run("a", "end exited 137").file("no-events", "");
    let run = fake.try_it(&["test", "--no-build", "-q", "--memory", "64m", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout()).unwrap();
    let entry = &report["images"][0];
    assert_eq!((&entry["outcome"], &entry["out_of_memory"]), (&"killed".into(), &Value::Null));
    let run = fake.try_it(&["test", "--no-build", "-q", "--memory", "64m"]);
    assert!(run.stdout().contains("killed by SIGKILL, perhaps out of memory"), "{}", run.stdout());
}

#[test]
fn a_program_that_does_not_end_is_timed_out_and_what_it_printed_is_kept() {
    let entry = outcome("echo begun; exec sleep 1000", &["--timeout", "1s"]);
    assert_eq!((&entry["outcome"], &entry["stdout"]), (&"timed-out".into(), &"begun\n".into()));
}

#[test]
fn an_engines_command_that_is_killed_does_not_speak_for_its_program() {
    let entry = outcome("kill -KILL $$", &[]);
    assert_eq!(entry["outcome"], "unknown");
    let message = entry["message"].as_str().unwrap();
    assert!(message.contains("`docker run` exited, but the container is still `running`"), "{entry}");
}

#[test]
fn a_line_without_an_end_does_not_fill_a_report() {
    let line = "head -c 50000 /dev/zero | tr '\\0' B";
    let entry = outcome(&format!("{line} >&2; end exited 2"), &[]);
    assert_eq!(entry["message"], format!("{}…", "B".repeat(500)));
    let fake = Fake::of(&["a"]).run("a", line);
    let stdout = fake.try_it(&["test", "--no-build", "-q"]).stdout();
    assert!(stdout.contains(&format!("works    {}…\n", "B".repeat(500))), "{stdout}");
}

#[test]
fn a_container_that_the_engine_never_started_is_not_the_images_fault() {
    let entry = outcome("sed -i s/running/created/ \"$container.state\"; exec sleep 1000", &["--timeout", "1s"]);
    assert_eq!(entry["outcome"], "unknown");
    assert!(
        entry["message"].as_str().unwrap().contains("the container did not start within 1 s (it is still `created`)"),
        "{entry}"
    );
}

#[test]
fn the_container_gets_our_label_the_limits_and_the_network_that_were_asked_for() {
    let fake = Fake::of(&["a"]).image("a");
    let run = fake.try_it(&["test", "--no-build", "-q", "--memory", "64m", "--network", "test-network"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert_eq!(fake.asked("network"), ["network inspect -- test-network"]);
    let asked = fake.asked("run");
    let words: Vec<_> = asked[0].split(' ').collect();
    assert_eq!(words[1..5], ["--pull", "never", "--log-driver", "none"], "{asked:?}");
    assert!(words[5] == "--name" && words[6].starts_with("mkcompose-"), "{asked:?}");
    assert!(words[7] == "--label" && words[8].starts_with("minimage.mkcompose="), "{asked:?}");
    assert_eq!(words[9..], ["--memory", "64m", "--network", "test-network", "minimage:a"]);
}

#[test]
fn a_network_that_is_not_there_is_one_error_before_anything_begins() {
    let fake = Fake::of(&["a", "b"]);
    let run = fake.try_it(&["test", "--network", "nowhere"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(
        run.stderr().contains("network nowhere not found") && run.stderr().lines().count() == 1,
        "{}",
        run.stderr()
    );
    assert_eq!(fake.asked("build"), [""; 0]);
}

#[test]
fn a_container_whose_network_is_asked_for_has_to_be_there_and_run() {
    let fake = Fake::of(&["a"]).image("a");
    let run = fake.try_it(&["test", "--network", "container:nowhere"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("No such container: nowhere"), "{}", run.stderr());
    let fake = fake.file("container.ended", "").file("container.ended.state", "false\n");
    let run = fake.try_it(&["test", "--network", "container:ended"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("the container `ended` does not run: start it first"), "{}", run.stderr());
    assert_eq!((fake.asked("build"), fake.asked("run")), (vec![], vec![]));
    let fake = fake.file("container.runs", "").file("container.runs.state", "true\n");
    let run = fake.try_it(&["test", "--no-build", "-q", "--network", "container:runs"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
}

#[test]
fn a_time_beyond_every_clock_is_for_ever() {
    let fake = Fake::of(&["a"]).run("a", "echo hi");
    let run = fake.try_it(&["test", "--no-build", "-q", "--timeout", "1e19"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
}

#[test]
fn an_image_that_is_not_there_is_not_built_and_that_is_fine_for_the_err_set() {
    let fake = Fake::of(&["a", "b.err"]);
    let run = fake.try_it(&["test", "--no-build", "-q"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    let stdout = run.stdout();
    assert!(stdout.contains("\n✗  a        not built\n") && stdout.contains("\n✓  b.err    not built\n"), "{stdout}");
    assert_eq!(fake.asked("build"), [""; 0]);
}

#[test]
fn what_does_not_build_is_not_run() {
    let fake = Fake::of(&["a", "b.err"]).build("a", "fail 'ERROR: no'").build("b.err", "fail 'ERROR: no'");
    let run = fake.try_it(&["test", "-q"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    assert_eq!(fake.asked("run"), [""; 0]);
    assert!(run.stdout().contains("2 images: 2 do not build; 1 not as expected"), "{}", run.stdout());
}

#[test]
fn a_flood_is_cut_and_said_to_be() {
    let entry = outcome("echo first; yes | head -c 1000000; echo last", &[]);
    assert_eq!((&entry["outcome"], &entry["output_cut"]), (&"works".into(), &true.into()));
    let stdout = entry["stdout"].as_str().unwrap();
    assert!(stdout.len() < 17_000, "{}", stdout.len());
    assert!(stdout.starts_with("first\ny\n") && stdout.ends_with("y\nlast\n"), "{stdout}");
    assert!(stdout.contains("\n[983627 bytes cut]\n"), "{stdout}");
}

#[test]
fn an_image_that_was_built_and_is_not_in_the_engine_is_unknown_and_no_failed_build_as_expected() {
    let fake = Fake::of(&["a.err", "b"]).build("a.err", "exit 0").build("b", "exit 0");
    let run = fake.try_it(&["test", "--format", "json"]);
    assert_eq!(run.code(), 2, "{}", run.stdout());
    let report: Value = serde_json::from_str(&run.stdout()).unwrap();
    for image in report["images"].as_array().unwrap() {
        assert_eq!((&image["outcome"], &image["expected"]), (&"unknown".into(), &Value::Null), "{image}");
        assert!(image["message"].as_str().unwrap().starts_with("built, but the engine does not have the image: "));
    }
    // What was not to be built is another matter.
    let fake = Fake::of(&["a.err"]);
    assert_eq!(fake.try_it(&["test", "--no-build", "a.err"]).code(), 0);
}
