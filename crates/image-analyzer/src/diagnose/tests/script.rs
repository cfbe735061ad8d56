//! Scripts and their interpreters.

use super::{GLIBC, MUSL, ask, cmd, empty, env, glibc, ids};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::Fix;
use crate::tree::builder::FileTreeBuilder;

fn script(text: &str) -> FileTreeBuilder {
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
    assert_eq!(ids(script("#!/bin/sh\necho a\r\n"), cmd(&["/run.sh"])), "", "it is part of an argument");
    assert_eq!(ids(script("#!/bin/sh\necho\r\n"), cmd(&["/run.sh"])), "crlf-in-script", "or of the last command");
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

/// The kernel starts the interpreter without reading permission; it is the interpreter that has to open the script.
#[test]
fn a_script_has_to_be_readable_by_its_interpreter() {
    let tree = |mode, text: &str| {
        let tools = glibc().file("/usr/bin/env", 0o755, Sample::program().bytes());
        let tools = tools.file("/bin/echo", 0o755, Sample::program().bytes());
        tools.owner(1000, 50).file("/run.sh", mode, text)
    };
    let user = |user: &str| Config { user: user.into(), ..cmd(&["/run.sh"]) };
    assert_eq!(ids(tree(0o711, "#!/bin/sh\n"), user("")), "", "root reads all");
    assert_eq!(ids(tree(0o711, "#!/bin/sh\n"), user("1000")), "", "the owner may read");
    assert_eq!(ids(tree(0o711, "#!/bin/sh -e\n"), user("2000")), "script-not-readable");
    assert_eq!(ids(tree(0o751, "#!/bin/sh\n"), user("2000:50")), "", "the group may read");
    assert_eq!(ids(tree(0o711, "#!/usr/bin/env sh\n"), user("2000")), "script-not-readable");
    assert_eq!(ids(tree(0o711, "#!/bin/echo\n"), user("2000")), "", "who knows what it reads");
    let shell = |user: &str| Config { user: user.into(), ..cmd(&["/bin/sh", "-c", "/run.sh"]) };
    assert_eq!(ids(tree(0o711, "echo\n"), shell("2000")), "script-not-readable");
    assert_eq!(ids(tree(0o755, "echo\n"), shell("2000")), "");
    let program = glibc().file("/run.sh", 0o711, Sample::program().bytes());
    assert_eq!(ids(program, user("2000")), "", "the kernel reads a program by itself");
    let nested = tree(0o755, "#!/inner\n").owner(0, 0).file("/inner", 0o711, "#!/bin/sh\n");
    assert_eq!(ids(nested, user("2000")), "script-not-readable", "the shell is given the inner one");
    let nested = tree(0o711, "#!/inner\n").file("/inner", 0o755, "#!/bin/sh\n");
    assert_eq!(ids(nested, user("2000")), "", "it is for the inner one to read the outer");
}

#[test]
fn a_line_longer_than_the_kernel_reads_is_said_to_be_too_long() {
    let tree = script(&format!("#!/{}/sh\n", "a".repeat(300)));
    let diagnosis = ask(tree, cmd(&["/run.sh"]));
    assert_eq!(diagnosis.summary().unwrap(), "the interpreter path of /run.sh is longer than the kernel reads");
    let finding = &diagnosis.findings[0];
    assert_eq!(finding.kind.id(), "script-without-interpreter");
    assert_eq!(finding.fixes, [Fix::FirstLine("#!/bin/sh".into(), b"/run.sh".to_vec())]);
}

#[test]
fn a_fix_for_an_interpreter_is_one_that_could_help() {
    let fixes = |text: &str, tree: FileTreeBuilder| {
        ask(tree.file("/run.sh", 0o755, text), cmd(&["/run.sh"])).findings[0].fixes.clone()
    };
    let tools = || glibc().file("/usr/bin/env", 0o755, Sample::program().bytes());
    let copy = |path: &str| vec![Fix::CopyProgram(path.into())];
    assert_eq!(fixes("#!/usr/bin/env -S nope\n", tools()), copy("/usr/local/bin/nope"), "where env looks");
    assert_eq!(fixes("#!opt/nope\n", tools()), copy("/opt/nope"), "relative to WORKDIR");
    let first = Fix::FirstLine("#!/bin/sh".to_owned(), b"/run.sh".to_vec());
    assert_eq!(fixes("#!/opt\n", tools().folder("/opt", 0o755)), [first], "no chmod helps a folder, and no copy");
}
