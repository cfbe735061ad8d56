use super::sample::Sample;
use super::{ElfProblem, Kind, Requirement, Summary};
use crate::image::content::Sparse;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Result<Summary, ElfProblem> {
    Summary::read(&Sparse::whole(bytes.to_vec()))
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
    for (number, wide, big_endian) in [(62, true, false), (3, false, false), (22, true, true), (20, false, true)] {
        let elf = read(&full().machine(number, wide, big_endian).bytes()).unwrap();
        assert_eq!((elf.machine.number, elf.machine.wide, elf.machine.big_endian), (number, wide, big_endian));
        assert_eq!(elf.kind, Kind::Dynamic);
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
    assert_eq!(elf, Summary::of_static(elf.machine));
    let pie = read(&Sample::static_pie().bytes()).unwrap();
    assert!(pie.pie && pie.interpreter.is_none() && pie.needed.is_empty());
}

#[test]
fn a_glibc_loader_tells_its_own_folders() {
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
    assert_eq!(read(&good[..40]), Err(ElfProblem::Short));
    assert_eq!(read(&good[..100]), Err(ElfProblem::Short));
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        read(&bytes)
    };
    assert_eq!(with(4, 9), Err(ElfProblem::Header), "neither 32 nor 64 bit");
    assert_eq!(with(5, 0), Err(ElfProblem::Header), "no byte order");
    assert_eq!(with(0x36, 1), Err(ElfProblem::Header), "the size of a program header");
    assert_eq!(with(0x27, 0xff), Err(ElfProblem::Short), "program headers far beyond the end");
    assert!(read(&good[..good.len() - 1]).is_err() || read(&good[..good.len() - 1]).unwrap().truncated);
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_known_to_be_cut() {
    let good = full().bytes();
    for end in 0..good.len() {
        assert!(read(&good[..end]).is_err() || read(&good[..end]).unwrap().truncated, "cut at {end}");
    }
}

#[test]
fn versions_that_lead_in_a_circle_end() {
    // Each record's step leads to the next at once; with a huge count the limit on entries stops it.
    let mut bytes = full().bytes();
    let count = bytes.windows(8).position(|window| window == 0x6fff_ffff_u64.to_le_bytes()).unwrap() + 8;
    bytes[count..count + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(read(&bytes).is_ok(), "the last record ends the list whatever the count says");
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
            prop_assert!(elf.weight() < 64 << 20);
        }
    }
}
