//! Finds the build context of a Dockerfile that nothing names: the nearest folder, from the Dockerfile's own up to the
//! repository's root, in which everything is that COPY, ADD and bind mounts take.

use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use super::search::Search;
use super::whole_context::{holds_more_than_dockerfiles, level_of_project, level_that_leads_to_own};
use super::{GitIgnored, Ignore, Presence, clean, place_of};
use crate::dockerfile::ParsedDockerfile;
use crate::problem::IoError;

/// How sure it is that a build context is the right one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ContextStatus {
    /// It was named, or it is the only folder that fits.
    #[default]
    Clear,
    /// This folder, further up, fits as well.
    Ambiguous(PathBuf),
    /// What it takes from there has the name of the Dockerfile's own folder, as in `tool/Dockerfile` with `COPY tool /`: that
    /// folder, or a program that is made in it.
    TakesOwnFolder,
    /// No folder fits: this source is not in the one that was taken.
    NothingFits(String),
}

/// A build context that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundContext {
    /// How many folders above the Dockerfile's own it is.
    pub levels_up: usize,
    /// How sure that is.
    pub status: ContextStatus,
}

/// Finds the build context of the Dockerfile at `dockerfile`, absolute and without links on the way to it, in the repository at
/// `root`, of which `git` knows what is ignored. `built` is the file that is built: where the Dockerfile is a link out of its folder, what that leads to.
///
/// # Errors
/// If a folder or an ignore file cannot be read.
pub fn find(
    dockerfile: &Path,
    built: &Path,
    root: &Path,
    git: &GitIgnored,
    parsed: &ParsedDockerfile,
) -> Result<FoundContext, IoError> {
    if parsed.sources.is_empty() {
        return Ok(FoundContext { levels_up: 0, status: ContextStatus::Clear });
    }
    let named = parsed.sources.iter().filter(|source| !source.is_optional && !clean(&source.path).is_empty());
    let mut paths: Vec<_> = named.map(|source| source.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let folders = folders(dockerfile, root);
    let found = of_paths(built, &folders, git, parsed, &paths)?;
    // A build goes on without what fits a pattern.
    paths.retain(|path| !Pattern::is_needed(path));
    match found.status {
        ContextStatus::NothingFits(source) if Pattern::is_needed(&source) => {
            of_paths(built, &folders, git, parsed, &paths)
        }
        _ => Ok(found),
    }
}

/// The same, by these of the paths that it takes.
fn of_paths(
    built: &Path,
    folders: &[PathBuf],
    git: &GitIgnored,
    parsed: &ParsedDockerfile,
    paths: &[&str],
) -> Result<FoundContext, IoError> {
    let clear = |levels_up| FoundContext { levels_up, status: ContextStatus::Clear };
    let takes_all = parsed.sources.iter().any(|source| clean(&source.path).is_empty());
    if paths.is_empty() && !takes_all {
        return Ok(clear(0));
    }
    if paths.is_empty() {
        return Ok(of_everything(folders, git, parsed));
    }
    let mut fitting = None;
    let mut rival = None;
    // The nearest folder that lacks only what git ignores, which is made before the build.
    let mut made = None;
    let mut best = Best::default();
    for (level, folder) in folders.iter().enumerate() {
        let ignore = Ignore::of(built, folder)?;
        // What git ignores is there on one machine and not on another.
        let is_made = |path: &&str| git.has(&place_of(folder, path));
        let mut absent = Vec::new();
        for path in paths {
            if Search::new(folder, &ignore).find(&clean(path))? != Presence::There {
                absent.push(*path);
            }
        }
        let fits = absent.is_empty() && (!takes_all || holds_more_than_dockerfiles(folder, git));
        match (fits, fitting) {
            (true, None) => fitting = Some(level),
            // Either makes the same image, or what fits there is a folder of the file's name, as in `tool/tool`.
            (true, Some(first)) if is_no_rival(paths, folders.get(first), folder) => {}
            (true, Some(first)) if is_made_in(folders.get(first), paths, git) || paths.iter().any(is_made) => {}
            // Builds begin in the Dockerfile's folder, in the one above it, or at the root.
            (true, Some(0)) if level > 1 && level + 1 < folders.len() => {}
            (true, Some(_)) => rival = rival.or(Some(folder)),
            (false, _) => {
                if made.is_none() && !absent.is_empty() && absent.iter().all(is_made) {
                    made = Some(level);
                }
                let found = paths.iter().filter(|path| !absent.contains(path) && !is_made(path)).count();
                best.see(level, found, absent.first().copied().unwrap_or("."));
            }
        }
    }
    Ok(match (fitting, made, rival) {
        (Some(level), Some(made), _) if made < level => clear(made),
        (Some(levels_up), _, Some(rival)) => {
            FoundContext { levels_up, status: ContextStatus::Ambiguous(rival.clone()) }
        }
        (Some(1), _, None) if is_own_folder(paths, folders.first()) => {
            FoundContext { levels_up: 1, status: ContextStatus::TakesOwnFolder }
        }
        (Some(level), ..) | (None, Some(level), _) => clear(level),
        (None, None, _) => best.context(),
    })
}

/// Whether git ignores one of `paths` in `folder`.
fn is_made_in(folder: Option<&PathBuf>, paths: &[&str], git: &GitIgnored) -> bool {
    folder.is_some_and(|folder| paths.iter().any(|path| git.has(&place_of(folder, path))))
}

/// The build context of a Dockerfile that takes everything there is and names nothing.
fn of_everything(folders: &[PathBuf], git: &GitIgnored, parsed: &ParsedDockerfile) -> FoundContext {
    let level = level_that_leads_to_own(folders, git, parsed).or_else(|| {
        let holds_more =
            |level: &usize| folders.get(*level).is_some_and(|folder| holds_more_than_dockerfiles(folder, git));
        let holding_more: Vec<_> = (0..folders.len()).filter(holds_more).collect();
        if holding_more.first() == Some(&0) { Some(0) } else { level_of_project(folders, git, &holding_more) }
    });
    let nothing = || FoundContext { levels_up: 0, status: ContextStatus::NothingFits(".".to_owned()) };
    level.map_or_else(nothing, |levels_up| FoundContext { levels_up, status: ContextStatus::Clear })
}

/// Whether all that is taken has the name of the Dockerfile's own folder.
fn is_own_folder(paths: &[&str], own: Option<&PathBuf>) -> bool {
    let name = own.and_then(|own| own.file_name()?.to_str());
    matches!(paths, [path] if name.is_some() && !path.ends_with('/') && clean(path).as_slice() == [name.unwrap_or_default()])
}

/// The folder that has the most of what is taken, where none has all.
#[derive(Default)]
struct Best<'p> {
    level: usize,
    found: usize,
    /// The first path that it lacks.
    absent: &'p str,
    /// Whether another folder has as much.
    is_shared: bool,
}

