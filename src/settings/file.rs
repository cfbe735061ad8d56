//! `mkcompose.yml`: where it is found, and what it says.

use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::keys::{self, Scope, keys_of};
use super::line::{Lines, Located, name_of};
use super::service_settings::ServiceSettings;
use super::value::{Reader, kind, string};
use crate::bounded;
use crate::problem::Problem;
use image_analyzer::printable::printable;

/// The name of the settings file.
pub const FILE_NAME: &str = "mkcompose.yml";

/// The same without its ending.
const NAME: &str = "mkcompose";

/// The most bytes that a settings file may have.
const MAX_SIZE: u64 = 1024 * 1024;

/// What `mkcompose.yml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsFile {
    /// The folders of Dockerfiles, relative to the file's own; empty if it names none.
    pub dockerfiles: Vec<Located<String>>,
    /// What to leave out, as globs.
    pub exclude: Vec<Located<String>>,
    /// The Compose file of the normal set, relative to the file's own folder.
    pub output: Option<String>,
    /// The Compose file of the err set, relative to the file's own folder.
    pub err_output: Option<String>,
    /// What is true of every service.
    pub all: ServiceSettings,
    /// What is true of the services that a glob matches, in the order of the file.
    pub services: Vec<Located<(String, ServiceSettings)>>,
    /// Whether it is known where Dockerfiles are: no key that may say so is misspelt or has a wrong value.
    pub says_where: bool,
    /// For [`SettingsFile::line_of`].
    lines: Lines,
}

/// The settings file of the repository that `start` is in, an absolute folder: the nearest one from there up to the
/// repository's root, which is the first folder that has a `.git`.
pub fn find(start: &Path) -> Option<PathBuf> {
    for folder in start.ancestors() {
        let file = folder.join(FILE_NAME);
        // A broken link is a settings file that cannot be read, not one that is absent.
        if file.symlink_metadata().is_ok() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The name of a file in `folder` that may be meant as the settings file, and is not read: `mkcompose.yaml`, `.mkcompose.yml`.
/// Of several, the first by name. `is_output` says which names are those of Compose files.
pub fn misnamed(folder: &Path, is_output: impl Fn(&OsStr) -> bool) -> Option<OsString> {
    /// More entries are not looked through.
    const MOST: usize = 10_000;
    let entries = folder.read_dir().ok()?.take(MOST).flatten();
    let is_file = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| !kind.is_dir());
    let files = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_nearly_the_name) && is_file(entry));
    files.map(|entry| entry.file_name()).filter(|name| !is_output(name)).min()
}

/// Whether `name` is [`FILE_NAME`] but for a leading dot, its ending, capitals or one letter.
fn is_nearly_the_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let mut parts = lower.strip_prefix('.').unwrap_or(&lower).split('.');
    let stem = parts.next().unwrap_or_default();
    let endings = || parts.clone();
    name != FILE_NAME
        && endings().any(|ending| matches!(ending, "yml" | "yaml"))
        && endings().all(|ending| matches!(ending, "yml" | "yaml" | "txt"))
        && strsim::osa_distance(stem, NAME) <= 1
}

/// The most bytes that the aliases of a settings file may make of it, if each stood for all of it.
const MOST_ALIASED: usize = 8 << 20;

/// Refuses a text whose aliases (`*NAME` for what `&NAME` marks) may make it fill the memory.
fn too_many_aliases(text: &str) -> Option<Located<String>> {
    let is_alias = |word: &&str| word.starts_with('*') && word.len() > 1;
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '{' | '}' | ',')).filter(is_alias);
    let aliases = if text.contains('&') { words.count() } else { 0 };
    if aliases.saturating_mul(text.len()) <= MOST_ALIASED {
        return None;
    }
    let line = text.lines().position(|line| line.contains('*')).map_or(1, |place| place + 1);
    Some(Located { line, value: format!("{aliases} YAML aliases (`*NAME`) are too many: write the values out") })
}

impl SettingsFile {
    /// Reads the file at `path`, which messages call `shown`: what it says, and everything that is wrong with it.
    pub fn read(path: &Path, shown: &Path) -> (Self, Vec<Problem>) {
        let text = match text(path) {
            Ok(text) => text,
            Err(what) => return (Self::default(), vec![Problem::new(shown, what)]),
        };
        let (settings, problems) = Self::parse(&text);
        let problem = |Located { line, value }: Located<String>| Problem::new(shown, printable(&value)).at(line);
        (settings, problems.into_iter().map(problem).collect())
    }

