//! The part of an image's configuration that decides what would be executed.
//!
//! Source: the OCI image specification, `config.md`, and Docker's image specification v1.2, which adds `Shell`.
//! Volumes, ports, labels, history and health checks are left out: none of them keeps a program from starting.

use serde::Deserialize;

/// What would be executed, as whom, where, and for which machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// ENTRYPOINT; empty when there is none. The string form arrives as `["/bin/sh", "-c", "…"]`.
    pub entrypoint: Vec<String>,
    /// CMD; empty when there is none. The string form arrives as `["/bin/sh", "-c", "…"]`.
    pub cmd: Vec<String>,
    /// SHELL, where a Dockerfile set it; empty means `["/bin/sh", "-c"]`.
    pub shell: Vec<String>,
    /// ENV as `NAME=value`, in order.
    pub env: Vec<String>,
    /// WORKDIR; empty means `/`.
    pub working_dir: String,
    /// USER as written: `user`, `uid`, `user:group`; empty means root.
    pub user: String,
    /// What the image says it was built for.
    pub platform: Platform,
}

impl Config {
    /// The value of a variable of the image's environment; the last one counts, as in the engine.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env
            .iter()
            .rev()
            .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
    }
}

/// An operating system and a machine, in the words of Go (`GOOS`, `GOARCH`), which images use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// `linux`, `windows`, …; empty when the image does not say.
    pub os: String,
    /// `amd64`, `arm64`, `386`, `arm`, …; empty when the image does not say.
    #[serde(rename = "architecture")]
    pub arch: String,
    /// `v7`, `v8`, …; mostly empty.
    pub variant: String,
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_last_of_two_values_of_a_variable_counts() {
        let env = ["A=1", "AB=2", "A=x=y", "A"].map(str::to_owned).to_vec();
        let config = Config { env, ..Config::default() };
        assert_eq!(config.variable("A"), Some("x=y"));
        assert_eq!(config.variable("B"), None);
    }
}
