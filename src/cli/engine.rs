//! The flags of every command that needs a container engine.

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, ValueHint};

use crate::cli::Options;
use crate::engine::Engine;

/// Which engine to ask.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// The engine's command line: docker, podman, or a path to one
    #[arg(long, value_name = "PROGRAM", env = "MKCOMPOSE_DOCKER", default_value = "docker", value_hint = ValueHint::CommandName)]
    pub docker: OsString,
}

impl EngineArgs {
    /// The engine that the flags name. An empty name is none given, as for other variables of the environment; a
    /// relative path counts from where `--directory` says that we are.
    pub fn engine(&self, options: &Options) -> Engine {
        let path = Path::new(&self.docker);
        match &options.directory {
            _ if self.docker.is_empty() => Engine::new("docker"),
            Some(_) if path.components().count() > 1 => Engine::new(options.at(path)),
            _ => Engine::new(&self.docker),
        }
    }
}
