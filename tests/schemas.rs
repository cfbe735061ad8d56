//! The JSON Schemas in docs/ are those of the types: `cargo test --features schema --test schemas`.
//!
//! With `UPDATE_SCHEMAS=1` in the environment the files are written instead.

use std::fs;
use std::path::Path;

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let schemas = mkcompose::schemas().unwrap();
    assert!(!schemas.is_empty());
    for (name, schema) in schemas {
        let path = docs.join(name);
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::write(&path, &schema).unwrap();
        }
        assert!(
            fs::read_to_string(&path).unwrap() == schema,
            "docs/{name} is stale: run this test with UPDATE_SCHEMAS=1"
        );
    }
}
