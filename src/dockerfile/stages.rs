//! From the text of a Dockerfile to what names and the build context can be held against: its FROM lines and the
//! sources of its COPY and ADD lines.
//!
//! Two stages of one name are no error, as in `BuildKit`: the later one counts.

use std::collections::{BTreeMap, BTreeSet};

use super::image_reference::{is_reference, may_be};
use super::mount::Mount;
use super::parsed::{
    BaseImage, BuildArgs, BuildStage, CopySource, DeclaredArg, ImageUse, ParsedDockerfile, UseKind, is_pattern,
};
use super::parser::{HereDocument, Instruction, ParseProblem, instructions, is_space};
use super::validate::{check, is_stage_name, wrong_when_built};
use super::variables::{ArgScope, UnknownValue, expand, first_word, is_plain, words};
use crate::gather::Gather;

/// Reads the text of a Dockerfile with the defaults of its ARG instructions.
///
/// # Errors
/// The first problem of the text that makes `BuildKit` refuse it.
pub fn read(text: &str) -> Result<ParsedDockerfile, ParseProblem> {
    read_with(text, &BuildArgs::new())
}

/// Reads the text of a Dockerfile that is built with `args`.
///
/// # Errors
/// The first problem of the text that makes `BuildKit` refuse it.
pub fn read_with(text: &str, args: &BuildArgs) -> Result<ParsedDockerfile, ParseProblem> {
    let (instructions, escape) = instructions(text)?;
    let mut reader = Reader::new(escape, args);
    for instruction in &instructions {
        check(instruction, reader.stage.is_some())?;
        reader.take(instruction)?;
    }
    if reader.stage.is_none() {
        let line = instructions.last().map_or(1, |last| last.line);
        return Err(ParseProblem { line, message: "there is no FROM in this Dockerfile".to_owned() });
    }
    reader.finish()
}

struct Reader<'a> {
    escape: char,
    args: &'a BuildArgs,
    parsed: ParsedDockerfile,
    /// What ARG lines before the first FROM set.
    global: ArgScope,
    /// What the present stage sees; `None` before the first FROM.
    stage: Option<ArgScope>,
    /// The name of the present stage, in lower case, as `BuildKit` has it: `FROM build` finds `AS Build`, `FROM Build` does
    /// not.
    name: Option<String>,
    /// What the named stages before it saw at their end.
    named: BTreeMap<String, StageEnd>,
    /// What the present stage would run with.
    runs: Runs,
    /// The working directory of the present stage, as [`Reader::path_in_image`] has it; `None` if it is unknown. That of an image
    /// is taken to be the root.
    workdir: Option<String>,
    /// What is left of [`MOST_STEPS`].
    steps_left: usize,
}

/// What a stage that starts from another one takes over.
#[derive(Clone, Default)]
struct StageEnd {
    place: usize,
    scope: ArgScope,
    runs: Runs,
    workdir: Option<String>,
}

/// What a stage says about running its image.
#[derive(Clone, Default)]
struct Runs {
    has_health_check: bool,
    exposed: BTreeSet<u16>,
}

/// How much is done for stages that start from each other, and for ports, before the rest counts as unknown: no Dockerfile comes
/// near it, and one that is made to would take hours.
const MOST_STEPS: usize = 1 << 21;

/// A longer path leads nowhere on Linux.
const MAX_PATH_LEN: usize = 4096;

impl<'a> Reader<'a> {
    fn new(escape: char, args: &'a BuildArgs) -> Self {
        Self {
            escape,
            args,
            parsed: ParsedDockerfile::default(),
            global: ArgScope::global(args),
            stage: None,
            name: None,
            named: BTreeMap::new(),
            runs: Runs::default(),
            workdir: None,
            steps_left: MOST_STEPS,
        }
    }

    /// Whether so many steps more are not too many.
    fn may_take(&mut self, steps: usize) -> bool {
        self.steps_left = self.steps_left.saturating_sub(steps);
        self.steps_left > 0
    }

