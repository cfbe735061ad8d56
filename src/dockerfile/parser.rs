//! From the text of a Dockerfile to its instructions: directives, comments, continued lines, here-documents, flags.
//!
//! Written for this program, after the rules of `BuildKit`'s parser. The crate `parse-dockerfile` (0.1.9) was tried: it
//! knows a here-document only right after RUN, so that `RUN python3 <<EOF` is an error, or its text is read as
//! instructions; and it refuses `ENTRYPOINT []`, which Docker takes.

use std::borrow::Cow;

use super::variables::{first_word, words};

/// Why a text is not a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it. Raw: escape before printing.
    pub message: String,
}

/// An instruction, on one line now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction<'t> {
    /// The line it starts on, counted from 1.
    pub(super) line: usize,
    /// Its keyword, in upper case.
    pub(super) keyword: Cow<'t, str>,
    /// The flags after the keyword: `--from=build`.
    pub(super) flags: Vec<String>,
    /// What follows the flags.
    pub(super) arguments: Cow<'t, str>,
}

impl<'t> Instruction<'t> {
    /// The instruction that `text` is, which starts on `line`.
    fn new(line: usize, text: &'t str, escape: char) -> Self {
        let (keyword, rest) = split_keyword(text);
        let (flags, arguments) = split_flags(rest, escape);
        Self { line, keyword, flags, arguments: arguments.into() }
    }

    /// The same, free of the text that it was read from.
    fn into_owned<'o>(self) -> Instruction<'o> {
        Instruction {
            line: self.line,
            keyword: self.keyword.into_owned().into(),
            flags: self.flags,
            arguments: self.arguments.into_owned().into(),
        }
    }

    /// Whether it has the flag `--NAME`.
    pub(super) fn has_flag(&self, name: &str) -> bool {
        let of = |flag: &String| flag.strip_prefix("--").is_some_and(|flag| flag.split('=').next() == Some(name));
        self.flags.iter().any(of)
    }

    /// The values of the flags `--NAME=VALUE`, in order.
    pub(super) fn flag_values<'i>(&'i self, name: &'i str) -> impl Iterator<Item = &'i str> {
        self.flags.iter().filter_map(move |flag| flag.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('='))
    }

    /// The arguments if they are a JSON array of strings and nothing else.
    pub(super) fn json(&self) -> Option<Vec<String>> {
        json(&self.arguments)
    }

    pub(super) fn problem(&self, message: impl Into<String>) -> ParseProblem {
        ParseProblem { line: self.line, message: message.into() }
    }
}

fn json(arguments: &str) -> Option<Vec<String>> {
    if !arguments.starts_with('[') {
        return None;
    }
    serde_json::from_str(arguments).ok()
}

/// The most bytes that `BuildKit` takes of one line.
const MAX_LINE_LEN: usize = 65_535;

/// Refuses a line that `BuildKit` cannot read, whatever it is part of.
fn check_line_lengths(text: &str) -> Result<(), ParseProblem> {
    if text.len() <= MAX_LINE_LEN {
        return Ok(());
    }
    match text.split('\n').position(|line| line.len() > MAX_LINE_LEN) {
        None => Ok(()),
        Some(place) => {
            Err(ParseProblem { line: place + 1, message: format!("a line has more than {MAX_LINE_LEN} bytes") })
        }
    }
}

/// The instructions of `text`, and the escape character that its directives choose.
///
/// # Errors
/// An escape character that is not valid, or a here-document without an end.
pub(super) fn instructions(text: &str) -> Result<(Vec<Instruction<'_>>, char), ParseProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_line_lengths(text)?;
    let escape = escape(text)?;
    let mut lines = Lines { rest: text.split_inclusive('\n'), line: 0 };
    let mut instructions = Vec::new();
    while let Some(first) = lines.next() {
        let start = lines.line;
        let first = first.trim_start();
        if first.is_empty() || first.starts_with('#') {
            continue;
        }
        let instruction = match lines.continued(first, escape) {
            Cow::Borrowed(whole) => Instruction::new(start, whole, escape),
            Cow::Owned(whole) => Instruction::new(start, &whole, escape).into_owned(),
        };
        lines.skip_here_documents(&instruction)?;
        instructions.push(instruction);
    }
    Ok((instructions, escape))
}

/// Reads the directives at the top: comments of the form `# key=value` until the first line that is not one.
fn escape(text: &str) -> Result<char, ParseProblem> {
    let mut escape = '\\';
    let mut seen = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let Some((key, value)) = line.trim_start().strip_prefix('#').and_then(|line| line.split_once('=')) else {
            break;
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        if !matches!(key.as_str(), "escape" | "syntax" | "check") || value.is_empty() {
            break;
        }
        if seen.contains(&key) {
            return Err(ParseProblem { line: place + 1, message: format!("the directive `# {key}=` appears twice") });
        }
        match (key.as_str(), value) {
            ("escape", "`") => escape = '`',
            ("escape", "\\") => escape = '\\',
            ("escape", other) => {
                let message = format!("the escape character is \\ or `, not {other}");
                return Err(ParseProblem { line: place + 1, message });
            }
            _ => {}
        }
        seen.push(key);
    }
    Ok(escape)
}

