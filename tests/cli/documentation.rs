//! The repository's own documents: their links lead somewhere, and ARCHITECTURE.md is about the program as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The folders that Markdown documents are in, from the root.
const FOLDERS: [&str; 7] = ["", "docs", "fuzz", "tests", "tests/bases", "tests/engine", "crates/image-analyzer"];

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder whose names end in `ending`, as paths from the root, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let names = entries.filter(|name| name.to_str().is_some_and(|name| name.ends_with(ending)));
    let mut files: Vec<_> = names.map(|name| Path::new(folder).join(name)).collect();
    files.sort();
    files
}

/// Every Rust file below `folder`, with its text.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(ROOT).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// A document without its code, where brackets are no links and `#` is no heading.
fn prose(document: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.starts_with("    ") {
            for (at, piece) in line.split('`').enumerate() {
                prose += if at % 2 == 0 { piece } else { "code" };
            }
            prose.push('\n');
        }
    }
    prose
}

/// Where the links of a document lead, other sites left out.
fn links(document: &str) -> Vec<String> {
    let prose = prose(document);
    let targets = prose.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
    targets.filter(|target| !target.contains("://")).collect()
}

/// The anchors that a forge gives a document's headings: lower case, blanks as `-`, other punctuation dropped.
fn anchors(document: &str) -> Vec<String> {
    let mut fenced = false;
    let outside = document.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced
    });
    let headings = outside.filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let is_kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    headings.map(|heading| heading.to_lowercase().replace(' ', "-").chars().filter(is_kept).collect()).collect()
}

/// The links of the document `path` that lead nowhere.
fn broken(path: &Path, document: &str) -> Vec<String> {
    let leads_somewhere = |link: &String| {
        let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
        let to = path.parent().unwrap().join(file);
        let target = if file.is_empty() {
            Some(document.to_owned())
        } else {
            fs::read_to_string(Path::new(ROOT).join(&to)).ok()
        };
        let is_other = anchor.is_none() && Path::new(ROOT).join(to).exists();
        is_other
            || target
                .is_some_and(|target| anchor.is_none_or(|anchor| anchors(&target).iter().any(|known| known == anchor)))
    };
    links(document).into_iter().filter(|link| !leads_somewhere(link)).collect()
}

#[test]
fn every_link_between_documents_leads_to_a_file_and_a_heading_that_are_there() {
    let documents: Vec<_> = FOLDERS.into_iter().flat_map(|folder| files(folder, ".md")).collect();
    let mut seen = 0;
    for path in documents {
        let document = read(&path);
        assert_eq!(broken(&path, &document), [""; 0], "{}", path.display());
        seen += links(&document).len();
    }
    assert!(seen > 20, "only {seen} links were seen");
}

#[test]
fn a_link_to_a_missing_file_or_heading_is_noticed() {
    let document = "# A `b`, c!\n[a](#a-b-c) [b](gone.md) `[c](code.md)` [d](../README.md#start) [e](../README.md#gone)\n\
                    [f](https://example.com/gone) ![g](sizes.svg)\n```\n# No heading\n[h](fenced.md)\n```\n[i](#no-heading)\n";
    assert_eq!(broken(Path::new("docs/x.md"), document), ["gone.md", "../README.md#gone", "#no-heading"]);
}

#[test]
fn every_file_of_docs_is_linked_and_every_document_from_the_readme() {
    let documents: Vec<_> = FOLDERS.into_iter().flat_map(|folder| files(folder, ".md")).collect();
    let all: String = documents.iter().map(read).collect();
    let (all, readme) = (links(&all), links(&read("README.md")));
    let docs = files("docs", "");
    assert!(!docs.is_empty());
    for file in docs {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(all.iter().any(|link| link.ends_with(name)), "nothing links to {}", file.display());
        let is_document = name.ends_with(".md");
        assert!(
            !is_document || readme.contains(&format!("docs/{name}")),
            "README.md does not link to {}",
            file.display()
        );
    }
}

/// The rows of the tables below the heading `## HEADING`, each as its cells.
fn rows<'a>(document: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let start = document.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}")) + 1;
    let section = document.split_at(start).1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect()).collect()
}

/// The words in backticks of a cell.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_module_is_on_the_map_and_nothing_else() {
    let architecture = read("ARCHITECTURE.md");
    let library = read("src/lib.rs");
    let mut modules: Vec<_> = library
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .chain(["main"])
        .collect();
    let mut mapped: Vec<_> = rows(&architecture, "Modules")
        .iter()
        .flat_map(|row| names(row[0]))
        .filter(|name| !name.contains('/'))
        .collect();
    modules.sort_unstable();
    mapped.sort_unstable();
    assert_eq!(mapped, modules);
}

