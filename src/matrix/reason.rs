//! The reason why an image does not work, from its content: what the engine's words do not tell.
//!
//! The image is read out of the engine, not run again. What cannot be read has no reason here; that is no failure, the
//! outcome stands without it.

use std::sync::mpsc::{self, Sender};
use std::thread;

use super::ending;
use super::outcome::Outcome;
use crate::engine::Engine;
use crate::engine::container::Ran;
use crate::image::{Diagnosis, Options, read, why};

/// How much memory an image may take while it is looked at, in bytes: room for the look at one file and for the names of
/// some ten thousand, which is what images that do not work have. The whole process then stays below 20 MiB.
/// `mkcompose why` allows itself more and sees more.
const MEMORY: usize = 14 << 20;

/// An image to look at, and whom to tell.
type Question = (String, Sender<Option<Diagnosis>>);

/// Looks into images, one at a time and always on the same thread: each is held in memory while it is looked at, and the
/// next one takes the memory of the one before.
#[derive(Debug)]
pub struct Reasons {
    questions: Sender<Question>,
}

impl Reasons {
    /// Reads images out of `engine`.
    pub fn new(engine: &Engine) -> Self {
        let engine = engine.clone();
        let (questions, asked) = mpsc::channel::<Question>();
        thread::spawn(move || {
            for (image, tell) in asked {
                // Whoever asked may be gone.
                let _ = tell.send(diagnose(&engine, &image));
            }
        });
        Self { questions }
    }

    /// The outcome of `image` in the light of its content, and the reason in half a sentence.
    ///
    /// - That it cannot start has a reason if one was found.
    /// - That it exits has one if it was found likely that it would; a reason not to start is none, since it did.
    /// - Where the runtime's words are all that speaks for not starting, and nothing is missing in the image, they were
    ///   the program's own: then it ran and ended by itself.
    pub fn explain(&self, image: &str, outcome: Outcome, ran: &Ran) -> (Outcome, Option<String>) {
        if !matches!(outcome, Outcome::CannotStart { .. } | Outcome::Exits { .. }) {
            return (outcome, None);
        }
        let Some(diagnosis) = self.diagnose(image) else { return (outcome, None) };
        match (ending::if_it_ran(ran), diagnosis.starts(), &outcome) {
            (Some(own), true, Outcome::CannotStart { .. }) => (own, diagnosis.short()),
            (_, false, Outcome::Exits { .. }) => (outcome, None),
            _ => (outcome, diagnosis.short()),
        }
    }

    fn diagnose(&self, image: &str) -> Option<Diagnosis> {
        let (tell, told) = mpsc::channel();
        self.questions.send((image.to_owned(), tell)).ok()?;
        told.recv().ok()?
    }
}

fn diagnose(engine: &Engine, image: &str) -> Option<Diagnosis> {
    // One image comes, and podman gives it another name (`localhost/…`) than it was asked for by.
    let options = Options { reference: None, memory: MEMORY, ..Options::default() };
    let image = engine.save(image, |archive| read(archive, &options)).ok()?.ok()?;
    Some(why(&image))
}
