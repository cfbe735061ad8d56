//! One image to build, with everything about it settled: what the Compose file says and what the engine is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::service_name::ServiceName;
use crate::context::ContextStatus;
use crate::dockerfile::{ParseProblem, ParsedDockerfile};
use crate::expectation::Expectation;

/// One image to build. Made from a Dockerfile, the settings and the flags; nothing in it is left to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in the Compose file, `.err` included.
    pub name: ServiceName,
    /// The Dockerfile, as it is shown to people.
    pub dockerfile: PathBuf,
    /// The image's reference, with its tag.
    pub image: String,
    /// The build context, as it is shown to people.
    pub context: PathBuf,
    /// Build arguments, only those that the Dockerfile declares; `None` takes the value from the environment.
    pub args: BTreeMap<String, Option<String>>,
    /// The build stage to build, if not the last.
    pub target: Option<String>,
    /// Platforms to build for, as `linux/amd64`; empty for the engine's own.
    pub platforms: Vec<String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Further references of the image.
    pub tags: Vec<String>,
    /// Caches to read, in the words of `docker buildx build --cache-from`.
    pub cache_from: Vec<String>,
    /// Caches to write, in the words of `docker buildx build --cache-to`.
    pub cache_to: Vec<String>,
    /// Images of this repository that this one is built on.
    pub local_bases: Vec<LocalBase>,
    /// What must happen when the image is run.
    pub expectation: Expectation,
    /// Whether the build context was searched for, as `auto` and the default say, and not named.
    pub context_is_found: bool,
    /// How sure it is that the build context is the right one.
    pub context_status: ContextStatus,
    /// Where the Dockerfile is, absolute and without links on the way to it.
    pub real_dockerfile: PathBuf,
    /// The file that is built, where the Dockerfile is a link out of its folder.
    pub link_target: Option<LinkTarget>,
    /// Where the build context is, absolute and without links.
    pub real_context: PathBuf,
    /// What the Dockerfile says, with its variables filled in, or why it could not be read.
    pub parsed: Result<ParsedDockerfile, ParseProblem>,
    /// The lint rules that the settings switch on or off.
    pub lint: BTreeMap<String, bool>,
    /// Where each value came from, by its key: `context`, `args.VERSION`. A key that is absent has its default.
    pub origins: BTreeMap<String, Origin>,
}

impl Service {
    /// The file that a builder is told of, as it is shown: the Dockerfile or, where it is a link out of its folder, what that
    /// leads to.
    pub fn built_file(&self) -> &Path {
        self.link_target.as_ref().map_or(&self.dockerfile, |target| &target.shown)
    }

    /// The same, absolute and without links on the way to it.
    pub fn real_built_file(&self) -> &Path {
        self.link_target.as_ref().map_or(&self.real_dockerfile, |target| &target.real)
    }

    /// A service of this name about which nothing else is known.
    #[cfg(test)]
    pub fn named(name: ServiceName) -> Self {
        Self {
            image: String::new(),
            dockerfile: PathBuf::new(),
            context: PathBuf::new(),
            args: BTreeMap::new(),
            target: None,
            platforms: Vec::new(),
            labels: BTreeMap::new(),
            tags: Vec::new(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            local_bases: Vec::new(),
            expectation: Expectation::default(),
            context_is_found: true,
            context_status: ContextStatus::Clear,
            real_dockerfile: PathBuf::new(),
            link_target: None,
            real_context: PathBuf::new(),
            parsed: Ok(ParsedDockerfile::default()),
            lint: BTreeMap::new(),
            origins: BTreeMap::new(),
            name,
        }
    }
}

/// The file that a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget {
    /// Its path, as it is shown.
    pub shown: PathBuf,
    /// Its path, absolute and without links.
    pub real: PathBuf,
}

/// Where a value of a service came from, the strongest last. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This line of the settings file, at its top level.
    Settings(usize),
    /// A glob below `services` in the settings file, and the line of the value.
    Glob(String, usize),
    /// The comment on this line of the Dockerfile.
    Comment(usize),
    /// This flag.
    Flag(&'static str),
}

/// An image of this repository that a Dockerfile starts FROM, copies from or mounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalBase {
    /// The reference as the build looks it up, with variables filled in and without the default tag `:latest`.
    pub reference: String,
    /// The service that builds it.
    pub service: ServiceName,
    /// Whether its ONBUILD takes something from the build context of what is built on it.
    pub has_onbuild_sources: bool,
}
