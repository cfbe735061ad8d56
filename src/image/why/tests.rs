//! One rule at a time, each with its nearest harmless neighbour.

use super::{Diagnosis, exec_form, why};
use crate::image::builder::Builder;
use crate::image::config::{Config, Platform};
use crate::image::elf::sample::Sample;
use crate::image::finding::{Copy, Language, Libc, Remedy};
use crate::image::{Image, Tree};

const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
const MUSL: &str = "/lib/ld-musl-x86_64.so.1";
const FOLDERS: &[u8] = b"\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0";

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn cmd(cmd: &[&str]) -> Config {
    let platform = Platform { os: "linux".into(), arch: "amd64".into(), variant: String::new() };
    Config { cmd: words(cmd), platform, ..Config::default() }
}

fn env(config: Config, env: &[&str]) -> Config {
    Config { env: words(env), ..config }
}

fn ask(tree: Builder, config: Config) -> Diagnosis {
    why(&Image { references: Vec::new(), config, tree: tree.build().unwrap() })
}

/// The ids of all findings, joined.
fn ids(tree: Builder, config: Config) -> String {
    let diagnosis = ask(tree, config);
    diagnosis.findings.iter().map(|finding| finding.id.name()).collect::<Vec<_>>().join(" ")
}

fn empty() -> Builder {
    Tree::builder()
}

fn glibc_with(versions: &[&str]) -> Builder {
    let loader = Sample::library("ld-linux-x86-64.so.2").data(FOLDERS).provides(&["GLIBC_2.2.5"]);
    let libc = Sample::library("libc.so.6").needs("ld-linux-x86-64.so.2").provides(versions);
    empty().file(GLIBC, 0o755, loader.bytes()).file("/lib/x86_64-linux-gnu/libc.so.6", 0o755, libc.bytes()).file(
        "/bin/sh",
        0o755,
        Sample::program().bytes(),
    )
}

fn glibc() -> Builder {
    glibc_with(&["GLIBC_2.2.5", "GLIBC_2.36"])
}

fn musl() -> Builder {
    empty().file(MUSL, 0o755, Sample::library("libc.musl-x86_64.so.1").bytes()).file(
        "/bin/busybox",
        0o755,
        Sample::with_loader(MUSL).needs("libc.musl-x86_64.so.1").bytes(),
    )
}

/// A program against glibc that needs these libraries.
fn program(libraries: &[&str]) -> Sample {
    libraries.iter().fold(Sample::with_loader(GLIBC), |program, library| program.needs(library))
}

fn library(name: &str) -> Vec<u8> {
    Sample::library(name).bytes()
}

// 1. What would be executed.

#[test]
fn nothing_to_run() {
    assert_eq!(ids(empty(), cmd(&[])), "nothing-to-run");
}

#[test]
fn a_static_program_starts_in_an_empty_image_by_entrypoint_or_cmd() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree(), cmd(&["./hello"])), "");
    assert_eq!(ids(tree(), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(), Config { entrypoint: words(&["/hello"]), ..cmd(&["argument"]) }), "");
    assert_eq!(ids(tree(), Config { entrypoint: words(&["/absent"]), ..cmd(&["/hello"]) }), "command-missing");
}

#[test]
fn a_static_program_that_can_be_loaded_anywhere_starts_and_a_library_does_not() {
    let tree = |bytes: Vec<u8>| empty().file("/hello", 0o755, bytes);
    assert_eq!(ids(tree(Sample::static_pie().bytes()), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(Sample::library("liba.so").needs("libc.so.6").bytes()), cmd(&["/hello"])), "not-a-program");
    assert_eq!(ids(tree(Sample::program().kind(1).bytes()), cmd(&["/hello"])), "not-a-program");
}

