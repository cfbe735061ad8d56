//! What is offered helps when it is pasted, and what is said is so.

use super::{GLIBC, ask, cmd, empty, env, glibc, library, program, words};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::{Finding, Fix, Instruction, PackageManager};
use crate::tree::builder::FileTreeBuilder;

fn first(tree: FileTreeBuilder, config: Config) -> Finding {
    ask(tree, config).findings.remove(0)
}

#[test]
fn a_line_for_env_of_busybox_keeps_the_name_and_the_arguments() {
    let busybox = Sample::program().data(b"\0BusyBox v1.36.1\0").bytes();
    let alpine = || {
        empty()
            .file("/bin/busybox", 0o755, &busybox)
            .link("/bin/sh", "/bin/busybox")
            .link("/usr/bin/env", "/bin/busybox")
    };
    let alpine = || alpine().file("/sbin/apk", 0o755, Sample::program().bytes());
    let of = |line: &str| first(alpine().file("/run", 0o755, line), cmd(&["/run"])).fixes;
    let line = |line: &str| Fix::FirstLine(line.to_owned(), b"/run".to_vec());
    let gnu = || Fix::Install(PackageManager::Apk, "coreutils");
    assert_eq!(of("#!/usr/bin/env -S sh -e\n"), [line("#!/bin/sh -e"), gnu()]);
    assert_eq!(of("#!/usr/bin/env -S sh\n"), [line("#!/bin/sh"), gnu()]);
    assert_eq!(of("#!/usr/bin/env -S sh -e -u\n"), [gnu()], "the kernel would make one word of them");
    assert_eq!(of("#!/usr/bin/env -S A=1 sh\n"), [gnu()]);
    assert_eq!(of("#!/usr/bin/env -S python3\n"), [gnu()]);
    let long = format!("#!/{}/sh\n", "a".repeat(300));
    assert_eq!(of(&long), [line("#!/bin/sh")], "not what it is a link to");
}

#[test]
fn libraries_in_several_folders_are_brought_within_reach_by_one_line() {
    let hello = program(&["liba.so", "libb.so"]).bytes();
    let tree = glibc().file("/hello", 0o755, hello).file("/sbin/ldconfig", 0o755, Sample::program().bytes());
    let tree = tree.file("/o/liba.so", 0o644, library("liba.so")).file("/p/libb.so", 0o644, library("libb.so"));
    let config = env(cmd(&["/hello"]), &["LD_LIBRARY_PATH=/x"]);
    // Folders that ldconfig knows need not be said to it.
    let tree = tree.file("/etc/ld.so.conf", 0o644, "/o\n/p\n");
    let findings = ask(tree, config).findings;
    assert_eq!(findings.len(), 2);
    let both = vec![b"/o".to_vec(), b"/p".to_vec()];
    for finding in findings {
        assert_eq!(finding.fixes[0], Fix::Ldconfig(Vec::new()));
        assert_eq!(finding.fixes[1], Fix::LibraryPath(both.clone(), Some("/x".to_owned())));
    }
}

#[test]
fn a_number_out_of_range_is_called_so_and_no_user_is_made_of_it() {
    let tree = || glibc().file("/usr/bin/apt-get", 0o755, "x").file("/etc/passwd", 0o644, "");
    let of = |user: &str| first(tree(), Config { user: user.into(), ..cmd(&["/bin/sh"]) });
    let finding = of("2147483648");
    assert_eq!(finding.message, "the user 2147483648 is out of range: the engine accepts numbers up to 2147483647");
    assert_eq!(finding.fixes, [Fix::NumericUser("65532".into())]);
    assert!(of("0:99999999999").message.starts_with("the group 99999999999 is out of range"));
    assert_eq!(of("-x").fixes, [Fix::NumericUser("65532".into())], "an option to useradd");
    assert_eq!(of("app").fixes.len(), 2);
}

#[test]
fn that_relative_folders_do_not_count_is_said_of_the_engine_alone() {
    let of = |words: &[&str]| {
        let finding = first(glibc(), env(cmd(words), &["PATH=/bin:app/bin"]));
        finding.evidence.iter().any(|evidence| evidence.text.starts_with("app/bin is a relative folder"))
    };
    assert!(of(&["hello"]));
    assert!(!of(&["/bin/sh", "-c", "hello"]));
}

#[test]
fn the_instruction_that_names_a_folder_is_the_one_to_change() {
    let config = Config { entrypoint: words(&["/o"]), ..cmd(&["x"]) };
    let finding = first(empty().folder("/o", 0o755), config);
    assert_eq!(finding.fixes, [Fix::SetCommand(Instruction::Entrypoint, None)]);
}

