//! Symbolic links below the dockerfiles folder: those to files are followed, those to folders are not; and hidden names, not looked at.

use crate::case::Case;

const OK: &str = "docker-compose.yml: written, 1 service\n";

#[test]
fn a_link_to_a_file_is_followed_and_the_service_has_the_name_of_the_link() {
    let case = Case::of(&["a"]).file("elsewhere/any", "").link("dockerfiles/Dockerfile.x", "../elsewhere/any");
    case.run([""; 0]).well("docker-compose.yml: written, 2 services\n");
    // BuildKit finds no file behind a link out of the Dockerfile's folder: see tests/engine/linked.rs.
    assert!(case.read("docker-compose.yml").contains("dockerfile: ../elsewhere/any\n"));
}

/// What `docker-compose.yml` says of each service: its name, its build context and its Dockerfile.
fn builds(case: &Case) -> Vec<(String, String, String)> {
    let file: serde_yaml::Value = serde_yaml::from_str(&case.read("docker-compose.yml")).unwrap();
    let text = |value: &serde_yaml::Value| value.as_str().unwrap().to_owned();
    let services = file["services"].as_mapping().unwrap().iter();
    services
        .map(|(name, service)| (text(name), text(&service["build"]["context"]), text(&service["build"]["dockerfile"])))
        .collect()
}

#[test]
fn a_link_out_of_its_folder_is_built_from_the_file_that_it_leads_to_in_the_context_of_the_link() {
    let text = "FROM scratch\nCOPY f /\n";
    let case = Case::empty()
        .file("b/Dockerfile.x", text)
        .file("b/f", "b")
        .file("a/f", "a")
        .file("a/Dockerfile.own", text)
        .file("a/sub/Dockerfile.y", text)
        .file("a/sub/f", "")
        // A link that only seems to stay, one that leads through a folder, and one that another one leads to.
        .link("a/Dockerfile.other", "../b/Dockerfile.x")
        .link("a/Dockerfile.second", "Dockerfile.other")
        .link("a/Dockerfile.back", "../a/Dockerfile.own")
        .link("a/Dockerfile.near", "Dockerfile.own")
        .link("a/Dockerfile.below", "sub/Dockerfile.y")
        .link("a/folder", "../b")
        .link("a/Dockerfile.through", "folder/Dockerfile.x");
    let own = case.at("a/Dockerfile.own");
    let case = case.link("a/Dockerfile.absolute", own);
    case.run(["-q"]).well("");
    let expected = [
        ("a.absolute", "a", "Dockerfile.own"),
        ("a.back", "a", "Dockerfile.own"),
        ("a.below", "a", "Dockerfile.below"),
        ("a.near", "a", "Dockerfile.near"),
        ("a.other", "a", "../b/Dockerfile.x"),
        ("a.own", "a", "Dockerfile.own"),
        ("a.second", "a", "../b/Dockerfile.x"),
        ("a.sub.y", "a/sub", "Dockerfile.y"),
        ("a.through", "a", "../b/Dockerfile.x"),
        ("b.x", "b", "Dockerfile.x"),
    ];
    assert_eq!(builds(&case), expected.map(|(name, context, file)| (name.into(), context.into(), file.into())));
}

/// It may be anybody's file with secrets.
#[test]
fn nothing_of_a_file_outside_the_repository_is_shown_in_an_error() {
    let outside = Case::empty().file("any", "machine example.com login me password hunter2\n");
    let case = Case::of(&["a"]).link("dockerfiles/Dockerfile.x", outside.at("any"));
    for args in [&["lint"][..], &["list"], &["lint", "--format", "json"], &["-v"], &["list", "--format", "json"]] {
        let run = case.run(args);
        for word in ["machine", "MACHINE", "hunter2"] {
            assert!(!run.stdout().contains(word) && !run.stderr().contains(word), "{args:?}");
        }
    }
    assert!(case.run(["lint"]).stdout().contains(
        "dockerfiles/Dockerfile.x:1: this link leads to a file outside the repository that has an error, which is not shown: correct the line (parse-error)"
    ));
}