#[test]
fn a_command_in_string_form_needs_the_shell_that_is_named() {
    let tree = || empty().file("/go/hello", 0o755, Sample::program().bytes());
    let config = || Config { working_dir: "/go".into(), ..cmd(&["/bin/sh", "-c", "./hello"]) };
    let diagnosis = ask(tree(), config());
    assert_eq!(diagnosis.findings[0].id.name(), "shell-missing");
    assert_eq!(
        diagnosis.findings[0].remedies[0],
        Remedy::ExecForm(crate::image::finding::Instruction::Cmd, words(&["./hello"]))
    );
    let shell = || tree().file("/bin/sh", 0o755, Sample::program().bytes());
    assert_eq!(ids(shell(), config()), "");
    let own = || Config { shell: words(&["/bin/bash", "-ec"]), ..cmd(&["/bin/bash", "-ec", "a | b"]) };
    assert_eq!(ids(shell(), own()), "shell-missing");
    assert_eq!(ids(shell().file("/bin/bash", 0o755, Sample::program().bytes()), own()), "");
}

#[test]
fn a_command_in_string_form_is_followed_where_it_is_plain() {
    let tree = || glibc().file("/hello", 0o755, Sample::with_loader(MUSL).bytes());
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "exec ./hello"])), "musl-program-on-glibc");
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "./hello || true"])), "", "a shell decides");
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "absent"])), "command-not-in-path");
    assert_eq!(ids(tree(), cmd(&["/bin/sh", "-c", "echo hello"])), "", "the shell does it itself");
}

#[test]
fn a_name_without_slash_is_looked_for_in_path() {
    let tree = || empty().file("/opt/hello", 0o755, Sample::program().bytes());
    let at = |folder: &str| Config { working_dir: folder.into(), ..cmd(&["hello"]) };
    let diagnosis = ask(tree(), at("/opt"));
    assert_eq!(diagnosis.findings[0].id.name(), "command-not-in-path");
    assert_eq!(
        diagnosis.findings[0].remedies[0],
        Remedy::ExecForm(crate::image::finding::Instruction::Cmd, words(&["./hello"]))
    );
    assert_eq!(ids(tree(), env(at("/"), &["PATH=/usr/bin:/opt"])), "");
    assert_eq!(ids(tree(), env(at("/opt"), &["PATH="])), "command-not-in-path");
    let usual = empty().file("/usr/local/bin/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(usual, at("/")), "", "the engine's PATH, as the image sets none");
}

#[test]
fn a_path_with_slash_starts_in_the_working_folder() {
    let tree = || empty().file("/app/bin/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree(), Config { working_dir: "/app".into(), ..cmd(&["bin/hello"]) }), "");
    assert_eq!(ids(tree(), cmd(&["bin/hello"])), "command-missing");
}

#[test]
fn the_working_folder_may_be_missing_but_not_a_file() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree(), Config { working_dir: "/made".into(), ..cmd(&["/hello"]) }), "");
    assert_eq!(ids(tree(), Config { working_dir: "/hello".into(), ..cmd(&["/hello"]) }), "workdir-not-a-folder");
}

#[test]
fn a_link_that_leads_somewhere_is_followed_and_one_that_does_not_is_said() {
    let tree = || empty().file("/app/hello-1", 0o755, Sample::program().bytes());
    assert_eq!(ids(tree().link("/hello", "app/hello-1"), cmd(&["/hello"])), "");
    assert_eq!(ids(tree().link("/hello", "app/hello-2"), cmd(&["/hello"])), "command-dangling");
    assert_eq!(ids(tree().link("/hello", "hello"), cmd(&["/hello"])), "command-dangling");
}

#[test]
fn a_file_that_a_later_layer_makes_a_folder_is_a_folder() {
    let tree = empty().file("/hello", 0o755, Sample::program().bytes()).layer();
    assert_eq!(ids(tree.folder("/hello", 0o755).file("/hello/x", 0o644, ""), cmd(&["/hello"])), "command-is-folder");
}