/// The dependencies of a `Cargo.toml` with the versions that it asks for; those of the workspace have none there.
fn dependencies(manifest: &str) -> BTreeMap<&str, &str> {
    let mut section = "";
    let mut found = BTreeMap::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && let Some((name, what)) = line.split_once(" = ")
            && let Some(version) = what.split('"').nth(1)
            && what.split('"').next() != Some("{ workspace = true, features = [")
            && !what.contains("path = ")
            && !name.contains('.')
        {
            found.entry(name).or_insert(version);
        }
    }
    found
}

#[test]
fn every_dependency_is_in_the_table_with_its_version_and_nothing_else() {
    let architecture = read("ARCHITECTURE.md");
    let manifests = [read("Cargo.toml"), read("crates/image-analyzer/Cargo.toml")];
    let mut wanted = BTreeMap::new();
    for manifest in &manifests {
        for (name, version) in dependencies(manifest) {
            wanted.entry(name).or_insert(version);
        }
    }
    let rows = rows(&architecture, "Libraries");
    let listed: BTreeMap<_, _> = rows.iter().filter_map(|row| Some((names(row[0]).next()?, row[1]))).collect();
    assert_eq!(listed, wanted);
}

/// The files that use `what`, those that may left out.
fn users(sources: &[(String, String)], what: &str, may: &[&str]) -> Vec<String> {
    let is_test = |name: &str| name.ends_with("/tests.rs");
    let uses = sources
        .iter()
        .filter(|(name, text)| text.contains(what) && !is_test(name) && !may.iter().any(|may| name.starts_with(may)));
    uses.map(|(name, _)| name.clone()).collect()
}

#[test]
fn modules_import_only_what_the_architecture_lets_them() {
    let sources = sources(&Path::new(ROOT).join("src"));
    let nobody = [""; 0];
    assert_eq!(users(&sources, "crate::{", &[]), nobody, "grouped imports cannot be told apart here");
    assert_eq!(users(&sources, "crate::command", &["src/command"]), nobody);
    assert_eq!(users(&sources, "crate::cli", &["src/command", "src/cli"]), nobody);
    assert_eq!(
        users(&sources, "Command::new(", &["src/engine", "src/git"]),
        nobody,
        "only `engine` and `git` start programs"
    );
    let analyzer = self::sources(&Path::new(ROOT).join("crates/image-analyzer/src"));
    for word in ["mkcompose::", "Command::new("] {
        assert_eq!(users(&analyzer, word, &[]), nobody, "the library knows nothing of {word}");
    }
}

#[test]
fn the_analyzer_offers_at_most_20_items_beside_its_modules() {
    let library = read("crates/image-analyzer/src/lib.rs");
    let library = library.replace("#[cfg(feature = \"test-builder\")]\npub use elf::test_builder;\n", "");
    let offered = library.lines().filter_map(|line| line.strip_prefix("pub use "));
    let items: Vec<_> = offered
        .flat_map(|what| what.trim_end_matches(';').split('{').next_back().unwrap().trim_end_matches('}').split(", "))
        .collect();
    assert!((15..=20).contains(&items.len()), "{items:?}");
}

/// The code of a file without comments and without its tests, which may import anything.
fn code(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Which top module imports which: the words after `crate::` in each file of `folder`, tests left out.
fn imports(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let root = format!("{folder}/");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources(&Path::new(ROOT).join(folder)) {
        let module = name.strip_prefix(&root).unwrap().split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(module.as_str(), "lib" | "main") || name.contains("/tests") || name.contains("test_builder") {
            continue;
        }
        let of_module = found.entry(module.clone()).or_default();
        for import in code(&text).split("crate::").skip(1) {
            let to: String = import.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            if to != module && to.chars().next().is_some_and(char::is_lowercase) {
                of_module.insert(to);
            }
        }
    }
    found
}

/// The modules that are left when those that import none of the rest are taken away again and again: the circles and what
/// leads into them.
fn circles(mut imports: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let left: BTreeSet<_> = imports.keys().cloned().collect();
        let before = imports.len();
        imports.retain(|_, to| to.iter().any(|to| left.contains(to)));
        if imports.len() == before {
            return imports.into_iter().map(|(from, to)| format!("{from} -> {to:?}")).collect();
        }
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    for folder in ["src", "crates/image-analyzer/src"] {
        let imports = imports(folder);
        assert!(imports.len() > 5, "{folder}: {imports:?}");
        assert_eq!(circles(imports), [""; 0], "{folder}");
    }
}

#[test]
fn a_circle_of_modules_is_noticed() {
    let module = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    let circle = BTreeMap::from([module("a", "b"), module("b", "c"), module("c", "b"), module("d", "e")]);
    assert_eq!(circles(circle).len(), 3);
}
