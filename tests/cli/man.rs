//! `man`: a page for `mkcompose` and one for each command, which hold all that `--help` says.

use clap::{Arg, Command};

use crate::case::{Case, tool};

fn pages(arguments: &[&str]) -> String {
    let run = Case::empty().run([&["man"], arguments].concat());
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    run.stdout()
}

/// The page as a reader of roff would have it, without escapes and fonts.
fn plain(page: &str) -> String {
    let escapes = [("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\-", "-"), ("\\*(Aq", "'"), ("\\&", ""), ("\\e", "\\")];
    escapes.into_iter().fold(page.to_owned(), |page, (escape, text)| page.replace(escape, text))
}

/// Fails unless `part` has each argument, with its help.
#[track_caller]
fn assert_has<'a>(part: &str, arguments: impl Iterator<Item = &'a Arg>) {
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        let name =
            argument.get_long().map_or_else(|| argument.get_id().as_str().to_uppercase(), |long| format!("--{long}"));
        let names = argument.get_value_names().unwrap_or_default();
        assert!(part.contains(&name) || names.iter().any(|name| part.contains(name.as_str())), "{name} in {part}");
        let help = argument.get_help().unwrap().to_string();
        assert!(part.contains(&help), "{help} in {part}");
    }
}

#[test]
fn each_command_has_a_page_with_each_of_its_options() {
    let cli = mkcompose::command_line();
    assert_has(plain(&pages(&[])).split("\n.SH COMMANDS").next().unwrap(), cli.get_arguments());
    let commands: Vec<&Command> = cli.get_subcommands().filter(|command| !command.is_hide_set()).collect();
    assert!(commands.len() >= 8);
    for command in commands {
        let page = plain(&pages(&[command.get_name()]));
        assert!(page.contains(&format!(".TH MKCOMPOSE-{} 1 ", command.get_name().to_uppercase())), "{page}");
        assert!(page.contains(&command.get_about().unwrap().to_string()), "{page}");
        assert_has(&page, command.get_arguments());
        for paragraph in command.get_after_help().map(ToString::to_string).iter().flat_map(|help| help.split('\n')) {
            assert!(page.contains(paragraph.trim()), "{paragraph} in {page}");
        }
    }
}

#[test]
fn without_a_command_all_pages_are_printed_and_every_one_that_is_named_is_there() {
    let pages = plain(&pages(&[]));
    let named: Vec<_> = pages.lines().filter_map(|line| line.strip_suffix("(1)")).collect();
    assert!(named.contains(&"mkcompose-sizes"), "{pages}");
    for name in named {
        assert!(pages.contains(&format!(".TH {} 1 ", name.to_uppercase())), "{name}");
    }
    let headings: Vec<_> = pages.lines().filter_map(|line| line.strip_prefix(".SH ")).take(7).collect();
    assert_eq!(headings, ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "NOTES", "VERSION"]);
}

#[test]
fn an_unknown_command_is_refused_with_the_names_of_all() {
    let run = Case::empty().run(["man", "no\nsuch"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().starts_with("error: no command `no\\nsuch`: name one of "), "{}", run.stderr());
}

#[test]
fn groff_reads_the_pages_without_a_complaint() {
    let Some(mut groff) = tool("groff", &["--version"]) else { return };
    let case = Case::empty().file("page.1", pages(&[]));
    let output = groff.args(["-man", "-Tutf8", "-ww", "-K", "utf8"]).arg(case.at("page.1")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("MKCOMPOSE-SIZES(1)"), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
