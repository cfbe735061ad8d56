//! Settles one service after the other: name, settings, arguments, image and build context.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::image_name::{ImageName, of_tags};
use super::layout::{AUTO, DEFAULT_IMAGE, Layout, LoadOptions, SAMPLES, join};
use super::linked_file::target_elsewhere;
use super::paths::{resolve, way};
use super::scan::FoundDockerfile;
use super::select::matcher;
use super::service::{LinkTarget, Origin, Service};
use super::service_name::ServiceName;
use super::settings_check::wrong_context;
use crate::context::{self, ContextStatus, GitIgnored};
use crate::dockerfile::{
    BuildArgs, ParseProblem, ParsedDockerfile, SettingComment, TARGET_STAGE, comments, is_template, misplaced, read,
    read_with,
};
use crate::problem::Problem;
use crate::settings::{Located, ServiceSettings, from_comments, is_key, nearest};
use image_analyzer::printable::{printable, printable_path};

/// A Dockerfile and what is said in it.
struct ReadDockerfile<'f> {
    found: &'f FoundDockerfile,
    text: &'f str,
    comments: Vec<SettingComment>,
    parsed: Result<ParsedDockerfile, ParseProblem>,
}

/// A glob of `services`.
#[derive(Clone)]
pub(super) struct ServiceGlob<'a> {
    line: usize,
    text: &'a str,
    /// `None` if it is not valid.
    pub(super) matcher: Option<globset::GlobMatcher>,
    /// Whether it matched a service.
    pub(super) is_used: bool,
}

impl ServiceGlob<'_> {
    /// What is wrong with it if it matches nothing; `names` are those of the services.
    pub(super) fn problem<'n>(&self, layout: &Layout, names: impl Iterator<Item = &'n ServiceName>) -> Problem {
        let path = layout.settings_path.clone().unwrap_or_default();
        let near = nearest(self.text, names.map(ServiceName::as_str));
        let fix =
            near.map_or_else(|| "`mkcompose list` shows them".to_owned(), |near| format!("did you mean `{near}`?"));
        Problem::new(path, format!("`{}` matches no service: {fix}", printable(self.text))).at(self.line)
    }
}

/// Makes a service of each Dockerfile, and gathers what is wrong. Each thread has a clone of its own.
#[derive(Clone)]
pub(super) struct Resolver<'a> {
    layout: &'a Layout,
    options: &'a LoadOptions,
    /// In the order of the settings.
    pub(super) globs: Vec<ServiceGlob<'a>>,
    default_context: Option<&'static str>,
    flag_image: Option<ImageName>,
    image: ImageName,
    /// The scanned folders, absolute and without links.
    real_dockerfiles: Vec<PathBuf>,
    real_contexts: BTreeMap<PathBuf, PathBuf>,
    git: GitIgnored,
    /// The services, in the order of their Dockerfiles; without those that have a problem.
    pub(super) services: Vec<Service>,
    /// How many Dockerfiles could not be read or named.
    pub(super) nameless: usize,
    /// How many were templates, which are passed over.
    pub(super) templates: usize,
    /// The names and Dockerfiles of services that have a problem.
    pub(super) wrong: Vec<(ServiceName, PathBuf)>,
    /// Which of the values that flags set too, the settings or comments of some service set.
    pub(super) said: BTreeSet<&'static str>,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
}

/// The build context of one service.
struct SettledContext {
    /// As it is shown.
    shown: PathBuf,
    /// Absolute and without links.
    real: PathBuf,
    status: ContextStatus,
    /// Whether it was searched for, not named.
    is_found: bool,
}

impl SettledContext {
    fn named(shown: PathBuf, real: PathBuf) -> Self {
        Self { shown, real, status: ContextStatus::Clear, is_found: false }
    }
}

/// Where a Dockerfile is: as it is shown, and really.
struct Place {
    shown: PathBuf,
    real: PathBuf,
    /// The file that is built, if it is not that.
    link_target: Option<LinkTarget>,
}

/// The settings of one service and where each key came from.
type Settled = (ServiceSettings, BTreeMap<String, Origin>);