#[test]
fn permission_to_execute_is_that_of_the_user() {
    let tree = |mode| empty().owner(1000, 50).file("/hello", mode, Sample::program().bytes());
    let user = |user: &str| Config { user: user.into(), ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(0o644), user("")), "command-not-executable");
    assert_eq!(ids(tree(0o001), user("")), "");
    assert_eq!(ids(tree(0o700), user("2000")), "command-not-executable");
    assert_eq!(ids(tree(0o700), user("1000")), "");
    assert_eq!(ids(tree(0o750), user("2000:50")), "");
}

#[test]
fn a_user_or_group_has_to_be_known_unless_it_is_a_number() {
    let tree = || empty().file("/hello", 0o755, Sample::program().bytes());
    let user = |user: &str| Config { user: user.into(), ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(), user("app")), "user-unknown");
    assert_eq!(ids(tree(), user("1000:staff")), "group-unknown");
    assert_eq!(ids(tree(), user("1000:1000")), "");
    assert_eq!(ids(tree().file("/etc/passwd", 0o644, "app:x:1:1::/:\n"), user("app")), "");
}

// 2. Scripts.

fn script(text: &str) -> Builder {
    glibc().file("/run.sh", 0o755, text)
}

#[test]
fn a_script_needs_its_interpreter() {
    assert_eq!(ids(script("#!/bin/sh\n"), cmd(&["/run.sh"])), "");
    assert_eq!(ids(script("#!/bin/bash\n"), cmd(&["/run.sh"])), "interpreter-missing");
    assert_eq!(ids(script("#! /bin/sh -e\n"), cmd(&["/run.sh"])), "");
}

#[test]
fn a_carriage_return_is_part_of_the_interpreters_name() {
    assert_eq!(ids(script("#!/bin/sh\r\necho\r\n"), cmd(&["/run.sh"])), "crlf-in-script");
    assert_eq!(ids(script("#!/bin/sh -e\r\necho\r\n"), cmd(&["/run.sh"])), "crlf-in-script");
    assert_eq!(ids(script("#!/bin/sh\necho\r\n"), cmd(&["/run.sh"])), "", "only the first line counts");
}

#[test]
fn a_text_without_interpreter_is_for_a_shell_only() {
    assert_eq!(ids(script("echo\n"), cmd(&["/run.sh"])), "script-without-interpreter");
    assert_eq!(ids(script("echo\n"), cmd(&["/bin/sh", "-c", "/run.sh"])), "");
    assert_eq!(ids(script("#!\n"), cmd(&["/run.sh"])), "script-without-interpreter");
    assert_eq!(ids(script(""), cmd(&["/run.sh"])), "unknown-format");
    assert_eq!(ids(script("MZ\0\0"), cmd(&["/run.sh"])), "unknown-format");
}

#[test]
fn env_looks_for_the_interpreter_in_path() {
    let tree = |text: &str| {
        script(text).file("/usr/bin/env", 0o755, Sample::program().bytes()).file(
            "/usr/bin/python3",
            0o755,
            Sample::program().bytes(),
        )
    };
    assert_eq!(ids(tree("#!/usr/bin/env python3\n"), cmd(&["/run.sh"])), "");
    assert_eq!(ids(tree("#!/usr/bin/env ruby\n"), cmd(&["/run.sh"])), "interpreter-missing");
    assert_eq!(ids(tree("#!/usr/bin/env python3\r\n"), cmd(&["/run.sh"])), "crlf-in-script");
    assert_eq!(ids(tree("#!/usr/bin/env python3 -u\n"), cmd(&["/run.sh"])), "interpreter-missing");
    assert_eq!(ids(tree("#!/usr/bin/env -S python3 -u\n"), cmd(&["/run.sh"])), "");
    assert_eq!(ids(tree("#!/usr/bin/env -S ruby -w\n"), cmd(&["/run.sh"])), "interpreter-missing");
    let config = env(cmd(&["/run.sh"]), &["PATH=/bin"]);
    assert_eq!(ids(tree("#!/usr/bin/env python3\n"), config), "interpreter-missing");
}

