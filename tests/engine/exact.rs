//! `mkcompose sizes --exact` on every engine and store: images that are moved from one to the others have the same figures
//! everywhere, to the byte. `.ci/current-engines` starts the engines beside the one that `docker` asks.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{repository, run};
use crate::engine::{ALL, engines, turn_on};
use crate::sizes::told;

/// The repository of the images that are made here, and nowhere else.
const REPOSITORY: &str = "mkcompose-test-exact";

const BIG: u64 = 300_001;

/// Dockerfiles of which each layer's files are known to the byte. Those after the first stand on it.
const DOCKERFILES: [(&str, &str); 5] = [
    ("a.base", "FROM alpine\nRUN head -c 300001 /dev/zero >/big && ln /big /hard && ln -s /big /soft\n"),
    ("a.child", "FROM mkcompose-test-exact:a.base\nCOPY small /small\nRUN rm -r /big /etc/apk\n"),
    ("a.folder", "FROM mkcompose-test-exact:a.base\nWORKDIR /x/y\n"),
    ("b.alone", "FROM scratch\nCOPY small /small\n"),
    ("b.nothing", "FROM scratch\nCMD [\"/x\"]\n"),
];

/// A repository of the Dockerfiles, in a folder that every engine's client sees.
fn made() -> tempfile::TempDir {
    let at = tempfile::Builder::new().prefix("mkcompose-exact-").tempdir_in("/tmp").unwrap();
    fs::create_dir(at.path().join("dockerfiles")).unwrap();
    fs::create_dir(at.path().join("samples")).unwrap();
    fs::write(at.path().join("samples/small"), vec![7; 5001]).unwrap();
    for (service, text) in DOCKERFILES {
        fs::write(at.path().join(format!("dockerfiles/Dockerfile.{service}")), text).unwrap();
    }
    at
}

fn tags() -> Vec<String> {
    DOCKERFILES.iter().map(|(service, _)| format!("{REPOSITORY}:{service}")).collect()
}

/// Builds `services` with `engine`, those that others stand on first.
#[track_caller]
fn build(engine: &Path, at: &Path, services: &[&str]) {
    for service in services {
        let mut command = Command::new(engine);
        command
            .env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
            .args(["build", "--tag"])
            .arg(format!("{REPOSITORY}:{service}"));
        command.arg("--file").arg(at.join(format!("dockerfiles/Dockerfile.{service}"))).arg(at.join("samples"));
        run(&format!("exact.build.{service}"), &mut command).succeeds();
    }
}

/// Moves all images that have layers from one engine to another; no engine of Docker saves the others.
#[track_caller]
fn moved(from: &Path, to: &Path) {
    let tags = tags().into_iter().filter(|tag| !tag.ends_with("nothing"));
    let mut save =
        Command::new(from).arg("save").args(tags).current_dir(repository()).stdout(Stdio::piped()).spawn().unwrap();
    let load = Command::new(to).arg("load").stdin(save.stdout.take().unwrap()).output().unwrap();
    assert!(load.status.success(), "{}", String::from_utf8_lossy(&load.stderr));
    assert!(save.wait().unwrap().success());
}

fn forget(engine: &Path) {
    let _ = Command::new(engine).args(["image", "rm", "--force"]).args(tags()).output();
}

#[track_caller]
fn sizes(name: &str, engine: &Path, at: &Path, args: &[&str]) -> crate::command::Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    command.arg("-C").arg(at).args(["--image", REPOSITORY, "sizes", "--docker"]).arg(engine).args(args);
    run(&format!("exact.{name}"), &mut command)
}

#[test]
#[ignore = "needs a Docker engine"]
fn the_same_images_have_the_same_exact_sizes_on_every_engine_and_a_kilobyte_more_is_seen() {
    let _turns = ALL.map(turn_on);
    let folder = made();
    let at = folder.path();
    let engines = engines();
    let (_, first) = &engines[0];
    let services = DOCKERFILES.map(|(service, _)| service);
    build(first, at, &services);
    let json = ["--exact", "--format", "json"];
    let baseline = sizes("docker", first, at, &json).succeeds().stdout;
    fs::write(at.join("sizes.json"), &baseline).unwrap();
    let baseline: Value = serde_json::from_str(&baseline).unwrap();
    let (images, once) = told(&baseline);

    // What was put into the layers, over whatever the base has. The hard link is the same file.
    let [base, own, _] = images["a.base"];
    assert_eq!((images["b.alone"], images["b.nothing"]), ([5001, 5001, 0], [0, 0, 0]));
    assert_eq!((images["a.child"], images["a.folder"]), ([base + 5001, 5001, base], [base, 0, base]));
    assert!(base > BIG && own == 0, "{base} {own}");
    assert_eq!(once, base + 5001 + 5001);

    for (name, engine) in &engines[1..] {
        forget(engine);
        moved(first, engine);
        build(engine, at, &["b.nothing"]);
        let report: Value = serde_json::from_str(&sizes(name, engine, at, &json).succeeds().stdout).unwrap();
        assert_eq!(told(&report), (images.clone(), once), "{name}");
        check_packed(name, &report, engine);
        let figures = &report["figures"];
        assert_eq!(
            (&figures["kind"], &figures["platform"]),
            (&baseline["figures"]["kind"], &baseline["figures"]["platform"])
        );
        assert_eq!(figures["store"], if *name == "podman" { "overlay" } else { name }, "{figures}");
        sizes(name, engine, at, &["--baseline", "sizes.json"]).succeeds().says("nothing has grown");

        // The same Dockerfile with a kilobyte more.
        fs::write(at.join("samples/small"), vec![7; 6001]).unwrap();
        build(engine, at, &["b.alone"]);
        let grown = ["--baseline", "sizes.json", "--budget"];
        sizes(name, engine, at, &[&grown[..], &["999B"]].concat()).fails().says("b.alone: 5kB → 6kB (+1kB, +20%)");
        sizes(name, engine, at, &[&grown[..], &["1kB"]].concat()).succeeds();
        fs::write(at.join("samples/small"), vec![7; 5001]).unwrap();
        forget(engine);
    }
    forget(first);
}

