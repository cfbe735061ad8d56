//! `--retries`, and the report of a build: what was unknown is tried again, a failed Dockerfile never is.

use serde_json::Value;

use super::fake::{Fake, timeless};

/// Fails with these words as often as the file says, then builds.
fn fails(times: usize, words: &str) -> String {
    format!(
        "n=$(cat \"$here/n\" 2>/dev/null || echo 0); echo $((n + 1)) >\"$here/n\"; [ $n -ge {times} ] || fail 'ERROR: {words}'"
    )
}

const BROKEN: &str = "unexpected status from HEAD request to http://r/v2/x/manifests/1: 500 Internal Server Error";

fn image<'r>(report: &'r Value, service: &str) -> &'r Value {
    report["images"].as_array().unwrap().iter().find(|image| image["service"] == service).unwrap()
}

fn report(fake: &Fake) -> Value {
    serde_json::from_str(&fake.case.read("r.json")).unwrap()
}

#[test]
fn what_was_unknown_is_tried_again_and_each_try_is_in_the_report() {
    let fake = Fake::of(&["a", "b"]).build("a", &fails(2, BROKEN));
    let reports = ["--report", "r.json", "--report", "r.xml", "--report", "r.md"];
    let run = fake.try_it(&[&["build", "-j", "1", "--retries", "2"][..], &reports].concat());
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(run.stderr().contains(&format!("a: unknown: {BROKEN}; trying again in 1.0 s\n")), "{}", run.stderr());
    assert!(run.stderr().contains("; trying again in 2.0 s\n"), "{}", run.stderr());
    assert_eq!(timeless(&run.stdout()), "✓ a  T  built\n✓ b  T  built\n");
    let report = report(&fake);
    let a = image(&report, "a");
    assert_eq!((&a["outcome"], &a["expected"]), (&"built".into(), &true.into()));
    let tries: Vec<_> =
        a["tries"].as_array().unwrap().iter().map(|earlier| earlier["message"].as_str().unwrap()).collect();
    assert_eq!(tries, [BROKEN; 2]);
    assert!(image(&report, "b")["tries"].as_array().unwrap().is_empty());
    assert_eq!(report["settings"]["run"], Value::Null);
    assert_eq!(fake.case.read("r.xml").matches("<flakyError ").count(), 2);
    assert!(fake.case.read("r.md").contains("| ✓ | a | built | 3 tries |"), "{}", fake.case.read("r.md"));
}

#[test]
fn tries_end_and_the_image_is_unknown() {
    let fake = Fake::of(&["a"]).build("a", &fails(9, BROKEN));
    let run = fake.try_it(&["build", "--retries", "1", "--report", "r.json"]);
    assert_eq!(run.code(), 2);
    assert_eq!(timeless(&run.stdout()), format!("? a  T  unknown: {BROKEN}\n"));
    assert_eq!(fake.case.read("engine/n"), "2\n");
    assert_eq!(image(&report(&fake), "a")["tries"].as_array().unwrap().len(), 1);
}

#[test]
fn a_failed_dockerfile_and_what_is_built_on_an_unknown_base_are_not_tried_again() {
    let fake = Fake::of(&["base", "bad"])
        .build("bad", &fails(9, "process did not complete successfully: exit code: 1"))
        .build("base", &format!("fail 'ERROR: {BROKEN}'"))
        .repository("dockerfiles/Dockerfile.child", "FROM minimage:base\n");
    let run = fake.try_it(&["build", "-j", "1", "--retries", "1", "--report", "r.json"]);
    assert_eq!(run.code(), 2, "{}", run.stderr());
    assert_eq!(fake.case.read("engine/n"), "1\n");
    let report = report(&fake);
    let tries = ["base", "bad", "child"].map(|service| image(&report, service)["tries"].as_array().unwrap().len());
    assert_eq!(tries, [1, 0, 0]);
    assert_eq!(image(&report, "bad")["outcome"], "does-not-build");
    assert_eq!(run.stderr().matches("trying again").count(), 1, "{}", run.stderr());
}

#[test]
fn a_test_that_the_engine_broke_off_is_run_again() {
    let run = "n=$(cat \"$here/n\" 2>/dev/null || echo 0); echo $((n + 1)) >\"$here/n\"
        [ $n -ge 1 ] || fail 'Error response from daemon: network x not found' 125";
    let fake = Fake::of(&["a"]).run("a", run);
    let run = fake.try_it(&["test", "--retries", "3", "--report", "r.json"]);
    assert_eq!(run.code(), 0, "{}", run.stdout());
    let report = report(&fake);
    assert_eq!(image(&report, "a")["outcome"], "works");
    let tries = image(&report, "a")["tries"].as_array().unwrap();
    assert_eq!(tries.len(), 1);
    assert!(tries[0]["message"].as_str().unwrap().contains("failed (exit status: 125)"), "{tries:?}");
}

#[test]
fn an_engine_that_comes_back_between_two_tries_is_not_given_up() {
    let dies = "[ -e \"$here/n\" ] || { touch \"$here/n\" \"$here/dead\"; (sleep 0.5; rm \"$here/dead\") >/dev/null 2>&1 & fail 'ERROR: no'; }";
    let fake = Fake::of(&["a", "b"]).build("a", dies);
    let run = fake.try_it(&["build", "-j", "1", "--retries", "1"]);
    assert_eq!(run.code(), 0, "{}", run.stdout() + &run.stderr());
    assert_eq!(timeless(&run.stdout()), "✓ a  T  built\n✓ b  T  built\n");
}

#[test]
fn reports_of_builds_are_merged_and_those_of_tests_are_not_mixed_with_them() {
    let fake = Fake::of(&["a", "b"]);
    for (service, number) in [("a", 1), ("b", 2)] {
        let (shard, name) = (format!("{number}/2"), format!("{number}.json"));
        assert_eq!(fake.try_it(&["build", service, "--shard", &shard, "--report", &name]).code(), 0);
    }
    let run = fake.try_it(&["merge", "1.json", "2.json"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert!(run.stdout().contains("\n2 images: 2 built; all as expected, "), "{}", run.stdout());
    assert_eq!(fake.try_it(&["test", "b", "--shard", "2/2", "--report", "2.json"]).code(), 0);
    let run = fake.try_it(&["merge", "1.json", "2.json"]);
    assert!(run.code() == 2 && run.stderr().contains("the commands (`build`, `build --push`"), "{}", run.stderr());
}

#[test]
fn what_no_other_try_can_change_is_not_tried_again() {
    let udp = r#"{"ExposedPorts":{"53/udp":{}}}"#;
    let tcp = r#"{"ExposedPorts":{"80/tcp":{}}}"#;
    let cases = [(udp, &[][..], ""), (tcp, &["--network", "none"], ""), (tcp, &[], "tcp://far:2375")];
    for (config, flags, endpoint) in cases {
        let fake = Fake::of(&["a"]).run("a", "exec sleep 1000").file("image.a", config);
        let fake = if endpoint.is_empty() { fake } else { fake.file("endpoint", endpoint) };
        let test = ["test", "--no-build", "--timeout", "1", "--retries", "2"];
        let run = fake.try_it(&[&test, flags].concat());
        assert_eq!(run.code(), 2, "{}", run.stdout());
        assert_eq!(fake.asked("run ").len(), 1, "{config}: {}", run.stdout());
        assert!(!run.stderr().contains("trying again"), "{}", run.stderr());
    }
}
