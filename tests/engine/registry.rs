//! Base images from a registry that answers with an error: nothing is known of the Dockerfile, on every engine.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use serde_json::Value;

use crate::engine::turn;

/// The answer to a client that begins with TLS, in the words of a server that has none. With others engines do not try HTTP.
const NO_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// A registry on loopback that answers every request with `status`. Its port.
fn registry(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(client, status));
        }
    });
    port
}

fn answer(mut client: TcpStream, status: &str) -> Option<()> {
    let mut first = [0];
    client.peek(&mut first).ok()?;
    if first == [0x16] {
        client.write_all(NO_TLS).ok()?;
        // What is unread would reset the connection before it is read.
        client.shutdown(std::net::Shutdown::Write).ok()?;
        return client.read_to_end(&mut Vec::new()).ok().map(drop);
    }
    let mut lines = BufReader::new(client.try_clone().ok()?).lines();
    while !lines.next()?.ok()?.is_empty() {}
    let login = if status.starts_with("401") { "WWW-Authenticate: Basic realm=\"test\"\r\n" } else { "" };
    let head = format!("HTTP/1.1 {status}\r\n{login}Content-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(head.as_bytes()).ok()
}

/// What a build says of an image from the registry at `port`, with the engine `docker` and these variables: its exit code and
/// the report.
fn build(port: u16, docker: &str, env: &[(&str, &str)]) -> (Option<i32>, Value) {
    // Below /tmp, which every client sees.
    let folder = tempfile::Builder::new().prefix("mkcompose-registry-").tempdir_in("/tmp").unwrap();
    fs::create_dir(folder.path().join("app")).unwrap();
    fs::write(folder.path().join("app/Dockerfile"), format!("FROM 127.0.0.1:{port}/wtmany/x:1\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    command.args(["build", "--docker", docker, "--retries", "1", "--report", "r.json"]).current_dir(folder.path());
    let output = command.envs(env.iter().copied()).output().unwrap();
    let report = fs::read_to_string(folder.path().join("r.json"));
    let report = report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), serde_json::from_str(&report).unwrap())
}

#[test]
#[ignore = "needs a Docker engine"]
fn an_error_of_the_registry_tells_nothing_of_the_dockerfile() {
    let _turn = turn();
    let modern =
        std::env::var("MINIMAGE_MODERN_DOCKER").expect("start a current engine with eval \"$(.ci/current-engines)\"");
    for status in ["500 Internal Server Error", "503 Service Unavailable", "401 Unauthorized", "429 Too Many Requests"]
    {
        let port = registry(status);
        let engines =
            [("docker", "DOCKER_BUILDKIT", "1"), ("docker", "DOCKER_BUILDKIT", "0"), (&modern, "LC_ALL", "C")];
        for (docker, variable, value) in engines {
            let (code, report) = build(port, docker, &[(variable, value)]);
            let image = &report["images"][0];
            assert_eq!(
                (code, image["outcome"].as_str()),
                (Some(2), Some("unknown")),
                "{docker} {value} {status}: {image}"
            );
            assert_eq!(image["tries"].as_array().unwrap().len(), 1, "{docker} {value} {status}");
            let number = status.split(' ').next().unwrap();
            let message = image["message"].as_str().unwrap();
            let says = message.contains(number)
                || message.contains("authentication required")
                || message.contains("no basic auth");
            assert!(says, "{docker} {value} {status}: {message}");
        }
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn an_image_that_the_registry_does_not_have_is_for_the_dockerfile_to_answer_for() {
    let _turn = turn();
    let (code, report) = build(registry("404 Not Found"), "docker", &[("DOCKER_BUILDKIT", "1")]);
    assert_eq!((code, report["images"][0]["outcome"].as_str()), (Some(1), Some("does-not-build")), "{report}");
}
