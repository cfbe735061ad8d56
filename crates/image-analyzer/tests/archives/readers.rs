//! Files that `why` reads on the way, made to exhaust: archives of Java, descriptions of packages, scripts.

use std::io::{self, Read, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use image_analyzer::{Diagnosis, ReadOptions, diagnose, read_archive};

use crate::make::{file, tar};

/// The ELF header of a static program, which all interpreters here are.
fn program() -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    file.extend([64_u64, 64, 0].iter().flat_map(|number| number.to_le_bytes()));
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    file.extend([0_u64, 0, 0, 120, 120, 4096].iter().flat_map(|number| number.to_le_bytes()));
    file
}

/// An archive of an image with a tool and one file of this many bytes, which come from `content`.
fn archive(command: &[&str], name: &str, size: u64, content: impl Read + 'static) -> Box<dyn Read> {
    let command: Vec<_> = command.iter().map(|word| format!("\"{word}\"")).collect();
    let tool = command[0].trim_matches(['"', '/']).to_owned();
    let head = tar(&[file(&tool, program()).mode(0o755)]);
    let head = head[..head.len() - 1024].to_vec();
    let entry = tar(&[file(name, "")]);
    let mut header = entry[..512].to_vec();
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = (512 - size % 512) % 512;
    let layer_size = head.len() as u64 + 512 + size + padding + 1024;
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{"Cmd":[{}]}},"rootfs":{{"type":"layers","diff_ids":["sha256:{:064x}"]}}}}"#,
        command.join(","),
        0
    );
    let manifest = r#"[{"Config":"c.json","RepoTags":null,"Layers":["layer.tar"]}]"#;
    let documents = tar(&[file("c.json", config), file("manifest.json", manifest)]);
    let outer = tar(&[file("layer.tar", "")]);
    let mut outer = outer[..512].to_vec();
    outer[124..136].copy_from_slice(format!("{layer_size:011o}\0").as_bytes());
    outer[148..156].copy_from_slice(b"        ");
    let sum: u32 = outer.iter().map(|byte| u32::from(*byte)).sum();
    outer[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let start = [documents[..documents.len() - 1024].to_vec(), outer, head, header].concat();
    let end = vec![0; usize::try_from(padding).unwrap() + 1024 + 1024];
    Box::new(io::Cursor::new(start).chain(content.take(size)).chain(io::Cursor::new(end)))
}

fn look(archive: impl Read) -> Diagnosis {
    diagnose(&read_archive(archive, &ReadOptions::default()).unwrap())
}

fn ids(archive: impl Read) -> Vec<&'static str> {
    look(archive).findings.iter().map(|finding| finding.kind.id()).collect()
}

#[test]
#[ignore = "reads two gigabytes"]
fn a_jar_of_two_gigabytes_is_passed_over() {
    let jar = || io::Cursor::new(b"PK\x03\x04".to_vec()).chain(io::repeat(0));
    assert_eq!(ids(archive(&["/java", "-jar", "/a.jar"], "a.jar", 2 << 30, jar())), [""; 0]);
}

#[test]
fn a_description_of_a_package_of_a_hundred_megabytes_is_not_read() {
    let text = || io::Cursor::new(b"{\"main\":\"".to_vec()).chain(io::repeat(b'x'));
    assert_eq!(ids(archive(&["/node", "/app"], "app/package.json", 100 << 20, text())), [""; 0]);
}

#[test]
fn a_script_that_is_too_long_is_not_followed() {
    let text = |length| io::Cursor::new(b"#!/sh\nexec /gone\n".to_vec()).chain(io::repeat(b'\n').take(length));
    assert_eq!(ids(archive(&["/sh", "/a.sh"], "a.sh", 1 << 10, text(1 << 10))), ["command-missing"]);
    assert_eq!(ids(archive(&["/sh", "/a.sh"], "a.sh", 100 << 20, text(200 << 20))), [""; 0]);
}

#[test]
fn a_manifest_that_unpacks_without_end_is_read_to_a_limit() {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&b"A: b\n".repeat(400_000)).unwrap();
    let packed = encoder.finish().unwrap();
    let name = b"META-INF/MANIFEST.MF";
    let mut jar = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
    jar.extend([0; 8]);
    jar.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
    jar.extend(2_000_000_u32.to_le_bytes());
    jar.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
    jar.extend_from_slice(name);
    jar.extend(packed);
    let found = ids(archive(&["/java", "-jar", "/a.jar"], "a.jar", jar.len() as u64, io::Cursor::new(jar)));
    assert_eq!(found, ["argument-unusable"], "it names no class as far as it is read");
}
