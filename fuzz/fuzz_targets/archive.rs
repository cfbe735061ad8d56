//! Any bytes as an archive: an error or an image in which every path can be looked up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use image_analyzer::{ReadOptions, read_archive};

#[path = "../visit.rs"]
mod visit;

fuzz_target!(|archive: &[u8]| {
    if let Ok(image) = read_archive(archive, &ReadOptions::default()) {
        visit::image(&image);
    }
});
