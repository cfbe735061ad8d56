//! An image, whole.

use crate::config::Config;
use crate::tree::FileTree;

/// An image: what it runs and the files it runs it on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Image {
    /// The names that the archive gives it, as `repository:tag`; empty for an image without a name.
    pub names: Vec<String>,
    /// What the engine executes, as which user, in which folder and for which machine.
    pub config: Config,
    /// The files of all layers.
    pub files: FileTree,
}

impl Image {
    /// An image without a name, made of its parts.
    ///
    /// ```
    /// use image_analyzer::{Config, FileTreeBuilder, Image, diagnose};
    ///
    /// let config = Config { cmd: vec!["./hello".to_owned()], ..Config::default() };
    /// let files = FileTreeBuilder::new().file("/hello", 0o755, "#!/bin/bash\necho hello\n").build()?;
    /// let diagnosis = diagnose(&Image::new(config, files));
    ///
    /// assert!(!diagnosis.can_start());
    /// assert_eq!(diagnosis.findings[0].kind.id(), "interpreter-missing");
    /// assert_eq!(diagnosis.findings[0].message, "the interpreter /bin/bash of /hello is not in the image");
    /// # Ok::<(), image_analyzer::ReadError>(())
    /// ```
    pub fn new(config: Config, files: FileTree) -> Self {
        Self { names: Vec::new(), config, files }
    }
}
