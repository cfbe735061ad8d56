//! Python's own files: its standard library, and a virtual environment.

use super::Diagnoser;
use super::fixes::parent;
use crate::elf::ElfInfo;
use crate::extract::string_scan::StringHint;
use crate::finding::{FileCopy, Finding, FindingKind, Fix};
use crate::path::join;
use crate::printable::printable_bytes;

impl Diagnoser<'_> {
    /// Looks at what the interpreter at `path`, if it is Python's, finds of its own files; it is called by `asked`.
    pub(super) fn python(&mut self, asked: &[u8], path: &[u8]) {
        let Some(version) = version_of(path).filter(|_| !self.is_survey) else { return };
        let Some(elf) = self.image.files.lookup(path).ok().and_then(|found| found.entry.content.elf()) else { return };
        let shared = |info: &ElfInfo| info.needed.iter().any(|name| name.starts_with(b"libpython"));
        let is_python = elf.hints.has(StringHint::Python) || elf.info.as_ref().is_ok_and(shared);
        if !is_python || !self.no_standard_library(path, version) {
            self.other_venv(asked, path, version);
        }
    }

    /// Reports that the standard library is nowhere: Python imports `encodings` from it before anything else.
    fn no_standard_library(&mut self, path: &[u8], version: &str) -> bool {
        let files = &self.image.files;
        let zip = format!("python{}.zip", version.replace('.', ""));
        let is_elsewhere = ["PYTHONHOME", "PYTHONPATH"].iter().any(|name| self.variable(name).is_some());
        if is_elsewhere || files.has_name(b"encodings") || files.has_name(zip.as_bytes()) {
            return false;
        }
        let folder = join(&parent(&parent(path)), format!("lib/python{version}").as_bytes());
        let shown = printable_bytes(path);
        let message = format!("{shown} has no standard library: no folder of the image has its module encodings");
        let finding = Finding::new(FindingKind::StandardLibraryMissing, message).missing(folder.clone());
        let finding = finding.evidence(path, "imports encodings before it runs anything");
        let copy = FileCopy { from: folder.clone(), folder };
        self.report(finding.fix([Fix::CopyFromBuild(vec![copy])]));
        true
    }

    /// Reports a virtual environment whose packages are for another version.
    fn other_venv(&mut self, asked: &[u8], path: &[u8], version: &str) {
        let Some(place) = self.search().place(asked) else { return };
        let root = parent(&parent(&place));
        let files = &self.image.files;
        if files.lookup(&join(&root, b"pyvenv.cfg")).is_err() || self.variable("PYTHONPATH").is_some() {
            return;
        }
        let names = files.list(&join(&root, b"lib")).unwrap_or_default();
        let versions: Vec<_> = names.iter().filter_map(|name| version_of(name)).collect();
        let Some(other) = versions.first().filter(|_| !versions.contains(&version)) else { return };
        let (root, shown) = (printable_bytes(&root), printable_bytes(path));
        let message =
            format!("the virtual environment {root} has packages for Python {other}, its interpreter is {version}");
        let finding = Finding::new(FindingKind::VenvVersion, message).missing(format!("{root}/lib/python{version}"));
        let finding = finding.evidence(&place, format!("is {shown}"));
        self.report(finding.fix([Fix::PythonVersion((*other).to_owned())]));
    }
}

/// `3.11` of `/usr/bin/python3.11`.
fn version_of(path: &[u8]) -> Option<&str> {
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    let version = std::str::from_utf8(name).ok()?.strip_prefix("python")?;
    let (major, minor) = version.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    (is_number(major) && is_number(minor)).then_some(version)
}
