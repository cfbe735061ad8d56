//! Every form of archive gives the same image.

use image_analyzer::file::FileKind;
use image_analyzer::{FileTree, Image, Platform, ReadError, ReadOptions, read_archive, read_layout};

use crate::make::{
    Item, PACKED, Packed, blob, config, descriptor, digest, docker_new, docker_old, file, folder, hard_link, index,
    link, oci, oci_image, pack, tar,
};

fn layers(packed: Packed) -> Vec<Vec<u8>> {
    let below = tar(&[
        folder("./"),
        folder("bin/"),
        file("bin/sh", b"\x7fELF").mode(0o755),
        file("gone", "x"),
        folder("go/"),
        file("go/old", "x"),
    ]);
    let above = tar(&[
        file(".wh.gone", ""),
        file("go/.wh..wh..opq", ""),
        file("hello", "#!/bin/sh\nexit\n").mode(0o755).owner(1000, 1001),
        hard_link("again", "hello").mode(0o755).owner(1000, 1001),
        link("ash", "bin/sh"),
    ]);
    vec![pack(packed, &below), pack(packed, &above)]
}

fn paths(tree: &FileTree) -> Vec<String> {
    tree.list(b"/").unwrap().into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
}

#[track_caller]
fn is_the_image(image: &Image) {
    assert_eq!(image.config.cmd, ["/hello"]);
    assert_eq!(image.config.entrypoint, [""; 0]);
    assert_eq!((image.config.working_dir.as_str(), image.config.user.as_str()), ("/go", "1000"));
    assert_eq!(image.config.env, ["PATH=/bin", "A=b"]);
    assert_eq!(image.config.platform.to_string(), "linux/amd64");
    assert_eq!(paths(&image.files), ["again", "ash", "bin", "go", "hello"]);
    assert_eq!(image.files.list(b"/go").unwrap(), [b""; 0]);
    let hello = image.files.lookup(b"/again").unwrap().entry;
    assert_eq!((hello.kind, hello.mode, hello.uid, hello.gid, hello.size), (FileKind::File, 0o755, 1000, 1001, 15));
    assert_eq!(hello.first_bytes(), b"#!/bin/sh\nexit\n");
    assert!(image.files.lookup(b"/ash").unwrap().entry.is_elf());
}

fn image(items: &[Item]) -> Result<Image, ReadError> {
    read_archive(tar(items).as_slice(), &ReadOptions::default())
}

#[test]
fn each_form_and_packing_gives_the_same_image() {
    for packed in PACKED {
        let layers = layers(packed);
        for items in [docker_old(&layers, false), docker_old(&layers, true), docker_new(&layers), oci(&layers)] {
            for whole in PACKED {
                let archive = pack(whole, &tar(&items));
                is_the_image(&read_archive(archive.as_slice(), &ReadOptions::default()).unwrap());
            }
        }
    }
}

#[test]
fn the_order_of_entries_does_not_matter() {
    let mut items = docker_new(&layers(Packed::Gzip));
    items.reverse();
    is_the_image(&image(&items).unwrap());
}

/// A folder of these files.
fn unpacked(items: &[Item]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for item in items {
        let path = dir.path().join(std::str::from_utf8(&item.path).unwrap());
        if item.kind == b'5' {
            std::fs::create_dir_all(path).unwrap();
        } else {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &item.data).unwrap();
        }
    }
    dir
}

