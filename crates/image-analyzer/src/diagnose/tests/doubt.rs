//! What is not certain, so that nothing is said of it; and what only looks as if it were not.

use super::{MUSL, ask, cmd, empty, env, glibc, ids, library, program};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::tree::builder::FileTreeBuilder;

fn user(config: Config, user: &str) -> Config {
    Config { user: user.into(), ..config }
}

#[test]
fn what_the_kernel_refuses_a_shell_may_still_run() {
    let both: [&[u8]; 4] =
        [b"MZqFpD='\n'\n./hello\n", b"exit 0\n\0\0\0\0", b"\xef\xbb\xbf#!/bin/sh\n./hello\n", b"\xca\xfe\xba\xbe"];
    for text in both {
        let tree = || glibc().file("/run", 0o755, text).file("/usr/bin/env", 0o755, program(&[]).bytes());
        assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "./run"])), "", "{text:?}");
        assert_eq!(ids(tree(), cmd(&["env", "./run"])), "", "{text:?}");
        assert_eq!(ids(tree(), cmd(&["/run"])), "unknown-format", "{text:?}: the kernel's word is final");
    }
}

#[test]
fn a_shell_runs_a_script_itself_whose_interpreter_the_kernel_refuses() {
    let arm = Sample::program().machine(183, true, false).bytes();
    for interpreter in [&b"echo\n"[..], b"MZ\0", &arm] {
        let tree = || glibc().file("/run", 0o755, "#!/opt/x\n").file("/opt/x", 0o755, interpreter);
        assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "./run"])), "", "{interpreter:?}");
        assert_ne!(ids(tree(), cmd(&["/run"])), "", "{interpreter:?}");
    }
    let missing = glibc().file("/run", 0o755, "#!/opt/x\n");
    assert_eq!(ids(missing, cmd(&["/bin/sh", "-c", "./run"])), "interpreter-missing", "that is another error");
}

#[test]
fn a_program_with_other_rights_opens_its_libraries_with_them() {
    let tree = |mode, owner, (library_mode, folder_mode)| {
        let hello = program(&["liba.so"]).runpath("/o").bytes();
        let tree = glibc().folder("/o", folder_mode).file("/o/liba.so", library_mode, library("liba.so"));
        tree.owner(owner, owner).file("/hello", mode, hello)
    };
    let missing = "library-missing";
    for closed in [(0o600, 0o755), (0o644, 0o700)] {
        let of = |mode, owner, name: &str| ids(tree(mode, owner, closed), user(cmd(&["/hello"]), name));
        assert_eq!(of(0o755, 0, "1000"), missing);
        assert_eq!(of(0o4755, 0, "1000"), "", "as root");
        assert_eq!(of(0o4755, 1000, "0"), missing, "root as another user");
        assert_eq!(of(0o2755, 0, "1000:1000"), missing, "the group may not either");
    }
    let of = |mode| ids(tree(mode, 0, (0o640, 0o755)), user(cmd(&["/hello"]), "1000:1000"));
    assert_eq!(of(0o2755), "", "as the group");
    assert_eq!(of(0o2745), missing, "without the group's permission to execute the bit means nothing");
}

#[test]
fn a_program_with_other_rights_takes_origin_only_in_a_trusted_folder() {
    let at = |path: &str, runpath: &str, mode| {
        let library_at = super::super::fixes::parent(path.as_bytes());
        let library_at = [&library_at[..], b"/lib/liba.so"].concat();
        let tree = glibc().file(path, mode, program(&["liba.so"]).runpath(runpath).bytes());
        ids(tree.file(library_at, 0o644, library("liba.so")), user(cmd(&[path]), "1000"))
    };
    assert_eq!(at("/opt/hello", "$ORIGIN/lib", 0o755), "");
    assert_eq!(at("/opt/hello", "$ORIGIN/lib", 0o4755), "library-missing");
    assert_eq!(at("/opt/hello", "/opt/lib", 0o4755), "");
    assert_eq!(at("/usr/lib/x/hello", "${ORIGIN}/lib", 0o4755), "", "rooted in a folder of the system");
    assert_eq!(at("/usr/lib/x/hello", "${ORIGIN}/../x/./lib", 0o4755), "");
    assert_eq!(at("/usr/lib/x/hello", "/usr/../$ORIGIN/lib", 0o4755), "library-missing", "not the first word");
    let musl = |mode| {
        let hello = Sample::with_loader(MUSL).needs("liba.so").runpath("$ORIGIN/lib").bytes();
        let tree = super::musl().file("/opt/hello", mode, hello).file("/opt/lib/liba.so", 0o644, library("liba.so"));
        ids(tree, user(cmd(&["/opt/hello"]), "1000"))
    };
    assert_eq!((musl(0o755).as_str(), musl(0o4755).as_str()), ("", "library-missing"));
}

