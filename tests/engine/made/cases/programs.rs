//! ELF programs: what the kernel refuses, and the loaders that they ask for.

use super::{Case, Draft, EACCES, ENOENT, ENOEXEC, GLIBC, Parts, changed};

/// As far away as eight bytes can say.
const FAR: [u8; 8] = [0xff; 8];

/// The number of eight bytes at this place.
fn number(file: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(file[at..at + 8].try_into().unwrap())).unwrap()
}

/// Where the first program header of this kind is.
fn header(file: &[u8], kind: u8) -> usize {
    (64..).step_by(56).find(|at| file[*at] == kind).unwrap()
}

/// What the kernel refuses to execute.
pub(super) fn kernels(parts: &Parts) -> Vec<Case> {
    let hello = |name, bytes: Vec<u8>| Draft::new(parts, name).bytes("/hello", bytes).cmd(&["/hello"]);
    let program = || parts.get("glibc/hello-static").to_vec();
    let mut other = program();
    // `e_machine` of aarch64.
    other[18] = 183;
    let mut unnumbered = program();
    // The number of program headers.
    unnumbered[56] = 0;
    let load = header(&program(), 1);
    let linked = parts.get("glibc/hello");
    let interpreter = header(linked, 3);
    // Of the dynamic section, the value beside the tag `DT_STRTAB`.
    let section = number(linked, header(linked, 2) + 8);
    let tag = (section..).step_by(16).find(|at| number(linked, *at) == 5).unwrap();
    let strings = tag + 8;
    let dynamic =
        |name, at| Draft::new(parts, name).glibc().bytes("/hello", changed(linked.to_vec(), at, &FAR)).cmd(&["/hello"]);
    vec![
        hello("static", program()).works(),
        hello("static-pie", parts.get("glibc/hello-static-pie").to_vec()).works(),
        hello("machine-other", other).fails("wrong-architecture", ENOEXEC),
        hello("machine-other-of-the-family", program()).architecture("386").works(),
        hello("library-as-program", parts.get("glibc/libstill.so.1").to_vec()).fails("not-a-program", ""),
        hello("library-that-starts", parts.get("glibc/start.so").to_vec()).works(),
        hello("elf-short", program()[..60].to_vec()).fails("elf-damaged", ""),
        hello("elf-no-headers", unnumbered).fails("elf-damaged", ENOEXEC),
        hello("windows", b"MZ\x90\0".to_vec()).fails("unknown-format", ENOEXEC),
        hello("unreadable", program()).mode(0o711).user("1000").works(),
        hello("elf-class-is-text", changed(program(), 4, b"Hi there")).works(),
        hello("elf-headers-nowhere", changed(program(), 32, &FAR)).fails("elf-damaged", ""),
        hello("elf-part-nowhere", changed(program(), load + 8, &FAR)).fails("elf-damaged", ""),
        hello("elf-address-nowhere", changed(program(), load + 16, &FAR)).fails("elf-damaged", ""),
        hello("elf-part-larger-than-memory", changed(program(), load + 40, &[1, 0, 0, 0, 0, 0, 0, 0]))
            .fails("elf-damaged", ""),
        dynamic("elf-interpreter-nowhere", interpreter + 8).fails("elf-damaged", ""),
        dynamic("elf-interpreter-endless", interpreter + 32).fails("elf-damaged", ""),
        dynamic("elf-dynamic-nowhere", header(parts.get("glibc/hello"), 2) + 16).fails("elf-damaged", ""),
        dynamic("elf-dynamic-nowhere-in-file", header(parts.get("glibc/hello"), 2) + 8).works(),
        dynamic("elf-strings-nowhere", strings).fails("elf-damaged", ""),
    ]
}

