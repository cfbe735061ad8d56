//! The flags of every command that needs a container engine.

use std::ffi::OsString;

use clap::{Args, ValueHint};

use crate::engine::Engine;

/// Which engine to ask.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// The program of the container engine: docker, podman, or a path
    #[arg(long, value_name = "PROGRAM", env = "MKCOMPOSE_DOCKER", default_value = "docker", value_hint = ValueHint::CommandName)]
    pub docker: OsString,
}

impl EngineArgs {
    /// The engine that the flags name. An empty name counts as none, as for other variables of the environment.
    pub fn engine(&self) -> Engine {
        if self.docker.is_empty() { Engine::new("docker") } else { Engine::new(&self.docker) }
    }
}
