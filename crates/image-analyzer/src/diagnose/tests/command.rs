//! The program that is executed, and the user it runs as.

use super::{MUSL, ask, cmd, empty, env, glibc, ids, words};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::{Finding, Fix, Instruction};

#[test]
fn nothing_to_run() {
    assert_eq!(ids(empty(), cmd(&[])), "nothing-to-run");
}

#[test]
fn a_static_program_starts_in_an_empty_image_by_entrypoint_or_cmd() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree(), cmd(&["./hello"])), "");
    assert_eq!(ids(tree(), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(), Config { entrypoint: words(&["/hello"]), ..cmd(&["argument"]) }), "");
    assert_eq!(ids(tree(), Config { entrypoint: words(&["/absent"]), ..cmd(&["/hello"]) }), "command-missing");
}

#[test]
fn a_static_program_that_can_be_loaded_anywhere_starts_and_a_library_does_not() {
    let tree = |bytes: Vec<u8>| empty().file("/hello", 0o755, bytes);
    assert_eq!(ids(tree(Sample::static_pie().bytes()), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(Sample::library("liba.so").needs("libc.so.6").bytes()), cmd(&["/hello"])), "not-a-program");
    assert_eq!(ids(tree(Sample::program().kind(1).bytes()), cmd(&["/hello"])), "not-a-program");
}

#[test]
fn a_command_in_string_form_needs_the_shell_that_is_named() {
    let tree = || empty().file("/go/hello", 0o755, Sample::program().bytes());
    let config = || Config { working_dir: "/go".into(), ..cmd(&["/bin/sh", "-c", "./hello"]) };
    let diagnosis = ask(tree(), config());
    assert_eq!(diagnosis.findings[0].kind.id(), "shell-missing");
    assert_eq!(diagnosis.findings[0].fixes[0], Fix::ExecForm(Instruction::Cmd, words(&["./hello"])));
    let shell = || tree().file("/bin/sh", 0o755, Sample::program().bytes());
    assert_eq!(ids(shell(), config()), "");
    let own = || Config { shell: words(&["/bin/bash", "-ec"]), ..cmd(&["/bin/bash", "-ec", "a | b"]) };
    assert_eq!(ids(shell(), own()), "shell-missing");
    assert_eq!(ids(shell().file("/bin/bash", 0o755, Sample::program().bytes()), own()), "");
}

#[test]
fn a_command_in_string_form_is_followed_where_it_is_plain() {
    let tree = || glibc().file("/hello", 0o755, Sample::with_loader(MUSL).bytes());
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "exec ./hello"])), "musl-program-on-glibc");
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "./hello || true"])), "", "a shell decides");
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "absent"])), "command-not-in-path");
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "echo hello"])), "", "the shell does it itself");
}

#[test]
fn a_name_without_slash_is_looked_for_in_path() {
    let tree = || empty().file("/opt/hello", 0o755, Sample::program().bytes());
    let at = |folder: &str| Config { working_dir: folder.into(), ..cmd(&["hello"]) };
    let diagnosis = ask(tree(), at("/opt"));
    assert_eq!(diagnosis.findings[0].kind.id(), "command-not-in-path");
    assert_eq!(diagnosis.findings[0].fixes[0], Fix::ExecForm(Instruction::Cmd, words(&["./hello"])));
    assert_eq!(ids(tree(), env(at("/"), &["PATH=/usr/bin:/opt"])), "");
    assert_eq!(ids(tree(), env(at("/opt"), &["PATH="])), "command-not-in-path");
    let usual = empty().file("/usr/local/bin/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(usual, at("/")), "", "the engine's PATH, as the image sets none");
}

#[test]
fn a_path_with_slash_starts_in_the_working_folder() {
    let tree = || empty().file("/app/bin/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree(), Config { working_dir: "/app".into(), ..cmd(&["bin/hello"]) }), "");
    assert_eq!(ids(tree(), cmd(&["bin/hello"])), "command-missing");
}

#[test]
fn the_working_folder_may_be_missing_but_not_a_file() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree(), Config { working_dir: "/made".into(), ..cmd(&["/hello"]) }), "");
    assert_eq!(ids(tree(), Config { working_dir: "/hello".into(), ..cmd(&["/hello"]) }), "workdir-not-a-folder");
}

#[test]
fn a_link_that_leads_somewhere_is_followed_and_one_that_does_not_is_said() {
    let tree = || empty().file("/app/hello-1", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree().link("/hello", "app/hello-1"), cmd(&["/hello"])), "");
    assert_eq!(ids(tree().link("/hello", "app/hello-2"), cmd(&["/hello"])), "command-dangling");
    assert_eq!(ids(tree().link("/hello", "hello"), cmd(&["/hello"])), "command-dangling");
}

#[test]
fn a_file_that_a_later_layer_makes_a_folder_is_a_folder() {
    let tree = empty().file("/hello", 0o755, Sample::program().bytes()).layer();
    assert_eq!(ids(tree.folder("/hello", 0o755).file("/hello/x", 0o644, ""), cmd(&["/hello"])), "command-is-folder");
}

#[test]
fn permission_to_execute_is_that_of_the_user() {
    let tree = |mode| empty().owner(1000, 50).file("/hello", mode, Sample::program().bytes());
    let user = |user: &str| Config { user: user.into(), ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(0o644), user("")), "command-not-executable");
    assert_eq!(ids(tree(0o001), user("")), "");
    assert_eq!(ids(tree(0o700), user("2000")), "command-not-executable");
    assert_eq!(ids(tree(0o700), user("1000")), "");
    assert_eq!(ids(tree(0o750), user("2000:50")), "");
}

