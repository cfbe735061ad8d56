//! The forms of a tar entry: names longer than a header, values that a header cannot hold, sparse files, devices.

use image_analyzer::file::FileKind;
use image_analyzer::file::LookupError;
use image_analyzer::{Config, Image, ReadError, ReadOptions, diagnose, read_archive};

use crate::make::{Item, docker_old, file, folder, hard_link, link, pax, push_data, tar};

/// The image whose only layer is this tar.
pub(crate) fn image_of(layer: Vec<u8>) -> Result<Image, ReadError> {
    read_archive(tar(&docker_old(&[layer], false)).as_slice(), &ReadOptions::default())
}

#[track_caller]
fn size(image: &Image, path: impl AsRef<[u8]>) -> u64 {
    image.files.lookup(path.as_ref()).unwrap().entry.size
}

#[test]
fn names_too_long_for_a_header_come_before_it() {
    let deep = format!("{}/file", "d".repeat(200));
    let target = format!("/{}/file", "d".repeat(200));
    for (long, short) in [
        (file(&deep, "abc"), link("l", &target)),
        // The PAX way: the header's own name is cut short.
        (file(&deep[..90], "abc"), link("l", &target[..90])),
    ] {
        let mut items = vec![pax(&[("path", deep.as_bytes())]), long, pax(&[("linkpath", target.as_bytes())]), short];
        if items[1].path.len() > 100 {
            items = vec![items[1].clone(), items[3].clone()];
        }
        let image = image_of(tar(&items)).unwrap();
        assert_eq!(size(&image, "/l"), 3);
    }
}

#[test]
fn the_prefix_of_a_posix_header_comes_before_its_name() {
    let mut header = tar::Header::new_ustar();
    header.set_path(format!("{}/name", "d".repeat(140))).unwrap();
    header.set_mode(0o644);
    header.set_size(0);
    header.set_cksum();
    let mut layer = header.as_bytes().to_vec();
    layer.resize(512 * 3, 0);
    assert_eq!(size(&image_of(layer).unwrap(), format!("/{}/name", "d".repeat(140))), 0);
}

#[test]
fn pax_records_overrule_the_header_and_may_hold_any_byte() {
    let name: &[u8] = b"new\nline\xff=";
    let items = [
        pax(&[("path", name), ("uid", b"3000000"), ("gid", b"7"), ("size", b"3"), ("mtime", b"1.5")]),
        file("x", "abc"),
    ];
    let image = image_of(tar(&items)).unwrap();
    let entry = image.files.lookup(name).unwrap().entry;
    assert_eq!((entry.uid, entry.gid, entry.size), (3_000_000, 7, 3));
}

#[test]
fn numbers_too_large_for_octal_are_read_as_binary() {
    let image = image_of(tar(&[file("x", "").owner(4_000_000_000, 2_097_152)])).unwrap();
    let entry = image.files.lookup(b"x").unwrap().entry;
    assert_eq!((entry.uid, entry.gid), (4_000_000_000, 2_097_152));
}

#[test]
fn a_global_header_changes_nothing() {
    let global = Item { kind: b'g', ..pax(&[("path", b"no"), ("comment", b"0123")]) };
    assert_eq!(size(&image_of(tar(&[global, file("x", "ab")])).unwrap(), "/x"), 2);
}

#[test]
fn old_archives_know_folders_by_their_slash() {
    let image = image_of(tar(&[Item::new(b'\0', "old/"), Item { kind: b'\0', ..file("old/x", "ab") }])).unwrap();
    assert_eq!(image.files.lookup(b"old").unwrap().entry.kind, FileKind::Folder);
    assert_eq!(size(&image, "/old/x"), 2);
}

#[test]
fn names_are_bytes() {
    let image = image_of(tar(&[file(b"\xff\xfe\n", "a"), file("\u{e9}", "ab")])).unwrap();
    assert_eq!(image.files.list(b"/").unwrap(), ["\u{e9}".as_bytes(), b"\xff\xfe\n"]);
}

