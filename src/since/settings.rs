//! Which values of a service's settings differ.

use crate::repository::service::Service;
use crate::repository::service_name::ServiceName;

/// The key of the first value that differs between `now` and `before`, two services of one name; the build context and what
/// they are built on left out. Where a value came from does not count, nor how sure it is that the context is right.
pub(super) fn differing(now: &Service, before: &Service) -> Option<&'static str> {
    // Without `..`: whoever adds a field has to say here whether it counts.
    let Service {
        name: _,
        dockerfile: _,
        image,
        context: _,
        args,
        target,
        platforms,
        labels,
        tags,
        cache_from,
        cache_to,
        local_bases: _,
        expectation,
        context_is_found: _,
        context_status: _,
        real_dockerfile: _,
        link_target: _,
        real_context: _,
        parsed,
        lint,
        origins: _,
    } = now;
    let differ = [
        ("image", *image != before.image),
        ("args", *args != before.args),
        ("target", *target != before.target),
        ("platforms", *platforms != before.platforms),
        ("labels", *labels != before.labels),
        ("tags", *tags != before.tags),
        ("cache_from", *cache_from != before.cache_from),
        ("cache_to", *cache_to != before.cache_to),
        ("expect", *expectation != before.expectation),
        ("lint", *lint != before.lint),
        // The text is the same here, so that only values given to it can change what it says.
        ("args", *parsed != before.parsed),
    ];
    differ.into_iter().find(|(_, differs)| *differs).map(|(key, _)| key)
}

/// The first service that only one of the two is built on, or by another reference.
pub(super) fn differing_base<'s>(now: &'s Service, before: &'s Service) -> Option<&'s ServiceName> {
    let only = |one: &'s Service, other: &Service| {
        one.local_bases.iter().find(|base| !other.local_bases.contains(base)).map(|base| &base.service)
    };
    only(now, before).or_else(|| only(before, now))
}

#[cfg(test)]
mod tests {
    use super::{differing, differing_base};
    use crate::repository::service::{LocalBase, Origin, Service};
    use crate::repository::service_name::ServiceName;

    #[test]
    fn a_value_that_differs_is_named_by_its_key_and_its_origin_is_none() {
        let before = Service::named(ServiceName::parse("a").unwrap());
        let mut now = before.clone();
        now.origins.insert("image".to_owned(), Origin::Comment(1));
        assert_eq!(differing(&now, &before), None);
        now.target = Some("x".to_owned());
        assert_eq!(differing(&now, &before), Some("target"));
    }

    #[test]
    fn a_base_that_came_or_went_is_named() {
        let before = Service::named(ServiceName::parse("a").unwrap());
        let service = ServiceName::parse("b").unwrap();
        let base = LocalBase { reference: "b".to_owned(), service, has_onbuild_sources: false };
        let now = Service { local_bases: vec![base], ..before.clone() };
        assert_eq!(differing_base(&now, &before).map(ServiceName::as_str), Some("b"));
        assert_eq!(differing_base(&before, &now).map(ServiceName::as_str), Some("b"));
        assert_eq!(differing_base(&now, &now), None);
    }
}
