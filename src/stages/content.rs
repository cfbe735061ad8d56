//! From the text of a Dockerfile to what names and the build context can be held against: its FROM lines and the
//! sources of its COPY and ADD lines.
//!
//! The syntax is left to `parse-dockerfile`: line continuation, comments, directives, here-documents, the JSON form. Its
//! `parse_iter` is used because `parse` refuses two stages of one name, which `BuildKit` builds.

use std::collections::BTreeMap;

use parse_dockerfile::{Flag, Instruction, Source, parse_iter};

use super::expand::{Gap, Scope, expand};

/// The image of a FROM line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// Its reference, variables filled in.
    Known(String),
    /// None: a variable in it has no value, so that the line builds only with `--build-arg`.
    Missing,
    /// It depends on what the Dockerfile does not say, such as the platform.
    Untold,
}

impl Image {
    /// The reference, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(reference) => Some(reference),
            Self::Missing | Self::Untold => None,
        }
    }
}

/// A FROM line that starts from an image, not from an earlier stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The line it starts on, counted from 1.
    pub line: usize,
    /// The image, as it is written.
    pub written: String,
    /// The image that this is.
    pub image: Image,
}

/// A file or pattern that COPY or ADD takes from the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// The line its instruction starts on, counted from 1.
    pub line: usize,
    /// `COPY` or `ADD`.
    pub instruction: &'static str,
    /// The path or pattern, variables filled in.
    pub path: String,
}

/// What was read of a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The FROM lines that start from an image, in order.
    pub froms: Vec<From>,
    /// What is taken from the build context, in order. A source whose variables cannot be filled in is not here.
    pub sources: Vec<CopySource>,
}

/// Why a text is no Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it. Raw: escape before printing.
    pub message: String,
}

/// Reads the text of a Dockerfile.
///
/// # Errors
/// The first thing in it that is no Dockerfile.
pub fn read(text: &str) -> Result<Content, ParseProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { lines: Lines { text, at: 0, line: 1 }, escape: escape(text), ..Reader::default() };
    for instruction in parse_iter(text).map_err(|error| problem(&error))? {
        reader.take(&instruction.map_err(|error| problem(&error))?)?;
    }
    Ok(reader.content)
}

/// The crate says line 0 when there is no FROM at all.
fn problem(error: &parse_dockerfile::Error) -> ParseProblem {
    ParseProblem { line: error.line().max(1), message: format!("{error:#}") }
}

/// The escape character that the directives at the top choose.
fn escape(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim_start().strip_prefix('#')?.split_once('='));
    let mut directives = directives.map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim()));
    let known = directives.by_ref().take_while(|(key, _)| matches!(key.as_str(), "syntax" | "escape" | "check"));
    if known.into_iter().any(|(key, value)| key == "escape" && value == "`") { '`' } else { '\\' }
}

/// Counts lines up to growing positions, each byte once.
#[derive(Default)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, position: usize) -> usize {
        self.line += self.text.get(self.at..position).unwrap_or_default().matches('\n').count();
        self.at = self.at.max(position);
        self.line
    }
}

#[derive(Default)]
struct Reader<'a> {
    lines: Lines<'a>,
    escape: char,
    content: Content,
    /// What ARG lines before the first FROM set.
    global: Scope,
    /// What the present stage sees; `None` before the first FROM.
    stage: Option<Scope>,
    /// The name of the present stage, in lower case: `BuildKit` does not tell cases apart.
    name: Option<String>,
    /// What the named stages before it saw at their end.
    named: BTreeMap<String, Scope>,
}

