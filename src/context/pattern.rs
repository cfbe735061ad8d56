//! The patterns that COPY, ADD and ignore files use for one part of a path: those of Go's `filepath.Match`.
//!
//! `*` any characters, `?` one, `[a-z]` one of a class, `[^a-z]` one outside it, `\` takes the next as it is. The crate
//! `glob` differs in the last two (`[!a-z]`, no escape), so it is not used here.

/// A pattern for one part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Literal(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Whether `text` is more than a plain name.
    pub(super) fn is_needed(text: &str) -> bool {
        text.contains(['*', '?', '[', '\\'])
    }

    /// Reads a pattern; `None` if it is malformed, which matches nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let mut tokens = Vec::new();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '*' => Token::Any,
                '?' => Token::One,
                '\\' => Token::Literal(chars.next()?),
                '[' => class(&mut chars)?,
                c => Token::Literal(c),
            });
        }
        Some(Self(tokens))
    }

    /// Whether the whole of `name` fits.
    ///
    /// On a mismatch only the last `*` takes one more character, so the time is at most the product of the lengths.
    pub(super) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut token, mut at) = (0, 0);
        let mut retry = None;
        loop {
            match (self.0.get(token), name.get(at)) {
                (None, None) => return true,
                (Some(Token::Any), _) => {
                    retry = Some((token + 1, at));
                    token += 1;
                }
                (Some(one), Some(&c)) if one.takes(c) => {
                    token += 1;
                    at += 1;
                }
                _ => match retry {
                    Some((after, from)) if from < name.len() => {
                        retry = Some((after, from + 1));
                        (token, at) = (after, from + 1);
                    }
                    _ => return false,
                },
            }
        }
    }
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Literal(literal) => *literal == c,
            Self::Class { negated, ranges } => ranges.iter().any(|(from, to)| (from..=to).contains(&&c)) != *negated,
        }
    }
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

    proptest! {
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
