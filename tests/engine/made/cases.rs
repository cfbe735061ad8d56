//! The images: one for each rule of `mkcompose why`, and one for its nearest harmless neighbour.

mod commands;
mod layers;
mod libraries;
mod likely;
mod musl;
mod programs;
mod scripts;
mod shells;

use serde_json::{Value, json};

use super::image::{Entry, What};
use super::parts::Parts;

const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
const MUSL: &str = "/lib/ld-musl-x86_64.so.1";
const ENOENT: &str = "no such file or directory";
const EACCES: &str = "permission denied";
const ENOEXEC: &str = "exec format error";
const NOT_IN_PATH: &str = "executable file not found in $PATH";

/// One image, and what must be said of it and happen with it.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) layers: Vec<Vec<Entry>>,
    pub(super) config: Value,
    /// What the image says it is for.
    pub(super) architecture: &'static str,
    pub(super) expected: Expected,
}

/// What must be said and happen.
#[derive(Debug)]
pub(super) enum Expected {
    /// Nothing is found; it exits 0 and prints the greeting.
    Works,
    /// This is found, and nothing else; it does not exit 0, and the engine or the loader says this.
    Fails(&'static str, &'static str),
}

impl Case {
    /// The image's name on the engine.
    pub(super) fn tag(&self) -> String {
        format!("minimage-made:{}", self.name)
    }
}

/// A case that is being described.
struct Draft<'p> {
    parts: &'p Parts,
    case: Case,
}

impl<'p> Draft<'p> {
    fn new(parts: &'p Parts, name: &'static str) -> Self {
        let config = json!({ "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] });
        Self {
            parts,
            case: Case { name, layers: vec![Vec::new()], config, architecture: "amd64", expected: Expected::Works },
        }
    }

    fn add(mut self, path: &str, mode: u32, what: What) -> Self {
        let entry = Entry { path: path.to_owned(), mode, owner: 0, what };
        self.case.layers.last_mut().unwrap().push(entry);
        self
    }

    /// A part, as an executable file.
    fn part(self, path: &str, part: &str) -> Self {
        let bytes = self.parts.get(part).to_vec();
        self.add(path, 0o755, What::File(bytes))
    }

    fn text(self, path: &str, text: &str) -> Self {
        self.add(path, 0o755, What::File(text.as_bytes().to_vec()))
    }

    fn bytes(self, path: &str, bytes: Vec<u8>) -> Self {
        self.add(path, 0o755, What::File(bytes))
    }

    fn folder(self, path: &str) -> Self {
        self.add(path, 0o755, What::Folder)
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.add(path, 0o777, What::Link(target.to_owned()))
    }

    fn hard_link(self, path: &str, target: &str) -> Self {
        self.add(path, 0o755, What::HardLink(target.to_owned()))
    }

    /// Hides a file of the layers below.
    fn whiteout(self, path: &str) -> Self {
        self.add(path, 0o644, What::File(Vec::new()))
    }

    /// The mode of the entry just added.
    fn mode(mut self, mode: u32) -> Self {
        self.case.layers.last_mut().unwrap().last_mut().unwrap().mode = mode;
        self
    }

    /// User and group of the entry just added.
    fn owner(mut self, owner: u64) -> Self {
        self.case.layers.last_mut().unwrap().last_mut().unwrap().owner = owner;
        self
    }

    fn layer(mut self) -> Self {
        self.case.layers.push(Vec::new());
        self
    }

    /// glibc as in Debian: loader and libc, with dash as `/bin/sh` and env.
    fn glibc(self) -> Self {
        self.part(GLIBC, "glibc/ld-linux-x86-64.so.2")
            .part("/lib/x86_64-linux-gnu/libc.so.6", "glibc/libc.so.6")
            .part("/bin/sh", "glibc/sh")
            .part("/usr/bin/env", "glibc/env")
    }

    /// musl as in Alpine, with busybox.
    fn musl(self) -> Self {
        self.part(MUSL, "musl/ld-musl-x86_64.so.1")
            .part("/bin/busybox", "musl/busybox")
            .link("/bin/sh", "busybox")
            .link("/usr/bin/env", "/bin/busybox")
    }

    fn set(mut self, key: &str, value: Value) -> Self {
        self.case.config[key] = value;
        self
    }

    fn cmd(self, words: &[&str]) -> Self {
        self.set("Cmd", json!(words))
    }

    fn env(self, words: &[&str]) -> Self {
        self.set("Env", json!(words))
    }

    fn user(self, user: &str) -> Self {
        self.set("User", json!(user))
    }

    fn architecture(mut self, architecture: &'static str) -> Self {
        self.case.architecture = architecture;
        self
    }

    fn works(self) -> Case {
        self.case
    }

    fn fails(mut self, id: &'static str, words: &'static str) -> Case {
        self.case.expected = Expected::Fails(id, words);
        self.case
    }
}

/// All cases.
pub(super) fn all(parts: &Parts) -> Vec<Case> {
    [
        commands::commands(parts),
        commands::paths(parts),
        commands::users(parts),
        shells::shells(parts),
        scripts::scripts(parts),
        programs::kernels(parts),
        programs::loaders(parts),
        libraries::libraries(parts),
        libraries::rights(parts),
        libraries::files(parts),
        musl::musl(parts),
        layers::layers(parts),
        layers::tables(parts),
        layers::loaders(parts),
        likely::likely(parts),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The file with these bytes at this place.
fn changed(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}
