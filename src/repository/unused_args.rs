//! Build arguments of the settings that no Dockerfile declares: misspelt, or left over. They are told, and refused nowhere: a file
//! may hold them for Dockerfiles that come and go.

use std::collections::BTreeSet;

use super::layout::Layout;
use super::resolver::{ServiceGlob, is_predefined};
use super::service::Service;
use super::service_name::ServiceName;
use crate::gather::Gather;
use crate::problem::Problem;
use crate::settings::{ServiceSettings, nearest};
use image_analyzer::printable::printable;

/// The build arguments that no service they are given to declares. What a Dockerfile that cannot be read declares is not known,
/// so that with one nothing is said.
pub(super) fn unused_args(layout: &Layout, globs: &[ServiceGlob<'_>], services: &[Service]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(path) = layout.settings_path.as_ref().filter(|_| services.iter().all(|service| service.parsed.is_ok()))
    else {
        return problems;
    };
    let mut check = |settings: &ServiceSettings, is_given: &dyn Fn(&ServiceName) -> bool, whose: &str| {
        let given = || services.iter().filter(|service| is_given(&service.name));
        if settings.args.is_empty() || given().next().is_none() {
            return;
        }
        let args = given().flat_map(|service| &service.parsed).flat_map(|parsed| &parsed.args);
        let args: BTreeSet<&str> = args.map(|arg| arg.name.as_str()).gather();
        for name in settings.args.keys().filter(|name| !args.contains(name.as_str()) && !is_predefined(name)) {
            let fix = nearest(name, args.iter().copied()).map_or_else(
                || format!("add `ARG {name}`, or remove it here"),
                |near| format!("did you mean `{}`?", printable(near)),
            );
            let line = settings.lines.get(&format!("args.{name}")).copied().unwrap_or(1);
            problems
                .push(Problem::new(path, format!("`args.{name}`: no Dockerfile{whose} declares it: {fix}")).at(line));
        }
    };
    check(&layout.settings.all, &|_| true, "");
    for (glob, located) in globs.iter().zip(&layout.settings.services) {
        let Some(matcher) = &glob.matcher else { continue };
        let whose = format!(" of `{}`", printable(&located.value.0));
        check(&located.value.1, &|name| matcher.is_match(name.as_str()), &whose);
    }
    problems
}