#[test]
fn a_link_to_a_file_outside_the_repository_is_told() {
    let outside = Case::empty().file("any", "FROM scratch\n");
    let case = Case::of(&["a"]).link("dockerfiles/Dockerfile.x", outside.at("any"));
    case.run([""; 0]).well(
        "dockerfiles/Dockerfile.x: a link to a file outside the repository\n\
         docker-compose.yml: written, 2 services\n",
    );
    let built = &builds(&case)[1].2;
    assert_eq!(case.at("samples").join(built).canonicalize().unwrap(), outside.at("any").canonicalize().unwrap());
}

/// A read of such a file waits for what may never come.
#[cfg(target_os = "linux")]
#[test]
fn a_link_to_a_file_of_the_kernel_a_pipe_or_a_device_is_not_waited_for() {
    let case = Case::of(&["a"]);
    let pipe = case.at("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let case = case
        .link("dockerfiles/Dockerfile.pipe", pipe)
        .link("dockerfiles/Dockerfile.zero", "/dev/zero")
        .link("dockerfiles/Dockerfile.terminal", "/dev/tty");
    case.run(["-q"]).well("");
    // As nobody: root would take the messages of the kernel away.
    let case = case.link("dockerfiles/Dockerfile.kernel", "/proc/kmsg");
    case.give_away();
    let run = case.run_unprivileged(&[]);
    assert_eq!(run.code(), 2);
    assert!(run.stderr().starts_with("error: dockerfiles/Dockerfile.kernel: cannot be read ("), "{}", run.stderr());
}

#[test]
fn the_ignore_file_of_a_linked_dockerfile_is_beside_the_file_that_is_built() {
    let case = Case::empty()
        .file("b/Dockerfile.x", "FROM scratch\nCOPY f /\n")
        .file("b/f", "b")
        .file("a/f", "a")
        .link("a/Dockerfile", "../b/Dockerfile.x")
        // This one is not read.
        .file("a/Dockerfile.dockerignore", "f\n");
    case.run(["lint"]).expect(0, "", "2 Dockerfiles, 0 findings\n");
    let case = case.file("b/Dockerfile.x.dockerignore", "f\n");
    let said = |path: &str, context: &str| {
        format!(
            "{path}:2: no folder contains every source, so the build context is unclear; `f` is not in `{context}`: correct the path, or name the build context with `# mkcompose: context=DIR` or `context` in mkcompose.yml (context-unclear)\n"
        )
    };
    let said = said("a/Dockerfile", "a") + &said("b/Dockerfile.x", "b");
    case.run(["lint"]).expect(1, &said, "2 Dockerfiles, 2 findings\n");
}

#[test]
fn a_link_to_a_folder_is_not_followed_since_what_it_leads_to_is_found_where_it_is() {
    let case = Case::empty()
        .folder("samples")
        .file("dockerfiles/v2/Dockerfile", "")
        .link("dockerfiles/latest", "v2")
        .link("dockerfiles/v2/up", "..")
        .link("dockerfiles/v2/Dockerfile.folder", "../v2");
    case.run([""; 0]).well(OK);
    assert!(case.read("docker-compose.yml").contains("dockerfile: ../dockerfiles/v2/Dockerfile\n"));
}

#[test]
fn links_in_a_circle_do_not_matter_unless_they_are_named_like_a_dockerfile() {
    let case = Case::of(&["a"])
        .link("dockerfiles/round", "about")
        .link("dockerfiles/about", "round")
        .link("dockerfiles/self", ".");
    case.run([""; 0]).well(OK);
}

#[test]
fn a_broken_link_is_refused_if_it_is_named_like_a_dockerfile() {
    let case = Case::of(&["a"])
        .link("dockerfiles/Dockerfile.broken", "no\nwhere")
        .link("dockerfiles/Dockerfile.self", "Dockerfile.self")
        .link("dockerfiles/web.Dockerfile", "gone")
        .link("dockerfiles/README.md", "nowhere")
        .link("dockerfiles/Dockerfile.a.dockerignore", "nowhere")
        .link("dockerfiles/more", "../elsewhere");
    case.run([""; 0]).refused(
        "\
error: dockerfiles/Dockerfile.broken: broken symlink to `no\\nwhere`: fix or remove it
error: dockerfiles/Dockerfile.self: the symlink to `Dockerfile.self` cannot be followed (Too many levels of symbolic links (os error 40)): fix or remove it
error: dockerfiles/web.Dockerfile: broken symlink to `gone`: fix or remove it
",
    );
}

#[test]
fn a_dockerfiles_folder_that_links_to_itself_is_refused() {
    let case = Case::empty().link("dockerfiles", "dockerfiles");
    case.run([""; 0]).refused("error: dockerfiles: cannot be read (Too many levels of symbolic links (os error 40)): fix or remove the link\n");
}

#[test]
fn a_dockerfiles_folder_may_be_a_link() {
    let case = Case::empty().folder("samples").file("images/web/Dockerfile", "").link("dockerfiles", "images");
    case.run([""; 0]).well(OK);
}

#[test]
fn a_folder_that_cannot_be_read_is_refused() {
    let case = Case::of(&["a"]).file("dockerfiles/secret/Dockerfile.b", "");
    case.give_away();
    case.mode("dockerfiles/secret", 0o000);
    let run = case.run_unprivileged(&[]);
    case.mode("dockerfiles/secret", 0o755);
    run.refused("error: dockerfiles/secret: cannot be read (Permission denied (os error 13)): check its permissions, or move it elsewhere\n");
    assert!(!case.has("docker-compose.yml"));
}

#[test]
fn a_link_into_a_folder_that_cannot_be_searched_is_refused_if_it_is_named_like_a_dockerfile() {
    let case = Case::of(&["a"])
        .file("secret/Dockerfile.b", "")
        .link("dockerfiles/Dockerfile.b", "../secret/Dockerfile.b")
        .link("dockerfiles/notes", "../secret/notes");
    case.give_away();
    case.mode("secret", 0o000);
    let run = case.run_unprivileged(&[]);
    case.mode("secret", 0o755);
    run.refused("error: dockerfiles/Dockerfile.b: the symlink to `../secret/Dockerfile.b` cannot be followed (Permission denied (os error 13)): check the permissions there, or remove it\n");
}

#[test]
fn what_is_hidden_is_not_looked_at_even_if_it_is_a_link() {
    let case = Case::of(&["a"])
        .folder("secret")
        .folder("dockerfiles/.git")
        .link("dockerfiles/.loop", ".")
        .link("dockerfiles/.self", ".self")
        .link("dockerfiles/.broken", "nowhere")
        .link("dockerfiles/.closed", "../secret")
        .link("dockerfiles/.git/closed", "../../secret")
        .file("dockerfiles/.cache/Dockerfile.b", "");
    case.give_away();
    case.mode("secret", 0o000);
    case.mode("dockerfiles/.cache", 0o000);
    let run = case.run_unprivileged(&[]);
    case.mode("dockerfiles/.cache", 0o755);
    case.mode("secret", 0o755);
    run.well(OK);
}

#[test]
fn a_hidden_folder_is_not_searched() {
    let case = Case::of(&["a"]).folder("dockerfiles/.git/inner").folder("dockerfiles/seen");
    let Some(mut strace) = crate::case::tool("strace", &["-o", "/dev/null", "true"]) else { return };
    let trace = ["-f", "-e", "trace=%file", "-o", "trace", crate::case::MKCOMPOSE, "-q"];
    assert!(strace.args(trace).current_dir(case.path()).status().unwrap().success());
    let trace = case.read("trace");
    assert!(trace.contains("dockerfiles/seen") && !trace.contains("inner"), "{trace}");
}
