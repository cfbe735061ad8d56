//! Programs that only start another one: which of their words is the command.
//!
//! All that is known of them is one [table]. An option that is not in it makes the answer unknown.

mod table;

use crate::rules::options::has;
use crate::rules::word::{Word, base_name};
use table::TABLE;

pub(crate) use table::{RunsAs, Wrapper};

/// What a wrapper starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Started<'w> {
    /// What is assigned in the environment before, in order.
    pub assigned: Vec<(String, String)>,
    /// The words between the options and the command.
    pub operands: &'w [Word],
    /// The command: its first word is known, and is not an assignment.
    pub words: &'w [Word],
}

/// The wrapper that is called `asked`, or whose file is at `path`.
pub(crate) fn wrapper(asked: &str, path: &[u8]) -> Option<&'static Wrapper> {
    let named = |name: &str| TABLE.iter().find(|wrapper| has(wrapper.names, name));
    // A file that is many programs in one is told by the name that it is called by alone.
    let by_file =
        || std::str::from_utf8(path).ok().and_then(|path| named(base_name(path))).filter(|found| found.anywhere);
    named(base_name(asked)).filter(|found| found.anywhere || is_tool(asked)).or_else(by_file)
}

/// Is this a name to be looked for in PATH, or a path in a folder for programs?
fn is_tool(asked: &str) -> bool {
    match asked.rsplit_once('/') {
        None => true,
        Some((folder, _)) => matches!(base_name(folder), "bin" | "sbin" | "busybox"),
    }
}

/// The folders in which a script by the name of a wrapper stands in for it.
const FOLDERS: [&str; 6] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

impl Wrapper {
    /// Is a script at `path` taken for a wrapper? Outside the folders for programs it may be an application's own.
    pub(crate) fn may_be_script(path: &[u8]) -> bool {
        let in_folder = |folder: &&str| path.strip_prefix(folder.as_bytes()).is_some_and(|name| !name.contains(&b'/'));
        FOLDERS.iter().any(in_folder)
    }

    /// What it starts, of the words behind its own name.
    pub(crate) fn command<'w>(&self, words: &'w [Word]) -> Option<Started<'w>> {
        let mut behind = self.options.behind(words)?;
        let options = words.get(..words.len().saturating_sub(behind.len())).unwrap_or_default();
        let waits = |word: &Word| word.text == "--wait" || (!word.text.starts_with("--") && word.text.contains('w'));
        if self.names == "setsid" && !options.iter().any(waits) {
            return None;
        }
        let mut assigned = Vec::new();
        if self.names == "env" {
            while let Some((name, value)) = behind.first()?.plain()?.split_once('=') {
                assigned.push((name.to_owned(), value.to_owned()));
                behind = behind.get(1..)?;
            }
        }
        let (operands, words) = behind.split_at_checked(self.operands)?;
        if operands.iter().any(|operand| operand.plain().is_none_or(str::is_empty)) {
            return None;
        }
        // Another program by that name, such as a copy of `env`, would take an assignment for one.
        let first = words.first()?.plain()?;
        let is_duration = |word: &str| word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let is_meant = self.names != "timeout" || operands.iter().all(|word| is_duration(&word.text));
        (is_meant && !first.contains('=') && !first.starts_with('-')).then_some(Started { assigned, operands, words })
    }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, wrapper};
    use crate::rules::word::{Word, plain_words, shown};

    /// The command in a command line.
    fn command(line: &str) -> Option<String> {
        let words: Vec<_> = line.split(' ').collect();
        let path = if words[0].starts_with('/') { words[0].to_owned() } else { format!("/bin/{}", words[0]) };
        let words = plain_words(&words);
        let started = wrapper(&words[0].text, path.as_bytes())?.command(&words[1..])?;
        let assigned = started.assigned.iter().map(|(name, value)| format!("{name}={value};"));
        Some(assigned.chain([shown(started.words)]).collect())
    }

    #[test]
    fn the_command_stands_behind_options_and_operands() {
        for line in [
            "env X y",
            "env -- X y",
            "/usr/bin/env X y",
            "timeout 5 X y",
            "timeout -k 1 -s KILL 5m X y",
            "timeout -sKILL .5 X y",
            "timeout --signal=KILL --preserve-status 5 X y",
            "nice X y",
            "nice -n 5 X y",
            "nice -n -5 X y",
            "nice -n5 X y",
            "nohup X y",
            "setsid -w X y",
            "stdbuf -oL X y",
            "stdbuf -o0 -e 0 X y",
            "tini X y",
            "tini -- X y",
            "/sbin/tini -g -- X y",
            "/tini -vv -e 143 -- X y",
            "tini -s -p SIGTERM -- X y",
            "dumb-init X y",
            "/x/dumb-init -r 15:3 -c -- X y",
            "catatonit -- X y",
            "gosu app X y",
            "gosu app:app X y",
            "su-exec 1:2 X y",
            "setpriv --reuid=1 --init-groups X y",
            "setpriv --reuid 1 --clear-groups X y",
            "chpst -u app:app X y",
            "chpst -uapp X y",
        ] {
            assert_eq!(command(line).as_deref(), Some("X y"), "{line}");
        }
        assert_eq!(command("env A=1 PATH=/x=y X y").as_deref(), Some("A=1;PATH=/x=y;X y"));
    }

    #[test]
    fn what_starts_nothing_or_something_that_is_not_known_is_left_alone() {
        for line in [
            "env",
            "env A=1",
            "env -i X",
            "env -u PATH X",
            "env -S X",
            "env -C /x X",
            "env - X",
            "timeout 5",
            "timeout X y",
            "timeout -t 5 X",
            "nice",
            "nice -5 X",
            "setsid -f X",
            "setsid X",
            "tini",
            "tini -h X",
            "tini -l",
            "tini A=1 X",
            "tini -- A=1 X",
            "tini -- -x",
            "dumb-init --version",
            "gosu app",
            "gosu --version",
            "gosu -x X",
            "su-exec app",
            "setpriv --dump",
            "setpriv --reset-env X",
            "chpst -e /env X",
            "chpst -C / X",
            "/app/timeout 5 X",
            "/app/env X",
            "other X",
        ] {
            assert_eq!(command(line), None, "{line}");
        }
        let unknown = Word { text: "$U".to_owned(), is_plain: false };
        assert_eq!(wrapper("gosu", b"/gosu").unwrap().command(&[unknown, "X".into()]), None);
    }

    #[test]
    fn a_link_to_a_wrapper_is_one_unless_the_name_decides() {
        assert!(wrapper("/init", b"/usr/bin/tini").is_some() && wrapper("/init", b"/usr/bin/env").is_none());
        assert!(
            wrapper("nohup", b"/bin/busybox").is_some() && wrapper("/busybox/nohup", b"/busybox/busybox").is_some()
        );
    }

    #[test]
    fn each_row_has_a_source() {
        assert!(TABLE.iter().all(|row| row.source.starts_with("http") && !row.names.is_empty()));
    }
}
