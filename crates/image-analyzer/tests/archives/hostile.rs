//! Archives that lie, break off or are made to exhaust: a clear error or the right answer, and never a panic.

use image_analyzer::DecompressionLimit;
use image_analyzer::file::LookupError;
use image_analyzer::{ReadError, ReadOptions, read_archive};

use crate::make::{
    Item, PACKED, Packed, blob, config, descriptor, docker_new, docker_old, file, folder, hard_link, index, link, oci,
    oci_image, pack, pax, push_data, tar,
};
use crate::tars::image_of;

#[track_caller]
fn error(archive: &[u8]) -> String {
    read_archive(archive, &ReadOptions::default()).unwrap_err().to_string()
}

#[track_caller]
fn layer_error(layer: Vec<u8>) -> String {
    let error = image_of(layer).unwrap_err().to_string();
    let start = format!("cannot read layer `/{:064x}/layer.tar`: ", 0);
    error.strip_prefix(&start).unwrap_or_else(|| panic!("{error}")).to_owned()
}

/// A layer with a script, an ELF file, a link and a long name.
fn layer() -> Vec<u8> {
    let mut layer = tar(&[
        file("d/run", "#!/bin/sh\n").mode(0o755),
        file("e", b"\x7fELF\x02\x01\x01").mode(0o755),
        pax(&[("path", b"long\nname")]),
        link("l", "d/run"),
    ]);
    layer.truncate(layer.len() - 512);
    layer
}

/// What an image amounts to, for comparing.
fn facts(archive: &[u8]) -> Result<String, String> {
    let image = read_archive(archive, &ReadOptions::default()).map_err(|error| error.to_string())?;
    let names = image.files.list(b"/");
    let found: Vec<_> = names.iter().flatten().map(|name| image.files.lookup(name)).collect();
    Ok(format!("{:?} {found:?}", image.config))
}

#[test]
fn an_archive_cut_off_anywhere_is_an_error_or_the_whole_image() {
    let plain = [layer()];
    let forms = [docker_old(&plain, false), oci(&plain)];
    let packed = [Packed::Gzip, Packed::Zstd].map(|packed| docker_new(&[pack(packed, &layer())]));
    for items in forms.into_iter().chain(packed) {
        let archive = tar(&items);
        let whole = facts(&archive);
        assert!(whole.is_ok(), "{whole:?}");
        let mut right = 0;
        for end in 0..archive.len() {
            let cut = facts(&archive[..end]);
            right += usize::from(cut.is_ok());
            assert!(cut.is_err() || cut == whole, "cut at {end}: {cut:?}");
        }
        // The two blocks of zeros at the end are all that may be missing, or a second list of the same image.
        assert!((1..4096).contains(&right), "{right}");
    }
}

#[test]
fn a_compressed_archive_cut_off_anywhere_is_an_error_or_the_whole_image() {
    for packed in [Packed::Gzip, Packed::Zstd] {
        let archive = pack(packed, &tar(&docker_old(&[layer()], false)));
        let whole = facts(&archive);
        for end in 0..archive.len() {
            let cut = facts(&archive[..end]);
            assert!(cut.is_err() || cut == whole, "{packed:?} cut at {end}: {cut:?}");
        }
    }
}

#[test]
fn no_changed_byte_makes_it_panic() {
    for packed in PACKED {
        let archive = tar(&docker_new(&[pack(packed, &layer())]));
        // Of the padding the first byte stands for all.
        for at in (0..archive.len()).filter(|at| archive[at.saturating_sub(1)] != 0) {
            for value in [0, 0xff, archive[at] ^ 1] {
                let mut changed = archive.clone();
                changed[at] = value;
                let _ = facts(&changed);
            }
        }
    }
}

#[test]
fn what_is_no_image_is_said_to_be_none() {
    let none = "not an image archive: no manifest.json or index.json";
    assert_eq!(error(b""), none);
    assert_eq!(error(&tar(&[])), none);
    assert_eq!(error(&tar(&[file("hello", "x")])), none);
    let no_tar = "cannot read the archive: at byte 0: invalid tar header";
    assert_eq!(error(&[b'x'; 2000]), no_tar);
    assert_eq!(error(&[0xff; 512]), no_tar);
    assert_eq!(error(&tar(&[file("manifest.json", "[]")])), "the archive contains no image");
    assert_eq!(error(&tar(&[index(&[])])), "the archive contains no image");
    let no_json = error(&tar(&[file("manifest.json", "{}")]));
    assert!(no_json.starts_with("`manifest.json` is not a valid image manifest: invalid type: map"), "{no_json}");
}

