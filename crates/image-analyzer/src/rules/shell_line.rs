//! What a shell's line runs for certain: the commands that cannot fail at its start, and the first program.
//!
//! A program is followed only where the line fails if the program does: nothing behind it may run in its place. What is
//! behind a program that may fail or run for ever is left alone, and so is what is in `if`, `while`, `for`, `case` or a
//! group.

mod builtin;

use crate::rules::shell_lexer::{Operator, Token, lex};
use crate::rules::shell_script::expand::{self, from_environment};
use crate::rules::shell_words::{assignment, is_builtin};
use crate::rules::word::Word;
use builtin::{Builtin, builtin};

pub(crate) use builtin::{is_folder, is_keyword, is_sensitive};

/// Something that a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It changes the folder; does the line end if it cannot?
    Enter(String, bool),
    /// It sets a variable for all that follows.
    Assign(String, String),
    /// It starts a program, and fails if that cannot be started: the last step.
    Run(Sentence),
}

/// A command that starts a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// What is assigned before the program, for it alone: names and values, in order.
    pub assigned: Vec<(String, String)>,
    /// The program and its arguments; the first word is known.
    pub words: Vec<Word>,
}

/// A command of a line, as it is written.
#[derive(Default)]
struct Command {
    /// Its words and, as they are written, the same; those of redirections left out.
    words: Vec<(Word, String)>,
    /// What ends it; `None` at the end of the line.
    end: Option<Operator>,
}

/// What the line does in this environment, up to the first program or the first thing that is not known.
pub(crate) fn steps(line: &str, env: &[String]) -> Vec<Step> {
    let Some(commands) = lex(line).and_then(commands) else { return Vec::new() };
    let (mut steps, mut ends_on_error) = (Vec::new(), false);
    for (at, command) in commands.iter().enumerate() {
        let rest = commands.get(at + 1..).unwrap_or_default();
        let goes_on = matches!(command.end, Some(Operator::And | Operator::Semicolon | Operator::Newline));
        let decides = decides(command, rest)
            || ends_on_error && matches!(command.end, Some(Operator::Semicolon | Operator::Newline));
        match builtin(&command.words) {
            Some(Builtin::Harmless(errors)) if goes_on => ends_on_error |= errors,
            Some(Builtin::Enter(folder)) if goes_on => steps.push(Step::Enter(folder, decides)),
            Some(Builtin::Export(pairs)) if goes_on => {
                steps.extend(pairs.into_iter().map(|(name, value)| Step::Assign(name, value)));
            }
            Some(_) => break,
            None => {
                steps.extend(sentence(&expanded(&command.words, env, &steps)).filter(|_| decides).map(Step::Run));
                break;
            }
        }
    }
    steps
}

/// The words of a command with the values of the environment in place. What the line sets itself is left alone.
fn expanded(words: &[(Word, String)], env: &[String], before: &[Step]) -> Vec<(Word, String)> {
    let is_set = |name: &str| before.iter().any(|step| matches!(step, Step::Assign(other, _) if other == name));
    let value_of = |name: &str| from_environment(env, name).filter(|_| !is_set(name));
    words.iter().map(|(word, raw)| (expand::expanded(word, raw, &value_of), raw.clone())).collect()
}

/// Splits a line into commands; `None` if it is not valid.
fn commands(tokens: Vec<Token>) -> Option<Vec<Command>> {
    let (mut commands, mut command) = (Vec::<Command>::new(), Command::default());
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word, raw) => command.words.push((word, raw)),
            Token::Redirection => {
                let Some(Token::Word(..)) = tokens.next() else { return None };
                // A command that is nothing else is not followed, but it is one.
                if command.words.is_empty() {
                    command.words.push((Word { text: ">".to_owned(), is_plain: false }, String::new()));
                }
            }
            // Empty lines.
            Token::End(Operator::Newline) if command.words.is_empty() => {}
            Token::End(_) if command.words.is_empty() => return None,
            Token::Open | Token::Close | Token::Break => return None,
            Token::End(operator) => {
                command.end = Some(operator);
                commands.push(std::mem::take(&mut command));
            }
        }
    }
    if command.words.is_empty() {
        let last = commands.last_mut()?;
        match last.end {
            Some(Operator::Semicolon | Operator::Newline) => last.end = None,
            Some(Operator::Background) => {}
            _ => return None,
        }
    } else {
        commands.push(command);
    }
    Some(commands)
}

