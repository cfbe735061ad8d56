//! What a script of a shell runs for certain: `exec "$@"`, or the first program that the script cannot do without.
//!
//! The script is walked from its start. Commands that cannot bring forth a program are passed over, so is an `if` of which
//! no branch changes anything that counts. A test of `$1` or `$#` is worked out, because the arguments are known. At anything
//! else the walk ends, and nothing is said of what follows.

mod conditions;
mod effects;
pub(crate) mod expand;
mod parse;

use crate::rules::shell_line::{Sentence, Step, is_sensitive};
use crate::rules::word::{Word, base_name};
use crate::rules::wrappers::wrapper;
use expand::{from_environment, is_shells_own};
use parse::{Command, List, Pipeline, Simple, Statement, Written};

/// How a script is started.
#[derive(Clone, Debug)]
pub(crate) struct Start<'s> {
    /// `$0`.
    pub script: &'s str,
    /// `$1` and so on.
    pub arguments: &'s [String],
    /// The environment as `NAME=value`.
    pub env: &'s [String],
    /// PATH.
    pub path: &'s str,
    /// Does an error end it from the start?
    pub ends_on_error: bool,
    /// Does it end where `set` is given an option that it does not know? bash goes on.
    pub ends_on_bad_option: bool,
}

/// What a script does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// What it does for certain, up to the first program that matters.
    pub steps: Vec<Step>,
    /// Does it change owners, or run the program as a user that is not worked out?
    pub user_is_unknown: bool,
    /// What carriage returns at the ends of its lines make fail, if they do.
    pub crlf: Option<&'static str>,
}

/// Follows a script.
pub(crate) fn script(text: &str, start: &Start<'_>) -> Script {
    let Some(list) = parse::parse(text) else {
        let crlf = effects::breaks_syntax(text).then_some("the shell does not find the end of a compound command");
        return Script { crlf, ..Script::default() };
    };
    let mut walk = Walk {
        start,
        arguments: start.arguments.to_vec(),
        ends_on_error: start.ends_on_error,
        found: Script::default(),
        variables: Vec::new(),
        exported: Vec::new(),
        functions: Vec::new(),
        written: Vec::new(),
        handed: false,
    };
    let flow = walk.list(&list, Mode::Last);
    let ended = flow == Flow::Done;
    Script { steps: if ended { walk.found.steps } else { Vec::new() }, ..walk.found }
}

/// How certain it is that a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It runs, and what ends it ends the script if it is the last one.
    Last,
    /// It runs, and others follow.
    Sure,
    /// It may run.
    Unsure,
}

/// What becomes of the script after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// It goes on.
    On,
    /// It ends with an error.
    Fails,
    /// It runs its arguments.
    Hands,
    /// The program that it runs is known.
    Done,
    /// Not known.
    Unknown,
}

/// The state while a script is walked.
struct Walk<'s> {
    start: &'s Start<'s>,
    /// `$1` and so on.
    arguments: Vec<String>,
    ends_on_error: bool,
    found: Script,
    /// Variables that the script sets: their values, if they are known. The last one counts.
    variables: Vec<(String, Option<String>)>,
    /// Variables that it exports.
    exported: Vec<String>,
    functions: Vec<String>,
    /// Files and folders that it makes.
    written: Vec<String>,
    /// May it have run its arguments already?
    handed: bool,
}

