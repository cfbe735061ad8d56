//! ELF programs: their machine, their loader, damage.

use super::{FOLDERS, GLIBC, MUSL, ask, cmd, empty, env, glibc, ids, library, musl, program};
use crate::config::{Config, Platform};
use crate::elf::test_builder::Sample;
use crate::finding::{FileCopy, Fix, Language, Libc};

#[test]
fn a_program_is_for_the_images_platform() {
    let tree =
        |number, is_64_bit| empty().file("/hello", 0o755, Sample::program().machine(number, is_64_bit, false).bytes());
    assert_eq!(ids(tree(183, true), cmd(&["/hello"])), "wrong-architecture");
    assert_eq!(ids(tree(3, false), cmd(&["/hello"])), "", "386 on amd64");
    let arm = Config { platform: Platform { arch: "arm64".into(), ..Platform::default() }, ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(183, true), arm.clone()), "");
    assert_eq!(ids(tree(62, true), arm), "wrong-architecture");
    let small = Config { platform: Platform { arch: "386".into(), ..Platform::default() }, ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(62, true), small.clone()), "", "an amd64 engine runs images for 386, and amd64 in them");
    assert_eq!(ids(tree(183, true), small), "wrong-architecture");
    assert_eq!(
        ids(tree(183, true), Config { platform: Platform::default(), ..cmd(&["/hello"]) }),
        "",
        "it does not say"
    );
}

#[test]
fn a_damaged_program_is_said_to_be_damaged() {
    let bytes = program(&["libc.so.6"]).bytes();
    assert_eq!(ids(glibc().file("/hello", 0o755, &bytes), cmd(&["/hello"])), "");
    assert_eq!(ids(glibc().file("/hello", 0o755, &bytes[..50]), cmd(&["/hello"])), "elf-damaged");
}

#[test]
fn without_its_loader_a_program_cannot_start_and_all_that_is_missing_is_to_be_copied() {
    let tree = empty().file("/hello", 0o755, program(&["libc.so.6"]).data(b"\xff Go buildinf:").bytes());
    let diagnosis = ask(tree, cmd(&["./hello"]));
    let [finding] = diagnosis.findings.as_slice() else { panic!("{:?}", diagnosis.findings) };
    assert_eq!(finding.kind.id(), "loader-missing");
    assert_eq!(finding.missing.as_deref(), Some(GLIBC.as_bytes()));
    assert_eq!(diagnosis.summary().unwrap(), format!("the loader {GLIBC} of /hello is not in the image"));
    let copy = |from: &str, folder: &str| FileCopy { from: from.into(), folder: folder.into() };
    let copies = vec![copy(GLIBC, "/lib64"), copy("/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu")];
    let go = Fix::LinkStatically {
        language: Language::Go,
        program: b"/hello".to_vec(),
        cpu: Some("x86_64"),
        libc: Libc::Glibc,
    };
    assert_eq!(finding.fixes, [go, Fix::CopyFromBuild(copies), Fix::BaseWith(Libc::Glibc)]);
}

#[test]
fn a_whiteout_can_take_the_loader_away_and_a_link_can_lead_to_it() {
    let tree = || glibc().file("/hello", 0o755, program(&["libc.so.6"]).bytes());
    assert_eq!(ids(tree().layer().whiteout(GLIBC), cmd(&["/hello"])), "loader-missing");
    let moved = Sample::library("ld-linux-x86-64.so.2").data(FOLDERS).bytes();
    let linked = tree().layer().file("/usr/lib/ld-2.36.so", 0o755, moved).link(GLIBC, "../usr/lib/ld-2.36.so");
    assert_eq!(ids(linked, cmd(&["/hello"])), "");
    assert_eq!(ids(tree().layer().link(GLIBC, "gone"), cmd(&["/hello"])), "loader-missing");
}