/// The containerd store alone keeps layers compressed. There they are what `image inspect` counts beside the configuration
/// and the manifest, which are small.
#[track_caller]
fn check_packed(name: &str, report: &Value, engine: &Path) {
    let image =
        |service: &str| report["images"].as_array().unwrap().iter().find(|image| image["service"] == service).unwrap();
    let packed = |service: &str| image(service)["packed"].as_u64();
    if name != "containerd" {
        assert!(report["images"].as_array().unwrap().iter().all(|image| image["packed"].is_null()), "{name}");
        assert!(report["total"]["packed"].is_null(), "{name}");
        return;
    }
    assert_eq!(packed("b.nothing"), Some(0));
    for service in ["a.base", "a.child", "a.folder", "b.alone"] {
        let tag = format!("{REPOSITORY}:{service}");
        let inspected =
            Command::new(engine).args(["image", "inspect", "--format", "{{.Size}}", &tag]).output().unwrap();
        let inspected: u64 = String::from_utf8(inspected.stdout).unwrap().trim().parse().unwrap();
        let beside = inspected.checked_sub(packed(service).unwrap());
        assert!(beside.is_some_and(|beside| (200..10_000).contains(&beside)), "{service}: {inspected}, {beside:?}");
    }
    // Both children stand on the base, and one of them has the layer of `b.alone`: a pull of all transfers both once.
    let [base, child, folder] = ["a.base", "a.child", "a.folder"].map(|service| packed(service).unwrap());
    assert_eq!(report["total"]["packed"].as_u64().unwrap(), child + folder - base);
}

#[test]
#[ignore = "needs a Docker engine"]
fn other_platforms_and_attestations_of_the_containerd_store_are_not_counted() {
    let _turn = turn_on("containerd");
    let folder = made();
    let at = folder.path();
    let (_, engine) = engines().remove(2);
    forget(&engine);
    let dockerfile = at.join("dockerfiles/Dockerfile.b.alone");
    build(&engine, at, &["b.alone"]);
    let alone = sizes("platforms", &engine, at, &["--format", "json", "b.alone"]).succeeds().stdout;
    let alone = serde_json::from_str::<Value>(&alone).unwrap()["images"][0].clone();
    // The last has a layer of its own: one that the engine has unpacked for another image is no longer unknown.
    let builds =
        [("linux/amd64,linux/arm64", "1", 5001), ("linux/amd64,linux/arm64", "0", 5001), ("linux/s390x", "0", 5003)];
    for (platforms, attested, size) in builds {
        fs::write(at.join("samples/small"), vec![7; size]).unwrap();
        let mut command = Command::new(&engine);
        command.env("BUILDX_NO_DEFAULT_ATTESTATIONS", attested).args(["buildx", "build", "--platform", platforms]);
        command.args(["--tag", &format!("{REPOSITORY}:b.alone"), "--file"]).arg(&dockerfile).arg(at.join("samples"));
        run("exact.build.platforms", &mut command).succeeds();
        let report = sizes("platforms", &engine, at, &["--exact", "--format", "json", "b.*"]).succeeds().stdout;
        let report: Value = serde_json::from_str(&report).unwrap();
        let image = report["images"].as_array().unwrap().iter().find(|image| image["service"] == "b.alone").unwrap();
        assert_eq!(image["size"], size, "{platforms} {attested}");
        // As the store counts it, too, an image is that of the engine's own platform, whatever else the store has by its name; the
        // layers of another one are packed alone, and not taken for what they are unpacked.
        let report = sizes("platforms", &engine, at, &["--format", "json", "b.alone"]).succeeds().stdout;
        let report: Value = serde_json::from_str(&report).unwrap();
        let image = &report["images"][0];
        if platforms == "linux/s390x" {
            assert!(image["own"].is_null() && image["shared"].is_null(), "{image}");
        } else {
            assert_eq!(image["size"], alone["size"], "{platforms} {attested}");
            assert_eq!(image["own"], alone["own"], "{platforms} {attested}");
        }
    }
    forget(&engine);
}
