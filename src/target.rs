//! Rendered text held against the file on disk: what state is it in, and make it right in one step.
//!
//! A change is prepared beside the file and then renamed over it, so that a reader, an interrupted run or a full disk
//! sees the old file or the new one, never a part. All changes of a run are prepared before the first is made. What the
//! text says is not decided here.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::compose::MARK;
use crate::error::Error;
use crate::escape::printable_path;
use crate::project::resolve;

/// A file and what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The file, as it is shown.
    pub path: PathBuf,
    /// What it should hold; `None`: it should not be there.
    pub wanted: Option<String>,
    /// What it holds.
    pub found: Found,
}

/// What a file holds, before anything is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is not there.
    Nothing,
    /// What it should. Not kept a second time: of ten thousand services it is two megabytes, and nearly every file holds
    /// what it should.
    Wanted,
    /// Something else.
    Other(Vec<u8>),
}

/// How the file that is there compares with what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds what it should, or is rightly not there.
    Current,
    /// It is ours and holds something else.
    Stale,
    /// It is ours and differs in its line endings only.
    LineEndings,
    /// It is not there and should be.
    Missing,
    /// It is ours and should not be there.
    LeftOver,
    /// It is not ours.
    Foreign,
}

impl Target {
    /// Reads what is there.
    ///
    /// # Errors
    /// If there is something that cannot be read: a folder, a file without permission.
    pub fn read(path: PathBuf, wanted: Option<String>) -> Result<Self, Error> {
        // A device or a pipe would be read for ever, or replaced by a file.
        if fs::metadata(&path).is_ok_and(|there| !there.is_file()) {
            return Err(Error::io("use", path)(io::Error::other("this is not a regular file: give another path")));
        }
        let found = found(&path, wanted.as_deref()).map_err(Error::io("read", &path))?;
        Ok(Self { path, wanted, found })
    }

    /// How the two compare.
    pub fn state(&self) -> State {
        match (&self.wanted, &self.found) {
            (None, Found::Nothing) | (_, Found::Wanted) => State::Current,
            (Some(_), Found::Nothing) => State::Missing,
            (_, Found::Other(found)) if !found.starts_with(MARK.as_bytes()) => State::Foreign,
            (None, Found::Other(_)) => State::LeftOver,
            (Some(wanted), Found::Other(found)) if wanted.as_bytes() == unix_lines(found) => State::LineEndings,
            (Some(_), Found::Other(_)) => State::Stale,
        }
    }

    /// Prepares the change that makes the file right; `None` if it is.
    ///
    /// # Errors
    /// If the new file cannot be written beside the old one.
    pub fn prepare(&self) -> Result<Option<Change<'_>>, Error> {
        if self.state() == State::Current {
            return Ok(None);
        }
        let Some(wanted) = &self.wanted else { return Ok(Some(Change { target: self, new: None })) };
        let real = through_links(&self.path)?;
        if let Some(folder) = self.missing_folder() {
            let folder = printable_path(&folder);
            let why = io::Error::other(format!("there is no folder `{folder}`: make it, or give another path"));
            return Err(Error::io("write", &self.path)(why));
        }
        let new = beside(&real, wanted.as_bytes()).map_err(Error::io("write", &self.path))?;
        Ok(Some(Change { target: self, new: Some((new, real)) }))
    }

    /// The folder that the file would be in, if that is not there: as it was given, unless a link leads to it.
    pub fn missing_folder(&self) -> Option<PathBuf> {
        let real = through_links(&self.path).ok()?;
        let folder = real.parent().filter(|folder| !folder.is_dir())?;
        let shown = if self.path.is_symlink() { folder } else { self.path.parent()? };
        Some(shown.to_owned())
    }
}

/// What the file at `path` holds, held against what is `wanted`.
fn found(path: &Path, wanted: Option<&str>) -> io::Result<Found> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        opened => opened?,
    };
    if let Some(wanted) = wanted
        && holds(&file, wanted.as_bytes())?
    {
        return Ok(Found::Wanted);
    }
    file.rewind()?;
    let mut other = Vec::new();
    file.read_to_end(&mut other)?;
    Ok(Found::Other(other))
}

/// Whether `file` holds just the bytes `wanted`. Read piece by piece into one small buffer.
fn holds(file: &File, mut wanted: &[u8]) -> io::Result<bool> {
    const PIECE: u64 = 64 * 1024;
    let mut piece = Vec::new();
    loop {
        piece.clear();
        file.take(PIECE).read_to_end(&mut piece)?;
        match wanted.strip_prefix(piece.as_slice()) {
            _ if piece.is_empty() => return Ok(wanted.is_empty()),
            Some(rest) => wanted = rest,
            None => return Ok(false),
        }
    }
}

