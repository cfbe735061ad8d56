//! Sizes as a picture: a horizontal bar chart on a logarithmic scale, for a README in a light or a dark page.
//!
//! Everything is placed by arithmetic on the number of characters, in a monospaced font, so that the same sizes are the
//! same bytes everywhere; nothing is loaded. Readers that honour `prefers-color-scheme` get a card in the page's scheme,
//! others the middle tones that can be read on white and on black, and no card.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{Report, absent, shortened, totals};
use crate::markup::escape;
use crate::size_format::{approximate, format_size};
use crate::sizes::{Program, Row, Sizes};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
/// The title of the picture.
pub(super) const TITLE: &str = "Image sizes";

/// The width of a character in the font of labels: 12px, and 0.6 of it, a little more to be safe.
const CHARACTER: f64 = 7.4;
/// Longer names are shortened in the middle; the whole one shows when the pointer rests on the row.
const LONGEST_LABEL: usize = 44;
/// The same for the titles of programs, which may run over the bars' part of the picture.
const LONGEST_TITLE: usize = 64;
/// Room for the figure behind the longest bar.
const FIGURE: f64 = 60.0;
const ROW: f64 = 20.0;
const BAR: f64 = 12.0;
/// The title of a program and the room above it.
const PROGRAM: f64 = 36.0;
/// Above the first program: the title, the totals and the axis.
const HEAD: f64 = 92.0;
/// Below the last row: the axis again and its title.
const FOOT: f64 = 64.0;

const STYLE: &str = "\
.card{fill:none;stroke:none}\
.title,.program,.label,.figure{fill:#7a7e85}\
.note,.tick{fill:#7a7e85}\
.grid{stroke:#808080;stroke-opacity:.3}\
.bar{fill:#3f83c8}\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}\
.title{font-size:18px;font-weight:600}\
.note,.tick{font-size:12px}\
.program{font-size:13px;font-weight:600}\
.label,.figure{font-size:12px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}\
.program,.figure{stroke:none;stroke-width:4px;stroke-linejoin:round;paint-order:stroke}\
.absent{font-style:italic}\
@media (prefers-color-scheme:light){\
.card{fill:#fff;stroke:#d0d7de}.title,.program,.label,.figure{fill:#1f2328}.note,.tick{fill:#59636e}.bar{fill:#2f74b8}.program,.figure{stroke:#fff}}\
@media (prefers-color-scheme:dark){\
.card{fill:#0d1117;stroke:#30363d}.title,.program,.label,.figure{fill:#e6edf3}.note,.tick{fill:#9198a1}.bar{fill:#4b95e0}.program,.figure{stroke:#0d1117}}";

/// Where the bars are.
struct Plot {
    left: f64,
    width: f64,
    bottom: f64,
}

/// The picture, with a newline at its end.
pub(super) fn render(report: Report<'_>) -> String {
    let sizes = report.sizes;
    let scale = Scale::of(sizes);
    let longest = sizes.rows().map(|row| label(row).chars().count()).max().unwrap_or_default();
    let left = (MARGIN + characters(longest) + 12.0).round();
    let height = |program: &Program| PROGRAM + approximate(program.rows.len() as u64) * ROW;
    let bottom = HEAD + sizes.programs.iter().map(height).sum::<f64>();
    let plot = Plot { left, width: WIDTH - MARGIN - FIGURE - left, bottom: bottom + 8.0 };
    let mut out = head(sizes, bottom + FOOT);
    out += &axis(&scale, &plot);
    let mut y = HEAD;
    for program in &sizes.programs {
        out += &text("program", MARGIN, y + PROGRAM - 10.0, "", &shortened(&program.name, LONGEST_TITLE));
        y += PROGRAM;
        for row in &program.rows {
            out += &bar(row, &scale, &plot, y);
            y += ROW;
        }
    }
    out += "</svg>\n";
    out
}

