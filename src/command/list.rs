//! `mkcompose list`: each Dockerfile's service, program, source, images, parameters and set.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::cli::Options;
use crate::cli::list::{ListArgs, ListFormat};
use crate::context::{Context, ProgramSource};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::repository::Repository;
use crate::repository::convention::{Stage, stages};
use crate::repository::service_name::{ServiceName, Set};
use crate::table::Table;
use crate::terminal::{Style, Terminal};
use image_analyzer::printable::printable_path;

/// What is said of one Dockerfile. The fields and their order are those of docs/list.schema.json.
#[derive(Serialize)]
struct Entry {
    service: ServiceName,
    dockerfile: String,
    set: Set,
    program: String,
    source: Option<String>,
    stages: Vec<Stage>,
}

/// Shows the list.
///
/// A Dockerfile that does not parse is listed without images and mentioned. A context that does not exist has no
/// sources.
///
/// # Errors
/// If a name is wrong or something cannot be read.
pub fn run(args: ListArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let repository = Repository::load(&options.load_options())?;
    let mut contexts: BTreeMap<&Path, Context> = BTreeMap::new();
    let mut entries = Vec::with_capacity(repository.services.len());
    for service in &repository.services {
        if let Err(problem) = &service.parsed {
            let path = printable_path(&service.dockerfile);
            terminal.status(&format!("{path}:{}: this does not parse, see `mkcompose lint`", problem.line));
        }
        let source = if repository.follows_convention {
            let context = match contexts.entry(&service.context) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => {
                    new.insert(Context::open(&service.context)?.unwrap_or_default())
                }
            };
            match context.program(service.name.program()) {
                ProgramSource::One(path) => Some(path.to_string_lossy().into_owned()),
                ProgramSource::None | ProgramSource::Several(_) => None,
            }
        } else {
            None
        };
        entries.push(Entry {
            dockerfile: service.dockerfile.to_string_lossy().into_owned(),
            set: service.name.set(),
            program: service.name.program().to_owned(),
            service: service.name.clone(),
            source,
            stages: stages(&service.name, &service.parsed),
        });
    }
    match args.format {
        ListFormat::Table => {
            let header = |line: &str| terminal.styled_out(line, Style::Strong);
            terminal.result(&table(&entries).render(terminal.width(), header))?;
        }
        ListFormat::Json => terminal.json(&entries)?,
    }
    Ok(ExitCode::Success)
}

fn table(entries: &[Entry]) -> Table<7> {
    let mut table = Table::keyed(["SERVICE", "PROGRAM", "SOURCE", "BUILD", "RUN", "PARAMETERS", "SET"]);
    for entry in entries {
        let images = |stages: &[Stage]| joined(stages.iter().map(|stage| stage.image.as_deref().unwrap_or("?")));
        // The last segment names the run image only if there is one before it.
        let (build, run) = match entry.stages.split_last() {
            Some((run, build)) if !build.is_empty() => (images(build), images(std::slice::from_ref(run))),
            _ => (images(&entry.stages), joined([])),
        };
        table.row([
            entry.service.to_string(),
            entry.program.clone(),
            entry.source.clone().unwrap_or_else(|| joined([])),
            build,
            run,
            joined(entry.stages.iter().filter_map(|stage| stage.parameter.as_deref())),
            entry.set.to_string(),
        ]);
    }
    table
}

/// The words with commas between them, `-` for none.
fn joined<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}