#[test]
fn devices_and_pipes_are_there_but_no_files() {
    let kinds = [(b'3', FileKind::CharDevice), (b'4', FileKind::BlockDevice), (b'6', FileKind::Pipe)];
    let items: Vec<Item> = kinds.iter().map(|(kind, _)| Item::new(*kind, [b'd', *kind])).collect();
    let image = image_of(tar(&items)).unwrap();
    for (byte, kind) in kinds {
        assert_eq!(image.files.lookup(&[b'd', byte]).unwrap().entry.kind, kind);
    }
}

#[test]
fn a_size_on_an_entry_without_data_is_passed_over() {
    let mut layer = Vec::new();
    for item in [folder("d"), link("l", "x"), hard_link("h", "x")] {
        layer.extend_from_slice(item.header(700).as_bytes());
    }
    file("x", "ab").write(&mut layer);
    let image = image_of(layer).unwrap();
    assert_eq!(size(&image, "/l"), 2);
    assert_eq!(image.files.list(b"/").unwrap(), [b"d", b"h", b"l", b"x"]);
}

#[test]
fn the_mode_and_owner_of_a_hard_link_are_those_of_the_file_by_all_its_names() {
    let image = image_of(tar(&[
        file("a", "1").mode(0o644),
        hard_link("b", "a").mode(0o755).owner(7, 8),
        file("c", "1").mode(0o755),
        hard_link("d", "c").mode(0o755),
        hard_link("e", "d").mode(0o640),
        file("f", "1").mode(0o755),
        hard_link("g", "f").mode(0o600),
        file("f", "12").mode(0o711),
    ]))
    .unwrap();
    let rights = |path: &str| {
        let entry = image.files.lookup(path.as_bytes()).unwrap().entry;
        (entry.mode, entry.uid, entry.gid)
    };
    assert_eq!([rights("a"), rights("b")], [(0o755, 7, 8); 2]);
    assert_eq!([rights("c"), rights("d"), rights("e")], [(0o640, 0, 0); 3]);
    assert_eq!([rights("f"), rights("g")], [(0o711, 0, 0), (0o600, 0, 0)], "a file in its place is another");
    let layers = [tar(&[file("a", "1").mode(0o644)]), tar(&[hard_link("b", "a").mode(0o755).owner(7, 8)])];
    let image = read_archive(tar(&docker_old(&layers, false)).as_slice(), &ReadOptions::default()).unwrap();
    let entry = image.files.lookup(b"/b").unwrap().entry;
    assert_eq!((entry.mode, entry.uid, entry.gid, entry.size), (0o755, 7, 8, 1));
}

#[test]
fn of_two_entries_with_one_path_the_later_counts() {
    let image = image_of(tar(&[
        file("a", "1"),
        file("a", "12"),
        file("d/in", "1"),
        file("d", "123"),
        file("e/in", "1"),
        folder("e").mode(0o700),
        link("f", "a"),
        folder("f"),
    ]))
    .unwrap();
    assert_eq!((size(&image, "/a"), size(&image, "/d"), size(&image, "/e/in")), (2, 3, 1));
    assert_eq!(image.files.lookup(b"/d/in"), Err(LookupError::NotAFolder(b"/d".to_vec())));
    assert_eq!(image.files.lookup(b"/e").unwrap().entry.mode, 0o700);
    assert_eq!(image.files.entry(b"/f").unwrap().entry.kind, FileKind::Folder);
}

#[test]
fn entries_below_a_link_of_their_own_layer_go_where_it_leads() {
    let image = image_of(tar(&[folder("usr/lib"), link("lib", "/usr/lib"), file("lib/x", "ab")])).unwrap();
    assert_eq!(image.files.lookup(b"/usr/lib/x").unwrap().path, b"/usr/lib/x");
}

