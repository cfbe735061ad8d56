//! Rules of the kernel, shells and interpreters that decide what a command runs.

pub(crate) mod config_file;
pub(crate) mod interpreters;
pub(crate) mod jar;
pub(crate) mod java;
pub(crate) mod json_form;
pub(crate) mod node;
pub(crate) mod options;
pub(crate) mod path_lookup;
pub(crate) mod shebang;
pub(crate) mod shell_lexer;
pub(crate) mod shell_line;
pub(crate) mod shell_options;
pub(crate) mod shell_script;
pub(crate) mod shell_words;
pub(crate) mod user;
pub(crate) mod word;
pub(crate) mod wrappers;
