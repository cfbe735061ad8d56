//! Makes text from outside safe to print: file names, log lines, messages of an engine.
//!
//! A name may hold a newline, an escape sequence that recolours the terminal or a character that reverses the line. Each
//! such character becomes a visible escape. The functions do not quote for a shell, YAML, Markdown or XML.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;

/// `text` with every control and direction-changing character as `\n`, `\t`, `\r`, `\x1b` or `\u{202e}`.
///
/// Borrowed when there is nothing to escape. A backslash stays as it is: the result is for eyes, not for parsing.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push(&mut out, c);
    }
    Cow::Owned(out)
}

/// Bytes as [`printable`] text; what is not UTF-8 shows as `\xff`, byte by byte.
pub fn printable_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut out, c));
        for byte in chunk.invalid() {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// A file name or any other string of the operating system, as [`printable_bytes`].
pub fn printable_os(name: &OsStr) -> String {
    printable_bytes(name.as_encoded_bytes())
}

/// A path, as [`printable_bytes`].
pub fn printable_path(path: &Path) -> String {
    printable_os(path.as_os_str())
}

fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_ascii() && is_hidden(c) => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if is_hidden(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Control characters (Unicode category Cc), noncharacters (which YAML readers refuse), line and paragraph separators, and
/// those that change the direction of the text around them or are invisible (Unicode Standard Annex 9 and the category Cf
/// characters abused in file names).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Words as a JSON array on one line, as `ENTRYPOINT` and `CMD` take them; a character that would not show is written by
/// its number.
pub fn printable_json(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
        let plain = escaped.chars().fold(String::new(), |mut plain, c| {
            push_json(&mut plain, c);
            plain
        });
        format!("\"{plain}\"")
    });
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}

/// Adds a character of a JSON string.
fn push_json(out: &mut String, c: char) {
    if is_hidden(c) {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    } else {
        out.push(c);
    }
}

/// The first 500 characters, and a sign if there were more: a line without an end would fill a report.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(500) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{printable, printable_bytes, printable_json};
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_borrowed_as_it_is() {
        assert!(matches!(printable("héllo.wörld\\n"), std::borrow::Cow::Borrowed("héllo.wörld\\n")));
    }

    #[test]
    fn newlines_escapes_and_overrides_become_visible() {
        assert_eq!(printable("a\nb\x1b[31m\u{202e}c\u{7f}\u{85}\t\r"), r"a\nb\x1b[31m\u{202e}c\x7f\u{85}\t\r");
    }

    #[test]
    fn noncharacters_become_visible() {
        assert_eq!(
            printable("\u{fffe}\u{ffff}\u{10fffe}\u{fdd0}\u{fffd}"),
            "\\u{fffe}\\u{ffff}\\u{10fffe}\\u{fdd0}\u{fffd}"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_show_as_hexadecimal() {
        assert_eq!(printable_bytes(b"a\xff\xc3b\x00"), r"a\xff\xc3b\x00");
    }

    #[test]
    fn words_become_a_json_array_without_hidden_characters() {
        let words = ["a\"b", "c\\d", "é\n\u{202e}"].map(str::to_owned);
        assert_eq!(printable_json(&words), r#"["a\"b", "c\\d", "é\u000a\u202e"]"#);
    }

    proptest! {
        #[test]
        fn no_control_character_survives(bytes: Vec<u8>) {
            prop_assert!(!printable_bytes(&bytes).chars().any(char::is_control));
        }
    }
}
