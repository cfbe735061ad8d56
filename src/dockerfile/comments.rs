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
const NAME: &str = "mkcompose";

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

/// Comments that were meant for mkcompose and are not: with their line, counted from 1, and what to do. `is_known` says whether
/// a word is a key.
pub fn misplaced(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<(usize, &'static str)> {
    // Nearly no Dockerfile has one: then only its head is read.
    let may_be_late = text.contains(NAME);
    let mut is_late = false;
    let mut found = Vec::new();
    for (place, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let line = line.trim();
        let Some(comment) = line.strip_prefix('#').map(str::trim_start) else {
            is_late |= !line.is_empty();
            if is_late && !may_be_late {
                break;
            }
            continue;
        };
        let is_setting = |rest: &str| rest.split_once('=').is_some_and(|(key, _)| is_key(key.trim()));
        if is_late && comment.strip_prefix(MARK).is_some_and(is_setting) {
            found.push((
                place + 1,
                "a `# mkcompose:` comment counts only before the first instruction: move it to the top",
            ));
        } else if !is_late && comment.strip_prefix("mkcompose ").is_some_and(is_setting) {
            found.push((place + 1, "the colon is missing: write `# mkcompose: KEY=VALUE`"));
        } else if !is_late && is_nearly(comment, &is_known) {
            found.push((place + 1, "this is nearly a comment for mkcompose: write `# mkcompose: KEY=VALUE`"));
        }
    }
    found
}

/// Whether `comment` is one for mkcompose but for capitals, one letter of the word, or its colon.
fn is_nearly(comment: &str, is_known: impl Fn(&str) -> bool) -> bool {
    let Some(end) = comment.find(|c: char| c.is_whitespace() || c == ':') else { return false };
    let (word, rest) = comment.split_at(end);
    let rest = rest.trim_start();
    let Some((key, _)) = rest.strip_prefix(':').unwrap_or(rest).split_once('=') else { return false };
    let key = key.trim();
    !comment.starts_with(MARK)
        && is_key(key)
        && is_known(key.split('.').next().unwrap_or_default())
        && strsim::osa_distance(&word.to_ascii_lowercase(), NAME) <= 1
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::{SettingComment, comments, misplaced};

    fn comment(line: usize, key: &str, value: Option<&str>) -> SettingComment {
        SettingComment { line, key: key.to_owned(), value: value.map(str::to_owned) }
    }

    #[test]
    fn comments_before_the_first_instruction_are_settings() {
        let text = "# syntax=docker/dockerfile:1\n# What it teaches.\n# mkcompose: expect=cannot start\n#mkcompose:args.A = b=c \n\nFROM a\n# mkcompose: name=late\n";
        assert_eq!(comments(text), [comment(3, "expect", Some("cannot start")), comment(4, "args.A", Some("b=c"))]);
    }

    #[test]
    fn a_comment_without_its_colon_or_behind_the_first_instruction_is_misplaced() {
        let lines = |text| misplaced(text, |_| true).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
        assert_eq!(lines("# mkcompose expect=runs\n# mkcompose: name=x\nFROM a\n\n#mkcompose: name=late\n"), [1, 5]);
        assert_eq!(lines("# mkcompose reads this: a=b\nFROM a\n# mkcompose: see the manual\n# x\n"), [0; 0]);
    }

    #[test]
    fn a_comment_that_is_nearly_one_is_misplaced_if_its_key_is_known() {
        let lines = |text| misplaced(text, |key| key == "args").into_iter().map(|(line, _)| line).collect::<Vec<_>>();
        let text = "# Mkcompose: args.V=1\n# mkcompose : args=1\n# mkcompse: args=1\n# MKCOMPOSE args=1\nFROM a\n";
        assert_eq!(lines(text), [1, 2, 3, 4]);
        assert_eq!(
            lines("# mkcompose: args.V=1\n# Mkcompose: see a=b\n# compose: args=1\n# Ünmkcompose: args=1\n"),
            [0; 0]
        );
        assert_eq!(lines("# syntax=x:1\nFROM a\n# Mkcompose: args.V=1\n"), [0; 0]);
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