    fn take(&mut self, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        let arguments = &*instruction.arguments;
        if let Some(wrong) = wrong_when_built(instruction) {
            self.fault(instruction.problem(wrong));
        }
        self.check_words(instruction)?;
        match &*instruction.keyword {
            "FROM" => self.from(instruction)?,
            "ARG" => self.arg(instruction),
            "ENV" => {
                if let Some(stage) = &mut self.stage {
                    stage.define(arguments, self.escape);
                }
            }
            "COPY" => self.copy("COPY", instruction)?,
            "ADD" => self.copy("ADD", instruction)?,
            "RUN" => {
                self.mounts(instruction)?;
                self.run_paths(instruction);
            }
            "HEALTHCHECK" => {
                self.parsed.has_health_check = !arguments.trim_start().to_ascii_uppercase().starts_with("NONE");
                self.runs.has_health_check = self.parsed.has_health_check;
            }
            "EXPOSE" => self.expose(arguments),
            "ONBUILD" => {
                let keyword = arguments.split(is_space).next().unwrap_or_default();
                let is_one = |known: &str| known.eq_ignore_ascii_case(keyword);
                let takes = is_one("COPY") || is_one("ADD") || (is_one("RUN") && arguments.contains("--mount"));
                self.parsed.has_onbuild_sources |= takes;
            }
            "WORKDIR" => {
                let path = self.path_in_image(arguments.trim(), self.workdir.as_deref());
                self.workdir = path.clone().filter(|path| !path.contains('$'));
                self.parsed.workdirs.extend(path);
            }
            "ENTRYPOINT" | "CMD" => self.run_paths(instruction),
            _ => {}
        }
        Ok(())
    }

    /// Notes that the present stage cannot be built.
    fn fault(&mut self, problem: ParseProblem) {
        let place = self.place();
        self.parsed.faults.push((place, problem));
    }

