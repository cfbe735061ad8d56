//! Pushes an image to its registry, and learns its digest there.

use std::time::Duration;

use super::output::Output;
use super::process::{self, Deadline, ProcessEnd, Stream};
use super::{Engine, EngineError, shown, unstarted};
use crate::interrupt::Interrupt;

/// How a push ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushResult {
    /// The registry has the image, with this digest, as far as the engine says it.
    Done(Option<String>),
    /// It has not, in these words. Raw: escape before printing.
    Failed(String),
    /// It was ended because the user asked twice to stop.
    Interrupted,
}

impl Engine {
    /// Pushes `image`. `log` gets every byte that the engine says.
    ///
    /// # Errors
    /// If the engine's program cannot be started.
    pub fn push(
        &self,
        image: &str,
        interrupt: &Interrupt,
        log: &mut dyn FnMut(&[u8]),
    ) -> Result<PushResult, EngineError> {
        let command = self.command(["push", image]);
        let shown = shown(&command);
        let (mut out, mut err) = (Output::default(), Output::default());
        let limit = Deadline { time: None, interrupt, grace: Duration::ZERO };
        let end = process::run(command, limit, &mut |stream, bytes| {
            log(bytes);
            if stream == Stream::Out { &mut out } else { &mut err }.push(bytes);
        });
        match end {
            Ok(ProcessEnd::Exited(status)) if status.success() => {
                Ok(PushResult::Done(digest_in(&out.text()).or_else(|| self.digest_of(image))))
            }
            Ok(ProcessEnd::Exited(status)) => {
                let said = err.text();
                let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
                Ok(PushResult::Failed(last.map_or_else(|| format!("`{shown}` failed: {status}"), plain)))
            }
            Ok(ProcessEnd::Interrupted | ProcessEnd::TimedOut | ProcessEnd::Stopped) => Ok(PushResult::Interrupted),
            Err(error) => Err(unstarted(shown, &error)),
        }
    }

    /// The digest that a registry gave the image, as the engine remembers it.
    fn digest_of(&self, image: &str) -> Option<String> {
        let digests = self.capture(["image", "inspect", "--format", "{{json .RepoDigests}}", image]).ok()?;
        let digests: Vec<String> = serde_json::from_slice(&digests).ok()?;
        // A `:` after the last `/` begins the tag, one before it a port.
        let (folder, name) = image.rsplit_once('/').unwrap_or(("", image));
        let repository = match (folder, name.split(':').next().unwrap_or(name)) {
            ("", name) => name.to_owned(),
            (folder, name) => format!("{folder}/{name}"),
        };
        digests.iter().find_map(|digest| Some(digest.strip_prefix(&repository)?.strip_prefix('@')?.to_owned()))
    }
}

/// What podman puts before an error.
fn plain(line: &str) -> String {
    line.strip_prefix("Error: ").unwrap_or(line).to_owned()
}

/// The digest in what Docker says last: `1.0: digest: sha256:… size: 527`.
fn digest_in(said: &str) -> Option<String> {
    let of_line = |line: &str| {
        let (_, rest) = line.split_once(": digest: ")?;
        let digest = rest.split(' ').next()?;
        digest.starts_with("sha256:").then(|| digest.to_owned())
    };
    said.lines().rev().find_map(of_line)
}

#[cfg(test)]
mod tests {
    use super::digest_in;

    #[test]
    fn the_digest_is_that_of_the_last_line_that_has_one() {
        let said = "The push refers to repository [r/a]\n5f70: Pushed\n1.0: digest: sha256:ab size: 527\n";
        assert_eq!(digest_in(said).as_deref(), Some("sha256:ab"));
        for other in ["", "digest: sha256:ab", "1.0: digest: md5:ab", "a digest"] {
            assert_eq!(digest_in(other), None, "{other}");
        }
    }
}
