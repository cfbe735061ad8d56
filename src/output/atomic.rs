//! A temporary file beside the one that it replaces.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// A file with `bytes` in the folder of `real`, with its permissions and owner, safely on the disk. It is removed when it
/// is dropped; a killed run leaves it.
pub(super) fn beside(real: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = real.parent().unwrap_or(Path::new("."));
    let new = tempfile::Builder::new().prefix(".mkcompose-").permissions(new_permissions()).tempfile_in(folder);
    // Without tempfile's name for the file, which is another each time.
    let mut new = new.map_err(|error| io::Error::from(error.kind()))?;
    // Past tempfile's own `write_all`, whose errors name a file that the user does not know.
    new.as_file_mut().write_all(bytes)?;
    if let Ok(old) = fs::metadata(real) {
        new.as_file().set_permissions(old.permissions())?;
        keep_owner(new.as_file(), &old);
    }
    new.as_file().sync_all()?;
    Ok(new)
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
