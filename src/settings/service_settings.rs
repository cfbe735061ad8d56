//! What the settings say about a service: one type for `mkcompose.yml` and for comments.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::{Mapping, Value};

use super::expectation::{self, ExpectationSettings};
use super::keys::{self, LINT_RULES, Scope, keys_of};
use super::line::Located;
use super::value::{Reader, scalar, switch};
use crate::dockerfile::SettingComment;
use crate::expectation::Expectation;

/// What the settings say about a service. What they leave out is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSettings {
    /// The service's name; in a comment alone.
    pub name: Option<String>,
    /// The image's name, perhaps with `{service}`, `{program}` and `{variant}`.
    pub image: Option<String>,
    /// `auto`, or a folder, relative to the repository's root.
    pub context: Option<String>,
    /// The build stage to build.
    pub target: Option<String>,
    /// Platforms to build for.
    pub platforms: Option<Vec<String>>,
    /// Build arguments; `None` takes the value from the environment.
    pub args: BTreeMap<String, Option<String>>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Further references of the image.
    pub tags: Option<Vec<String>>,
    /// Caches to read.
    pub cache_from: Option<Vec<String>>,
    /// Caches to write.
    pub cache_to: Option<Vec<String>>,
    /// Lint rules, and whether each is on.
    pub lint: BTreeMap<String, bool>,
    /// What must happen when the image is run.
    pub expect: ExpectationSettings,
    /// The line of each value that is set, counted from 1, by the value's name: `context`, `args.VERSION`, `expect.stdout`. What
    /// `cache` sets are `cache_from` and `cache_to`.
    pub lines: BTreeMap<String, usize>,
}

impl ServiceSettings {
    /// These settings with those of `later`, which win. Maps are joined, lists replaced.
    #[must_use]
    pub fn overridden_by(mut self, later: Self) -> Self {
        self.args.extend(later.args);
        self.labels.extend(later.labels);
        self.lint.extend(later.lint);
        self.lines.extend(later.lines);
        Self {
            name: later.name.or(self.name),
            image: later.image.or(self.image),
            context: later.context.or(self.context),
            target: later.target.or(self.target),
            platforms: later.platforms.or(self.platforms),
            tags: later.tags.or(self.tags),
            cache_from: later.cache_from.or(self.cache_from),
            cache_to: later.cache_to.or(self.cache_to),
            expect: self.expect.overridden_by(later.expect),
            ..self
        }
    }

    /// What must happen when the image is run.
    pub fn expectation(&self) -> Expectation {
        self.expect.expectation()
    }

    /// Sets `key` to `value`. The `reader` says what is wrong with each entry of a map or a list; the others are set all the same.
    pub(super) fn set(&mut self, key: &str, value: Value, reader: &mut Reader<'_>) {
        match key {
            "name" => self.name = self.text(key, value, reader),
            "image" => self.image = self.text(key, value, reader),
            "context" => self.context = self.text(key, value, reader),
            "target" => self.target = self.text(key, value, reader),
            "platforms" => self.platforms = self.list(&[key], value, reader, platform),
            "tags" => self.tags = self.list(&[key], value, reader, Ok),
            "cache_from" => self.cache_from = self.list(&[key], value, reader, Ok),
            "cache_to" => self.cache_to = self.list(&[key], value, reader, Ok),
            "cache" => {
                let caches = self.list(&[key, "cache_from", "cache_to"], value, reader, Ok);
                // A plain reference may be read from as it is; to write there, its type is needed.
                let to = |cache: &String| {
                    let kind = if cache.contains('=') { "" } else { "type=registry,ref=" };
                    format!("{kind}{cache},mode=max")
                };
                self.cache_to = caches.as_ref().map(|caches| caches.iter().map(to).collect());
                self.cache_from = caches;
            }
            "args" | "labels" | "lint" | "expect" => self.set_entries(key, value, reader),
            _ => {}
        }
    }

