//! Builds with bake, all at once, where the engine has it: each image has the same result as if it were built alone.

use super::fake::{Fake, timeless};

/// What an engine says of itself whose server is new enough.
const VERSION: &str =
    "Client:\n API version: 1.51\n\nServer:\n Engine:\n  API version:      1.51 (minimum version 1.24)\n";

const BAKE: &str = "buildx bake --progress=rawjson --load -f -";

/// That a step of the second target fails, which ends all.
const FAILS: &str = r#"
echo '{"vertexes":[{"digest":"d","name":"[t1 2/2] RUN make","started":"x"}]}' >&2
echo '{"logs":[{"vertex":"d","data":"bm8gcnVsZQo="}]}' >&2
echo '{"vertexes":[{"digest":"d","name":"[t1 2/2] RUN make","started":"x","completed":"y","error":"exit code: 2"}]}' >&2
echo '{"vertexes":[{"digest":"e","name":"[t2 2/2] RUN x","started":"x","completed":"y","error":"exit code: 137: context canceled"}]}' >&2
echo 'ERROR: target t1: failed to solve: exit code: 2' >&2
exit 1"#;

/// With an engine that has bake, which does this.
fn fake(services: &[&str], bake: &str) -> Fake {
    Fake::of(services).file("version", VERSION).file("bake", bake)
}

#[test]
fn all_that_should_build_is_built_by_one_command_and_told_as_if_built_alone() {
    let fake = fake(&["a", "b", "c.err"], "built 1; built 0").build("c.err", "fail 'ERROR: failed to solve: no'");
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 0, "{}", run.stdout());
    let mut told: Vec<_> = timeless(&run.stdout()).lines().map(str::to_owned).collect();
    told.sort();
    assert_eq!(told, ["✓ a  T  built", "✓ b  T  built", "✓ c.err  T  does not build, as expected: no"]);
    assert!(run.stderr().contains("3 images: 2 built, 1 failed as expected in "), "{}", run.stderr());
    assert_eq!(fake.asked("buildx"), [BAKE]);
    assert_eq!(fake.asked("build -").len(), 2, "a question, and the one of the err set: {:?}", fake.asked("build"));
    let definitions: serde_json::Value = serde_json::from_str(&fake.case.read("engine/definitions")).unwrap();
    assert_eq!(definitions["target"]["t1"]["tags"], serde_json::json!(["minimage:b"]));
    assert!(fake.log("a.build.log").contains("#1 exporting to image\n"));
}

#[test]
fn bake_goes_on_without_what_failed_and_what_it_canceled_is_no_failure() {
    let again = r#"if [ -e "$here/again" ]; then built 0; exit 0; fi; touch "$here/again"; built 0"#;
    let fake = fake(&["a", "b", "c", "d"], &format!("{again}{FAILS}"));
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 1);
    let stdout = timeless(&run.stdout());
    for line in
        ["✓ a  T  built", "✗ b  T  does not build: [2/2] RUN make: exit code: 2", "✓ c  T  built", "✓ d  T  built"]
    {
        assert!(stdout.lines().any(|told| told == line), "{stdout}");
    }
    assert!(stdout.ends_with("\nb does not build\n  at [2/2] RUN make\n  | no rule\n  exit code: 2\n"), "{stdout}");
    assert_eq!(fake.asked("build"), [BAKE, BAKE], "nothing was built alone");
    let definitions: serde_json::Value = serde_json::from_str(&fake.case.read("engine/definitions")).unwrap();
    assert_eq!(definitions["target"]["t0"]["tags"], serde_json::json!(["minimage:c"]));
    assert_eq!(fake.log("b.build.log").lines().last(), Some("ERROR: exit code: 2"));
}

#[test]
fn where_bake_is_missing_or_says_nothing_of_an_image_each_is_built_alone() {
    for bake in
        ["fail 'invalid progress mode rawjson'", "echo '{' >&2; exit 1", "kill -9 $$", "fail 'ERROR: target t7: x'"]
    {
        let fake = fake(&["a", "b"], bake);
        let run = fake.try_it(&["build"]);
        assert_eq!(run.code(), 0, "{bake}: {}", run.stdout());
        assert_eq!(fake.asked("build --progress=plain").len(), 2, "{bake}: {:?}", fake.asked("build"));
    }
    let fake = Fake::of(&["a", "b"]).file("version", VERSION);
    assert_eq!(fake.try_it(&["build"]).code(), 0);
    assert_eq!(fake.asked("build --progress=plain").len(), 2);
}

