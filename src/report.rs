//! What is known, written for people or programs. It only writes text: nothing is asked or decided here.

pub mod builds;
pub mod file;
pub mod image;
pub mod outcomes;
pub mod sizes;
