//! What the settings say about a service: one type for `mkcompose.yml` and for comments.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::{Mapping, Value};

use super::expectation::{self, ExpectationSettings};
use super::keys::{self, LINT_RULES, Scope, keys_of};
use super::line::Located;
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
    /// The keys that are set, as `context` or `args.VERSION`.
    pub keys: BTreeSet<String>,
}

impl ServiceSettings {
    /// These settings with those of `later`, which win. Maps are joined, lists replaced.
    #[must_use]
    pub fn overridden_by(mut self, later: Self) -> Self {
        self.args.extend(later.args);
        self.labels.extend(later.labels);
        self.lint.extend(later.lint);
        self.keys.extend(later.keys);
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

    /// Sets `key` to `value`.
    ///
    /// # Errors
    /// What is wrong with the value, without the key.
    pub(super) fn set(&mut self, key: &str, value: Value) -> Result<(), String> {
        for part in parts(key, &value) {
            self.keys.insert(part);
        }
        match key {
            "name" => self.name = Some(scalar(value)?),
            "image" => self.image = Some(scalar(value)?),
            "context" => self.context = Some(scalar(value)?),
            "target" => self.target = Some(scalar(value)?),
            "platforms" => self.platforms = Some(platforms(list(value)?)?),
            "tags" => self.tags = Some(list(value)?),
            "cache_from" => self.cache_from = Some(list(value)?),
            "cache_to" => self.cache_to = Some(list(value)?),
            "cache" => {
                let caches = list(value)?;
                // A plain reference may be read from as it is; to write there, its type is needed.
                let to = |cache: &String| {
                    let kind = if cache.contains('=') { "" } else { "type=registry,ref=" };
                    format!("{kind}{cache},mode=max")
                };
                self.cache_to = Some(caches.iter().map(to).collect());
                self.cache_from = Some(caches);
            }
            "args" => {
                for (name, value) in map(value)? {
                    let value = if value.is_null() { None } else { Some(scalar(value)?) };
                    self.args.insert(variable(name)?, value);
                }
            }
            "labels" => {
                for (name, value) in map(value)? {
                    self.labels.insert(name, scalar(value)?);
                }
            }
            "lint" => {
                for (rule, value) in map(value)? {
                    if !LINT_RULES.contains(&rule.as_str()) {
                        return Err(keys::unknown(&rule, &LINT_RULES).replace("unknown key", "unknown rule"));
                    }
                    self.lint.insert(rule, switch(&value)?);
                }
            }
            "expect" => self.expect = self.expect.clone().overridden_by(expect(value)?),
            _ => {}
        }
        Ok(())
    }
}

/// The settings of a Dockerfile's comments, and what is wrong with them.
pub fn from_comments(comments: &[SettingComment]) -> (ServiceSettings, Vec<Located<String>>) {
    let known = keys_of(&[Scope::Service, Scope::Comment]);
    let mut settings = ServiceSettings::default();
    let mut problems = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for comment in comments {
        let result = match &comment.value {
            None => Err(format!("`{}` has no value: write `# mkcompose: KEY=VALUE`", comment.key)),
            Some(_) if !seen.insert(&comment.key) => Err(format!("`{}` is set twice: remove one line", comment.key)),
            Some(value) => set_from_comment(&mut settings, &comment.key, value, &known),
        };
        if let Err(value) = result {
            problems.push(Located { line: comment.line, value });
        }
    }
    (settings, problems)
}

/// Sets what the comment `KEY=VALUE` says: `args.VERSION=3` is the entry `VERSION` of `args`.
fn set_from_comment(settings: &mut ServiceSettings, key: &str, value: &str, known: &[&str]) -> Result<(), String> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    if !known.contains(&first) {
        return Err(keys::unknown(first, known));
    }
    let text = Value::String(value.to_owned());
    let value = match (first, rest) {
        ("args" | "labels" | "lint" | "expect", Some(rest)) => {
            Value::Mapping(Mapping::from_iter([(Value::String(rest.to_owned()), text)]))
        }
        ("args" | "labels" | "lint", None) => {
            return Err(format!("`{first}` needs a name: write `# mkcompose: {first}.NAME=VALUE`"));
        }
        (_, Some(_)) => return Err(keys::unknown(key, known)),
        ("platforms", None) => Value::Sequence(value.split(',').map(|one| Value::String(one.trim().into())).collect()),
        _ => text,
    };
    settings.set(first, value).map_err(|why| format!("`{key}`: {why}"))
}

/// The names of what `key` sets: each entry of a map by itself.
fn parts(key: &str, value: &Value) -> Vec<String> {
    let entries = value.as_mapping().into_iter().flat_map(Mapping::keys).filter_map(Value::as_str);
    let parts: Vec<_> = entries.map(|entry| format!("{key}.{entry}")).collect();
    if parts.is_empty() { vec![key.to_owned()] } else { parts }
}

/// A string; a whole number or a truth value as its words.
fn scalar(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        Value::Number(number) => Err(format!("the number {number} may lose digits: put it in quotes")),
        other => Err(format!("expected a string, found {}", kind(&other))),
    }
}

/// A list of strings, or one string.
fn list(value: Value) -> Result<Vec<String>, String> {
    match value {
        Value::Sequence(items) => items.into_iter().map(scalar).collect(),
        Value::String(text) => Ok(vec![text]),
        other => Err(format!("expected a list of strings, found {}", kind(&other))),
    }
}

fn map(value: Value) -> Result<Vec<(String, Value)>, String> {
    let Value::Mapping(entries) = value else {
        return Err(format!("expected a map of names and values, found {}", kind(&value)));
    };
    entries.into_iter().map(|(name, value)| Ok((scalar(name)?, value))).collect()
}

/// `on` or `off`, as a string or as YAML 1.1 has it.
fn switch(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(is_on) => Ok(*is_on),
        Value::String(word) if word == "on" => Ok(true),
        Value::String(word) if word == "off" => Ok(false),
        _ => Err("expected on or off".to_owned()),
    }
}

fn expect(value: Value) -> Result<ExpectationSettings, String> {
    let mut settings = ExpectationSettings::default();
    if !value.is_mapping() {
        settings.outcome = Some(scalar(value)?.parse()?);
        return Ok(settings);
    }
    for (key, value) in map(value)? {
        let text = scalar(value)?;
        match key.as_str() {
            "outcome" => settings.outcome = Some(text.parse()?),
            "stdout" => settings.stdout = Some(expectation::stdout(&text)?),
            "http" => settings.http = Some(expectation::http(&text)?),
            other => return Err(keys::unknown(other, &["outcome", "stdout", "http"])),
        }
    }
    Ok(settings)
}

/// A name that ARG can declare.
fn variable(name: String) -> Result<String, String> {
    let fits = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.is_empty();
    if fits { Ok(name) } else { Err(format!("`{name}` is not the name of a build argument")) }
}

/// Platforms as `docker build --platform` takes them: `OS/ARCHITECTURE[/VARIANT]`.
fn platforms(platforms: Vec<String>) -> Result<Vec<String>, String> {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let fits = |platform: &String| {
        let parts: Vec<_> = platform.split('/').collect();
        (2..=3).contains(&parts.len()) && parts.into_iter().all(is_part)
    };
    match platforms.iter().find(|platform| !fits(platform)) {
        Some(wrong) => Err(format!("`{wrong}` is not a platform: write it as in `linux/amd64`")),
        None => Ok(platforms),
    }
}

/// What a value is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a map",
        Value::Tagged(_) => "a tagged value",
    }
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
        assert!(settings.keys.contains("args.V") && settings.keys.contains("name"));
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
