//! Images that were built are pushed, with all their references.

use super::job::{ImageJob, JobReport, RunContext};
use super::logs::Phase;
use super::outcome::Outcome;
use crate::engine::push::PushResult;
use crate::repository::service_name::Set;

impl RunContext<'_> {
    /// Whether the image of `task` is pushed once it is built: one that was asked for, and that should build.
    pub(super) fn is_pushed(&self, task: &ImageJob) -> bool {
        self.push && !task.is_only_a_base && task.build_set == Set::Normal
    }

    /// Pushes the image of `task`, which was built. One that was not pushed is unknown: its Dockerfile does build.
    pub(super) fn pushed(&self, task: &ImageJob) -> JobReport {
        self.progress.step(task.service.as_str(), "pushing");
        let mut log = self.logs.begin(&task.service, Phase::Push);
        let mut digest = None;
        for image in std::iter::once(&task.recipe.image).chain(&task.recipe.tags) {
            let said = match self.engine.push(image, self.interrupt, &mut |bytes| log.write(bytes)) {
                Ok(PushResult::Done(found)) => {
                    digest = digest.or(found);
                    continue;
                }
                Ok(PushResult::Interrupted) => return Outcome::Interrupted.into(),
                Ok(PushResult::Failed(said)) => said,
                Err(failure) => failure.to_string(),
            };
            return self.unknown(format!("built, but {image} was not pushed: {said}"));
        }
        JobReport { digest, ..Outcome::Built.into() }
    }
}
