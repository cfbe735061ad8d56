//! Holds JSON to the schemas in docs/: the part of JSON Schema that they use, and a panic at any word beyond it.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Fails unless `json` is as `docs/SCHEMA` says.
#[track_caller]
pub fn assert_valid(json: &str, schema: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(schema);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let value: Value = serde_json::from_str(json).unwrap();
    if let Err(why) = check(&value, &schema, "$") {
        panic!("{why}\n{json}");
    }
}

fn check(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    for (word, rule) in schema.as_object().unwrap() {
        match word.as_str() {
            "$schema" | "$id" | "title" | "description" => {}
            "type" => check_type(value, rule, at)?,
            "enum" if rule.as_array().unwrap().contains(value) => {}
            "enum" => return Err(format!("{at}: {value} is none of {rule}")),
            "minimum" if value.as_u64() >= rule.as_u64() => {}
            "minimum" => return Err(format!("{at}: {value} is less than {rule}")),
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(item, rule, &format!("{at}[{place}]"))?;
                }
            }
            "required" => {
                for key in rule.as_array().unwrap() {
                    value.get(key.as_str().unwrap()).ok_or_else(|| format!("{at}: no {key}"))?;
                }
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        check(value, rule, &format!("{at}.{key}"))?;
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false));
                for key in value.as_object().into_iter().flat_map(|object| object.keys()) {
                    schema["properties"].get(key).ok_or_else(|| format!("{at}: `{key}` is not in the schema"))?;
                }
            }
            word => panic!("the schema uses `{word}`, which this test does not know"),
        }
    }
    Ok(())
}

fn check_type(value: &Value, rule: &Value, at: &str) -> Result<(), String> {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "array" => value.is_array(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        kind => panic!("the schema uses the type `{kind}`, which this test does not know"),
    };
    let fits = rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is));
    if fits { Ok(()) } else { Err(format!("{at}: {value} is no {rule}")) }
}

#[test]
fn the_check_refuses_what_the_schema_does() {
    let refused = |json: &str| {
        let schema: Value = serde_json::from_str(
            r#"{"type": "object", "required": ["a"], "additionalProperties": false, "properties": {"a": {"type": ["string", "null"], "enum": ["x", null]}, "b": {"type": "array", "items": {"type": "integer", "minimum": 1}}}}"#,
        )
        .unwrap();
        check(&serde_json::from_str(json).unwrap(), &schema, "$").is_err()
    };
    for json in [r"{}", r"[]", r#"{"a": 1}"#, r#"{"a": "y"}"#, r#"{"a": "x", "c": 1}"#, r#"{"a": "x", "b": [0]}"#] {
        assert!(refused(json), "{json}");
    }
    for json in [r#"{"a": "x"}"#, r#"{"a": null, "b": [1]}"#] {
        assert!(!refused(json), "{json}");
    }
}
