//! docs/ as a site, by mdBook: it is made without a warning, and no link in it leads nowhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use crate::case::{Case, tool};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every file below `folder` whose name ends in `.html`, from there.
fn pages(root: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(root, &path));
        } else if path.extension().is_some_and(|extension| extension == "html") {
            found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn the_site_is_made_without_a_warning_and_every_link_leads_somewhere() {
    let Some(mut mdbook) = tool("mdbook", &["--version"]) else { return };
    let case = Case::empty();
    let output = mdbook.args(["build", "--dest-dir"]).arg(case.path()).arg(ROOT).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
    let href = Regex::new(r#"(?:href|src)="([^"]*)""#).unwrap();
    let id = Regex::new(r#"id="([^"]*)""#).unwrap();
    let mut seen = 0;
    // The page for lost readers is at no known depth.
    for page in pages(case.path(), case.path()).iter().filter(|page| *page != "404.html") {
        let html = case.read(page);
        for link in href.captures_iter(&html).map(|found| found[1].to_owned()) {
            if link.contains("://") || link.starts_with("data:") || link.starts_with("javascript:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { case.at(page) } else { case.at(page).parent().unwrap().join(file) };
            assert!(target.exists(), "{page}: {link}");
            if !anchor.is_empty() && target.extension().is_some_and(|extension| extension == "html") {
                let text = fs::read_to_string(target).unwrap();
                let known: BTreeSet<_> = id.captures_iter(&text).map(|found| found[1].to_owned()).collect();
                assert!(known.contains(anchor), "{page}: {link}");
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} links were seen");
}

#[test]
fn every_document_is_a_page_of_the_site() {
    let summary = fs::read_to_string(Path::new(ROOT).join("docs/SUMMARY.md")).unwrap();
    for entry in fs::read_dir(Path::new(ROOT).join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_page = name.ends_with(".md") && name != "SUMMARY.md";
        assert!(!is_page || summary.contains(&format!("]({name})")), "docs/SUMMARY.md does not name {name}");
    }
}
