//! An image archive becomes the image it holds: its configuration and its file tree.
//!
//! Made for the question "what would happen if this were started?", which needs names, kinds, permissions and links of
//! all files, but contents only of those that may be executed or linked: see [`content`]. Everything is read in one pass
//! from a stream, nothing is written to disk, and memory stays bounded whatever the archive claims.
//!
//! It knows nothing of Compose, Dockerfiles or an engine, and runs nothing.
//!
//! ```
//! use crate::{Miss, Tree};
//!
//! let tree = Tree::builder()
//!     .folder("/usr/lib", 0o755)
//!     .link("/lib", "usr/lib")
//!     .file("/usr/lib/libc.so.6", 0o644, b"not really a library")
//!     .layer()
//!     .whiteout("/usr/lib/libc.so.6")
//!     .build()?;
//! let miss = tree.lookup(b"/lib/libc.so.6").map(|found| found.path);
//! assert_eq!(miss, Err(Miss::Missing(b"/usr/lib/libc.so.6".to_vec())));
//! # Ok::<(), crate::LayerError>(())
//! ```

pub mod archive;
pub mod decompress;
pub mod diagnose;
pub mod dynamic_loader;
pub mod elf;
pub mod error;
pub mod extract;
pub mod finding;
pub mod fix;
pub mod layer;
pub mod path;
pub mod printable;
pub mod rules;
pub mod tar;
pub mod trace;
pub mod tree;

pub use archive::config::{Config, Platform};
pub use archive::select_image::Options;
pub use archive::{read, read_config, read_folder};
pub use diagnose::{Diagnosis, why};
pub use error::ReadError;
pub use extract::file_content::{Elf, Kept};
pub use extract::string_scan::{Mention, Mentions};
pub use layer::{Kind, LayerError};
pub use tree::builder::Builder;
pub use tree::{Entry, Found, Miss, Tree};

/// One image: what to run and the files to run it on.
#[derive(Debug)]
pub struct Image {
    /// The names that the archive gives it, as `repository:tag`; empty for an image without a name.
    pub references: Vec<String>,
    /// What would be executed, as whom, where, and for which machine.
    pub config: Config,
    /// Its files, all layers stacked.
    pub tree: Tree,
}
