//! A report of outcomes in a file, in the format of its extension.

use std::fs;
use std::path::PathBuf;

use super::outcomes::{Format, Report};
use super::{Export as _, Layout};
use crate::output::{Existing, OutputFile, PendingWrite};
use crate::problem::IoError;
use image_analyzer::printable::printable_path;

/// A report to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    path: PathBuf,
    format: Format,
}

/// Why a report cannot be written to a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitReportFile {
    /// Its extension is not one of a format.
    #[error("{}: unknown report format: end the name in `.json`, `.md` or `.xml`", printable_path(.0))]
    Extension(PathBuf),
    /// There is no folder for it, or it is a folder.
    #[error("{}: cannot write a file there: give a file in an existing folder", printable_path(.0))]
    Folder(PathBuf),
}

impl File {
    /// The report at `path`.
    ///
    /// # Errors
    /// If its extension is not one of a format, or there is no folder for it: checked before hours of work, not after.
    pub fn new(path: PathBuf) -> Result<Self, UnfitReportFile> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let format = match extension.as_deref() {
            Some("json") => Format::Json,
            Some("md") => Format::Markdown,
            Some("xml") => Format::Junit,
            _ => return Err(UnfitReportFile::Extension(path)),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(UnfitReportFile::Folder(path));
        }
        Ok(Self { path, format })
    }

    /// Writes `report`, in one step: a reader sees the old file or the new one.
    ///
    /// # Errors
    /// If the operating system refuses; an old file is then as it was.
    pub fn write(&self, report: Report<'_>) -> Result<(), IoError> {
        let text = report
            .export(self.format, Layout::default())
            .map_err(|error| IoError::new("write", &self.path)(error.into()))?;
        // A pipe or a device cannot be replaced.
        if fs::metadata(&self.path).is_ok_and(|there| !there.is_file()) {
            return fs::write(&self.path, text).map_err(IoError::new("write", &self.path));
        }
        let target = OutputFile { path: self.path.clone(), wanted: Some(text), found: Existing::Nothing };
        target.prepare()?.map_or(Ok(()), PendingWrite::make)
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Format};

    #[test]
    fn the_extension_chooses_the_format_and_an_unknown_one_is_refused() {
        let format = |path: &str| File::new(path.into()).map(|file| file.format).map_err(|error| error.to_string());
        assert_eq!(format("r.json"), Ok(Format::Json));
        assert_eq!(format("r.MD"), Ok(Format::Markdown));
        assert_eq!(format("a.b.xml"), Ok(Format::Junit));
        for wrong in ["r", "r.txt", ".json", "json", "r.json\n"] {
            assert!(format(wrong).unwrap_err().contains("`.json`, `.md` or `.xml`"), "{wrong}");
        }
        assert!(format("no/such/folder/r.json").unwrap_err().contains("in an existing folder"));
    }
}
