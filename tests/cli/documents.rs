//! What the Compose files say: the bytes, the order, the paths.

use std::fs;

use crate::case::Case;

#[test]
fn both_files_of_a_small_repository() {
    let case = Case::of(&["b.x", "a.y.z", "B.x", "c.err", "a-.y", "a"]);
    case.run([""; 0]).well("docker-compose.yml: written, 5 services\ndocker-compose.err.yml: written, 1 service\n");
    insta::assert_snapshot!("normal", case.read("docker-compose.yml"));
    insta::assert_snapshot!("err", case.read("docker-compose.err.yml"));
}

#[test]
fn lines_end_with_lf_and_the_file_with_one() {
    let case = Case::of(&["a", "b"]);
    case.run([""; 0]).well("docker-compose.yml: written, 2 services\n");
    let text = case.read("docker-compose.yml");
    assert!(text.ends_with("Dockerfile.b\n") && !text.contains('\r'));
}

#[test]
fn the_order_of_creation_the_locale_and_the_working_directory_do_not_matter() {
    let names = ["z", "a", "M.n", "a.b", "a-b", "a0", "no", "2020-01-01"];
    let forward = Case::of(&names);
    let backward = Case::of(&names.iter().rev().copied().collect::<Vec<_>>());
    forward.run([""; 0]).well("docker-compose.yml: written, 8 services\n");
    let mut command = backward.command(["-C", backward.path().to_str().unwrap()]);
    let status = command.current_dir("/").env("LC_ALL", "tr_TR.UTF-8").env("LANG", "ja_JP").status().unwrap();
    assert!(status.success());
    assert_eq!(forward.read("docker-compose.yml"), backward.read("docker-compose.yml"));
}

#[test]
fn dollars_in_paths_are_escaped_for_compose() {
    let case = Case::empty().file("$x/a $y/Dockerfile.a", "").folder("ctx$");
    case.run(["--dockerfiles", "$x", "--context", "ctx$"]).well("docker-compose.yml: written, 1 service\n");
    let text = case.read("docker-compose.yml");
    assert!(text.contains("context: ctx$$\n"), "{text}");
    assert!(text.contains("dockerfile: ../$$x/a $$y/Dockerfile.a\n"), "{text}");
}

#[track_caller]
fn paths(case: &Case, output: &str) -> (String, String) {
    let text = case.read(output);
    let value = |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap().to_owned();
    (value("context: "), value("dockerfile: "))
}

#[test]
fn paths_are_relative_to_the_compose_file_and_to_the_context() {
    let cases: [(&[&str], &str, &str, &str); 7] = [
        (&[], "docker-compose.yml", "samples", "../dockerfiles/Dockerfile.a"),
        (&["-o", "out/deep/c.yml"], "out/deep/c.yml", "../../samples", "../dockerfiles/Dockerfile.a"),
        (&["--context", "."], "docker-compose.yml", ".", "dockerfiles/Dockerfile.a"),
        (&["--context", "dockerfiles"], "docker-compose.yml", "dockerfiles", "Dockerfile.a"),
        (&["--context", "out/deep", "-o", "out/c.yml"], "out/c.yml", "deep", "../../dockerfiles/Dockerfile.a"),
        (&["--context", "./out/../samples/"], "docker-compose.yml", "samples", "../dockerfiles/Dockerfile.a"),
        (&["--dockerfiles", "out/../dockerfiles"], "docker-compose.yml", "samples", "../dockerfiles/Dockerfile.a"),
    ];
    for (args, output, context, dockerfile) in cases {
        let case = Case::of(&["a"]).folder("out/deep");
        case.run(args).well(&format!("{output}: written, 1 service\n"));
        assert_eq!(paths(&case, output), (context.to_owned(), dockerfile.to_owned()), "{args:?}");
    }
}

#[test]
fn absolute_paths_and_another_working_directory_give_the_same_bytes() {
    let case = Case::of(&["a", "b.err"]);
    case.run([""; 0]).well("docker-compose.yml: written, 1 service\ndocker-compose.err.yml: written, 1 service\n");
    let (normal, err) = (case.read("docker-compose.yml"), case.read("docker-compose.err.yml"));
    let at = |name: &str| case.at(name).to_str().unwrap().to_owned();
    let args = [
        ("--dockerfiles", at("dockerfiles")),
        ("--context", at("samples")),
        ("--output", at("docker-compose.yml")),
        ("--err-output", at("docker-compose.err.yml")),
    ];
    let args: Vec<_> = args.iter().flat_map(|(flag, value)| [*flag, value.as_str()]).collect();
    let output = case.command(&args).current_dir("/").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.ends_with("docker-compose.err.yml: unchanged, 1 service\n"), "{stderr}");
    assert_eq!((case.read("docker-compose.yml"), case.read("docker-compose.err.yml")), (normal, err));
}

#[test]
fn a_flat_repository_works() {
    let case = Case::empty().file("Dockerfile.a", "").file("Dockerfile.b.err", "").file("Dockerfile", "");
    case.run(["--dockerfiles", ".", "--context", "."])
        .well("docker-compose.yml: written, 1 service\ndocker-compose.err.yml: written, 1 service\n");
    assert_eq!(paths(&case, "docker-compose.yml"), (".".to_owned(), "Dockerfile.a".to_owned()));
}

#[test]
fn a_context_behind_a_link_is_named_by_where_it_is() {
    // `link/../dockerfiles` means two different files to a program that cleans paths and to one that asks the system.
    let case = Case::of(&["a"]).folder("real/deep/samples").link("link", "real/deep/samples");
    case.run(["--context", "link"]).well("docker-compose.yml: written, 1 service\n");
    let expected = ("real/deep/samples".to_owned(), "../../../dockerfiles/Dockerfile.a".to_owned());
    assert_eq!(paths(&case, "docker-compose.yml"), expected);
}

#[test]
fn a_context_that_compose_would_take_for_a_url_or_a_home_stays_a_folder() {
    for context in ["~", "~root", "github.com/x/y", "git@host:x"] {
        let case = Case::of(&["a"]).folder(context);
        case.run(["--context", context]).well("docker-compose.yml: written, 1 service\n");
        assert_eq!(paths(&case, "docker-compose.yml").0, format!("./{context}"));
    }
}

#[test]
fn ten_thousand_services_are_sorted_by_bytes() {
    let names: Vec<String> = (0..10_000).map(|i| format!("p{}.img-{}", i % 97, i)).collect();
    let case = Case::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    case.run([""; 0]).well("docker-compose.yml: written, 10000 services\n");
    let text = fs::read_to_string(case.at("docker-compose.yml")).unwrap();
    let keys: Vec<_> = text.lines().filter(|line| line.starts_with("  p")).collect();
    assert_eq!(keys.len(), 10_000);
    assert!(keys.iter().zip(&keys[1..]).all(|(a, b)| a.trim_end_matches(':') < b.trim_end_matches(':')));
}
