//! A folder made for one test, and the binary run in it. Output that a test does not declare fails it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The binary under test.
pub const MKCOMPOSE: &str = env!("CARGO_BIN_EXE_mkcompose");

/// A folder with what the test put into it.
#[must_use]
pub struct Case {
    dir: TempDir,
}

impl Case {
    /// An empty folder.
    pub fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("mkcompose-test-").tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    /// A repository with these services' Dockerfiles, empty, and an empty `samples`.
    pub fn of(services: &[&str]) -> Self {
        let case = Self::empty().folder("dockerfiles").folder("samples");
        services.iter().fold(case, |case, service| case.file(format!("dockerfiles/Dockerfile.{service}"), ""))
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn folder(self, path: impl AsRef<Path>) -> Self {
        fs::create_dir_all(self.at(path)).unwrap();
        self
    }

    pub fn file(self, path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Self {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        self
    }

    pub fn link(self, path: impl AsRef<Path>, to: impl AsRef<Path>) -> Self {
        symlink(to, self.at(path)).unwrap();
        self
    }

    /// The contents of a file as text.
    #[track_caller]
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub fn has(&self, path: impl AsRef<Path>) -> bool {
        self.at(path).symlink_metadata().is_ok()
    }

    /// Every name in the folder, sorted: to see that nothing was left there.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command, in this folder, with nothing of this machine's settings.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(MKCOMPOSE);
        command.args(args);
        self.dress(&mut command);
        command
    }

    /// The command started by another: `nice`, `setpriv` and the like.
    pub fn command_under(&self, wrapper: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(MKCOMPOSE).args(args);
        self.dress(&mut command);
        command
    }

    fn dress(&self, command: &mut Command) {
        command.current_dir(self.path()).stdin(Stdio::null()).env_remove("NO_COLOR").env_remove("COLUMNS");
    }

    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        Run::of(self.command(args).output().unwrap())
    }

    /// Runs it as somebody who is not root, so that permissions count; the folder is made theirs.
    #[track_caller]
    pub fn run_unprivileged(&self, args: &[&str]) -> Run {
        if !is_root() {
            return self.run(args);
        }
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        Run::of(self.command_under(&nobody, args).output().expect("setpriv (util-linux) is needed to test as root"))
    }

    /// Runs `script`, in which `$0` is the program and `mount` may be used, and returns both streams. Mounting needs the
    /// right to: root has it, elsewhere a user namespace may give it. `None` where neither does, which is said.
    #[cfg(target_os = "linux")]
    pub fn run_with_mounts(&self, script: &str) -> Option<(String, String)> {
        let unshare: &[&str] =
            if is_root() { &["unshare", "--mount"] } else { &["unshare", "--map-root-user", "--mount"] };
        let output = self.command_under(&[unshare, &["sh", "-c", script]].concat(), &[]).output().unwrap();
        let [stdout, stderr] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        if stderr.contains("unshare failed") || stderr.contains("mount:") {
            left_out(&format!("nothing can be mounted here: {stderr}"));
            return None;
        }
        Some((stdout, stderr))
    }

    /// Gives everything in the folder to whoever [`Self::run_unprivileged`] runs as.
    pub fn give_away(&self) {
        if is_root() {
            let status = Command::new("chown").args(["-R", "65534:65534"]).arg(self.path()).status().unwrap();
            assert!(status.success());
        }
    }

    pub fn mode(&self, path: impl AsRef<Path>, mode: u32) {
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(mode)).unwrap();
    }
}

pub fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// What a run did. Each of the three must be declared.
#[must_use]
pub struct Run {
    output: Output,
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self { output }
    }

    /// Declares everything: the exit code and all that was printed.
    #[track_caller]
    pub fn expect(self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!((self.code(), self.stdout().as_str(), self.stderr().as_str()), (code, stdout, stderr));
    }

    /// Declares that it ended well, with nothing on stdout and this on stderr.
    #[track_caller]
    pub fn well(self, stderr: &str) {
        self.expect(0, "", stderr);
    }

    /// Declares that the question could not be answered, with nothing on stdout and this on stderr.
    #[track_caller]
    pub fn refused(self, stderr: &str) {
        self.expect(2, "", stderr);
    }

    #[track_caller]
    pub fn code(&self) -> i32 {
        self.output.status.code().unwrap_or_else(|| panic!("ended by a signal: {:?}", self.output))
    }

    #[track_caller]
    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    #[track_caller]
    pub fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }
}

/// Says, past the capture of the test runner, that a test was left out and why. In CI none may be.
#[track_caller]
pub fn left_out(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "left out, and in CI it must not be: {why}");
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    // `eprintln!` would be captured, and a test that passes shows nothing.
    let _ = writeln!(std::io::stderr(), "left out: {name}: {why}");
}

/// A program that some tests need and not every machine has. In CI it must be there.
pub fn tool(program: &str, probe: &[&str]) -> Option<Command> {
    let there = Command::new(program).args(probe).output().is_ok_and(|output| output.status.success());
    if !there {
        left_out(&format!("`{program} {}` does not work here", probe.join(" ")));
        return None;
    }
    Some(Command::new(program))
}
