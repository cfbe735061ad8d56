//! Symbolic links below the dockerfiles folder: followed, or refused with what to do; and hidden names, not looked at.

use crate::case::Case;

const OK: &str = "docker-compose.yml: written, 1 service\n";

#[test]
fn broken_links_and_link_loops_are_refused() {
    let case = Case::of(&["a"])
        .link("dockerfiles/Dockerfile.broken", "no\nwhere")
        .link("dockerfiles/Dockerfile.self", "Dockerfile.self")
        .folder("dockerfiles/deep")
        .link("dockerfiles/deep/up", "..");
    let run = case.run([""; 0]);
    let stderr = run.stderr();
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(run.code(), 2);
    assert_eq!(
        lines[0],
        "error: dockerfiles/Dockerfile.broken: broken link, there is no `no\\nwhere`: fix or remove the link"
    );
    assert!(
        lines[1].starts_with("error: dockerfiles/Dockerfile.self: the link to `Dockerfile.self` cannot be followed (")
    );
    assert_eq!(lines[2], "error: dockerfiles/deep/up: this link leads back to `dockerfiles`: remove the link");
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_link_to_a_folder_that_it_is_in_is_told_once_and_not_entered() {
    let case = Case::of(&["a", "c d"]).file("dockerfiles/sub/Dockerfile.b", "").link("dockerfiles/sub/up", "../..");
    case.run([""; 0]).refused(
        "\
error: dockerfiles/Dockerfile.c d: an image tag has only the characters A-Z a-z 0-9 `_` `.` `-`: rename the file
error: dockerfiles/sub/up: this link leads back to `../..`, a folder that it is in: remove the link
",
    );
}

#[test]
fn a_link_to_a_folder_that_the_dockerfiles_are_in_is_not_entered_wherever_it_is() {
    let case =
        Case::of(&["a"]).folder("elsewhere").link("dockerfiles/more", "../elsewhere").link("elsewhere/back", "..");
    case.run([""; 0]).refused(
        "error: dockerfiles/more/back: this link leads back to `..`, a folder that it is in: remove the link\n",
    );
    let outside = Case::empty().file("Dockerfile.c", "");
    let case = Case::of(&["a"]).link("dockerfiles/more", outside.path());
    let outside = outside.link("back", case.path());
    let back = case.path().display();
    case.run([""; 0]).refused(&format!(
        "error: dockerfiles/more/back: this link leads back to `{back}`, a folder that `dockerfiles` is in: remove the link\n"
    ));
    drop(outside);
}

#[test]
fn a_dockerfiles_folder_that_links_to_itself_is_refused() {
    let case = Case::empty().link("dockerfiles", "dockerfiles");
    case.run([""; 0]).refused("error: dockerfiles: this cannot be read (Too many levels of symbolic links (os error 40)): fix or remove the link\n");
}

#[test]
fn a_linked_folder_that_cannot_be_read_is_refused() {
    let case = Case::of(&["a"])
        .file("secret/inner/Dockerfile.b", "")
        .link("dockerfiles/inner", "../secret/inner")
        .link("dockerfiles/secret", "../secret");
    case.give_away();
    case.mode("secret", 0o000);
    let run = case.run_unprivileged(&[]);
    case.mode("secret", 0o755);
    run.refused(
        "\
error: dockerfiles/inner: the link to `../secret/inner` cannot be followed (Permission denied (os error 13)): give yourself the permission, or remove the link
error: dockerfiles/secret: this cannot be read (Permission denied (os error 13)): give yourself the permission, or move it out of the way
",
    );
}

#[test]
fn a_folder_that_cannot_be_read_is_refused() {
    let case = Case::of(&["a"]).file("dockerfiles/secret/Dockerfile.b", "");
    case.give_away();
    case.mode("dockerfiles/secret", 0o000);
    let run = case.run_unprivileged(&[]);
    case.mode("dockerfiles/secret", 0o755);
    run.refused("error: dockerfiles/secret: this cannot be read (Permission denied (os error 13)): give yourself the permission, or move it out of the way\n");
    assert!(!case.has("docker-compose.yml"));
}

#[test]
fn a_linked_folder_below_a_linked_folder_that_cannot_be_read_is_refused_too() {
    let case = Case::of(&["a"])
        .file("secret/Dockerfile.b", "")
        .folder("more")
        .link("more/secret", "../secret")
        .link("dockerfiles/more", "../more");
    case.give_away();
    case.mode("secret", 0o000);
    let run = case.run_unprivileged(&[]);
    case.mode("secret", 0o755);
    run.refused("error: dockerfiles/more/secret: this cannot be read (Permission denied (os error 13)): give yourself the permission, or move it out of the way\n");
}

#[test]
fn a_linked_folder_is_entered() {
    let case = Case::of(&["a"]).file("elsewhere/Dockerfile.x", "").link("dockerfiles/more", "../elsewhere");
    case.run([""; 0]).well("docker-compose.yml: written, 2 services\n");
    assert!(case.read("docker-compose.yml").contains("dockerfile: ../dockerfiles/more/Dockerfile.x\n"));
}

#[test]
fn a_broken_link_is_refused_whatever_its_name_because_it_may_have_led_to_a_folder() {
    let case = Case::of(&["a"]).file("elsewhere/Dockerfile.x", "").link("dockerfiles/more", "../elsewhere");
    case.run([""; 0]).well("docker-compose.yml: written, 2 services\n");
    std::fs::rename(case.at("elsewhere"), case.at("gone")).unwrap();
    let before = case.read("docker-compose.yml");
    case.run([""; 0])
        .refused("error: dockerfiles/more: broken link, there is no `../elsewhere`: fix or remove the link\n");
    assert_eq!(case.read("docker-compose.yml"), before);
    let case = Case::of(&["a"]).link("dockerfiles/round", "about").link("dockerfiles/about", "round");
    let stderr = case.run([""; 0]).stderr();
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(lines[0].starts_with("error: dockerfiles/about: the link to `round` cannot be followed ("), "{stderr}");
    assert!(lines[1].starts_with("error: dockerfiles/round: the link to `about` cannot be followed ("), "{stderr}");
}

#[test]
fn links_that_lead_to_each_other_by_way_of_two_folders_are_refused() {
    let case =
        Case::of(&["a"]).folder("x").folder("y").link("dockerfiles/x", "../x").link("x/y", "../y").link("y/x", "../x");
    case.run([""; 0]).refused("error: dockerfiles/x/y/x: this link leads back to `dockerfiles/x`: remove the link\n");
}

#[test]
fn a_link_back_to_the_folder_of_another_link_is_told_once() {
    let case = Case::of(&["a"])
        .file("dockerfiles/sub/Dockerfile.b", "")
        .folder("out")
        .link("dockerfiles/sub/out", "../../out")
        .link("out/back", "../dockerfiles/sub");
    case.run([""; 0])
        .refused("error: dockerfiles/sub/out/back: this link leads back to `dockerfiles/sub`: remove the link\n");
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
fn a_hidden_folder_is_not_even_opened() {
    let case = Case::of(&["a"]).folder("dockerfiles/.git").folder("dockerfiles/seen");
    let Some(mut strace) = crate::case::tool("strace", &["-o", "/dev/null", "true"]) else { return };
    let trace = ["-f", "-e", "trace=%file", "-o", "trace", crate::case::MKCOMPOSE, "-q"];
    assert!(strace.args(trace).current_dir(case.path()).status().unwrap().success());
    let trace = case.read("trace");
    assert!(trace.contains("dockerfiles/seen") && !trace.contains(".git"), "{trace}");
}
