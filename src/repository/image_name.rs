//! The name of a service's image: a plain name, or one with `{service}`, `{program}` and `{variant}`.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::service_name::ServiceName;
use image_analyzer::printable::printable;

/// The most bytes that a repository name may have (distribution/reference).
const MAX_REPOSITORY_LEN: usize = 255;

/// Repository names as the distribution reference specification has them, with an optional registry `host[:port]/`.
static REPOSITORY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let label = "(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?");
    Regex::new(&format!(r"\A(?:{host}/)?{component}(?:/{component})*\z")).ok()
});

/// The name of an image, from which that of each service's image is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    /// The part before the tag.
    repository: String,
    /// The tag.
    tag: String,
}

impl ImageName {
    /// Reads the name. A plain name gets the tag `{service}`; one with a placeholder and no tag gets `latest`.
    ///
    /// # Errors
    /// What is wrong with it, with what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (repository, tag) = split_tag(text);
        let has_placeholder = text.contains(['{', '}']);
        let name = Self {
            repository: repository.to_owned(),
            tag: tag.map_or_else(|| if has_placeholder { "latest" } else { "{service}" }.to_owned(), str::to_owned),
        };
        for part in [&name.repository, &name.tag] {
            let rest =
                ["{service}", "{program}", "{variant}"].iter().fold(part.clone(), |rest, word| rest.replace(word, "x"));
            if rest.contains(['{', '}']) {
                return Err(format!(
                    "`{}` has an unknown placeholder: use {{service}}, {{program}} or {{variant}}",
                    printable(text)
                ));
            }
        }
        // What stands for the placeholders is checked with each service.
        name.with("x", "x", "x")?;
        Ok(name)
    }

    /// A name that is always valid, where the one that was given is not.
    pub fn fallback() -> Self {
        Self { repository: "image".to_owned(), tag: "{service}".to_owned() }
    }

    /// The last part of the name without placeholders: the service of a `Dockerfile` in the scanned folder itself.
    pub fn last_part(&self) -> &str {
        let parts = self.repository.rsplit('/').filter(|part| !part.contains('{') && !part.is_empty());
        parts.into_iter().next().unwrap_or("image")
    }

    /// The image of the service `name`.
    ///
    /// # Errors
    /// If it is not a valid reference, with what to do.
    pub fn of(&self, name: &ServiceName) -> Result<String, String> {
        let name = name.as_str();
        let (program, variant) = name.split_once('.').unwrap_or((name, "latest"));
        self.with(name, program, variant)
    }

    fn with(&self, service: &str, program: &str, variant: &str) -> Result<String, String> {
        let names = [service, program, variant];
        let (repository, tag) = (fill(&self.repository, names), fill(&self.tag, names));
        if repository.len() > MAX_REPOSITORY_LEN {
            return Err(format!(
                "an image repository has at most {MAX_REPOSITORY_LEN} characters, this one {}: shorten it",
                repository.len()
            ));
        }
        if !is_plain_word(&repository) && !REPOSITORY.as_ref().is_some_and(|grammar| grammar.is_match(&repository)) {
            return Err(format!(
                "`{}` is not a valid image repository (lower-case letters, digits, separated by `.` `_` `-` or `/`): change `image`, or name the service with `# mkcompose: name=NAME`",
                printable(&repository)
            ));
        }
        if !is_tag(&tag) {
            return Err(format!("`{}` is not a valid image tag: change `image`", printable(&tag)));
        }
        Ok([&*repository, ":", &tag].concat())
    }
}

/// `text` with the names of a service, of its program and of its variant for their placeholders.
fn fill<'t>(text: &'t str, [service, program, variant]: [&'t str; 3]) -> Cow<'t, str> {
    match text {
        "{service}" => service.into(),
        text if text.contains('{') => {
            text.replace("{service}", service).replace("{program}", program).replace("{variant}", variant).into()
        }
        text => text.into(),
    }
}

/// The reference before its tag, and the tag. A `:` in the registry's part is a port.
fn split_tag(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => (before, Some(tag)),
        _ => (reference, None),
    }
}

/// A repository name of one component without separators, as most are. It saves compiling the grammar, which at sixty
/// Dockerfiles would take as long as all else.
fn is_plain_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `[\w][\w.-]{0,127}` in ASCII (distribution/reference).
fn is_tag(tag: &str) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let tag = tag.as_bytes();
    tag.len() <= 128
        && tag.first().is_some_and(word)
        && tag.iter().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// What is wrong with one of the `tags`, which have the grammar of `image`: `what` names the other key.
pub(super) fn of_tags(what: &str) -> String {
    format!("`tags`: {}", what.replace("change `image`", "change `tags`"))
}

/// A reference as it is compared: without the default registry, and with its tag.
pub fn normalised(reference: &str) -> Cow<'_, str> {
    let short = ["docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/", "library/"]
        .iter()
        .find_map(|start| reference.strip_prefix(start))
        .unwrap_or(reference);
    let is_whole = short.contains('@') || split_tag(short).1.is_some();
    if is_whole { short.into() } else { [short, ":latest"].concat().into() }
}

#[cfg(test)]
mod tests {
    use super::{ImageName, normalised};
    use crate::repository::service_name::ServiceName;

    #[track_caller]
    fn image(template: &str, service: &str) -> Result<String, String> {
        ImageName::parse(template)?.of(&ServiceName::parse(service).unwrap())
    }

    #[test]
    fn a_plain_name_has_the_service_as_tag() {
        assert_eq!(image("minimage", "a.b").unwrap(), "minimage:a.b");
        assert_eq!(image("localhost:5000/me/x", "a").unwrap(), "localhost:5000/me/x:a");
    }

    #[test]
    fn placeholders_are_filled_in() {
        assert_eq!(image("ghcr.io/me/{service}", "web").unwrap(), "ghcr.io/me/web:latest");
        assert_eq!(image("jess/{program}:{variant}", "chrome.beta").unwrap(), "jess/chrome:beta");
        assert_eq!(image("jess/{program}:{variant}", "chrome").unwrap(), "jess/chrome:latest");
        assert_eq!(image("me/{service}:1.2", "web").unwrap(), "me/web:1.2");
    }

    #[test]
    fn what_no_engine_takes_is_refused() {
        for wrong in ["Me", "me/", "", "me/{x}", "me/{service", "me x", "me:{service}/x", "-a", "a:b:c"] {
            assert!(image(wrong, "web").is_err(), "{wrong}");
        }
        assert!(image("me/{service}", "Web").unwrap_err().contains("`me/Web` is not a valid image repository"));
        assert!(image(&"a".repeat(256), "web").is_err());
    }

    #[test]
    fn a_root_dockerfile_takes_the_last_part_without_placeholders() {
        assert_eq!(ImageName::parse("ghcr.io/me/tools").unwrap().last_part(), "tools");
        assert_eq!(ImageName::parse("ghcr.io/me/{service}").unwrap().last_part(), "me");
    }

    #[test]
    fn references_are_compared_without_default_registry_and_tag() {
        for same in ["me/base", "me/base:latest", "docker.io/me/base"] {
            assert_eq!(normalised(same), "me/base:latest");
        }
        assert_eq!(normalised("docker.io/library/alpine:3"), "alpine:3");
        assert_eq!(normalised("localhost:5000/a"), "localhost:5000/a:latest");
        assert_eq!(normalised("a@sha256:00"), "a@sha256:00");
    }
}
