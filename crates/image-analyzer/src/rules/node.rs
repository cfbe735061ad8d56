//! The file that `node NAME` runs. Source: Node.js, "Modules: `CommonJS` modules", "All together", and `Module._findPath` in
//! `lib/internal/modules/cjs/loader.js`, which the command line goes through: the file itself, then with an ending, then
//! the folder of that name.

use crate::path::{absolute, components, join};
use crate::rules::path_lookup::{LookupProblem, PathLookup};
use crate::tree::LookupError;

/// What is added to a name, in this order. `.mjs` and `.cjs` have to be written.
const ENDINGS: [&str; 3] = [".js", ".json", ".node"];

/// Where the file is that node runs when it is given `name`.
///
/// # Errors
/// [`LookupProblem::LookupError`] if there is none, [`LookupProblem::OutsideImage`] if that is not known, and what keeps
/// the user from reading it.
pub(crate) fn node_file(search: &PathLookup<'_>, name: &str) -> Result<Vec<u8>, LookupProblem> {
    // Node takes the working folder from the kernel, all links resolved, and then `..` away with what is before it.
    let Ok(folder) = search.tree.lookup(search.folder) else { return Err(LookupProblem::OutsideImage) };
    let path = cleaned(&join(&folder.path, name.as_bytes()));
    let exact = search.readable(&path);
    match &exact {
        Ok(found) => return Ok(found.path.clone()),
        Err(LookupProblem::LookupError(_) | LookupProblem::Folder(_)) => {}
        Err(problem) => return Err(problem.clone()),
    }
    if let Some(found) = with_ending(search, &path)? {
        return Ok(found);
    }
    if let Err(LookupProblem::LookupError(miss)) = exact {
        return Err(LookupProblem::LookupError(miss));
    }
    in_folder(search, &path)
}

/// The file that is run for a folder: what `main` of its `package.json` says, as it is, with an ending, or as a folder with
/// an index; then the folder's own index (`tryPackage` in the same file).
fn in_folder(search: &PathLookup<'_>, folder: &[u8]) -> Result<Vec<u8>, LookupProblem> {
    let index = join(folder, b"index");
    let mut missing = [&index[..], b".js"].concat();
    let is_known = match search.readable(&join(folder, b"package.json")) {
        Ok(package) => match package.entry.content.text().and_then(main) {
            Some(main) if !main.is_empty() => {
                let path = cleaned(&join(folder, main.as_bytes()));
                match search.readable(&path) {
                    Ok(found) => return Ok(found.path),
                    Err(LookupProblem::LookupError(_) | LookupProblem::Folder(_)) => {}
                    Err(problem) => return Err(problem),
                }
                for path in [&path, &join(&path, b"index")] {
                    if let Some(found) = with_ending(search, path)? {
                        return Ok(found);
                    }
                }
                missing = path;
                true
            }
            Some(_) => true,
            None => false,
        },
        Err(LookupProblem::LookupError(_)) => true,
        Err(_) => false,
    };
    match with_ending(search, &index)? {
        Some(found) => Ok(found),
        None if is_known => Err(LookupProblem::LookupError(LookupError::Missing(missing))),
        None => Err(LookupProblem::OutsideImage),
    }
}

/// What `main` says; nothing if there is none that is a string. `None` if this is not read as Node.js reads it.
fn main(package: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Package {
        #[serde(default)]
        main: Option<serde_json::Value>,
    }
    // A list would be read as a package, too.
    if !package.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let Package { main } = serde_json::from_slice(package).ok()?;
    Some(main.and_then(|main| main.as_str().map(str::to_owned)).unwrap_or_default())
}

/// The first file that is there with an ending.
fn with_ending(search: &PathLookup<'_>, path: &[u8]) -> Result<Option<Vec<u8>>, LookupProblem> {
    for ending in ENDINGS {
        match search.readable(&[path, ending.as_bytes()].concat()) {
            Ok(found) => return Ok(Some(found.path)),
            Err(LookupProblem::LookupError(_) | LookupProblem::Folder(_)) => {}
            Err(_) => return Err(LookupProblem::OutsideImage),
        }
    }
    Ok(None)
}

/// A path without `..`, as it is read.
fn cleaned(path: &[u8]) -> Vec<u8> {
    let mut clean: Vec<&[u8]> = Vec::new();
    for component in components(path) {
        if component == b".." {
            clean.pop();
        } else {
            clean.push(component);
        }
    }
    absolute(clean)
}

#[cfg(test)]
mod tests {
    use super::node_file;
    use crate::rules::path_lookup::{DEFAULT_PATH, LookupProblem, PathLookup};
    use crate::rules::user::UserIds;
    use crate::tree::builder::FileTreeBuilder;
    use proptest::prelude::*;

