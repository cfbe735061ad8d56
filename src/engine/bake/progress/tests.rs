//! What bake said, recorded from buildx 0.29.1 and Docker 28.5 with the containerd store, and what it never says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{BakeProgress, GRACE, blamed, target_of};
use crate::engine::bake::{BakeEvent, BakeLimits};
use crate::engine::build_output::BuildFailure;

/// Two that are built, `t3` on `t0`; one that sleeps; and one that fails at a step.
const STEP_FAILS: &[u8] = include_bytes!("recorded/step-fails.txt");
/// One in the cache, one that does not parse, one that sleeps.
const DOES_NOT_PARSE: &[u8] = include_bytes!("recorded/does-not-parse.txt");
/// One in the cache, one whose base is in a registry that cannot be found, one that sleeps.
const NO_REGISTRY: &[u8] = include_bytes!("recorded/no-registry.txt");

/// What was heard of each target.
#[derive(Debug, Default)]
struct Heard {
    logs: BTreeMap<usize, String>,
    built: Vec<usize>,
    failed: Vec<(usize, BuildFailure)>,
}

fn heard(said: &[u8], bases: &[Vec<usize>]) -> Heard {
    let (mut progress, mut heard, now) = (BakeProgress::new(bases), Heard::default(), Instant::now());
    let mut hear = |place, event: BakeEvent<'_>| match event {
        BakeEvent::Said(line) => {
            heard.logs.entry(place).or_default().push_str(std::str::from_utf8(line).unwrap());
        }
        BakeEvent::Runs(_) => {}
        BakeEvent::Built(_) => heard.built.push(place),
    };
    said.split(|byte| *byte == b'\n').for_each(|line| progress.piece(line, now, &mut hear));
    let failed = progress.failures(now, &mut hear);
    heard.failed = failed.into_iter().map(|(place, failure, _)| (place, failure)).collect();
    heard
}

#[test]
fn a_step_that_fails_is_told_of_its_target_alone_and_what_was_canceled_is_no_failure() {
    let heard = heard(STEP_FAILS, &[vec![], vec![], vec![], vec![0]]);
    assert_eq!(heard.built, [0, 3]);
    let failure = BuildFailure {
        step: Some("[2/2] RUN sleep 3; echo some; echo words >&2; exit 3".to_owned()),
        message: "process \"/bin/sh -c sleep 3; echo some; echo words >&2; exit 3\" did not complete successfully: exit code: 3"
            .to_owned(),
        last: vec!["some".to_owned(), "words".to_owned()],
    };
    assert_eq!(heard.failed, [(2, failure)]);
    assert!(heard.logs[&1].contains("CANCELED\n"), "{}", heard.logs[&1]);
    insta::assert_snapshot!(heard.logs[&2]);
}

#[test]
fn a_dockerfile_that_does_not_parse_is_told_with_its_line() {
    let heard = heard(DOES_NOT_PARSE, &[vec![], vec![], vec![]]);
    assert_eq!(heard.built, [0]);
    let [(1, failure)] = heard.failed.as_slice() else { panic!("{:?}", heard.failed) };
    assert_eq!(failure.step, None);
    assert_eq!(failure.message, "dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)");
    assert!(failure.last.contains(&"   2 | >>> FOO x".to_owned()), "{failure:?}");
}

#[test]
fn a_registry_that_cannot_be_asked_is_told_in_the_words_of_the_builder() {
    let heard = heard(NO_REGISTRY, &[vec![], vec![], vec![]]);
    let [(1, failure)] = heard.failed.as_slice() else { panic!("{:?}", heard.failed) };
    assert_eq!(failure.step.as_deref(), Some("[internal] load metadata for mkc.invalid/nosuch/base:latest"));
    assert!(failure.message.starts_with("failed to do request: Head"), "{failure:?}");
}

