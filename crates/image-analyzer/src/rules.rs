//! Rules of the kernel, shells and interpreters that decide what a command runs.

pub mod config_file;
pub mod java;
pub mod path_lookup;
pub mod shebang;
pub mod shell_options;
pub mod shell_words;
pub mod user;
