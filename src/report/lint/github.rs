//! Findings as annotations: the workflow commands that GitHub's runner reads from a step's output.
//!
//! Escaped as GitHub's toolkit does (actions/toolkit, packages/core/src/command.ts). The runner keeps 10 annotations of a
//! level for each step and drops the rest without a word, so the rest is summed up here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::Report;
use crate::lint::{Level, LintFinding, Rule};
use image_analyzer::printable::{printable, printable_path};

/// How many annotations of a level GitHub shows of one step.
const MOST: usize = 10;

/// The errors, then the warnings, at most [`MOST`] of each, then a notice with the number of the rest. Each Dockerfile has
/// its first finding of a level shown before any has a second.
pub(super) fn render(report: Report<'_>) -> String {
    let mut seen: BTreeMap<(Level, &Path), usize> = BTreeMap::new();
    let mut ranked: Vec<(Level, usize, &LintFinding, &Path)> = Vec::with_capacity(report.findings.len());
    for (finding, from_root) in report.findings.iter().zip(report.from_root) {
        let level = finding.rule.level();
        let nth = seen.entry((level, from_root)).or_default();
        ranked.push((level, *nth, finding, from_root));
        *nth += 1;
    }
    // Stable: those of one rank stay by path and line.
    ranked.sort_by_key(|(level, nth, ..)| (*level, *nth));

    let mut out = String::new();
    let mut shown: BTreeMap<Level, usize> = BTreeMap::new();
    let mut rest: BTreeMap<Rule, usize> = BTreeMap::new();
    for (level, _, finding, from_root) in ranked {
        let of_level = shown.entry(level).or_default();
        if *of_level == MOST {
            *rest.entry(finding.rule).or_default() += 1;
            continue;
        }
        *of_level += 1;
        let file = property(&printable_path(from_root));
        let (line, title, message) =
            (finding.line, property(finding.rule.as_str()), data(&printable(&finding.message)));
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "::{} file={file},line={line},title={title}::{message}", level.as_str());
    }
    if !rest.is_empty() {
        let _ = writeln!(out, "::notice title=mkcompose lint::{}", data(&summary(&rest)));
    }
    out
}

/// `12 more findings (8 missing-arg, 4 stage-count): …`
fn summary(rest: &BTreeMap<Rule, usize>) -> String {
    let all: usize = rest.values().sum();
    let findings = if all == 1 { "finding" } else { "findings" };
    let counts: Vec<_> = rest.iter().map(|(rule, count)| format!("{count} {rule}")).collect();
    format!("{all} more {findings} ({}): `mkcompose lint` lists every finding", counts.join(", "))
}

/// `text` as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// `text` as the value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::{data, property, render};
    use crate::lint::{LintFinding, Rule};
    use crate::report::lint::Report;

    fn annotations(findings: &[(&str, usize, Rule, &str)]) -> String {
        let finding = |&(path, line, rule, message): &(&str, usize, Rule, &str)| LintFinding {
            path: path.into(),
            line,
            rule,
            message: message.to_owned(),
        };
        let findings: Vec<_> = findings.iter().map(finding).collect();
        let from_root: Vec<PathBuf> = findings.iter().map(|finding| finding.path.clone()).collect();
        render(Report { findings: &findings, from_root: &from_root })
    }

    #[test]
    fn escapes_are_those_of_the_toolkit() {
        assert_eq!(data("a%0A::b\r\nc,d"), "a%250A::b%0D%0Ac,d");
        assert_eq!(property("a%2C::b\r\nc,d"), "a%252C%3A%3Ab%0D%0Ac%2Cd");
    }

    #[test]
    fn each_dockerfile_has_its_first_finding_shown_before_any_has_a_second() {
        let mut findings = vec![("a", 1, Rule::StageCount, "w"); 1];
        findings.extend((1..=11).map(|line| ("a", line, Rule::MissingArg, "m")));
        findings.extend([("b", 7, Rule::MissingCopySource, "b"), ("c", 8, Rule::StageCount, "c")]);
        let text = annotations(&findings);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "::error file=a,line=1,title=missing-arg::m");
        assert_eq!(lines[1], "::error file=b,line=7,title=missing-copy-source::b");
        assert_eq!(lines[2], "::error file=a,line=2,title=missing-arg::m");
        assert_eq!(lines[9], "::error file=a,line=9,title=missing-arg::m");
        assert_eq!(lines[10], "::warning file=a,line=1,title=stage-count::w");
        assert_eq!(lines[11], "::warning file=c,line=8,title=stage-count::c");
        let rest = "2 more findings (2 missing-arg): `mkcompose lint` lists every finding";
        assert_eq!(lines[12..], [format!("::notice title=mkcompose lint::{rest}")]);
    }

    #[test]
    fn ten_of_a_level_need_no_summary_and_nothing_needs_no_line() {
        assert_eq!(annotations(&[("a", 1, Rule::MissingArg, "m"); 10]).lines().count(), 10);
        assert!(
            annotations(&[("a", 1, Rule::MissingArg, "m"); 11])
                .ends_with("::1 more finding (1 missing-arg): `mkcompose lint` lists every finding\n")
        );
        assert_eq!(annotations(&[]), "");
    }

    /// Reads a command back as the runner does: properties up to the second `::`, then the message.
    fn read(line: &str) -> (Vec<(String, String)>, String) {
        let unescaped = |text: &str| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
            text.replace("%25", "%")
        };
        let (head, message) = line.strip_prefix("::error ").unwrap().split_once("::").unwrap();
        let properties = head.split(',').map(|property| property.split_once('=').unwrap());
        (properties.map(|(name, value)| (name.to_owned(), unescaped(value))).collect(), unescaped(message))
    }

    proptest! {
        #[test]
        fn whatever_is_in_a_path_or_message_it_is_one_command(path in "[^/\0]{1,20}", message: String) {
            let text = annotations(&[(&path, 3, Rule::ParseError, &message)]);
            prop_assert_eq!(text.lines().count(), 1);
            prop_assert!(!text.trim_end().contains(char::is_control));
            let (properties, read) = read(text.strip_suffix('\n').unwrap());
            let shown = |text: &str| image_analyzer::printable::printable(text).into_owned();
            let expected = [("file", shown(&path)), ("line", "3".to_owned()), ("title", "parse-error".to_owned())];
            prop_assert_eq!(properties, expected.map(|(name, value)| (name.to_owned(), value)));
            prop_assert_eq!(read, shown(&message));
        }
    }
}