#[test]
fn the_interpreter_is_followed_too() {
    let tree = |loader: &str| {
        script("#!/opt/python\n").file("/opt/python", 0o755, Sample::with_loader(loader).needs("libc.so.6").bytes())
    };
    assert_eq!(ids(tree(GLIBC), cmd(&["/run.sh"])), "");
    assert_eq!(ids(tree(MUSL), cmd(&["/run.sh"])), "musl-program-on-glibc");
    let tree = script("#!/opt/python\n").file("/opt/python", 0o644, Sample::program().bytes());
    assert_eq!(ids(tree, cmd(&["/run.sh"])), "interpreter-not-executable");
}

#[test]
fn scripts_may_have_scripts_as_interpreters_five_deep() {
    let tree = |depth: usize| {
        let names = (0..depth).map(|n| (format!("/s{n}"), format!("#!/s{}\n", n + 1)));
        names.fold(glibc(), |tree, (name, text)| tree.file(name, 0o755, text)).file(
            format!("/s{depth}"),
            0o755,
            Sample::program().bytes(),
        )
    };
    assert_eq!(ids(tree(5), cmd(&["/s0"])), "");
    assert_eq!(ids(tree(6), cmd(&["/s0"])), "interpreters-nested");
    assert_eq!(ids(empty().file("/s", 0o755, "#!/s\n"), cmd(&["/s"])), "interpreters-nested");
}

// 3. ELF files.

#[test]
fn a_program_is_for_the_images_platform() {
    let tree = |number, wide| empty().file("/hello", 0o755, Sample::program().machine(number, wide, false).bytes());
    assert_eq!(ids(tree(183, true), cmd(&["/hello"])), "wrong-architecture");
    assert_eq!(ids(tree(3, false), cmd(&["/hello"])), "", "386 on amd64");
    let arm = Config { platform: Platform { arch: "arm64".into(), ..Platform::default() }, ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(183, true), arm.clone()), "");
    assert_eq!(ids(tree(62, true), arm), "wrong-architecture");
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
    assert_eq!(finding.id.name(), "loader-missing");
    assert_eq!(finding.missing.as_deref(), Some(GLIBC.as_bytes()));
    assert_eq!(diagnosis.short().unwrap(), format!("the loader {GLIBC} of /hello is not in the image"));
    let copy = |from: &str, folder: &str| Copy { from: from.into(), folder: folder.into() };
    let copies = vec![copy(GLIBC, "/lib64"), copy("/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu")];
    let go = Remedy::LinkStatically {
        language: Language::Go,
        program: b"/hello".to_vec(),
        cpu: Some("x86_64"),
        libc: Libc::Glibc,
    };
    assert_eq!(finding.remedies, [go, Remedy::CopyFromBuild(copies), Remedy::BaseWith(Libc::Glibc)]);
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
fn libraries_are_needed_transitively() {
    let a = Sample::library("liba.so").needs("libb.so").bytes();
    let tree =
        || glibc().file("/hello", 0o755, program(&["liba.so", "libc.so.6"]).bytes()).file("/lib/liba.so", 0o644, &a);
    let diagnosis = ask(tree(), cmd(&["/hello"]));
    assert_eq!(diagnosis.short().unwrap(), "the library libb.so of /lib/liba.so is not in the image");
    assert_eq!(ids(tree().file("/usr/lib/libb.so", 0o644, library("libb.so")), cmd(&["/hello"])), "");
}

#[test]
fn a_library_is_found_through_links_and_a_linked_folder() {
    let tree = glibc_usr().link("/usr/lib/liba.so", "liba.so.1").link("/usr/lib/liba.so.1", "../../opt/liba.so.1.2");
    let tree = tree.file("/opt/liba.so.1.2", 0o644, library("liba.so"));
    assert_eq!(ids(tree.file("/hello", 0o755, program(&["liba.so"]).bytes()), cmd(&["/hello"])), "");
}

