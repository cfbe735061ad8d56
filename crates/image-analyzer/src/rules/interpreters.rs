//! Interpreters and runtimes: which of the words that they are given is the file that they run.
//!
//! All that is known of them is one table. An option that is not in it, or that gives the interpreter something else to
//! run (`-c`, `-e`, `-m`, `-r`), makes the answer unknown.

use crate::rules::options::{Letters, Options, has};
use crate::rules::word::{Word, base_name};

/// How an interpreter finds the file that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// As the kernel does.
    File,
    /// A name without `/` may also be in PATH.
    Shell,
    /// By adding endings, and in folders: see [`crate::rules::node`].
    Node,
    /// It is a class or an archive: see [`crate::rules::java`].
    Java,
    /// As the kernel does, but only with one of these endings: any other word is a command of the interpreter's own. A file
    /// that differs only in the ending may be taken instead.
    With(&'static [&'static str]),
}

/// An interpreter.
#[derive(Debug)]
pub(crate) struct Interpreter {
    /// Its names, separated by blanks, without a version at the end.
    pub names: &'static str,
    /// More names of files that it may be under, such as of a program that is many in one.
    pub files: &'static str,
    /// Where its options are documented.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for whoever checks or extends the table"))]
    pub source: &'static str,
    /// Its options. Not among them are those that run something else, or that change how the file is found.
    pub options: Options,
    /// The word before the file that says to run it.
    pub command: Command,
    /// The variable of the environment that has more options.
    pub variable: &'static str,
    /// How it finds the file.
    pub takes: Takes,
}

