//! What `list --format json` says of each service: what was settled, and what settled it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::{Context, ContextStatus, ProgramSource};
use crate::dockerfile::ParsedDockerfile;
use crate::gather::Gather;
use crate::problem::IoError;
use crate::repository::convention::{Stage, stages};
use crate::repository::service::{Origin, Service};
use crate::repository::service_name::{ServiceName, Set};
use crate::since::Reason;
use image_analyzer::printable::printable_path;

/// What is said of one service. The fields and their order are those of docs/list.schema.json.
#[derive(Debug, Serialize)]
pub struct ServiceEntry<'s> {
    /// Its name.
    pub service: &'s ServiceName,
    /// The Dockerfile's path.
    pub dockerfile: String,
    /// The set that it is in.
    pub set: Set,
    /// The image's reference.
    pub image: &'s str,
    /// The build context's path.
    pub context: String,
    /// Why the context may be wrong; `None` if it is clear.
    pub context_unclear: Option<String>,
    /// Build arguments.
    pub args: &'s BTreeMap<String, Option<String>>,
    /// The build stage to build.
    pub target: Option<&'s str>,
    /// Platforms to build for.
    pub platforms: &'s [String],
    /// Labels of the image.
    pub labels: &'s BTreeMap<String, String>,
    /// Further references of the image.
    pub tags: &'s [String],
    /// Caches to read.
    pub cache_from: &'s [String],
    /// Caches to write.
    pub cache_to: &'s [String],
    /// The images that its FROM lines start from.
    pub from: Vec<&'s str>,
    /// The images of this repository that it is built on.
    pub local_bases: Vec<LocalBaseEntry<'s>>,
    /// What must happen when it is run.
    pub expect: ExpectEntry<'s>,
    /// The first part of the name.
    pub program: &'s str,
    /// The program's source in the build context, where names follow the convention.
    pub source: Option<String>,
    /// What each further part of the name stands for, where names follow the convention.
    pub stages: Vec<Stage>,
    /// Where each value came from that is not a default.
    pub origins: BTreeMap<&'s str, OriginEntry<'s>>,
    /// By what it is touched, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touched_by: Option<TouchedByEntry>,
}

/// Where a value came from. What does not belong to such a place is absent.
#[derive(Debug, Serialize)]
pub struct OriginEntry<'s> {
    from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    glob: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

impl<'s> OriginEntry<'s> {
    /// What is said of `origin`, which is one of `service`; `settings` is the settings file.
    fn new(origin: &'s Origin, service: &Service, settings: Option<&Path>) -> Self {
        let in_file = |from, file: Option<&Path>, line: usize| Self {
            from,
            flag: None,
            glob: None,
            file: file.map(|file| file.to_string_lossy().into_owned()),
            line: Some(line),
        };
        match origin {
            Origin::Settings(line) => in_file("settings", settings, *line),
            Origin::Glob(glob, line) => Self { glob: Some(glob), ..in_file("services", settings, *line) },
            Origin::Comment(line) => in_file("comment", Some(&service.dockerfile), *line),
            Origin::Flag(flag) => Self { from: "flag", flag: Some(flag), glob: None, file: None, line: None },
        }
    }
}

/// By what a service is touched.
#[derive(Debug, Serialize)]
pub struct TouchedByEntry {
    reason: &'static str,
    name: Option<String>,
}

impl TouchedByEntry {
    /// What is said of `reason`.
    pub fn new(reason: &Reason) -> Self {
        Self { reason: reason.kind(), name: reason.name() }
    }
}

/// An image of this repository that another one is built on.
#[derive(Debug, Serialize)]
pub struct LocalBaseEntry<'s> {
    reference: &'s str,
    service: &'s ServiceName,
}

/// An expectation.
#[derive(Debug, Serialize)]
pub struct ExpectEntry<'s> {
    outcome: String,
    stdout: Option<&'s str>,
    http: Option<String>,
}

impl<'s> ServiceEntry<'s> {
    /// What is said of `service`, of a repository with this settings file.
    ///
    /// # Errors
    /// If the build context cannot be read to find the program's source.
    pub fn new(service: &'s Service, sources: &mut Sources, settings: Option<&Path>) -> Result<Self, IoError> {
        let froms = service.parsed.iter().flat_map(ParsedDockerfile::froms);
        let local_base = |base: &'s crate::repository::service::LocalBase| LocalBaseEntry {
            reference: &base.reference,
            service: &base.service,
        };
        let http = service.expectation.http.as_ref();
        Ok(Self {
            service: &service.name,
            dockerfile: service.dockerfile.to_string_lossy().into_owned(),
            set: service.name.set(),
            image: &service.image,
            context: service.context.to_string_lossy().into_owned(),
            context_unclear: unclear(&service.context_status),
            args: &service.args,
            target: service.target.as_deref(),
            platforms: &service.platforms,
            labels: &service.labels,
            tags: &service.tags,
            cache_from: &service.cache_from,
            cache_to: &service.cache_to,
            from: froms.map(|from| from.image.known().unwrap_or(&from.written)).collect(),
            local_bases: service.local_bases.iter().map(local_base).collect(),
            expect: ExpectEntry {
                outcome: service.expectation.outcome.to_string(),
                stdout: service.expectation.stdout.as_deref(),
                http: http.map(|probe| format!("{}{}", probe.port, probe.path)),
            },
            program: service.name.program(),
            source: sources.of(service)?,
            stages: if sources.is_convention { stages(&service.name, &service.parsed) } else { Vec::new() },
            origins: service
                .origins
                .iter()
                .map(|(key, origin)| (key.as_str(), OriginEntry::new(origin, service, settings)))
                .gather(),
            touched_by: None,
        })
    }
}

fn unclear(status: &ContextStatus) -> Option<String> {
    match status {
        ContextStatus::Clear | ContextStatus::TakesOwnFolder => None,
        ContextStatus::Ambiguous(other) => Some(format!("`{}` fits as well", printable_path(other))),
        ContextStatus::NothingFits(source) => Some(format!("no folder has `{source}`")),
    }
}

/// The sources of programs, by the build contexts that they are in.
#[derive(Debug)]
pub struct Sources {
    is_convention: bool,
    contexts: BTreeMap<PathBuf, Context>,
}

impl Sources {
    /// None is looked for where names do not follow the convention.
    pub fn new(is_convention: bool) -> Self {
        Self { is_convention, contexts: BTreeMap::new() }
    }

    fn of(&mut self, service: &Service) -> Result<Option<String>, IoError> {
        if !self.is_convention {
            return Ok(None);
        }
        let context = match self.contexts.entry(service.context.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(open(&service.context)?),
        };
        Ok(match context.program(service.name.program()) {
            ProgramSource::One(path) => Some(path.to_string_lossy().into_owned()),
            ProgramSource::None | ProgramSource::Several(_) => None,
        })
    }
}

fn open(folder: &Path) -> Result<Context, IoError> {
    Ok(Context::open(folder)?.unwrap_or_default())
}
