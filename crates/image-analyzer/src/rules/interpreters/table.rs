//! What is known of interpreters, one row for each. To add one: its names, where its options are documented, and the options
//! that leave the file the first word behind them. An option that is left out makes `why` say nothing, which is never wrong.

use crate::rules::options::{Letters, Options};

/// How an interpreter finds the file that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// As the kernel does.
    File,
    /// A name without `/` may also be in PATH.
    Shell,
    /// By adding endings, and in folders: see `rules::node`.
    Node,
    /// It is a class or an archive: see `rules::java`.
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
pub(super) static TABLE: [Interpreter; 11] = [
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
                     --add-reads --patch-module --enable-native-access",
            attached: "--illegal-access= --illegal-native-access= --sun-misc-unsafe-memory-access= --finalization= -D -X -ea: -enableassertions: -da: -disableassertions: -verbose: -splash: -javaagent: -agentlib: \
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
