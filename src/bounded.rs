//! Files that are read no further than a limit: a hostile repository may have one of any length.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens the file at `path` to be read. Neither this nor reading it ever waits: not for a pipe or a device, and not for a file
/// of the kernel that has nothing to say, like `/proc/kmsg`.
///
/// # Errors
/// If it cannot be opened, or is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    open_with_len(path).map(|(file, _)| file)
}

/// The same, and how many bytes the file has.
fn open_with_len(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    // Of what was opened: the path may lead elsewhere by now.
    let there = file.metadata()?;
    let kind = there.file_type();
    if !kind.is_file() {
        let kind = if kind.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
        return Err(io::Error::new(kind, "not a regular file"));
    }
    Ok((file, there.len()))
}

/// Reads the file at `path` into `bytes`, in place of what is there, without waiting. Returns whether it has `most` bytes at
/// most; of a longer one the first `most` and one more are there.
///
/// # Errors
/// If it cannot be opened or read, or is no regular file.
pub fn read(path: &Path, most: u64, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    let (file, len) = open_with_len(path)?;
    let read = (&file).take(len.min(most)).read_to_end(bytes)?;
    let read = u64::try_from(read).unwrap_or(u64::MAX);
    // To ask whether there is more takes as long as to read it. A file of the kernel says that it is empty.
    if read == len && len > 0 {
        return Ok(true);
    }
    read_rest(&file, most.saturating_sub(read), bytes)
}

/// The same with what is left of an open file, which is added to `bytes`.
///
/// # Errors
/// If it cannot be read.
pub fn read_rest(file: &File, most: u64, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let len = file.take(most.saturating_add(1)).read_to_end(bytes)?;
    Ok(u64::try_from(len).is_ok_and(|len| len <= most))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::read;

    #[test]
    fn what_is_no_regular_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        for path in [pipe.as_path(), "/dev/zero".as_ref(), "/dev/tty".as_ref(), folder.path()] {
            assert!(read(path, 5, &mut Vec::new()).is_err(), "{}", path.display());
        }
    }

    #[test]
    fn a_longer_file_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        let mut bytes = b"before".to_vec();
        assert!(read(&path, 5, &mut bytes).unwrap());
        assert_eq!(bytes, b"12345");
        assert!(!read(&path, 3, &mut bytes).unwrap());
        assert_eq!(bytes, b"1234");
        assert!(read(&folder.path().join("gone"), 3, &mut bytes).is_err());
    }
}
