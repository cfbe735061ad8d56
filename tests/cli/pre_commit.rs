//! The hooks of `.pre-commit-hooks.yaml`, by the real pre-commit in a real Git repository: what is stale does not get in.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use crate::case::{Case, MKCOMPOSE, tool};

const HOOKS: &str = include_str!("../../.pre-commit-hooks.yaml");
const DOCUMENT: &str = include_str!("../../docs/PRE-COMMIT.md");

/// The hooks by their ids.
fn hooks() -> BTreeMap<String, Value> {
    let hooks: Vec<Value> = serde_yaml::from_str(HOOKS).unwrap();
    hooks.into_iter().map(|hook| (hook["id"].as_str().unwrap().to_owned(), hook)).collect()
}

#[test]
fn each_hook_is_there_from_source_and_for_a_program_on_the_path() {
    let hooks = hooks();
    let ids = ["mkcompose", "mkcompose-check", "mkcompose-lint"];
    assert_eq!(hooks.len(), 2 * ids.len());
    for id in ids {
        let (source, system) = (&hooks[id], &hooks[&format!("{id}-system")]);
        assert_eq!((&source["language"], &system["language"]), (&"rust".into(), &"system".into()));
        for key in ["name", "entry", "description", "files", "pass_filenames"] {
            assert_eq!(source[key], system[key], "{id}: {key}");
        }
        assert_eq!(source["pass_filenames"], false);
    }
}

#[test]
fn the_hooks_run_for_what_mkcompose_reads_in_any_layout_and_for_nothing_else() {
    let files = hooks()["mkcompose"]["files"].as_str().unwrap().to_owned();
    let files = Regex::new(&files).unwrap();
    let of_ours = [
        "Dockerfile",
        "api/Dockerfile",
        "api/Dockerfile.debug",
        "api/Dockerfile-debug",
        "api/Dockerfile_debug",
        "api/debug.Dockerfile",
        "a b/dockerfile",
        "api/debug.dockerfile",
        "Containerfile",
        "api/containerfile.debug",
        "dockerfiles/Dockerfile.hello-c.gcc.scratch",
        ".dockerignore",
        "api/.dockerignore",
        "api/Dockerfile.debug.dockerignore",
        ".gitignore",
        "mkcompose.yml",
        "docker-compose.yml",
        "docker-compose.err.yml",
        "sub/compose.yaml",
    ];
    for path in of_ours {
        assert!(files.is_match(path), "{path}");
    }
    for path in [
        "README.md",
        "src/dockerfiles.rs",
        "docs/my-Dockerfile",
        "Dockerfiles/a",
        "decompose.yml",
        "a/mkcompose.yml.md",
    ] {
        assert!(!files.is_match(path), "{path}");
    }
}

/// A Git repository that uses hooks, and all that a commit in it needs.
struct Commits {
    case: Case,
}

impl Commits {
    /// One with the hooks `ids` installed, and the program under test on the PATH.
    fn with(ids: &[&str]) -> Self {
        let case = Case::empty().file("hooks/.pre-commit-hooks.yaml", HOOKS).folder("repository").folder("bin");
        let commits = Self { case: case.link("bin/mkcompose", MKCOMPOSE) };
        commits.publish(ids);
        commits
    }

    /// One with the hook of the document that installs a wheel: one of this program, and none on the PATH.
    fn with_the_wheel() -> Option<Self> {
        let mut maturin = tool("maturin", &["--version"])?;
        let commits = Self { case: Case::empty().folder("repository").folder("bin") };
        // The same profile and the same folder: nearly all of it is there.
        maturin.args(["build", "--quiet", "--locked", "--profile", "dev", "--out"]).arg(commits.case.at("wheels"));
        let target = Path::new(MKCOMPOSE).ancestors().nth(2).unwrap();
        maturin.env("CARGO_TARGET_DIR", target).current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = maturin.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let wheel = std::fs::read_dir(commits.case.at("wheels")).unwrap().next().unwrap().unwrap().path();
        let (_, example) = DOCUMENT.split_once("    repos:\n    - repo: local\n").unwrap();
        let lines = example.lines().take_while(|line| !line.is_empty()).map(|line| line.strip_prefix("    ").unwrap());
        let config = ["repos:", "- repo: local"].into_iter().chain(lines).collect::<Vec<_>>().join("\n") + "\n";
        let published = concat!("mkcompose==", env!("CARGO_PKG_VERSION"));
        assert_eq!(config.matches(published).count(), 1, "{config}");
        commits.install(&config.replace(published, wheel.to_str().unwrap()));
        Some(commits)
    }

