//! The images: one for each rule of `mkcompose why`, and one for its nearest harmless neighbour.

use serde_json::{Value, json};

use super::image::{Entry, What};
use super::parts::Parts;

const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
const MUSL: &str = "/lib/ld-musl-x86_64.so.1";
const ENOENT: &str = "no such file or directory";
const EACCES: &str = "permission denied";
const ENOEXEC: &str = "exec format error";
const NOT_IN_PATH: &str = "executable file not found in $PATH";

/// One image, and what must be said of it and happen with it.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) layers: Vec<Vec<Entry>>,
    pub(super) config: Value,
    pub(super) expected: Expected,
}

/// What must be said and happen.
#[derive(Debug)]
pub(super) enum Expected {
    /// Nothing is found; it exits 0 and prints the greeting.
    Works,
    /// This is found, and nothing else; it does not exit 0, and the engine or the loader says this.
    Fails(&'static str, &'static str),
}

impl Case {
    /// The image's name on the engine.
    pub(super) fn tag(&self) -> String {
        format!("minimage-made:{}", self.name)
    }
}

/// A case that is being described.
struct Draft<'p> {
    parts: &'p Parts,
    case: Case,
}

impl<'p> Draft<'p> {
    fn new(parts: &'p Parts, name: &'static str) -> Self {
        let config = json!({ "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] });
        Self { parts, case: Case { name, layers: vec![Vec::new()], config, expected: Expected::Works } }
    }

    fn add(mut self, path: &str, mode: u32, what: What) -> Self {
        let entry = Entry { path: path.to_owned(), mode, owner: 0, what };
        self.case.layers.last_mut().unwrap().push(entry);
        self
    }

    /// A part, as an executable file.
    fn part(self, path: &str, part: &str) -> Self {
        let bytes = self.parts.get(part).to_vec();
        self.add(path, 0o755, What::File(bytes))
    }

    fn text(self, path: &str, text: &str) -> Self {
        self.add(path, 0o755, What::File(text.as_bytes().to_vec()))
    }

    fn bytes(self, path: &str, bytes: Vec<u8>) -> Self {
        self.add(path, 0o755, What::File(bytes))
    }

    fn folder(self, path: &str) -> Self {
        self.add(path, 0o755, What::Folder)
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.add(path, 0o777, What::Link(target.to_owned()))
    }

    fn hard_link(self, path: &str, target: &str) -> Self {
        self.add(path, 0o755, What::HardLink(target.to_owned()))
    }

    /// Hides a file of the layers below.
    fn whiteout(self, path: &str) -> Self {
        self.add(path, 0o644, What::File(Vec::new()))
    }

    /// The mode of the entry just added.
    fn mode(mut self, mode: u32) -> Self {
        self.case.layers.last_mut().unwrap().last_mut().unwrap().mode = mode;
        self
    }

    /// User and group of the entry just added.
    fn owner(mut self, owner: u64) -> Self {
        self.case.layers.last_mut().unwrap().last_mut().unwrap().owner = owner;
        self
    }

    fn layer(mut self) -> Self {
        self.case.layers.push(Vec::new());
        self
    }

    /// glibc as in Debian: loader and libc, with dash as `/bin/sh` and env.
    fn glibc(self) -> Self {
        self.part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .part("/lib/x86_64-linux-gnu/libc.so.6", "glibc/libc.so.6")
            .part("/bin/sh", "glibc/sh")
            .part("/usr/bin/env", "glibc/env")
    }

    /// musl as in Alpine, with busybox.
    fn musl(self) -> Self {
        self.part(MUSL, "musl/ld-musl-x86_64.so.1")
            .part("/bin/busybox", "musl/busybox")
            .link("/bin/sh", "busybox")
            .link("/usr/bin/env", "/bin/busybox")
    }

    fn set(mut self, key: &str, value: Value) -> Self {
        self.case.config[key] = value;
        self
    }

    fn cmd(self, words: &[&str]) -> Self {
        self.set("Cmd", json!(words))
    }

    fn env(self, words: &[&str]) -> Self {
        self.set("Env", json!(words))
    }

    fn user(self, user: &str) -> Self {
        self.set("User", json!(user))
    }

    fn works(self) -> Case {
        self.case
    }

    fn fails(mut self, id: &'static str, words: &'static str) -> Case {
        self.case.expected = Expected::Fails(id, words);
        self.case
    }
}

/// All cases.
pub(super) fn all(parts: &Parts) -> Vec<Case> {
    [
        commands(parts),
        paths(parts),
        users(parts),
        scripts(parts),
        kernels(parts),
        loaders(parts),
        libraries(parts),
        musl(parts),
        likely(parts),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Which words are executed, through a shell or not.
fn commands(parts: &Parts) -> Vec<Case> {
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
        new("empty-word").cmd(&[""]).fails("command-not-in-path", ""),
    ]
}

/// Where the command is looked for, and what is there.
fn paths(parts: &Parts) -> Vec<Case> {
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
        app("workdir-relative").set("WorkingDir", json!("/app")).cmd(&["bin/hello"]).works(),
        app("workdir-relative-missing").cmd(&["bin/hello"]).fails("command-missing", ENOENT),
        app("workdir-made").set("WorkingDir", json!("/new/folder")).cmd(&["/app/bin/hello"]).works(),
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
fn users(parts: &Parts) -> Vec<Case> {
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

/// Scripts and their interpreters.
fn scripts(parts: &Parts) -> Vec<Case> {
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
        nested("script-nested", 4).works(),
        nested("script-nested-too-deep", 5).fails("interpreters-nested", "too many levels"),
    ]
}

/// As far away as eight bytes can say.
const FAR: [u8; 8] = [0xff; 8];

/// The file with these bytes at this place.
fn changed(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// The number of eight bytes at this place.
fn number(file: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(file[at..at + 8].try_into().unwrap())).unwrap()
}

/// Where the first program header of this kind is.
fn header(file: &[u8], kind: u8) -> usize {
    (64..).step_by(56).find(|at| file[*at] == kind).unwrap()
}

/// What the kernel refuses to execute.
fn kernels(parts: &Parts) -> Vec<Case> {
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
fn loaders(parts: &Parts) -> Vec<Case> {
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

/// The libraries that glibc's loader looks for.
fn libraries(parts: &Parts) -> Vec<Case> {
    let new = |name, program: &str| {
        Draft::new(parts, name).glibc().part("/opt/bin/hello", &format!("glibc/{program}")).cmd(&["/opt/bin/hello"])
    };
    let greeting = "glibc/libgreeting.so.1";
    let missing = "libgreeting.so.1: cannot open shared object file";
    let both = |draft: Draft<'_>| -> Case {
        let draft = draft.part("/opt/lib/libouter.so.1", "glibc/libouter.so.1");
        draft.part("/opt/lib/libinner.so.1", "glibc/libinner.so.1").works()
    };
    let not_inherited = {
        let mut case = both(new("runpath-not-inherited", "outer-runpath"));
        case.expected = Expected::Fails("library-missing", "libinner.so.1: cannot open shared object file");
        case
    };
    let mut other = parts.get(greeting).to_vec();
    other[18] = 183;
    let text = "INPUT(-lgreeting)\n".repeat(9).into_bytes();
    let multiarch = "/lib/x86_64-linux-gnu/libgreeting.so.1";
    let library_path = &["LD_LIBRARY_PATH=/nowhere:/opt/lib"][..];
    vec![
        new("library-default", "greeting").part(multiarch, greeting).works(),
        new("library-missing", "greeting").fails("library-missing", missing),
        new("library-for-better-processors", "greeting")
            .part("/usr/lib/glibc-hwcaps/x86-64-v2/libgreeting.so.1", greeting)
            .works(),
        new("library-for-other-processors", "greeting")
            .part("/usr/lib/glibc-hwcaps/z15/libgreeting.so.1", greeting)
            .fails("library-missing", missing),
        new("library-elsewhere", "greeting")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .fails("library-missing", missing),
        new("library-link-chain", "greeting")
            .link("/usr/lib/libgreeting.so.1", "libgreeting.so.1.2")
            .link("/usr/lib/libgreeting.so.1.2", "/opt/lib/greeting")
            .part("/opt/lib/greeting", greeting)
            .works(),
        new("library-path", "greeting").part("/opt/lib/libgreeting.so.1", greeting).env(library_path).works(),
        new("library-path-set-user-id", "greeting")
            .mode(0o4755)
            .part("/opt/lib/libgreeting.so.1", greeting)
            .env(library_path)
            .user("1000")
            .fails("library-missing", missing),
        new("runpath-origin", "greeting-runpath").part("/opt/lib/libgreeting.so.1", greeting).works(),
        new("runpath-origin-missing", "greeting-runpath").fails("library-missing", missing),
        new("runpath-origin-linked", "greeting-runpath")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .link("/usr/bin/hello", "../../opt/bin/hello")
            .cmd(&["hello"])
            .works(),
        both(new("rpath-inherited", "outer-rpath")),
        not_inherited,
        new("cache", "greeting")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .part("/etc/ld.so.cache", "glibc/ld.so.cache")
            .works(),
        new("cache-stale", "greeting").part("/etc/ld.so.cache", "glibc/ld.so.cache").fails("library-missing", missing),
        new("conf-without-cache", "greeting")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .text("/etc/ld.so.conf", "/opt/lib\n")
            .fails("library-missing", missing),
        new("library-machine-other", "greeting").bytes(multiarch, other.clone()).fails("library-missing", missing),
        new("library-machine-other-passed-over", "greeting")
            .bytes(multiarch, other)
            .part("/usr/lib/libgreeting.so.1", greeting)
            .works(),
        new("library-text", "greeting").bytes(multiarch, text).fails("library-unusable", "invalid ELF header"),
        new("library-empty", "greeting").bytes(multiarch, Vec::new()).fails("library-unusable", "file too short"),
        new("library-cut", "greeting")
            .bytes(multiarch, parts.get(greeting)[..9000].to_vec())
            .fails("library-unusable", ""),
        new("library-forbidden", "greeting")
            .part(multiarch, greeting)
            .mode(0o600)
            .user("1000")
            .fails("library-missing", missing),
        new("library-forbidden-root", "greeting").part(multiarch, greeting).mode(0o600).works(),
        new("version", "version").part("/usr/lib/libversion.so.1", "glibc/libversion.so.1").works(),
        new("version-missing", "version")
            .part("/usr/lib/libversion.so.1", "glibc/libversion.so.1.in-old")
            .fails("version-missing", "version `V_2' not found"),
    ]
}

/// What starts, and then fails for want of something that only its text tells of.
fn likely(parts: &Parts) -> Vec<Case> {
    let new = |name, program: &str| Draft::new(parts, name).part("/hello", &format!("go/{program}")).cmd(&["/hello"]);
    vec![
        new("zones-missing", "zones").fails("zoneinfo-missing", "unknown time zone Europe/Vienna"),
        new("zones", "zones").part("/usr/share/zoneinfo/Europe/Vienna", "go/Vienna").works(),
        new("zones-inside", "zones-inside").works(),
        new("users-missing", "users").fails("passwd-missing", "open /etc/passwd"),
        new("users", "users").text("/etc/passwd", "app:x:1000:1000::/:/bin/sh\n").works(),
        new("server", "server").works(),
        new("client-missing", "client").fails("ca-certificates-missing", "failed to verify certificate"),
    ]
}

/// What is different with musl.
fn musl(parts: &Parts) -> Vec<Case> {
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
        script("busybox-script", "#!/bin/sh\necho 'Hello, world!'\n").works(),
        script("busybox-env", "#!/usr/bin/env sh\necho 'Hello, world!'\n").works(),
        script("busybox-env-missing", "#!/usr/bin/env python3\n").fails("interpreter-missing", "python3"),
        script("busybox-env-split", "#!/usr/bin/env -S sh -e\necho 'Hello, world!'\n")
            .fails("interpreter-missing", "S"),
    ]
}
