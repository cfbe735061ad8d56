//! A repository made for one test, with images of its own, which go with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::command::{Ran, run, scratch};
use crate::engine::docker;

/// A folder with Dockerfiles and samples, and the name of its images.
#[must_use]
pub(crate) struct MadeRepository {
    name: String,
    at: PathBuf,
}

impl MadeRepository {
    /// An empty one, in a folder of its own.
    pub(crate) fn new(name: &str) -> Self {
        let at = scratch().join(name);
        let _ = fs::remove_dir_all(&at);
        for folder in ["dockerfiles", "samples"] {
            fs::create_dir_all(at.join(folder)).unwrap();
        }
        Self { name: format!("mkcompose-test-{name}"), at }
    }

    /// With the Dockerfile of `service`. In its text `IMAGES` stands for the repository of the images.
    pub(crate) fn dockerfile(self, service: &str, text: &str) -> Self {
        let path = self.at.join(format!("dockerfiles/Dockerfile.{service}"));
        fs::write(path, text.replace("IMAGES", &self.name)).unwrap();
        self
    }

    /// With a file in the build context.
    pub(crate) fn sample(self, name: &str, text: &str) -> Self {
        fs::write(self.at.join("samples").join(name), text).unwrap();
        self
    }

    /// With this `mkcompose.yml`.
    pub(crate) fn settings(self, text: &str) -> Self {
        fs::write(self.at.join("mkcompose.yml"), text).unwrap();
        self
    }

    /// Runs `mkcompose` here with its images as the settings say, and with these variables.
    #[track_caller]
    pub(crate) fn plainly(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
        command.arg("-C").arg(&self.at).args(args).envs(variables.iter().copied());
        run(&format!("{}.mkcompose", self.name), &mut command)
    }

    /// Runs `mkcompose` here.
    #[track_caller]
    pub(crate) fn mkcompose(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
        command.arg("-C").arg(&self.at).args(["--image", &self.name]).args(args);
        run(&format!("{}.mkcompose", self.name), &mut command)
    }

    /// What `mkcompose test` reports of each service.
    #[track_caller]
    pub(crate) fn report(&self, args: &[&str]) -> BTreeMap<String, Value> {
        let ran = self.mkcompose(&[&["test", "--format", "json"], args].concat());
        let Ok(report) = serde_json::from_str::<Value>(&ran.stdout) else { panic!("{}", ran.failure("should report")) };
        let images = report["images"].as_array().unwrap().iter();
        images.map(|image| (image["service"].as_str().unwrap().to_owned(), image.clone())).collect()
    }

    /// Fails if a container of ours is left, running or not.
    #[track_caller]
    pub(crate) fn nothing_is_left(&self) {
        let name = format!("{}.left", self.name);
        let images: Vec<String> = self.images().into_iter().map(|image| format!("ancestor={image}")).collect();
        for image in images {
            assert_eq!(docker(&name, &["ps", "--all", "--quiet", "--filter", &image]).succeeds().stdout, "", "{image}");
        }
    }

    fn images(&self) -> Vec<String> {
        let format = "{{.Repository}}:{{.Tag}}";
        let listed = docker(&format!("{}.images", self.name), &["images", "--format", format, &self.name]).succeeds();
        listed.stdout.lines().map(str::to_owned).collect()
    }
}

impl Drop for MadeRepository {
    fn drop(&mut self) {
        let images = self.images();
        if !images.is_empty() {
            let args: Vec<&str> = ["rmi", "--force"].into_iter().chain(images.iter().map(String::as_str)).collect();
            docker(&format!("{}.rmi", self.name), &args);
        }
    }
}
