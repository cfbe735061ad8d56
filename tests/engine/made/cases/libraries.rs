//! The libraries that glibc's loader looks for.

use serde_json::json;

use super::{Case, Draft, Expected, GLIBC, Parts, changed};

const GREETING: &str = "glibc/libgreeting.so.1";
const MISSING: &str = "libgreeting.so.1: cannot open shared object file";

/// A folder that the loader searches, and the library in it.
const MULTIARCH: &str = "/lib/x86_64-linux-gnu/libgreeting.so.1";

/// An image with glibc and this program.
fn new<'p>(parts: &'p Parts, name: &'static str, program: &str) -> Draft<'p> {
    Draft::new(parts, name).glibc().part("/opt/bin/hello", &format!("glibc/{program}")).cmd(&["/opt/bin/hello"])
}

/// Whose rights count.
pub(super) fn rights(parts: &Parts) -> Vec<Case> {
    let new = |name, program: &str| new(parts, name, program);
    let (greeting, missing) = (GREETING, MISSING);
    vec![
        new("library-closed-set-user-id", "greeting")
            .mode(0o4755)
            .part(MULTIARCH, greeting)
            .mode(0o600)
            .user("1000")
            .works(),
        new("library-closed-for-another", "greeting")
            .mode(0o4755)
            .owner(1000)
            .part(MULTIARCH, greeting)
            .mode(0o600)
            .fails("library-missing", missing),
        new("runpath-origin-set-user-id", "greeting-runpath")
            .mode(0o4755)
            .part("/opt/lib/libgreeting.so.1", greeting)
            .user("1000")
            .fails("library-missing", missing),
        Draft::new(parts, "runpath-origin-set-user-id-trusted")
            .glibc()
            .part("/usr/lib/bin/hello", "glibc/greeting-runpath")
            .mode(0o4755)
            .part("/usr/lib/lib/libgreeting.so.1", greeting)
            .user("1000")
            .cmd(&["/usr/lib/bin/hello"])
            .works(),
    ]
}

/// Where they are.
pub(super) fn libraries<'p>(parts: &'p Parts) -> Vec<Case> {
    let new = |name, program: &str| new(parts, name, program);
    let (greeting, missing) = (GREETING, MISSING);
    let both = |draft: Draft<'p>| -> Case {
        let draft = draft.part("/opt/lib/libouter.so.1", "glibc/libouter.so.1");
        draft.part("/opt/lib/libinner.so.1", "glibc/libinner.so.1").works()
    };
    let not_inherited = {
        let mut case = both(new("runpath-not-inherited", "outer-runpath"));
        case.expected = Expected::Fails("library-missing", "libinner.so.1: cannot open shared object file");
        case
    };
    let here =
        |draft: Draft<'p>| draft.part("/opt/lib/libgreeting.so.1", greeting).set("WorkingDir", json!("/opt/lib"));
    let library_path = &["LD_LIBRARY_PATH=/nowhere:/opt/lib"][..];
    vec![
        new("library-default", "greeting").part(MULTIARCH, greeting).works(),
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
        new("preload", "greeting")
            .part("/opt/lib/other.so", greeting)
            .env(&["LD_PRELOAD=/nowhere.so /opt/lib/other.so"])
            .works(),
        new("preload-absent", "greeting").env(&["LD_PRELOAD=/opt/lib/other.so"]).fails("library-missing", missing),
        new("preload-file", "greeting")
            .part("/opt/lib/other.so", greeting)
            .text("/etc/ld.so.preload", "# in advance\n/opt/lib/other.so\n")
            .works(),
        new("preload-option", "greeting")
            .part("/opt/lib/other.so", greeting)
            .cmd(&[GLIBC, "--preload", "/opt/lib/other.so", "/opt/bin/hello"])
            .works(),
        new("preload-needs-more", "hello")
            .part("/opt/lib/libouter.so.1", "glibc/libouter.so.1")
            .env(&["LD_PRELOAD=/opt/lib/libouter.so.1"])
            .fails("library-missing", "libinner.so.1: cannot open shared object file"),
        new("preload-set-user-id", "greeting")
            .mode(0o4755)
            .part("/opt/lib/other.so", greeting)
            .env(&["LD_PRELOAD=/opt/lib/other.so"])
            .user("1000")
            .fails("library-missing", missing),
        here(new("library-path-empty-folder", "greeting")).env(&["LD_LIBRARY_PATH=/nowhere:"]).works(),
        here(new("library-path-empty", "greeting")).env(&["LD_LIBRARY_PATH="]).fails("library-missing", missing),
        here(new("runpath-empty-folder", "greeting-runpath-empty")).works(),
        here(new("rpath-empty-folder", "greeting-rpath-empty")).works(),
        new("runpath-empty-folder-elsewhere", "greeting-runpath-empty")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .fails("library-missing", missing),
        new("cache", "greeting")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .part("/etc/ld.so.cache", "glibc/ld.so.cache")
            .works(),
        new("cache-stale", "greeting").part("/etc/ld.so.cache", "glibc/ld.so.cache").fails("library-missing", missing),
        new("conf-without-cache", "greeting")
            .part("/opt/lib/libgreeting.so.1", greeting)
            .text("/etc/ld.so.conf", "/opt/lib\n")
            .fails("library-missing", missing),
    ]
}

/// What is found there.
pub(super) fn files(parts: &Parts) -> Vec<Case> {
    let new = |name, program: &str| new(parts, name, program);
    let (greeting, missing, multiarch) = (GREETING, MISSING, MULTIARCH);
    let with = |name, at: usize, bytes: &[u8]| {
        new(name, "greeting").bytes(multiarch, changed(parts.get(greeting).to_vec(), at, bytes))
    };
    let mut other = parts.get(greeting).to_vec();
    other[18] = 183;
    let text = "INPUT(-lgreeting)\n".repeat(9).into_bytes();
    vec![
        new("library-machine-other", "greeting").bytes(multiarch, other.clone()).fails("library-missing", missing),
        new("library-machine-other-passed-over", "greeting")
            .bytes(multiarch, other)
            .part("/usr/lib/libgreeting.so.1", greeting)
            .works(),
        with("library-class-none", 4, &[7]).fails("library-missing", "libgreeting.so.1"),
        with("library-class-none-passed-over", 4, &[7]).part("/usr/lib/libgreeting.so.1", greeting).works(),
        with("library-byte-order-other", 5, &[2])
            .part("/usr/lib/libgreeting.so.1", greeting)
            .fails("library-unusable", "not little-endian"),
        with("library-ident-version", 6, &[9]).fails("library-unusable", "ELF file version ident"),
        with("library-system-other", 7, &[9]).fails("library-unusable", "ELF file OS ABI invalid"),
        with("library-system-gnu", 7, &[3]).works(),
        with("library-padding", 12, &[9]).fails("library-unusable", "nonzero padding"),
        with("library-object-file", 16, &[1]).fails("library-unusable", "only ET_DYN and ET_EXEC can be loaded"),
        new("library-folder", "greeting")
            .folder(multiarch)
            .part("/usr/lib/libgreeting.so.1", greeting)
            .fails("library-unusable", "cannot read file data"),
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
