//! What the settings exclude, in the words of a `.gitignore`.
//!
//! The crate `ignore` tells only the glob that decides. Here every glob that matches is of interest: one that matches nothing is
//! a mistake, one that says what another says is none.

use std::path::Path;

use globset::{Error, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::gitignore::IgnoreFile;

/// How often a glob is held against a `.gitignore`. Of very many of both, it is not known which are used.
const MOST_CHECKS: usize = 1 << 20;

/// One line of `exclude`.
struct Line<'o> {
    /// As it is written.
    text: &'o str,
    /// Whether it takes back what others exclude.
    takes_back: bool,
    is_for_folders: bool,
    /// Whether it matches something, or may on another machine.
    is_used: bool,
}

/// The lines of `exclude`.
pub(super) struct Exclude<'o> {
    /// Those that have a glob, in the order of the set; then those that say nothing.
    lines: Vec<Line<'o>>,
    set: GlobSet,
    /// How many are not used.
    unused: usize,
    checks: usize,
    /// The globs that match a path.
    matching: Vec<usize>,
}

impl<'o> Exclude<'o> {
    /// Those of `lines` that are valid. What is wrong goes to `say`: with the line, or with none if it is all of them together.
    pub(super) fn new(lines: &'o [String], mut say: impl FnMut(Option<&'o str>, &Error)) -> Self {
        let mut globs = GlobSetBuilder::new();
        let (mut read, mut silent) = (Vec::new(), Vec::new());
        for text in lines {
            let mut line = Line { text, takes_back: false, is_for_folders: false, is_used: false };
            match glob(&mut line) {
                None => silent.push(line),
                Some(Ok(glob)) => {
                    globs.add(glob);
                    read.push(line);
                }
                Some(Err(why)) => say(Some(text), &why),
            }
        }
        let set = globs.build().unwrap_or_else(|why| {
            say(None, &why);
            GlobSet::empty()
        });
        read.append(&mut silent);
        Self { unused: read.len(), lines: read, set, checks: MOST_CHECKS, matching: Vec::new() }
    }

    /// Whether no line says anything.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Whether it is open of some line if it is used.
    pub(super) fn has_unused(&self) -> bool {
        self.unused > 0
    }

    /// The line that excludes `path`, a path below the repository's root, if one does.
    pub(super) fn excluding(&mut self, path: &Path, is_folder: bool) -> Option<&'o str> {
        let mut matching = std::mem::take(&mut self.matching);
        self.set.matches_into(path, &mut matching);
        let mut deciding = None;
        for place in &matching {
            let Some(line) = self.lines.get_mut(*place).filter(|line| is_folder || !line.is_for_folders) else {
                continue;
            };
            self.unused -= usize::from(!line.is_used);
            line.is_used = true;
            // They come in order, and the last decides.
            deciding = (!line.takes_back).then_some(line.text);
        }
        self.matching = matching;
        deciding
    }

    /// Takes note of a `.gitignore`: what it ignores is there on one machine and not on another. `root` is the way to the
    /// repository's root from the folder that its paths begin in.
    pub(super) fn see(&mut self, file: &IgnoreFile, root: &Path) {
        if self.unused == 0 {
            return;
        }
        let left = self.checks.checked_sub(self.unused);
        self.checks = left.unwrap_or_default();
        for line in self.lines.iter_mut().filter(|line| !line.is_used) {
            line.is_used = left.is_none() || file.may_ignore_all_of(line.text, root);
            self.unused -= usize::from(line.is_used);
        }
    }

    /// The lines that match nothing, without those of what lies in a folder that another line excludes; sorted.
    pub(super) fn unused(&self) -> Vec<String> {
        let mut unused: Vec<_> = self
            .lines
            .iter()
            .filter(|line| !line.is_used && !self.is_hidden(line))
            .map(|line| line.text.to_owned())
            .collect();
        unused.sort_unstable();
        unused
    }

    /// Whether all that the line can match lies in a folder that others exclude.
    fn is_hidden(&self, line: &Line<'_>) -> bool {
        let glob = line.text.trim_start_matches(['!', '/']);
        // Up to the first special character: what follows may be anything.
        let plain = match glob.split_once(['*', '?', '[', '{', '\\']) {
            Some((plain, _)) => plain,
            None => glob.trim_end_matches('/'),
        };
        let Some((folders, _)) = plain.rsplit_once('/') else { return false };
        let mut above = Path::new(folders).ancestors().filter(|folder| !folder.as_os_str().is_empty());
        above.any(|folder| {
            let matching = self.set.matches(folder);
            let last = matching.last().and_then(|place| self.lines.get(*place));
            last.is_some_and(|line| !line.takes_back)
        })
    }
}

/// The glob of a line, as `ignore` makes it of a line of a `.gitignore`; `None` if the line says nothing.
fn glob(line: &mut Line<'_>) -> Option<Result<Glob, Error>> {
    let mut text = without_spaces(line.text);
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let mut is_absolute = false;
    if let Some(rest) = text.strip_prefix('\\').filter(|rest| rest.starts_with(['!', '#'])) {
        text = rest;
    } else {
        if let Some(rest) = text.strip_prefix('!') {
            line.takes_back = true;
            text = rest;
        }
        if let Some(rest) = text.strip_prefix('/') {
            is_absolute = true;
            text = rest;
        }
    }
    if text.is_empty() {
        return None;
    }
    if let Some(rest) = text.strip_suffix('/') {
        line.is_for_folders = true;
        text = rest.strip_suffix('\\').unwrap_or(rest);
    }
    // One without a slash may be anywhere.
    let is_anywhere = !is_absolute && !text.contains('/') && text != "**";
    let before = if is_anywhere { "**/" } else { "" };
    // What is in a folder, not the folder.
    let after = if text.ends_with("/**") { "/*" } else { "" };
    let glob = [before, text, after].concat();
    let mut glob = GlobBuilder::new(&glob);
    Some(glob.literal_separator(true).backslash_escape(true).allow_unclosed_class(true).build())
}

/// The line without the spaces at its end, unless a `\` stands before one.
fn without_spaces(text: &str) -> &str {
    let trimmed = text.trim_end_matches(' ');
    let is_escaped = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    let kept = trimmed.len() + usize::from(is_escaped && trimmed.len() < text.len());
    text.get(..kept).unwrap_or(text)
}
