//! `mkcompose`: from a folder of Dockerfiles to two deterministic Compose files, and from the images they build to
//! answers: how big is each, does it work, and if not, why.
//!
//! # The way of the data
//!
//! ```text
//! folder ──scan──▶ Dockerfiles ──compose──▶ two documents ──target──▶ files, or a diff
//!                      │
//!                      ├──stages──▶ names held against FROM lines  (list, lint)
//!                      └──engine──▶ images, containers ──▶ outcomes, sizes ──▶ report
//!                                         └──image──▶ findings (why)
//! ```
//!
//! One direction. Reading the world (folder, clock, environment, engine) happens at the edges: [`scan`], [`target`],
//! [`project`] and [`terminal`]. What lies between is a pure function from values to values.
//!
//! # What this crate does not do
//!
//! It is the library half of one program, not a general Compose or Dockerfile library: it writes the few Compose keys
//! that it needs and reads of a Dockerfile what a name can speak of.

pub mod cli;
pub mod command;
pub mod compose;
pub mod context;
pub mod dockerfile;
pub mod engine;
pub mod error;
pub mod exit_code;
pub mod expectation;
pub mod interrupt;
pub mod lint;
pub mod markup;
pub mod output;
pub mod problem;
pub mod report;
pub mod repository;
pub mod runner;
pub mod settings;
pub mod size_format;
pub mod sizes;
pub mod table;
pub mod terminal;
pub mod yaml;
