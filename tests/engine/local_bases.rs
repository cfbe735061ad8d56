//! Images that are built on other images of the repository: bases first, and what becomes of the children of one that fails.

use crate::engine::{docker, has_image, turn};
use crate::made_repository::MadeRepository;

fn repository(name: &str) -> MadeRepository {
    MadeRepository::new(name)
        .dockerfile("base", "FROM busybox\nRUN echo base >/x\nCMD cat /x\n")
        .dockerfile("a-child", "FROM IMAGES:base\nCMD cat /x\n")
        .dockerfile("a-grandchild", "FROM busybox\nCOPY --from=IMAGES:a-child /x /y\nCMD cat /y\n")
}

#[test]
#[ignore = "needs a Docker engine"]
fn bases_of_any_depth_are_built_before_what_is_built_on_them() {
    let _turn = turn();
    let made = repository("bases");
    // Alone, so that its bases come by themselves.
    let report = made.report(&["a-grandchild"]);
    assert_eq!(report.keys().collect::<Vec<_>>(), ["a-grandchild"]);
    assert_eq!(report["a-grandchild"]["outcome"], "works", "{report:?}");
    assert_eq!(report["a-grandchild"]["stdout"], "base\n");
    assert!(has_image("mkcompose-test-bases:base"));
    let ran = made.mkcompose(&["build", "-j", "4"]).succeeds();
    assert_eq!(ran.stdout.matches("built").count(), 3, "{}", ran.stdout);
}

#[test]
#[ignore = "needs a Docker engine"]
fn children_of_a_base_that_fails_are_not_tried_and_those_of_an_err_base_are_as_expected() {
    let _turn = turn();
    let made = MadeRepository::new("failed-bases")
        .dockerfile("broken", "FROM busybox\nRUN exit 3\n")
        .dockerfile("on-broken", "FROM IMAGES:broken\nCMD true\n")
        .dockerfile("on-on-broken", "FROM IMAGES:on-broken\nCMD true\n")
        .dockerfile("known.err", "FROM busybox\nRUN exit 4\n")
        .dockerfile("on-known", "FROM IMAGES:known.err\nCMD true\n");
    let ran = made.mkcompose(&["build"]);
    assert_eq!(ran.code, Some(1), "{}", ran.failure("should fail"));
    for line in ["✗ on-broken ", "✗ on-on-broken "] {
        let told = ran.stdout.lines().find(|told| told.starts_with(line)).unwrap_or_default();
        assert!(told.ends_with("not tried: base broken failed"), "{}", ran.stdout);
    }
    assert!(ran.stdout.contains("✓ on-known "), "{}", ran.stdout);
    assert_eq!(made.mkcompose(&["build", "*known*"]).code, Some(0));
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_base_is_found_under_another_reference_by_each_builder() {
    let _turn = turn();
    let made = MadeRepository::new("named-bases")
        .settings("image: mkcompose-test.invalid/named/{service}\nargs: {V: \"1.2\"}\nlabels: {l: v}\n")
        .dockerfile("base", "FROM busybox\nRUN echo base >/x\n")
        .dockerfile(
            "child",
            "ARG R=mkcompose-test.invalid/named\nFROM ${R}/base\nARG V=none\nRUN echo $V >>/x\nCMD cat /x\n",
        );
    for buildkit in ["1", "0"] {
        let ran = made.plainly(&["test", "--format", "json", "child"], &[("DOCKER_BUILDKIT", buildkit)]).succeeds();
        assert!(ran.stdout.contains("\"stdout\": \"base\\n1.2\\n\""), "{}", ran.stdout);
    }
    let image = "mkcompose-test.invalid/named/child";
    let labels =
        docker("named-bases.labels", &["image", "inspect", "--format", "{{index .Config.Labels \"l\"}}", image]);
    assert_eq!(labels.succeeds().stdout, "v\n");
    docker("named-bases.rmi", &["rmi", "--force", image, "mkcompose-test.invalid/named/base"]).succeeds();
}
