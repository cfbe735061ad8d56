//! Sizes as metrics (`OpenMetrics` 1.0), which GitLab compares between two branches.

use std::fmt::Write as _;

use super::Report;
use image_analyzer::printable::printable;

/// A number of bytes for each image that is there, then for all, by service. What is not built or not known has no line.
pub(super) fn render(report: Report<'_>) -> String {
    let mut rows: Vec<_> = report.sizes.rows().collect();
    rows.sort_unstable_by(|one, other| one.service.cmp(&other.service));
    let mut out = String::new();
    let mut family = |name: &str, help: &str, lines: Vec<(String, u64)>| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "# TYPE {name} gauge\n# UNIT {name} bytes\n# HELP {name} {help}");
        for (labels, bytes) in lines {
            let _ = writeln!(out, "{name}{labels} {bytes}");
        }
    };
    let labelled = |name: &str| format!("{{service=\"{}\"}}", escaped(&printable(name)));
    let sizes = rows.iter().filter_map(|row| Some((labelled(row.service.as_str()), row.size()?)));
    family("mkcompose_image_size_bytes", "The size of an image.", sizes.collect());
    let own = rows.iter().filter_map(|row| {
        let share = row.built.as_ref()?.share?;
        Some((labelled(row.service.as_str()), share.own))
    });
    family("mkcompose_image_own_bytes", "What no other image of the list has.", own.collect());
    if report.sizes.has_packed() {
        let packed = rows.iter().filter_map(|row| Some((labelled(row.service.as_str()), row.built.as_ref()?.packed?)));
        family(
            "mkcompose_image_packed_bytes",
            "The compressed layers of an image, which a pull transfers.",
            packed.collect(),
        );
    }
    let total = vec![(String::new(), report.sizes.total.on_disk)];
    family("mkcompose_images_on_disk_bytes", "All images, with layers counted once.", total);
    out + "# EOF\n"
}

/// `text` as the value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{escaped, render};
    use crate::report::sizes::Report;
    use crate::sizes::SortOrder;
    use crate::sizes::tests::sample;
    use insta::assert_snapshot;

    #[test]
    fn a_line_for_each_image_that_is_there() {
        assert_snapshot!(render(Report { sizes: &sample(SortOrder::Size), changes: None }));
    }

    #[test]
    fn no_value_ends_a_label() {
        assert_eq!(escaped("a\"} 1\n\\"), "a\\\"} 1\\n\\\\");
    }
}
