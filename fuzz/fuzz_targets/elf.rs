//! Any bytes as an ELF file, whole and in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use image_analyzer::extract::file_content::Sparse;
use image_analyzer::{elf, extract};

fuzz_target!(|data: &[u8]| {
    let file = [b"\x7fELF", data].concat();
    let whole = elf::Summary::read(&Sparse::whole(file.clone()));
    // What the keeper makes of it must be the same, however the bytes arrive.
    let mut source = std::io::BufReader::with_capacity(61, file.as_slice());
    let kept = extract::keep(b"/x", 0o755, (file.len() as u64, false), extract::most(usize::MAX), &mut source).unwrap();
    assert_eq!(kept.elf().map(|elf| &elf.summary), Some(&whole));
    // A hole in the middle, and a size that is a lie.
    let (one, two) = file.split_at(file.len() / 2);
    let mut holes = Sparse::empty(u64::MAX);
    holes.append(0, one);
    holes.append(1 << 20, two);
    let _ = elf::Summary::read(&holes);
    for (start, length) in elf::wanted(&holes) {
        let _ = holes.get(start, length);
    }
});