    /// Looks for words that cannot be evaluated: in a stage that is a fault, before the first one `BuildKit` refuses the
    /// Dockerfile.
    fn check_words(&mut self, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        let scope = self.stage.as_ref().unwrap_or(&self.global);
        let wrong = evaluated(instruction, self.escape).into_iter().find_map(|word| {
            // Most words have nothing to be filled in.
            if is_plain(word) {
                return None;
            }
            match expand(word, scope, self.escape) {
                Err(UnknownValue::Malformed) => Some(malformed(word, instruction)),
                Err(UnknownValue::Refused) => Some(without_value(word, instruction)),
                Ok(_) | Err(UnknownValue::Partly(_)) => None,
            }
        });
        match wrong {
            Some(problem) if self.stage.is_none() => Err(problem),
            Some(problem) => {
                self.fault(problem);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn arg(&mut self, instruction: &Instruction<'_>) {
        let arguments = &*instruction.arguments;
        for word in words(arguments, self.escape) {
            let (name, has_default) = word
                .split_once('=')
                .map_or((word, false), |(name, value)| (name, !matches!(value, "" | "\"\"" | "''")));
            let declared = DeclaredArg { line: instruction.line, name: name.to_owned(), has_default };
            self.parsed.args.push(declared);
        }
        match &mut self.stage {
            Some(stage) => stage.declare(arguments, self.escape, Some(&self.global), self.args),
            None => self.global.declare(arguments, self.escape, None, self.args),
        }
    }

    fn expose(&mut self, arguments: &str) {
        let Some(stage) = &self.stage else { return };
        for word in words(arguments, self.escape) {
            let Ok(port) = expand(word, stage, self.escape) else { continue };
            let (number, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
            let (first, last) = number.split_once('-').unwrap_or((number, number));
            if let (Ok(first), Ok(last), true) = (first.parse(), last.parse(), protocol.eq_ignore_ascii_case("tcp")) {
                let ports = (first..=last).filter(|port: &u16| *port > 0);
                // All ports are there after so many.
                if self.steps_left > 0 {
                    let before = self.runs.exposed.len();
                    self.runs.exposed.extend(ports);
                    let steps = usize::from(last.saturating_sub(first)).max(self.runs.exposed.len() - before);
                    self.steps_left = self.steps_left.saturating_sub(steps);
                }
            }
        }
    }

    fn from(&mut self, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        let words: Vec<_> = instruction.arguments.split(is_space).filter(|word| !word.is_empty()).collect();
        let (written, name) = match words.as_slice() {
            [image] => (*image, None),
            [image, between, name] if between.eq_ignore_ascii_case("as") => (*image, Some(name.to_lowercase())),
            _ => return Err(instruction.problem("FROM takes an image, or an image, AS and a name")),
        };
        if let Some(name) = name.as_ref().filter(|name| !is_stage_name(name)) {
            return Err(instruction.problem(format!("`{name}` is not a valid stage name")));
        }
        let runs = std::mem::take(&mut self.runs);
        if let (Some(name), Some(scope)) = (self.name.take(), self.stage.take()) {
            let (place, workdir) = (self.place(), self.workdir.take());
            self.named.insert(name, StageEnd { place, scope, runs, workdir });
        }
        self.parsed.stages.push(BuildStage { line: instruction.line, name: name.clone(), needs: Vec::new() });
        self.name = name;
        self.start(written, instruction)?;
        self.parsed.has_health_check = self.runs.has_health_check;
        Ok(())
    }

    /// Starts a stage from an earlier one or from an image.
    fn start(&mut self, written: &str, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        self.stage = Some(ArgScope::stage());
        self.workdir = Some(String::new());
        let image = match expand(written, &self.global, self.escape) {
            Ok(image) => {
                let size = self.named.get(&image).map_or(0, |earlier| earlier.scope.len() + earlier.runs.exposed.len());
                let is_bounded = self.may_take(size);
                if let Some(earlier) = self.named.get(&image) {
                    if is_bounded {
                        self.stage = Some(earlier.scope.clone());
                        self.runs = earlier.runs.clone();
                        self.workdir = earlier.workdir.clone();
                    }
                    let place = earlier.place;
                    // What its ONBUILD takes is not read.
                    self.parsed.has_unknown_sources |= self.parsed.has_onbuild_sources;
                    self.need([place]);
                    return Ok(());
                }
                if is_reference(&image) { BaseImage::Known(image) } else { BaseImage::Missing }
            }
            Err(UnknownValue::Refused) => BaseImage::Missing,
            Err(UnknownValue::Malformed) => return Err(malformed(written, instruction)),
            Err(UnknownValue::Partly(outline)) => {
                // A stage for each platform is how one chooses a base: `FROM base-$TARGETARCH`.
                let is_bounded = self.may_take(self.named.len());
                let fits = |(name, _): &(&String, &StageEnd)| may_be(&outline, name);
                let fitting: Vec<_> =
                    self.named.iter().take_while(|_| is_bounded).filter(fits).map(|(_, end)| end.place).collect();
                if !fitting.is_empty() {
                    self.workdir = None;
                    self.need(fitting);
                    return Ok(());
                }
                BaseImage::Unknown
            }
        };
        let missing =
            if image == BaseImage::Missing { missing_values(written, &self.global, self.escape) } else { Vec::new() };
        let (line, kind, stage) = (instruction.line, UseKind::From, self.place());
        self.parsed.uses.push(ImageUse { line, kind, written: written.to_owned(), image, stage, missing });
        Ok(())
    }

    /// The place of the present stage.
    fn place(&self) -> usize {
        self.parsed.stages.len().saturating_sub(1)
    }

    /// Notes that the present stage needs these.
    fn need(&mut self, places: impl IntoIterator<Item = usize>) {
        if let Some(stage) = self.parsed.stages.last_mut() {
            stage.needs.extend(places);
        }
    }

    /// Notes that `written` is copied from or mounted, unless it is an earlier stage.
    fn use_image(&mut self, kind: UseKind, written: &str, line: usize) {
        let Some(stage) = &self.stage else { return };
        let image = match expand(written, stage, self.escape) {
            Ok(name) => {
                let named = self.named.get(&name.to_lowercase()).map(|end| end.place);
                let stage = named.or_else(|| name.parse().ok().filter(|place| *place < self.place()));
                if let Some(stage) = stage {
                    return self.need([stage]);
                }
                if is_reference(&name) { BaseImage::Known(name) } else { BaseImage::Missing }
            }
            Err(UnknownValue::Refused | UnknownValue::Malformed) => BaseImage::Missing,
            Err(UnknownValue::Partly(_)) => BaseImage::Unknown,
        };
        let (stage, missing) = (self.place(), Vec::new());
        self.parsed.uses.push(ImageUse { line, kind, written: written.to_owned(), image, stage, missing });
    }

    /// Reads what the mounts of RUN take.
    fn mounts(&mut self, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        for mount in Mount::of(instruction) {
            if let Some(from) = mount.from() {
                without_variables(from, instruction)?;
                self.use_image(UseKind::Mount, from, instruction.line);
            } else if let Some(source) = mount.context_source() {
                self.source("RUN", source, instruction, false);
            }
        }
        Ok(())
    }

    /// Where `written` is in the image, if relative paths there begin at `from`: absolute, without the `/` at its end. It stays as
    /// it is written if it has a variable without a known value: such a path can be held against another one of that variable.
    /// `None` if it cannot be known at all.
    fn path_in_image(&self, written: &str, from: Option<&str>) -> Option<String> {
        let path = expand(written, self.stage.as_ref()?, self.escape).unwrap_or_else(|_| written.to_owned());
        // Variables with a path mostly have an absolute one.
        let from = if path.starts_with(['/', '$']) { "" } else { from? };
        let mut place = from.to_owned();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => place.truncate(place.rfind('/').unwrap_or(0)),
                part => {
                    place.push('/');
                    place.push_str(part);
                }
            }
        }
        (place.len() <= MAX_PATH_LEN).then_some(place)
    }

    /// Notes what RUN, ENTRYPOINT or CMD names below the whole build context, where it was copied or is mounted.
    fn run_paths(&mut self, instruction: &Instruction<'_>) {
        let mounted = Mount::of(instruction).filter_map(|mount| {
            let target = mount.context_source().filter(|source| is_whole_context(source)).and(mount.target())?;
            self.path_in_image(target, self.workdir.as_deref())
        });
        let mounted: Vec<_> = mounted.collect();
        // So it is with most: then their words need not be looked at.
        if mounted.is_empty() && self.parsed.whole_context_at.is_empty() {
            return;
        }
        let ends_word = |c: char| c.is_whitespace() || "\"'`[]{}(),;:&|<>=".contains(c);
        for word in instruction.arguments.split(ends_word) {
            let is_path = word.starts_with('/') && word.len() <= MAX_PATH_LEN && !word.contains('$');
            if !is_path || !self.may_take(self.parsed.whole_context_at.len()) {
                continue;
            }
            let whole = self.parsed.whole_context_at.iter().chain(&mounted).filter(|at| !at.is_empty());
            let mut below = whole.filter_map(|at| word.strip_prefix(at.as_str())?.strip_prefix('/'));
            let below = below.next().map(str::to_owned);
            self.parsed.run_paths.extend(below);
        }
    }

    fn copy(&mut self, keyword: &'static str, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
        let json = instruction.json();
        let written: Vec<&str> = match &json {
            Some(words) => words.iter().map(String::as_str).collect(),
            None => instruction.arguments.split(is_space).filter(|word| !word.is_empty()).collect(),
        };
        let Some((destination, sources @ [_, ..])) = written.split_last() else {
            return Err(instruction.problem(format!("{keyword} takes at least a source and a destination")));
        };
        if HereDocument::parse(destination).is_some() && json.is_none() {
            return Err(instruction.problem(format!("{keyword} cannot copy into a here-document")));
        }
        for word in written.iter().filter(|word| !is_plain(word)) {
            let result = self.stage.as_ref().map(|stage| expand(word, stage, self.escape));
            match result {
                Some(Err(UnknownValue::Malformed)) => self.fault(malformed(word, instruction)),
                Some(Err(UnknownValue::Refused)) => self.fault(without_value(word, instruction)),
                _ => {}
            }
        }
        if let Some(remote) = sources.iter().find(|source| keyword == "COPY" && is_remote(source)) {
            self.fault(instruction.problem(format!("COPY cannot take `{remote}`, only ADD can")));
        }
        if let Some(from) = instruction.flag_values("from").next() {
            without_variables(from, instruction)?;
            self.use_image(UseKind::Copy, from, instruction.line);
        }
        if instruction.has_flag("from") {
            for source in sources {
                // Those are relative to the root.
                let path = self.path_in_image(source, Some(""));
                self.parsed.other_sources.extend(path);
            }
            return Ok(());
        }
        if sources.iter().any(|source| is_whole_context(source)) {
            let path = self.path_in_image(destination, self.workdir.as_deref());
            self.parsed.whole_context_at.extend(path);
        }
        let has_plain = sources.iter().any(|source| !is_pattern(source));
        for source in sources.iter().filter(|source| HereDocument::parse(source).is_none()) {
            let is_optional = is_pattern(source) && (has_plain || fits_one_name(source));
            self.source(keyword, source, instruction, is_optional);
        }
        Ok(())
    }

    fn source(&mut self, keyword: &'static str, source: &str, instruction: &Instruction<'_>, is_optional: bool) {
        let Some(stage) = &self.stage else { return };
        // With --parents `**` is any number of folders, which is more than this program looks through.
        let any_depth = |path: &str| instruction.has_flag("parents") && path.contains("**");
        match expand(source, stage, self.escape) {
            Ok(path) if is_remote(&path) => {}
            Ok(path) if !path.contains(char::REPLACEMENT_CHARACTER) && !any_depth(&path) => {
                self.parsed.sources.push(CopySource {
                    line: instruction.line,
                    instruction: keyword,
                    path,
                    is_optional,
                });
            }
            _ => self.parsed.has_unknown_sources = true,
        }
    }

    /// What was read, if every stage that is copied from stands before the one that copies. A number is always a stage's in
    /// COPY, and an image's name in a mount unless that stage is there.
    fn finish(self) -> Result<ParsedDockerfile, ParseProblem> {
        let mut parsed = self.parsed;
        parsed.exposed = self.runs.exposed.into_iter().collect();
        let names: BTreeSet<&str> = parsed.stages.iter().filter_map(|stage| stage.name.as_deref()).gather();
        let mut faults = Vec::new();
        for used in &parsed.uses {
            let place = used.written.parse::<usize>().ok().filter(|_| used.kind == UseKind::Copy);
            let is_named = || names.contains(used.written.to_lowercase().as_str());
            if used.kind == UseKind::From || (place.is_none() && !is_named()) {
                continue;
            }
            let message = format!("`from={}` is not a build stage above this one", used.written);
            let problem = ParseProblem { line: used.line, message };
            // A number beyond the last stage is refused wherever it is.
            if place.is_some_and(|place| place >= parsed.stages.len()) {
                return Err(problem);
            }
            faults.push((used.stage, problem));
        }
        parsed.faults.extend(faults);
        parsed.faults.sort_by_key(|(_, problem)| problem.line);
        // They are kept for each service, and half of what was reserved is not used.
        parsed.stages.shrink_to_fit();
        parsed.uses.shrink_to_fit();
        parsed.other_sources.shrink_to_fit();
        Ok(parsed)
    }
}

/// The variables of `written`, which is no reference, without which it would be one: each is needed though all others had a
/// value.
fn missing_values(written: &str, scope: &ArgScope, escape: char) -> Vec<String> {
    let empty = scope.without_value(written);
    // There may be thousands of others.
    let scope = scope.excerpt(written);
    let fits = |without: Option<&String>| {
        let mut filled = scope.clone();
        empty.iter().filter(|name| Some(*name) != without).for_each(|name| filled.give(name, "x"));
        expand(written, &filled, escape).is_ok_and(|image| is_reference(&image))
    };
    if !fits(None) {
        return Vec::new();
    }
    let needed: Vec<_> = empty.iter().filter(|name| !fits(Some(*name))).cloned().collect();
    // Any one of several would do.
    if needed.is_empty() { empty.into_iter().take(1).collect() } else { needed }
}

/// Refuses a word whose variables or quotes cannot be read.
fn malformed(word: &str, instruction: &Instruction<'_>) -> ParseProblem {
    instruction.problem(format!("`{word}` has a variable or a quote that Docker cannot read"))
}

/// Refuses a word with `${X:?word}`, and no X.
fn without_value(word: &str, instruction: &Instruction<'_>) -> ParseProblem {
    instruction.problem(format!("`{word}` needs a variable that has no value"))
}

/// The words of an instruction, other than those that COPY and ADD take and put, that `BuildKit` evaluates.
fn evaluated<'i>(instruction: &'i Instruction<'_>, escape: char) -> Vec<&'i str> {
    let arguments = &*instruction.arguments;
    let is_array = arguments.starts_with('[');
    match &*instruction.keyword {
        "ARG" => words(arguments, escape).into_iter().filter_map(|word| Some(word.split_once('=')?.1)).collect(),
        // The old form has one name, and the rest is the value.
        "ENV" | "LABEL" if !first_word(arguments, escape).0.contains('=') => vec![arguments],
        "VOLUME" if is_array => arguments.split(',').map(|word| word.trim_matches(['[', ']', '"', ' '])).collect(),
        "ENV" | "LABEL" | "EXPOSE" | "VOLUME" => words(arguments, escape),
        "WORKDIR" | "USER" | "STOPSIGNAL" => vec![arguments],
        "COPY" | "ADD" => ["chown", "chmod"].iter().flat_map(|flag| instruction.flag_values(flag)).collect(),
        "RUN" => {
            let options = instruction.flag_values("mount").flat_map(|mount| mount.split(','));
            let of_paths = ["target=", "dst=", "destination=", "source=", "src="];
            options.filter_map(|option| of_paths.iter().find_map(|key| option.strip_prefix(key))).collect()
        }
        _ => Vec::new(),
    }
}

/// Refuses a `from` with a variable, which `BuildKit` does not fill in there.
fn without_variables(from: &str, instruction: &Instruction<'_>) -> Result<(), ParseProblem> {
    let starts_name = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '{');
    if from.split('$').skip(1).any(starts_name) {
        let message = format!("`from={from}` cannot have a variable: start a stage FROM it and name that stage");
        return Err(instruction.problem(message));
    }
    Ok(())
}

/// Whether COPY, ADD or a mount takes all of the build context.
fn is_whole_context(source: &str) -> bool {
    matches!(source, "." | "./" | "/")
}

/// Whether a pattern has only classes of one character, as in `wallet.ss[o]`: it is written so that the build goes on where
/// there is no such file.
fn fits_one_name(source: &str) -> bool {
    !source.contains(['*', '?'])
        && source
            .split('[')
            .skip(1)
            .all(|class| class.find(']').is_some_and(|end| class.chars().nth(1) == Some(']') && end > 0))
}

/// A URL or a Git address, which ADD fetches from elsewhere.
fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

#[cfg(test)]
mod tests {
    use super::{BaseImage, BuildArgs, ParsedDockerfile, UseKind, read, read_with};
    use proptest::prelude::*;