/// Does the line fail if this command does? Then nothing but `&&` follows, up to its end; after the first `&&` there may be
/// pipes.
fn decides(command: &Command, rest: &[Command]) -> bool {
    let is_simple = |command: &Command| command.words.first().is_some_and(|(_, raw)| !is_keyword(raw));
    let follows =
        |command: &Command| is_simple(command) && matches!(command.end, None | Some(Operator::And | Operator::Pipe));
    match command.end {
        None => true,
        Some(Operator::And) => rest.iter().all(follows),
        Some(_) => false,
    }
}

/// The program that a command starts, without assignments and `exec` before it; `None` if that is not known.
fn sentence(words: &[(Word, String)]) -> Option<Sentence> {
    let (mut assigned, mut rest) = (Vec::new(), words);
    while let Some(((word, raw), behind)) = rest.split_first() {
        if assignment(raw).is_none() {
            break;
        }
        let (name, value) = assignment(&word.text)?;
        // A tilde in a value may mean a home.
        if value.contains('~') || !word.is_plain && is_sensitive(&name) {
            return None;
        }
        assigned.extend(word.is_plain.then_some((name, value)));
        rest = behind;
    }
    if let Some(((word, _), behind)) = rest.split_first()
        && word.plain() == Some("exec")
    {
        rest = behind;
        // An option of `exec`: `-a NAME`, `-c`, `-l`. What follows may even be a builtin of that name, which is not meant.
        if rest.first().is_some_and(|(word, _)| word.text.starts_with('-')) {
            return None;
        }
    }
    let first = rest.first()?.0.plain()?;
    let is_appended = first.split_once("+=").is_some_and(|(name, _)| assignment(&format!("{name}=")).is_some());
    let words = rest.iter().map(|(word, _)| word.clone()).collect();
    (!is_appended && !is_builtin(first) && !is_keyword(first)).then_some(Sentence { assigned, words })
}

#[cfg(test)]
mod tests {
    use super::{Step, steps};
    use proptest::prelude::*;

