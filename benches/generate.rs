//! How long it takes to scan a folder and to render a Compose file, at 60, 10,000 and 100,000 Dockerfiles.
//!
//! `cargo bench --bench generate`. The folder's entries are in the system's cache and the text stays in memory, so this
//! is the work alone; `benches/process.sh` times the whole process.

#![allow(clippy::unwrap_used, reason = "a benchmark stops by panicking")]

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mkcompose::compose::{Entry, render};
use mkcompose::repository::scan::{FoundDockerfile, ScanOptions, scan};
use mkcompose::repository::service_name::PREFIX;
use tempfile::TempDir;

const COUNTS: [usize; 3] = [60, 10_000, 100_000];

/// A folder of `count` empty Dockerfiles: a scan opens none.
fn folder(count: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..count {
        let name = format!("{PREFIX}program-{number:06}.golang-1-alpine.scratch");
        File::create(folder.path().join(name)).unwrap();
    }
    folder
}

fn options(folder: &Path) -> ScanOptions {
    ScanOptions { repository: folder.to_owned(), roots: vec![folder.to_owned()], exclude: Vec::new() }
}

fn compose(dockerfiles: &[FoundDockerfile], repository: &str) -> String {
    let names: Vec<_> = dockerfiles.iter().map(|found| found.service_name(repository).unwrap()).collect();
    let entries = dockerfiles.iter().zip(&names).map(|(found, service)| Entry {
        service: service.as_str(),
        image: [repository, ":", service.as_str()],
        context: "samples",
        dockerfile: ["../dockerfiles/", &found.below, "", ""],
    });
    render(&entries, "dockerfiles/").unwrap()
}

fn generate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    // Few samples, so that the whole run ends in about a minute.
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    for count in COUNTS {
        let folder = folder(count);
        group.throughput(Throughput::Elements(count.try_into().unwrap()));
        group.bench_function(BenchmarkId::new("scan", count), |bencher| {
            bencher.iter(|| scan(black_box(&options(folder.path()))).unwrap());
        });
        let dockerfiles = scan(&options(folder.path())).unwrap().found;
        assert_eq!(dockerfiles.len(), count);
        group.bench_function(BenchmarkId::new("render", count), |bencher| {
            bencher.iter(|| compose(black_box(&dockerfiles), "minimage"));
        });
        // One name that is not simple sends all of them through serde_yaml.
        group.bench_function(BenchmarkId::new("render by serde", count), |bencher| {
            bencher.iter(|| compose(black_box(&dockerfiles), "-minimage"));
        });
    }
    group.finish();
}

criterion_group!(benches, generate);
criterion_main!(benches);
