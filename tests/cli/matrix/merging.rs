//! `merge`: reports of shards as one report, and what is refused.

use std::fs;

use super::fake::Fake;
use crate::case::Run;

/// Three images: one that works, one that does not, one known not to build; and what is built on one that fails.
fn sample() -> Fake {
    Fake::of(&["a", "b", "c.err"])
        .run("a", "echo Hello")
        .run("b", "echo no >&2; end exited 1")
        .build("c.err", "fail 'ERROR: no'")
        .build("base", "fail 'ERROR: no base'")
        .repository("dockerfiles/Dockerfile.base", "FROM scratch\n")
        .repository("dockerfiles/Dockerfile.one", "FROM minimage:base\n")
        .repository("dockerfiles/Dockerfile.two", "FROM minimage:base\n")
}

/// Tests `services` and writes the report `name`.
#[track_caller]
fn shard(fake: &Fake, name: &str, services: &[&str], flags: &[&str]) {
    let code = fake.try_it(&[&["test", "-q", "--report", name], flags, services].concat()).code();
    assert!(code < 2, "{name}: {code}");
}

/// A report without what differs from run to run.
fn timeless_json(text: &str) -> String {
    let is_time = |line: &&str| !line.contains("seconds\": ") || line.contains("timeout");
    text.lines().filter(is_time).collect::<Vec<_>>().join("\n")
}

fn merge(fake: &Fake, args: &[&str]) -> Run {
    fake.try_it(&[&["merge"], args].concat())
}

#[test]
fn shards_are_one_report_with_the_exit_code_of_one_machine() {
    let fake = sample();
    shard(&fake, "whole.json", &[], &[]);
    shard(&fake, "1.json", &["a", "one"], &["--shard", "1/3"]);
    shard(&fake, "2.json", &["b", "two"], &["--shard", "2/3"]);
    shard(&fake, "3.json", &["base", "c.err"], &["--shard", "3/3"]);
    let run = merge(&fake, &["3.json", "1.json", "2.json", "--expect", "3", "--report", "m.json", "--report", "m.xml"]);
    assert_eq!(run.code(), 1, "{}", run.stderr());
    let summary = "\n6 images: 1 works, 2 do not build, 1 exits 1, 2 not tried; 4 not as expected, ";
    assert!(run.stdout().contains(summary), "{}", run.stdout());
    assert_eq!(timeless_json(&fake.case.read("m.json")), timeless_json(&fake.case.read("whole.json")));
    assert!(
        fake.case.read("m.xml").contains("tests=\"6\" skipped=\"0\" failures=\"4\""),
        "{}",
        fake.case.read("m.xml")
    );
    // Against itself nothing has changed.
    let run = merge(&fake, &["1.json", "2.json", "3.json", "--baseline", "whole.json"]);
    assert_eq!(run.code(), 0, "{}", run.stdout());
    assert!(run.stdout().contains("; nothing has changed, "), "{}", run.stdout());
}

