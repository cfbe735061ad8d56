//! Builds one image as a Compose file would have it built, and tells how that went.
//!
//! BuildKit where the engine's command line has it, else the classic builder, which every Docker and podman have. Which
//! images, and what a failure means, is decided elsewhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::build_output::{BuildFailure, BuildLog};
use super::process::{self, Deadline, ProcessEnd, Stream};
use super::{Engine, EngineError, shown, unstarted};
use crate::interrupt::Interrupt;

/// Which builder the engine's command line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildBackend {
    /// BuildKit; `load` if it has to be told that the image is to end up in the engine.
    BuildKit {
        /// Whether there is a flag `--load`: a builder in a container keeps its results otherwise.
        load: bool,
    },
    /// The classic builder, or podman's.
    Classic,
}

/// What to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSpec {
    /// The image reference to give it.
    pub image: String,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// The folder that it may copy from.
    pub context: PathBuf,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildResult {
    /// There is an image.
    Done,
    /// The builder says no.
    Failed(BuildFailure),
    /// It was ended because somebody asked twice to stop.
    Interrupted,
}

impl Engine {
    /// Finds out which builder there is: one question, to be asked once.
    ///
    /// Docker 20.10 has BuildKit built in; later ones have it if buildx is installed, and then say so in the help of
    /// `build`; podman has none. `DOCKER_BUILDKIT=0` asks for the classic one, as it does of Docker itself.
    pub fn builder(&self) -> BuildBackend {
        if std::env::var_os("DOCKER_BUILDKIT").is_some_and(|value| value == "0" || value == "false") {
            return BuildBackend::Classic;
        }
        let mut command = self.command(["build", "--help"]);
        command.env("DOCKER_BUILDKIT", "1");
        let help = self.capture_command(command, Duration::ZERO).unwrap_or_default();
        let help = String::from_utf8_lossy(&help);
        let has = |flag: &str| help.split_ascii_whitespace().any(|word| word == flag);
        if has("--progress") { BuildBackend::BuildKit { load: has("--load") } } else { BuildBackend::Classic }
    }

    /// Builds `recipe`. `log` gets every byte the builder says, `step` each step it comes to.
    ///
    /// # Errors
    /// If the builder cannot be started, or was killed: then nothing is known of the Dockerfile.
    pub fn build(
        &self,
        builder: BuildBackend,
        recipe: &BuildSpec,
        interrupt: &Interrupt,
        log: &mut dyn FnMut(&[u8]),
        step: &mut dyn FnMut(&str),
    ) -> Result<BuildResult, EngineError> {
        let mut command = self.command(arguments(builder, recipe));
        command.env("DOCKER_BUILDKIT", if builder == BuildBackend::Classic { "0" } else { "1" });
        let shown = shown(&command);
        let mut steps = BuildLog::default();
        let mut lines = [Lines::default(), Lines::default()];
        let mut at = None;
        let limit = Deadline { time: None, interrupt, grace: Duration::ZERO };
        let end = process::run(command, limit, &mut |stream, bytes| {
            log(bytes);
            let [out, err] = &mut lines;
            let lines = if stream == Stream::Out { out } else { err };
            lines.push(bytes, |line| steps.line(line, stream == Stream::Err));
            if steps.current() != at.as_deref() {
                at = steps.current().map(str::to_owned);
                step(at.as_deref().unwrap_or_default());
            }
        });
        let [out, err] = lines;
        out.end(|line| steps.line(line, false));
        err.end(|line| steps.line(line, true));
        match end {
            Ok(ProcessEnd::Exited(status)) if status.success() => Ok(BuildResult::Done),
            Ok(ProcessEnd::Exited(status)) if status.code().is_none() => {
                Err(EngineError { command: shown, status: Some(status), said: steps.failure().message })
            }
            Ok(ProcessEnd::Exited(_)) => Ok(BuildResult::Failed(steps.failure())),
            Ok(ProcessEnd::Interrupted | ProcessEnd::TimedOut) => Ok(BuildResult::Interrupted),
            Err(error) => Err(unstarted(shown, &error)),
        }
    }
}

/// `--force-rm` keeps the classic builder from leaving the container of a step that failed.
fn arguments(builder: BuildBackend, recipe: &BuildSpec) -> Vec<OsString> {
    let flags: &[&str] = match builder {
        BuildBackend::BuildKit { load: true } => &["build", "--progress=plain", "--load"],
        BuildBackend::BuildKit { load: false } => &["build", "--progress=plain"],
        BuildBackend::Classic => &["build", "--force-rm"],
    };
    let mut arguments: Vec<OsString> = flags.iter().map(Into::into).collect();
    arguments.extend(["-f".into(), plainly_a_path(&recipe.dockerfile), "-t".into(), recipe.image.clone().into()]);
    arguments.push(plainly_a_path(&recipe.context));
    arguments
}

/// A relative path with `./` before it: the engine takes `-` for stdin and `github.com/…` for a remote repository.
fn plainly_a_path(path: &Path) -> OsString {
    if path.is_absolute() { path.into() } else { Path::new(".").join(path).into() }
}

/// How much of a line without an end is kept, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// Pieces of a stream put together to lines. A line is kept to a limit; what is beyond it is dropped.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8], mut line: impl FnMut(&[u8])) {
        let mut pieces = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LONGEST_LINE.saturating_sub(self.begun.len());
            self.begun.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if pieces.peek().is_some() {
                line(&self.begun);
                self.begun.clear();
            }
        }
    }

    fn end(self, mut line: impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            line(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BuildBackend, BuildSpec, Lines, arguments};
    use proptest::prelude::*;

    fn words(builder: BuildBackend, context: &str) -> String {
        let recipe =
            BuildSpec { image: "m:a".to_owned(), dockerfile: "d/Dockerfile.a".into(), context: context.into() };
        arguments(builder, &recipe).iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_build_has_the_dockerfile_the_tag_and_the_context_of_the_compose_file() {
        let expected = "build --progress=plain --load -f ./d/Dockerfile.a -t m:a ./samples";
        assert_eq!(words(BuildBackend::BuildKit { load: true }, "samples"), expected);
        assert_eq!(words(BuildBackend::Classic, "/s"), "build --force-rm -f ./d/Dockerfile.a -t m:a /s");
    }

    #[test]
    fn a_context_is_never_taken_for_an_option_stdin_or_a_repository() {
        for context in ["-", "--help", "github.com/a/b", "https://a"] {
            assert!(words(BuildBackend::Classic, context).ends_with(&format!(" ./{context}")), "{context}");
        }
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_the_stream_was_cut(text in "[a\n]{0,40}", cuts: Vec<prop::sample::Index>) {
            let mut found = Vec::new();
            let mut lines = Lines::default();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for to in cuts.into_iter().chain([text.len()]) {
                lines.push(&text.as_bytes()[from..to], |line| found.push(line.to_vec()));
                from = to;
            }
            lines.end(|line| found.push(line.to_vec()));
            let expected: Vec<_> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
