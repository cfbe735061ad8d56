//! Any bytes as an archive: an error or an image in which every path can be looked up; and the sizes of its layers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use image_analyzer::{ReadOptions, read_archive, read_layer_sizes};

#[path = "../visit.rs"]
mod visit;

fuzz_target!(|archive: &[u8]| {
    if let Ok(image) = read_archive(archive, &ReadOptions::default()) {
        visit::image(&image);
    }
    let _ = read_layer_sizes(archive, &ReadOptions::default());
});
