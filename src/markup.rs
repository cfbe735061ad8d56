//! Text from outside within JSON, Markdown and XML: printable first, then nothing of it is markup.

use std::fmt::Write as _;

use image_analyzer::printable::{is_hidden, printable};

/// `document`, which is JSON, with every hidden character in its strings as `\u` and four digits: for a JSON reader the
/// same document, for a terminal nothing but text.
///
/// JSON itself demands this for U+0000 to U+001F alone. Newlines are left: in JSON they only stand between tokens.
pub fn json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if c == '\n' || !is_hidden(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// `text` as plain words of Markdown, HTML and XML: what could be markup, a link, a mention or the end of a cell becomes a
/// numeric character reference, which none of them takes for structure (GitHub Flavored Markdown, "Entity and numeric
/// character references"; XML 1.0, section 4.1). Not for the start of a paragraph, where `-` or `+` would begin a list.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '.' | '-' | ',' | ' ' | '%' | '(' | ')' | '/' | '+' => out.push(c),
            // `http://…` would become a link.
            ':' if !text.contains("://") => out.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escape, json};
    use proptest::prelude::*;

    #[test]
    fn hidden_characters_in_json_become_escapes_of_json() {
        let hidden = serde_json::to_string("\u{7f}\u{9b}\u{202e}\u{e0041}\u{1b}").unwrap();
        assert_eq!(json(&hidden), r#""\u007f\u009b\u202e\udb40\udc41\u001b""#);
        assert_eq!(json("{\n  \"a\": 1\n}\n"), "{\n  \"a\": 1\n}\n");
    }

    #[test]
    fn ordinary_names_stay_readable() {
        assert_eq!(escape("hello-c.gcc: 1.14GB (+5%)"), "hello-c.gcc: 1.14GB (+5%)");
        assert_eq!(escape("a|b `c` http://d"), "a&#124;b &#96;c&#96; http&#58;//d");
    }

    proptest! {
        #[test]
        fn json_stays_the_same_document(text: String) {
            let document = serde_json::to_string_pretty(&[&text]).unwrap();
            let escaped = json(&document);
            prop_assert!(!escaped.contains(|c: char| c.is_control() && c != '\n'));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), vec![text]);
        }

        #[test]
        fn no_text_is_markup(text: String) {
            let escaped = escape(&text);
            let unwanted = ['|', '<', '>', '"', '\'', '`', '*', '_', '[', ']', '\\', '~', '@', '\u{fffe}', '\u{ffff}'];
            prop_assert!(!escaped.contains(unwanted), "{}", escaped);
            prop_assert!(!escaped.chars().any(char::is_control));
            // Every `&`, `#` and `;` left is part of a reference that was written here.
            let references = escaped.matches("&#").count();
            prop_assert_eq!(escaped.matches(['&', '#', ';']).count(), references * 3, "{}", escaped);
        }
    }
}
