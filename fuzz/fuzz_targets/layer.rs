//! Any bytes as the layers of an otherwise sound archive. The first byte says how many there are and how they are
//! packed, so that the fuzzer need not find out how to compress.
#![no_main]

use libfuzzer_sys::fuzz_target;
use image_analyzer::{ReadOptions, read_archive};

#[allow(dead_code)]
#[path = "../../crates/image-analyzer/tests/archives/make.rs"]
mod make;
#[path = "../visit.rs"]
mod visit;

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    let packed = make::PACKED[usize::from(first & 3) % 3];
    let size = data.len().div_ceil(usize::from(first >> 6) + 1).next_multiple_of(512).max(512);
    let layers: Vec<Vec<u8>> = data.chunks(size).map(|layer| make::pack(packed, layer)).collect();
    let archive = make::tar(&make::docker_old(&layers, first & 4 == 0));
    if let Ok(image) = read_archive(archive.as_slice(), &ReadOptions::default()) {
        visit::image(&image);
    }
});
