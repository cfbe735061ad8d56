//! `mkcompose init`: the settings that this repository needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use crate::cli::Options;
use crate::cli::init::InitArgs;
use crate::command::generate::read_first;
use crate::context::ContextStatus;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::{FileStatus, OutputFile};
use crate::problem::{IoError, Problem};
use crate::repository::layout::DEFAULT_OUTPUT;
use crate::repository::service::Service;
use crate::repository::{DEFAULT_IMAGE, Layout, LoadOptions, Repository};
use crate::settings::{FILE_NAME, SettingsFile};
use crate::terminal::Terminal;
use crate::yaml::{YamlError, inline};
use image_analyzer::printable::printable_path;

/// Where the Compose file goes if docker-compose.yml is somebody else's, the first that is not.
const OTHER_OUTPUTS: [&str; 3] = ["docker-compose.images.yml", "docker-compose.mkcompose.yml", "mkcompose-compose.yml"];

/// Shows the settings, and writes them if there are none.
///
/// # Errors
/// If there are settings, or something is wrong with the Dockerfiles.
pub fn run(args: InitArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let path = Path::new(FILE_NAME);
    let flags = options.load_options();
    let old = Layout::read(&flags)?.settings_path;
    if let Some(old) = old.or_else(|| path.symlink_metadata().is_ok().then(|| path.to_owned())) {
        let what = "already exists: edit it, or remove it and run `mkcompose init` again";
        return Err(Error::Problems(vec![Problem::new(old, what)]));
    }
    let found = Repository::load(&LoadOptions { without_settings: true, ..flags.clone() })?;
    if let Some(top) = found.git_above.as_deref().map(printable_path) {
        terminal.status(&format!(
            "these settings apply only to this folder. For the whole git repository, run `mkcompose -C {top} init`"
        ));
    }
    let text = settings(&found, &flags)?;
    let (parsed, _) = SettingsFile::parse(&text);
    let settled =
        Repository::of_layout(Layout::with_settings(&LoadOptions::default(), parsed)?, &LoadOptions::default())?;
    settled.notes.iter().for_each(|note| terminal.status(note));
    terminal.result(&text)?;
    let services = match settled.services.len() {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    };
    if args.dry_run {
        terminal.status(&format!("{}: not written (`--dry-run`), {services}", printable_path(path)));
        return Ok(ExitCode::Success);
    }
    write(path, &text)?;
    terminal.status(&format!("{}: written, {services}", printable_path(path)));
    terminal.status("next: mkcompose");
    Ok(ExitCode::Success)
}

