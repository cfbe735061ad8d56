//! Which file a command means, and whether a user may execute it: PATH, WORKDIR, links and permissions.
//!
//! The rules are those of the engine, which looks before it executes (runc uses Go's `exec.LookPath`, crun its own of
//! the same effect), and of `execve(2)`. A shell and `env` search PATH in nearly the same way. What is in the file does
//! not matter here.

use crate::layer::Kind;
use crate::path::{components, is_mounted, join};
use crate::rules::config_file::Text;
use crate::rules::user::Identity;
use crate::tree::{Entry, Found, Miss, Tree};

/// The PATH of an image that sets none (moby, `daemon/pkg/oci`, `DefaultPathEnv`; the same in podman).
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where and as whom a command is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The files.
    pub tree: &'a Tree,
    /// Who wants to execute it.
    pub identity: &'a Identity,
    /// Where a path that does not start with `/` begins.
    pub folder: &'a [u8],
    /// The folders for names without `/`, separated by `:`.
    pub path: &'a str,
}

/// Why a command leads to nothing that can be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No folder of PATH has the name.
    NotInPath,
    /// The path leads nowhere.
    Miss(Miss),
    /// It is a folder.
    Folder(Vec<u8>),
    /// It is a device, a pipe or the like.
    Special(Vec<u8>),
    /// It is a file without the permission to execute it: its path and mode.
    Forbidden(Vec<u8>, u16),
    /// A folder on the way, of this mode, may not be entered.
    Closed(Vec<u8>, u16),
    /// It is where the engine mounts something of its own, of which the image says nothing.
    Beyond,
}

