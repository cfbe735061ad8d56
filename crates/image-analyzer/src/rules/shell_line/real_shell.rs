//! What is said of a line, held against the shell of this machine: a line whose first program or folder is said to be
//! missing fails there.

use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::sample::select;

use super::{Step, steps};

/// Pieces of lines, of which none writes a file or runs for ever.
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

/// Is it said that this line fails?
fn is_said_to_fail(line: &str) -> bool {
    let first = steps(line).into_iter().find(|step| match step {
        Step::Enter(folder, _) => folder == "/absent",
        Step::Assign(..) => false,
        Step::Run(_) => true,
    });
    match first {
        Some(Step::Enter(_, ends)) => ends,
        Some(Step::Run(sentence)) => sentence.words[0].text == "absent",
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]
    #[test]
    fn a_line_that_is_said_to_fail_fails(pieces in proptest::collection::vec(select(&PIECES[..]), 1..8), apart: bool) {
        let line = pieces.join(if apart { " " } else { "" });
        if is_said_to_fail(&line) {
            let mut shell = Command::new("/bin/sh");
            let output = shell.args(["-c", &line]).env_remove("X").current_dir("/").stdin(Stdio::null()).output().unwrap();
            prop_assert!(!output.status.success(), "{line:?}");
        }
    }
}
