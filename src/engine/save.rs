//! Streams an image's archive (`docker save`) out of the engine. What is in it is read elsewhere.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::process::{self, OutputChunk, ProcessGroup, Stream, forward};
use super::{Engine, EngineError, hung, shown, unstarted};

/// How many pieces may wait to be used.
const WAITING: usize = 4;

/// How much is kept of what the command says on stderr, in bytes.
const WORDS: u64 = 64 * 1024;

impl Engine {
    /// Hands the archive of `image` to `read` as it comes, and returns what `read` makes of it.
    ///
    /// `read` may stop before the end; the engine's command is then ended too.
    ///
    /// # Errors
    /// If the engine's command cannot be started, fails, or says nothing for longer than [`Engine::patience`]. Then what
    /// `read` made of it is worth nothing.
    pub fn save<T>(&self, image: &str, read: impl FnOnce(&mut dyn Read) -> T) -> Result<T, EngineError> {
        self.save_as(["save", image], self.patience, read)
    }

    /// As [`Engine::save`], with the arguments of the engine's command, which may say nothing for `patience`.
    ///
    /// # Errors
    /// See [`Engine::save`].
    pub(super) fn save_as<'a, T>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
        patience: Duration,
        read: impl FnOnce(&mut dyn Read) -> T,
    ) -> Result<T, EngineError> {
        let mut command = self.command(args);
        let shown = shown(&command);
        let mut child =
            ProcessGroup::new(process::spawn(&mut command).map_err(|error| unstarted(shown.clone(), &error))?);
        let (sender, pieces) = mpsc::sync_channel(WAITING);
        if let Some(out) = child.0.stdout.take() {
            thread::spawn(move || forward(out, Stream::Out, &sender));
        }
        let words = child.0.stderr.take().map(|err| thread::spawn(move || first_words(err)));
        let mut archive = Archive { pieces, piece: Vec::new(), at: 0, patience, end: None };
        let made = read(&mut archive);
        match archive.end {
            None => return Ok(made),
            Some(Silence::Hung) => return Err(hung(shown, patience)),
            Some(Silence::Over) => {}
        }
        match child.0.wait() {
            Ok(status) if status.success() => Ok(made),
            Ok(status) => {
                let said = words.and_then(|words| words.join().ok()).unwrap_or_default();
                Err(EngineError { command: shown, status: Some(status), said })
            }
            Err(error) => Err(unstarted(shown, &error)),
        }
    }

    /// The engine's name for the content of an image, raw. One that does not answer has none, so ask [`Engine::check`]
    /// first if that matters.
    ///
    /// # Errors
    /// What the engine said, if it has no image of this name.
    pub fn id(&self, image: &str) -> Result<String, EngineError> {
        let said = self.capture(["image", "inspect", "--format", "{{.Id}}", image])?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }
}

/// Why nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    Over,
    Hung,
}

/// The stream as a reader that gives up on a hung engine.
struct Archive {
    pieces: Receiver<OutputChunk>,
    piece: Vec<u8>,
    at: usize,
    patience: Duration,
    end: Option<Silence>,
}

impl Read for Archive {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.pieces.recv_timeout(self.patience) {
                Ok((_, piece)) => (self.piece, self.at) = (piece, 0),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    self.end = Some(Silence::Over);
                    return Ok(0);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.end = Some(Silence::Hung);
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
        let read = self.piece.get(self.at..).unwrap_or_default().read(into)?;
        self.at += read;
        Ok(read)
    }
}

/// The first of what the command says on stderr; the rest is read and dropped, or the command would wait for ever.
fn first_words(mut err: impl Read) -> String {
    let mut words = Vec::new();
    let _ = err.by_ref().take(WORDS).read_to_end(&mut words);
    let _ = io::copy(&mut err, &mut io::sink());
    String::from_utf8_lossy(&words).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use crate::engine::Engine;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    /// An engine whose `save` is `script`.
    fn engine(script: &str) -> (tempfile::TempDir, Engine) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        (folder, Engine::new(path).with_patience(Duration::from_millis(500)))
    }

    #[test]
    fn the_archive_comes_through_whole() {
        let (_folder, engine) = engine("echo \"$*\"; head -c 1000000 /dev/zero");
        let bytes = engine.save("m:a", |from| {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).map(|_| bytes)
        });
        let bytes = bytes.unwrap().unwrap();
        assert!(bytes.starts_with(b"save m:a\n\0"));
        assert_eq!(bytes.len(), 1_000_009);
    }

    #[test]
    fn a_reader_that_has_seen_enough_ends_the_command() {
        let (_folder, engine) = engine("exec cat /dev/zero");
        let first = engine.save("m:a", |from| {
            let mut byte = [1];
            from.read_exact(&mut byte).map(|()| byte)
        });
        assert_eq!(first.unwrap().unwrap(), [0]);
    }

    #[test]
    fn a_command_that_fails_is_a_failure_whatever_was_read() {
        let (_folder, engine) = engine("echo part; echo no such image >&2; exit 1");
        let text = engine.save("m:a", |from| std::io::copy(from, &mut std::io::sink())).unwrap_err().to_string();
        assert!(text.ends_with("save m:a` failed (exit status: 1): no such image"), "{text}");
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        let (_folder, engine) = engine("echo part; exec sleep 1000");
        let text = engine.save("m:a", |from| std::io::copy(from, &mut std::io::sink())).unwrap_err().to_string();
        assert!(text.contains("save m:a` failed: no answer within 0.5 s"), "{text}");
    }
}
