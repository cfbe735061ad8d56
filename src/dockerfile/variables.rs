//! Fills in the variables of a Dockerfile word, by the rules of its reference ("Environment replacement") and of
//! `BuildKit`'s `shell` package: `$X`, `${X}`, `${X:-word}`, `${X-word}`, `${X:+word}`, `${X+word}`, `${X:?word}`,
//! quotes and the escape character.
//!
//! A variable without a value is empty, as there. It does not guess: what depends on the machine, on the base image or on
//! a pattern (`${X%…}`) cannot be told.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// A word within a word within a word: more than this is nobody's Dockerfile, and must not exhaust the stack.
const MAX_DEPTH: usize = 16;

/// The variables that `BuildKit` sets for every FROM, by the platform it builds on and for.
const PLATFORM: [&str; 8] = [
    "BUILDARCH",
    "BUILDOS",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETPLATFORM",
    "TARGETVARIANT",
];

/// Stands in a word for each thing in it that cannot be told: no text has this character.
pub(super) const HOLE: &str = "\u{ffff}";

/// Why a word is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// It has `${X:?word}`, and no X.
    Refused,
    /// It depends on what the Dockerfile does not say. This much is known, with a [`HOLE`] for each such thing.
    Untold(String),
}

/// The variables that a line sees.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    values: BTreeMap<String, String>,
    /// Whether the base image may have set variables that are not in `values`.
    open: bool,
}

enum Value<'s> {
    Set(&'s str),
    Unset,
    /// This much of it is known.
    Untold(&'s str),
}

impl Scope {
    /// The scope of a stage, before its first line: empty, but its base image may set anything.
    pub(super) fn stage() -> Self {
        Self { values: BTreeMap::new(), open: true }
    }

    /// Reads the arguments of ARG. `outer` is the scope before FROM, whose values a bare `ARG NAME` brings in. `args` are
    /// the build arguments, which win over defaults.
    pub(super) fn declare(
        &mut self,
        arguments: &str,
        escape: char,
        outer: Option<&Self>,
        args: &BTreeMap<String, Option<String>>,
    ) {
        for word in words(arguments, escape) {
            let (name, default) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            if let Some(given) = args.get(name) {
                // One from the environment has a value that cannot be known here.
                self.values.insert(name.to_owned(), given.clone().unwrap_or_else(|| HOLE.to_owned()));
            } else if let Some(value) = default {
                self.set(name, value, escape);
            } else if let Some(value) = outer.and_then(|outer| outer.values.get(name)) {
                self.values.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// Reads the arguments of ENV: `NAME=value …`, or the old `NAME value`.
    pub(super) fn define(&mut self, arguments: &str, escape: char) {
        let words = words(arguments, escape);
        if words.first().is_some_and(|first| first.contains('=')) {
            for (name, value) in words.iter().filter_map(|word| word.split_once('=')) {
                self.set(name, value, escape);
            }
        } else if let Some((name, value)) = arguments.trim_start().split_once(char::is_whitespace) {
            self.set(name, value.trim(), escape);
        }
    }

    fn set(&mut self, name: &str, value: &str, escape: char) {
        let value = match expand(value, self, escape) {
            Ok(value) | Err(Gap::Untold(value)) => value,
            Err(Gap::Refused) => HOLE.to_owned(),
        };
        self.values.insert(name.to_owned(), value);
    }

    fn get(&self, name: &str) -> Value<'_> {
        match self.values.get(name) {
            Some(value) if value.contains(HOLE) => Value::Untold(value),
            Some(value) => Value::Set(value),
            None if self.open || PLATFORM.contains(&name) => Value::Untold(HOLE),
            None => Value::Unset,
        }
    }
}

/// `word` with its variables filled in and its quotes removed.
pub(super) fn expand(word: &str, scope: &Scope, escape: char) -> Result<String, Gap> {
    let mut reader = Reader { chars: word.chars().peekable(), scope, escape };
    match reader.word(None, MAX_DEPTH) {
        Some(Text { refused: true, .. }) => Err(Gap::Refused),
        Some(Text { text, .. }) if text.contains(HOLE) => Err(Gap::Untold(text)),
        Some(Text { text, .. }) => Ok(text),
        None => Err(Gap::Untold(HOLE.to_owned())),
    }
}

/// The words of a line, quotes kept: white space within quotes or after the escape character does not separate.
pub(super) fn words(mut line: &str, escape: char) -> Vec<&str> {
    let mut words = Vec::new();
    line = line.trim_start();
    while !line.is_empty() {
        let (word, rest) = first_word(line, escape);
        words.push(word);
        line = rest;
    }
    words
}

/// The first word of a line that starts with one, and the rest from its next word on.
pub(super) fn first_word(line: &str, escape: char) -> (&str, &str) {
    let mut quote = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if quote.is_none() && c.is_whitespace() => {
                let (word, rest) = line.split_at_checked(at).unwrap_or((line, ""));
                return (word, rest.trim_start());
            }
            c if c == escape && quote != Some('\'') => {
                chars.next();
            }
            '"' | '\'' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            _ => {}
        }
    }
    (line, "")
}

/// Text read so far, and whether the Dockerfile refuses to go on.
#[derive(Default)]
struct Text {
    text: String,
    refused: bool,
}

impl Text {
    fn push(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.refused |= other.refused;
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), refused: false }
    }
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    scope: &'a Scope,
    escape: char,
}

