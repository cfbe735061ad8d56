//! An engine that fails, or dies, on the way: no result is made up, and nothing is left for ever.

use super::fake::Fake;

const DIES: &str = "touch \"$here/dead\"
    fail 'ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF'";

#[test]
fn a_build_that_the_engine_broke_off_is_no_failed_build_not_even_of_the_err_set() {
    let fake = Fake::of(&["a", "b.err", "c"]).build("b.err", DIES);
    let run = fake.try_it(&["build", "-j", "1"]);
    assert_eq!(run.code(), 2);
    let (stdout, stderr) = (run.stdout(), run.stderr());
    assert!(stdout.contains("? b.err  ") && stdout.contains("  unknown: failed to receive status: "), "{stdout}");
    assert!(!stdout.contains("as expected") && !stdout.contains(" c "), "{stdout}");
    assert!(stderr.contains("3 images: 1 built, 1 not begun, 1 unknown in "), "{stderr}");
    assert!(stderr.contains("version` failed (exit status: 1): Cannot connect to the Docker daemon"), "{stderr}");
}

#[test]
fn an_engine_that_comes_back_costs_only_what_it_was_doing() {
    let fake = Fake::of(&["a.err", "b"]).build("a.err", &DIES.replace("touch", ": "));
    let run = fake.try_it(&["build", "-j", "1"]);
    assert_eq!(run.code(), 2);
    assert!(run.stdout().contains("? a.err  ") && run.stdout().contains("✓ b  "), "{}", run.stdout());
    assert!(run.stderr().contains("2 images: 1 built, 1 unknown in "), "{}", run.stderr());
}

/// What builders say of a base image that they could not ask for: BuildKit, podman's builder, and the classic one; and of
/// a step that they could not run.
const OUT_OF_REACH: [&str; 24] = [
    "process \"/bin/sh -c x\" did not complete successfully: network bridge not found",
    "executor failed running [/bin/sh -c x]: network bridge not found",
    "process \"/bin/sh -c x\" did not complete successfully: failed to create endpoint y on network bridge: no",
    "image \"docker.io/library/minimage:a.err\": already exists",
    "golang: failed to do request: Head \"https://r.example/v2/golang\": dial tcp: lookup r.example: no such host",
    "golang: failed to resolve source metadata for r.example/golang: Head \"https://r.example/\": i/o timeout",
    "failed to solve: golang: failed to do request: Head \"https://r.example/\": net/http: TLS handshake timeout",
    "golang: failed to authorize: failed to fetch anonymous token: Get \"https://r.example/\": EOF",
    "initializing source docker://golang: pinging container registry r.example: connect: connection refused",
    "Get \"https://r.example/v2/\": net/http: request canceled while waiting for connection",
    "executor failed running [/bin/sh -c x]: failed to create endpoint y on network bridge: could not find bridge docker0",
    "executor failed running [/bin/sh -c x]: runc did not terminate sucessfully: write: no space left on device",
    "golang: failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example/v2/golang/manifests/sha256:ae: 429 Too Many Requests - Server message: toomanyrequests: slow down",
    "golang: failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example/v2/golang/manifests/sha256:ae: 503 Service Unavailable",
    "Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.",
    "initializing source docker://golang:latest: reading manifest latest in docker.io/library/golang: toomanyrequests: You have reached your pull rate limit.",
    "golang: failed to do request: Head \"https://r.example/v2/golang\": dial tcp 10.0.0.1:443: connect: connection timed out",
    "Error response from daemon: Get \"https://r.example/v2/\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
    "golang: failed to do request: Head \"https://r.example/golang\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
    "golang: failed to copy: read tcp 10.0.0.2:4711->10.0.0.1:443: read: connection reset by peer",
    "failed to copy: unexpected EOF",
    "Canceled: context canceled",
    "rpc error: code = Canceled desc = context canceled",
    "golang: failed to resolve source metadata for r.example/golang: context canceled",
];

#[test]
fn a_base_image_or_an_engine_that_is_out_of_reach_tells_nothing_about_the_dockerfile() {
    for words in OUT_OF_REACH {
        let script = format!("cat >&2 <<'END'\nERROR: {words}\nEND\nexit 1\n");
        let fake = Fake::of(&["a.err", "b"]).build("a.err", &script);
        let run = fake.try_it(&["build", "-j", "1"]);
        assert_eq!(run.code(), 2, "{words}");
        assert!(run.stdout().contains("? a.err  ") && run.stdout().contains("✓ b  "), "{}", run.stdout());
        assert!(run.stderr().contains("2 images: 1 built, 1 unknown in "), "{}", run.stderr());
    }
}

