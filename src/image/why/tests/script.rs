//! Scripts and their interpreters.

use super::{GLIBC, MUSL, cmd, empty, env, glibc, ids, program};
use crate::image::builder::Builder;
use crate::image::elf::sample::Sample;

fn script(text: &str) -> Builder {
    glibc().file("/run.sh", 0o755, text)
}

#[test]
fn a_script_needs_its_interpreter() {
    assert_eq!(ids(script("#!/bin/sh\n"), cmd(&["/run.sh"])), "");
    assert_eq!(ids(script("#!/bin/bash\n"), cmd(&["/run.sh"])), "interpreter-missing");
    assert_eq!(ids(script("#! /bin/sh -e\n"), cmd(&["/run.sh"])), "");
}

#[test]
fn a_carriage_return_is_part_of_the_interpreters_name() {
    assert_eq!(ids(script("#!/bin/sh\r\necho\r\n"), cmd(&["/run.sh"])), "crlf-in-script");
    assert_eq!(ids(script("#!/bin/sh -e\r\necho\r\n"), cmd(&["/run.sh"])), "crlf-in-script");
    assert_eq!(ids(script("#!/bin/sh\necho\r\n"), cmd(&["/run.sh"])), "", "only the first line counts");
}

#[test]
fn a_text_without_interpreter_is_for_a_shell_only() {
    assert_eq!(ids(script("echo\n"), cmd(&["/run.sh"])), "script-without-interpreter");
    assert_eq!(ids(script("echo\n"), cmd(&["/bin/sh", "-c", "/run.sh"])), "");
    assert_eq!(ids(script("#!\n"), cmd(&["/run.sh"])), "script-without-interpreter");
    assert_eq!(ids(script(""), cmd(&["/run.sh"])), "unknown-format");
    assert_eq!(ids(script("MZ\0\0"), cmd(&["/run.sh"])), "unknown-format");
}

#[test]
fn env_looks_for_the_interpreter_in_path() {
    let tree = |text: &str| {
        script(text).file("/usr/bin/env", 0o755, Sample::program().bytes()).file(
            "/usr/bin/python3",
            0o755,
            Sample::program().bytes(),
        )
    };
    assert_eq!(ids(tree("#!/usr/bin/env python3\n"), cmd(&["/run.sh"])), "");
    assert_eq!(ids(tree("#!/usr/bin/env ruby\n"), cmd(&["/run.sh"])), "interpreter-missing");
    assert_eq!(ids(tree("#!/usr/bin/env python3\r\n"), cmd(&["/run.sh"])), "crlf-in-script");
    assert_eq!(ids(tree("#!/usr/bin/env python3 -u\n"), cmd(&["/run.sh"])), "interpreter-missing");
    assert_eq!(ids(tree("#!/usr/bin/env -S python3 -u\n"), cmd(&["/run.sh"])), "");
    assert_eq!(ids(tree("#!/usr/bin/env -S ruby -w\n"), cmd(&["/run.sh"])), "interpreter-missing");
    let config = env(cmd(&["/run.sh"]), &["PATH=/bin"]);
    assert_eq!(ids(tree("#!/usr/bin/env python3\n"), config), "interpreter-missing");
}

#[test]
fn the_interpreter_is_followed_too() {
    let tree = |loader: &str| {
        script("#!/opt/python\n").file("/opt/python", 0o755, Sample::with_loader(loader).needs("libc.so.6").bytes())
    };
    assert_eq!(ids(tree(GLIBC), cmd(&["/run.sh"])), "");
    assert_eq!(ids(tree(MUSL), cmd(&["/run.sh"])), "musl-program-on-glibc");
    let tree = script("#!/opt/python\n").file("/opt/python", 0o644, Sample::program().bytes());
    assert_eq!(ids(tree, cmd(&["/run.sh"])), "interpreter-not-executable");
}

#[test]
fn scripts_may_have_scripts_as_interpreters_five_deep() {
    let tree = |depth: usize| {
        let names = (0..depth).map(|n| (format!("/s{n}"), format!("#!/s{}\n", n + 1)));
        names.fold(glibc(), |tree, (name, text)| tree.file(name, 0o755, text)).file(
            format!("/s{depth}"),
            0o755,
            Sample::program().bytes(),
        )
    };
    assert_eq!(ids(tree(5), cmd(&["/s0"])), "");
    assert_eq!(ids(tree(6), cmd(&["/s0"])), "interpreters-nested");
    assert_eq!(ids(empty().file("/s", 0o755, "#!/s\n"), cmd(&["/s"])), "interpreters-nested");
}
