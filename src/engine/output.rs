//! What a container printed, kept to a limit: the beginning and the end, and how much is missing between them.

use std::collections::VecDeque;

/// How much is kept of the beginning, and how much of the end, in bytes.
const KEPT: usize = 8 * 1024;

/// One stream of a container, at most 16 KiB of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut: u64,
}

impl Output {
    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..over);
        self.cut += over as u64;
    }

    /// How many bytes were not kept.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Whether nothing was printed.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// What is kept, as text: what is not UTF-8 becomes U+FFFD, and a line of its own says what was cut.
    pub fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.cut == 0 {
            let all = [self.head.as_slice(), &tail].concat();
            return String::from_utf8_lossy(&all).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&tail));
        format!("{head}\n[{} bytes cut]\n{tail}", self.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Output};
    use proptest::prelude::*;

    #[test]
    fn a_flood_keeps_its_beginning_and_its_end_and_says_what_is_missing() {
        let mut output = Output::default();
        output.push(b"first");
        (0..1000).for_each(|_| output.push(&[b'x'; 1000]));
        output.push(b"last");
        let text = output.text();
        assert!(text.starts_with("firstxxx"), "{text}");
        assert!(text.ends_with("xxxlast"), "{text}");
        let cut = 1_000_009 - 2 * KEPT;
        assert_eq!(output.cut(), cut as u64);
        assert!(text.contains(&format!("\n[{cut} bytes cut]\n")), "{text}");
    }

    proptest! {
        #[test]
        fn what_fits_is_kept_whole_however_it_comes(pieces: Vec<Vec<u8>>) {
            let mut output = Output::default();
            for piece in &pieces {
                output.push(piece);
            }
            let all = pieces.concat();
            prop_assume!(all.len() <= 2 * KEPT);
            prop_assert_eq!(output.text(), String::from_utf8_lossy(&all));
            prop_assert_eq!(output.cut(), 0);
        }
    }
}
