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
        "error: `--since` needs a git repository, but this folder is not in one: start in a git repository, or remove `--since`\n",
    );
}

#[test]
fn a_machine_without_git_is_told_so() {
    let repo = repo();
    let mut command = repo.case.command(["list", "--since", "HEAD"]);
    let output = command.current_dir(repo.at("")).env("PATH", "/no/such/folder").output().unwrap();
    crate::case::Run::of(output)
        .refused("error: `--since` needs git, but there is no `git` in the PATH: install it, or remove `--since`\n");
}

#[test]
fn a_commit_that_is_not_there_is_refused() {
    let repo = repo();
    for reference in ["gone", "HEAD~1", "HEAD..HEAD", "HEAD:a", "a b", "$(id)"] {
        repo.run(&["list", "--since", reference]).refused(&format!(
            "error: `--since {reference}`: git does not know this commit: run `git fetch`, or choose a commit from `git log`\n"
        ));
    }
}

#[test]
fn what_looks_like_a_flag_never_is_one_to_git() {
    let repo = repo();
    for reference in ["--output=stolen", "-h", "--", ""] {
        repo.run(&["list", &format!("--since={reference}")]).refused(&format!(
            "error: `--since {reference}`: this is not a commit, branch or tag: give one, such as `--since origin/main`\n"
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
        "error: `--since HEAD~1`: git does not know this commit: this clone is shallow, so fetch the commit with `git fetch --depth=1 origin \
         COMMIT`\n",
    );
    clone.run(&["list", "--since", "origin/other"]).refused(
        "error: `--since origin/other`: git does not know this commit: this clone is shallow, so fetch the commit with `git fetch --depth=1 \
         origin other:refs/remotes/origin/other`\n",
    );
}

#[test]
fn a_repository_without_a_working_tree_is_refused() {
    let repo = repo();
    let run = repo.run_in(".git", &["list", "--since", "HEAD", "--dockerfiles", "../a"]);
    run.refused(
        "error: `--since` needs the files of a git repository, but this one has no working tree: start in a clone\n",
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

/// A tree with these entries, as `MODE TYPE OBJECT`, a tab and the name; git makes it without a look at the names.
fn tree(repo: &Repo, entries: &[(&str, &str, &str)]) -> String {
    let mut bytes = Vec::new();
    for (mode, object, name) in entries {
        bytes.extend(format!("{mode} {name}\0").bytes());
        let digits: Vec<_> = object.bytes().collect();
        let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        bytes.extend(pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()));
    }
    std::fs::write(repo.case.at("object"), bytes).unwrap();
    object(repo, "tree")
}

fn object(repo: &Repo, kind: &str) -> String {
    let file = repo.case.at("object");
    let name = repo.git(&["hash-object", "-w", "--literally", "-t", kind, file.to_str().unwrap()]);
    String::from_utf8(name).unwrap().trim().to_owned()
}

fn blob(repo: &Repo, text: &str) -> String {
    std::fs::write(repo.case.at("object"), text).unwrap();
    object(repo, "blob")
}

/// No working tree can have such a commit: names that lead out of it, and a link that has files below it.
#[test]
fn a_hostile_commit_writes_nothing_outside_the_copy() {
    let repo = repo();
    let outside = repo.case.at("outside");
    std::fs::create_dir(&outside).unwrap();
    let (file, dockerfile) = (blob(&repo, "x"), blob(&repo, "FROM scratch\n"));
    let link = blob(&repo, outside.to_str().unwrap());
    let evil = tree(&repo, &[("100644", &file, "stolen"), ("100644", &dockerfile, "Dockerfile.stolen")]);
    let a = tree(&repo, &[("100644", &dockerfile, "Dockerfile")]);
    let up = tree(&repo, &[("40000", &evil, "outside")]);
    for entries in [
        [("120000", &*link, "l"), ("40000", &*evil, "l")],
        [("40000", &*evil, "l"), ("120000", &*link, "l")],
        [("40000", &*up, ".."), ("100644", &*file, ".")],
        [("40000", &*evil, ".git"), ("100644", &*file, "../../outside/stolen")],
        [("120000", &*link, "Dockerfile.linked"), ("100644", &*file, "x")],
    ] {
        let root = tree(&repo, &[&entries[..], &[("40000", &*a, "a")]].concat());
        let commit = String::from_utf8(repo.git(&["commit-tree", "-m", "x", &root])).unwrap();
        let run = repo.run(&["list", "--since", commit.trim(), "--format", "names"]);
        assert!([0, 2].contains(&run.code()), "{}", run.stderr());
        assert!(!run.stderr().contains("panicked"), "{}", run.stderr());
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "{entries:?}: {}", run.stderr());
    }
}
