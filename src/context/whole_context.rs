//! Which folder `COPY . .` means: it takes whatever is there, so other things must tell.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::GitIgnored;
use crate::dockerfile::ParsedDockerfile;

/// Files that begin a project: the folder that has one is what a build of the whole project starts from. From the manuals of the
/// build tools that read them.
const PROJECT_FILES: [&str; 22] = [
    "BUILD.bazel",
    "CMakeLists.txt",
    "Cargo.toml",
    "Gemfile",
    "Makefile",
    "Pipfile",
    "WORKSPACE",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "composer.json",
    "deno.json",
    "go.mod",
    "meson.build",
    "mix.exs",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "stack.yaml",
    "Package.swift",
];

/// How many folders deep a folder is looked through for something that is not about the build.
const MOST_LEVELS: usize = 2;

/// How far up the build context is, if the Dockerfile says it: after `COPY . /src` it works in `/src/cmd/web`, or takes
/// `/src/cmd/web/…` from that stage, or runs a file `/src/cmd/web/…` that is there, where `cmd/web` leads from the context to its
/// own folder.
///
/// A path that is in its own folder leads no further up: a package often has the name of its project.
pub(super) fn level_that_leads_to_own(
    folders: &[PathBuf],
    git: &GitIgnored,
    parsed: &ParsedDockerfile,
) -> Option<usize> {
    let own = folders.first()?;
    let whole = || parsed.whole_context_at.iter().filter(|at| !at.is_empty());
    let below = |path: &String, at: &String| Some(path.strip_prefix(at.as_str())?.strip_prefix('/')?.to_owned());
    let all_below = |paths: &[String]| -> Vec<String> {
        paths.iter().flat_map(|path| whole().filter_map(|at| below(path, at))).collect()
    };
    let (taken, worked) = (all_below(&parsed.other_sources), all_below(&parsed.workdirs));
    let is_in_own = |path: &Path| own.join(path).exists() && !git.has(&own.join(path));
    let leads_to_own = |folder: &PathBuf| {
        let way = own.strip_prefix(folder).ok().filter(|way| !way.as_os_str().is_empty());
        way.is_some_and(|way| {
            // The last part of what is taken may be a program that has the folder's name.
            let is_inside = |path: &String| {
                Path::new(path).parent().is_some_and(|folder| folder.starts_with(way) && !is_in_own(folder))
            };
            // It may work in a folder above its own.
            let is_worked_in = |path: &String| {
                let path = Path::new(path);
                (path.starts_with(way) || way.starts_with(path)) && !is_in_own(path)
            };
            let has = |path: &String| {
                let there = folder.join(path);
                there.is_file() && !git.has(&there) && !is_in_own(Path::new(path))
            };
            taken.iter().any(is_inside)
                || worked.iter().any(is_worked_in)
                || parsed.run_paths.iter().any(|path| is_inside(path) && has(path))
        })
    };
    folders.iter().rposition(leads_to_own)
}

/// Which of `folders` a Dockerfile means that stands in a folder of nothing but Dockerfiles and takes everything: of those that
/// hold more, the nearest that begins a project; where none does, the nearest.
pub(super) fn level_of_project(folders: &[PathBuf], git: &GitIgnored, holding_more: &[usize]) -> Option<usize> {
    let begins_project = |level: &&usize| folders.get(**level).is_some_and(|folder| begins_project(folder, git));
    holding_more.iter().find(begins_project).or(holding_more.first()).copied()
}

/// Endings of files that are a program's own: of projects, and of code other than scripts of a shell.
const PROJECT_ENDINGS: [&str; 18] = [
    "c", "cabal", "cc", "cpp", "cs", "csproj", "fsproj", "gemspec", "go", "java", "js", "php", "py", "rb", "rs", "sln",
    "ts", "vbproj",
];

fn begins_project(folder: &Path, git: &GitIgnored) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| begins_a_project(&entry.file_name()) && !git.has(&entry.path()))
}

/// Whether a file of this name begins a project.
pub(super) fn begins_a_project(name: &OsStr) -> bool {
    let ending = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
    PROJECT_FILES.iter().any(|file| name == *file) || PROJECT_ENDINGS.contains(&ending)
}

/// Whether `COPY . .` has something to take there: a Dockerfile, an ignore file or a README alone are not worth copying, nor
/// are folders that hold nothing else. What git ignores does not count.
pub(super) fn holds_more_than_dockerfiles(folder: &Path, git: &GitIgnored) -> bool {
    holds_more(folder, git, MOST_LEVELS)
}

/// How many names of a path decide whether [`holds_more_than_dockerfiles`]: of a longer one what is further down does not count.
pub(super) const fn levels_that_count() -> usize {
    MOST_LEVELS + 1
}

/// Whether a file or folder of this name is not worth copying.
pub(super) fn is_about_the_build(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|word| name.contains(word))
        || name.ends_with(".dockerignore")
        || name.starts_with("readme")
        || name.starts_with(".git")
}

fn holds_more(folder: &Path, git: &GitIgnored, levels: usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let is_about_the_build = is_about_the_build(&entry.file_name());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        match (is_folder, levels.checked_sub(1)) {
            _ if is_about_the_build => false,
            (true, Some(levels)) => holds_more(&entry.path(), git, levels) && !git.has(&entry.path()),
            (true, None) | (false, _) => !git.has(&entry.path()),
        }
    })
}
