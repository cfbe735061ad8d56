//! `mkcompose sizes`: how big is each image, and has one grown too much?

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::cli::Options;
use crate::cli::sizes::SizesArgs;
use crate::command::since::Since;
use crate::command::{NOTHING_TO_COMPARE, print_report};
use crate::engine::Engine;
use crate::engine::exact_sizes::ExactSizesError;
use crate::engine::identity::Identity;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::gather::Gather;
use crate::problem::Problem;
use crate::report::file::File;
use crate::report::sizes::{Format, Report, changes};
use crate::repository::Repository;
use crate::repository::select::{matcher, select};
use crate::repository::service_name::ServiceName;
use crate::sizes::baseline::{Baseline, Changes};
use crate::sizes::figures::{FigureKind, Figures, Incomparable};
use crate::sizes::growth_limit::GrowthLimit;
use crate::sizes::{Sizes, measure};
use crate::terminal::{Style, Terminal};
use image_analyzer::printable::printable;

/// Reports the sizes of the images that the globs choose.
///
/// # Errors
/// Problems with the Dockerfiles, the globs or the baseline; an engine that does not answer; no image to speak of. Then nothing
/// was written.
pub fn run(args: &SizesArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let files = File::all(&args.reports, args.force)?;
    let repository = Repository::load(&options.load_options())?;
    let since = Since::ask(&args.since, &repository, options, terminal)?;
    let chosen = select(repository.services, &args.globs, &options.as_shell_args())?;
    let (chosen, left_out) = since.split(chosen, terminal);
    let left_out = left_out.into_iter().map(|service| service.name.to_string()).gather();
    // Read before anything is written: it may be the file of a report.
    let baseline = args.baseline.as_ref().map(|path| baseline(path, &args.globs, &left_out)).transpose()?;
    let engine = args.engine.engine(options);
    let (figures, identity) = figures(args, baseline.as_ref(), &engine)?;
    let wanted = chosen.iter().map(|service| (service.name.to_string(), service.image.clone())).gather();
    let images = match figures.kind {
        // No engine is needed for nothing.
        _ if chosen.is_empty() => Ok(BTreeMap::new()),
        FigureKind::Store => engine.images(&wanted).map_err(ExactSizesError::Engine),
        FigureKind::Exact => engine.exact_images(&wanted, &identity),
    };
    let images = images.map_err(|failure| match failure {
        ExactSizesError::Engine(failure) => Error::Engine(engine.silence(&failure).unwrap_or(failure)),
        other => Error::ExactSizes(other),
    })?;
    let services: Vec<ServiceName> = chosen.into_iter().map(|service| service.name).collect();
    let reference = |service: &ServiceName| wanted.get(service.as_str()).cloned().unwrap_or_default();
    let sizes = Sizes { figures, ..measure(&reference, &services, &images, args.sort) };
    if sizes.total.built == 0 && !services.is_empty() {
        return Err(Error::NoImages { repository: repository.image, flags: options.as_shell_args() });
    }
    let changes = baseline.map(|baseline| baseline.changes(&sizes, args.budget.unwrap_or_default()));
    let report = Report { sizes: &sizes, changes: changes.as_ref() };
    // Files first: stdout may be full, or wait for its reader.
    let mut troubles: Vec<_> = files.iter().filter_map(|file| file.write(&report).err()).collect();
    troubles.extend(print_report(&report, args.format, terminal).err());
    let answer = changes.map_or(ExitCode::Success, |changes| {
        if matches!(args.format, Format::Csv | Format::Svg | Format::Metrics) {
            say_changes(&changes, terminal);
        }
        verdict(&changes, terminal)
    });
    for trouble in &troubles {
        terminal.error(trouble);
    }
    Ok(if troubles.is_empty() { answer } else { ExitCode::Error })
}

/// How sizes are counted and where, if that can be compared with the baseline; and what the engine says of itself. It is asked
/// only where it matters who it is: for exact sizes, for a report that may be a baseline, and for a baseline that says whose it
/// is.
fn figures(args: &SizesArgs, baseline: Option<&Baseline>, engine: &Engine) -> Result<(Figures, Identity), Error> {
    let earlier = baseline.map(|baseline| &baseline.figures);
    let is_exact = args.exact || earlier.is_some_and(|earlier| earlier.kind == FigureKind::Exact);
    let kind = if is_exact { FigureKind::Exact } else { FigureKind::Store };
    let identity = if is_exact {
        engine.identity().map_err(|failure| engine.silence(&failure).unwrap_or(failure))?
    } else if is_baseline(args) || earlier.is_some_and(Figures::has_origin) {
        // One that does not say who it is may still know its images.
        engine.identity().unwrap_or_default()
    } else {
        Identity::default()
    };
    let figures = Figures::of(kind, identity.clone());
    if let (Some(earlier), Some(path)) = (earlier, &args.baseline) {
        let refused = |why: Incomparable| Error::Problems(vec![Problem::new(path, why.to_string())]);
        figures.compare_with(earlier).map_err(refused)?;
    }
    Ok((figures, identity))
}

/// Whether a report of this run may be a later baseline.
fn is_baseline(args: &SizesArgs) -> bool {
    let is_json = |path: &PathBuf| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    args.format == Format::Json || args.reports.iter().any(is_json)
}

/// Reads the earlier report at `path`, as far as the globs ask for it, without the services that are left out.
fn baseline(path: &Path, globs: &[String], left_out: &BTreeSet<String>) -> Result<Baseline, Error> {
    let json = std::fs::read(path).map_err(Error::io("read", path))?;
    let baseline = Baseline::parse(&json).map_err(|why| {
        let what = format!(
            "this is not a report of `mkcompose sizes` ({why}): write one with `mkcompose sizes --format json`"
        );
        Error::Problems(vec![Problem::new(path, printable(&what))])
    })?;
    // That each is valid has been seen when the services were chosen.
    let patterns: Vec<_> = globs.iter().filter_map(|glob| matcher(glob).ok()).collect();
    Ok(baseline.of(|service| {
        let is_meant = patterns.is_empty() || patterns.iter().any(|pattern| pattern.is_match(service));
        is_meant && !left_out.contains(service)
    }))
}

/// Prints the changes where the format has no room for them.
fn say_changes(changes: &Changes, terminal: &Terminal) {
    for section in changes::sections(changes) {
        let style = if section.has_grown_too_much { Style::Bad } else { Style::Strong };
        terminal.status(&terminal.styled_err(&format!("{}:", section.title), style));
        section.lines.iter().for_each(|line| terminal.status(&format!("  {line}")));
    }
}

fn verdict(changes: &Changes, terminal: &Terminal) -> ExitCode {
    if changes.is_within() {
        if changes.compared == 0 {
            terminal.status(NOTHING_TO_COMPARE);
            return ExitCode::Success;
        }
        let beyond = match changes.budget {
            budget if budget == GrowthLimit::default() => String::new(),
            budget => format!(" beyond {budget}"),
        };
        terminal.status(&format!("nothing has grown{beyond}"));
        return ExitCode::Success;
    }
    let count = changes.grown.len();
    let images = if count == 1 { "image has" } else { "images have" };
    let line = format!("{count} {images} grown beyond {}", changes.budget);
    terminal.status(&terminal.styled_err(&line, Style::Bad));
    ExitCode::Failure
}
