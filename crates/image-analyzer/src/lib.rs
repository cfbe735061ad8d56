#![doc = include_str!("../README.md")]
//!
//! # How it works
//! [`read_archive`] reads the archive once, from front to back, and writes nothing to disk. It keeps the names, kinds,
//! permissions and links of all files, and of their contents only what decides whether they can be executed or linked.
//! [`diagnose`] then follows the image's command by the rules of the engine, the kernel and the dynamic loader, and
//! records each file on the way ([`TraceStep`]) and each reason why it would fail ([`Finding`]).
//!
//! [`read_layer_sizes`] reads an archive of any number of images in the same way, and tells how big their layers are.
//!
//! The crate knows nothing of Compose, Dockerfiles or engines, and runs nothing.

#![forbid(unsafe_code)]
#![warn(missing_docs, unnameable_types, unreachable_pub)]

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
mod image;
mod layer;
pub mod layer_sizes;
mod partial_file;
mod path;
pub mod printable;
mod rules;
pub mod survey;
mod tar;
pub mod trace;
mod tree;

pub use archive::read_options::ReadOptions;
pub use archive::{read_archive, read_config, read_layer_sizes, read_layout};
pub use config::{Config, Platform};
pub use decompress::DecompressionLimit;
pub use diagnose::{Diagnosis, diagnose};
#[cfg(feature = "test-builder")]
pub use elf::test_builder;
pub use error::ReadError;
pub use finding::{Certainty, Evidence, Finding, FindingKind};
pub use fix::Fix;
pub use image::Image;
pub use trace::TraceStep;
pub use tree::FileTree;
pub use tree::builder::FileTreeBuilder;
