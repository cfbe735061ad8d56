//! `mkcompose why`: for what reason can this image not start?

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::cli::Options;
use crate::cli::why::{Format, WhyArgs};
use crate::engine::image_archive;
use crate::engine::{Engine, EngineError};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::image_finding::fix::Dockerfile;
use crate::report::image::{ImageReport, json, render};
use crate::repository::Repository;
use crate::repository::select::{nearest, select};
use crate::repository::service::Service;
use crate::repository::service_name::{ServiceName, Set};
use crate::terminal::Terminal;
use image_analyzer::printable::printable_path;
use image_analyzer::survey::survey;
use image_analyzer::{Image, ReadError, ReadOptions, diagnose, read_archive, read_layout};

/// Reports why the images that are asked for cannot start.
///
/// Every image is looked at, also if another one cannot be: what could not be looked at is said, and decides.
///
/// # Errors
/// Flags that do not fit together; stdout cannot be written.
pub fn run(args: &WhyArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let wanted = wanted(args, options)?;
    if args.archive.as_deref() == Some(Path::new("-")) && wanted.len() > 1 {
        return Err(Error::Usage(
            "stdin can be read only once: name one IMAGE, or give the archive as a file".to_owned(),
        ));
    }
    let mut subjects = Vec::new();
    let mut unseen = false;
    for wanted in wanted {
        match look(&wanted, args, options).and_then(|image| for_linux(&wanted, image)) {
            Ok(image) => subjects.push(report(wanted, &image, args.all)),
            Err(error) => {
                terminal.error(&error);
                unseen = true;
                // It would be the same for each of the others.
                let is_engines = args.archive.is_none() && matches!(error, Error::Engine(_));
                if is_engines && args.engine.engine(options).check().is_err() {
                    break;
                }
            }
        }
    }
    if !subjects.is_empty() {
        terminal.result(&match args.format {
            Format::Text => render(&subjects, args.tree, terminal.color_out()),
            Format::Json => json::render(&subjects).map_err(|error| Error::io("write", "stdout")(error.into()))?,
        })?;
    }
    // What depends on the program is a hint, unless it is to count.
    let counts = |report: &ImageReport| {
        let has_broken = report.survey.as_ref().is_some_and(|survey| !survey.findings.is_empty());
        !report.diagnosis.can_start() || has_broken || args.strict && !report.diagnosis.findings.is_empty()
    };
    let found = subjects.iter().any(counts);
    Ok(if unseen {
        ExitCode::Error
    } else if found {
        ExitCode::Failure
    } else {
        ExitCode::Success
    })
}

/// What was asked for.
struct Wanted {
    /// As it was named.
    name: String,
    service: Option<Service>,
    /// How the engine or the archive knows it; `None` for whatever is in the archive.
    reference: Option<String>,
    /// The service that is likely to be meant, if the name is that of none.
    nearest: Option<ServiceName>,
}

/// What each name means: a service of ours if there is one, else what the engine or the archive calls so. A glob means
/// services, because no image has such a name.
///
/// # Errors
/// A glob that is malformed or matches no service, or for whose sake the Dockerfiles cannot be read.
fn wanted(args: &WhyArgs, options: &Options) -> Result<Vec<Wanted>, Error> {
    let named = |name: String| Wanted { name, service: None, reference: None, nearest: None };
    if let (Some(path), []) = (&args.archive, args.images.as_slice()) {
        let name = if path.as_os_str() == "-" { "stdin".to_owned() } else { printable_path(path) };
        return Ok(vec![named(name)]);
    }
    let load = || Repository::load(&options.load_options()).map(|repository| repository.services);
    let globs: Vec<String> = args.images.iter().filter(|name| is_glob(name)).cloned().collect();
    // Without Dockerfiles there are no services, and names are those of the engine.
    let dockerfiles = if globs.is_empty() { load().unwrap_or_default() } else { load()? };
    if !globs.is_empty() {
        select(dockerfiles.iter().collect::<Vec<&Service>>(), &globs, &options.as_shell_args())?;
    }
    let mut all: Vec<Wanted> = Vec::new();
    for asked in &args.images {
        let services = services(&dockerfiles, asked, &options.as_shell_args())?;
        if services.is_empty() {
            let nearest = nearest(&dockerfiles, asked).cloned();
            all.push(Wanted { reference: Some(asked.clone()), nearest, ..named(asked.clone()) });
        }
        for service in services {
            let (name, reference) = (service.name.to_string(), Some(service.image.clone()));
            // What globs share is looked at once.
            if !is_glob(asked) || all.iter().all(|wanted| wanted.reference != reference) {
                all.push(Wanted { service: Some(service), reference, ..named(name) });
            }
        }
    }
    Ok(all)
}

