//! Registries: one that answers with an error tells nothing of a Dockerfile; a real one has what was pushed, by its digest.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::engine::turn_on;

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
    let _turns = ["docker", "containerd"].map(turn_on);
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
    let _turns = ["docker", "containerd"].map(turn_on);
    let (code, report) = build(registry("404 Not Found"), "docker", &[("DOCKER_BUILDKIT", "1")]);
    assert_eq!((code, report["images"][0]["outcome"].as_str()), (Some(1), Some("does-not-build")), "{report}");
}

/// A real registry on loopback, which ends with this value.
struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    /// Debian's package `docker-registry`; `MINIMAGE_REGISTRY` names another program.
    fn start(folder: &Path) -> Self {
        let program = std::env::var("MINIMAGE_REGISTRY").unwrap_or_else(|_| "docker-registry".to_owned());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = folder.join("data");
        let settings = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            data.display()
        );
        fs::write(folder.join("registry.yml"), settings).unwrap();
        let mut command = Command::new(&program);
        command.arg("serve").arg(folder.join("registry.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{program}: {error}: apt-get install docker-registry"));
        let registry = Self { child, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        registry
    }

    /// The digest of an image that it has.
    fn digest(&self, image: &str) -> Option<String> {
        let mut client = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let types = ["docker.distribution.manifest.v2", "oci.image.manifest.v1", "oci.image.index.v1"];
        let types = types.map(|kind| format!("application/vnd.{kind}+json")).join(", ");
        let head = format!("HEAD /v2/{image}/manifests/latest HTTP/1.0\r\nAccept: {types}\r\n\r\n");
        client.write_all(head.as_bytes()).unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).unwrap();
        said.lines().find_map(|line| line.strip_prefix("Docker-Content-Digest: ")).map(str::to_owned)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn what_was_pushed_is_in_the_registry_by_the_digest_of_the_report() {
    let _turns = ["docker", "containerd"].map(turn_on);
    let modern =
        std::env::var("MINIMAGE_MODERN_DOCKER").expect("start a current engine with eval \"$(.ci/current-engines)\"");
    for docker in ["docker", &modern] {
        let folder = tempfile::Builder::new().prefix("mkcompose-registry-").tempdir_in("/tmp").unwrap();
        let registry = Registry::start(folder.path());
        let prefix = format!("127.0.0.1:{}/mkcompose-registry", registry.port);
        let settings = format!("image: {prefix}/{{service}}\n");
        for (path, text) in [
            ("mkcompose.yml", settings.as_str()),
            ("base/Dockerfile", "FROM scratch\nCOPY a /\n"),
            ("base/a", docker),
            ("child/Dockerfile", &format!("FROM {prefix}/base\nCOPY b /\n")),
            ("child/b", "b"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let build = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
            command.args(["build", "--docker", docker, "--push", "--report", "r.json"]).current_dir(folder.path());
            let output = command.env("DOCKER_BUILDKIT", "1").output().unwrap();
            let report: Value =
                serde_json::from_str(&fs::read_to_string(folder.path().join("r.json")).unwrap()).unwrap();
            (output.status.code(), report)
        };
        let (code, report) = build();
        assert_eq!(code, Some(0), "{docker}: {report}");
        for (place, service) in ["base", "child"].iter().enumerate() {
            let digest = registry.digest(&format!("mkcompose-registry/{service}"));
            assert!(digest.is_some(), "{docker}: {service}");
            assert_eq!(report["images"][place]["digest"].as_str(), digest.as_deref(), "{docker}: {service}");
        }
        drop(registry);
        let (code, report) = build();
        let image = &report["images"][0];
        assert_eq!((code, image["outcome"].as_str()), (Some(2), Some("unknown")), "{docker}: {image}");
        let message = image["message"].as_str().unwrap();
        assert!(
            message.contains("base:latest was not pushed: ") && message.contains("connection refused"),
            "{message}"
        );
        for service in ["child", "base"] {
            let _ = Command::new(docker).args(["image", "rm", &format!("{prefix}/{service}")]).output();
        }
    }
}
