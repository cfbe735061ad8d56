//! One command of git from start to end: what it may see, and how much of what it says is read.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};

use super::GitError;

/// The most bytes that are read of one command: the paths of some million files.
const MOST_BYTES: u64 = 512 << 20;

/// The most bytes that are read of what it says on standard error.
const MOST_WORDS: u64 = 16 << 10;

/// The most bytes of the line before each object.
const MOST_HEADER: u64 = 256;

/// Settings that hold whatever the machine or the repository says: nothing is started that watches files, and the times of
/// files alone are no change.
const SETTINGS: [&str; 6] =
    ["-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "diff.autoRefreshIndex=true"];

/// The variables by which git is led to a repository, an index or a working tree: `git rev-parse --local-env-vars`, but for settings.
const OF_A_REPOSITORY: [&str; 12] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A command that is yet to be started.
pub(super) struct GitCommand {
    command: Command,
    /// The subcommand, for messages.
    name: String,
}

impl GitCommand {
    /// `git` with `args`, the subcommand first, in `folder`.
    pub(super) fn new(folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new("git");
        command.args(SETTINGS).args(args).current_dir(folder);
        // A hook of git is told another repository than that of the folder, or another index.
        for variable in OF_A_REPOSITORY {
            command.env_remove(variable);
        }
        // No index is written, no word translated, nobody asked for a password.
        command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, name: args.first().copied().unwrap_or_default().to_owned() }
    }

    /// Runs it and returns what it says.
    ///
    /// # Errors
    /// If it fails, cannot be started, or says more than is read.
    pub(super) fn output(self) -> Result<Vec<u8>, GitError> {
        let (mut running, stdout) = self.spawn()?;
        let mut out = Vec::new();
        stdout.take(MOST_BYTES + 1).read_to_end(&mut out).map_err(GitError::Io)?;
        if u64::try_from(out.len()).unwrap_or(u64::MAX) > MOST_BYTES {
            return Err(GitError::TooMuch(MOST_BYTES >> 20));
        }
        running.end()?;
        Ok(out)
    }

    /// Starts it as `cat-file --batch`, with these lines to answer.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn batch(mut self, names: Vec<u8>) -> Result<Batch, GitError> {
        self.command.stdin(Stdio::piped());
        let (mut running, stdout) = self.spawn()?;
        if let Some(mut stdin) = running.child.stdin.take() {
            // A pipe holds little: it must be read while it is written. One that is closed early is noticed there.
            thread::spawn(move || drop(stdin.write_all(&names)));
        }
        Ok(Batch { running, stdout: BufReader::new(stdout) })
    }

    fn spawn(mut self) -> Result<(Running, ChildStdout), GitError> {
        let mut child = self.command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => GitError::NotInstalled,
            _ => GitError::Io(error),
        })?;
        let words = child.stderr.take().map(|stderr| thread::spawn(move || words(stderr)));
        let stdout = child.stdout.take().ok_or_else(|| GitError::Garbled { command: self.name.clone() })?;
        Ok((Running { child, words, name: self.name }, stdout))
    }
}

/// What it says on standard error, as far as it is kept; the rest is read all the same, so that it does not wait.
fn words(mut stderr: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let _ = stderr.by_ref().take(MOST_WORDS).read_to_end(&mut kept);
    let _ = io::copy(&mut stderr, &mut io::sink());
    kept
}

/// A command that was started. Dropped before its end, it is killed.
struct Running {
    child: Child,
    words: Option<JoinHandle<Vec<u8>>>,
    name: String,
}

impl Running {
    /// Waits for its end.
    fn end(&mut self) -> Result<(), GitError> {
        let status = self.child.wait().map_err(GitError::Io)?;
        let words = self.words.take().and_then(|words| words.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&words);
        if words.contains("not a git repository") {
            return Err(GitError::NotARepository);
        }
        if words.contains("must be run in a work tree") {
            return Err(GitError::NoWorkTree);
        }
        let lines = words.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
        let said = lines.collect::<Vec<_>>().join(" ");
        let said = if said.is_empty() { status.to_string() } else { said };
        Err(GitError::Refused { command: self.name.clone(), said })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// `cat-file --batch` at work.
pub(super) struct Batch {
    running: Running,
    stdout: BufReader<ChildStdout>,
}

impl Batch {
    /// The first `most` bytes of the next object, which was asked for as `name`; and one more if it has more.
    ///
    /// # Errors
    /// If git does not have it, or ended.
    pub(super) fn next(&mut self, name: &str, most: u64) -> Result<Vec<u8>, GitError> {
        let mut header = Vec::new();
        self.stdout.by_ref().take(MOST_HEADER).read_until(b'\n', &mut header).map_err(GitError::Io)?;
        let header = String::from_utf8_lossy(&header).into_owned();
        let size = match header.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            [of, "blob", size] if *of == name => size.parse::<u64>().ok(),
            [of, "missing"] if *of == name => {
                return Err(GitError::Refused {
                    command: self.running.name.clone(),
                    said: format!("{name} is missing"),
                });
            }
            _ => None,
        };
        let Some(size) = size else {
            // Its own words say more, if it ended with some.
            if header.is_empty() {
                self.running.end()?;
            }
            return Err(self.garbled());
        };
        let mut bytes = Vec::new();
        let wanted = size.min(most.saturating_add(1));
        self.stdout.by_ref().take(wanted).read_to_end(&mut bytes).map_err(GitError::Io)?;
        // The rest, and the newline after it.
        let rest = size - wanted + 1;
        let passed = io::copy(&mut self.stdout.by_ref().take(rest), &mut io::sink()).map_err(GitError::Io)?;
        if u64::try_from(bytes.len()).ok() != Some(wanted) || passed != rest {
            return Err(self.garbled());
        }
        Ok(bytes)
    }

    fn garbled(&self) -> GitError {
        GitError::Garbled { command: self.running.name.clone() }
    }
}