#[test]
fn compressions_that_images_do_not_use_are_named() {
    let xz = error(b"\xfd7zXZ\0rest");
    assert!(xz.ends_with("unsupported compression xz; images use gzip, Zstandard or none"), "{xz}");
    let layer = [b"BZh9".as_slice(), &[7; 600]].concat();
    assert_eq!(layer_error(layer), "at byte 0: unsupported compression bzip2; images use gzip, Zstandard or none");
}

#[test]
fn paths_cannot_leave_the_image() {
    assert_eq!(layer_error(tar(&[file("a/../../x", "")])), "at byte 0: entry `a/../../x` leads out of the image");
    assert_eq!(layer_error(tar(&[file("..", "")])), "at byte 0: entry `..` leads out of the image");
    let image = image_of(tar(&[file("/abs", ""), file("a/../b", ""), file("//./c", "")])).unwrap();
    assert_eq!(image.files.list(b"/").unwrap(), [b"abs" as &[u8], b"b", b"c"]);
}

#[test]
fn links_cannot_leave_the_image() {
    let image = image_of(tar(&[
        link("up", "../../../../etc/passwd"),
        link("abs", "/etc/passwd"),
        link("self", "self"),
        link("a", "b/x"),
        link("b", "a"),
        file("etc/passwd", "root:x:0:0"),
        hard_link("hard", "../etc/passwd2"),
    ]));
    assert!(image.unwrap_err().to_string().ends_with("entry `../etc/passwd2` leads out of the image"));
    let image = image_of(tar(&[
        link("up", "../../../../etc/passwd"),
        link("self", "self"),
        link("a", "b/x"),
        link("b", "a"),
        link("dots", "/.."),
        file("etc/passwd", "root:x:0:0"),
        hard_link("hard", "none"),
    ]))
    .unwrap();
    assert_eq!(image.files.lookup(b"/up").unwrap().path, b"/etc/passwd");
    assert_eq!(image.files.lookup(b"/dots/..").unwrap().path, b"/");
    assert_eq!(image.files.lookup(b"/self"), Err(LookupError::Loop(b"/self".to_vec())));
    assert!(matches!(image.files.lookup(b"/a"), Err(LookupError::Loop(_))));
    assert!(matches!(image.files.lookup(b"/hard"), Err(LookupError::Missing(_))));
}

#[test]
fn entries_through_files_and_loops_are_refused() {
    let through = "goes through a file or a symlink loop";
    assert_eq!(layer_error(tar(&[file("a", ""), file("a/b", "")])), format!("at byte 512: entry `a/b` {through}"));
    let looped = tar(&[link("a", "b"), link("b", "a"), file("a/x", "")]);
    assert_eq!(layer_error(looped), format!("at byte 1024: entry `a/x` {through}"));
    assert_eq!(layer_error(tar(&[link(".", "x")])), "at byte 0: entry `.` has no file name");
    assert_eq!(layer_error(tar(&[file(".wh..", "")])), "at byte 0: entry `.wh..` has no file name");
}

#[test]
fn names_longer_than_any_file_system_has_are_refused() {
    let long = |path: &str| tar(&[file(path, "")]);
    assert!(layer_error(long(&"n".repeat(256))).contains("is too long: at most 4095 bytes, 255 in a name"));
    assert!(layer_error(long(&"d/".repeat(2100))).contains("is too long: at most 4095 bytes"));
    assert!(image_of(long(&"d/".repeat(2000))).is_ok());
    assert!(layer_error(tar(&[link("l", "t".repeat(5000))])).contains("is too long: at most 4095 bytes"));
}

#[test]
fn extended_headers_of_any_claimed_length_take_no_memory() {
    for kind in [b'L', b'K', b'x'] {
        let mut layer = Item::new(kind, "long").header(1 << 40).as_bytes().to_vec();
        layer.resize(4096, b'a');
        let expected = "at byte 0: an extended header of 1099511627776 bytes exceeds the limit of 1048576";
        assert_eq!(layer_error(layer), expected);
    }
}

#[test]
fn extended_headers_that_break_their_format_are_refused() {
    let records: [&[u8]; 9] =
        [b"x", b"5", b"5 a=b", b"99 a=b\n", b"0 a=b\n", b"3 a\n", b"5 ab\n", b"18446744073709551616 a=b\n", b"2 \n"];
    for data in records {
        let error = layer_error(tar(&[Item { data: data.to_vec(), ..Item::new(b'x', "p") }, file("x", "")]));
        assert_eq!(error, "at byte 0: malformed extended header", "{data:?}");
    }
    let size = layer_error(tar(&[pax(&[("size", b"-1")]), file("x", "")]));
    assert_eq!(size, "at byte 0: header field `size` is not a number");
}

