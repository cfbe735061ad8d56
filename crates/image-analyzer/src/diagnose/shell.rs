//! The line that a shell is given: `cd /app && exec java $JAVA_OPTS -jar app.jar`.

use super::wrappers::Through;
use super::{Diagnoser, folder};
use crate::finding::{Finding, FindingKind, Fix};
use crate::layer::FileKind;
use crate::path::{absolute, components, join};
use crate::printable::{printable, printable_bytes};
use crate::rules::json_form::json_form;
use crate::rules::shell_line::steps;
use crate::rules::shell_options;
use crate::trace::TraceStep;
use crate::tree::LookupError;

impl Diagnoser<'_> {
    /// Follows what the shell at `path` does for this line, as far as that is certain.
    pub(super) fn through_shell(&mut self, path: &[u8], line: &str, depth: usize) -> Vec<TraceStep> {
        if !shell_options::is_plain(&self.env) {
            return Vec::new();
        }
        if let Some(words) = self.meant_as_json(line) {
            self.not_json(path, line, words);
            return Vec::new();
        }
        let through = Through { path, program: path, is_shell: true, depth };
        self.take(&through, steps(line, &self.env))
    }

    /// The words of a command that was meant as a list, if the shell fails with it for certain.
    fn meant_as_json(&self, line: &str) -> Option<Vec<String>> {
        let words = json_form(line).filter(|_| self.string_form().as_deref() == Some(line))?;
        // `['x']` is a pattern for a file of that name.
        let names = self.image.files.list(&self.folder).unwrap_or_default();
        (!names.iter().any(|name| name.len() == 1)).then_some(words)
    }

    fn not_json(&mut self, shell: &[u8], line: &str, words: Vec<String>) {
        let name = self.instruction.name();
        let message = format!("{name} is not valid JSON, so a shell runs it as a line: {}", printable(line));
        let says = "takes the bracket for a part of the command's name";
        let finding = Finding::new(FindingKind::JsonFormInvalid, message).evidence(shell, says);
        self.report(finding.fix([Fix::ExecForm(self.instruction, words)]));
    }

    /// Goes on in another folder; reports that it is not there if the line ends so. Returns whether it is known to be
    /// there.
    pub(super) fn enter(&mut self, shell: &[u8], to: &str, ends: bool) -> bool {
        // With CDPATH a relative folder may be elsewhere.
        if self.variable("CDPATH").is_some() || self.search().is_beyond(to.as_bytes()) {
            return false;
        }
        let shown = printable(to);
        let path = absolute(components(&join(&self.folder, to.as_bytes())));
        let (missing, says) = match self.image.files.lookup_from(&self.folder, to.as_bytes()) {
            Ok(found) if found.entry.kind == FileKind::Folder => {
                let may = self.user_ids.may_enter(&found.entry);
                if may {
                    self.record_step(shell, format!("runs cd {shown}"));
                    self.folder = found.path;
                }
                return may;
            }
            Ok(found) => (found.path, "is a file, not a folder"),
            Err(LookupError::NotAFolder(file)) => (file, "is a file, not a folder"),
            Err(LookupError::Dangling { link, .. }) => (link, "is a symbolic link to what is not there"),
            Err(LookupError::Loop(link)) => (link, "is in a chain of more than 40 symlinks"),
            Err(LookupError::Missing(missing)) => (missing, "is not in the image"),
        };
        if ends {
            self.record_step(shell, format!("runs cd {shown}"));
            let what = if printable_bytes(&path) == shown {
                String::new()
            } else {
                format!(" in {}", printable_bytes(&self.folder))
            };
            let message = format!("cd {shown}{what} fails, and the command ends: there is no such folder");
            let finding =
                Finding::new(FindingKind::FolderMissing, message).missing(path.clone()).evidence(&missing, says);
            // A file is in the way of a folder.
            let make = says.ends_with("in the image").then_some(Fix::Workdir(path));
            self.report(finding.fix(make));
        }
        false
    }

    /// `WORKDIR is /app`, or where `cd` led.
    pub(super) fn where_it_starts(&self) -> String {
        let is_first = self.folder == folder(self.image);
        format!("{} {}", if is_first { "WORKDIR is" } else { "the folder is" }, printable_bytes(&self.folder))
    }
}
