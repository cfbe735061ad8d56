use super::test_builder::Sample;
use super::{ElfDefect, ElfError, ElfInfo, ElfType, Requirement};
use crate::partial_file::PartialFile;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Result<ElfInfo, ElfError> {
    ElfInfo::read(&PartialFile::whole(bytes.to_vec()))
}

fn full() -> Sample {
    Sample::with_loader("/lib64/ld-linux-x86-64.so.2")
        .needs("libx.so.1")
        .needs("libc.so.6")
        .rpath("/old")
        .runpath("$ORIGIN/../lib")
        .requires("libx.so.1", &["X_1"])
        .requires("libc.so.6", &["GLIBC_2.2.5", "GLIBC_2.38"])
        .provides(&["OWN_1", "OWN_2"])
}

#[test]
fn all_that_a_program_asks_for_is_read_whatever_its_width_and_byte_order() {
    for (number, is_64_bit, big_endian) in [(62, true, false), (3, false, false), (22, true, true), (20, false, true)] {
        let elf = read(&full().machine(number, is_64_bit, big_endian).bytes()).unwrap();
        assert_eq!(
            (elf.machine.number, elf.machine.is_64_bit, elf.machine.big_endian),
            (number, is_64_bit, big_endian)
        );
        assert_eq!(elf.kind, ElfType::Dynamic);
        assert!(elf.pie && !elf.truncated);
        assert_eq!(elf.interpreter.as_deref(), Some(&b"/lib64/ld-linux-x86-64.so.2"[..]));
        assert_eq!(elf.needed, [b"libx.so.1", b"libc.so.6"]);
        assert_eq!(elf.rpath.as_deref(), Some(&b"/old"[..]));
        assert_eq!(elf.runpath.as_deref(), Some(&b"$ORIGIN/../lib"[..]));
        let requirement = |library: &str, versions: &[&str]| Requirement {
            library: library.into(),
            versions: versions.iter().map(|version| (*version).into()).collect(),
        };
        let requires = [requirement("libx.so.1", &["X_1"]), requirement("libc.so.6", &["GLIBC_2.2.5", "GLIBC_2.38"])];
        assert_eq!(elf.requires, requires);
        assert_eq!(elf.provides, Some(vec![b"OWN_1".to_vec(), b"OWN_2".to_vec()]));
    }
}

#[test]
fn a_static_program_asks_for_nothing() {
    let elf = read(&Sample::program().bytes()).unwrap();
    assert_eq!(elf, ElfInfo { entry: 64, ..ElfInfo::of_static(elf.machine) });
    let pie = read(&Sample::static_pie().bytes()).unwrap();
    assert!(pie.pie && pie.interpreter.is_none() && pie.needed.is_empty());
}

#[test]
fn a_glibc_loader_names_its_own_folders() {
    let folders = b"x\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0/no\0";
    let loader = read(&Sample::library("ld-linux-x86-64.so.2").data(folders).bytes()).unwrap();
    let expected = [&b"/lib/x86_64-linux-gnu"[..], b"/usr/lib/x86_64-linux-gnu", b"/lib", b"/usr/lib"];
    assert_eq!(loader.system_folders, expected);
    let library = read(&Sample::library("libx.so").data(folders).bytes()).unwrap();
    assert!(library.system_folders.is_empty(), "only a loader has folders");
}

#[test]
fn the_real_programs_of_this_machine_are_read() {
    let own = std::env::current_exe().unwrap();
    let elf = read(&std::fs::read(own).unwrap()).unwrap();
    let loader = elf.interpreter.clone().unwrap();
    assert!(elf.needed.iter().any(|name| name.starts_with(b"libc.")), "{:?}", elf.needed);
    let loader = read(&std::fs::read(String::from_utf8(loader).unwrap()).unwrap()).unwrap();
    assert!(loader.soname.is_some() && !loader.truncated);
}

#[test]
fn damage_is_an_error_that_says_what_is_wrong() {
    let good = full().bytes();
    assert_eq!(read(&good[..40]), Err(ElfError::Short));
    assert_eq!(read(&good[..100]), Err(ElfError::Short));
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        read(&bytes)
    };
    assert_eq!(with(0x36, 1), Err(ElfError::Header), "the size of a program header");
    assert_eq!(with(0x27, 0xff), Err(ElfError::Short), "program headers far beyond the end");
}

/// The kernel fills up the last page, so that what ends within it may do without the rest.
#[test]
fn a_file_cut_by_a_page_or_more_is_an_error_or_known_to_be_cut() {
    let good = full().data(&[1; 9000]).bytes();
    for end in (0..good.len() - 8192).chain([good.len() / 4096 * 4096]) {
        assert!(read(&good[..end]).is_err() || read(&good[..end]).unwrap().truncated, "cut at {end}");
    }
    let elf = read(&good[..=good.len() / 4096 * 4096]).unwrap();
    assert!(!elf.truncated && elf.defect.is_none(), "{elf:?}");
    let other = full().machine(183, true, false).data(&[1; 9000]).bytes();
    assert!(!read(&other[..5000]).unwrap().truncated, "other processors may have larger pages");
}

