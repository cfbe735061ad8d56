//! What a program that starts will probably miss.

use super::{ask, cmd, empty, env, glibc_with, ids, library, program};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::Fix;
use crate::tree::builder::FileTreeBuilder;

fn go(hints: &[u8]) -> FileTreeBuilder {
    empty().file("/hello", 0o755, Sample::program().data(b"\xff Go buildinf:").data(hints).bytes())
}

#[test]
fn a_program_that_refers_to_certificates_wants_some() {
    let places = b"/etc/ssl/certs/ca-certificates.crt\0";
    let tree = || go(&[&places[..], b"net/http.(*Transport).dialConn\0"].concat());
    let command = || cmd(&["/hello"]);
    let diagnosis = ask(tree(), command());
    assert_eq!(diagnosis.findings[0].kind.id(), "ca-certificates-missing");
    assert!(diagnosis.can_start(), "it is only likely to fail");
    assert_eq!(ids(go(b""), command()), "");
    assert_eq!(ids(go(places), command()), "", "a server of Go has them in it, and does without");
    let other = empty().file("/hello", 0o755, Sample::program().data(places).bytes());
    assert_eq!(ids(other, command()), "ca-certificates-missing", "of others no more is known");
    assert_eq!(ids(tree().file("/etc/ssl/certs/ca-certificates.crt", 0o644, "x"), command()), "");
    assert_eq!(ids(tree().file("/etc/ssl/certs/ca-certificates.crt", 0o644, ""), command()), "ca-certificates-missing");
    assert_eq!(ids(tree().file("/etc/ssl/certs/0123abcd.0", 0o644, "x"), command()), "");
    let own = tree().file("/own.pem", 0o644, "x");
    assert_eq!(ids(own, env(command(), &["SSL_CERT_FILE=/own.pem"])), "");
    assert_eq!(ids(tree(), env(command(), &["SSL_CERT_FILE=/own.pem"])), "ca-certificates-missing");
}

#[test]
fn what_is_likely_comes_after_what_is_certain_or_not_at_all() {
    let tree = empty().file("/hello", 0o755, program(&[]).data(b"/etc/ssl/certs").bytes());
    assert_eq!(ids(tree, cmd(&["/hello"])), "loader-missing");
}

#[test]
fn time_zones_are_wanted_by_who_loads_them_or_by_tz() {
    let zones = b"/usr/share/zoneinfo\0time.LoadLocation\0";
    let set = |zone: &str| env(cmd(&["/hello"]), &[zone]);
    assert_eq!(ids(go(zones), cmd(&["/hello"])), "zoneinfo-missing");
    assert_eq!(ids(go(b"/usr/share/zoneinfo\0"), cmd(&["/hello"])), "", "every Go program knows the place");
    assert_eq!(ids(go(&[zones, &b"time/tzdata.init"[..]].concat()), cmd(&["/hello"])), "");
    assert_eq!(ids(go(zones).file("/usr/share/zoneinfo/UTC", 0o644, "x"), cmd(&["/hello"])), "");
    assert_eq!(ids(go(b"/usr/share/zoneinfo\0"), set("TZ=Europe/Vienna")), "zoneinfo-missing");
    for zone in ["TZ=UTC", "TZ=CET-1CEST", "TZ=", "TZ=Etc/UTC"] {
        assert_eq!(ids(go(b"/usr/share/zoneinfo\0"), set(zone)), "", "{zone}");
    }
}

#[test]
fn users_are_wanted_by_programs_and_not_by_shells() {
    assert_eq!(ids(go(b"/etc/passwd"), cmd(&["/hello"])), "passwd-missing");
    assert_eq!(ids(go(b"/etc/passwd").file("/etc/passwd", 0o644, "x"), cmd(&["/hello"])), "");
    let shell = empty().file("/bin/bash", 0o755, Sample::program().data(b"/etc/passwd").bytes());
    assert_eq!(ids(shell, cmd(&["/bin/bash"])), "");
}

#[test]
fn glibc_before_2_34_looks_names_up_through_a_library_of_its_own() {
    let hello = || program(&["libc.so.6"]).data(b"getaddrinfo\0");
    let tree = |versions: &[&str], hello: Sample| glibc_with(versions).file("/hello", 0o755, hello.bytes());
    let old = ["GLIBC_2.31"];
    assert_eq!(ids(tree(&old, hello()), cmd(&["/hello"])), "name-service-missing");
    assert_eq!(ids(tree(&["GLIBC_2.31", "GLIBC_2.34"], hello()), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(&old, hello().data(b"\xff Go buildinf:")), cmd(&["/hello"])), "", "Go asks by itself");
    assert_eq!(ids(tree(&old, program(&["libc.so.6"])), cmd(&["/hello"])), "");
    let there = tree(&old, hello()).file("/lib/libnss_dns.so.2", 0o644, library("libnss_dns.so.2"));
    assert_eq!(ids(there, cmd(&["/hello"])), "");
}

#[test]
fn java_code_is_not_newer_than_the_runtime() {
    let tree = |major: u8| {
        let class = [&b"\xca\xfe\xba\xbe\0\0\0"[..], &[major], b"rest"].concat();
        empty()
            .file("/opt/java/bin/java", 0o755, Sample::program().bytes())
            .file("/opt/java/release", 0o644, "JAVA_VERSION=\"17.0.2\"\n")
            .link("/usr/bin/java", "/opt/java/bin/java")
            .file("/app/org/Main.class", 0o644, class)
    };
    let java = |words: &[&str]| Config { working_dir: "/app".into(), ..cmd(words) };
    assert_eq!(ids(tree(61), java(&["java", "org.Main"])), "");
    let diagnosis = ask(tree(65), java(&["java", "org.Main"]));
    assert_eq!(diagnosis.summary().unwrap(), "/app/org/Main.class is compiled for Java 21, the image has Java 17");
    assert_eq!(diagnosis.findings[0].fixes, [Fix::JavaRelease(17), Fix::JavaRuntime(21)]);
    assert_eq!(ids(tree(65), java(&["java", "-cp", "/else:/app", "org.Main"])), "class-too-new");
    assert_eq!(ids(tree(65), java(&["java", "-version"])), "");
    assert_eq!(ids(tree(65), java(&["/bin/sh", "-c", "java org.Main"])), "shell-missing");
    let shell = tree(65).file("/bin/sh", 0o755, Sample::program().bytes());
    assert_eq!(ids(shell, java(&["/bin/sh", "-c", "exec java org.Main"])), "class-too-new");
}