#[test]
fn the_map_of_a_sparse_file_is_not_read_whatever_it_claims() {
    for map in [b"0" as &[u8], b"0,5,3,1", b"18446744073709551615,5", b"a,b"] {
        let items = [pax(&[("GNU.sparse.size", b"20"), ("GNU.sparse.map", map)]), file("x", "12345"), file("y", "z")];
        let image = image_of(tar(&items)).unwrap();
        assert_eq!(image.files.lookup(b"x").unwrap().entry.size, 20);
        assert_eq!(image.files.lookup(b"y").unwrap().entry.size, 1);
    }
    let size = layer_error(tar(&[pax(&[("GNU.sparse.size", b"-1")]), file("x", "")]));
    assert_eq!(size, "at byte 0: header field `size` is not a number");
}

/// A file of nothing but holes costs no time, however long it claims to be.
#[test]
fn a_sparse_file_of_many_exabytes_is_passed_over() {
    let size = u64::MAX.to_string();
    for start in [b"\x7fELF" as &[u8], b"#!/b", b"none"] {
        let records: [(&str, &[u8]); 2] = [("GNU.sparse.size", size.as_bytes()), ("GNU.sparse.map", b"0,4")];
        let image = image_of(tar(&[pax(&records), file("x", start).mode(0o755), file("y", "z")])).unwrap();
        assert_eq!(image.files.lookup(b"x").unwrap().entry.size, u64::MAX);
        assert_eq!(image.files.lookup(b"y").unwrap().entry.size, 1);
    }
}

#[test]
fn unknown_types_and_broken_numbers_are_refused() {
    assert_eq!(layer_error(tar(&[Item::new(b'Z', "x")])), "at byte 0: unsupported entry type 0x5a");
    for (field, at) in [("size", 124), ("uid", 108), ("mode", 100)] {
        let mut header = Item::new(b'0', "x").header(0);
        header.as_mut_bytes()[at] = b'9';
        header.set_cksum();
        let mut layer = header.as_bytes().to_vec();
        layer.resize(2048, 0);
        assert_eq!(layer_error(layer), format!("at byte 0: header field `{field}` is not a number"));
    }
    // A negative size, in binary.
    let mut header = Item::new(b'0', "x").header(0);
    header.as_mut_bytes()[124..136].fill(0xff);
    header.set_cksum();
    assert_eq!(layer_error(header.as_bytes().to_vec()), "at byte 0: header field `size` is not a number");
}

#[test]
fn a_file_in_a_layer_that_claims_more_than_there_is_ends_too_early() {
    let mut layer = Item::new(b'0', "x").header(1 << 60).as_bytes().to_vec();
    layer.resize(2048, 0);
    assert_eq!(layer_error(layer), "at byte 2048: it ends in the middle of an entry; the archive may be incomplete");
}

#[test]
fn a_layer_that_lies_about_its_size_is_found_out() {
    let (mut items, at, manifest) = oci_image(1, &[layer()], &config(1));
    let lie = manifest.replace(&format!("\"size\":{}", layer().len()), "\"size\":7");
    items.retain(|item| item.data != manifest.as_bytes());
    items.push(blob(at, &lie));
    items.push(index(&[descriptor(at, lie.as_bytes(), "")]));
    let name = format!("/blobs/sha256/{:064x}", 1);
    let expected = format!("`{name}` has {} bytes, but its descriptor says 7", layer().len());
    assert_eq!(error(&tar(&items)), expected);

    // The outer header claims less than the layer is.
    let mut items = docker_old(&[layer()], true);
    let position = items.iter().position(|item| item.path.ends_with(b"layer.tar")).unwrap();
    items[position].data.truncate(1500);
    assert!(error(&tar(&items)).ends_with("it ends in the middle of an entry; the archive may be incomplete"));
}

