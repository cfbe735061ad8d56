//! Which image of an archive is read, and how much reading may take.

use crate::config::Platform;
use crate::decompress::DecompressionLimit;

/// Which image to read, and the limits of reading it.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The name of the image, `repository:tag`; `None` if the archive has only one.
    pub name: Option<String>,
    /// The platform of the image; `None` is Linux on this machine's processor.
    pub platform: Option<Platform>,
    /// The most memory that the image may take, in bytes; reading takes about 10 MiB more.
    pub memory: usize,
    /// How far compressed data may expand.
    pub decompression: DecompressionLimit,
}

impl Default for ReadOptions {
    /// Any image, this machine's platform, 84 MiB, and data that expands to at most 1 GiB or 250 times its size.
    fn default() -> Self {
        Self {
            name: None,
            platform: None,
            memory: 84 << 20,
            decompression: DecompressionLimit { bytes: 1 << 30, ratio: 250 },
        }
    }
}
