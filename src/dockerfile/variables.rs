//! Fills in the variables of a Dockerfile word, by the rules of its reference ("Environment replacement") and of
//! `BuildKit`'s `shell` package: `$X`, `${X}`, `${X:-word}`, `${X-word}`, `${X:+word}`, `${X+word}`, `${X:?word}`,
//! `${X#pattern}`, `${X%pattern}`, `${X/pattern/word}`, quotes and the escape character.
//!
//! A variable without a value is empty, as there. It does not guess: what depends on the machine or on the base image is
//! unknown.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use super::shell_pattern::{regex, trim_end, trim_start};
use crate::gather::Gather;

/// A word within a word within a word: no Dockerfile has more than this, and it must not exhaust the stack.
const MAX_DEPTH: usize = 16;

/// The most bytes of a value that is filled in: values that hold each other several times double with each line. No path and no
/// reference is longer.
const MAX_LEN: usize = 1 << 13;

/// The most bytes of all values of a scope; what is set after that is unknown.
const MAX_BYTES: usize = 16 << 20;

/// The most variables without a value that are looked for in a word.
const MAX_NAMES: usize = 16;

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

/// The variable that `BuildKit` sets to the name of the stage that is built.
pub const TARGET_STAGE: &str = "TARGETSTAGE";

/// Stands in a word for each thing in it that cannot be known: no text has this character.
pub(super) const UNKNOWN: &str = "\u{ffff}";

/// Why a word is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnknownValue {
    /// It has `${X:?word}`, and no X.
    Refused,
    /// It cannot be read, such as `${x.y}`: `BuildKit` refuses it.
    Malformed,
    /// It depends on what the Dockerfile does not say. This much is known, with a [`UNKNOWN`] for each such thing.
    Partly(String),
}

/// The variables that a line sees.
#[derive(Clone, Debug, Default)]
pub(super) struct ArgScope {
    values: BTreeMap<String, String>,
    /// How many bytes were set.
    bytes: usize,
    /// Whether the base image may have set variables that are not in `values`.
    open: bool,
}

enum Value<'s> {
    Set(&'s str),
    Unset,
    /// This much of it is known.
    Unknown(&'s str),
}

impl ArgScope {
    /// The scope before the first FROM. `TARGETSTAGE` is the stage that is built, `default` if none is named.
    pub(super) fn global(args: &BTreeMap<String, Option<String>>) -> Self {
        let target = args.get(TARGET_STAGE).cloned().flatten().unwrap_or_else(|| "default".to_owned());
        Self { values: BTreeMap::from([(TARGET_STAGE.to_owned(), target)]), bytes: 0, open: false }
    }

    /// The scope of a stage, before its first line: empty, but its base image may set anything.
    pub(super) fn stage() -> Self {
        Self { values: BTreeMap::new(), bytes: 0, open: true }
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
                self.values.insert(name.to_owned(), given.clone().unwrap_or_else(|| UNKNOWN.to_owned()));
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
            // All see the values from before the line.
            let pairs = words.iter().filter_map(|word| word.split_once('='));
            let pairs: Vec<_> = pairs.map(|(name, value)| (name, self.value_of(value, escape))).collect();
            for (name, value) in pairs {
                self.insert(name, value);
            }
        } else if let Some((name, value)) = arguments.trim_start().split_once(char::is_whitespace) {
            self.set(name, value.trim(), escape);
        }
    }

    fn set(&mut self, name: &str, value: &str, escape: char) {
        self.insert(name, self.value_of(value, escape));
    }

    fn insert(&mut self, name: &str, value: String) {
        self.bytes = self.bytes.saturating_add(value.len());
        self.values.insert(name.to_owned(), value);
    }

    /// How many variables have a value, known or not.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    fn value_of(&self, value: &str, escape: char) -> String {
        if self.bytes > MAX_BYTES {
            return UNKNOWN.to_owned();
        }
        match expand(value, self, escape) {
            Ok(value) | Err(UnknownValue::Partly(value)) => value,
            Err(UnknownValue::Refused | UnknownValue::Malformed) => UNKNOWN.to_owned(),
        }
    }

    /// The variables that `text` has and that have no value here, in order.
    pub(super) fn without_value(&self, text: &str) -> Vec<String> {
        let mut names = Vec::new();
        for name in names_in(text) {
            let is_empty = match self.get(name) {
                Value::Set(value) => value.is_empty(),
                Value::Unset => true,
                Value::Unknown(_) => false,
            };
            // No reference has more of them.
            if names.len() >= MAX_NAMES {
                break;
            }
            if is_empty && !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// The same scope as far as `text` goes.
    pub(super) fn excerpt(&self, text: &str) -> Self {
        let values = names_in(text).filter_map(|name| Some((name.to_owned(), self.values.get(name)?.clone())));
        Self { values: values.gather(), bytes: 0, open: self.open }
    }

    /// Gives a variable a value.
    pub(super) fn give(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    fn get(&self, name: &str) -> Value<'_> {
        match self.values.get(name) {
            Some(value) if value.contains(UNKNOWN) => Value::Unknown(value),
            Some(value) => Value::Set(value),
            None if self.open || PLATFORM.contains(&name) => Value::Unknown(UNKNOWN),
            None => Value::Unset,
        }
    }
}

/// The names that stand after a `$` in `text`.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = move |rest: &str| rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    text.split('$').skip(1).filter_map(move |rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.get(..name(rest))
    })
}