/// A sparse file. The contents of those below: `0123456789`, a hole to byte 40, `middle`, a hole to byte 1000, `end`, a hole to byte 2000.
fn sparse(name: &str, records: &[(&str, &[u8])], data: &[u8]) -> Vec<u8> {
    tar(&[pax(records), Item { mode: 0o755, ..file(name, data) }])
}

#[track_caller]
fn is_the_sparse_file(layer: Vec<u8>) {
    let image = image_of(layer).unwrap();
    let entry = image.files.lookup(b"/real").unwrap().entry;
    assert_eq!((entry.size, entry.mode), (2000, 0o755));
    assert_eq!(entry.first_bytes(), b"", "its content is not known");
    assert_eq!(image.files.list(b"/").unwrap(), [b"next" as &[u8], b"real"]);
}

#[test]
fn a_sparse_file_keeps_its_name_mode_and_length_in_all_forms_of_gnu_tar() {
    let with_next = |mut layer: Vec<u8>| {
        layer.truncate(layer.len() - 1024);
        file("next", "x").write(&mut layer);
        layer
    };
    let map = b"3\n0\n10\n40\n6\n1000\n3\n";
    let mut one = map.to_vec();
    one.resize(512, 0);
    one.extend_from_slice(b"0123456789middleend");
    let records: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"real"),
        ("GNU.sparse.realsize", b"2000"),
    ];
    is_the_sparse_file(with_next(sparse("GNUSparseFile.0/real", &records, &one)));
    let records: [(&str, &[u8]); 4] = [
        ("GNU.sparse.size", b"2000"),
        ("GNU.sparse.numblocks", b"3"),
        ("GNU.sparse.name", b"real"),
        ("GNU.sparse.map", b"0,10,40,6,1000,3"),
    ];
    is_the_sparse_file(with_next(sparse("GNUSparseFile.0/real", &records, b"0123456789middleend")));
    let records: [(&str, &[u8]); 8] = [
        ("GNU.sparse.size", b"2000"),
        ("GNU.sparse.numblocks", b"3"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"10"),
        ("GNU.sparse.offset", b"40"),
        ("GNU.sparse.numbytes", b"6"),
        ("GNU.sparse.offset", b"1000"),
        ("GNU.sparse.numbytes", b"3"),
    ];
    is_the_sparse_file(with_next(sparse("real", &records, b"0123456789middleend")));
}

/// The old form, its last piece in a block of its own behind the header.
#[test]
fn a_sparse_file_in_the_old_form_does_so_too() {
    let mut header = Item::new(b'S', "real").mode(0o755).header(19);
    let gnu = header.as_gnu_mut().unwrap();
    let mut pieces = [(0, 10), (40, 6), (1000, 1), (1001, 2), (2000, 0)].into_iter();
    for slot in &mut gnu.sparse {
        let (offset, length) = pieces.next().unwrap();
        slot.set_offset(offset);
        slot.set_length(length);
    }
    gnu.set_real_size(2000);
    gnu.set_is_extended(true);
    header.set_cksum();
    let mut more = tar::GnuExtSparseHeader::new();
    let (offset, length) = pieces.next().unwrap();
    more.sparse_mut()[0].set_offset(offset);
    more.sparse_mut()[0].set_length(length);
    let mut layer = [header.as_bytes().as_slice(), more.as_bytes()].concat();
    push_data(&mut layer, b"0123456789middleend");
    file("next", "x").write(&mut layer);
    is_the_sparse_file(layer);
}

/// What `why` says of a program that is stored as a sparse file: nothing, because nothing is known of it.
#[test]
fn a_sparse_program_is_not_called_broken() {
    let records: [(&str, &[u8]); 2] = [("GNU.sparse.size", b"2000"), ("GNU.sparse.map", b"0,4")];
    let image = image_of(sparse("real", &records, b"none")).unwrap();
    let config = Config { cmd: vec!["/real".to_owned()], ..Config::default() };
    assert_eq!(diagnose(&Image::new(config, image.files)).summary(), None);
}