#[test]
fn glibc_and_musl_are_told_apart() {
    let hello = || program(&["libc.so.6"]).bytes();
    assert_eq!(ids(musl().file("/hello", 0o755, hello()), cmd(&["/hello"])), "glibc-program-on-musl");
    let other = Sample::with_loader(MUSL).needs("libc.musl-x86_64.so.1").bytes();
    assert_eq!(ids(glibc().file("/hello", 0o755, &other), cmd(&["/hello"])), "musl-program-on-glibc");
    assert_eq!(ids(musl().file("/hello", 0o755, &other), cmd(&["/hello"])), "");
    assert_eq!(ids(empty().file("/hello", 0o755, &other), cmd(&["/hello"])), "loader-missing");
}

#[test]
fn what_only_stands_where_glibcs_loader_should_be_is_not_held_to_its_rules() {
    let tree = || musl().file("/hello", 0o755, program(&["libc.so.6"]).bytes());
    assert_eq!(ids(tree().file(GLIBC, 0o755, Sample::with_loader(MUSL).bytes()), cmd(&["/hello"])), "");
    let real = tree().file(GLIBC, 0o755, library("ld-linux-x86-64.so.2"));
    assert_eq!(ids(real, cmd(&["/hello"])), "library-missing");
}

#[test]
fn a_loader_has_to_be_an_executable_of_the_same_machine() {
    let tree =
        |mode, loader: Vec<u8>| glibc().file("/hello", 0o755, program(&[]).bytes()).layer().file(GLIBC, mode, loader);
    assert_eq!(ids(tree(0o755, library("ld-linux-x86-64.so.2")), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(0o644, library("ld-linux-x86-64.so.2")), cmd(&["/hello"])), "loader-unusable");
    assert_eq!(ids(tree(0o755, b"#!/bin/sh\n".to_vec()), cmd(&["/hello"])), "loader-unusable");
    let arm = Sample::library("ld-linux-x86-64.so.2").machine(183, true, false).bytes();
    assert_eq!(ids(tree(0o755, arm), cmd(&["/hello"])), "loader-unusable");
}

