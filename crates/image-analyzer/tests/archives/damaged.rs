//! Archives that unpack, and not to what was packed.

use image_analyzer::{ReadOptions, read_archive};

use crate::make::{Packed, docker_new, docker_old, file, oci, pack, tar};

/// What is said of an image with this layer, in each form of archive; `None` if it is read.
#[track_caller]
fn said(layer: &[u8]) -> Option<String> {
    let good = pack(Packed::Gzip, &tar(&[file("other", "y")]));
    let layers = [good, layer.to_vec()];
    let forms = [docker_old(&layers, false), docker_new(&layers), oci(&layers)];
    let said = forms.map(|items| {
        let result = read_archive(tar(&items).as_slice(), &ReadOptions::default());
        result.err().map(|error| error.to_string())
    });
    assert!(said.iter().all(|one| one.is_some() == said[0].is_some()), "{said:?}");
    assert!(said.iter().flatten().all(|error| error.starts_with("cannot read layer `")), "{said:?}");
    said.into_iter().next().flatten()
}

fn layer(packed: Packed) -> Vec<u8> {
    pack(packed, &tar(&[file("hello", "#!/bin/sh\n").mode(0o755)]))
}

/// The bytes with the one at this place from the end changed.
fn changed(mut bytes: Vec<u8>, from_end: usize) -> Vec<u8> {
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    bytes
}

#[test]
fn a_gzip_layer_is_held_to_its_checksum_and_its_length() {
    assert_eq!(said(&layer(Packed::Gzip)), None);
    for from_end in 1..=8 {
        let error = said(&changed(layer(Packed::Gzip), from_end)).unwrap();
        assert!(error.contains("checksum"), "{error}");
    }
    for cut in 1..=8 {
        let whole = layer(Packed::Gzip);
        let error = said(&whole[..whole.len() - cut]).unwrap();
        assert!(error.contains("the archive may be incomplete"), "{error}");
    }
}

#[test]
fn a_zstandard_layer_is_held_to_its_checksum() {
    assert_eq!(said(&layer(Packed::Zstd)), None);
    for from_end in 1..=4 {
        let error = said(&changed(layer(Packed::Zstd), from_end)).unwrap();
        assert!(error.contains("checksum mismatch"), "{error}");
        let whole = layer(Packed::Zstd);
        let error = said(&whole[..whole.len() - from_end]).unwrap();
        assert!(error.contains("the archive may be incomplete"), "{error}");
    }
}

/// Of several frames each has its own, not only the last.
#[test]
fn each_zstandard_frame_is_held_to_its_checksum() {
    let plain = tar(&[file("hello", "#!/bin/sh\n").mode(0o755)]);
    let (one, two) = plain.split_at(600);
    let (one, two) = (pack(Packed::Zstd, one), pack(Packed::Zstd, two));
    assert_eq!(said(&[one.clone(), two.clone()].concat()), None);
    assert!(said(&[changed(one, 1), two].concat()).unwrap().contains("checksum"));
}

#[test]
fn a_packed_archive_is_held_to_its_checksum_as_a_layer_is() {
    let items = docker_new(&[layer(Packed::Plain)]);
    for packed in [Packed::Gzip, Packed::Zstd] {
        let whole = pack(packed, &tar(&items));
        assert!(read_archive(whole.as_slice(), &ReadOptions::default()).is_ok());
        let error = read_archive(changed(whole, 1).as_slice(), &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the archive") && error.contains("checksum"), "{error}");
    }
}
