//! Which services differ between a commit and the working tree, and by what.
//!
//! A service is touched if one of these differs: its Dockerfile, the ignore file that applies, a file that its COPY, ADD or
//! bind mounts take, a value of its settings, or a service that it is built on. What git ignores counts as unchanged: it is
//! made before the build.
//!
//! git says which paths differ. Where more than contents differ, the services that the commit had are read as those of now
//! are, from a copy of the commit in a temporary folder ([`past`]).

mod changes;
mod names;
mod past;
mod settings;
mod untracked;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use changes::Changes;
use names::Names;
use past::Past;
use view::View;

use crate::gather::Gather;
use crate::git::{Git, GitError};
use crate::problem::{IoError, Problem};
use crate::repository::service::Service;
use crate::repository::service_name::ServiceName;
use crate::repository::{LoadOptions, Repository, resolve, way};
use image_analyzer::printable::{printable, printable_path};

/// Why it cannot be said which services are touched.
#[derive(Debug, thiserror::Error)]
pub enum SinceError {
    /// git could not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The commit has more Dockerfiles and ignore files than are read.
    #[error("`--since`: the Dockerfiles of that commit have more than {0} MiB: remove `--since`")]
    TooLarge(u64),
}

/// Why a service is touched. Paths are as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The commit has no service of this name.
    New,
    /// Its Dockerfile differs, or was another file.
    Dockerfile(PathBuf),
    /// The ignore file that applies differs, or another one applied.
    IgnoreFile(PathBuf),
    /// This value of its settings differs.
    Setting(&'static str),
    /// This file, which it takes from its build context, differs.
    File(PathBuf),
    /// It is or was built on this service, which is touched, or no longer or not yet its base.
    Base(ServiceName),
    /// Its Dockerfile or its build context is outside the git repository, so that nothing is known.
    Outside,
    /// The Dockerfiles of the commit cannot be read.
    Unknown,
}

impl Reason {
    /// The kind, in one word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Dockerfile(_) => "dockerfile",
            Self::IgnoreFile(_) => "ignore-file",
            Self::Setting(_) => "setting",
            Self::File(_) => "file",
            Self::Base(_) => "base",
            Self::Outside => "outside",
            Self::Unknown => "unknown",
        }
    }

    /// The path, the setting or the service, if it is about one; bytes that are not UTF-8 are replaced.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Dockerfile(path) | Self::IgnoreFile(path) | Self::File(path) => {
                Some(path.to_string_lossy().into_owned())
            }
            Self::Setting(key) => Some((*key).to_owned()),
            Self::Base(base) => Some(base.to_string()),
            Self::New | Self::Outside | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("a new service"),
            Self::Dockerfile(path) | Self::IgnoreFile(path) | Self::File(path) => f.write_str(&printable_path(path)),
            Self::Setting(key) => write!(f, "its setting `{key}`"),
            Self::Base(base) => write!(f, "built on {base}"),
            Self::Outside => f.write_str("its Dockerfile or context is outside the git repository"),
            Self::Unknown => f.write_str("the Dockerfiles of that commit cannot be read"),
        }
    }
}

/// The services that are touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    reasons: BTreeMap<ServiceName, Reason>,
    /// What the user should know, in one line: that all services count as touched, and why.
    pub note: Option<String>,
}

impl Touched {
    /// Whether `service` is touched.
    pub fn contains(&self, service: &ServiceName) -> bool {
        self.reasons.contains_key(service)
    }

    /// Why `service` is touched; `None` if it is not.
    pub fn reason(&self, service: &ServiceName) -> Option<&Reason> {
        self.reasons.get(service)
    }
}

/// The services of `repository`, which `options` led to, that differ between the commit `reference` and the working tree.
///
/// # Errors
/// If this is no git repository, if it has no such commit, or if something cannot be read.
pub fn touched(repository: &Repository, options: &LoadOptions, reference: &str) -> Result<Touched, SinceError> {
    let here = resolve(Path::new("."))?;
    let git = Git::open(&here)?;
    let commit = git.commit(reference)?;
    let differing = git.differing(&commit)?;
    let now = Side::of(git.top(), &repository.services, here.strip_prefix(git.top()).unwrap_or(Path::new("")))?;
    if differing.paths.is_empty() {
        return Ok(now.compared(None));
    }
    let entries = git.tree(&commit)?;
    let differing = untracked::without_kept(&git, &entries, differing)?;
    let changes = Changes::new(differing, &entries, git.top());
    let names = Names { git: &git, entries: &entries, changes: &changes, here: &here, repository };
    let (past, before) = match names.other_dockerfiles(&now)? {
        Some(contents) if contents.is_empty() => return Ok(now.compared(Some((&now, &changes)))),
        // Their contents settle what is built on what, and may be no Dockerfiles at all.
        Some(contents) => {
            let before = Repository::load(&LoadOptions { contents, ..options.clone() });
            (None, before.map_err(|problems| first_line(&problems)))
        }
        None => {
            let past = Past::lay_out(&git, &entries, &changes)?;
            now.made_before_the_build(&repository.root)?
                .iter()
                .try_for_each(|path| past.add_as_it_is(path, &changes))?;
            let before = past.load(options, &here);
            (Some(past), before)
        }
    };
    let before = match before {
        Ok(before) => before,
        Err(what) => {
            let reasons = repository.services.iter().map(|service| (service.name.clone(), Reason::Unknown)).gather();
            let note = format!(
                "`--since {}`: the Dockerfiles of the commit {} cannot be read, so every service counts as touched; it says: {what}",
                printable(reference),
                commit.short()
            );
            return Ok(Touched { reasons, note: Some(note) });
        }
    };
    let before = Side::of(past.as_ref().map_or(git.top(), Past::top), &before.services, Path::new(""))?;
    Ok(now.compared(Some((&before, &changes))))
}