/// A change that is prepared and not yet made. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Change<'a> {
    target: &'a Target,
    new: Option<(NamedTempFile, PathBuf)>,
}

impl Change<'_> {
    /// Makes the change, in one step.
    ///
    /// # Errors
    /// If the operating system refuses; the old file is then as it was.
    pub fn make(self) -> Result<(), Error> {
        match self.new {
            Some((new, real)) => {
                new.persist(real).map(drop).map_err(|error| Error::io("write", &self.target.path)(error.error))
            }
            // Through links, as it was written: the link stays, for the day there is something to write again.
            None => fs::remove_file(through_links(&self.target.path)?).map_err(Error::io("remove", &self.target.path)),
        }
    }
}

/// Where a write to `path` ends up: a symbolic link is written through, even one whose target is yet to be.
fn through_links(path: &Path) -> Result<PathBuf, Error> {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&at) {
            Ok(to) => at = at.parent().unwrap_or(Path::new("")).join(to),
            Err(_) => return resolve(&at),
        }
    }
    Err(Error::io("write", path)(io::Error::other("too many symbolic links")))
}

/// A file with `bytes` in the folder of `real`, with its permissions, safely on the disk.
fn beside(real: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = real.parent().unwrap_or(Path::new("."));
    let mut new = in_use(folder, &temporary_prefix(real))?;
    // Past tempfile's own `write_all`, whose errors name a file that nobody knows.
    new.as_file_mut().write_all(bytes)?;
    if let Ok(old) = fs::metadata(real) {
        new.as_file().set_permissions(old.permissions())?;
        keep_owner(new.as_file(), &old);
    }
    new.as_file().sync_all()?;
    Ok(new)
}

/// A new file in `folder`, held by a lock while we live, so that another run can tell it from one that a killed run left
/// behind; those are swept first. The folder is locked meanwhile, or the other run would sweep the file between its
/// making and its locking. Without that lock nothing is swept.
fn in_use(folder: &Path, prefix: &OsStr) -> io::Result<NamedTempFile> {
    let alone = alone_in(folder);
    if alone.is_some() {
        sweep(folder, prefix);
    }
    let new = tempfile::Builder::new().prefix(prefix).permissions(new_permissions()).tempfile_in(folder);
    // Without tempfile's name for the file, which is another each time.
    let new = new.map_err(|error| io::Error::from(error.kind()))?;
    let _ = new.as_file().try_lock();
    Ok(new)
}

/// A lock on the folder. `None` where there are no such locks, or if somebody holds it: of a run like this it takes
/// milliseconds, and for anyone else there is no point in waiting.
fn alone_in(folder: &Path) -> Option<File> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(10);
    let folder = File::open(folder).ok()?;
    for _ in 0..TRIES {
        match folder.try_lock() {
            Ok(()) => return Some(folder),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

fn temporary_prefix(real: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(real.file_name().unwrap_or_default());
    prefix.push(".mkcompose-");
    prefix
}

/// Removes what a killed run left beside the file. Failing to is no reason to stop.
fn sweep(folder: &Path, prefix: &OsStr) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
        // A pipe would keep us waiting for its other end.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_ours && is_file && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(unix)]
fn new_permissions() -> Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    // The umask takes away from this, as for any new file.
    Permissions::from_mode(0o666)
}

/// Gives the new file the old one's owner and group. Only root may; for anyone else the file becomes theirs, as with
/// any program that replaces a file.
#[cfg(unix)]
fn keep_owner(new: &File, old: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let same = new.metadata().is_ok_and(|new| new.uid() == old.uid() && new.gid() == old.gid());
    if !same && fchown(new, Some(old.uid()), Some(old.gid())).is_ok() {
        // Changing the owner drops the set-user-ID and set-group-ID bits.
        let _ = new.set_permissions(Permissions::from_mode(old.permissions().mode()));
    }
}

/// The bytes with `\n` for `\r\n` and for a lone `\r`.
fn unix_lines(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut after_cr = false;
    for &byte in bytes {
        match byte {
            b'\r' => out.push(b'\n'),
            b'\n' if after_cr => {}
            byte => out.push(byte),
        }
        after_cr = byte == b'\r';
    }
    out
}
