//! What is known of programs that start another one, one row for each. To add one: its names, where its options are
//! documented, and the options that change nothing of what it starts. An option that is left out makes `why` say nothing,
//! which is never wrong.

use crate::rules::options::{Letters, Options};

/// A program that starts another.
#[derive(Debug)]
pub(crate) struct Wrapper {
    /// Its names, separated by blanks.
    pub names: &'static str,
    /// Where its options are documented.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for whoever checks or extends the table"))]
    pub source: &'static str,
    /// Its options. Not among them are those that start nothing, or start it elsewhere or with another environment.
    pub options: Options,
    /// How many words stand between the options and the command.
    pub operands: usize,
    /// Is a file of that name this program, wherever it is? If not, only one in PATH or in a folder for programs is.
    pub anywhere: bool,
    /// As whom the command runs.
    pub user: RunsAs,
}

/// As whom a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunsAs {
    /// As who started the wrapper.
    Same,
    /// As the user that the first operand names, looked up in the image's own files.
    Named,
    /// The same, looked up as libc is told to.
    NamedByLibc,
    /// As somebody who is not worked out here.
    Other,
}

/// Options that only `--` ends.
const ONLY_END: Options = Options { flags: "--", ..Options::NONE };

/// A wrapper without operands that may be anywhere or not, with the other fields to be filled in.
const PLAIN: Wrapper =
    Wrapper { names: "", source: "", options: ONLY_END, operands: 0, anywhere: false, user: RunsAs::Same };

/// Where the tools of coreutils are documented.
const COREUTILS: &str = "https://www.gnu.org/software/coreutils/manual/";

/// One row for each program.
pub(super) static TABLE: [Wrapper; 13] = [
    // Not `-i`, `-u`, `-C` and `-S`. Assignments are read by `Wrapper::command`.
    Wrapper {
        names: "env",
        source: COREUTILS,
        options: Options { flags: "-v --debug --", letters: Letters::Joined, ..Options::NONE },
        ..PLAIN
    },
    Wrapper {
        names: "timeout",
        source: COREUTILS,
        options: Options {
            flags: "-f --foreground -p --preserve-status -v --verbose --",
            valued: "-k --kill-after -s --signal",
            attached: "",
            letters: Letters::Joined,
        },
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        names: "nice",
        source: COREUTILS,
        options: Options { flags: "--", valued: "-n --adjustment", attached: "", letters: Letters::Joined },
        ..PLAIN
    },
    Wrapper { names: "nohup", source: COREUTILS, ..PLAIN },
    Wrapper {
        names: "stdbuf",
        source: COREUTILS,
        options: Options {
            flags: "--",
            valued: "-i --input -o --output -e --error",
            attached: "",
            letters: Letters::Joined,
        },
        ..PLAIN
    },
    // Not `-f`: the program that forks ends well whatever becomes of the other. It forks without `-f` too where it leads a group,
    // as the first program of a container does: see [`Wrapper::command`].
    Wrapper {
        names: "setsid",
        source: "https://man7.org/linux/man-pages/man1/setsid.1.html",
        options: Options { flags: "-c --ctty -w --wait --", letters: Letters::Joined, ..Options::NONE },
        ..PLAIN
    },
    // Not `--reset-env`.
    Wrapper {
        names: "setpriv",
        source: "https://man7.org/linux/man-pages/man1/setpriv.1.html",
        options: Options {
            flags: "--clear-groups --keep-groups --init-groups --nnp --no-new-privs --",
            valued: "--reuid --ruid --euid --regid --rgid --egid --groups --inh-caps --ambient-caps --bounding-set \
                     --securebits --pdeathsig --ptracer",
            attached: "",
            letters: Letters::Apart,
        },
        user: RunsAs::Other,
        ..PLAIN
    },
    Wrapper {
        names: "tini tini-static tini-amd64 tini-arm64 tini-static-amd64 tini-static-arm64 docker-init",
        source: "https://github.com/krallin/tini",
        options: Options { flags: "-g -s -v -w --", valued: "-e -p", attached: "", letters: Letters::Joined },
        anywhere: true,
        ..PLAIN
    },
    Wrapper {
        names: "dumb-init",
        source: "https://github.com/Yelp/dumb-init",
        options: Options {
            flags: "-c --single-child -v --verbose --",
            valued: "-r --rewrite",
            attached: "",
            letters: Letters::Joined,
        },
        anywhere: true,
        ..PLAIN
    },
    Wrapper { names: "catatonit", source: "https://github.com/openSUSE/catatonit", anywhere: true, ..PLAIN },
    Wrapper {
        names: "gosu gosu-amd64 gosu-arm64",
        source: "https://github.com/tianon/gosu",
        options: Options::NONE,
        operands: 1,
        anywhere: true,
        user: RunsAs::Named,
    },
    Wrapper {
        names: "su-exec",
        source: "https://github.com/ncopa/su-exec",
        options: Options::NONE,
        operands: 1,
        anywhere: true,
        user: RunsAs::NamedByLibc,
    },
    // Not `-e`, `-/` and `-C`.
    Wrapper {
        names: "chpst",
        source: "http://smarden.org/runit/chpst.8.html",
        options: Options {
            flags: "-v -P -0 -1 -2 --",
            valued: "-u -U -n -m -d -o -p -f -c -r -t",
            attached: "",
            letters: Letters::Joined,
        },
        anywhere: true,
        user: RunsAs::Other,
        ..PLAIN
    },
];
