//! Build arguments of the settings that no Dockerfile declares: misspelt, or left over. They are told, and refused nowhere: a file
//! may hold them for Dockerfiles that come and go.

use std::collections::BTreeSet;

use super::layout::Layout;
use super::resolver::{ServiceGlob, is_predefined};
use super::service_name::ServiceName;
use crate::gather::Gather;
use crate::problem::Problem;
use crate::settings::{ServiceSettings, nearest};
use image_analyzer::printable::printable;

/// A service and the variables of its ARG instructions; `None` if its Dockerfile cannot be read.
pub(super) type Declared = (ServiceName, Option<Vec<String>>);

/// Whether the settings file gives build arguments.
pub(super) fn gives_args(layout: &Layout) -> bool {
    let mut of_globs = layout.settings.services.iter().map(|glob| &glob.value.1);
    !layout.settings.all.args.is_empty() || of_globs.any(|settings| !settings.args.is_empty())
}

/// The build arguments that no service they are given to declares. What a Dockerfile that cannot be read declares is not known,
/// so that with one nothing is said.
pub(super) fn unused_args(layout: &Layout, globs: &[ServiceGlob<'_>], declared: &[Declared]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(path) = layout.settings_path.as_ref().filter(|_| declared.iter().all(|(_, args)| args.is_some())) else {
        return problems;
    };
    let mut check = |settings: &ServiceSettings, services: &dyn Fn(&ServiceName) -> bool, whose: &str| {
        if settings.args.is_empty() || !declared.iter().any(|(name, _)| services(name)) {
            return;
        }
        let args = declared.iter().filter(|(name, _)| services(name)).flat_map(|(_, args)| args.iter().flatten());
        let args: BTreeSet<&str> = args.map(String::as_str).gather();
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