#[test]
fn a_program_with_offsets_that_lead_nowhere_is_damaged() {
    let hello = |sample: &Sample, at: u8, field: usize| {
        let mut bytes = sample.bytes();
        let header = (64..64 + 3 * 56).step_by(56).find(|header| bytes[*header] == at).unwrap();
        bytes[header + field..header + field + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        ids(glibc().file("/hello", 0o755, bytes), cmd(&["/hello"]))
    };
    let dynamic = program(&["libc.so.6"]);
    for (kind, field) in [(1, 8), (1, 16), (1, 40), (2, 16), (3, 8), (3, 32)] {
        assert_eq!(hello(&dynamic, kind, field), "elf-damaged", "header {kind}, field {field}");
    }
    assert_eq!(hello(&Sample::static_pie(), 2, 16), "", "only the program itself reads its dynamic section");
}

/// `CMD ["/lib64/ld-linux-x86-64.so.2", "/hello"]`.
#[test]
fn a_loader_that_is_the_command_is_followed_to_its_program() {
    let loader = |words: &[&str]| cmd(&[&[GLIBC], words].concat());
    let tree = |needs: &[&str]| glibc().file("/hello", 0o755, program(needs).bytes());
    assert_eq!(ids(tree(&["libc.so.6"]), loader(&["/hello"])), "");
    assert_eq!(ids(tree(&["liba.so"]), loader(&["/hello"])), "library-missing");
    assert_eq!(ids(tree(&[]), loader(&["/hallo"])), "command-missing");
    assert_eq!(ids(tree(&[]), loader(&["/lib"])), "command-is-folder");
    assert_eq!(ids(tree(&["liba.so"]), loader(&["--list", "/hello"])), "", "it only lists");
    let moved = || tree(&["liba.so"]).file("/opt/lib/liba.so", 0o644, library("liba.so"));
    assert_eq!(ids(moved(), loader(&["--library-path", "/opt/lib", "/hello"])), "");
    assert_eq!(ids(moved(), loader(&["--argv0", "x", "/hello"])), "library-missing");
    assert_eq!(ids(moved(), env(loader(&["/hello"]), &["LD_LIBRARY_PATH=/opt/lib"])), "");
    let instead = env(loader(&["--library-path", "/x", "/hello"]), &["LD_LIBRARY_PATH=/opt/lib"]);
    assert_eq!(ids(moved(), instead), "library-missing", "the option takes the place of the variable");
    assert_eq!(ids(glibc().file("/run", 0o755, "#!/bin/sh\n"), loader(&["/run"])), "unknown-format");
    let other = program(&[]).machine(183, true, false).bytes();
    assert_eq!(ids(glibc().file("/hello", 0o755, other), loader(&["/hello"])), "wrong-architecture");
}

#[test]
fn a_loader_reads_its_program_and_does_not_execute_it() {
    let loader = |user: &str| Config { user: user.into(), ..cmd(&[GLIBC, "/hello"]) };
    let tree = |mode| glibc().file("/hello", mode, program(&[]).bytes());
    assert_eq!(ids(tree(0o644), loader("1000")), "");
    assert_eq!(ids(tree(0o711), loader("1000")), "command-not-executable");
    assert_eq!(ids(tree(0o711), loader("")), "");
}

#[test]
fn musls_loader_is_followed_by_its_own_options() {
    let hello = || Sample::with_loader(MUSL).needs("liba.so").needs("libc.musl-x86_64.so.1").bytes();
    let tree = || musl().file("/hello", 0o755, hello()).file("/opt/lib/liba.so", 0o644, library("liba.so"));
    let loader = |words: &[&str]| cmd(&[&[MUSL], words].concat());
    assert_eq!(ids(tree(), loader(&["hello"])), "library-missing");
    assert_eq!(ids(tree(), loader(&["--library-path=/opt/lib", "--", "hello"])), "");
    let of_glibc = musl().file("/hello", 0o755, program(&["libc.so.6"]).bytes());
    assert_eq!(ids(of_glibc, loader(&["/hello"])), "", "the names of libc mean musl itself");
    let still = musl().file("/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(still, loader(&["/hello"])), "not-a-program");
}

#[test]
fn a_library_without_needs_is_no_program_and_what_may_be_one_is_none_either() {
    let can_start = |sample: Sample| ids(empty().file("/x", 0o755, sample.bytes()), cmd(&["/x"]));
    assert_eq!(can_start(Sample::library("liba.so")), "not-a-program");
    assert_eq!(can_start(Sample::library("liba.so").needs("libb.so").entry(64)), "not-a-program");
    assert_eq!(can_start(Sample::library("ld-linux-x86-64.so.2")), "", "a loader starts");
    assert_eq!(can_start(Sample::library("liba.so").entry(64)), "", "so may what says where");
    assert_eq!(can_start(Sample::program().kind(3).needs("libc.so.6")), "", "it may need nothing of it");
    assert_eq!(can_start(Sample::program().kind(3)), "", "static, and not marked as a program");
    assert_eq!(can_start(Sample::static_pie().entry(0)), "", "it is marked as a program");
}

#[test]
fn a_loader_that_is_a_folder_is_not_to_be_copied_over() {
    let tree = glibc().file("/hello", 0o755, program(&[]).bytes()).layer().folder(GLIBC, 0o755);
    let diagnosis = ask(tree, cmd(&["/hello"]));
    assert_eq!(diagnosis.findings[0].kind.id(), "loader-unusable");
    let copied = |fix: &Fix| matches!(fix, Fix::CopyFromBuild(_));
    assert!(!diagnosis.findings[0].fixes.iter().any(copied), "{:?}", diagnosis.findings[0].fixes);
}

/// The kernel does not look at the class that a file says it has, and glibc's loader does.
#[test]
fn a_loader_told_to_load_a_file_of_no_class_refuses_it() {
    let mut bytes = program(&[]).bytes();
    bytes[4] = 7;
    let tree = || glibc().file("/hello", 0o755, &bytes);
    assert_eq!(ids(tree(), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(), cmd(&[GLIBC, "/hello"])), "elf-damaged");
}
