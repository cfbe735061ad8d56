//! `mkcompose list`: each Dockerfile's service, program, source, images, parameters and set.

use serde::Serialize;

use crate::cli::list::{ListArgs, ListFormat};
use crate::context::{Context, ProgramSource};
use crate::dockerfile::Stage;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::repository::Project;
use crate::repository::read_all::described;
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
pub fn run(args: ListArgs, project: &Project, terminal: &Terminal) -> Result<ExitCode, Error> {
    let described = described(project)?;
    let context = Context::open(&project.context)?.unwrap_or_else(|| {
        terminal
            .status(&format!("{}: there is no such folder, so there are no sources", printable_path(&project.context)));
        Context::default()
    });
    let mut entries = Vec::with_capacity(described.len());
    for (dockerfile, description) in described {
        if let Err(problem) = &description.content {
            let path = printable_path(&dockerfile.path);
            terminal.status(&format!("{path}:{}: this does not parse, see `mkcompose lint`", problem.line));
        }
        let source = match context.program(dockerfile.service.program()) {
            ProgramSource::One(path) => Some(path.to_string_lossy().into_owned()),
            ProgramSource::None | ProgramSource::Several(_) => None,
        };
        entries.push(Entry {
            dockerfile: dockerfile.path.to_string_lossy().into_owned(),
            set: dockerfile.service.set(),
            program: dockerfile.service.program().to_owned(),
            service: dockerfile.service,
            source,
            stages: description.stages,
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
