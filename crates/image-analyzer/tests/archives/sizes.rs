//! The sizes of layers: the same of every form of archive, and of an archive of many images.

use image_analyzer::layer_sizes::{ImageLayers, LayerFile};
use image_analyzer::{DecompressionLimit, Platform, ReadError, ReadOptions, read_layer_sizes};

use crate::make::{
    CONFIG, Item, PACKED, Packed, blob, config, descriptor, docker_new, docker_old, file, folder, hard_link, index,
    link, oci, oci_image, pack, pax, tar,
};

fn sizes(items: &[Item]) -> Result<Vec<ImageLayers>, ReadError> {
    read_layer_sizes(tar(items).as_slice(), &ReadOptions::default())
}

#[track_caller]
fn error(items: &[Item]) -> String {
    sizes(items).unwrap_err().to_string()
}

/// The layers of these sizes, with the diff IDs that [`config`] gives them.
fn layers_of(sizes: &[u64]) -> Vec<(String, u64)> {
    sizes.iter().enumerate().map(|(number, size)| (format!("sha256:{number:064x}"), *size)).collect()
}

/// The layers that were found, without their files.
fn found(image: &ImageLayers) -> Vec<(String, u64)> {
    image.layers.iter().map(|layer| (layer.diff_id.clone(), layer.size)).collect()
}

/// What counts and what does not.
fn layers(packed: Packed) -> Vec<Vec<u8>> {
    let below = tar(&[
        folder("./"),
        folder("bin/"),
        file("bin/sh", vec![1; 70_000]).mode(0o755),
        hard_link("bin/ash", "bin/sh"),
        link("sh", "bin/sh"),
        Item { data: b"12345".to_vec(), ..Item::new(b'7', "bin/contiguous") },
        Item { data: b"1234".to_vec(), ..Item::new(b'\0', "bin/old") },
        Item::new(b'3', "null"),
        Item::new(b'6', "pipe"),
    ]);
    let above = tar(&[
        file(".wh.sh", "no file of the image"),
        file("bin/.wh..wh..opq", ""),
        file("a/.wh.b/c", "12"),
        pax(&[("path", b"long\nname")]),
        file("short", "1"),
    ]);
    vec![pack(packed, &below), pack(packed, &above), Vec::new()]
}

#[test]
fn each_form_and_packing_gives_the_same_sizes() {
    let expected = layers_of(&[70_009, 3, 0]);
    for packed in PACKED {
        let layers = layers(packed);
        for items in [docker_old(&layers, false), docker_old(&layers, true), docker_new(&layers), oci(&layers)] {
            for whole in PACKED {
                let archive = pack(whole, &tar(&items));
                let images = read_layer_sizes(archive.as_slice(), &ReadOptions::default()).unwrap();
                assert_eq!(images.len(), 1);
                assert_eq!(found(&images[0]), expected);
                let lengths = images[0].layers.iter().map(|layer| layer.file.size);
                assert!(lengths.eq(layers.iter().map(|layer| layer.len() as u64)));
                assert!(images[0].names[0].ends_with("minimage:hello"), "{:?}", images[0].names);
            }
        }
    }
}

#[test]
fn a_size_in_an_extended_header_and_one_of_a_sparse_file_count() {
    let sparse = pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.realsize", b"5000")]);
    let layer = tar(&[pax(&[("size", b"3")]), file("a", "123"), sparse, file("b", "1\n0\n0\n")]);
    assert_eq!(found(&sizes(&oci(&[layer])).unwrap()[0]), layers_of(&[5003]));
}

/// Two images of Docker's `manifest.json` on one base, whose blob is there once, as a link for the second one.
fn two_images() -> Vec<Item> {
    let base = tar(&[file("base", vec![0; 1000])]);
    let (one, two) = (tar(&[file("one", "1")]), tar(&[file("two", "22")]));
    let config_of =
        |ids: [usize; 2]| CONFIG.replace("DIFFS", &format!("[\"sha256:{:064x}\",\"sha256:{:064x}\"]", ids[0], ids[1]));
    vec![
        file("b/layer.tar", base),
        file("1/layer.tar", one),
        link("b2/layer.tar", "../b/layer.tar"),
        file("2/layer.tar", two),
        file("1.json", config_of([7, 1])),
        file("2.json", config_of([7, 2])),
        file(
            "manifest.json",
            r#"[{"Config":"1.json","RepoTags":["m:1","m:one"],"Layers":["b/layer.tar","1/layer.tar"]},
                {"Config":"2.json","RepoTags":null,"Layers":["b2/layer.tar","2/layer.tar"]}]"#,
        ),
    ]
}

#[test]
fn all_images_of_an_archive_are_told_with_what_they_share() {
    let layer = |number: usize, size: u64| (format!("sha256:{number:064x}"), size);
    let expected = sizes(&two_images()).unwrap();
    assert_eq!(
        expected.iter().map(found).collect::<Vec<_>>(),
        [[layer(7, 1000), layer(1, 1)], [layer(7, 1000), layer(2, 2)]]
    );
    assert_eq!(expected[0].names, ["m:1", "m:one"]);
    assert!(expected[1].names.is_empty());
    // A link leads to the file, which is the same one.
    let [base, other] = [0, 1].map(|image: usize| &expected[image].layers[0].file);
    assert_eq!((base.digest.as_str(), base), ("/b/layer.tar", other));
    let whole = sizes(&oci(&[tar(&[file("a", "1")])])).unwrap();
    let LayerFile { digest, .. } = &whole[0].layers[0].file;
    assert!(digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64), "{digest}");
    let options = ReadOptions { name: Some("m:one".to_owned()), ..ReadOptions::default() };
    assert_eq!(read_layer_sizes(tar(&two_images()).as_slice(), &options).unwrap(), expected[..1]);
    let options = ReadOptions { name: Some("m:3".to_owned()), ..ReadOptions::default() };
    let error = read_layer_sizes(tar(&two_images()).as_slice(), &options).unwrap_err().to_string();
    assert_eq!(error, "the archive has no image `m:3`, but `m:1`, `m:one`");
}

