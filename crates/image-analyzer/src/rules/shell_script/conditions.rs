//! Tests whose outcome is known: of `$1`, `$#` and plain words.

use super::Walk;
use super::parse::{Command, Pipeline, Statement, Written};
use crate::rules::word::Word;

impl Walk<'_> {
    /// Whether a statement of tests succeeds, if that is known.
    pub(super) fn value_of(&self, statement: &Statement) -> Option<bool> {
        let mut value = self.value(&statement.first);
        for (and, pipeline) in &statement.rest {
            let next = self.value(pipeline);
            value = match (value, and, next) {
                (Some(false), true, _) | (_, true, Some(false)) => Some(false),
                (Some(true), false, _) | (_, false, Some(true)) => Some(true),
                (Some(_), _, next) => next,
                (None, ..) => None,
            };
        }
        value.filter(|_| !statement.in_background)
    }

    /// Whether a pipeline succeeds, if that is known.
    pub(super) fn value(&self, pipeline: &Pipeline) -> Option<bool> {
        let [Command::Simple(simple)] = pipeline.commands.as_slice() else { return None };
        let (first, rest) = simple.words.split_first()?;
        let raws: Vec<&str> = rest.iter().map(|(_, raw)| raw.as_str()).collect();
        let (name, last) = (name_of(first)?, raws.last().copied());
        let value = match name {
            "true" | ":" => Some(true),
            "false" => Some(false),
            "test" => self.test(&raws, false),
            "[" if last == Some("]") => self.test(raws.get(..raws.len() - 1)?, false),
            "[[" if last == Some("]]") => self.test(raws.get(..raws.len() - 1)?, true),
            _ => None,
        }?;
        Some(value != pipeline.is_negated)
    }

    fn test(&self, words: &[&str], is_bashs: bool) -> Option<bool> {
        match *words {
            ["!", ref rest @ ..] if !rest.is_empty() => self.test(rest, is_bashs).map(|value| !value),
            [word] => self.tested(word).map(|word| !word.is_empty()),
            ["-n", word] => self.tested(word).map(|word| !word.is_empty()),
            ["-z", word] => self.tested(word).map(|word| word.is_empty()),
            [left, operator, right] => {
                let left = self.tested(left)?;
                if is_bashs && matches!(operator, "=" | "==" | "!=") && right.ends_with('*') {
                    let start = self.tested(right.strip_suffix('*')?)?;
                    return Some(left.starts_with(&start) == (operator != "!="));
                }
                let right = self.tested(right)?;
                let numbers = || Some((left.parse::<i64>().ok()?, right.parse::<i64>().ok()?));
                match operator {
                    "=" | "==" => Some(left == right),
                    "!=" => Some(left != right),
                    "-eq" => numbers().map(|(left, right)| left == right),
                    "-ne" => numbers().map(|(left, right)| left != right),
                    "-lt" => numbers().map(|(left, right)| left < right),
                    "-le" => numbers().map(|(left, right)| left <= right),
                    "-gt" => numbers().map(|(left, right)| left > right),
                    "-ge" => numbers().map(|(left, right)| left >= right),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The name of a command. A lone bracket is no pattern.
pub(super) fn name_of((word, raw): &Written) -> Option<&str> {
    word.plain().or_else(|| matches!(raw.as_str(), "[" | "[[").then_some(raw))
}

/// Does a pattern of `case` fit the value, if that is known?
pub(super) fn fits(value: Option<&str>, pattern: &Word, raw: &str) -> Option<bool> {
    match (raw, value) {
        ("*", _) => Some(true),
        (_, None) => None,
        (raw, Some(value)) => match raw.strip_suffix('*') {
            Some(start) if start.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) => {
                Some(value.starts_with(start))
            }
            _ => pattern.plain().map(|pattern| pattern == value),
        },
    }
}
