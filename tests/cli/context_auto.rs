//! `context: auto`, written out, does what the default does, and is a value like any other.

use serde_json::Value;

use crate::case::Case;

/// Four Dockerfiles with contexts of their own, and one whose own folder and the repository fit both.
fn habit() -> Case {
    (0..4)
        .fold(Case::empty(), |case, number| {
            case.file(format!("d{number}/Dockerfile"), "FROM x\nCOPY f /\n").file(format!("d{number}/f"), "")
        })
        .file("two/Dockerfile", "FROM x\nCOPY g /\n")
        .file("two/g", "")
        .file("g", "another")
        .file("own/Dockerfile", "FROM x\nCOPY own /\n")
        .file("own/main.c", "")
}

/// The build context of each service, and why it is unclear.
#[track_caller]
fn contexts(case: &Case, flags: &[&str]) -> Vec<(String, Value)> {
    let run = case.run([&["list", "--format", "json"], flags].concat());
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    let entries: Vec<Value> = serde_json::from_str(&run.stdout()).unwrap();
    let context = |entry: &Value| (entry["context"].as_str().unwrap().to_owned(), entry["context_unclear"].clone());
    entries.iter().map(context).collect()
}

#[test]
fn it_does_what_the_default_does_wherever_it_is_written() {
    let default = contexts(&habit(), &[]);
    assert!(default.contains(&("two".to_owned(), Value::Null)), "{default:?}");
    for settings in ["context: auto\n", "services: {'*': {context: auto}}\n", "services: {'d*': {context: auto}}\n"] {
        assert_eq!(contexts(&habit().file("mkcompose.yml", settings), &[]), default, "{settings}");
    }
    assert_eq!(contexts(&habit(), &["--context", "auto"]), default);
    let comment = habit().file("d0/Dockerfile", "# mkcompose: context=auto\nFROM x\nCOPY f /\n");
    assert_eq!(contexts(&comment, &[]), default);
}

#[test]
fn it_overrides_a_place_that_says_less_of_the_service() {
    let default = contexts(&habit(), &[]);
    let settings = "context: .\nservices:\n  '*': {context: d0}\n  '{d*,two,own}': {context: auto}\n";
    assert_eq!(contexts(&habit().file("mkcompose.yml", settings), &[]), default);
    let case = habit()
        .file("mkcompose.yml", "services: {'*': {context: d0}}\n")
        .file("d1/Dockerfile", "# mkcompose: context=auto\nFROM x\nCOPY f /\n");
    assert_eq!(contexts(&case, &[])[1], ("d1".to_owned(), Value::Null));
    assert_eq!(contexts(&case, &[])[2], ("d0".to_owned(), Value::Null));
}

#[test]
fn it_overrides_the_samples_of_the_convention() {
    let case = Case::empty().file("dockerfiles/web/Dockerfile", "FROM x\nCOPY f /\n").file("dockerfiles/web/f", "");
    let case = case.folder("samples").file("mkcompose.yml", "context: auto\n");
    assert_eq!(contexts(&case, &[]), [("dockerfiles/web".to_owned(), Value::Null)]);
}
