//! End to end with the real binary: one module per promise. See `tests/README.md` for how to add a case.

#![allow(unreachable_pub, reason = "a test crate has no outside")]

mod case;
mod check;
mod documents;
mod flags;
mod names;
mod readers;
mod repository;
mod sizes;
mod writing;
