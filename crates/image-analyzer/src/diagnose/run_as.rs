//! A user that a program on the way changes to: `gosu app`, `su-exec app:app`.

use super::{Diagnoser, NotListed, fixes};
use crate::finding::{Finding, FindingKind, Fix, Source};
use crate::printable::printable;
use crate::rules::config_file::ConfigText;
use crate::rules::user::UserIds;
use crate::rules::word::base_name;

impl Diagnoser<'_> {
    /// Goes on as `user`, to whom the program at `path` changes. It looks users up as the engine does.
    pub(super) fn run_as(&mut self, path: &[u8], user: &str) {
        match UserIds::of(user, &self.image.files) {
            Ok(user_ids) => self.user_ids = user_ids,
            Err(unknown) => {
                let NotListed { kind, what, name, file, says } = NotListed::of(self.image, &unknown);
                let by = String::from_utf8_lossy(path).into_owned();
                let (by, shown) = (printable(base_name(&by)).into_owned(), printable(name).into_owned());
                let message = format!("the {what} {shown}, to whom {by} changes, is not in {file}");
                let finding = Finding::new(kind, message).missing(name.as_bytes());
                let finding = finding.evidence(path, format!("is told to run as {}", printable(user)));
                let add = fixes::for_user(self.image, name, kind).into_iter();
                let add = add.filter(|fix| matches!(fix, Fix::AddUser(..)));
                self.report(finding.evidence(Source::File(file.as_bytes()), says).fix(add));
                self.user_ids.is_known = false;
            }
        }
    }

    /// Reports that the program at `path` is to change the user and is not run as root, which alone may.
    pub(super) fn cannot_change(&mut self, path: &[u8]) {
        let by = String::from_utf8_lossy(path).into_owned();
        let message = format!(
            "{} changes the user, which only root may, and the image's user is another",
            printable(base_name(&by))
        );
        let finding = Finding::new(FindingKind::UserCannotChange, message);
        let finding = finding.evidence(path, format!("is run as {}", self.user_ids.uid));
        let words = self.instruction_words();
        let is_own = words.first().is_some_and(|word| base_name(word) == base_name(&by));
        let without = words.get(2..).filter(|rest| is_own && !rest.is_empty());
        let exec = without.map(|rest| Fix::ExecForm(self.instruction, rest.to_vec()));
        self.report(finding.fix(exec.into_iter().chain([Fix::RootUser])));
    }

    /// Does libc look users up in `/etc/passwd` and nowhere else? Source: `nsswitch.conf(5)`; without that file glibc looks
    /// in files alone, as musl always does. `compat` and `systemd` find no other users by name in a container.
    pub(super) fn is_passwd_all(&self) -> bool {
        let text = ConfigText::read(&self.image.files, b"/etc/nsswitch.conf");
        if text.is_unknown() || self.variable("LD_PRELOAD").is_some() {
            return false;
        }
        let text = String::from_utf8_lossy(text.known()).into_owned();
        let lines = text.lines().filter_map(|line| line.split('#').next()?.split_once(':'));
        let mut lines = lines.filter(|(name, _)| matches!(name.trim(), "passwd" | "group"));
        lines.all(|(_, sources)| {
            sources.split_whitespace().all(|source| matches!(source, "files" | "compat" | "systemd"))
        })
    }
}
