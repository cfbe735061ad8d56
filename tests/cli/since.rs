//! `--since`: what differs from a commit is chosen, and nothing else.

pub mod git;
mod history;
mod oracle;
mod refused;

use std::os::unix::fs::PermissionsExt as _;

use git::{Repo, odd};

use crate::schema::assert_valid;

/// Two services with files of their own, one that takes the whole context, and two built on each other.
fn repo() -> Repo {
    Repo::of(&[
        ("a/Dockerfile", "FROM scratch\nCOPY main.c /\n"),
        ("a/main.c", "1"),
        ("a/README.md", "1"),
        ("all/Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("all/.dockerignore", "*.md\nsecret\n"),
        ("all/x.md", "1"),
        ("all/y.c", "1"),
        ("base/Dockerfile", "FROM scratch\nCOPY lib /\n"),
        ("base/lib/one", "1"),
        ("child/Dockerfile", "FROM minimage:base\n"),
        ("grandchild/Dockerfile", "FROM minimage:child\n"),
        ("copies/Dockerfile", "FROM scratch\nCOPY --from=minimage:base /one /\n"),
    ])
}

#[test]
fn nothing_is_touched_where_nothing_differs() {
    let repo = repo();
    let nothing = "none of these services has changed since `HEAD`\n";
    repo.run(&["list", "--since", "HEAD"]).well(nothing);
    repo.run(&["list", "--since", "HEAD", "--format", "names"]).well(nothing);
    repo.run(&["list", "--since", "HEAD", "--format", "json"]).expect(0, "[]\n", nothing);
    repo.run(&["lint", "--since", "HEAD"]).well(&format!("{nothing}0 Dockerfiles, 0 findings\n"));
}

#[test]
fn a_file_touches_those_that_take_it_and_what_is_built_on_them() {
    let repo = repo();
    repo.write("a/README.md", "2");
    repo.write("all/x.md", "2");
    repo.write("elsewhere", "2");
    assert_eq!(repo.why("HEAD"), [""; 0], "no COPY takes these");
    repo.write("base/lib/one", "2");
    assert_eq!(
        repo.why("HEAD"),
        ["base: base/lib/one", "child: built on base", "copies: built on base", "grandchild: built on child"]
    );
    repo.write("all/new", "not added to the index");
    repo.remove("a/main.c");
    let touched = repo.why("HEAD");
    assert_eq!(touched[..3], ["a: a/main.c", "all: all/new", "base: base/lib/one"]);
    // The same, once it is committed.
    repo.commit();
    assert_eq!(repo.why("HEAD~1"), touched);
    assert_eq!(repo.why("HEAD"), [""; 0]);
}

#[test]
fn a_rename_touches_both_ends() {
    let repo = repo();
    repo.git(&["mv", "a/main.c", "base/lib/main.c"]);
    assert_eq!(repo.why("HEAD")[..2], ["a: a/main.c", "base: base/lib/main.c"]);
    repo.commit();
    repo.git(&["mv", "child", "kid"]);
    repo.write("grandchild/Dockerfile", "FROM minimage:kid\n");
    assert_eq!(repo.why("HEAD"), ["grandchild: grandchild/Dockerfile", "kid: a new service"]);
}

#[test]
fn a_dockerfile_and_the_ignore_file_that_applies_touch_their_service_alone() {
    let repo = repo();
    repo.write("a/Dockerfile", "FROM scratch\n# a comment\nCOPY main.c /\n");
    repo.write("all/.dockerignore", "*.md\n");
    assert_eq!(repo.why("HEAD"), ["a: a/Dockerfile", "all: all/.dockerignore"]);
    repo.commit();
    // The nearer one applies from now on.
    repo.write("all/Dockerfile.dockerignore", "*.md\n");
    repo.write("all/.dockerignore", "");
    assert_eq!(repo.why("HEAD"), ["all: all/Dockerfile.dockerignore"]);
    repo.commit();
    repo.write("all/.dockerignore", "does not apply");
    assert_eq!(repo.why("HEAD"), ["all: all/.dockerignore"], "COPY . takes it now");
}

#[test]
fn a_setting_touches_those_that_it_changes() {
    let repo = repo();
    repo.write("mkcompose.yml", "services:\n  a:\n    labels: {x: y}\n");
    assert_eq!(repo.why("HEAD"), ["a: its setting `labels`"]);
    repo.commit();
    repo.write("mkcompose.yml", "# another comment\nservices:\n  a: {labels: {x: y}}\n");
    assert_eq!(repo.why("HEAD"), [""; 0], "the same settings in other words");
    repo.write("mkcompose.yml", "services:\n  a:\n    labels: {x: y}\n    expect: runs\n  child:\n    context: all\n");
    assert_eq!(
        repo.why("HEAD"),
        ["a: its setting `expect`", "child: its setting `context`", "grandchild: built on child"]
    );
    repo.write("mkcompose.yml", "image: other\nservices:\n  a:\n    labels: {x: y}\n");
    assert_eq!(repo.why("HEAD").len(), 6, "each has another image");
}

#[test]
fn what_a_variable_or_a_bind_mount_takes_counts() {
    let repo = Repo::of(&[
        ("arg/Dockerfile", "FROM scratch\nARG WHAT=one\nCOPY $WHAT /\n"),
        ("arg/one", ""),
        ("arg/two", ""),
        ("mount/Dockerfile", "FROM scratch\nRUN --mount=type=bind,source=src,target=/s make\n"),
        ("mount/src/x", ""),
        ("mount/other", ""),
        ("any/Dockerfile", "FROM scratch\nCOPY file-$TARGETARCH /\n"),
        ("any/.dockerignore", "docs\n"),
        ("any/file-amd64", ""),
        ("any/docs/x", ""),
    ]);
    for path in ["arg/two", "mount/other", "any/docs/x"] {
        repo.write(path, "2");
    }
    assert_eq!(repo.why("HEAD"), [""; 0]);
    for path in ["arg/one", "mount/src/x", "any/else"] {
        repo.write(path, "2");
    }
    assert_eq!(repo.why("HEAD"), ["any: any/else", "arg: arg/one", "mount: mount/src/x"]);
}

#[test]
fn links_lead_to_what_is_taken_and_are_taken_themselves() {
    let repo = Repo::of(&[
        ("a/Dockerfile", "FROM scratch\nCOPY current/x /\n"),
        ("a/v1/x", "same"),
        ("a/v2/x", "same"),
        ("b/Dockerfile.real", "FROM scratch\nCOPY f /\n"),
        ("b/f", ""),
        ("common.txt", "FROM scratch\nCOPY f /\n"),
        ("c/f", ""),
    ]);
    repo.link("a/current", "v1");
    repo.link("c/Dockerfile", "../common.txt");
    repo.commit();
    assert_eq!(repo.why("HEAD"), [""; 0]);
    repo.write("a/v2/x", "not taken");
    assert_eq!(repo.why("HEAD"), [""; 0]);
    repo.write("a/v1/x", "taken");
    repo.write("common.txt", "FROM scratch\nCOPY f /g\n");
    assert_eq!(repo.why("HEAD"), ["a: a/v1/x", "c: common.txt"]);
    repo.commit();
    repo.link("a/current", "v2");
    repo.write("c/f", "2");
    assert_eq!(repo.why("HEAD"), ["a: a/current", "c: c/f"]);
}

#[test]
fn what_git_ignores_is_made_before_the_build_and_touches_nothing() {
    let repo = Repo::of(&[
        (".gitignore", "dist/\n*.gen\n"),
        ("docker/Dockerfile", "FROM scratch\nCOPY dist/app entry.sh /\n"),
        ("entry.sh", ""),
        ("only/docker/Dockerfile", "FROM scratch\nCOPY x.gen /\n"),
    ]);
    repo.write("dist/app", "made");
    repo.write("only/x.gen", "made");
    repo.write("note", "so that something differs");
    assert_eq!(repo.why("HEAD"), [""; 0]);
    repo.write("entry.sh", "2");
    assert_eq!(repo.why("HEAD"), ["docker: entry.sh"]);
}

#[test]
fn a_file_that_git_no_longer_tracks_and_that_is_as_it_was_touches_nothing() {
    let repo = repo();
    repo.link("all/link", "y.c");
    repo.write("all/big", "1");
    repo.commit();
    repo.git(&["rm", "-q", "--cached", "a/main.c", "all/link", "all/big", "child/Dockerfile"]);
    assert_eq!(repo.why("HEAD"), [""; 0]);
    // The same where git ignores it from now on.
    repo.write(".git/info/exclude", "*.c\n");
    assert_eq!(repo.why("HEAD"), [""; 0]);
    repo.write("a/main.c", "2");
    repo.link("all/link", "x.md");
    assert_eq!(repo.why("HEAD"), ["a: a/main.c", "all: all/link"]);
}

#[test]
fn a_file_behind_a_link_that_took_its_folders_place_is_another() {
    let repo = repo();
    repo.write("base/other/one", "1");
    repo.commit();
    std::fs::remove_dir_all(repo.at("base/lib")).unwrap();
    repo.link("base/lib", "other");
    assert_eq!(repo.why("HEAD")[0], "base: base/lib");
}

#[test]
fn a_file_that_becomes_executable_is_another_file() {
    let repo = repo();
    std::fs::set_permissions(repo.at("a/main.c"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(repo.why("HEAD"), ["a: a/main.c"]);
}

#[test]
fn a_submodule_that_changed_touches_what_takes_it() {
    let library = Repo::of(&[("x", "1"), ("tool/Dockerfile", "FROM scratch\nCOPY t /\n"), ("tool/t", "")]);
    let repo = repo();
    let from = library.at("").to_str().unwrap().to_owned();
    repo.git(&["submodule", "--quiet", "add", &from, "a/library"]);
    repo.write("takes/Dockerfile", "# mkcompose: context=.\nFROM scratch\nCOPY a/library/x /\n");
    repo.commit();
    repo.write("elsewhere", "so that something differs");
    assert_eq!(repo.why("HEAD"), [""; 0]);
    library.write("x", "2");
    library.commit();
    repo.git(&["-C", "a/library", "pull", "-q"]);
    assert_eq!(
        repo.why("HEAD"),
        ["a.library.tool: a/library", "takes: a/library"],
        "what differs in it is not known, so all of it counts"
    );
}

#[test]
fn names_that_no_text_has_are_names_all_the_same() {
    let repo = repo();
    repo.write(odd(b"all/new\nline \"q\" \xff.c"), "1");
    repo.commit();
    repo.write(odd(b"all/new\nline \"q\" \xff.c"), "2");
    assert_eq!(repo.why("HEAD"), [r#"all: all/new\nline "q" \xff.c"#]);
    let run = repo.run(&["list", "--since", "HEAD", "--why", "--format", "json"]);
    assert_valid(&run.stdout(), "list.schema.json");
    assert!(run.stdout().contains(r#""name": "all/new\nline \"q\" �.c""#), "{}", run.stdout());
}

#[test]
fn paths_are_shown_from_where_it_was_started() {
    let repo = Repo::of(&[
        ("mkcompose.yml", "context: .\n"),
        ("a/Dockerfile", "FROM scratch\nCOPY x a/y /\n"),
        ("x", "1"),
        ("a/y", "1"),
    ]);
    repo.write("x", "2");
    let table = "SERVICE  TOUCHED BY\na        ../x\n";
    repo.run_in("a", &["list", "--since", "HEAD", "--why"]).expect(0, table, "");
    repo.git(&["checkout", "-q", "x"]);
    repo.write("a/y", "2");
    repo.run_in("a", &["list", "--since", "HEAD", "--why"]).expect(0, &table.replace("../x", "y"), "");
    let absolute = repo.at("").to_str().unwrap().to_owned();
    repo.run(&["list", "--since", "HEAD", "--why", "--dockerfiles", &format!("{absolute}/a"), "--context", &absolute])
        .expect(0, "SERVICE   TOUCHED BY\nminimage  a/y\n", "");
}

#[test]
fn globs_and_since_both_have_to_choose_a_service() {
    let repo = repo();
    repo.write("base/lib/one", "2");
    let run = |globs: &[&str]| repo.run(&[&["list", "--format", "names", "--since", "HEAD"], globs].concat());
    run(&["*child"]).expect(0, "child\ngrandchild\n", "");
    run(&["a"]).well("none of these services has changed since `HEAD`\n");
    run(&["childd"]).refused("error: `childd` matches no service: did you mean `child`?\n");
}

#[test]
fn a_matrix_has_what_is_touched_and_is_valid_without_anything() {
    let repo = repo();
    let nothing = "none of these services has changed since `HEAD`\n";
    repo.run(&["matrix", "--since", "HEAD"]).expect(0, "{\"include\":[]}\n", nothing);
    repo.run(&["matrix", "--since", "HEAD", "--format", "gitlab"]).expect(0, "[]\n", nothing);
    repo.write("child/Dockerfile", "FROM minimage:base\nUSER 1\n");
    repo.run(&["matrix", "--since", "HEAD"]).expect(
        0,
        concat!(
            r#"{"include":[{"shard":1,"level":0,"services":"child"},"#,
            r#"{"shard":2,"level":1,"services":"grandchild"}]}"#,
            "\n"
        ),
        "",
    );
}

#[test]
fn no_engine_is_asked_for_nothing() {
    let repo = repo();
    let nothing = "none of these services has changed since `HEAD`\n";
    let run = repo.run(&["build", "--docker", "/no/engine", "--since", "HEAD"]);
    assert_eq!((run.code(), run.stdout().as_str()), (0, ""));
    assert!(run.stderr().starts_with(nothing), "{}", run.stderr());
    let run = repo.run(&["test", "--docker", "/no/engine", "--since", "HEAD", "--format", "json", "--report", "r.xml"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    assert_valid(&run.stdout(), "test.schema.json");
    assert!(std::fs::read_to_string(repo.at("r.xml")).unwrap().contains("tests=\"0\""));
    repo.remove("r.xml");
    let run = repo.run(&["sizes", "--docker", "/no/engine", "--since", "HEAD", "--format", "json"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, nothing));
    assert_valid(&run.stdout(), "sizes.schema.json");
}

#[test]
fn a_commit_whose_dockerfiles_cannot_be_read_touches_everything_and_that_is_said() {
    let repo = Repo::of(&[("mkcompose.yml", "contxt: .\n"), ("a/Dockerfile", "FROM scratch\n")]);
    repo.remove("mkcompose.yml");
    repo.run(&["list", "--since", "HEAD", "--why"]).expect(
        0,
        "SERVICE  TOUCHED BY\na        the Dockerfiles of that commit cannot be read\n",
        &unreadable(&repo, "mkcompose.yml: line 1: unknown key `contxt`: did you mean `context`?"),
    );
}

/// What is said of a commit whose repository cannot be loaded, for this reason.
fn unreadable(repo: &Repo, why: &str) -> String {
    let id = String::from_utf8(repo.git(&["rev-parse", "--short=12", "HEAD"])).unwrap();
    format!(
        "`--since HEAD`: the Dockerfiles of the commit {} cannot be read, so every service counts as touched; it says: {why}\n",
        id.trim()
    )
}

/// Whether it is noticed must not depend on a file that has nothing to do with it: a link here, which needs a copy of the commit.
#[test]
fn a_broken_dockerfile_of_the_commit_is_noticed_whatever_else_differs() {
    let cycle = "built on itself: a → a: change one of the FROM lines";
    let large = format!("FROM scratch\n#{}", "x".repeat(4 << 20));
    for (broken, why) in [
        ("FROM minimage:a\n", format!("a/Dockerfile: {cycle}")),
        (
            "FROM scratch AS x\nCOPY --from=minimage:b / /\n",
            "a/Dockerfile: built on itself: a → b → a: change one of the FROM lines".into(),
        ),
        (&large, "a/Dockerfile: too large for a Dockerfile (more than 4 MiB): shorten it, or move it elsewhere".into()),
        (
            "FROM {{ image }}\n{% if x %}\nRUN x\n{% endif %}\n",
            "mkcompose.yml: line 2: `a` matches no service: `mkcompose list` shows them".into(),
        ),
    ] {
        let settings = "services:\n  a: {labels: {l: x}}\n";
        let files =
            [("a/Dockerfile", broken), ("b/Dockerfile", "FROM minimage:a\n"), ("c/Dockerfile", "FROM scratch\n")];
        let repo = Repo::of(&[&files[..], &[("mkcompose.yml", settings)]].concat());
        repo.write("a/Dockerfile", "FROM scratch\n");
        let all = "SERVICE  TOUCHED BY\na        the Dockerfiles of that commit cannot be read\n\
                   b        the Dockerfiles of that commit cannot be read\n\
                   c        the Dockerfiles of that commit cannot be read\n";
        let since = || repo.run(&["list", "--since", "HEAD", "--why"]);
        since().expect(0, all, &unreadable(&repo, &why));
        repo.link("unrelated.Dockerfile.link", "x");
        since().expect(0, all, &unreadable(&repo, &why));
    }
}

/// Only one of the two is a Dockerfile, and the other one has the name of its image.
#[test]
fn a_template_that_became_a_dockerfile_or_was_one_touches_what_is_built_on_it() {
    let (template, plain) = ("FROM {{ image }}\n{% if x %}\nRUN x\n{% endif %}\n", "FROM scratch\n");
    let repo = Repo::of(&[("a/Dockerfile", template), ("b/Dockerfile", "FROM minimage:a\n"), ("c/Dockerfile", plain)]);
    repo.write("a/Dockerfile", plain);
    assert_eq!(repo.why("HEAD"), ["a: a new service", "b: built on a"]);
    repo.commit();
    repo.write("a/Dockerfile", template);
    let run = repo.run(&["list", "--since", "HEAD", "--why", "b", "c"]);
    assert_eq!((run.code(), run.stdout().as_str()), (0, "SERVICE  TOUCHED BY\nb        built on a\n"));
}

/// The copy of the commit is gone when the words are read.
#[test]
fn what_is_wrong_with_a_commit_is_named_by_its_place_in_the_repository() {
    let repo = Repo::of(&[
        ("sub/mkcompose.yml", "services:\n  \"*\": {tags: [\"x:y\"]}\n"),
        ("sub/a/Dockerfile", "FROM scratch\n"),
        ("sub/b/Dockerfile", "FROM scratch\n"),
    ]);
    for (folder, a, b) in [("sub", "a/Dockerfile", "b/Dockerfile"), ("sub/a", "Dockerfile", "../b/Dockerfile")] {
        repo.write("sub/mkcompose.yml", "image: x\n");
        let said = repo.run_in(folder, &["list", "--since", "HEAD"]).stderr();
        let why = format!(
            "{b}: its image `x:y` is also the image of `{a}`: put `{{service}}` into `image`, or change `tags`"
        );
        assert_eq!(said, unreadable(&repo, &why), "{folder}");
    }
    let repo =
        Repo::of(&[(".gitignore", "lib/\n"), ("a/Dockerfile", "# mkcompose: context=lib\nFROM scratch\nCOPY f /\n")]);
    repo.write("lib/f", "");
    repo.write("a/Dockerfile", "# mkcompose: context=a\nFROM scratch\n");
    let said = repo.run(&["list", "--since", "HEAD"]).stderr();
    let why = "a/Dockerfile: line 1: `context`: `lib` is not a folder: correct the path, or add the folder";
    assert_eq!(said, unreadable(&repo, why));
}

/// A name that no source looks for settles nothing, wherever it is: the services are those of the commit. Else the commit is
/// written to a temporary folder, which is not there in this test.
#[test]
fn only_names_that_may_settle_a_service_need_a_copy_of_the_commit() {
    let repo = repo();
    let list = |repo: &Repo| {
        let mut command = repo.case.command(["list", "--since", "HEAD", "--format", "names"]);
        let output = command.current_dir(repo.at("")).env("TMPDIR", "/none").output().unwrap();
        let needs_copy = String::from_utf8_lossy(&output.stderr).contains("cannot make a folder in");
        (!needs_copy).then(|| String::from_utf8(output.stdout).unwrap().replace('\n', " "))
    };
    repo.write("base/lib/two", "1");
    repo.write("base/lib/deep/three", "1");
    repo.write("a/notes.txt", "1");
    repo.write("new/folder/notes.txt", "1");
    assert_eq!(list(&repo).as_deref(), Some("base child copies grandchild "));
    repo.remove("base/lib/one");
    repo.remove("a/README.md");
    assert_eq!(list(&repo).as_deref(), Some("base child copies grandchild "));
    repo.write("all/z.c", "1");
    assert_eq!(list(&repo).as_deref(), Some("all base child copies grandchild "));
    for (path, why) in [
        ("main.c", "the root would be another context of `a`"),
        ("lib", "the root would be another context of `base`"),
        ("samples/x", "the repository would be laid out in another way"),
        ("new/Dockerfile", "a service is new"),
        ("new/.dockerignore", "an ignore file is new"),
    ] {
        repo.write(path, "FROM scratch\n");
        assert_eq!(list(&repo), None, "{why}");
        repo.remove(path);
        let _ = std::fs::remove_dir(repo.at("samples"));
    }
    repo.remove("all/y.c");
    repo.remove("all/z.c");
    assert_eq!(list(&repo), None, "`all` holds nothing more than Dockerfiles and a README");
}

/// git tells a hook where the repository and the index are, also to programs that look at another repository.
#[test]
fn a_hook_is_about_the_folder_that_it_looks_at() {
    let (repo, other) = (repo(), Repo::of(&[("x/Dockerfile", "FROM scratch\n")]));
    repo.write("a/main.c", "2");
    let expected = repo.why("HEAD");
    assert_eq!(expected, ["a: a/main.c"]);
    let index = other.at(".git/index");
    let hook = [("GIT_DIR", other.at(".git")), ("GIT_WORK_TREE", other.at("")), ("GIT_INDEX_FILE", index)];
    let hook =
        hook.into_iter().chain([("GIT_PREFIX", "x/".into()), ("GIT_OBJECT_DIRECTORY", other.at(".git/objects"))]);
    let mut command = repo.case.command(["list", "--since", "HEAD", "--why"]);
    let output = command.current_dir(repo.at("")).envs(hook).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "SERVICE  TOUCHED BY\na        a/main.c\n", "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

/// In a working tree of its own, `git commit FILE` gives its hooks another index than that of the repository.
#[test]
fn a_hook_of_a_working_tree_beside_the_first_sees_that_tree() {
    let repo = repo();
    repo.git(&["worktree", "add", "-q", "../beside"]);
    let said = repo.case.at("said");
    let script = format!(
        "#!/bin/sh\nenv | grep ^GIT_INDEX_FILE= >'{0}'\n'{1}' list --since HEAD --format names >>'{0}' 2>&1\n",
        said.display(),
        crate::case::MKCOMPOSE
    );
    repo.write(".git/hooks/pre-commit", script);
    std::fs::set_permissions(repo.at(".git/hooks/pre-commit"), std::fs::Permissions::from_mode(0o755)).unwrap();
    for file in ["a/main.c", "all/y.c"] {
        std::fs::write(repo.case.at("beside").join(file), "2").unwrap();
    }
    repo.git(&["-C", "../beside", "commit", "-q", "-m", "x", "a/main.c"]);
    let said = std::fs::read_to_string(said).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("GIT_INDEX_FILE="), "{said}");
    assert_eq!(lines[1..], ["a", "all"], "{said}");
}

#[test]
fn what_is_outside_the_repository_counts_as_touched() {
    let repo = repo();
    repo.case.at("elsewhere");
    std::fs::create_dir(repo.case.at("outside")).unwrap();
    repo.write("elsewhere", "");
    let run = repo.run(&["list", "--since", "HEAD", "--why", "--context", "../outside", "a"]);
    let what = "SERVICE  TOUCHED BY\na        its Dockerfile or context is outside the git repository\n";
    assert_eq!((run.code(), run.stdout().as_str()), (0, what));
}

#[test]
fn what_an_onbuild_takes_touches_what_is_built_on_it() {
    let repo = Repo::of(&[
        ("base.Dockerfile", "FROM alpine\nONBUILD COPY app /app\n"),
        ("child.Dockerfile", "FROM minimage:base\n"),
        ("self.Dockerfile", "FROM alpine AS b\nONBUILD COPY app /app\nFROM b\n"),
        ("app/f", "1"),
    ]);
    repo.write("app/f", "2");
    assert_eq!(repo.why("HEAD"), ["child: app/f", "self: app/f"]);
}