#[test]
fn a_user_or_group_has_to_be_known_unless_it_is_a_number() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes());
    let user = |user: &str| Config { user: user.into(), ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(), user("app")), "user-unknown");
    assert_eq!(ids(tree(), user("1000:staff")), "group-unknown");
    assert_eq!(ids(tree(), user("1000:1000")), "");
    assert_eq!(ids(tree().file("/etc/passwd", 0o644, "app:x:1:1::/:\n"), user("app")), "");
}

#[test]
fn an_empty_word_is_called_one() {
    let tree = || empty().file("/usr/bin/hello", 0o755, Sample::program().bytes());
    let diagnosis = ask(tree(), cmd(&[""]));
    assert_eq!(diagnosis.summary().unwrap(), "the command is an empty string");
    assert_eq!(diagnosis.findings[0].kind.id(), "command-not-in-path");
    assert_eq!(diagnosis.findings[0].fixes, [Fix::SetCommand(Instruction::Cmd, None)]);
}

#[test]
fn a_hard_link_to_itself_is_not_called_symbolic() {
    let diagnosis = ask(empty().hard_link("/hello", "/hello"), cmd(&["/hello"]));
    assert_eq!(diagnosis.summary().unwrap(), "the command /hello is a hard link to itself");
    let says = |finding: &Finding| finding.evidence.iter().any(|evidence| evidence.text.contains("symbolic"));
    assert!(!says(&diagnosis.findings[0]), "{:?}", diagnosis.findings[0].evidence);
}

#[test]
fn programs_that_only_start_others_may_stand_before_each_other() {
    let tool = || Sample::program().bytes();
    let tree = || glibc().file("/usr/bin/tini", 0o755, tool()).file("/usr/bin/env", 0o755, tool());
    let tree = || tree().file("/hello", 0o755, Sample::with_loader(MUSL).bytes());
    let through = |words: &[&str]| ids(tree(), cmd(words));
    assert_eq!(through(&["tini", "--", "/bin/sh", "-c", "exec ./hello"]), "musl-program-on-glibc");
    assert_eq!(through(&["env", "tini", "/bin/sh", "-c", "env absent"]), "command-not-in-path");
    assert_eq!(through(&["env", "tini", "/bin/sh", "-c", "env sh"]), "");
    assert_eq!(through(&["env"; 40]), "");
}

#[test]
fn an_entrypoint_that_is_one_empty_word_is_none() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes());
    let reset = |config: Config| Config { entrypoint: words(&[""]), ..config };
    assert_eq!(ids(tree(), reset(cmd(&["/hello"]))), "");
    assert_eq!(ids(tree(), reset(cmd(&[]))), "nothing-to-run");
    assert_eq!(ids(tree(), Config { entrypoint: words(&["", "x"]), ..cmd(&["/hello"]) }), "command-not-in-path");
}

#[test]
fn a_working_folder_that_the_engine_makes_is_there() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes()).link("/w", "made/here");
    let at = |folder: &str, word: &str| Config { working_dir: folder.into(), ..cmd(&[word]) };
    assert_eq!(ids(tree(), at("/a/b", "./../../hello")), "");
    assert_eq!(ids(tree(), at("/a", "../hello")), "");
    assert_eq!(ids(tree(), at("/w", "../../hello")), "", "through the link");
    assert_eq!(ids(tree(), at("/a/b", "../hello")), "command-missing");
    assert_eq!(ids(tree(), at("/a", "/a/hello")), "command-missing");
}

#[test]
fn what_is_offered_for_a_folder_or_java_code_is_no_copy() {
    let program = || Sample::program().bytes();
    let fixes = |tree: crate::tree::builder::FileTreeBuilder, word: &str| {
        ask(tree, cmd(&[word, "x"])).findings[0].fixes.clone()
    };
    let exec = |line: &[&str]| Fix::ExecForm(Instruction::Cmd, words(line));
    let inside = || empty().file("/hello/a", 0o755, program()).file("/hello/hello", 0o755, program());
    assert_eq!(fixes(inside(), "/hello"), [exec(&["/hello/hello", "x"])]);
    assert_eq!(fixes(empty().folder("/hello", 0o755), "/hello"), [Fix::SetCommand(Instruction::Cmd, None)]);
    let class = || empty().file("/app/Hello.class", 0o755, b"\xca\xfe\xba\xbe\0\0\0\x41");
    let java = exec(&["java", "-cp", "/app", "Hello", "x"]);
    assert_eq!(fixes(class(), "/app/Hello.class"), [java.clone(), Fix::JavaRuntime(21)]);
    assert_eq!(fixes(class().file("/usr/bin/java", 0o755, program()), "/app/Hello.class"), [java]);
    let jar = empty().file("/a.jar", 0o755, b"PK\x03\x04");
    assert_eq!(fixes(jar, "/a.jar"), [exec(&["java", "-jar", "/a.jar", "x"])]);
    let script = empty().file("/run", 0o755, "#!/opt\n").folder("/opt", 0o755).file("/bin/sh", 0o755, program());
    assert_eq!(fixes(script, "/run"), [Fix::FirstLine("#!/bin/sh".to_owned(), b"/run".to_vec())]);
}
