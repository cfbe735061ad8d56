//! Writes what the fuzzer starts from into `fuzz/corpus/TARGET/`: a sound archive of each form, a layer with every kind
//! of entry, a small ELF program, scripts and other files that `why` reads on the way.

use std::fs;
use std::path::Path;

#[allow(dead_code)]
#[path = "../../crates/image-analyzer/tests/archives/make.rs"]
mod make;

use make::{Item, PACKED, docker_new, docker_old, file, folder, hard_link, link, oci, pack, pax, tar};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let write = |target: &str, name: String, bytes: &[u8]| {
        fs::create_dir_all(corpus.join(target))?;
        fs::write(corpus.join(target).join(name), bytes)
    };
    let layers = [below(), above()];
    for (number, layer) in layers.iter().enumerate() {
        for first in [0, 1, 2, 0x40, 0x80] {
            write("layer", format!("seed-{number}-{first}"), &[&[first], layer.as_slice()].concat())?;
        }
    }
    write("layer", "seed-both".to_owned(), &[&[0x40], layers.concat().as_slice()].concat())?;
    for (number, packed) in PACKED.into_iter().enumerate() {
        let layers = layers.each_ref().map(|layer| pack(packed, layer));
        for (form, items) in [docker_old(&layers, true), docker_old(&layers, false), docker_new(&layers), oci(&layers)]
            .into_iter()
            .enumerate()
        {
            write("archive", format!("seed-{form}-{number}"), &tar(&items))?;
        }
    }
    write("elf", "seed".to_owned(), &elf()[4..])?;
    // The first byte chooses what the rest is.
    for (number, (kind, text)) in READ.into_iter().enumerate() {
        write("readers", format!("seed-{number}"), &[&[kind], text.as_bytes()].concat())?;
    }
    write(
        "readers",
        "seed-jar".to_owned(),
        &[&[4], jar("META-INF/MANIFEST.MF", b"Main-Class: a.B\r\n").as_slice()].concat(),
    )
}

/// A shell's line, scripts and a package.json.
const READ: [(u8, &str); 10] = [
    (0, "cd /app && exec /app/server --port $PORT > /dev/stdout 2>&1"),
    (0, "./migrate && ./server || gunicorn \"$MODULE\""),
    (1, "set -e\nif [ \"${1#-}\" != \"$1\" ]; then\n  set -- serve \"$@\"\nfi\nexec gosu app \"$@\"\n"),
    (1, "case \"$1\" in\n  serve|run) shift; exec /bin/node /app \"$@\" ;;\n  *) exec \"$@\" ;;\nesac\n"),
    (2, "for f in /e/*; do\n  . \"$f\"\ndone\ncat <<EOF >/x\n$A\nEOF\nexec \"$JAVA_HOME/bin/java\" -jar /a.jar\n"),
    (2, " /usr/bin/env -S A=1 bash -eu\nexec sh -c 'exec \"$0\"' /bin/sh\n"),
    (3, "{\"name\": \"a\", \"main\": \"lib/index\", \"type\": \"module\", \"exports\": {\".\": \"./x.js\"}}"),
    (5, "/usr/bin/env -S A=1 bash -eu"),
    (6, "/bin/sh -e -u\r\n"),
    (3, "{\"main\": [\"\\u0061\"], \"main\": null}"),
];

/// A ZIP archive of one file, which is stored as it is (APPNOTE.TXT, 4.3).
fn jar(name: &str, data: &[u8]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap_or_default().to_le_bytes();
    // Version, flags, method, time, date, checksum; the sizes; the lengths of the name and what follows it.
    let about = [
        &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &number(data.len()),
        &number(data.len()),
        &number(name.len()),
    ]
    .concat();
    let local = [b"PK\x03\x04", about.as_slice(), name.as_bytes(), data].concat();
    let central = [b"PK\x01\x02\x14\0", about.as_slice(), &[0; 14], name.as_bytes()].concat();
    let end = [&[0, 0, 0, 0, 1, 0, 1, 0][..], &number(central.len()), &number(local.len()), &[0, 0]].concat();
    [local, central, b"PK\x05\x06".to_vec(), end].concat()
}

fn below() -> Vec<u8> {
    tar(&[
        folder("./"),
        folder("bin/"),
        file("bin/sh", elf()).mode(0o755),
        link("lib", "/usr/lib"),
        file("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
        file("n".repeat(120), "x"),
        Item::new(b'3', "dev/null"),
    ])
}

fn above() -> Vec<u8> {
    let sparse: [(&str, &[u8]); 2] = [("GNU.sparse.size", b"100"), ("GNU.sparse.map", b"0,4,50,1")];
    tar(&[
        file("bin/.wh.sh", ""),
        file("etc/.wh..wh..opq", ""),
        file("run", "#!/bin/sh\n").mode(0o755),
        hard_link("again", "run"),
        pax(&[("path", b"new\nline"), ("uid", b"3000000")]),
        file("short", "x"),
        pax(&sparse),
        file("sparse", "12345"),
        link("self", "self"),
        link("up", "../../.."),
    ])
}

/// A 64-bit little-endian program with a loader, a library and a version: headers, then one part after the other.
fn elf() -> Vec<u8> {
    let mut file = vec![0; 0x200];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(16, &[3, 0, 62, 0, 1]);
    put(32, &[64]);
    put(52, &[64, 0, 56, 0, 3, 0, 64]);
    let segments: [(u32, u64, u64); 3] = [(1, 0, 0x200), (3, 0xf0, 8), (2, 0x120, 0x60)];
    for (number, (kind, offset, size)) in segments.into_iter().enumerate() {
        let at = 64 + 56 * number;
        put(at, &kind.to_le_bytes());
        for (field, value) in [(8, offset), (16, offset), (32, size), (40, size)] {
            put(at + field, &value.to_le_bytes());
        }
    }
    put(0xf0, b"/lib/ld\0");
    put(0x100, b"\0libc.so.6\0GLIBC_2.38\0");
    let dynamic: [(u64, u64); 6] = [(1, 1), (5, 0x100), (10, 22), (0x6fff_fffe, 0x180), (0x6fff_ffff, 1), (0, 0)];
    for (number, (tag, value)) in dynamic.into_iter().enumerate() {
        put(0x120 + 16 * number, &tag.to_le_bytes());
        put(0x128 + 16 * number, &value.to_le_bytes());
    }
    put(0x180, &[1, 0, 1, 0, 1, 0, 0, 0, 16, 0, 0, 0]);
    put(0x190, &[0, 0, 0, 0, 0, 0, 2, 0, 11, 0, 0, 0]);
    file
}
