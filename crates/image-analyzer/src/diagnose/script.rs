//! What a script starts: an entrypoint that hands on `"$@"`, or a script that starts one program.

use super::Diagnoser;
use super::wrappers::Through;
use crate::finding::{Finding, FindingKind, Fix};
use crate::printable::{printable, printable_bytes};
use crate::rules::shebang::{self, Env};
use crate::rules::shell_line::Step;
use crate::rules::shell_options;
use crate::rules::shell_script::{Start, script};
use crate::rules::word::{Word, all_plain, base_name};
use crate::trace::TraceStep;

impl Diagnoser<'_> {
    /// Follows the script at `path`, which the kernel has its interpreter read; the first of `words` is its name.
    pub(super) fn inside_script(&mut self, path: &[u8], words: &[Word], depth: usize) -> Vec<TraceStep> {
        let Some(text) = self.image.files.lookup(path).ok().and_then(|found| found.entry.content.text()) else {
            return Vec::new();
        };
        let shebang::Script::Line(line) = shebang::read(text) else { return Vec::new() };
        let (Ok(interpreter), Ok(argument)) =
            (std::str::from_utf8(line.interpreter), std::str::from_utf8(line.argument))
        else {
            return Vec::new();
        };
        let (asked, options) = if base_name(interpreter) == "env" {
            match shebang::env(line.argument) {
                Env::Runs { program, assigned, arguments, .. } if assigned.is_empty() => (program, arguments),
                _ => return Vec::new(),
            }
        } else {
            let options = (!argument.is_empty()).then(|| argument.as_bytes().to_vec());
            (interpreter.as_bytes().to_vec(), options.into_iter().collect())
        };
        let Ok(shell) = self.search().started(&asked) else { return Vec::new() };
        let name = String::from_utf8_lossy(&asked).into_owned();
        if !shell_options::is_known(base_name(&name)) {
            return Vec::new();
        }
        let options = options.iter().map(|option| Word::from(String::from_utf8_lossy(option)));
        let file = Word::from(String::from_utf8_lossy(path));
        let words: Vec<_> = options.chain([file]).chain(words.iter().skip(1).cloned()).collect();
        let shell = shell.path.clone();
        self.through_script(path, &shell, &words, depth)
    }

    /// Follows the script that the shell at `shell` reads, which is given `words`: options, the script, and its arguments.
    pub(super) fn through_script(&mut self, path: &[u8], shell: &[u8], words: &[Word], depth: usize) -> Vec<TraceStep> {
        let found = |path: &[u8]| self.image.files.lookup(path).ok().map(|found| found.entry);
        let Some(words) = all_plain(words).filter(|_| shell_options::is_plain(&self.env)) else { return Vec::new() };
        // A set-user-id shell may change its rights; a script by the name of one may do anything.
        let is_shell = found(shell).is_some_and(|entry| entry.content.elf().is_some() && self.rights(&entry).is_none());
        let text = found(path).and_then(|entry| entry.content.text()).and_then(|text| std::str::from_utf8(text).ok());
        let (Some(text), true, Some(options)) = (text, is_shell, shell_options::for_file(&words)) else {
            return Vec::new();
        };
        let Some((name, arguments)) = words.get(options.count..).and_then(<[_]>::split_first) else {
            return Vec::new();
        };
        let is_bash = shell.ends_with(b"bash");
        let start = Start {
            script: name,
            arguments,
            env: &self.env,
            path: &self.path,
            ends_on_error: options.ends_on_error,
            ends_on_bad_option: !is_bash,
        };
        let script = script(text, &start);
        if let Some(why) = script.crlf {
            self.crlf(path, shell, why);
            return Vec::new();
        }
        let through = Through { path, program: shell, is_shell: true, depth };
        let outer = self.script.replace(path.to_vec());
        let user_ids = self.user_ids.clone();
        self.user_ids.is_known &= !script.user_is_unknown;
        let steps = self.take(&through, script.steps);
        if self.findings.is_empty() {
            self.user_ids = user_ids;
        }
        self.script = outer;
        steps
    }

    /// Follows the steps of a line or script.
    pub(super) fn take(&mut self, through: &Through<'_>, steps: Vec<Step>) -> Vec<TraceStep> {
        for step in steps {
            match step {
                Step::Enter(folder, ends) => {
                    if !self.enter(through.path, &folder, ends) {
                        return Vec::new();
                    }
                }
                Step::Assign(name, value) => self.assign(&name, &value),
                Step::Run(sentence) => return self.launch(through, &sentence.assigned, &sentence.words),
            }
        }
        Vec::new()
    }

    /// Reports a script whose lines end in CRLF, which makes it fail.
    fn crlf(&mut self, path: &[u8], shell: &[u8], why: &str) {
        let message = format!("the lines of {} end in CRLF (Windows line endings): {why}", printable_bytes(path));
        let finding = Finding::new(FindingKind::CrlfInScript, message);
        let finding = finding.evidence(path, format!("is read by {}", printable_bytes(shell)));
        self.report(finding.fix([Fix::UnixNewlines(path.to_vec())]));
    }

    /// Reports a name that ends in a carriage return because the lines of the script that has it do; `false` if it does not.
    pub(super) fn is_crlf_name(&mut self, name: &str) -> bool {
        let Some(script) = self.script.clone().filter(|_| name.ends_with('\r')) else { return false };
        let message = format!(
            "the lines of {} end in CRLF (Windows line endings), so it looks for {}",
            printable_bytes(&script),
            printable(name)
        );
        let finding = Finding::new(FindingKind::CrlfInScript, message).missing(name.as_bytes());
        self.report(finding.fix([Fix::UnixNewlines(script)]));
        true
    }
}
