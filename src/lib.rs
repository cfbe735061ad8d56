//! `mkcompose`: from a repository of Dockerfiles to a Compose file that is always right, and from the images to answers:
//! does each build, does it work, if not why, and how big is it.
//!
//! ```text
//! folder → services → Compose model → files, or a diff
//!             └→ engine → outcomes, sizes, findings → report
//! ```
//!
//! Data flows in one direction. The outside world is read and written at the edges: [`repository`], [`settings`],
//! [`context`], [`output`], [`terminal`] and [`engine`]. Everything between is a function from values to values.
//! ARCHITECTURE.md has the map.

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
pub mod parallel;
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