/// As in current distributions: `/lib` and `/lib64` are links into `/usr`.
fn glibc_usr() -> Builder {
    let loader = Sample::library("ld-linux-x86-64.so.2").data(FOLDERS).bytes();
    empty()
        .link("/lib", "usr/lib")
        .link("/lib64", "usr/lib64")
        .file("/usr/lib64/ld-linux-x86-64.so.2", 0o755, loader)
        .file("/usr/lib/libc.so.6", 0o644, library("libc.so.6"))
}

#[test]
fn the_folders_searched_are_those_of_the_images_own_loader() {
    let fedora = Sample::library("ld-linux-x86-64.so.2").data(b"\0/lib64/\0/usr/lib64/\0").bytes();
    let hello = program(&["liba.so"]).bytes();
    let tree = |folder: &str| {
        let path = format!("{folder}/liba.so");
        empty().file(GLIBC, 0o755, &fedora).file("/hello", 0o755, &hello).file(path, 0o644, library("liba.so"))
    };
    assert_eq!(ids(tree("/usr/lib64"), cmd(&["/hello"])), "");
    assert_eq!(ids(tree("/usr/lib/x86_64-linux-gnu"), cmd(&["/hello"])), "library-missing");
    let debian = glibc().file("/hello", 0o755, &hello).file("/usr/lib64/liba.so", 0o644, library("liba.so"));
    assert_eq!(ids(debian, cmd(&["/hello"])), "library-missing");
}

#[test]
fn runpath_counts_for_its_own_object_and_rpath_for_what_is_below() {
    let tree = |program: Sample| {
        let a = Sample::library("liba.so").needs("libb.so").bytes();
        glibc().file("/opt/bin/hello", 0o755, program.needs("liba.so").bytes()).file("/opt/lib/liba.so", 0o644, a).file(
            "/opt/lib/libb.so",
            0o644,
            library("libb.so"),
        )
    };
    let command = || cmd(&["/opt/bin/hello"]);
    assert_eq!(ids(tree(program(&[]).rpath("$ORIGIN/../lib")), command()), "");
    assert_eq!(ids(tree(program(&[]).runpath("${ORIGIN}/../lib")), command()), "library-missing");
    assert_eq!(ids(tree(program(&["libb.so"]).runpath("/opt/lib")), command()), "");
    assert_eq!(ids(tree(program(&[])), command()), "library-missing");
    assert_eq!(ids(tree(program(&[]).rpath("/opt/lib").runpath("/x")), command()), "library-missing", "RUNPATH wins");
}

#[test]
fn the_origin_of_a_program_is_where_it_really_is() {
    let tree = glibc()
        .file("/opt/app/bin/hello", 0o755, program(&["liba.so"]).runpath("$ORIGIN/../lib").bytes())
        .file("/opt/app/lib/liba.so", 0o644, library("liba.so"))
        .link("/usr/bin/hello", "../../opt/app/bin/hello");
    assert_eq!(ids(tree, cmd(&["hello"])), "");
}

#[test]
fn ld_library_path_of_the_image_counts_unless_the_program_is_set_user_id() {
    let tree = |mode| {
        glibc().file("/hello", mode, program(&["liba.so"]).bytes()).file("/opt/lib/liba.so", 0o644, library("liba.so"))
    };
    let config = || env(cmd(&["/hello"]), &["LD_LIBRARY_PATH=/x:/opt/lib"]);
    assert_eq!(ids(tree(0o755), config()), "");
    assert_eq!(ids(tree(0o755), cmd(&["/hello"])), "library-missing");
    assert_eq!(ids(tree(0o4755), config()), "", "root is root");
    assert_eq!(ids(tree(0o4755), Config { user: "1000".into(), ..config() }), "library-missing");
}

