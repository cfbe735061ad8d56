//! `man`: one page that holds all that `--help` says of every command, and refers to no other page.

use clap::{Arg, Command, CommandFactory as _};
use mkcompose::cli::Cli;

use crate::case::{Case, tool};

fn page() -> String {
    let run = Case::empty().run(["man"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    run.stdout()
}

/// The page as a reader of roff would have it, without escapes and fonts.
fn plain(page: &str) -> String {
    let escapes = [("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\-", "-"), ("\\(aq", "'"), ("\\&", ""), ("\\e", "\\")];
    escapes.into_iter().fold(page.to_owned(), |page, (escape, text)| page.replace(escape, text))
}

/// The part of the page below `.SS mkcompose COMMAND`.
fn part<'p>(page: &'p str, command: &str) -> &'p str {
    let start = format!("\n.SS mkcompose {command}");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("{start} is not there:\n{page}"));
    rest.split("\n.S").next().unwrap()
}

/// Fails unless `part` has each argument, with its help.
#[track_caller]
fn assert_has<'a>(part: &str, arguments: impl Iterator<Item = &'a Arg>) {
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        let name =
            argument.get_long().map_or_else(|| argument.get_id().as_str().to_uppercase(), |long| format!("--{long}"));
        let names = argument.get_value_names().unwrap_or_default();
        assert!(part.contains(&name) || names.iter().any(|name| part.contains(name.as_str())), "{name} in {part}");
        let help = argument.get_help().unwrap().to_string().replace('`', "");
        assert!(part.contains(&help), "{help} in {part}");
    }
}

#[test]
fn the_page_has_every_command_with_each_of_its_options() {
    let page = plain(&page());
    let cli = Cli::command();
    assert_has(page.split("\n.SH COMMANDS").next().unwrap(), cli.get_arguments());
    let commands: Vec<&Command> = cli.get_subcommands().collect();
    assert!(commands.len() >= 8);
    for command in commands {
        let part = part(&page, command.get_name());
        assert!(part.contains(&command.get_about().unwrap().to_string().replace('`', "")), "{part}");
        assert_has(part, command.get_arguments());
        for paragraph in command.get_after_help().map(ToString::to_string).iter().flat_map(|help| help.split('\n')) {
            for piece in paragraph.split("  ") {
                assert!(part.contains(&piece.trim().replace('`', "")), "{piece} in {part}");
            }
        }
    }
}

#[test]
fn the_page_refers_to_no_other_and_its_headings_are_those_of_manual_pages() {
    let page = page();
    assert!(page.starts_with(".TH MKCOMPOSE 1 "), "{page}");
    assert!(!page.contains("(1)"), "{page}");
    let headings: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    assert_eq!(headings, ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS"]);
}

#[test]
fn a_flag_of_every_command_is_described_once() {
    let page = plain(&page());
    assert_eq!(page.matches("\n--err-output").count(), 1);
    assert_eq!(page.matches("\n.TP\n-h, --help").count(), 1);
}

#[test]
fn the_page_is_read_without_a_complaint() {
    let Some(mut groff) = tool("groff", &["--version"]) else { return };
    let case = Case::empty().file("page.1", page());
    let output = groff.args(["-man", "-Tutf8", "-ww", "-K", "utf8"]).arg(case.at("page.1")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("mkcompose sizes"), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
