//! Reads an image out of the engine, as `docker save` gives it.
//!
//! The engine knows nothing of what is in an image, and [`image_analyzer`] nothing of engines: they meet here.

use serde_json::{Value, json};

use crate::engine::{Engine, EngineError};
use image_analyzer::{Image, ReadError, ReadOptions, read_archive, read_config};

/// Reads the image that the engine knows as `reference`.
///
/// Docker refuses to save an image without layers ("empty export"), such as `FROM scratch` with nothing but CMD. There is
/// nothing in it but its configuration, which the engine tells.
///
/// # Errors
/// If the engine does not give the image. Inside: if what it gives is no image that fits `options`.
pub fn image(engine: &Engine, reference: &str, options: &ReadOptions) -> Result<Result<Image, ReadError>, EngineError> {
    // A repository alone is saved with all its tags, and meant is what the engine would run: `latest`. If it has none, it
    // says so when it is to save it.
    let id = if has_tag(reference) { None } else { engine.id(reference).ok() };
    let id = id.filter(|id| !id.is_empty() && !id.contains(char::is_whitespace));
    match engine.save(id.as_deref().unwrap_or(reference), |archive| read_archive(archive, options)) {
        Err(failure) if failure.said.contains("empty export") => {
            let inspected = engine.capture(["image", "inspect", "--format", "{{json .}}", reference])?;
            without_layers(&inspected).map(|config| read_config(config.as_bytes())).ok_or(failure)
        }
        result => result,
    }
}

/// What to do about an archive of the engine's that cannot be read, as a part of a sentence; empty if nothing is known.
pub fn hint(error: &ReadError) -> &'static str {
    match error {
        ReadError::Missing { .. } => {
            "; Docker's containerd store may lack layers of an image that shares them with another (moby#49473): remove that \
             image, then pull or build it again"
        }
        _ => "",
    }
}

/// Whether the reference says which image of a repository it means: by a tag or a digest.
fn has_tag(reference: &str) -> bool {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.contains([':', '@'])
}

/// The configuration, as an archive would hold it, of an image that is inspected and has no layers.
fn without_layers(inspected: &[u8]) -> Option<String> {
    let image: Value = serde_json::from_slice(inspected).ok()?;
    let layers = image.pointer("/RootFS/Layers").and_then(Value::as_array).map_or(0, Vec::len);
    let text = |key: &str| image.get(key).and_then(Value::as_str).unwrap_or_default();
    let (os, architecture, variant) = (text("Os"), text("Architecture"), text("Variant"));
    let config = image.get("Config").filter(|_| layers == 0)?;
    Some(json!({ "os": os, "architecture": architecture, "variant": variant, "config": config }).to_string())
}

#[cfg(test)]
mod tests {
    use super::image;
    use crate::engine::Engine;
    use image_analyzer::{ReadOptions, diagnose};
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    /// The engine refuses to save, and says `inspected` of the image.
    fn engine(inspected: &str) -> (tempfile::TempDir, Engine) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        let script = format!(
            "#!/bin/sh\ncase $1 in\nsave) echo 'Error response from daemon: empty export - not implemented' >&2; exit 1 ;;\n\
             image) cat <<'E'\n{inspected}\nE\n;;\nesac\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        (folder, Engine::new(path))
    }

    #[test]
    fn an_image_without_layers_is_what_its_configuration_says() {
        let (_folder, engine) = engine(
            r#"{"Os": "linux", "Architecture": "amd64", "Config": {"Cmd": ["/x"], "Env": null}, "RootFS": {"Type": "layers"}}"#,
        );
        let image = image(&engine, "m:a", &ReadOptions::default()).unwrap().unwrap();
        assert_eq!(image.config.platform.to_string(), "linux/amd64");
        let diagnosis = diagnose(&image);
        assert_eq!(diagnosis.command, ["/x"]);
        assert_eq!(diagnosis.findings.first().unwrap().kind.id(), "command-missing");
    }

    #[test]
    fn a_repository_means_its_latest_image() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        fs::write(&path, "#!/bin/sh\necho \"$*\" >>\"$0.asked\"\n[ $1 = save ] || echo sha256:1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let engine = Engine::new(&path);
        for reference in ["python", "r.example:5000/python", "python:slim", "python@sha256:2"] {
            assert!(image(&engine, reference, &ReadOptions::default()).unwrap().is_err());
        }
        let asked = fs::read_to_string(folder.path().join("engine.asked")).unwrap();
        let saved: Vec<_> = asked.lines().filter(|line| line.starts_with("save")).collect();
        assert_eq!(saved, ["save sha256:1", "save sha256:1", "save python:slim", "save python@sha256:2"]);
    }

    #[test]
    fn that_an_image_with_layers_is_not_given_is_a_failure() {
        for inspected in [r#"{"Config": {}, "RootFS": {"Layers": ["sha256:1"]}}"#, "{}", "no JSON"] {
            let (_folder, engine) = engine(inspected);
            let failure = image(&engine, "m:a", &ReadOptions::default()).unwrap_err();
            assert!(failure.said.contains("empty export"), "{failure}");
        }
    }
}
