//! `build --push`: what was built is pushed once, under its own names, and a registry that fails is no failed Dockerfile.

use serde_json::Value;

use super::fake::{Fake, timeless};

fn report(fake: &Fake) -> Value {
    serde_json::from_str(&fake.case.read("r.json")).unwrap()
}

#[test]
fn what_was_built_is_pushed_with_all_its_names_and_its_digest_is_in_the_report() {
    let fake = Fake::of(&["a", "bad", "c.err", "d.err"])
        .build("bad", "fail 'ERROR: no'")
        .build("c.err", "fail 'ERROR: no'")
        .repository("dockerfiles/Dockerfile.base", "FROM scratch\n")
        .repository("dockerfiles/Dockerfile.child", "# mkcompose: tags=other:child\nFROM minimage:base\n");
    let run = fake.try_it(&["build", "-j", "1", "--push", "--report", "r.json", "a", "bad", "*.err", "child"]);
    assert_eq!(run.code(), 1);
    // Neither what failed, nor what is known not to build, nor a base that was not asked for.
    assert_eq!(fake.asked("push"), ["push minimage:a", "push minimage:child", "push other:child"]);
    let report = report(&fake);
    let digests: Vec<_> = report["images"].as_array().unwrap().iter().map(|image| image["digest"].as_str()).collect();
    assert!(digests[0].is_some_and(|digest| digest.starts_with("sha256:")), "{digests:?}");
    assert_eq!([digests[1], digests[2], digests[4]], [None; 3], "`bad`, `c.err` and `d.err`");
    let line = format!("✓ child  T  built, pushed, {}\n", digests[3].unwrap());
    assert!(timeless(&run.stdout()).contains(&line), "{}", run.stdout());
    assert_eq!(report["settings"]["push"], true);
}

#[test]
fn an_image_that_was_not_pushed_is_unknown_and_tried_again() {
    let words = "received unexpected HTTP status: 500 Internal Server Error";
    let script = format!("[ -e \"$here/pushed\" ] || {{ touch \"$here/pushed\"; fail '{words}'; }}");
    let fake = Fake::of(&["a"]).file("push.a", &script);
    let run = fake.try_it(&["build", "--push", "--report", "r.json"]);
    assert_eq!(run.code(), 2);
    let message = format!("built, but minimage:a was not pushed: {words}");
    assert_eq!(timeless(&run.stdout()), format!("? a  T  unknown: {message}\n"));
    std::fs::remove_file(fake.case.at("engine/pushed")).unwrap();
    assert_eq!(fake.try_it(&["build", "--push", "--report", "r.json", "--retries", "1"]).code(), 0);
    let report = report(&fake);
    assert_eq!(report["images"][0]["tries"][0]["message"], message);
    assert_eq!(report["images"][0]["outcome"], "built");
}

#[test]
fn a_push_is_tried_again_without_a_new_build_and_without_what_the_registry_has() {
    let words = "received unexpected HTTP status: 500 Internal Server Error";
    let script = format!("[ -e \"$here/pushed\" ] || {{ touch \"$here/pushed\"; fail '{words}'; }}");
    let settings = "services: {a: {tags: [\"other:b\", \"other:c\"]}}\n";
    let fake = Fake::of(&["a"]).file("push.b", &script).repository("mkcompose.yml", settings);
    let run = fake.try_it(&["build", "--push", "--report", "r.json", "--retries", "1"]);
    assert_eq!(run.code(), 0, "{}", run.stdout());
    assert_eq!(fake.asked("push"), ["push minimage:a", "push other:b", "push other:b", "push other:c"]);
    assert_eq!(fake.asked("build --progress").len(), 1, "{:?}", fake.asked("build"));
    let message = format!("built and pushed as minimage:a, but other:b was not pushed: {words}");
    assert_eq!(report(&fake)["images"][0]["tries"][0]["message"], message);
}

#[test]
fn names_that_are_the_same_reference_are_pushed_once() {
    let tags =
        r#"["docker.io/library/minimage:a", other, "docker.io/other:a", "other:latest", "docker.io/other:latest"]"#;
    let settings = format!("services: {{a: {{tags: {tags}}}}}\n");
    let fake = Fake::of(&["a"]).repository("mkcompose.yml", settings);
    let run = fake.try_it(&["build", "--push"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert_eq!(fake.asked("push"), ["push minimage:a", "push other:a", "push other:latest"]);
}

#[test]
fn an_image_for_several_platforms_is_refused_before_anything_is_built() {
    let fake = Fake::of(&["a"])
        .repository("dockerfiles/Dockerfile.b.x", "# mkcompose: platforms=linux/amd64, linux/arm64\nFROM scratch\n")
        .repository("dockerfiles/Dockerfile.c", "# mkcompose: platforms=linux/amd64\nFROM scratch\n");
    let run = fake.try_it(&["build", "--push"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    let told = "dockerfiles/Dockerfile.b.x: the image of `b.x` is for several platforms (linux/amd64, linux/arm64), and \
                `build --push` would push it for one: set one of them in `platforms`, or push it for all of them with \
                `docker buildx bake -f docker-compose.yml --push b_x`\n";
    assert!(run.stderr().contains(told), "{}", run.stderr());
    assert_eq!(fake.asked(""), [""; 0]);
    assert_eq!(fake.try_it(&["build"]).code(), 0);
    assert_eq!(fake.try_it(&["build", "--push", "a", "c"]).code(), 0);
}
