//! One image to build, with everything about it settled: what the Compose file says and what the engine is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::service_name::ServiceName;

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
}

/// An image of this repository that a Dockerfile starts FROM, copies from or mounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalBase {
    /// The reference as the build looks it up, with variables filled in and without the default tag `:latest`.
    pub reference: String,
    /// The service that builds it.
    pub service: ServiceName,
}

/// What must happen when an image is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// How it must end or stay.
    pub outcome: ExpectedOutcome,
    /// A regular expression that its standard output must match.
    pub stdout: Option<String>,
    /// A port and a path that must answer an HTTP request with a status below 400.
    pub http: Option<HttpProbe>,
}

/// How a container must end or stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpectedOutcome {
    /// It exits 0, becomes healthy, or stays up and accepts a connection on an exposed port.
    #[default]
    Works,
    /// It exits with this code.
    Exit(u8),
    /// Its command cannot be started.
    CannotStart,
    /// It still runs when the timeout ends.
    Runs,
}

/// An HTTP request to a running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpProbe {
    /// The container's port.
    pub port: u16,
    /// The path with its leading `/`.
    pub path: String,
}