#[test]
fn the_cache_counts_and_the_file_it_is_made_from_does_not() {
    let tree = || {
        glibc().file("/hello", 0o755, program(&["liba.so"]).bytes()).file("/opt/lib/liba.so", 0o644, library("liba.so"))
    };
    let cache = crate::image::loader::cache_sample(&[("liba.so", "/opt/lib/liba.so")]);
    assert_eq!(ids(tree().file("/etc/ld.so.cache", 0o644, cache), cmd(&["/hello"])), "");
    let conf = tree().file("/etc/ld.so.conf.d/opt.conf", 0o644, "/opt/lib\n");
    let diagnosis = ask(conf, cmd(&["/hello"]));
    assert_eq!(diagnosis.findings[0].id.name(), "library-missing");
    assert!(
        diagnosis.findings[0].evidence.iter().any(|evidence| evidence.says.contains("where the loader does not look")),
        "{:?}",
        diagnosis.findings[0].evidence
    );
}

#[test]
fn a_library_for_another_machine_is_passed_over_and_one_that_is_none_stops_the_loader() {
    let tree = |first: Vec<u8>| {
        glibc().file("/hello", 0o755, program(&["liba.so"]).bytes()).file("/lib/x86_64-linux-gnu/liba.so", 0o644, first)
    };
    let other = || Sample::library("liba.so").machine(3, false, false).bytes();
    assert_eq!(ids(tree(other()), cmd(&["/hello"])), "library-missing");
    assert_eq!(ids(tree(other()).file("/lib/liba.so", 0o644, library("liba.so")), cmd(&["/hello"])), "");
    let text = tree(b"INPUT(-la)".to_vec()).file("/lib/liba.so", 0o644, library("liba.so"));
    assert_eq!(ids(text, cmd(&["/hello"])), "library-unusable");
}

#[test]
fn a_library_that_the_user_may_not_read_is_not_there_for_it() {
    let tree = |mode| {
        glibc().file("/hello", 0o755, program(&["liba.so"]).bytes()).file("/lib/liba.so", mode, library("liba.so"))
    };
    let user = || Config { user: "1000".into(), ..cmd(&["/hello"]) };
    assert_eq!(ids(tree(0o600), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(0o600), user()), "library-missing");
    assert_eq!(ids(tree(0o644), user()), "");
}

#[test]
fn musl_searches_its_own_folders_and_inherits_runpath() {
    let a = Sample::library("liba.so").needs("libb.so").bytes();
    let hello = |hello: Sample| musl().file("/hello", 0o755, hello.needs("liba.so").needs("libm.so.6").bytes());
    let dynamic = || Sample::with_loader(MUSL);
    let with = |tree: Builder, folder: &str| {
        tree.file(format!("{folder}/liba.so"), 0o644, &a).file(format!("{folder}/libb.so"), 0o644, library("libb.so"))
    };
    assert_eq!(ids(with(hello(dynamic()), "/usr/local/lib"), cmd(&["/hello"])), "");
    assert_eq!(ids(with(hello(dynamic()), "/opt/lib"), cmd(&["/hello"])), "library-missing");
    assert_eq!(ids(with(hello(dynamic().runpath("/opt/lib")), "/opt/lib"), cmd(&["/hello"])), "");
    let file = with(hello(dynamic()), "/opt/lib").file("/etc/ld-musl-x86_64.path", 0o644, "/lib\n/opt/lib\n");
    assert_eq!(ids(file, cmd(&["/hello"])), "");
    let file = with(hello(dynamic()), "/usr/lib").file("/etc/ld-musl-x86_64.path", 0o644, "/lib\n");
    assert_eq!(ids(file, cmd(&["/hello"])), "library-missing");
}

#[test]
fn a_version_that_a_library_does_not_provide_is_missing() {
    let hello = |versions: &[&str]| program(&["libc.so.6"]).requires("libc.so.6", versions).bytes();
    let tree = |versions: &[&str]| glibc().file("/hello", 0o755, hello(versions));
    assert_eq!(ids(tree(&["GLIBC_2.2.5", "GLIBC_2.36"]), cmd(&["/hello"])), "");
    let diagnosis = ask(tree(&["GLIBC_2.2.5", "GLIBC_2.38", "GLIBC_2.4"]), cmd(&["/hello"]));
    let [finding] = diagnosis.findings.as_slice() else { panic!("{:?}", diagnosis.findings) };
    assert_eq!(finding.id.name(), "version-missing");
    assert_eq!(finding.missing.as_deref(), Some(&b"GLIBC_2.38"[..]));
    assert!(finding.evidence.iter().any(|evidence| evidence.says == "provides no newer than GLIBC_2.36"));
    let none = glibc_with(&[]).file("/hello", 0o755, hello(&["GLIBC_2.38"]));
    assert_eq!(ids(none, cmd(&["/hello"])), "", "a library without versions is not held against them");
}

