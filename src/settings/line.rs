//! Where a key stands in a YAML text, for messages.

/// A value with the line that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The line, counted from 1.
    pub line: usize,
    /// The value.
    pub value: T,
}

/// The line of the key that `path` leads to, counted from 1; that of its nearest parent if it is not on a line of its own, as
/// in `{a: 1}`.
pub(super) fn line_of(text: &str, path: &[&str]) -> usize {
    let mut lines = text.lines().enumerate().peekable();
    let mut found = 1;
    let mut parent_indent = None;
    for key in path {
        let mut level = None;
        let line = loop {
            let Some((place, line)) = lines.next() else { return found };
            let content = line.trim_start();
            if content.is_empty() || content.starts_with('#') || content.starts_with("---") {
                continue;
            }
            let indent = line.len() - content.len();
            if parent_indent.is_some_and(|parent| indent <= parent) {
                return found;
            }
            if indent == *level.get_or_insert(indent) && key_of(content) == Some(*key) {
                break (place, indent);
            }
        };
        found = line.0 + 1;
        parent_indent = Some(line.1);
    }
    found
}

/// The line of an item of the list that `path` leads to, counted from 1; that of the list's key if the items are not on lines of
/// their own.
pub(super) fn item_line_of(text: &str, path: &[&str], item: usize) -> usize {
    let start = line_of(text, path);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let parent = text.lines().nth(start.saturating_sub(1)).map_or(0, indent);
    let mut level = None;
    let mut items = 0;
    for (place, line) in text.lines().enumerate().skip(start) {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let is_item = content == "-" || content.starts_with("- ");
        if indent(line) < parent || indent(line) == parent && !is_item {
            break;
        }
        if is_item && indent(line) == *level.get_or_insert(indent(line)) {
            if items == item {
                return place + 1;
            }
            items += 1;
        }
    }
    start
}

/// The key that a line begins with, without its quotes.
fn key_of(content: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(rest) = content.strip_prefix(quote) {
            let (key, after) = rest.split_once(quote)?;
            return after.trim_start().starts_with(':').then_some(key);
        }
    }
    let (key, after) = content.split_once(':')?;
    (after.is_empty() || after.starts_with(' ')).then_some(key.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{item_line_of, line_of};

    #[test]
    fn an_item_is_found_in_its_list_alone() {
        let text =
            "a:\n- x\nb:\n  - y\n  # no\n\n  - \"x\"\nc: [x, y]\nd:\n  e:\n  - k: v\n    l: [m]\n  -\n    - n\n  - z\n";
        assert_eq!(item_line_of(text, &["a"], 0), 2);
        assert_eq!(item_line_of(text, &["a"], 1), 1);
        assert_eq!(item_line_of(text, &["b"], 1), 7);
        assert_eq!(item_line_of(text, &["b"], 2), 3);
        assert_eq!(item_line_of(text, &["c"], 1), 8);
        assert_eq!([0, 1, 2].map(|item| item_line_of(text, &["d", "e"], item)), [11, 13, 15]);
    }

    #[test]
    fn a_key_is_found_below_its_parents() {
        let text = "# target: no\nargs:\n  target: a\nservices:\n  \"web*\":\n    args: {A: 1}\n    target: x\n  b:\n    target: y\n";
        assert_eq!(line_of(text, &["services", "web*", "target"]), 7);
        assert_eq!(line_of(text, &["services", "b", "target"]), 9);
        assert_eq!(line_of(text, &["services", "web*", "args", "A"]), 6);
        assert_eq!(line_of(text, &["services", "web*", "gone"]), 5);
        assert_eq!(line_of(text, &["target"]), 1);
    }
}
