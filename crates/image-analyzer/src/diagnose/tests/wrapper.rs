//! Programs that only start another one.

use super::{MUSL, ask, cmd, empty, env, glibc, ids, library, program};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::tree::builder::FileTreeBuilder;

const ALL: [&str; 13] = [
    "env A=1",
    "timeout -k 5 10s",
    "nice -n 5",
    "nohup",
    "setsid -w",
    "stdbuf -oL",
    "tini -s --",
    "dumb-init -c",
    "catatonit --",
    "gosu root",
    "su-exec root",
    "setpriv --reuid=1 --clear-groups",
    "chpst -u root",
];

fn tool() -> Vec<u8> {
    Sample::program().bytes()
}

/// All wrappers, each with this content.
fn tools(content: &[u8]) -> FileTreeBuilder {
    let passwd = glibc().file("/etc/passwd", 0o644, "root:x:0:0::/:/bin/sh\napp:x:7:7::/:/bin/sh\n");
    let names = ALL.iter().filter_map(|line| line.split(' ').next());
    names.fold(passwd, |tree, name| tree.file(format!("/usr/bin/{name}"), 0o755, content))
}

fn line(line: &str) -> Config {
    cmd(&line.split(' ').collect::<Vec<_>>())
}

#[test]
fn what_a_wrapper_starts_is_judged_like_a_program_of_its_own() {
    let script = b"#!/bin/sh\nexec \"$@\"\n".to_vec();
    for content in [tool(), script] {
        let hello = || tools(&content).file("/hello", 0o755, program(&["liba.so"]).bytes());
        for wrapper in ALL {
            assert_eq!(ids(hello(), line(&format!("{wrapper} /hello"))), "library-missing", "{wrapper}");
            assert_eq!(ids(hello(), line(&format!("{wrapper} /absent x"))), "command-missing", "{wrapper}");
            assert_eq!(ids(hello(), line(&format!("{wrapper} absent"))), "command-not-in-path", "{wrapper}");
            let there = hello().file("/lib/liba.so", 0o644, library("liba.so"));
            assert_eq!(ids(there, line(&format!("{wrapper} /hello"))), "", "{wrapper}");
        }
    }
    let nested = "tini -- env A=1 gosu root nice -n 5 timeout 5 /bin/sh -c ./absent";
    assert_eq!(ids(tools(&tool()), line(&nested.replace("/bin/sh -c ./absent", "absent"))), "command-not-in-path");
}

#[test]
fn a_wrapper_may_be_anywhere_or_a_link_if_it_can_be_told() {
    let tree = || tools(&tool()).file("/tini", 0o755, tool()).link("/init", "/tini").file("/app/env", 0o755, tool());
    assert_eq!(ids(tree(), line("/tini -- /absent")), "command-missing");
    assert_eq!(ids(tree(), line("/init -- /absent")), "command-missing");
    assert_eq!(ids(tree(), line("/app/env /absent")), "", "a program of one's own");
    let busybox = Sample::program().data(b"\0BusyBox v1.36.1\0").bytes();
    let boxed = || empty().file("/opt/bin/busybox", 0o755, &busybox).link("/opt/bin/timeout", "busybox");
    assert_eq!(ids(boxed(), line("/opt/bin/timeout 5 /absent")), "command-missing");
    assert_eq!(ids(boxed(), line("/opt/bin/timeout 5 sleep 1")), "", "its own tool");
}

#[test]
fn a_script_of_an_application_by_the_name_of_a_wrapper_is_left_alone() {
    for path in ["/app/bin/env", "/app/tini", "/opt/x/bin/timeout", "/gosu"] {
        let tree = tools(&tool()).file(path, 0o755, "#!/bin/sh\necho $1\n").file("/bin/sh", 0o755, tool());
        assert_eq!(ids(tree, cmd(&[path, "5", "production"])), "", "{path}");
    }
}

#[test]
fn options_that_are_not_known_and_setuid_wrappers_are_left_alone() {
    for wrapper in
        ["env -i", "env -u A", "timeout --other 5", "tini -h", "gosu --version", "setsid -f", "chpst -e /env"]
    {
        assert_eq!(ids(tools(&tool()), line(&format!("{wrapper} /absent"))), "", "{wrapper}");
    }
    let setuid = tools(&tool()).file("/usr/bin/gosu", 0o4755, tool());
    assert_eq!(ids(setuid, Config { user: "7".into(), ..line("gosu root /absent") }), "");
}

#[test]
fn env_assigns_for_what_it_starts() {
    let tree = || tools(&tool()).file("/opt/hello", 0o755, tool());
    assert_eq!(ids(tree(), line("env PATH=/opt hello")), "");
    assert_eq!(ids(tree(), env(line("env PATH=/usr hello"), &["PATH=/usr/bin:/opt"])), "command-not-in-path");
}

#[test]
fn the_user_that_a_wrapper_changes_to_has_to_be_known_and_what_it_may_counts() {
    let tree = || tools(&tool()).file("/hello", 0o700, tool());
    for wrapper in ["gosu", "su-exec"] {
        let of = |tree: FileTreeBuilder, user: &str| ids(tree, line(&format!("{wrapper} {user} /hello")));
        assert_eq!(of(tree(), "other"), "user-unknown", "{wrapper}");
        assert_eq!(of(tree(), "app:other"), "group-unknown", "{wrapper}");
        assert_eq!(of(tree(), "root"), "", "{wrapper}");
        assert_eq!(of(tree(), "4:5"), "command-not-executable", "{wrapper}: a number needs no entry");
        assert_eq!(of(tree(), "app"), "command-not-executable", "{wrapper}");
        assert_eq!(of(tree().owner(7, 7).file("/hello", 0o700, tool()), "app"), "", "{wrapper}");
    }
    let ldap = || tree().file("/etc/nsswitch.conf", 0o644, "passwd: files ldap\ngroup: files\n");
    assert_eq!(ids(ldap(), line("su-exec other /hello")), "", "libc may ask a server");
    assert_eq!(ids(ldap(), line("gosu other /hello")), "user-unknown", "gosu reads the file itself");
    let said = ask(tree(), line("gosu other /hello")).summary();
    assert_eq!(said.unwrap(), "the user other, which gosu changes to, is not in /etc/passwd");
    for wrapper in ["setpriv --reuid=7 --clear-groups", "chpst -u app"] {
        assert_eq!(ids(tree(), line(&format!("{wrapper} /hello"))), "", "{wrapper}: not worked out");
    }
    let musl = tools(&tool()).file("/hello", 0o755, Sample::with_loader(MUSL).bytes());
    assert_eq!(ids(musl, line("gosu app /hello")), "musl-program-on-glibc");
}
