//! Makes archives of images in memory, byte by byte where an honest tool would refuse.

use std::io::Write as _;

/// One entry of a tar.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) path: Vec<u8>,
    pub(crate) kind: u8,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    pub(crate) link: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Item {
    pub(crate) fn new(kind: u8, path: impl AsRef<[u8]>) -> Self {
        let (path, link, data) = (path.as_ref().to_vec(), Vec::new(), Vec::new());
        Self { path, kind, mode: if kind == b'5' { 0o755 } else { 0o644 }, owner: (0, 0), link, data }
    }

    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    pub(crate) fn owner(self, uid: u64, gid: u64) -> Self {
        Self { owner: (uid, gid), ..self }
    }

    /// The header alone, with a size of one's own.
    pub(crate) fn header(&self, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_mode(self.mode);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(0);
        header.set_size(size);
        let old = header.as_old_mut();
        old.linkflag = [self.kind];
        old.name[..self.path.len().min(100)].copy_from_slice(&self.path[..self.path.len().min(100)]);
        old.linkname[..self.link.len().min(100)].copy_from_slice(&self.link[..self.link.len().min(100)]);
        header.set_cksum();
        header
    }

    /// Header, data and padding; long names the GNU way.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (kind, text) in [(b'K', &self.link), (b'L', &self.path)] {
            if text.len() > 100 {
                let data = [text.as_slice(), b"\0"].concat();
                Self { data, ..Self::new(kind, "././@LongLink") }.write(out);
            }
        }
        out.extend_from_slice(self.header(self.data.len() as u64).as_bytes());
        push_data(out, &self.data);
    }
}

pub(crate) fn push_data(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(512), 0);
}

pub(crate) fn file(path: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Item {
    Item { data: data.as_ref().to_vec(), ..Item::new(b'0', path) }
}

pub(crate) fn folder(path: impl AsRef<[u8]>) -> Item {
    Item::new(b'5', path)
}

pub(crate) fn link(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Item {
    Item { link: target.as_ref().to_vec(), ..Item::new(b'2', path) }
}

pub(crate) fn hard_link(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Item {
    Item { link: target.as_ref().to_vec(), ..Item::new(b'1', path) }
}

/// A PAX header with these records.
pub(crate) fn pax(records: &[(&str, &[u8])]) -> Item {
    let mut data = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        data.extend_from_slice(format!("{length} {key}=").as_bytes());
        data.extend_from_slice(value);
        data.push(b'\n');
    }
    Item { data, ..Item::new(b'x', "PaxHeaders/x") }
}

pub(crate) fn tar(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        item.write(&mut out);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// How a layer is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packed {
    Plain,
    Gzip,
    Zstd,
}

pub(crate) const PACKED: [Packed; 3] = [Packed::Plain, Packed::Gzip, Packed::Zstd];

pub(crate) fn pack(packed: Packed, data: &[u8]) -> Vec<u8> {
    match packed {
        Packed::Plain => data.to_vec(),
        Packed::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(data).unwrap();
            out.finish().unwrap()
        }
        Packed::Zstd => ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest),
    }
}

pub(crate) const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Entrypoint":null,"Cmd":["/hello"],"Env":["PATH=/bin","A=b"],"WorkingDir":"/go","User":"1000"},"rootfs":{"type":"layers","diff_ids":DIFFS},"history":[{"created_by":"x"}]}"#;

/// The configuration of an image of so many layers.
pub(crate) fn config(layers: usize) -> String {
    let diffs: Vec<String> = (0..layers).map(|layer| format!("\"sha256:{layer:064x}\"")).collect();
    CONFIG.replace("DIFFS", &format!("[{}]", diffs.join(",")))
}

/// What `docker save` writes before version 25.
pub(crate) fn docker_old(layers: &[Vec<u8>], manifest_first: bool) -> Vec<Item> {
    let mut items = Vec::new();
    let mut names = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let id = format!("{number:064x}");
        names.push(format!("\"{id}/layer.tar\""));
        items.push(folder(format!("{id}/")));
        items.push(file(format!("{id}/VERSION"), "1.0"));
        items.push(file(format!("{id}/json"), format!(r#"{{"id":"{id}","config":{{"Cmd":["no"]}}}}"#)));
        items.push(file(format!("{id}/layer.tar"), layer));
    }
    let manifest = format!(
        r#"[{{"Config":"c0ffee.json","RepoTags":["minimage:hello","also:1"],"Layers":[{}]}}]"#,
        names.join(",")
    );
    let documents = [
        file("c0ffee.json", config(layers.len())),
        file("manifest.json", manifest),
        file("repositories", r#"{"minimage":{"hello":"0"}}"#),
    ];
    if manifest_first {
        items.splice(0..0, documents)
    } else {
        items.splice(items.len().., documents)
    };
    items
}

/// A digest for a blob: its number. No reader checks it.
pub(crate) fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

pub(crate) fn blob(number: usize, data: impl AsRef<[u8]>) -> Item {
    file(format!("blobs/sha256/{number:064x}"), data)
}

/// A descriptor of a blob.
pub(crate) fn descriptor(number: usize, data: &[u8], more: &str) -> String {
    format!(r#"{{"mediaType":"x","digest":"{}","size":{}{more}}}"#, digest(number), data.len())
}

/// The blobs of one image, numbered from `first`; the last is its manifest, which is returned with its number.
pub(crate) fn oci_image(first: usize, layers: &[Vec<u8>], config: &str) -> (Vec<Item>, usize, String) {
    let mut items: Vec<Item> = layers.iter().enumerate().map(|(number, layer)| blob(first + number, layer)).collect();
    let listed: Vec<String> =
        layers.iter().enumerate().map(|(number, layer)| descriptor(first + number, layer, "")).collect();
    let last = first + layers.len();
    let config_at = descriptor(last, config.as_bytes(), "");
    let manifest = format!(r#"{{"schemaVersion":2,"config":{config_at},"layers":[{}]}}"#, listed.join(","));
    items.push(blob(last, config));
    items.push(blob(last + 1, &manifest));
    (items, last + 1, manifest)
}

pub(crate) fn index(descriptors: &[String]) -> Item {
    file("index.json", format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, descriptors.join(",")))
}

/// An OCI layout of one image.
pub(crate) fn oci(layers: &[Vec<u8>]) -> Vec<Item> {
    let (mut items, at, manifest) = oci_image(1, layers, &config(layers.len()));
    let notes = r#","annotations":{"io.containerd.image.name":"docker.io/library/minimage:hello","org.opencontainers.image.ref.name":"hello"}"#;
    items.insert(0, folder("blobs/"));
    items.insert(1, folder("blobs/sha256/"));
    items.push(index(&[descriptor(at, manifest.as_bytes(), notes)]));
    items.push(file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#));
    items
}

/// What `docker save` writes since version 25: an OCI layout with a `manifest.json`.
pub(crate) fn docker_new(layers: &[Vec<u8>]) -> Vec<Item> {
    let mut items = oci(layers);
    let paths: Vec<String> = (1..=layers.len()).map(|number| format!("\"blobs/sha256/{number:064x}\"")).collect();
    let config = format!("blobs/sha256/{:064x}", layers.len() + 1);
    let manifest =
        format!(r#"[{{"Config":"{config}","RepoTags":["minimage:hello","also:1"],"Layers":[{}]}}]"#, paths.join(","));
    items.push(file("manifest.json", manifest));
    items
}
