//! YAML values as the strings, lists and maps that settings are made of.
//!
//! What is wrong with a value is gathered, entry by entry, so that one run reports everything.

use serde_yaml::Value;

use super::line::{Located, name_of};

/// Where the entries of a place in the settings stand.
type LineOf<'r> = &'r dyn Fn(&[&str], Option<usize>) -> usize;

/// Reads values, and gathers what is wrong with them.
pub(super) struct Reader<'r> {
    /// The line of what the keys lead to, counted from 1; of this item of it, if it is a list.
    line: LineOf<'r>,
    problems: &'r mut Vec<Located<String>>,
}

impl<'r> Reader<'r> {
    /// A reader of values whose lines `line` knows. What is wrong goes to `problems`.
    pub(super) fn new(line: LineOf<'r>, problems: &'r mut Vec<Located<String>>) -> Self {
        Self { line, problems }
    }

    /// The line of what `path` leads to.
    pub(super) fn line(&self, path: &[&str]) -> usize {
        (self.line)(path, None)
    }

    /// The line of an item of the list `key`.
    pub(super) fn item_line(&self, key: &str, item: usize) -> usize {
        (self.line)(&[key], Some(item))
    }

    /// How much is wrong so far.
    pub(super) fn count(&self) -> usize {
        self.problems.len()
    }

    /// Says what is wrong with what `path` leads to.
    pub(super) fn say(&mut self, path: &[&str], what: &str) {
        self.push(self.line(path), &path.join("."), what);
    }

    /// Says what is wrong with the name of an entry of the map `key`.
    pub(super) fn say_entry(&mut self, key: &str, entry: &str, what: &str) {
        self.push(self.line(&[key, entry]), key, what);
    }

    fn push(&mut self, line: usize, name: &str, what: &str) {
        self.problems.push(Located { line, value: format!("`{name}`: {what}") });
    }

    /// The value, or `None` after saying what is wrong with what `path` leads to.
    pub(super) fn take<T>(&mut self, path: &[&str], result: Result<T, String>) -> Option<T> {
        result.map_err(|what| self.say(path, &what)).ok()
    }

    /// The items of the list `key`, or the only item of one that is not a list, each with its place; without those that `item`
    /// refuses. `None` if it is neither.
    pub(super) fn list(
        &mut self,
        key: &str,
        value: Value,
        item: impl Fn(Value) -> Result<String, String>,
    ) -> Option<Vec<(usize, String)>> {
        let items = match value {
            Value::Sequence(items) => items,
            Value::Mapping(_) | Value::Null | Value::Tagged(_) => {
                self.say(&[key], &format!("expected a list of strings, found {}", kind(&value)));
                return None;
            }
            one => vec![one],
        };
        let mut read = Vec::new();
        for (place, value) in items.into_iter().enumerate() {
            match item(value) {
                Ok(text) => read.push((place, text)),
                Err(what) => self.push(self.item_line(key, place), key, &what),
            }
        }
        Some(read)
    }

    /// The entries of the map `key`, without those whose name is no string; none if it is no map.
    pub(super) fn map(&mut self, key: &str, value: Value) -> Vec<(String, Value)> {
        let Value::Mapping(entries) = value else {
            self.say(&[key], &format!("expected a map of names and values, found {}", kind(&value)));
            return Vec::new();
        };
        let mut read = Vec::new();
        for (name, value) in entries {
            let own = name_of(&name);
            match scalar(name) {
                Ok(name) => read.push((name, value)),
                Err(what) => {
                    self.say_entry(key, own.as_deref().unwrap_or_default(), &format!("the name of an entry: {what}"));
                }
            }
        }
        read
    }
}

/// A string, and nothing that is read as one.
pub(super) fn string(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("expected a string, found {}", kind(&other))),
    }
}

/// A string; a whole number or a boolean as its words.
pub(super) fn scalar(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        Value::Number(number) => Err(format!("the number {number} may lose digits: put it in quotes")),
        other => Err(format!("expected a string, found {}", kind(&other))),
    }
}

/// `on` or `off`, as a string or as YAML 1.1 has it.
pub(super) fn switch(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(is_on) => Ok(*is_on),
        Value::String(word) if word == "on" => Ok(true),
        Value::String(word) if word == "off" => Ok(false),
        Value::String(word) => Err(format!("expected on or off, found `{word}`")),
        other => Err(format!("expected on or off, found {}", kind(other))),
    }
}

/// What a value is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a map",
        Value::Tagged(_) => "a tagged value",
    }
}
