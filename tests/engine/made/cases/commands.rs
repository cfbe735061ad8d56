//! The command: which words are executed, where they are looked for, and as whom.

use serde_json::json;

use super::{Case, Draft, EACCES, ENOENT, NOT_IN_PATH, Parts};

/// Which words are executed, through a shell or not.
pub(super) fn commands(parts: &Parts) -> Vec<Case> {
    let new = |name| Draft::new(parts, name).part("/hello", "glibc/hello-static");
    let shell = |name| new(name).glibc();
    vec![
        new("nothing").fails("nothing-to-run", "No command specified"),
        new("cmd").cmd(&["/hello"]).works(),
        new("entrypoint-with-cmd").set("Entrypoint", json!(["/hello"])).cmd(&["argument"]).works(),
        new("entrypoint-missing")
            .set("Entrypoint", json!(["/start"]))
            .cmd(&["/hello"])
            .fails("command-missing", ENOENT),
        new("string-form-no-shell").cmd(&["/bin/sh", "-c", "./hello"]).fails("shell-missing", ENOENT),
        shell("string-form").cmd(&["/bin/sh", "-c", "./hello"]).works(),
        shell("string-form-exec").cmd(&["/bin/sh", "-c", "exec ./hello"]).works(),
        shell("string-form-absent").cmd(&["/bin/sh", "-c", "hallo"]).fails("command-not-in-path", "hallo: not found"),
        shell("string-form-shell-decides").cmd(&["/bin/sh", "-c", "hallo 2>/dev/null || ./hello"]).works(),
        shell("shell-missing")
            .set("Shell", json!(["/bin/bash", "-c"]))
            .cmd(&["/bin/bash", "-c", "./hello"])
            .fails("shell-missing", ENOENT),
        shell("shell-set").set("Shell", json!(["/bin/sh", "-ec"])).cmd(&["/bin/sh", "-ec", "./hello"]).works(),
        shell("env-runs").cmd(&["env", "./hello"]).works(),
        shell("env-runs-nothing").cmd(&["env", "./hallo"]).fails("command-missing", "No such file or directory"),
        shell("env-runs-a-shell-that-runs-nothing")
            .cmd(&["env", "sh", "-c", "exec ./hallo"])
            .fails("command-missing", "hallo: not found"),
        new("entrypoint-reset").set("Entrypoint", json!([""])).cmd(&["/hello"]).works(),
        new("entrypoint-reset-nothing").set("Entrypoint", json!([""])).fails("nothing-to-run", "No command specified"),
        new("empty-word").cmd(&[""]).fails("command-not-in-path", ""),
    ]
}