#[test]
fn a_tilde_in_path_is_a_shells_to_expand() {
    let tree = || glibc().file("/root/hello", 0o755, Sample::program().bytes());
    let through = |path: &str| ids(tree(), env(cmd(&["/bin/sh", "-c", "hello"]), &[path]));
    assert_eq!(through("PATH=~:/usr/bin:/bin"), "");
    assert_eq!(through("PATH=/bin:~/bin"), "");
    assert_eq!(through("PATH=/bin:/~"), "command-not-in-path");
    assert_eq!(ids(tree(), env(cmd(&["hello"]), &["PATH=~:/bin"])), "command-not-in-path", "the engine expands none");
}

#[test]
fn of_what_the_engine_mounts_nothing_is_known() {
    let tree = || glibc().file("/h", 0o755, Sample::program().bytes()).link("/l", "/proc/self/cwd/h");
    for word in ["/proc/self/root/h", "/l", "/dev/h", "/sys/../proc/self/cwd/h", "../proc/x"] {
        assert_eq!(ids(tree(), cmd(&[word])), "", "{word}");
        assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", word])), "", "{word}");
        assert_eq!(ids(tree().file("/run", 0o755, format!("#!{word}\n")), cmd(&["/run"])), "", "{word}");
    }
    assert_eq!(ids(tree(), env(cmd(&["h"]), &["PATH=/proc/self/root"])), "");
    assert_eq!(ids(tree().folder("/proc", 0o755), cmd(&["/proc/self/root/h"])), "");
    assert_eq!(ids(tree(), cmd(&["/procs/h"])), "command-missing");
    let hello = || tree().file("/hello", 0o755, program(&["liba.so"]).bytes());
    assert_eq!(ids(hello(), env(cmd(&["/hello"]), &["LD_LIBRARY_PATH=/proc/self/root/o"])), "");
    assert_eq!(ids(hello(), cmd(&["/hello"])), "library-missing");
}

#[test]
fn env_by_the_name_of_tini_takes_assignments() {
    let tree = || glibc().file("/bin/tini", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree(), cmd(&["tini", "A=1", "/hello"])), "");
    assert_eq!(ids(tree(), cmd(&["tini", "--", "A=1", "/hello"])), "");
    assert_eq!(ids(tree(), cmd(&["tini", "--", "/hello"])), "command-missing");
}

#[test]
fn a_file_in_path_that_only_others_may_execute_stops_an_older_engine() {
    let tree = |mode| -> FileTreeBuilder {
        let hello = || Sample::program().bytes();
        empty().file("/a/zz", mode, hello()).file("/b/zz", 0o755, hello())
    };
    let of = |mode, name: &str| ids(tree(mode), user(env(cmd(&["zz"]), &["PATH=/a:/b"]), name));
    assert_eq!(of(0o700, "1000"), "command-shadowed");
    assert!(ask(tree(0o700), user(env(cmd(&["zz"]), &["PATH=/a:/b"]), "1000")).can_start(), "a newer one goes on");
    assert_eq!(of(0o700, ""), "");
    assert_eq!(of(0o644, "1000"), "", "it continues where no user may");
    let only = empty().file("/a/zz", 0o700, Sample::program().bytes());
    assert_eq!(ids(only, user(env(cmd(&["zz"]), &["PATH=/a:/b"]), "1000")), "command-not-executable");
}

/// A sparse file of a layer: engines write none, so its content is not read.
#[test]
fn of_a_file_whose_content_is_unknown_nothing_is_said() {
    let hello = |libraries: &[&str]| program(libraries).bytes();
    assert_eq!(ids(empty().unknown_file("/hello", 0o755, 9), cmd(&["/hello"])), "", "as the command");
    assert_eq!(ids(empty().unknown_file(MUSL, 0o755, 9), cmd(&[MUSL, "/hello"])), "", "as the loader");
    let loader = empty().unknown_file(super::GLIBC, 0o755, 9).file("/hello", 0o755, hello(&["liba.so"]));
    assert_eq!(ids(loader, cmd(&["/hello"])), "", "as the loader of a program");
    let library = glibc().unknown_file("/lib/liba.so", 0o644, 9).file("/hello", 0o755, hello(&["liba.so"]));
    assert_eq!(ids(library, cmd(&["/hello"])), "", "as a library");
    let direct = glibc().unknown_file("/hello", 0o755, 9);
    assert_eq!(ids(direct, cmd(&[super::GLIBC, "/hello"])), "", "as what a loader loads");
}
