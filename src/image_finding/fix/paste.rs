//! What a pasted line has to fit: the stages and commands of a Dockerfile, and how words are quoted in it.

use std::fs;
use std::path::Path;

use image_analyzer::fix::FixTarget;
use image_analyzer::printable::{printable, printable_bytes};

/// What fixes take from a Dockerfile. It is read roughly: whatever is not understood only makes a fix less fitting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dockerfile {
    /// Its instructions, each on one line.
    instructions: Vec<String>,
}

impl Dockerfile {
    /// Reads the Dockerfile at `path`; `None` if it cannot be read.
    pub fn read(path: &Path) -> Option<Self> {
        Some(Self::parse(&String::from_utf8_lossy(&fs::read(path).ok()?)))
    }

    /// Reads a Dockerfile: continued lines are joined, comments left out.
    pub fn parse(text: &str) -> Self {
        let mut instructions = Vec::new();
        let mut open = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if !open.is_empty() && !line.is_empty() {
                open.push(' ');
            }
            if let Some(start) = line.strip_suffix('\\') {
                open.push_str(start.trim_end());
                continue;
            }
            open.push_str(line);
            let whole = std::mem::take(&mut open);
            if !whole.is_empty() {
                instructions.push(whole);
            }
        }
        Self { instructions }
    }

    fn of<'d>(&'d self, instruction: &'d str) -> impl DoubleEndedIterator<Item = &'d str> {
        self.instructions.iter().filter_map(move |line| {
            let (word, rest) = line.split_once(char::is_whitespace)?;
            word.eq_ignore_ascii_case(instruction).then(|| rest.trim())
        })
    }

    /// Does a RUN line have these words?
    pub(super) fn has(&self, words: &str) -> bool {
        self.of("RUN").any(|line| line.contains(words))
    }

    /// The first RUN line that has the word `mark`, with `from` in it replaced once by `to`.
    pub(super) fn changed(&self, mark: &str, from: &str, to: &str) -> Option<String> {
        let starts = |line: &str, at: usize| {
            line.get(..at)
                .is_some_and(|before| before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '-'))
        };
        let line = self.of("RUN").find(|line| line.find(mark).is_some_and(|at| starts(line, at)))?;
        Some(format!("RUN {}", printable(&line.replacen(from, to, 1))))
    }

    /// The stage that the program is copied from, as it is called there; `None` if there is but one stage.
    pub(super) fn build_stage(&self) -> Option<&str> {
        let mut from =
            self.of("COPY").filter_map(|line| line.split_whitespace().find_map(|word| word.strip_prefix("--from=")));
        let named = from.next_back().filter(|name| name.chars().all(|c| c.is_ascii_graphic()));
        named.or((self.of("FROM").count() > 1).then_some("0"))
    }

    /// The COPY line that ends in a word with this base name, or has one, with `flag` added.
    pub(super) fn copied_with(&self, name: &str, flag: &str) -> Option<String> {
        let has = |line: &&str| line.split_whitespace().any(|word| word.rsplit('/').next() == Some(name));
        let mut lines = self.of("COPY").filter(has);
        let words = lines.next_back()?.split_whitespace().filter(|word| !word.starts_with("--chmod="));
        Some(format!("COPY {flag} {}", printable(&words.collect::<Vec<_>>().join(" "))))
    }

    /// The image that the first stage starts from.
    pub(super) fn build_image(&self) -> Option<&str> {
        self.of("FROM").next()?.split_whitespace().find(|word| !word.starts_with("--"))
    }
}

/// A path as one word of a Dockerfile's line.
pub(super) fn quoted(path: &[u8]) -> String {
    let shown = printable_bytes(path);
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if shown.chars().all(plain) && !shown.is_empty() {
        return shown;
    }
    format!("\"{}\"", shown.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}

/// The last component of a path, quoted.
pub(super) fn base_name(path: &[u8]) -> String {
    quoted(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default())
}

/// The source file of a program: one that the Dockerfile copies, or the program's name with this extension.
pub(super) fn source(name: &str, extension: &str, dockerfile: Option<&Dockerfile>) -> String {
    let ending = format!(".{extension}");
    let copied = dockerfile
        .and_then(|file| file.of("COPY").flat_map(str::split_whitespace).find(|word| word.ends_with(&ending)));
    copied.map_or_else(|| format!("{name}.{extension}"), |word| printable(word).into_owned())
}

/// Sets permissions: while copying, where it is known that the file is copied; else by the image's own shell, or, where
/// neither shell nor Dockerfile is there, as if it were copied. A folder cannot be.
pub(super) fn chmod(mode: &str, target: &FixTarget, dockerfile: Option<&Dockerfile>) -> Vec<String> {
    let (name, flag, path) = (base_name(&target.path), format!("--chmod={mode}"), quoted(&target.path));
    if let Some(own) = dockerfile.filter(|_| !target.is_folder).and_then(|file| file.copied_with(&name, &flag)) {
        return vec![own];
    }
    let run = format!("RUN chmod {mode} {path}");
    match target.by_run.as_deref() {
        Some("" | "0" | "root") => vec![run],
        Some(user) => vec!["USER root".to_owned(), run, format!("USER {}", printable(user))],
        None if target.is_folder || dockerfile.is_some() => Vec::new(),
        None => vec![format!("COPY {flag} {name} {path}")],
    }
}

#[cfg(test)]
mod tests {
    use super::{Dockerfile, quoted, source};

    #[test]
    fn a_dockerfile_is_read_as_far_as_fixes_need_it() {
        let text = "# c\nFROM --platform=linux/amd64 golang:1 AS b\nRUN a && \\\n  # no\n  egcc x && gcc y\nCOPY x.c .\nfrom scratch\nCOPY --from=b /x /y /\n";
        let file = Dockerfile::parse(text);
        assert_eq!(file.build_image(), Some("golang:1"));
        assert_eq!(file.build_stage(), Some("b"));
        assert_eq!(file.copied_with("x", "--chmod=755").as_deref(), Some("COPY --chmod=755 --from=b /x /y /"));
        assert_eq!(source("x", "c", Some(&file)), "x.c");
        assert_eq!(file.changed("a ", "a ", "b ").as_deref(), Some("RUN b && egcc x && gcc y"));
        assert_eq!(Dockerfile::parse("FROM a\nFROM b").build_stage(), Some("0"));
        assert_eq!(Dockerfile::parse("FROM a").build_stage(), None);
    }

    #[test]
    fn paths_are_quoted_where_they_have_to_be() {
        assert_eq!(quoted(b"/lib/libstdc++.so.6"), "/lib/libstdc++.so.6");
        assert_eq!(quoted(b"/a b\"$c\\"), r#""/a b\"\$c\\""#);
        assert_eq!(quoted(b"/a\nb"), r#""/a\\nb""#);
    }
}
