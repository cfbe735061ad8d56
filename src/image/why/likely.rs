//! What a program that starts will probably miss. These depend on what it does, so each asks for more than a mention.

use super::Inquiry;

impl Inquiry<'_> {
    /// Looks at a program that can be executed, with the words it is given.
    pub(super) fn likely(&mut self, path: &[u8], words: &[String]) {
        let _ = (path, words, &self.likely);
    }
}
