//! What a Dockerfile says, as far as names and the build context can be held against it: values alone.

use std::collections::BTreeMap;

use super::parser::ParseProblem;

/// The image of a FROM line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseImage {
    /// Its reference, variables filled in.
    Known(String),
    /// None: what is written, variables filled in, is no reference, or nothing at all.
    Missing,
    /// It depends on what the Dockerfile does not say: the platform.
    Unknown,
}

impl BaseImage {
    /// The reference, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(reference) => Some(reference),
            Self::Missing | Self::Unknown => None,
        }
    }
}

/// A file or pattern that COPY or ADD takes from the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// The line its instruction starts on, counted from 1.
    pub line: usize,
    /// `COPY` or `ADD`.
    pub instruction: &'static str,
    /// The path or pattern, variables filled in.
    pub path: String,
    /// Whether the build is meant to go on without it: a pattern beside a plain path, as in `COPY go.mod go.su[m] .`, or one
    /// that can only fit a single name.
    pub is_optional: bool,
}

impl CopySource {
    /// Whether it is a pattern. A bind mount has none: BuildKit looks for a file of that very name.
    pub fn is_pattern(&self) -> bool {
        self.instruction != "RUN" && is_pattern(&self.path)
    }
}

/// Whether COPY and ADD take the source for a pattern.
pub(super) fn is_pattern(source: &str) -> bool {
    source.contains(['*', '?', '['])
}

/// The build arguments of a service: `None` for one whose value comes from the environment of the build.
pub type BuildArgs = BTreeMap<String, Option<String>>;

/// What makes a Dockerfile depend on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseKind {
    /// `FROM IMAGE`.
    From,
    /// `COPY --from=IMAGE`.
    Copy,
    /// `RUN --mount=from=IMAGE`.
    Mount,
}

/// An image that a Dockerfile depends on. An earlier stage is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUse {
    /// The line its instruction starts on, counted from 1.
    pub line: usize,
    /// The kind of instruction.
    pub kind: UseKind,
    /// The reference as it is written.
    pub written: String,
    /// The reference with its variables filled in.
    pub image: BaseImage,
    /// The place of its build stage.
    pub stage: usize,
    /// The variables without a value because of which it is none, in the order in which they are written.
    pub missing: Vec<String>,
}

/// An ARG instruction's variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredArg {
    /// The line its instruction starts on, counted from 1.
    pub line: usize,
    /// The variable.
    pub name: String,
    /// Whether the instruction gives it a default that is not empty.
    pub has_default: bool,
}

/// A build stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildStage {
    /// The line of its FROM, counted from 1.
    pub line: usize,
    /// Its name in lower case, which is how `BuildKit` compares it.
    pub name: Option<String>,
    /// The stages that it is built on or copies from, by their places.
    pub needs: Vec<usize>,
}

/// What was read of a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedDockerfile {
    /// The variables of its ARG instructions, in order; one may be declared several times.
    pub args: Vec<DeclaredArg>,
    /// Its build stages, in order.
    pub stages: Vec<BuildStage>,
    /// Every image that it depends on, in order.
    pub uses: Vec<ImageUse>,
    /// What COPY, ADD and bind mounts take from the build context, in order. A source whose variables cannot be filled in
    /// is not here.
    pub sources: Vec<CopySource>,
    /// Where `COPY .` puts the whole build context: absolute, without the `/` at its end. A `$` is left of a variable that has no
    /// known value, here and in the next two.
    pub whole_context_at: Vec<String>,
    /// What COPY takes from other stages and images, the same way.
    pub other_sources: Vec<String>,
    /// The paths of its WORKDIR instructions, the same way.
    pub workdirs: Vec<String>,
    /// The paths below a place where the whole build context was copied or mounted that RUN, ENTRYPOINT and CMD name: from that
    /// place down.
    pub run_paths: Vec<String>,
    /// Whether something is taken from the build context that cannot be known: a variable without a value.
    pub has_unknown_sources: bool,
    /// Whether an ONBUILD takes something from the build context of what is built on it.
    pub has_onbuild_sources: bool,
    /// Whether the last stage has a HEALTHCHECK other than NONE.
    pub has_health_check: bool,
    /// The TCP ports that the last stage exposes.
    pub exposed: Vec<u16>,
    /// Why `BuildKit` refuses to build a stage, with the place of that stage. It evaluates only the stages that it builds.
    pub faults: Vec<(usize, ParseProblem)>,
}

impl ParsedDockerfile {
    /// The FROM lines that start from an image, not from an earlier stage, nor from one that the platform chooses.
    pub fn froms(&self) -> impl Iterator<Item = &ImageUse> {
        self.uses.iter().filter(|used| used.kind == UseKind::From)
    }

    /// Which stages are built, by their places: the target, a stage's name or place, or else the last one, and what it needs.
    pub fn stages_built(&self, target: Option<&str>) -> Vec<bool> {
        let is_target = |place: usize, stage: &BuildStage, target: &str| {
            stage.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(target)) || target == place.to_string()
        };
        let place = target.and_then(|target| {
            (0..).zip(&self.stages).filter(|(place, stage)| is_target(*place, stage, target)).last()
        });
        let first = place.map_or(self.stages.len().saturating_sub(1), |(place, _)| place);
        let mut built = vec![false; self.stages.len()];
        let mut pending = vec![first];
        while let Some(place) = pending.pop() {
            if let (Some(built @ false), Some(stage)) = (built.get_mut(place), self.stages.get(place)) {
                *built = true;
                pending.extend(&stage.needs);
            }
        }
        built
    }

    /// Why `BuildKit` refuses to build `target`, or else the last stage, although it can read the Dockerfile.
    pub fn refusal(&self, target: Option<&str>) -> Option<&ParseProblem> {
        if self.faults.is_empty() {
            return None;
        }
        let built = self.stages_built(target);
        let fault = self.faults.iter().find(|(stage, _)| built.get(*stage) == Some(&true));
        fault.map(|(_, problem)| problem)
    }

    /// The first build stage of this name, which is in lower case.
    pub fn stage_named(&self, name: &str) -> Option<&BuildStage> {
        self.stages.iter().find(|stage| stage.name.as_deref() == Some(name))
    }

    /// Whether an ARG instruction declares `name`.
    pub fn declares(&self, name: &str) -> bool {
        self.args.iter().any(|arg| arg.name == name)
    }
}