/// The disk is the engine's, whether the engine or a command that writes on it says that it is full. A step that brings a disk of
/// its own, or says the words itself, has failed.
#[test]
fn a_full_disk_of_the_engine_tells_nothing_about_the_dockerfile_but_a_full_disk_of_a_step_does() {
    let run = |step: &str, last: &str| {
        format!(
            "cat >&2 <<'END'\n#5 [2/2] RUN {step}\n#5 1.509 {last}\n#5 1.510 55+0 records out\n\
             #5 ERROR: process \"/bin/sh -c {step}\" did not complete successfully: exit code: 1\n\
             ERROR: process \"/bin/sh -c {step}\" did not complete successfully: exit code: 1\nEND\nexit 1\n"
        )
    };
    let full = "dd: error writing '/x': No space left on device";
    let engine = "ResourceExhausted: write /data/overlay2/x/diff/big: no space left on device";
    for (script, said) in [
        (run("dd of=/x", full), full),
        (format!("echo '#4 [internal] load build context' >&2; fail 'ERROR: failed to solve: {engine}'"), engine),
    ] {
        let fake = Fake::of(&["a", "b.err", "c"]).build("a", &script).build("b.err", &script);
        let run = fake.try_it(&["build", "-j", "1", "--report", "r.json"]);
        assert_eq!(run.code(), 2, "{}", run.stdout());
        let told = format!("  unknown: {said}: free space on the engine's disk, then build again");
        assert_eq!(run.stdout().matches(&told).count(), 2, "{}", run.stdout());
        assert!(run.stdout().contains("✓ c  "), "{}", run.stdout());
        let report: serde_json::Value = serde_json::from_str(&fake.case.read("r.json")).unwrap();
        assert_eq!(report["images"][1]["outcome"], "unknown");
    }
    for (step, said) in [
        ("--mount=type=tmpfs,target=/t dd of=/t/x", full),
        ("dd of=/dev/shm/x", full),
        ("echo No space left on device; exit 1", "No space left on device"),
    ] {
        let run = Fake::of(&["a.err"]).build("a.err", &run(step, said)).try_it(&["build", "-q"]);
        assert_eq!(run.code(), 0, "{step}: {}", run.stdout());
        assert!(run.stdout().contains("does not build, as expected"), "{}", run.stdout());
    }
}

/// What podman says when its runtime cannot make the container of a step, and of one whose command fails.
#[test]
fn a_step_for_which_podman_has_no_container_tells_nothing_about_the_dockerfile() {
    let says = |line: &str| {
        format!(
            "echo 'STEP 2/2: RUN true'; cat >&2 <<'END'\n{line}\n: exit status 1\n\
             Error: building at STEP \"RUN true\": while running runtime: exit status 1\nEND\nexit 1\n"
        )
    };
    let start = "error running container: from /usr/bin/crun creating container for [/bin/sh -c true]: ";
    for words in [
        "setrlimit `RLIMIT_NOFILE`: Operation not permitted",
        "cgroups in hybrid mode not supported, drop all controllers",
    ] {
        let fake = Fake::of(&["a.err"]).file("classic", "").build("a.err", &says(&format!("{start}{words}")));
        let run = fake.try_it(&["build", "-q"]);
        assert_eq!(run.code(), 2, "{words}: {}", run.stdout());
        assert!(run.stdout().contains("? a.err  "), "{}", run.stdout());
    }
    for line in
        [format!("{start}executable file `/bin/sh` not found: No such file or directory"), "cgroup: no".to_owned()]
    {
        let run = Fake::of(&["a.err"]).file("classic", "").build("a.err", &says(&line)).try_it(&["build", "-q"]);
        assert_eq!(run.code(), 0, "{line}: {}", run.stdout());
        assert!(run.stdout().contains("does not build, as expected"), "{}", run.stdout());
    }
}

/// The same words, from a step: what a program of the build says of the network is for the Dockerfile to answer for. So
/// is a base image that the registry says it does not have.
#[test]
fn a_step_that_fails_for_want_of_a_network_and_a_base_image_that_is_not_there_are_failed_builds() {
    for words in [
        "process \"/bin/sh -c curl https://r.example/v2/\" did not complete successfully: exit code: 6",
        "process \"/bin/sh -c ./get; echo failed to do request: no such host\" did not complete successfully: exit code: 1",
        "executor failed running [/bin/sh -c [ -w /nope ] || { echo \"No space left on device\"; exit 1; }]: exit code: 1",
        "The command '/bin/sh -c echo error during connect; exit 1' returned a non-zero code: 1",
        "building at STEP \"RUN wget http://r.example/v2/ || echo connection refused\": while running runtime: exit status 1",
        "golang:none: failed to resolve source metadata for r.example/golang:none: r.example/golang:none: not found",
        "nobody: pull access denied, repository does not exist or may require authorization: server message: denied",
        "golang: unexpected status from HEAD request to https://r.example/v2/golang/manifests/1: 403 Forbidden",
        "golang: failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example/v2/golang/manifests/1: 404 Not Found",
        "toomanyrequests: failed to resolve source metadata for docker.io/library/toomanyrequests:latest: docker.io/library/toomanyrequests:latest: not found",
        "dockerfile parse error on line 2: unknown instruction: closing transport",
        "Error response from daemon: dockerfile parse error line 2: unknown instruction: ERROR DURING CONNECT",
        "failed to calculate checksum of ref a::b: \"/no space left on device\": not found",
        "failed to calculate checksum of ref a::b: failed to walk /tmp/1/closing transport: lstat /tmp/1/closing transport: no such file or directory",
        "COPY failed: file not found in build context or excluded by .dockerignore: stat code = unavailable: file does not exist",
        "failed to process \"${closing transport}\": unsupported modifier (c) in substitution",
        "failed to process \"\\\"${x:context canceled}\": unsupported modifier",
        "process \"/bin/sh -c echo Canceled: context canceled; exit 1\" did not complete successfully: exit code: 1",
    ] {
        let script = format!("cat >&2 <<'END'\nERROR: failed to solve: {words}\nEND\nexit 1\n");
        let run = Fake::of(&["a.err"]).build("a.err", &script).try_it(&["build", "-q"]);
        assert_eq!(run.code(), 0, "{words}: {}", run.stdout());
        assert!(run.stdout().contains("does not build, as expected"), "{}", run.stdout());
    }
}

