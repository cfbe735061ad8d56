//! What is expected of each image: in a comment of its Dockerfile, or by what the image says of itself.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::Value;

use super::fake::Fake;
use crate::case::Run;

/// The configuration of an image that EXPOSEs a port.
const EXPOSES: &str = r#"{"ExposedPorts":{"80/tcp":{}}}"#;

/// A repository of one service, `a`, whose Dockerfile says this, and whose image does that.
fn of(dockerfile: &str, config: &str, script: &str) -> Fake {
    let fake = Fake::of(&["a"]).run("a", script).file("image.a", config);
    Fake { case: fake.case.file("dockerfiles/Dockerfile.a", dockerfile) }
}

fn test(fake: &Fake) -> Run {
    fake.try_it(&["test", "--no-build", "-q", "--timeout", "1s", "--format", "json"])
}

/// The exit code, the outcome and whether it was expected.
#[track_caller]
fn answer(run: &Run) -> (i32, String, Value) {
    let report: Value = serde_json::from_str(&run.stdout()).unwrap();
    let image = &report["images"][0];
    (run.code(), image["outcome"].as_str().unwrap().to_owned(), image["expected"].clone())
}

#[track_caller]
fn is(fake: &Fake, code: i32, outcome: &str, expected: impl Into<Value>) {
    let run = test(fake);
    assert_eq!(answer(&run), (code, outcome.to_owned(), expected.into()), "{}", run.stderr());
    assert_eq!(fake.containers(), [""; 0], "a container is left");
}

/// Publishes a port on which `serve` answers each connection, for as long as the test runs.
fn published(fake: Fake, serve: impl Fn(&mut std::net::TcpStream) + Send + 'static) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(|stream| serve(&mut stream.unwrap())));
    fake.file("ports", format!(r#"{{"80/tcp":[{{"HostIp":"127.0.0.1","HostPort":"{port}"}}]}}"#))
}

/// Answers each request with `status`.
fn http(status: &'static str) -> impl Fn(&mut std::net::TcpStream) {
    move |stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes());
    }
}

#[test]
fn an_outcome_as_the_comment_expects_is_success_and_a_better_one_is_news() {
    let cannot_start = "echo 'exec ./a: no such file or directory' >&2; end exited 1";
    is(&of("# mkcompose: expect=cannot start\nFROM scratch\n", "", cannot_start), 0, "cannot-start", true);
    is(&of("# mkcompose: expect=exit 3\nFROM scratch\n", "", "end exited 3"), 0, "exits", true);
    is(&of("# mkcompose: expect=exit 3\nFROM scratch\n", "", "end exited 4"), 1, "exits", false);
    let better = of("# mkcompose: expect=exit 3\nFROM scratch\n", "", "echo hello");
    is(&better, 1, "works", false);
    let run = better.try_it(&["test", "--no-build", "-q"]);
    assert!(run.stdout().contains("expected: exit 3; hello"), "{}", run.stdout());
}

#[test]
fn what_is_meant_to_run_is_success_at_the_timeout() {
    let fake = of("# mkcompose: expect=runs\nFROM scratch\n", "", "exec sleep 1000");
    is(&fake, 0, "runs", true);
    is(&of("# mkcompose: expect=runs\nFROM scratch\n", "", "end exited 0"), 1, "works", false);
}

#[test]
fn standard_output_is_held_against_the_expression() {
    let dockerfile = "# mkcompose: expect.stdout=^Hello, \\w+\nFROM scratch\n";
    is(&of(dockerfile, "", "echo Hello, world"), 0, "works", true);
    is(&of(dockerfile, "", "echo hello"), 1, "wrong-output", false);
}

#[test]
fn a_server_works_as_soon_as_its_exposed_port_accepts_a_connection() {
    let fake = published(of("FROM scratch\n", EXPOSES, "exec sleep 1000"), |_| thread::park());
    is(&fake, 0, "works", true);
    let asked = fake.asked("run");
    assert!(asked[0].contains("--publish 127.0.0.1::80 "), "{asked:?}");
}

#[test]
fn a_port_behind_which_nothing_listens_is_no_answer() {
    let fake = published(of("FROM scratch\n", EXPOSES, "exec sleep 1000"), |_| ());
    is(&fake, 1, "no-answer", false);
    let run = fake.try_it(&["test", "--no-build", "-q", "--timeout", "1s"]);
    assert!(run.stdout().contains("port 80 accepts no connection"), "{}", run.stdout());
}

#[test]
fn an_http_request_must_be_answered_with_a_status_below_400() {
    let dockerfile = "# mkcompose: expect.http=80/health\nFROM scratch\n";
    is(&published(of(dockerfile, "", "exec sleep 1000"), http("204 No Content")), 0, "works", true);
    is(&published(of(dockerfile, "", "exec sleep 1000"), http("503 x")), 1, "no-answer", false);
    is(&of(dockerfile, "", "end exited 0"), 1, "no-answer", false);
}

#[test]
fn an_image_with_a_health_check_works_when_it_is_healthy() {
    let config = r#"{"Healthcheck":{"Test":["CMD","true"]}}"#;
    let with = |health: &str| of("FROM scratch\n", config, "exec sleep 1000").file("state", health);
    let healthy = with(r#"{"Health":{"Status":"healthy","Log":[]}}"#);
    is(&healthy, 0, "works", true);
    assert!(healthy.asked("run")[0].contains("--health-interval=1s"));
    let ill = with(r#"{"Health":{"Status":"starting","Log":[{"ExitCode":1,"Output":"no"}]}}"#);
    is(&ill, 1, "unhealthy", false);
    is(&with(r#"{"Health":{"Status":"starting","Log":[]}}"#), 2, "unknown", Value::Null);
}

#[test]
fn a_server_on_a_remote_engine_is_unknown_and_says_why() {
    for (variable, endpoint) in [("DOCKER_HOST", "tcp://192.0.2.1:2376"), ("DOCKER_HOST", "ssh://me@far")] {
        let fake = of("FROM scratch\n", EXPOSES, "exec sleep 1000");
        let mut command = fake.command(&["test", "--no-build", "-q", "--timeout", "1s"]);
        let run = Run::of(command.env(variable, endpoint).output().unwrap());
        assert_eq!(run.code(), 2, "{}", run.stderr());
        let why = format!("the engine is at {endpoint}, and the ports of its containers cannot be reached from here");
        assert!(run.stdout().contains(&why), "{}", run.stdout());
        assert_eq!(fake.containers(), [""; 0]);
    }
}

#[test]
fn the_endpoint_of_a_context_counts_as_well() {
    let fake = of("FROM scratch\n", EXPOSES, "exec sleep 1000").file("endpoint", "ssh://far");
    is(&fake, 2, "unknown", Value::Null);
}

#[test]
fn a_program_that_ends_is_known_on_a_remote_engine_too() {
    let fake = of("FROM scratch\n", EXPOSES, "end exited 0").file("endpoint", "ssh://far");
    is(&fake, 0, "works", true);
}

#[test]
fn where_only_the_socket_of_another_machine_is_there_a_refused_port_is_unknown() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fake = of("FROM scratch\n", EXPOSES, "exec sleep 1000").file("machine", "elsewhere");
    let fake = fake.file("ports", format!(r#"{{"80/tcp":[{{"HostIp":"127.0.0.1","HostPort":"{port}"}}]}}"#));
    is(&fake, 2, "unknown", Value::Null);
}