/// Where the command is looked for, and what is there.
pub(super) fn paths(parts: &Parts) -> Vec<Case> {
    let new = |name| Draft::new(parts, name);
    let hello = "glibc/hello-static";
    let app = |name| new(name).part("/app/bin/hello", hello);
    vec![
        app("name-in-workdir")
            .set("WorkingDir", json!("/app/bin"))
            .cmd(&["hello"])
            .fails("command-not-in-path", NOT_IN_PATH),
        app("path-set").env(&["PATH=/usr/bin:/app/bin"]).cmd(&["hello"]).works(),
        app("path-relative").env(&["PATH=app/bin"]).cmd(&["hello"]).fails("command-not-in-path", "hello"),
        new("path-not-set").env(&[]).part("/usr/local/bin/hello", hello).cmd(&["hello"]).works(),
        new("path-second-is-executable")
            .part("/usr/bin/hello", hello)
            .mode(0o644)
            .part("/bin/hello", hello)
            .cmd(&["hello"])
            .works(),
        new("path-first-is-for-others")
            .part("/usr/bin/hello", hello)
            .mode(0o700)
            .part("/bin/hello", hello)
            .user("1000")
            .cmd(&["hello"])
            .fails("command-shadowed", EACCES),
        app("proc-self-root").cmd(&["/proc/self/root/app/bin/hello"]).works(),
        app("link-through-proc").link("/hello", "/proc/self/root/app/bin/hello").cmd(&["/hello"]).works(),
        app("env-called-tini")
            .glibc()
            .part("/bin/tini", "glibc/env")
            .cmd(&["tini", "--", "A=1", "/app/bin/hello"])
            .works(),
        app("workdir-relative").set("WorkingDir", json!("/app")).cmd(&["bin/hello"]).works(),
        app("workdir-relative-missing").cmd(&["bin/hello"]).fails("command-missing", ENOENT),
        app("workdir-made").set("WorkingDir", json!("/new/folder")).cmd(&["/app/bin/hello"]).works(),
        app("workdir-made-above").set("WorkingDir", json!("/new/folder")).cmd(&["./../../app/bin/hello"]).works(),
        app("workdir-made-above-missing")
            .set("WorkingDir", json!("/new/folder"))
            .cmd(&["../app/bin/hello"])
            .fails("command-missing", ENOENT),
        app("workdir-is-a-file")
            .set("WorkingDir", json!("/app/bin/hello"))
            .cmd(&["/app/bin/hello"])
            .fails("workdir-not-a-folder", "not a directory"),
        app("link").link("/hello", "app/bin/hello").cmd(&["/hello"]).works(),
        app("link-dangling").link("/hello", "app/hello").cmd(&["/hello"]).fails("command-dangling", ENOENT),
        app("link-loop").link("/hello", "/hello").cmd(&["/hello"]).fails("command-dangling", "too many levels"),
        app("hard-link").hard_link("/hello", "/app/bin/hello").cmd(&["/hello"]).works(),
        app("folder").cmd(&["/app/bin"]).fails("command-is-folder", ""),
        new("file-becomes-folder")
            .part("/hello", hello)
            .layer()
            .folder("/hello")
            .text("/hello/inside", "")
            .cmd(&["/hello"])
            .fails("command-is-folder", ""),
        new("folder-becomes-file").text("/hello/inside", "").layer().part("/hello", hello).cmd(&["/hello"]).works(),
        app("whiteout")
            .layer()
            .whiteout("/app/bin/.wh.hello")
            .cmd(&["/app/bin/hello"])
            .fails("command-missing", ENOENT),
        app("opaque").layer().whiteout("/app/.wh..wh..opq").cmd(&["/app/bin/hello"]).fails("command-missing", ENOENT),
        app("whiteout-and-back")
            .layer()
            .whiteout("/app/.wh.bin")
            .layer()
            .part("/app/bin/hello", hello)
            .cmd(&["/app/bin/hello"])
            .works(),
    ]
}

/// As whom it is executed.
pub(super) fn users(parts: &Parts) -> Vec<Case> {
    let new = |name| Draft::new(parts, name).part("/hello", "glibc/hello-static").cmd(&["/hello"]);
    let mode = |name, mode, owner| {
        Draft::new(parts, name).part("/hello", "glibc/hello-static").mode(mode).owner(owner).cmd(&["/hello"])
    };
    let passwd = "app:x:1000:1000::/:/bin/sh\n";
    vec![
        mode("mode-644", 0o644, 0).fails("command-not-executable", EACCES),
        mode("mode-001-root", 0o001, 1000).works(),
        mode("mode-700-other", 0o700, 0).user("1000").fails("command-not-executable", EACCES),
        mode("mode-700-owner", 0o700, 1000).user("1000").works(),
        mode("mode-010-group", 0o010, 1000).user("2000:1000").works(),
        mode("mode-101-group", 0o101, 1000).user("2000:1000").fails("command-not-executable", EACCES),
        new("user-unknown").user("app").fails("user-unknown", "unable to find user app"),
        new("user-root-unknown").user("root").fails("user-unknown", "unable to find user root"),
        new("user-known").text("/etc/passwd", passwd).user("app").works(),
        new("user-number").user("1000:1000").works(),
        new("group-unknown").user("1000:staff").fails("group-unknown", "unable to find group staff"),
        new("group-known").text("/etc/group", "staff:x:50:\n").user("1000:staff").works(),
        Draft::new(parts, "folder-closed")
            .folder("/root")
            .mode(0o700)
            .part("/root/hello", "glibc/hello-static")
            .user("1000")
            .cmd(&["/root/hello"])
            .fails("command-not-executable", EACCES),
    ]
}
