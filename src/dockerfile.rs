//! From a Dockerfile's text to what it says: stages, images, sources, variables and the comments for mkcompose.
//!
//! Pure functions of the text: no file is read. Whether a COPY source exists is for [`crate::context`] to say.

mod comments;
mod image_name_match;
mod image_reference;
mod mount;
mod parsed;
mod parser;
mod shell_pattern;
mod stages;
mod template;
#[cfg(test)]
mod tests;
mod validate;
mod variables;

pub use comments::{SettingComment, comments, misplaced};
pub use image_name_match::{NameMatch, fit, suggested};
pub use parsed::{BaseImage, BuildArgs, CopySource, ImageUse, ParsedDockerfile, UseKind};
pub use parser::ParseProblem;
pub use stages::{read, read_with};
pub use template::is_template;
pub use variables::TARGET_STAGE;
