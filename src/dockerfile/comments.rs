//! The comments of a Dockerfile that are for mkcompose: `# mkcompose: KEY=VALUE`, before the first instruction.

/// A comment for mkcompose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingComment {
    /// Its line, counted from 1.
    pub line: usize,
    /// What stands before the first `=`, without the white space around it. All of it if there is no `=`.
    pub key: String,
    /// What stands after it, without the white space around it. `None` if there is no `=`.
    pub value: Option<String>,
}

const MARK: &str = "mkcompose:";

/// The comments for mkcompose before the first instruction of `text`.
pub fn comments(text: &str) -> Vec<SettingComment> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let Some(comment) = line.strip_prefix('#') else { break };
        let Some(setting) = comment.trim_start().strip_prefix(MARK) else { continue };
        let (key, value) = match setting.split_once('=') {
            Some((key, value)) => (key, Some(value.trim().to_owned())),
            None => (setting, None),
        };
        found.push(SettingComment { line: place + 1, key: key.trim().to_owned(), value });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{SettingComment, comments};

    fn comment(line: usize, key: &str, value: Option<&str>) -> SettingComment {
        SettingComment { line, key: key.to_owned(), value: value.map(str::to_owned) }
    }

    #[test]
    fn comments_before_the_first_instruction_are_settings() {
        let text = "# syntax=docker/dockerfile:1\n# What it teaches.\n# mkcompose: expect=cannot start\n#mkcompose:args.A = b=c \n\nFROM a\n# mkcompose: name=late\n";
        assert_eq!(comments(text), [comment(3, "expect", Some("cannot start")), comment(4, "args.A", Some("b=c"))]);
    }

    #[test]
    fn a_comment_without_a_value_is_kept_so_that_it_can_be_reported() {
        assert_eq!(comments("# mkcompose: expect\nFROM a\n"), [comment(1, "expect", None)]);
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_endings_change_nothing() {
        assert_eq!(comments("\u{feff}# mkcompose: name=x\r\nFROM a\r\n"), [comment(1, "name", Some("x"))]);
    }
}
