//! How paths lead from one place to another, and how they are shown.

use std::path::{Component, Path, PathBuf};

use crate::problem::IoError;

/// `path` made absolute and free of `.`, `..` and symbolic links, as far as it exists.
///
/// What does not exist yet is resolved by its words, and a link to it leads there all the same. So two spellings of one
/// place are one path. A link in a circle stays as it is.
///
/// # Errors
/// If the working directory cannot be found.
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

/// `path` without `.` and `..`, by its words alone.
pub fn lexical(path: &Path) -> PathBuf {
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
    let way = way(from, to).into_os_string().into_string().ok()?;
    Some(if way.is_empty() { ".".to_owned() } else { way })
}

/// How to reach `to` from the folder `from`, both from the same place and free of `.` and `..`; empty if they are one.
pub fn way(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

/// The Git repository that `folder`, absolute, is in: the nearest folder with a `.git`, from there upwards.
pub(super) fn git_top(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Whether a file at `path`, which may not be there yet, is in `folder`, absolute and without links; every link followed.
pub fn is_in(folder: &Path, path: &Path) -> bool {
    resolve(path).is_ok_and(|place| place.starts_with(folder))
}

/// How to reach `to`, a folder above `from`, as it is shown; empty if it is `from` itself.
pub(super) fn up_to(from: &Path, to: &Path) -> PathBuf {
    let levels = from.strip_prefix(to).map_or(0, |below| below.components().count());
    std::iter::repeat_n("..", levels).collect()
}
