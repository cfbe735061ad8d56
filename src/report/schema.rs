//! The JSON Schemas of the reports, from their types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::{outcomes, sizes};

/// The schemas that are made from types, each with the name of its file in `docs/`, as JSON on several lines.
///
/// # Errors
/// None that is known of: a schema holds nothing that JSON cannot say.
pub fn all() -> Result<Vec<(&'static str, String)>, serde_json::Error> {
    Ok(vec![
        ("lint.schema.json", schema::<Vec<crate::lint::LintFinding>>("mkcompose lint --format json")?),
        ("sizes.schema.json", schema::<sizes::json::Document<'_>>("mkcompose sizes --format json")?),
        ("test.schema.json", schema::<outcomes::json::Document<'_>>("mkcompose test --format json")?),
    ])
}

fn schema<T: JsonSchema>(title: &str) -> Result<String, serde_json::Error> {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
