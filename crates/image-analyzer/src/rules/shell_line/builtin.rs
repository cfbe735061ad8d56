//! What a shell does itself: the commands that cannot fail, and those that change where or how the next one runs.

use crate::rules::options::has;
use crate::rules::shell_words::{assignment, is_builtin};
use crate::rules::word::Word;

/// Words that begin or end more than a simple command.
pub(crate) fn is_keyword(raw: &str) -> bool {
    has("! { } [[ case coproc do done elif else esac fi for function if in select then time until while", raw)
}

/// What a shell does itself and cannot fail to do, and `cd`.
pub(super) enum Builtin {
    /// Nothing that counts, but for whether an error ends the line from now on.
    Harmless(bool),
    /// `cd`.
    Enter(String),
    /// `export`.
    Export(Vec<(String, String)>),
    /// Something else, or it may fail.
    Other,
}

/// What the command is, if a shell does it itself; `None` for a program.
pub(super) fn builtin(words: &[(Word, String)]) -> Option<Builtin> {
    let (first, rest) = words.split_first()?;
    let plain: Option<Vec<&str>> = rest.iter().map(|(word, _)| word.plain()).collect();
    Some(match (first.0.plain()?, plain.as_deref()) {
        ("true" | ":" | "echo", _) => Builtin::Harmless(false),
        ("set", Some([options])) => match options.strip_prefix('-') {
            Some(letters) if !letters.is_empty() && letters.chars().all(|letter| "aefuxvC".contains(letter)) => {
                Builtin::Harmless(letters.contains('e'))
            }
            _ => Builtin::Other,
        },
        ("cd", Some([folder])) if is_folder(folder) => Builtin::Enter((*folder).to_owned()),
        ("export", _) => exported(rest).map_or(Builtin::Other, Builtin::Export),
        ("exec", _) => return None,
        (word, _) if is_builtin(word) || is_keyword(word) => Builtin::Other,
        _ => return None,
    })
}

/// A folder that means the same to the shell and to the kernel: after a link, `..` does not.
pub(crate) fn is_folder(folder: &str) -> bool {
    !folder.is_empty() && !folder.starts_with('-') && folder.split('/').all(|part| part != "..")
}

/// What `export` sets, if that is known as far as it counts.
fn exported(words: &[(Word, String)]) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (word, raw) in words {
        let (name, value) = assignment(&word.text)?;
        if value.contains('~') || !word.is_plain && (is_sensitive(&name) || assignment(raw).is_none()) {
            return None;
        }
        pairs.extend(word.is_plain.then_some((name, value)));
    }
    Some(pairs)
}

/// Does a program, or what is looked for, depend on this variable?
pub(crate) fn is_sensitive(name: &str) -> bool {
    let exact = has("PATH CDPATH ENV BASH_ENV IFS TZ CLASSPATH SHELLOPTS BASHOPTS", name);
    exact || name.contains("OPT") || ["LD_", "SSL_", "PYTHON", "BASH_FUNC"].iter().any(|start| name.starts_with(start))
}
