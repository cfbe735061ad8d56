//! The text of a `.gitignore`.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The name of such a file.
pub const NAME: &str = ".gitignore";

/// The most bytes that one is read for; git's own are a thousand times smaller.
pub const MOST_BYTES: u64 = 1 << 20;

/// The patterns of a `.gitignore` with this text, for paths that begin with `folder` or that go from it. `None` if it says nothing.
pub fn parse(folder: &Path, text: &[u8]) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(text).trim_start_matches('\u{feff}').lines() {
        // A line that is no glob matches nothing, as in git.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|globs| !globs.is_empty())
}