#[test]
fn bake_is_not_tried_for_one_image_on_old_engines_or_where_the_classic_builder_is_asked_for() {
    let one = fake(&["a"], "built 0");
    assert_eq!(one.try_it(&["build"]).code(), 0);
    let old =
        Fake::of(&["a", "b"]).file("bake", "built 0; built 1").file("version", VERSION.replace("1.51 (", "1.41 ("));
    assert_eq!(old.try_it(&["build"]).code(), 0);
    let classic = fake(&["a", "b"], "built 0; built 1");
    // What Go's `strconv.ParseBool` takes for false, as Docker does.
    for value in ["0", "f", "F", "false", "False", "FALSE"] {
        let output = classic.command(&["build", "-q"]).env("DOCKER_BUILDKIT", value).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
    }
    assert_eq!(classic.asked("build --force-rm").len(), 12, "{:?}", classic.asked("build"));
    for fake in [one, old, classic] {
        assert_eq!(fake.asked("buildx"), [""; 0]);
    }
}

#[test]
fn no_more_is_built_at_once_than_was_asked_for() {
    let fake = fake(&["a", "b", "c"], "built 0; runs 1; runs 2; exec sleep 1000");
    let run = fake.try_it(&["build", "-j", "1"]);
    assert_eq!(run.code(), 0);
    assert_eq!(timeless(&run.stdout()), "✓ a  T  built\n✓ b  T  built\n✓ c  T  built\n");
    assert_eq!(fake.asked("build --progress=plain").len(), 2, "{:?}", fake.asked("build"));
}

/// To the builder, a base that is a target and one that is an image are two things: the child would be built anew by the next run.
#[test]
fn what_bake_did_not_come_to_is_baked_alone_where_it_is_built_on_another_image() {
    let begins = "if [ ! -e \"$here/again\" ]; then touch \"$here/again\"; runs 0; runs 2; exec sleep 1000; fi\n";
    for (alone, builds) in [("built 1", 2), ("runs 1; fail 'ERROR: no idea'", 3), ("fail 'no bake' 64", 3)] {
        let fake = fake(&["base", "child", "other"], &format!("{begins}{alone}"))
            .repository_file("dockerfiles/Dockerfile.child", "FROM minimage:base\n");
        let run = fake.try_it(&["build", "-j", "1"]);
        assert_eq!(run.code(), 0, "{}{}", run.stdout(), run.stderr());
        assert_eq!(fake.asked("buildx"), [BAKE, BAKE], "{alone}");
        assert_eq!(fake.asked("build --progress=plain").len(), builds, "{alone}: {:?}", fake.asked("build"));
        let definitions: serde_json::Value = serde_json::from_str(&fake.case.read("engine/definitions")).unwrap();
        assert_eq!(definitions["group"]["default"]["targets"], serde_json::json!(["t1"]), "no image of the base");
        assert_eq!(definitions["target"]["t1"]["contexts"]["minimage:base"], "target:t0");
    }
    // What fails is its own, and a base's is told of the base.
    let fails = FAILS.replace("[t2 2/2]", "[t0 2/2]");
    let fake = fake(&["base", "child", "other"], &format!("{begins}{fails}"))
        .repository_file("dockerfiles/Dockerfile.child", "FROM minimage:base\n");
    let run = fake.try_it(&["build", "-j", "1"]);
    assert_eq!(run.code(), 1);
    let line = "✗ child  T  does not build: [2/2] RUN make: exit code: 2";
    assert!(timeless(&run.stdout()).lines().any(|told| told == line), "{}", run.stdout());
}

#[test]
fn an_engine_that_dies_makes_no_image_fail() {
    let dies = "built 0; touch \"$here/dead\"
        fail 'ERROR: target t1: failed to solve: rpc error: code = Unavailable desc = error reading from server: EOF'";
    let fake = fake(&["a", "b", "c"], dies);
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 2);
    let (stdout, stderr) = (timeless(&run.stdout()), run.stderr());
    assert!(stdout.contains("✓ a  T  built\n") && stdout.contains("? b  T  unknown: "), "{stdout}");
    assert!(!stdout.contains('✗'), "{stdout}");
    assert!(stderr.contains("the connection to the engine was lost"), "{stderr}");
}

