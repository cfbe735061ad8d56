//! Pieces of a stream put together to lines.

/// A stream as lines. A line is kept to a limit; what is beyond it is dropped.
#[derive(Debug)]
pub(super) struct Lines {
    begun: Vec<u8>,
    longest: usize,
}

impl Lines {
    /// Lines of at most `longest` bytes.
    pub(super) fn new(longest: usize) -> Self {
        Self { begun: Vec::new(), longest }
    }

    /// Takes in the next bytes; `line` gets each line that they end, without its end.
    pub(super) fn push(&mut self, bytes: &[u8], mut line: impl FnMut(&[u8])) {
        let mut pieces = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = self.longest.saturating_sub(self.begun.len());
            self.begun.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if pieces.peek().is_some() {
                line(&self.begun);
                self.begun.clear();
            }
        }
    }

    /// The stream is over; `line` gets the last line, if it had no end.
    pub(super) fn end(self, mut line: impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            line(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_cut_at_its_limit_and_the_next_one_is_whole() {
        let mut found = Vec::new();
        let mut lines = Lines::new(3);
        lines.push(b"abcdef\ngh", |line| found.push(line.to_vec()));
        lines.end(|line| found.push(line.to_vec()));
        assert_eq!(found, [b"abc".to_vec(), b"gh".to_vec()]);
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_the_stream_was_cut(text in "[a\n]{0,40}", cuts: Vec<prop::sample::Index>) {
            let mut found = Vec::new();
            let mut lines = Lines::new(100);
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for to in cuts.into_iter().chain([text.len()]) {
                lines.push(&text.as_bytes()[from..to], |line| found.push(line.to_vec()));
                from = to;
            }
            lines.end(|line| found.push(line.to_vec()));
            let expected: Vec<_> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