#[test]
fn only_good_shards_are_a_good_whole() {
    let fake = sample();
    shard(&fake, "1.json", &["a"], &[]);
    shard(&fake, "2.json", &["c.err"], &[]);
    let run = merge(&fake, &["1.json", "2.json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert!(run.stdout().contains("; all as expected, "), "{}", run.stdout());
}

#[test]
fn a_shard_that_was_stopped_or_knows_nothing_of_an_image_gives_its_exit_code() {
    let fake = sample().run("b", "fail 'Error response from daemon: network x not found' 125");
    let code = fake.try_it(&["test", "-q", "b", "--report", "1.json"]).code();
    assert_eq!(code, 2);
    shard(&fake, "2.json", &["a"], &[]);
    assert_eq!(merge(&fake, &["1.json", "2.json"]).code(), 2);
    let stopped = fake.case.read("2.json").replace("\"interrupted\": false", "\"interrupted\": true");
    fs::write(fake.case.at("2.json"), stopped).unwrap();
    assert_eq!(merge(&fake, &["1.json", "2.json"]).code(), 130);
}

#[test]
fn what_went_wrong_beside_the_images_is_said_again() {
    let fake = sample();
    shard(&fake, "1.json", &["a"], &[]);
    let troubled =
        fake.case.read("1.json").replace("\"errors\": []", "\"errors\": [\"the log\\u001b: cannot write\\nmore\"]");
    fs::write(fake.case.at("1.json"), troubled).unwrap();
    let run = merge(&fake, &["1.json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (2, "error: the log\\x1b: cannot write\nerror: more\n"));
}

#[test]
fn all_that_is_wrong_is_said_at_once_and_nothing_is_written() {
    let fake = sample();
    shard(&fake, "1.json", &["a"], &[]);
    let json = fake.case.read("1.json");
    fs::write(fake.case.at("cut.json"), json.get(..json.len() / 2).unwrap()).unwrap();
    fs::write(fake.case.at("lies.json"), json.replace("\"expected\": 1", "\"expected\": 2")).unwrap();
    let run = merge(&fake, &["1.json", "cut.json", "lies.json", "none.json", "samples", "--report", "m.json"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    let said = run.stderr();
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with("error: cut.json: this is not a report of `mkcompose test` (EOF while parsing"),
        "{said}"
    );
    assert!(
        lines[1].starts_with("error: lies.json: this report contradicts itself: `\"expected\": 2` does not follow"),
        "{said}"
    );
    assert!(lines[2].starts_with("error: none.json: cannot read"), "{said}");
    assert_eq!(lines[3], "error: samples: not a regular file: give a report");
    assert!(!fake.case.has("m.json"));
}

#[test]
fn a_report_that_is_too_large_is_not_read() {
    let fake = sample();
    fs::File::create(fake.case.at("large.json")).unwrap().set_len(100 << 20).unwrap();
    merge(&fake, &["large.json"]).refused(
        "error: large.json: this file has more than 64 MiB, which is too large for a report: give another file\n",
    );
}

/// Nothing is counted up to what a report says.
#[test]
fn a_report_that_says_to_be_one_of_billions_is_refused() {
    let fake = sample();
    shard(&fake, "1.json", &["a"], &["--shard", "1/2"]);
    let many = fake.case.read("1.json").replace("\"of\": 2", "\"of\": 4294967295");
    fs::write(fake.case.at("1.json"), many).unwrap();
    merge(&fake, &["1.json"]).refused(
        "error: 1.json: this report contradicts itself: it is one of 4294967295 shards, and there can be 10000 at most; write it anew \
         with `mkcompose test --report FILE.json`\n",
    );
    let run = fake.try_it(&["test", "--shard", "1/10001", "--report", "r.json"]);
    assert_eq!(run.code(), 2);
    assert!(
        run.stderr().starts_with(
            "error: invalid value '1/10001' for '--shard <NUMBER/TOTAL>': there can be 10000 shards at most\n"
        ),
        "{}",
        run.stderr()
    );
}

#[test]
fn shards_that_do_not_fit_together_are_refused() {
    let fake = sample();
    shard(&fake, "1.json", &["a"], &["--shard", "1/2"]);
    shard(&fake, "same.json", &["a"], &["--shard", "2/2"]);
    shard(&fake, "slow.json", &["b"], &["--shard", "2/2", "--timeout", "5"]);
    merge(&fake, &["1.json"])
        .refused("error: 1.json: it says that there are 2 shards, and 2 is missing: give all reports\n");
    merge(&fake, &["1.json", "same.json"])
        .refused("error: same.json: `a` is in `1.json` too: have each service in one shard\n");
    merge(&fake, &["1.json", "slow.json"]).refused(
        "error: slow.json: the values of `--timeout`, `--memory` or `--network` differ from those of `1.json`: run all shards on one \
         commit with the same settings\n",
    );
    let fake = fake.repository("dockerfiles/Dockerfile.b", "# mkcompose: expect=exit 1\nFROM scratch\n");
    shard(&fake, "2.json", &["b"], &["--shard", "2/2"]);
    merge(&fake, &["1.json", "2.json"]).refused(
        "error: 2.json: the settings of the services differ from those of `1.json`: run all shards on one commit with the same settings\n",
    );
    let run = fake.try_it(&["test", "--shard", "3/2"]);
    assert_eq!(run.code(), 2);
    assert!(run.stderr().contains("a shard is its number and how many there are, as `3/8`"), "{}", run.stderr());
}

#[test]
fn shards_that_were_compared_with_a_baseline_need_that_baseline() {
    let fake = sample();
    shard(&fake, "before.json", &[], &[]);
    let fake = fake.run("b", "echo no >&2; end exited 3");
    shard(&fake, "1.json", &["a"], &["--baseline", "before.json"]);
    shard(&fake, "2.json", &["b"], &["--baseline", "before.json"]);
    let run = merge(&fake, &["1.json", "2.json", "--baseline", "before.json"]);
    assert_eq!(run.code(), 1, "{}", run.stdout());
    assert!(run.stdout().contains("\nchanged:\n  b: exits 1 → exits 3\n"), "{}", run.stdout());
    merge(&fake, &["1.json", "2.json"]).refused(
        "error: 1.json: it was compared with a baseline: give that with `--baseline`\n\
         error: 2.json: it was compared with a baseline: give that with `--baseline`\n",
    );
    let other = "it was compared with another baseline than that of `--baseline`: give that one";
    merge(&fake, &["1.json", "2.json", "--baseline", "2.json"])
        .refused(&format!("error: 1.json: {other}\nerror: 2.json: {other}\n"));
}
