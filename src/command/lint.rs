//! `mkcompose lint`: do the names tell the truth about the Dockerfiles, and is everything there that they take?

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use crate::bounded;
use crate::cli::Options;
use crate::cli::lint::LintArgs;
use crate::command::since::Since;
use crate::context::{Context, ContextStatus, GitIgnored, Ignore, Presence, find_mounted, find_source, place_of};
use crate::dockerfile::CopySource;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::lint::{AbsentSource, LintFinding, Surroundings, lint};
use crate::parallel::in_parts;
use crate::problem::IoError;
use crate::report::lint::Report;
use crate::report::{Export as _, Layout};
use crate::repository::checkout::Checkout;
use crate::repository::select::select;
use crate::repository::service::Service;
use crate::repository::{Repository, resolve};
use crate::settings::nearest;
use crate::terminal::Terminal;

/// Shows every finding, sorted by path and line.
///
/// # Errors
/// If a name is wrong, the context is missing or something cannot be read.
pub fn run(args: &LintArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let repository = Repository::load(&options.load_options())?;
    let since = Since::ask(&args.since, &repository, options, terminal)?;
    let chosen = select(repository.services, &args.globs, &options.as_shell_args())?;
    let (chosen, _) = since.split(chosen, terminal);
    let root = resolve(if repository.root.as_os_str().is_empty() { Path::new(".") } else { &repository.root })?;
    let top = &repository.top;
    let parts = in_parts(&chosen, |part| findings(part, repository.follows_convention, top));
    let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut findings: Vec<_> = parts.into_iter().flatten().collect();
    findings.retain(|finding: &LintFinding| !args.allow.contains(&finding.rule));
    findings.sort_unstable();
    // Many Dockerfiles have one ignore file.
    findings.dedup();
    let checkout = Checkout::find(&root)?;
    let from_root: Vec<_> = findings.iter().map(|finding| checkout.path_of(&finding.path)).collect();
    let report = Report { findings: &findings, from_root: &from_root };
    let layout = Layout { width: None, color: terminal.color_out() };
    let text = report.export(args.format, layout).map_err(|error| IoError::new("write", "stdout")(error.into()))?;
    terminal.result(&text)?;
    terminal.status(&summary(chosen.len(), findings.len()));
    Ok(if findings.is_empty() { ExitCode::Success } else { ExitCode::Failure })
}

/// Every finding about these services, of a repository at `top`, in no order.
fn findings(services: &[Service], follows_convention: bool, top: &Path) -> Result<Vec<LintFinding>, Error> {
    let mut contexts: BTreeMap<&Path, Context> = BTreeMap::new();
    let git = GitIgnored::of(top);
    let submodules = OnceCell::new();
    let mut findings = Vec::new();
    for service in services {
        let program = if follows_convention {
            let context = match contexts.entry(&service.real_context) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(Context::open(&service.context)?.unwrap_or_default()),
            };
            Some(context.program(service.name.program()))
        } else {
            None
        };
        let ignore = if service.context_status == ContextStatus::Clear {
            Ignore::of(service.built_file(), &service.context)?
        } else {
            Ignore::default()
        };
        let absent = absent(service, top, &git, &submodules, &ignore)?;
        findings.extend(lint(service, &Surroundings { program, absent, ignore }));
    }
    Ok(findings)
}

/// What a build of `service` would not find. Where the build context was found and nothing fits, that is another rule's.
fn absent<'s>(
    service: &'s Service,
    top: &Path,
    git: &GitIgnored,
    submodules: &OnceCell<Vec<String>>,
    ignore: &Ignore,
) -> Result<Vec<AbsentSource<'s>>, Error> {
    let sources = service.parsed.as_ref().map(|parsed| parsed.sources.as_slice()).unwrap_or_default();
    if sources.is_empty() || service.context_status != ContextStatus::Clear {
        return Ok(Vec::new());
    }
    let mut absent = Vec::new();
    for source in sources {
        let find = if source.instruction == "RUN" { find_mounted } else { find_source };
        match find(&service.context, &source.path, ignore)? {
            Presence::There => {}
            Presence::Missing if source.is_optional => {}
            Presence::Missing if git.has(&place_of(&service.real_context, &source.path)) => {}
            presence => {
                let near = near(&service.context, source);
                // Nearly no repository has any, and few sources are absent.
                let submodules = submodules.get_or_init(|| missing_submodules(top));
                let path = place_of(&service.real_context, &source.path);
                let submodule = submodules.iter().find(|submodule| path.starts_with(top.join(submodule))).cloned();
                absent.push(AbsentSource { source, presence, near, submodule });
            }
        }
    }
    Ok(absent)
}

/// The most bytes of a `.gitmodules` that are read.
const MOST_OF_GITMODULES: u64 = 1 << 20;

/// The paths of the Git submodules of the repository at `root` of which there is nothing yet.
fn missing_submodules(root: &Path) -> Vec<String> {
    let file = root.join(".gitmodules");
    let mut bytes = Vec::new();
    if !file.is_file() || bounded::read(&file, MOST_OF_GITMODULES, &mut bytes).is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    // git-config(1): `path = PATH` in a section of its own for each.
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='));
    let paths = paths.map(|path| path.trim().trim_matches('"')).filter(|path| !path.is_empty());
    let is_empty =
        |path: &&str| std::fs::read_dir(root.join(path)).map_or(true, |mut entries| entries.next().is_none());
    paths.filter(is_empty).map(str::to_owned).collect()
}

/// What is in the build context by a name like that of `source`.
fn near(context: &Path, source: &CopySource) -> Option<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let entries = std::fs::read_dir(context.join(folder.trim_start_matches('/'))).ok()?;
    let mut names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    let near = nearest(name, names.iter().map(String::as_str))?;
    Some(if folder.is_empty() { near.to_owned() } else { format!("{folder}/{near}") })
}

fn summary(dockerfiles: usize, findings: usize) -> String {
    let plural = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    format!("{}, {}", plural(dockerfiles, "Dockerfile"), plural(findings, "finding"))
}