    /// Sets a string.
    fn text(&mut self, key: &str, value: Value, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.take(&[key], scalar(value))?;
        self.lines.insert(key.to_owned(), reader.line(&[key]));
        Some(text)
    }

    /// Sets a list. The first of `names` is its key; the last ones are the values that it sets, if it does not set itself.
    fn list(
        &mut self,
        names: &[&str],
        value: Value,
        reader: &mut Reader<'_>,
        check: impl Fn(String) -> Result<String, String>,
    ) -> Option<Vec<String>> {
        let (key, sets) = names.split_first()?;
        let items = reader.list(key, value, |item| scalar(item).and_then(&check))?;
        for name in if sets.is_empty() { names } else { sets } {
            self.lines.insert((*name).to_owned(), reader.line(&[key]));
        }
        Some(items.into_iter().map(|(_, item)| item).collect())
    }

    /// Sets the entries of a map.
    fn set_entries(&mut self, key: &str, value: Value, reader: &mut Reader<'_>) {
        if key == "expect" && !value.is_mapping() {
            let outcome = reader.take(&[key], scalar(value).and_then(|text| text.parse()));
            if outcome.is_some() {
                self.expect.outcome = outcome;
                self.lines.insert(key.to_owned(), reader.line(&[key]));
            }
            return;
        }
        for (name, value) in reader.map(key, value) {
            let path = [key, name.as_str()];
            if self.set_entry(path, value, reader).is_some() {
                // The outcome is the expectation itself, in whichever of its forms it is written.
                let of = if path == ["expect", "outcome"] { key.to_owned() } else { path.join(".") };
                self.lines.insert(of, reader.line(&path));
            }
        }
    }

    /// Sets one entry of a map; `None` if it is wrong.
    fn set_entry(&mut self, path: [&str; 2], value: Value, reader: &mut Reader<'_>) -> Option<()> {
        let [key, name] = path;
        match key {
            "args" => {
                let is_name = reader.take(&path, variable(name));
                let value = if value.is_null() { None } else { Some(reader.take(&path, scalar(value))?) };
                is_name?;
                self.args.insert(name.to_owned(), value);
            }
            "labels" => {
                self.labels.insert(name.to_owned(), reader.take(&path, scalar(value))?);
            }
            "lint" if LINT_RULES.contains(&name) => {
                self.lint.insert(name.to_owned(), reader.take(&path, switch(&value))?);
            }
            "lint" => {
                reader.say_entry(key, name, &keys::unknown("rule", name, &LINT_RULES));
                return None;
            }
            _ => {
                let text = scalar(value);
                let expect = &mut self.expect;
                match name {
                    "outcome" => {
                        expect.outcome = Some(reader.take(&path, text.and_then(|text| text.parse()))?);
                    }
                    "stdout" => {
                        expect.stdout = Some(reader.take(&path, text.and_then(|text| expectation::stdout(&text)))?);
                    }
                    "http" => {
                        expect.http = Some(reader.take(&path, text.and_then(|text| expectation::http(&text)))?);
                    }
                    _ => {
                        reader.say_entry(key, name, &keys::unknown("key", name, &["outcome", "stdout", "http"]));
                        return None;
                    }
                }
            }
        }
        Some(())
    }
}

/// The settings of a Dockerfile's comments, and what is wrong with them.
pub fn from_comments(comments: &[SettingComment]) -> (ServiceSettings, Vec<Located<String>>) {
    let mut settings = ServiceSettings::default();
    let mut problems = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for comment in comments {
        let result = match &comment.value {
            None => Err(format!("`{}` has no value: write `# mkcompose: KEY=VALUE`", comment.key)),
            Some(_) if !seen.insert(&comment.key) => Err(format!("`{}` is set twice: remove one line", comment.key)),
            Some(value) => entry(&comment.key, value),
        };
        match result {
            Ok((key, value)) => {
                let line = |_: &[&str], _: Option<usize>| comment.line;
                settings.set(key, value, &mut Reader::new(&line, &mut problems));
            }
            Err(value) => problems.push(Located { line: comment.line, value }),
        }
    }
    (settings, problems)
}

