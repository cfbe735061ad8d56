//! Full logs, a file per service and phase, in a folder of the person's choice or under the cache directory.
//!
//! Logs are worth less than what they are about: when the disk is full, builds go on, and what could not be kept is said
//! once, at the end. They hold the raw bytes; nothing is escaped here.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::problem::IoError;
use crate::repository::service_name::ServiceName;

/// How much of one log is kept, in bytes: a program that floods must not fill the disk.
const MOST: u64 = 64 * 1024 * 1024;

/// The folder of logs of one run.
#[derive(Debug)]
pub struct Logs {
    folder: PathBuf,
    trouble: Mutex<Option<(PathBuf, io::Error)>>,
}

/// One log being written.
#[derive(Debug)]
pub struct Log<'a> {
    logs: &'a Logs,
    path: PathBuf,
    file: Option<File>,
    /// Which file it was, if it is closed for now.
    closed: Option<FileState>,
    room: u64,
}

/// Which file a log was closed as, and how it was left: the number alone may be that of a later file.
type FileState = (u64, u64, u64, i64, i64);

fn state(file: &File) -> io::Result<FileState> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

/// What was going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The image was built.
    Build,
    /// The image was run.
    Run,
    /// The image was pushed.
    Push,
}

/// The name of the log of `service` and `phase`.
pub fn file_name(service: &ServiceName, phase: Phase) -> String {
    let phase = match phase {
        Phase::Build => "build",
        Phase::Run => "run",
        Phase::Push => "push",
    };
    format!("{service}.{phase}.log")
}

impl Logs {
    /// The folder, made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: PathBuf) -> Result<Self, IoError> {
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self { folder, trouble: Mutex::default() }),
            Err(error) => Err(IoError::new("create the folder for logs (choose another with `--logs`)", folder)(error)),
        }
    }

    /// The folder, as it is shown.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the log of `service` and `phase` is.
    pub fn path(&self, service: &ServiceName, phase: Phase) -> PathBuf {
        self.folder.join(file_name(service, phase))
    }

    /// Begins a log anew. One of an earlier run is replaced, not written into: that run may still be going on.
    pub fn begin(&self, service: &ServiceName, phase: Phase) -> Log<'_> {
        let path = self.path(service, phase);
        let file = match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => File::create_new(&path),
        };
        let file = file.map_err(|error| self.note(&path, error)).ok();
        Log { logs: self, path, file, closed: None, room: MOST }
    }

    /// The first log that could not be written, if there is one.
    pub fn trouble(self) -> Option<IoError> {
        let trouble = self.trouble.into_inner().unwrap_or_else(PoisonError::into_inner);
        trouble.map(|(path, error)| {
            IoError::new("write this log (free some space, or choose another folder with `--logs`)", path)(error)
        })
    }

    fn note(&self, path: &Path, error: io::Error) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert_with(|| (path.to_owned(), error));
    }
}

impl Log<'_> {
    /// Adds `bytes`; after the first trouble, or when there is no more room, nothing.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(left) = self.closed.take() {
            self.file = self.reopened(left).map_err(|error| self.logs.note(&self.path, error)).ok().flatten();
        }
        let Some(file) = &mut self.file else { return };
        let fits = usize::try_from(self.room).unwrap_or(usize::MAX).min(bytes.len());
        let written = file.write_all(bytes.get(..fits).unwrap_or(bytes)).and_then(|()| {
            if fits < bytes.len() { writeln!(file, "\n[cut: a log has at most {MOST} bytes]") } else { Ok(()) }
        });
        self.room -= fits as u64;
        if let Err(error) = written {
            self.logs.note(&self.path, error);
            self.file = None;
        } else if fits < bytes.len() {
            self.file = None;
        }
    }

    /// Closes the file until there is more to write.
    pub fn close(&mut self) {
        let Some(file) = self.file.take() else { return };
        match state(&file) {
            Ok(state) => self.closed = Some(state),
            Err(error) => self.logs.note(&self.path, error),
        }
    }

    /// The file that was left like this, to add to it; `None` if another run has replaced it.
    fn reopened(&self, left: FileState) -> io::Result<Option<File>> {
        let file = match File::options().append(true).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        Ok((state(&file)? == left).then_some(file))
    }
}

/// There is no place for a folder of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no folder for logs, because `HOME` is not set: choose one with `--logs`")]
pub struct NoLogFolder;

/// The folder for the logs of a project when none is named: under the cache directory, so it may be deleted at any time.
///
/// The cache directory is `XDG_CACHE_HOME` if absolute, else `~/.cache` (XDG Base Directory Specification), on macOS
/// `~/Library/Caches`. Two projects have two folders: `project` is where its Dockerfiles are, resolved.
///
/// # Errors
/// If the environment names no home.
pub fn default_folder(
    project: &Path,
    variable: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> Result<PathBuf, NoLogFolder> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home =
        || absolute("HOME").map(|home| home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }));
    let cache = absolute("XDG_CACHE_HOME").or_else(home).ok_or(NoLogFolder)?;
    let name = project.parent().and_then(Path::file_name).unwrap_or(OsStr::new("project"));
    let name: String =
        name.to_string_lossy().chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let key = fnv(project.as_os_str().as_encoded_bytes());
    Ok(cache.join("mkcompose").join(format!("{name}-{key:016x}")))
}

