//! Where the parts of a repository are: its root, settings, Dockerfiles and Compose files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::paths::{git_top, resolve, up_to};
use super::scan::{Scan, ScanOptions, scan};
use super::service_name::Set;
use super::settings_check::Checker;
use crate::context::GitIgnored;
use crate::problem::Problem;
use crate::settings::{FILE_NAME, SettingsFile, find};

/// The flags that say where a repository's parts are. What is `None` is left to the settings and the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The folder of Dockerfiles.
    pub dockerfiles: Option<PathBuf>,
    /// The build context of every service.
    pub context: Option<PathBuf>,
    /// The image's name: a plain name, or one with `{service}`, `{program}` and `{variant}`.
    pub image: Option<String>,
    /// The Compose file of the normal set.
    pub output: Option<PathBuf>,
    /// The Compose file of the err set.
    pub err_output: Option<PathBuf>,
    /// Whether `mkcompose.yml` is passed over.
    pub without_settings: bool,
    /// The folder that counts as the one that the program was started in, absolute and without links; then the other paths
    /// here are absolute as well, and so is what is shown.
    pub start: Option<PathBuf>,
    /// The contents of these Dockerfiles, in place of what the files hold.
    pub contents: Contents,
}

/// Contents of files, by the path of each, absolute and without links.
pub type Contents = BTreeMap<PathBuf, Vec<u8>>;

/// The build context that is found, not named.
pub const AUTO: &str = "auto";
/// The folder of Dockerfiles, if it is there and neither flags nor settings name another.
pub const DOCKERFILES: &str = "dockerfiles";
/// The build context of the naming convention.
pub const SAMPLES: &str = "samples";
/// The image name, unless flags or settings give one.
pub const DEFAULT_IMAGE: &str = "minimage";
/// The Compose file of the normal set, unless flags or settings give one.
pub const DEFAULT_OUTPUT: &str = "docker-compose.yml";
/// The Compose file of the err set, unless flags or settings give one.
pub const DEFAULT_ERR_OUTPUT: &str = "docker-compose.err.yml";

/// Where things are, before any Dockerfile is read.
#[derive(Debug)]
pub struct Layout {
    /// The repository's root, as it is shown.
    pub root: PathBuf,
    /// The repository's root, absolute and without links.
    pub real_root: PathBuf,
    /// The Git repository that holds the root, absolute and without links: its `.gitignore` files count, and only a flag leads
    /// out of it. The root itself if there is none, or if that ignores the root.
    pub top: PathBuf,
    /// The settings file, as it is shown, if there is one.
    pub settings_path: Option<PathBuf>,
    /// What it says.
    pub settings: SettingsFile,
    /// The folders to scan, as they are shown.
    pub dockerfiles: Vec<PathBuf>,
    /// The Compose file of the normal set, as it is shown.
    pub output: PathBuf,
    /// The Compose file of the err set, as it is shown.
    pub err_output: PathBuf,
    /// Whether the folders are those of the naming convention.
    pub follows_convention: bool,
    /// Whether a flag leaves out some of the folders that are scanned without it.
    pub is_narrowed: bool,
    /// The git repository that holds the root, as it is shown, if it is a larger folder.
    pub git_above: Option<PathBuf>,
    /// What is wrong with the settings file by itself. The values that are wrong are not among `settings`.
    pub(super) problems: Vec<Problem>,
}

impl Layout {
    /// Reads the settings file and works out where everything is.
    ///
    /// # Errors
    /// If the working directory cannot be found.
    pub fn read(options: &LoadOptions) -> Result<Self, Vec<Problem>> {
        let start = match &options.start {
            Some(start) => start.clone(),
            None => resolve(Path::new(".")).map_err(|error| vec![error.into()])?,
        };
        let file = if options.without_settings { None } else { find(&start) };
        let (root, settings_path, (settings, problems)) = match &file {
            Some(file) => {
                let root = file.parent().unwrap_or(&start);
                let root = if options.start.is_some() { root.to_owned() } else { up_to(&start, root) };
                let shown = join(&root, FILE_NAME);
                let settings = SettingsFile::read(file, &shown);
                (root, Some(shown), settings)
            }
            None => (options.start.clone().unwrap_or_default(), None, (SettingsFile::parse("").0, Vec::new())),
        };
        let is_above = |top: &&Path| file.is_none() && options.start.is_none() && *top != start;
        let git_above = git_top(&start).filter(is_above).map(|top| up_to(&start, top));
        let real_root = file.as_deref().and_then(Path::parent).map_or(start, Path::to_owned);
        Ok(Self { git_above, ..Self::new(options, root, real_root, settings_path, settings, problems) })
    }

