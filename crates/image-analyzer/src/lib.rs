#![doc = include_str!("../README.md")]
//!
//! # How it works
//! [`read_archive`] reads the archive once, from front to back, and writes nothing to disk. It keeps the names, kinds,
//! permissions and links of all files, and of their contents only what decides whether they can be executed or linked.
//! [`diagnose`] then follows the image's command by the rules of the engine, the kernel and the dynamic loader, and
//! records each file on the way ([`TraceStep`]) and each reason why it would fail ([`Finding`]).
//!
//! The crate knows nothing of Compose, Dockerfiles or engines, and runs nothing.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod archive;
mod config;
mod decompress;
mod diagnose;
mod dynamic_loader;
mod elf;
mod error;
mod extract;
pub mod file;
mod finding;
pub mod fix;
mod layer;
mod path;
pub mod printable;
mod rules;
mod tar;
pub mod trace;
mod tree;

pub use archive::select_image::ReadOptions;
pub use archive::{read_archive, read_config, read_layout};
pub use config::{Config, Platform};
pub use decompress::DecompressionLimit;
pub use diagnose::{Diagnosis, diagnose};
#[cfg(feature = "test-builder")]
pub use elf::test_builder;
pub use error::ReadError;
pub use finding::{Certainty, Evidence, Finding, FindingKind};
pub use fix::Fix;
pub use trace::TraceStep;
pub use tree::builder::FileTreeBuilder;
pub use tree::{FileTree, LookupError};

/// An image: what it runs and the files it runs it on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Image {
    /// The names that the archive gives it, as `repository:tag`; empty for an image without a name.
    pub names: Vec<String>,
    /// What the engine executes, as which user, in which folder and for which machine.
    pub config: Config,
    /// The files of all layers.
    pub files: FileTree,
}

impl Image {
    /// An image without a name, made of its parts.
    ///
    /// ```
    /// use image_analyzer::{Config, FileTreeBuilder, Image, diagnose};
    ///
    /// let config = Config { cmd: vec!["./hello".to_owned()], ..Config::default() };
    /// let files = FileTreeBuilder::new().file("/hello", 0o755, "#!/bin/bash\necho hello\n").build()?;
    /// let diagnosis = diagnose(&Image::new(config, files));
    ///
    /// assert!(!diagnosis.can_start());
    /// assert_eq!(diagnosis.findings[0].kind.id(), "interpreter-missing");
    /// assert_eq!(diagnosis.findings[0].message, "the interpreter /bin/bash of /hello is not in the image");
    /// # Ok::<(), image_analyzer::ReadError>(())
    /// ```
    pub fn new(config: Config, files: FileTree) -> Self {
        Self { names: Vec::new(), config, files }
    }
}
