//! Findings as a report of code quality, which GitLab shows in a merge request.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::Report;
use crate::lint::{Level, LintFinding};
use crate::markup::json as escape;
use image_analyzer::printable::{printable, printable_path};

#[derive(Serialize)]
struct Violation {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// The document, on several lines, with a newline at its end. It is an array, also when empty.
///
/// # Errors
/// None that is known of: it holds nothing that JSON cannot say.
pub(super) fn render(report: Report<'_>) -> Result<String, serde_json::Error> {
    let mut seen = BTreeMap::new();
    let violations = report.findings.iter().zip(report.from_root).map(|(finding, from_root)| {
        let nth: &mut u32 = seen.entry((from_root, finding.rule, &finding.message)).or_default();
        *nth += 1;
        violation(finding, from_root, *nth)
    });
    Ok(escape(&serde_json::to_string_pretty(&violations.collect::<Vec<_>>())?) + "\n")
}

fn violation(finding: &LintFinding, from_root: &Path, nth: u32) -> Violation {
    Violation {
        description: printable(&finding.message).into_owned(),
        check_name: finding.rule.as_str(),
        fingerprint: fingerprint(finding, from_root, nth),
        severity: match finding.rule.level() {
            Level::Error => "major",
            Level::Warning => "minor",
        },
        location: Location { path: printable_path(from_root), lines: Lines { begin: finding.line } },
    }
}

/// What GitLab knows a finding by, in this run and the next: not by its line, which moves when one is added above; `nth`
/// tells apart what is found more than once. FNV-1a with 128 bits (RFC 9923).
fn fingerprint(finding: &LintFinding, from_root: &Path, nth: u32) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let nth = nth.to_string();
    let parts = [
        from_root.as_os_str().as_encoded_bytes(),
        finding.rule.as_str().as_bytes(),
        finding.message.as_bytes(),
        nth.as_bytes(),
    ];
    let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0]));
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use crate::lint::{LintFinding, Rule};
    use std::path::Path;

    #[test]
    fn a_finding_is_known_again_where_its_line_moved_and_told_from_any_other() {
        let finding = |line, rule, message: &str| LintFinding {
            path: "a/Dockerfile".into(),
            line,
            rule,
            message: message.to_owned(),
        };
        let one = finding(3, Rule::MissingArg, "m");
        let print = |finding: &LintFinding, path: &str, nth| fingerprint(finding, Path::new(path), nth);
        assert_eq!(print(&one, "a", 1), print(&finding(9, Rule::MissingArg, "m"), "a", 1));
        let others = [
            print(&one, "a", 2),
            print(&one, "b", 1),
            print(&finding(3, Rule::StageCount, "m"), "a", 1),
            print(&finding(3, Rule::MissingArg, "n"), "a", 1),
        ];
        assert!(others.iter().all(|other| *other != print(&one, "a", 1)));
        assert_eq!(print(&one, "a", 1).len(), 32);
    }
}