    /// The steps, joined.
    fn read(line: &str) -> String {
        let show = |step: &Step| match step {
            Step::Enter(folder, ends) => format!("cd {folder}{}", if *ends { "!" } else { "" }),
            Step::Assign(name, value) => format!("{name}={value}"),
            Step::Run(sentence) => {
                let assigned = sentence.assigned.iter().map(|(name, value)| format!("{name}={value}"));
                let words = sentence
                    .words
                    .iter()
                    .map(|word| if word.is_plain { word.text.clone() } else { format!("[{}]", word.text) });
                format!("> {}", assigned.chain(words).collect::<Vec<_>>().join(" "))
            }
        };
        steps(line, &["J=/jvm".to_owned(), "S=a b".to_owned()]).iter().map(show).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_first_program_is_followed_where_the_line_fails_with_it() {
        for (line, found) in [
            ("./a", "> ./a"),
            ("/app/server --port $PORT", "> /app/server --port [$PORT]"),
            ("exec gunicorn --bind :$PORT main:app", "> gunicorn --bind [:$PORT] main:app"),
            ("exec java $JAVA_OPTS -jar /app.jar", "> java [$JAVA_OPTS] -jar /app.jar"),
            ("server > /dev/stdout 2>&1", "> server"),
            ("2>&1 server", ""),
            ("./migrate && ./server", "> ./migrate"),
            ("./migrate && ./server | tee x", "> ./migrate"),
            ("./migrate &&\n./server;\n", "> ./migrate"),
            ("A=$B C=d ./a", "> C=d ./a"),
            ("PORT=${PORT:-80} exec ./a", "> ./a"),
            ("'./a b'", "> ./a b"),
            ("exec \"$J/bin/java\" $S $T \"$S\"", "> /jvm/bin/java [$S] [$T] a b"),
            ("${J}/bin/java -v", "> /jvm/bin/java -v"),
            ("J=/x && $J/a", ""),
            ("J=/x exec $J/a", "> J=/x /jvm/a"),
        ] {
            assert_eq!(read(line), found, "{line}");
        }
    }

    #[test]
    fn what_may_run_in_place_of_a_program_or_without_it_leaves_it_alone() {
        for line in [
            "./a || ./b",
            "./a && ./b || ./c",
            "./a; ./b",
            "./a\n./b",
            "./a | ./b",
            "./a & ./b",
            "./a &",
            "./a && ./b &",
            "./a && ./b; ./c",
            "if ./a; then ./b; fi",
            "while ./a; do b; done",
            "for x in a; do b; done",
            "{ ./a; }",
            "(./a)",
            "! ./a",
            "a() { b; }",
            "./a && { ./b; }",
            "./a && if b; then c; fi",
            "$A b",
            "\"$A\"",
            "./*",
            "[ -f a ]",
            "[[ -f a ]]",
            "test -f a && ./b",
            "exec",
            "exec > /log",
            "exec -a x ./a",
            "eval ./a",
            "PATH=$A:/b ./a",
            "LD_PRELOAD=$A ./a",
            "NODE_OPTIONS=$A node b",
            "PATH=~/b a",
            "A+=b ./a",
            "A=b",
            "A=b; ./a",
            "wait",
            "time ./a",
            ". ./a",
            "source a",
            "command a",
            "exec echo a",
            "./a; ;",
            "&& ./a",
            "./a &&",
            "./a > ",
            "",
        ] {
            assert_eq!(read(line), "", "{line}");
        }
    }

    #[test]
    fn what_cannot_fail_is_passed_over() {
        for (line, found) in [
            ("cd /app && npm start", "cd /app!; > npm start"),
            ("cd /app; npm start", "cd /app; > npm start"),
            ("cd /app && npm start || true", "cd /app"),
            ("cd /app && cd x && ./a && ./b", "cd /app!; cd x!; > ./a"),
            ("export A=b C=$D && echo $A && exec ./a", "A=b; > ./a"),
            ("export PATH=/b && a", "PATH=/b; > a"),
            ("set -e; ./a; ./b", "> ./a"),
            ("set -eux\n./a\n./b || c", "> ./a"),
            ("set -e; ./a && ./b; ./c", ""),
            ("set -x; ./a; ./b", ""),
            ("set -e; cd /app; ./a", "cd /app!; > ./a"),
        ] {
            assert_eq!(read(line), found, "{line}");
        }
        for line in [
            "cd && ./a",
            "cd - && ./a",
            "cd $A && ./a",
            "cd .. && ./a",
            "cd /a | ./b",
            "export PATH=$A && b",
            "export A && ./b",
            "export A=~/b && ./c",
            "set -n; ./a",
            "set -- x; ./a",
            "set -o pipefail; ./a",
            "trap x EXIT; ./a",
            "mkdir x && ./a",
        ] {
            assert!(!read(line).contains('>') || line.starts_with("mkdir"), "{line}");
        }
        assert_eq!(read("mkdir x && ./a"), "> mkdir x");
    }

    proptest! {
        #[test]
        fn any_line_is_read(line: String, odd in "(cd|a|exec|set -e|export|A=|[ '\"$`(){}<>&|;#\n]){0,20}") {
            let _ = steps(&line, &[]);
            let _ = steps(&odd, &[]);
        }
    }
}
