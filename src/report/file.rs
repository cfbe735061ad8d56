//! A report in a file, in the format of its extension.

use std::fmt::Debug;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{Export, Layout};
use crate::bounded;
use crate::output::{Existing, OutputFile, PendingWrite};
use crate::problem::{IoError, Problem};
use crate::repository::resolve;
use image_analyzer::printable::printable_path;

/// A format that a file may have.
pub trait FileFormat: Copy + Debug + 'static {
    /// Each extension, in lower case, with its format.
    const EXTENSIONS: &'static [(&'static str, Self)];

    /// Whether a file of this format that begins with `head` is a report of the same kind.
    fn wrote(self, head: &str) -> bool;
}

/// How much of a file is looked at to tell whose it is, in bytes.
const HEAD: u64 = 16 * 1024;

/// A report to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File<F> {
    path: PathBuf,
    format: F,
}

/// Why a report cannot be written to a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitReportFile {
    /// Its extension is not one of a format.
    #[error("{}: unknown report format: end the name in {extensions}", printable_path(path))]
    Extension {
        /// The file.
        path: PathBuf,
        /// Those that there are.
        extensions: String,
    },
    /// There is no folder for it, or it is a folder.
    #[error("{}: cannot write a file there: give a file in an existing folder", printable_path(.0))]
    Folder(PathBuf),
    /// The operating system would refuse.
    #[error("{0}")]
    Refused(Problem),
    /// It is there and is something else.
    #[error("{}: this file is not such a report: give another path, or overwrite it with `--force`", printable_path(.0))]
    Foreign(PathBuf),
}

impl<F: FileFormat> File<F> {
    /// The reports at `paths`; with `force`, whatever is there now.
    ///
    /// # Errors
    /// The first that cannot be: its extension is not one of a format, there is no folder for it, nobody may write there, or
    /// a file is there that is not such a report. That is checked before hours of work, not after.
    pub fn all(paths: &[PathBuf], force: bool) -> Result<Vec<Self>, UnfitReportFile> {
        paths.iter().map(|path| Self::new(path.clone(), force)).collect()
    }

    fn new(path: PathBuf, force: bool) -> Result<Self, UnfitReportFile> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let known = |(name, _): &&(&str, F)| extension.as_deref() == Some(*name);
        let Some((_, format)) = F::EXTENSIONS.iter().find(known).copied() else {
            return Err(UnfitReportFile::Extension { path, extensions: extensions::<F>() });
        };
        if path.is_dir() || folder_of(&path).is_some_and(|folder| !folder.is_dir()) {
            return Err(UnfitReportFile::Folder(path));
        }
        match may_write(&path) {
            Err(error) if error.source.kind() == ErrorKind::NotFound => return Err(UnfitReportFile::Folder(path)),
            Err(error) => return Err(UnfitReportFile::Refused(error.into())),
            Ok(()) => (),
        }
        if !force && is_foreign(&path, format) {
            return Err(UnfitReportFile::Foreign(path));
        }
        Ok(Self { path, format })
    }

    /// Where it is written, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is written as.
    pub fn format(&self) -> F {
        self.format
    }

    /// Where `other` is for a reader of this report: from its folder if it is below that, else from the root.
    pub fn way_to(&self, other: &Path) -> PathBuf {
        // Without links and `..`, by which the same folder has many names.
        let real = |path: &Path| {
            path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
        };
        let (folder, other) = (real(folder_of(&self.path).unwrap_or(Path::new("."))), real(other));
        other.strip_prefix(folder).map(Path::to_owned).unwrap_or(other)
    }

    /// Writes `report`, in one step: a reader sees the old file or the new one.
    ///
    /// # Errors
    /// If the operating system refuses; an old file is then as it was.
    pub fn write(&self, report: &impl Export<Format = F>) -> Result<(), IoError> {
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

/// The extensions in words: `.json`, `.md` or `.xml`.
fn extensions<F: FileFormat>() -> String {
    let mut words: Vec<_> = F::EXTENSIONS.iter().map(|(name, _)| format!("`.{name}`")).collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}

/// The folder that `path` names, if it names one.
fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

/// Asks the operating system whether `path` could be written, and writes nothing.
fn may_write(path: &Path) -> Result<(), IoError> {
    let refused = IoError::new("write", path);
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => return access(path, Access::WRITE_OK).map_err(|error| refused(error.into())),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(refused(error)),
        _ => (),
    }
    // The file is replaced, so its folder counts: that of the file itself, if there is a link to it.
    let real = resolve(path)?;
    let folder = real.parent().unwrap_or(&real);
    access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| refused(error.into()))
}

/// Whether `head` begins a JSON object with the first of `keys`, and has the others after it in their order.
pub(super) fn has_keys(head: &str, keys: &[&str]) -> bool {
    let mut rest = head
        .trim_start()
        .strip_prefix('{')
        .map(str::trim_start)
        .filter(|rest| keys.first().is_some_and(|key| rest.starts_with(&format!("\"{key}\":"))));
    for key in keys {
        rest = rest.and_then(|rest| rest.split_once(&format!("\"{key}\":"))).map(|(_, rest)| rest);
    }
    rest.is_some()
}