impl<'a> Search<'a> {
    /// The file that `command` means, if it can be executed.
    ///
    /// # Errors
    /// The trouble with the only candidate, or with the first one of PATH that is there but will not do.
    pub fn command(&self, command: &[u8]) -> Result<Found<'a>, Trouble> {
        self.by_path(command, self.engines_folders())
    }

    /// The same for a shell, `env` or another program that starts one: relative folders of PATH count too, and an empty
    /// one is the working folder (`execvp(3)`).
    ///
    /// # Errors
    /// As those of [`Search::command`].
    pub fn started(&self, command: &[u8]) -> Result<Found<'a>, Trouble> {
        self.by_path(command, self.path.split(':'))
    }

    /// The folders of PATH that count for the engine.
    fn engines_folders(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.path.split(':').filter(|folder| folder.starts_with('/'))
    }

    fn by_path(&self, command: &[u8], folders: impl Iterator<Item = &'a str>) -> Result<Found<'a>, Trouble> {
        if command.contains(&b'/') {
            return self.file(command);
        }
        let mut first = None;
        for folder in folders {
            let folder = if folder.is_empty() { "." } else { folder };
            match self.file(&join(folder.as_bytes(), command)) {
                Ok(found) => return Ok(found),
                Err(Trouble::Miss(Miss::Missing(_) | Miss::NotAFolder(_))) => {}
                Err(Trouble::Beyond) => return Err(Trouble::Beyond),
                Err(trouble) => {
                    first.get_or_insert(trouble);
                }
            }
        }
        Err(first.unwrap_or(Trouble::NotInPath))
    }

    /// The path, links included, of what [`Search::command`] finds.
    pub fn place(&self, command: &[u8]) -> Option<Vec<u8>> {
        if command.contains(&b'/') {
            return self.file(command).ok().map(|_| join(self.folder, command));
        }
        self.engines_folders().map(|folder| join(folder.as_bytes(), command)).find(|path| self.file(path).is_ok())
    }

    /// The first file of that name in PATH, and its mode, if only others may execute it.
    ///
    /// runc that was built with a Go older than 1.20 takes it for the command, since `exec.LookPath` then looked for any
    /// permission to execute; later ones ask whether the user may (`unix.Eaccess`), and go on, as crun does.
    pub fn shadow(&self, command: &[u8]) -> Option<(Vec<u8>, u16)> {
        if command.contains(&b'/') {
            return None;
        }
        for folder in self.engines_folders() {
            match self.file(&join(folder.as_bytes(), command)) {
                Ok(_) => return None,
                Err(Trouble::Forbidden(path, mode)) if mode & 0o111 != 0 => return Some((path, mode)),
                Err(_) => {}
            }
        }
        None
    }

    /// Does this path lead to where the engine mounts something of its own?
    pub fn is_beyond(&self, path: &[u8]) -> bool {
        is_mounted(end(&self.tree.lookup_from(self.folder, path)))
    }

    /// The file at `path`, if it can be executed.
    ///
    /// # Errors
    /// The trouble with it.
    pub fn file(&self, path: &[u8]) -> Result<Found<'a>, Trouble> {
        self.permitted(path, Identity::may_execute)
    }

    /// The file at `path`, if the user can read it, as a loader must be able to.
    ///
    /// # Errors
    /// The trouble with it.
    pub fn readable(&self, path: &[u8]) -> Result<Found<'a>, Trouble> {
        self.permitted(path, Identity::may_read)
    }

    /// What the file at `path` says to a loader, which takes one that the user cannot read for missing.
    pub fn text(&self, path: &[u8]) -> Text<'a> {
        match self.readable(path) {
            Ok(found) => Text::of(&found.entry),
            Err(Trouble::Miss(miss)) => Text::missing(&miss),
            Err(Trouble::Special(_)) => Text::Unknown,
            Err(_) => Text::Absent,
        }
    }

    /// The regular file at `path`, if the user can reach it and `may` do with it what is asked.
    fn permitted(&self, path: &[u8], may: fn(&Identity, &Entry<'_>) -> bool) -> Result<Found<'a>, Trouble> {
        let looked = self.tree.lookup_from(self.folder, path);
        if is_mounted(end(&looked)) {
            return Err(Trouble::Beyond);
        }
        let found = looked.map_err(Trouble::Miss)?;
        match found.entry.kind {
            Kind::File => {}
            Kind::Folder => return Err(Trouble::Folder(found.path)),
            _ => return Err(Trouble::Special(found.path)),
        }
        self.enter(&found)?;
        if may(self.identity, &found.entry) { Ok(found) } else { Err(Trouble::Forbidden(found.path, found.entry.mode)) }
    }

    /// May every folder on the way be entered, those before a link too? Not the root: the engine makes that of a
    /// container itself, for everybody to enter, whatever a layer says of its own.
    fn enter(&self, found: &Found<'_>) -> Result<(), Trouble> {
        for path in found.links.iter().chain([&found.path]) {
            let mut folder = Vec::new();
            for name in components(path) {
                folder = join(&folder, name);
                let here = self.tree.lookup(&folder).ok().filter(|here| here.entry.kind == Kind::Folder);
                if let Some(here) = here.filter(|here| !self.identity.may_enter(&here.entry)) {
                    return Err(Trouble::Closed(here.path, here.entry.mode));
                }
            }
        }
        Ok(())
    }
}

/// Where a look-up ended, whether well or not.
fn end<'f>(looked: &'f Result<Found<'_>, Miss>) -> &'f [u8] {
    match looked {
        Ok(Found { path, .. })
        | Err(Miss::Missing(path) | Miss::Loop(path) | Miss::NotAFolder(path) | Miss::Dangling { missing: path, .. }) => {
            path
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_PATH, Search, Trouble};
    use crate::rules::user::Identity;
    use crate::tree::builder::Builder;
    use crate::tree::{Miss, Tree};

    fn search(tree: Builder, user: &str, command: &str) -> Result<String, Trouble> {
        let tree = tree.build().unwrap();
        let identity = Identity::of(user, &tree).unwrap();
        let search = Search { tree: &tree, identity: &identity, folder: b"/app", path: DEFAULT_PATH };
        search.command(command.as_bytes()).map(|found| String::from_utf8(found.path).unwrap())
    }

    fn tree() -> Builder {
        Tree::builder()
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
        assert_eq!(search(tree(), "", "hello"), Err(Trouble::NotInPath));
        assert_eq!(search(tree(), "", "link"), Ok("/app/hello".to_owned()));
    }

    #[test]
    fn a_path_starts_at_the_working_folder() {
        assert_eq!(search(tree(), "", "./hello"), Ok("/app/hello".to_owned()));
        assert_eq!(search(tree(), "", "../app/hello"), Ok("/app/hello".to_owned()));
        assert_eq!(search(tree(), "", "/hello"), Err(Trouble::Miss(Miss::Missing(b"/hello".to_vec()))));
    }

    #[test]
    fn what_cannot_be_executed_does_not_end_the_search() {
        assert_eq!(search(tree(), "", "plain"), Ok("/bin/plain".to_owned()));
        let only = Tree::builder().file("/usr/bin/plain", 0o644, "x");
        assert_eq!(search(only, "", "plain"), Err(Trouble::Forbidden(b"/usr/bin/plain".to_vec(), 0o644)));
        assert_eq!(search(tree(), "", "folder"), Err(Trouble::Folder(b"/usr/bin/folder".to_vec())));
    }

    #[test]
    fn a_dangling_link_says_so() {
        let miss = Miss::Dangling { link: b"/bin/dangling".to_vec(), missing: b"/bin/nowhere".to_vec() };
        assert_eq!(search(tree(), "", "dangling"), Err(Trouble::Miss(miss)));
    }

    #[test]
    fn a_closed_folder_on_the_way_keeps_others_than_root_out() {
        assert_eq!(search(tree(), "", "secret"), Ok("/root/secret".to_owned()));
        assert_eq!(search(tree(), "1000", "secret"), Err(Trouble::Closed(b"/root".to_vec(), 0o700)));
        assert_eq!(search(tree(), "1000", "/root/secret"), Err(Trouble::Closed(b"/root".to_vec(), 0o700)));
    }

    #[test]
    fn only_a_program_looks_in_the_working_folder() {
        let tree = Tree::builder().file("/w/hello", 0o755, "#!").file("/w/bin/tool", 0o755, "#!").build().unwrap();
        let identity = Identity::of("", &tree).unwrap();
        let search = |path| Search { tree: &tree, identity: &identity, folder: b"/w", path };
        for (path, name) in [("bin:/x", "tool"), (":/x", "hello"), ("", "hello"), ("/x:", "hello")] {
            assert!(search(path).started(name.as_bytes()).is_ok(), "{path}");
            assert_eq!(search(path).command(name.as_bytes()), Err(Trouble::NotInPath), "{path}");
        }
    }

    #[test]
    fn a_device_is_no_program() {
        let tree = Tree::builder().special("/run/x", crate::layer::Kind::CharDevice);
        assert_eq!(search(tree, "", "/run/x"), Err(Trouble::Special(b"/run/x".to_vec())));
    }
}