#[test]
fn links_within_a_folder_are_followed_and_links_out_of_it_are_said_not_to_be() {
    use std::os::unix::fs::symlink;
    let layout = unpacked(&oci(&layers(Packed::Gzip)));
    let at = |name: &str| layout.path().join(name);
    let read = || read_layout(layout.path(), &ReadOptions::default());
    std::fs::rename(at("blobs"), at("moved")).unwrap();
    assert!(read().unwrap_err().to_string().ends_with("is missing from the archive; the archive may be incomplete"));
    for target in ["moved".into(), at("moved")] {
        symlink(target, at("blobs")).unwrap();
        is_the_image(&read().unwrap());
        std::fs::remove_file(at("blobs")).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(at("moved"), elsewhere.path().join("blobs")).unwrap();
    symlink(elsewhere.path().join("blobs"), at("blobs")).unwrap();
    let outside = "`/blobs` is a symlink out of the folder, which is not followed: copy its target into the folder";
    assert_eq!(read().unwrap_err().to_string(), outside);
    std::fs::rename(at("index.json"), elsewhere.path().join("index.json")).unwrap();
    symlink(elsewhere.path().join("index.json"), at("index.json")).unwrap();
    assert_eq!(read().unwrap_err().to_string(), outside.replace("blobs", "index.json"));
}

/// What cannot be read below it would be the error if it were walked through.
#[test]
fn a_folder_that_is_no_archive_is_told_by_what_is_in_it_at_the_top() {
    let dir = unpacked(&[file("deep/down/manifest.json", "{"), file("deep/layer", [0x28, 0xb5, 0x2f, 0xfd])]);
    let error = read_layout(dir.path(), &ReadOptions { memory: 32 << 20, ..ReadOptions::default() }).unwrap_err();
    assert!(matches!(error, ReadError::NoImage), "{error}");
    let tight = ReadOptions { memory: 0, ..ReadOptions::default() };
    assert!(matches!(read_layout(dir.path(), &tight), Err(ReadError::NoImage)), "before anything is read");
}

#[test]
fn a_layer_of_no_bytes_is_an_empty_one() {
    let mut all = layers(Packed::Plain);
    all.push(Vec::new());
    for items in [docker_old(&all, false), docker_new(&all), oci(&all)] {
        is_the_image(&image(&items).unwrap());
        is_the_image(&read_layout(unpacked(&items).path(), &ReadOptions::default()).unwrap());
    }
}

#[test]
fn a_folder_is_read_as_its_tar_would_be() {
    for items in
        [oci(&layers(Packed::Gzip)), docker_new(&layers(Packed::Plain)), docker_old(&layers(Packed::Zstd), true)]
    {
        is_the_image(&read_layout(unpacked(&items).path(), &ReadOptions::default()).unwrap());
    }
    let missing = read_layout("/no/such/folder".as_ref(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(missing.starts_with("/no/such/folder: cannot read: "), "{missing}");
}

#[test]
fn names_are_those_that_the_archive_gives() {
    let layers = layers(Packed::Plain);
    assert_eq!(image(&docker_old(&layers, false)).unwrap().names, ["minimage:hello", "also:1"]);
    assert_eq!(image(&docker_new(&layers)).unwrap().names, ["minimage:hello", "also:1"]);
    assert_eq!(image(&oci(&layers)).unwrap().names, ["docker.io/library/minimage:hello"]);
}

#[test]
fn a_layer_that_links_to_another_layers_archive_is_that_layer() {
    let layers = layers(Packed::Plain);
    for make in [link as fn(String, String) -> Item, hard_link] {
        let mut items = docker_old(&[layers[0].clone(), layers[1].clone(), Vec::new()], false);
        let copy = items.iter().position(|item| item.path.ends_with(b"2/layer.tar")).unwrap();
        let symbolic = items[copy].path.clone();
        let target = format!("{:064x}/layer.tar", 0);
        let is_symbolic = make("a".into(), "b".into()).kind == b'2';
        items[copy] =
            make(String::from_utf8(symbolic).unwrap(), if is_symbolic { format!("../{target}") } else { target });
        let image = image(&items).unwrap();
        // The lowest layer lies on top once more.
        assert_eq!(paths(&image.files), ["again", "ash", "bin", "go", "gone", "hello"]);
    }
}

#[test]
fn of_several_images_one_is_chosen_by_name() {
    let (one, at_one, manifest_one) = oci_image(1, &layers(Packed::Plain), &config(2));
    let (two, at_two, manifest_two) = oci_image(50, &layers(Packed::Gzip)[..1], &config(1));
    let name = |name: &str| format!(r#","annotations":{{"org.opencontainers.image.ref.name":"{name}"}}"#);
    let mut items = [one, two].concat();
    items.push(index(&[
        descriptor(at_one, manifest_one.as_bytes(), &name("minimage:hello")),
        descriptor(at_one, manifest_one.as_bytes(), &name("other:latest")),
        descriptor(at_two, manifest_two.as_bytes(), &name("host:5000/x")),
    ]));
    let archive = tar(&items);
    let select_image = |name: Option<&str>| {
        read_archive(archive.as_slice(), &ReadOptions { name: name.map(str::to_owned), ..ReadOptions::default() })
    };
    let several = select_image(None).unwrap_err().to_string();
    assert_eq!(
        several,
        "the archive contains several images: `minimage:hello`, `other:latest`, `host:5000/x`; choose one"
    );
    assert_eq!(select_image(Some("other")).unwrap().names, ["other:latest"]);
    is_the_image(&select_image(Some("docker.io/library/minimage:hello")).unwrap());
    assert_eq!(paths(&select_image(Some("host:5000/x:latest")).unwrap().files), ["bin", "go", "gone"]);
    let none = select_image(Some("hello")).unwrap_err().to_string();
    assert_eq!(none, "the archive has no image `hello`, but `minimage:hello`, `other:latest`, `host:5000/x`");
}

#[test]
fn of_several_images_of_docker_one_is_chosen_by_name() {
    let mut items = docker_old(&layers(Packed::Plain), false);
    items.retain(|item| item.path != b"manifest.json");
    let layer = |number: usize| format!("{number:064x}/layer.tar");
    items.push(file("one.json", config(1)));
    items.push(file(
        "manifest.json",
        format!(
            r#"[{{"Config":"c0ffee.json","RepoTags":["a:1"],"Layers":["{}","{}"]}},{{"Config":"one.json","RepoTags":null,"Layers":["{}"]}}]"#,
            layer(0),
            layer(1),
            layer(0)
        ),
    ));
    assert_eq!(
        image(&items).unwrap_err().to_string(),
        "the archive contains several images: `a:1`, `one.json`; choose one"
    );
    let options = ReadOptions { name: Some("a:1".to_owned()), ..ReadOptions::default() };
    is_the_image(&read_archive(tar(&items).as_slice(), &options).unwrap());
}

/// An index of an image for two platforms and an attestation of how it was built.
fn platforms(nested: bool) -> Vec<Item> {
    let arm = config(1).replace("amd64", "arm64");
    let (one, at_one, manifest_one) = oci_image(1, &layers(Packed::Plain), &config(2));
    let (two, at_two, manifest_two) = oci_image(50, &layers(Packed::Gzip)[..1], &arm);
    let (about, at_about, manifest_about) = oci_image(90, &[b"{\"statement\":1}".to_vec()], "{}");
    let platform = |os: &str, arch: &str| format!(r#","platform":{{"os":"{os}","architecture":"{arch}"}}"#);
    let descriptors = [
        descriptor(at_about, manifest_about.as_bytes(), &platform("unknown", "unknown")),
        descriptor(at_two, manifest_two.as_bytes(), &platform("linux", "arm64")),
        descriptor(at_one, manifest_one.as_bytes(), &platform("linux", "amd64")),
    ];
    let mut items = [one, two, about].concat();
    let inner = index(&descriptors);
    if nested {
        items.push(blob(200, &inner.data));
        items.push(index(&[descriptor(200, &inner.data, "")]));
    } else {
        items.push(inner);
    }
    items
}

#[test]
fn of_several_platforms_one_is_chosen() {
    for nested in [false, true] {
        let archive = tar(&platforms(nested));
        let select_image = |platform: &str| {
            let platform = Some(platform.parse::<Platform>().unwrap());
            read_archive(archive.as_slice(), &ReadOptions { platform, ..ReadOptions::default() })
        };
        is_the_image(&select_image("linux/amd64").unwrap());
        assert_eq!(select_image("linux/arm64/v8").unwrap().config.platform.arch, "arm64");
        let none = select_image("linux/s390x").unwrap_err().to_string();
        assert!(
            none.starts_with("the archive has no image for linux/s390x, only for `linux/arm64`, `linux/amd64`"),
            "{none}"
        );
    }
}

#[test]
fn an_image_for_one_other_platform_is_the_one_that_is_meant() {
    let (mut items, at, manifest) = oci_image(1, &layers(Packed::Plain), &config(2).replace("amd64", "s390x"));
    items.push(index(&[descriptor(at, manifest.as_bytes(), "")]));
    assert_eq!(image(&items).unwrap().config.platform.to_string(), "linux/s390x");
}

#[test]
fn an_image_for_another_platform_than_was_asked_for_is_refused_in_every_form() {
    let layers = layers(PACKED[0]);
    for items in [docker_old(&layers, false), docker_new(&layers), oci(&layers)] {
        let options =
            |platform: &str| ReadOptions { platform: Some(platform.parse().unwrap()), ..ReadOptions::default() };
        let archive = tar(&items);
        assert!(read_archive(archive.as_slice(), &options("linux/amd64")).is_ok());
        let error = read_archive(archive.as_slice(), &options("linux/arm64")).unwrap_err().to_string();
        assert!(error.contains("linux/arm64") && error.contains("linux/amd64"), "{error}");
    }
}

#[test]
fn two_images_without_names_for_one_platform_are_not_guessed_between() {
    let (one, at_one, manifest_one) = oci_image(1, &layers(Packed::Plain), &config(2));
    let (two, at_two, manifest_two) = oci_image(50, &layers(Packed::Gzip), &config(2));
    let mut items = [one, two].concat();
    items.push(index(&[
        descriptor(at_one, manifest_one.as_bytes(), ""),
        descriptor(at_two, manifest_two.as_bytes(), ""),
    ]));
    // Those of the platform of this machine, or none.
    let options = ReadOptions { platform: Some("linux/amd64".parse().unwrap()), ..ReadOptions::default() };
    let error = read_archive(tar(&items).as_slice(), &options).unwrap_err().to_string();
    let names = [3, 52].map(|number| format!("`blobs/{}`", digest(number).replace(':', "/"))).join(", ");
    assert_eq!(error, format!("the archive contains several images: {names}; choose one"));
}

#[test]
fn an_image_without_layers_has_an_empty_tree() {
    let image = image(&docker_old(&[], false)).unwrap();
    assert_eq!(paths(&image.files), [""; 0]);
    assert_eq!(image.files.lookup(b"/").unwrap().entry.kind, FileKind::Folder);
}