#[test]
fn a_layer_or_an_image_that_is_not_there_is_an_error_and_not_0_bytes() {
    let mut items = two_images();
    items.remove(3);
    assert_eq!(error(&items), "layer `/2/layer.tar` is missing from the archive; the archive may be incomplete");
    let mut items = two_images();
    items.remove(5);
    assert_eq!(error(&items), "configuration `/2.json` is missing from the archive; the archive may be incomplete");
    assert_eq!(error(&[file("manifest.json", "[]")]), "the archive contains no image");
    assert_eq!(error(&[]), "not an image archive: no manifest.json or index.json");
}

#[test]
fn a_damaged_layer_is_an_error() {
    let whole = pack(Packed::Gzip, &tar(&[file("a", vec![5; 9000])]));
    let cut = whole[..whole.len() - 9].to_vec();
    assert!(error(&docker_new(&[cut])).starts_with("cannot read layer `/blobs/sha256/"));
}

#[test]
fn an_archive_cut_off_anywhere_is_an_error_or_the_whole() {
    let archive = tar(&two_images());
    let whole = sizes(&two_images()).unwrap();
    for end in (0..archive.len()).step_by(64) {
        let cut = read_layer_sizes(&archive[..end], &ReadOptions::default());
        assert!(cut.is_err() || cut.unwrap() == whole, "cut at {end}");
    }
}

#[test]
fn a_configuration_without_the_digests_of_its_layers_is_an_error() {
    let layer = tar(&[file("a", "1")]);
    for (diffs, reason) in [
        (r#"["sha256:1"]"#, "its diff IDs are not a list of digests"),
        ("null", "its diff IDs are not a list of digests"),
        ("[]", "the config lists 0 layers, the manifest 1"),
    ] {
        let (mut items, at, manifest) = oci_image(1, std::slice::from_ref(&layer), &CONFIG.replace("DIFFS", diffs));
        items.push(index(&[descriptor(at, manifest.as_bytes(), "")]));
        assert!(error(&items).ends_with(&format!("is not a valid image configuration: {reason}")), "{}", error(&items));
    }
}

#[test]
fn other_platforms_and_attestations_are_not_added_up() {
    let image = |first: usize, size: usize, arch: &str| {
        let layer = tar(&[file("a", vec![0; size])]);
        oci_image(first, &[layer], &config(1).replace("amd64", arch))
    };
    let (mut items, here, here_manifest) = image(1, 10, Platform::host().arch.as_str());
    let (other, there, there_manifest) = image(11, 200, "s390x");
    let (note, about, about_manifest) = image(21, 3000, "unknown");
    items.extend(other.into_iter().chain(note));
    let platform = |arch: &str| format!(r#","platform":{{"os":"linux","architecture":"{arch}"}}"#);
    let list = [
        descriptor(about, about_manifest.as_bytes(), r#","platform":{"os":"unknown","architecture":"unknown"}"#),
        descriptor(there, there_manifest.as_bytes(), &platform("s390x")),
        descriptor(here, here_manifest.as_bytes(), &platform(&Platform::host().arch)),
    ];
    let nested = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","));
    items.push(blob(31, &nested));
    items.push(index(&[descriptor(
        31,
        nested.as_bytes(),
        r#","annotations":{"org.opencontainers.image.ref.name":"m:1"}"#,
    )]));
    let images = sizes(&items).unwrap();
    assert_eq!((images.len(), found(&images[0])), (1, layers_of(&[10])));
    let options = ReadOptions { platform: Some("linux/s390x".parse().unwrap()), ..ReadOptions::default() };
    let images = read_layer_sizes(tar(&items).as_slice(), &options).unwrap();
    assert_eq!((images.len(), found(&images[0])), (1, layers_of(&[200])));
    let options = ReadOptions { platform: Some("linux/arm".parse().unwrap()), ..ReadOptions::default() };
    let error = read_layer_sizes(tar(&items).as_slice(), &options).unwrap_err();
    assert!(matches!(error, ReadError::NoPlatform { .. }), "{error}");
}

#[test]
fn memory_and_unpacking_are_bounded() {
    let zeros = pack(Packed::Gzip, &tar(&[file("zeros", vec![0; 4 << 20])]));
    let decompression = DecompressionLimit { bytes: 1 << 20, ratio: 3 };
    let options = ReadOptions { decompression, ..ReadOptions::default() };
    let error = read_layer_sizes(tar(&oci(&[zeros])).as_slice(), &options).unwrap_err().to_string();
    assert!(error.contains("the limit against decompression bombs"), "{error}");

    // A short list that names one configuration of many layers again and again.
    let config = config(1000);
    let layers: Vec<&str> = vec!["\"l\""; 1000];
    let image = format!(r#"{{"Config":"c.json","Layers":[{}]}}"#, layers.join(","));
    let list = format!("[{}]", vec![image.as_str(); 500].join(","));
    let items = [file("l", ""), file("c.json", config), file("manifest.json", list)];
    let options = ReadOptions { memory: 32 << 20, ..ReadOptions::default() };
    let error = read_layer_sizes(tar(&items).as_slice(), &options).unwrap_err().to_string();
    assert!(error.contains("memory limit of 32 MiB"), "{error}");
    assert_eq!(
        sizes(&[file("l", ""), items[1].clone(), file("manifest.json", format!("[{image}]"))]).unwrap().len(),
        1
    );
}
