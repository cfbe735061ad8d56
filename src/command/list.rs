//! `mkcompose list`: what each Dockerfile becomes; with `--skipped`, what was passed over and why.

use std::path::Path;

use serde::Serialize;

use crate::cli::Options;
use crate::cli::list::{ListArgs, ListFormat};
use crate::command::since::Since;
use crate::context::ContextStatus;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::expectation::ExpectedOutcome;
use crate::report::services::{ServiceEntry, Sources, TouchedByEntry};
use crate::repository::layout::SAMPLES;
use crate::repository::scan::Skipped;
use crate::repository::select::select;
use crate::repository::service::Service;
use crate::repository::service_name::{PREFIX, Set};
use crate::repository::{Layout, Repository, templates};
use crate::table::Table;
use crate::terminal::{Style, Terminal};
use image_analyzer::printable::printable_path;

/// Shows the list. A Dockerfile that does not parse is listed without images and mentioned.
///
/// # Errors
/// If a name or a setting is wrong or something cannot be read.
pub fn run(args: &ListArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    if args.skipped {
        return skipped(args.format, options, terminal);
    }
    let repository = Repository::load(&options.load_options())?;
    repository.notes.iter().for_each(|note| terminal.status(note));
    if args.why && args.format == ListFormat::Names {
        let what = "`--format names` has no room for `--why`: leave one of the two out";
        return Err(Error::Usage(what.to_owned()));
    }
    let since = Since::ask(&args.since, &repository, options, terminal)?;
    let settings = repository.settings_path;
    let convention = repository.follows_convention.then(|| repository.real_root.join(SAMPLES));
    let services = select(repository.services, &args.globs, &options.as_shell_args())?;
    let (services, _) = since.split(services, terminal);
    if args.format == ListFormat::Names {
        terminal.result(&lines(services.iter().map(|service| service.name.as_str())))?;
        return Ok(ExitCode::Success);
    }
    for service in &services {
        if let Err(problem) = &service.parsed {
            let path = printable_path(&service.dockerfile);
            terminal
                .status(&format!("{path}:{}: this line has an error: run `mkcompose lint` to see it", problem.line));
        }
    }
    let mut sources = Sources::new(repository.follows_convention);
    let entries = services.iter().map(|service| ServiceEntry::new(service, &mut sources, settings.as_deref()));
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    if args.why {
        for entry in &mut entries {
            entry.touched_by = since.reason(entry.service).map(TouchedByEntry::new);
        }
    }
    match args.format {
        ListFormat::Json => terminal.json(&entries)?,
        ListFormat::Table | ListFormat::Names if services.is_empty() => {}
        ListFormat::Table | ListFormat::Names if args.why => show(&reasons(&services, &since), terminal)?,
        ListFormat::Table | ListFormat::Names => {
            // A link is followed, as it is where a context is settled.
            let convention = convention.and_then(|samples| samples.canonicalize().ok());
            show(&table(&services, &entries, convention.as_deref(), terminal.width()), terminal)?;
        }
    }
    Ok(ExitCode::Success)
}

fn show<const N: usize>(table: &Table<N>, terminal: &Terminal) -> Result<(), Error> {
    let header = |line: &str| terminal.styled_out(line, Style::Strong);
    Ok(terminal.result(&table.render(terminal.width(), header))?)
}

/// The table that says by what each service is touched.
fn reasons(services: &[Service], since: &Since<'_>) -> Table<2> {
    let mut table = Table::keyed(["SERVICE", "TOUCHED BY"]).with_few_long_keys();
    for service in services {
        let reason = since.reason(&service.name);
        table.row([service.name.to_string(), reason.map_or_else(|| NOTHING.to_owned(), ToString::to_string)]);
    }
    table
}

/// The columns that the table leaves out first where not all can be read, by their place.
const LEFT_OUT_FIRST: [usize; 8] = [6, 3, 1, 7, 4, 5, 8, 2];

