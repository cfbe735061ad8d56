//! Builds one image as a Compose file would have it built, and tells how that went.
//!
//! BuildKit where the engine's command line has it, else the classic builder, which every Docker and podman have. Which
//! images, and what a failure means, is decided elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::build_output::{BuildFailure, BuildLog};
use super::lines::Lines;
use super::process::{self, Deadline, ProcessEnd, Stream};
use super::{Engine, EngineError, shown, unstarted};
use crate::interrupt::Interrupt;

/// How much of a line is kept, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// Which builder the engine's command line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildBackend {
    /// BuildKit; `load` if it needs a flag so that the image is to end up in the engine.
    BuildKit {
        /// Whether there is a flag `--load`: a builder in a container keeps its results otherwise.
        load: bool,
        /// Whether there is a flag `--build-context`, as buildx has.
        contexts: bool,
    },
    /// The classic builder, or podman's.
    Classic,
}

/// What to build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildSpec {
    /// The image reference to give it.
    pub image: String,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// The folder that it may copy from.
    pub context: PathBuf,
    /// Build arguments; `None` takes the value from the environment.
    pub args: BTreeMap<String, Option<String>>,
    /// The stage to build, if not the last.
    pub target: Option<String>,
    /// The platform to build for, if not the engine's own.
    pub platform: Option<String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Further references of the image.
    pub tags: Vec<String>,
    /// Caches to read, in the words of buildx.
    pub cache_from: Vec<String>,
    /// Caches to write, in the words of buildx.
    pub cache_to: Vec<String>,
    /// Images that stand for the references by which the Dockerfile calls them.
    pub base_images: Vec<BaseImage>,
}

/// An image that the engine has, and the reference by which a Dockerfile calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseImage {
    /// What the Dockerfile says.
    pub reference: String,
    /// The image's own reference.
    pub image: String,
    /// Whether the Dockerfile has a stage of that name, too: a build context of this name would stand for the stage.
    pub is_stage: bool,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildResult {
    /// There is an image.
    Done,
    /// The builder says no.
    Failed(BuildFailure),
    /// It was ended because the user asked twice to stop.
    Interrupted,
}

impl Engine {
    /// Finds out which builder there is: one question, to be asked once.
    ///
    /// Docker 20.10 has BuildKit built in; later ones have it if buildx is installed, and then say so in the help of
    /// `build`; podman has none. `DOCKER_BUILDKIT=0` asks for the classic one, as it does of Docker itself.
    pub fn builder(&self) -> BuildBackend {
        if is_classic_asked_for() {
            return BuildBackend::Classic;
        }
        let mut command = self.command(["build", "--help"]);
        command.env("DOCKER_BUILDKIT", "1");
        let help = self.capture_command(command, Duration::ZERO).unwrap_or_default();
        let help = String::from_utf8_lossy(&help);
        let has = |flag: &str| help.split_ascii_whitespace().any(|word| word == flag);
        if has("--progress") {
            BuildBackend::BuildKit { load: has("--load"), contexts: has("--build-context") }
        } else {
            BuildBackend::Classic
        }
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
        self.name_bases(builder, recipe)?;
        let mut command = self.command(arguments(builder, recipe));
        command.env("DOCKER_BUILDKIT", if builder == BuildBackend::Classic { "0" } else { "1" });
        without_attestations(&mut command);
        let shown = shown(&command);
        let mut steps = BuildLog::default();
        let mut lines = [Lines::new(LONGEST_LINE), Lines::new(LONGEST_LINE)];
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
            Ok(ProcessEnd::Interrupted | ProcessEnd::TimedOut | ProcessEnd::Stopped) => Ok(BuildResult::Interrupted),
            Err(error) => Err(unstarted(shown, &error)),
        }
    }
}

impl Engine {
    /// Gives base images the references by which the Dockerfile calls them, where the builder cannot be told.
    fn name_bases(&self, builder: BuildBackend, spec: &BuildSpec) -> Result<(), EngineError> {
        let is_told = |base: &BaseImage| has_contexts(builder) && !base.is_stage;
        for base in spec.base_images.iter().filter(|base| base.is_needed() && !is_told(base)) {
            self.capture(["tag", &base.image, &base.reference])?;
        }
        Ok(())
    }
}

/// Whether the user asks for the classic builder, as they would ask Docker, which reads a boolean of Go.
pub(super) fn is_classic_asked_for() -> bool {
    let value = std::env::var_os("DOCKER_BUILDKIT");
    value.is_some_and(|value| ["0", "f", "F", "false", "False", "FALSE"].iter().any(|no| value == *no))
}

/// Has buildx attach nothing to images unless the user asked for it: an attestation has times in it, so that an image built
/// again from the cache would get another ID (moby#48391).
pub(super) fn without_attestations(command: &mut Command) {
    if std::env::var_os("BUILDX_NO_DEFAULT_ATTESTATIONS").is_none() {
        command.env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");
    }
}

impl BaseImage {
    /// Whether the builder would not find the image by the reference itself.
    pub(super) fn is_needed(&self) -> bool {
        self.image != self.reference && self.image.strip_suffix(":latest") != Some(&self.reference)
    }
}

