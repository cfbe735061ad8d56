//! Holds JSON to the schemas in docs/.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Fails unless `json` is as `docs/SCHEMA` says.
#[track_caller]
pub fn assert_valid(json: &str, schema: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(schema);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let value: Value = serde_json::from_str(json).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let wrong: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{json}");
}

#[test]
#[should_panic(expected = "is not valid under any")]
fn a_rule_that_is_not_in_the_schema_is_refused() {
    assert_valid(r#"[{"path": "a", "line": 1, "rule": "no-such-rule", "message": "b"}]"#, "lint.schema.json");
}

#[test]
#[should_panic(expected = "Additional properties")]
fn a_key_that_is_not_in_the_schema_is_refused() {
    assert_valid(r#"[{"path": "a", "line": 1, "rule": "stage-count", "message": "b", "x": 1}]"#, "lint.schema.json");
}
