//! The reports of several machines as one, as if one machine had done the work. A function from values to values.
//!
//! A service must be in one report. An exception is a base that failed: each machine that needed it reports it, and one machine
//! would have reported it once. Of those the worst counts, so that no failure is lost.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::earlier::EarlierReport;
use super::run_info::{RunInfo, RunSettings};
use crate::gather::Gather;
use crate::problem::Problem;
use crate::repository::service_name::ServiceName;
use crate::runner::summary::ServiceResult;
use image_analyzer::printable::{printable, printable_path};

/// The services of a matrix, of the file at `path`, that no report was asked for: jobs that did not run, or ran with others.
pub fn without_report(path: &Path, planned: &BTreeSet<String>, reports: &[FromFile]) -> Option<Problem> {
    let rows = reports.iter().flat_map(|(_, report)| &report.rows).filter(|row| !row.is_only_a_base);
    let asked: BTreeSet<&str> = rows.map(|row| row.service.as_str()).gather();
    let lost = planned.iter().filter(|service| !asked.contains(service.as_str()));
    let lost: Vec<_> = lost.map(|service| format!("`{service}`")).collect();
    (!lost.is_empty()).then(|| {
        let lost = listed(&lost, lost.len(), "is", "are");
        Problem::new(path, format!("{lost} in no report: give the reports of all jobs, each run with its services"))
    })
}

/// How many services are named where more than one is wrong.
const MOST_NAMED: usize = 3;

/// A report and its file.
pub type FromFile = (PathBuf, EarlierReport);

/// Puts `reports` together. The times are summed, and what changed since a baseline is left out. `expected` says how many
/// reports there must be.
///
/// # Errors
/// All that keeps them from being one, each with its file: other settings, a shard that is missing or there twice, a service
/// that is there twice.
pub fn merge(reports: Vec<FromFile>, expected: Option<NonZeroU32>) -> Result<EarlierReport, Vec<Problem>> {
    let mut problems = settings(&reports);
    problems.extend(shards(&reports, expected));
    problems.extend(services(&reports));
    let mut reports = reports.into_iter().map(|(_, report)| report);
    let Some(first) = reports.next().filter(|_| problems.is_empty()) else { return Err(problems) };
    let info = RunInfo { shard: None, ..first.info };
    let mut merged = EarlierReport { changes: None, info, rows: Vec::new(), ..first };
    let mut rows = BTreeMap::new();
    add(&mut rows, first.rows);
    for report in reports {
        merged.was_interrupted |= report.was_interrupted;
        merged.time = merged.time.saturating_add(report.time);
        merged.info.errors.extend(report.info.errors);
        add(&mut rows, report.rows);
    }
    merged.rows = rows.into_values().collect();
    Ok(merged)
}

fn add(rows: &mut BTreeMap<ServiceName, ServiceResult>, more: Vec<ServiceResult>) {
    for row in more {
        match rows.entry(row.service.clone()) {
            Entry::Vacant(place) => drop(place.insert(row)),
            Entry::Occupied(mut place) => {
                let is_only_a_base = place.get().is_only_a_base && row.is_only_a_base;
                if rank(&row) < rank(place.get()) {
                    place.insert(row);
                }
                place.get_mut().is_only_a_base = is_only_a_base;
            }
        }
    }
}

/// What counts more has a lower rank: what is not as expected, then what is not known, then what was asked for.
fn rank(row: &ServiceResult) -> (u8, bool) {
    let of_outcome = match row.is_expected() {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    };
    (of_outcome, row.is_only_a_base)
}

/// Reports that were made with other settings than the first.
fn settings(reports: &[FromFile]) -> Vec<Problem> {
    let Some(((first_path, first), others)) = reports.split_first() else { return Vec::new() };
    let problem = |(path, report): &FromFile| {
        let what = difference(first, report)?;
        let other = printable_path(first_path);
        Some(Problem::new(
            path,
            format!("{what} differ from those of `{other}`: run all shards on one commit with the same settings"),
        ))
    };
    others.iter().filter_map(problem).collect()
}

