//! The bare command: write both Compose files, or with `--check` tell whether they are current.

mod header;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use header::{HeaderCommand, folder_of};

use crate::cli::{GenerateArgs, Options, quoted};
use crate::compose::{Entry, render};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::output::diff::unified;
use crate::output::{Existing, FileStatus, OutputFile, PendingWrite};
use crate::parallel::in_parts;
use crate::problem::Problem;
use crate::repository::layout::DEFAULT_OUTPUT;
use crate::repository::scan::is_named_like_a_dockerfile;
use crate::repository::service::Service;
use crate::repository::service_name::Set;
use crate::repository::{Layout, LoadOptions, Repository, is_in, relative, resolve};
use crate::settings::FILE_NAME;
use crate::terminal::{Style, Terminal};
use image_analyzer::printable::printable_path;

/// A Compose file of ours and how many services it is to have.
struct File {
    target: OutputFile,
    services: usize,
}

/// Brings both Compose files up to date, or says what is not.
///
/// # Errors
/// Every problem with the Dockerfiles, the names or the files that are there; then nothing was written.
pub fn run(args: GenerateArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let load = options.load_options();
    let layout = Layout::read(&load)?;
    let outputs = refuse_unfit_outputs(&layout, &load);
    let would_write = !args.check && !args.force;
    let paths = Set::ALL.map(|set| layout.output_of(set).to_owned());
    let repository = match Repository::of_layout(layout, &load) {
        Ok(repository) => repository,
        // The user who fixes these problems also learns what would stop the next run.
        Err(problems) => {
            let outputs = outputs.and_then(|()| if would_write { refuse_foreign_outputs(&paths) } else { Ok(()) });
            return Err(Error::combine(problems.into(), outputs.err()));
        }
    };
    outputs?;
    if let Some(top) = repository.git_above.as_deref().map(printable_path) {
        terminal.status(&format!(
            "no {FILE_NAME} here or above: only the Dockerfiles in this folder are used. For the whole git repository, run `mkcompose -C {top}`"
        ));
    }
    repository.notes.iter().chain(&repository.unused_args).for_each(|note| terminal.status(note));
    if let Some(note) = preferred_file(&repository.output) {
        terminal.status(&note);
    }
    let files = all(Set::ALL.iter().map(|&set| file(&repository, set, options)))?;
    // The program is about to end. To free many thousand services one by one takes a tenth of its time.
    std::mem::forget(repository);
    if args.check {
        return check(&files, options, terminal);
    }
    if !args.force {
        refuse_foreign(&files)?;
    }
    write(&files, args.fail_on_change, terminal)
}

fn write(files: &[File], fail_on_change: bool, terminal: &Terminal) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen();
    let changes = all(files.iter().map(|file| file.target.prepare()))?;
    if interrupt.asked() {
        return Ok(ExitCode::Interrupted);
    }
    let was_stale = changes.iter().any(Option::is_some);
    for (file, change) in files.iter().zip(changes) {
        let touched = change.is_some();
        change.map_or(Ok(()), PendingWrite::make)?;
        if let Some(line) = written(file, touched, terminal) {
            terminal.status(&line);
        }
    }
    Ok(if interrupt.asked() {
        ExitCode::Interrupted
    } else if fail_on_change && was_stale {
        ExitCode::Failure
    } else {
        ExitCode::Success
    })
}

fn written(file: &File, touched: bool, terminal: &Terminal) -> Option<String> {
    let path = printable_path(&file.target.path);
    let count = services(file.services);
    Some(match (&file.target.wanted, touched) {
        (Some(_), true) => format!("{path}: {}, {count}", terminal.styled_err("written", Style::Good)),
        (Some(_), false) => format!("{path}: unchanged, {count}"),
        (None, true) => format!("{path}: {}, {count}", terminal.styled_err("removed", Style::Notice)),
        (None, false) => return None,
    })
}

fn check(files: &[File], options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let states: Vec<_> = files.iter().map(|file| (file, file.target.state())).collect();
    let diffs: String = states.iter().filter_map(|(file, state)| diff(file, *state, terminal)).collect();
    terminal.result(&diffs)?;
    for (file, state) in &states {
        // A set without services whose file is rightly not there is nothing to speak of.
        if *state != FileStatus::Current || file.target.wanted.is_some() {
            let path = printable_path(&file.target.path);
            terminal.status(&format!("{path}: {}, {}", verdict(*state, terminal), services(file.services)));
        }
    }
    if states.iter().all(|(_, state)| *state == FileStatus::Current) {
        return Ok(ExitCode::Success);
    }
    let is_foreign = states.iter().any(|(_, state)| *state == FileStatus::Foreign);
    let (what, force) = if is_foreign {
        ("to keep it, give another path with `--output`; to overwrite it", " --force")
    } else {
        ("to update them", "")
    };
    terminal.status(&format!("{what}, run: {}mkcompose{}{force}", making_folders(files), options.as_shell_args()));
    Ok(ExitCode::Failure)
}

