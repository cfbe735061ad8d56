//! The command that `--check` says will mend it: pasted into a shell, it does.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::case::Case;

#[test]
fn the_command_that_mends_it_has_the_same_flags() {
    let case = Case::of(&["a"]).folder("it's");
    let run = case.run(["--check", "-o", "it's/c.yml", "--context", "it's", "--image", "x/y"]);
    assert!(
        run.stderr().ends_with("to update them, run: mkcompose --context 'it'\\''s' --image x/y -o 'it'\\''s/c.yml'\n"),
        "{}",
        run.stderr()
    );
    let output =
        case.command_under(&["sh", "-c", "exec \"$0\" --context 'it'\\''s' --image x/y -o 'it'\\''s/c.yml'"], &[]);
    let mut output = output;
    assert!(output.output().unwrap().status.success());
    case.run(["--check", "-q", "-o", "it's/c.yml", "--context", "it's", "--image", "x/y"]).well("");
}

#[test]
fn the_command_that_mends_it_makes_the_folders_that_are_missing() {
    let case = Case::of(&["a", "b.err"]);
    let flags = ["-o", "new/it's/c.yml", "--err-output", "other/e.yml"];
    let run = case.run(flags.into_iter().chain(["--check"]));
    let mend = "mkdir -p 'new/it'\\''s' other && mkcompose -o 'new/it'\\''s/c.yml' --err-output other/e.yml";
    assert!(run.stderr().ends_with(&format!("to update them, run: {mend}\n")), "{}", run.stderr());
    let script = mend.replace("mkcompose", "\"$0\"");
    assert!(case.command_under(&["sh", "-c", &script], &[]).output().unwrap().status.success());
    case.run(flags.into_iter().chain(["--check", "-q"])).well("");
}

/// Runs what `--check` with `flags` says into `shell`, and checks again.
#[track_caller]
fn mends(case: &Case, shell: &str, flags: &[&OsStr], expected: &str) {
    let check: Vec<_> = flags.iter().copied().chain([OsStr::new("--check")]).collect();
    let run = case.run(&check);
    assert_eq!(run.code(), 1);
    let stderr = run.stderr();
    let mend = stderr.lines().last().and_then(|line| line.strip_prefix("to update them, run: ")).unwrap();
    assert_eq!(mend, expected.replace("CASE", &case.path().display().to_string()));
    let script = format!("mkcompose() {{ \"$0\" \"$@\"; }}\n{mend}");
    let output = case.command_under(&[shell, "-c", &script], &[]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    case.run(check.iter().copied().chain([OsStr::new("-q")])).well("");
}

#[test]
fn it_mends_names_with_control_characters_and_bytes_that_are_not_utf8() {
    let case = Case::of(&["a", "b.err"]);
    let flags = [b"-o".as_slice(), b"t\ta'b\\/\x1b7\xff0.yml", b"--err-output", "n\n\u{202e}/é e.yml".as_bytes()];
    let expected = r"mkdir -p $'t\011a\'b\\' $'n\012\342\200\256' && mkcompose -o $'t\011a\'b\\/\0337\3770.yml' --err-output $'n\012\342\200\256/é e.yml'";
    mends(&case, "bash", &flags.map(OsStr::from_bytes), expected);
}

#[test]
fn it_mends_names_that_begin_like_flags() {
    let case = Case::of(&["a"]).folder("-s");
    // To zsh, a word that begins with `=` is one, too.
    assert!(case.run(["--check", "-o", "=x"]).stderr().ends_with(" -o '=x'\n"));
    let flags = ["--context=-s", "-o=-x/f.yml", "--err-output=-e.yml"].map(OsStr::new);
    mends(&case, "sh", &flags, "mkdir -p -- -x && mkcompose --context=-s -o=-x/f.yml --err-output=-e.yml");
}

#[test]
fn it_mends_a_folder_that_is_a_link_to_one_that_is_yet_to_be() {
    let case = Case::of(&["a"]).link("dl", "nowhere/at all");
    mends(&case, "sh", &["-o", "dl/x.yml"].map(OsStr::new), "mkdir -p 'CASE/nowhere/at all' && mkcompose -o dl/x.yml");
    let case = Case::of(&["a"]).link("dl", "nowhere");
    mends(&case, "sh", &["-o", "dl/in/x.yml"].map(OsStr::new), "mkdir -p CASE/nowhere/in && mkcompose -o dl/in/x.yml");
    let case = Case::of(&["a"]).link("dl", "nowhere");
    case.run(["-o", "dl/x.yml"]).refused(&format!(
        "error: dl/x.yml: cannot write: there is no folder `{}/nowhere`: create it, or give another path\n",
        case.path().display()
    ));
}
