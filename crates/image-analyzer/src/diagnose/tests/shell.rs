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

/// An image with a few programs in PATH.
fn apps() -> FileTreeBuilder {
    let names = ["java", "npm", "gunicorn", "python3", "tee"];
    names.iter().fold(tree(), |tree, name| tree.file(format!("/usr/bin/{name}"), 0o755, tool())).folder("/app", 0o755)
}

#[test]
fn the_first_program_of_a_line_is_judged_whatever_its_arguments_are() {
    for (line, found) in [
        ("/app/server --port $PORT", "command-missing"),
        ("exec uvicorn --bind :$PORT main:app", "command-not-in-path"),
        ("exec gunicorn --bind :$PORT main:app", ""),
        ("exec java $JAVA_OPTS -jar /app.jar", "argument-missing"),
        ("exec java $JAVA_OPTS Main", ""),
        ("java -jar $JAR", ""),
        ("python3 main.py $ARGS", "argument-missing"),
        ("python3 $ARGS main.py", ""),
        ("./migrate && ./server", "command-missing"),
        ("server > /dev/stdout 2>&1", "command-not-in-path"),
        ("PORT=${PORT:-80} ./server", "command-missing"),
        ("PATH=$PATH:/opt/bin server", ""),
        ("./server || ./other", ""),
        ("./server; ./other", ""),
        ("./server | tee /log", ""),
        ("./server & wait", ""),
        ("if ./server; then :; fi", ""),
        ("server() { :; }; server", ""),
        ("/opt/bin/hello && ./absent", ""),
        ("$SERVER --port 1", ""),
        ("./*.sh", ""),
    ] {
        assert_eq!(ids(apps(), sh(line)), found, "{line}");
    }
    assert_eq!(ids(apps().file("/app/server", 0o755, tool()), sh("/app/server --port $PORT")), "");
    assert_eq!(ids(apps().file("/app.jar", 0o644, [7; 5000]), sh("exec java $JAVA_OPTS -jar /app.jar")), "");
}

#[test]
fn a_folder_that_a_line_changes_to_has_to_be_there() {
    let absent = || sh("cd /absent && npm start");
    assert_eq!(ids(apps(), absent()), "folder-missing");
    assert_eq!(ids(apps(), sh("cd /absent; npm start")), "", "it goes on where it is");
    assert_eq!(ids(apps(), sh("set -e; cd /absent; npm start")), "folder-missing");
    assert_eq!(ids(apps(), sh("cd /absent && npm start || true")), "");
    assert_eq!(ids(apps(), sh("cd /opt/bin/hello && npm start")), "folder-missing");
    assert_eq!(ids(apps().link("/absent", "nowhere"), absent()), "folder-missing");
    assert_eq!(ids(apps().link("/absent", "/app"), absent()), "");
    assert_eq!(ids(apps(), sh("cd /dev/shm && npm start")), "", "the engine mounts it");
    assert_eq!(ids(apps(), sh("cd $HOME && npm start")), "");
    assert_eq!(ids(apps(), env(sh("cd absent && npm start"), &["CDPATH=/x"])), "");
    assert_eq!(ids(apps(), Config { working_dir: "/absent".into(), ..absent() }), "", "the engine makes it");
    assert_eq!(ids(apps(), Config { volumes: vec!["/absent/x".into()], ..absent() }), "", "and this one");
}

#[test]
fn what_follows_a_change_of_folder_is_looked_for_there() {
    let tree = || apps().file("/app/main.py", 0o644, "").file("/app/run", 0o755, tool());
    assert_eq!(ids(tree(), sh("cd /app && python3 main.py")), "");
    assert_eq!(ids(tree(), sh("cd / && python3 main.py")), "argument-missing");
    assert_eq!(ids(tree(), Config { working_dir: "/app".into(), ..sh("cd /opt && ./run") }), "command-missing");
    assert_eq!(ids(tree(), sh("cd app && exec ./run $X")), "");
    assert_eq!(ids(tree(), sh("export A=1 PATH=/opt/bin && hello")), "");
    assert_eq!(ids(tree(), sh("export PATH=/app && hello")), "command-not-in-path");
}
