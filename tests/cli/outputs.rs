//! Output paths that cannot be meant: refused, and nothing written.

use crate::case::Case;

#[test]
fn one_output_for_both_sets_is_a_usage_error_however_it_is_spelled() {
    for same in ["docker-compose.err.yml", "./docker-compose.err.yml", "samples/../docker-compose.err.yml"] {
        let case = Case::of(&["a", "b.err"]);
        case.run(["-o", same]).refused(&format!(
            "error: {same}: both sets would be written to this file: give `--output` and `--err-output` different paths\n"
        ));
    }
    let case = Case::of(&["a"]).file("real.yml", "").link("x.yml", "real.yml").link("y.yml", "real.yml");
    assert_eq!(case.run(["-o", "x.yml", "--err-output", "y.yml", "--force"]).code(), 2);
}

#[test]
fn a_dockerfile_is_never_overwritten_by_a_compose_file() {
    let case = Case::of(&[]).file("dockerfiles/Dockerfile.a", "FROM scratch\n");
    let run = case.run(["-o", "dockerfiles/Dockerfile.a", "--force"]);
    run.refused("error: dockerfiles/Dockerfile.a: this Dockerfile would be overwritten: give `--output` and `--err-output` other paths\n");
    assert_eq!(case.read("dockerfiles/Dockerfile.a"), "FROM scratch\n");
}

#[test]
fn one_output_for_both_sets_is_a_usage_error_also_by_links_to_what_is_yet_to_be() {
    let both = |path: &str| {
        format!(
            "error: {path}: both sets would be written to this file: give `--output` and `--err-output` different paths\n"
        )
    };
    let case = Case::of(&["a", "b.err"]).link("docker-compose.err.yml", "docker-compose.yml");
    case.run([""; 0]).refused(&both("docker-compose.yml"));
    let case = Case::of(&["a", "b.err"]).link("docker-compose.yml", "docker-compose.err.yml");
    case.run([""; 0]).refused(&both("docker-compose.yml"));
    let case = Case::of(&["a", "b.err"])
        .folder("sub")
        .link("docker-compose.yml", "sub/hop.yml")
        .link("sub/hop.yml", "../g.yml")
        .link("docker-compose.err.yml", "g.yml");
    case.run([""; 0]).refused(&both("docker-compose.yml"));
    assert!(!case.has("g.yml"));
    let case = Case::of(&["a", "b.err"]).link("one", "new").link("two", "./new");
    case.run(["-o", "one/c.yml", "--err-output", "two/c.yml", "--check"]).refused(&both("one/c.yml"));
}

#[test]
fn an_output_that_would_become_a_dockerfile_is_refused() {
    let would =
        "a Compose file of this name would be taken for a Dockerfile: give `--output` and `--err-output` other paths";
    let case = Case::of(&["a"]).folder("x").link("x/link.yml", "../dockerfiles/Dockerfile.new");
    for output in
        ["dockerfiles/Dockerfile.new", "dockerfiles/sub/Dockerfile.a b", "dockerfiles/Dockerfile", "x/link.yml"]
    {
        case.run(["-o", output]).refused(&format!("error: {output}: {would}\n"));
        case.run(["--err-output", output, "--force"]).refused(&format!("error: {output}: {would}\n"));
    }
    assert!(!case.has("dockerfiles/Dockerfile.new"));
}

#[test]
fn an_output_that_names_a_folder_is_refused() {
    let case = Case::of(&["a", "b.err"]);
    case.run(["-o", "new/", "--err-output", "err/."]).refused(
        "error: new/: this is a folder: give a file in it\nerror: err/.: this is a folder: give a file in it\n",
    );
    assert_eq!(case.names(), ["dockerfiles", "samples"]);
}

#[test]
fn outputs_that_clash_are_told_in_the_same_go_as_bad_names() {
    let case = Case::of(&["a..b"]);
    for more in [&[][..], &["--check"], &["--force"]] {
        case.run([&["-o", "q.yml", "--err-output", "./q.yml"], more].concat()).refused(
            "\
error: dockerfiles/Dockerfile.a..b: a part of the service name, between two dots, is empty: rename the file or its folder, or add a line `# mkcompose: name=NAME` at its top
error: q.yml: both sets would be written to this file: give `--output` and `--err-output` different paths
",
        );
    }
}