/// What differs between the settings of two runs.
fn difference(one: &EarlierReport, other: &EarlierReport) -> Option<String> {
    if one.repository != other.repository || one.info.services != other.info.services {
        return Some("the services".to_owned());
    }
    let RunSettings { services, build, push, run } = &one.info.settings;
    let of_other = &other.info.settings;
    if *services != of_other.services {
        return Some("the settings of the services".to_owned());
    }
    if (*build, *push) != (of_other.build, of_other.push) || run.is_some() != of_other.run.is_some() {
        return Some("the commands (`build`, `build --push`, `test`, `test --no-build`)".to_owned());
    }
    (*run != of_other.run).then(|| "the values of `--timeout`, `--memory` or `--network`".to_owned())
}

/// Shards that are missing or there twice.
fn shards(reports: &[FromFile], expected: Option<NonZeroU32>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let said = reports.iter().find_map(|(path, report)| Some((path, report.info.shard?.of)));
    let Some((said_by, total)) = said else {
        let missing =
            expected.is_some_and(|expected| !u32::try_from(reports.len()).is_ok_and(|count| count == expected.get()));
        let count = reports.len();
        let last = reports.last().map(|(path, _)| path);
        if let (true, Some(expected), Some(path)) = (missing, expected, last) {
            problems.push(Problem::new(
                path,
                format!("this is the last of {count} reports, and `--expect` asks for {expected}: give as many"),
            ));
        }
        return problems;
    };
    if let Some(expected) = expected.filter(|expected| *expected != total) {
        let what = format!(
            "it says that there are {total} shards, and `--expect` asks for {expected}: correct one of the two"
        );
        problems.push(Problem::new(said_by, what));
    }
    let mut found: BTreeMap<NonZeroU32, &Path> = BTreeMap::new();
    for (path, report) in reports {
        let Some(shard) = report.info.shard else {
            let what = "it does not say which shard it is, and others do: write it with `--shard NUMBER/TOTAL`";
            problems.push(Problem::new(path, what));
            continue;
        };
        if shard.of != total {
            let other = printable_path(said_by);
            let what = format!(
                "it says that there are {} shards, and `{other}` says {total}: give reports of one run",
                shard.of
            );
            problems.push(Problem::new(path, what));
        } else if let Some(other) = found.insert(shard.number, path) {
            let what = format!("shard {} is in `{}` too: give each shard once", shard.number, printable_path(other));
            problems.push(Problem::new(path, what));
        }
    }
    if problems.is_empty() {
        // A report may say any number, so that only those are looked for that are named.
        let is_missing = |number: &u32| NonZeroU32::new(*number).is_some_and(|number| !found.contains_key(&number));
        let named: Vec<_> = (1..=total.get()).filter(is_missing).take(MOST_NAMED).map(|it| it.to_string()).collect();
        let count = usize::try_from(total.get()).unwrap_or(usize::MAX).saturating_sub(found.len());
        if count > 0 {
            let what = format!(
                "it says that there are {total} shards, and {} missing: give all reports",
                listed(&named, count, "is", "are")
            );
            problems.push(Problem::new(said_by, what));
        }
    }
    problems
}

/// Services that are in two reports, both of which were asked for them.
fn services(reports: &[FromFile]) -> Vec<Problem> {
    let mut found: BTreeMap<&str, &Path> = BTreeMap::new();
    let mut problems = Vec::new();
    for (path, report) in reports {
        let mut twice: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
        for row in report.rows.iter().filter(|row| !row.is_only_a_base) {
            if let Some(other) = found.insert(row.service.as_str(), path) {
                twice.entry(other).or_default().push(format!("`{}`", row.service));
            }
        }
        for (other, services) in twice {
            let what = format!(
                "{} in `{}` too: have each service in one shard",
                listed(&services, services.len(), "is", "are"),
                printable_path(other)
            );
            problems.push(Problem::new(path, what));
        }
    }
    problems
}

