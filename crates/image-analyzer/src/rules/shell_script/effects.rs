//! Commands of a script that bring forth no program: what they change is taken down.

use super::conditions::name_of;
use super::parse::{Command, Pipeline, Simple, Statement, Written, parse};
use super::{Flow, Mode, Walk};
use crate::rules::options::has;
use crate::rules::shell_line::{Step, is_folder, is_keyword, is_sensitive};
use crate::rules::shell_words::{assignment, is_builtin};
use crate::rules::word::base_name;

/// Programs that bring forth no other program and no file, whatever they are given. Those that change owners, and those that
/// make folders and files, are treated on their own.
const LOOKING: &str = "basename cat cmp cut date df dig dirname du egrep expr fgrep getent grep head hostname id ls nc nproc \
    nslookup pg_isready pgrep ping printenv ps readlink realpath rm rmdir seq sha256sum sleep sort stat tail tr tty uname \
    uniq wc which whoami";

/// What a shell does itself without any effect on what follows.
const HARMLESS: &str = ": [ [[ echo false printf pwd test true type ulimit umask break continue";

impl Walk<'_> {
    pub(super) fn simple(&mut self, simple: &Simple, mode: Mode) -> Flow {
        if !simple.words.iter().all(|(_, raw)| self.only_looks(raw)) || !self.writes(&simple.files) {
            return Flow::Unknown;
        }
        let (mut assigned, mut from) = (Vec::new(), 0);
        while let Some((name, raw)) = simple.words.get(from).and_then(|(_, raw)| assignment(raw)) {
            assigned.push((name, raw));
            from += 1;
        }
        let Some((word, raw)) = simple.words.get(from) else {
            let flows: Vec<_> = assigned.iter().map(|(name, raw)| self.assign(name, raw, false, mode)).collect();
            return flows.into_iter().find(|flow| *flow != Flow::On).unwrap_or(Flow::On);
        };
        let written = (word.clone(), raw.clone());
        let resolved = self.words(std::slice::from_ref(&written));
        let name = name_of(&written).or_else(|| resolved.first()?.plain()).map(str::to_owned);
        let Some(name) = name else { return Flow::Unknown };
        if self.functions.contains(&name) {
            return Flow::Unknown;
        }
        let arguments = simple.words.get(from + 1..).unwrap_or_default();
        let is_written = name_of(&written).is_some();
        match name.as_str() {
            "exec" if is_written => {
                if arguments.is_empty() || !simple.files.iter().all(|(_, raw)| is_device(raw)) {
                    return Flow::Unknown;
                }
                self.started(simple, from + 1, &assigned, mode)
            }
            "exit" if is_written => match arguments {
                [(word, _)] if word.plain().and_then(|code| code.parse::<u8>().ok()).is_some_and(|code| code != 0) => {
                    if mode == Mode::Unsure {
                        Flow::Fails
                    } else {
                        Flow::Unknown
                    }
                }
                _ => Flow::Unknown,
            },
            "set" if is_written => self.set(arguments, mode),
            "shift" if is_written => self.shift(arguments, mode),
            "cd" if is_written => self.cd(arguments, mode),
            "export" | "readonly" | "local" if is_written => self.export(arguments, name == "export", mode),
            "unset" if is_written => self.unset(arguments),
            "read" if is_written => self.read(arguments),
            "command"
                if is_written
                    && arguments.first().is_some_and(|(word, _)| matches!(word.plain(), Some("-v" | "-V"))) =>
            {
                Flow::On
            }
            name if has(HARMLESS, name) && is_written => Flow::On,
            name if is_builtin(name) || is_keyword(name) => Flow::Unknown,
            _ => match self.tool(&name, arguments) {
                Some(flow) if is_written => flow,
                _ => self.started(simple, from, &assigned, mode),
            },
        }
    }

    /// A program that is started, with what is assigned before it.
    fn started(&mut self, simple: &Simple, from: usize, assigned: &[(String, String)], mode: Mode) -> Flow {
        let mut pairs = Vec::new();
        for (name, raw) in assigned {
            match super::expand::expand(raw, &|name| self.variable(name)).filter(|value| !value.contains('~')) {
                Some(value) => pairs.push((name.clone(), value)),
                None if is_sensitive(name) => return Flow::Unknown,
                None => {}
            }
        }
        self.launch(simple, from, pairs, mode)
    }

    /// Tools that bring forth no program; `None` for any other.
    fn tool(&mut self, name: &str, arguments: &[Written]) -> Option<Flow> {
        let takes = |word: &str| arguments.iter().any(|(_, raw)| raw.contains(word));
        match name {
            "chown" | "chgrp" => {
                self.found.user_is_unknown = true;
                Some(Flow::On)
            }
            "mkdir" | "touch" => Some(if self.makes(arguments) { Flow::On } else { Flow::Unknown }),
            "sed" => Some(if takes("\\r") || takes("$'") { Flow::Unknown } else { Flow::On }),
            "find" => {
                let runs = arguments
                    .iter()
                    .enumerate()
                    .filter(|(_, (_, raw))| raw.starts_with("-exec") || raw.starts_with("-ok"));
                let names: Vec<_> =
                    runs.map(|(at, _)| arguments.get(at + 1).and_then(|(word, _)| word.plain())).collect();
                let mut names = names.into_iter();
                let only =
                    |name: Option<&str>| name.is_some_and(|name| has("chown chgrp rm", name) || has(LOOKING, name));
                self.found.user_is_unknown = true;
                Some(if names.all(only) && !takes("-fprint") { Flow::On } else { Flow::Unknown })
            }
            _ if has(LOOKING, name) => Some(Flow::On),
            _ => None,
        }
    }

    /// Takes down the files and folders that are made; `false` if they are not known.
    fn makes(&mut self, arguments: &[Written]) -> bool {
        let words = self.words(arguments);
        let paths: Option<Vec<_>> = words.iter().map(|word| word.plain().map(str::to_owned)).collect();
        paths.map(|paths| self.written.extend(paths)).is_some()
    }

    /// The same for the files of redirections.
    fn writes(&mut self, files: &[Written]) -> bool {
        let files: Vec<_> = files.iter().filter(|(_, raw)| !is_device(raw)).cloned().collect();
        self.makes(&files)
    }

    fn set(&mut self, arguments: &[Written], mode: Mode) -> Flow {
        let plain: Vec<_> = arguments.iter().map(|(word, _)| word.plain().unwrap_or_default()).collect();
        if let ["--", ..] = plain.as_slice() {
            let words = self.words(arguments.get(1..).unwrap_or_default());
            let words: Option<Vec<_>> = words.iter().map(|word| word.plain().map(str::to_owned)).collect();
            return match words {
                Some(words) if mode != Mode::Unsure => {
                    self.arguments = words;
                    Flow::On
                }
                _ => Flow::Unknown,
            };
        }
        let (mut words, mut is_known) = (plain.iter(), !plain.is_empty());
        let mut ends_on_error = self.ends_on_error;
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix(['-', '+']).filter(|letters| !letters.is_empty()) else {
                is_known = false;
                break;
            };
            for letter in letters.chars() {
                match letter {
                    'e' => ends_on_error = word.starts_with('-'),
                    'o' => match words.next() {
                        Some(&"errexit") => ends_on_error = word.starts_with('-'),
                        Some(&("pipefail" | "nounset" | "xtrace" | "errtrace" | "noclobber")) => {}
                        _ => is_known = false,
                    },
                    'f' | 'u' | 'v' | 'x' | 'C' | 'E' => {}
                    '\r' => {
                        if self.start.ends_on_bad_option && mode != Mode::Unsure {
                            self.found.crlf = Some("`set` is given an option that ends in a carriage return");
                        }
                        return if self.start.ends_on_bad_option { Flow::Unknown } else { Flow::On };
                    }
                    _ => is_known = false,
                }
            }
        }
        if !is_known || mode == Mode::Unsure && self.ends_on_error != ends_on_error {
            return Flow::Unknown;
        }
        self.ends_on_error = ends_on_error;
        Flow::On
    }

    fn shift(&mut self, arguments: &[Written], mode: Mode) -> Flow {
        let count = match arguments {
            [] => Some(1),
            [(word, _)] => word.plain().and_then(|count| count.parse().ok()),
            _ => None,
        };
        match count {
            Some(count) if mode != Mode::Unsure && count <= self.arguments.len() => {
                self.arguments.drain(..count);
                Flow::On
            }
            _ => Flow::Unknown,
        }
    }

    fn cd(&mut self, arguments: &[Written], mode: Mode) -> Flow {
        let words = self.words(arguments);
        match words.as_slice() {
            [word] if word.is_plain && is_folder(&word.text) && mode != Mode::Unsure => {
                let ends = self.ends_on_error && self.written.is_empty();
                self.found.steps.push(Step::Enter(word.text.clone(), ends));
                Flow::On
            }
            _ => Flow::Unknown,
        }
    }

    fn export(&mut self, arguments: &[Written], exports: bool, mode: Mode) -> Flow {
        for (word, raw) in arguments {
            let flow = match assignment(raw) {
                Some((name, value)) => self.assign(&name, &value, exports, mode),
                None if word.plain().is_some_and(|word| !word.starts_with('-') && !is_sensitive(word)) => {
                    self.exported.extend(exports.then(|| word.text.clone()));
                    Flow::On
                }
                None => Flow::Unknown,
            };
            if flow != Flow::On {
                return flow;
            }
        }
        Flow::On
    }

    fn unset(&mut self, arguments: &[Written]) -> Flow {
        for (word, _) in arguments {
            match word.plain().filter(|name| !name.starts_with('-') && !is_sensitive(name)) {
                Some(name) => self.variables.push((name.to_owned(), None)),
                None => return Flow::Unknown,
            }
        }
        Flow::On
    }

    fn read(&mut self, arguments: &[Written]) -> Flow {
        for (word, _) in arguments {
            match word.plain().filter(|name| !is_sensitive(name)) {
                Some("-r") => {}
                Some(name) if !name.starts_with('-') => self.variables.push((name.to_owned(), None)),
                _ => return Flow::Unknown,
            }
        }
        Flow::On
    }

    /// Does a word start nothing, or only what has no effect? `$(…)` may start anything.
    pub(super) fn only_looks(&mut self, raw: &str) -> bool {
        if raw.contains('`') || raw.contains(":=") || raw.contains("${!") {
            return false;
        }
        let mut rest = raw;
        while let Some((_, behind)) = rest.split_once("$(") {
            let Some((inside, after)) = inside(behind) else { return false };
            let harmless =
                parse(inside).is_some_and(|list| matches!(self.list(&list, Mode::Unsure), Flow::On | Flow::Fails));
            if !harmless && !inside.starts_with('(') {
                return false;
            }
            rest = after;
        }
        true
    }
}

