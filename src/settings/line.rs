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

/// The line of `item` in the list that is the value of the key `key` at the top, counted from 1; that of the key if the item
/// is not on a line of its own.
pub(super) fn item_line_of(text: &str, key: &str, item: &str) -> usize {
    let start = line_of(text, &[key]);
    let is_item = |line: &str| {
        let content = line.trim_start().strip_prefix("- ").map(str::trim);
        content.is_some_and(|content| [content, content.trim_matches('"'), content.trim_matches('\'')].contains(&item))
    };
    let is_in_list = |line: &&str| line.is_empty() || line.starts_with([' ', '-', '#']);
    let below = text.lines().skip(start).take_while(is_in_list);
    below.into_iter().position(is_item).map_or(start, |place| start + place + 1)
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
        let text = "a:\n- x\nb:\n  - y\n  # no\n\n  - \"x\"\nc: [x]\n";
        assert_eq!(item_line_of(text, "a", "x"), 2);
        assert_eq!(item_line_of(text, "b", "x"), 7);
        assert_eq!(item_line_of(text, "b", "z"), 3);
        assert_eq!(item_line_of(text, "c", "x"), 8);
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
