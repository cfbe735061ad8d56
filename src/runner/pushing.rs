//! Images that were built are pushed, with all their references.

use std::collections::BTreeSet;
use std::time::Instant;

use super::job::{ImageJob, JobReport, RunContext};
use super::logs::Phase;
use super::outcome::Outcome;
use super::retries::Try;
use crate::engine::build::BuildSpec;
use crate::engine::push::PushResult;
use crate::repository::image_name::normalised;
use crate::repository::service_name::Set;

impl RunContext<'_> {
    /// Whether the image of `task` is pushed once it is built: one that was asked for, and that should build.
    pub(super) fn is_pushed(&self, task: &ImageJob) -> bool {
        self.push && task.may_be_pushed()
    }

    /// Pushes the image of `task`, which was built. One that was not pushed is unknown: its Dockerfile does build. Only the push
    /// is tried again, and only of the reference that failed.
    pub(super) fn pushed(&self, task: &ImageJob, tries: &mut Vec<Try>) -> JobReport {
        self.progress.step(task.service.as_str(), "pushing");
        let mut log = self.logs.begin(&task.service, Phase::Push);
        let mut digest = None;
        let mut pushed: Vec<&str> = Vec::new();
        for image in references(&task.recipe) {
            loop {
                if self.interrupt.asked() {
                    return self.unknown(not_pushed(&pushed, image, "stopped before it"));
                }
                let start = Instant::now();
                let said = match self.engine.push(image, self.interrupt, &mut |bytes| log.write(bytes)) {
                    Ok(PushResult::Done(found)) => {
                        digest = digest.or(found);
                        break;
                    }
                    Ok(PushResult::Interrupted) => return Outcome::Interrupted.into(),
                    Ok(PushResult::Failed(said)) => said,
                    Err(failure) => failure.to_string(),
                };
                let message = not_pushed(&pushed, image, &said);
                if !self.is_tried_again(task, &message, start, tries) {
                    return JobReport { is_final: true, ..self.unknown(message) };
                }
            }
            pushed.push(image);
        }
        JobReport { digest, ..Outcome::Built.into() }
    }
}

impl ImageJob {
    /// Whether `build --push` pushes it: it was asked for, and should build.
    pub fn may_be_pushed(&self) -> bool {
        !self.is_only_a_base && self.build_set == Set::Normal
    }
}

/// The references of an image, without those that only write another one differently.
fn references(spec: &BuildSpec) -> Vec<&str> {
    let mut known = BTreeSet::new();
    let all = std::iter::once(&spec.image).chain(&spec.tags);
    all.map(String::as_str).filter(|image| known.insert(normalised(image))).collect()
}

fn not_pushed(pushed: &[&str], image: &str, why: &str) -> String {
    let pushed = if pushed.is_empty() { String::new() } else { format!(" and pushed as {}", pushed.join(", ")) };
    format!("built{pushed}, but {image} was not pushed: {why}")
}