/// Does a pipeline start a program, or end the script?
pub(super) fn runs_program(pipeline: &Pipeline) -> bool {
    pipeline.commands.iter().any(|command| match command {
        Command::Simple(Simple { words, .. }) => {
            let first = words.iter().find(|(_, raw)| assignment(raw).is_none());
            first.is_some_and(|written| {
                let name = name_of(written).unwrap_or("exec");
                !has(LOOKING, name)
                    && !has("chown chgrp mkdir touch sed find", name)
                    && (name == "exec" || !is_builtin(name))
            })
        }
        _ => false,
    })
}

/// Splits a text behind `$(` at the bracket that closes it.
fn inside(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
    }
    None
}

/// Is this no file of the image, but a device or a descriptor?
fn is_device(raw: &str) -> bool {
    has("/dev/null /dev/stdout /dev/stderr /dev/tty /proc/1/fd/1 /proc/1/fd/2 1 2 3 -", raw.trim_end_matches('\r'))
}

/// Is this a script that only its carriage returns make invalid, and of which nothing before the first compound command ends
/// it?
pub(super) fn breaks_syntax(text: &str) -> bool {
    let Some(list) = parse(&text.replace("\r\n", "\n")).filter(|_| text.contains("\r\n")) else { return false };
    let before: Vec<_> = list.iter().take_while(|statement| !has_compound(statement)).collect();
    let breaks = list.get(before.len()).is_some_and(|statement| {
        // A function may have a body of one simple command, whatever its name ends in.
        let known = |command: &Command| matches!(command, Command::If(..) | Command::Loop(..) | Command::Case(..));
        statement.first.commands.iter().all(known)
    });
    breaks && !before.iter().any(|statement| may_end(statement))
}

fn has_compound(statement: &Statement) -> bool {
    commands(statement).any(|command| !matches!(command, Command::Simple(_)))
}

/// All commands of a statement.
fn commands(statement: &Statement) -> impl Iterator<Item = &Command> {
    let pipelines = std::iter::once(&statement.first).chain(statement.rest.iter().map(|(_, pipeline)| pipeline));
    pipelines.flat_map(|pipeline| &pipeline.commands)
}

/// May this statement of simple commands end the script?
fn may_end(statement: &Statement) -> bool {
    let ends = |(word, _): &Written| {
        has("exec exit return eval . source trap kill", base_name(word.text.trim_end_matches('\r')))
    };
    commands(statement).any(|command| match command {
        Command::Simple(simple) => simple.words.iter().any(ends),
        _ => true,
    })
}