/// FNV-1a, 64 bits: a name for a path that stays the same from version to version.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{Log, Logs, Phase, default_folder};
    use crate::repository::service_name::ServiceName;
    use std::collections::HashMap;
    use std::fs;
    use std::path::Path;

    fn service() -> ServiceName {
        ServiceName::parse("hello-c.gcc").unwrap()
    }

    #[test]
    fn a_log_has_the_raw_bytes_and_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().join("a/b")).unwrap();
        let mut old = logs.begin(&service(), Phase::Build);
        old.write(b"old");
        let mut new = logs.begin(&service(), Phase::Build);
        new.write(b"new\x1b\xff");
        old.write(b"older run goes on");
        drop((old, new));
        assert_eq!(fs::read(logs.path(&service(), Phase::Build)).unwrap(), b"new\x1b\xff");
        assert!(logs.trouble().is_none());
    }

    #[test]
    fn a_log_goes_on_where_it_was_closed_unless_another_run_has_replaced_it() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().to_owned()).unwrap();
        let mut log = logs.begin(&service(), Phase::Build);
        log.write(b"one ");
        log.close();
        log.close();
        log.write(b"two");
        log.close();
        assert_eq!(fs::read(logs.path(&service(), Phase::Build)).unwrap(), b"one two");
        let mut other = logs.begin(&service(), Phase::Build);
        other.write(b"other");
        log.write(b"three");
        assert_eq!(fs::read(logs.path(&service(), Phase::Build)).unwrap(), b"other");
        other.close();
        fs::remove_file(logs.path(&service(), Phase::Build)).unwrap();
        other.write(b"gone");
        assert!(!logs.path(&service(), Phase::Build).exists());
        drop((log, other));
        assert!(logs.trouble().is_none());
    }

    #[test]
    fn a_log_that_cannot_be_written_is_told_once_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().to_owned()).unwrap();
        // A folder where the log should be: not even root can write there.
        fs::create_dir_all(logs.path(&service(), Phase::Run).join("x")).unwrap();
        let mut log = logs.begin(&service(), Phase::Run);
        log.write(b"a");
        log.write(b"b");
        drop(log);
        let text = logs.trouble().unwrap().to_string();
        assert!(text.contains("hello-c.gcc.run.log: cannot write this log"), "{text}");
        assert!(text.contains("--logs"), "{text}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told_once_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().to_owned()).unwrap();
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let path = logs.path(&service(), Phase::Build);
        let mut log = Log { logs: &logs, path, file: Some(full), closed: None, room: super::MOST };
        log.write(b"a");
        log.write(b"b");
        drop(log);
        let text = logs.trouble().unwrap().to_string();
        assert!(text.contains("hello-c.gcc.build.log: cannot write this log (free some space"), "{text}");
        assert!(text.contains("No space left on device"), "{text}");
    }

    #[test]
    fn a_flood_is_cut_and_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().to_owned()).unwrap();
        let mut log = logs.begin(&service(), Phase::Run);
        log.room = 10;
        log.write(b"12345678");
        log.write(b"90more");
        log.write(b"never");
        drop(log);
        let text = fs::read_to_string(logs.path(&service(), Phase::Run)).unwrap();
        assert_eq!(text, format!("1234567890\n[cut: a log has at most {} bytes]\n", super::MOST));
        assert!(logs.trouble().is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
        let text = Logs::open("/dev/null/logs".into()).unwrap_err().to_string();
        assert!(text.starts_with("/dev/null/logs: cannot create the folder for logs"), "{text}");
    }

    #[test]
    fn the_default_folder_is_in_the_cache_and_one_for_each_project() {
        let folder = |project: &str, variables: &[(&str, &str)]| {
            let variables: HashMap<_, _> = variables.iter().copied().collect();
            default_folder(Path::new(project), |name| variables.get(name).map(Into::into))
        };
        let cache = [("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/me")];
        let one = folder("/src/one/dockerfiles", &cache).unwrap();
        assert!(one.to_str().unwrap().starts_with("/cache/mkcompose/one-"), "{one:?}");
        assert_ne!(one, folder("/else/one/dockerfiles", &cache).unwrap());
        assert_eq!(one, folder("/src/one/dockerfiles", &cache).unwrap());
        let home = folder("/src/one/dockerfiles", &[("XDG_CACHE_HOME", "relative"), ("HOME", "/home/me")]).unwrap();
        let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        assert!(home.starts_with(Path::new("/home/me").join(caches)), "{home:?}");
        assert!(folder("/src/one/dockerfiles", &[]).unwrap_err().to_string().contains("--logs"));
    }
}
