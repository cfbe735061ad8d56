//! What to say where there is no Dockerfile: where was looked, what was passed over, and what would make it one.

use std::fmt::Write as _;

use image_analyzer::printable::printable_path;

use super::{Problem, Scan, ScanOptions, Skipped};

/// The most names of one kind that are shown.
const MOST: usize = 3;

pub(super) fn problem(options: &ScanOptions, scan: &Scan) -> Problem {
    let (first, others) = options.roots.split_first().map_or((&options.repository, [].as_slice()), |all| all);
    let others: Vec<_> = others.iter().map(|root| format!(", `{}`", printable_path(root))).collect();
    let place = if others.is_empty() {
        "in this folder or below it".to_owned()
    } else {
        format!("in this folder{}, or below them", others.concat())
    };
    let mut what = format!("no Dockerfile {place}");
    let passed_over: Vec<_> = [listed(&scan.skipped), listed(&scan.folders)].into_iter().flatten().collect();
    if !passed_over.is_empty() {
        what = format!("{what}; skipped: {}", passed_over.join(", "));
    }
    what +=
        ": name a file `Dockerfile`, `Dockerfile.NAME` or `NAME.Dockerfile`, or name its folder with `--dockerfiles`";
    if let Some(top) = &options.git_above {
        let _ = write!(what, "; to look in the whole git repository, add `-C {}`", printable_path(top));
    }
    Problem::new(first, what)
}

fn listed(skipped: &[Skipped]) -> Option<String> {
    let shown: Vec<_> = skipped
        .iter()
        .take(MOST)
        .map(|one| {
            format!(
                "`{}` ({})",
                printable_path(&one.path),
                one.reason.to_string().split(':').next().unwrap_or_default()
            )
        })
        .collect();
    let more = skipped.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!(" and {more} more (see `mkcompose list --skipped`)") };
    (!shown.is_empty()).then(|| shown.join(", ") + &more)
}
