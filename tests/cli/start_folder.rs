//! Started in a subfolder: which folder counts as the repository, and what is said of it.

use crate::case::Case;

/// A git repository with two Dockerfiles and no settings.
fn checkout() -> Case {
    Case::empty()
        .folder(".git")
        .file("web/Dockerfile", "FROM a\n")
        .file("db/Dockerfile", "FROM a\n")
        .folder("docs/deep")
}

#[test]
fn without_settings_the_start_folder_is_the_repository_and_the_writing_command_says_so() {
    let case = checkout();
    let note = "no mkcompose.yml here or above: only the Dockerfiles in this folder are used. For the whole git repository, run \
                `mkcompose -C ..`\n";
    case.run(["-C", "web"]).well(&format!("{note}docker-compose.yml: written, 1 service\n"));
    case.run(["-C", "web", "--check"]).well(&format!("{note}docker-compose.yml: current, 1 service\n"));
    case.run(["-C", "web", "-q"]).well("");
    assert!(!case.has("docker-compose.yml"));
    // At the root there is nothing to say, and with settings the root is known.
    case.run([""; 0]).well("docker-compose.yml: written, 2 services\n");
    let case = case.file("mkcompose.yml", "");
    case.run(["-C", "docs/deep"]).well("../../docker-compose.yml: unchanged, 2 services\n");
}

#[test]
fn init_in_a_subfolder_says_what_its_settings_are_for() {
    let case = checkout();
    let run = case.run(["-C", "web", "init"]);
    assert_eq!(run.code(), 0);
    assert!(
        run.stderr().starts_with(
            "these settings apply only to this folder. For the whole git repository, run `mkcompose -C .. init`\n"
        ),
        "{}",
        run.stderr()
    );
    assert!(case.has("web/mkcompose.yml"));
}

#[test]
fn where_no_dockerfile_is_found_the_rest_of_the_git_repository_is_named() {
    for command in [&["-C", "docs/deep"][..], &["-C", "docs/deep", "list"]] {
        let run = checkout().run(command);
        assert_eq!(run.code(), 2);
        assert!(run.stderr().contains("; to look in the whole git repository, add `-C ../..`"), "{}", run.stderr());
    }
}
