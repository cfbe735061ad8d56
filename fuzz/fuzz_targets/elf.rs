//! Any bytes as an ELF program: what is made of it is the same from an archive as from memory, and its diagnosis ends.
#![no_main]

use image_analyzer::{Config, FileTreeBuilder, Image, ReadOptions, diagnose, read_archive};
use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/image-analyzer/tests/archives/make.rs"]
mod make;

fuzz_target!(|data: &[u8]| {
    let file = [b"\x7fELF", data].concat();
    let config = || Config { cmd: vec!["/x".to_owned()], ..Config::default() };
    let files = FileTreeBuilder::new().file("/x", 0o755, &file).build().unwrap();
    let from_memory = diagnose(&Image::new(config(), files));
    // An archive's bytes arrive in pieces, of which only some are kept.
    let layer = make::tar(&[make::file("x", file).mode(0o755)]);
    let archive = make::tar(&make::docker_old(&[layer], false));
    let image = read_archive(archive.as_slice(), &ReadOptions::default()).unwrap();
    assert_eq!(diagnose(&Image::new(config(), image.files)), from_memory);
});