    /// One with the hook `id` built from source: what git knows of this repository, and no program on the PATH.
    fn from_source(id: &str) -> Self {
        let commits = Self { case: Case::empty().folder("hooks").folder("repository").folder("bin") };
        let copy = "git ls-files -z --cached --others --exclude-standard |
            while IFS= read -rd '' path; do [[ ! -e $path ]] || printf '%s\\0' \"$path\"; done |
            tar --create --null --files-from=- | tar --extract --directory=\"$0\"";
        let mut bash = Command::new("bash");
        bash.args(["-c", copy]).arg(commits.case.at("hooks")).current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(bash.status().unwrap().success());
        commits.publish(&[id]);
        commits
    }

    /// Makes the hooks a repository, and one that uses `ids` of them.
    fn publish(&self, ids: &[&str]) {
        self.well("hooks", &["git", "init", "-q"]);
        self.well("hooks", &["git", "add", "."]);
        self.well("hooks", &["git", "commit", "-qm", "hooks"]);
        let revision = self.well("hooks", &["git", "rev-parse", "HEAD"]);
        let ids = ids.iter().map(|id| format!("  - id: {id}\n")).collect::<Vec<_>>().concat();
        let source = self.case.at("hooks");
        let config = format!("repos:\n- repo: {}\n  rev: {}\n  hooks:\n{ids}", source.display(), revision.trim());
        self.install(&config);
    }

    /// Makes the repository, with `config` of pre-commit.
    fn install(&self, config: &str) {
        self.write(".pre-commit-config.yaml", config);
        self.well("repository", &["git", "init", "-q"]);
        self.well("repository", &["pre-commit", "install"]);
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.case.at("repository").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn has(&self, path: &str) -> bool {
        self.case.has(Path::new("repository").join(path))
    }

    /// Runs `command` in `folder`: whether it did well, and all that it said.
    fn run(&self, folder: &str, command: &[&str]) -> (bool, String) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([self.case.at("bin")].into_iter().chain(std::env::split_paths(&path))).unwrap();
        let mut process = Command::new(command[0]);
        process.args(&command[1..]).current_dir(self.case.at(folder)).env("PATH", path);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
            process.env_remove(name);
        }
        process.env("PRE_COMMIT_HOME", self.case.at("home")).env("PRE_COMMIT_COLOR", "never");
        // What pre-commit builds is built fast, and only once.
        process.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("hooks"));
        for (key, value) in [("OPT_LEVEL", "0"), ("LTO", "off"), ("CODEGEN_UNITS", "16")] {
            process.env(format!("CARGO_PROFILE_RELEASE_{key}"), value);
        }
        process.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            process.env(format!("GIT_{who}_NAME"), "a").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        }
        let output = process.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    #[track_caller]
    fn well(&self, folder: &str, command: &[&str]) -> String {
        let (well, said) = self.run(folder, command);
        assert!(well, "{command:?}: {said}");
        said
    }

    /// Commits everything: whether it got in, and what was said.
    fn commit(&self) -> (bool, String) {
        self.well("repository", &["git", "add", "-A"]);
        self.run("repository", &["git", "commit", "-m", "change"])
    }

    #[track_caller]
    fn passes(&self) -> String {
        let (well, said) = self.commit();
        assert!(well, "{said}");
        assert_eq!(self.well("repository", &["git", "status", "--porcelain"]), "");
        said
    }

    /// Declares that the commit is refused and that all of `words` are said.
    #[track_caller]
    fn fails(&self, words: &[&str]) {
        let (well, said) = self.commit();
        assert!(!well && words.iter().all(|word| said.contains(word)), "{said}");
    }
}

