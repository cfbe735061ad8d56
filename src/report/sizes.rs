//! The report of image sizes, in each of its formats: one file per format, each a pure function to text.
//!
//! What every format shares is here: the words for a row. Names, image IDs and the texts of an earlier report come in
//! raw; each format makes them printable and escapes them.

pub mod changes;
mod csv;
mod html;
pub(super) mod json;
mod markdown;
mod metrics;
mod scale;
mod svg;
mod table;

use crate::report::file::{FileFormat, has_keys};
use crate::report::{Export, ExportError, Layout};
use crate::size_format;
use crate::sizes::baseline::Changes;
use crate::sizes::figures::FigureKind;
use crate::sizes::{Built, Row, Sizes, Total};

/// The formats of a report of sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal
    #[default]
    Table,
    /// For programs, and as a later `--baseline`
    Json,
    /// For a forge or a CI summary
    Markdown,
    /// For a spreadsheet
    Csv,
    /// A bar chart
    Svg,
    /// A page to look at
    Html,
    /// Metrics (`OpenMetrics`), which GitLab compares
    Metrics,
}

impl Export for Report<'_> {
    type Format = Format;

    fn export(&self, format: Format, layout: Layout) -> Result<String, ExportError> {
        Ok(match format {
            Format::Table => table::render(*self, layout),
            Format::Json => json::render(*self)?,
            Format::Markdown => markdown::render(*self),
            Format::Csv => csv::render(*self)?,
            Format::Svg => svg::render(*self),
            Format::Html => html::render(*self)?,
            Format::Metrics => metrics::render(*self),
        })
    }
}

impl FileFormat for Format {
    const EXTENSIONS: &'static [(&'static str, Self)] = &[
        ("json", Self::Json),
        ("md", Self::Markdown),
        ("csv", Self::Csv),
        ("svg", Self::Svg),
        ("html", Self::Html),
        ("txt", Self::Metrics),
    ];

    fn wrote(self, head: &str) -> bool {
        match self {
            Self::Json => has_keys(head, &["figures", "kind", "engine", "version", "store", "platform", "images"]),
            Self::Markdown => head.starts_with(markdown::MARK),
            Self::Csv => head.starts_with("program,service,set,image,id,size,own,shared,smaller_by,was"),
            Self::Svg => head.starts_with("<svg ") && head.contains(&format!(" id=\"title\">{}</text>", svg::TITLE)),
            Self::Html => head.contains(html::PAGE),
            Self::Metrics => head.starts_with("# TYPE mkcompose_"),
            Self::Table => false,
        }
    }
}

/// What is reported.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The images.
    pub sizes: &'a Sizes,
    /// What has changed, if an earlier report was given.
    pub changes: Option<&'a Changes>,
}

/// How much smaller an image is than the largest of its program: `3.1×`.
fn smaller(built: &Built) -> String {
    match ratio(built) {
        _ if built.size == built.largest => "largest".to_owned(),
        None => "∞×".to_owned(),
        Some(ratio) => format!("{}×", size_format::round_to_3_digits(ratio)),
    }
}

/// How many times as large the largest of its program is; `None` if the image is empty and that one is not.
fn ratio(built: &Built) -> Option<f64> {
    match built.size {
        size if size == built.largest => Some(1.0),
        0 => None,
        size => Some(size_format::approximate(built.largest) / size_format::approximate(size)),
    }
}

/// What a pull of an image transfers; `?` where it is not known.
fn packed(row: &Row) -> String {
    row.built.as_ref().map(|built| part(built.packed)).unwrap_or_default()
}

/// A part of an image's size; `?` where the engine does not tell.
fn part(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".to_owned(), size_format::format_size)
}

/// What is said of an image that is not there.
const NOT_BUILT: &str = "not built";

/// What is said of `row`, whose image is not there; one of the err set is known not to build.
fn absent(row: &Row) -> &'static str {
    if row.is_expected() { NOT_BUILT } else { "not built (err)" }
}

/// All images in one line.
fn totals(sizes: &Sizes) -> String {
    let Total { built, missing, size, on_disk, packed } = sizes.total;
    let images = if built == 1 { "image" } else { "images" };
    let not_built = if missing == 0 { String::new() } else { format!(", {missing} not built") };
    let (size, on_disk) = (size_format::format_size(size), size_format::format_size(on_disk));
    let once = match sizes.figures.kind {
        FigureKind::Store => "on disk with layers counted once",
        // Not on disk: there files take whole blocks.
        FigureKind::Exact => "with layers counted once (exact: the files of the layers)",
    };
    let packed = packed.map(|packed| format!(", {} packed", size_format::format_size(packed))).unwrap_or_default();
    format!("{built} {images}, {size} in total, {on_disk} {once}{packed}{not_built}")
}

/// `text` in at most `most` characters, an ellipsis for what is left out of its middle: names differ at their ends.
fn shortened(text: &str, most: usize) -> String {
    let len = text.chars().count();
    if len <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let tail = kept / 2;
    let head = kept - tail;
    let ellipsis = if most == 0 { "" } else { "…" };
    text.chars().take(head).chain(ellipsis.chars()).chain(text.chars().skip(len - tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::shortened;
    use crate::engine::images::Image;
    use crate::sizes::baseline::{Baseline, Changes};
    use crate::sizes::tests::services;
    use crate::sizes::{Sizes, SortOrder, measure};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Changes of every kind, with a name that no file could have.
    pub(super) fn changed(sizes: &Sizes) -> Changes {
        let earlier = r#"{"images": [
            {"service": "hello-c.gcc", "size": 1140000000},
            {"service": "hello-c.gcc-static.scratch", "size": 500000},
            {"service": "hello-c.gcc.ubuntu", "size": 200000000},
            {"service": "empty.scratch", "size": 0},
            {"service": "other.two", "size": null},
            {"service": "</title><script>\u001b[31m\r\n| `a` *b* _c_ [d](http://e) &amp; @f #1 \"'", "size": 1},
            {"service": "=1+2,3", "size": 1}
        ]}"#;
        Baseline::parse(earlier.as_bytes()).unwrap().changes(sizes, "5%,10kB".parse().unwrap())
    }

    /// A repository of 70 names of 128 characters in programs of `count` and more images.
    pub(super) fn long_names(count: usize) -> Sizes {
        let name = |n: usize| format!("{:p<40}.{:b<50}.{n:r>36}", format!("p{}", n / (count + 1)), "build");
        let names: Vec<String> = (0..70).map(name).collect();
        let mut size = 94_208_u64;
        let mut images = BTreeMap::new();
        for name in &names {
            images.insert(name.clone(), Image { id: name.clone(), size, layers: None, packed: None });
            size += size / 7;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        measure(&|service| format!("minimage:{service}"), &services(&names), &images, SortOrder::Size)
    }

    #[test]
    fn a_name_is_shortened_in_its_middle() {
        assert_eq!(shortened("hello-c.gcc.scratch", 19), "hello-c.gcc.scratch");
        assert_eq!(shortened("hello-c.gcc.scratch", 10), "hello…atch");
        assert_eq!([0, 1, 2].map(|most| shortened("abcdef", most)), ["", "…", "a…"]);
    }

    proptest! {
        #[test]
        fn a_shortened_name_fits(text: String, most in 0..40_usize) {
            prop_assert!(shortened(&text, most).chars().count() <= most);
        }
    }
}
