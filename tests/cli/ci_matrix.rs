//! `matrix`: the jobs of a CI system, on one line.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::case::Case;

/// Two bases, what is built on them, and one apart.
fn repository() -> Case {
    Case::empty()
        .file("base/Dockerfile", "FROM scratch\n")
        .file("app/Dockerfile", "FROM minimage:base\n")
        .file("top/Dockerfile", "FROM minimage:app\n")
        .file("alone/Dockerfile", "FROM scratch\n")
        .file("broken.err/Dockerfile", "FROM scratch\n")
}

/// The jobs of GitHub, and that nothing was said beside them.
#[track_caller]
fn jobs(case: &Case, args: &[&str]) -> Vec<(u64, u64, String)> {
    let run = case.run([&["matrix"], args].concat());
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    assert_eq!(run.stdout().lines().count(), 1, "a variable of CI is one line");
    let matrix: Value = serde_json::from_str(&run.stdout()).unwrap();
    let job = |job: &Value| {
        let number = |key: &str| job[key].as_u64().unwrap();
        (number("shard"), number("level"), job["services"].as_str().unwrap().to_owned())
    };
    matrix["include"].as_array().unwrap().iter().map(job).collect()
}

#[test]
fn each_image_has_a_job_and_bases_come_before_what_is_built_on_them() {
    repository().run(["matrix"]).expect(
        0,
        concat!(
            r#"{"include":[{"shard":1,"level":0,"services":"alone"},{"shard":2,"level":0,"services":"base"},"#,
            r#"{"shard":3,"level":0,"services":"broken.err"},{"shard":4,"level":1,"services":"app"},"#,
            r#"{"shard":5,"level":2,"services":"top"}]}"#,
            "\n"
        ),
        "",
    );
}

#[test]
fn shards_are_so_many_for_each_level() {
    let case = repository();
    let job = |shard, level, services: &str| (shard, level, services.to_owned());
    assert_eq!(
        jobs(&case, &["--shards", "2"]),
        [job(1, 0, "alone broken.err"), job(2, 0, "base"), job(3, 1, "app"), job(4, 2, "top")]
    );
    assert_eq!(jobs(&case, &["--shards", "1", "base", "a*"]), [job(1, 0, "alone base"), job(2, 1, "app")]);
}

#[test]
fn gitlab_reads_variables() {
    let run = repository().run(["matrix", "--format", "gitlab", "--shards", "3", "base", "app"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    let matrix: Value = serde_json::from_str(&run.stdout()).unwrap();
    let expected =
        json!([{"SHARD": "1", "LEVEL": "0", "SERVICES": "base"}, {"SHARD": "2", "LEVEL": "1", "SERVICES": "app"}]);
    assert_eq!(matrix, expected);
}

#[test]
fn an_earlier_report_balances_the_jobs() {
    let case = repository().file(
        "times.json",
        r#"{"images": [{"service": "alone", "build_seconds": 1}, {"service": "base", "build_seconds": 9},
            {"service": "broken.err", "build_seconds": 2}, {"service": "gone", "build_seconds": 100}]}"#,
    );
    let services = |args: &[&str]| jobs(&case, args).into_iter().map(|(_, _, services)| services).collect::<Vec<_>>();
    assert_eq!(services(&["--shards", "2", "--times", "times.json"]), ["base", "alone broken.err", "app", "top"]);
    assert_eq!(services(&["--times", "times.json"]), ["base", "broken.err", "alone", "app", "top"]);
    let told = "the report has no times of these services: all services count the same\n";
    let run = case.run(["matrix", "--times", "times.json", "top"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, told));
}

#[test]
fn a_report_that_is_none_is_refused() {
    let case = repository().file("cut.json", r#"{"images": [{"service": "a", "build"#).file("other.json", "[]");
    let run = case.run(["matrix", "--times", "cut.json"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    let how = "write one with `mkcompose test --report FILE.json`\n";
    assert!(
        run.stderr().starts_with("error: cut.json: this is not a report of `mkcompose test` (EOF"),
        "{}",
        run.stderr()
    );
    assert!(run.stderr().ends_with(how), "{}", run.stderr());
    let run = case.run(["matrix", "--times", "other.json"]);
    assert_eq!(run.code(), 2);
    assert!(run.stderr().ends_with(how), "{}", run.stderr());
    let run = case.run(["matrix", "--times", "gone.json"]);
    assert!(run.code() == 2 && run.stderr().starts_with("error: gone.json: cannot read: "), "{}", run.stderr());
}

/// So many services, the last `chain` of them built on each other.
fn many(count: usize, chain: usize) -> Case {
    (0..count).fold(Case::empty(), |case, number| {
        let is_on_another = number > count - chain;
        let from = if is_on_another { format!("minimage:s{:03}", number - 1) } else { "scratch".to_owned() };
        case.file(format!("s{number:03}/Dockerfile"), format!("FROM {from}\n"))
    })
}

#[test]
fn more_jobs_than_the_system_takes_are_refused_with_what_fits() {
    let case = many(257, 0);
    case.run(["matrix"]).refused(
        "error: the matrix has 257 jobs, but GitHub allows at most 256: give `--shards 256` or less, or choose fewer services\n",
    );
    case.run(["matrix", "--format", "gitlab"]).refused(
        "error: the matrix has 257 jobs, but GitLab allows at most 200: give `--shards 200` or less, or choose fewer services\n",
    );
    assert_eq!(jobs(&case, &["--shards", "256"]).len(), 256);
    assert_eq!(jobs(&case, &["s00?"]).len(), 10);
    let case = many(300, 3);
    case.run(["matrix", "--shards", "256"]).refused(
        "error: the matrix has 258 jobs in 3 levels of bases, but GitHub allows at most 256: give `--shards 85` or less, or choose fewer \
         services\n",
    );
    let jobs = jobs(&case, &["--shards", "85"]);
    let all: Vec<_> = jobs.iter().flat_map(|(_, _, services)| services.split(' ').collect::<Vec<_>>()).collect();
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (300, 300), "each is in one shard");
}

#[test]
fn a_long_list_of_services_is_said_for_gitlab() {
    let run = many(60, 0).run(["matrix", "--format", "gitlab", "--shards", "1"]);
    let told = "the service names of a job have more than 200 characters, which some versions of GitLab reject: increase `--shards`\n";
    assert_eq!((run.code(), run.stderr().as_str()), (0, told));
}

#[test]
fn no_shard_at_all_is_no_number() {
    let run = repository().run(["matrix", "--shards", "0"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
}
