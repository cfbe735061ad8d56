//! Which services the jobs of a matrix were given, from what `mkcompose matrix` printed.

use std::collections::BTreeSet;

use serde_json::Value;

/// The services of all jobs of a matrix, as GitHub or GitLab reads it; `None` if it is none.
pub fn services_of(json: &[u8]) -> Option<BTreeSet<String>> {
    let matrix: Value = serde_json::from_slice(json).ok()?;
    let mut services = BTreeSet::new();
    for job in matrix.get("include").unwrap_or(&matrix).as_array()? {
        let words = job.get("services").or_else(|| job.get("SERVICES"))?.as_str()?;
        services.extend(words.split_ascii_whitespace().map(str::to_owned));
    }
    Some(services)
}

#[cfg(test)]
mod tests {
    use super::services_of;

    #[test]
    fn the_services_of_all_jobs_are_read_from_both_forms_of_a_matrix() {
        let services = |json: &str| Some(services_of(json.as_bytes())?.into_iter().collect::<Vec<_>>().join(" "));
        let github = r#"{"include":[{"shard":1,"level":0,"services":"b a"},{"shard":2,"level":0,"services":"c"}]}"#;
        assert_eq!(services(github).as_deref(), Some("a b c"));
        let gitlab = r#"[{"SHARD":"1","LEVEL":"0","SERVICES":"b a"}]"#;
        assert_eq!(services(gitlab).as_deref(), Some("a b"));
        assert_eq!([services(r#"{"include":[]}"#), services("[]")], [Some(String::new()), Some(String::new())]);
        for wrong in ["", "{}", "1", r#"{"include":1}"#, r#"[{"SHARD":"1"}]"#, r#"[{"SERVICES":1}]"#, "[[]]"] {
            assert_eq!(services(wrong), None, "{wrong}");
        }
    }
}