impl Walk<'_> {
    fn list(&mut self, list: &List, mode: Mode) -> Flow {
        for (at, statement) in list.iter().enumerate() {
            let is_last = at + 1 == list.len();
            let mode = if mode == Mode::Last && !is_last { Mode::Sure } else { mode };
            match self.statement(statement, mode) {
                Flow::On => {}
                flow => return flow,
            }
        }
        Flow::On
    }

    fn statement(&mut self, statement: &Statement, mode: Mode) -> Flow {
        if statement.in_background {
            return Flow::Unknown;
        }
        if statement.rest.is_empty() {
            return self.pipeline(&statement.first, mode);
        }
        // A program is followed only where nothing runs in its place.
        let only_and = statement.rest.iter().all(|(and, _)| *and);
        let first = if mode == Mode::Last && only_and { Mode::Last } else { mode };
        if first != Mode::Unsure && !only_and && effects::runs_program(&statement.first) {
            return Flow::Unknown;
        }
        let flow = self.pipeline(&statement.first, first);
        if flow != Flow::On {
            return flow;
        }
        let mut value = self.value(&statement.first);
        for (and, pipeline) in &statement.rest {
            match value {
                Some(value) if value != *and => {}
                Some(_) => {
                    let mode = if mode == Mode::Last { Mode::Sure } else { mode };
                    match self.pipeline(pipeline, mode) {
                        Flow::On => {}
                        flow => return flow,
                    }
                    value = self.value(pipeline);
                }
                None => match self.pipeline(pipeline, Mode::Unsure) {
                    Flow::On | Flow::Fails => {}
                    Flow::Hands => self.handed = true,
                    Flow::Done | Flow::Unknown => return Flow::Unknown,
                },
            }
        }
        Flow::On
    }

    fn pipeline(&mut self, pipeline: &Pipeline, mode: Mode) -> Flow {
        if let ([command], false) = (pipeline.commands.as_slice(), pipeline.is_negated) {
            return self.command(command, mode);
        }
        self.harmless(pipeline.commands.iter())
    }

    /// Commands of which none may do anything that counts.
    fn harmless<'c>(&mut self, commands: impl IntoIterator<Item = &'c Command>) -> Flow {
        let goes_on = commands.into_iter().all(|command| self.command(command, Mode::Unsure) == Flow::On);
        if goes_on { Flow::On } else { Flow::Unknown }
    }

    fn command(&mut self, command: &Command, mode: Mode) -> Flow {
        match command {
            Command::Simple(simple) => self.simple(simple, mode),
            Command::If(branches, otherwise) => self.choice(branches, otherwise, mode),
            Command::Loop(test, body, words) => {
                let known = words.iter().all(|(_, raw)| self.only_looks(raw));
                let flows = [self.list(test, Mode::Unsure), self.list(body, Mode::Unsure)];
                let goes_on = flows.iter().all(|flow| matches!(flow, Flow::On | Flow::Fails));
                if known && goes_on { Flow::On } else { Flow::Unknown }
            }
            Command::Case(word, choices) => self.case(word, choices, mode),
            Command::Group(list) => self.list(list, mode),
            Command::Subshell(list) => match self.list(list, Mode::Unsure) {
                Flow::On => Flow::On,
                _ => Flow::Unknown,
            },
            Command::Function(name) => {
                self.functions.push(name.clone());
                if name == "command_not_found_handle" { Flow::Unknown } else { Flow::On }
            }
        }
    }

    fn choice(&mut self, branches: &[(List, List)], otherwise: &List, mode: Mode) -> Flow {
        let mut flows = Vec::new();
        for (test, body) in branches {
            let value = match test.as_slice() {
                [test] => self.value_of(test),
                _ => None,
            };
            let sure = flows.is_empty();
            if value.is_none() && !matches!(self.list(test, Mode::Unsure), Flow::On | Flow::Fails) {
                return Flow::Unknown;
            }
            match value {
                Some(false) => {}
                Some(true) if sure => return self.list(body, mode),
                Some(true) => {
                    flows.push(self.list(body, Mode::Unsure));
                    return self.either(&flows, mode);
                }
                None => flows.push(self.list(body, Mode::Unsure)),
            }
        }
        if flows.is_empty() {
            return self.list(otherwise, mode);
        }
        flows.push(self.list(otherwise, Mode::Unsure));
        self.either(&flows, mode)
    }

    fn case(&mut self, word: &Written, choices: &[(Vec<Written>, List)], mode: Mode) -> Flow {
        if !self.only_looks(&word.1)
            || !choices.iter().flat_map(|(patterns, _)| patterns).all(|(_, raw)| self.only_looks(raw))
        {
            return Flow::Unknown;
        }
        let value = self.tested(&word.1);
        let mut flows = Vec::new();
        for (patterns, body) in choices {
            let matches: Vec<_> =
                patterns.iter().map(|(word, raw)| conditions::fits(value.as_deref(), word, raw)).collect();
            if matches.contains(&Some(true)) {
                if flows.is_empty() {
                    return self.list(body, mode);
                }
                flows.push(self.list(body, Mode::Unsure));
                return self.either(&flows, mode);
            }
            if matches.contains(&None) {
                flows.push(self.list(body, Mode::Unsure));
            }
        }
        flows.push(Flow::On);
        self.either(&flows, mode)
    }

    /// What follows if one of several branches is taken.
    fn either(&mut self, flows: &[Flow], mode: Mode) -> Flow {
        if flows.iter().any(|flow| matches!(flow, Flow::Unknown | Flow::Done)) {
            return Flow::Unknown;
        }
        let hands = flows.contains(&Flow::Hands);
        if flows.contains(&Flow::On) {
            self.handed |= hands;
            return Flow::On;
        }
        match (hands, mode) {
            (true, Mode::Unsure) => Flow::Hands,
            (true, _) => {
                self.found.user_is_unknown = true;
                let words = self.arguments.iter().map(|word| word.as_str().into()).collect();
                self.run(Vec::new(), words)
            }
            (false, _) => Flow::Fails,
        }
    }

    /// A command that starts a program, behind `exec` or not.
    fn launch(&mut self, simple: &Simple, from: usize, assigned: Vec<(String, String)>, mode: Mode) -> Flow {
        let is_exec = from > 0 && simple.words.get(from - 1).is_some_and(|(word, _)| word.plain() == Some("exec"));
        let decides = is_exec || mode == Mode::Last || self.ends_on_error;
        let words = self.words(simple.words.get(from..).unwrap_or_default());
        let Some(first) = words.first().and_then(Word::plain) else { return Flow::Unknown };
        if first.is_empty() || first.starts_with('-') || self.functions.iter().any(|name| name == first) {
            return Flow::Unknown;
        }
        if mode == Mode::Unsure {
            return if is_exec { self.hand_on(&words) } else { Flow::Unknown };
        }
        if !decides {
            return Flow::Unknown;
        }
        self.run(assigned, words)
    }

    /// The program is known; is it what the script was given, if it may have run that before?
    fn run(&mut self, assigned: Vec<(String, String)>, words: Vec<Word>) -> Flow {
        let is_made = |word: &Word| {
            let name = base_name(&word.text);
            self.written.iter().any(|path| base_name(path) == name)
        };
        let other = self.handed && !self.ends_with_arguments(&words);
        if words.is_empty()
            || other
            || words.iter().any(is_made)
            || words.iter().any(|word| word.text == self.start.script)
        {
            return Flow::Unknown;
        }
        self.found.steps.push(Step::Run(Sentence { assigned, words }));
        Flow::Done
    }

    fn ends_with_arguments(&self, words: &[Word]) -> bool {
        let plain: Vec<_> = words.iter().map(|word| word.plain().unwrap_or_default()).collect();
        !self.arguments.is_empty() && plain.ends_with(&self.arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// `exec gosu app "$@"`, or the script itself again, where it is not certain that it runs.
    fn hand_on(&mut self, words: &[Word]) -> Flow {
        if !self.ends_with_arguments(words) {
            return Flow::Unknown;
        }
        let all = words.len() - self.arguments.len();
        let (before, _) = words.split_at(all);
        let Some(first) = before.first().and_then(Word::plain) else { return Flow::Hands };
        let Some(wrapper) = wrapper(first, first.as_bytes()) else { return Flow::Unknown };
        let Some(started) = wrapper.command(words.get(1..).unwrap_or_default()) else { return Flow::Unknown };
        let count = started.words.len();
        let again = count == self.arguments.len() + 1
            && started.words.first().is_some_and(|word| word.text == self.start.script);
        self.found.user_is_unknown = true;
        if started.assigned.is_empty() && (count == self.arguments.len() || again) {
            Flow::Hands
        } else {
            Flow::Unknown
        }
    }

    /// Sets a variable, of which the value is as it is written.
    fn assign(&mut self, name: &str, raw: &str, exports: bool, mode: Mode) -> Flow {
        let value = expand::expand(raw, &|name| self.variable(name));
        let value = value.filter(|value| mode != Mode::Unsure && !value.contains('~'));
        if value.is_none() && is_sensitive(name) {
            return Flow::Unknown;
        }
        let is_exported = exports
            || self.exported.iter().any(|other| other == name)
            || name == "PATH"
            || crate::config::variable(self.start.env, name).is_some();
        if let Some(value) = value.as_ref().filter(|_| is_exported) {
            self.found.steps.push(Step::Assign(name.to_owned(), value.clone()));
        }
        if exports {
            self.exported.push(name.to_owned());
        }
        self.variables.push((name.to_owned(), value));
        Flow::On
    }

    /// The words of a command with all that is known in place.
    fn words(&self, written: &[Written]) -> Vec<Word> {
        let all = || self.arguments.iter().map(|word| Word::from(word.as_str()));
        let splits = |word: &String| word.is_empty() || word.contains([' ', '\t', '\n', '*', '?', '[', '\\']);
        let mut words = Vec::new();
        for (word, raw) in written {
            match raw.as_str() {
                "\"$@\"" | "\"${@}\"" => words.extend(all()),
                "\"$@\"\r" => {
                    words.extend(all());
                    if let Some(last) = words.last_mut() {
                        last.text.push('\r');
                    }
                }
                "$@" | "$*" if !self.arguments.iter().any(splits) => words.extend(all()),
                raw => words.push(expand::expanded(word, raw, &|name| self.variable(name))),
            }
        }
        words
    }

    /// The value of a variable, if it is known.
    fn variable(&self, name: &str) -> Option<String> {
        if let Some(value) = self.parameter(name) {
            return Some(value);
        }
        if let Some((_, value)) = self.variables.iter().rev().find(|(other, _)| other == name) {
            return value.clone();
        }
        match name {
            "BASH_SOURCE" => Some(self.start.script.to_owned()),
            "PATH" => Some(self.start.path.to_owned()),
            _ => from_environment(self.start.env, name),
        }
    }

    /// The value of `$0`, `$1`, `$#`.
    fn parameter(&self, name: &str) -> Option<String> {
        match name.parse::<usize>() {
            Ok(0) => Some(self.start.script.to_owned()),
            Ok(number) => Some(self.arguments.get(number - 1).cloned().unwrap_or_default()),
            Err(_) => (name == "#").then(|| self.arguments.len().to_string()),
        }
    }

    /// A word in a test: what comes from the environment may be another with each container.
    fn tested(&self, raw: &str) -> Option<String> {
        expand::expand(raw, &|name| self.parameter(name).filter(|_| !is_shells_own(name)))
    }
}

#[cfg(test)]
mod tests;