/// Writes the file whole or not at all, and never over another.
fn write(path: &Path, text: &str) -> Result<(), IoError> {
    let failed = |error| IoError::new("write", path)(error);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.prefix(".mkcompose-").tempfile_in(".").map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The text of the settings file: only what differs from the defaults, each line with a comment.
fn settings(found: &Repository, flags: &LoadOptions) -> Result<String, Error> {
    if flags.image.is_none()
        && let Some(guess) = bases(&found.services)
        && let Ok(text) = settings_with(found, flags, Some(&guess))
        && settled(SettingsFile::parse(&text).0).is_ok_and(|with| builds(&with) > builds(found))
    {
        return Ok(text);
    }
    // A name that does not fit every service, or after which no more are built on another, is not the right one.
    settings_with(found, flags, None)
}

/// How many services are built on another one.
fn builds(repository: &Repository) -> usize {
    repository.services.iter().filter(|service| !service.local_bases.is_empty()).count()
}

fn settings_with(found: &Repository, flags: &LoadOptions, bases: Option<&Bases>) -> Result<String, Error> {
    let mut lines = Lines::default();
    if let Some(image) = flags.image.as_ref().or(bases.map(|bases| &bases.image)) {
        lines.add("image", &inline(image)?, "the name of each image");
    } else if !found.follows_convention {
        // The default is the name of the repository that this program comes from.
        let _ = writeln!(lines.0, "# image: NAME  # the name of each image; without this line it is {DEFAULT_IMAGE}");
    }
    let folders = match (&flags.dockerfiles, bases.and_then(|bases| bases.folder.as_deref())) {
        (Some(folder), _) => vec![folder.to_string_lossy().into_owned()],
        (None, Some(folder)) => folders(folder, &found.services),
        (None, None) => common_folder(&found.services).into_iter().collect(),
    };
    match folders.as_slice() {
        [] => {}
        [one] => lines.add("dockerfiles", &inline(one)?, "where the Dockerfiles are"),
        all => {
            let all = all.iter().map(|folder| inline(folder)).collect::<Result<Vec<_>, _>>()?;
            lines.add("dockerfiles", &format!("[{}]", all.join(", ")), "where the Dockerfiles are");
        }
    }
    if let Some(context) = &flags.context {
        lines.add("context", &inline(&context.to_string_lossy())?, "the build context of every image");
    }
    for (key, flag) in [("output", &flags.output), ("err_output", &flags.err_output)] {
        if let Some(path) = flag {
            lines.add(key, &inline(&path.to_string_lossy())?, "where the Compose file is written");
        }
    }
    if flags.output.is_none()
        && let Some(why) = why_another_output(&found.output)
    {
        let free = OTHER_OUTPUTS.iter().find(|path| !is_foreign(Path::new(path)));
        lines.add("output", free.unwrap_or(&DEFAULT_OUTPUT), &why);
    }
    // Folders change the names of services, which the rest is about.
    let (parsed, _) = SettingsFile::parse(&lines.0);
    lines.contexts(&settled(parsed)?.services)?;
    let head = head(env!("CARGO_PKG_REPOSITORY"));
    let has_none = lines.0.lines().all(|line| line.starts_with('#'));
    let body = if has_none { "# Everything here is found without settings.\n" } else { "" };
    Ok(format!("{head}{body}{}", lines.0))
}

/// The first lines of the file. Where the sources of mkcompose have a public address, as its package says, the line that names
/// the schema to `yaml-language-server` comes first, where it looks for it.
fn head(repository: &str) -> String {
    let schema = match repository.trim_end_matches('/') {
        "" => String::new(),
        address => format!(
            "# yaml-language-server: $schema={address}/raw/v{}/docs/settings.schema.json\n",
            env!("CARGO_PKG_VERSION")
        ),
    };
    format!(
        "{schema}# Settings of mkcompose: its docs/SETTINGS.md lists the keys, its docs/settings.schema.json is their JSON Schema.\n"
    )
}

/// Why the Compose file cannot be `output`: that, or a file that Compose takes before it, is somebody else's.
fn why_another_output(output: &Path) -> Option<String> {
    if is_foreign(output) {
        return Some(format!("{} is not mkcompose's", printable_path(output)));
    }
    // One of ours that is there is in use.
    let other = read_first(output).filter(|other| output.symlink_metadata().is_err() && is_foreign(other))?;
    Some(format!("Compose reads {} before {}", printable_path(&other), printable_path(output)))
}

/// Whether there is a Compose file that mkcompose did not write.
fn is_foreign(output: &Path) -> bool {
    OutputFile::read(output.to_owned(), None).is_ok_and(|file| file.state() == FileStatus::Foreign)
}

/// The repository with these settings and no flags.
fn settled(settings: SettingsFile) -> Result<Repository, Error> {
    let none = LoadOptions::default();
    Ok(Repository::of_layout(Layout::with_settings(&none, settings)?, &none)?)
}

/// The lines of the file.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, key: &str, value: &str, comment: &str) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "{key}: {value}  # {comment}");
    }

    /// A build context for each service for which it could not be found for sure.
    fn contexts(&mut self, services: &[Service]) -> Result<(), YamlError> {
        let mut unclear = services.iter().filter(|service| service.context_status != ContextStatus::Clear).peekable();
        if unclear.peek().is_none() {
            return Ok(());
        }
        self.0 += "services:\n";
        for service in unclear {
            let comment = match &service.context_status {
                ContextStatus::NothingFits(source) => {
                    format!("`{}` is not there: correct the folder", source.escape_debug())
                }
                _ => "a folder above contains every source too".to_owned(),
            };
            let name = service.name.as_str();
            let context = service.context.to_string_lossy();
            let _ = writeln!(self.0, "  {}:\n    context: {}  # {comment}", inline(name)?, inline(&context)?);
        }
        Ok(())
    }
}

