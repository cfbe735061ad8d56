//! `mkcompose build` and `mkcompose test` against an engine that is a script: what they ask of it, and what they make of
//! its answers.

mod baking;
mod building;
mod expecting;
pub mod fake;
mod losing;
mod merging;
mod pushing;
mod reporting;
mod retrying;
mod running;
mod stopping;
