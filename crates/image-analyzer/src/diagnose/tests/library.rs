//! Where the loaders look for libraries, and what those provide.

use super::{FOLDERS, GLIBC, MUSL, ask, cmd, empty, env, glibc, glibc_with, ids, library, musl, program};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::{FileCopy, Fix, FixTarget};
use crate::tree::builder::FileTreeBuilder;

#[test]
fn libraries_are_needed_transitively() {
    let a = Sample::library("liba.so").needs("libb.so").bytes();
    let tree =
        || glibc().file("/hello", 0o755, program(&["liba.so", "libc.so.6"]).bytes()).file("/lib/liba.so", 0o644, &a);
    let diagnosis = ask(tree(), cmd(&["/hello"]));
    assert_eq!(diagnosis.summary().unwrap(), "the library libb.so of /lib/liba.so is not in the image");
    assert_eq!(ids(tree().file("/usr/lib/libb.so", 0o644, library("libb.so")), cmd(&["/hello"])), "");
}

#[test]
fn a_library_is_found_through_links_and_a_linked_folder() {
    let tree = glibc_usr().link("/usr/lib/liba.so", "liba.so.1").link("/usr/lib/liba.so.1", "../../opt/liba.so.1.2");
    let tree = tree.file("/opt/liba.so.1.2", 0o644, library("liba.so"));
    assert_eq!(ids(tree.file("/hello", 0o755, program(&["liba.so"]).bytes()), cmd(&["/hello"])), "");
}