impl<'a> Resolver<'a> {
    pub(super) fn new(
        layout: &'a Layout,
        options: &'a LoadOptions,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let globs = layout.settings.services.iter().map(|Located { line, value: (text, _) }| ServiceGlob {
            line: *line,
            text,
            matcher: matcher(text).ok(),
            is_used: false,
        });
        let globs = globs.collect();
        let flag_image = options.image.as_deref().map(|text| {
            ImageName::parse(text).unwrap_or_else(|why| {
                problems.push(Problem::new(format!("--image {text}"), why));
                ImageName::fallback()
            })
        });
        // That of the settings file was checked with it.
        let image = layout.settings.all.image.as_deref().unwrap_or(DEFAULT_IMAGE);
        let image = ImageName::parse(image).unwrap_or_else(|_| ImageName::fallback());
        let real_dockerfiles = layout.dockerfiles.iter().map(|folder| resolve(folder));
        let real_dockerfiles = real_dockerfiles.collect::<Result<_, _>>().map_err(|error| vec![error.into()])?;
        Ok(Self {
            layout,
            options,
            globs,
            default_context: layout.follows_convention.then_some(SAMPLES),
            flag_image,
            image,
            real_dockerfiles,
            real_contexts: BTreeMap::new(),
            git: GitIgnored::of(&layout.top),
            services: Vec::new(),
            nameless: 0,
            templates: 0,
            wrong: Vec::new(),
            said: BTreeSet::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Takes one Dockerfile, or why it cannot be read.
    pub(super) fn take(&mut self, found: &FoundDockerfile, text: Result<&str, Problem>) {
        match text {
            Ok(text) => {
                let service = self.service(found, text);
                self.services.extend(service);
            }
            Err(problem) => {
                self.nameless += 1;
                self.problems.push(problem);
            }
        }
    }

    fn service(&mut self, found: &FoundDockerfile, text: &str) -> Option<Service> {
        let before = self.problems.len();
        let mut file = ReadDockerfile { found, text, comments: comments(text), parsed: read(text) };
        if is_template(text, &file.parsed) {
            self.templates += 1;
            return None;
        }
        for (line, what) in misplaced(text, is_key) {
            self.problems.push(Problem::new(&file.found.path, what).at(line));
        }
        let (of_comments, wrong) = from_comments(&file.comments);
        for problem in wrong {
            self.problems.push(Problem::new(&file.found.path, printable(&problem.value)).at(problem.line));
        }
        let name = self.name(&file, &of_comments);
        // Without a name, no glob of the settings is meant, and the rest is checked all the same.
        let (settings, mut origins) = self.settings(name.as_ref(), of_comments);
        let args = self.args(&file, &settings, &mut origins);
        read_again(&mut file, &args, settings.target.as_deref());
        self.check_target(&file, &settings, origins.get("target"));
        let refusal = file.parsed.as_ref().ok().and_then(|parsed| parsed.refusal(settings.target.as_deref()).cloned());
        if let Some(refusal) = refusal {
            file.parsed = Err(refusal);
        }
        let image = self.image(name.as_ref(), &file, &settings, &mut origins);
        let tags = self.tags(name.as_ref(), &file, &settings);
        let place = self.place(&file);
        let is_outside = |target: &LinkTarget| !target.real.starts_with(&self.layout.real_root);
        if place.link_target.as_ref().is_some_and(is_outside)
            && let Err(problem) = &mut file.parsed
        {
            // It may be a person's file with secrets, to which somebody else's repository has a link.
            "this link leads to a file outside the repository that has an error, which is not shown"
                .clone_into(&mut problem.message);
        }
        let context = self.context(&file, &place, &settings, &mut origins);
        let name = name?;
        if self.problems.len() > before {
            self.wrong.push((name, place.shown));
            return None;
        }
        let cache = |caches: &Option<Vec<String>>| {
            let named = caches.iter().flatten().map(|cache| cache.replace("{service}", name.as_str()));
            named.collect::<Vec<_>>()
        };
        let SettledContext { shown: context, real: real_context, status: context_status, is_found } = context?;
        Some(Service {
            cache_from: cache(&settings.cache_from),
            cache_to: cache(&settings.cache_to),
            dockerfile: place.shown,
            image: image?,
            context,
            args,
            expectation: settings.expectation(),
            target: settings.target,
            platforms: each_once(settings.platforms.unwrap_or_default()),
            labels: settings.labels,
            tags,
            local_bases: Vec::new(),
            context_is_found: is_found,
            context_status,
            real_dockerfile: place.real,
            link_target: place.link_target,
            real_context,
            parsed: file.parsed,
            lint: settings.lint,
            origins,
            name,
        })
    }

    fn name(&mut self, file: &ReadDockerfile<'_>, comments: &ServiceSettings) -> Option<ServiceName> {
        let result = match &comments.name {
            Some(name) => ServiceName::parse(name)
                .map_err(|why| wrong(file, "name", &format!("{why}: change `# mkcompose: name={}`", printable(name)))),
            None => file.found.service_name(self.flag_image.as_ref().unwrap_or(&self.image).last_part()),
        };
        result.map_err(|problem| (self.nameless += 1, self.problems.push(problem))).ok()
    }

    /// The settings that apply to `name`, the strongest last: the file, its globs, comments.
    fn settings(&mut self, name: Option<&ServiceName>, comments: ServiceSettings) -> Settled {
        let mut origins = BTreeMap::new();
        let mut note = |settings: &ServiceSettings, origin: &dyn Fn(usize) -> Origin| {
            origins.extend(settings.lines.iter().map(|(key, line)| (key.clone(), origin(*line))));
        };
        let file = &self.layout.settings;
        note(&file.all, &Origin::Settings);
        let mut all = file.all.clone();
        for (glob, located) in self.globs.iter_mut().zip(&file.services) {
            if glob.matcher.as_ref().zip(name).is_some_and(|(glob, name)| glob.is_match(name.as_str())) {
                let (text, settings) = &located.value;
                glob.is_used = true;
                note(settings, &|line| Origin::Glob(text.clone(), line));
                all = all.overridden_by(settings.clone());
            }
        }
        note(&comments, &Origin::Comment);
        (all.overridden_by(comments), origins)
    }

    /// The build arguments that the Dockerfile declares. One that a comment gives and nothing declares is a mistake.
    fn args(
        &mut self,
        file: &ReadDockerfile<'_>,
        settings: &ServiceSettings,
        origins: &mut BTreeMap<String, Origin>,
    ) -> BuildArgs {
        let Ok(parsed) = &file.parsed else { return BuildArgs::new() };
        let mut args = BuildArgs::new();
        for (name, value) in &settings.args {
            let key = format!("args.{name}");
            if parsed.declares(name) || is_predefined(name) {
                args.insert(name.clone(), value.clone());
            } else if matches!(origins.remove(&key), Some(Origin::Comment(_))) {
                let known = parsed.args.iter().map(|arg| arg.name.as_str());
                let near = nearest(name, known);
                let fix = near.map_or_else(|| format!("add `ARG {name}`"), |near| format!("did you mean `{near}`?"));
                self.problems.push(wrong(file, &key, &format!("no ARG declares `{name}`: {fix}")));
            }
        }
        args
    }

    fn check_target(&mut self, file: &ReadDockerfile<'_>, settings: &ServiceSettings, origin: Option<&Origin>) {
        let (Some(target), Ok(parsed)) = (&settings.target, &file.parsed) else { return };
        let is_place = target.parse::<usize>().is_ok_and(|place| place < parsed.stages.len());
        if is_place || parsed.stage_named(&target.to_lowercase()).is_some() {
            return;
        }
        let names: Vec<_> = parsed.stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
        let fix = match nearest(target, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "it has no named stages".to_owned(),
            None => format!("its named stages are {}", names.join(", ")),
        };
        let line = match origin {
            Some(Origin::Settings(line) | Origin::Glob(_, line)) => *line,
            Some(Origin::Comment(_) | Origin::Flag(_)) | None => {
                let what = format!("there is no build stage `{}` (`target`): {fix}", printable(target));
                return self.problems.push(wrong(file, "target", &what));
            }
        };
        let dockerfile = printable_path(&file.found.path);
        let what = format!("`target`: `{dockerfile}` has no build stage `{}`: {fix}", printable(target));
        let settings = self.layout.settings_path.clone().unwrap_or_default();
        self.problems.push(Problem::new(settings, what).at(line));
    }

    fn image(
        &mut self,
        name: Option<&ServiceName>,
        file: &ReadDockerfile<'_>,
        settings: &ServiceSettings,
        origins: &mut BTreeMap<String, Origin>,
    ) -> Option<String> {
        if settings.image.is_some() {
            self.said.insert("image");
        }
        let template = match (&self.flag_image, &settings.image) {
            (Some(flag), _) => {
                origins.insert("image".to_owned(), Origin::Flag("--image"));
                Ok(Cow::Borrowed(flag))
            }
            (None, Some(text)) if Some(text) != self.layout.settings.all.image.as_ref() => {
                ImageName::parse(text).map(Cow::Owned)
            }
            (None, _) => Ok(Cow::Borrowed(&self.image)),
        };
        let image = template.and_then(|template| name.map(|name| template.of(name)).transpose());
        image.map_err(|what| self.problems.push(wrong(file, "image", &what))).ok()?
    }

    fn tags(
        &mut self,
        name: Option<&ServiceName>,
        file: &ReadDockerfile<'_>,
        settings: &ServiceSettings,
    ) -> Vec<String> {
        let mut tags = Vec::new();
        for text in settings.tags.iter().flatten() {
            match ImageName::parse(text).and_then(|tag| name.map(|name| tag.of(name)).transpose()) {
                Ok(tag) => tags.extend(tag),
                Err(what) => self.problems.push(wrong(file, "tags", &of_tags(&what))),
            }
        }
        each_once(tags)
    }

    fn place(&mut self, file: &ReadDockerfile<'_>) -> Place {
        let shown = &file.found.path;
        // A link to a file stays the file that it is called.
        let root = self.real_dockerfiles.get(file.found.root).unwrap_or(&self.layout.real_root);
        let real = root.join(&file.found.below);
        let target = if file.found.is_link { target_elsewhere(&real) } else { None };
        let Some(real_built) = target else { return Place { shown: shown.clone(), real, link_target: None } };
        let built = if let Ok(below) = real_built.strip_prefix(&self.layout.real_root) {
            join(&self.layout.root, below)
        } else {
            let what = "a link to a file outside the repository";
            self.notes.push(format!("{}: {what}", printable_path(shown)));
            let folder = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
            folder(shown).join(way(&folder(&real), &real_built))
        };
        Place { shown: shown.clone(), real, link_target: Some(LinkTarget { shown: built, real: real_built }) }
    }

    fn context(
        &mut self,
        file: &ReadDockerfile<'_>,
        place: &Place,
        settings: &ServiceSettings,
        origins: &mut BTreeMap<String, Origin>,
    ) -> Option<SettledContext> {
        if settings.context.is_some() {
            self.said.insert("context");
        }
        if let Some(flag) = &self.options.context {
            origins.insert("context".to_owned(), Origin::Flag("--context"));
            if flag != Path::new(AUTO) {
                return self.named_context(flag.clone());
            }
        }
        let setting = if self.options.context.is_some() { None } else { settings.context.as_deref() };
        let default = if self.options.context.is_some() { None } else { self.default_context };
        match setting.or(default) {
            None | Some(AUTO) => self.found_context(file, place),
            Some(folder) => {
                // That of the settings file was checked with it, and the samples of the convention are there.
                if matches!(origins.get("context"), Some(Origin::Comment(_)))
                    && let Some(what) = wrong_context(folder, &self.layout.root, &self.layout.real_root)
                {
                    self.problems.push(wrong(file, "context", &what));
                    return None;
                }
                self.named_context(join(&self.layout.root, folder))
            }
        }
    }

    fn found_context(&mut self, file: &ReadDockerfile<'_>, place: &Place) -> Option<SettledContext> {
        let empty = ParsedDockerfile::default();
        let real_dockerfile = &place.real;
        let built = place.link_target.as_ref().map_or(real_dockerfile, |target| &target.real);
        let parsed = file.parsed.as_ref().unwrap_or(&empty);
        let found = context::find(real_dockerfile, built, &self.layout.real_root, &self.git, parsed);
        let found =
            found.map_err(|error| self.problems.push(Problem::new(&file.found.path, error.to_string()))).ok()?;
        let real = real_dockerfile.ancestors().nth(found.levels_up + 1)?.to_owned();
        let shown = up(&file.found.path, found.levels_up);
        let status = match found.status {
            ContextStatus::Ambiguous(other) => {
                let levels_up = real_dockerfile.ancestors().skip(1).position(|folder| folder == other);
                ContextStatus::Ambiguous(levels_up.map_or(other, |levels_up| up(&file.found.path, levels_up)))
            }
            status => status,
        };
        Some(SettledContext { shown, real, status, is_found: true })
    }

    fn named_context(&mut self, shown: PathBuf) -> Option<SettledContext> {
        if let Some(real) = self.real_contexts.get(&shown) {
            return Some(SettledContext::named(shown, real.clone()));
        }
        let real = resolve(&shown).map_err(|error| self.problems.push(error.into())).ok()?;
        if !real.is_dir() {
            let what = "the build context is not a folder: change `context`, or add the folder";
            self.problems.push(Problem::new(&shown, what));
            return None;
        }
        if !real.starts_with(&self.layout.real_root) {
            self.notes.push(format!("{}: this build context is outside the repository", printable_path(&shown)));
        }
        self.real_contexts.insert(shown.clone(), real.clone());
        Some(SettledContext::named(shown, real))
    }

    /// Adds what the next thread's resolver found.
    pub(super) fn join(&mut self, other: Self) {
        for (glob, other) in self.globs.iter_mut().zip(&other.globs) {
            glob.is_used |= other.is_used;
        }
        self.services.extend(other.services);
        self.nameless += other.nameless;
        self.templates += other.templates;
        self.wrong.extend(other.wrong);
        self.said.extend(other.said);
        self.problems.extend(other.problems);
        // In the order of the Dockerfiles, as if one thread had read them all: it says a thing once.
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }
}

/// `words` in the order of their first use.
fn each_once(mut words: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// Whether a build takes this argument though no ARG declares it (Dockerfile reference, "Predefined ARGs" and "BuildKit
/// built-in build args").
pub(super) fn is_predefined(name: &str) -> bool {
    const PROXIES: [&str; 5] = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];
    let is_proxy = PROXIES.iter().any(|proxy| *proxy == name || proxy.to_ascii_lowercase() == name);
    is_proxy || name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH"
}

/// Reads the Dockerfile with these build arguments, if they may change what it says.
fn read_again(file: &mut ReadDockerfile<'_>, args: &BuildArgs, target: Option<&str>) {
    let target = target.filter(|_| file.text.contains(TARGET_STAGE));
    if args.is_empty() && target.is_none() {
        return;
    }
    let mut args = args.clone();
    if let Some(target) = target {
        args.entry(TARGET_STAGE.to_owned()).or_insert_with(|| Some(target.to_owned()));
    }
    file.parsed = read_with(file.text, &args);
}

/// What is wrong with a Dockerfile, with the line of the comment that sets `key`, if one does.
fn wrong(file: &ReadDockerfile<'_>, key: &str, what: &str) -> Problem {
    let comment = file.comments.iter().find(|comment| comment.key == key);
    Problem { line: comment.map(|comment| comment.line), ..Problem::new(&file.found.path, what) }
}

/// The folder `levels` above the one of the file `path`, as it is shown.
pub(super) fn up(path: &Path, levels: usize) -> PathBuf {
    let mut folder = path.parent().unwrap_or(Path::new("")).to_owned();
    for _ in 0..levels {
        let is_below = folder.components().next_back().is_some_and(|part| part != std::path::Component::ParentDir);
        if !is_below || !folder.pop() {
            folder.push("..");
        }
    }
    if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder }
}
