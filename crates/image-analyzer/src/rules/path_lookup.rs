//! Which file a command means, and whether a user may execute it: PATH, WORKDIR, links and permissions.
//!
//! The rules are those of the engine, which looks before it executes (runc uses Go's `exec.LookPath`, crun its own of
//! the same effect), and of `execve(2)`. A shell and `env` search PATH in nearly the same way. What is in the file does
//! not matter here.

use crate::layer::FileKind;
use crate::path::{components, is_mounted, join};
use crate::rules::config_file::ConfigText;
use crate::rules::user::UserIds;
use crate::tree::{FileEntry, FileTree, FoundFile, LookupError};

/// The PATH of an image that sets none (moby, `daemon/pkg/oci`, `DefaultPathEnv`; the same in podman).
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a command is looked for, and for which user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathLookup<'a> {
    /// The files.
    pub tree: &'a FileTree,
    /// Who wants to execute it.
    pub user_ids: &'a UserIds,
    /// Where a path that does not start with `/` begins.
    pub folder: &'a [u8],
    /// The folders for names without `/`, separated by `:`.
    pub path: &'a str,
}

/// Why a command leads to nothing that can be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LookupProblem {
    /// No folder of PATH has the name.
    NotInPath,
    /// The path leads nowhere.
    LookupError(LookupError),
    /// It is a folder.
    Folder(Vec<u8>),
    /// It is a device, a pipe or the like.
    Special(Vec<u8>),
    /// It is a file without the permission to execute it: its path and mode.
    Forbidden(Vec<u8>, u16),
    /// The user cannot search a folder of the path; its path and mode.
    NoSearchPermission(Vec<u8>, u16),
    /// It is where the engine mounts something of its own, of which the image says nothing.
    OutsideImage,
}

/// Where and why a file that is there cannot be executed, and whether it is permission that lacks.
pub(crate) fn not_executable(problem: &LookupProblem) -> Option<(&Vec<u8>, String, bool)> {
    Some(match problem {
        LookupProblem::Folder(path) => (path, "is a folder".to_owned(), false),
        LookupProblem::Special(path) => (path, "is not a regular file".to_owned(), false),
        LookupProblem::Forbidden(path, mode) | LookupProblem::NoSearchPermission(path, mode) => {
            (path, format!("has mode {mode:04o}"), true)
        }
        LookupProblem::LookupError(_) | LookupProblem::NotInPath | LookupProblem::OutsideImage => return None,
    })
}