    #[track_caller]
    fn content(text: &str) -> ParsedDockerfile {
        read(text).unwrap()
    }

    #[track_caller]
    fn images(text: &str) -> Vec<(usize, String)> {
        let content = content(text);
        content.froms().map(|from| (from.line, from.image.known().unwrap_or("?").to_owned())).collect()
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
        let content = content("FROM a\nARG V=1\nFROM b:$V\nFROM b$V\n");
        let froms: Vec<_> = content.froms().collect();
        assert_eq!((&froms[1].image, froms[1].written.as_str()), (&BaseImage::Missing, "b:$V"));
        assert_eq!(froms[2].image, BaseImage::Known("b".to_owned()));
    }

    #[test]
    fn a_pattern_beside_a_path_or_for_a_single_name_is_optional() {
        let optional = |lines: &str| {
            let sources = content(&format!("FROM a\n{lines}\n")).sources.into_iter();
            sources.map(|source| source.is_optional).collect::<Vec<_>>()
        };
        assert_eq!(optional("COPY package.json yarn.lock* /"), [false, true]);
        assert_eq!(optional("COPY wallet.ss[o] /"), [true]);
        assert_eq!(optional("COPY *.c [ab].h /"), [false, false]);
    }

    #[test]
    fn the_stage_that_is_built_has_a_variable() {
        let text = "FROM a:$TARGETSTAGE\nARG TARGETSTAGE\nCOPY $TARGETSTAGE /\n";
        assert_eq!(images(text), [(1, "a:default".to_owned())]);
        assert_eq!(content(text).sources[0].path, "default");
        let args = BuildArgs::from([("TARGETSTAGE".to_owned(), Some("web".to_owned()))]);
        assert_eq!(read_with(text, &args).unwrap().uses[0].image, BaseImage::Known("a:web".to_owned()));
    }

