//! A word of a command, as far as it is known before a shell expands it.

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word itself; where a shell expands something in it, the word as it is written.
    pub text: String,
    /// Is that the word that the program gets? If not, the program gets any number of words in its place.
    pub is_plain: bool,
}

impl Word {
    /// The word, if it is known.
    pub(crate) fn plain(&self) -> Option<&str> {
        self.is_plain.then_some(self.text.as_str())
    }
}

impl<T: Into<String>> From<T> for Word {
    fn from(text: T) -> Self {
        Self { text: text.into(), is_plain: true }
    }
}

/// Words that are known.
pub(crate) fn plain_words<T: AsRef<str>>(words: &[T]) -> Vec<Word> {
    words.iter().map(|word| word.as_ref().into()).collect()
}

/// The words themselves, if all are known.
pub(crate) fn all_plain(words: &[Word]) -> Option<Vec<String>> {
    words.iter().map(|word| word.plain().map(str::to_owned)).collect()
}

/// The words as they are written, joined.
pub(crate) fn shown(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The last component of a path or name.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
