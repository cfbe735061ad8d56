//! From a folder, settings and flags to services, with everything settled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::build_order::cycles;
use super::layout::{Contents, DEFAULT_IMAGE, Layout, LoadOptions, join};
use super::local_bases;
use super::read_all::read_all;
use super::resolver::{Resolver, up};
use super::scan::{FoundDockerfile, Scan, SkipReason, Skipped};
use super::service::Service;
use super::service_name::{ServiceName, Set, collisions};
use super::unused_args::unused_args;
use crate::context::ContextStatus;
use crate::dockerfile::{is_template, read};
use crate::problem::Problem;
use crate::settings::{FILE_NAME, Located, misnamed};
use image_analyzer::printable::{printable, printable_path};

/// A repository of Dockerfiles. Paths are shown relative to the folder that the program was started in.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its root: the folder of the settings file, or the one that the program was started in.
    pub root: PathBuf,
    /// Its root, absolute and without links.
    pub real_root: PathBuf,
    /// The Git repository that holds it, the same way; see [`Layout::top`].
    pub top: PathBuf,
    /// The settings file, if there is one.
    pub settings_path: Option<PathBuf>,
    /// Which of the values that flags set too, the settings or comments set.
    pub said: BTreeSet<&'static str>,
    /// The folders that were scanned.
    pub dockerfiles: Vec<PathBuf>,
    /// The Compose file of the normal set.
    pub output: PathBuf,
    /// The Compose file of the err set.
    pub err_output: PathBuf,
    /// The image's name, as the flags or the settings give it.
    pub image: String,
    /// Whether file names follow the convention `PROGRAM.BUILD-IMAGE[.RUN-IMAGE]`, which `lint` then checks.
    pub follows_convention: bool,
    /// The images to build, by name.
    pub services: Vec<Service>,
    /// The git repository that holds the root, as it is shown, if it is a larger folder.
    pub git_above: Option<PathBuf>,
    /// The build arguments of the settings that no Dockerfile declares, each in a sentence. Only who writes the Compose files is
    /// told.
    pub unused_args: Vec<String>,
    /// What the user should know although nothing is wrong.
    pub notes: Vec<String>,
}

impl Repository {
    /// Finds, reads and settles everything.
    ///
    /// # Errors
    /// Every problem there is.
    pub fn load(options: &LoadOptions) -> Result<Self, Vec<Problem>> {
        Self::of_layout(Layout::read(options)?, options)
    }

    /// The same, where the layout is known.
    ///
    /// # Errors
    /// Every problem there is.
    pub fn of_layout(layout: Layout, options: &LoadOptions) -> Result<Self, Vec<Problem>> {
        let (scan, mut problems) = layout.scan();
        let misnamed = misnamed_settings(&layout);
        if !layout.settings.says_where {
            problems.sort_unstable();
            return Err(problems);
        }
        problems.extend(unused(&layout, &scan));
        let resolver = Resolver::new(&layout, options, &mut problems)?;
        let mut resolvers =
            read_all(&scan.found, |found| &found.path, &options.contents, || resolver.clone(), Resolver::take)
                .into_iter();
        let mut all = resolvers.next().unwrap_or(resolver);
        for next in resolvers {
            all.join(next);
        }
        let Resolver { mut services, problems: found, mut notes, globs, nameless, templates, wrong, said, .. } = all;
        problems.extend(found);
        // A Dockerfile that could not be read or named, or that a flag leaves out, may be the one that a glob means.
        let all_are_named = nameless == 0 && !layout.is_narrowed;
        notes.extend(on_templates(templates));
        notes.extend(on_hidden_folders(&scan));
        services.sort_unstable_by(|one, other| {
            one.name.cmp(&other.name).then_with(|| one.dockerfile.cmp(&other.dockerfile))
        });
        let mut unused = Vec::new();
        if all_are_named {
            let names = || services.iter().map(|service| &service.name).chain(wrong.iter().map(|(name, _)| name));
            let unused_globs = globs.iter().filter(|glob| !glob.is_used);
            problems.extend(unused_globs.map(|glob| glob.problem(&layout, names())));
            unused.extend(unused_args(&layout, &globs, &services).iter().map(ToString::to_string));
        }
        drop_links(&mut services, &mut notes);
        problems.extend(same_names(&services, &wrong));
        problems.extend(local_bases::settle(&mut services));
        settle_contexts(&mut services);
        problems.extend(cycles(&services));
        if !problems.is_empty() {
            // What is wrong may be what that file would mend.
            problems.extend(misnamed);
            problems.sort_unstable();
            problems.dedup();
            return Err(problems);
        }
        let notes = misnamed.iter().map(ToString::to_string).chain(notes);
        let notes = notes.chain(on_err_bases(&services)).chain(on_stage_names(&services)).collect();
        Ok(Self {
            said: said.into_iter().chain(layout.settings.said()).collect(),
            root: layout.root,
            real_root: layout.real_root,
            top: layout.top,
            settings_path: layout.settings_path,
            git_above: layout.git_above,
            dockerfiles: layout.dockerfiles,
            output: layout.output,
            err_output: layout.err_output,
            follows_convention: layout.follows_convention,
            image: options.image.clone().or(layout.settings.all.image).unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
            services,
            unused_args: unused,
            notes,
        })
    }