/// The table, without the columns that say nothing. `convention` is the build context of the naming convention, where that is
/// followed.
fn table(
    services: &[Service],
    entries: &[ServiceEntry<'_>],
    convention: Option<&Path>,
    width: Option<usize>,
) -> Table<9> {
    let mut table = Table::keyed([
        "SERVICE",
        "DOCKERFILE",
        "CONTEXT",
        "SOURCE",
        "FROM",
        "BUILT ON",
        "PARAMETERS",
        "EXPECTED",
        "SET",
    ])
    .with_few_long_keys();
    let names_say_paths = is_named_by_service(services);
    let contexts_say_nothing = have_obvious_contexts(services, convention);
    let is_all_normal = services.iter().all(|service| service.name.set() == Set::Normal);
    let unless = |says_nothing: bool, text: String| if says_nothing { NOTHING.to_owned() } else { text };
    for (service, entry) in services.iter().zip(entries) {
        table.row([
            service.name.to_string(),
            unless(names_say_paths, entry.dockerfile.clone()),
            unless(contexts_say_nothing, context(service)),
            entry.source.clone().unwrap_or_else(|| NOTHING.to_owned()),
            joined(entry.from.iter().copied()),
            joined(service.local_bases.iter().map(|base| base.service.as_str())),
            joined(entry.stages.iter().filter_map(|stage| stage.parameter.as_deref())),
            unless(service.expectation.outcome == ExpectedOutcome::Works, service.expectation.outcome.to_string()),
            unless(is_all_normal, service.name.set().to_string()),
        ]);
    }
    table.leave_out_empty(NOTHING);
    table.leave_out_to_fit(&LEFT_OUT_FIRST, width);
    table
}

/// Whether each file is `Dockerfile.SERVICE` and all are in one folder: then their paths say nothing more.
fn is_named_by_service(services: &[Service]) -> bool {
    let folder = |service: &Service| {
        let name = service.dockerfile.file_name()?.to_str()?.strip_prefix(PREFIX)?;
        (name == service.name.as_str()).then(|| service.dockerfile.parent().map(Path::to_owned))
    };
    let first = services.first().and_then(folder);
    first.is_some() && services.iter().all(|service| folder(service) == first)
}

/// Whether each context is the folder of its Dockerfile, or each is that of the naming convention.
fn have_obvious_contexts(services: &[Service], convention: Option<&Path>) -> bool {
    let is_own = |service: &Service| service.real_dockerfile.parent() == Some(&*service.real_context);
    services.iter().all(|service| service.context_status == ContextStatus::Clear)
        && (services.iter().all(|service| Some(&*service.real_context) == convention) || services.iter().all(is_own))
}

fn context(service: &Service) -> String {
    let shown = printable_path(&service.context);
    match &service.context_status {
        ContextStatus::Clear | ContextStatus::TakesOwnFolder => shown,
        ContextStatus::Ambiguous(other) => format!("{shown} or {}", printable_path(other)),
        ContextStatus::NothingFits(_) => format!("{shown} (nothing fits)"),
    }
}

/// A cell that says nothing.
const NOTHING: &str = "-";

/// The words with commas between them, [`NOTHING`] for none.
fn joined<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().collect();
    if words.is_empty() { NOTHING.to_owned() } else { words.join(", ") }
}

fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// Something that was passed over, as docs/list.schema.json has it.
#[derive(Serialize)]
struct SkippedEntry {
    path: String,
    reason: String,
}

/// Shows what was passed over; then what is wrong with the rest, if anything is.
fn skipped(format: ListFormat, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let (scan, problems) = Layout::read(&options.load_options())?.scan();
    let entry = |skipped: &Skipped| SkippedEntry {
        path: skipped.path.to_string_lossy().into_owned(),
        reason: skipped.reason.to_string(),
    };
    let templates = templates(&scan);
    let entries: Vec<_> = scan.skipped.iter().chain(&templates).chain(&scan.folders).map(entry).collect();
    match format {
        ListFormat::Json => terminal.json(&entries)?,
        ListFormat::Names => terminal.result(&lines(entries.iter().map(|entry| entry.path.as_str())))?,
        ListFormat::Table if entries.is_empty() => terminal.status("nothing was skipped"),
        ListFormat::Table => {
            let mut table = Table::keyed(["PATH", "REASON"]);
            for entry in entries {
                table.row([entry.path, entry.reason]);
            }
            show(&table, terminal)?;
        }
    }
    if problems.is_empty() { Ok(ExitCode::Success) } else { Err(problems.into()) }
}
