//! The JSON documents of an archive: indexes, manifests and configurations, of them only what decides which layers make
//! an image and what it would run.
//!
//! Sources: OCI image specification (`image-layout.md`, `image-index.md`, `manifest.md`, `config.md`,
//! `annotations.md`), Docker image specification v1.2 (`manifest.json`, `Shell`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::diff_ids::DiffIds;
use crate::config::{Config, Platform};

/// The largest document that is read, in bytes. Those of real images have some tens of thousands.
pub(super) const MAX_DOCUMENT: u64 = 4 << 20;

/// The most layers that an image may have. Engines stop at a tenth of that.
pub(super) const MAX_LAYERS: usize = 1000;

/// One document, whichever of the three kinds it is: they share no key but `config`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Document {
    /// Of an index: what it points to.
    #[serde(default)]
    pub(super) manifests: Option<Vec<Descriptor>>,
    /// Of a manifest: the layers, the lowest first.
    #[serde(default)]
    pub(super) layers: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Box<ConfigKeys>>,
    #[serde(default)]
    rootfs: Option<RootFs>,
    #[serde(default)]
    os: Option<Box<str>>,
    #[serde(default)]
    architecture: Option<Box<str>>,
    #[serde(default)]
    variant: Option<Box<str>>,
}

/// What points to another document or a layer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Descriptor {
    /// `sha256:…`
    pub(super) digest: Box<str>,
    /// In bytes.
    pub(super) size: u64,
    #[serde(default)]
    pub(super) platform: Option<Box<Platform>>,
    #[serde(default)]
    pub(super) annotations: Option<Box<Annotations>>,
}

/// The annotations that name an image, and mark what is not an image.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Annotations {
    /// `docker.io/library/minimage:hello-c.gcc`, by containerd and Docker since 25.
    #[serde(default, rename = "io.containerd.image.name")]
    pub(super) image_name: Option<String>,
    /// Mostly a tag, sometimes a whole name.
    #[serde(default, rename = "org.opencontainers.image.ref.name")]
    pub(super) ref_name: Option<String>,
    /// `attestation-manifest` for what `BuildKit` adds about how an image was built.
    #[serde(default, rename = "vnd.docker.reference.type")]
    pub(super) reference_type: Option<String>,
}

/// `config` is a descriptor in a manifest, and in a configuration what would run.
#[derive(Debug, Default, Deserialize)]
struct ConfigKeys {
    #[serde(default)]
    digest: Option<Box<str>>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default, rename = "Entrypoint")]
    entrypoint: Option<Vec<String>>,
    #[serde(default, rename = "Cmd")]
    cmd: Option<Vec<String>>,
    #[serde(default, rename = "Shell")]
    shell: Option<Vec<String>>,
    #[serde(default, rename = "Env")]
    env: Option<Vec<String>>,
    #[serde(default, rename = "WorkingDir")]
    working_dir: Option<String>,
    #[serde(default, rename = "Volumes")]
    #[expect(clippy::zero_sized_map_values, reason = "an object of JSON whose values say nothing")]
    volumes: Option<BTreeMap<String, IgnoredAny>>,
    #[serde(default, rename = "User")]
    user: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<DiffIds>,
}

/// One image of Docker's `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SavedImage {
    /// Where in the archive the configuration is.
    pub(super) config: String,
    /// `repository:tag`; none for an image without a name.
    #[serde(default)]
    pub(super) repo_tags: Option<Vec<String>>,
    /// Where in the archive the layers are, the lowest first.
    #[serde(default)]
    pub(super) layers: Option<Vec<String>>,
}

impl Document {
    /// Of a manifest: the digest of its configuration, and its size.
    pub(super) fn config_descriptor(&self) -> Option<(&str, Option<u64>)> {
        self.config.as_ref().and_then(|config| Some((config.digest.as_deref()?, config.size)))
    }

    /// Of a configuration: how many layers it was made for.
    pub(super) fn layer_count(&self) -> Option<usize> {
        self.diff_ids().map(DiffIds::count)
    }

    /// Of a configuration: the digests of its layers, unpacked; `None` if it has no list of them.
    pub(super) fn diff_ids(&self) -> Option<&DiffIds> {
        self.rootfs.as_ref().and_then(|rootfs| rootfs.diff_ids.as_ref())
    }

    /// Of a configuration: what it was built for.
    pub(super) fn platform(&self) -> Platform {
        let text = |field: &Option<Box<str>>| field.as_deref().unwrap_or_default().to_owned();
        Platform { os: text(&self.os), arch: text(&self.architecture), variant: text(&self.variant) }
    }

    /// Of a configuration: what would run.
    pub(super) fn to_config(&self) -> Config {
        let list = |of: fn(&ConfigKeys) -> &Option<Vec<String>>| {
            self.config.as_deref().and_then(|config| of(config).clone()).unwrap_or_default()
        };
        let text = |of: fn(&ConfigKeys) -> &Option<String>| {
            self.config.as_deref().and_then(|config| of(config).clone()).unwrap_or_default()
        };
        Config {
            entrypoint: list(|config| &config.entrypoint),
            cmd: list(|config| &config.cmd),
            shell: list(|config| &config.shell),
            env: list(|config| &config.env),
            working_dir: text(|config| &config.working_dir),
            volumes: self
                .config
                .as_deref()
                .and_then(|config| Some(config.volumes.as_ref()?.keys().cloned().collect()))
                .unwrap_or_default(),
            user: text(|config| &config.user),
            platform: self.platform(),
        }
    }
}

impl Descriptor {
    /// Is it about an image rather than one?
    pub(super) fn is_attestation(&self) -> bool {
        let platform = self.platform.as_deref();
        platform.is_some_and(|platform| platform.os == "unknown" && platform.arch == "unknown")
            || self
                .annotations
                .as_deref()
                .is_some_and(|notes| notes.reference_type.as_deref() == Some("attestation-manifest"))
    }

    /// Where in an OCI layout it points; `None` if the digest is invalid.
    pub(super) fn path(&self) -> Option<Vec<u8>> {
        blob_path(&self.digest)
    }

    /// What the image is called: the most precise of its annotations.
    pub(super) fn name(&self) -> Option<&str> {
        let notes = self.annotations.as_deref()?;
        notes.image_name.as_deref().or(notes.ref_name.as_deref())
    }
}

/// `sha256:0123…` as `/blobs/sha256/0123…`.
pub(super) fn blob_path(digest: &str) -> Option<Vec<u8>> {
    let (algorithm, hex) = digest.split_once(':')?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain(algorithm) && plain(hex)).then(|| format!("/blobs/{algorithm}/{hex}").into_bytes())
}