    #[test]
    fn build_arguments_win_over_defaults_and_one_from_the_environment_is_unknown() {
        let args = |value: Option<&str>| BuildArgs::from([("V".to_owned(), value.map(str::to_owned))]);
        let image = |value| read_with("ARG V=1\nFROM a:$V\n", &args(value)).unwrap().uses[0].image.clone();
        assert_eq!(image(Some("2")), BaseImage::Known("a:2".to_owned()));
        assert_eq!(image(None), BaseImage::Unknown);
        let parsed = read_with("FROM a\nARG V\nCOPY $V .\n", &args(Some("x"))).unwrap();
        assert_eq!(parsed.sources[0].path, "x");
        assert!(parsed.declares("V") && !parsed.declares("W") && !parsed.args[0].has_default);
    }

    #[test]
    fn only_what_the_target_needs_is_built() {
        let text = "FROM a AS base\nFROM b AS tool\nFROM base AS unused\nFROM base AS main\nCOPY --from=tool /x /\nFROM main\n";
        let parsed = content(text);
        assert_eq!(parsed.stages_built(None), [true, true, false, true, true]);
        assert_eq!(parsed.stages_built(Some("Unused")), [true, false, true, false, false]);
        assert_eq!(parsed.stages_built(Some("1")), [false, true, false, false, false]);
    }