#[test]
fn versions_that_lead_in_a_circle_end() {
    // Each record's step leads to the next at once; with a huge count the limit on entries stops it.
    let mut bytes = full().bytes();
    let count = bytes.windows(8).position(|window| window == 0x6fff_ffff_u64.to_le_bytes()).unwrap() + 8;
    bytes[count..count + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(read(&bytes).is_ok(), "the last record ends the list whatever the count says");
}

/// Where the program header of this kind is, in a 64-bit sample.
fn header(bytes: &[u8], kind: u8) -> usize {
    (64..64 + 3 * 56).step_by(56).find(|at| bytes[*at] == kind).unwrap()
}

fn with_number(mut bytes: Vec<u8>, at: usize, number: u64) -> Vec<u8> {
    bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn a_number_as_large_as_can_be_is_a_flaw() {
    let good = full().bytes();
    let (load, dynamic, interpreter) = (header(&good, 1), header(&good, 2), header(&good, 3));
    let defect = |at, number| read(&with_number(good.clone(), at, number)).unwrap().defect;
    assert_eq!(read(&good).unwrap().defect, None);
    for number in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1] {
        assert_eq!(defect(interpreter + 8, number), Some(ElfDefect::Interpreter), "offset {number:#x}");
        assert_eq!(defect(interpreter + 32, number), Some(ElfDefect::Interpreter), "size {number:#x}");
        assert_eq!(defect(load + 16, number), Some(ElfDefect::Load), "address {number:#x}");
        assert_eq!(defect(dynamic + 16, number), Some(ElfDefect::Dynamic), "address {number:#x}");
        assert!(read(&with_number(good.clone(), load + 8, number)).unwrap().truncated, "offset {number:#x}");
        let strings = good.windows(8).rposition(|window| window == 5u64.to_le_bytes()).unwrap() + 8;
        assert_eq!(defect(strings, number), Some(ElfDefect::Dynamic), "strings {number:#x}");
    }
    assert_eq!(defect(load + 40, 1), Some(ElfDefect::Load), "less memory than file");
    assert_eq!(defect(interpreter + 32, 1), Some(ElfDefect::Interpreter), "no path is so short");
    assert_eq!(read(&with_number(good.clone(), 32, u64::MAX)), Err(ElfError::Short), "program headers");
}

#[test]
fn a_part_without_contents_may_be_anywhere() {
    let good = Sample::program().bytes();
    let bytes = with_number(good.clone(), header(&good, 1) + 8, 1 << 40);
    assert!(read(&bytes).unwrap().truncated);
    let elf = read(&with_number(bytes, header(&good, 1) + 32, 0)).unwrap();
    assert!(!elf.truncated && elf.defect.is_none());
}

#[test]
fn a_search_path_may_be_longer_than_a_path() {
    let long = "/a".repeat(5000);
    assert_eq!(read(&full().runpath(&long).bytes()).unwrap().defect, None);
    let endless = read(&Sample::with_loader("/x").rpath(&"/a".repeat(40_000)).needs("libx.so").bytes()).unwrap();
    assert_eq!((endless.defect, endless.needed.len()), (None, 0), "what is not read is no fault");
}

/// The kernel goes by `e_machine`, and takes what is beyond the end of a short file for zeros.
#[test]
fn the_smallest_programs_need_not_have_a_whole_header() {
    let mut bytes = Sample::program().bytes();
    bytes[4..16].copy_from_slice(b"hello world!");
    assert!(read(&bytes).unwrap().machine.is_64_bit);
    bytes[18] = 22;
    assert_eq!(read(&bytes), Err(ElfError::Header));
    // 45 bytes, of which the program header starts at the fourth.
    let mut tiny = vec![0u8; 45];
    tiny[..4].copy_from_slice(b"\x7fELF");
    for (at, byte) in [(4, 1), (16, 2), (18, 3), (20, 45), (24, 45), (28, 4), (42, 32), (44, 1)] {
        tiny[at] = byte;
    }
    assert_eq!(read(&tiny).map(|elf| (elf.machine.is_64_bit, elf.kind)), Ok((false, ElfType::Fixed)));
}

proptest! {
    #[test]
    fn any_bytes_behind_the_magic_number_are_read_or_refused(bytes: Vec<u8>) {
        let _ = read(&[b"\x7fELF", bytes.as_slice()].concat());
    }

    #[test]
    fn any_change_to_a_good_file_is_read_or_refused(changes in proptest::collection::vec((0usize..600, any::<u8>()), 1..8)) {
        let mut bytes = full().bytes();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(elf) = read(&bytes) {
            prop_assert!(elf.memory_size() < 64 << 20);
        }
    }
}
