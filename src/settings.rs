//! The settings of a repository: `mkcompose.yml`, and the `# mkcompose:` comments of its Dockerfiles.
//!
//! Both are read into one type, [`ServiceSettings`]. What is wrong in them is reported all at once, each problem with its
//! file and line. docs/SETTINGS.md lists the keys.

mod expectation;
mod file;
mod keys;
mod line;
mod service_settings;
mod value;

pub use file::{FILE_NAME, SettingsFile, find, misnamed};
#[cfg(test)]
pub use keys::LINT_RULES;
pub use keys::{is_key, nearest};
pub use line::Located;
pub use service_settings::{ServiceSettings, from_comments};
