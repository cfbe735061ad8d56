//! Findings as SARIF 2.1.0, which code scanning reads. Section numbers are those of the OASIS standard.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde::Serialize;

use super::Report;
use crate::lint::{Level, LintFinding, Rule};
use crate::markup::json as escape;
use image_analyzer::printable::printable;

/// Where the schema is published; editors follow it.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What paths are relative to: by convention, the root of the checkout (3.4.4).
const ROOT: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    /// There also when empty: null would say that nothing was looked for (3.14.23).
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    /// Every rule, so that a place here is the rule's in [`Rule::ALL`].
    rules: Vec<Descriptor>,
}

/// A rule (3.49).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: Level,
}

/// A text for people (3.11).
#[derive(Serialize)]
struct Message {
    text: String,
}

/// A result (3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: Level,
    message: Message,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

/// The document, on several lines, with a newline at its end.
///
/// # Errors
/// None that is known of: it holds nothing that JSON cannot say.
pub(super) fn render(report: Report<'_>) -> Result<String, serde_json::Error> {
    let rules = Rule::ALL.into_iter().map(|rule| Descriptor {
        id: rule.as_str(),
        short_description: message(rule.meaning()),
        help: message(rule.help()),
        default_configuration: Configuration { level: rule.level() },
    });
    let driver = Driver { name: "mkcompose", version: env!("CARGO_PKG_VERSION"), rules: rules.collect() };
    let results = report.findings.iter().zip(report.from_root).map(|(finding, from_root)| result(finding, from_root));
    let log =
        Log { schema: SCHEMA, version: "2.1.0", runs: [Run { tool: Tool { driver }, results: results.collect() }] };
    Ok(escape(&(serde_json::to_string_pretty(&log)? + "\n")))
}

fn result(finding: &LintFinding, from_root: &Path) -> Finding {
    let physical_location = PhysicalLocation {
        artifact_location: ArtifactLocation { uri: uri(from_root), uri_base_id: ROOT },
        region: Region { start_line: finding.line },
    };
    Finding {
        rule_id: finding.rule.as_str(),
        rule_index: Rule::ALL.into_iter().take_while(|rule| *rule != finding.rule).count(),
        level: finding.rule.level(),
        message: message(&finding.message),
        locations: [Location { physical_location }],
    }
}

/// `text` as words alone: braces would be placeholders unless they are doubled (3.11.5), and `[…](…)` a link (3.11.6), which
/// a blank ends, since outside of a link nothing escapes a bracket.
fn message(text: &str) -> Message {
    let text = printable(text).replace('{', "{{").replace('}', "}}");
    Message { text: text.replace("](", "] (") }
}

/// A relative path as a URI reference (RFC 3986, section 4.2): every byte but the unreserved ones and `/` becomes `%` and
/// two digits. So no first part looks like a scheme.
fn uri(path: &Path) -> String {
    let mut out = String::new();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte.into());
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use proptest::prelude::*;

    use super::{message, uri};

    #[test]
    fn a_path_becomes_a_relative_reference_byte_by_byte() {
        assert_eq!(uri(Path::new("a b/c:d/Dockerfile.é%41")), "a%20b/c%3Ad/Dockerfile.%C3%A9%2541");
        assert_eq!(uri(Path::new(OsStr::from_bytes(b"\xff\n/x"))), "%FF%0A/x");
        assert_eq!(uri(Path::new("../x?y#z")), "../x%3Fy%23z");
    }

    #[test]
    fn a_message_holds_neither_placeholders_nor_links() {
        assert_eq!(message("`${A}` {0}").text, "`${{A}}` {{0}}");
        assert_eq!(message("[a](http://b) \x1b").text, r"[a] (http://b) \x1b");
    }

    proptest! {
        #[test]
        fn no_message_has_a_link_or_a_lone_brace(text: String) {
            let text = message(&text).text;
            prop_assert!(!text.contains("]("));
            let lone = text.replace("{{", "").replace("}}", "").contains(['{', '}']);
            prop_assert!(!lone, "{}", text);
        }
    }
}