/// As in current distributions: `/lib` and `/lib64` are links into `/usr`.
fn glibc_usr() -> FileTreeBuilder {
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
    let cache = crate::dynamic_loader::cache_sample(&[("liba.so", "/opt/lib/liba.so")]);
    assert_eq!(ids(tree().file("/etc/ld.so.cache", 0o644, cache), cmd(&["/hello"])), "");
    let conf = tree().file("/etc/ld.so.conf.d/opt.conf", 0o644, "/opt/lib\n");
    let diagnosis = ask(conf, cmd(&["/hello"]));
    assert_eq!(diagnosis.findings[0].kind.id(), "library-missing");
    assert!(
        diagnosis.findings[0]
            .evidence
            .iter()
            .any(|evidence| evidence.text.contains("outside the loader's search path")),
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
    let with = |tree: FileTreeBuilder, folder: &str| {
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
    assert_eq!(finding.kind.id(), "version-missing");
    assert_eq!(finding.missing.as_deref(), Some(&b"GLIBC_2.38"[..]));
    assert!(finding.evidence.iter().any(|evidence| evidence.text == "provides no newer than GLIBC_2.36"));
    let none = glibc_with(&[]).file("/hello", 0o755, hello(&["GLIBC_2.38"]));
    assert_eq!(ids(none, cmd(&["/hello"])), "", "versions are not required of a library without any");
}

#[test]
fn musl_does_not_compare_versions() {
    let hello = Sample::with_loader(MUSL).needs("liba.so").requires("liba.so", &["A_2"]).bytes();
    let a = Sample::library("liba.so").provides(&["A_1"]).bytes();
    assert_eq!(ids(musl().file("/hello", 0o755, hello).file("/lib/liba.so", 0o644, a), cmd(&["/hello"])), "");
}

#[test]
fn a_version_that_a_library_asks_of_another_is_checked_too() {
    let stdcxx = Sample::library("libstdc++.so.6").needs("libc.so.6").requires("libc.so.6", &["GLIBC_2.38"]);
    let hello = program(&["libstdc++.so.6"]).requires("libstdc++.so.6", &["GLIBCXX_3.4.32"]);
    let tree = glibc().file("/hello", 0o755, hello.bytes());
    let tree = tree.file("/usr/lib/libstdc++.so.6", 0o644, stdcxx.provides(&["GLIBCXX_3.4.30"]).bytes());
    assert_eq!(ids(tree, cmd(&["/hello"])), "version-missing version-missing");
}

/// Which of these folders the loader looks at depends on the processor of the host.
#[test]
fn a_library_for_better_processors_counts_as_there() {
    let tree = |folder: &str, bytes: Vec<u8>| {
        let path = format!("/usr/lib/{folder}/liba.so");
        glibc().file("/hello", 0o755, program(&["liba.so"]).bytes()).file(path, 0o644, bytes)
    };
    for level in ["x86-64-v2", "x86-64-v3", "x86-64-v4"] {
        assert_eq!(ids(tree(&format!("glibc-hwcaps/{level}"), library("liba.so")), cmd(&["/hello"])), "", "{level}");
    }
    for other in ["glibc-hwcaps/z15", "glibc-hwcaps/x86-64-v9", "glibc-hwcaps"] {
        assert_eq!(ids(tree(other, library("liba.so")), cmd(&["/hello"])), "library-missing", "{other}");
    }
    let bad = || tree("glibc-hwcaps/x86-64-v4", b"text".to_vec());
    assert_eq!(ids(bad().file("/usr/lib/liba.so", 0o644, library("liba.so")), cmd(&["/hello"])), "");
    assert_eq!(ids(bad(), cmd(&["/hello"])), "library-missing", "on every processor");
}

#[test]
fn the_tree_says_which_library_is_for_better_processors_only() {
    let path = "/usr/lib/glibc-hwcaps/x86-64-v4/liba.so";
    let tree = glibc().file("/hello", 0o755, program(&["liba.so"]).bytes()).file(path, 0o644, library("liba.so"));
    let trace = format!("{:?}", ask(tree, cmd(&["/hello"])).trace);
    assert!(trace.contains("for processors of this kind only"), "{trace}");
}

#[test]
fn a_library_that_may_not_be_read_is_not_said_to_be_missing() {
    let libc = Sample::library("libc.so.6").bytes();
    let tree = glibc().file("/hello", 0o755, program(&["libc.so.6"]).bytes());
    let tree = tree.layer().file("/lib/x86_64-linux-gnu/libc.so.6", 0o600, libc);
    let diagnosis = ask(tree, Config { user: "1000".into(), ..cmd(&["/hello"]) });
    let path = "/lib/x86_64-linux-gnu/libc.so.6";
    let expected =
        format!("the library libc.so.6 of /hello is not loaded: {path}: the user cannot read it (mode 0600)");
    assert_eq!(diagnosis.summary().unwrap(), expected);
    let place = FixTarget { path: path.into(), is_folder: false, by_run: None };
    assert_eq!(diagnosis.findings[0].fixes, [Fix::MakeReadable(place), Fix::RootUser]);
}

fn with_library(path: &str) -> FileTreeBuilder {
    glibc().file("/hello", 0o755, program(&["liba.so"]).bytes()).file(path, 0o644, library("liba.so"))
}

#[test]
fn what_is_preloaded_is_there_by_its_own_name() {
    let tree = || with_library("/o/other.so");
    assert_eq!(ids(tree(), env(cmd(&["/hello"]), &["LD_PRELOAD=/absent.so:/o/other.so"])), "");
    assert_eq!(ids(tree().file("/etc/ld.so.preload", 0o644, "# a\n/o/other.so # b\n"), cmd(&["/hello"])), "");
    assert_eq!(ids(tree(), cmd(&[GLIBC, "--preload", "/o/other.so", "/hello"])), "");
    assert_eq!(ids(tree(), env(cmd(&["/hello"]), &["LD_PRELOAD=/o/absent.so"])), "library-missing");
    let user = Config { user: "7".into(), ..env(cmd(&["/hello"]), &["LD_PRELOAD=/o/other.so"]) };
    let secure = tree().layer().file("/hello", 0o4755, program(&["liba.so"]).bytes());
    assert_eq!(ids(secure, user), "library-missing", "set-user-id");
    let needs_more = Sample::library("liba.so").needs("libb.so").bytes();
    let tree = tree().layer().file("/o/other.so", 0o644, needs_more);
    assert_eq!(ids(tree, env(cmd(&["/hello"]), &["LD_PRELOAD=/o/other.so"])), "library-missing", "its own needs count");
}

#[test]
fn musl_goes_by_the_name_that_a_library_was_asked_for_by() {
    let hello = Sample::with_loader(MUSL).needs("liba.so").bytes();
    let tree = || musl().file("/hello", 0o755, &hello).file("/o/liba.so", 0o644, library("liba.so"));
    assert_eq!(ids(tree(), env(cmd(&["/hello"]), &["LD_PRELOAD=/o/liba.so"])), "library-missing");
    assert_eq!(ids(tree(), env(cmd(&["/hello"]), &["LD_LIBRARY_PATH=:/o"])), "");
    let here = |path| Config { working_dir: "/o".into(), ..env(cmd(&["/hello"]), &[path]) };
    assert_eq!(ids(tree(), here("LD_LIBRARY_PATH=:/x:")), "library-missing", "an empty entry is not a folder");
}

#[test]
fn an_empty_folder_of_glibcs_search_paths_is_the_working_folder() {
    let at = |config| Config { working_dir: "/o".into(), ..config };
    for path in ["/x:", ":/x", "/x::/y"] {
        let variable = env(cmd(&["/hello"]), &[&format!("LD_LIBRARY_PATH={path}")]);
        assert_eq!(ids(with_library("/o/liba.so"), at(variable.clone())), "", "{path}");
        assert_eq!(ids(with_library("/o/liba.so"), variable), "library-missing", "{path} in /");
        for hello in [program(&["liba.so"]).runpath(path), program(&["liba.so"]).rpath(path)] {
            let tree = with_library("/o/liba.so").layer().file("/hello", 0o755, hello.bytes());
            assert_eq!(ids(tree, at(cmd(&["/hello"]))), "", "{path}");
        }
    }
    assert_eq!(ids(with_library("/liba.so"), env(at(cmd(&["/hello"])), &["LD_LIBRARY_PATH=/x:"])), "library-missing");
    assert_eq!(ids(with_library("/o/liba.so"), at(env(cmd(&["/hello"]), &["LD_LIBRARY_PATH="]))), "library-missing");
    let tree = with_library("/o/liba.so").layer().file("/hello", 0o755, program(&["liba.so"]).runpath("").bytes());
    assert_eq!(ids(tree, at(cmd(&["/hello"]))), "library-missing", "an empty path has no folders");
}

#[test]
fn what_an_auditor_would_find_is_not_known() {
    assert_eq!(ids(with_library("/o/liba.so"), env(cmd(&["/hello"]), &["LD_AUDIT=/o/audit.so"])), "");
}

#[test]
fn a_library_of_no_class_is_passed_over_by_glibc() {
    let with = |at: usize, byte: u8| {
        let mut bytes = library("liba.so");
        bytes[at] = byte;
        with_library("/x").file("/lib/x86_64-linux-gnu/liba.so", 0o644, bytes)
    };
    assert_eq!(ids(with(4, 7), cmd(&["/hello"])), "library-missing");
    assert_eq!(ids(with(4, 7).file("/lib/liba.so", 0o644, library("liba.so")), cmd(&["/hello"])), "");
    for (at, what) in [(6, "version"), (7, "system"), (12, "padding")] {
        assert_eq!(ids(with(at, 9), cmd(&["/hello"])), "library-unusable", "{what}");
    }
    let object = with_library("/x").file("/lib/liba.so", 0o644, Sample::library("liba.so").kind(1).bytes());
    assert_eq!(ids(object, cmd(&["/hello"])), "library-unusable");
}

/// Of the first finding: its message, its evidence, and what is offered first.
fn first_finding(tree: FileTreeBuilder, config: Config) -> (String, String, Vec<Fix>) {
    let finding = ask(tree, config).findings.remove(0);
    let evidence = finding.evidence.iter().map(|evidence| format!("{:?}: {}", evidence.path, evidence.text));
    let evidence = evidence.collect::<Vec<_>>().join("\n");
    (finding.message, evidence, finding.fixes)
}

#[test]
fn a_library_that_is_there_is_not_said_to_be_missing_and_the_loader_is_led_to_it() {
    let static_link = |fixes: &[Fix]| matches!(fixes.last(), Some(Fix::LinkStatically { .. }));
    let conf = || with_library("/usr/local/lib/liba.so").file("/etc/ld.so.conf", 0o644, "/usr/local/lib\n");
    let (message, evidence, fixes) = first_finding(conf(), cmd(&["/hello"]));
    assert_eq!(message, "the library liba.so of /hello is in /usr/local/lib, which is not in the loader's search path");
    assert!(evidence.contains("is not in the image; only ldconfig"), "{evidence}");
    assert_eq!(fixes[0], Fix::LibraryPath(vec![b"/usr/local/lib".to_vec()], None));
    assert!(fixes.len() == 2 && static_link(&fixes), "{fixes:?}");

    let tool = || Sample::program().bytes();
    let (_, evidence, fixes) = first_finding(
        conf().file("/sbin/ldconfig", 0o755, tool()).file("/etc/ld.so.cache", 0o644, ""),
        cmd(&["/hello"]),
    );
    assert!(evidence.contains("does not name it"), "{evidence}");
    assert_eq!(fixes[0], Fix::Ldconfig(Vec::new()));
    let bare = with_library("/usr/local/lib/liba.so").file("/sbin/ldconfig", 0o755, tool());
    let (_, evidence, fixes) = first_finding(bare, env(cmd(&["/hello"]), &["LD_LIBRARY_PATH=/x"]));
    assert!(!evidence.contains("ld.so.cache"), "{evidence}");
    assert_eq!(fixes[0], Fix::Ldconfig(vec![b"/usr/local/lib".to_vec()]));
    assert_eq!(fixes[1], Fix::LibraryPath(vec![b"/usr/local/lib".to_vec()], Some("/x".to_owned())));
    let other = Sample::library("liba.so").machine(183, true, false).bytes();
    let other = with_library("/x").file("/usr/local/lib/liba.so", 0o644, other);
    assert!(first_finding(other, cmd(&["/hello"])).0.ends_with("is not in the image"), "of no use");
}

#[test]
fn a_library_beside_the_one_that_needs_it_is_said_to_be_there() {
    let a = Sample::library("liba.so").needs("libb.so").bytes();
    let tree = glibc().file("/hello", 0o755, program(&["liba.so"]).runpath("/o").bytes());
    let tree = tree.file("/o/liba.so", 0o644, a).file("/o/libb.so", 0o644, library("libb.so"));
    let (message, _, fixes) = first_finding(tree, cmd(&["/hello"]));
    assert_eq!(message, "the library libb.so of /o/liba.so is in /o, which is not in the loader's search path");
    assert_eq!(fixes[0], Fix::LibraryPath(vec![b"/o".to_vec()], None));
}

#[test]
fn that_a_program_with_other_rights_ignores_the_search_path_is_said() {
    let tree = with_library("/o/liba.so").layer().file("/hello", 0o4755, program(&["liba.so"]).bytes());
    let config = Config { user: "7".into(), ..env(cmd(&["/hello"]), &["LD_LIBRARY_PATH=/o"]) };
    let (message, evidence, fixes) = first_finding(tree, config);
    assert_eq!(message, "the library liba.so of /hello is in /o, which is not in the loader's search path");
    assert!(evidence.contains("so the loader ignores LD_LIBRARY_PATH"), "{evidence}");
    assert!(matches!(&fixes[0], Fix::PlainMode(place) if place.path == b"/hello"), "{fixes:?}");
}

#[test]
fn a_library_that_is_no_good_is_replaced_where_it_is_found_first() {
    let hello = program(&["liba.so", "libc.so.6"]).rpath("/o").bytes();
    let tree = || glibc().file("/hello", 0o755, &hello);
    let fixes = first_finding(tree().file("/o/liba.so", 0o644, "text"), cmd(&["/hello"])).2;
    let copies = |folder: &str| {
        let from = b"/lib/x86_64-linux-gnu/liba.so".to_vec();
        Fix::CopyFromBuild(vec![FileCopy { from, folder: folder.into() }])
    };
    assert!(fixes.contains(&copies("/o")), "{fixes:?}");
    let fixes = first_finding(tree().folder("/o/liba.so", 0o755), cmd(&["/hello"])).2;
    assert!(matches!(fixes.as_slice(), [Fix::LinkStatically { .. }]), "{fixes:?}");
    let named = glibc().file("/hello", 0o755, program(&["/o/liba.so"]).bytes());
    let copy = FileCopy { from: b"/o/liba.so".to_vec(), folder: b"/o".to_vec() };
    assert!(first_finding(named, cmd(&["/hello"])).2.contains(&Fix::CopyFromBuild(vec![copy])));
}

/// Would take hours: every name in every folder, and in more than twenty subfolders of each.
#[test]
fn a_search_in_too_many_places_is_given_up_and_what_was_not_looked_for_is_not_missed() {
    let folders: Vec<_> = (0..15_000).map(|number| format!("/{number}")).collect();
    let names: Vec<_> = (0..400).map(|number| format!("lib{number}.so")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let tree = glibc().file("/hello", 0o755, program(&names).bytes());
    let path = format!("LD_LIBRARY_PATH={}", folders.join(":"));
    let diagnosis = ask(tree, env(cmd(&["/hello"]), &[path.as_str()]));
    assert!((1..10).contains(&diagnosis.findings.len()), "{}", diagnosis.findings.len());
}
