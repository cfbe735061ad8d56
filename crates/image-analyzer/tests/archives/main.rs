//! Archive in, image out: every form of archive, and every way in which one may lie.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice)]

mod damaged;
mod forms;
mod hostile;
mod kernel;
mod make;
mod model;
mod readers;
mod sizes;
mod tars;
