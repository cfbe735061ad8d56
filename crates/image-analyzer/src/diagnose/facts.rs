//! What is known of the file that is being followed: who executes it, and what it asks for.

use crate::dynamic_loader::LoaderEnvironment;
use crate::elf::ElfInfo;
use crate::extract::file_content::Elf;
use crate::rules::user::UserIds;

/// Who executes a file: it decides what happens to a text without `#!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartedBy {
    /// The engine: the kernel's word is final.
    Engine,
    /// A shell, `env` or the like: what the kernel refuses as no program is handed to a shell.
    Shell,
    /// The same, by a busybox that may do the work of its tools without their being there as files.
    Busybox,
}

/// A program and what is known of it.
pub(super) struct Program<'a> {
    /// Where it really is.
    pub(super) path: &'a [u8],
    /// The path it is opened by, from which `$ORIGIN` is taken: the kernel follows links first, a loader does not.
    pub(super) opened: &'a [u8],
    /// What it asks for.
    pub(super) elf: &'a ElfInfo,
    /// What it mentions.
    pub(super) content: &'a Elf,
    /// What its loader is given.
    pub(super) environment: LoaderEnvironment,
    /// The user and groups that it opens files as.
    pub(super) user_ids: UserIds,
}
