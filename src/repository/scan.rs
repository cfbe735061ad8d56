//! From a folder to its Dockerfiles, sorted, or every problem at once.
//!
//! Walks the folder and reads names only: no Dockerfile is opened here. This is where order is made: whatever order the
//! operating system lists a folder in, what comes out is sorted by the bytes of the service, and stays so.

mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub use crate::problem::Problem;
use crate::repository::service_name::{PREFIX, ServiceName};
use image_analyzer::printable::printable_path;

/// A regular file named `Dockerfile.SERVICE`, found below the dockerfiles folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dockerfile {
    /// What its name makes it.
    pub service: ServiceName,
    /// Where it is: the scanned folder, as it was given, and the way from there.
    pub path: PathBuf,
    /// The way from the scanned folder to its own, with a `/` after each folder, whatever the system uses. Empty if it
    /// is in the scanned folder itself.
    pub below: String,
}

/// Finds every Dockerfile below `folder`, sorted by service.
///
/// Folders are entered to any depth, through symbolic links too. What has a hidden name is not looked at, be it a folder,
/// a file or a link. `Dockerfile.NAME.dockerignore`, a bare `Dockerfile` and files of other names are passed over.
///
/// # Errors
/// Every problem there is, sorted by path: a folder that is missing, empty or cannot be read, a broken link whatever its
/// name (it may have led to a folder of Dockerfiles), a link loop, a name that is invalid or not UTF-8, a name that another
/// Dockerfile has, a name that `docker buildx bake` would take for that of another.
pub fn scan(folder: &Path) -> Result<Vec<Dockerfile>, Vec<Problem>> {
    let (mut found, mut problems) = walk::walk(folder);
    // No two are equal in every part, so there is no order among equals to keep.
    found.sort_unstable();
    problems.extend(same_name(&found));
    problems.extend(same_in_bake(&found));
    if found.is_empty() && problems.is_empty() {
        problems.push(Problem::new(
            folder,
            format!("no Dockerfile in this folder: add one named `{PREFIX}PROGRAM.BUILD-IMAGE`"),
        ));
    }
    if problems.is_empty() {
        return Ok(found);
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

/// Whether a file at `path` would be taken for a Dockerfile where [`scan`] looks, valid name or not.
pub fn is_named_like_a_dockerfile(path: &Path) -> bool {
    path.file_name().is_some_and(|name| walk::service_part(name).is_some())
}

/// What to do about something below the dockerfiles folder that cannot be read.
pub const OUT_OF_THE_WAY: &str = "give yourself the permission, or move it out of the way";

/// Two files of one name in different folders: one service, so only one of them could be built.
fn same_name(sorted: &[Dockerfile]) -> Vec<Problem> {
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    pairs
        .filter(|(first, second)| first.service == second.service)
        .map(|(first, second)| {
            let what = format!("the same name as `{}`: rename one of the two", printable_path(&first.path));
            Problem::new(&second.path, what)
        })
        .collect()
}

/// Names that differ only in `.` and `_`: bake's target names have no dot, it writes `_` for it, and of two services
/// that become one target one is silently dropped (docker/compose#14058).
fn same_in_bake(sorted: &[Dockerfile]) -> Vec<Problem> {
    // Of two different names that become one, one has a `_` where the other has a `.`.
    if !sorted.iter().any(|dockerfile| dockerfile.service.as_str().contains('_')) {
        return Vec::new();
    }
    let mut targets: HashMap<String, &Dockerfile> = HashMap::with_capacity(sorted.len());
    let mut problems = Vec::new();
    for dockerfile in sorted {
        let target = dockerfile.service.as_str().replace('.', "_");
        let what = match targets.get(&target) {
            Some(first) if first.service != dockerfile.service => format!(
                "`docker buildx bake` cannot tell this name from `{}`, it reads both as `{target}`: rename one of the two",
                printable_path(&first.path)
            ),
            Some(_) => continue,
            None => {
                targets.insert(target, dockerfile);
                continue;
            }
        };
        problems.push(Problem::new(&dockerfile.path, what));
    }
    problems
}
