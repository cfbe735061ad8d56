//! What `why` finds in lines for a shell, held against the shell of this machine: a line of which something is found fails.

use std::process::{Command, Stdio};

use image_analyzer::{Config, FileTreeBuilder, Image, diagnose};
use proptest::prelude::*;
use proptest::sample::select;

use crate::sample::Sample;

/// Pieces of lines, of which none writes a file, runs for ever, or starts a program of this machine.
const PIECES: [&str; 52] = [
    "absent",
    "absent x",
    "absent $HOME",
    "true",
    "echo a",
    "echo $X",
    "cd /",
    "cd /absent",
    "export A=1",
    "export B=$X",
    "set -e",
    "set -x",
    "&&",
    "&&",
    "&&",
    ";",
    "||",
    "|",
    "&",
    "if",
    "then",
    "fi",
    "{",
    "}",
    "(",
    ")",
    "!",
    "$X",
    "'q'",
    "\"q $X\"",
    ">/dev/null",
    "2>&1",
    "</absent",
    "\n",
    "exec",
    "A=1",
    "A=$X",
    "$(true)",
    "`true`",
    "#",
    "\\",
    "for i in a",
    "case x in x)",
    ";;",
    "esac",
    "f()",
    "command",
    ":",
    "wait",
    "'",
    "\"",
    "${X:-a b}",
];

/// Does `why` say that an image cannot start which has nothing but a shell, and this line for it?
fn is_said_to_fail(line: &str) -> bool {
    let cmd = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
    let files = FileTreeBuilder::new().file("/bin/sh", 0o755, Sample::program().bytes()).build().unwrap();
    !diagnose(&Image::new(Config { cmd, ..Config::default() }, files)).can_start()
}

fn fails(line: &str) -> bool {
    let mut shell = Command::new("/bin/sh");
    let output = shell.args(["-c", line]).env_remove("X").current_dir("/").stdin(Stdio::null()).output().unwrap();
    !output.status.success()
}

#[test]
fn a_line_that_fails_is_told_from_one_that_does_not() {
    for line in ["absent $X", "exec absent", "cd /absent && true", "set -e; absent; true", "absent >/dev/null && true"]
    {
        assert!(is_said_to_fail(line) && fails(line), "{line}");
    }
    for line in
        ["absent || true", "absent; true", "absent | true", "absent &", "if absent; then :; fi", "cd /absent; true"]
    {
        assert!(!is_said_to_fail(line) && !fails(line), "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]
    #[test]
    fn a_line_that_is_said_to_fail_fails(pieces in proptest::collection::vec(select(&PIECES[..]), 1..8), apart: bool) {
        let line = pieces.join(if apart { " " } else { "" });
        prop_assert!(!is_said_to_fail(&line) || fails(&line), "{line:?}");
    }
}