impl<'a> PathLookup<'a> {
    /// The file that `command` means, if it can be executed.
    ///
    /// # Errors
    /// The problem of the only candidate, or of the first one in PATH that exists and cannot be executed.
    pub(crate) fn command(&self, command: &[u8]) -> Result<FoundFile<'a>, LookupProblem> {
        self.by_path(command, self.engines_folders())
    }

    /// The same for a shell, `env` or another program that starts one: relative folders of PATH count too, and an empty
    /// one is the working folder (`execvp(3)`).
    ///
    /// # Errors
    /// As those of [`PathLookup::command`].
    pub(crate) fn started(&self, command: &[u8]) -> Result<FoundFile<'a>, LookupProblem> {
        self.by_path(command, self.path.split(':'))
    }

    /// The folders of PATH that count for the engine.
    fn engines_folders(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.path.split(':').filter(|folder| folder.starts_with('/'))
    }

    fn by_path(&self, command: &[u8], folders: impl Iterator<Item = &'a str>) -> Result<FoundFile<'a>, LookupProblem> {
        if command.contains(&b'/') {
            return self.file(command);
        }
        let mut first = None;
        for folder in folders {
            let folder = if folder.is_empty() { "." } else { folder };
            match self.file(&join(folder.as_bytes(), command)) {
                Ok(found) => return Ok(found),
                Err(LookupProblem::LookupError(LookupError::Missing(_) | LookupError::NotAFolder(_))) => {}
                Err(LookupProblem::OutsideImage) => return Err(LookupProblem::OutsideImage),
                Err(problem) => {
                    first.get_or_insert(problem);
                }
            }
        }
        Err(first.unwrap_or(LookupProblem::NotInPath))
    }

    /// The path, links included, of what [`PathLookup::command`] finds.
    pub(crate) fn place(&self, command: &[u8]) -> Option<Vec<u8>> {
        if command.contains(&b'/') {
            return self.file(command).ok().map(|_| join(self.folder, command));
        }
        self.engines_folders().map(|folder| join(folder.as_bytes(), command)).find(|path| self.file(path).is_ok())
    }

    /// The first file of that name in PATH, and its mode, if only others may execute it.
    ///
    /// runc that was built with a Go older than 1.20 takes it for the command, since `exec.LookPath` then looked for any
    /// permission to execute; later ones ask whether the user may (`unix.Eaccess`), and go on, as crun does.
    pub(crate) fn shadow(&self, command: &[u8]) -> Option<(Vec<u8>, u16)> {
        if command.contains(&b'/') {
            return None;
        }
        for folder in self.engines_folders() {
            match self.file(&join(folder.as_bytes(), command)) {
                Ok(_) => return None,
                Err(LookupProblem::Forbidden(path, mode)) if mode & 0o111 != 0 => return Some((path, mode)),
                Err(_) => {}
            }
        }
        None
    }

    /// Does this path lead to where the engine mounts something of its own?
    pub(crate) fn is_beyond(&self, path: &[u8]) -> bool {
        is_mounted(end(&self.tree.lookup_from(self.folder, path)))
    }

    /// The file at `path`, if it can be executed.
    ///
    /// # Errors
    /// The trouble with it.
    pub(crate) fn file(&self, path: &[u8]) -> Result<FoundFile<'a>, LookupProblem> {
        self.permitted(path, UserIds::may_execute)
    }

    /// The file at `path`, if the user can read it, as a loader must be able to.
    ///
    /// # Errors
    /// The trouble with it.
    pub(crate) fn readable(&self, path: &[u8]) -> Result<FoundFile<'a>, LookupProblem> {
        self.permitted(path, UserIds::may_read)
    }

    /// What the file at `path` says to a loader, which takes one that the user cannot read for missing.
    pub(crate) fn text(&self, path: &[u8]) -> ConfigText<'a> {
        match self.readable(path) {
            Ok(found) => ConfigText::of(&found.entry),
            Err(LookupProblem::LookupError(miss)) => ConfigText::missing(&miss),
            Err(LookupProblem::Special(_)) => ConfigText::Unknown,
            Err(_) => ConfigText::Absent,
        }
    }

    /// The regular file at `path`, if the user can reach it and `may` do with it what is asked.
    fn permitted(
        &self,
        path: &[u8],
        may: fn(&UserIds, &FileEntry<'_>) -> bool,
    ) -> Result<FoundFile<'a>, LookupProblem> {
        let looked = self.tree.lookup_from(self.folder, path);
        if is_mounted(end(&looked)) {
            return Err(LookupProblem::OutsideImage);
        }
        let found = looked.map_err(LookupProblem::LookupError)?;
        match found.entry.kind {
            FileKind::File => {}
            FileKind::Folder => return Err(LookupProblem::Folder(found.path)),
            _ => return Err(LookupProblem::Special(found.path)),
        }
        self.enter(&found)?;
        if may(self.user_ids, &found.entry) {
            Ok(found)
        } else {
            Err(LookupProblem::Forbidden(found.path, found.entry.mode))
        }
    }

    /// Can the user search every folder of the path, also those before a link? Not the root: the engine makes that of a
    /// container itself, open to all users, whatever a layer says.
    fn enter(&self, found: &FoundFile<'_>) -> Result<(), LookupProblem> {
        for path in found.links.iter().chain([&found.path]) {
            let mut folder = Vec::new();
            for name in components(path) {
                folder = join(&folder, name);
                let here = self.tree.lookup(&folder).ok().filter(|here| here.entry.kind == FileKind::Folder);
                if let Some(here) = here.filter(|here| !self.user_ids.may_enter(&here.entry)) {
                    return Err(LookupProblem::NoSearchPermission(here.path, here.entry.mode));
                }
            }
        }
        Ok(())
    }
}

