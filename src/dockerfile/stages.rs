//! From the text of a Dockerfile to what names and the build context can be held against: its FROM lines and the
//! sources of its COPY and ADD lines.
//!
//! Two stages of one name are no error, as in `BuildKit`: the later one counts.

use std::collections::BTreeMap;

use super::image_reference::{is_reference, may_be};
use super::parser::{HereDocument, Instruction, instructions, is_space};
use super::validate::{check, is_stage_name};
use super::variables::{Gap, Scope, expand};

/// The image of a FROM line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// Its reference, variables filled in.
    Known(String),
    /// None: what is written, variables filled in, is no reference, or nothing at all.
    Missing,
    /// It depends on what the Dockerfile does not say: the platform.
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

/// A FROM line that starts from an image, not from an earlier stage, nor from one that the platform chooses.
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
    let (instructions, escape) = instructions(text)?;
    let mut reader = Reader { escape, ..Reader::default() };
    for instruction in &instructions {
        check(instruction, reader.stage.is_some())?;
        reader.take(instruction)?;
    }
    if reader.stage.is_none() {
        let line = instructions.last().map_or(1, |last| last.line);
        return Err(ParseProblem { line, message: "there is no FROM in this Dockerfile".to_owned() });
    }
    Ok(reader.content)
}

#[derive(Default)]
struct Reader {
    escape: char,
    content: Content,
    /// What ARG lines before the first FROM set.
    global: Scope,
    /// What the present stage sees; `None` before the first FROM.
    stage: Option<Scope>,
    /// The name of the present stage, in lower case, as `BuildKit` has it: `FROM build` finds `AS Build`, `FROM Build` does
    /// not.
    name: Option<String>,
    /// What the named stages before it saw at their end.
    named: BTreeMap<String, Scope>,
}

impl Reader {
    fn take(&mut self, instruction: &Instruction) -> Result<(), ParseProblem> {
        let arguments = instruction.arguments.as_str();
        match (instruction.keyword.as_str(), &mut self.stage) {
            ("FROM", _) => self.from(instruction)?,
            ("ARG", Some(stage)) => stage.declare(arguments, self.escape, Some(&self.global)),
            ("ARG", None) => self.global.declare(arguments, self.escape, None),
            ("ENV", Some(stage)) => stage.define(arguments, self.escape),
            ("COPY", _) => self.copy("COPY", instruction)?,
            ("ADD", _) => self.copy("ADD", instruction)?,
            _ => {}
        }
        Ok(())
    }

    fn from(&mut self, instruction: &Instruction) -> Result<(), ParseProblem> {
        let words: Vec<_> = instruction.arguments.split(is_space).filter(|word| !word.is_empty()).collect();
        let (written, name) = match words.as_slice() {
            [image] => (*image, None),
            [image, between, name] if between.eq_ignore_ascii_case("as") => (*image, Some(name.to_lowercase())),
            _ => return Err(instruction.problem("FROM takes an image, or an image, AS and a name")),
        };
        if let Some(name) = name.as_ref().filter(|name| !is_stage_name(name)) {
            return Err(instruction.problem(format!("`{name}` is no name for a stage")));
        }
        if let (Some(name), Some(stage)) = (self.name.take(), self.stage.take()) {
            self.named.insert(name, stage);
        }
        self.name = name;
        let image = match expand(written, &self.global, self.escape) {
            Ok(image) => {
                if let Some(earlier) = self.named.get(&image) {
                    self.stage = Some(earlier.clone());
                    return Ok(());
                }
                if is_reference(&image) { Image::Known(image) } else { Image::Missing }
            }
            Err(Gap::Refused) => Image::Missing,
            Err(Gap::Untold(outline)) => {
                // A stage for each platform is how one chooses a base: `FROM base-$TARGETARCH`.
                if self.named.keys().any(|name| may_be(&outline, name)) {
                    self.stage = Some(Scope::stage());
                    return Ok(());
                }
                Image::Untold
            }
        };
        self.stage = Some(Scope::stage());
        self.content.froms.push(From { line: instruction.line, written: written.to_owned(), image });
        Ok(())
    }

    fn copy(&mut self, keyword: &'static str, instruction: &Instruction) -> Result<(), ParseProblem> {
        let json = instruction.json();
        let words = || instruction.arguments.split(is_space).filter(|word| !word.is_empty()).map(str::to_owned);
        let written: Vec<String> = json.unwrap_or_else(|| words().collect());
        let Some((_destination, sources @ [_, ..])) = written.split_last() else {
            return Err(instruction.problem(format!("{keyword} takes at least a source and a destination")));
        };
        let Some(stage) = self.stage.as_ref().filter(|_| !instruction.has_flag("from")) else { return Ok(()) };
        // With --parents `**` is any number of folders, which is more than this program looks through.
        let any_depth = |path: &str| instruction.has_flag("parents") && path.contains("**");
        let untold = |path: &str| path.contains(char::REPLACEMENT_CHARACTER) || any_depth(path);
        for source in sources.iter().filter(|source| HereDocument::parse(source).is_none()) {
            let path = expand(source, stage, self.escape).ok().filter(|path| !is_remote(path) && !untold(path));
            let found = path.map(|path| CopySource { line: instruction.line, instruction: keyword, path });
            self.content.sources.extend(found);
        }
        Ok(())
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
        let froms = content("FROM a\nARG V=1\nFROM b:$V\nFROM b$V\n").froms;
        assert_eq!((&froms[1].image, froms[1].written.as_str()), (&Image::Missing, "b:$V"));
        assert_eq!(froms[2].image, Image::Known("b".to_owned()));
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
        assert_eq!(images("FROM a AS Build\nFROM Build\n"), [(1, "a".to_owned()), (2, "?".to_owned())]);
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
        let lines = "COPY --parents a/**/b /x\nCOPY --from=0 /hello .\nCOPY --chown=0 --from=x a .\nADD https://example.com/x.tar .\nADD git@example.com:a/b.git /b\nCOPY <<EOF /x\ntext\nEOF\nONBUILD COPY y .\n";
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
        assert_eq!(problem("FROM a\nFORM b\n").message, "unknown instruction `FORM`");
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