#[test]
fn a_run_that_the_engine_broke_off_is_unknown_and_the_rest_is_not_begun() {
    let script = "touch \"$here/dead\"; fail 'error waiting for container: unexpected EOF' 125";
    let fake = Fake::of(&["a", "b"]).run("a", script).image("b");
    let run = fake.try_it(&["test", "--no-build", "-j", "1"]);
    assert_eq!(run.code(), 2);
    let (stdout, stderr) = (run.stdout(), run.stderr());
    assert!(stdout.contains("\n?  a        unknown  "), "{stdout}");
    assert!(stdout.contains("\n?  b        not run\n"), "{stdout}");
    assert!(stderr.contains("the connection to the engine was lost"), "{stderr}");
    assert_eq!(fake.asked("run").len(), 1);
    // When the engine is back, the next run removes what the lost one could not.
    assert_eq!(fake.containers().len(), 2, "a container and its state");
    std::fs::remove_file(fake.case.at("engine/dead")).unwrap();
    std::fs::remove_file(fake.case.at("engine/run.a")).unwrap();
    let run = fake.try_it(&["test", "--no-build"]);
    assert_eq!(run.code(), 0);
    assert!(run.stderr().starts_with("removed 1 container left by an interrupted run"), "{}", run.stderr());
    assert_eq!(fake.containers(), [""; 0]);
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next_and_nothing_of_anybody_else() {
    let fake = Fake::of(&["a"]).run("a", "touch \"$here/begun\"; exec sleep 1000");
    let started = fake.start(&["test", "--no-build"]);
    fake.wait_for("begun");
    started.kill();
    let left = fake.containers();
    assert_eq!(left.len(), 2, "a container and its state");
    let label =
        fake.case.read(format!("engine/container.{}", left.iter().find(|name| !name.ends_with(".state")).unwrap()));
    // Somebody else's, a namesake's on another machine, and one of a run that still goes on, which is this process.
    let me = std::process::id();
    let started_at = std::fs::read_to_string(format!("/proc/{me}/stat")).unwrap();
    let started_at = started_at.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap();
    let (world, _) = label.trim_end().rsplit_once('/').unwrap().0.rsplit_once('/').unwrap();
    let mine = format!("{world}/{me}/{started_at}\n");
    let elsewhere = label.replacen("minimage.mkcompose=", "minimage.mkcompose=elsewhere-", 1);
    let fake = fake
        .file("container.theirs", "their.label=1\n")
        .file("container.odd", "minimage.mkcompose=odd\n")
        .file("container.elsewhere", elsewhere)
        .file("container.mine", mine);
    std::fs::remove_file(fake.case.at("engine/run.a")).unwrap();
    let run = fake.try_it(&["test", "--no-build"]);
    assert_eq!(run.code(), 0);
    assert!(run.stderr().starts_with("removed 1 container left by an interrupted run"), "{}", run.stderr());
    let mut kept = fake.containers();
    kept.sort();
    assert_eq!(kept, ["elsewhere", "mine", "odd", "theirs"]);
    assert!(!fake.asked("rm").iter().any(|line| line.contains("theirs")));
}

#[test]
fn a_container_that_cannot_be_removed_is_told() {
    let fake = Fake::of(&["a"]).image("a").file("stuck", "");
    let run = fake.try_it(&["test", "--no-build"]);
    assert_eq!(run.code(), 2);
    assert!(run.stdout().contains("1 image: 1 works; all as expected"), "{}", run.stdout());
    assert!(run.stderr().contains("container is stuck"), "{}", run.stderr());
    assert!(run.stderr().contains("containers may be left: the next run removes them"), "{}", run.stderr());
}

#[test]
fn an_engine_killed_by_a_signal_tells_nothing_of_the_dockerfile() {
    let fake = Fake::of(&["a.err"]).build("a.err", "kill -9 $$");
    let run = fake.try_it(&["build"]);
    assert_eq!(run.code(), 2);
    assert!(run.stdout().starts_with("? a.err  "), "{}", run.stdout());
    assert!(run.stderr().contains("1 image: 1 unknown in "), "{}", run.stderr());
}
