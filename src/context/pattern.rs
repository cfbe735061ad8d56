//! The patterns of COPY and ADD, for one part of a path, and of ignore files, for a path: those of Go's `filepath.Match`,
//! and of Docker's `patternmatcher` for `**`.
//!
//! `*` any characters but `/`, `?` one, `[a-z]` one of a class, `[^a-z]` one outside it, `\` takes the next as it is. The
//! crate `glob` differs in the last two (`[!a-z]`, no escape), so it is not used here.

use std::iter;

/// What begins something else than a plain character.
const SPECIAL: [char; 5] = ['*', '?', '[', ']', '\\'];

/// A pattern for one part of a path, or for a whole path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Literal(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// Any characters, `/` too.
    Rest,
    /// What follows with its `/`, or nothing: the next is passed over.
    Maybe,
    /// Any number of folders, with the `/` after the last.
    Folders,
}

impl Pattern {
    /// Whether `text` is more than a plain name.
    pub(super) fn is_needed(text: &str) -> bool {
        text.contains(['*', '?', '[', '\\'])
    }

    /// Reads a pattern for one part; `None` if it is malformed, which matches nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let mut tokens = Vec::new();
        while let Some(c) = chars.next() {
            tokens.push(Token::parse(c, &mut chars)?);
        }
        Some(Self(tokens))
    }

    /// Reads a pattern for a path, with `**`; `None` if it is malformed.
    ///
    /// At the end `**` is any text, else any number of whole folders, wherever it stands; at the start, with nothing
    /// special after it, it is any text, too: `**.c` fits `a/b.c`, `**/**.c` does not.
    pub(super) fn of_path(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let mut tokens = Vec::new();
        while let Some(c) = chars.next() {
            let Some(after) = chars.as_str().strip_prefix('*').filter(|_| c == '*') else {
                tokens.push(Token::parse(c, &mut chars)?);
                continue;
            };
            let is_any = tokens.is_empty() && !after.starts_with('/') && !after.contains(SPECIAL);
            let after = after.strip_prefix('/').unwrap_or(after);
            if is_any || after.is_empty() {
                tokens.push(Token::Rest);
            } else {
                tokens.extend([Token::Maybe, Token::Folders]);
            }
            chars = after.chars();
        }
        Some(Self(tokens))
    }

    /// Whether the whole of `text` fits.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.places(text).last() == Some(&true)
    }

    /// Whether a longer text that starts with `text` may fit. Each step is taken from `left`; with none left, it is unknown.
    pub(super) fn goes_on_after(&self, text: &str, left: &mut usize) -> bool {
        let places = self.places_on(text, |_, places| take(places.len(), left));
        places.iter().zip(&self.0).any(|(there, _)| *there)
    }

    /// Whether the path `path` or a folder on it fits. Each step is taken from `left`; with none left, it is unknown.
    pub(super) fn fits_path_or_folder(&self, path: &str, left: &mut usize) -> bool {
        let mut is_on_it = false;
        let places = self.places_on(path, |c, places| {
            is_on_it |= c == '/' && places.last() == Some(&true);
            !is_on_it && take(places.len(), left)
        });
        is_on_it || places.last() == Some(&true)
    }

    /// The longest text that is in everything that fits.
    pub(super) fn needed(&self) -> String {
        let (mut longest, mut run) = (String::new(), String::new());
        for token in &self.0 {
            if let Token::Literal(c) = token {
                run.push(*c);
                continue;
            }
            if run.len() > longest.len() {
                std::mem::swap(&mut longest, &mut run);
            }
            run.clear();
        }
        if run.len() > longest.len() { run } else { longest }
    }

    /// Before which tokens, and whether at the end, one may be after `text`. The time is at most the product of the
    /// lengths.
    fn places(&self, text: &str) -> Vec<bool> {
        self.places_on(text, |_, _| true)
    }

    /// The same. `goes_on` is asked before each character; if it says no, what is returned are the places before that one.
    fn places_on(&self, text: &str, mut goes_on: impl FnMut(char, &[bool]) -> bool) -> Vec<bool> {
        let mut places: Vec<bool> = iter::once(true).chain(self.0.iter().map(|_| false)).collect();
        self.pass_over(&mut places);
        for c in text.chars() {
            if !places.contains(&true) || !goes_on(c, &places) {
                break;
            }
            // Whether the token before takes `c` as its last.
            let mut arrives = false;
            for (place, token) in places.iter_mut().zip(self.tokens_and_end()) {
                let token = token.filter(|_| *place);
                *place = arrives || token.is_some_and(|token| token.stays(c));
                arrives = token.is_some_and(|token| token.ends_with(c));
            }
            self.pass_over(&mut places);
        }
        places
    }

    fn tokens_and_end(&self) -> impl Iterator<Item = Option<&Token>> {
        self.0.iter().map(Some).chain([None])
    }

    /// Adds the places after tokens that may stand for nothing.
    fn pass_over(&self, places: &mut [bool]) {
        let (mut next, mut one_after) = (false, false);
        for (place, token) in places.iter_mut().zip(self.tokens_and_end()) {
            *place |= next;
            next = one_after;
            one_after = false;
            if *place {
                match token {
                    Some(Token::Any | Token::Rest) => next = true,
                    Some(Token::Maybe) => (next, one_after) = (true, true),
                    _ => {}
                }
            }
        }
    }
}