/// The loader that a program asks for.
pub(super) fn loaders(parts: &Parts) -> Vec<Case> {
    let hello = |name| Draft::new(parts, name).part("/hello", "glibc/hello").cmd(&["/hello"]);
    let usr = |name| {
        let draft =
            hello(name).folder("/usr/lib").folder("/usr/lib64").link("/lib", "usr/lib").link("/lib64", "usr/lib64");
        draft
            .part("/usr/lib/x86_64-linux-gnu/ld-2.so", "glibc/ld-linux-x86-64.so.2")
            .part("/usr/lib/x86_64-linux-gnu/libc.so.6", "glibc/libc.so.6")
    };
    vec![
        hello("loader").glibc().works(),
        hello("loader-missing").fails("loader-missing", ENOENT),
        hello("loader-whiteout")
            .glibc()
            .layer()
            .whiteout("/lib64/.wh.ld-linux-x86-64.so.2")
            .fails("loader-missing", ENOENT),
        usr("loader-linked").link("/usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-2.so").works(),
        usr("loader-dangling").link("/usr/lib64/ld-linux-x86-64.so.2", "ld-2.so").fails("loader-missing", ENOENT),
        hello("loader-forbidden")
            .glibc()
            .layer()
            .part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .mode(0o644)
            .fails("loader-unusable", EACCES),
        hello("loader-script").glibc().layer().text(GLIBC, "#!/bin/sh\n").fails("loader-unusable", ""),
        hello("glibc-on-musl").musl().fails("glibc-program-on-musl", ENOENT),
        Draft::new(parts, "musl-on-glibc")
            .glibc()
            .part("/hello", "musl/hello")
            .cmd(&["/hello"])
            .fails("musl-program-on-glibc", ENOENT),
        hello("libc-missing")
            .part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .fails("library-missing", "libc.so.6: cannot open shared object file"),
        hello("libc-in-usr")
            .part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .part("/usr/lib/x86_64-linux-gnu/libc.so.6", "glibc/libc.so.6")
            .works(),
        hello("libc-in-lib64")
            .part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .part("/lib64/libc.so.6", "glibc/libc.so.6")
            .fails("library-missing", "libc.so.6: cannot open shared object file"),
        hello("shared-library").glibc().layer().part("/hello", "glibc/libouter.so.1").fails("not-a-program", ""),
        hello("loader-folder").folder(GLIBC).fails("loader-unusable", EACCES),
        hello("loader-runs").glibc().cmd(&[GLIBC, "/hello"]).works(),
        hello("loader-runs-readable")
            .glibc()
            .layer()
            .part("/hello", "glibc/hello")
            .mode(0o644)
            .cmd(&[GLIBC, "./hello"])
            .works(),
        hello("loader-runs-unreadable")
            .mode(0o711)
            .glibc()
            .user("1000")
            .cmd(&[GLIBC, "/hello"])
            .fails("command-not-executable", "cannot open shared object file"),
        hello("loader-runs-nothing")
            .glibc()
            .cmd(&[GLIBC, "/hallo"])
            .fails("command-missing", "cannot open shared object file"),
        hello("loader-runs-static").glibc().part("/still", "glibc/hello-static").cmd(&[GLIBC, "/still"]).works(),
        hello("loader-runs-script")
            .glibc()
            .text("/run", "#!/bin/sh\n")
            .cmd(&[GLIBC, "/run"])
            .fails("unknown-format", "file too short"),
        hello("loader-runs-no-class")
            .glibc()
            .bytes("/classless", changed(parts.get("glibc/hello").to_vec(), 4, &[7]))
            .cmd(&[GLIBC, "/classless"])
            .fails("elf-damaged", "/classless"),
        hello("kernel-runs-no-class")
            .glibc()
            .bytes("/classless", changed(parts.get("glibc/hello").to_vec(), 4, &[7]))
            .cmd(&["/classless"])
            .works(),
        hello("loader-runs-without-libc")
            .part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .cmd(&[GLIBC, "--argv0", "x", "/hello"])
            .fails("library-missing", "libc.so.6: cannot open shared object file"),
        hello("loader-runs-with-libc-elsewhere")
            .part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .part("/opt/lib/libc.so.6", "glibc/libc.so.6")
            .cmd(&[GLIBC, "--library-path", "/opt/lib", "/hello"])
            .works(),
    ]
}
