//! What is different with musl, and with busybox.

use serde_json::json;

use super::{Case, Draft, ENOENT, MUSL, Parts};

/// What is different with musl.
pub(super) fn musl(parts: &Parts) -> Vec<Case> {
    let new = |name| Draft::new(parts, name).musl().part("/hello", "musl/greeting").cmd(&["/hello"]);
    let greeting = "musl/libgreeting.so.1";
    let missing = "Error loading shared library libgreeting.so.1";
    let script = |name, text: &str| Draft::new(parts, name).musl().text("/run", text).cmd(&["/run"]);
    vec![
        Draft::new(parts, "musl-program").musl().part("/hello", "musl/hello").cmd(&["/hello"]).works(),
        Draft::new(parts, "musl-loader-missing")
            .part("/hello", "musl/hello")
            .cmd(&["/hello"])
            .fails("loader-missing", ENOENT),
        new("musl-library-default").part("/usr/local/lib/libgreeting.so.1", greeting).works(),
        new("musl-loader-runs")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .cmd(&[MUSL, "--library-path=/opt/lib", "--", "hello"])
            .works(),
        new("musl-loader-runs-nothing").cmd(&[MUSL, "/hallo"]).fails("command-missing", "cannot load /hallo"),
        new("musl-loader-runs-without-library").cmd(&[MUSL, "/hello"]).fails("library-missing", missing),
        new("musl-loader-runs-static")
            .part("/still", "glibc/hello-static")
            .cmd(&[MUSL, "/still"])
            .fails("not-a-program", "Not a valid dynamic program"),
        new("musl-library-elsewhere").part("/opt/lib/libgreeting.so.1", greeting).fails("library-missing", missing),
        new("musl-path-file")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .text("/etc/ld-musl-x86_64.path", "/lib\n/opt/lib\n")
            .works(),
        new("musl-path-file-replaces")
            .part("/usr/lib/libgreeting.so.1", greeting)
            .text("/etc/ld-musl-x86_64.path", "/lib\n")
            .fails("library-missing", missing),
        new("musl-library-path").part("/opt/lib/libgreeting.so.1", greeting).env(&["LD_LIBRARY_PATH=/opt/lib"]).works(),
        new("musl-library-path-empty-folder")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .set("WorkingDir", json!("/opt/lib"))
            .env(&["LD_LIBRARY_PATH=:/nowhere:"])
            .fails("library-missing", missing),
        new("musl-library-path-empty-folder-passed-over")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .env(&["LD_LIBRARY_PATH=::/opt/lib"])
            .works(),
        new("musl-preload")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .env(&["LD_PRELOAD=/opt/lib/libgreeting.so.1"])
            .fails("library-missing", missing),
        script("busybox-script", "#!/bin/sh\necho 'Hello, world!'\n").works(),
        script("busybox-env", "#!/usr/bin/env sh\necho 'Hello, world!'\n").works(),
        script("busybox-env-missing", "#!/usr/bin/env python3\n").fails("interpreter-missing", "python3"),
        script("busybox-env-split", "#!/usr/bin/env -S sh -e\necho 'Hello, world!'\n")
            .fails("interpreter-missing", "S"),
    ]
}
