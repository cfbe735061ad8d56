//! Sizes for programs: bytes as numbers, names as they are, keys that stay. Described by `docs/sizes.schema.json`.

use serde::Serialize;

use super::Report;
use crate::markup::json as escape;
use crate::repository::service_name::Set;
use crate::sizes::Row;
use crate::sizes::baseline::Change;
use crate::sizes::figures::Figures;

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(in crate::report) struct Document<'a> {
    figures: &'a Figures,
    /// A service each: by program, within it in the order asked for.
    images: Vec<Entry<'a>>,
    total: Totals,
    changes: Option<Differences<'a>>,
}

/// One service; what is not known is `null`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
struct Entry<'a> {
    service: &'a str,
    program: &'a str,
    set: Set,
    image: &'a str,
    /// The engine's name for its content.
    id: Option<&'a str>,
    /// In bytes: the sum of its unpacked layers where they are known, else what `docker images` shows.
    size: Option<u64>,
    /// Bytes that no other image of the list has.
    own: Option<u64>,
    /// Bytes that at least one other image of the list has too; `own` and `shared` add up to `size`.
    shared: Option<u64>,
    /// Bytes less than the largest image of the program.
    smaller_by: Option<u64>,
    /// Bytes of its compressed layers, which a pull transfers. Known only of exact sizes, where the store keeps them.
    packed: Option<u64>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
struct Totals {
    built: usize,
    not_built: usize,
    size: u64,
    on_disk: u64,
    /// Bytes of all compressed layers, each counted once.
    packed: Option<u64>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
struct Differences<'a> {
    budget: Allowed,
    grown: &'a [Change],
    tolerated: &'a [Change],
    shrunk: &'a [Change],
    new: &'a [String],
    vanished: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
struct Allowed {
    percent: f64,
    bytes: u64,
}

/// The document, on several lines, with a newline at its end.
///
/// # Errors
/// None that is known of: it holds nothing that JSON cannot say.
pub(super) fn render(report: Report<'_>) -> Result<String, serde_json::Error> {
    let total = report.sizes.total;
    let changes = report.changes.map(|changes| Differences {
        budget: Allowed { percent: changes.budget.percent(), bytes: changes.budget.bytes },
        grown: &changes.grown,
        tolerated: &changes.tolerated,
        shrunk: &changes.shrunk,
        new: &changes.new,
        vanished: &changes.vanished,
    });
    let document = Document {
        figures: &report.sizes.figures,
        images: report.sizes.rows().map(entry).collect(),
        total: Totals {
            built: total.built,
            not_built: total.missing,
            size: total.size,
            on_disk: total.on_disk,
            packed: total.packed,
        },
        changes,
    };
    Ok(escape(&serde_json::to_string_pretty(&document)?) + "\n")
}

fn entry(row: &Row) -> Entry<'_> {
    let built = row.built.as_ref();
    let share = built.and_then(|built| built.share);
    Entry {
        service: row.service.as_str(),
        program: row.service.program(),
        set: row.service.set(),
        image: &row.image,
        id: built.map(|built| built.id.as_str()),
        size: row.size(),
        own: share.map(|share| share.own),
        shared: share.map(|share| share.shared),
        smaller_by: built.map(|built| built.largest - built.size),
        packed: built.and_then(|built| built.packed),
    }
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::sizes::Report;
    use crate::report::sizes::tests::changed;
    use crate::sizes::SortOrder;
    use crate::sizes::baseline::Baseline;
    use crate::sizes::tests::sample;
    use insta::assert_snapshot;

    #[test]
    fn the_document() {
        let sizes = sample(SortOrder::Size);
        assert_snapshot!(render(Report { sizes: &sizes, changes: Some(&changed(&sizes)) }).unwrap());
    }

    #[test]
    fn both_kinds_of_document_fit_the_documented_schema() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../../docs/sizes.schema.json")).unwrap();
        let validator = jsonschema::options().build(&schema).unwrap();
        let sizes = sample(SortOrder::Size);
        let changes = changed(&sizes);
        for changes in [None, Some(&changes)] {
            let document = serde_json::from_str(&render(Report { sizes: &sizes, changes }).unwrap()).unwrap();
            let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
        for wrong in [r#"{"images": []}"#, r#"{"images": [{"service": 1}], "total": {}, "changes": null}"#] {
            assert!(!validator.is_valid(&serde_json::from_str(wrong).unwrap()), "{wrong}");
        }
    }

    #[test]
    fn a_report_is_a_baseline_against_which_nothing_has_changed() {
        let sizes = sample(SortOrder::Size);
        let document = render(Report { sizes: &sizes, changes: None }).unwrap();
        let changes = Baseline::parse(document.as_bytes()).unwrap().changes(&sizes, "0%".parse().unwrap());
        assert_eq!(crate::report::sizes::changes::sections(&changes), []);
    }
}
