//! The command in the first line of a Compose file, which writes the file again.
//!
//! It is run in the root of the repository and says what no settings file says, so that it is the same text wherever the program
//! was started.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::cli::{Options, argument};
use crate::error::Error;
use crate::problem::IoError;
use crate::repository::image_name::ImageName;
use crate::repository::layout::{DEFAULT_ERR_OUTPUT, DEFAULT_IMAGE, DEFAULT_OUTPUT, DOCKERFILES, SAMPLES};
use crate::repository::{AUTO, Repository, resolve, way};
use crate::settings::{self, FILE_NAME};
use image_analyzer::printable::printable_path;

/// A command that writes the Compose files again.
pub(super) struct HeaderCommand {
    /// Its flags, each with a space before it.
    flags: String,
    /// Whether some of them have paths.
    has_paths: bool,
    /// The folder to run it in, absolute and without links.
    folder: PathBuf,
    /// The settings file that it reads, likewise.
    settings: Option<PathBuf>,
}

impl HeaderCommand {
    /// The command that does what the program was asked to do.
    ///
    /// # Errors
    /// If the working directory cannot be found.
    pub(super) fn of(repository: &Repository, options: &Options) -> Result<Self, Error> {
        let home = folder_of(&repository.output)?;
        if depends_on_home_alone(repository, options, &home) {
            let at_home = Self::run_in(home, true, repository, options)?;
            if !at_home.has_paths {
                return Ok(at_home);
            }
        }
        Self::run_in(repository.real_root.clone(), false, repository, options)
    }

    /// The command for this folder: the root, or the one of the Compose file, if nothing depends on the root.
    fn run_in(folder: PathBuf, is_home: bool, repository: &Repository, options: &Options) -> Result<Self, Error> {
        let settings = repository.settings_path.as_ref().map(|_| repository.real_root.join(FILE_NAME));
        let mut command = Self { flags: String::new(), has_paths: false, folder, settings };
        let folder = command.folder.clone();
        if let Some(flag) = &options.dockerfiles {
            let place = place_of(flag)?;
            let named = folder.join(DOCKERFILES);
            let default = if named.symlink_metadata().is_ok() { &named } else { &folder };
            command.add_path("--dockerfiles", &place, place == *default && !repository.said.contains("dockerfiles"));
        }
        // The default is that of the convention, or the search.
        let has_samples = repository.follows_convention || is_home && follows_convention(options, &folder)?;
        let is_silent = !repository.said.contains("context");
        match &options.context {
            Some(flag) if flag == Path::new(AUTO) => {
                command.add("--context", flag.as_os_str(), is_silent && !has_samples);
            }
            Some(flag) => {
                let place = place_of(flag)?;
                let is_default = has_samples && place == folder.join(SAMPLES);
                command.add_path("--context", &place, is_silent && is_default);
            }
            None => {}
        }
        if let Some(image) = &options.image {
            let is_default = ImageName::parse(image) == ImageName::parse(DEFAULT_IMAGE);
            command.add("--image", OsStr::new(image), is_default && !repository.said.contains("image"));
        }
        let outputs = [
            ("-o", "output", &options.output, &repository.output, DEFAULT_OUTPUT),
            ("--err-output", "err_output", &options.err_output, &repository.err_output, DEFAULT_ERR_OUTPUT),
        ];
        for (flag, key, given, path, default) in outputs {
            if given.is_some() || is_home {
                let place = place_of(path)?;
                let is_default = place == folder.join(default);
                command.add_path(flag, &place, is_default && !repository.said.contains(key));
            }
        }
        Ok(command)
    }

    /// Adds a flag, unless nothing but the default says the same.
    fn add(&mut self, flag: &str, value: &OsStr, is_default: bool) {
        if !is_default {
            self.flags += &argument(flag, value);
        }
    }

    /// Adds a flag with a path.
    fn add_path(&mut self, flag: &str, place: &Path, is_default: bool) {
        let way = match way(&self.folder, place) {
            way if way.as_os_str().is_empty() => PathBuf::from("."),
            way => way,
        };
        self.has_paths |= !is_default;
        self.add(flag, way.as_os_str(), is_default);
    }

    /// The command as a sentence goes on with it, in a Compose file of the folder `home`; with the folder to run it in, if that is
    /// another one.
    pub(super) fn in_file_of(&self, home: &Path) -> String {
        let is_elsewhere = home != self.folder && !self.is_run_anywhere_above(home);
        let place =
            if is_elsewhere { format!(" in `{}`", printable_path(&way(home, &self.folder))) } else { String::new() };
        format!("`mkcompose{}`{place}", self.flags)
    }

    /// Whether the command does the same in `home`: it has no paths, and the same settings are found from there.
    fn is_run_anywhere_above(&self, home: &Path) -> bool {
        self.flags.is_empty() && self.settings.is_some() && settings::find(home) == self.settings
    }
}

/// The folder of a file that may not be there, absolute and without links.
pub(super) fn folder_of(file: &Path) -> Result<PathBuf, IoError> {
    resolve(file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Where `path` is, absolute. Only the folders on the way have no links: a name may mean something.
fn place_of(path: &Path) -> Result<PathBuf, IoError> {
    match path.file_name() {
        Some(name) => Ok(folder_of(path)?.join(name)),
        None => resolve(path),
    }
}

/// Whether a run in `home`, the folder of the Compose file, gives the same files as this run, which was started above it: every
/// place is given by a flag, and neither settings nor a `.gitignore` make a difference.
fn depends_on_home_alone(repository: &Repository, options: &Options, home: &Path) -> bool {
    let is_named = |path: &Path| path != Path::new(AUTO);
    let has_gitignore = |folder: &Path| folder.join(".gitignore").symlink_metadata().is_ok();
    let mut between = home.ancestors().skip(1).take_while(|folder| folder.starts_with(&repository.real_root));
    home != repository.real_root
        && home.starts_with(&repository.real_root)
        && options.dockerfiles.is_some()
        && options.context.as_deref().is_some_and(is_named)
        && repository.settings_path.is_none()
        && settings::find(home).is_none()
        && !between.any(has_gitignore)
}

/// Whether a run in `folder` finds the naming convention there.
fn follows_convention(options: &Options, folder: &Path) -> Result<bool, IoError> {
    let dockerfiles = options.dockerfiles.as_deref().map(place_of).transpose()?;
    let is_named = dockerfiles.is_some_and(|place| place.file_name() == Some(OsStr::new(DOCKERFILES)));
    Ok(is_named && folder.join(SAMPLES).is_dir())
}
