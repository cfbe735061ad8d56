//! The keys of the settings, and the one that a misspelt key means.

/// Where a key may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// At the top of `mkcompose.yml` alone.
    File,
    /// At the top, below a glob of `services`, and in a comment.
    Service,
    /// In a comment alone.
    Comment,
}

/// Every key, with where it may stand. docs/SETTINGS.md describes each.
pub(super) const KEYS: [(&str, Scope); 18] = [
    ("args", Scope::Service),
    ("cache", Scope::Service),
    ("cache_from", Scope::Service),
    ("cache_to", Scope::Service),
    ("context", Scope::Service),
    ("dockerfiles", Scope::File),
    ("err_output", Scope::File),
    ("exclude", Scope::File),
    ("expect", Scope::Service),
    ("image", Scope::Service),
    ("labels", Scope::Service),
    ("lint", Scope::Service),
    ("name", Scope::Comment),
    ("output", Scope::File),
    ("platforms", Scope::Service),
    ("services", Scope::File),
    ("tags", Scope::Service),
    ("target", Scope::Service),
];

/// The keys that may stand where one of `scopes` is meant.
pub(super) fn keys_of(scopes: &[Scope]) -> Vec<&'static str> {
    KEYS.iter().filter(|(_, scope)| scopes.contains(scope)).map(|(key, _)| *key).collect()
}

/// What to say about the key `key`, which is none of `known`.
pub(super) fn unknown(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("unknown key `{key}`: did you mean `{near}`?"),
        None => format!("unknown key `{key}`: use one of {}", known.join(", ")),
    }
}

/// The word of `known` that `word` most likely means; `None` if none is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    /// How alike two words must be, as clap has it for flags.
    const ALIKE: f64 = 0.8;
    let alike = known.into_iter().map(|known| (strsim::jaro_winkler(word, known), known));
    alike
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::{Scope, keys_of, unknown};

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest_one() {
        let keys = keys_of(&[Scope::File, Scope::Service]);
        assert_eq!(unknown("platform", &keys), "unknown key `platform`: did you mean `platforms`?");
        assert_eq!(unknown("contxt", &keys), "unknown key `contxt`: did you mean `context`?");
        assert!(unknown("zzz", &keys).starts_with("unknown key `zzz`: use one of args, cache, "));
    }
}