    #[test]
    fn images_of_copy_and_mounts_are_used_and_earlier_stages_are_not() {
        let text = "FROM a AS b\nFROM b\nCOPY --from=B /x /\nCOPY --from=0 /x /\nCOPY --from=c/d:1 /x /\n\
                    RUN --mount=type=bind,from=e,target=/e --mount=type=cache,target=/c true\n\
                    RUN --mount=from=b,target=/x true\n";
        let uses = content(text).uses.into_iter();
        let found: Vec<_> = uses.map(|used| (used.line, used.kind, used.written)).collect();
        let wanted = [(1, UseKind::From, "a"), (5, UseKind::Copy, "c/d:1"), (6, UseKind::Mount, "e")];
        assert_eq!(found, wanted.map(|(line, kind, written)| (line, kind, written.to_owned())));
    }

    #[test]
    fn a_bind_mount_takes_its_source_from_the_context() {
        let parsed = content("FROM a\nRUN --mount=type=bind,source=x,target=/x true\nRUN --mount=target=. true\n");
        let found: Vec<_> = parsed.sources.iter().map(|source| (source.instruction, source.path.as_str())).collect();
        assert_eq!(found, [("RUN", "x"), ("RUN", ".")]);
    }

    #[test]
    fn the_last_stage_says_what_is_exposed_and_checked() {
        let text = "FROM a AS b\nEXPOSE 80 90-91/tcp 53/udp\nHEALTHCHECK CMD true\nFROM c\n";
        let parsed = content(text);
        assert_eq!((parsed.exposed, parsed.has_health_check), (vec![], false));
        let parsed = content(&format!("{text}FROM b\nEXPOSE 70\n"));
        assert_eq!((parsed.exposed, parsed.has_health_check), (vec![70, 80, 90, 91], true));
    }