/// Whether nothing in `word` can be wrong: it has no variable and no quote.
pub(super) fn is_plain(word: &str) -> bool {
    !word.bytes().any(|byte| matches!(byte, b'$' | b'"' | b'\''))
}

/// `word` with its variables filled in and its quotes removed.
pub(super) fn expand(word: &str, scope: &ArgScope, escape: char) -> Result<String, UnknownValue> {
    // Most words have nothing to fill in or to remove.
    if is_plain(word) && !word.contains(escape) && (word.is_ascii() || !word.contains(UNKNOWN)) {
        return Ok(word.to_owned());
    }
    let mut reader = Reader { chars: word.chars().peekable(), scope, escape, keeps_escapes: false, is_beyond: false };
    match reader.word(None, MAX_DEPTH) {
        Some(Text { refused: true, .. }) => Err(UnknownValue::Refused),
        Some(Text { text, .. }) if text.contains(UNKNOWN) => Err(UnknownValue::Partly(text)),
        Some(Text { text, .. }) => Ok(text),
        None if reader.is_beyond => Err(UnknownValue::Partly(UNKNOWN.to_owned())),
        None => Err(UnknownValue::Malformed),
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
    scope: &'a ArgScope,
    escape: char,
    /// Whether the escape character stays in the text, as in a pattern.
    keeps_escapes: bool,
    /// Whether something was not read that `BuildKit` may read.
    is_beyond: bool,
}

impl Reader<'_> {
    /// Reads up to `end`, or to the end of the text without one; `None` if it is malformed.
    fn word(&mut self, end: Option<char>, depth: usize) -> Option<Text> {
        let Some(depth) = depth.checked_sub(1) else {
            self.is_beyond = true;
            return None;
        };
        let mut out = Text::default();
        while let Some(c) = self.chars.next() {
            if out.text.len() > MAX_LEN {
                self.is_beyond = true;
                return None;
            }
            match c {
                c if Some(c) == end => return Some(out),
                '\'' => out.text.push_str(&self.single()?),
                '"' => out.push(&self.double(depth)?),
                '$' => out.push(&self.variable(depth)?),
                c if c == self.escape => {
                    out.text.extend(self.keeps_escapes.then_some(c));
                    out.text.extend(self.chars.next());
                }
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
                    if self.keeps_escapes || (next != '"' && next != '$' && next != self.escape) {
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
        match operator {
            '-' | '+' | '?' => {}
            '#' | '%' => return self.trimmed(&name, operator, depth),
            '/' if !empty_is_unset => return self.replaced(&name, depth),
            _ => return None,
        }
        let word = self.word(Some('}'), depth)?;
        Some(match (self.scope.get(&name), operator) {
            (Value::Unknown(_), _) => Text::from(UNKNOWN),
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

    /// What follows `${X#` or `${X%`: the value without what fits the pattern at its start or end. The longest counts where
    /// the sign is doubled.
    fn trimmed(&mut self, name: &str, sign: char, depth: usize) -> Option<Text> {
        let pattern = self.raw_word('}', depth)?;
        let (value, pattern) = match (self.known(name), pattern) {
            (value, pattern) if !pattern.refused && !pattern.text.contains(UNKNOWN) => (value, pattern.text),
            (_, Text { refused, .. }) => return Some(Text { text: UNKNOWN.to_owned(), refused }),
        };
        // A malformed pattern is refused whatever the value is.
        let is_known = value.is_some();
        let value = value.unwrap_or_default();
        let (pattern, longest) = pattern.strip_prefix(sign).map_or((pattern.as_str(), false), |rest| (rest, true));
        let trimmed =
            if sign == '#' { trim_start(pattern, &value, longest) } else { trim_end(pattern, &value, longest) };
        trimmed.map(|text| Text { text: if is_known { text } else { UNKNOWN.to_owned() }, refused: false })
    }

    /// What follows `${X/`: the value with the first of what fits the pattern replaced, or all with `${X//`.
    fn replaced(&mut self, name: &str, depth: usize) -> Option<Text> {
        let all = self.chars.next_if_eq(&'/').is_some();
        let pattern = self.raw_word('/', depth)?;
        let replacement = self.raw_word('}', depth)?;
        let is_known = |text: &Text| !text.refused && !text.text.contains(UNKNOWN);
        let Some(value) = self.known(name).filter(|_| is_known(&pattern) && is_known(&replacement)) else {
            return Some(Text { text: UNKNOWN.to_owned(), refused: pattern.refused || replacement.refused });
        };
        let pattern = regex(&pattern.text, true, false)?;
        let limit = usize::from(!all);
        let text = pattern.replacen(&value, limit, regex::NoExpand(&replacement.text)).into_owned();
        Some(Text { text, refused: false })
    }

    /// A word of which the escape characters are kept.
    fn raw_word(&mut self, end: char, depth: usize) -> Option<Text> {
        let before = std::mem::replace(&mut self.keeps_escapes, true);
        let word = self.word(Some(end), depth);
        self.keeps_escapes = before;
        word
    }

    /// The value of a variable, if all of it is known.
    fn known(&self, name: &str) -> Option<String> {
        match self.scope.get(name) {
            Value::Set(value) => Some(value.to_owned()),
            Value::Unset => Some(String::new()),
            Value::Unknown(_) => None,
        }
    }

    fn plain(&self, name: &str) -> Text {
        match self.scope.get(name) {
            Value::Set(value) | Value::Unknown(value) => Text::from(value),
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
    use super::{ArgScope, UNKNOWN, UnknownValue, expand, words};
    use proptest::prelude::*;

    fn scope(arguments: &str) -> ArgScope {
        let mut scope = ArgScope::default();
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
    fn patterns_cut_and_replace() {
        let cases = [
            ("${V%%-*}", "1.2"),
            ("${V%-*}", "1.2-a"),
            ("${V#*.}", "2-a-b"),
            ("${V##*-}", "b"),
            ("${V#x}", "1.2-a-b"),
            ("${V%?}", "1.2-a-"),
            ("${V/-/_}", "1.2_a-b"),
            ("${V//-/_}", "1.2_a_b"),
            ("${V//./}", "12-a-b"),
            ("${V/-*/}", "1.2"),
            ("${S/\\//_}", "a_b"),
            ("${W%x}", ""),
            ("${S%/*}", "a"),
            ("${L%\\**}", "a"),
        ];
        for (word, expected) in cases {
            assert_eq!(filled(word, "V=1.2-a-b S=a/b L='a*b'"), expected, "{word}");
        }
    }

    #[test]
    fn a_default_may_use_an_earlier_one() {
        assert_eq!(filled("$IMAGE", "V=1.2 IMAGE=\"golang:${V}\""), "golang:1.2");
    }

    #[test]
    fn what_has_no_value_is_empty_and_what_depends_on_the_machine_is_untold() {
        assert_eq!(filled("a$W${NOPE}", "W"), "a");
        assert_eq!(expand("${W:?}", &scope(""), '\\'), Err(UnknownValue::Refused));
        let untold = |word: &str, arguments: &str| match expand(word, &scope(arguments), '\\') {
            Err(UnknownValue::Partly(outline)) => outline.replace(UNKNOWN, "*"),
            other => format!("{other:?}"),
        };
        assert_eq!(untold("a-${TARGETARCH}-b", ""), "a-*-b");
        assert_eq!(untold("$V.${V:-c}", "V=a-$TARGETARCH"), "a-*.*");
        assert_eq!(untold("${V%x}", "V=$TARGETARCH"), "*");
        assert_eq!(expand("$V", &ArgScope::stage(), '\\'), Err(UnknownValue::Partly(UNKNOWN.to_owned())));
    }

    /// Each was given to an engine, which refused it.
    #[test]
    fn what_docker_cannot_read_is_malformed() {
        for word in ["${V%\\x}", "${V", "\"a", "'a", "${docker.base.image}", "${}", "${V:/a/b}"] {
            assert_eq!(expand(word, &scope("V=a"), '\\'), Err(UnknownValue::Malformed), "{word}");
        }
        let deep = format!("{}x{}", "${W:-".repeat(40), "}".repeat(40));
        assert_eq!(expand(&deep, &scope("W"), '\\'), Err(UnknownValue::Partly(UNKNOWN.to_owned())));
    }

    #[test]
    fn all_values_of_one_env_see_those_before_it() {
        let mut scope = ArgScope::default();
        scope.define("a=x", '\\');
        scope.define("a=y b=$a", '\\');
        assert_eq!(expand("$a$b", &scope, '\\').unwrap(), "yx");
    }

    #[test]
    fn values_that_double_with_each_line_are_unknown_before_they_fill_the_memory() {
        let mut scope = scope("A0=xxxxxxxxxx");
        for line in 1..30 {
            let before = format!("$A{}", line - 1);
            scope.declare(&format!("A{line}={}", before.repeat(10)), '\\', None, &std::collections::BTreeMap::new());
        }
        assert!(matches!(expand("$A29", &scope, '\\'), Err(UnknownValue::Partly(_))));
    }

    #[test]
    fn a_branch_not_taken_need_not_be_known() {
        assert_eq!(filled("${V:-$W}", "V=1"), "1");
        assert_eq!(filled("${W:+$W}", "V=1"), "");
    }

    #[test]
    fn a_stage_sees_what_was_before_from_only_when_it_asks() {
        let outer = scope("V=1");
        let mut stage = ArgScope::stage();
        assert_eq!(expand("$V", &stage, '\\'), Err(UnknownValue::Partly(UNKNOWN.to_owned())));
        stage.declare("V", '\\', Some(&outer), &std::collections::BTreeMap::new());
        assert_eq!(expand("$V", &stage, '\\'), Ok("1".to_owned()));
    }

    #[test]
    fn env_is_read_in_both_its_forms() {
        let mut stage = ArgScope::stage();
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
        assert_eq!(expand(&deep, &scope(""), '\\'), Err(UnknownValue::Partly(UNKNOWN.to_owned())));
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
