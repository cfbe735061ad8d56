//! A stream as JSON documents with lines of text between them.
//!
//! Most releases of buildx write each document on one line; 0.13 writes it on many, indented (moby/buildkit#4770). A document
//! begins with a line that begins with `{`. If that does not end with `}`, more follows: each further line is indented, and the
//! last one is `}`. What turns out to be none is text.

use crate::engine::lines::Lines;

/// How long a document may be: one has up to some tens of kilobytes of output in it, or a whole Dockerfile in a warning.
const LONGEST: usize = 8 * 1024 * 1024;

/// Takes a stream apart. A document is kept to a limit; a longer one is dropped.
#[derive(Debug)]
pub(super) struct Documents {
    lines: Lines,
    begun: Begun,
}

/// The lines of a document that has no end yet.
#[derive(Debug, Default)]
struct Begun {
    text: Vec<u8>,
    is_too_long: bool,
    longest: usize,
}

impl Documents {
    /// Nothing was read.
    pub(super) fn new() -> Self {
        Self::of_at_most(LONGEST)
    }

    fn of_at_most(longest: usize) -> Self {
        Self { lines: Lines::new(longest), begun: Begun { longest, ..Begun::default() } }
    }

    /// Takes in the next bytes; `piece` gets each document and each line of text that they end, without its end.
    pub(super) fn push(&mut self, bytes: &[u8], mut piece: impl FnMut(&[u8])) {
        let begun = &mut self.begun;
        self.lines.push(bytes, |line| begun.line(line, &mut piece));
    }

    /// The stream is over; `piece` gets what had no end.
    pub(super) fn end(self, mut piece: impl FnMut(&[u8])) {
        let mut begun = self.begun;
        self.lines.end(|line| begun.line(line, &mut piece));
        begun.give_back(&mut piece);
    }
}

impl Begun {
    fn line(&mut self, line: &[u8], piece: &mut dyn FnMut(&[u8])) {
        match line {
            [b' ' | b'\t', ..] if !self.text.is_empty() => self.add(line),
            b"}" if self.is_too_long => *self = Self { longest: self.longest, ..Self::default() },
            b"}" if !self.text.is_empty() => {
                self.add(line);
                piece(&self.text);
                self.text.clear();
            }
            _ => {
                self.give_back(piece);
                if line.first() == Some(&b'{') && line.trim_ascii_end().last() != Some(&b'}') {
                    self.add(line);
                } else {
                    piece(line);
                }
            }
        }
    }

    fn add(&mut self, line: &[u8]) {
        if self.text.len().saturating_add(line.len()) > self.longest {
            self.is_too_long = true;
        } else {
            self.text.extend_from_slice(line);
            self.text.push(b'\n');
        }
    }

    /// It was no document: gives its lines as text.
    fn give_back(&mut self, piece: &mut dyn FnMut(&[u8])) {
        let text = std::mem::take(&mut self.text);
        self.is_too_long = false;
        text.strip_suffix(b"\n").into_iter().flat_map(|text| text.split(|byte| *byte == b'\n')).for_each(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::Documents;
    use proptest::prelude::*;

    /// The pieces of `text` in pieces of this size.
    fn pieces(text: &str, size: usize, longest: usize) -> Vec<String> {
        let (mut documents, mut found) = (Documents::of_at_most(longest), Vec::new());
        let mut piece = |piece: &[u8]| found.push(String::from_utf8(piece.to_vec()).unwrap());
        text.as_bytes().chunks(size).for_each(|bytes| documents.push(bytes, &mut piece));
        documents.end(piece);
        found
    }

    #[test]
    fn documents_of_one_line_and_of_many_stand_between_lines_of_text() {
        let text = "WARN\n{\"a\":1}\n{\n  \"a\": {\n    \"b\": []\n  }\n}\n{}\nERROR: x\n  indented\n}\n";
        let expected =
            ["WARN", "{\"a\":1}", "{\n  \"a\": {\n    \"b\": []\n  }\n}\n", "{}", "ERROR: x", "  indented", "}"];
        for size in 1..text.len() {
            assert_eq!(pieces(text, size, 1000), expected, "{size}");
        }
    }

    #[test]
    fn what_begins_like_a_document_and_is_none_is_text() {
        assert_eq!(pieces("{\nERROR: x\n", 3, 1000), ["{", "ERROR: x"]);
        assert_eq!(pieces("{ some\n  text\n{\"a\":1}\n", 3, 1000), ["{ some", "  text", "{\"a\":1}"]);
        assert_eq!(pieces("{\n  \"a\": 1", 3, 1000), ["{", "  \"a\": 1"]);
    }

    #[test]
    fn a_document_that_is_too_long_is_dropped_and_the_next_one_is_whole() {
        let text = format!("{{\n{}}}\n{{\n  \"a\": 1\n}}\n", "  \"b\": 1,\n".repeat(100));
        assert_eq!(pieces(&text, 7, 100), ["{\n  \"a\": 1\n}\n"]);
    }

    proptest! {
        #[test]
        fn no_line_is_lost_however_the_stream_is_cut(text in "([{} a]{0,3}\n){0,12}", size in 1usize..9) {
            let found: Vec<_> = pieces(&text, size, 1000);
            let lines: Vec<_> = found.iter().flat_map(|piece| piece.strip_suffix('\n').unwrap_or(piece).split('\n')).collect();
            prop_assert_eq!(lines, text.lines().collect::<Vec<_>>());
        }
    }
}