    /// Which of the values that flags set too it sets, apart from those of services.
    pub fn said(&self) -> impl Iterator<Item = &'static str> {
        let said = [
            ("dockerfiles", !self.dockerfiles.is_empty()),
            ("output", self.output.is_some()),
            ("err_output", self.err_output.is_some()),
        ];
        said.into_iter().filter_map(|(key, is_set)| is_set.then_some(key))
    }

    /// The line of the key that `path` leads to, counted from 1.
    pub fn line_of(&self, path: &[&str]) -> usize {
        self.lines.of_key(path)
    }

    /// Reads the text of a settings file: what it says, and everything that is wrong with it.
    pub fn parse(text: &str) -> (Self, Vec<Located<String>>) {
        let lines = Lines::of(text);
        let mut settings = Self { says_where: true, ..Self::default() };
        let mut problems = Vec::new();
        if let Some(problem) = too_many_aliases(text) {
            return (Self { says_where: false, ..settings }, vec![problem]);
        }
        match serde_yaml::from_str(text) {
            Ok(Value::Null) => {}
            Ok(Value::Mapping(entries)) => settings.take(entries, &lines, &mut problems),
            Ok(other) => {
                let value = format!("expected keys and values, found {}", kind(&other));
                settings.says_where = false;
                problems.push(Located { line: 1, value });
            }
            Err(error) => {
                let (line, what) = invalid(&error, &lines);
                problems.push(Located { line, value: format!("not valid YAML: {what}") });
                settings.take_parts(text, &lines, &mut problems);
            }
        }
        problems.sort_by_key(|problem| problem.line);
        (Self { lines, ..settings }, problems)
    }

    /// Takes what is valid of a text that is not valid as a whole: each key at its top, with its value.
    fn take_parts(&mut self, text: &str, lines: &Lines, problems: &mut Vec<Located<String>>) {
        let mut parts = vec![String::new()];
        for line in text.lines().filter(|line| !line.starts_with("---")) {
            if !line.starts_with([' ', '\t', '#', '-', '}', ']']) && !line.is_empty() {
                parts.push(String::new());
            }
            if let Some(part) = parts.last_mut() {
                part.extend([line, "\n"]);
            }
        }
        for part in parts {
            match serde_yaml::from_str(&part) {
                Ok(Value::Null) => {}
                Ok(Value::Mapping(entries)) => self.take(entries, lines, problems),
                // Where Dockerfiles are, other keys do not say.
                Ok(_) | Err(_) => {
                    let key = part.split_once(':').map(|(key, _)| key.trim_matches(['"', '\'', ' ']));
                    let others = keys_of(&[Scope::File, Scope::Service]);
                    let is_other = |key: &str| others.contains(&key) && !WHERE.contains(&key);
                    self.says_where &= key.is_some_and(is_other);
                }
            }
        }
    }

    fn take(&mut self, entries: Mapping, lines: &Lines, problems: &mut Vec<Located<String>>) {
        let known = [Scope::File, Scope::Service];
        let line = |path: &[&str], item: Option<usize>| line_in(lines, path, item);
        for (key, value) in entries {
            let Some(key) = name(&key, &[], lines, problems) else { continue };
            let mut reader = Reader::new(&line, problems);
            let before = reader.count();
            match key.as_str() {
                "dockerfiles" => self.dockerfiles = located(&key, value, &mut reader),
                "exclude" => self.exclude = located(&key, value, &mut reader),
                "output" => self.output = reader.take(&[&key], string(value)),
                "err_output" => self.err_output = reader.take(&[&key], string(value)),
                "services" => {
                    self.take_services(value, lines, problems);
                    continue;
                }
                key if keys_of(&known).contains(&key) => self.all.set(key, value, &mut reader),
                key => {
                    // It may say where Dockerfiles are; any other key may not.
                    let near = keys::nearest(key, keys_of(&known));
                    self.says_where &= !near.is_some_and(|near| WHERE.contains(&near));
                    problems.push(Located { line: lines.of_key(&[key]), value: keys::unknown_key(key, &known) });
                    continue;
                }
            }
            self.says_where &= reader.count() == before || !WHERE.contains(&key.as_str());
        }
    }

    fn take_services(&mut self, value: Value, lines: &Lines, problems: &mut Vec<Located<String>>) {
        let known = [Scope::Service];
        let Value::Mapping(globs) = value else {
            let value = format!("`services`: expected globs and their settings, found {}", kind(&value));
            problems.push(Located { line: lines.of_key(&["services"]), value });
            return;
        };
        for (glob, value) in globs {
            let Some(glob) = name(&glob, &["services"], lines, problems) else { continue };
            let line = lines.of_key(&["services", &glob]);
            let Value::Mapping(entries) = value else {
                let value = format!("`{glob}`: expected keys and values, found {}", kind(&value));
                problems.push(Located { line, value });
                continue;
            };
            let mut settings = ServiceSettings::default();
            let line_of_entry = |path: &[&str], item: Option<usize>| {
                line_in(lines, &[&["services", glob.as_str()], path].concat(), item)
            };
            for (key, value) in entries {
                let Some(key) = name(&key, &["services", &glob], lines, problems) else { continue };
                if keys_of(&known).contains(&key.as_str()) {
                    settings.set(&key, value, &mut Reader::new(&line_of_entry, problems));
                } else {
                    problems
                        .push(Located { line: line_of_entry(&[&key], None), value: keys::unknown_key(&key, &known) });
                }
            }
            self.services.push(Located { line, value: (glob, settings) });
        }
    }
}

