//! The command line of `docker mkcompose`: mkcompose as a plugin of Docker's command line.
//!
//! Docker runs `docker-mkcompose` with its own command line, so what stands before the word `mkcompose` is Docker's:
//! `docker --context remote mkcompose test --context src` names Docker's context first and the build context then.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _, FromArgMatches as _};

use crate::cli::complete::Request;
use crate::cli::{Call, Cli};

/// The command by which Docker asks what a plugin is.
pub const METADATA: &str = "docker-cli-plugin-metadata";

/// What it is told. The keys are Docker's (`docs/extend/cli_plugins.md` of docker/cli).
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metadata {
    schema_version: &'static str,
    vendor: &'static str,
    version: &'static str,
    short_description: &'static str,
}

impl Metadata {
    /// That of this program.
    pub const OURS: Self = Self {
        schema_version: "0.1.0",
        vendor: "mkcompose",
        version: env!("CARGO_PKG_VERSION"),
        short_description: "Compose files from Dockerfiles; which images build, work and grow",
    };
}

/// How Docker called a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerCall {
    /// The `docker` that called.
    pub program: OsString,
    /// Its flags, which stood before the plugin's name.
    pub flags: Vec<OsString>,
}

/// The name of the program where Docker runs it, which is also its own name in Docker's folder of plugins.
const PLUGIN: &str = "docker-mkcompose";
/// The command by which Docker asks a plugin to complete words.
const COMPLETE: &str = "__complete";
/// The word after `docker`.
const NAME: &str = "mkcompose";
/// The variable that names the `docker` that calls a plugin.
const CALLER: &str = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND";

/// Docker's flags for all commands that take a value. All others take none.
const WITH_VALUE: [&str; 7] =
    ["--config", "--context", "--host", "--log-level", "--tlscacert", "--tlscert", "--tlskey"];
/// Those of one letter.
const LETTERS_WITH_VALUE: &[u8] = b"cHl";

/// What this process was started for; ends it, with the words of `clap`, if the command line is not one of ours.
pub fn call() -> Call {
    let args: Vec<OsString> = env::args_os().collect();
    if let Some(request) = Request::of_shell(&args) {
        return Call::Complete(request);
    }
    let is_plugin = args.first().and_then(|path| Path::new(path).file_name()).is_some_and(|name| name == PLUGIN);
    let caller = env::var_os(CALLER).filter(|caller| is_plugin && !caller.is_empty());
    let Some(caller) = caller else { return read(Cli::command(), args, None) };
    let (flags, rest) = split(args.get(1..).unwrap_or_default());
    let asks = rest.first().is_some_and(|word| word == COMPLETE);
    let words = std::iter::once(OsString::from(NAME)).chain(rest.into_iter().skip(asks.into())).collect();
    if asks {
        return Call::Complete(Request::of_docker(words));
    }
    let docker_call = DockerCall { program: from_any_folder(caller), flags };
    read(Cli::command().bin_name("docker mkcompose"), words, Some(docker_call))
}

fn read(mut command: Command, args: Vec<OsString>, docker_call: Option<DockerCall>) -> Call {
    let parsed = command.try_get_matches_from_mut(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let mut cli = parsed.unwrap_or_else(|error| error.format(&mut command).exit());
    cli.options.docker_call = docker_call;
    Call::Run(Box::new(cli))
}

/// `program` as it can be run after `-C` has changed the folder.
fn from_any_folder(program: OsString) -> OsString {
    let has_folder = program.as_encoded_bytes().contains(&b'/');
    if has_folder { std::path::absolute(&program).map_or(program, PathBuf::into_os_string) } else { program }
}

/// Docker's flags, and what is ours: the words around the first `mkcompose` that is no flag's value. `docker help
/// mkcompose` has a word before it.
fn split(args: &[OsString]) -> (Vec<OsString>, Vec<OsString>) {
    let (mut flags, mut rest) = (Vec::new(), Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == NAME {
            break;
        }
        if !arg.as_encoded_bytes().starts_with(b"-") {
            rest.push(arg.clone());
            continue;
        }
        flags.push(arg.clone());
        if value_follows(arg) {
            flags.extend(args.next().cloned());
        }
    }
    rest.extend(args.cloned());
    (flags, rest)
}

/// Whether the value of Docker's flag `flag` is the next word: `--context NAME`, `-c NAME`, `-Dc NAME`.
fn value_follows(flag: &OsStr) -> bool {
    match flag.as_encoded_bytes() {
        [b'-', b'-', ..] => WITH_VALUE.iter().any(|name| flag == *name),
        [b'-', letters @ ..] => {
            letters.iter().position(|letter| LETTERS_WITH_VALUE.contains(letter)) == letters.len().checked_sub(1)
                && !letters.is_empty()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{OsString, split};

    /// Docker's flags, and what is left, of a command line after `docker`.
    fn halves(line: &str) -> (String, String) {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let (flags, rest) = split(&args);
        let joined = |words: Vec<OsString>| words.join(OsString::from(" ").as_os_str()).into_string().unwrap();
        (joined(flags), joined(rest))
    }

    #[test]
    fn what_is_before_the_name_is_docker_s_and_what_is_after_it_is_ours() {
        for (line, flags, rest) in [
            ("mkcompose list", "", "list"),
            ("mkcompose", "", ""),
            ("--context a mkcompose list --context b", "--context a", "list --context b"),
            ("--context=a -D mkcompose --check", "--context=a -D", "--check"),
            ("-c mkcompose mkcompose why mkcompose", "-c mkcompose", "why mkcompose"),
            ("-Dc mkcompose mkcompose", "-Dc mkcompose", ""),
            ("-cmkcompose mkcompose list", "-cmkcompose", "list"),
            ("-H tcp://h:1 --tlsverify --tlskey k mkcompose list", "-H tcp://h:1 --tlsverify --tlskey k", "list"),
            ("help mkcompose list", "", "help list"),
            ("--config mkcompose", "--config mkcompose", ""),
            ("-c", "-c", ""),
            ("-", "-", ""),
        ] {
            assert_eq!(halves(line), (flags.to_owned(), rest.to_owned()), "{line}");
        }
    }
}