struct Lines<'a> {
    rest: std::str::SplitInclusive<'a, char>,
    /// The number of the last line that was read.
    line: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let line = self.rest.next()?;
        self.line += 1;
        Some(line.trim_end_matches(['\r', '\n']))
    }

    /// `first` and the lines that continue it; comments and empty lines between them are passed over.
    fn continued(&mut self, first: &'a str, escape: char) -> Cow<'a, str> {
        let mut piece = before_continuation(first, escape);
        if piece.is_none() {
            return first.into();
        }
        let mut whole = String::new();
        let mut last = first;
        while let Some(before) = piece {
            whole.push_str(before);
            last = loop {
                match self.next() {
                    None => return whole.into(),
                    Some(line) if matches!(line.trim_start().chars().next(), None | Some('#')) => {}
                    Some(line) => break line,
                }
            };
            piece = before_continuation(last, escape);
        }
        whole.push_str(last);
        whole.into()
    }

    /// Reads past the here-documents that RUN, COPY or ADD announces.
    fn skip_here_documents(&mut self, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        let arguments = &*instruction.arguments;
        // By the character first: to find one takes a tenth of the time.
        if !arguments.contains('<') || !arguments.contains("<<") {
            return Ok(());
        }
        let keyword = match &*instruction.keyword {
            "ONBUILD" => first_word(arguments, '\\').0.to_ascii_uppercase(),
            keyword => keyword.to_owned(),
        };
        if !matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") || json(arguments).is_some() {
            return Ok(());
        }
        for document in here_documents(arguments) {
            loop {
                let Some(line) = self.next() else {
                    return Err(instruction.problem(format!("the here-document `{}` has no end", document.name)));
                };
                let line = if document.tabs { line.trim_start_matches('\t') } else { line };
                if line == document.name {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The here-documents that a line announces. There may be a blank between `<<` and the word.
fn here_documents(arguments: &str) -> Vec<HereDocument> {
    let mut documents = Vec::new();
    let mut words = words(arguments, '\\').into_iter();
    while let Some(word) = words.next() {
        if word.trim_start_matches(|c: char| c.is_ascii_digit()) == "<<" {
            documents.extend(words.next().and_then(|name| HereDocument::parse(&format!("{word}{name}"))));
        } else {
            documents.extend(HereDocument::parse(word));
        }
    }
    documents
}

/// The line without the escape character at its end, if it has one: two of them do not count.
fn before_continuation(line: &str, escape: char) -> Option<&str> {
    let before = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!before.ends_with(escape)).then_some(before)
}

fn split_keyword(line: &str) -> (Cow<'_, str>, &str) {
    let line = line.trim();
    let (keyword, rest) = line.split_once(is_space).unwrap_or((line, ""));
    let is_upper = keyword.bytes().all(|byte| byte.is_ascii_uppercase());
    (if is_upper { keyword.into() } else { keyword.to_ascii_uppercase().into() }, rest.trim())
}

/// White space within a line, as `BuildKit` splits words.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r')
}

fn split_flags(mut rest: &str, escape: char) -> (Vec<String>, &str) {
    let mut flags = Vec::new();
    while rest.starts_with("--") {
        let (flag, after) = first_word(rest, escape);
        rest = after;
        if flag == "--" {
            break;
        }
        flags.push(flag.to_owned());
    }
    (flags, rest.trim())
}

/// The announcement of a here-document: `<<EOF`, `<<-EOF`, `3<<"EOF"`.
pub(super) struct HereDocument {
    /// The line that ends it.
    name: String,
    /// Whether tabs before its lines do not count.
    tabs: bool,
}

impl HereDocument {
    /// Reads a word; `None` if it announces nothing.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let word = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (tabs, word) = word.strip_prefix('-').map_or((false, word), |word| (true, word));
        if word.is_empty() || word.contains('<') {
            return None;
        }
        Some(Self { name: word.replace(['"', '\'', '\\'], ""), tabs })
    }
}

#[cfg(test)]
mod tests {
    use super::{Instruction, instructions};
    use proptest::prelude::*;

    #[track_caller]
    fn read(text: &str) -> Vec<(usize, String, String)> {
        let (instructions, _) = instructions(text).unwrap();
        let read = |one: Instruction<'_>| (one.line, one.keyword.into_owned(), one.arguments.into_owned());
        instructions.into_iter().map(read).collect()
    }

    #[track_caller]
    fn reads(text: &str, expected: &[(usize, &str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(line, keyword, arguments)| (*line, (*keyword).into(), (*arguments).into())).collect();
        assert_eq!(read(text), expected, "{text:?}");
    }

    #[test]
    fn a_line_is_an_instruction_whatever_its_case_and_indentation() {
        reads("  from a\r\n\n\t# no\nRUN b  c \n", &[(1, "FROM", "a"), (4, "RUN", "b  c")]);
        reads("FROM", &[(1, "FROM", "")]);
        reads("\u{feff}FROM a", &[(1, "FROM", "a")]);
    }

    #[test]
    fn continued_lines_are_one_and_comments_between_them_are_none() {
        reads("RUN a \\\n# no\n\n  b \\ \t\nc\nRUN d", &[(1, "RUN", "a   b c"), (6, "RUN", "d")]);
        reads("F\\\nROM a", &[(1, "FROM", "a")]);
        reads("RUN a \\", &[(1, "RUN", "a")]);
        reads("RUN a \\\\\nRUN b", &[(1, "RUN", "a \\\\"), (2, "RUN", "b")]);
        reads("# No=directive\nRUN a # b \\\nc", &[(2, "RUN", "a # b c")]);
    }

    #[test]
    fn directives_choose_the_escape_character_until_the_first_other_line() {
        reads("# syntax=x\n#ESCAPE = `\nRUN a `\nb \\\nRUN c", &[(3, "RUN", "a b \\"), (5, "RUN", "c")]);
        reads("# note\n# escape=`\nRUN a `\nRUN b", &[(3, "RUN", "a `"), (4, "RUN", "b")]);
        reads("\n# escape=`\nRUN a `\nRUN b", &[(3, "RUN", "a `"), (4, "RUN", "b")]);
        assert_eq!(instructions("# syntax=x\n# escape=x\n").unwrap_err().line, 2);
    }

    #[test]
    fn a_directive_given_twice_is_refused() {
        for text in ["# syntax=x\n# syntax=x\nFROM a", "# escape=`\n#ESCAPE=`\nFROM a"] {
            assert_eq!(instructions(text).unwrap_err().line, 2, "{text}");
        }
        reads("# note\n# syntax=x\n# syntax=y\nFROM a", &[(4, "FROM", "a")]);
    }

    #[test]
    fn a_line_may_have_65535_bytes() {
        let text = |length: usize| format!("FROM a\nRUN {}\n", "x".repeat(length - 4));
        assert_eq!(instructions(&text(65_535)).unwrap().0.len(), 2);
        assert_eq!(instructions(&text(65_536)).unwrap_err().line, 2);
    }

    #[test]
    fn here_documents_are_passed_over_wherever_they_are_announced() {
        reads("RUN <<EOF\nFROM x\nEOF\nRUN b", &[(1, "RUN", "<<EOF"), (4, "RUN", "b")]);
        reads(
            "RUN cat <<A > /x && cat <<-\"B C\"\nB C\nA\n\tx\n\tB C\nRUN b",
            &[(1, "RUN", "cat <<A > /x && cat <<-\"B C\""), (6, "RUN", "b")],
        );
        reads("RUN cat << 'E' > f\nFROM x\nE\nRUN b", &[(1, "RUN", "cat << 'E' > f"), (4, "RUN", "b")]);
        reads("ONBUILD RUN 3<<'E'\nx\nE\nRUN b", &[(1, "ONBUILD", "RUN 3<<'E'"), (4, "RUN", "b")]);
        reads("COPY <<a.txt <<b.txt /x/\na.txt\nb.txt\nRUN b", &[(1, "COPY", "<<a.txt <<b.txt /x/"), (4, "RUN", "b")]);
    }

    #[test]
    fn what_only_looks_like_a_here_document_is_none() {
        for line in [
            "RUN echo \"<<EOF\"",
            "RUN cat <<< x",
            "RUN x=$((1<<2))",
            "RUN cat <<- EOF",
            "CMD <<EOF",
            "RUN [\"<<EOF\"]",
        ] {
            assert_eq!(read(&format!("{line}\nRUN b")).len(), 2, "{line}");
        }
    }

    #[test]
    fn a_here_document_without_an_end_has_the_line_that_announces_it() {
        let problem = instructions("FROM a\nRUN <<EOF\nx\nEOF \n").unwrap_err();
        assert_eq!((problem.line, problem.message.as_str()), (2, "the here-document `EOF` has no end"));
    }

    #[test]
    fn flags_end_at_the_first_other_word() {
        let (read, _) = instructions("COPY --from=0 --chown=\"a b\" --link x --y /z\nRUN -- --x").unwrap();
        assert_eq!(read[0].flags, ["--from=0", "--chown=\"a b\"", "--link"]);
        assert_eq!(read[0].arguments, "x --y /z");
        assert!(read[0].has_flag("from") && read[0].has_flag("link") && !read[0].has_flag("fro"));
        assert_eq!(read[1].arguments, "--x");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text: String) {
            let _ = instructions(&text);
        }

        #[test]
        fn a_line_that_continues_in_many_is_the_same_as_in_one(words in prop::collection::vec("[a-z]{1,4}", 1..8)) {
            let one = read(&format!("RUN {}\nFROM a", words.join(" ")));
            let many = read(&format!("RUN {}\nFROM a", words.join(" \\\n# no\n")));
            prop_assert_eq!(&one[0], &many[0]);
            prop_assert_eq!(many[1].0, 2 * words.len());
        }
    }
}