impl<'p> Best<'p> {
    fn see(&mut self, level: usize, found: usize, absent: &'p str) {
        if level == 0 || found > self.found {
            *self = Self { level, found, absent, is_shared: false };
        } else if found == self.found {
            self.is_shared = true;
        }
    }

    /// One folder has part of it and the others have less: it is the context, and the rest is missing there.
    fn context(self) -> FoundContext {
        let is_clear = self.found > 0 && !self.is_shared;
        let status = if is_clear { ContextStatus::Clear } else { ContextStatus::NothingFits(self.absent.to_owned()) };
        FoundContext { levels_up: self.level, status }
    }
}

/// The Dockerfile's folder and those above it, up to the repository's root.
fn folders(dockerfile: &Path, root: &Path) -> Vec<PathBuf> {
    let above = dockerfile.ancestors().skip(1);
    let mut folders: Vec<_> = above.take_while(|folder| folder.starts_with(root)).map(Path::to_owned).collect();
    if folders.is_empty() {
        // The Dockerfile is outside the repository.
        folders.extend(dockerfile.parent().map(Path::to_owned));
    }
    folders
}

/// Whether each of `paths` is a file, and the same one in both folders; or one is a file in the first, a folder in the
/// second.
fn is_no_rival(paths: &[&str], first: Option<&PathBuf>, second: &Path) -> bool {
    /// Larger files are not compared.
    const MOST_BYTES: u64 = 1 << 20;
    let Some(first) = first else { return false };
    let is_other = |path: &&str| {
        let below = clean(path).join("/");
        first.join(&below).is_file() && second.join(&below).is_dir()
    };
    if paths.iter().any(is_other) {
        return true;
    }
    paths.iter().all(|path| {
        let below = clean(path).join("/");
        let read = |folder: &Path| {
            let file = folder.join(&below);
            let there = file.metadata().ok().filter(|there| there.is_file() && there.len() <= MOST_BYTES);
            there.and_then(|_| std::fs::read(file).ok())
        };
        read(first).is_some_and(|bytes| read(second) == Some(bytes))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{ContextStatus, FoundContext, GitIgnored, find};
    use crate::dockerfile::{ParsedDockerfile, read};

    fn find_at(dockerfile: &Path, root: &Path, parsed: &ParsedDockerfile) -> FoundContext {
        find(dockerfile, dockerfile, root, &GitIgnored::of(root), parsed).unwrap()
    }

    /// The levels and the status for `Dockerfile` in `a/b` with these lines, where these files are.
    #[track_caller]
    fn found(files: &[&str], lines: &str) -> (usize, ContextStatus) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for file in files.iter().chain(&["a/b/Dockerfile"]) {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, if file.ends_with("ignore") { "/secret\n" } else { file }).unwrap();
        }
        let parsed = read(&format!("FROM x\n{lines}\n")).unwrap();
        let found = find_at(&root.join("a/b/Dockerfile"), &root, &parsed);
        let status = match found.status {
            ContextStatus::Ambiguous(folder) => {
                ContextStatus::Ambiguous(folder.strip_prefix(&root).unwrap_or(Path::new("?")).to_owned())
            }
            status => status,
        };
        (found.levels_up, status)
    }

    #[test]
    fn the_nearest_folder_with_every_source_is_the_context() {
        assert_eq!(found(&["a/b/x"], "COPY x /"), (0, ContextStatus::Clear));
        assert_eq!(found(&["a/x", "y"], "COPY x /"), (1, ContextStatus::Clear));
        assert_eq!(found(&["a/x", "y"], "COPY a/x y /"), (2, ContextStatus::Clear));
        assert_eq!(found(&["a/b/x.txt"], "ADD *.txt /"), (0, ContextStatus::Clear));
        assert_eq!(found(&["x"], "RUN --mount=source=x,target=/x true"), (2, ContextStatus::Clear));
    }

    #[test]
    fn a_dockerfile_that_takes_nothing_has_its_own_folder() {
        assert_eq!(found(&["x"], "RUN true\nADD https://example.org/x /"), (0, ContextStatus::Clear));
        assert_eq!(found(&["x"], "COPY --from=y /x /"), (0, ContextStatus::Clear));
    }

    #[test]
    fn everything_is_satisfied_by_a_folder_that_holds_more_than_dockerfiles() {
        assert_eq!(found(&["a/b/Dockerfile.dev", "a/b/README.md", "a/main.c"], "COPY . /"), (1, ContextStatus::Clear));
        assert_eq!(found(&["a/b/main.c", "x"], "COPY . /"), (0, ContextStatus::Clear));
    }

    #[test]
    fn everything_is_satisfied_by_the_project_where_the_own_folder_has_only_dockerfiles() {
        let files = ["a/b/x.Dockerfile", "a/build", "go.mod"];
        assert_eq!(found(&files, "RUN --mount=target=. go vet ./..."), (2, ContextStatus::Clear));
        assert_eq!(found(&["a/c/Dockerfile", "main.c"], "ADD . ."), (2, ContextStatus::Clear));
        assert_eq!(found(&["a/app.py", "Makefile"], "COPY . ."), (1, ContextStatus::Clear));
        assert_eq!(found(&["a/b/run.sh", "a/b/x.Dockerfile", "go.mod"], "COPY . /"), (0, ContextStatus::Clear));
        assert_eq!(found(&["a/c/README.md"], "COPY . /"), (0, ContextStatus::NothingFits(".".to_owned())));
    }

    #[test]
    fn a_pattern_that_nothing_fits_leaves_the_context_to_the_rest() {
        assert_eq!(found(&["x"], "COPY *.patch /"), (0, ContextStatus::Clear));
        assert_eq!(found(&["a/x"], "COPY x *.patch /"), (1, ContextStatus::Clear));
        assert_eq!(found(&["a/x.patch", "a/b/y"], "COPY *.patch /"), (1, ContextStatus::Clear));
        assert_eq!(found(&["y"], "COPY x [ab]* /"), (0, ContextStatus::NothingFits("x".to_owned())));
    }

    #[test]
    fn what_is_taken_may_be_the_own_folder_or_a_program_of_its_name() {
        assert_eq!(found(&["a/b/main.go"], "COPY b /b"), (1, ContextStatus::TakesOwnFolder));
        for clear in ["COPY b/ /b", "COPY b/main.go /", "COPY b c /"] {
            assert_eq!(found(&["a/b/main.go", "a/c"], clear), (1, ContextStatus::Clear), "{clear}");
        }
    }

    #[test]
    fn what_git_ignores_wins_over_a_folder_further_up() {
        assert_eq!(found(&["a/b/.gitignore", "secret/a/x"], "COPY secret /"), (0, ContextStatus::Clear));
    }

    #[test]
    fn the_way_to_the_own_folder_below_the_copied_context_tells_the_context() {
        let lines = "COPY . /src/\nFROM y\nCOPY --from=0 /src/a/b/web /web";
        assert_eq!(found(&["a/b/main.go", "go.mod"], lines), (2, ContextStatus::Clear));
        let lines = "COPY . /src\nFROM y\nCOPY --from=0 /src/dist /web";
        assert_eq!(found(&["a/b/main.go", "go.mod"], lines), (0, ContextStatus::Clear));
    }

    #[test]
    fn a_folder_with_the_name_of_a_file_does_not_make_the_context_ambiguous() {
        assert_eq!(found(&["a/b/b", "a/b/x"], "COPY b /"), (0, ContextStatus::Clear));
    }

    #[test]
    fn two_folders_with_the_same_file_make_the_same_image() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("a")).unwrap();
        for file in ["x", "a/x"] {
            fs::write(root.join(file), "same").unwrap();
        }
        let parsed = read("FROM y\nCOPY x /\n").unwrap();
        let status = || find_at(&root.join("a/Dockerfile"), &root, &parsed).status;
        assert_eq!(status(), ContextStatus::Clear);
        fs::write(root.join("x"), "other").unwrap();
        assert_eq!(status(), ContextStatus::Ambiguous(root.clone()));
    }

    #[test]
    fn two_folders_that_fit_and_none_are_told_apart() {
        assert_eq!(found(&["a/b/x", "x"], "COPY x /"), (0, ContextStatus::Ambiguous("".into())));
        assert_eq!(found(&["a/b/x", "a/x"], "COPY x /"), (0, ContextStatus::Ambiguous("a".into())));
        assert_eq!(found(&["a/y", "z"], "COPY x y z /"), (1, ContextStatus::NothingFits("x".to_owned())));
        assert_eq!(found(&["a/y"], "COPY x /"), (0, ContextStatus::NothingFits("x".to_owned())));
    }

    #[test]
    fn a_folder_between_the_one_above_and_the_root_is_no_rival() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        fs::write(root.join("a/x"), "one").unwrap();
        fs::write(root.join("a/b/c/x"), "other").unwrap();
        let found = || find_at(&root.join("a/b/c/Dockerfile"), &root, &read("FROM y\nCOPY x /\n").unwrap());
        assert_eq!(found().status, ContextStatus::Clear);
        fs::write(root.join("x"), "third").unwrap();
        assert_eq!(found().status, ContextStatus::Ambiguous(root.clone()));
    }

    #[test]
    fn a_folder_that_has_more_than_the_others_is_the_context_though_something_is_missing() {
        assert_eq!(found(&["a/y"], "COPY x y /"), (1, ContextStatus::Clear));
        assert_eq!(found(&["a/b/app.py"], "COPY app.py requirments.txt /"), (0, ContextStatus::Clear));
    }

    #[test]
    fn a_folder_that_the_dockerfile_works_in_or_takes_from_leads_to_its_context() {
        let files = ["a/b/main.c", "x"];
        assert_eq!(found(&files, "COPY . /src\nWORKDIR /src/a/b/"), (2, ContextStatus::Clear));
        assert_eq!(found(&files, "COPY . /src\nFROM x\nCOPY --from=0 /src/a/b/out /"), (2, ContextStatus::Clear));
        assert_eq!(found(&files, "COPY . /src\nWORKDIR /src/a/"), (2, ContextStatus::Clear));
        assert_eq!(found(&["a/b/a/main.c", "x"], "COPY . /src\nWORKDIR /src/a/"), (0, ContextStatus::Clear));
        // A program may have the folder's name.
        assert_eq!(found(&files, "COPY . /src\nFROM x\nCOPY --from=0 /src/b /"), (0, ContextStatus::Clear));
    }

    #[test]
    fn a_path_in_the_image_is_relative_to_the_workdir_at_its_place() {
        let files = ["a/b/main.c", "x"];
        for lines in [
            "WORKDIR /src\nCOPY . .\nWORKDIR /src/a/b",
            "WORKDIR /src\nCOPY . ./\nWORKDIR a/b",
            "WORKDIR /l/../src/\nCOPY . app/\nWORKDIR ./app\nWORKDIR ./a/b",
            "ENV APP=/src\nWORKDIR $APP\nCOPY . .\nWORKDIR /src/a/b",
            "WORKDIR /src\nFROM x\nCOPY . src\nWORKDIR /src/a/b",
            "COPY . $UNKNOWN/src\nWORKDIR $UNKNOWN/src/a/b",
            "WORKDIR $UNKNOWN\nWORKDIR /src\nCOPY . .\nFROM x\nCOPY --from=0 /src/a/b/out-$TARGETARCH /",
        ] {
            assert_eq!(found(&files, lines), (2, ContextStatus::Clear), "{lines}");
        }
        for lines in [
            "WORKDIR /src\nCOPY . app\nWORKDIR /src/a/b",
            "WORKDIR $UNKNOWN\nCOPY . src\nWORKDIR /src/a/b",
            "WORKDIR /src\nWORKDIR $UNKNOWN\nCOPY . .\nWORKDIR /src/a/b",
            "WORKDIR /src\nWORKDIR up/$UNKNOWN\nCOPY . .\nWORKDIR /src/up/a/b",
        ] {
            assert_eq!(found(&files, lines), (0, ContextStatus::Clear), "{lines}");
        }
    }

    #[test]
    fn a_stage_works_where_the_one_that_it_starts_from_did() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("lib/test/reg")).unwrap();
        fs::write(root.join("lib/test/reg/run.sh"), "").unwrap();
        for lines in [
            "FROM y\nWORKDIR /l\nCOPY . .\nWORKDIR /l/test/reg\n",
            "FROM y AS z\nWORKDIR /l\nFROM z\nCOPY . .\nFROM x\nWORKDIR /l/test/reg\n",
        ] {
            let found = find_at(&root.join("lib/test/reg/Dockerfile"), &root, &read(lines).unwrap());
            assert_eq!(found, FoundContext { levels_up: 2, status: ContextStatus::Clear }, "{lines}");
        }
    }

    #[test]
    fn a_file_of_the_own_folder_that_is_run_below_the_whole_context_leads_to_it() {
        let files = ["a/b/run.sh", "x"];
        for lines in [
            "COPY . /l\nRUN bash /l/a/b/run.sh",
            "COPY . /l\nENTRYPOINT [\"/l/a/b/run.sh\", \"-v\"]",
            "WORKDIR /l\nADD . .\nFROM x\nCMD exec \"/l/a/b/run.sh\"",
            "RUN --mount=target=/l,source=. bash /l/a/b/run.sh",
            "WORKDIR /l\nRUN --mount=type=bind,dst=. true && /l/a/b/run.sh;",
        ] {
            assert_eq!(found(&files, lines), (2, ContextStatus::Clear), "{lines}");
        }
        for lines in [
            "COPY . /l\nRUN make -o /l/a/b/made",
            "COPY . /l\nRUN bash /other/a/b/run.sh",
            "RUN bash /l/a/b/run.sh\nCOPY . /l",
            "RUN --mount=target=/l,source=. true\nRUN bash /l/a/b/run.sh",
            "RUN --mount=type=cache,target=/l bash /l/a/b/run.sh\nCOPY . /src",
            "COPY . /l\nRUN bash /l/b/b/run.sh",
            "COPY . /\nRUN bash /a/b/run.sh",
        ] {
            assert_eq!(found(&files, lines), (0, ContextStatus::Clear), "{lines}");
        }
        let both = ["a/b/run.sh", "a/b/a/b/run.sh", "x"];
        assert_eq!(found(&both, "COPY . /l\nRUN bash /l/a/b/run.sh"), (0, ContextStatus::Clear));
        // A program may have the folder's name.
        assert_eq!(found(&files, "COPY . /l\nRUN cc -o /l/b"), (0, ContextStatus::Clear));
    }

    #[test]
    fn what_git_ignores_is_made_before_the_build() {
        let files = ["a/.gitignore", "a/b/x"];
        assert_eq!(found(&files, "COPY secret b/x /"), (1, ContextStatus::Clear));
        assert_eq!(found(&files, "COPY other /"), (0, ContextStatus::NothingFits("other".to_owned())));
    }

    /// A file that a build leaves, in one clone and not in another.
    #[test]
    fn what_git_ignores_does_not_decide_which_context_is_found() {
        for lines in ["COPY . .", "COPY . /src\nWORKDIR /src/a/", "COPY x /", "COPY . .\nCOPY y /", "COPY x y /"] {
            let files = ["a/.gitignore", "a/b/.gitignore", "go.mod", "x", "a/main.c"];
            let fresh = found(&files, lines);
            for left in ["a/b/secret", "a/secret", "a/b/secret/x", "a/secret/Makefile"] {
                assert_eq!(found(&[&files[..], &[left]].concat(), lines), fresh, "{lines} {left}");
            }
        }
        let ignored = ["a/.gitignore", "a/b/.gitignore", "a/y"];
        for lines in ["COPY secret /", "COPY secret y z /"] {
            let fresh = found(&ignored, lines);
            for left in [&["a/b/secret"][..], &["a/secret"], &["a/b/secret", "a/secret"]] {
                assert_eq!(found(&[&ignored[..], left].concat(), lines), fresh, "{lines} {left:?}");
            }
        }
    }

    #[test]
    fn a_package_in_the_own_folder_that_has_its_name_leads_no_further_up() {
        let files = ["a/b/b/settings.py", "a/b/manage.py", "x"];
        for lines in [
            "COPY . /src/b\nWORKDIR /src/b/b",
            "COPY . /src\nWORKDIR /src/b",
            "COPY . /src/b\nFROM x\nCOPY --from=0 /src/b/b/settings.py /",
        ] {
            assert_eq!(found(&files, lines), (0, ContextStatus::Clear), "{lines}");
        }
        assert_eq!(found(&files, "COPY . /src\nWORKDIR /src/b/b"), (1, ContextStatus::Clear));
    }

    #[test]
    fn what_the_ignore_file_keeps_from_the_build_does_not_fit() {
        let files = ["a/b/secret", "a/b/.dockerignore", "a/secret"];
        assert_eq!(found(&files, "COPY secret /"), (1, ContextStatus::Clear));
        let own = ["a/b/secret", "a/b/Dockerfile.dockerignore", "a/secret"];
        assert_eq!(found(&own, "COPY secret /"), (0, ContextStatus::NothingFits("secret".to_owned())));
    }
}
