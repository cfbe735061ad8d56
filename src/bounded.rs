//! Files that are read no further than a limit: a hostile repository may have one of any length.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads the file at `path` into `bytes`, in place of what is there. Returns whether it has `most` bytes at most; of a longer
/// one the first `most` and one more are there.
///
/// A pipe or a device is waited for: where the path may be one, ask before.
///
/// # Errors
/// If it cannot be opened or read.
pub fn read(path: &Path, most: u64, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    let len = File::open(path)?.take(most.saturating_add(1)).read_to_end(bytes)?;
    Ok(u64::try_from(len).is_ok_and(|len| len <= most))
}

#[cfg(test)]
mod tests {
    use super::read;

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
