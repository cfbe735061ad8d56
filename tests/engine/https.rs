//! A server that answers as icanhazip.com on the tests' network, with a certificate of the tests' own authority.
//!
//! `tests/bases/build` puts that authority into the CA bundle of each base that has one. Official base images do not
//! know it, so with them there is no server, and the real one is asked.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::command::{run, scratch};
use crate::engine::{docker, has_stand_ins};

/// The network that the containers under test are on.
pub(crate) const NETWORK: &str = "minimage-test";
/// The server's container.
const SERVER: &str = "minimage-test-https";
/// The image it runs in: any with Python does.
const IMAGE: &str = "python:slim";

/// The network, and the server on it; both go with this.
pub(crate) struct Server;

impl Server {
    /// Makes the network and waits until the server on it answers.
    #[track_caller]
    pub(crate) fn start() -> Self {
        clear();
        let server = Self;
        // An engine can hold on to a network after its last container; then it is used as it is.
        if docker("https.network-inspect", &["network", "inspect", NETWORK]).code != Some(0) {
            docker("https.network", &["network", "create", NETWORK]).succeeds();
        }
        if has_stand_ins() {
            let folder = scratch().join("https");
            certify(&folder);
            let alias = ["create", "--name", SERVER, "--network", NETWORK, "--network-alias", "icanhazip.com"];
            let serve = ["--workdir", "/srv", IMAGE, "python", "server.py"];
            docker("https.create", &[&alias[..], &serve[..]].concat()).succeeds();
            let files = format!("{}/.", folder.display());
            docker("https.copy", &["cp", &files, &format!("{SERVER}:/srv")]).succeeds();
            docker("https.start", &["start", SERVER]).succeeds();
            wait_until_ready();
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        clear();
    }
}

/// Removes the server and the network, if they are there.
fn clear() {
    docker("https.rm", &["rm", "--force", SERVER]);
    docker("https.network-rm", &["network", "rm", NETWORK]);
}

/// Fills `folder` with the server, its key, and a certificate for icanhazip.com.
#[track_caller]
fn certify(folder: &Path) {
    let authority =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: eval \"$(tests/bases/build)\""));
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("server.py"), include_str!("server.py")).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]);
    openssl.args(["-subj", "/CN=icanhazip.com", "-addext", "subjectAltName=DNS:icanhazip.com"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:false"]);
    openssl.args(["-CA", &authority("MINIMAGE_CA_CERT"), "-CAkey", &authority("MINIMAGE_CA_KEY")]);
    openssl.arg("-keyout").arg(folder.join("server.key")).arg("-out").arg(folder.join("server.crt"));
    run("https.certificate", &mut openssl).succeeds();
}

/// Waits for the line that the server prints once it listens.
#[track_caller]
fn wait_until_ready() {
    for _ in 0..300 {
        if docker("https.logs", &["logs", SERVER]).succeeds().stdout.contains("ready") {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{}", docker("https.logs", &["logs", SERVER]).failure("should say `ready` within half a minute"));
}
