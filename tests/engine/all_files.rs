//! `mkcompose why --all`: what it says of every file of an image, held against what `ldd` and the kernel say in a container.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{Ran, run};
use crate::engine::{docker, turn};

/// The image that is made here.
const IMAGE: &str = "mkcompose-test-all-files";

/// Base images of every kind: glibc, musl, none of both, interpreters, compilers.
const BASES: [&str; 12] = [
    "debian",
    "alpine",
    "busybox",
    "busybox:glibc",
    "python",
    "python:alpine",
    "golang",
    "golang:alpine",
    "openjdk:11",
    "openjdk:alpine",
    "gcc",
    "rust:alpine",
];

/// Takes libraries away, and adds files that cannot run beside some that can.
const DOCKERFILE: &str = r#"FROM debian
RUN find / -xdev -name 'liblzma.so.5*' -o -xdev -name 'libzstd.so.1*' | xargs rm
RUN mkdir /opt/x && cd /opt/x && printf '#!/bin/sh\nexit 0\n' >good && printf '#!/usr/bin/env sh\nexit 0\n' >good-env && \
    printf '#!/usr/bin/gone -x\nexit 0\n' >gone && printf '#!/bin/sh\r\nexit 0\r\n' >crlf && \
    printf '#!/usr/bin/env gone\nexit 0\n' >gone-env && head -c 300 /bin/true >cut && chmod +x *
"#;

/// In the container: a line for each file that cannot run. Of programs and libraries `ldd` says it, of others the kernel.
const REALITY: &str = r#"
find / -xdev -type f \( -perm /111 -o -name '*.so' -o -name '*.so.*' \) ! -path '/proc/*' | while read -r file; do
    if [ "$(head -c 4 "$file" | od -An -tx1 | tr -d ' \n')" = 7f454c46 ]; then
        if ldd "$file" 2>&1 | grep -q 'not found'; then echo "$file"; fi
    fi
done
for file in /opt/x/*; do
    "$file" >/dev/null 2>&1 || echo "$file"
done
"#;

#[track_caller]
fn why(image: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    run(&format!("all-files.{image}").replace('/', "-"), command.args(["why", "--all", "--format", "json", image]))
}

/// The files that are said not to run.
fn said(ran: &Ran) -> BTreeSet<String> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["images"][0]["files"]["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["evidence"][0]["file"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs a Docker engine"]
fn no_file_of_a_base_image_is_said_not_to_run() {
    let _turn = turn();
    for base in BASES {
        assert_eq!(said(&why(base).succeeds()), BTreeSet::new(), "{base}");
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn the_files_that_are_said_not_to_run_are_those_that_do_not() {
    let _turn = turn();
    let mut build = Command::new("docker");
    let mut build =
        build.args(["build", "--tag", IMAGE, "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    build.stdin.take().unwrap().write_all(DOCKERFILE.as_bytes()).unwrap();
    assert!(build.wait().unwrap().success());
    let real = docker("all-files.reality", &["run", "--rm", IMAGE, "bash", "-c", REALITY]).succeeds();
    let real: BTreeSet<String> = real.stdout.lines().map(str::to_owned).collect();
    assert!(real.len() > 5 && real.contains("/opt/x/gone"), "{real:?}");
    let said = said(&why(IMAGE).fails());
    // A library that lacks nothing but what another library lacks is not reported: that other one is.
    let is_library = |file: &&String| file.contains(".so");
    let programs =
        |files: &BTreeSet<String>| files.iter().filter(|file| !is_library(file)).cloned().collect::<Vec<_>>();
    assert_eq!(programs(&said), programs(&real));
    assert!(said.is_subset(&real), "{:?}", said.difference(&real));
    assert_eq!(said.iter().filter(is_library).count(), 2, "{said:?}");
    docker("all-files.rm", &["image", "rm", "--force", IMAGE]).succeeds();
}
