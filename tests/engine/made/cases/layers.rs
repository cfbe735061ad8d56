//! What layers say of a file beside its contents, and files that the engine or a loader reads through links.

use super::{Case, Draft, EACCES, GLIBC, Parts};

/// Modes and owners that layers state.
pub(super) fn layers(parts: &Parts) -> Vec<Case> {
    let hello = "glibc/hello-static";
    let new = |name| Draft::new(parts, name).part("/hello", hello).cmd(&["/hello"]);
    vec![
        Draft::new(parts, "root-folder-closed")
            .folder("./")
            .mode(0o700)
            .owner(5)
            .part("/hello", hello)
            .user("1000")
            .cmd(&["/hello"])
            .works(),
        new("hard-link-opens").mode(0o644).hard_link("/again", "/hello").works(),
        new("hard-link-closes").hard_link("/again", "/hello").mode(0o644).fails("command-not-executable", EACCES),
        new("hard-link-owner").hard_link("/again", "/hello").mode(0o700).owner(1000).user("1000").works(),
    ]
}

/// Users of tables that are elsewhere, or say less than they should.
pub(super) fn tables(parts: &Parts) -> Vec<Case> {
    let new = |name| Draft::new(parts, name).part("/hello", "glibc/hello-static").cmd(&["/hello"]);
    let passwd = "app:x:1000:1000::/:\n";
    vec![
        new("passwd-link").text("/data/users", passwd).link("/etc/passwd", "/data/users").user("app").works(),
        new("passwd-hard-link").text("/data/users", passwd).hard_link("/etc/passwd", "/data/users").user("app").works(),
        new("passwd-link-same-name")
            .text("/data/passwd", passwd)
            .mode(0o644)
            .link("/etc/passwd", "/data/passwd")
            .user("other")
            .fails("user-unknown", "unable to find user other"),
        new("passwd-link-to-nothing")
            .link("/etc/passwd", "/data/users")
            .user("app")
            .fails("user-unknown", "unable to find user app"),
        new("group-link")
            .text("/data/groups", "staff:x:50:\n")
            .link("/etc/group", "/data/groups")
            .user("1:staff")
            .works(),
        new("passwd-no-number").mode(0o100).text("/etc/passwd", "app:x:abc:5::/:\n").user("app").works(),
        new("passwd-name-alone").mode(0o100).text("/etc/passwd", "app\n").user("app").works(),
        Draft::new(parts, "passwd-number-as-name")
            .part("/hello", "glibc/hello-static")
            .mode(0o100)
            .owner(77)
            .text("/etc/passwd", "77:x:5:6::/:\n")
            .user("77")
            .cmd(&["/hello"])
            .works(),
    ]
}

/// What loaders read, through links or elsewhere.
pub(super) fn loaders(parts: &Parts) -> Vec<Case> {
    let greeting = |name| Draft::new(parts, name).glibc().part("/hello", "glibc/greeting").cmd(&["/hello"]);
    let musl = |name| Draft::new(parts, name).musl().part("/hello", "musl/greeting").cmd(&["/hello"]);
    let (library, path) = ("musl/libgreeting.so.1", "/etc/ld-musl-x86_64.path");
    let own = "/opt/m/lib/ld-musl-x86_64.so.1";
    vec![
        greeting("preload-file-link")
            .part("/opt/lib/other.so", "glibc/libgreeting.so.1")
            .text("/data/x", "/opt/lib/other.so\n")
            .link("/etc/ld.so.preload", "/data/x")
            .works(),
        greeting("preload-file-closed")
            .part("/opt/lib/other.so", "glibc/libgreeting.so.1")
            .folder("/data")
            .mode(0o700)
            .text("/data/x", "/opt/lib/other.so\n")
            .link("/etc/ld.so.preload", "/data/x")
            .user("1000")
            .fails("library-missing", "libgreeting.so.1: cannot open shared object file"),
        Draft::new(parts, "loader-of-its-own-name")
            .glibc()
            .hard_link("/opt/ld.so", GLIBC)
            .part("/hello", "glibc/hello")
            .cmd(&["/opt/ld.so", "/hello"])
            .works(),
        musl("musl-path-file-link")
            .part("/opt/lib/libgreeting.so.1", library)
            .text("/data/x", "/lib\n/opt/lib\n")
            .link(path, "/data/x")
            .works(),
        musl("musl-path-file-of-a-prefix")
            .part(own, "musl/ld-musl-x86_64.so.1")
            .part("/m/libgreeting.so.1", library)
            .text("/opt/m/etc/ld-musl-x86_64.path", "/m\n")
            .cmd(&[own, "/hello"])
            .works(),
    ]
}