    /// The file, `missing` or `unknown`.
    fn found(tree: FileTreeBuilder, name: &str) -> String {
        let tree = tree.folder("/app", 0o755).build().unwrap();
        let user_ids = UserIds::root();
        let search = PathLookup { tree: &tree, user_ids: &user_ids, folder: b"/app", path: DEFAULT_PATH };
        match node_file(&search, name) {
            Ok(path) => String::from_utf8(path).unwrap(),
            Err(LookupProblem::LookupError(_)) => "missing".to_owned(),
            Err(_) => "unknown".to_owned(),
        }
    }

    fn with(paths: &[&str]) -> FileTreeBuilder {
        paths.iter().fold(FileTreeBuilder::new(), |tree, path| tree.file(path, 0o644, "x"))
    }

    #[test]
    fn a_file_is_found_as_it_is_or_with_three_endings() {
        assert_eq!(found(with(&["/app/main.js"]), "main.js"), "/app/main.js");
        for ending in ["js", "json", "node"] {
            assert_eq!(
                found(with(&[&format!("/app/dist/main.{ending}")]), "./dist/main"),
                format!("/app/dist/main.{ending}")
            );
        }
        for ending in ["mjs", "cjs", "ts"] {
            assert_eq!(found(with(&[&format!("/app/main.{ending}")]), "main"), "missing");
            assert_eq!(
                found(with(&[&format!("/app/main.{ending}")]), &format!("main.{ending}")),
                format!("/app/main.{ending}")
            );
        }
        assert_eq!(found(with(&["/main.js"]), "main.js"), "missing");
        assert_eq!(found(with(&["/main.js"]), "x/../../main"), "/main.js", "the folder need not be there");
        assert_eq!(found(with(&["/lib/x.js"]).link("/app/main.js", "../lib/x.js"), "main"), "/lib/x.js");
        assert_eq!(found(with(&[]).link("/app/main.js", "../lib/x.js"), "main"), "missing");
    }

    #[test]
    fn a_folder_is_run_by_its_index() {
        assert_eq!(found(with(&["/app/x/index.js"]), "x"), "/app/x/index.js");
        assert_eq!(found(with(&["/app/index.json"]), "."), "/app/index.json");
        assert_eq!(found(with(&["/app.js"]), "."), "/app.js", "the name of the folder with an ending comes first");
        assert_eq!(found(with(&["/app/x/index.mjs"]), "x"), "missing");
        assert_eq!(
            found(with(&["/app/x.js/y", "/app/x/y"]), "x"),
            "missing",
            "a folder is no file, whatever its ending"
        );
    }

    #[test]
    fn a_package_says_which_file_is_run_for_its_folder() {
        let package = |text: &str, paths: &[&str]| found(with(paths).file("/app/x/package.json", 0o644, text), "x");
        assert_eq!(package(r#"{"main":"lib/m.mjs"}"#, &["/app/x/lib/m.mjs"]), "/app/x/lib/m.mjs");
        assert_eq!(package(r#"{"main":"./m"}"#, &["/app/x/m.js", "/app/x/index.js"]), "/app/x/m.js");
        assert_eq!(package(r#"{"main":"lib"}"#, &["/app/x/lib/index.json"]), "/app/x/lib/index.json");
        assert_eq!(package(r#"{"main":"m.js"}"#, &["/app/x/index.js"]), "/app/x/index.js", "with a warning");
        for text in [r#"{"main":"m.js"}"#, "{}", r#"{"main":1}"#, r#"{"main":""}"#, r#"{"main":"../../.."}"#] {
            assert_eq!(package(text, &[]), "missing", "{text}");
        }
        for text in ["", "{", "[]", r#"{"main":"a","main":"b"}"#, r#"{"main":"/proc/self/x"}"#, "\u{feff}{}"] {
            assert_eq!(package(text, &[]), "unknown", "{text}");
        }
        let large = format!(r#"{{"a":"{}"}}"#, "b".repeat(70_000));
        assert_eq!(package(&large, &[]), "unknown", "too large to be kept");
        assert_eq!(
            found(with(&["/app/y"]).link("/app/x/package.json", "../y"), "x"),
            "unknown",
            "nothing of it is kept"
        );
    }

    proptest! {
        #[test]
        fn any_package_is_read(bytes: Vec<u8>, main: String) {
            let _ = super::main(&bytes);
            let text = serde_json::json!({ "main": main }).to_string();
            found(with(&[]).file("/app/x/package.json", 0o644, text), "x");
        }
    }

    #[test]
    fn what_is_not_known_is_not_missing() {
        assert_eq!(found(with(&["/app/x/package.json"]), "x"), "unknown");
        assert_eq!(found(with(&[]), "/proc/self/x"), "unknown");
        assert_eq!(found(with(&[]).link("/app/x.js", "/proc/self/x"), "x"), "unknown");
    }
}
