//! Ctrl-C and its kin: nothing new begins, what runs ends, what is done is told. Twice: all ends at once.

use super::fake::{Fake, timeless};

const STOPPING: &str = "stopping: waiting for running jobs; press Ctrl-C again to kill them\n";

/// A build or run that says it has begun, and ends when it may.
const AWAITED: &str = "touch \"$here/begun\"; until [ -e \"$here/go\" ] || [ ! -d \"$here\" ]; do sleep 0.01; done";

#[test]
fn after_a_signal_no_build_begins_the_running_one_ends_and_what_is_done_is_told() {
    for signal in ["INT", "TERM", "HUP"] {
        let fake = Fake::of(&["a", "b", "c"]).build("b", AWAITED);
        let started = fake.start(&["build", "-j", "1"]);
        fake.wait_for("begun");
        started.signal(signal);
        started.wait_said(STOPPING);
        let fake = fake.file("go", "");
        let run = started.end();
        assert_eq!(run.code(), 130, "{signal}");
        assert_eq!(timeless(&run.stdout()), "✓ a  T  built\n✓ b  T  built\n", "{signal}");
        let stderr = run.stderr();
        assert!(stderr.starts_with(STOPPING), "{stderr}");
        assert!(stderr.contains("3 images: 2 built, 1 not begun in "), "{stderr}");
        assert_eq!(fake.asked("build -").len(), 3, "{signal}: {:?}", fake.asked("build"));
    }
}

#[test]
fn a_build_does_not_get_the_signal_of_the_terminal() {
    // A terminal sends its Ctrl-C to the whole group in its foreground.
    let fake = Fake::of(&["a"]).build("a", &format!("trap 'fail killed' INT; {AWAITED}"));
    let started = fake.start(&["build"]);
    fake.wait_for("begun");
    started.signal_group("INT");
    started.wait_said(STOPPING);
    let _fake = fake.file("go", "");
    let run = started.end();
    assert_eq!((run.code(), timeless(&run.stdout()).as_str()), (130, "✓ a  T  built\n"));
    assert!(run.stderr().starts_with(STOPPING), "{}", run.stderr());
}

#[test]
fn a_second_signal_ends_running_builds_at_once() {
    let fake = Fake::of(&["a", "b"]).build("a", "touch \"$here/begun\"; exec sleep 1000");
    let started = fake.start(&["build", "-j", "1"]);
    fake.wait_for("begun");
    started.signal("INT");
    started.wait_said(STOPPING);
    started.signal("INT");
    let run = started.end();
    assert_eq!((run.code(), timeless(&run.stdout()).as_str()), (130, "? a  T  cut off\n"));
    assert!(run.stderr().contains("2 images: 1 cut off, 1 not begun in "), "{}", run.stderr());
}

#[test]
fn a_second_signal_ends_running_containers_at_once_and_removes_them() {
    let fake = Fake::of(&["a", "b"]).run("a", "touch \"$here/begun\"; exec sleep 1000").image("b");
    let started = fake.start(&["test", "--no-build", "-j", "1", "--report", "r.json"]);
    fake.wait_for("begun");
    assert_eq!(fake.containers().len(), 2, "a container and its state");
    started.signal("INT");
    started.wait_said(STOPPING);
    started.signal("TERM");
    let run = started.end();
    assert_eq!(run.code(), 130);
    assert!(run.stdout().contains("2 images: 1 cut off, 1 not run; 2 undecided, interrupted, "), "{}", run.stdout());
    assert!(run.stderr().starts_with(STOPPING), "{}", run.stderr());
    assert!(fake.case.read("r.json").contains("\"interrupted\": true"));
    assert_eq!(fake.containers(), [""; 0]);
}

#[test]
fn a_second_signal_ends_the_wait_for_an_engine_that_hangs() {
    let fake = Fake::of(&["a"]).run("a", "end exited 3").file("hangs", "");
    let started = fake.start(&["test", "--no-build", "-j", "1"]);
    fake.wait_for("hanging");
    started.signal("INT");
    started.wait_said(STOPPING);
    started.signal("INT");
    let run = started.end();
    assert_eq!(run.code(), 130, "{}", run.stderr());
    assert!(run.stdout().contains("1 image: 1 cut off; 1 undecided, interrupted, "), "{}", run.stdout());
    assert_eq!(fake.containers(), [""; 0]);
}

#[test]
fn after_a_signal_the_running_container_ends_and_is_told_and_removed() {
    let fake = Fake::of(&["a", "b"]).run("a", &format!("{AWAITED}; echo late")).image("b");
    let started = fake.start(&["test", "--no-build", "-j", "1", "--format", "json"]);
    fake.wait_for("begun");
    started.signal("TERM");
    started.wait_said(STOPPING);
    let fake = fake.file("go", "");
    let run = started.end();
    assert_eq!(run.code(), 130);
    assert!(run.stderr().contains(STOPPING), "{}", run.stderr());
    let report: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    let outcomes = [0, 1].map(|at| report["images"][at]["outcome"].as_str().unwrap().to_owned());
    assert_eq!(outcomes, ["works", "not-run"]);
    assert_eq!(fake.containers(), [""; 0]);
}

#[test]
fn after_a_signal_an_image_whose_build_ends_is_neither_run_nor_pushed() {
    for (args, word) in [(&["test"][..], "run "), (&["build", "--push"], "push ")] {
        let fake = Fake::of(&["a"]).build("a", AWAITED);
        let started = fake.start(args);
        fake.wait_for("begun");
        started.signal("INT");
        started.wait_said(STOPPING);
        let fake = fake.file("go", "");
        let run = started.end();
        assert_eq!((run.code(), fake.asked(word)), (130, vec![]), "{}", run.stdout());
    }
}

#[test]
fn after_a_signal_the_running_push_ends_and_that_of_the_next_tag_does_not_begin() {
    let fake = Fake::of(&[])
        .file("push.a", AWAITED)
        .repository("dockerfiles/Dockerfile.a", "# mkcompose: tags=other:b\nFROM scratch\n");
    let started = fake.start(&["build", "--push"]);
    fake.wait_for("begun");
    started.signal("INT");
    started.wait_said(STOPPING);
    let fake = fake.file("go", "");
    let run = started.end();
    assert_eq!((run.code(), fake.asked("push ")), (130, vec!["push minimage:a".to_owned()]));
    let told = "? a  T  unknown: built and pushed as minimage:a, but other:b was not pushed: stopped before it\n";
    assert_eq!(timeless(&run.stdout()), told);
}

#[test]
fn a_signal_during_the_wait_before_a_retry_adds_no_try() {
    for args in [&["build", "--push"][..], &["build"]] {
        let fake = if args.len() == 1 {
            Fake::of(&["a"]).build(
                "a",
                "fail 'ERROR: unexpected status from HEAD request to http://r/v2/x: 500 Internal Server Error'",
            )
        } else {
            Fake::of(&["a"]).file("push.a", "fail 'received unexpected HTTP status: 500 Internal Server Error'")
        };
        let started = fake.start(&[args, &["--retries", "5", "--report", "r.json"]].concat());
        started.wait_said("; trying again in 2.0 s");
        started.signal("INT");
        let run = started.end();
        assert_eq!(run.code(), 130);
        let report: serde_json::Value = serde_json::from_str(&fake.case.read("r.json")).unwrap();
        assert_eq!(report["images"][0]["tries"].as_array().unwrap().len(), 1, "two tries, one before the last");
    }
}
