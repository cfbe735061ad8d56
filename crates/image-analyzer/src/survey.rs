//! Every program, library and script of an image, not only what it starts.

pub use crate::diagnose::all::{Survey, survey};