fn has_contexts(builder: BuildBackend) -> bool {
    matches!(builder, BuildBackend::BuildKit { contexts: true, .. })
}

/// `--force-rm` keeps the classic builder from leaving the container of a step that failed.
fn arguments(builder: BuildBackend, recipe: &BuildSpec) -> Vec<OsString> {
    let flags: &[&str] = match builder {
        BuildBackend::BuildKit { load: true, .. } => &["build", "--progress=plain", "--load"],
        BuildBackend::BuildKit { load: false, .. } => &["build", "--progress=plain"],
        BuildBackend::Classic => &["build", "--force-rm"],
    };
    let mut arguments: Vec<OsString> = flags.iter().map(Into::into).collect();
    arguments.extend(["-f".into(), plainly_a_path(&recipe.dockerfile), "-t".into(), recipe.image.clone().into()]);
    arguments.extend(settings(builder, recipe).into_iter().map(Into::into));
    arguments.push(plainly_a_path(&recipe.context));
    arguments
}

/// What the settings say of a build. Caches are in the words of buildx, so only that is given them.
fn settings(builder: BuildBackend, spec: &BuildSpec) -> Vec<String> {
    let mut flags = Vec::new();
    let mut push = |flag: &str, value: &str| flags.push(format!("--{flag}={value}"));
    spec.tags.iter().for_each(|tag| push("tag", tag));
    for (name, value) in &spec.args {
        let value = value.as_ref().map(|value| format!("={value}")).unwrap_or_default();
        push("build-arg", &format!("{name}{value}"));
    }
    spec.target.iter().for_each(|target| push("target", target));
    spec.platform.iter().for_each(|platform| push("platform", platform));
    spec.labels.iter().for_each(|(name, value)| push("label", &format!("{name}={value}")));
    if has_contexts(builder) {
        spec.cache_from.iter().for_each(|cache| push("cache-from", cache));
        spec.cache_to.iter().for_each(|cache| push("cache-to", cache));
        for base in spec.base_images.iter().filter(|base| base.is_needed() && !base.is_stage) {
            push("build-context", &format!("{}=docker-image://{}", base.reference, base.image));
        }
    }
    flags
}

/// A relative path with `./` before it: the engine takes `-` for stdin and `github.com/…` for a remote repository.
fn plainly_a_path(path: &Path) -> OsString {
    if path.is_absolute() { path.into() } else { Path::new(".").join(path).into() }
}

#[cfg(test)]
mod tests {
    use super::{BaseImage, BuildBackend, BuildSpec, arguments};

    const BUILDX: BuildBackend = BuildBackend::BuildKit { load: true, contexts: true };

    fn words(builder: BuildBackend, context: &str) -> String {
        let spec = BuildSpec { context: context.into(), ..BuildSpec::default() };
        flags(builder, spec)
    }

    fn flags(builder: BuildBackend, spec: BuildSpec) -> String {
        let recipe = BuildSpec { image: "m:a".to_owned(), dockerfile: "d/Dockerfile.a".into(), ..spec };
        arguments(builder, &recipe).iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_build_has_the_dockerfile_the_tag_and_the_context_of_the_compose_file() {
        let expected = "build --progress=plain --load -f ./d/Dockerfile.a -t m:a ./samples";
        assert_eq!(words(BUILDX, "samples"), expected);
        assert_eq!(words(BuildBackend::Classic, "/s"), "build --force-rm -f ./d/Dockerfile.a -t m:a /s");
    }

    #[test]
    fn what_the_settings_say_is_given_to_the_builder_as_far_as_it_knows_it() {
        let base = |reference: &str| BaseImage {
            reference: reference.to_owned(),
            image: "m:base".to_owned(),
            is_stage: false,
        };
        let spec = BuildSpec {
            context: "samples".into(),
            args: [("A".to_owned(), Some("1 2".to_owned())), ("B".to_owned(), None)].into(),
            target: Some("run".to_owned()),
            platform: Some("linux/arm64".to_owned()),
            labels: [("l".to_owned(), "v".to_owned())].into(),
            tags: vec!["n:b".to_owned()],
            cache_from: vec!["type=registry,ref=c".to_owned()],
            cache_to: vec!["type=inline".to_owned()],
            base_images: vec![base("example.org/base"), base("m:base")],
            ..BuildSpec::default()
        };
        let common = "--tag=n:b --build-arg=A=1 2 --build-arg=B --target=run --platform=linux/arm64 --label=l=v";
        let more = "--cache-from=type=registry,ref=c --cache-to=type=inline \
                    --build-context=example.org/base=docker-image://m:base";
        let start = "-f ./d/Dockerfile.a -t m:a";
        let expected = format!("build --progress=plain --load {start} {common} {more} ./samples");
        assert_eq!(flags(BUILDX, spec.clone()), expected);
        let expected = format!("build --force-rm {start} {common} ./samples");
        assert_eq!(flags(BuildBackend::Classic, spec), expected);
    }

    #[test]
    fn a_context_is_never_taken_for_an_option_stdin_or_a_repository() {
        for context in ["-", "--help", "github.com/a/b", "https://a"] {
            assert!(words(BuildBackend::Classic, context).ends_with(&format!(" ./{context}")), "{context}");
        }
    }
}
