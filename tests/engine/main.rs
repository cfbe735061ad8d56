//! Every image of `dockerfiles/`, built and run on a real engine through the Compose files that `mkcompose` wrote.
//!
//! What must happen is in `tests/outcomes.yml`. All that needs an engine is ignored by default; to run it:
//!
//! ```text
//! eval "$(.ci/engine)" && eval "$(tests/bases/build)" && cargo test --test engine -- --ignored
//! ```
//!
//! The tests share one engine, so each takes [`engine::turn`] first: they run one after the other, in any order.
//! Each image is built once, by whoever needs it first; what else builds it meets the engine's cache.
//! Commands keep their output in `target/tmp/engine/`, and what fails names the file.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod all_files;
mod arguments;
mod bake;
mod build;
mod command;
mod compose;
mod context;
mod docker_plugin;
mod engine;
mod err_set;
mod every_engine;
mod exact;
mod expectations;
mod faults;
mod fixes;
mod https;
mod images;
mod linked;
mod local_bases;
mod made;
mod made_repository;
mod matrix;
mod mended;
mod modern;
mod normal_set;
mod observed;
mod outcomes;
mod own_commands;
mod pasted;
mod podman;
mod readme;
mod registry;
mod results;
mod scripts;
mod size;
mod sizes;
mod stand_ins;
mod tree;
mod why;
