//! A temporary file beside the one whose place it is to take, and what a killed run left of such files.
//!
//! It knows files and names, not what they are for.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::compose::MARK;

/// What stands in a temporary name between the file's own name and [`RANDOM`] characters.
const MIDDLE: &str = ".mkcompose-";

/// How many letters and digits a temporary name ends in.
const RANDOM: usize = 6;

/// This many bytes at the start of a file tell whether we write such files.
const TELLING: usize = MARK.len();

/// A file with `bytes` in the folder of `real`, with its permissions, safely on the disk.
pub(super) fn beside(real: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = real.parent().unwrap_or(Path::new("."));
    let start = if bytes.is_empty() { MARK.as_bytes() } else { bytes.get(..TELLING).unwrap_or(bytes) };
    let mut new = in_use(folder, &prefix(real), start)?;
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
fn in_use(folder: &Path, prefix: &OsStr, start: &[u8]) -> io::Result<NamedTempFile> {
    let alone = alone_in(folder);
    if alone.is_some() {
        sweep(folder, prefix, start);
    }
    let new =
        tempfile::Builder::new().prefix(prefix).rand_bytes(RANDOM).permissions(new_permissions()).tempfile_in(folder);
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

/// What the temporary names of the file `real` begin with: its own name, as much of it as leaves room for the rest.
fn prefix(real: &Path) -> OsString {
    /// The longest name in nearly every file system, without what is around the file's.
    const LONGEST: usize = 255 - ".".len() - MIDDLE.len() - RANDOM;
    let name = real.file_name().unwrap_or_default().as_bytes();
    let is_within_a_character = |at: usize| name.get(at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
    let end = (0..=LONGEST.min(name.len())).rev().find(|&at| !is_within_a_character(at)).unwrap_or(0);
    OsString::from_vec([b".", name.get(..end).unwrap_or_default(), MIDDLE.as_bytes()].concat())
}

/// Removes what a killed run left beside the file: regular files with such a name as [`in_use`] gives, that are empty or
/// begin as the new one. What only resembles that is somebody's. Failing to is no reason to stop.
fn sweep(folder: &Path, prefix: &OsStr, start: &[u8]) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.as_bytes().strip_prefix(prefix.as_bytes());
        let is_so_named =
            random.is_some_and(|random| random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric));
        // A pipe would keep us waiting for its other end.
        if is_so_named && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_left(&entry.path(), start) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether nobody holds the file at `path`, and it is as far as it goes what we write: `start`, and more.
fn is_left(path: &Path, start: &[u8]) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut found = Vec::new();
    let is_read = (&file).take(TELLING as u64).read_to_end(&mut found).is_ok();
    is_read && start.starts_with(&found) && file.try_lock().is_ok()
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
