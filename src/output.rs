//! Rendered text held against the file on disk: what state is it in, and make it right in one step.
//!
//! A change is prepared beside the file and then renamed over it, so that a reader, an interrupted run or a full disk
//! sees the old file or the new one, never a part. All changes of a run are prepared before the first is made. What the
//! text says is not decided here.

mod atomic;
pub mod diff;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::bounded;
use crate::compose::MARK;
use crate::problem::IoError;
use crate::repository::resolve;
use image_analyzer::printable::printable_path;

/// The most MiB of a file of ours: a hundred thousand services have twenty.
const MOST_MIB: u64 = 64;

/// A file and what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// The file, as it is shown.
    pub path: PathBuf,
    /// What it should hold; `None`: it should not be there.
    pub wanted: Option<String>,
    /// What it holds.
    pub found: Existing,
}

/// What a file holds, before anything is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is not there.
    Nothing,
    /// What it should. Not kept a second time: of ten thousand services it is two megabytes, and nearly every file holds
    /// what it should.
    Wanted,
    /// Something else that is ours.
    Other(Vec<u8>),
    /// What someone else wrote, which is not read: it may have any length, and be anything.
    Foreign,
}

/// How the file that is there compares with what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStatus {
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

impl OutputFile {
    /// Reads what is there.
    ///
    /// # Errors
    /// If there is something that cannot be read: a folder, a file without permission.
    pub fn read(path: PathBuf, wanted: Option<String>) -> Result<Self, IoError> {
        // A device or a pipe would be read for ever, or replaced by a file.
        if fs::metadata(&path).is_ok_and(|there| !there.is_file()) {
            return Err(IoError::new("use", path)(io::Error::other("this is not a regular file: give another path")));
        }
        let found = found(&path, wanted.as_deref()).map_err(IoError::new("read", &path))?;
        Ok(Self { path, wanted, found })
    }

    /// How the two compare.
    pub fn state(&self) -> FileStatus {
        match (&self.wanted, &self.found) {
            (None, Existing::Nothing) | (_, Existing::Wanted) => FileStatus::Current,
            (Some(_), Existing::Nothing) => FileStatus::Missing,
            (_, Existing::Foreign) => FileStatus::Foreign,
            (None, Existing::Other(_)) => FileStatus::LeftOver,
            (Some(wanted), Existing::Other(found)) if wanted.as_bytes() == unix_lines(found) => FileStatus::LineEndings,
            (Some(_), Existing::Other(_)) => FileStatus::Stale,
        }
    }

    /// Prepares the change that makes the file right; `None` if it is.
    ///
    /// # Errors
    /// If the new file cannot be written beside the old one, or nothing can be removed from its folder.
    pub fn prepare(&self) -> Result<Option<PendingWrite<'_>>, IoError> {
        if self.state() == FileStatus::Current {
            return Ok(None);
        }
        let real = through_links(&self.path)?;
        let Some(wanted) = &self.wanted else {
            // Who may make a file there and take it away again may remove one. On a full disk only that is possible.
            match atomic::beside(&real, b"") {
                Err(error) if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                    return Err(IoError::new("remove", &self.path)(error));
                }
                Ok(_) | Err(_) => {}
            }
            return Ok(Some(PendingWrite { target: self, real, new: None }));
        };
        if let Some(folder) = self.missing_folder() {
            let folder = printable_path(&folder);
            let why = io::Error::other(format!("there is no folder `{folder}`: create it, or give another path"));
            return Err(IoError::new("write", &self.path)(why));
        }
        let new = atomic::beside(&real, wanted.as_bytes()).map_err(IoError::new("write", &self.path))?;
        Ok(Some(PendingWrite { target: self, real, new: Some(new) }))
    }

    /// The folder that the file would be in, if that is not there: as it was given, unless a link leads to it that could
    /// not be made a folder.
    pub fn missing_folder(&self) -> Option<PathBuf> {
        let real = through_links(&self.path).ok()?;
        let folder = real.parent().filter(|folder| !folder.is_dir())?;
        let is_behind_a_link = self.path.ancestors().any(|at| at.is_symlink() && !at.exists());
        let shown = if is_behind_a_link { folder } else { self.path.parent()? };
        Some(shown.to_owned())
    }
}

/// What the file at `path` holds, held against what is `wanted`.
fn found(path: &Path, wanted: Option<&str>) -> io::Result<Existing> {
    let mut file = match bounded::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Existing::Nothing),
        opened => opened?,
    };
    if let Some(wanted) = wanted
        && holds(&file, wanted.as_bytes())?
    {
        return Ok(Existing::Wanted);
    }
    file.rewind()?;
    let mut other = Vec::new();
    let head = BYTE_ORDER_MARK.len() + MARK.len();
    bounded::read_rest(&file, u64::try_from(head).unwrap_or_default(), &mut other)?;
    if !is_ours(&other) {
        return Ok(Existing::Foreign);
    }
    if !bounded::read_rest(&file, MOST_MIB << 20, &mut other)? {
        return Err(io::Error::other(format!("larger than {MOST_MIB} MiB: remove it")));
    }
    Ok(Existing::Other(other))
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
pub struct PendingWrite<'a> {
    target: &'a OutputFile,
    /// The file itself, not a link to it: the link stays, for the day there is something to write again.
    real: PathBuf,
    /// What takes its place; nothing if it is to be removed.
    new: Option<NamedTempFile>,
}

impl PendingWrite<'_> {
    /// Makes the change, in one step.
    ///
    /// # Errors
    /// If the operating system refuses; the old file is then as it was.
    pub fn make(self) -> Result<(), IoError> {
        let path = &self.target.path;
        match self.new {
            Some(new) => new.persist(self.real).map(drop).map_err(|error| IoError::new("write", path)(error.error)),
            None => fs::remove_file(self.real).map_err(IoError::new("remove", path)),
        }
    }
}

/// Where a write to `path` ends up: a symbolic link is written through, even one whose target is yet to be.
fn through_links(path: &Path) -> Result<PathBuf, IoError> {
    let real = resolve(path)?;
    if real.is_symlink() {
        return Err(IoError::new("write", path)(rustix::io::Errno::LOOP.into()));
    }
    Ok(real)
}

/// What some editor puts before our header.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Whether a file that begins with `bytes` was written by us.
fn is_ours(bytes: &[u8]) -> bool {
    bytes.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(bytes).starts_with(MARK.as_bytes())
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