    /// The Compose file of `set`, as it is shown.
    pub fn output_of(&self, set: Set) -> &Path {
        match set {
            Set::Normal => &self.output,
            Set::Err => &self.err_output,
        }
    }
}

/// The Dockerfiles among those that were found whose text is a template, in order. One that cannot be read is none: to load the
/// repository says so.
pub fn templates(scan: &Scan) -> Vec<Skipped> {
    let take = |templates: &mut Vec<Skipped>, found: &FoundDockerfile, text: Result<&str, Problem>| {
        if text.is_ok_and(|text| is_template(text, &read(text))) {
            templates.push(Skipped { path: found.path.clone(), reason: SkipReason::Template });
        }
    };
    read_all(&scan.found, |found| &found.path, &Contents::new(), Vec::new, take).concat()
}

fn on_templates(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 template was skipped: run `mkcompose list --skipped` to see it".to_owned()),
        count => Some(format!("{count} templates were skipped: run `mkcompose list --skipped` to see them")),
    }
}

/// A file that may be meant as the settings file, in the repository's root or that of the git repository around it.
fn misnamed_settings(layout: &Layout) -> Option<Problem> {
    let outputs = [layout.output.file_name(), layout.err_output.file_name()];
    let mut folders = std::iter::once(&layout.root).chain(&layout.git_above);
    folders.find_map(|folder| {
        let name = misnamed(&join(folder, ""), |name| outputs.contains(&Some(name)))?;
        let what = format!("this file is not read: settings are read from `{FILE_NAME}` only");
        Some(Problem::new(join(folder, name), what))
    })
}

fn on_hidden_folders(scan: &Scan) -> Option<String> {
    match scan.folders.iter().filter(|folder| folder.reason == SkipReason::Hidden).count() {
        0 => None,
        1 => Some("1 hidden folder with a Dockerfile was skipped: run `mkcompose list --skipped` to see it".to_owned()),
        count => Some(format!(
            "{count} hidden folders with Dockerfiles were skipped: run `mkcompose list --skipped` to see them"
        )),
    }
}

/// Globs of `exclude` that match nothing, unless a flag leaves out what they may match.
fn unused(layout: &Layout, scan: &Scan) -> Vec<Problem> {
    let Some(path) = layout.settings_path.as_ref().filter(|_| !layout.is_narrowed) else { return Vec::new() };
    let globs = layout.settings.exclude.iter().filter(|glob| scan.unused_exclude.binary_search(&glob.value).is_ok());
    let problem = |glob: &Located<String>| {
        let what = format!("`exclude`: `{}` matches nothing: correct or remove it", printable(&glob.value));
        Problem::new(path, what).at(glob.line)
    };
    globs.map(problem).collect()
}

