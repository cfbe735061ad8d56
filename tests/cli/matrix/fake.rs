//! A repository, and an engine that is a script beside it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, MKCOMPOSE, Run};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

#[must_use]
pub struct Fake {
    pub case: Case,
}

impl Fake {
    /// A repository with these services, and an engine with which all goes well.
    pub fn of(services: &[&str]) -> Self {
        let case = Case::of(services).file("engine/docker", include_str!("docker"));
        case.mode("engine/docker", 0o755);
        Self { case }
    }

    /// The engine has the image of `service` already.
    pub fn image(self, service: &str) -> Self {
        self.file(&format!("image.{service}"), "")
    }

    /// What the engine does, as shell, when it builds `service`.
    pub fn build(self, service: &str, script: &str) -> Self {
        self.file(&format!("build.{service}"), script)
    }

    /// What the engine does, as shell, when it runs `service`.
    pub fn run(self, service: &str, script: &str) -> Self {
        self.image(service).file(&format!("run.{service}"), script)
    }

    /// A file of the engine.
    pub fn file(mut self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.case = self.case.file(Path::new("engine").join(name), contents);
        self
    }

    /// A file of the repository.
    pub fn repository(mut self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.case = self.case.file(path, contents);
        self
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.case.command(args);
        self.dress(&mut command);
        command
    }

    /// Runs the program under another, in the same surroundings.
    pub fn command_under<S: AsRef<OsStr>>(&self, program: &str, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.case.path()).stdin(Stdio::null()).env("MKCOMPOSE", MKCOMPOSE);
        command.env_remove("NO_COLOR").env_remove("COLUMNS");
        self.dress(&mut command);
        command
    }

    fn dress(&self, command: &mut Command) {
        command.env("MKCOMPOSE_DOCKER", self.case.at("engine/docker"));
        command.env("XDG_CACHE_HOME", self.case.at("cache")).env_remove("DOCKER_BUILDKIT");
        command.env_remove("DOCKER_HOST").env_remove("CONTAINER_HOST").env_remove("DOCKER_CONTEXT");
    }

    #[track_caller]
    pub fn try_it(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// Starts the program in a process group of its own, and leaves it running.
    pub fn start(&self, args: &[&str]) -> Started {
        let said = self.case.at("said");
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(fs::File::create(&said).unwrap()).process_group(0);
        Started { child: Some(command.spawn().unwrap()), said }
    }

    /// What the engine was asked, a line each; those that begin with `word`.
    pub fn asked(&self, word: &str) -> Vec<String> {
        let asked = fs::read_to_string(self.case.at("engine/asked")).unwrap_or_default();
        asked.lines().filter(|line| line.starts_with(word)).map(str::to_owned).collect()
    }

    /// The containers that the engine has.
    pub fn containers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.case.at("engine")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter_map(|name| name.strip_prefix("container.").map(str::to_owned)).collect()
    }

    /// The only log folder under the cache directory.
    pub fn log(&self, name: &str) -> String {
        let folder = fs::read_dir(self.case.at("cache/mkcompose")).unwrap().next().unwrap().unwrap();
        fs::read_to_string(folder.path().join(name)).unwrap()
    }

    /// Waits until the engine has written `name`.
    #[track_caller]
    pub fn wait_for(&self, name: &str) {
        let start = Instant::now();
        while !self.case.has(Path::new("engine").join(name)) {
            assert!(start.elapsed() < PATIENCE, "`{name}` never came");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The program while it runs. It does not outlive the test.
#[must_use]
pub struct Started {
    child: Option<Child>,
    said: PathBuf,
}

impl Started {
    /// Sends `signal`, as `kill` calls it.
    #[track_caller]
    pub fn signal(&self, signal: &str) {
        self.kill_with(signal, "");
    }

    /// Sends `signal` to the whole process group, as a terminal does.
    #[track_caller]
    pub fn signal_group(&self, signal: &str) {
        self.kill_with(signal, "-");
    }

    #[track_caller]
    fn kill_with(&self, signal: &str, whom: &str) {
        let target = format!("{whom}{}", self.child.as_ref().unwrap().id());
        let status = Command::new("kill").args(["-s", signal, "--", &target]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has said `text` on stderr.
    #[track_caller]
    pub fn wait_said(&self, text: &str) {
        let start = Instant::now();
        while !fs::read_to_string(&self.said).unwrap().contains(text) {
            assert!(start.elapsed() < PATIENCE, "it never said `{text}`");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Run {
        let mut output = self.child.take().unwrap().wait_with_output().unwrap();
        output.stderr = fs::read(&self.said).unwrap();
        Run::of(output)
    }

    /// Kills it, without a chance to tidy up.
    pub fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `text` with what differs from run to run (times) as `T`.
pub fn timeless(text: &str) -> String {
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let mut out: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some(&word) = words.get(at) {
            let unit = words.get(at + 1).map(|unit| unit.trim_end_matches([',', ';']));
            if word.contains('.') && is_number(word) && unit == Some("s") {
                out.push("T");
                at += 2;
            } else {
                out.push(word);
                at += 1;
            }
        }
        out.join(" ") + "\n"
    });
    lines.collect()
}