/// One line about one vertex.
fn vertex(digest: &str, name: &str, rest: &str) -> String {
    format!(r#"{{"vertexes":[{{"digest":"{digest}","name":"{name}","started":"x"{rest}}}]}}"#)
}

#[test]
fn a_failure_is_that_of_the_base_and_of_all_that_have_the_step_but_not_of_what_is_built_on_them() {
    let error = r#","completed":"y","error":"exit code: 4""#;
    let lines: Vec<_> = (0..4).map(|place| vertex("d", &format!("[t{place} 2/2] RUN x"), error)).collect();
    let said = format!("{}\nERROR: target t2: failed to solve: exit code: 4\n", lines.join("\n"));
    // 2 is built on 1, 1 on 0; 3 has the same step.
    let heard = heard(said.as_bytes(), &[vec![], vec![0], vec![1], vec![]]);
    let failed: Vec<_> = heard.failed.iter().map(|(place, failure)| (*place, failure.message.as_str())).collect();
    assert_eq!(failed, [(0, "exit code: 4"), (3, "exit code: 4")]);
}

#[test]
fn where_it_cannot_be_told_from_that_of_a_base_nobody_is_blamed() {
    let said = b"ERROR: target t1: failed to solve: dockerfile parse error\n";
    assert_eq!(heard(said, &[vec![], vec![0]]).failed, []);
    assert_eq!(heard(said, &[vec![], vec![]]).failed.len(), 1);
}

#[test]
fn a_last_line_that_names_no_target_blames_nobody() {
    for said in [
        "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
        "ERROR: target t9: failed to solve: x",
        "ERROR: target x: failed to solve: x",
        "unknown flag: --progress",
        "",
    ] {
        assert_eq!(heard(said.as_bytes(), &[vec![], vec![]]).failed, [], "{said}");
    }
    assert_eq!(blamed("ERROR: failed to build: target t1: failed to solve: x"), Some((1, "x".to_owned())));
}

#[test]
fn the_lines_of_a_log_are_whole_however_they_come() {
    let log = |data: &str| format!(r#"{{"logs":[{{"vertex":"d","data":"{data}"}}]}}"#);
    // "one\ntw", "o\nthr", and the end without one.
    let said = [
        vertex("d", "[t0 1/1] RUN x", ""),
        log("b25lCnR3"),
        log("bwp0aHI="),
        vertex("d", "[t0 1/1] RUN x", r#","completed":"y""#),
    ];
    let heard = heard(said.join("\n").as_bytes(), &[vec![]]);
    assert_eq!(heard.logs[&0], "#1 [1/1] RUN x\n#1 0.000 one\n#1 0.000 two\n#1 0.000 thr\n#1 DONE 0.000s\n");
}

#[test]
fn names_are_those_that_a_build_of_one_image_gives() {
    for (name, expected) in [
        ("[t7 2/3] RUN x", Some((7, "[2/3] RUN x"))),
        ("[t12 build 2/3] RUN x", Some((12, "[build 2/3] RUN x"))),
        ("[t0] exporting to image", Some((0, "exporting to image"))),
        ("[internal] load local bake definitions", None),
        ("[t] x", None),
        ("[t99999999999999999999 1/1] x", None),
    ] {
        assert_eq!(target_of(name), expected.map(|(place, name)| (place, name.to_owned())), "{name}");
    }
}

/// Whether bake is over, `after` that time, when these targets of three began a step of their own, and the others nothing.
fn is_over(began: &[usize], built: &[usize], after: Duration, limits: BakeLimits) -> bool {
    let bases = [vec![], vec![], vec![]];
    let (mut progress, now) = (BakeProgress::new(&bases), Instant::now());
    let mut hear = |_, _: BakeEvent<'_>| {};
    for place in began {
        let line = vertex(&format!("d{place}"), &format!("[t{place} 1/1] RUN x"), "");
        progress.piece(line.as_bytes(), now, &mut hear);
    }
    for place in built {
        let line = vertex(&format!("e{place}"), &format!("[t{place}] exporting to image"), r#","completed":"y""#);
        progress.piece(line.as_bytes(), now, &mut hear);
    }
    progress.is_over(limits, now.checked_add(after).unwrap())
}

#[test]
fn bake_is_over_when_more_steps_run_than_may_or_nothing_else_is_left() {
    let limits = BakeLimits { steps: 1, may_run_the_last: false };
    assert!(!is_over(&[], &[], GRACE, limits));
    assert!(!is_over(&[0], &[], GRACE, limits));
    assert!(is_over(&[0, 1], &[], GRACE, limits));
    assert!(!is_over(&[0, 1], &[], GRACE / 2, limits), "what is in the cache may look like it for a moment");
    let limits = BakeLimits { steps: 3, may_run_the_last: false };
    assert!(!is_over(&[0, 1], &[], GRACE, limits), "there may be more in the cache");
    assert!(is_over(&[0, 1], &[2], GRACE, limits));
    assert!(is_over(&[0], &[1, 2], GRACE, limits));
    assert!(!is_over(&[0], &[1, 2], GRACE, BakeLimits { may_run_the_last: true, ..limits }));
    assert!(!is_over(&[], &[0, 1, 2], GRACE, limits));
}

#[test]
fn a_step_that_runs_for_some_time_is_told_once() {
    let bases = [vec![]];
    let (mut progress, now, mut told) = (BakeProgress::new(&bases), Instant::now(), Vec::new());
    let mut hear = |place, event: BakeEvent<'_>| {
        if let BakeEvent::Runs(step) = event {
            told.push((place, step.to_owned()));
        }
    };
    progress.piece(vertex("d", "[t0 1/1] RUN x", "").as_bytes(), now, &mut hear);
    for seconds in 0..3 {
        progress.tell_running(now.checked_add(Duration::from_secs(seconds)).unwrap(), &mut hear);
    }
    assert_eq!(told, [(0, "[1/1] RUN x".to_owned())]);
}

proptest! {
    #[test]
    fn no_output_makes_it_panic(
        lines in prop::collection::vec(
            "(\\{\"(vertexes|statuses|logs)\":(null|\\[\\{\"(digest|vertex)\":\"d\",\"(name|id|data|error)\":\"(\\[t[0-3](\\]| ) ?x|aGk=|.{0,8})\"(,\"(started|completed)\":\"x\")?\\}\\])\\}|ERROR: target t[0-9]: .{0,9}|.{0,20})",
            0..12,
        ),
    ) {
        let heard = heard(lines.join("\n").as_bytes(), &[vec![2], vec![0], vec![1]]);
        prop_assert!(heard.failed.iter().all(|(place, _)| *place < 3));
    }
}
