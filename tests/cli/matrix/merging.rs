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
    let large = |name: &str, mib: u64| fs::File::create(fake.case.at(name)).unwrap().set_len(mib << 20).unwrap();
    large("large.json", 257);
    merge(&fake, &["large.json"]).refused(
        "error: large.json: this file has more than 256 MiB, which is too large for a report: spread the images over more jobs \
         (`mkcompose matrix --shards N`), or have them print less\n",
    );
    large("tera.json", 2049);
    shard(&fake, "1.json", &["a"], &[]);
    merge(&fake, &["1.json", "tera.json", "large.json"])
        .refused("error: tera.json: the reports up to this one have more than 2048 MiB together: merge fewer\n");
}

/// Images that print as much as is kept, nothing but bytes that JSON escapes.
#[test]
fn a_report_that_is_as_large_as_test_writes_it_is_merged() {
    let fake =
        sample().run("a", "head -c 40000 /dev/zero | tr '\\0' '\\1'; head -c 40000 /dev/zero | tr '\\0' '\\1' >&2");
    shard(&fake, "1.json", &["a"], &[]);
    let one = fake.case.read("1.json");
    assert!((190_000..260_000).contains(&one.len()), "{}", one.len());
    let names: Vec<_> = (0..400).map(|number| format!("a{number:03}")).collect();
    let (head, rest) = one.split_once("    {\n      \"service\": \"a\"").unwrap();
    let (image, tail) = rest.split_once("\n  ],\n  \"total\": {").unwrap();
    let images: Vec<_> = names
        .iter()
        .map(|name| {
            format!(
                "    {{\n      \"service\": \"{name}\"{}",
                image.replace("\"program\": \"a\"", &format!("\"program\": \"{name}\""))
            )
        })
        .collect();
    let tail = tail.replace("\"images\": 1", "\"images\": 400").replace("\"expected\": 1", "\"expected\": 400");
    let services = format!("\"{}\",", names.join("\",\""));
    let tail = tail.replace("\"services\": [", &format!("\"services\": [\"a\",{services}"));
    let tail = tail.replacen("\n    \"a\",", "", 1);
    let whole = format!("{head}{}\n  ],\n  \"total\": {{{tail}", images.join(",\n"));
    assert!(whole.len() > 70 << 20, "{}", whole.len());
    fs::write(fake.case.at("1.json"), whole).unwrap();
    let run = merge(&fake, &["1.json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert!(run.stdout().contains("\n400 images: 400 work; all as expected, "));
}

#[test]
fn a_report_is_not_written_over_one_that_is_merged() {
    let fake = sample();
    shard(&fake, "1.json", &["a"], &["--shard", "1/2"]);
    shard(&fake, "2.json", &["b"], &["--shard", "2/2"]);
    fs::hard_link(fake.case.at("1.json"), fake.case.at("hard.json")).unwrap();
    let fake = Fake { case: fake.case.link("soft.json", "samples/../2.json") };
    let before = [fake.case.read("1.json"), fake.case.read("2.json")];
    for (report, input) in
        [("1.json", "1.json"), ("./2.json", "2.json"), ("hard.json", "1.json"), ("soft.json", "2.json")]
    {
        for force in [&[][..], &["--force"]] {
            let args = [&["1.json", "2.json", "--report", "m.json", "--report", report][..], force].concat();
            merge(&fake, &args).refused(&format!(
                "error: {report}: `--report` would overwrite `{input}`, which is to be merged: give another path\n"
            ));
        }
    }
    assert_eq!([fake.case.read("1.json"), fake.case.read("2.json")], before);
    assert!(!fake.case.has("m.json"), "nothing is written");
}

/// It is read before anything is written, so that it can be brought up to date by the run that is compared with it.
#[test]
fn a_baseline_may_be_the_file_of_a_report() {
    let fake = sample();
    shard(&fake, "1.json", &["a"], &[]);
    shard(&fake, "base.json", &["a"], &[]);
    let fake = fake.run("a", "end exited 3");
    for expected in [1, 0] {
        let run = fake.try_it(&["test", "-q", "a", "--baseline", "base.json", "--report", "base.json"]);
        assert_eq!(run.code(), expected, "{}", run.stdout());
    }
    for expected in [1, 0] {
        let run = merge(&fake, &["1.json", "--baseline", "base.json", "--report", "base.json"]);
        assert_eq!(run.code(), expected, "{}", run.stdout());
    }
}

#[test]
fn a_shard_that_no_report_would_say_is_refused() {
    let fake = sample();
    let what = "error: `--shard 1/2` is written into a JSON report and chooses no services: add `--report FILE.json`; to spread the \
                services over jobs: mkcompose matrix --shards 2\n";
    for args in [
        &["test", "--shard", "1/2"][..],
        &["build", "--shard", "1/2"],
        &["test", "--shard", "1/2", "--report", "r.xml", "--format", "markdown"],
        &["build", "--shard", "1/2", "--report", "r.html"],
    ] {
        fake.try_it(args).refused(what);
        assert_eq!(fake.asked(""), [""; 0]);
    }
    let run = fake.try_it(&["test", "-q", "a", "--shard", "1/1", "--format", "json"]);
    fs::write(fake.case.at("1.json"), run.stdout()).unwrap();
    assert_eq!(merge(&fake, &["1.json"]).code(), 0);
}

/// What no report is about may have been left out of the matrix, or be lost: the matrix says which.
#[test]
fn a_service_of_the_matrix_that_is_in_no_report_is_named() {
    let fake = Fake::of(&["a", "b", "c", "d"]).repository("dockerfiles/Dockerfile.base", "FROM scratch\n");
    let fake = fake.repository("dockerfiles/Dockerfile.c", "FROM minimage:base\n").build("base", "fail 'ERROR: no'");
    shard(&fake, "1.json", &["a"], &["--shard", "1/2"]);
    shard(&fake, "2.json", &["c"], &["--shard", "2/2"]);
    assert!(fake.case.read("2.json").contains("\"service\": \"base\""));
    for format in ["github", "gitlab"] {
        let matrix = |globs: &[&str]| {
            let run = fake.try_it(&[&["matrix", "--shards", "2", "--format", format], globs].concat());
            fs::write(fake.case.at("matrix.json"), run.stdout()).unwrap();
        };
        matrix(&["a", "c"]);
        assert_eq!(merge(&fake, &["1.json", "2.json", "--matrix", "matrix.json"]).code(), 1);
        matrix(&["a", "c", "base"]);
        merge(&fake, &["1.json", "2.json", "--matrix", "matrix.json", "--report", "m.json"]).refused(
            "error: matrix.json: `base` is in no report: give the reports of all jobs, each run with its services\n",
        );
        matrix(&[]);
        merge(&fake, &["1.json", "2.json", "--matrix", "matrix.json", "--report", "m.json"]).refused(
            "error: matrix.json: `b`, `base`, `d` are in no report: give the reports of all jobs, each run with its services\n",
        );
        assert!(!fake.case.has("m.json"));
    }
    merge(&fake, &["1.json", "2.json", "--matrix", "1.json"]).refused(
        "error: 1.json: this is not the output of `mkcompose matrix`: write it with `mkcompose matrix >FILE`\n",
    );
    merge(&fake, &["1.json", "2.json", "--matrix", "samples"])
        .refused("error: samples: not a regular file: give a matrix\n");
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
