//! A report of outcomes in a file, of the kind that its extension tells.

use std::fs;
use std::path::PathBuf;

use super::outcomes::{Report, json, junit, markdown};
use crate::output::{Change, Found, Target};
use crate::problem::IoError;
use image_analyzer::printable::printable_path;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Markdown,
    Junit,
}

/// A report to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    path: PathBuf,
    kind: Kind,
}

/// Why a report cannot be written to a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitReportFile {
    /// Its name does not say which kind of report it is.
    #[error("{}: a report is `.json`, `.md` or `.xml`: give it such a name", printable_path(.0))]
    Extension(PathBuf),
    /// There is no folder for it, or it is a folder.
    #[error("{}: no file can be written there: name one in a folder that exists", printable_path(.0))]
    Folder(PathBuf),
}

impl File {
    /// The report at `path`.
    ///
    /// # Errors
    /// If its extension tells no kind, or there is no folder for it: better known before hours of work than after.
    pub fn new(path: PathBuf) -> Result<Self, UnfitReportFile> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let kind = match extension.as_deref() {
            Some("json") => Kind::Json,
            Some("md") => Kind::Markdown,
            Some("xml") => Kind::Junit,
            _ => return Err(UnfitReportFile::Extension(path)),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(UnfitReportFile::Folder(path));
        }
        Ok(Self { path, kind })
    }

    /// Writes `report`, in one step: whoever reads the file sees the old one or the new one.
    ///
    /// # Errors
    /// If the operating system refuses; an old file is then as it was.
    pub fn write(&self, report: Report<'_>) -> Result<(), IoError> {
        let text = match self.kind {
            Kind::Json => json::render(report).map_err(|error| IoError::new("write", &self.path)(error.into()))?,
            Kind::Markdown => markdown::render(report),
            Kind::Junit => junit::render(report),
        };
        // A pipe or a device cannot be replaced.
        if fs::metadata(&self.path).is_ok_and(|there| !there.is_file()) {
            return fs::write(&self.path, text).map_err(IoError::new("write", &self.path));
        }
        let target = Target { path: self.path.clone(), wanted: Some(text), found: Found::Nothing };
        target.prepare()?.map_or(Ok(()), Change::make)
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Kind};

    #[test]
    fn the_extension_tells_the_kind_and_an_unknown_one_is_refused() {
        let kind = |path: &str| File::new(path.into()).map(|file| file.kind).map_err(|error| error.to_string());
        assert_eq!(kind("r.json"), Ok(Kind::Json));
        assert_eq!(kind("r.MD"), Ok(Kind::Markdown));
        assert_eq!(kind("a.b.xml"), Ok(Kind::Junit));
        for wrong in ["r", "r.txt", ".json", "json", "r.json\n"] {
            assert!(kind(wrong).unwrap_err().contains("`.json`, `.md` or `.xml`"), "{wrong}");
        }
        assert!(kind("no/such/folder/r.json").unwrap_err().contains("in a folder that exists"));
    }
}