#[test]
#[ignore = "needs pre-commit"]
fn a_stale_file_fails_the_commit_and_is_fixed() {
    let commits = Commits::with(&["mkcompose-system"]);
    commits.write("a/Dockerfile", "FROM scratch\n");
    // The new file is not tracked, so pre-commit does not see it.
    commits.fails(&["docker-compose.yml: written, 1 service"]);
    assert!(commits.has("docker-compose.yml"));
    commits.passes();
    commits.write("b/Dockerfile", "FROM scratch\n");
    commits.fails(&["docker-compose.yml: written, 2 services", "files were modified by this hook"]);
    commits.passes();
    commits.write("README.md", "nothing of ours\n");
    assert!(commits.passes().contains("(no files to check)Skipped"));
}

#[test]
#[ignore = "needs pre-commit"]
fn a_stale_file_fails_the_commit_and_is_fixed_by_the_wheel() {
    let Some(commits) = Commits::with_the_wheel() else { return };
    commits.write("a/Dockerfile", "FROM scratch\n");
    commits.fails(&["docker-compose.yml: written, 1 service"]);
    assert!(commits.has("docker-compose.yml"));
    commits.passes();
    commits.write("b/Dockerfile", "FROM scratch\n");
    commits.fails(&["docker-compose.yml: written, 2 services", "files were modified by this hook"]);
    commits.passes();
}

#[test]
#[ignore = "needs pre-commit"]
fn a_stale_file_fails_the_commit_and_is_fixed_from_source() {
    let commits = Commits::from_source("mkcompose");
    commits.write("a/Dockerfile", "FROM scratch\n");
    commits.fails(&["docker-compose.yml: written, 1 service"]);
    commits.passes();
}

#[test]
#[ignore = "needs pre-commit"]
fn a_file_that_is_stale_in_the_index_alone_fails_the_commit() {
    let commits = Commits::with(&["mkcompose-system"]);
    commits.write("a/Dockerfile", "FROM scratch\n");
    commits.fails(&["written"]);
    commits.passes();
    commits.write("b/Dockerfile", "FROM scratch\n");
    commits.fails(&["written"]);
    // Now the file on disk is right; the one of the commit would not be.
    commits.well("repository", &["git", "reset", "-q", "docker-compose.yml"]);
    let (well, said) = commits.run("repository", &["git", "commit", "-m", "half"]);
    assert!(!well && said.contains("docker-compose.yml: written, 2 services"), "{said}");
    commits.passes();
}

#[test]
#[ignore = "needs pre-commit"]
fn a_check_fails_the_commit_and_changes_nothing() {
    let commits = Commits::with(&["mkcompose-check-system"]);
    commits.write("a/Dockerfile", "FROM scratch\n");
    commits.fails(&["+++", "to update them, run: mkcompose"]);
    assert!(!commits.has("docker-compose.yml"));
    commits.well("repository", &["mkcompose"]);
    commits.passes();
}

#[test]
#[ignore = "needs pre-commit"]
fn a_lint_finding_blocks_the_commit() {
    let commits = Commits::with(&["mkcompose-lint-system", "mkcompose-system"]);
    commits.write("a/Dockerfile", "FROM python\nCOPY app.py requirments.txt /\n");
    commits.write("a/app.py", "");
    commits.write("a/requirements.txt", "");
    commits.fails(&["a/Dockerfile:2: COPY takes `requirments.txt`", "(missing-copy-source)"]);
    commits.write("a/Dockerfile", "FROM python\nCOPY app.py requirements.txt /\n");
    commits.passes();
}
