//! What is wrong with a settings file by itself, before any Dockerfile is looked for: values that no service can have.
//!
//! A wrong value is reported once, with its line, and removed, so that the rest can be checked in the same run.

use std::path::{Path, PathBuf};

use ignore::gitignore::GitignoreBuilder;

use super::image_name::{ImageName, of_tags};
use super::layout::{AUTO, LoadOptions, join};
use super::paths::is_in;
use super::select::matcher;
use crate::problem::Problem;
use crate::settings::{ServiceSettings, SettingsFile};
use image_analyzer::printable::{printable, printable_path};

/// Checks the values of a settings file.
pub(super) struct Checker<'c> {
    /// The settings file, as it is shown.
    pub(super) path: &'c Path,
    /// The repository's root, as it is shown.
    pub(super) root: &'c Path,
    /// The repository's root, absolute and without links.
    pub(super) real_root: &'c Path,
    /// The folder that no path in the file leads out of, the same way.
    pub(super) top: &'c Path,
    /// What was found.
    pub(super) problems: Vec<Problem>,
}

impl Checker<'_> {
    /// Checks everything and removes what is wrong.
    pub(super) fn check(&mut self, settings: &mut SettingsFile, options: &LoadOptions) {
        self.exclude(settings);
        if options.dockerfiles.is_none() {
            self.dockerfiles(settings);
        }
        self.outputs(settings, options);
        self.services(settings);
        let mut all = std::mem::take(&mut settings.all);
        self.service(&mut all, |key| settings.line_of(&[key]));
        settings.all = all;
    }

    fn say(&mut self, line: usize, what: &str) {
        self.problems.push(Problem::new(self.path, what).at(line));
    }

    fn exclude(&mut self, settings: &mut SettingsFile) {
        settings.exclude.retain(|glob| {
            let Err(why) = GitignoreBuilder::new("").add_line(None, &glob.value) else { return true };
            let why = reason(&why);
            self.say(
                glob.line,
                &format!("`exclude`: `{}` is not a valid glob ({why}): correct it", printable(&glob.value)),
            );
            settings.says_where = false;
            false
        });
    }

    fn dockerfiles(&mut self, settings: &mut SettingsFile) {
        let mut seen: Vec<PathBuf> = Vec::new();
        for folder in &settings.dockerfiles {
            let shown = printable(&folder.value);
            let wrong = match self.real_root.join(&folder.value).canonicalize() {
                Ok(real) if seen.contains(&real) => {
                    format!("`dockerfiles`: `{shown}` is listed twice: remove one of them")
                }
                Ok(real) if real.is_dir() => {
                    seen.push(real);
                    continue;
                }
                Ok(_) => format!("`dockerfiles`: `{shown}` is not a folder: name the folder that it is in"),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    let near = nearest_folder(&folder.value, self.real_root);
                    let fix =
                        near.map_or_else(|| "correct the path".to_owned(), |near| format!("did you mean `{near}`?"));
                    format!("`dockerfiles`: there is no folder `{shown}` beside this file: {fix}")
                }
                // The scan says what the operating system refuses.
                Err(_) => continue,
            };
            self.say(folder.line, &wrong);
            settings.says_where = false;
        }
    }

    fn outputs(&mut self, settings: &mut SettingsFile, options: &LoadOptions) {
        let line = [settings.line_of(&["output"]), settings.line_of(&["err_output"])];
        let keys = [
            ("output", &options.output, &mut settings.output),
            ("err_output", &options.err_output, &mut settings.err_output),
        ];
        for ((key, flag, setting), line) in keys.into_iter().zip(line) {
            // A flag wins, and in a copy of a commit nothing is written.
            let Some(path) = setting.as_ref().filter(|_| flag.is_none() && options.start.is_none()) else { continue };
            let place = self.real_root.join(path);
            let what = if place.is_dir() {
                "is a folder: name a file in it".to_owned()
            } else if !is_in(self.top, &place) {
                let flag = key.replace('_', "-");
                format!("leads out of the repository: name a file in it, or use `--{flag}`")
            } else {
                continue;
            };
            self.say(line, &format!("`{key}`: `{}` {what}", printable(path)));
            *setting = None;
        }
    }

    fn services(&mut self, settings: &mut SettingsFile) {
        let mut services = std::mem::take(&mut settings.services);
        services.retain_mut(|located| {
            let (glob, of_glob) = &mut located.value;
            self.service(of_glob, |key| settings.line_of(&["services", glob, key]));
            let Err(why) = matcher(glob) else { return true };
            self.say(located.line, &format!("`{}` is not a valid glob ({why}): correct it", printable(glob)));
            false
        });
        settings.services = services;
    }

    fn service(&mut self, settings: &mut ServiceSettings, line: impl Fn(&str) -> usize) {
        if let Some(Err(why)) = settings.image.as_deref().map(ImageName::parse) {
            self.say(line("image"), &format!("`image`: {why}"));
            settings.image = None;
        }
        let tags = settings.tags.iter().flatten();
        let wrong: Vec<_> = tags.filter_map(|tag| ImageName::parse(tag).err()).collect();
        for why in &wrong {
            self.say(line("tags"), &of_tags(why));
        }
        if !wrong.is_empty() {
            settings.tags = None;
        }
        if let Some(what) =
            settings.context.as_deref().and_then(|context| wrong_context(context, self.root, self.real_root))
        {
            self.say(line("context"), &what);
            settings.context = None;
        }
    }
}

/// What is wrong with the value `context` of the key `context`, in the repository whose root is shown as `root`.
pub(super) fn wrong_context(context: &str, root: &Path, real_root: &Path) -> Option<String> {
    if Path::new(context).is_absolute() {
        let shown = printable(context);
        return Some(format!("`context`: `{shown}` is absolute: write it relative to the repository's root"));
    }
    if context == AUTO || real_root.join(context).is_dir() {
        return None;
    }
    let place = printable_path(&join(root, context));
    let near = nearest_folder(context, real_root);
    let fix =
        near.map_or_else(|| "correct the path, or add the folder".to_owned(), |near| format!("did you mean `{near}`?"));
    Some(format!("`context`: `{place}` is not a folder: {fix}"))
}

/// The folder that `path`, a path from `root` that leads nowhere, most likely means: one beside it, in the words of `path`.
fn nearest_folder(path: &str, root: &Path) -> Option<String> {
    /// More folders are not looked through.
    const MOST: usize = 10_000;
    let path = Path::new(path);
    let wanted = path.file_name()?.to_str()?;
    let parent = path.parent().unwrap_or(Path::new(""));
    let entries = std::fs::read_dir(root.join(parent)).ok()?.take(MOST).flatten();
    let folders =
        entries.filter(|entry| entry.path().is_dir()).filter_map(|entry| entry.file_name().into_string().ok());
    let mut folders: Vec<_> = folders.collect();
    folders.sort_unstable();
    let near = crate::settings::nearest(wanted, folders.iter().map(String::as_str))?;
    Some(printable_path(&parent.join(near)))
}

/// What is wrong with a glob, without the glob, which `ignore` repeats.
fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    }
}