    #[test]
    fn platform_and_digest_do_not_stand_in_the_way() {
        assert_eq!(images("FROM --platform=$BUILDPLATFORM golang AS b"), [(1, "golang".to_owned())]);
        assert_eq!(images("FROM golang:1@sha256:00"), [(1, "golang:1@sha256:00".to_owned())]);
        assert_eq!(content("FROM a-$TARGETARCH").uses[0].image, BaseImage::Unknown);
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
        let lines = "COPY --parents a/**/b /x\nCOPY --from=y /hello .\nCOPY --chown=0 --from=x a .\nADD https://example.com/x.tar .\nADD git@example.com:a/b.git /b\nCOPY <<EOF /x\ntext\nEOF\nONBUILD COPY y .\n";
        assert_eq!(sources(lines), Vec::<String>::new());
    }

    #[test]
    fn variables_of_the_stage_are_filled_in_and_unknown_ones_passed_over() {
        assert_eq!(sources("ARG S=hello\nENV E=.c\nCOPY $S$E .\nCOPY $FROM_BASE .\n"), ["hello.c"]);
        let text = "ARG V=v\nFROM a AS b\nARG V\nFROM b\nCOPY $V .\n";
        assert_eq!(content(text).sources[0].path, "v");
    }

    /// Ten times as long, each took minutes or the machine's memory: the time grew with the square of the length.
    #[test]
    fn a_dockerfile_that_is_made_to_take_long_is_read() {
        const COUNT: usize = 2_000;
        let many = |line: &dyn Fn(usize) -> String| (0..COUNT).map(line).collect::<String>();
        let args = many(&|number| format!("ARG A{number}=x\n"));
        for text in [
            format!("FROM a AS b\n{args}{}", many(&|number| format!("FROM b AS s{number}\nARG B{number}\n"))),
            format!("{args}{}", many(&|number| format!("FROM x:$N{number}\n"))),
            format!("FROM a\n{args}{}", many(&|number| format!("ENV E{number}=$A{number}\n"))),
            many(&|number| format!("FROM a AS s{number}\nFROM s$TARGETARCH\n")),
            format!("FROM a\n{}", many(&|_| "EXPOSE 1-65534\n".to_owned())),
            format!("FROM a AS s\nEXPOSE 1-65534\n{}", many(&|_| "FROM s\n".to_owned())),
            format!("{}FROM y\n", many(&|number| format!("FROM a AS s{number}\nCOPY --from=z{number} a b\n"))),
            format!("ARG V={}\nFROM a\nARG V\n{}", "x".repeat(60_000), many(&|n| format!("ARG W{n}=$V\nCOPY $V /\n"))),
            format!("FROM a:{}\n", many(&|number| format!("$M{number} \\\n").replace(' ', ""))),
        ] {
            assert_eq!(read(&text).map(|parsed| parsed.stages.is_empty()), Ok(false), "{text:.40}");
        }
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
                    let lines: Vec<_> = content.froms().map(|from| from.line).collect();
                    prop_assert!(lines.is_sorted() && lines.iter().all(|line| (1..=last).contains(line)));
                    prop_assert!(content.sources.iter().all(|source| (1..=last).contains(&source.line)));
                }
                Err(problem) => prop_assert!((1..=last).contains(&problem.line)),
            }
        }
    }
}