fn head(sizes: &Sizes, height: f64) -> String {
    let totals = totals(sizes);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title note\">\n<style>{STYLE}</style>\n"
    );
    let _ = writeln!(
        out,
        "<rect class=\"card\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>",
        WIDTH - 1.0,
        height - 1.0
    );
    out += &text("title", MARGIN, 38.0, " id=\"title\"", TITLE);
    out += &text("note", MARGIN, 60.0, " id=\"note\"", &totals);
    out
}

/// A line and a figure for every power of ten, above and below the bars, and what they measure.
fn axis(scale: &Scale, plot: &Plot) -> String {
    let mut out = String::new();
    for tick in scale.ticks() {
        let x = plot.left + plot.width * scale.at(tick);
        let _ = writeln!(out, "<path class=\"grid\" d=\"M{x:.1} {}V{:.1}\"/>", HEAD + 4.0, plot.bottom);
        for y in [HEAD - 4.0, plot.bottom + 16.0] {
            out += &text("tick", x, y, " text-anchor=\"middle\"", &format_size(tick));
        }
    }
    let middle = plot.left + plot.width / 2.0;
    out += &text("note", middle, plot.bottom + 38.0, " text-anchor=\"middle\"", "image size, log scale");
    out
}

/// One row: its label, its bar, its figure, and all of it in words for who points at it or hears it.
fn bar(row: &Row, scale: &Scale, plot: &Plot, y: f64) -> String {
    let baseline = y + 14.0;
    let said = row.built.as_ref().map_or_else(|| absent(row).to_owned(), |built| format_size(built.size));
    let mut out = format!("<g><title>{}: {said}</title>", escape(row.service.as_str()));
    out += text("label", plot.left - 12.0, baseline, " text-anchor=\"end\"", &label(row)).trim_end();
    match row.size() {
        None => out += text("figure absent", plot.left + 6.0, baseline, "", &said).trim_end(),
        Some(size) => {
            let width = plot.width * scale.at(size);
            let top = y + (ROW - BAR) / 2.0;
            let _ = write!(
                out,
                "<rect class=\"bar\" x=\"{}\" y=\"{top}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\"/>",
                plot.left
            );
            out += text("figure", plot.left + width + 6.0, baseline, "", &said).trim_end();
        }
    }
    out += "</g>\n";
    out
}

/// The service without its program, which stands above; what else would be empty is the service whole.
fn label(row: &Row) -> String {
    let service = row.service.as_str();
    let rest = service.strip_prefix(row.service.program()).and_then(|rest| rest.strip_prefix('.'));
    shortened(rest.unwrap_or(service), LONGEST_LABEL)
}

fn text(class: &str, x: f64, y: f64, attributes: &str, words: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\"{attributes}>{}</text>\n", escape(words))
}

fn characters(count: usize) -> f64 {
    approximate(count as u64) * CHARACTER
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LABEL, render};
    use crate::report::sizes::Report;
    use crate::report::sizes::tests::long_names;
    use crate::sizes::SortOrder;
    use crate::sizes::tests::sample;
    use insta::assert_snapshot;

    #[test]
    fn the_picture() {
        assert_snapshot!(render(Report { sizes: &sample(SortOrder::Size), changes: None }));
    }

    #[test]
    fn a_long_name_is_shortened_to_see_and_whole_to_hear() {
        let sizes = long_names(1);
        let name = sizes.programs[0].rows[0].service.to_string();
        assert_eq!(name.len(), 128);
        let picture = render(Report { sizes: &sizes, changes: None });
        assert!(picture.contains(&format!("<title>{name}: ")));
        let labels = picture.split("class=\"label\"").skip(1).filter_map(|rest| rest.split(['>', '<']).nth(1));
        assert!(labels.into_iter().all(|label| label.chars().count() <= LONGEST_LABEL));
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let picture = render(Report { sizes: &sample(SortOrder::Size), changes: None });
        let elsewhere = picture.replace("http://www.w3.org/2000/svg", "");
        for word in ["http", "url(", "@import", "@font-face", "href", "<script"] {
            assert!(!elsewhere.contains(word), "{word}");
        }
    }
}
