//! Words meant for people, read for what they say: those of runtimes, of loaders, of the engine, and a program's last.
//!
//! What they mean for the outcome is decided in [`super`].

use std::path::Path;

use crate::engine::run_container::ContainerRun;
use image_analyzer::printable::shortened;

/// runc could not execute the file: the only line is `exec PATH: REASON` (runc since 1.1), or ends in
/// `exec user process caused: REASON` (before; in still older ones REASON is in quotes).
pub(super) fn exec_failure(stderr: &str, command: &[String]) -> bool {
    /// The reasons for which execve(2) fails on a file, in the words of Go's `syscall` package.
    const REASONS: [&str; 10] = [
        "no such file or directory",
        "exec format error",
        "permission denied",
        "operation not permitted",
        "not a directory",
        "too many levels of symbolic links",
        "input/output error",
        "invalid argument",
        "text file busy",
        "argument list too long",
    ];
    let Some(line) = only_line(stderr) else { return false };
    if let Some((before, reason)) = line.split_once("exec user process caused") {
        let reason = reason.trim_start_matches([':', ' ']).trim_matches('"');
        return before.starts_with("standard_init_linux.go:") && REASONS.contains(&reason);
    }
    let failure = line.strip_prefix("exec ").and_then(|line| line.rsplit_once(": "));
    let program = command.first().map_or("", String::as_str);
    failure.is_some_and(|(path, reason)| REASONS.contains(&reason) && is_same_file(path, program))
}

/// The small init that Docker puts before the program with `--init` (tini) could not execute it.
pub(super) fn init_failure(stderr: &str) -> bool {
    only_line(stderr).is_some_and(|line| line.starts_with("[FATAL tini (") && line.contains(")] exec "))
}

/// A loader could not load the program: the first line is one of
/// - `PROGRAM: error while loading shared libraries: …` (glibc, code 127),
/// - ``PROGRAM: LIBRARY: version `GLIBC_2.38' not found (required by FILE)`` (glibc, code 1),
/// - `Error loading shared library LIBRARY: … (needed by FILE)`, `Error relocating FILE: …` (musl, code 127).
///
/// PROGRAM must be a word of the command: in a shell form it is not the first.
pub(super) fn loader_failure(stderr: &str, command: &[String]) -> bool {
    let line = stderr.lines().next().unwrap_or_default();
    if line.starts_with("Error loading shared library ") || line.starts_with("Error relocating ") {
        return true;
    }
    let Some((program, said)) = line.split_once(": ") else { return false };
    let complains = said.starts_with("error while loading shared libraries: ")
        || (said.contains(": version `") && said.contains("' not found (required by "));
    let mut words = command.iter().flat_map(|words| words.split_ascii_whitespace());
    complains && words.any(|word| is_same_file(program, word))
}

/// What is on stderr without the warnings that the engine's command line writes there before the container says anything:
/// `WARNING: …` of docker (another platform, no limit of swap), and of podman also `time="…" level=warning …`.
pub(super) fn without_warnings(stderr: &str) -> &str {
    let mut rest = stderr;
    while let Some((line, after)) = rest.split_once('\n') {
        let is_log = line.starts_with("time=\"") && line.contains(" level=warning ");
        if !line.starts_with("WARNING: ") && !is_log {
            break;
        }
        rest = after;
    }
    rest
}

/// The line, if there is just one.
fn only_line(text: &str) -> Option<&str> {
    let mut lines = text.lines();
    let line = lines.next()?;
    lines.next().is_none().then_some(line)
}

/// Whether `path` may be what `word` of a command was found as: itself, or in a folder of PATH.
fn is_same_file(path: &str, word: &str) -> bool {
    !word.is_empty() && (path == word || (!word.contains('/') && Path::new(path).file_name() == Some(word.as_ref())))
}

/// The engine's words without the wrappers that say only that they are the engine's, and without the hint at its help.
pub(super) fn engine_words(said: &str) -> String {
    const WRAPPERS: [&str; 11] = [
        "docker: ",
        "Error response from daemon: ",
        "Error: ",
        "failed to create task for container: ",
        "failed to create shim task: ",
        "OCI runtime create failed: ",
        "runc: ",
        "crun: ",
        "runc create failed: ",
        "unable to start container process: ",
        "error during container init: ",
    ];
    const ENDS: [&str; 4] = [
        ": unknown",
        ": unknown.",
        ": OCI runtime attempted to invoke a command that was not found",
        ": OCI permission denied",
    ];
    let telling = |line: &&str| !line.is_empty() && !line.starts_with("See '") && !line.starts_with("Run '");
    let lines = said.lines().map(str::trim).filter(telling);
    let last = |line: &str| !line.starts_with("Unable to find image");
    let mut lines: Vec<_> = lines.filter(|line| last(line)).collect();
    lines.truncate(3);
    let mut text = lines.join("; ");
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| text.strip_prefix(wrapper)) {
        text = rest.to_owned();
    }
    shortened(ENDS.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(&text))
}

/// The line that says most of why a program failed: the last one on stderr, or else stdout, that is not indented, as the
/// lines of a stack trace are. An indented one after it that is no part of a trace says more (Java's `LinkageError`).
pub(super) fn telling_line(ran: &ContainerRun) -> String {
    let last = |text: &str| {
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let at = lines.iter().rposition(|line| !line.starts_with([' ', '\t']))?;
        let more = lines.get(at + 1).map(|line| line.trim_start()).filter(|line| !line.starts_with("at "));
        let line = lines.get(at)?;
        Some(more.map_or_else(|| (*line).to_owned(), |more| format!("{line}: {more}")))
    };
    shortened(&last(&ran.stderr.text()).or_else(|| last(&ran.stdout.text())).unwrap_or_default())
}
