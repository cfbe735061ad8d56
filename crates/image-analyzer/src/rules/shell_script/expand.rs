//! Words with variables in them, where the values are known. Source: POSIX, "Word Expansions".

use crate::rules::options::has;
use crate::rules::word::Word;

/// The value of a variable or of `1`, `#` and the like, if it is known.
pub(crate) type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// What a word becomes, by how it is written; `None` if that is not known, or if it becomes more or fewer words than one.
pub(crate) fn expand(raw: &str, value_of: Lookup<'_>) -> Option<String> {
    let (mut out, mut quoted) = (String::new(), false);
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..)?;
        rest = match c {
            '"' => {
                quoted = !quoted;
                behind
            }
            '\'' if !quoted => {
                let (text, behind) = behind.split_once('\'')?;
                out.push_str(text);
                behind
            }
            '\\' => {
                let next = behind.chars().next()?;
                if quoted && !matches!(next, '$' | '`' | '"' | '\\') {
                    out.push('\\');
                }
                out.push(next);
                behind.get(next.len_utf8()..)?
            }
            '$' => {
                let (value, behind) = parameter(behind, value_of)?;
                let splits = value.is_empty() || value.contains([' ', '\t', '\n', '*', '?', '[']);
                if !quoted && splits {
                    return None;
                }
                out.push_str(&value);
                behind
            }
            '`' => return None,
            '*' | '?' | '[' | '{' if !quoted => return None,
            '~' if !quoted && out.is_empty() => return None,
            c => {
                out.push(c);
                behind
            }
        };
    }
    (!quoted).then_some(out)
}

/// What stands behind a `$`: its value, and what follows it.
fn parameter<'r>(text: &'r str, value_of: Lookup<'_>) -> Option<(String, &'r str)> {
    if let Some(inside) = text.strip_prefix('{') {
        let (inside, behind) = inside.split_once('}')?;
        let name = if inside == "#" { inside } else { name_of(inside)? };
        let operator = inside.get(name.len()..)?;
        let value = value_of(name)?;
        let value = match operator {
            "" => value,
            ":0:1" => value.chars().take(1).collect(),
            _ => {
                let start =
                    operator.strip_prefix('#').filter(|start| !start.contains(['*', '?', '[', '$', '#', '\\']))?;
                value.strip_prefix(start).unwrap_or(&value).to_owned()
            }
        };
        return Some((value, behind));
    }
    let name = match text.chars().next()? {
        '#' => "#",
        // Only one digit counts.
        '0'..='9' => text.get(..1)?,
        _ => name_of(text)?,
    };
    Some((value_of(name)?, text.get(name.len()..)?))
}

/// The name or number that a text begins with.
fn name_of(text: &str) -> Option<&str> {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let is_part = |c: char| if is_number { c.is_ascii_digit() } else { c.is_ascii_alphanumeric() || c == '_' };
    let name = text.get(..text.find(|c| !is_part(c)).unwrap_or(text.len()))?;
    (!name.is_empty()).then_some(name)
}

/// Does a shell set this variable itself, whatever the environment has?
pub(crate) fn is_shells_own(name: &str) -> bool {
    has(
        "PWD OLDPWD SHLVL _ UID EUID PPID LINENO RANDOM SECONDS HOSTNAME HOSTTYPE OSTYPE MACHTYPE GROUPS DIRSTACK IFS OPTIND OPTARG OPTERR HOME",
        name,
    ) || name.starts_with("BASH")
}

/// The value of a variable of an environment, as a shell that starts in it has it.
pub(crate) fn from_environment(env: &[String], name: &str) -> Option<String> {
    crate::config::variable(env, name).filter(|_| !is_shells_own(name)).map(str::to_owned)
}

/// The word with the values in place, if they are known.
pub(crate) fn expanded(word: &Word, raw: &str, value_of: Lookup<'_>) -> Word {
    match expand(raw, value_of).filter(|_| !word.is_plain && !raw.is_empty()) {
        Some(text) => Word { text, is_plain: true },
        None => word.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::expand;
    use proptest::prelude::*;

    fn value(name: &str) -> Option<String> {
        let known = [("A", "a"), ("B", "b c"), ("E", ""), ("1", "-x"), ("#", "1"), ("JAVA_HOME", "/jvm")];
        known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn known_values_take_the_place_of_variables() {
        for (raw, text) in [
            ("\"$JAVA_HOME/bin/java\"", "/jvm/bin/java"),
            ("${JAVA_HOME}/bin/java", "/jvm/bin/java"),
            ("x'$A'\\$\"\\$$A\\k\"", "x$A$$a\\k"),
            ("\"$B\"", "b c"),
            ("\"$E\"", ""),
            ("\"${1#-}\"", "x"),
            ("\"${1:0:1}\"", "-"),
            ("$#", "1"),
            ("${#}", "1"),
            ("$12", "-x2"),
        ] {
            assert_eq!(expand(raw, &value).as_deref(), Some(text), "{raw}");
        }
        for raw in ["$B", "$E", "$C", "`a`", "$(a)", "*", "~", "${A:-b}", "${A##a}", "${B#*b}", "\"$A", "{a,b}", "$"] {
            assert_eq!(expand(raw, &value), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_word_is_read(raw: String, odd in "[$'\"\\\\{}A1#:]{0,12}") {
            let _ = expand(&raw, &value);
            let _ = expand(&odd, &value);
        }
    }
}
