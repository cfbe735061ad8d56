//! A scratch repository of git, with nothing of this machine's settings.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::case::{Case, Run};

/// A repository and the program run in it.
pub struct Repo {
    pub case: Case,
}

impl Repo {
    /// An empty repository in the folder `repo`; beside it is the home of whoever works in it.
    pub fn new() -> Self {
        let repo = Self { case: Case::empty().folder("home").folder("repo") };
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    /// A repository with these files in one commit.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let repo = Self::new();
        for (path, text) in files {
            repo.write(path, text);
        }
        repo.commit();
        repo
    }

    pub fn at(&self, path: impl AsRef<Path>) -> std::path::PathBuf {
        self.case.at("repo").join(path)
    }

    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, path: impl AsRef<Path>) {
        fs::remove_file(self.at(path)).unwrap();
    }

    pub fn link(&self, path: &str, to: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(to, path).unwrap();
    }

    /// Git with these arguments; it must succeed.
    #[track_caller]
    pub fn git<S: AsRef<OsStr>>(&self, args: &[S]) -> Vec<u8> {
        let output = self.try_git(args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub fn try_git<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        let mut command = Command::new("git");
        let settings =
            ["user.name=a", "user.email=a@example.org", "commit.gpgsign=false", "protocol.file.allow=always"];
        for setting in settings {
            command.args(["-c", setting]);
        }
        command.args(args).current_dir(self.at(""));
        self.clean(&mut command).output().unwrap()
    }

    /// Commits everything as it is.
    pub fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }

    /// The program in the repository.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        self.run_in("", args)
    }

    /// The program in this folder of the repository.
    pub fn run_in<S: AsRef<OsStr>>(&self, folder: &str, args: &[S]) -> Run {
        let mut command = self.case.command(args);
        command.current_dir(self.at(folder));
        Run::of(self.clean(&mut command).output().unwrap())
    }

    fn clean<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        let dates = [("GIT_AUTHOR_DATE", "2020-01-01T00:00:00Z"), ("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")];
        command.envs(dates).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.case.at("home"))
    }

    /// What is touched since `reference`, each with its reason, as `SERVICE: REASON`; nothing may be said beside it.
    #[track_caller]
    pub fn why(&self, reference: &str) -> Vec<String> {
        let run = self.run(&["list", "--since", reference, "--why"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let nothing = format!("none of these services has changed since `{reference}`\n");
        assert!(run.stderr().is_empty() || run.stderr() == nothing, "{}", run.stderr());
        let rows = run.stdout();
        let row = |row: &str| row.split_once("  ").map(|(service, why)| format!("{service}: {}", why.trim())).unwrap();
        rows.lines().skip(1).map(row).collect()
    }
}

/// A name that no text has.
pub fn odd(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
