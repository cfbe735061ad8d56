//! What is known, written for people or programs. It only writes text: nothing is asked or decided here.

pub mod sizes;
pub mod why;
