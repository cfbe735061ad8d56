//! Where a key stands in a YAML text, for messages.

use serde_yaml::Value;

/// A value with the line that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The line, counted from 1.
    pub line: usize,
    /// The value.
    pub value: T,
}

/// The lines of a YAML text that keys and the items of lists stand on. The text is read once: there may be as many questions as
/// lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// The text as a whole comes first.
    nodes: Vec<Node>,
    /// Each key with the places of its parent and its own among the nodes, sorted.
    keys: Vec<(usize, String, usize)>,
}

/// A line, and what is indented below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    /// Counted from 1.
    line: usize,
    indent: usize,
    is_item: bool,
    /// How far its keys are indented: as far as the first.
    level: Option<usize>,
    /// How far its items are indented: as far as the first.
    level_of_items: Option<usize>,
    /// The lines of its items.
    items: Vec<usize>,
}

impl Lines {
    /// Reads the text.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self { nodes: vec![Node { line: 1, ..Node::default() }], keys: Vec::new() };
        // The nodes that the next line may be below, the whole text left out.
        let mut open: Vec<usize> = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let content = line.trim_start();
            if content.is_empty() || content.starts_with('#') || content.starts_with("---") {
                continue;
            }
            let indent = line.len() - content.len();
            let is_item = content == "-" || content.starts_with("- ");
            // Items may stand as far left as the key of their list.
            let is_over = |node: &Node| node.indent > indent || node.indent == indent && (node.is_item || !is_item);
            while open.pop_if(|last| lines.nodes.get(*last).is_none_or(is_over)).is_some() {}
            lines.add(open.last().copied().unwrap_or_default(), place + 1, indent, content);
            open.push(lines.nodes.len() - 1);
        }
        lines.keys.sort_unstable();
        lines
    }

    /// Adds a line below the node at `parent`.
    fn add(&mut self, parent: usize, line: usize, indent: usize, content: &str) {
        let is_item = content == "-" || content.starts_with("- ");
        let own = self.nodes.len();
        if let Some(above) = self.nodes.get_mut(parent) {
            let level = if is_item { &mut above.level_of_items } else { &mut above.level };
            let is_next = *level.get_or_insert(indent) == indent;
            match key_of(content) {
                _ if !is_next => {}
                _ if is_item => above.items.push(line),
                Some(key) => {
                    self.keys.push((parent, key.to_owned(), own));
                    let value = may_be_no_string(key, content).then(|| serde_yaml::from_str(key).ok()).flatten();
                    self.keys.extend(value.as_ref().and_then(name_of).map(|name| (parent, name, own)));
                }
                None => {}
            }
        }
        self.nodes.push(Node { line, indent, is_item, ..Node::default() });
    }

    /// The line of the key that `path` leads to, counted from 1; that of its nearest parent if it is not on a line of its own, as
    /// in `{a: 1}`.
    pub(super) fn of_key(&self, path: &[&str]) -> usize {
        self.node(path).map_or(1, |node| node.line)
    }

    /// The line of an item of the list that `path` leads to, counted from 1; that of the list's key if the items are not on lines
    /// of their own.
    pub(super) fn of_item(&self, path: &[&str], item: usize) -> usize {
        let line = self.node(path).and_then(|node| node.items.get(item));
        line.copied().unwrap_or_else(|| self.of_key(path))
    }

    /// The line on which `key` is repeated in a map that has it, counted from 1; the first such line after `line`.
    pub(super) fn of_repeated(&self, key: &str, line: usize) -> Option<usize> {
        let pairs = self.keys.windows(2).filter_map(|pair| match pair {
            [(one, name, _), (other, same, own)] if one == other && name == same && name == key => Some(own),
            _ => None,
        });
        pairs.filter_map(|own| Some(self.nodes.get(*own)?.line)).filter(|repeated| *repeated > line).min()
    }

    /// The last node on the way that `path` leads.
    fn node(&self, path: &[&str]) -> Option<&Node> {
        let mut at = 0;
        for key in path {
            let first = self.keys.partition_point(|(parent, name, _)| (*parent, name.as_str()) < (at, *key));
            match self.keys.get(first) {
                Some((parent, name, own)) if *parent == at && name == key => at = *own,
                _ => break,
            }
        }
        self.nodes.get(at)
    }
}

/// How a key that is no string is named in a path, if it has a line of its own. No string that YAML can have is such a name.
pub(super) fn name_of(key: &Value) -> Option<String> {
    match key {
        Value::Null => Some("\0null".to_owned()),
        Value::Bool(value) => Some(format!("\0{value}")),
        Value::Number(number) => Some(format!("\0{number}")),
        // One of them is enough for a message.
        Value::Sequence(_) => Some("\0[".to_owned()),
        Value::Mapping(_) => Some("\0{".to_owned()),
        Value::String(_) | Value::Tagged(_) => None,
    }
}

/// Whether `key`, which `content` begins with, may be something other than a string.
fn may_be_no_string(key: &str, content: &str) -> bool {
    /// A longer one is not read: there may be as many as lines.
    const MOST_BYTES: usize = 64;
    let is_quoted = content.starts_with(['"', '\'']);
    let begins_word = |c: char| c.is_ascii_alphabetic() && !"tTfFnN".contains(c);
    !is_quoted && key.len() <= MOST_BYTES && !key.starts_with(begins_word)
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
    use super::Lines;

    fn line_of(text: &str, path: &[&str]) -> usize {
        Lines::of(text).of_key(path)
    }

    fn item_line_of(text: &str, path: &[&str], item: usize) -> usize {
        Lines::of(text).of_item(path, item)
    }

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
