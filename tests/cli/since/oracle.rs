//! The slow way to know what differs: two plain folders, and for each service the bytes of everything that it takes.
//!
//! It shares no code with the program but what `list --format json` says of a service by itself. The sources of COPY and the
//! lines of ignore files are those that [`super::history`] writes, which a few lines understand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::case::{Case, Run};

/// What a service is, as bytes. Two that are equal make the same image from the same bases.
#[derive(PartialEq, Eq)]
struct Whole {
    settings: Value,
    dockerfile: Vec<u8>,
    ignore_file: Option<(String, Vec<u8>)>,
    taken: BTreeMap<String, Vec<u8>>,
    bases: BTreeSet<String>,
}

/// The services of the repository in `new` that differ from those in `old`, or are built on such, sorted. `None` if `old`
/// has no Dockerfile.
pub fn touched(case: &Case, old: &Path, new: &Path) -> Option<Vec<String>> {
    let before = services(case, old)?;
    let now = services(case, new).unwrap();
    let mut touched: BTreeSet<_> =
        now.iter().filter(|(name, whole)| before.get(*name) != Some(whole)).map(|(name, _)| name.clone()).collect();
    loop {
        let is_built_on = |whole: &Whole| !whole.bases.is_disjoint(&touched);
        let more: Vec<_> = now.iter().filter(|(_, whole)| is_built_on(whole)).map(|(name, _)| name.clone()).collect();
        let count = touched.len();
        touched.extend(more);
        if touched.len() == count {
            return Some(touched.into_iter().collect());
        }
    }
}

fn services(case: &Case, folder: &Path) -> Option<BTreeMap<String, Whole>> {
    let output = case.command(["list", "--format", "json"]).current_dir(folder).output().unwrap();
    let run = Run::of(output);
    if run.stderr().contains("no Dockerfile") {
        return None;
    }
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let list: Vec<Value> = serde_json::from_str(&run.stdout()).unwrap();
    Some(list.into_iter().map(|service| (word(&service, "service"), whole(folder, service))).collect())
}

fn word(service: &Value, key: &str) -> String {
    service[key].as_str().unwrap().to_owned()
}

fn whole(folder: &Path, mut settings: Value) -> Whole {
    let dockerfile = word(&settings, "dockerfile");
    let context = folder.join(word(&settings, "context"));
    let text = fs::read_to_string(folder.join(&dockerfile)).unwrap();
    let own = format!("{dockerfile}.dockerignore");
    let of_context = context.join(".dockerignore");
    let ignore_file = match (fs::read(folder.join(&own)), fs::read(&of_context)) {
        (Ok(bytes), _) => Some((own, bytes)),
        (Err(_), Ok(bytes)) => Some((of_context.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), bytes)),
        (Err(_), Err(_)) => None,
    };
    let lines = ignore_file.as_ref().map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap()).unwrap_or_default();
    let mut all = BTreeMap::new();
    walk(&context, "", &mut all);
    let mut taken = BTreeMap::new();
    for source in text.lines().filter_map(|line| line.strip_prefix("COPY ")?.strip_suffix(" /")) {
        take(source, &all, &lines, &mut taken);
    }
    let bases = settings["local_bases"].as_array().unwrap().iter().map(|base| word(base, "service")).collect();
    // How sure the context is, and what said so, are no part of the image.
    for key in ["context_unclear", "origins", "source"] {
        settings.as_object_mut().unwrap().remove(key);
    }
    Whole { settings, dockerfile: text.into_bytes(), ignore_file, taken, bases }
}

/// Every file and link below `folder`: a letter for what it is, and its bytes or where it leads.
fn walk(folder: &Path, way: &str, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name == ".git" {
            continue;
        }
        let way = if way.is_empty() { name } else { format!("{way}/{name}") };
        let there = entry.metadata().unwrap();
        if there.is_dir() {
            walk(&entry.path(), &way, all);
        } else if there.is_symlink() {
            let to = fs::read_link(entry.path()).unwrap();
            all.insert(way, [b"link ", to.as_os_str().as_encoded_bytes()].concat());
        } else {
            let mode = format!("file {} ", there.permissions().mode() & 0o100);
            all.insert(way, [mode.as_bytes(), &fs::read(entry.path()).unwrap()].concat());
        }
    }
}

/// Adds what `COPY SOURCE` takes of `all`.
fn take(source: &str, all: &BTreeMap<String, Vec<u8>>, lines: &str, taken: &mut BTreeMap<String, Vec<u8>>) {
    let source = source.trim_end_matches('/');
    for (way, bytes) in all {
        let names: Vec<_> = way.split('/').collect();
        let is_named = source == "." || (1..=names.len()).any(|count| fits(source, &names[..count].join("/")));
        if is_named && !is_ignored(lines, &names) {
            taken.insert(way.clone(), bytes.clone());
        }
    }
    // A link that is named itself is followed, and counts too.
    if let Some(to) = all.get(source).and_then(|bytes| bytes.strip_prefix(b"link ")) {
        let names: Vec<_> = source.split('/').collect();
        if !is_ignored(lines, &names) {
            take(std::str::from_utf8(to).unwrap(), all, lines, taken);
        }
    }
}

fn is_ignored(lines: &str, names: &[&str]) -> bool {
    let fits_part = |pattern: &str| (1..=names.len()).any(|count| fits(pattern, &names[..count].join("/")));
    let mut ignored = false;
    for line in lines.lines() {
        match line.strip_prefix('!') {
            Some(pattern) if fits_part(pattern) => ignored = false,
            None if fits_part(line) => ignored = true,
            _ => {}
        }
    }
    ignored
}

/// Whether `path` fits `pattern`, which has at most one `*` in each part.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let part = |(pattern, name): (&&str, &&str)| match pattern.split_once('*') {
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
        None => pattern == name,
    };
    pattern.len() == path.len() && pattern.iter().zip(&path).all(part)
}
