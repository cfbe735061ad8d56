//! End to end with the real binary: one module per promise. See `tests/README.md` for how to add a case.

#![allow(unreachable_pub, reason = "a test crate has no outside")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test stops by panicking"
)]

mod book;
mod case;
mod check;
mod ci_matrix;
mod context_auto;
mod contexts;
mod docker_plugin;
mod documentation;
mod documents;
mod editors;
mod exact;
mod flags;
mod forges;
mod header;
mod hostile;
mod links;
mod lint;
mod lint_formats;
mod list;
#[allow(dead_code, reason = "shared with crates/image-analyzer/tests/archives, which uses all of it")]
#[path = "../../crates/image-analyzer/tests/archives/make.rs"]
mod make;
mod man;
mod matrix;
mod mend;
mod names;
mod origins;
mod outputs;
mod pages;
mod pre_commit;
mod readers;
mod readme;
mod repository;
#[path = "../../crates/image-analyzer/src/elf/test_builder.rs"]
mod sample;
mod schema;
mod settings;
mod settings_problems;
mod shell_lines;
mod shells;
mod shown;
mod since;
mod sizes;
mod start_folder;
mod temporary;
mod why;
mod writing;