/// The word before the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// There is none.
    No,
    /// It may be left out.
    May(&'static str),
    /// It must be there.
    Must(&'static str),
}

/// One row for each interpreter.
static TABLE: [Interpreter; 11] = [
    Interpreter {
        names: "python",
        files: "",
        source: "https://docs.python.org/3/using/cmdline.html",
        // Not `-i`, which goes on after an error, nor `-c` and `-m`.
        options: Options {
            flags: "-b -B -d -E -I -O -P -q -R -s -S -u -v -x --",
            valued: "-W -X --check-hash-based-pycs",
            attached: "",
            letters: Letters::Joined,
        },
        command: Command::No,
        variable: "",
        takes: Takes::File,
    },
    Interpreter {
        names: "node nodejs",
        files: "",
        source: "https://nodejs.org/api/cli.html",
        // Not `-e`, `-p`, `-r`, `--import`, `--loader` and `--test`, nor `--watch` and `--inspect-brk`, which wait.
        options: Options {
            flags: "--enable-source-maps --no-warnings --trace-warnings --trace-uncaught --trace-deprecation \
                    --trace-exit --trace-sync-io --trace-gc --no-deprecation --throw-deprecation --pending-deprecation \
                    --preserve-symlinks --preserve-symlinks-main --experimental-vm-modules --experimental-modules \
                    --experimental-json-modules --experimental-wasm-modules --experimental-fetch \
                    --no-experimental-fetch --experimental-worker --experimental-strip-types --no-experimental-strip-types \
                    --experimental-transform-types --experimental-require-module --experimental-sqlite \
                    --experimental-websocket --no-experimental-websocket --experimental-global-webcrypto \
                    --no-experimental-global-customevent --experimental-import-meta-resolve --expose-gc --expose_gc \
                    --abort-on-uncaught-exception --force-fips --enable-fips --use-openssl-ca --use-bundled-ca \
                    --use-system-ca --openssl-legacy-provider --openssl-shared-config --insecure-http-parser --prof \
                    --cpu-prof --heap-prof --no-addons --zero-fill-buffers --inspect --network-family-autoselection \
                    --no-network-family-autoselection --no-extra-info-on-fatal-exception --report-on-fatalerror \
                    --report-on-signal --report-uncaught-exception --track-heap-objects --tls-min-v1.0 --tls-min-v1.1 \
                    --tls-min-v1.2 --tls-min-v1.3 --tls-max-v1.2 --tls-max-v1.3 --",
            valued: "--unhandled-rejections --dns-result-order --max-http-header-size --title --icu-data-dir \
                     --openssl-config --tls-cipher-list --disable-warning --diagnostic-dir --report-dir \
                     --report-directory --report-filename --report-signal --heapsnapshot-signal \
                     --heapsnapshot-near-heap-limit --secure-heap --secure-heap-min --conditions -C --inspect-port",
            attached: "--max-old-space-size= --max_old_space_size= --max-semi-space-size= --max_semi_space_size= \
                       --max-heap-size= --stack-size= --stack_size= --stack-trace-limit= --v8-pool-size= --inspect= \
                       --env-file= --env-file-if-exists= --trace-event-categories=",
            letters: Letters::Apart,
        },
        command: Command::No,
        variable: "NODE_OPTIONS",
        takes: Takes::Node,
    },
    Interpreter {
        names: "java",
        files: "",
        source: "https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html",
        // What names code, `-jar` and the class path, is read in `rules::java`. Not `-m`, nor `@FILE` with more options.
        options: Options {
            flags: "-server -client -d32 -d64 -ea -enableassertions -da -disableassertions -esa -enablesystemassertions -dsa \
                    -disablesystemassertions -verbose -showversion --show-version --show-module-resolution --enable-preview",
            valued: "-p --module-path --upgrade-module-path --add-modules --limit-modules --add-exports --add-opens \
                     --add-reads --patch-module --enable-native-access --illegal-access --illegal-native-access \
                     --sun-misc-unsafe-memory-access --finalization",
            attached: "-D -X -ea: -enableassertions: -da: -disableassertions: -verbose: -splash: -javaagent: -agentlib: \
                       -agentpath:",
            letters: Letters::Apart,
        },
        command: Command::No,
        variable: "",
        takes: Takes::Java,
    },
    Interpreter {
        names: "dotnet",
        files: "",
        source: "https://learn.microsoft.com/en-us/dotnet/core/tools/dotnet",
        options: Options {
            flags: "",
            valued: "--additionalprobingpath --additional-deps --depsfile --runtimeconfig --fx-version --roll-forward",
            attached: "",
            letters: Letters::Apart,
        },
        command: Command::May("exec"),
        variable: "",
        takes: Takes::With(&[".dll", ".exe"]),
    },
    Interpreter {
        names: "php",
        files: "",
        source: "https://www.php.net/manual/en/features.commandline.options.php",
        // Not `-a`, `-B`, `-E`, `-r`, `-R`, `-S`, nor `--`, behind which the program is read from standard input.
        options: Options {
            flags: "-C -H -e -n -q --no-chdir --no-header --no-php-ini",
            valued: "-c -d -z --php-ini --define --zend-extension",
            attached: "",
            letters: Letters::Joined,
        },
        command: Command::No,
        variable: "",
        takes: Takes::File,
    },
    Interpreter {
        names: "ruby",
        files: "",
        source: "https://docs.ruby-lang.org/en/master/ruby/options_md.html",
        // Not `-C`, `-e`, `-r`, `-S`, `-x`.
        options: Options {
            flags: "-a -d -l -n -p -s -U -w -W --debug --yjit --jit --rjit --disable-gems --disable-all --",
            valued: "-E -I --encoding --external-encoding --internal-encoding --enable --disable",
            attached: "-K -W --yjit- --disable- --enable- --backtrace-limit= --parser=",
            letters: Letters::Joined,
        },
        command: Command::No,
        variable: "RUBYOPT",
        takes: Takes::File,
    },
    Interpreter {
        names: "perl",
        files: "",
        source: "https://perldoc.perl.org/perlrun",
        // Not `-e`, `-E`, `-m`, `-M`, `-S`, `-x`.
        options: Options {
            flags: "-a -c -f -l -n -p -s -t -T -u -U -w -W -X --",
            valued: "-I",
            attached: "-d: -C",
            letters: Letters::Joined,
        },
        command: Command::No,
        variable: "PERL5OPT",
        takes: Takes::File,
    },
    Interpreter {
        names: "deno",
        files: "",
        source: "https://docs.deno.com/runtime/reference/cli/run/",
        // Not `--watch`, which waits, `--preload`, nor `--unstable-sloppy-imports`, which finds other files.
        options: Options {
            flags: "-A --allow-all -q --quiet --no-check --check --no-prompt --no-remote --no-npm --no-config --no-lock \
                    --cached-only --frozen --reload -r --unstable --unstable-kv --unstable-cron --unstable-net \
                    --unstable-worker-options --unstable-ffi --unstable-fs --unstable-http --allow-read --allow-write \
                    --allow-net --allow-env --allow-run --allow-sys --allow-ffi --allow-hrtime --allow-import --no-code-cache \
                    --node-modules-dir --vendor --inspect",
            valued: "-c --config --import-map --location --seed --cert --log-level -L --ext",
            attached: "--allow- --deny- --reload= --check= --no-check= --node-modules-dir= --v8-flags= --lock= --frozen= \
                       --vendor= --inspect= --env-file=",
            letters: Letters::Apart,
        },
        command: Command::Must("run"),
        variable: "",
        takes: Takes::With(&[".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"]),
    },
    Interpreter {
        names: "bun",
        files: "",
        source: "https://bun.sh/docs/runtime",
        // Not `-e`, `-p`, `-r`, `--preload`, `--cwd`, nor `--watch` and `--hot`, which wait.
        options: Options {
            flags: "-b --bun --smol --silent --no-install --prefer-offline --prefer-latest --no-deprecation --expose-gc \
                    --no-clear-screen --inspect",
            valued: "--port --conditions --env-file --define -d --loader -l --tsconfig-override --install \
                     --max-http-header-size --dns-result-order --title -c --config",
            attached: "--inspect=",
            letters: Letters::Apart,
        },
        command: Command::May("run"),
        variable: "BUN_OPTIONS",
        takes: Takes::With(&[".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"]),
    },
    Interpreter {
        names: "Rscript",
        files: "",
        source: "https://stat.ethz.ch/R-manual/R-devel/library/utils/html/Rscript.html",
        options: Options {
            flags: "--vanilla --no-save --no-environ --no-site-file --no-init-file --no-restore --restore --save --verbose \
                    --slave --no-echo --quiet",
            valued: "",
            attached: "--default-packages= --encoding=",
            letters: Letters::Apart,
        },
        command: Command::No,
        variable: "",
        takes: Takes::File,
    },
    Interpreter {
        names: "sh bash dash ash",
        files: "busybox",
        source: "https://pubs.opengroup.org/onlinepubs/9799919799/utilities/sh.html; https://www.gnu.org/software/bash/manual",
        // Not `-c`, `-s`, `-n`, nor `-l` and `-i`, which read files.
        options: Options {
            flags: "-a -b -C -e -E -f -h -p -u -v -x --norc --noprofile --posix --",
            valued: "-o -O",
            attached: "",
            letters: Letters::Together,
        },
        command: Command::No,
        variable: "",
        takes: Takes::Shell,
    },
];

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
