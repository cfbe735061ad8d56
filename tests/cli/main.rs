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

mod case;
mod check;
mod documentation;
mod documents;
mod flags;
mod links;
mod lint;
mod list;
#[allow(dead_code, reason = "shared with tests/image, which uses all of it")]
#[path = "../image/make.rs"]
mod make;
mod man;
mod matrix;
mod mend;
mod names;
mod outputs;
mod readers;
mod readme;
mod repository;
#[path = "../../src/image/elf/sample.rs"]
mod sample;
mod schema;
mod sizes;
mod temporary;
mod why;
mod writing;
