//! A command that was meant as a list of words and is not valid JSON: the builder gives the whole of it to a shell.

use crate::rules::shell_lexer::{Operator, Token, lex};

/// The words that were meant, if a shell fails with this line for certain.
pub(crate) fn json_form(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    // Behind `[` and a blank come the words of a test, which may succeed.
    let inside = line.strip_prefix('[').filter(|inside| !inside.starts_with([' ', '\t', '[']))?;
    let is_quoted = inside.starts_with(is_quote);
    let is_list = inside.contains(',') && inside.ends_with(']');
    if !is_quoted && !is_list {
        return None;
    }
    let words = words(inside)?;
    let fails = match lex(line) {
        Some(tokens) => tokens.iter().all(|token| match token {
            Token::End(operator) => *operator == Operator::And,
            _ => true,
        }),
        // A quote that is not closed.
        None => {
            ['"', '\''].iter().any(|quote| line.matches(*quote).count() % 2 == 1)
                && !line.contains(['(', '`', '\n', '<'])
        }
    };
    let has_name = words.first().is_some_and(|word| !word.is_empty());
    (fails && has_name && serde_json::from_str::<Vec<String>>(line).is_err()).then_some(words)
}

const DOUBLE: [char; 4] = ['"', '\u{201c}', '\u{201d}', '\u{201e}'];
const SINGLE: [char; 4] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}'];

fn is_quote(c: char) -> bool {
    DOUBLE.contains(&c) || SINGLE.contains(&c)
}

/// The words between brackets, whatever their quotes, and with a comma, a quote or the bracket left out.
fn words(inside: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = inside.trim();
    while let Some(first) = rest.chars().next() {
        if first == ']' {
            return rest.get(1..).filter(|behind| behind.is_empty()).map(|_| words);
        }
        let (word, behind) = if is_quote(first) {
            let same = if DOUBLE.contains(&first) { DOUBLE } else { SINGLE };
            let text = rest.get(first.len_utf8()..)?;
            match text.find(same) {
                Some(at) => {
                    let behind = text.get(at..)?;
                    let quote = behind.chars().next()?.len_utf8();
                    (text.get(..at)?, behind.get(quote..)?)
                }
                None => (text.trim_end_matches([']', ',', ' ']), ""),
            }
        } else {
            let end = rest.find([',', ']']).unwrap_or(rest.len());
            let word = rest.get(..end)?.trim_end();
            if word.is_empty() || word.contains([' ', '\t']) {
                return None;
            }
            (word, rest.get(end..)?)
        };
        words.push(word.to_owned());
        rest = behind.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::json_form;
    use proptest::prelude::*;

    #[test]
    fn the_words_that_were_meant_are_known() {
        for line in [
            "['python3', 'app.py']",
            "[\"python3\", \"app.py\",]",
            "[\"python3\", \"app.py\"",
            "[\"python3\", \"app.py]",
            "[\"python3\" \"app.py\"]",
            "[\u{201c}python3\u{201d}, \u{201c}app.py\u{201d}]",
            "[\u{2018}python3\u{2019}, \u{2018}app.py\u{2019}]",
            "[python3, app.py]",
            "[\"python3\", 'app.py']",
        ] {
            assert_eq!(json_form(line).unwrap(), ["python3", "app.py"], "{line}");
        }
        assert_eq!(json_form("['/app/a b']").unwrap(), ["/app/a b"]);
    }

    #[test]
    fn what_may_be_a_test_or_may_succeed_is_left_alone() {
        for line in [
            "[ -f x ]",
            "[ 'a' ]",
            "[ \"a\", ]",
            "[[ a ]]",
            "[\"a\"]",
            "['a'] || b",
            "['a']; b",
            "[\u{201c}sh\u{201d}, \u{201c}a; b\u{201d}]",
            "[a] b",
            "['a'] b",
            "[]",
            "[''",
            "a ['b']",
            "",
        ] {
            assert_eq!(json_form(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(line: String, odd in "\\[[\\[\\]a,'\"\u{201c}\u{2019} ;&|]{0,12}") {
            let _ = json_form(&line);
            let _ = json_form(&odd);
        }
    }
}
