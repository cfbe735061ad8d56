//! What `--since` cannot answer, each with what to do.

use super::git::Repo;
use crate::case::Case;

fn repo() -> Repo {
    Repo::of(&[("a/Dockerfile", "FROM scratch\n")])
}

#[test]
fn a_folder_in_no_repository_is_refused() {
    let case = Case::empty().file("Dockerfile", "FROM scratch\n");
    case.run(["list", "--since", "HEAD"]).refused(
        "error: `--since` needs a git repository, and this folder is in none: start in one, or leave `--since` out\n",
    );
}

#[test]
fn a_machine_without_git_is_told_so() {
    let repo = repo();
    let mut command = repo.case.command(["list", "--since", "HEAD"]);
    let output = command.current_dir(repo.at("")).env("PATH", "/no/such/folder").output().unwrap();
    crate::case::Run::of(output)
        .refused("error: `--since` asks git, and there is no `git` in the PATH: install it, or leave `--since` out\n");
}

#[test]
fn a_commit_that_is_not_there_is_refused() {
    let repo = repo();
    for reference in ["gone", "HEAD~1", "HEAD..HEAD", "HEAD:a", "a b", "$(id)"] {
        repo.run(&["list", "--since", reference]).refused(&format!(
            "error: `--since {reference}`: git knows no such commit: `git fetch` may bring it, `git log` shows what is there\n"
        ));
    }
}

#[test]
fn what_looks_like_a_flag_never_is_one_to_git() {
    let repo = repo();
    for reference in ["--output=stolen", "-h", "--", ""] {
        repo.run(&["list", &format!("--since={reference}")]).refused(&format!(
            "error: `--since {reference}`: this is no commit, branch or tag: give one, as in `--since origin/main`\n"
        ));
    }
    assert!(!repo.at("stolen").exists());
}

#[test]
fn a_shallow_clone_says_how_to_fetch_what_it_lacks() {
    let repo = repo();
    repo.commit();
    let from = format!("file://{}", repo.at("").to_str().unwrap());
    let clone = Repo { case: Case::empty().folder("home").folder("repo") };
    clone.git(&["clone", "-q", "--depth=1", &from, "."]);
    clone.run(&["list", "--since", "HEAD~1"]).refused(
        "error: `--since HEAD~1`: git knows no such commit: this clone is shallow, fetch it with `git fetch --depth=1 origin \
         COMMIT`\n",
    );
    clone.run(&["list", "--since", "origin/other"]).refused(
        "error: `--since origin/other`: git knows no such commit: this clone is shallow, fetch it with `git fetch --depth=1 \
         origin other:refs/remotes/origin/other`\n",
    );
}

#[test]
fn a_repository_without_a_working_tree_is_refused() {
    let repo = repo();
    let run = repo.run_in(".git", &["list", "--since", "HEAD", "--dockerfiles", "../a"]);
    run.refused(
        "error: `--since` needs the files of a git repository, and this one has no working tree: start in a clone\n",
    );
}

#[test]
fn why_without_since_and_names_with_why_are_refused() {
    let repo = repo();
    let run = repo.run(&["list", "--why"]);
    assert_eq!(run.code(), 2);
    assert!(run.stderr().contains("--since <REF>"), "{}", run.stderr());
    repo.run(&["list", "--since", "HEAD", "--why", "--format", "names"])
        .refused("error: `--format names` has no room for `--why`: leave one of the two out\n");
}