/// The first of these problems, in one line.
fn first_line(problems: &[Problem]) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}

/// The services of the working tree, or those of the commit.
struct Side<'s> {
    top: &'s Path,
    services: &'s [Service],
    /// What counts of each service, in their order; `None` for one that is partly outside.
    views: Vec<Option<View>>,
    /// Where each service is among them.
    places: BTreeMap<&'s ServiceName, usize>,
    /// The folder that paths are shown from, itself from the top.
    shown_from: &'s Path,
}

impl<'s> Side<'s> {
    fn of(top: &'s Path, services: &'s [Service], shown_from: &'s Path) -> Result<Self, IoError> {
        let views = services.iter().map(|service| View::of(service, top)).collect::<Result<_, _>>()?;
        let places = services.iter().enumerate().map(|(place, service)| (&service.name, place)).gather();
        Ok(Self { top, services, views, places, shown_from })
    }

    fn view(&self, place: usize) -> Option<&View> {
        self.views.get(place)?.as_ref()
    }

    /// What the services use, from the top: among it is what git ignores.
    fn made_before_the_build(&self, root: &Path) -> Result<BTreeSet<PathBuf>, IoError> {
        let root = resolve(if root.as_os_str().is_empty() { Path::new(".") } else { root })?;
        let settings = root.join(crate::settings::FILE_NAME);
        let settings = settings.strip_prefix(self.top).ok().map(Path::to_owned);
        Ok(settings.into_iter().chain(self.views.iter().flatten().flat_map(View::used)).collect())
    }

    /// The services of this side that differ from those of `before`; where nothing differs at all, there is none.
    fn compared(&self, before: Option<(&Side<'_>, &Changes)>) -> Touched {
        let mut reasons = BTreeMap::new();
        for (place, service) in self.services.iter().enumerate() {
            let reason = match (self.view(place), before) {
                (None, _) => Some(Reason::Outside),
                (Some(_), None) => None,
                (Some(view), Some((before, changes))) => self.reason(service, view, before, changes),
            };
            if let Some(reason) = reason {
                reasons.insert(service.name.clone(), reason);
            }
        }
        self.add_built_on(&mut reasons);
        Touched { reasons, note: None }
    }

    /// By what `service` is touched itself.
    fn reason(&self, service: &Service, view: &View, before: &Side<'_>, changes: &Changes) -> Option<Reason> {
        let Some(&place) = before.places.get(&service.name) else { return Some(Reason::New) };
        let old_service = before.services.get(place)?;
        let Some(old) = before.view(place) else { return Some(Reason::Outside) };
        if let Some(path) = changes.among(&view.dockerfile, &old.dockerfile) {
            return Some(Reason::Dockerfile(self.shown(path)));
        }
        if view.context != old.context {
            return Some(Reason::Setting("context"));
        }
        if let Some(path) = changes.among(&view.ignore_file, &old.ignore_file) {
            return Some(Reason::IgnoreFile(self.shown(path)));
        }
        if let Some(key) = settings::differing(service, old_service) {
            return Some(Reason::Setting(key));
        }
        if let Some(base) = settings::differing_base(service, old_service) {
            return Some(Reason::Base(base.clone()));
        }
        let taken = [view, old].into_iter().filter_map(|view| changes.first_taken(&view.context, &view.taken)).min();
        taken.map(|path| Reason::File(self.shown(path)))
    }

    /// Adds what is built on a service that is touched, through any number of steps.
    fn add_built_on(&self, reasons: &mut BTreeMap<ServiceName, Reason>) {
        let mut built_on: BTreeMap<&ServiceName, Vec<&Service>> = BTreeMap::new();
        for service in self.services {
            for base in &service.local_bases {
                built_on.entry(&base.service).or_default().push(service);
            }
        }
        let mut pending: BTreeSet<ServiceName> = reasons.keys().cloned().gather();
        let mut inherited = Vec::new();
        while let Some(base) = pending.pop_first() {
            for service in built_on.get(&base).into_iter().flatten() {
                if !reasons.contains_key(&service.name) {
                    reasons.insert(service.name.clone(), Reason::Base(base.clone()));
                    inherited.push(*service);
                    pending.insert(service.name.clone());
                }
            }
        }
        // Which base is named must not depend on the order in which they were reached.
        for service in inherited {
            let base = service.local_bases.iter().map(|base| &base.service).filter(|base| reasons.contains_key(*base));
            if let Some(base) = base.min() {
                reasons.insert(service.name.clone(), Reason::Base(base.clone()));
            }
        }
    }

    /// `path`, from the top, as it is shown from where the program was started.
    fn shown(&self, path: &Path) -> PathBuf {
        way(self.shown_from, path)
    }
}