#[test]
fn after_a_signal_bake_ends_what_it_began_and_after_two_what_ran_is_cut_off() {
    let script = "built 0; runs 1; touch \"$here/begun\"; until [ -e \"$here/go\" ]; do sleep 0.01; done; built 1";
    let fake = fake(&["a", "b", "c.err"], script).build("c.err", "touch \"$here/other\"; fail no");
    let started = fake.start(&["build"]);
    fake.wait_for("begun");
    fake.wait_for("other");
    started.signal("INT");
    started.wait_said("stopping: ");
    let _fake = fake.file("go", "");
    let run = started.end();
    assert_eq!(run.code(), 130);
    assert!(timeless(&run.stdout()).contains("✓ b  T  built\n"), "{}", run.stdout());

    let fake = self::fake(&["a", "b", "c"], "built 0; runs 1; touch \"$here/begun\"; exec sleep 1000");
    let started = fake.start(&["build"]);
    fake.wait_for("begun");
    started.signal("INT");
    started.wait_said("stopping: ");
    started.signal("INT");
    let run = started.end();
    assert_eq!(run.code(), 130);
    let stdout = timeless(&run.stdout());
    assert!(stdout.contains("✓ a  T  built\n") && stdout.contains("? b  T  cut off\n"), "{stdout}");
    assert!(run.stderr().contains("3 images: 1 built, 1 cut off, 1 not begun in "), "{}", run.stderr());
}

#[test]
fn an_image_that_another_run_named_at_the_same_moment_is_built_alone() {
    let race = r#"built 0
        echo '{"vertexes":[{"digest":"d","name":"[t1] exporting to image","started":"x","completed":"y","error":"image \"docker.io/library/minimage:b\": already exists"}]}' >&2
        fail 'ERROR: target t1: failed to solve: image "docker.io/library/minimage:b": already exists'"#;
    let fake = fake(&["a", "b", "c"], race);
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 0, "{}", run.stdout());
    assert_eq!(fake.asked("build --progress=plain").len(), 2);
}

#[test]
fn what_is_built_on_a_base_that_fails_is_not_tried() {
    let bake = r#"if [ -e "$here/again" ]; then built 0; exit 0; fi; touch "$here/again"
        echo '{"vertexes":[{"digest":"d","name":"[t0 2/2] RUN x","started":"x","completed":"y","error":"exit code: 2"}]}' >&2
        echo '{"vertexes":[{"digest":"d","name":"[t1 2/2] RUN x","started":"x","completed":"y","error":"exit code: 2"}]}' >&2
        fail 'ERROR: target t1: failed to solve: exit code: 2'"#;
    let fake = fake(&["base", "child", "other"], bake)
        .repository_file("dockerfiles/Dockerfile.child", "FROM minimage:base\n")
        .repository_file("dockerfiles/Dockerfile.base", "FROM x\nRUN x\n");
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 1);
    let stdout = timeless(&run.stdout());
    assert!(stdout.contains("✗ base  T  does not build: [2/2] RUN x: exit code: 2\n"), "{stdout}");
    assert!(stdout.contains("child    not tried: base base failed\n"), "{stdout}");
    assert_eq!(
        fake.asked("build --progress=plain"),
        ["build --progress=plain --load -f ./dockerfiles/Dockerfile.other -t minimage:other ./samples"]
    );
}

/// What buildx 0.13 writes: documents of many lines, between lines of text.
const INDENTED: &str = r#"cat >&2 <<'END'
WARNING: something
{
  "vertexes": [
    {
      "digest": "sha256:aa",
      "name": "[t1 2/2] RUN make",
      "started": "x"
    }
  ]
}
{
  "logs": [
    {
      "vertex": "sha256:aa",
      "data": "bm8gcnVsZQo="
    }
  ]
}
{
  "vertexes": [
    {
      "digest": "sha256:aa",
      "name": "[t1 2/2] RUN make",
      "started": "x",
      "completed": "y",
      "error": "exit code: 2"
    }
  ]
}
ERROR: target t1: failed to solve: exit code: 2
END
exit 1"#;

#[test]
fn documents_of_many_lines_are_understood_too() {
    let fake = fake(
        &["a", "b", "c"],
        &format!("if [ -e \"$here/again\" ]; then built 0; built 1; exit 0; fi; touch \"$here/again\"; {INDENTED}"),
    );
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 1);
    let stdout = timeless(&run.stdout());
    assert!(stdout.contains("✗ b  T  does not build: [2/2] RUN make: exit code: 2\n"), "{stdout}");
    assert!(stdout.ends_with("\nb does not build\n  at [2/2] RUN make\n  | no rule\n  exit code: 2\n"), "{stdout}");
    assert_eq!(fake.asked("build"), [BAKE, BAKE], "nothing was built alone");
}

