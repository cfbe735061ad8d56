//! What can go wrong while answering. Every variant names what it happened to and ends with what to do.
//!
//! An answer of "no" is no error: see [`crate::exit_code::ExitCode`].

use std::io;
use std::path::PathBuf;

use crate::problem::{IoError, Problem};
use crate::report::file::UnfitReportFile;
use crate::repository::select::WrongGlobs;
use crate::repository::service_name::ServiceName;
use crate::runner::logs::NoLogFolder;
use crate::since::SinceError;
use crate::yaml::YamlError;
use image_analyzer::printable::printable;

/// Why a question could not be answered. Always exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Problems with the input, all of them: see [`crate::repository::scan::scan`].
    #[error("{}", lines(.0))]
    Problems(Vec<Problem>),
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Globs of the command line that match nothing, or are not valid.
    #[error(transparent)]
    Globs(#[from] WrongGlobs),
    /// A report's file that cannot be written.
    #[error(transparent)]
    ReportFile(#[from] UnfitReportFile),
    /// A Compose file that cannot be written as YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// No place for logs.
    #[error(transparent)]
    NoLogFolder(#[from] NoLogFolder),
    /// The container engine did not do what was asked.
    #[error("{0}")]
    Engine(#[from] crate::engine::EngineError),
    /// The exact sizes of images are not known.
    #[error(transparent)]
    ExactSizes(#[from] crate::engine::exact_sizes::ExactSizesError),
    /// It cannot be said what has changed.
    #[error(transparent)]
    Since(#[from] SinceError),
    /// None of the images that were asked for is there.
    #[error("`{repository}` has no image of these services: build them with `mkcompose build{flags}`")]
    NoImages {
        /// The words of the command line that lead to them, for the hint.
        flags: String,
        /// The image repository that was looked into.
        repository: String,
    },
    /// A service whose image is not in the engine.
    #[error("`{service}` has no image yet: build it with `mkcompose build{flags} {service}`")]
    NotBuilt {
        /// See [`Error::NoImages`].
        flags: String,
        /// The service.
        service: String,
    },
    /// A service that has no image because it is known not to build.
    #[error(
        "`{service}` has no image, because its Dockerfile is known not to build (`.err`): run `mkcompose build{flags} {service}` to see where it fails"
    )]
    NeverBuilt {
        /// See [`Error::NoImages`].
        flags: String,
        /// The service.
        service: String,
    },
    /// A name that is neither a service nor an image.
    #[error(
        "`{}` is not a service of this repository, and {}: {}",
        printable(.name),
        if *.is_name { "the engine has no image with that name" } else { "it is not a valid image name" },
        .nearest.as_ref().map_or_else(
            || format!("run `mkcompose list{flags}` to see the services, or `docker images` to see the images"),
            |nearest| format!("did you mean `{nearest}`?"),
        )
    )]
    NoSuchImage {
        /// See [`Error::NoImages`].
        flags: String,
        /// What was asked for.
        name: String,
        /// Can an image be called so?
        is_name: bool,
        /// The service that is likely to be meant.
        nearest: Option<ServiceName>,
    },
    /// An image that cannot be looked into.
    #[error("`{}`: {source}{hint}", printable(.name))]
    Image {
        /// What it was asked for as.
        name: String,
        /// What to do about it, as a part of a sentence.
        hint: &'static str,
        /// What is wrong with its archive.
        source: Box<image_analyzer::ReadError>,
    },
    /// An image that is not for Linux.
    #[error("`{}` is an image for {}: mkcompose can read only images for Linux", printable(.name), printable(.os))]
    NotLinux {
        /// What it was asked for as.
        name: String,
        /// What it says it is for.
        os: String,
    },
    /// More than one thing is wrong.
    #[error("{}", lines(.0))]
    Several(Vec<Error>),
    /// Flags that do not fit together.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io(IoError::new(doing, path)(source))
    }

    /// `first` and what else went wrong, as one.
    pub fn combine(first: Self, others: impl IntoIterator<Item = Self>) -> Self {
        others.into_iter().fold(first, |before, error| match before {
            Self::Several(mut errors) => {
                errors.push(error);
                Self::Several(errors)
            }
            one => Self::Several(vec![one, error]),
        })
    }
}

impl From<Vec<Problem>> for Error {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}

fn lines(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