#[test]
fn nothing_is_copied_to_where_no_one_knows() {
    let copies = |finding: &Finding| finding.fixes.iter().any(|fix| matches!(fix, Fix::CopyFromBuild(_)));
    let needs = |name: &str| first(glibc().file("/hello", 0o755, program(&[name]).bytes()), cmd(&["/hello"]));
    assert!(!copies(&needs("./ns/libbar.so")));
    assert!(!copies(&needs("$ORIGIN/libbar.so")));
    assert!(copies(&needs("/o/libbar.so")));
    let asks =
        |loader: &str| first(empty().file("/hello", 0o755, Sample::with_loader(loader).bytes()), cmd(&["/hello"]));
    assert!(!copies(&asks("lib/ld-linux-x86-64.so.2")));
    assert!(copies(&asks(GLIBC)));
}

#[test]
fn a_long_chain_of_links_is_no_circle() {
    let trace = |last: &str| {
        (0..60).fold(empty(), |tree, number| {
            let next = if number == 59 { last.to_owned() } else { format!("l{}", number + 1) };
            tree.link(format!("/l{number}"), next)
        })
    };
    let good = trace("hello").file("/hello", 0o755, Sample::program().bytes());
    assert_eq!(first(good, cmd(&["/l0"])).message, "the command /l0 is a chain of more than 40 symlinks");
    assert_eq!(first(trace("l0"), cmd(&["/l0"])).message, "the command /l0 is a symlink loop");
    let at = |folder: &str| Config { working_dir: folder.into(), ..cmd(&["/hello"]) };
    let looped = first(empty().link("/w", "w").file("/hello", 0o755, Sample::program().bytes()), at("/w"));
    assert!(looped.evidence.iter().all(|evidence| !evidence.text.contains("a file")), "{looped:?}");
}

#[test]
fn what_no_shell_replaces_is_replaced_by_the_fix() {
    let tree =
        || empty().file("/bin/sh", 0o755, Sample::program().bytes()).file("/srv/app", 0o755, Sample::program().bytes());
    let fixes = |config| ask(tree(), config).findings[0].fixes.clone();
    let known = env(cmd(&["$APP", "-v"]), &["APP=/srv/app"]);
    assert_eq!(fixes(known), [Fix::ExecForm(Instruction::Cmd, words(&["/srv/app", "-v"]))]);
    let shell = Fix::ExecForm(Instruction::Cmd, words(&["/bin/sh", "-c", "exec ${APP}/x --port $PORT"]));
    assert_eq!(fixes(cmd(&["${APP}/x", "--port", "$PORT"])), [shell]);
}

#[test]
fn a_program_in_another_folder_is_named_by_its_path() {
    let tree = empty().file("/deep/in/app", 0o755, Sample::program().bytes());
    let config = Config { working_dir: "/srv".into(), ..cmd(&["./app", "x"]) };
    assert_eq!(ask(tree, config).findings[0].fixes[0], Fix::ExecForm(Instruction::Cmd, words(&["/deep/in/app", "x"])));
}

#[test]
fn what_is_no_program_has_no_copy_of_itself_as_fix() {
    let fixes = |head: &[u8]| ask(empty().file("/app", 0o755, head), cmd(&["/app"])).findings[0].fixes.clone();
    assert_eq!(fixes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), []);
    assert_eq!(fixes(b"\n<!DOCTYPE html>\n"), []);
    assert_eq!(fixes(b"\xcf\xfa\xed\xfe"), [Fix::GoForLinux]);
    assert_eq!(fixes(b"\x1f\x8b\x08"), []);
    let tool = || Sample::program().bytes();
    let tree =
        empty().file("/bin/sh", 0o755, tool()).file("/bin/gunzip", 0o755, tool()).file("/app", 0o755, &b"\x1f\x8b"[..]);
    assert_eq!(ask(tree, cmd(&["/app"])).findings[0].fixes, [Fix::Unpack(b"/app".to_vec())]);
}

#[test]
fn a_shell_behind_a_hidden_link_is_named_by_its_path() {
    let tool = || Sample::program().bytes();
    let tree = || {
        empty().link("/bin", "usr/bin").file("/usr/bin/sh", 0o755, tool()).layer().file(
            "/bin/app",
            0o755,
            "#!/bin/sh\n",
        )
    };
    let line = ask(tree(), cmd(&["/bin/sh", "-c", "x && y"]));
    assert_eq!(line.findings[0].fixes, [Fix::ExecForm(Instruction::Cmd, words(&["/usr/bin/sh", "-c", "x && y"]))]);
    let script = ask(tree(), cmd(&["/bin/app"]));
    assert_eq!(script.findings[0].fixes, [Fix::ExecForm(Instruction::Cmd, words(&["/usr/bin/sh", "/bin/app"]))]);
}