impl Token {
    fn parse(first: char, rest: &mut std::str::Chars<'_>) -> Option<Self> {
        Some(match first {
            '*' => Self::Any,
            '?' => Self::One,
            '\\' => Self::Literal(rest.next()?),
            '[' => class(rest)?,
            c => Self::Literal(c),
        })
    }

    /// Whether it takes `c` and may take more.
    fn stays(&self, c: char) -> bool {
        match self {
            Self::Any => c != '/',
            Self::Rest | Self::Folders => true,
            _ => false,
        }
    }

    /// Whether it takes `c` as its last.
    fn ends_with(&self, c: char) -> bool {
        match self {
            Self::One => c != '/',
            Self::Literal(literal) => *literal == c,
            Self::Class { negated, ranges } => ranges.iter().any(|(from, to)| (from..=to).contains(&&c)) != *negated,
            Self::Folders => c == '/',
            Self::Any | Self::Rest | Self::Maybe => false,
        }
    }
}

/// Takes so many steps from those that are left; whether there were any.
fn take(steps: usize, left: &mut usize) -> bool {
    *left = left.saturating_sub(steps);
    *left > 0
}

/// What follows a `[`, up to its `]`. A class has at least one member, which may be `]` only when escaped.
fn class(chars: &mut std::str::Chars<'_>) -> Option<Token> {
    let mut rest = chars.clone();
    let negated = rest.next()? == '^';
    if negated {
        *chars = rest;
    }
    let mut ranges = Vec::new();
    loop {
        let from = match chars.next()? {
            ']' if !ranges.is_empty() => return Some(Token::Class { negated, ranges }),
            ']' | '-' => return None,
            '\\' => chars.next()?,
            c => c,
        };
        let mut rest = chars.clone();
        if rest.next()? == '-' {
            *chars = rest;
            let to = match chars.next()? {
                ']' | '-' => return None,
                '\\' => chars.next()?,
                c => c,
            };
            ranges.push((from, to));
        } else {
            ranges.push((from, from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use proptest::prelude::*;

    #[track_caller]
    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::parse(pattern).is_some_and(|pattern| pattern.matches(name))
    }

    /// The examples of Go's own documentation and tests of `filepath.Match`, as facts about what it does.
    #[test]
    fn patterns_match_as_in_go() {
        let yes = [
            ("abc", "abc"),
            ("*", "abc"),
            ("*c", "abc"),
            ("a*", "a"),
            ("a*b*c*d*e*", "axbxcxdxe"),
            ("a*b?c*x", "abxbbxdbxebxczzx"),
            ("ab[c]", "abc"),
            ("ab[b-d]", "abc"),
            ("ab[^e-g]", "abc"),
            ("a\\*b", "a*b"),
            ("a?b", "a☺b"),
            ("a[^a]b", "a☺b"),
            ("[\\]a]", "]"),
            ("[\\-x]", "-"),
            ("*x", "xxx"),
        ];
        let no = [
            ("*c", "ab"),
            ("a*b?c*x", "abxbbxdbxebxczzy"),
            ("ab[e-g]", "abc"),
            ("ab[^b-d]", "abc"),
            ("a\\*b", "ab"),
            ("a???b", "a☺b"),
            ("[]a]", "]"),
            ("[-]", "-"),
            ("[x-]", "x"),
            ("[", "a"),
            ("[^", "a"),
            ("a[", "ab"),
            ("a\\", "a"),
            ("", "a"),
        ];
        for (pattern, name) in yes {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in no {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn the_longest_plain_text_is_in_all_that_fits() {
        for (pattern, needed) in [
            ("**/*.log", ".log"),
            ("a/**/bcd", "bcd"),
            ("a\\*b?c", "a*b"),
            ("*", ""),
            ("sub/x[ab]c", "sub/x"),
            ("é*", "é"),
        ] {
            assert_eq!(Pattern::of_path(pattern).unwrap().needed(), needed, "{pattern}");
        }
    }

    #[track_caller]
    fn fits(pattern: &str, path: &str) -> bool {
        Pattern::of_path(pattern).is_some_and(|pattern| pattern.matches(path))
    }

    /// Each was a line of an ignore file that was given to an engine.
    #[test]
    fn two_stars_cross_folders_as_in_docker() {
        for (pattern, path) in [
            ("**.c", "hello.c"),
            ("**.c", "sub/hello.c"),
            ("**hello.c", "sub/hello.c"),
            ("***.c", "sub/deep/x.c"),
            ("s**x.c", "sub/deep/x.c"),
            ("su**/x.c", "sub/deep/x.c"),
            ("sub/**/x.c", "sub/deep/x.c"),
            ("sub/**hello.c", "sub/hello.c"),
            ("sub**", "sub"),
            ("**b", "sub"),
            ("**b/hello.c", "sub/hello.c"),
            ("**/x", "x"),
            ("sub/**", "sub/hello.c"),
            ("**/**", "a"),
            ("sub[^x]hello.c", "sub/hello.c"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("s**.c", "sub/deep/x.c"),
            ("**/**.c", "sub/deep/x.c"),
            ("sub/**", "sub"),
            ("*.c", "sub/hello.c"),
            ("sub?hello.c", "sub/hello.c"),
            ("../hello.c", "hello.c"),
        ] {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
    }

    fn tail(text: &str) -> &str {
        let mut chars = text.chars();
        chars.next();
        chars.as_str()
    }

    fn by_rule(pattern: &str, path: &str) -> bool {
        if let Some(rest) = pattern.strip_prefix("**") {
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            let mut folders = path.match_indices('/').filter_map(|(slash, _)| path.get(slash + 1..));
            return rest.is_empty() || by_rule(rest, path) || folders.any(|below| by_rule(rest, below));
        }
        match (pattern.chars().next(), path.chars().next()) {
            (None, c) => c.is_none(),
            (Some('*'), c) => {
                by_rule(tail(pattern), path) || (c.is_some_and(|c| c != '/') && by_rule(pattern, tail(path)))
            }
            (expected, c) => expected == c && by_rule(tail(pattern), tail(path)),
        }
    }

    proptest! {
        /// Every way to take a pattern apart, one character at a time.
        #[test]
        fn a_pattern_of_a_path_fits_what_the_plain_rules_say(
            pattern in prop::collection::vec("[ab*]{1,4}", 1..4),
            path in prop::collection::vec("[ab]{1,2}", 1..4),
        ) {
            let (pattern, path) = (pattern.join("/"), path.join("/"));
            let expected = match pattern.strip_prefix("**") {
                Some(end) if !end.contains('*') => path.ends_with(end) || end.strip_prefix('/') == Some(path.as_str()),
                _ => by_rule(&pattern, &path),
            };
            prop_assert_eq!(fits(&pattern, &path), expected);
        }

        #[test]
        fn no_text_makes_a_pattern_panic(pattern in "[a-c*?\\[\\]^\\\\-]{0,12}", name in "[a-c\\]-]{0,12}") {
            let _ = matches(&pattern, &name);
        }

        #[test]
        fn an_escaped_name_matches_itself_alone(name in "[a-z*?\\[\\]^-]{1,8}", other in "[a-z*?\\[\\]^-]{1,8}") {
            let escaped: String = name.chars().flat_map(|c| ['\\', c]).collect();
            prop_assert!(matches(&escaped, &name));
            prop_assert_eq!(matches(&escaped, &other), name == other);
        }
    }
}
