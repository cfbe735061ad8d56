//! Scripts and their interpreters.

use super::{Case, Draft, EACCES, ENOENT, ENOEXEC, Parts};

/// Scripts and their interpreters.
pub(super) fn scripts(parts: &Parts) -> Vec<Case> {
    let script = |name, text: &str| Draft::new(parts, name).glibc().text("/run", text).cmd(&["/run"]);
    let echo = "echo 'Hello, world!'\n";
    let with = |line: &str| format!("{line}\n{echo}");
    let nested = |name, depth: usize| {
        let first = Draft::new(parts, name).glibc().text("/s0", &with("#!/bin/sh")).cmd(&["/run"]);
        let all = (1..depth).fold(first, |draft, n| draft.text(&format!("/s{n}"), &format!("#!/s{}\n", n - 1)));
        all.text("/run", &format!("#!/s{}\n", depth - 1))
    };
    vec![
        script("script", &with("#!/bin/sh")).works(),
        script("script-argument", &with("#! /bin/sh -e")).works(),
        script("script-interpreter-missing", &with("#!/bin/bash")).fails("interpreter-missing", ENOENT),
        script("script-crlf", &with("#!/bin/sh\r")).fails("crlf-in-script", ENOENT),
        script("script-crlf-argument", &with("#!/bin/sh -e\r")).fails("crlf-in-script", "Illegal option"),
        script("script-no-line", echo).fails("script-without-interpreter", ENOEXEC),
        script("script-no-line-shell", echo).cmd(&["/bin/sh", "-c", "/run"]).works(),
        script("script-line-just-fits", &with(&format!("#!{}bin/sh", "/".repeat(247)))).works(),
        script("script-line-too-long", &with(&format!("#!{}bin/sh", "/".repeat(248))))
            .fails("script-without-interpreter", ENOEXEC),
        script("script-argument-cut", &with(&format!("#!/bin/sh -{}", "e".repeat(400)))).works(),
        script("script-unreadable", &with("#!/bin/sh")).mode(0o711).user("1000").fails("script-not-readable", "/run"),
        script("script-unreadable-owner", &with("#!/bin/sh")).mode(0o511).owner(1000).user("1000").works(),
        script("script-unreadable-root", &with("#!/bin/sh")).mode(0o111).works(),
        script("script-unreadable-env", &with("#!/usr/bin/env sh"))
            .mode(0o711)
            .user("1000")
            .fails("script-not-readable", "/run"),
        script("script-unreadable-shell", echo)
            .cmd(&["/bin/sh", "-c", "/run"])
            .mode(0o711)
            .user("1000")
            .fails("script-not-readable", "/run"),
        script("script-interpreter-folder", &with("#!/opt")).folder("/opt").fails("interpreter-not-executable", EACCES),
        script("script-other-magic-by-shell", "MZqFpD='\n'\nexec /bin/sh -c \"echo 'Hello, world!'\"\n")
            .cmd(&["/bin/sh", "-c", "/run"])
            .works(),
        script("script-other-magic", "MZqFpD='\n'\nexec /bin/sh\n").fails("unknown-format", ENOEXEC),
        script("script-nul-by-env", &format!("{echo}exit 0\n\0\0\0")).cmd(&["env", "/run"]).works(),
        script("script-nul", &format!("{echo}exit 0\n\0\0\0")).fails("unknown-format", ENOEXEC),
        script("script-byte-order-mark-by-shell", &format!("\u{feff}#!/bin/sh\n{echo}"))
            .cmd(&["/bin/sh", "-c", "/run"])
            .works(),
        script("script-refused-interpreter-by-shell", &with("#!/opt/x"))
            .text("/opt/x", "MZ\0")
            .cmd(&["/bin/sh", "-c", "/run"])
            .works(),
        script("script-empty", "").fails("unknown-format", ENOEXEC),
        script("script-bom", &with("\u{feff}#!/bin/sh")).fails("unknown-format", ENOEXEC),
        script("script-interpreter-forbidden", &with("#!/opt/sh"))
            .part("/opt/sh", "glibc/sh")
            .mode(0o644)
            .fails("interpreter-not-executable", EACCES),
        script("script-interpreter-without-loader", &with("#!/opt/sh"))
            .part("/opt/sh", "musl/hello")
            .fails("musl-program-on-glibc", ENOENT),
        script("script-env", &with("#!/usr/bin/env sh")).works(),
        script("script-env-missing", &with("#!/usr/bin/env bash")).fails("interpreter-missing", "No such file"),
        script("script-env-crlf", &with("#!/usr/bin/env sh\r")).fails("crlf-in-script", "No such file"),
        script("script-env-two-words", &with("#!/usr/bin/env sh -e")).fails("interpreter-missing", "No such file"),
        script("script-env-split", &with("#!/usr/bin/env -S sh -e")).works(),
        script("script-env-split-missing", &with("#!/usr/bin/env -S bash -e"))
            .fails("interpreter-missing", "No such file"),
        script("script-env-assigns", "#!/usr/bin/env -S LD_LIBRARY_PATH=/opt/lib /opt/bin/hello\n")
            .part("/opt/bin/hello", "glibc/greeting")
            .part("/opt/lib/libgreeting.so.1", "glibc/libgreeting.so.1")
            .works(),
        nested("script-nested", 4).works(),
        nested("script-nested-too-deep", 5).fails("interpreters-nested", "too many levels"),
    ]
}
