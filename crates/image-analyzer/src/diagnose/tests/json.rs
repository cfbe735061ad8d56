//! Lists of words that are not valid JSON, and lines after `#!` that are read as one word.

use super::{ask, cmd, empty, glibc, ids};
use crate::elf::test_builder::Sample;
use crate::finding::{Fix, Instruction};
use crate::tree::builder::FileTreeBuilder;

fn sh(line: &str) -> crate::config::Config {
    cmd(&["/bin/sh", "-c", line])
}

fn tree() -> FileTreeBuilder {
    glibc().file("/bin/hello", 0o755, Sample::program().bytes())
}

#[test]
fn a_list_that_is_not_json_is_a_line_for_the_shell() {
    for line in
        ["['hello', 'x']", "[\"hello\", \"x\",]", "[\"hello\", \"x\"", "[\u{201c}hello\u{201d}, \u{201c}x\u{201d}]"]
    {
        let said = ask(tree(), sh(line));
        assert_eq!(said.findings[0].kind.id(), "json-form-invalid", "{line}");
        let meant = Fix::ExecForm(Instruction::Cmd, super::words(&["hello", "x"]));
        assert_eq!(said.findings[0].fixes, [meant], "{line}");
    }
    for line in ["[ -x /bin/hello ]", "[ 'a' ]", "['hello'] || hello", "hello '[a]'"] {
        assert_eq!(ids(tree(), sh(line)), "", "{line}");
    }
    assert_eq!(ids(tree().file("/h", 0o755, ""), sh("['hello']")), "", "a pattern may fit a file");
    let said = ask(empty(), sh("['hello']"));
    assert_eq!(said.findings[0].kind.id(), "shell-missing");
    assert_eq!(said.findings[0].fixes[0], Fix::ExecForm(Instruction::Cmd, super::words(&["hello"])));
}

#[test]
fn the_kernel_hands_on_one_argument() {
    let tree = |line: &str| {
        let tool = || Sample::program().bytes();
        tree()
            .file("/run", 0o755, format!("{line}\n"))
            .file("/usr/bin/env", 0o755, tool())
            .file("/bin/bash", 0o755, tool())
            .file("/usr/bin/python3", 0o755, tool())
    };
    for (line, meant) in [
        ("#!/bin/sh -e -u", "#!/bin/sh -eu"),
        ("#!/bin/bash -eu -o pipefail", "#!/usr/bin/env -S /bin/bash -eu -o pipefail"),
        ("#!/usr/bin/python3 -u -E", "#!/usr/bin/python3 -uE"),
    ] {
        let said = ask(tree(line), cmd(&["/run"]));
        assert_eq!(said.findings[0].kind.id(), "interpreter-option", "{line}");
        assert_eq!(said.findings[0].fixes, [Fix::FirstLine(meant.to_owned(), b"/run".to_vec())], "{line}");
    }
    for line in [
        "#!/bin/sh -eu",
        "#!/bin/sh -e ",
        "#!/usr/bin/python3 -X dev",
        "#!/usr/bin/env -S sh -e -u",
        "#!/bin/perl -w -T",
    ] {
        assert!(!ids(tree(line), cmd(&["/run"])).contains("option"), "{line}");
    }
    let said = ask(tree("#!/usr/bin/env A=1 bash"), cmd(&["/run"]));
    assert_eq!(said.summary().unwrap(), "the script /run starts itself for ever");
    assert_eq!(said.findings[0].fixes, [Fix::FirstLine("#!/usr/bin/env -S A=1 bash".to_owned(), b"/run".to_vec())]);
    assert_eq!(ids(tree("#!/usr/bin/env -S A=1 bash"), cmd(&["/run"])), "");
}