#[test]
fn what_a_manifest_names_must_be_there_and_fit() {
    let mut items = docker_old(&[layer(), layer()], true);
    items.retain(|item| !item.path.ends_with(b"1/layer.tar"));
    let name = format!("/{:064x}/layer.tar", 1);
    assert_eq!(
        error(&tar(&items)),
        format!("layer `{name}` is missing from the archive; the archive may be incomplete")
    );

    let mut items = docker_old(&[layer()], true);
    items[0].data = config(3).into_bytes();
    let expected = "`/c0ffee.json` is not a valid image configuration: the config lists 3 layers, the manifest 1";
    assert_eq!(error(&tar(&items)), expected);

    items.remove(0);
    assert_eq!(
        error(&tar(&items)),
        "configuration `/c0ffee.json` is missing from the archive; the archive may be incomplete"
    );

    let (items, at, manifest) = oci_image(1, &[layer()], &config(1));
    for (wrong, right) in [("../../x", "sha256"), ("sha256:..", "sha256:")] {
        let bad = descriptor(at, manifest.as_bytes(), "").replace(right, wrong);
        assert!(error(&tar(&[items.as_slice(), &[index(&[bad])]].concat())).contains("is missing from the archive"));
    }
}

#[test]
fn one_layer_listed_without_end_is_refused() {
    let mut items = docker_old(&[layer()], true);
    let name = format!("{:064x}/layer.tar", 0);
    let names = vec![format!("\"{name}\""); 1001].join(",");
    items[0].data = config(1001).into_bytes();
    items[1].data = format!(r#"[{{"Config":"c0ffee.json","Layers":[{names}]}}]"#).into_bytes();
    assert!(error(&tar(&items)).ends_with("its manifest lists more than 1000 layers"));
}

/// Each link doubles the way of the one before it: forty would never end.
#[test]
fn a_way_that_links_make_longer_and_longer_has_an_end() {
    let mut items = vec![folder("l0")];
    for number in 1..40 {
        let target = format!("l{0}/../l{0}/../l{0}", number - 1);
        items.push(link(format!("l{number}"), target));
    }
    items.push(file("l39/x", ""));
    assert!(layer_error(tar(&items)).ends_with("goes through a file or a symlink loop"));
    items.pop();
    let image = image_of(tar(&items)).unwrap();
    assert!(matches!(image.files.lookup(b"/l39"), Err(LookupError::Loop(_))));
    assert_eq!(image.files.lookup(b"/l3").unwrap().path, b"/l0");
}

/// As many owners as files: to search for each among all before it would take for ever.
#[test]
fn each_file_may_have_an_owner_of_its_own() {
    let files = (0..50_000).map(|number| file(format!("{number}"), "").owner(number, number / 2));
    let image = image_of(tar(&files.collect::<Vec<_>>())).unwrap();
    for number in [0, 1, 777, 49_999] {
        let entry = image.files.lookup(number.to_string().as_bytes()).unwrap().entry;
        assert_eq!((entry.uid, entry.gid), (number, number / 2));
    }
}

#[test]
fn an_index_that_contains_itself_has_an_end() {
    let itself = format!(r#"{{"manifests":[{}]}}"#, descriptor(5, b"", ""));
    let items = [blob(5, itself), index(&[descriptor(5, b"", "")])];
    assert!(error(&tar(&items)).ends_with("is not a valid image index: it is nested more than 4 levels deep"));
}

#[test]
fn links_between_files_of_the_archive_have_an_end() {
    let mut items = docker_old(&[layer()], true);
    let name = items.iter().position(|item| item.path.ends_with(b"layer.tar")).unwrap();
    for (target, other) in [("layer.tar", "x"), ("../loop", "x"), ("../../../../etc/passwd", "x")] {
        let path = items[name].path.clone();
        items[name] = link(path, target);
        items.push(link("loop", other));
        items.push(link("x", "loop"));
        assert!(error(&tar(&items)).starts_with("layer `"));
    }
}

#[test]
fn data_that_unpacks_out_of_all_proportion_is_refused() {
    let decompression = DecompressionLimit { bytes: 1 << 20, ratio: 100 };
    let zeros = tar(&[file("zeros", vec![0; 4 << 20])]);
    for packed in [Packed::Gzip, Packed::Zstd] {
        let packed = pack(packed, &zeros);
        assert!(packed.len() < zeros.len() / 100);
        let archive = tar(&docker_old(&[packed], false));
        let error = read_archive(archive.as_slice(), &ReadOptions { decompression, ..ReadOptions::default() })
            .unwrap_err()
            .to_string();
        let end = "it decompresses to more than 1 MiB and 100 times its size, the limit against decompression bombs";
        assert!(error.starts_with("cannot read layer `") && error.ends_with(end), "{error}");
        assert!(read_archive(archive.as_slice(), &ReadOptions::default()).is_ok());
    }
    // A whole archive that is one.
    let archive = pack(Packed::Gzip, &tar(&docker_old(&[zeros], false)));
    let error = read_archive(archive.as_slice(), &ReadOptions { decompression, ..ReadOptions::default() })
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot read the archive: at byte "), "{error}");
}

#[test]
fn a_zstandard_window_beyond_the_limit_is_refused() {
    // A frame header with a window descriptor of 64 MiB, 41 bits' worth, and one that fits.
    for (window, bytes) in [((26 - 10) << 3, 1u64 << 26), (31 << 3, 1 << 41)] {
        let frame = [&[0x28, 0xb5, 0x2f, 0xfd, 0, window], [0x01, 0, 0].as_slice()].concat();
        let expected = format!("at byte 0: its Zstandard window ({bytes} bytes) exceeds the memory limit");
        assert_eq!(layer_error([frame.as_slice(), &[0; 600]].concat()), expected);
    }
}

#[test]
fn zstandard_frames_follow_one_another_and_may_be_skipped() {
    let whole = layer();
    let (one, two) = whole.split_at(700);
    let skip = [&[0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0], b"any".as_slice()].concat();
    let packed = [skip.as_slice(), &pack(Packed::Zstd, one), &skip, &pack(Packed::Zstd, two), &skip].concat();
    let whole = facts(&tar(&docker_old(std::slice::from_ref(&whole), false)));
    assert_eq!(facts(&tar(&docker_old(&[packed], false))), whole);
    let endless = [&[0x5e, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff], b"any".as_slice()].concat();
    assert!(layer_error(endless).ends_with("it ends in the middle of an entry; the archive may be incomplete"));
}

#[test]
fn more_than_fits_the_memory_is_an_error_that_names_the_limit() {
    let layer = tar(&(0..60_000).map(|number| file(format!("file-{number}"), "")).collect::<Vec<_>>());
    let archive = tar(&docker_old(&[layer], false));
    let options = ReadOptions { memory: 14 << 20, ..ReadOptions::default() };
    let error = read_archive(archive.as_slice(), &options).unwrap_err().to_string();
    let end = "the image's files exceed the memory limit of 14 MiB";
    assert!(error.ends_with(end), "{error}");
    assert!(read_archive(archive.as_slice(), &ReadOptions::default()).is_ok());
    let text = [b"#!/bin/sh ".as_slice(), &[b'x'; 600]].concat();
    let scripts = (0..12_000).map(|number| file(format!("{number}"), text.clone()).mode(0o755));
    let archive = tar(&docker_old(&[tar(&scripts.collect::<Vec<_>>())], false));
    let error = read_archive(archive.as_slice(), &options).unwrap_err().to_string();
    assert!(error.ends_with(end), "{error}");
}

#[test]
fn a_document_beyond_the_limit_is_not_read() {
    let items = [file("manifest.json", format!("[{}]", " ".repeat(5 << 20)))];
    assert!(error(&tar(&items)).contains("exceed the limit of 4194304"));
    let deep = [file("index.json", "{\"manifests\":".to_owned() + &"[".repeat(100_000))];
    assert!(error(&tar(&deep)).starts_with("`/index.json` is not a valid image index: "));
}

#[test]
fn what_the_source_says_is_in_the_error() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let start = tar(&docker_old(&[layer()], false))[..3000].to_vec();
    let archive = std::io::Read::chain(start.as_slice(), Broken);
    let error = read_archive(archive, &ReadOptions::default()).unwrap_err();
    assert!(matches!(&error, ReadError::Archive(_)), "{error:?}");
    assert!(error.to_string().contains("the disk is gone"), "{error}");
}

#[test]
fn nothing_that_a_name_holds_reaches_the_terminal() {
    let error = layer_error(tar(&[file("../\x1b[31m\n\u{202e}", "")]));
    assert_eq!(error, r"at byte 0: entry `../\x1b[31m\n\u{202e}` leads out of the image");
    let mut items = docker_old(&[layer()], true);
    items[1].data = br#"[{"Config":"c\u001b[31m","Layers":[]}]"#.to_vec();
    assert!(!self::error(&tar(&items)).contains('\x1b'));
}

#[test]
fn padding_after_the_last_entry_may_be_missing_but_not_a_part_of_it() {
    let mut layer = Vec::new();
    file("x", "ab").write(&mut layer);
    let image = image_of(layer.clone()).unwrap();
    assert_eq!(image.files.lookup(b"x").unwrap().entry.size, 2);
    let mut one_zero_block = layer.clone();
    push_data(&mut one_zero_block, &[0]);
    assert!(image_of(one_zero_block).is_ok());
    layer.truncate(1000);
    assert_eq!(layer_error(layer), "at byte 1000: it ends in the middle of an entry; the archive may be incomplete");
}
