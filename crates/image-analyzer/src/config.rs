//! The part of an image's configuration that decides what is executed.
//!
//! Sources: the OCI image specification, `config.md`, and Docker's image specification v1.2, which adds `Shell`. Ports, labels,
//! history and health checks are left out: none of them keeps a program from starting.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::printable::printable;

/// What the engine executes, as which user, in which folder and for which machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// ENTRYPOINT; empty if the image has none. The string form is stored as `["/bin/sh", "-c", "…"]`.
    pub entrypoint: Vec<String>,
    /// CMD; empty if the image has none. The string form is stored as `["/bin/sh", "-c", "…"]`.
    pub cmd: Vec<String>,
    /// SHELL; empty means `["/bin/sh", "-c"]`.
    pub shell: Vec<String>,
    /// ENV as `NAME=value`, in order.
    pub env: Vec<String>,
    /// WORKDIR; empty means `/`.
    pub working_dir: String,
    /// The folders of VOLUME, which the engine creates.
    pub volumes: Vec<String>,
    /// USER as written: `user`, `uid`, `user:group`; empty means root.
    pub user: String,
    /// The platform that the image says it is for.
    pub platform: Platform,
}

impl Config {
    /// The value of an environment variable; if it is set twice, the last one counts, as in the engine.
    pub fn variable(&self, name: &str) -> Option<&str> {
        variable(&self.env, name)
    }

    /// The configuration as the engine uses it: `ENTRYPOINT [""]` only resets the entrypoint of the base (moby,
    /// `daemon/container.go`, `mergeAndVerifyConfig`).
    #[must_use]
    pub fn merged(&self) -> Self {
        let mut merged = self.clone();
        if merged.entrypoint == [""] {
            merged.entrypoint.clear();
        }
        merged
    }
}

/// The value of a variable in an environment of `NAME=value`; the last one counts.
pub(crate) fn variable<'e>(env: &'e [String], name: &str) -> Option<&'e str> {
    env.iter().rev().find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// An operating system and a machine, in the words of Go (`GOOS`, `GOARCH`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// `linux`, `windows`, …; empty when the image does not say.
    pub os: String,
    /// `amd64`, `arm64`, `386`, `arm`, …; empty when the image does not say.
    #[serde(rename = "architecture")]
    pub arch: String,
    /// `v7`, `v8`, …; usually empty.
    pub variant: String,
}

impl Platform {
    /// Linux on the processor that this program was built for.
    pub fn host() -> Self {
        // What Go calls what Rust calls otherwise.
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self { os: "linux".to_owned(), arch: arch.to_owned(), variant: String::new() }
    }

    /// Can an image for `image` run on this platform? The variants are compared only if both have one.
    pub fn runs(&self, image: &Self) -> bool {
        let variant = self.variant.is_empty() || image.variant.is_empty() || self.variant == image.variant;
        self.os == image.os && self.arch == image.arch && variant
    }
}

impl fmt::Display for Platform {
    /// `linux/arm64/v8`; without a variant `linux/arm64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &str| if part.is_empty() { "unknown".to_owned() } else { printable(part).into_owned() };
        write!(f, "{}/{}", part(&self.os), part(&self.arch))?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "/{}", printable(&self.variant)) }
    }
}

/// A text that is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid platform `{}`: write it as `linux/amd64` or `linux/arm/v7`", printable(.0))]
pub(crate) struct ParsePlatformError(String);

impl FromStr for Platform {
    type Err = Box<dyn Error + Send + Sync>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, arch, variant) = match *parts.as_slice() {
            [os, arch] => (os, arch, ""),
            [os, arch, variant] if !variant.is_empty() => (os, arch, variant),
            _ => return Err(Box::new(ParsePlatformError(text.to_owned()))),
        };
        if os.is_empty() || arch.is_empty() {
            return Err(Box::new(ParsePlatformError(text.to_owned())));
        }
        Ok(Self { os: os.to_owned(), arch: arch.to_owned(), variant: variant.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Platform};

    #[test]
    fn a_platform_has_two_or_three_parts() {
        let parsed: Platform = "linux/arm/v7".parse().unwrap();
        assert_eq!((parsed.os.as_str(), parsed.arch.as_str(), parsed.variant.as_str()), ("linux", "arm", "v7"));
        assert!("linux/amd64".parse::<Platform>().unwrap().variant.is_empty());
        for text in ["", "linux", "linux/", "/amd64", "a/b/c/d"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_platform_is_written_as_it_is_read() {
        for text in ["linux/amd64", "linux/arm/v7"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        for text in ["", "linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x"] {
            assert!(text.parse::<Platform>().is_err(), "{text:?}");
        }
        assert_eq!(Platform::default().to_string(), "unknown/unknown");
    }

    #[test]
    fn a_variant_counts_only_if_both_have_one() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        assert!(platform("linux/arm").runs(&platform("linux/arm/v6")));
        assert!(platform("linux/arm64/v8").runs(&platform("linux/arm64")));
        assert!(!platform("linux/arm/v7").runs(&platform("linux/arm/v6")));
        assert!(!platform("linux/arm").runs(&platform("linux/arm64")));
    }

    #[test]
    fn the_last_of_two_values_of_a_variable_counts() {
        let env = ["A=1", "AB=2", "A=x=y", "A"].map(str::to_owned).to_vec();
        let config = Config { env, ..Config::default() };
        assert_eq!(config.variable("A"), Some("x=y"));
        assert_eq!(config.variable("B"), None);
    }
}
