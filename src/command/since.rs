//! `--since`, as the commands have it: what to leave out, and what to say of it.

use crate::cli::Options;
use crate::cli::since::SinceArgs;
use crate::error::Error;
use crate::repository::Repository;
use crate::repository::select::Named;
use crate::repository::service_name::ServiceName;
use crate::since::{Reason, Touched, touched};
use crate::terminal::Terminal;
use image_analyzer::printable::printable;

/// What `--since` leaves of the services: all where it was not given.
pub struct Since<'a> {
    /// The commit and what differs from it, if it was given.
    asked: Option<(&'a str, Touched)>,
}

impl<'a> Since<'a> {
    /// Finds out what differs, if it was asked; a note is printed.
    ///
    /// # Errors
    /// If it cannot be said what differs: no git repository, no such commit.
    pub fn ask(
        args: &'a SinceArgs,
        repository: &Repository,
        options: &Options,
        terminal: &Terminal,
    ) -> Result<Self, Error> {
        let Some(reference) = &args.since else { return Ok(Self { asked: None }) };
        let touched = touched(repository, &options.load_options(), reference)?;
        if let Some(note) = &touched.note {
            terminal.status(note);
        }
        Ok(Self { asked: Some((reference, touched)) })
    }

    /// Those of the services that were chosen which it leaves, and those which it leaves out. Says so if it leaves none.
    pub fn split<S: Named>(&self, chosen: Vec<S>, terminal: &Terminal) -> (Vec<S>, Vec<S>) {
        let Some((reference, touched)) = &self.asked else { return (chosen, Vec::new()) };
        let (left, left_out): (Vec<S>, Vec<S>) =
            chosen.into_iter().partition(|service| touched.contains(service.name()));
        if left.is_empty() {
            terminal.status(&format!("none of these services has changed since `{}`", printable(reference)));
        }
        (left, left_out)
    }

    /// Why `service` is touched; `None` if it is not, or if `--since` was not given.
    pub fn reason(&self, service: &ServiceName) -> Option<&Reason> {
        self.asked.as_ref()?.1.reason(service)
    }
}