#[test]
fn where_nothing_that_bake_says_is_understood_it_is_ended_and_each_is_built_alone() {
    for bake in ["echo nothing >&2; exit 0", "exit 0", "echo nothing >&2; exec sleep 1000"] {
        let fake = fake(&["a", "b"], bake);
        let run = fake.try_it(&["build", "-j", "1"]);
        assert_eq!(run.code(), 0, "{bake}: {}", run.stdout());
        assert_eq!(fake.asked("build --progress=plain").len(), 2, "{bake}: {:?}", fake.asked("build"));
    }
}

#[test]
fn what_bake_writes_to_stdout_does_not_get_between_what_it_says_on_stderr() {
    let fake = fake(&["a", "b"], "printf '{\"vert'; sleep 0.2; built 0; built 1");
    assert_eq!(fake.try_it(&["build"]).code(), 0);
    assert_eq!(fake.log("a.build.log"), "#1 exporting to image\n#1 DONE 0.000s\n");
}

#[test]
fn logs_of_many_images_do_not_use_up_the_files_that_a_process_may_have_open() {
    let services: Vec<String> = (100..200).map(|n| format!("s{n}")).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    // A line for each, and then the rest for each.
    let bake = "for n in $(seq 0 99); do runs $n; done; for n in $(seq 0 99); do built $n; done";
    let fake = fake(&services, bake);
    let script = "ulimit -n 64; exec \"$MKCOMPOSE\" build -q";
    let output = fake.command_under("sh", ["-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for service in services {
        let log = fake.log(&format!("{service}.build.log"));
        assert_eq!(log, "#1 [2/2] RUN make\n#2 exporting to image\n#2 DONE 0.000s\n", "{service}");
    }
}

#[test]
fn what_was_built_stays_built_whatever_bake_says_afterwards_and_that_is_in_its_log() {
    for wait in ["", "sleep 0.4; "] {
        let bake = format!("built 0; built 1; {wait}fail 'ERROR: target t1: failed to solve: failed to export: no'");
        let fake = fake(&["a", "b"], &bake);
        let run = fake.try_it(&["build"]);
        assert_eq!((run.code(), fake.asked("build")), (0, vec![BAKE.to_owned()]), "{}", run.stdout());
        assert!(fake.log("b.build.log").ends_with("ERROR: failed to export: no\n"), "{}", fake.log("b.build.log"));
    }
}

#[test]
fn an_image_whose_build_was_only_canceled_is_built_alone() {
    let fake = fake(&["a", "b", "c"], "built 0; fail 'ERROR: target t1: failed to solve: Canceled: context canceled'");
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 0, "{}", run.stdout());
    assert_eq!(fake.asked("build --progress=plain").len(), 2, "{:?}", fake.asked("build"));
}

/// Bake, which waits, and then has built both images, which the engine has.
const BOTH: &str = r#"touch "$here/begun"; until [ -e "$here/go" ]; do sleep 0.01; done
    touch "$here/image.a" "$here/image.b"; built 0; built 1"#;

#[test]
fn after_a_signal_what_bake_built_is_told_and_neither_run_nor_pushed() {
    for (args, word) in [(&["test"][..], "run "), (&["build", "--push"], "push ")] {
        let fake = fake(&["a", "b"], BOTH);
        let started = fake.start(&[args, &["--report", "r.json"]].concat());
        fake.wait_for("begun");
        started.signal("INT");
        started.wait_said("stopping: ");
        let fake = fake.file("go", "");
        let run = started.end();
        assert_eq!((run.code(), fake.asked(word)), (130, vec![]), "{}", run.stdout());
        let report: serde_json::Value = serde_json::from_str(&fake.case.read("r.json")).unwrap();
        for image in report["images"].as_array().unwrap() {
            assert!(image["build_seconds"].is_number(), "it was built: {image}");
            assert_eq!(image["expected"], serde_json::Value::Null, "{image}");
        }
    }
}

#[test]
fn after_the_engine_is_lost_what_bake_built_is_neither_run_nor_pushed() {
    let dies = "touch \"$here/dead\"; fail 'error waiting for container: unexpected EOF' 125";
    for (args, word) in [(&["test"][..], "run "), (&["build", "--push"], "push ")] {
        let bake = "touch \"$here/image.a\" \"$here/image.b\" \"$here/image.c\"; built 0; built 1; built 2";
        let fake = fake(&["a", "b", "c"], bake).file("run.a", dies).file("push.a", dies);
        let run = fake.try_it(&[args, &["-j", "1"]].concat());
        assert_eq!((run.code(), fake.asked(word).len()), (2, 1), "{:?}", fake.asked(word));
        assert!(run.stderr().contains("the connection to the engine was lost"), "{}", run.stderr());
    }
}
