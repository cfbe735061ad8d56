//! What of a service decides whether it is touched, as paths from the top of the repository.

use std::path::{Path, PathBuf};

use crate::context::{Ignore, Taken};
use crate::dockerfile::ParsedDockerfile;
use crate::problem::IoError;
use crate::repository::service::Service;

/// What of one service decides whether it is touched. Paths are from the top.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The Dockerfile and, if it is a link, where that leads, step by step.
    pub(super) dockerfile: Vec<PathBuf>,
    /// The same of the ignore file that applies; empty if there is none.
    pub(super) ignore_file: Vec<PathBuf>,
    /// The build context.
    pub(super) context: PathBuf,
    /// What is taken of it.
    pub(super) taken: Taken,
}

impl View {
    /// What there is of `service` in the repository at `top`; `None` if a part of it is outside.
    ///
    /// # Errors
    /// If a folder or an ignore file cannot be read.
    pub(super) fn of(service: &Service, top: &Path) -> Result<Option<Self>, IoError> {
        let (dockerfile, context) = (&service.real_dockerfile, &service.real_context);
        let Ok(below) = context.strip_prefix(top) else { return Ok(None) };
        let Some(way) = way(dockerfile, top) else { return Ok(None) };
        let ignore = Ignore::of(service.real_built_file(), context)?;
        let Some(ignore_file) = ignore.path().map_or(Some(Vec::new()), |path| self::way(path, top)) else {
            return Ok(None);
        };
        let nothing = ParsedDockerfile::default();
        let mut taken = Taken::of(context, service.parsed.as_ref().unwrap_or(&nothing), ignore)?;
        if service.local_bases.iter().any(|base| base.has_onbuild_sources) {
            taken.add_anything();
        }
        Ok(Some(Self { dockerfile: way, ignore_file, context: below.to_owned(), taken }))
    }

    /// Every path that it uses.
    pub(super) fn used(&self) -> impl Iterator<Item = PathBuf> {
        let files = self.dockerfile.iter().chain(&self.ignore_file).cloned();
        let taken = self.taken.places().map(|place| self.context.join(place));
        files.chain([self.context.clone()]).chain(taken)
    }
}

/// The file at `path` and, if it is a link, where it leads, step by step, from `top`; `None` if that is outside.
fn way(path: &Path, top: &Path) -> Option<Vec<PathBuf>> {
    /// As many links as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut at = path.to_owned();
    let mut way = Vec::new();
    for _ in 0..=MOST_LINKS {
        let folder = at.parent()?.canonicalize().ok()?;
        at = folder.join(at.file_name()?);
        way.push(at.strip_prefix(top).ok()?.to_owned());
        match std::fs::read_link(&at) {
            Ok(to) => at = folder.join(to),
            Err(_) => return Some(way),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::way;

    #[test]
    fn each_link_on_the_way_to_a_file_counts_and_none_leads_outside() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        std::fs::create_dir(top.join("a")).unwrap();
        std::fs::write(top.join("file"), "").unwrap();
        for (link, to) in [("a/one", "two"), ("a/two", "../file"), ("out", "/etc/hostname"), ("loop", "loop")] {
            symlink(to, top.join(link)).unwrap();
        }
        let shown = |name: &str| {
            way(&top.join(name), &top)
                .map(|way| way.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(shown("a/one").as_deref(), Some("a/one a/two file"));
        assert_eq!(shown("file").as_deref(), Some("file"));
        assert_eq!([shown("out"), shown("loop")], [None, None]);
    }
}
