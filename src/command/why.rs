//! `mkcompose why`: for what reason can this image not start?

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::cli::Options;
use crate::cli::why::{Format, WhyArgs};
use crate::console::Console;
use crate::error::Error;
use crate::escape::printable_path;
use crate::exit::Exit;
use crate::image::archive::{read, read_folder};
use crate::image::choice;
use crate::image::error::ReadError;
use crate::image::{Image, why};
use crate::report::why::fix::Dockerfile;
use crate::report::why::{Subject, json, render};
use crate::saved;
use crate::scan;

/// Reports why the images that are asked for cannot start.
///
/// Every image is looked at, also if another one cannot be: what could not be looked at is said, and decides.
///
/// # Errors
/// Flags that do not fit together; stdout cannot be written.
pub fn run(args: &WhyArgs, options: &Options, console: &Console) -> Result<Exit, Error> {
    if args.archive.as_deref() == Some(Path::new("-")) && args.images.len() > 1 {
        return Err(Error::Usage(
            "stdin can be read only once: name one IMAGE, or give the archive as a file".to_owned(),
        ));
    }
    let wanted = wanted(args, options);
    let mut subjects = Vec::new();
    let mut unseen = false;
    for wanted in wanted {
        match look(&wanted, args, options).and_then(|image| for_linux(&wanted, image)) {
            Ok(image) => subjects.push(subject(wanted, &image)),
            Err(error) => {
                console.error(&error);
                unseen = true;
            }
        }
    }
    if !subjects.is_empty() {
        console.result(&match args.format {
            Format::Text => render(&subjects, args.tree, console.color_out()),
            Format::Json => json::render(&subjects).map_err(|error| Error::io("write", "stdout")(error.into()))?,
        })?;
    }
    let found = subjects.iter().any(|subject| !subject.diagnosis.findings.is_empty());
    Ok(if unseen {
        Exit::Unanswered
    } else if found {
        Exit::No
    } else {
        Exit::Well
    })
}

/// What was asked for.
struct Wanted {
    /// As it was named.
    name: String,
    service: Option<scan::Dockerfile>,
    /// How the engine or the archive knows it; `None` for whatever is in the archive.
    reference: Option<String>,
}

/// What each name means: a service of ours if there is one, else what the engine or the archive calls so.
fn wanted(args: &WhyArgs, options: &Options) -> Vec<Wanted> {
    let project = options.project();
    // Without Dockerfiles there are no services, and names are those of the engine.
    let dockerfiles = if args.images.is_empty() { Vec::new() } else { project.scan().unwrap_or_default() };
    let known = |name: &String| {
        let service = dockerfiles.iter().find(|dockerfile| dockerfile.service.as_str() == name).cloned();
        let reference = service.as_ref().map_or(name.clone(), |_| format!("{}:{name}", project.repository));
        Wanted { name: name.clone(), service, reference: Some(reference) }
    };
    match &args.archive {
        Some(path) if args.images.is_empty() => {
            let name = if path.as_os_str() == "-" { "stdin".to_owned() } else { printable_path(path) };
            vec![Wanted { name, service: None, reference: None }]
        }
        _ => args.images.iter().map(known).collect(),
    }
}

fn look(wanted: &Wanted, args: &WhyArgs, options: &Options) -> Result<Image, Error> {
    let choice = choice::Options {
        reference: wanted.reference.clone(),
        platform: args.platform.clone(),
        ..choice::Options::default()
    };
    let failed = |source: ReadError| Error::Image { name: wanted.name.clone(), source: Box::new(source) };
    match (&args.archive, &wanted.reference) {
        (Some(path), _) if path.as_os_str() == "-" => read(io::stdin().lock(), &choice).map_err(failed),
        (Some(path), _) => {
            let path = options.at(path);
            let is_folder = fs::metadata(&path).map_err(Error::io("read", &path))?.is_dir();
            if is_folder {
                return read_folder(&path, &choice).map_err(failed);
            }
            read(File::open(&path).map_err(Error::io("read", &path))?, &choice).map_err(failed)
        }
        (None, Some(reference)) => {
            // An image given by its id has no name in its archive, and only one image comes.
            let choice = choice::Options { reference: None, ..choice };
            saved::image(&args.engine.engine(options), reference, &choice)?.map_err(failed)
        }
        (None, None) => Err(Error::Usage("name an IMAGE, or an `--archive`".to_owned())),
    }
}

/// The image, unless it says that it is for something else than Linux.
fn for_linux(wanted: &Wanted, image: Image) -> Result<Image, Error> {
    match image.config.platform.os.as_str() {
        "" | "linux" => Ok(image),
        os => Err(Error::NotLinux { name: wanted.name.clone(), os: os.to_owned() }),
    }
}

fn subject(wanted: Wanted, image: &Image) -> Subject {
    let text = wanted.service.as_ref().and_then(|dockerfile| fs::read(&dockerfile.path).ok());
    Subject {
        image: wanted.reference.or_else(|| image.references.first().cloned()),
        name: wanted.name,
        service: wanted.service.map(|dockerfile| dockerfile.service.to_string()),
        dockerfile: text.map(|text| Dockerfile::parse(&String::from_utf8_lossy(&text))),
        diagnosis: why(image),
    }
}
