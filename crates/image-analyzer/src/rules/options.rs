//! The options of a program as data: which of its words they are, so that the first word behind them is known.

use crate::rules::word::Word;

/// How letters behind one dash are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letters {
    /// An option is a whole word.
    Apart,
    /// Options of one letter may be written together; a value is always the next word.
    Together,
    /// Options of one letter may be written together, and a value may follow its letter at once (`getopt(3)`).
    Joined,
}

/// The options of a program. Each list is separated by blanks. An option that is in none of them is not known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Options without a value. `--` here means that it ends the options.
    pub flags: &'static str,
    /// Options with a value: the next word or, for an option with two dashes, what follows `=`.
    pub valued: &'static str,
    /// What begins so is an option, with its value in the same word.
    pub attached: &'static str,
    /// How letters behind one dash are read.
    pub letters: Letters,
}

/// What an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It takes no other word.
    Alone,
    /// Its value is the next word.
    WithNext,
    /// It ends the options.
    End,
}

impl Options {
    /// No options at all.
    pub(crate) const NONE: Self = Self { flags: "", valued: "", attached: "", letters: Letters::Apart };

    /// The words behind the options, of which the first is known; `None` if there are none, or an option or a word before
    /// them is not known.
    pub(crate) fn behind<'w>(&self, mut words: &'w [Word]) -> Option<&'w [Word]> {
        loop {
            let (first, rest) = words.split_first()?;
            let first = first.plain()?;
            if !first.starts_with('-') {
                return Some(words);
            }
            words = match self.kind(first)? {
                Kind::Alone => rest,
                Kind::WithNext => {
                    rest.first()?.plain()?;
                    rest.get(1..)?
                }
                Kind::End => return rest.first()?.plain().map(|_| rest),
            };
        }
    }

    /// Are these words options, and nothing else?
    pub(crate) fn are(&self, words: &[&str]) -> bool {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match self.kind(word).filter(|_| word.starts_with('-')) {
                Some(Kind::Alone) => {}
                Some(Kind::WithNext) if words.next().is_some() => {}
                _ => return false,
            }
        }
        true
    }

    /// What this option is, if it is known.
    pub(crate) fn kind(&self, option: &str) -> Option<Kind> {
        if has(self.flags, option) {
            return Some(if option == "--" { Kind::End } else { Kind::Alone });
        }
        if has(self.valued, option) {
            return Some(Kind::WithNext);
        }
        let named = option.split_once('=').is_some_and(|(name, _)| name.starts_with("--") && has(self.valued, name));
        let attached =
            self.attached.split_whitespace().any(|start| option.len() > start.len() && option.starts_with(start));
        if named || attached {
            return Some(Kind::Alone);
        }
        self.cluster(option)
    }

    /// The same for letters behind one dash.
    fn cluster(&self, option: &str) -> Option<Kind> {
        let letters = option.strip_prefix('-').filter(|letters| !letters.is_empty() && !letters.starts_with('-'))?;
        if self.letters == Letters::Apart {
            return None;
        }
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            let option = format!("-{letter}");
            if has(self.valued, &option) {
                let is_last = letters.as_str().is_empty();
                return match self.letters {
                    _ if is_last => Some(Kind::WithNext),
                    Letters::Joined => Some(Kind::Alone),
                    Letters::Apart | Letters::Together => None,
                };
            }
            if !has(self.flags, &option) {
                return None;
            }
        }
        Some(Kind::Alone)
    }
}

/// Is this one of a list that is separated by blanks?
pub(crate) fn has(list: &str, item: &str) -> bool {
    list.split_whitespace().any(|listed| listed == item)
}

#[cfg(test)]
mod tests {
    use super::{Letters, Options};
    use crate::rules::word::{Word, plain_words, shown};
    use proptest::prelude::*;

    const OPTIONS: Options =
        Options { flags: "-a -b --all --", valued: "-v --value", attached: "-X --max=", letters: Letters::Joined };

    fn behind(options: Options, line: &str) -> Option<String> {
        let words: Vec<_> = line.split(' ').collect();
        options.behind(&plain_words(&words)).map(shown)
    }

    #[test]
    fn known_options_are_passed_over() {
        for line in [
            "x y",
            "-a x y",
            "-ab x y",
            "-av 1 x y",
            "-av1 x y",
            "--value 1 x y",
            "--value=1 x y",
            "-Xmx1 x y",
            "--max=2 x y",
            "--all -- x y",
        ] {
            assert_eq!(behind(OPTIONS, line).as_deref(), Some("x y"), "{line}");
        }
        assert_eq!(behind(OPTIONS, "-- -x").as_deref(), Some("-x"));
    }

    #[test]
    fn behind_an_option_that_is_not_known_nothing_is() {
        for line in
            ["-c x", "-ac x", "--all=1 x", "-X x", "-v", "-a", "-", "- x", "--other x", "---all x", "--", "-v=1"]
        {
            let known = behind(OPTIONS, line);
            assert_eq!(known, None, "{line}");
        }
        let together = Options { letters: Letters::Together, ..OPTIONS };
        assert_eq!(behind(together, "-av 1 x").as_deref(), Some("x"));
        assert_eq!(behind(together, "-va 1 x"), None, "the value may be the next word or not");
        let apart = Options { letters: Letters::Apart, ..OPTIONS };
        assert_eq!(behind(apart, "-ab x"), None);
    }

    #[test]
    fn a_word_that_a_shell_expands_may_be_any_option() {
        let expanded = Word { text: "$A".to_owned(), is_plain: false };
        for words in [vec![expanded.clone(), "x".into()], vec!["-v".into(), expanded.clone(), "x".into()]] {
            assert_eq!(OPTIONS.behind(&words), None);
        }
        assert!(OPTIONS.behind(&["x".into(), expanded]).is_some());
    }

    #[test]
    fn options_alone_are_told_from_others() {
        assert!(OPTIONS.are(&["-a", "--value", "x", "--max=1"]) && OPTIONS.are(&[]));
        assert!(
            !OPTIONS.are(&["-a", "x"]) && !OPTIONS.are(&["-r"]) && !OPTIONS.are(&["--value"]) && !OPTIONS.are(&["--"])
        );
    }

    proptest! {
        #[test]
        fn any_words_are_read(words: Vec<String>) {
            let _ = OPTIONS.behind(&plain_words(&words));
        }
    }
}
