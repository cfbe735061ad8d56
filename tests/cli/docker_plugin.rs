//! mkcompose as a plugin of Docker's command line, called as Docker calls it; `tests/engine` has the real ones do so.

use std::process::Command;

use crate::case::{Case, MKCOMPOSE, Run};

const CALLER: &str = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND";

/// A `docker` that writes down how it was called, and answers nothing else.
const DOCKER: &str = "#!/bin/sh\necho \"$*\" >>\"$0.calls\"\necho 'no engine here' >&2\nexit 1\n";

fn repository() -> Case {
    let case = Case::empty().file("web/Dockerfile", "FROM scratch\n").file("bin/docker", DOCKER);
    case.mode("bin/docker", 0o755);
    case.link("bin/docker-mkcompose", MKCOMPOSE)
}

fn plugin(case: &Case, line: &str) -> Command {
    let mut command = Command::new(case.at("bin/docker-mkcompose"));
    command.args(line.split_whitespace()).current_dir(case.path()).env(CALLER, "bin/docker");
    command
}

#[track_caller]
fn run(case: &Case, line: &str) -> Run {
    Run::of(plugin(case, line).output().unwrap())
}

#[test]
fn docker_is_told_what_the_plugin_is() {
    Case::empty().run(["docker-cli-plugin-metadata"]).expect(
        0,
        concat!(
            r#"{"SchemaVersion":"0.1.0","Vendor":"mkcompose","Version":""#,
            env!("CARGO_PKG_VERSION"),
            r#"","ShortDescription":"Compose files from Dockerfiles; which images build, work and grow"}"#,
            "\n"
        ),
        "",
    );
}

#[test]
fn what_stands_before_the_name_is_docker_s() {
    let case = repository();
    let list = run(&case, "--context far mkcompose list --context . --format json").stdout();
    assert!(list.contains("\"context\": \".\""), "{list}");
    let stale = run(&case, "-D -c far mkcompose --check --context web");
    assert_eq!(stale.code(), 1);
    assert!(stale.stdout().contains("+      context: web\n"), "{}", stale.stdout());
}

#[test]
fn the_engine_is_the_docker_that_called_with_its_flags() {
    let case = repository().folder("sub");
    let said = run(&case, "-c far mkcompose -C web --dockerfiles . build");
    assert_eq!(said.code(), 2);
    assert!(said.stderr().contains("/bin/docker -c far version` failed"), "{}", said.stderr());
    assert_eq!(case.read("bin/docker.calls"), "-c far version\n");
    // Whoever names another means another.
    let said = run(&case, "-c far mkcompose build --docker /no/such/engine");
    assert!(said.stderr().contains("`/no/such/engine version` failed"), "{}", said.stderr());
}

#[test]
fn called_by_nobody_it_is_mkcompose_itself() {
    let case = repository();
    let output = plugin(&case, "list --context .").env_remove(CALLER).output().unwrap();
    assert!(Run::of(output).stdout().contains("web/Dockerfile"));
    // The variable alone makes no plugin: a plugin may start mkcompose.
    let output = case.command(["list"]).env(CALLER, "docker").output().unwrap();
    assert!(Run::of(output).stdout().contains("web/Dockerfile"));
}
