//! Files that the engine or a loader reads: what is not known of them leads to no finding.

use super::{MUSL, cmd, empty, env, glibc, ids, library, musl, program};
use crate::config::Config;
use crate::dynamic_loader::cache_sample;
use crate::elf::test_builder::Sample;
use crate::tree::builder::FileTreeBuilder;

fn user(config: Config, user: &str) -> Config {
    Config { user: user.to_owned(), ..config }
}

fn hello(mode: u16) -> FileTreeBuilder {
    empty().file("/hello", mode, Sample::program().bytes())
}

#[test]
fn the_root_folder_of_a_layer_is_not_that_of_the_container() {
    for (mode, owner) in [(0o700, 0), (0, 5)] {
        let tree = empty().owner(owner, owner).folder("/", mode).owner(0, 0);
        let tree = tree.file("/hello", 0o755, Sample::program().bytes());
        assert_eq!(ids(tree, user(cmd(&["/hello"]), "1000")), "");
    }
    let closed = hello(0o755).folder("/root", 0o700).link("/root/up", "/hello");
    assert_eq!(ids(closed, user(cmd(&["/root/up"]), "1000")), "command-not-executable");
}

#[test]
fn a_user_in_a_table_that_is_not_known_may_be_there_and_do_anything() {
    for table in ["/etc/passwd", "/etc/group"] {
        let link = |mode| hello(mode).file("/data/users", 0o644, "app:x:1000:1000::/:\n").link(table, "../data/users");
        assert_eq!(ids(link(0o700), user(cmd(&["/hello"]), "app:app")), "");
        assert_eq!(ids(link(0o644), user(cmd(&["/hello"]), "app:app")), "command-not-executable");
        let proc = hello(0o755).link(table, "/proc/self/users");
        assert_eq!(ids(proc, user(cmd(&["/hello"]), "app:app")), "");
    }
    let known = hello(0o755).file("/usr/etc/passwd", 0o644, "app:x:1:1::/:\n").link("/etc/passwd", "../usr/etc/passwd");
    assert_eq!(ids(known, user(cmd(&["/hello"]), "other")), "user-unknown");
    let nowhere = hello(0o755).link("/etc/passwd", "/data/users");
    assert_eq!(ids(nowhere, user(cmd(&["/hello"]), "app")), "user-unknown");
}

#[test]
fn a_user_who_is_not_known_may_have_other_rights_than_the_program() {
    let tree = |mode: u16| {
        let tree = glibc().file("/data/users", 0o644, "app:x:5:5::/:\n").link("/etc/passwd", "/data/users");
        tree.owner(5, 5).file("/hello", mode, program(&["liba.so"]).bytes()).file(
            "/x/liba.so",
            0o644,
            library("liba.so"),
        )
    };
    let config = |name| user(env(cmd(&["/hello"]), &["LD_LIBRARY_PATH=/x"]), name);
    assert_eq!(ids(tree(0o4755), config("app")), "");
    assert_eq!(ids(tree(0o4755), user(cmd(&["/hello"]), "app")), "", "set-user-id for whom?");
    assert_eq!(ids(tree(0o755), user(cmd(&["/hello"]), "app")), "library-missing");
}

#[test]
fn what_a_loader_reads_and_is_not_known_may_lead_to_any_library() {
    let tree = || {
        glibc().file("/hello", 0o755, program(&["liba.so", "libc.so.6"]).requires("libc.so.6", &["GLIBC_2.99"]).bytes())
    };
    assert_eq!(ids(tree(), cmd(&["/hello"])), "library-missing version-missing");
    for file in ["/etc/ld.so.cache", "/etc/ld.so.preload"] {
        let data = || tree().file("/data/x", 0o644, "x");
        assert_eq!(ids(data().link(file, "/data/x"), cmd(&["/hello"])), "", "{file}");
        assert_eq!(ids(data().hard_link(file, "/data/x"), cmd(&["/hello"])), "", "{file}");
        let large = tree().file(file, 0o644, vec![b'x'; 1 << 20]);
        assert_eq!(ids(large, cmd(&["/hello"])), "", "{file}");
        let closed = data().folder("/data", 0o700).link(file, "/data/x");
        let missing = "library-missing version-missing";
        assert_eq!(ids(closed, user(cmd(&["/hello"]), "1000")), missing, "{file}: the loader cannot read it either");
        assert_eq!(ids(tree().link(file, "/data/x"), cmd(&["/hello"])), missing, "{file}");
    }
    let cache = cache_sample(&[("liba.so", "/opt/liba.so")]);
    let known = glibc().file("/var/ld.so.cache", 0o644, &cache).link("/etc/ld.so.cache", "../var/ld.so.cache");
    let known = known.file("/hello", 0o755, program(&["liba.so"]).bytes());
    assert_eq!(ids(known.file("/opt/liba.so", 0o644, library("liba.so")), cmd(&["/hello"])), "");
}

#[test]
fn the_folders_of_musls_loader_are_those_of_its_own_prefix() {
    const LOADER: &str = "/opt/m/lib/ld-musl-x86_64.so.1";
    let tree = |loader: &str| {
        let program = Sample::with_loader(loader).needs("liba.so").bytes();
        let musl = Sample::library("libc.musl-x86_64.so.1").bytes();
        empty().file(loader, 0o755, musl).file("/hello", 0o755, program).file("/m/liba.so", 0o644, library("liba.so"))
    };
    assert_eq!(ids(tree(LOADER), cmd(&["/hello"])), "library-missing");
    let own = tree(LOADER).file("/opt/m/etc/ld-musl-x86_64.path", 0o644, "/m\n");
    assert_eq!(ids(own, cmd(&["/hello"])), "");
    let other = tree(LOADER).file("/etc/ld-musl-x86_64.path", 0o644, "/m\n");
    assert_eq!(ids(other, cmd(&["/hello"])), "library-missing");
    let renamed = tree("/opt/m/lib/ld.so.1").file("/opt/m/etc/ld-musl-x86_64.path", 0o644, "/m\n");
    assert_eq!(ids(renamed, cmd(&["/hello"])), "");
    assert_eq!(ids(tree("/opt/m/lib/ld.so.1"), cmd(&["/hello"])), "library-missing");
}

#[test]
fn folders_of_musls_loader_that_are_not_known_may_be_any() {
    let tree = || {
        let program = Sample::with_loader(MUSL).needs("liba.so").bytes();
        musl().file("/hello", 0o755, program).file("/lib/liba.so", 0o644, library("liba.so"))
    };
    assert_eq!(ids(tree().file("/etc/ld-musl-x86_64.path", 0o644, ""), cmd(&["/hello"])), "library-missing");
    let link = tree().file("/data/x", 0o644, "/m").link("/etc/ld-musl-x86_64.path", "/data/x");
    assert_eq!(ids(link, cmd(&["/hello"])), "");
}