/// Is it a pattern for names of services?
fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The services that a name or a glob means. What is known not to build has no image, so that a glob means it only if
/// there is nothing else.
fn services(dockerfiles: &[Service], name: &str, flags: &str) -> Result<Vec<Service>, Error> {
    if !is_glob(name) {
        return Ok(dockerfiles.iter().filter(|dockerfile| dockerfile.name.as_str() == name).cloned().collect());
    }
    let mut chosen: Vec<&Service> = select(dockerfiles.iter().collect(), &[name.to_owned()], flags)?;
    let builds = |dockerfile: &&Service| dockerfile.name.set() == Set::Normal;
    if chosen.iter().any(builds) {
        chosen.retain(builds);
    }
    Ok(chosen.into_iter().cloned().collect())
}

fn look(wanted: &Wanted, args: &WhyArgs, options: &Options) -> Result<Image, Error> {
    let choice =
        ReadOptions { name: wanted.reference.clone(), platform: args.platform.clone(), ..ReadOptions::default() };
    let hint = |source: &ReadError| if args.archive.is_none() { image_archive::hint(source) } else { "" };
    let failed = |source: ReadError| {
        let hint = hint(&source);
        Error::Image { name: wanted.name.clone(), source: Box::new(source), hint }
    };
    match (&args.archive, &wanted.reference) {
        (Some(path), _) if path.as_os_str() == "-" => read_archive(io::stdin().lock(), &choice).map_err(failed),
        (Some(path), _) => {
            let is_folder = fs::metadata(path).map_err(Error::io("read", path))?.is_dir();
            if is_folder {
                return read_layout(path, &choice).map_err(failed);
            }
            read_archive(File::open(path).map_err(Error::io("read", path))?, &choice).map_err(failed)
        }
        (None, Some(reference)) => {
            // An image given by its id has no name in its archive, and only one image comes.
            let choice = ReadOptions { name: None, ..choice };
            let engine = args.engine.engine(options);
            let image = image_archive::image(&engine, reference, &choice);
            image.map_err(|failure| unsaved(wanted, &engine, failure, options))?.map_err(failed)
        }
        (None, None) => Err(Error::Usage("give an IMAGE or `--archive`".to_owned())),
    }
}

/// Why there is no archive, as far as the engine can tell: it does not answer, or has no such image.
fn unsaved(wanted: &Wanted, engine: &Engine, failure: EngineError, options: &Options) -> Error {
    // Without a status, the failure says itself what is wrong with the engine.
    if failure.status.is_none() {
        return failure.into();
    }
    if let Some(silence) = engine.silence(&failure) {
        return silence.into();
    }
    let Some(missing) = wanted.reference.as_ref().and_then(|reference| engine.id(reference).err()) else {
        return failure.into();
    };
    let flags = options.as_shell_args();
    let service = wanted.service.as_ref().map(|dockerfile| &dockerfile.name);
    match service.map(|service| (service.to_string(), service.set())) {
        Some((service, Set::Err)) => Error::NeverBuilt { service, flags },
        Some((service, Set::Normal)) => Error::NotBuilt { service, flags },
        None => Error::NoSuchImage {
            flags,
            name: wanted.name.clone(),
            is_name: !missing.said.to_lowercase().contains("invalid reference"),
            nearest: wanted.nearest.clone(),
        },
    }
}

/// The image, unless it says that it is for something else than Linux.
fn for_linux(wanted: &Wanted, image: Image) -> Result<Image, Error> {
    match image.config.platform.os.as_str() {
        "" | "linux" => Ok(image),
        os => Err(Error::NotLinux { name: wanted.name.clone(), os: os.to_owned() }),
    }
}

fn report(wanted: Wanted, image: &Image, all: bool) -> ImageReport {
    ImageReport {
        image: wanted.reference.or_else(|| image.names.first().cloned()),
        name: wanted.name,
        dockerfile: wanted.service.as_ref().and_then(|service| Dockerfile::read(&service.dockerfile)),
        service: wanted.service.map(|service| service.name.to_string()),
        diagnosis: diagnose(image),
        survey: all.then(|| survey(image)),
    }
}
