//! The build context: the folder that programs' sources and the sources of COPY and ADD are in.
//!
//! It reads names, never contents, and only as far as a question needs: a folder may hold a million files beside the
//! few that a Dockerfile takes.

mod auto;
mod differing_names;
mod dockerignore;
mod git_ignored;
mod pattern;
mod search;
mod taken;
mod whole_context;

use std::io;
use std::path::{Path, PathBuf};

pub use auto::{ContextStatus, find};
pub use differing_names::DifferingNames;
pub use dockerignore::Ignore;
pub use git_ignored::GitIgnored;
use search::Search;
pub use taken::Taken;

use crate::problem::IoError;

/// Languages whose name is not the extension of their files. Any other last part of a program is its own extension.
const EXTENSIONS: [(&str, &str); 20] = [
    ("bash", "sh"),
    ("clojure", "clj"),
    ("csharp", "cs"),
    ("elixir", "exs"),
    ("erlang", "erl"),
    ("fortran", "f90"),
    ("fsharp", "fsx"),
    ("golang", "go"),
    ("haskell", "hs"),
    ("javascript", "js"),
    ("julia", "jl"),
    ("kotlin", "kt"),
    ("node", "js"),
    ("ocaml", "ml"),
    ("perl", "pl"),
    ("python", "py"),
    ("ruby", "rb"),
    ("rust", "rs"),
    ("shell", "sh"),
    ("typescript", "ts"),
];

/// A build context.
#[derive(Clone, Debug, Default)]
pub struct Context {
    root: PathBuf,
    /// The names of the files right in it, sorted.
    files: Vec<String>,
}

/// What a program's name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramSource {
    /// One file: its path, the context's first.
    One(PathBuf),
    /// No file.
    None,
    /// Several files of that stem, sorted: the name does not tell which.
    Several(Vec<String>),
}

/// Whether a build finds what it has to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// At least one file or folder fits.
    There,
    /// What fits is kept from the build by this ignore file.
    Ignored(PathBuf),
    /// What fits is a link to something that this ignore file keeps from the build.
    LinkToIgnored(PathBuf),
    /// Nothing fits.
    Missing,
    /// What fits is a link, or beyond one, that leads to nothing in the context.
    LinkToNothing,
}

impl Context {
    /// The context in the folder `root`; `None` if there is no such folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn open(root: &Path) -> Result<Option<Self>, IoError> {
        let entries = match std::fs::read_dir(root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(IoError::new("read the folder", root)(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(IoError::new("read the folder", root))?;
            // A link counts as what it leads to, and one that leads nowhere as nothing.
            if let (Ok(name), true) = (entry.file_name().into_string(), entry.path().is_file()) {
                files.push(name);
            }
        }
        files.sort_unstable();
        Ok(Some(Self { root: root.to_owned(), files }))
    }

    /// The source of `program`: for `hello-c` the file `hello.c`, for `hello-rust` `hello.rs`; else the one file whose
    /// name without extension is `program`.
    pub fn program(&self, program: &str) -> ProgramSource {
        let has = |name: &String| self.files.binary_search(name).is_ok();
        if let Some((stem, last)) = program.rsplit_once('-') {
            let known = EXTENSIONS.iter().find(|(language, _)| *language == last).map(|(_, extension)| *extension);
            let names = std::iter::once(last).chain(known).map(|extension| format!("{stem}.{extension}"));
            if let Some(name) = names.into_iter().find(has) {
                return ProgramSource::One(self.root.join(name));
            }
        }
        let of_stem = |name: &&String| Path::new(name).file_stem().is_some_and(|stem| stem == program);
        let names: Vec<_> = self.files.iter().filter(of_stem).cloned().collect();
        match names.as_slice() {
            [] => ProgramSource::None,
            [name] => ProgramSource::One(self.root.join(name)),
            _ => ProgramSource::Several(names),
        }
    }
}

/// Looks for what `source`, a path or a pattern of COPY or ADD, takes from the build context at `root`, past what `ignore` leaves
/// out.
///
/// A leading `/` is the context's own folder, and neither `..` nor a link leaves it, as `BuildKit` has it.
///
/// # Errors
/// If a folder on the way cannot be read.
pub fn find_source(root: &Path, source: &str, ignore: &Ignore) -> Result<Presence, IoError> {
    Search::new(root, ignore).find(&clean(source))
}

/// The same for `source`, a path that a bind mount of RUN names: it is no pattern.
///
/// # Errors
/// If a folder on the way cannot be read.
pub fn find_mounted(root: &Path, source: &str, ignore: &Ignore) -> Result<Presence, IoError> {
    Search::literal(root, ignore).find(&clean(source))
}

/// Where `source`, a path of COPY, ADD or a bind mount, is in the build context at `root`. A leading `/` is the context's own
/// folder, and `..` does not leave it.
pub fn place_of(root: &Path, source: &str) -> PathBuf {
    root.join(clean(source).join("/"))
}

/// The parts of a path below the context.
fn clean(source: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Context, Ignore, Presence, ProgramSource, find_source};
    use proptest::prelude::*;

