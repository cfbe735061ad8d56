//! One repository of samples and Dockerfiles: where its folders and Compose files are and what its images are called.
//!
//! Flags become these domain types once, at the edge. Paths are kept twice: as the person wrote them, to show, and
//! resolved, to work out how one reaches the other. It reads no Dockerfile and writes nothing.

pub mod read_all;
pub mod scan;
pub mod select;
pub mod service;
pub mod service_name;

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::problem::{IoError, Problem};
use crate::repository::scan::{ScanOptions, scan_all};
use crate::repository::service_name::{ServiceName, Set, collisions};

/// A Dockerfile and the service that it makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dockerfile {
    /// The service.
    pub service: ServiceName,
    /// Its path, as it is shown.
    pub path: PathBuf,
    /// The way from the scanned folder, the file's name included, with `/` between the parts.
    pub below: String,
}

/// Where everything of one repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The repository's root, as it is shown.
    pub root: PathBuf,
    /// The folder that is scanned, as it is shown.
    pub dockerfiles: PathBuf,
    /// The build context, as it is shown.
    pub context: PathBuf,
    /// The Compose file of the normal set, as it is shown.
    pub output: PathBuf,
    /// The Compose file of the err set, as it is shown.
    pub err_output: PathBuf,
    /// The image repository, as given; [`Project::scan`] checks it.
    pub repository: String,
}

/// Repository names as the distribution reference specification has them, with an optional registry `host[:port]/`.
static REPOSITORY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let label = "(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?");
    Regex::new(&format!(r"\A(?:{host}/)?{component}(?:/{component})*\z")).ok()
});

impl Project {
    /// The most bytes a repository name may have (distribution/reference).
    pub const MAX_REPOSITORY_LEN: usize = 255;

    /// Scans the dockerfiles folder and checks the names.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn scan(&self) -> Result<Vec<Dockerfile>, Vec<Problem>> {
        let options =
            ScanOptions { repository: self.root.clone(), roots: vec![self.dockerfiles.clone()], exclude: Vec::new() };
        let (scan, mut problems) = scan_all(&options);
        let mut dockerfiles = Vec::with_capacity(scan.found.len());
        for found in scan.found {
            match found.service_name(&self.repository) {
                Ok(service) => dockerfiles.push(Dockerfile { service, path: found.path, below: found.below }),
                Err(problem) => problems.push(problem),
            }
        }
        dockerfiles.sort_unstable();
        let names: Vec<_> = dockerfiles.iter().map(|of| (of.service.clone(), of.path.as_path())).collect();
        problems.extend(collisions(&names));
        problems.extend(self.repository_problem());
        problems.sort();
        if problems.is_empty() { Ok(dockerfiles) } else { Err(problems) }
    }

    /// The image reference of `service`: `minimage:hello-c.gcc`.
    pub fn image(&self, service: &ServiceName) -> String {
        [self.repository.as_str(), ":", service.as_str()].concat()
    }

    /// The Compose file of `set`, as it is shown.
    pub fn output_of(&self, set: Set) -> &Path {
        match set {
            Set::Normal => &self.output,
            Set::Err => &self.err_output,
        }
    }

    fn repository_problem(&self) -> Option<Problem> {
        let name = self.repository.as_str();
        let what = if name.len() > Self::MAX_REPOSITORY_LEN {
            format!(
                "an image repository has at most {} characters, this one {}: shorten it",
                Self::MAX_REPOSITORY_LEN,
                name.len()
            )
        } else if is_plain_word(name) || REPOSITORY.as_ref().is_some_and(|grammar| grammar.is_match(name)) {
            return None;
        } else {
            "not a valid image repository (lower-case letters, digits, separated by `.` `_` `-` or `/`): choose another name for `--image`".to_owned()
        };
        Some(Problem::new(format!("--image {name}"), what))
    }
}

/// A repository name of one component without separators, as most are. It saves making the grammar, which at sixty
/// Dockerfiles would take as long as all else.
fn is_plain_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `path` made absolute and free of `.`, `..` and symbolic links, as far as it exists.
///
/// What does not exist yet is resolved by its words, and a link to it leads there all the same. So two spellings of one
/// place are one path. A link in a circle stays as it is.
///
/// # Errors
/// If the working directory cannot be told.
pub fn resolve(path: &Path) -> Result<PathBuf, IoError> {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut absolute = std::path::absolute(path).map_err(IoError::new("resolve", path))?;
    for _ in 0..MOST_LINKS {
        match first_step(&absolute) {
            Step::There(real) => return Ok(real),
            Step::Link(to) => absolute = to,
        }
    }
    Ok(lexical(&absolute))
}

/// How far [`resolve`] came.
enum Step {
    /// All the way.
    There(PathBuf),
    /// To a link to what does not exist; it leads here.
    Link(PathBuf),
}

fn first_step(absolute: &Path) -> Step {
    let mut missing = Vec::new();
    let mut at = absolute;
    loop {
        let onward = |from: PathBuf| missing.iter().rev().fold(from, |path, part| path.join(part));
        if let Ok(real) = at.canonicalize() {
            return Step::There(lexical(&onward(real)));
        }
        let (Some(parent), Some(last)) = (at.parent(), at.components().next_back()) else {
            return Step::There(lexical(absolute));
        };
        if let Ok(to) = std::fs::read_link(at) {
            return Step::Link(onward(parent.join(to)));
        }
        missing.push(last.as_os_str().to_owned());
        at = parent;
    }
}

fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// How to reach `to` from the folder `from`, both as [`resolve`] makes them, with `/` between folders.
///
/// `None` if a part of the way is not UTF-8.
pub fn relative(from: &Path, to: &Path) -> Option<String> {
    let from: Vec<_> = from.components().collect();
    let to: Vec<_> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(shared).map(|_| Some(".."));
    let down = to.iter().skip(shared).map(|part| part.as_os_str().to_str());
    let parts = up.chain(down).collect::<Option<Vec<_>>>()?;
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}
