//! The flags of every command that needs a container engine.

use std::ffi::OsString;

use clap::{Args, ValueHint};

use crate::cli::Options;
use crate::engine::Engine;

/// The engine of whoever names none.
const DOCKER: &str = "docker";

/// Which engine to ask.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// The program of the container engine: docker, podman, or a path
    #[arg(long, value_name = "PROGRAM", env = "MKCOMPOSE_DOCKER", default_value = DOCKER, value_hint = ValueHint::CommandName)]
    pub docker: OsString,
}

impl EngineArgs {
    /// The engine that the flags name. An empty name counts as none, as for other variables of the environment. As a
    /// plugin of Docker's, the engine is the `docker` that called, with the flags that it was given.
    pub fn engine(&self, options: &Options) -> Engine {
        match &options.docker_call {
            _ if !self.docker.is_empty() && self.docker != DOCKER => Engine::new(&self.docker),
            Some(call) => Engine::new(&call.program).with_flags(&call.flags),
            None => Engine::new(DOCKER),
        }
    }
}