/// `a is`, `a, b are`, `a, b, c and 2 more are`: the first of `count` names.
fn listed(names: &[String], count: usize, is: &str, are: &str) -> String {
    let verb = if count == 1 { is } else { are };
    let first: Vec<_> = names.iter().take(MOST_NAMED).map(|name| printable(name)).collect();
    let more = match count.saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more} {verb}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::merge;
    use crate::expectation::ExpectedOutcome;
    use crate::report::outcomes::earlier::EarlierReport;
    use crate::report::outcomes::run_info::{ContainerSettings, RunInfo, RunSettings, ShardNumber};
    use crate::report::outcomes::{Format, Report};
    use crate::report::{Export as _, Layout};
    use crate::repository::service_name::Set;
    use crate::runner::baseline::Baseline;
    use crate::runner::outcome::Outcome;
    use crate::runner::retries::Try;
    use crate::runner::summary::ServiceResult;
    use crate::runner::summary::tests::row;
    use proptest::prelude::*;

    /// A shard of a run with these rows.
    fn shard(shard: Option<(u32, u32)>, rows: Vec<ServiceResult>) -> EarlierReport {
        let number = |number| NonZeroU32::new(number).unwrap();
        let run = ContainerSettings { timeout_seconds: 60.0, memory: None, network: None };
        let info = RunInfo {
            shard: shard.map(|(shard, of)| ShardNumber { number: number(shard), of: number(of) }),
            settings: RunSettings { services: "0123".to_owned(), build: true, push: false, run: Some(run) },
            services: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            errors: Vec::new(),
        };
        let time = Duration::from_secs(1);
        EarlierReport { repository: "minimage".to_owned(), rows, changes: None, was_interrupted: false, time, info }
    }

    fn works(services: &[&str]) -> Vec<ServiceResult> {
        services.iter().map(|service| row(service, Outcome::Works)).collect()
    }

    fn files(reports: Vec<EarlierReport>) -> Vec<(PathBuf, EarlierReport)> {
        let file = |(place, report)| (PathBuf::from(format!("{}.json", place + 1)), report);
        reports.into_iter().enumerate().map(file).collect()
    }

    /// What keeps these from being one, a line each.
    fn refused(reports: Vec<EarlierReport>, expected: Option<u32>) -> Vec<String> {
        let problems = merge(files(reports), expected.and_then(NonZeroU32::new)).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_shard_that_is_missing_or_there_twice_is_named() {
        let of = |number, of| shard(Some((number, of)), Vec::new());
        assert_eq!(merge(files(vec![of(2, 2), of(1, 2)]), None).unwrap().info.shard, None);
        let words = |reports, expected| refused(reports, expected).join("\n");
        assert_eq!(
            words(vec![of(1, 4), of(3, 4)], None),
            "1.json: it says that there are 4 shards, and 2, 4 are missing: give all reports"
        );
        assert_eq!(
            words(vec![of(5, u32::MAX), of(2, u32::MAX)], None),
            "1.json: it says that there are 4294967295 shards, and 1, 3, 4 and 4294967290 more are missing: give all reports"
        );
        assert_eq!(words(vec![of(1, 2), of(1, 2)], None), "2.json: shard 1 is in `1.json` too: give each shard once");
        assert_eq!(
            words(vec![of(1, 2), of(2, 3)], None),
            "2.json: it says that there are 3 shards, and `1.json` says 2: give reports of one run"
        );
        assert_eq!(
            words(vec![of(1, 1)], Some(2)),
            "1.json: it says that there are 1 shards, and `--expect` asks for 2: correct one of the two"
        );
        assert_eq!(
            words(vec![of(1, 2), shard(None, Vec::new())], None),
            "2.json: it does not say which shard it is, and others do: write it with `--shard NUMBER/TOTAL`"
        );
        let silent = || shard(None, Vec::new());
        assert_eq!(
            words(vec![silent(), silent()], Some(3)),
            "2.json: this is the last of 2 reports, and `--expect` asks for 3: give as many"
        );
        assert!(merge(files(vec![silent(), silent()]), NonZeroU32::new(2)).is_ok());
    }

    #[test]
    fn a_service_in_two_reports_is_refused_unless_it_is_a_base_that_failed() {
        let twice =
            refused(vec![shard(None, works(&["a", "b", "c", "d"])), shard(None, works(&["a", "b", "c", "d"]))], None);
        assert_eq!(twice, ["2.json: `a`, `b`, `c` and 1 more are in `1.json` too: have each service in one shard"]);
        let failed = Outcome::DoesNotBuild { step: None, message: "no".to_owned() };
        let base = |outcome| ServiceResult { is_only_a_base: true, ..row("a", outcome) };
        let reports = vec![
            shard(None, vec![base(Outcome::Unknown { message: String::new() })]),
            shard(None, vec![base(failed.clone())]),
            shard(None, works(&["a", "b"])),
        ];
        let merged = merge(files(reports), None).unwrap();
        assert_eq!(merged.rows, [row("a", failed), row("b", Outcome::Works)], "no failure is lost");
    }

    #[test]
    fn reports_of_other_settings_are_named_with_what_differs() {
        let plain = || shard(None, Vec::new());
        let with = |change: &dyn Fn(&mut EarlierReport)| {
            let mut report = plain();
            change(&mut report);
            report
        };
        let reports = vec![
            plain(),
            with(&|report| report.repository.push('x')),
            with(&|report| drop(report.info.services.pop())),
            with(&|report| report.info.settings.services.push('x')),
            with(&|report| report.info.settings.build = false),
            with(&|report| report.info.settings.run = None),
            with(&|report| report.info.settings.run.as_mut().unwrap().timeout_seconds = 5.0),
        ];
        let what = ["the services", "the services", "the settings of the services"];
        let commands = ["the commands (`build`, `build --push`, `test`, `test --no-build`)"; 2];
        let what = what.into_iter().chain(commands).chain(["the values of `--timeout`, `--memory` or `--network`"]);
        let rest = "differ from those of `1.json`: run all shards on one commit with the same settings";
        let expected: Vec<_> =
            what.enumerate().map(|(place, what)| format!("{}.json: {what} {rest}", place + 2)).collect();
        assert_eq!(refused(reports, None), expected);
    }

    #[test]
    fn a_report_that_is_cut_or_lies_is_refused() {
        let mut rows = works(&["a", "b"]);
        rows[0].record.build_time = Some(Duration::from_millis(1500));
        let json = shard(Some((1, 2)), rows).report().export(Format::Json, Layout::default()).unwrap();
        let parse = |json: &str| EarlierReport::parse(json.as_bytes()).map_err(|why| why.to_string());
        assert!(parse(&json).is_ok());
        for end in [0, 1, json.len() / 2, json.len() - 3] {
            let why = parse(json.get(..end).unwrap()).unwrap_err();
            assert!(
                why.starts_with("this is not a report of `mkcompose test` (EOF") && why.contains("--report FILE.json"),
                "{why}"
            );
        }
        for (was, is, why) in [
            (r#""outcome": "works""#, r#""outcome": "exits""#, "`a` has no outcome that there is"),
            (
                r#""outcome": "works""#,
                r#""outcome": "timed-out""#,
                "`\"expected\": true` does not follow from the rest of it",
            ),
            (
                r#""expected": true"#,
                r#""expected": false"#,
                "`\"expected\": false` does not follow from the rest of it",
            ),
            (r#""expected": 2"#, r#""expected": 1"#, "`\"expected\": 1` does not follow from the rest of it"),
            (
                r#""expect": "works""#,
                r#""expect": "exit 1""#,
                "`\"expected\": true` does not follow from the rest of it",
            ),
            (r#""set": "normal""#, r#""set": "err""#, "`\"set\": \"err\"` does not follow from the rest of it"),
            (r#""service": "a""#, r#""service": "c""#, "its images are not in their order: `b`"),
            (r#""service": "b""#, r#""service": "a""#, "its images are not in their order: `a`"),
            (r#""service": "b""#, r#""service": "bb""#, "`bb` is an image and no service"),
            (
                r#""service": "a""#,
                r#""service": "../a""#,
                "`../a`: a part of the service name, between two dots, is empty",
            ),
            (r#""build_seconds": 1.5"#, r#""build_seconds": -1"#, "`a`: -1 s is no time that a run can take"),
            (r#""build_seconds": 1.5"#, r#""build_seconds": 1e300"#, " s is no time that a run can take"),
            (r#""build_seconds": 1.5"#, r#""build_seconds": 1.50001"#, "`\"build_seconds\": 1.50001` does not follow"),
            (r#""number": 1"#, r#""number": 3"#, "its shard is beyond the last one"),
            (r#""of": 2"#, r#""of": 10001"#, "it is one of 10001 shards, and there can be 10000 at most"),
            (r#""of": 2"#, r#""of": 4294967295"#, "it is one of 4294967295 shards, and there can be 10000 at most"),
        ] {
            assert!(json.contains(was), "{was}");
            let found = parse(&json.replacen(was, is, 1)).unwrap_err();
            assert!(found.starts_with("this report contradicts itself: ") && found.contains(why), "{found}");
        }
        let other = json.replacen(env!("CARGO_PKG_VERSION"), "99.0\\u001b", 1);
        assert!(
            parse(&other).unwrap_err().starts_with("mkcompose 99.0\\x1b wrote this report, and this is mkcompose ")
        );
        let why = parse(r#"{"images": []}"#).unwrap_err();
        assert!(why.starts_with("an earlier mkcompose wrote this report"), "{why}");
        for wrong in ["[]", "{}", "null", r#"{"version": 1, "images": []}"#, &"[".repeat(100_000)] {
            assert!(parse(wrong).unwrap_err().starts_with("this is not a report of `mkcompose test` ("), "{wrong:.20}");
        }
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        let message = || any::<String>();
        prop_oneof![
            Just(Outcome::Works),
            Just(Outcome::Built),
            (1_i64..300, message()).prop_map(|(exit_code, message)| Outcome::ExitedWithError { exit_code, message }),
            message().prop_map(|message| Outcome::CannotStart { message }),
            (any::<i64>(), any::<Option<bool>>())
                .prop_map(|(signal, out_of_memory)| Outcome::Killed { signal, out_of_memory }),
            Just(Outcome::TimedOut),
            Just(Outcome::Runs),
            message().prop_map(|message| Outcome::Unhealthy { message }),
            message().prop_map(|message| Outcome::NoAnswer { message }),
            message().prop_map(|message| Outcome::WrongOutput { message }),
            (any::<Option<String>>(), message()).prop_map(|(step, message)| Outcome::DoesNotBuild { step, message }),
            Just(Outcome::NotBuilt),
            message().prop_map(|message| Outcome::NotTried { message }),
            Just(Outcome::NotRun),
            Just(Outcome::Interrupted),
            message().prop_map(|message| Outcome::Unknown { message }),
        ]
    }

    fn expected() -> impl Strategy<Value = ExpectedOutcome> {
        prop_oneof![
            Just(ExpectedOutcome::Works),
            any::<u8>().prop_map(ExpectedOutcome::Exit),
            Just(ExpectedOutcome::CannotStart),
            Just(ExpectedOutcome::Runs),
        ]
    }

    /// What is known of an image, and of which shards it is: of the first if it was asked for, of all if it is a base that failed.
    fn image() -> impl Strategy<Value = (ServiceResult, Vec<usize>)> {
        let time = || any::<Option<u16>>().prop_map(|time| time.map(|time| Duration::from_millis(time.into())));
        let texts =
            (any::<String>(), any::<String>(), any::<Option<String>>(), prop::collection::vec(any::<String>(), 0..3));
        let places = prop::collection::vec(0_usize..5, 1..4);
        (outcome(), expected(), any::<[bool; 4]>(), time(), time(), texts, places).prop_map(
            |(
                outcome,
                expected,
                [is_err, has_err_base, is_only_a_base, is_cut],
                build_time,
                run_time,
                texts,
                places,
            )| {
                let (stdout, stderr, reason, last_lines) = texts;
                let mut image = row(if is_err { "x.err" } else { "x" }, outcome);
                image.expectation.outcome = expected;
                if has_err_base {
                    image.build_set = Set::Err;
                }
                image.is_only_a_base = is_only_a_base;
                image.record.build_time = build_time;
                image.record.run_time = run_time;
                (image.record.stdout, image.record.stderr, image.record.is_cut) = (stdout, stderr, is_cut);
                let tried = last_lines.iter().map(|line| Try { message: line.clone(), time: Duration::from_millis(7) });
                image.record.tries = tried.collect();
                image.record.digest.clone_from(&reason);
                (image.record.reason, image.record.last_lines) = (reason, last_lines);
                (image, places)
            },
        )
    }

    proptest! {
        /// Outcomes that are split at random into shards, written and merged give the bytes of the whole report in every format.
        #[test]
        fn merged_shards_are_the_whole(
            images in prop::collection::vec(image(), 0..12),
            times in prop::collection::vec(0_u16..10_000, 5),
            interrupted in prop::option::of(0_usize..5),
            errors in prop::collection::vec(any::<Option<String>>(), 5),
            earlier in prop::collection::vec(outcome(), 12),
            order in Just((0_usize..5).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let name = |place: usize, image: &ServiceResult| {
                let name = format!("s{place:02}{}", if image.set() == Set::Err { ".err" } else { "" });
                row(&name, Outcome::Works).service
            };
            let images: Vec<_> = images.into_iter().enumerate()
                .map(|(place, (image, places))| (ServiceResult { service: name(place, &image), ..image }, places))
                .collect();
            let services: Vec<_> = images.iter().map(|(image, _)| image.service.to_string()).chain(["z".to_owned()]).collect();
            let rows: Vec<_> = images.iter().map(|(image, _)| image.clone()).collect();
            let part = |number: usize| {
                let is_of = |image: &ServiceResult, places: &[usize]| {
                    if image.is_only_a_base { places.contains(&number) } else { places[0] == number }
                };
                let rows = images.iter().filter(|(image, places)| is_of(image, places)).map(|(image, _)| image.clone()).collect();
                let mut part = shard(Some((u32::try_from(number).unwrap() + 1, 5)), rows);
                part.time = Duration::from_millis(times[number].into());
                part.was_interrupted = interrupted == Some(number);
                part.info.services.clone_from(&services);
                part.info.errors = errors[number].clone().into_iter().collect();
                part
            };
            let mut whole = EarlierReport { rows, ..part(0) };
            whole.info.shard = None;
            whole.was_interrupted = interrupted.is_some();
            whole.time = times.iter().map(|time| Duration::from_millis((*time).into())).sum();
            whole.info.errors = order.iter().filter_map(|number| errors[*number].clone()).collect();
            let text = |report: &EarlierReport, format| report.report().export(format, Layout::default()).unwrap();
            let baseline: Vec<_> = earlier.into_iter().enumerate().map(|(place, outcome)| row(&format!("s{place:02}"), outcome)).collect();
            let baseline = text(&EarlierReport { rows: baseline, ..part(0) }, Format::Json);
            let baseline = Baseline::parse(baseline.as_bytes()).unwrap();
            let parts = order.iter().map(|number| text(&part(*number), Format::Json));
            let read = |json: String| EarlierReport::parse(json.as_bytes()).unwrap();
            let merged = merge(files(parts.map(read).collect()), NonZeroU32::new(5)).unwrap();
            for format in [Format::Table, Format::Json, Format::Markdown, Format::Junit] {
                prop_assert_eq!(text(&whole, format), text(&merged, format));
                let changes = [&whole, &merged].map(|report| baseline.changes(&report.rows, &report.info.services));
                let compared = |report: &EarlierReport, changes| {
                    let report = Report { changes: Some(changes), ..report.report() };
                    (report.is_no(), report.export(format, Layout::default()).unwrap())
                };
                prop_assert_eq!(compared(&whole, &changes[0]), compared(&merged, &changes[1]));
            }
        }
    }
}