impl Reader<'_> {
    /// Reads up to `end`, or to the end of the text without one; `None` if it is malformed.
    fn word(&mut self, end: Option<char>, depth: usize) -> Option<Text> {
        let depth = depth.checked_sub(1)?;
        let mut out = Text::default();
        while let Some(c) = self.chars.next() {
            match c {
                c if Some(c) == end => return Some(out),
                '\'' => out.text.push_str(&self.single()?),
                '"' => out.push(&self.double(depth)?),
                '$' => out.push(&self.variable(depth)?),
                c if c == self.escape => out.text.extend(self.chars.next()),
                c => out.text.push(c),
            }
        }
        end.is_none().then_some(out)
    }

    fn single(&mut self) -> Option<String> {
        let mut out = String::new();
        loop {
            match self.chars.next()? {
                '\'' => return Some(out),
                c => out.push(c),
            }
        }
    }

    fn double(&mut self, depth: usize) -> Option<Text> {
        let mut out = Text::default();
        loop {
            match self.chars.next()? {
                '"' => return Some(out),
                '$' => out.push(&self.variable(depth)?),
                c if c == self.escape => {
                    // Only a quote, a dollar and itself lose the escape character within double quotes.
                    let next = self.chars.next()?;
                    if next != '"' && next != '$' && next != self.escape {
                        out.text.push(c);
                    }
                    out.text.push(next);
                }
                c => out.text.push(c),
            }
        }
    }

    /// What follows a `$`.
    fn variable(&mut self, depth: usize) -> Option<Text> {
        if self.chars.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Some(if name.is_empty() { Text::from("$") } else { self.plain(&name) });
        }
        let name = self.name();
        if name.is_empty() {
            return None;
        }
        let (operator, empty_is_unset) = match self.chars.next()? {
            '}' => return Some(self.plain(&name)),
            ':' => (self.chars.next()?, true),
            operator => (operator, false),
        };
        if !matches!(operator, '-' | '+' | '?') {
            return None;
        }
        let word = self.word(Some('}'), depth)?;
        Some(match (self.scope.get(&name), operator) {
            (Value::Untold(_), _) => Text::from(HOLE),
            (Value::Set(value), operator) if !(empty_is_unset && value.is_empty()) => {
                if operator == '+' {
                    word
                } else {
                    Text::from(value)
                }
            }
            (_, '-') => word,
            (_, '+') => Text::default(),
            _ => Text { refused: true, ..Text::default() },
        })
    }

    fn plain(&self, name: &str) -> Text {
        match self.scope.get(name) {
            Value::Set(value) | Value::Untold(value) => Text::from(value),
            Value::Unset => Text::default(),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::{Gap, HOLE, Scope, expand, words};
    use proptest::prelude::*;

    fn scope(arguments: &str) -> Scope {
        let mut scope = Scope::default();
        scope.declare(arguments, '\\', None, &std::collections::BTreeMap::new());
        scope
    }

    #[track_caller]
    fn filled(word: &str, arguments: &str) -> String {
        expand(word, &scope(arguments), '\\').unwrap()
    }

    #[test]
    fn each_form_of_a_variable_is_filled_in() {
        let cases = [
            ("golang:$V", "golang:1"),
            ("golang:${V}-x", "golang:1-x"),
            ("${V:-2}", "1"),
            ("${W:-2}", "2"),
            ("${W-2}", "2"),
            ("${E:-2}", "2"),
            ("${E-2}", ""),
            ("${V:+alt}", "alt"),
            ("${W:+alt}", ""),
            ("${E:+alt}", ""),
            ("${E+alt}", "alt"),
            ("${V:?told}", "1"),
            ("${W:-${V}}", "1"),
            ("${W:-a${W:-b}c}", "abc"),
            ("\"$V\"", "1"),
            ("'$V'", "$V"),
            ("\\$V", "$V"),
            ("a$", "a$"),
            ("\"a\\b\\\"\"", "a\\b\""),
        ];
        for (word, expected) in cases {
            assert_eq!(filled(word, "V=1 E="), expected, "{word}");
        }
    }

    #[test]
    fn a_default_may_use_an_earlier_one() {
        assert_eq!(filled("$IMAGE", "V=1.2 IMAGE=\"golang:${V}\""), "golang:1.2");
    }

    #[test]
    fn what_has_no_value_is_empty_and_what_depends_on_the_machine_is_untold() {
        assert_eq!(filled("a$W${NOPE}", "W"), "a");
        assert_eq!(expand("${W:?}", &scope(""), '\\'), Err(Gap::Refused));
        let untold = |word: &str, arguments: &str| match expand(word, &scope(arguments), '\\') {
            Err(Gap::Untold(outline)) => outline.replace(HOLE, "*"),
            other => format!("{other:?}"),
        };
        assert_eq!(untold("a-${TARGETARCH}-b", ""), "a-*-b");
        assert_eq!(untold("$V.${V:-c}", "V=a-$TARGETARCH"), "a-*.*");
        for (word, arguments) in [("${V%x}", "V=ax"), ("${V", "V=a"), ("\"a", "")] {
            assert_eq!(untold(word, arguments), "*", "{word}");
        }
        assert_eq!(expand("$V", &Scope::stage(), '\\'), Err(Gap::Untold(HOLE.to_owned())));
    }

    #[test]
    fn a_branch_not_taken_need_not_be_known() {
        assert_eq!(filled("${V:-$W}", "V=1"), "1");
        assert_eq!(filled("${W:+$W}", "V=1"), "");
    }

    #[test]
    fn a_stage_sees_what_was_before_from_only_when_it_asks() {
        let outer = scope("V=1");
        let mut stage = Scope::stage();
        assert_eq!(expand("$V", &stage, '\\'), Err(Gap::Untold(HOLE.to_owned())));
        stage.declare("V", '\\', Some(&outer), &std::collections::BTreeMap::new());
        assert_eq!(expand("$V", &stage, '\\'), Ok("1".to_owned()));
    }

    #[test]
    fn env_is_read_in_both_its_forms() {
        let mut stage = Scope::stage();
        stage.define("A=1 B=\"two words\"", '\\');
        stage.define("C three $A", '\\');
        assert_eq!(expand("$A/$B/$C", &stage, '\\'), Ok("1/two words/three 1".to_owned()));
    }

    #[test]
    fn quotes_and_escapes_keep_words_together() {
        assert_eq!(words(" A=1  B=\"x y\" C=x\\ y 'D E' ", '\\'), ["A=1", "B=\"x y\"", "C=x\\ y", "'D E'"]);
        assert_eq!(words("A=x` y", '`'), ["A=x` y"]);
    }

    #[test]
    fn the_deepest_nesting_ends_without_an_answer() {
        let deep = "${W:-".repeat(100_000);
        assert_eq!(expand(&deep, &scope(""), '\\'), Err(Gap::Untold(HOLE.to_owned())));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_expansion_panic(word: String, arguments: String, escape in prop::sample::select(vec!['\\', '`'])) {
            let mut scope = scope(&arguments);
            scope.define(&arguments, escape);
            let _ = expand(&word, &scope, escape);
        }

        #[test]
        fn shell_like_text_does_not_either(word in "[$a{}:+?'\"\\\\ -]{0,30}") {
            let _ = expand(&word, &scope("a=b"), '\\');
        }

        #[test]
        fn a_word_without_special_characters_is_itself(word in "[a-z0-9/:.@_-]{0,30}") {
            prop_assert_eq!(filled(&word, ""), word);
        }
    }
}