#[test]
fn a_version_that_a_library_asks_of_another_is_checked_too() {
    let stdcxx = Sample::library("libstdc++.so.6").needs("libc.so.6").requires("libc.so.6", &["GLIBC_2.38"]);
    let hello = program(&["libstdc++.so.6"]).requires("libstdc++.so.6", &["GLIBCXX_3.4.32"]);
    let tree = glibc().file("/hello", 0o755, hello.bytes());
    let tree = tree.file("/usr/lib/libstdc++.so.6", 0o644, stdcxx.provides(&["GLIBCXX_3.4.30"]).bytes());
    assert_eq!(ids(tree, cmd(&["/hello"])), "version-missing version-missing");
}

// What is only likely.

fn go(mentions: &[u8]) -> Builder {
    empty().file("/hello", 0o755, Sample::program().data(b"\xff Go buildinf:").data(mentions).bytes())
}

#[test]
fn a_program_that_refers_to_certificates_wants_some() {
    let tree = || go(b"/etc/ssl/certs/ca-certificates.crt");
    let command = || cmd(&["/hello"]);
    let diagnosis = ask(tree(), command());
    assert_eq!(diagnosis.findings[0].id.name(), "ca-certificates-missing");
    assert!(diagnosis.starts(), "it is only likely to fail");
    assert_eq!(ids(go(b""), command()), "");
    assert_eq!(ids(tree().file("/etc/ssl/certs/ca-certificates.crt", 0o644, "x"), command()), "");
    assert_eq!(ids(tree().file("/etc/ssl/certs/ca-certificates.crt", 0o644, ""), command()), "ca-certificates-missing");
    assert_eq!(ids(tree().file("/etc/ssl/certs/0123abcd.0", 0o644, "x"), command()), "");
    let own = tree().file("/own.pem", 0o644, "x");
    assert_eq!(ids(own, env(command(), &["SSL_CERT_FILE=/own.pem"])), "");
    assert_eq!(ids(tree(), env(command(), &["SSL_CERT_FILE=/own.pem"])), "ca-certificates-missing");
}

#[test]
fn what_is_likely_comes_after_what_is_certain_or_not_at_all() {
    let tree = empty().file("/hello", 0o755, program(&[]).data(b"/etc/ssl/certs").bytes());
    assert_eq!(ids(tree, cmd(&["/hello"])), "loader-missing");
}

#[test]
fn time_zones_are_wanted_by_who_loads_them_or_by_tz() {
    let zones = b"/usr/share/zoneinfo\0time.LoadLocation\0";
    let set = |zone: &str| env(cmd(&["/hello"]), &[zone]);
    assert_eq!(ids(go(zones), cmd(&["/hello"])), "zoneinfo-missing");
    assert_eq!(ids(go(b"/usr/share/zoneinfo\0"), cmd(&["/hello"])), "", "every Go program knows the place");
    assert_eq!(ids(go(&[zones, &b"time/tzdata.init"[..]].concat()), cmd(&["/hello"])), "");
    assert_eq!(ids(go(zones).file("/usr/share/zoneinfo/UTC", 0o644, "x"), cmd(&["/hello"])), "");
    assert_eq!(ids(go(b"/usr/share/zoneinfo\0"), set("TZ=Europe/Vienna")), "zoneinfo-missing");
    for zone in ["TZ=UTC", "TZ=CET-1CEST", "TZ=", "TZ=Etc/UTC"] {
        assert_eq!(ids(go(b"/usr/share/zoneinfo\0"), set(zone)), "", "{zone}");
    }
}

