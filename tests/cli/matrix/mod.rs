//! `mkcompose build` and `mkcompose test` against an engine that is a script: what they ask of it, and what they make of
//! its answers.

mod building;
mod expecting;
pub mod fake;
mod losing;
mod merging;
mod reporting;
mod running;
mod stopping;
