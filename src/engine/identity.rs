//! Which engine answers, and where it keeps images: what a figure of it can be compared with.

use serde_json::Value;

use super::{Engine, EngineError};

/// The name of podman.
const PODMAN: &str = "podman";

/// What Docker's store is called where containerd keeps the images.
const CONTAINERD: &str = "containerd";

/// An engine, as `info` describes it. What it does not say is `None`. Raw: escape before printing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `docker` or `podman`.
    pub name: Option<String>,
    /// Its version: `28.5.2`.
    pub version: Option<String>,
    /// What keeps its images: `containerd`, or the storage driver, such as `overlay2`; of podman `overlay` or `vfs`.
    pub store: Option<String>,
    /// What it runs by itself, in the words of images: `linux/amd64`.
    pub platform: Option<String>,
}

impl Identity {
    /// Whether the engine is podman.
    pub fn is_podman(&self) -> bool {
        self.name.as_deref() == Some(PODMAN)
    }

    /// Whether it is Docker, and keeps images with containerd.
    pub fn is_containerd(&self) -> bool {
        self.store.as_deref() == Some(CONTAINERD)
    }
}

impl Engine {
    /// Asks the engine who it is.
    ///
    /// # Errors
    /// If it does not answer, or not with JSON.
    pub fn identity(&self) -> Result<Identity, EngineError> {
        let args = ["info", "--format", "{{json .}}"];
        let said = self.capture(args)?;
        let info: Value = serde_json::from_slice(&said).map_err(|error| self.unreadable(&args, &error.to_string()))?;
        Ok(identity_of(&info))
    }
}

fn identity_of(info: &Value) -> Identity {
    let text = |at: &str| info.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    if info.get("host").is_some_and(Value::is_object) {
        return Identity {
            name: Some(PODMAN.to_owned()),
            version: text("/version/Version"),
            store: text("/store/graphDriverName"),
            platform: text("/host/os").zip(text("/host/arch")).map(|(os, arch)| format!("{os}/{arch}")),
        };
    }
    let version = text("/ServerVersion");
    Identity {
        name: version.is_some().then(|| "docker".to_owned()),
        version,
        store: if is_containerd(info) { Some(CONTAINERD.to_owned()) } else { text("/Driver") },
        platform: text("/OSType").zip(text("/Architecture")).map(|(os, arch)| format!("{os}/{}", architecture(&arch))),
    }
}

/// Whether Docker keeps images with containerd: it then says so among the lines about the driver.
fn is_containerd(info: &Value) -> bool {
    let lines = info.get("DriverStatus").and_then(Value::as_array);
    lines.into_iter().flatten().any(|line| {
        line.get(0).and_then(Value::as_str) == Some("driver-type")
            && line.get(1).and_then(Value::as_str).is_some_and(|kind| kind.starts_with("io.containerd."))
    })
}

/// What images call a machine that Linux calls so (`uname -m`).
fn architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" => "386",
        "armv6l" => "arm/v6",
        "armv7l" => "arm/v7",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, identity_of};
    use serde_json::json;

    fn identity(name: &str, version: &str, store: &str) -> Identity {
        let [name, version, store, platform] = [name, version, store, "linux/amd64"].map(|text| Some(text.to_owned()));
        Identity { name, version, store, platform }
    }

    #[test]
    fn each_engine_and_store_is_told_apart() {
        let overlay2 = json!({"ServerVersion": "20.10.24", "Driver": "overlay2", "OSType": "linux", "Architecture": "x86_64",
            "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]});
        assert_eq!(identity_of(&overlay2), identity("docker", "20.10.24", "overlay2"));
        let containerd = json!({"ServerVersion": "28.5.2", "Driver": "overlayfs", "OSType": "linux", "Architecture": "x86_64",
            "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]});
        assert_eq!(identity_of(&containerd), identity("docker", "28.5.2", "containerd"));
        let podman = json!({"host": {"os": "linux", "arch": "amd64"}, "store": {"graphDriverName": "overlay"},
            "version": {"Version": "5.8.6"}});
        assert_eq!(identity_of(&podman), identity("podman", "5.8.6", "overlay"));
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        for answer in [json!({}), json!([]), json!({"ServerVersion": "", "Driver": 1, "DriverStatus": [[], "x", null]})]
        {
            assert_eq!(identity_of(&answer), Identity::default(), "{answer}");
        }
    }
}