/// The command, with ` && ` after it, that makes the folders of files that are to be written; nothing if they are there.
fn making_folders(files: &[File]) -> String {
    let to_write = files.iter().filter(|file| file.target.wanted.is_some());
    let mut folders: Vec<_> = to_write.filter_map(|file| file.target.missing_folder()).collect();
    folders.dedup();
    if folders.is_empty() {
        return String::new();
    }
    let is_like_a_flag = |folder: &PathBuf| folder.as_os_str().as_encoded_bytes().starts_with(b"-");
    let end_of_flags = if folders.iter().any(is_like_a_flag) { " --" } else { "" };
    let words: Vec<_> = folders.iter().map(quoted).collect();
    format!("mkdir -p{end_of_flags} {} && ", words.join(" "))
}

/// The diff of a file, unless there is none or a sentence says it better.
fn diff(File { target, .. }: &File, state: FileStatus, terminal: &Terminal) -> Option<String> {
    // What others wrote is not shown: a link may lead to a secret, and the output to a log that all can read.
    if matches!(state, FileStatus::Current | FileStatus::LineEndings | FileStatus::Foreign) {
        return None;
    }
    let name = target.path.to_string_lossy();
    let found = match &target.found {
        Existing::Other(found) => Some(found.as_slice()),
        Existing::Nothing | Existing::Wanted | Existing::Foreign => None,
    };
    Some(unified(&name, found, target.wanted.as_deref(), terminal.color_out()))
}

fn verdict(state: FileStatus, terminal: &Terminal) -> String {
    let words = match state {
        FileStatus::Current => return "current".to_owned(),
        FileStatus::Stale => "stale",
        FileStatus::LineEndings => "differs only in its line endings (LF is expected)",
        FileStatus::Missing => "missing",
        FileStatus::LeftOver => "left over",
        FileStatus::Foreign => "not written by mkcompose",
    };
    terminal.styled_err(words, Style::Bad)
}

fn services(count: usize) -> String {
    match count {
        0 => "no services".to_owned(),
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    }
}

/// The Compose file of `set`: what it should hold and what it holds.
fn file(repository: &Repository, set: Set, options: &Options) -> Result<File, Error> {
    let path = repository.output_of(set);
    let of_set: Vec<_> = repository.services.iter().filter(|service| service.name.set() == set).collect();
    let wanted = if of_set.is_empty() { None } else { Some(text(repository, path, &of_set, options)?) };
    let target = OutputFile::read(path.to_owned(), wanted)?;
    Ok(File { target, services: of_set.len() })
}

fn text(repository: &Repository, output: &Path, services: &[&Service], options: &Options) -> Result<String, Error> {
    let home = folder_of(output)?;
    let parts = all(in_parts(services, |part| entries(part, &home)).into_iter())?;
    let entries: Vec<_> = parts.into_iter().flatten().collect();
    let sources = repository.dockerfiles.iter().map(|folder| {
        Ok::<_, Error>(match way_between(&home, &resolve(folder)?, folder)?.as_str() {
            "." => "this folder".to_owned(),
            way => [way, "/"].concat(),
        })
    });
    let command = HeaderCommand::of(repository, options)?.in_file_of(&home);
    Ok(render(&entries, &all(sources)?.join(", "), &command)?)
}

/// How to reach the folder or file `to` from the folder `from`; it is shown as `shown`.
fn way_between(from: &Path, to: &Path, shown: &Path) -> Result<String, Error> {
    relative(from, to).ok_or_else(|| {
        let what =
            "a folder on this path has a name that is not UTF-8, which a Compose file cannot contain: rename the folder";
        Error::Problems(vec![Problem::new(shown, what)])
    })
}

/// What a Compose file in the folder `home` says about each service.
fn entries<'s>(services: &[&'s Service], home: &Path) -> Result<Vec<Entry<'s>>, Error> {
    // Many services share their folders, and working out how one reaches the other takes longer than looking it up. Not by
    // `Path`, which is compared part by part.
    let mut contexts: HashMap<&OsStr, String> = HashMap::new();
    let mut folders: HashMap<(&OsStr, &str), String> = HashMap::new();
    all(services.iter().map(|&service| {
        let context = if let Some(context) = contexts.get(service.real_context.as_os_str()) {
            context.clone()
        } else {
            let context = way_between(home, &service.real_context, &service.context)?;
            contexts.insert(service.real_context.as_os_str(), context.clone());
            context
        };
        let built = service.real_built_file();
        let Some((folder, name)) = built.to_str().and_then(|built| built.rsplit_once('/')) else {
            let dockerfile = way_between(&service.real_context, built, &service.dockerfile)?;
            return Ok(Entry { service, context, dockerfile });
        };
        let path = Path::new(if folder.is_empty() { "/" } else { folder });
        let key = (service.real_context.as_os_str(), folder);
        let folder = match folders.get(&key) {
            Some(folder) => folder,
            None => folders.entry(key).or_insert(way_between(&service.real_context, path, &service.dockerfile)?),
        };
        let dockerfile = if folder == "." { name.to_owned() } else { [folder, "/", name].concat() };
        Ok::<_, Error>(Entry { service, context, dockerfile })
    }))
}

