//! The options of a shell: which word is the line that it runs, and whether anything else changes what the line does.
//!
//! Sources: POSIX, "sh"; the manuals of dash and bash ("Invocation", "Bash Startup Files"), and busybox's `shell/ash.c`.
//! Shells that read files at every start (zsh) or have tools of their own (ksh) are not followed.

use crate::rules::word::Word;

/// Shells that are followed, by the name that they are called by.
pub(crate) fn is_known(name: &str) -> bool {
    matches!(name, "sh" | "ash" | "bash" | "dash")
}

/// Options that change nothing of what one plain line runs, and `-c`. Not among them: `-l` and `-i`, which make the shell
/// read files, `-n`, which makes it run nothing, and those that take a word.
const HARMLESS: &str = "abcefuvxC";

/// The line that a shell's arguments make it run; `None` if they make it do something else, or more than is followed
/// here.
pub(crate) fn line(words: &[Word]) -> Option<&str> {
    let mut has_line = false;
    let mut words = words.iter();
    while let Some(word) = words.next().and_then(Word::plain) {
        match word.strip_prefix('-') {
            Some("-") => return words.next().filter(|_| has_line).and_then(Word::plain),
            Some(letters) if !letters.is_empty() && letters.chars().all(|letter| HARMLESS.contains(letter)) => {
                has_line |= letters.contains('c');
            }
            _ if word.starts_with(['-', '+']) => return None,
            _ => return has_line.then_some(word),
        }
    }
    None
}

/// The options before the file that a shell reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileOptions {
    /// How many words they are.
    pub count: usize,
    /// Does an error end the script?
    pub ends_on_error: bool,
}

/// The options of a shell that reads a file, if they change nothing of what the file means.
pub(crate) fn for_file(words: &[String]) -> Option<FileOptions> {
    let (mut count, mut ends_on_error) = (0, false);
    loop {
        let word = words.get(count)?;
        match word.strip_prefix('-') {
            Some("-") => return Some(FileOptions { count: count + 1, ends_on_error }),
            Some(letters) if !letters.is_empty() && letters.chars().all(|letter| "efuvxC".contains(letter)) => {
                ends_on_error |= letters.contains('e');
                count += 1;
            }
            _ if word.starts_with(['-', '+']) => return None,
            _ => return Some(FileOptions { count, ends_on_error }),
        }
    }
}

/// Does this environment leave a shell as it is: no file to read at its start, no function, no option?
pub(crate) fn is_plain(env: &[String]) -> bool {
    env.iter().filter_map(|pair| pair.split_once('=')).all(|(name, value)| {
        let sets = matches!(name, "BASH_ENV" | "ENV" | "SHELLOPTS" | "BASHOPTS") && !value.is_empty();
        !sets && !name.starts_with("BASH_FUNC_") && !value.starts_with("() {")
    })
}

/// Is this a tool that a busybox may do itself, without there being a file of that name (`FEATURE_SH_STANDALONE`,
/// `FEATURE_PREFER_APPLETS`)? Only those that a container's command uses are listed here, not all that busybox has.
pub(crate) fn is_applet(name: &str) -> bool {
    APPLETS.split(' ').any(|applet| applet == name)
}

const APPLETS: &str = "[ [[ ash awk base64 basename cat chgrp chmod chown chroot cp crond cut date dd df dirname dnsd du echo \
    egrep env expr false fgrep find ftpd grep gunzip gzip head hostname httpd id inetd init install ip kill \
    less ln ls md5sum mkdir mkfifo mktemp more mount mv nc nice nohup nproc nslookup ntpd od ping printenv \
    printf ps pwd readlink realpath rm rmdir run-parts runsv runsvdir sed seq setpriv setsid sh sha1sum \
    sha256sum sleep sort stat start-stop-daemon stty su sync syslogd tac tail tar tcpsvd tee telnetd test time \
    timeout top touch tr true udhcpc udhcpd udpsvd umount uname uniq unxz unzip usleep vi watch wc wget which \
    whoami xargs xzcat yes zcat";

#[cfg(test)]
mod tests {
    use super::{is_applet, is_plain, line};
    use crate::rules::word::plain_words;

    fn line_of(words: &str) -> Option<String> {
        let words: Vec<_> = words.split(' ').collect();
        line(&plain_words(&words)).map(str::to_owned)
    }

    #[test]
    fn the_line_is_the_first_word_behind_the_options() {
        for words in ["-c x", "-ec x", "-e -c x y", "-c -e x", "-c -- x", "-ce -u -- x -y"] {
            assert_eq!(line_of(words).as_deref(), Some("x"), "{words}");
        }
    }

    #[test]
    fn a_shell_that_does_more_or_something_else_is_left_alone() {
        for words in ["x", "-- x", "-e x", "-lc x", "-ic x", "-l -c x", "--login -c x", "-nc x", "+x -c x", "-c +e x"] {
            assert_eq!(line_of(words), None, "{words}");
        }
        for words in ["-c", "-c --", "- x", "-c - x", "-o pipefail -c x", "-c -o posix x", "--norc -c x", ""] {
            assert_eq!(line_of(words), None, "{words}");
        }
    }

    #[test]
    fn an_environment_may_bring_files_functions_and_options() {
        let plain = |pair: &str| is_plain(&["PATH=/bin".to_owned(), pair.to_owned()]);
        for pair in ["HOME=/", "ENV=", "BASH=/bin/bash", "odd"] {
            assert!(plain(pair), "{pair}");
        }
        for pair in ["BASH_ENV=/x", "ENV=/x", "SHELLOPTS=noexec", "BASH_FUNC_hello%%=() { :; }", "hello=() { :; }"] {
            assert!(!plain(pair), "{pair}");
        }
    }

    #[test]
    fn busyboxs_tools_are_known_by_name() {
        assert!(["ash", "xargs", "base64", "vi", "["].iter().all(|name| is_applet(name)));
        assert!(!["python3", "java", "", "hello"].iter().any(|name| is_applet(name)));
    }
}
