//! Text that every YAML reader takes for the same strings.
//!
//! `serde_yaml` writes YAML 1.2 and quotes what that version would take for a number or a boolean. Compose v1 reads
//! with a YAML 1.1 reader, Compose v2 and bake with one that is between the two, so `no`, `1_000` or `2020-01-01` must
//! be quoted too. There is no switch for it: here such a string goes through the writer between two marks that occur
//! nowhere else and are plain characters to it, and each mark then becomes a quote.
//!
//! A character that does not show, or that turns the order of the others around, is written by its number, so that what a reader
//! of the file sees is what is there.
//!
//! It writes strings and what is made of them. Numbers and booleans are not its business: a Compose file of ours has none.

use std::borrow::Cow;

use memchr::memchr;
use serde::{Serialize, Serializer};

use image_analyzer::printable::is_hidden;

/// Values that cannot be written as YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(pub String);

/// A string that arrives as a string, however odd it looks. Serialises as itself; see [`Marks::text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The mark that stands for a quote until the text is written: one that none of the strings has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks(char);

/// Characters that are plain to the writer at the start and the end of a scalar, the common first. There are more
/// private-use characters than a path can hold, so one of them is always free; only their place in the list matters.
fn candidates() -> impl Iterator<Item = char> {
    ['^', ';', '('].into_iter().chain('\u{e000}'..='\u{f8ff}')
}

impl Marks {
    /// Marks that occur in none of `strings`.
    ///
    /// `None` if the strings use up every candidate, some 6,400 characters.
    pub fn free_in<'a>(strings: &(impl Iterator<Item = &'a str> + Clone)) -> Option<Self> {
        let is_in = |mark: char, string: &str| match u8::try_from(mark) {
            Ok(mark) => memchr(mark, string.as_bytes()).is_some(),
            Err(_) => string.contains(mark),
        };
        candidates().find(|&mark| !strings.clone().any(|string| is_in(mark, string))).map(Self)
    }

    /// `string`, marked if some YAML reader would take it for something else.
    pub fn text<'a>(self, string: impl Into<Cow<'a, str>>) -> Text<'a> {
        let string = string.into();
        let Self(mark) = self;
        if !string.is_ascii() && string.chars().any(is_unseen) {
            let escaped: String = string.chars().map(escaped).collect();
            return Text(format!("{mark}{mark}{mark}{escaped}{mark}{mark}{mark}").into());
        }
        Text(if is_ambiguous(&string) { format!("{mark}{string}{mark}").into() } else { string })
    }

    /// The YAML document of `value`, whose strings were all made by [`Marks::text`].
    ///
    /// # Errors
    /// If `serde_yaml` refuses, which it does for no value made of maps and strings.
    pub fn document(self, value: &impl Serialize) -> Result<String, YamlError> {
        let Self(mark) = self;
        let yaml =
            serde_yaml::to_string(value).map_err(|error| YamlError(format!("cannot be written as YAML: {error}")))?;
        if !yaml.contains(mark) {
            return Ok(yaml);
        }
        // Three are a double quote. Two are a string of no characters.
        Ok(yaml.replace(&String::from_iter([mark; 3]), "\"").replace(mark, "'"))
    }
}

/// `string` on one line of a YAML document, as every YAML reader reads it back.
///
/// # Errors
/// If `serde_yaml` refuses, which it does for no string.
pub fn inline(string: &str) -> Result<String, YamlError> {
    // JSON's strings are YAML's double-quoted ones, and on one line.
    let needs_quotes = string.chars().any(char::is_control) && !string.chars().any(is_unseen);
    if needs_quotes {
        return serde_json::to_string(string).map_err(|error| YamlError(error.to_string()));
    }
    let strings = [string];
    let marks = Marks::free_in(&strings.iter().copied())
        .ok_or_else(|| YamlError("it has too many different characters".to_owned()))?;
    Ok(marks.document(&marks.text(string))?.trim_end().to_owned())
}

/// Whether a reader would not see `c`; control characters aside, which `serde_yaml` escapes.
fn is_unseen(c: char) -> bool {
    is_hidden(c) && !c.is_control()
}

/// `c` as it stands between double quotes, and in a plain scalar of any kind.
fn escaped(c: char) -> String {
    match c {
        c if c.is_alphanumeric() || "/._-".contains(c) => c.to_string(),
        c if c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
        c => match u32::from(c) {
            number @ ..=0xffff => format!("\\u{number:04x}"),
            number => format!("\\U{number:08x}"),
        },
    }
}

