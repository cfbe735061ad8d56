//! What `mkcompose lint` says of COPY sources and FROM lines, held against what the engine builds.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::command::{run, scratch};
use crate::engine::turn;

const LINKS: [(&str, &str); 12] = [
    ("dang", "nowhere"),
    ("abs", "/etc/hostname"),
    ("l", "real"),
    ("ll", "l"),
    ("absdir", "/real"),
    ("out", "../outside"),
    ("climb", "/../p.c"),
    ("sub/up", "../real"),
    ("loopa", "loopb"),
    ("loopb", "loopa"),
    ("ok", "p.c"),
    ("viasub", "sub/p.c"),
];

/// What each source takes with nothing left out.
const SOURCES: [&str; 26] = [
    "p.c",
    "../p.c",
    ".",
    "dang",
    "dang/",
    "dan*",
    "dang/x",
    "abs",
    "absdir",
    "absdir/f",
    "absdir/gone",
    "out/s",
    "out",
    "climb",
    "sub/up/f",
    "loopa",
    "loopa/x",
    "ok",
    "l/f",
    "l/*",
    "l*/f",
    "*.gone",
    "gone*/f",
    "ll/f",
    "viasub",
    "d*",
];

/// Lines of an ignore file, and a source.
const IGNORED: [(&str, &str); 39] = [
    ("p.c", "*.c"),
    ("real", "l/*"),
    ("l", "l*/f"),
    ("../p.c", "p.c"),
    ("**/../p.c", "p.c"),
    ("/../p.c", "p.c"),
    ("sub/../p.c", "p.c"),
    ("a/../../p.c", "p.c"),
    ("..", "p.c"),
    ("*\n!../p.c", "p.c"),
    ("**.c", "sub/p.c"),
    ("**.c", "p.c"),
    ("s**.c", "sub/deep/x.c"),
    ("s**x.c", "sub/deep/x.c"),
    ("**/**.c", "sub/deep/x.c"),
    ("***.c", "sub/deep/x.c"),
    ("sub/**p.c", "sub/p.c"),
    ("su**/x.c", "sub/deep/x.c"),
    ("sub**", "sub/p.c"),
    ("sub/**", "sub"),
    ("**b", "sub/p.c"),
    ("sub?p.c", "sub/p.c"),
    ("sub[^x]p.c", "sub/p.c"),
    ("*\n!**.c", "sub/p.c"),
    ("*\n!**.c", "sub"),
    ("*\n!**.c", "real"),
    ("*\n!sub/**", "sub/p.c"),
    ("*\n!sub/p.c", "sub"),
    ("real", "l/f"),
    ("real", "l"),
    ("real/f", "l/f"),
    ("l/f", "l/f"),
    ("l", "l/f"),
    ("*\n!real", "l/f"),
    ("*\n!real\n!l", "l/f"),
    ("p.c", "ok"),
    ("ok", "ok"),
    ("dang", "d*"),
    ("p.c", "o[k]"),
];

/// Dockerfiles without a base image of the engine's. The name of each is that of its last FROM.
const FROMS: [(&str, &str); 10] = [
    ("scratch", "ARG V\nFROM scratch${V}\n"),
    ("scratch", "FROM scratch${NOPE}\n"),
    ("scratch", "ARG V\nFROM ${V:-scratch}${V:+x}\n"),
    ("gcc", "ARG V\nFROM gcc:${V}\n"),
    ("x", "ARG V\nFROM $V\n"),
    ("x", "FROM GCC\n"),
    ("scratch", "FROM scratch AS Build\nFROM build\n"),
    ("scratch.x", "FROM scratch AS Build\nFROM Build\n"),
    ("scratch.scratch", "FROM scratch AS base-amd64\nFROM scratch AS base-arm64\nFROM base-${TARGETARCH}\n"),
    ("scratch", "ARG B=base-$TARGETARCH\nFROM scratch AS base-amd64\nFROM $B\n"),
];

/// Declares that `lint` has a finding if and only if the engine does not build it. It builds where a pattern matches nothing.
#[track_caller]
fn agree(folder: &Path, segments: &str, text: &str) {
    let dockerfiles = folder.join("dockerfiles");
    let _ = fs::remove_dir_all(&dockerfiles);
    fs::create_dir_all(&dockerfiles).unwrap();
    let dockerfile = dockerfiles.join(format!("Dockerfile.p.{segments}"));
    fs::write(&dockerfile, text).unwrap();
    let lint = run(
        "context.lint",
        Command::new(env!("CARGO_BIN_EXE_mkcompose")).arg("-C").arg(folder).args([
            "lint",
            "--allow",
            "unmatched-pattern",
        ]),
    );
    let mut docker = Command::new("docker");
    docker.args(["build", "--quiet", "--network", "none", "--output"]);
    docker.arg(format!("type=tar,dest={}", folder.join("image.tar").display()));
    let built = run("context.build", docker.arg("--file").arg(dockerfile).arg(folder.join("samples")));
    assert!(lint.code.is_some_and(|code| code < 2), "{}", lint.failure("should answer"));
    assert_eq!(lint.code == Some(0), built.code == Some(0), "{text}\n{}\n{}", lint.output(), built.output());
}

/// A new folder with the context, made in the scratch folder.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = scratch().join(name);
    let _ = fs::remove_dir_all(&folder);
    for file in ["p.c", "sub/p.c", "sub/deep/x.c", "real/f", "dir/keep"] {
        let path = folder.join("samples").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    fs::create_dir_all(folder.join("outside")).unwrap();
    fs::write(folder.join("outside/s"), "").unwrap();
    for (link, target) in LINKS {
        symlink(target, folder.join("samples").join(link)).unwrap();
    }
    folder
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_copy_source_is_missing_exactly_where_the_engine_does_not_find_it() {
    let _turn = turn();
    let folder = folder("context.copy");
    let with_nothing_ignored = SOURCES.map(|source| ("", source));
    for (lines, source) in with_nothing_ignored.into_iter().chain(IGNORED) {
        fs::write(folder.join("samples/.dockerignore"), lines).unwrap();
        agree(&folder, "scratch", &format!("FROM scratch\nCOPY {source} /x/\n# {lines:?}\n"));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_from_refers_to_no_image_exactly_where_the_engine_says_so() {
    let _turn = turn();
    let folder = folder("context.from");
    for (segments, text) in FROMS {
        agree(&folder, segments, &format!("{text}COPY p.c /\n"));
    }
    fs::remove_dir_all(folder).unwrap();
}