impl Reader<'_> {
    fn take(&mut self, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        match instruction {
            Instruction::From(from) => {
                let name = from.as_.as_ref().map(|(_, name)| name.value.to_lowercase());
                let line = self.lines.of(from.from.span.start);
                if name.as_deref() == Some("") {
                    return Err(ParseProblem { line, message: "expected a name after AS".to_owned() });
                }
                self.from(line, &from.image.value, name);
            }
            Instruction::Arg(arg) => match &mut self.stage {
                Some(stage) => stage.declare(&arg.arguments.value, self.escape, Some(&self.global)),
                None => self.global.declare(&arg.arguments.value, self.escape, None),
            },
            Instruction::Env(env) => {
                if let Some(stage) = &mut self.stage {
                    stage.define(&env.arguments.value, self.escape);
                }
            }
            Instruction::Copy(copy) => self.copy(copy.copy.span.start, "COPY", &copy.options, &copy.src),
            Instruction::Add(add) => self.copy(add.add.span.start, "ADD", &add.options, &add.src),
            _ => {}
        }
        Ok(())
    }

    fn from(&mut self, line: usize, written: &str, name: Option<String>) {
        if let (Some(name), Some(stage)) = (self.name.take(), self.stage.take()) {
            self.named.insert(name, stage);
        }
        self.name = name;
        let image = match expand(written, &self.global, self.escape) {
            Ok(image) if image.is_empty() => Image::Missing,
            Ok(image) => Image::Known(image),
            Err(Gap::Unset) => Image::Missing,
            Err(Gap::Untold) => Image::Untold,
        };
        let earlier = image.known().and_then(|image| self.named.get(&image.to_lowercase()));
        self.stage = Some(earlier.cloned().unwrap_or_else(Scope::stage));
        if earlier.is_none() {
            self.content.froms.push(From { line, written: written.to_owned(), image });
        }
    }

    fn copy(&mut self, position: usize, instruction: &'static str, options: &[Flag<'_>], sources: &[Source<'_>]) {
        let line = self.lines.of(position);
        if options.iter().any(|option| option.name.value == "from") {
            return;
        }
        let Some(stage) = &self.stage else { return };
        let escape = self.escape;
        let paths = sources.iter().filter_map(|source| match source {
            Source::Path(path) => expand(&path.value, stage, escape).ok(),
            _ => None,
        });
        let ours = paths.filter(|path| !is_remote(path) && !path.contains(char::REPLACEMENT_CHARACTER));
        self.content.sources.extend(ours.map(|path| CopySource { line, instruction, path }));
    }
}

/// A URL or a Git address, which ADD fetches from elsewhere.
fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

#[cfg(test)]
mod tests {
    use super::{Content, Image, read};
    use proptest::prelude::*;

    #[track_caller]
    fn content(text: &str) -> Content {
        read(text).unwrap()
    }

    #[track_caller]
    fn images(text: &str) -> Vec<(usize, String)> {
        let froms = content(text).froms.into_iter();
        froms.map(|from| (from.line, from.image.known().unwrap_or("?").to_owned())).collect()
    }

    #[track_caller]
    fn sources(lines: &str) -> Vec<String> {
        content(&format!("FROM a\n{lines}")).sources.into_iter().map(|source| source.path).collect()
    }

    #[test]
    fn defaults_before_from_are_filled_in() {
        let text = "ARG V=1.22 W\nARG BASE=golang:${V}\nFROM ${BASE}\nFROM a:${W:-x}\nFROM b${V:+-alt}\n";
        assert_eq!(images(text), [(3, "golang:1.22".to_owned()), (4, "a:x".to_owned()), (5, "b-alt".to_owned())]);
    }

    #[test]
    fn an_argument_of_a_stage_is_not_seen_by_the_next_from() {
        let froms = content("FROM a\nARG V=1\nFROM b:$V\n").froms;
        assert_eq!(froms[1].image, Image::Missing);
        assert_eq!(froms[1].written, "b:$V");
    }

    #[test]
    fn platform_and_digest_do_not_stand_in_the_way() {
        assert_eq!(images("FROM --platform=$BUILDPLATFORM golang AS b"), [(1, "golang".to_owned())]);
        assert_eq!(images("FROM golang:1@sha256:00"), [(1, "golang:1@sha256:00".to_owned())]);
        assert_eq!(content("FROM a-$TARGETARCH").froms[0].image, Image::Untold);
    }

    #[test]
    fn a_from_that_names_an_earlier_stage_does_not_count() {
        let text = "FROM golang AS Build\nFROM build AS test\nFROM scratch\nFROM later\nFROM a AS later\n";
        let expected =
            [(1, "golang"), (3, "scratch"), (4, "later"), (5, "a")].map(|(line, image)| (line, image.into()));
        assert_eq!(images(text), expected);
        assert_eq!(images("ARG S=build\nFROM a AS build\nFROM $S\n"), [(2, "a".to_owned())]);
    }

    #[test]
    fn two_stages_may_have_one_name_as_buildkit_has_it() {
        assert_eq!(images("FROM a AS x\nFROM b AS x\nFROM x\n"), [(1, "a".to_owned()), (2, "b".to_owned())]);
    }

