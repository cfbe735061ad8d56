//! All programs, libraries and scripts of an image.

use super::{cmd, glibc, library, musl, program};
use crate::diagnose::all::survey;
use crate::elf::test_builder::Sample;
use crate::image::Image;
use crate::tree::builder::FileTreeBuilder;

/// How many files there are, and what is found.
fn look(tree: FileTreeBuilder) -> (usize, Vec<String>) {
    let survey = survey(&Image { names: Vec::new(), config: cmd(&["/bin/sh"]), files: tree.build().unwrap() });
    let shown = survey.findings.iter().map(|finding| format!("{}: {}", finding.kind, finding.message));
    (survey.files, shown.collect())
}

#[test]
fn every_program_library_and_script_is_looked_at() {
    let tree = glibc()
        .file("/opt/bin/good", 0o755, program(&["libc.so.6"]).bytes())
        .file("/opt/bin/bad", 0o755, program(&["libgone.so"]).bytes())
        .file("/opt/lib/libx.so", 0o644, Sample::library("libx.so").needs("libaway.so").needs("libc.so.6").bytes())
        .file(
            "/opt/lib/old.so",
            0o644,
            Sample::library("o.so").needs("libc.so.6").requires("libc.so.6", &["GLIBC_2.99"]).bytes(),
        )
        .file("/opt/bin/script", 0o755, "#!/usr/bin/gone\n")
        .file("/opt/bin/good-script", 0o755, "#!/bin/sh\n")
        .file("/opt/bin/text", 0o644, "#!/usr/bin/gone\n");
    assert_eq!(
        look(tree),
        (
            9,
            vec![
                "library-missing: the library libgone.so of /opt/bin/bad is not in the image".to_owned(),
                "interpreter-missing: the interpreter /usr/bin/gone of /opt/bin/script is not in the image".to_owned(),
                "library-missing: the library libaway.so of /opt/lib/libx.so is not in the image".to_owned(),
                "version-missing: /opt/lib/old.so needs GLIBC_2.99, which no libc.so.6 of the image provides"
                    .to_owned(),
            ]
        )
    );
}

#[test]
fn what_packages_bring_along_on_purpose_is_left_out() {
    let broken = || program(&["libgone.so"]).bytes();
    let arm = || Sample::with_loader("/lib/ld-linux-aarch64.so.1").machine(183, true, false).bytes();
    let x86 = || Sample::with_loader("/lib/ld-linux.so.2").machine(3, false, false).bytes();
    let lost = |name: &str| Sample::library(name).needs("libX11.so.6").bytes();
    let tree = glibc()
        .file("/usr/lib/debug/x.debug", 0o755, broken())
        .file("/src/testdata/x", 0o755, broken())
        .file("/usr/lib/cross/tool", 0o755, arm())
        .file("/usr/lib/perf/tool", 0o755, x86())
        .file("/usr/share/doc/x/run", 0o755, "#!/usr/bin/gone\n")
        .file("/usr/share/x/run", 0o755, "#!/usr/bin/gone\n")
        .file("/usr/local/go/src/all.rc", 0o755, "#!/bin/rc\n")
        .file("/app/node_modules/x/run", 0o755, "#!/usr/bin/gone\n")
        .file("/opt/app/run", 0o755, program(&["libown.so"]).bytes())
        .file("/opt/app/lib/libown.so", 0o644, library("libown.so"))
        .file("/opt/app/x.o", 0o755, Sample::program().kind(1).bytes())
        .file("/jvm/lib/libjava.so", 0o644, library("libjava.so"))
        .file("/jvm/lib/libawt_xawt.so", 0o644, lost("libawt_xawt.so"));
    assert_eq!(look(tree).1, [""; 0]);
    let command = look(glibc().file("/usr/bin/tool", 0o755, arm())).1;
    assert_eq!(command, ["wrong-architecture: /usr/bin/tool is built for arm64, the image is for amd64"]);
}

#[test]
fn a_library_for_glibc_is_not_for_musl() {
    let wheel = Sample::library("x.so").needs("libc.so.6").bytes();
    let found = look(musl().file("/app/x.so", 0o644, wheel)).1;
    assert!(found.is_empty(), "musl takes the name for itself: {found:?}");
    let own = musl()
        .file("/opt/glibc/libc.so.6", 0o755, Sample::with_loader(super::GLIBC).needs("ld-linux-x86-64.so.2").bytes())
        .file("/opt/app/run", 0o755, program(&["libc.so.6"]).bytes());
    assert_eq!(look(own).1, [""; 0], "something starts it by a loader of its own");
    let bare = musl().file("/opt/app/run", 0o755, program(&["libc.so.6"]).bytes());
    assert_eq!(look(bare).1.len(), 1);
    let own = crate::config::Config { working_dir: "/usr/src/app".into(), ..cmd(&["/bin/sh"]) };
    let tree = musl().file("/usr/src/app/run", 0o755, "#!/usr/bin/gone\n").build().unwrap();
    assert_eq!(survey(&Image { names: Vec::new(), config: own, files: tree }).findings.len(), 1, "it is in WORKDIR");
    let wheel = Sample::library("x.so").needs("libgcc_s.so.1").bytes();
    assert_eq!(look(musl().file("/app/x.so", 0o644, wheel)).1.len(), 1);
}