#[test]
fn users_are_wanted_by_programs_and_not_by_shells() {
    assert_eq!(ids(go(b"/etc/passwd"), cmd(&["/hello"])), "passwd-missing");
    assert_eq!(ids(go(b"/etc/passwd").file("/etc/passwd", 0o644, "x"), cmd(&["/hello"])), "");
    let shell = empty().file("/bin/bash", 0o755, Sample::program().data(b"/etc/passwd").bytes());
    assert_eq!(ids(shell, cmd(&["/bin/bash"])), "");
}

#[test]
fn glibc_before_2_34_looks_names_up_through_a_library_of_its_own() {
    let hello = || program(&["libc.so.6"]).data(b"getaddrinfo\0");
    let tree = |versions: &[&str], hello: Sample| glibc_with(versions).file("/hello", 0o755, hello.bytes());
    let old = ["GLIBC_2.31"];
    assert_eq!(ids(tree(&old, hello()), cmd(&["/hello"])), "name-service-missing");
    assert_eq!(ids(tree(&["GLIBC_2.31", "GLIBC_2.34"], hello()), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(&old, hello().data(b"\xff Go buildinf:")), cmd(&["/hello"])), "", "Go asks by itself");
    assert_eq!(ids(tree(&old, program(&["libc.so.6"])), cmd(&["/hello"])), "");
    let there = tree(&old, hello()).file("/lib/libnss_dns.so.2", 0o644, library("libnss_dns.so.2"));
    assert_eq!(ids(there, cmd(&["/hello"])), "");
}

#[test]
fn java_code_is_not_newer_than_the_runtime() {
    let tree = |major: u8| {
        let class = [&b"\xca\xfe\xba\xbe\0\0\0"[..], &[major], b"rest"].concat();
        empty()
            .file("/opt/java/bin/java", 0o755, Sample::program().bytes())
            .file("/opt/java/release", 0o644, "JAVA_VERSION=\"17.0.2\"\n")
            .link("/usr/bin/java", "/opt/java/bin/java")
            .file("/app/org/Main.class", 0o644, class)
    };
    let java = |words: &[&str]| Config { working_dir: "/app".into(), ..cmd(words) };
    assert_eq!(ids(tree(61), java(&["java", "org.Main"])), "");
    let diagnosis = ask(tree(65), java(&["java", "org.Main"]));
    assert_eq!(diagnosis.short().unwrap(), "/app/org/Main.class is compiled for Java 21, the image has Java 17");
    assert_eq!(diagnosis.findings[0].remedies, [Remedy::JavaRelease(17), Remedy::JavaRuntime(21)]);
    assert_eq!(ids(tree(65), java(&["java", "-cp", "/else:/app", "org.Main"])), "class-too-new");
    assert_eq!(ids(tree(65), java(&["java", "-version"])), "");
    assert_eq!(ids(tree(65), java(&["/bin/sh", "-c", "java org.Main"])), "shell-missing");
    let shell = tree(65).file("/bin/sh", 0o755, Sample::program().bytes());
    assert_eq!(ids(shell, java(&["/bin/sh", "-c", "exec java org.Main"])), "class-too-new");
}

// The words around it.

#[test]
fn words_are_shown_as_a_dockerfile_takes_them() {
    assert_eq!(exec_form(&words(&["a\"b", "c\\d", "é\n\u{202e}"])), r#"["a\"b", "c\\d", "é\u000a\u202e"]"#);
}

#[test]
fn names_from_the_image_are_shown_without_control_characters() {
    let tree = empty().file("/a\nb\x1b", 0o755, "#!/x\x1b[31m\n");
    let short = ask(tree, cmd(&["/a\nb\x1b"])).short().unwrap();
    assert_eq!(short, r"the interpreter /x\x1b[31m of /a\nb\x1b is not in the image");
}
