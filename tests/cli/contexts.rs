//! The build contexts that are found, against those that public repositories build with. See `tests/contexts`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::case::Case;

/// One public repository: names of files, and the lines that say what a Dockerfile takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    repository: String,
    /// The file of the repository that names the contexts.
    #[serde(rename = "contexts_from")]
    _contexts_from: String,
    dockerfiles: Vec<Dockerfile>,
    #[serde(default)]
    ignore_files: BTreeMap<String, Vec<String>>,
    files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dockerfile {
    file: String,
    context: String,
    lines: Vec<String>,
}

impl Dockerfile {
    /// Whether its image is the same with any context.
    fn takes_nothing(&self) -> bool {
        self.lines.iter().all(|line| {
            let is_bind = line.contains("--mount=") && !line.contains("type=");
            let words: Vec<_> = line.split_whitespace().skip(1).filter(|word| !word.starts_with("--")).collect();
            let is_remote = words.first().is_some_and(|word| word.contains("://"));
            let takes = (line.starts_with("COPY") || line.starts_with("ADD")) && !line.contains("--from=");
            !is_bind && !line.contains("type=bind") && (!takes || is_remote)
        })
    }
}

/// The path without `.` parts.
fn plain(path: &str) -> PathBuf {
    Path::new(path).components().filter(|part| *part != Component::CurDir).collect()
}

/// What `mkcompose list` says of the context of each Dockerfile.
fn found(layout: &Layout) -> BTreeMap<PathBuf, PathBuf> {
    let mut case = Case::empty().folder(".git");
    for file in &layout.files {
        case = case.file(file, file);
    }
    for (file, lines) in &layout.ignore_files {
        case = case.file(file, lines.join("\n"));
    }
    for dockerfile in &layout.dockerfiles {
        case = case.file(&dockerfile.file, dockerfile.lines.join("\n"));
    }
    let run = case.run(["list", "--format", "json"]);
    assert_eq!(run.code(), 0, "{}: {}", layout.repository, run.stderr());
    let listed: Vec<Value> = serde_json::from_str(&run.stdout()).unwrap();
    let path = |entry: &Value, key: &str| plain(entry[key].as_str().unwrap());
    listed.iter().map(|entry| (path(entry, "dockerfile"), path(entry, "context"))).collect()
}

#[test]
fn the_contexts_of_public_repositories_are_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contexts");
    let (mut all, mut right, mut same) = (0, 0, 0);
    let mut repositories = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        let layout: Layout = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let found = found(&layout);
        repositories += 1;
        for dockerfile in &layout.dockerfiles {
            all += 1;
            let context = &found[&plain(&dockerfile.file)];
            if *context == plain(&dockerfile.context) {
                right += 1;
                same += 1;
            } else {
                same += usize::from(dockerfile.takes_nothing());
                eprintln!(
                    "{}: {}: found {}, built with {}",
                    layout.repository,
                    dockerfile.file,
                    context.display(),
                    dockerfile.context
                );
            }
        }
    }
    let percent = |count: usize| count * 1000 / all;
    eprintln!("{repositories} repositories, {all} Dockerfiles: {right} contexts are right, {same} images are the same");
    assert!(repositories >= 10 && all >= 150, "{repositories} repositories, {all} Dockerfiles");
    assert!(percent(right) >= 940, "{right} of {all}");
    assert!(percent(same) >= 990, "{same} of {all}");
}