/// Of two services of one name, one may be made from a link to the Dockerfile of the other: that one is passed over. They are
/// sorted by name.
fn drop_links(services: &mut Vec<Service>, notes: &mut Vec<String>) {
    if !services.windows(2).any(|pair| matches!(pair, [one, other] if one.name == other.name)) {
        return;
    }
    let is_link = |service: &Service| service.dockerfile.symlink_metadata().is_ok_and(|there| there.is_symlink());
    let real = |service: &Service| service.dockerfile.canonicalize().ok();
    let files: Vec<_> = services
        .iter()
        .filter(|service| !is_link(service))
        .filter_map(|service| Some((service.name.clone(), real(service)?)))
        .collect();
    services.retain(|service| {
        let first = files.partition_point(|(name, ..)| *name < service.name);
        let mut same = files.iter().skip(first).take_while(|(name, ..)| *name == service.name);
        if !same.any(|(_, file)| is_link(service) && real(service).as_ref() == Some(file)) {
            return true;
        }
        let path = printable_path(&service.dockerfile);
        notes.push(format!("{path}: skipped: this is a link to another Dockerfile of the service `{}`", service.name));
        false
    });
}

/// Names of more than one service; `wrong` are services that have another problem.
fn same_names(services: &[Service], wrong: &[(ServiceName, PathBuf)]) -> Vec<Problem> {
    // A link may be to the Dockerfile of the other service: then it would be passed over.
    let wrong = wrong.iter().filter(|(_, dockerfile)| !dockerfile.is_symlink());
    let names = services.iter().map(|service| (&service.name, service.dockerfile.as_path()));
    let names: Vec<_> = names.chain(wrong.map(|(name, dockerfile)| (name, dockerfile.as_path()))).collect();
    collisions(&names)
}

/// Decides by habit what a Dockerfile leaves open: its own folder is meant, where nine in ten Dockerfiles of the repository
/// whose build context is certain have their own folder too. It is open where two folders fit and one is the Dockerfile's own,
/// and where what is taken may be its own folder or a program in it.
fn settle_contexts(services: &mut [Service]) {
    /// Fewer Dockerfiles are no habit.
    const HABIT: usize = 3;
    /// One in so many may have another folder.
    const ONE_IN: usize = 10;
    let is_own = |service: &Service| service.real_dockerfile.parent() == Some(&service.real_context);
    let takes_something = |service: &Service| service.parsed.as_ref().is_ok_and(|parsed| !parsed.sources.is_empty());
    let is_found = |service: &&Service| service.context_is_found && takes_something(service);
    let certain: Vec<_> =
        services.iter().filter(is_found).filter(|one| one.context_status == ContextStatus::Clear).collect();
    let others = certain.iter().filter(|service| !is_own(service)).count();
    let is_habit = certain.len() >= HABIT && others * ONE_IN <= certain.len();
    for service in services {
        match service.context_status {
            ContextStatus::Ambiguous(_) if is_habit && is_own(service) => service.context_status = ContextStatus::Clear,
            ContextStatus::TakesOwnFolder => {
                service.context_status = ContextStatus::Clear;
                if is_habit && let Some(own) = service.real_dockerfile.parent() {
                    service.real_context = own.to_owned();
                    service.context = up(&service.dockerfile, 0);
                }
            }
            _ => {}
        }
    }
}

/// Services with a build stage that has the name of an image they are built on. A Compose file cannot say that this image comes
/// from another service: the name would replace the stage as well.
fn on_stage_names(services: &[Service]) -> impl Iterator<Item = String> {
    services.iter().filter_map(|service| {
        let parsed = service.parsed.as_ref().ok()?;
        let mut bases = service.local_bases.iter();
        let (stage, base) = bases.find_map(|base| Some((parsed.stage_named(&base.reference)?, base)))?;
        let line = stage.line;
        Some(format!(
            "{}:{line}: this stage has the name of the image `{}`, so Compose does not build `{}` first: rename the stage",
            printable_path(&service.dockerfile),
            base.reference,
            base.service
        ))
    })
}

/// Services of the normal set that are built on one of the err set, which stops Compose as well.
fn on_err_bases(services: &[Service]) -> impl Iterator<Item = String> {
    let normal = services.iter().filter(|service| service.name.set() == Set::Normal);
    normal.filter_map(|service| {
        let base = service.local_bases.iter().find(|base| base.service.set() == Set::Err)?;
        Some(format!(
            "{}: built on `{}`, which is known not to build: end the name of this Dockerfile in `.err` too",
            printable_path(&service.dockerfile),
            base.service
        ))
    })
}