/// The keys that say where Dockerfiles are.
const WHERE: [&str; 2] = ["dockerfiles", "exclude"];

/// The line of what `path` leads to, or of this item of it.
fn line_in(lines: &Lines, path: &[&str], item: Option<usize>) -> usize {
    item.map_or_else(|| lines.of_key(path), |item| lines.of_item(path, item))
}

/// The strings of a list, each with its line.
fn located(key: &str, value: Value, reader: &mut Reader<'_>) -> Vec<Located<String>> {
    let items = reader.list(key, value, string).unwrap_or_default();
    items.into_iter().map(|(place, value)| Located { line: reader.item_line(key, place), value }).collect()
}

/// A key as a string.
fn name(key: &Value, parents: &[&str], lines: &Lines, problems: &mut Vec<Located<String>>) -> Option<String> {
    if let Value::String(key) = key {
        return Some(key.clone());
    }
    let value = format!("a key must be a string, not {}: put it in quotes", kind(key));
    let own = name_of(key);
    let path: Vec<_> = parents.iter().copied().chain(own.as_deref()).collect();
    problems.push(Located { line: lines.of_key(&path), value });
    None
}

/// Where a text is not valid YAML, and why. A key that is repeated has the place of the map in the error.
fn invalid(error: &serde_yaml::Error, lines: &Lines) -> (usize, String) {
    let line = error.location().map_or(1, |location| location.line());
    let what = error.to_string();
    let repeated = || {
        let (before, rest) = what.split_once("duplicate entry with key \"")?;
        let (key, _) = rest.split_once("\" at line ").or_else(|| rest.rsplit_once('"'))?;
        Some((lines.of_repeated(key, line)?, format!("{before}duplicate entry with key \"{key}\"")))
    };
    repeated().unwrap_or((line, what))
}

