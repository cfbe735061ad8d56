//! How quickly an archive is read: by packing, by the size of its files, by their number.
//!
//! `cargo bench --bench archive`. The archive is in memory, so this is the reading alone; `benches/why.sh` times the
//! whole process on what the engine writes.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use image_analyzer::{ReadOptions, read_archive};

#[allow(clippy::indexing_slicing, clippy::unwrap_used, dead_code)]
#[path = "../tests/archives/make.rs"]
mod make;

use make::{PACKED, Packed, docker_old, file, pack, tar};

/// Bytes that compress about as well as a program does: by half.
fn program(size: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    });
    // Half of every eight bytes is noise.
    noise.flat_map(|[a, b, c, d]| [a, b, c, d, 0, 0, 0x48, 0x8b]).take(size).collect()
}

/// An archive of one layer with so many files of so many bytes.
fn archive(packed: Packed, files: u32, size: usize, start: &[u8]) -> Vec<u8> {
    let items: Vec<_> = (0..files)
        .map(|number| {
            let contents = [start, &program(size, number)].concat();
            file(format!("usr/lib/folder-{}/file-{number}.so", number / 100), contents).mode(0o755)
        })
        .collect();
    tar(&docker_old(&[pack(packed, &tar(&items))], false))
}

fn by_packing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("packing");
    for packed in PACKED {
        let archive = archive(packed, 32, 1 << 20, b"");
        group.throughput(Throughput::Bytes(32 << 20));
        group.bench_with_input(BenchmarkId::from_parameter(format!("{packed:?}")), &archive, |bencher, archive| {
            bencher
                .iter(|| read_archive(black_box(archive.as_slice()), &ReadOptions::default()).map(|image| image.names));
        });
    }
    group.finish();
}

fn by_kind(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kind");
    for (name, start) in [("text", b"text" as &[u8]), ("elf", b"\x7fELF\x02\x01\x01")] {
        let archive = archive(Packed::Plain, 32, 1 << 20, start);
        group.throughput(Throughput::Bytes(archive.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &archive, |bencher, archive| {
            bencher
                .iter(|| read_archive(black_box(archive.as_slice()), &ReadOptions::default()).map(|image| image.names));
        });
    }
    group.finish();
}

fn by_number(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("files");
    for files in [1_000, 10_000, 100_000] {
        let archive = archive(Packed::Plain, files, 100, b"#!/bin/sh\n");
        group.throughput(Throughput::Elements(u64::from(files)));
        group.bench_with_input(BenchmarkId::from_parameter(files), &archive, |bencher, archive| {
            bencher
                .iter(|| read_archive(black_box(archive.as_slice()), &ReadOptions::default()).map(|image| image.names));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = by_packing, by_kind, by_number
}
criterion_main!(benches);
