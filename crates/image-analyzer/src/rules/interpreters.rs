//! Interpreters and runtimes: which of the words that they are given is the file that they run.
//!
//! All that is known of them is one [table]. An option that is not in it, or that gives the interpreter something else to
//! run (`-c`, `-e`, `-m`, `-r`), makes the answer unknown.

mod table;

use crate::rules::options::has;
use crate::rules::word::{Word, base_name};
use table::{Command, TABLE};

pub(crate) use table::{Interpreter, Takes};

/// The interpreter that is called `asked`, if the file at `path` is one of that kind, too.
pub(crate) fn interpreter(asked: &str, path: &[u8]) -> Option<&'static Interpreter> {
    let asked = without_version(base_name(asked));
    let file = std::str::from_utf8(path).ok().map(base_name)?;
    let found = TABLE.iter().find(|interpreter| has(interpreter.names, asked))?;
    (has(found.names, without_version(file)) || has(found.files, file)).then_some(found)
}

/// `python3.12` is `python`.
fn without_version(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}

impl Interpreter {
    /// The words from the file on, of those behind the interpreter's name.
    pub(crate) fn file<'w>(&self, words: &'w [Word]) -> Option<&'w [Word]> {
        let behind = self.options.behind(words)?;
        let first = behind.first()?.plain()?;
        let behind = match self.command {
            Command::May(command) | Command::Must(command) if first == command => {
                self.options.behind(behind.get(1..)?)?
            }
            Command::Must(_) => return None,
            Command::No | Command::May(_) => behind,
        };
        let first = behind.first()?.plain()?;
        let is_file = match self.takes {
            Takes::With(endings) => endings.iter().any(|ending| first.ends_with(ending)),
            // A command of node's own.
            Takes::Node => first != "inspect",
            // `+x` is an option.
            Takes::Shell => !first.starts_with('+'),
            Takes::File | Takes::Java => true,
        };
        // A URL is no file, nor is `-`.
        (is_file && !first.is_empty() && first != "-" && !is_specifier(first)).then_some(behind)
    }

    /// Are all options in this value of the variable that has more of them known?
    pub(crate) fn knows(&self, more: &str) -> bool {
        self.options.are(&more.split_whitespace().collect::<Vec<_>>())
    }
}

/// Is this a URL or another specifier, such as `npm:x/y.js`, and no path?
fn is_specifier(word: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    word.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme))
}

#[cfg(test)]
mod tests {
    use super::{TABLE, interpreter};
    use crate::rules::word::plain_words;

    /// The file in a command line.
    fn file(line: &str) -> Option<String> {
        let words: Vec<_> = line.split(' ').collect();
        let found = interpreter(words[0], format!("/usr/bin/{}", words[0]).as_bytes())?;
        found.file(&plain_words(&words[1..])).map(|words| words[0].text.clone())
    }

    #[test]
    fn the_file_is_the_first_word_behind_known_options() {
        for line in [
            "python3 X y",
            "python3.12 -u X",
            "python -uO -W ignore -Xdev X",
            "node X",
            "nodejs --enable-source-maps X",
            "node --max-old-space-size=64 --title t -- X",
            "php X serve",
            "php -d memory_limit=-1 X",
            "php8.2 -dx=1 X",
            "ruby -w -I lib X",
            "ruby -Ilib -W0 X",
            "perl -wT -I lib X",
            "perl -Ilib X",
            "Rscript --vanilla X a",
            "sh X",
            "sh -e X",
            "bash -euo pipefail X",
            "bash --norc -x -- X",
            "dash -e X",
            "ash X",
        ] {
            assert_eq!(file(line).as_deref(), Some("X"), "{line}");
        }
        for line in ["dotnet X.dll --urls a", "dotnet exec --depsfile d X.dll", "dotnet --roll-forward Major X.dll"] {
            assert_eq!(file(line).as_deref(), Some("X.dll"), "{line}");
        }
        for line in [
            "deno run X.ts",
            "deno run -A --allow-net=:80 --config d.json X.ts",
            "bun X.ts",
            "bun run X.ts",
            "bun --smol run X.ts",
        ] {
            assert_eq!(file(line).as_deref(), Some("X.ts"), "{line}");
        }
    }

    #[test]
    fn what_runs_something_else_or_is_not_known_is_left_alone() {
        for line in [
            "python3",
            "python3 -",
            "python3 -c X",
            "python3 -m X",
            "python3 -um X",
            "python3 -i X",
            "python3 --help X",
            "python3 http://x/y",
            "node",
            "node -e X",
            "node -r ./x X",
            "node --import ./x X",
            "node --watch X",
            "node inspect X",
            "node --max-old-space-size 64 X",
            "dotnet run",
            "dotnet watch X",
            "dotnet --info",
            "php -r X",
            "php -S :80 X",
            "php -- X",
            "ruby -e X",
            "ruby -rx X",
            "ruby -S X",
            "ruby -C d X",
            "perl -e X",
            "perl -Mx X",
            "perl -ne X",
            "deno X.ts",
            "deno task X.ts",
            "deno run X",
            "deno run --watch X.ts",
            "deno run npm:x",
            "deno run npm:x/X.ts",
            "deno run jsr:@a/X.ts",
            "bun run dev",
            "bun dev",
            "bun -e X.ts",
            "Rscript -e X",
            "sh",
            "sh -c X",
            "sh -s X",
            "sh -lc X",
            "bash -l X",
            "bash --login X",
            "sh - X",
            "bash -oe pipefail X",
            "bash +x X",
            "echo X",
        ] {
            assert_eq!(file(line), None, "{line}");
        }
    }

    #[test]
    fn an_interpreter_is_one_by_its_name_and_by_its_file() {
        let known = |asked: &str, path: &str| interpreter(asked, path.as_bytes()).is_some();
        assert!(
            known("/v/bin/python", "/usr/bin/python3.12")
                && known("php", "/usr/bin/php83")
                && known("sh", "/bin/busybox")
        );
        assert!(known("bash", "/bin/bash") && known("sh", "/usr/bin/bash") && known("nodejs", "/usr/bin/node"));
        assert!(!known("node", "/usr/local/bin/bun"), "it resolves otherwise");
        assert!(
            !known("python", "/bin/busybox")
                && !known("busybox", "/bin/busybox")
                && !known("python-config", "/b/python")
        );
    }

    #[test]
    fn each_row_has_a_source_and_options_that_can_be_written() {
        for row in &TABLE {
            assert!(row.source.starts_with("https://"), "{row:?}");
            let lists = [row.options.flags, row.options.valued, row.options.attached];
            for option in lists.iter().flat_map(|list| list.split_whitespace()) {
                assert!(
                    option.starts_with('-') && lists.iter().filter(|list| super::has(list, option)).count() == 1
                        || option == "-W",
                    "{}: {option}",
                    row.names
                );
            }
        }
    }

    #[test]
    fn a_variable_with_options_that_are_not_known_is_told() {
        let node = interpreter("node", b"/usr/bin/node").unwrap();
        assert!(node.knows("--max-old-space-size=64 --enable-source-maps") && node.knows(""));
        assert!(!node.knows("--require ./x") && !node.knows("-r ./x") && !node.knows("x"));
    }
}