    #[test]
    fn continued_lines_comments_and_directives_are_read_as_docker_reads_them() {
        let text = "# syntax=docker/dockerfile:1\n# escape=`\n\n# FROM no\nfrom `\n# between\n  golang `\n AS b\nRUN echo \\\nFROM c\n";
        assert_eq!(images(text), [(5, "golang".to_owned()), (10, "c".to_owned())]);
        assert_eq!(images("\u{feff}FROM a\r\nFROM b\r\n"), [(1, "a".to_owned()), (2, "b".to_owned())]);
    }

    #[test]
    fn from_within_a_here_document_is_text() {
        assert_eq!(
            images("FROM a\nRUN <<EOF\nFROM b\nEOF\nCOPY <<E /x\nFROM c\nE\nFROM d"),
            [(1, "a".to_owned()), (8, "d".to_owned())]
        );
    }

    #[test]
    fn copy_and_add_name_their_sources() {
        assert_eq!(sources("COPY hello.c .\nADD --chown=1 a b* /d/\n"), ["hello.c", "a", "b*"]);
        assert_eq!(sources("COPY [\"a b\", \"c\", \"/d\"]\n"), ["a b", "c"]);
        assert_eq!(sources("COPY \"quoted.c\" .\n"), ["quoted.c"]);
    }

    #[test]
    fn what_does_not_come_from_the_context_is_no_source() {
        let lines = "COPY --from=0 /hello .\nCOPY --chown=0 --from=x a .\nADD https://example.com/x.tar .\nADD git@example.com:a/b.git /b\nCOPY <<EOF /x\ntext\nEOF\nONBUILD COPY y .\n";
        assert_eq!(sources(lines), Vec::<String>::new());
    }

    #[test]
    fn variables_of_the_stage_are_filled_in_and_unknown_ones_passed_over() {
        assert_eq!(sources("ARG S=hello\nENV E=.c\nCOPY $S$E .\nCOPY $FROM_BASE .\n"), ["hello.c"]);
        let text = "ARG V=v\nFROM a AS b\nARG V\nFROM b\nCOPY $V .\n";
        assert_eq!(content(text).sources[0].path, "v");
    }

    #[test]
    fn what_does_not_parse_has_its_line() {
        let problem = |text: &str| read(text).unwrap_err();
        assert_eq!((problem("FROM a\n\nFORM b\n").line, problem("FROM a\nRUN x\nCOPY a\n").line), (3, 3));
        assert_eq!((problem("").line, problem("# nothing\n").line, problem("RUN x\nFROM a").line), (1, 1, 1));
        assert_eq!(problem("FROM a AS \n").line, 1);
        assert_eq!(problem("FROM a\nFROM a b c\n").line, 2);
        assert_eq!(problem("FROM a\nFORM b\n").message, "unknown instruction 'FORM'");
    }

    /// Text that is nearly a Dockerfile.
    fn dockerfile_like() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "FROM",
            "from ",
            "AS",
            " ",
            "\t",
            "\n",
            "\r\n",
            "\r",
            "\\",
            "\\\n",
            "\\ \n",
            "`",
            "# escape=`\n",
            "#",
            "--",
            "=",
            "golang",
            "COPY ",
            "ADD ",
            "ARG ",
            "ENV ",
            "RUN ",
            "<<EOF",
            "<<-\"E\"",
            "\nEOF\n",
            "[",
            "]",
            "\"",
            "'",
            ",",
            "$",
            "${X:-",
            "}",
            "é",
            "\u{feff}",
            "ONBUILD ",
            "HEALTHCHECK ",
            "FROM a\n",
            "FROM a AS b\n",
            "\\u12",
            "\0",
            "X=1",
        ]);
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_text_makes_the_reader_panic(text: String) {
            let _ = read(&text);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = read(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_nearly_valid_text_does_either_and_lines_are_in_the_text(text in dockerfile_like()) {
            let last = text.matches('\n').count() + 1;
            match read(&text) {
                Ok(content) => {
                    let lines: Vec<_> = content.froms.iter().map(|from| from.line).collect();
                    prop_assert!(lines.is_sorted() && lines.iter().all(|line| (1..=last).contains(line)));
                    prop_assert!(content.sources.iter().all(|source| (1..=last).contains(&source.line)));
                }
                Err(problem) => prop_assert!((1..=last).contains(&problem.line)),
            }
        }
    }
}
