//! The patterns of the shell in `${X#pattern}`, `${X%pattern}` and `${X/pattern/word}`, as `BuildKit`'s `shell` package reads them.

use regex::Regex;

/// A pattern of the shell, of which `BuildKit` knows `*`, `?` and `\`, as a regular expression; `None` if it is malformed.
pub(super) fn regex(pattern: &str, longest: bool, at_start: bool) -> Option<Regex> {
    let mut out = if at_start { "^".to_owned() } else { String::new() };
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => out.push_str(if longest { ".*" } else { ".*?" }),
            '?' => out.push('.'),
            '\\' => match chars.next()? {
                literal @ ('}' | '/' | '*' | '?' | '\\') => {
                    out.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
                }
                _ => return None,
            },
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex::RegexBuilder::new(&out).size_limit(16 << 20).build().ok()
}

/// The value without what fits the pattern at its start, the longest or the shortest; `None` if the pattern is malformed.
pub(super) fn trim_start(pattern: &str, value: &str, longest: bool) -> Option<String> {
    let found = regex(pattern, longest, true)?.find(value).map_or(0, |found| found.end());
    value.get(found..).map(str::to_owned)
}

/// The same at its end.
pub(super) fn trim_end(pattern: &str, value: &str, longest: bool) -> Option<String> {
    let value: String = value.chars().rev().collect();
    Some(trim_start(&reversed(pattern), &value, longest)?.chars().rev().collect())
}

/// The pattern from its end to its start; the escape character stays before what it escapes.
fn reversed(pattern: &str) -> String {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        parts.push([Some(c), escaped]);
    }
    parts.into_iter().rev().flatten().flatten().collect()
}