/// Where a look-up ended, whether well or not.
fn end<'f>(looked: &'f Result<FoundFile<'_>, LookupError>) -> &'f [u8] {
    match looked {
        Ok(FoundFile { path, .. })
        | Err(
            LookupError::Missing(path)
            | LookupError::Loop(path)
            | LookupError::NotAFolder(path)
            | LookupError::Dangling { missing: path, .. },
        ) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_PATH, LookupProblem, PathLookup};
    use crate::rules::user::UserIds;
    use crate::tree::LookupError;
    use crate::tree::builder::FileTreeBuilder;

    fn search(tree: FileTreeBuilder, user: &str, command: &str) -> Result<String, LookupProblem> {
        let tree = tree.build().unwrap();
        let user_ids = UserIds::of(user, &tree).unwrap();
        let search = PathLookup { tree: &tree, user_ids: &user_ids, folder: b"/app", path: DEFAULT_PATH };
        search.command(command.as_bytes()).map(|found| String::from_utf8(found.path).unwrap())
    }

    fn tree() -> FileTreeBuilder {
        FileTreeBuilder::new()
            .folder("/app", 0o755)
            .file("/app/hello", 0o755, "x")
            .file("/usr/bin/plain", 0o644, "x")
            .file("/bin/plain", 0o755, "x")
            .folder("/usr/bin/folder", 0o755)
            .link("/bin/link", "../app/hello")
            .link("/bin/dangling", "nowhere")
            .file("/root/secret", 0o755, "x")
            .folder("/root", 0o700)
            .link("/bin/secret", "/root/secret")
    }

    #[test]
    fn a_name_is_looked_for_on_path_only() {
        assert_eq!(search(tree(), "", "hello"), Err(LookupProblem::NotInPath));
        assert_eq!(search(tree(), "", "link"), Ok("/app/hello".to_owned()));
    }

    #[test]
    fn a_path_starts_at_the_working_folder() {
        assert_eq!(search(tree(), "", "./hello"), Ok("/app/hello".to_owned()));
        assert_eq!(search(tree(), "", "../app/hello"), Ok("/app/hello".to_owned()));
        assert_eq!(
            search(tree(), "", "/hello"),
            Err(LookupProblem::LookupError(LookupError::Missing(b"/hello".to_vec())))
        );
    }

    #[test]
    fn what_cannot_be_executed_does_not_end_the_search() {
        assert_eq!(search(tree(), "", "plain"), Ok("/bin/plain".to_owned()));
        let only = FileTreeBuilder::new().file("/usr/bin/plain", 0o644, "x");
        assert_eq!(search(only, "", "plain"), Err(LookupProblem::Forbidden(b"/usr/bin/plain".to_vec(), 0o644)));
        assert_eq!(search(tree(), "", "folder"), Err(LookupProblem::Folder(b"/usr/bin/folder".to_vec())));
    }

    #[test]
    fn a_dangling_link_says_so() {
        let miss = LookupError::Dangling { link: b"/bin/dangling".to_vec(), missing: b"/bin/nowhere".to_vec() };
        assert_eq!(search(tree(), "", "dangling"), Err(LookupProblem::LookupError(miss)));
    }

    #[test]
    fn a_closed_folder_on_the_way_keeps_others_than_root_out() {
        assert_eq!(search(tree(), "", "secret"), Ok("/root/secret".to_owned()));
        assert_eq!(search(tree(), "1000", "secret"), Err(LookupProblem::NoSearchPermission(b"/root".to_vec(), 0o700)));
        assert_eq!(
            search(tree(), "1000", "/root/secret"),
            Err(LookupProblem::NoSearchPermission(b"/root".to_vec(), 0o700))
        );
    }

    #[test]
    fn only_a_program_looks_in_the_working_folder() {
        let tree =
            FileTreeBuilder::new().file("/w/hello", 0o755, "#!").file("/w/bin/tool", 0o755, "#!").build().unwrap();
        let user_ids = UserIds::of("", &tree).unwrap();
        let search = |path| PathLookup { tree: &tree, user_ids: &user_ids, folder: b"/w", path };
        for (path, name) in [("bin:/x", "tool"), (":/x", "hello"), ("", "hello"), ("/x:", "hello")] {
            assert!(search(path).started(name.as_bytes()).is_ok(), "{path}");
            assert_eq!(search(path).command(name.as_bytes()), Err(LookupProblem::NotInPath), "{path}");
        }
    }

    #[test]
    fn a_device_is_no_program() {
        let tree = FileTreeBuilder::new().special("/run/x", crate::layer::FileKind::CharDevice);
        assert_eq!(search(tree, "", "/run/x"), Err(LookupProblem::Special(b"/run/x".to_vec())));
    }
}
