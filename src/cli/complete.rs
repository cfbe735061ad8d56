//! What a shell may put in at the Tab key: the words of the command line, files, and the services of the repository.
//!
//! The script of `mkcompose completions SHELL` has the shell ask this program each time, with [`VARIABLE`] set and the
//! words so far after `--`. Docker asks its plugins with the command `__complete`.

use std::env;
use std::ffi::OsString;
use std::io;

use clap::{Command, CommandFactory as _, FromArgMatches as _};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate, complete};
use clap_complete::env::Shells;
use image_analyzer::printable::printable_path;

use crate::cli::{Cli, Options};
use crate::lint::Rule;
use crate::repository::Repository;
use crate::repository::service::Service;

/// Set to the name of a shell that asks.
const VARIABLE: &str = "MKCOMPOSE_COMPLETE";
/// The program that is completed, and the one that is asked.
const NAME: &str = "mkcompose";
/// What tells Docker's shells that no file may follow (`ShellCompDirectiveNoFileComp` of cobra).
const NO_FILES: &str = ":4\n";

/// In the function for bash: a file with a blank in its name, or another character that is bash's, is quoted. No other
/// candidate has such a character.
const QUOTES: &str = r#"    local candidate
    for candidate in "${COMPREPLY[@]}"; do
        [[ $candidate != *[!A-Za-z0-9_./:=@%+,-]* ]] || compopt -o filenames 2> /dev/null
    done
"#;
/// After the function for zsh: from a folder of functions, zsh reads the file at the first Tab, which wants an answer too.
const FIRST_TAB: &str = "[[ $funcstack[1] != _mkcompose ]] || _clap_dynamic_completer_mkcompose \"$@\"\n";

/// Words to be completed, the last one or that which the shell says.
#[derive(Debug)]
pub struct Request {
    asker: Asker,
    /// The command line so far, with the program's name.
    words: Vec<OsString>,
}

#[derive(Debug)]
enum Asker {
    Shell(String),
    Docker,
}

impl Request {
    /// What a shell asks by starting the program with `args`; `None` if none does.
    pub fn of_shell(args: &[OsString]) -> Option<Self> {
        let shell = env::var(VARIABLE).ok().filter(|shell| !shell.is_empty())?;
        let words = args.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
        Some(Self { asker: Asker::Shell(shell), words })
    }

    /// What Docker asks.
    pub fn of_docker(words: Vec<OsString>) -> Self {
        Self { asker: Asker::Docker, words }
    }

    /// What may stand there, in the words of who asks.
    ///
    /// # Errors
    /// If the shell is unknown, or there is nothing to complete.
    pub fn answer(self) -> io::Result<String> {
        let mut command = command(&self.words);
        let here = env::current_dir().ok();
        match self.asker {
            Asker::Shell(shell) => {
                let shells = Shells::builtins();
                let unknown = || io::Error::other(format!("{VARIABLE}: no completions for the shell `{shell}`"));
                let shell = shells.completer(&shell).ok_or_else(unknown)?;
                let mut out = Vec::new();
                shell.write_complete(&mut command, self.words, here.as_deref(), &mut out)?;
                Ok(String::from_utf8_lossy(&out).into_owned())
            }
            Asker::Docker => {
                let last = self.words.len().saturating_sub(1);
                let found = complete(&mut command, self.words, last, here.as_deref())?;
                Ok(found.iter().map(docker_line).collect::<String>() + NO_FILES)
            }
        }
    }
}

/// A candidate, and after a tab what it is.
fn docker_line(candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    format!("{value}\t{}\n", help.lines().next().unwrap_or_default())
}

/// The script by which `shell` asks this program.
///
/// # Errors
/// If the shell is unknown.
pub fn script(shell: Shell) -> io::Result<String> {
    let name = shell.to_string();
    let shells = Shells::builtins();
    let completer = shells.completer(&name).ok_or_else(|| io::Error::other(format!("unknown shell `{name}`")))?;
    let mut out = Vec::new();
    completer.write_registration(VARIABLE, NAME, NAME, NAME, &mut out)?;
    let mut script = String::from_utf8_lossy(&out).into_owned();
    match shell {
        Shell::Bash => script = script.replacen("\n}\n", &format!("\n{QUOTES}}}\n"), 1),
        Shell::Zsh => script += FIRST_TAB,
        _ => {}
    }
    Ok(script)
}

/// The command line with candidates for what is not a word of it.
fn command(words: &[OsString]) -> Command {
    let services = {
        let words = words.to_owned();
        ArgValueCandidates::new(move || services(&words))
    };
    let commands = ArgValueCandidates::new(|| {
        let line = Cli::command();
        let commands = line.get_subcommands().filter(|command| !command.is_hide_set());
        commands
            .map(|command| CompletionCandidate::new(command.get_name()).help(command.get_about().cloned()))
            .collect()
    });
    let rules = ArgValueCandidates::new(|| {
        let rule = |rule: Rule| CompletionCandidate::new(rule.as_str()).help(Some(rule.meaning().into()));
        Rule::ALL.into_iter().map(rule).collect()
    });
    // Where a command asks no engine, none is offered.
    let line = Cli::command().mut_arg("docker", |docker| docker.global(false));
    line.mut_subcommands(|command| {
        command.mut_args(|arg| match arg.get_id().as_str() {
            "globs" | "images" => arg.add(services.clone()),
            "command" => arg.add(commands.clone()),
            "allow" => arg.add(rules.clone()),
            _ => arg,
        })
    })
}

/// The services of the repository that `words` are about; none if it has errors, which the command itself will show.
fn services(words: &[OsString]) -> Vec<CompletionCandidate> {
    let matches = Cli::command().ignore_errors(true).try_get_matches_from(words);
    let Some(options) = matches.ok().and_then(|matches| Options::from_arg_matches(&matches).ok()) else {
        return Vec::new();
    };
    if let Some(folder) = &options.directory
        && env::set_current_dir(folder).is_err()
    {
        return Vec::new();
    }
    let services = Repository::load(&options.load_options()).map(|repository| repository.services).unwrap_or_default();
    let candidate = |service: &Service| {
        let dockerfile = printable_path(&service.dockerfile);
        CompletionCandidate::new(service.name.as_str()).help(Some(dockerfile.into()))
    };
    services.iter().map(candidate).collect()
}
