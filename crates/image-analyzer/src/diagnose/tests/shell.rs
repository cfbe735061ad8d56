//! The line that a shell runs: followed where it is plain, and left alone where anything else may change it.

use super::{GLIBC, cmd, empty, env, glibc, ids, library, program};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::tree::builder::FileTreeBuilder;

fn tool() -> Vec<u8> {
    Sample::program().bytes()
}

/// A shell, bash, and a program where no PATH leads.
fn tree() -> FileTreeBuilder {
    glibc().file("/bin/bash", 0o755, tool()).file("/opt/bin/hello", 0o755, tool())
}

fn bash(words: &[&str]) -> Config {
    cmd(&[&["/bin/bash"], words].concat())
}

fn sh(line: &str) -> Config {
    cmd(&["/bin/sh", "-c", line])
}

#[test]
fn what_is_assigned_before_a_command_counts_for_it() {
    assert_eq!(ids(tree(), sh("PATH=/opt/bin hello")), "");
    assert_eq!(ids(tree(), sh("PATH=/opt hello")), "command-not-in-path");
    assert_eq!(ids(tree(), sh("PATH=/nowhere exec /opt/bin/hello")), "");
    assert_eq!(ids(tree(), sh("PATH=~/bin hello")), "", "home may be anywhere");
    assert_eq!(ids(tree(), sh("PATH+=:/opt/bin hello")), "", "of bash");
    let libraries =
        || tree().file("/u", 0o755, program(&["liba.so"]).bytes()).file("/o/liba.so", 0o644, library("liba.so"));
    assert_eq!(ids(libraries(), sh("/u")), "library-missing");
    assert_eq!(ids(libraries(), sh("LD_LIBRARY_PATH=/o /u")), "");
    assert_eq!(ids(libraries(), sh("LD_PRELOAD=/o/liba.so exec /u")), "");
    assert_eq!(ids(libraries(), env(sh("LD_LIBRARY_PATH=/x /u"), &["LD_LIBRARY_PATH=/o"])), "library-missing");
    let script = libraries().file("/usr/bin/env", 0o755, tool());
    let script = script.file("/run", 0o755, "#!/usr/bin/env -S LD_LIBRARY_PATH=/o /u\n");
    assert_eq!(ids(script, cmd(&["/run"])), "");
}

#[test]
fn options_after_the_command_flag_are_no_command() {
    for words in
        [&["-c", "-e", "/opt/bin/hello"][..], &["-c", "--", "/opt/bin/hello"], &["-c", "exec -a x /opt/bin/hello"]]
    {
        assert_eq!(ids(tree(), bash(words)), "", "{words:?}");
    }
    assert_eq!(ids(tree(), bash(&["-c", "-e", "hello"])), "command-not-in-path");
    assert_eq!(ids(tree(), bash(&["-e", "-c", "--", "hello", "x"])), "command-not-in-path");
}

#[test]
fn a_shell_that_reads_files_or_has_functions_is_left_alone() {
    assert_eq!(ids(tree(), bash(&["-c", "hello"])), "command-not-in-path");
    for words in [&["-lc", "hello"][..], &["-ic", "hello"], &["--login", "-c", "hello"], &["-nc", "hello"]] {
        assert_eq!(ids(tree(), bash(words)), "", "{words:?}");
    }
    for variable in ["BASH_ENV=/etc/profile", "ENV=/etc/profile", "BASH_FUNC_hello%%=() { :; }", "SHELLOPTS=noexec"] {
        assert_eq!(ids(tree(), env(bash(&["-c", "hello"]), &[variable])), "", "{variable}");
    }
    for shell in ["zsh", "ksh"] {
        let path = format!("/bin/{shell}");
        assert_eq!(ids(tree().file(&path, 0o755, tool()), cmd(&[&path, "-c", "hello"])), "", "{shell}");
    }
    let wrapper = tree().layer().file("/bin/sh", 0o755, "#!/bin/bash\nPATH=$PATH:/opt/bin exec /bin/bash \"$@\"\n");
    assert_eq!(ids(wrapper, sh("hello")), "", "a script may do anything");
}

#[test]
fn a_shell_looks_in_relative_folders_of_path_and_the_engine_does_not() {
    let at = |config, path: &str| Config { working_dir: "/opt".into(), ..env(config, &[path]) };
    assert_eq!(ids(tree(), at(sh("hello"), "PATH=bin:/x")), "");
    assert_eq!(ids(tree(), at(cmd(&["hello"]), "PATH=bin:/x")), "command-not-in-path");
    assert_eq!(ids(tree(), Config { working_dir: "/opt/bin".into(), ..env(sh("hello"), &["PATH=/x:"]) }), "");
}

#[test]
fn a_busybox_may_do_the_work_of_all_its_tools() {
    let busybox = || Sample::program().data(b"\0BusyBox v1.36.1\0").bytes();
    let tree = || empty().file("/bin/sh", 0o755, busybox());
    for tool in ["ls", "xargs", "base64", "nohup"] {
        assert_eq!(ids(tree(), sh(&format!("{tool} x"))), "", "{tool}");
    }
    assert_eq!(ids(tree(), sh("python3 x")), "command-not-in-path");
    assert_eq!(ids(glibc(), sh("xargs x")), "command-not-in-path", "dash has no tools");
}

#[test]
fn what_a_shell_starts_is_followed_on() {
    let tree = tree().file("/hello", 0o755, program(&["liba.so"]).bytes());
    assert_eq!(ids(tree, sh(&format!("A=1 exec {GLIBC} /hello"))), "library-missing");
}