/// What the comment `KEY=VALUE` sets: `args.VERSION=3` is the entry `VERSION` of `args`.
fn entry<'c>(key: &'c str, value: &str) -> Result<(&'c str, Value), String> {
    let known = [Scope::Service, Scope::Comment];
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    if !keys_of(&known).contains(&first) {
        return Err(keys::unknown_key(first, &known));
    }
    let text = Value::String(value.to_owned());
    let value = match (first, rest) {
        ("args" | "labels" | "lint" | "expect", Some(rest)) => {
            Value::Mapping(Mapping::from_iter([(Value::String(rest.to_owned()), text)]))
        }
        ("args" | "labels" | "lint", None) => {
            return Err(format!("`{first}` needs a name: write `# mkcompose: {first}.NAME=VALUE`"));
        }
        (_, Some(_)) => return Err(keys::unknown_key(key, &known)),
        ("platforms", None) => Value::Sequence(value.split(',').map(|one| Value::String(one.trim().into())).collect()),
        _ => text,
    };
    Ok((first, value))
}

/// Refuses a name that no ARG can declare.
fn variable(name: &str) -> Result<(), String> {
    let fits = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.is_empty();
    if fits { Ok(()) } else { Err(format!("`{name}` is not the name of a build argument")) }
}

/// A platform as `docker build --platform` takes it: `OS/ARCHITECTURE[/VARIANT]`.
fn platform(platform: String) -> Result<String, String> {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let parts: Vec<_> = platform.split('/').collect();
    if (2..=3).contains(&parts.len()) && parts.into_iter().all(is_part) {
        return Ok(platform);
    }
    Err(format!("`{platform}` is not a platform: write it as in `linux/amd64`"))
}

#[cfg(test)]
mod tests {
    use super::from_comments;
    use crate::dockerfile::comments;
    use crate::expectation::ExpectedOutcome;

    #[test]
    fn comments_say_what_the_file_says() {
        let text = "# mkcompose: expect=exit 1\n# mkcompose: expect.stdout=^a=b$\n# mkcompose: args.V=3\n\
                    # mkcompose: platforms=linux/amd64, linux/arm64\n# mkcompose: lint.stage-count=off\n\
                    # mkcompose: labels.org.example.a=b\n# mkcompose: name=x\nFROM a\n";
        let (settings, problems) = from_comments(&comments(text));
        assert_eq!(problems, []);
        assert_eq!(settings.expectation().outcome, ExpectedOutcome::Exit(1));
        assert_eq!(settings.expectation().stdout.as_deref(), Some("^a=b$"));
        assert_eq!(settings.args["V"].as_deref(), Some("3"));
        assert_eq!(settings.platforms.unwrap(), ["linux/amd64", "linux/arm64"]);
        assert_eq!(settings.labels["org.example.a"], "b");
        assert!(!settings.lint["stage-count"]);
        let line = |of: &str| settings.lines.get(of).copied();
        assert_eq!(
            (line("expect"), line("expect.stdout"), line("args.V"), line("name")),
            (Some(1), Some(2), Some(3), Some(7))
        );
    }

    #[test]
    fn every_wrong_comment_is_reported_with_its_line() {
        let text = "# mkcompose: expects=works\n# mkcompose: expect=works?\n# mkcompose: context\n\
                    # mkcompose: args=1\n# mkcompose: args.1=1\n# mkcompose: name=a\n# mkcompose: name=b\n\
                    # mkcompose: dockerfiles=x\n# mkcompose: context.x=1\n# mkcompose: platforms=linux\nFROM a\n";
        let (_, problems) = from_comments(&comments(text));
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 7, 8, 9, 10], "{problems:#?}");
        assert_eq!(problems[0].value, "unknown key `expects`: did you mean `expect`?");
    }
}