/// The Compose files that are there and ours, but are not what these flags and Dockerfiles make them: they may describe
/// other images. What cannot be read or rendered is left to the command itself.
pub(super) fn stale(repository: &Repository, options: &Options) -> Vec<PathBuf> {
    let files = Set::ALL.iter().filter_map(|&set| file(repository, set, options).ok());
    files
        .map(|file| file.target)
        .filter(|target| target.state() == FileStatus::Stale)
        .map(|target| target.path)
        .collect()
}

/// Two sets in one file, a Compose file over a Dockerfile or in a place where it would be one, a folder for a file:
/// whatever was meant, it was not that. Nor a file elsewhere, to which a link in a clone leads: its author is not trusted.
fn refuse_unfit_outputs(project: &Layout, flags: &LoadOptions) -> Result<(), Error> {
    let both = [
        ("--output", &project.output, flags.output.is_some()),
        ("--err-output", &project.err_output, flags.err_output.is_some()),
    ];
    let places = all(both.into_iter().map(|(flag, output, is_given)| {
        if !is_given && !is_in(&project.top, output) {
            let what = format!("this link leads out of the repository: remove it, or give the path with `{flag}`");
            return Err(Error::Problems(vec![Problem::new(output, what)]));
        }
        place_of(output)
    }))?;
    if let [output, err_output] = places.as_slice()
        && output == err_output
    {
        let path = printable_path(&project.output);
        return Err(Error::Usage(format!(
            "{path}: both sets would be written to this file: give `--output` and `--err-output` different paths"
        )));
    }
    Ok(())
}

/// The files that Compose takes before `docker-compose.yml` (compose-go, `cli.DefaultFileNames`).
const PREFERRED: [&str; 3] = ["compose.yaml", "compose.yml", "docker-compose.yaml"];

/// The file beside `output` that Compose takes before it.
pub(super) fn read_first(output: &Path) -> Option<PathBuf> {
    PREFERRED.iter().map(|name| output.with_file_name(name)).find(|path| path.is_file())
}

/// What to say where Compose would read another file than the one at `output`.
fn preferred_file(output: &Path) -> Option<String> {
    if output.file_name() != Some(OsStr::new(DEFAULT_OUTPUT)) {
        return None;
    }
    let other = read_first(output)?;
    let (other, output) = (printable_path(&other), printable_path(output));
    Some(format!("{other}: Compose reads this file, not {output}: name it with `docker compose -f {output}`"))
}

/// Where an output is, links followed, unless it cannot be one.
fn place_of(output: &Path) -> Result<PathBuf, Error> {
    let refused = |why| Err(Error::Usage(format!("{}: {why}", printable_path(output))));
    let bytes = output.as_os_str().as_encoded_bytes();
    if bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
        return refused("this is a folder: give a file in it");
    }
    let place = resolve(output)?;
    if place.file_name().is_some_and(|name| name == FILE_NAME) {
        return refused("the settings would be overwritten: give another path");
    }
    if place.components().any(|part| part.as_os_str() == ".git") {
        return refused("this is inside a `.git` folder: give another path");
    }
    if !is_named_like_a_dockerfile(output) && !is_named_like_a_dockerfile(&place) {
        return Ok(place);
    }
    refused(if output.is_file() {
        "this Dockerfile would be overwritten: give `--output` and `--err-output` other paths"
    } else {
        "a Compose file of this name would be taken for a Dockerfile: give `--output` and `--err-output` other paths"
    })
}

fn refuse_foreign(files: &[File]) -> Result<(), Error> {
    let would_be = |target: &OutputFile| if target.wanted.is_some() { "overwritten" } else { "removed" };
    refuse_foreign_files(files.iter().map(|file| &file.target), would_be)
}

/// The same while it is not known what the outputs should hold: whatever that is, a file that is not ours is in the way.
fn refuse_foreign_outputs(outputs: &[PathBuf]) -> Result<(), Error> {
    let mut outputs = outputs.to_vec();
    outputs.dedup();
    let targets = all(outputs.into_iter().map(|output| OutputFile::read(output, None)))?;
    refuse_foreign_files(targets.iter(), |_| "overwritten")
}

fn refuse_foreign_files<'t>(
    targets: impl Iterator<Item = &'t OutputFile>,
    would_be: impl Fn(&OutputFile) -> &'static str,
) -> Result<(), Error> {
    let foreign = targets.filter(|target| target.state() == FileStatus::Foreign);
    let problems: Vec<_> = foreign
        .map(|target| {
            let what = would_be(target);
            let elsewhere = if what == "removed" { "" } else { "give another path with `--output`, " };
            let what = format!(
                "mkcompose did not write this file, so it is not {what}: {elsewhere}move the file, or add `--force`"
            );
            Problem::new(&target.path, what)
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Problems(problems)) }
}

/// Every value, or every error.
fn all<T, E: Into<Error>>(results: impl Iterator<Item = Result<T, E>>) -> Result<Vec<T>, Error> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error.into()),
        }
    }
    let mut errors = errors.into_iter();
    errors.next().map_or(Ok(values), |first| Err(Error::combine(first, errors)))
}
