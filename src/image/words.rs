//! What a command line in one string would execute, where that can be told without a shell.
//!
//! A shell is a programming language; here only the plainest of its sentences are understood: words, quotes, and
//! assignments before a command. Anything else is left alone rather than guessed at.

/// Splits a string into words as `sh` would, if it is plain: no expansion, no operator, no comment.
///
/// Returns `None` where a shell would do more than split.
pub fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => loop {
                match chars.next()? {
                    '\'' => break word.get_or_insert_default().push_str(""),
                    c => word.get_or_insert_default().push(c),
                }
            },
            '"' => loop {
                match chars.next()? {
                    '"' => break word.get_or_insert_default().push_str(""),
                    '$' | '`' | '\\' | '!' => return None,
                    c => word.get_or_insert_default().push(c),
                }
            },
            '~' | '#' if word.is_none() => return None,
            '$' | '`' | '\\' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '{' | '}' | '!' | '\n'
            | '\r' => return None,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// The words that are executed: without assignments and `exec` before them; `None` if nothing is, or if it is something
/// that the shell does itself.
pub fn program(words: &[String]) -> Option<&[String]> {
    let mut rest = words;
    loop {
        let (first, others) = rest.split_first()?;
        if first != "exec" && !is_assignment(first) {
            return (!is_builtin(first)).then_some(rest);
        }
        rest = others;
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Words that mean something to a shell itself, in dash, busybox or bash.
fn is_builtin(word: &str) -> bool {
    const BUILTIN: [&str; 66] = [
        ".", ":", "[", "[[", "alias", "bg", "bind", "break", "builtin", "caller", "case", "cd", "command", "compgen",
        "continue", "declare", "dirs", "disown", "do", "done", "echo", "elif", "else", "enable", "esac", "eval",
        "exit", "export", "false", "fg", "fi", "for", "function", "getopts", "hash", "help", "history", "if", "jobs",
        "kill", "let", "local", "logout", "popd", "printf", "pushd", "pwd", "read", "readonly", "return", "select",
        "set", "shift", "shopt", "source", "test", "then", "time", "times", "trap", "true", "type", "ulimit", "umask",
        "unset", "wait",
    ];
    BUILTIN.contains(&word) || matches!(word, "until" | "while" | "unalias" | "mapfile" | "chdir" | "in" | "typeset")
}

#[cfg(test)]
mod tests {
    use super::{program, split};
    use proptest::prelude::*;

    fn run(line: &str) -> Option<String> {
        split(line).and_then(|words| Some(program(&words)?.join("|")))
    }

    #[test]
    fn plain_words_and_quotes_are_split_as_a_shell_does() {
        assert_eq!(run("./hello"), Some("./hello".to_owned()));
        assert_eq!(run("  java -cp . 'Hello World' \"a b\"c ''"), Some("java|-cp|.|Hello World|a bc|".to_owned()));
        assert_eq!(run("exec A=1 B= ./run x=y"), Some("./run|x=y".to_owned()));
    }

    #[test]
    fn what_needs_a_shell_is_left_to_it() {
        for line in
            ["a && b", "a; b", "$A", "\"$A\"", "`a`", "a > b", "~/a", "# a", "a *", "'open", "(a)", "echo a", "A=1", ""]
        {
            assert_eq!(run(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_string_is_split_or_left_alone(line: String) {
            let _ = split(&line);
        }

        #[test]
        fn words_quoted_one_by_one_come_back(words in proptest::collection::vec("[^']{0,9}", 1..5)) {
            let line = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(&line), Some(words));
        }
    }
}