    fn context(files: &[&str]) -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let context = Context::open(folder.path()).unwrap().unwrap();
        (folder, context)
    }

    #[track_caller]
    fn source(files: &[&str], program: &str) -> Option<String> {
        let (_folder, context) = context(files);
        match context.program(program) {
            ProgramSource::One(path) => Some(path.strip_prefix(&context.root).unwrap().to_str().unwrap().to_owned()),
            ProgramSource::None | ProgramSource::Several(_) => None,
        }
    }

    #[test]
    fn the_last_part_of_a_program_is_its_extension_or_its_language() {
        let files = ["hello.c", "hello.go", "hello.py", "hello.rs", "hello-world.sh"];
        let cases = [
            ("hello-c", "hello.c"),
            ("hello-rust", "hello.rs"),
            ("hello-rs", "hello.rs"),
            ("hello-python", "hello.py"),
        ];
        for (program, file) in cases {
            assert_eq!(source(&files, program).as_deref(), Some(file), "{program}");
        }
        assert_eq!(source(&files, "hello-world").as_deref(), Some("hello-world.sh"));
        assert_eq!(source(&files, "hello-java"), None);
    }

    #[test]
    fn a_program_without_a_language_is_the_one_file_with_that_stem() {
        assert_eq!(source(&["whatsmyip.go", "what.go"], "whatsmyip").as_deref(), Some("whatsmyip.go"));
        assert_eq!(source(&["sub/whatsmyip.go"], "whatsmyip"), None);
        assert_eq!(source(&["whatsmyip/main.go"], "whatsmyip"), None);
        let (_folder, both) = context(&["a.go", "a.c", "b.c"]);
        assert_eq!(both.program("a"), ProgramSource::Several(vec!["a.c".to_owned(), "a.go".to_owned()]));
    }

    #[track_caller]
    fn find(files: &[&str], source: &str) -> Presence {
        let (_folder, context) = context(files);
        find_source(&context.root, source, &Ignore::default()).unwrap()
    }

    #[test]
    fn a_source_is_there_by_its_path_however_it_is_spelled() {
        for spelling in ["a/b.c", "/a/b.c", "./a//b.c", "a/../a/b.c", "../../a/b.c", "a", "a/", ".", "/", "a/./b.c"] {
            assert_eq!(find(&["a/b.c"], spelling), Presence::There, "{spelling}");
        }
        for spelling in ["b.c", "a/b", "a/b.c/d", "A/b.c", "\0", &"a".repeat(300)] {
            assert_eq!(find(&["a/b.c"], spelling), Presence::Missing, "{spelling}");
        }
    }

    #[test]
    fn patterns_find_what_go_would_match() {
        for pattern in ["*.c", "a?.c", "a[0-9].c", "*", "s*/x", "*/x", "a\\1.c", "a[^x].c"] {
            assert_eq!(find(&["a1.c", "sub/x"], pattern), Presence::There, "{pattern}");
        }
        for pattern in ["*.h", "a?c", "*/*/x", "a[", "*/y", "a[^1].c"] {
            assert_eq!(find(&["a1.c", "sub/x"], pattern), Presence::Missing, "{pattern}");
        }
    }

    #[track_caller]
    fn find_past(lines: &str, source: &str) -> bool {
        let (folder, context) = context(&["hello.c", "hello.rs", "dir/keep", "dir/drop", "other/x/y"]);
        fs::write(folder.path().join(".dockerignore"), lines).unwrap();
        let ignore = Ignore::of(&folder.path().join("Dockerfile.a"), &context.root).unwrap();
        find_source(&context.root, source, &ignore).unwrap() == Presence::There
    }

    #[test]
    fn an_ignored_source_is_not_there_whatever_else_is_taken_back() {
        assert!(find_past("*\n!hello.c\n", "hello.c"));
        assert!(!find_past("*\n!hello.c\n", "hello.rs"));
        assert!(!find_past("*\n!hello.c\n", "dir"));
        assert!(!find_past("*\n!dir/nothing\n", "dir/drop"));
    }

    #[test]
    fn an_ignored_folder_is_there_if_something_below_it_is_taken_back() {
        assert!(find_past("*\n!dir/keep\n", "dir"));
        assert!(find_past("*\n!other/**/y\n", "other"));
        assert!(find_past("*\n!other/x\n", "o*"));
        assert!(find_past("*\n!**y\n", "other"));
        assert!(!find_past("*\n!dir/nothing\n", "dir"), "nothing below fits what is taken back");
        assert!(!find_past("*\n!dir/keep\ndir/keep\n", "dir"), "the last line decides");
    }

    #[test]
    fn a_dangling_link_is_no_program_and_a_missing_folder_is_no_context() {
        let (folder, _) = context(&[]);
        std::os::unix::fs::symlink("nowhere", folder.path().join("a.c")).unwrap();
        let context = Context::open(folder.path()).unwrap().unwrap();
        assert_eq!(context.program("a"), ProgramSource::None);
        assert!(Context::open(Path::new("/no/such/folder")).unwrap().is_none());
    }

    #[test]
    fn a_file_is_no_context() {
        let (folder, _) = context(&["a.c"]);
        let error = Context::open(&folder.path().join("a.c")).unwrap_err();
        assert!(error.to_string().contains("a.c: cannot read the folder"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_source_makes_the_search_panic_or_leave_the_context(source: String) {
            let (_folder, context) = context(&[]);
            let found = find_source(&context.root, &source, &Ignore::default());
            // Only the context's own folder is there.
            let itself = source.split('/').all(|part| matches!(part, "" | "." | ".."));
            if itself {
                prop_assert_eq!(found.unwrap(), Presence::There);
            } else if !source.split('/').any(|part| part == "..") {
                prop_assert_eq!(found.unwrap(), Presence::Missing);
            }
        }
    }
}
