//! Completions in the real shells, typed at a terminal: Tab puts in the service, the file, the word.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::case::{Case, MKCOMPOSE, tool};

/// A shell that is typed into, and how it takes the script of `mkcompose completions`.
struct Shell {
    name: &'static str,
    /// The command that starts it, with nothing of the user's settings.
    start: &'static str,
    /// What is typed first.
    set_up: &'static str,
}

const SHELLS: [Shell; 4] = [
    Shell { name: "bash", start: "bash --noprofile --norc -i", set_up: ". ./script" },
    // The first Tab reads the function from its folder.
    Shell {
        name: "zsh",
        start: "zsh -f -i",
        set_up: "fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D",
    },
    Shell { name: "zsh", start: "zsh -f -i", set_up: "autoload -U compinit; compinit -u -D; . ./script" },
    Shell { name: "fish", start: "fish --no-config -i", set_up: "source ./script" },
];

/// What the commands wrote whose lines were typed: `\t` is the Tab key.
fn typed(shell: &Shell, case: &Case, lines: &[&str]) -> Option<String> {
    tool(shell.name, &["--version"])?;
    let mut script = tool("script", &["--version"])?;
    let registration = case.run(["completions", shell.name]).stdout();
    std::fs::create_dir_all(case.at("functions")).unwrap();
    std::fs::write(case.at("functions/_mkcompose"), &registration).unwrap();
    std::fs::write(case.at("script"), registration).unwrap();
    let path = format!("{}:{}", case.at("bin").display(), std::env::var("PATH").unwrap());
    script.args(["--quiet", "--return", "--command", shell.start, "/dev/null"]);
    script.env("PATH", path).env("TERM", "dumb").env("HOME", case.path()).current_dir(case.path());
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in [&[shell.set_up], lines, &["exit"]].concat() {
        // As a person types: the shell is at its prompt, and has put in what it knows.
        thread::sleep(Duration::from_millis(700));
        for piece in line.split_inclusive('\t') {
            stdin.write_all(piece.as_bytes()).unwrap();
            stdin.flush().unwrap();
            thread::sleep(Duration::from_millis(700));
        }
        stdin.write_all(b"\r").unwrap();
        stdin.flush().unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A repository with two services, and a program that writes down its arguments, one a line, as `mkcompose`.
fn repository() -> Case {
    let ask = format!(
        "#!/bin/sh\n[ -z \"$MKCOMPOSE_COMPLETE\" ] || exec {MKCOMPOSE} \"$@\"\nprintf '%s\\n' \"$@\" -- >>\"$HOME/said\"\n"
    );
    let case = Case::empty().file("api/Dockerfile", "FROM scratch\n").file("web/Dockerfile", "FROM scratch\n");
    let case =
        case.file("web.debug.Dockerfile", "FROM scratch\n").file("report of may.json", "{}").file("bin/mkcompose", ask);
    case.mode("bin/mkcompose", 0o755);
    case
}

#[test]
fn the_tab_key_puts_in_services_files_commands_and_flags() {
    for shell in &SHELLS {
        let case = repository();
        let lines = [
            "mkcompose lis\tap\t",
            "mkcompose why we\t.d\t",
            "mkcompose test --basel\trep\t",
            "mkcompose -C api/ list --form\tjs\t",
        ];
        let Some(said) = typed(shell, &case, &lines) else { continue };
        let arguments = std::fs::read_to_string(case.at("said")).unwrap_or_else(|error| panic!("{error}: {said}"));
        let calls: Vec<Vec<&str>> =
            arguments.split_terminator("--\n").map(|call| call.lines().collect::<Vec<_>>()).collect();
        let wanted: [&[&str]; 4] = [
            &["list", "api"],
            &["why", "web.debug"],
            &["test", "--baseline", "report of may.json"],
            &["-C", "api/", "list", "--format", "json"],
        ];
        assert_eq!(calls, wanted, "{} ({})\n{said}", shell.name, shell.set_up);
    }
}

#[test]
fn services_are_those_of_the_folder_that_the_words_name() {
    let case = repository();
    let offered = |words: &[&str]| {
        let mut command = case.command(["--"]);
        let output = command.args(words).env("MKCOMPOSE_COMPLETE", "fish").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(offered(&["mkcompose", "test", "w"]), "web\tweb/Dockerfile\nweb.debug\tweb.debug.Dockerfile\n");
    assert_eq!(offered(&["mkcompose", "-C", "no/such", "test", "w"]), "");
    assert_eq!(offered(&["mkcompose", "sizes", "--dockerfiles", "api", "x"]), "");
    assert!(offered(&["mkcompose", "man", "mat"]).starts_with("matrix\tDistribute "));
    assert!(offered(&["mkcompose", "lint", "--allow", "stage"]).starts_with("stage-count\t"));
    // A repository with an error offers nothing, and says nothing in the middle of a line.
    let case = case.file("mkcompose.yml", "no such key: 1\n");
    let output = case.command(["--", "mkcompose", "test", "w"]).env("MKCOMPOSE_COMPLETE", "fish").output().unwrap();
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), Vec::new(), Vec::new()));
}

#[test]
fn docker_s_own_completion_asks_the_plugin() {
    let case = repository().link("docker-mkcompose", MKCOMPOSE);
    let mut plugin = Command::new(case.at("docker-mkcompose"));
    plugin.args(["__complete", "mkcompose", "list", "we"]).env("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND", "docker");
    let output = plugin.current_dir(case.path()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "web\tweb/Dockerfile\nweb.debug\tweb.debug.Dockerfile\n:4\n");
}