/// The text of the file at `path`, or why it cannot be read, with what to do.
fn text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read ({error}): check the file and its permissions");
    let kind = path.metadata().map_err(unreadable)?;
    if !kind.is_file() {
        return Err("not a regular file: move it elsewhere".to_owned());
    }
    let mut bytes = Vec::new();
    if !bounded::read(path, MAX_SIZE, &mut bytes).map_err(unreadable)? {
        return Err(format!("larger than {MAX_SIZE} bytes: this is not a settings file"));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8: save it as UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::{Located, SettingsFile};
    use proptest::prelude::*;

    #[track_caller]
    fn problems(text: &str) -> Vec<(usize, String)> {
        SettingsFile::parse(text).1.into_iter().map(|problem| (problem.line, problem.value)).collect()
    }

    #[test]
    fn every_key_is_read() {
        let text = "image: ghcr.io/me/{service}\ndockerfiles: [a, b]\nexclude: vendor/**\ncontext: auto\n\
                    output: out.yml\nerr_output: err.yml\nargs: {VERSION: \"1.2\", SHA: null, N: 3}\n\
                    platforms: [linux/amd64]\nlabels: {a.b: c}\ncache: type=gha\nlint: {stage-count: off}\n\
                    services:\n  \"web*\": {target: runtime, expect: {outcome: works, http: 80/}, tags: [x:1]}\n  db:\n    expect: runs\n";
        let (settings, problems) = SettingsFile::parse(text);
        assert_eq!(problems, []);
        let folders: Vec<_> = settings.dockerfiles.iter().map(|folder| folder.value.as_str()).collect();
        assert_eq!(folders, ["a", "b"]);
        assert_eq!(settings.exclude, [Located { line: 3, value: "vendor/**".to_owned() }]);
        assert!(settings.says_where);
        assert_eq!(settings.all.args["SHA"], None);
        assert_eq!(settings.all.args["N"].as_deref(), Some("3"));
        assert_eq!(settings.all.cache_to.unwrap(), ["type=gha,mode=max"]);
        let globs: Vec<_> = settings.services.iter().map(|glob| (glob.line, glob.value.0.as_str())).collect();
        assert_eq!(globs, [(13, "web*"), (14, "db")]);
    }

    #[test]
    fn every_problem_is_reported_with_its_line_and_the_nearest_word() {
        let text = "imag: x\nplatforms: linux\nargs: [a]\nservices:\n  web:\n    targt: x\n    name: y\n  db: 1\n1: x\nlint: {stage-count: maybe}\nargz: 1.10\n";
        let found = problems(text);
        let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 6, 7, 8, 9, 10, 11], "{found:#?}");
        assert!(found.iter().any(|(_, what)| what == "unknown key `targt`: did you mean `target`?"), "{found:#?}");
    }

    #[test]
    fn a_key_that_is_no_string_is_reported_on_its_own_line() {
        let line = |text: &str| {
            let found = problems(text);
            assert_eq!(found.len(), 1, "{found:?}");
            found[0].0
        };
        for key in ["1", "1.10", "-0x1F", "true", "~", "null", "[a, b]", "{a}"] {
            assert_eq!(line(&format!("image: x\n\n\nservices: {{}}\n# no\n{key}: 2\n")), 6, "{key}");
            assert_eq!(line(&format!("services:\n  a: {{}}\n  b:\n    image: x\n    {key}: 2\n")), 5, "{key}");
        }
        for key in ["1.10", "~", "[a, b]"] {
            assert_eq!(line(&format!("args:\n  A: x\n  {key}: 2\n")), 3, "{key}");
        }
        assert_eq!(line("image: x\nservices:\n  a: {}\n  12: {}\n"), 4);
        assert_eq!(line("labels:\n  1: x\n  2: []\n"), 3);
    }

    #[test]
    fn a_key_that_is_set_twice_is_reported_where_it_is_repeated() {
        let found = problems("image: x\n\nargs:\n  A: x\n  B: x\n  A: y\n");
        assert_eq!(found, [(6, "not valid YAML: args: duplicate entry with key \"A\"".to_owned())]);
        let found = problems("image: x\nargs:\n  image: y\nlabels: {}\n\"image\": y\n");
        assert_eq!(found, [(5, "not valid YAML: duplicate entry with key \"image\"".to_owned())]);
        let found = problems("services:\n  a: {target: x}\n  b: {target: y}\n  c:\n    target: x\n    target: y\n");
        assert_eq!(found, [(6, "not valid YAML: services.c: duplicate entry with key \"target\"".to_owned())]);
        let found = problems("image: x\nargs: {A: x, A: y}\n");
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2], "{found:?}");
    }

    #[test]
    fn a_number_that_may_lose_digits_needs_quotes() {
        let found = problems("args: {VERSION: 1.10}\n");
        assert_eq!(found, [(1, "`args.VERSION`: the number 1.1 may lose digits: put it in quotes".to_owned())]);
    }

    #[test]
    fn anchors_that_multiply_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
        }
        assert!(problems(&text)[0].1.starts_with("not valid YAML: "), "{:?}", problems(&text));
    }

    #[test]
    fn nothing_in_it_is_nothing_wrong() {
        assert_eq!(problems(""), []);
        assert_eq!(problems("# only a comment\n"), []);
        assert!(problems("[]")[0].1.starts_with("expected keys and values, found a list"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = SettingsFile::parse(&text);
        }

        #[test]
        fn no_text_like_settings_makes_it_panic(text in "(services|args|expect|lint|[*&a-c]|[:\\[\\]{},'\"#|>!%-]|[ \n0-9.]){0,60}") {
            let _ = SettingsFile::parse(&text);
        }
    }
}