/// Whether a file is there that would be lost: not an empty one, which somebody may have made for the report. One that cannot
/// be read is somebody else's.
fn is_foreign(path: &Path, format: impl FileFormat) -> bool {
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let is_read = bounded::read(path, HEAD, &mut head).is_ok();
    !is_read || !head.is_empty() && !format.wrote(&String::from_utf8_lossy(&head))
}

#[cfg(test)]
mod tests {
    use super::{File, FileFormat, UnfitReportFile};
    use crate::report::{outcomes, sizes};

    fn format<F: FileFormat>(path: &str) -> Result<F, String> {
        File::new(path.into(), false).map(|file| file.format).map_err(|error| error.to_string())
    }

    #[test]
    fn the_extension_chooses_the_format_and_an_unknown_one_is_refused() {
        use outcomes::Format;
        assert_eq!(format("r.json"), Ok(Format::Json));
        assert_eq!(format("r.MD"), Ok(Format::Markdown));
        assert_eq!(format("a.b.xml"), Ok(Format::Junit));
        assert_eq!(format("a.html"), Ok(Format::Html));
        for wrong in ["r", "r.txt", ".json", "json", "r.json\n", "r.csv"] {
            let words = "end the name in `.json`, `.md`, `.xml` or `.html`";
            assert!(format::<Format>(wrong).unwrap_err().contains(words), "{wrong}");
        }
        assert_eq!(format("a.csv"), Ok(sizes::Format::Csv));
        assert!(format::<Format>("no/such/folder/r.json").unwrap_err().contains("in an existing folder"));
    }

    #[test]
    fn a_file_that_is_no_such_report_is_overwritten_by_force_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (extension, _) in outcomes::Format::EXTENSIONS {
            let path = folder.path().join(format!("r.{extension}"));
            let file = |force| File::<outcomes::Format>::new(path.clone(), force);
            std::fs::write(&path, "").unwrap();
            assert!(file(false).is_ok(), "{extension}: an empty file");
            std::fs::write(&path, "mine\n").unwrap();
            assert_eq!(file(false), Err(UnfitReportFile::Foreign(path.clone())));
            let rows = outcomes::tests::sample();
            file(true).unwrap().write(&outcomes::tests::report(&rows, None)).unwrap();
            assert!(file(false).is_ok(), "{extension}: a report");
        }
    }

    #[test]
    fn a_file_that_looks_like_a_report_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let package =
            r#"{"name": "x", "version": "1.0.0", "repository": "git@example.com:x", "settings": {}, "images": []}"#;
        let others = [
            ("package.json", package),
            ("list.json", r#"[{"version": "1", "repository": "x", "shard": 1, "settings": 1, "images": []}]"#),
            ("figures.json", r#"{"title": "x", "figures": [], "images": []}"#),
            ("README.md", "**tools** for every image of ours\n"),
            ("NOTES.md", "**anything**, notes\n"),
            ("copied.md", "# Ours\n\n<!-- mkcompose test -->\n<!-- mkcompose sizes -->\n"),
            ("table.md", "# Ours\n\n| Program | Service | Size | Log scale | Smaller | Own | Shared |\n"),
            (
                "junit.xml",
                "<?xml version=\"1.0\"?>\n<testsuites name=\"pytest\" tests=\"1\">\n<!-- mkcompose test -->\n</testsuites>\n",
            ),
            ("stock.csv", "program,service,price\n"),
            ("photo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>Image sizes</text></svg>\n"),
            ("index.html", "<p>&lt;meta name=\"generator\" content=\"mkcompose outcomes\"></p>\n"),
            ("metrics.txt", "# TYPE other_bytes gauge\n"),
        ];
        for (name, text) in others {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let foreign = UnfitReportFile::Foreign(path.clone());
            let outcomes = File::<outcomes::Format>::new(path.clone(), false).map(|_| ());
            assert!(
                outcomes == Err(foreign.clone()) || matches!(outcomes, Err(UnfitReportFile::Extension { .. })),
                "{name}"
            );
            let sizes = File::<sizes::Format>::new(path, false).map(|_| ());
            assert!(sizes == Err(foreign) || matches!(sizes, Err(UnfitReportFile::Extension { .. })), "{name}");
        }
    }

    #[test]
    fn what_is_below_a_reports_folder_is_named_from_there_and_the_rest_from_the_root() {
        let file = File { path: "/a/b/r.html".into(), format: outcomes::Format::Html };
        assert_eq!(file.way_to("/a/b/logs".as_ref()), std::path::Path::new("logs"));
        assert_eq!(file.way_to("/a/logs".as_ref()), std::path::Path::new("/a/logs"));
    }

    #[test]
    fn logs_beside_a_report_are_named_from_there_whatever_way_leads_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("out/logs")).unwrap();
        std::os::unix::fs::symlink("out", at("link")).unwrap();
        for (report, logs) in
            [("out/r.html", "out/../out/logs"), ("link/r.html", "out/logs"), ("out/r.html", "link/logs")]
        {
            let file = File { path: at(report), format: outcomes::Format::Html };
            assert_eq!(file.way_to(&at(logs)), std::path::Path::new("logs"), "{report} {logs}");
        }
    }
}
