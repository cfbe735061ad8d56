//! Why an archive is not understood. Each message says where in the archive; names are escaped for printing.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::config::Platform;
use crate::layer::LayerError;
use crate::printable::{printable, printable_bytes, printable_path};
use crate::tar::TarError;

/// The error below, as of the module that failed.
type Cause = Box<dyn Error + Send + Sync>;

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A folder cannot be read.
    #[error("{}: cannot read: {source}", printable_path(.path))]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The outer archive is damaged.
    #[error("cannot read the archive: {0}")]
    Archive(#[source] Cause),
    /// An entry of the outer archive has an impossible name, or there are too many.
    #[error("cannot read the archive: {0}")]
    Entry(#[source] Cause),
    /// A layer is damaged.
    #[error("cannot read layer `{}`: {problem}", printable_bytes(.layer))]
    Layer {
        /// Its name in the archive.
        layer: Vec<u8>,
        /// What is wrong with it.
        #[source]
        problem: Cause,
    },
    /// Neither a saved image nor an OCI layout.
    #[error("not an image archive: no manifest.json or index.json")]
    NoImage,
    /// The manifest and the index list no image.
    #[error("the archive contains no image")]
    Empty,
    /// A document is not what it should be.
    #[error("`{}` is not a valid image {expected}: {reason}", printable_bytes(.file))]
    Document {
        /// Its name in the archive.
        file: Vec<u8>,
        /// What it should be: `manifest`, `index`, `configuration`.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is named is not there.
    #[error("{what} `{}` is missing from the archive; the archive may be incomplete", printable_bytes(.file))]
    Missing {
        /// What it should be: `layer`, `configuration`, `manifest`.
        what: &'static str,
        /// Its name in the archive.
        file: Vec<u8>,
    },
    /// A file that is named is beyond a link that leads out of the folder.
    #[error("`{}` is a symlink out of the folder, which is not followed: copy its target into the folder", printable_bytes(.link))]
    Outside {
        /// The link's name in the folder.
        link: Vec<u8>,
    },
    /// A file is not as long as its descriptor says.
    #[error("`{}` has {actual} bytes, but its descriptor says {stated}", printable_bytes(.file))]
    Size {
        /// Its name in the archive.
        file: Vec<u8>,
        /// What the descriptor says.
        stated: u64,
        /// What there is.
        actual: u64,
    },
    /// Several images, and none was asked for.
    #[error("the archive contains several images: {}; choose one", list(.0))]
    Several(Vec<String>),
    /// The image that was asked for is not there.
    #[error("the archive has no image `{}`, but {}", printable(.wanted), list(.has))]
    NoSuchImage {
        /// What was asked for.
        wanted: String,
        /// What there is.
        has: Vec<String>,
    },
    /// No image for the platform.
    #[error("the archive has no image for {wanted}, only for {}; choose one with the platform option", list(.has))]
    NoPlatform {
        /// What was asked for, or this machine's.
        wanted: Platform,
        /// What there is.
        has: Vec<String>,
    },
}

impl From<TarError> for ReadError {
    fn from(error: TarError) -> Self {
        Self::Archive(Box::new(error))
    }
}

impl From<LayerError> for ReadError {
    fn from(error: LayerError) -> Self {
        Self::Entry(Box::new(error))
    }
}

fn list(names: &[String]) -> String {
    const MOST: usize = 20;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| format!("`{}`", printable(name))).collect();
    let more = names.len().saturating_sub(MOST);
    match (shown.is_empty(), more) {
        (true, _) => "none with a name".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
