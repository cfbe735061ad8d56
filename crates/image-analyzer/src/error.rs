//! Errors of reading an image. Each message names the place in the archive; names are escaped for printing.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::config::Platform;
use crate::layer::LayerError;
use crate::printable::{printable, printable_bytes, printable_path};
use crate::tar::TarError;

/// The error of the module that failed.
type Cause = Box<dyn Error + Send + Sync>;

/// Why an image cannot be read from an archive. Its message is safe to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A folder cannot be read.
    #[error("{}: cannot read: {source}", printable_path(.path))]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The outer archive is damaged.
    #[error("cannot read the archive: {0}")]
    Archive(#[source] Cause),
    /// An entry of the outer archive has an invalid name, or there are too many entries.
    #[error("cannot read the archive: {0}")]
    Entry(#[source] Cause),
    /// A layer is damaged.
    #[error("cannot read layer `{}`: {problem}", printable_bytes(.layer))]
    Layer {
        /// The name of the layer in the archive.
        layer: Vec<u8>,
        /// What is wrong with it.
        #[source]
        problem: Cause,
    },
    /// The archive is neither a saved image nor an OCI layout.
    #[error("not an image archive: no manifest.json or index.json")]
    NoImage,
    /// The manifest or index is empty.
    #[error("the archive contains no image")]
    Empty,
    /// A JSON document is not valid.
    #[error("`{}` is not a valid image {expected}: {reason}", printable_bytes(.file))]
    Document {
        /// Its name in the archive.
        file: Vec<u8>,
        /// What it should be: `manifest`, `index` or `configuration`.
        expected: &'static str,
        /// Why it is not valid.
        reason: String,
    },
    /// A file that the archive refers to is missing.
    #[error("{what} `{}` is missing from the archive; the archive may be incomplete", printable_bytes(.file))]
    Missing {
        /// What it is: `layer`, `configuration`, `manifest` or `file`.
        what: &'static str,
        /// Its name in the archive.
        file: Vec<u8>,
    },
    /// A file lies behind a symbolic link out of the folder.
    #[error("`{}` is a symlink out of the folder, which is not followed: copy its target into the folder", printable_bytes(.link))]
    Outside {
        /// The name of the link in the folder.
        link: Vec<u8>,
    },
    /// The length of a file differs from its descriptor.
    #[error("`{}` has {actual} bytes, but its descriptor says {stated}", printable_bytes(.file))]
    Size {
        /// Its name in the archive.
        file: Vec<u8>,
        /// The length in the descriptor, in bytes.
        stated: u64,
        /// The length of the file, in bytes.
        actual: u64,
    },
    /// The archive has several images, and the options name none. These are their names.
    #[error("the archive contains several images: {}; choose one", list(.0))]
    Several(Vec<String>),
    /// The archive has no image of this name.
    #[error("the archive has no image `{}`, but {}", printable(.wanted), list(.has))]
    NoSuchImage {
        /// The name in the options.
        wanted: String,
        /// The names in the archive.
        has: Vec<String>,
    },
    /// The image is not in the archive for this platform.
    #[error("the archive has no image for {wanted}, only for {}; choose one with the platform option", list(.has))]
    NoPlatform {
        /// The platform in the options, or this machine's.
        wanted: Platform,
        /// The platforms in the archive.
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
