//! What a shell is told to run, and what else may decide what it does.

use super::{Case, Draft, Parts};

/// Lines in which a program is not where its words alone say, each with a shell that has it where they do.
pub(super) fn shells(parts: &Parts) -> Vec<Case> {
    let new = |name| Draft::new(parts, name).glibc().part("/opt/bin/hello", "glibc/hello-static");
    let bash = |name| {
        let draft =
            new(name).part("/bin/bash", "glibc/bash").part("/lib/x86_64-linux-gnu/libtinfo.so.6", "glibc/tinfo");
        draft.text("/etc/profile", "PATH=/opt/bin\n")
    };
    let linked = |name| {
        let draft = Draft::new(parts, name).glibc().part("/opt/bin/hello", "glibc/greeting");
        draft.part("/opt/lib/libgreeting.so.1", "glibc/libgreeting.so.1")
    };
    let absent = "command-not-in-path";
    let path = "PATH=/usr/bin:/bin";
    vec![
        new("shell-path").cmd(&["/bin/sh", "-c", "PATH=/opt/bin hello"]).works(),
        new("shell-path-absent").cmd(&["/bin/sh", "-c", "PATH=/opt hello"]).fails(absent, "hello: not found"),
        new("shell-path-exec").cmd(&["/bin/sh", "-c", "PATH=/opt/bin exec hello"]).works(),
        new("shell-path-of-image-relative").env(&["PATH=opt/bin"]).cmd(&["/bin/sh", "-c", "hello"]).works(),
        new("shell-path-of-image-empty")
            .env(&["PATH=/bin:"])
            .set("WorkingDir", "/opt/bin".into())
            .cmd(&["/bin/sh", "-c", "hello"])
            .works(),
        linked("shell-library-path").cmd(&["/bin/sh", "-c", "LD_LIBRARY_PATH=/opt/lib /opt/bin/hello"]).works(),
        linked("shell-library-path-other")
            .cmd(&["/bin/sh", "-c", "LD_LIBRARY_PATH=/opt /opt/bin/hello"])
            .fails("library-missing", "libgreeting.so.1: cannot open shared object file"),
        linked("shell-preload")
            .cmd(&["/bin/sh", "-c", "LD_PRELOAD=/opt/lib/libgreeting.so.1 exec /opt/bin/hello"])
            .works(),
        new("shell-option-after").cmd(&["/bin/sh", "-c", "-e", "/opt/bin/hello"]).works(),
        new("shell-option-after-absent").cmd(&["/bin/sh", "-c", "-e", "hallo"]).fails(absent, "hallo: not found"),
        new("shell-end-of-options").cmd(&["/bin/sh", "-e", "-c", "--", "/opt/bin/hello"]).works(),
        new("shell-is-a-script")
            .text("/opt/sh", "#!/bin/sh\nPATH=/opt/bin exec /bin/sh \"$@\"\n")
            .cmd(&["/opt/sh", "-c", "hello"])
            .works(),
        bash("bash-exec-named").cmd(&["/bin/bash", "-c", "exec -a other /opt/bin/hello"]).works(),
        bash("bash-tilde-in-path")
            .env(&["PATH=~:/usr/bin:/bin", "HOME=/opt/bin"])
            .cmd(&["/bin/bash", "-c", "hello"])
            .works(),
        bash("bash-absent").env(&[path]).cmd(&["/bin/bash", "-c", "hello"]).fails(absent, "hello: command not found"),
        bash("bash-login").env(&[path]).cmd(&["/bin/bash", "-lc", "hello"]).works(),
        bash("bash-login-in-words").env(&[path]).cmd(&["/bin/bash", "--login", "-c", "hello"]).works(),
        bash("bash-file-of-environment")
            .env(&[path, "BASH_ENV=/etc/profile"])
            .cmd(&["/bin/bash", "-c", "hello"])
            .works(),
        bash("bash-function")
            .env(&[path, "BASH_FUNC_hallo%%=() { /opt/bin/hello; }"])
            .cmd(&["/bin/bash", "-c", "hallo"])
            .works(),
        bash("bash-path-appended").env(&[path]).cmd(&["/bin/bash", "-c", "PATH+=:/opt/bin hello"]).works(),
    ]
}