/// Whether some YAML reader takes the plain scalar `text` for a null, boolean, number, date, merge or default key.
///
/// Wider than any reader's rule, because a needless quote costs nothing: YAML 1.1 type repository (bool, int, float,
/// null, timestamp, merge, value), YAML 1.2.2 core schema, and what go-yaml and `PyYAML` add to them. What begins like
/// a number and has only characters that numbers and dates can have is taken for one.
fn is_ambiguous(text: &str) -> bool {
    const WORDS: [&str; 16] =
        ["", "~", "y", "n", "yes", "no", "on", "off", "true", "false", "null", "<<", "=", ".inf", ".nan", "nan"];
    if text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return true;
    }
    let starts = |first: u8| first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.' | b'_');
    text.bytes().next().is_some_and(starts)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"xXoO_.:+-tTzZ \t".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_digit())
        || is_signed_infinity(text)
}

fn is_signed_infinity(text: &str) -> bool {
    text.strip_prefix(['+', '-']).is_some_and(|rest| rest.eq_ignore_ascii_case(".inf"))
}

#[cfg(test)]
mod tests {
    use super::{Marks, is_ambiguous};
    use proptest::prelude::*;

    #[test]
    fn what_some_reader_takes_for_something_else_is_ambiguous() {
        let traps = [
            "no",
            "NO",
            "No",
            "on",
            "off",
            "y",
            "n",
            "Y",
            "yes",
            "true",
            "null",
            "~",
            "1.0",
            "1_000",
            "0x1F",
            "017",
            "0o17",
            "2020-01-01",
            "2024-05-01 12:00:00",
            "2024-05-01\t12:00:00 +02:00",
            "1e3",
            "1E+3",
            ".5",
            "12",
            "190:20:30",
            "1:20",
            "12:30.5",
            "-1",
            "+1",
            ".inf",
            "-.INF",
            ".NaN",
            "<<",
            "=",
            "0b1010",
            "1.",
            "._1",
            "2001-12-14t21:59:43.10-05:00",
        ];
        for trap in traps {
            assert!(is_ambiguous(trap), "{trap}");
        }
    }

    #[test]
    fn what_is_plainly_a_name_is_left_plain() {
        for name in
            ["hello-c.gcc", "7zip.alpine", "_", "no.alpine", "noon", "minimage:no", "../a/Dockerfile.1", ".", "samples"]
        {
            assert!(!is_ambiguous(name), "{name}");
        }
    }

    #[test]
    fn what_does_not_show_is_written_by_its_number() {
        let strings = ["a\u{202e}b: #\"'\\é\n", "\u{2066}", "", "no", "x\u{200d}\u{e0001}"];
        let marks = Marks::free_in(&strings.into_iter()).unwrap();
        let texts: Vec<_> = strings.into_iter().map(|string| marks.text(string)).collect();
        let yaml = marks.document(&texts).unwrap();
        let lines = [
            r#"- "a\u202eb\x3a\x20\x23\x22\x27\x5cé\x0a""#,
            r#"- "\u2066""#,
            "- ''",
            "- 'no'",
            r#"- "x\u200d\U000e0001""#,
        ];
        assert_eq!(yaml, lines.join("\n") + "\n");
        assert_eq!(serde_yaml::from_str::<Vec<String>>(&yaml).unwrap(), strings);
        assert_eq!(super::inline("a\u{202e}\n").unwrap(), r#""a\u202e\x0a""#);
        assert_eq!(super::inline("a\n").unwrap(), r#""a\n""#);
    }

    #[test]
    fn a_mark_is_never_a_character_of_the_strings() {
        let strings = ["a^b", "c;d", "(\u{e000}"];
        assert_eq!(Marks::free_in(&strings.into_iter()), Some(Marks('\u{e001}')));
    }

    proptest! {
        #[test]
        fn any_string_comes_back_as_that_string(string in any::<String>(), key in "[A-Za-z0-9_.:+-]{0,140}") {
            let marks = Marks::free_in(&[string.as_str(), key.as_str()].into_iter()).unwrap();
            let map = std::collections::BTreeMap::from([(marks.text(&*key).0, marks.text(&*string))]);
            let yaml = marks.document(&map).unwrap();
            let back: std::collections::BTreeMap<String, String> = serde_yaml::from_str(&yaml).unwrap();
            prop_assert_eq!(back, std::collections::BTreeMap::from([(key, string)]));
        }
    }
}