/// How Dockerfiles of this repository name other images of it.
struct Bases {
    /// The image name: for `FROM me/base` and the service `base` it is `me/{service}`.
    image: String,
    /// The folder of the Dockerfiles that are named so, if it is not the repository itself.
    folder: Option<String>,
}

/// One in so many Dockerfiles, and one more, must name a service for its image's name to be guessed from it.
const MANY: usize = 25;

/// The name under which most Dockerfiles name others of this repository.
fn bases(services: &[Service]) -> Option<Bases> {
    let mut by_last: BTreeMap<&str, Vec<&Service>> = BTreeMap::new();
    for service in services {
        by_last.entry(service.name.as_str().rsplit('.').next().unwrap_or_default()).or_default().push(service);
    }
    let mut counts: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    for service in services {
        let uses = service.parsed.iter().flat_map(|parsed| &parsed.uses).filter_map(|used| used.image.known());
        for reference in uses.filter(|reference| !reference.contains('@')) {
            let (path, tag) = match reference.rsplit_once(':') {
                Some((path, tag)) if !tag.contains('/') => (path, Some(tag).filter(|tag| *tag != "latest")),
                _ => (reference, None),
            };
            let Some((before, last)) = path.rsplit_once('/') else { continue };
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            for other in by_last.get(last).into_iter().flatten().filter(|other| other.name != service.name) {
                let folder = other.name.as_str().strip_suffix(last).map(|folder| folder.trim_end_matches('.'));
                let folder = folder.filter(|folder| !folder.is_empty()).and_then(|_| {
                    let above = other.dockerfile.parent()?.parent()?.to_str()?;
                    Some(above.to_owned()).filter(|above| !above.is_empty() && above != "dockerfiles")
                });
                *counts.entry((format!("{before}/{{service}}{tag}"), folder)).or_default() += 1;
            }
        }
    }
    let ((image, folder), count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    // A few of very many are somebody else's images that happen to have the name of a service.
    (count > services.len() / MANY).then_some(Bases { image, folder })
}

/// `folder`, and the topmost folders of the Dockerfiles that are not below it.
fn folders(folder: &str, services: &[Service]) -> Vec<String> {
    let elsewhere = services.iter().filter(|service| !service.dockerfile.starts_with(folder));
    let tops: BTreeSet<_> = elsewhere
        .map(|service| {
            let parent = service.dockerfile.parent().unwrap_or(Path::new(""));
            parent.components().next().map(|top| top.as_os_str().to_string_lossy().into_owned())
        })
        .collect();
    // A Dockerfile in the repository itself, or beside the folder, needs the repository as a folder: names stay as they are.
    let holds_it = |top: &Option<String>| top.as_ref().is_none_or(|top| Path::new(folder).starts_with(top));
    if tops.iter().any(holds_it) {
        return Vec::new();
    }
    std::iter::once(folder.to_owned()).chain(tops.into_iter().flatten()).collect()
}

/// The folder that all Dockerfiles are in, if it is not the repository itself: then it is no part of a service's name.
fn common_folder(services: &[Service]) -> Option<String> {
    let (first, rest) = services.split_first()?;
    let mut folders = first.dockerfile.parent()?.parent().unwrap_or(Path::new("")).to_owned();
    if first
        .dockerfile
        .parent()
        .is_some_and(|own| !rest.is_empty() && rest.iter().all(|service| service.dockerfile.parent() == Some(own)))
    {
        first.dockerfile.parent()?.clone_into(&mut folders);
    }
    while !rest.iter().all(|service| service.dockerfile.starts_with(&folders)) {
        folders = folders.parent()?.to_owned();
    }
    let folder = folders.to_str()?;
    (!folder.is_empty() && folder != "dockerfiles" && !folder.starts_with("..")).then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn the_schema_is_named_to_editors_where_it_has_an_address() {
        assert!(head("").starts_with("# Settings of mkcompose: "), "{}", head(""));
        let version = env!("CARGO_PKG_VERSION");
        let named = head("https://forge.example/a/mkcompose/");
        let line = format!(
            "# yaml-language-server: $schema=https://forge.example/a/mkcompose/raw/v{version}/docs/settings.schema.json"
        );
        assert_eq!(named.lines().next(), Some(line.as_str()));
        assert_eq!(named.lines().count(), 2);
    }
}
