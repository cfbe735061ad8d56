//! The program that a command line in one string executes, where that is known without a shell.
//!
//! A shell is a programming language; here only the plainest of its sentences are understood: words, quotes, and
//! assignments before a command. Anything else is left alone rather than guessed at.

/// Splits a string into words as `sh` would, if it is plain: no expansion, no operator, no comment.
///
/// Returns `None` where a shell would do more than split.
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    // Other white space is part of a word.
    let mut chars = line.trim_matches([' ', '\t', '\n']).chars();
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

/// The longest word that the kernel hands to a program, in bytes (`MAX_ARG_STRLEN`).
const LONGEST: usize = 128 << 10;

/// A sentence of a shell that starts one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// What is assigned before the program, for it alone: names and values, in order.
    pub assigned: Vec<(String, String)>,
    /// The program and its arguments; never empty.
    pub words: Vec<String>,
}

/// The one program that `line` starts, without assignments and `exec` before it; `None` if it starts none, if it is
/// something that the shell does itself, or where a shell would do more than is followed here.
pub(crate) fn sentence(line: &str) -> Option<Sentence> {
    if line.len() > LONGEST {
        return None;
    }
    let mut words = split(line)?;
    let count = words.iter().take_while(|word| assignment(word).is_some()).count();
    let assigned: Vec<_> = words.drain(..count).filter_map(|word| assignment(&word)).collect();
    // A tilde in a value may mean a home.
    if assigned.iter().any(|(_, value)| value.contains('~')) {
        return None;
    }
    if words.first().is_some_and(|first| first == "exec") {
        words.remove(0);
        // An option of `exec`: `-a NAME`, `-c`, `-l`.
        if words.first().is_some_and(|word| word.starts_with('-')) {
            return None;
        }
    }
    let first = words.first()?;
    let is_appended = first.split_once("+=").is_some_and(|(name, _)| is_name(name));
    (!is_appended && !is_builtin(first)).then_some(Sentence { assigned, words })
}

/// `NAME=value`, taken apart.
pub(crate) fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=').filter(|(name, _)| is_name(name))?;
    Some((name.to_owned(), value.to_owned()))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Words that mean something to a shell itself: the keywords and builtins of dash, of busybox and of bash.
pub(crate) fn is_builtin(word: &str) -> bool {
    const BUILTIN: &str = ". : [ [[ alias bg bind break builtin caller case cd chdir command compgen complete compopt continue \
        coproc declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for \
        function getopts hash help history if in jobs kill let local logout mapfile popd printf pushd pwd read \
        readarray readonly return select set shift shopt source suspend test then time times trap true type \
        typeset ulimit umask unalias unset until wait while";
    BUILTIN.split(' ').any(|builtin| builtin == word)
}

#[cfg(test)]
mod tests {
    use super::{sentence, split};
    use proptest::prelude::*;

    fn run(line: &str) -> Option<String> {
        let sentence = sentence(line)?;
        let assigned = sentence.assigned.iter().map(|(name, value)| format!("{name}={value};"));
        Some(assigned.chain([sentence.words.join("|")]).collect())
    }

    #[test]
    fn plain_words_and_quotes_are_split_as_a_shell_does() {
        assert_eq!(run("./hello"), Some("./hello".to_owned()));
        assert_eq!(run("  java -cp . 'Hello World' \"a b\"c ''"), Some("java|-cp|.|Hello World|a bc|".to_owned()));
        assert_eq!(run("A=1 B= exec ./run x=y"), Some("A=1;B=;./run|x=y".to_owned()));
    }

    #[test]
    fn what_needs_a_shell_is_left_to_it() {
        for line in [
            "a && b", "a; b", "$A", "\"$A\"", "`a`", "a > b", "~/a", "# a", "a *", "'open", "(a)", "echo a", "A=1", "",
            "exec",
        ] {
            assert_eq!(run(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_assigned_is_kept_and_what_an_assignment_or_exec_may_mean_beyond_is_left_alone() {
        assert_eq!(run("LD_LIBRARY_PATH=/o PATH='/a b' u x"), Some("LD_LIBRARY_PATH=/o;PATH=/a b;u|x".to_owned()));
        assert_eq!(run("exec A=1"), Some("A=1".to_owned()), "behind exec it is a program's name");
        assert_eq!(run(&"A=1 ".repeat(1 << 16)), None, "longer than a word can be");
        for line in ["exec -a foo ./run", "exec -c ./run", "PATH=~/bin run", "PATH+=:/opt run", "A=1 echo"] {
            assert_eq!(run(line), None, "{line}");
        }
    }

    #[test]
    fn what_any_of_the_shells_does_itself_is_no_program() {
        for word in "coproc readarray mapfile fc complete compopt suspend chdir time function".split(' ') {
            assert_eq!(run(&format!("{word} x")), None, "{word}");
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
