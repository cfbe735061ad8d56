//! Results as text, for people or programs. Nothing is decided here.

pub mod builds;
pub mod file;
mod html;
pub mod image;
pub mod lint;
pub mod outcomes;
#[cfg(feature = "schema")]
pub mod schema;
pub mod services;
pub mod sizes;

use std::io;

/// A result that is reported in several formats, all of them chosen in one place.
pub trait Export {
    /// The formats.
    type Format;

    /// The report in `format`, as text that ends with a newline.
    ///
    /// # Errors
    /// If the format's library refuses the text, for which no case is known.
    fn export(&self, format: Self::Format, layout: Layout) -> Result<String, ExportError>;
}

/// How a report for people is laid out. Formats for programs ignore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The most columns that a line may take; `None`: as many as it needs.
    pub width: Option<usize>,
    /// Whether to use colour.
    pub color: bool,
}

/// Why a report cannot be written in its format.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// As JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// As CSV.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// As JUnit XML.
    #[error(transparent)]
    Junit(#[from] quick_junit::SerializeError),
    /// As a page.
    #[error(transparent)]
    Html(#[from] askama::Error),
}

impl From<ExportError> for io::Error {
    fn from(error: ExportError) -> Self {
        Self::other(error)
    }
}
