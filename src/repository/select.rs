//! Which services a command is about: shell patterns held against service names.
//!
//! A pattern knows `*`, `?`, `[…]` and `{…,…}`; it must match the whole name, and `*` crosses dots. Nothing is read here.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use crate::repository::service::Service;
use crate::repository::service_name::{PREFIX, ServiceName};
use image_analyzer::printable::printable;

/// Globs that are malformed or match no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct WrongGlobs(Vec<String>);

/// What has the name of a service and was made from a Dockerfile.
pub trait Named {
    /// The service's name.
    fn name(&self) -> &ServiceName;
    /// The Dockerfile, as it is shown.
    fn dockerfile(&self) -> &Path;
}

impl Named for Service {
    fn name(&self) -> &ServiceName {
        &self.name
    }

    fn dockerfile(&self) -> &Path {
        &self.dockerfile
    }
}

impl<S: Named> Named for &S {
    fn name(&self) -> &ServiceName {
        (*self).name()
    }

    fn dockerfile(&self) -> &Path {
        (*self).dockerfile()
    }
}

/// Those of `services` that at least one of `globs` matches, in their order; all of them if there are no globs.
///
/// `flags` are the words of the command line that lead to these services, for the hint.
///
/// # Errors
/// A line for every glob that is malformed or matches no service: a typing error must not look like success.
pub fn select<S: Named>(mut services: Vec<S>, globs: &[String], flags: &str) -> Result<Vec<S>, WrongGlobs> {
    if globs.is_empty() {
        return Ok(services);
    }
    let mut problems = Vec::new();
    let mut patterns = Vec::new();
    for glob in globs {
        match matcher(glob) {
            Ok(pattern) if services.iter().any(|of| pattern.is_match(of.name().as_str())) => patterns.push(pattern),
            Ok(_) => {
                let what = nearest(&services, glob).map_or_else(
                    || format!("run `mkcompose list{flags}` to see the services, and put quotes around a glob"),
                    |service| format!("did you mean `{service}`?"),
                );
                problems.push(format!("`{}` matches no service: {what}", printable(glob)));
            }
            Err(why) => {
                problems.push(format!("`{}` is not a valid glob, {}: correct it", printable(glob), printable(&why)));
            }
        }
    }
    if !problems.is_empty() {
        return Err(WrongGlobs(problems));
    }
    services.retain(|of| patterns.iter().any(|pattern| pattern.is_match(of.name().as_str())));
    Ok(services)
}

/// What holds names against `glob`.
///
/// # Errors
/// Why a glob is not valid.
pub fn matcher(glob: &str) -> Result<GlobMatcher, String> {
    if glob.len() > MAX_GLOB_LEN {
        return Err(format!("it has more than {MAX_GLOB_LEN} bytes"));
    }
    let glob = GlobBuilder::new(glob).build().map_err(|why| why.kind().to_string())?;
    Ok(glob.compile_matcher())
}

/// The most bytes of a glob. `globset` panics on one of very many parts.
const MAX_GLOB_LEN: usize = 1000;

/// How alike a name must be to a service to be taken for it misspelt, from 0 to 1 as `strsim` counts.
const ALIKE: f64 = 0.9;

/// The service that `name` is likely to mean: that of the Dockerfile at this path, or the one most alike; of what may also
/// be a path or an image reference, the last part counts.
pub fn nearest<'s, S: Named>(services: &'s [S], name: &str) -> Option<&'s ServiceName> {
    if let Some(of_path) = services.iter().find(|service| service.dockerfile() == Path::new(name)) {
        return Some(of_path.name());
    }
    let name = name.rsplit(['/', ':']).next().unwrap_or(name);
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    let alike = |service: &'s S| (strsim::jaro(name, service.name().as_str()), service.name());
    let alike = services.iter().map(alike).filter(|(alike, _)| *alike >= ALIKE);
    alike.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{nearest, select};
    use crate::repository::service::Service;
    use crate::repository::service_name::ServiceName;

    fn services() -> Vec<Service> {
        let names = ["hello-c.alpine", "hello-c.gcc.scratch", "hello-go.golang.err"];
        let service = |name: &&str| Service {
            dockerfile: format!("dockerfiles/Dockerfile.{name}").into(),
            ..Service::named(ServiceName::parse(name).unwrap())
        };
        names.iter().map(service).collect()
    }

    fn names(globs: &[&str]) -> Vec<String> {
        let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
        select(services(), &globs, "").unwrap().iter().map(|of| of.name.to_string()).collect()
    }

    #[test]
    fn no_glob_is_every_service_of_both_sets() {
        assert_eq!(names(&[]), ["hello-c.alpine", "hello-c.gcc.scratch", "hello-go.golang.err"]);
    }

    #[test]
    fn a_star_crosses_dots_and_the_whole_name_must_match() {
        assert_eq!(names(&["hello-c.*"]), ["hello-c.alpine", "hello-c.gcc.scratch"]);
        assert_eq!(names(&["*.err"]), ["hello-go.golang.err"]);
        assert_eq!(names(&["hello-c.alpin?"]), ["hello-c.alpine"]);
    }

    #[test]
    fn order_is_that_of_the_services_and_none_comes_twice() {
        assert_eq!(names(&["*go*", "*golang*", "hello-c.alpine"]), ["hello-c.alpine", "hello-go.golang.err"]);
    }

    #[test]
    fn every_glob_that_matches_nothing_or_is_malformed_is_reported_at_once() {
        let globs = ["hello-c.*", "hello", "[", "nobody\u{1b}*"].map(str::to_owned);
        let error = select(services(), &globs, "").unwrap_err().to_string();
        let lines: Vec<_> = error.lines().collect();
        assert_eq!(lines.len(), 3, "{error}");
        assert!(lines[0].starts_with("`hello` matches no service: "), "{error}");
        assert!(lines[1].starts_with("`[` is not a valid glob, "), "{error}");
        assert!(lines[2].starts_with(r"`nobody\x1b*` matches no service: "), "{error}");
    }

    #[test]
    fn a_misspelt_service_a_path_or_an_image_is_told_what_it_may_mean() {
        let names =
            ["hello-c.gcc.scrach", "dockerfiles/Dockerfile.hello-c.gcc.scratch", "minimage:hello-c.gcc.scratch"];
        for name in names {
            let error = select(services(), &[name.to_owned()], "").unwrap_err().to_string();
            assert_eq!(error, format!("`{name}` matches no service: did you mean `hello-c.gcc.scratch`?"));
        }
        for name in ["", "Cargo.toml", "/", "Dockerfile."] {
            assert_eq!(nearest(&services(), name), None, "{name}");
        }
    }

    #[test]
    fn the_path_of_a_dockerfile_means_its_service() {
        let name = ServiceName::parse("web").unwrap();
        let web = Service { dockerfile: "web/Dockerfile".into(), ..Service::named(name.clone()) };
        assert_eq!(nearest(&[web], "web/Dockerfile"), Some(&name));
    }

    #[test]
    fn braces_are_alternatives() {
        assert_eq!(names(&["hello-{c,go}.*g*"]), ["hello-c.gcc.scratch", "hello-go.golang.err"]);
    }
}