    /// The layout of the repository in the folder that the program was started in, with these settings.
    ///
    /// # Errors
    /// If the working directory cannot be found.
    pub fn with_settings(options: &LoadOptions, settings: SettingsFile) -> Result<Self, Vec<Problem>> {
        let start = resolve(Path::new(".")).map_err(|error| vec![error.into()])?;
        Ok(Self::new(options, PathBuf::new(), start, Some(FILE_NAME.into()), settings, Vec::new()))
    }

    fn new(
        options: &LoadOptions,
        root: PathBuf,
        real_root: PathBuf,
        settings_path: Option<PathBuf>,
        mut settings: SettingsFile,
        problems: Vec<Problem>,
    ) -> Self {
        let path = settings_path.as_deref().unwrap_or(Path::new(FILE_NAME));
        let has_say = |top: &&Path| !GitIgnored::of(top).has(&real_root);
        let top = git_top(&real_root).filter(has_say).unwrap_or(&real_root).to_owned();
        let mut checker = Checker { path, root: &root, real_root: &real_root, top: &top, problems };
        checker.check(&mut settings, options);
        let problems = checker.problems;
        let is_folder = |name: &str| real_root.join(name).is_dir();
        // A link to nothing is a folder that was meant, and an error.
        let is_there = |name: &str| real_root.join(name).symlink_metadata().is_ok();
        let without_flag = match settings.dockerfiles.as_slice() {
            [] if is_there(DOCKERFILES) => vec![PathBuf::from(DOCKERFILES)],
            [] => vec![PathBuf::new()],
            folders => folders.iter().map(|folder| PathBuf::from(&folder.value)).collect(),
        };
        let is_narrowed = options.dockerfiles.as_ref().is_some_and(|flag| {
            let is_in = |flag: &Path| {
                let mut folders = without_flag.iter();
                folders.all(|folder| real_root.join(folder).canonicalize().is_ok_and(|real| real.starts_with(flag)))
            };
            !flag.canonicalize().is_ok_and(|flag| is_in(&flag))
        });
        let dockerfiles = match &options.dockerfiles {
            Some(folder) => vec![folder.clone()],
            None => without_flag.iter().map(|folder| join(&root, folder)).collect(),
        };
        let output = |flag: &Option<PathBuf>, setting: &Option<String>, default: &str| {
            flag.clone().unwrap_or_else(|| join(&root, setting.as_deref().unwrap_or(default)))
        };
        let follows_convention =
            is_folder(SAMPLES) && matches!(dockerfiles.as_slice(), [one] if is_called_dockerfiles(one, &real_root));
        Self {
            output: output(&options.output, &settings.output, DEFAULT_OUTPUT),
            err_output: output(&options.err_output, &settings.err_output, DEFAULT_ERR_OUTPUT),
            dockerfiles,
            follows_convention,
            is_narrowed,
            git_above: None,
            root,
            real_root,
            top,
            settings_path,
            settings,
            problems,
        }
    }

    /// The Compose file of `set`, as it is shown.
    pub fn output_of(&self, set: Set) -> &Path {
        match set {
            Set::Normal => &self.output,
            Set::Err => &self.err_output,
        }
    }

    /// Looks for Dockerfiles. The problems begin with those of the settings file; where they leave open where Dockerfiles are,
    /// none is looked for.
    pub fn scan(&self) -> (Scan, Vec<Problem>) {
        let mut problems = self.problems.clone();
        if !self.settings.says_where {
            return (Scan::default(), problems);
        }
        let (scan, of_scan) = scan(&self.scan_options());
        problems.extend(of_scan);
        (scan, problems)
    }

    fn scan_options(&self) -> ScanOptions {
        let repository = if self.root.as_os_str().is_empty() { PathBuf::from(".") } else { self.root.clone() };
        let exclude = self.settings.exclude.iter().map(|glob| glob.value.clone()).collect();
        let (roots, git_above) = (self.dockerfiles.clone(), self.git_above.clone());
        ScanOptions { repository, top: self.top.clone(), roots, exclude, git_above }
    }
}

/// Whether `folder` is called `dockerfiles`, also where it is named as `.` or `..`, and is not the root itself.
fn is_called_dockerfiles(folder: &Path, real_root: &Path) -> bool {
    let is_it = |name: &std::ffi::OsStr| name == DOCKERFILES;
    match folder.file_name() {
        Some(name) => is_it(name),
        None => resolve(folder).is_ok_and(|real| real != real_root && real.file_name().is_some_and(is_it)),
    }
}

/// `folder` and `path` below it, without the `.` parts; an absolute `path` stays as it is.
pub(super) fn join(folder: &Path, path: impl AsRef<Path>) -> PathBuf {
    let joined: PathBuf = folder.join(path).components().filter(|part| *part != std::path::Component::CurDir).collect();
    if joined.as_os_str().is_empty() { PathBuf::from(".") } else { joined }
}
