//! Runs one command to its end, keeps what it printed in a file, and fails with the last lines of that.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// No single command of these tests takes as long, so one that does hangs.
const LIMIT: Duration = Duration::from_secs(1200);
/// How much of a log a failure shows.
const LAST_LINES: usize = 25;

/// The repository's folder.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where commands leave their output, and tests what they make.
pub(crate) fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine")
}

/// Says something past the test harness, which keeps back what a test that passes prints.
pub(crate) fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// A command that ended.
pub(crate) struct Ran {
    /// What was run, as one would type it.
    pub(crate) line: String,
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
    /// The file that has both.
    log: PathBuf,
}

impl Ran {
    /// Both streams, standard output first.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails, with the last lines, unless the command returned 0.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert!(self.code == Some(0), "{}", self.failure("should return 0"));
        self
    }

    /// Fails unless the command returned something else than 0; what it was is for its caller to say.
    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        assert!(self.code.is_some_and(|code| code != 0), "{}", self.failure("should fail"));
        self
    }

    /// Fails unless `text` is in what the command printed.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.output().contains(text), "{}", self.failure(&format!("should say `{text}`")));
        self
    }

    /// What was expected of it, what it returned, its last lines, and where the rest is.
    pub(crate) fn failure(&self, expected: &str) -> String {
        let output = self.output();
        let lines: Vec<_> = output.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).copied().collect::<Vec<_>>().join("\n");
        let code = self.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
        format!("`{}` {expected}, and ended {code}:\n{last}\nall of it: {}", self.line, self.log.display())
    }
}

/// The name of a file that no other command under way writes to, which is `name` or begins with it, for as long as this is there.
struct FreeName(String);

static NAMES_IN_USE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

impl FreeName {
    fn like(name: &str) -> Self {
        let mut in_use = NAMES_IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let numbered = (2..).map(|number| format!("{name}.{number}"));
        let free = iter::once(name.to_owned()).chain(numbered).find(|name| in_use.insert(name.clone()));
        Self(free.expect("the numbers do not end"))
    }
}

impl Drop for FreeName {
    fn drop(&mut self) {
        NAMES_IN_USE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Runs `command` in the repository's folder; its output is kept as `name` in [`scratch`].
#[track_caller]
pub(crate) fn run(name: &str, command: &mut Command) -> Ran {
    let FreeName(name) = &FreeName::like(name);
    let log = scratch().join(format!("{name}.log"));
    let side = scratch().join(format!("{name}.stdout"));
    fs::create_dir_all(scratch()).unwrap();
    command.current_dir(repository()).stdin(Stdio::null());
    command.stdout(File::create(&side).unwrap()).stderr(File::create(&log).unwrap());
    let line = shown(command);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("`{line}` cannot be started: {error}"));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("`{line}` did not end within {LIMIT:?}, see {}", log.display());
        }
        thread::sleep(Duration::from_millis(20));
    };
    let (stdout, stderr) = (text(&side), text(&log));
    fs::remove_file(&side).unwrap();
    fs::write(&log, format!("{stdout}{stderr}")).unwrap();
    Ran { line, code: status.code(), stdout, stderr, log }
}

/// A file's text; bytes that are not UTF-8 are replaced.
fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// The program and its arguments, separated by spaces.
fn shown(command: &Command) -> String {
    let words = iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
