//! The programs, libraries and tools that images are put together from, built once on the engine.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;

use crate::command::{repository, scratch};
use crate::engine::docker;

/// Files by name: `glibc/hello`.
pub(super) struct Parts(BTreeMap<String, Vec<u8>>);

impl Parts {
    /// Builds what `tests/engine/made/parts/Dockerfile` says.
    #[track_caller]
    pub(super) fn build() -> Self {
        let archive = scratch().join("made.parts.tar");
        let output = format!("type=tar,dest={}", archive.display());
        let context = repository().join("tests/engine/made/parts");
        let arguments = ["build", "--progress", "plain", "--output", &output, context.to_str().unwrap()];
        docker("made.parts", &arguments).succeeds();
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(File::open(&archive).unwrap()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(name, bytes);
        }
        fs::remove_file(archive).unwrap();
        Self(files)
    }

    /// One file.
    #[track_caller]
    pub(super) fn get(&self, name: &str) -> &[u8] {
        self.0.get(name).unwrap_or_else(|| panic!("there is no part {name}"))
    }
}
