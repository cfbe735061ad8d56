//! The reason why an image does not work: from the program's words where they tell it whole, else from the image's content.
//!
//! The image is read out of the engine, not run again. What cannot be read has no reason here; that is no failure, the
//! outcome stands without it.

use std::path::Path;

use super::classify;
use super::outcome::Outcome;
use crate::engine::Engine;
use crate::engine::image_archive;
use crate::engine::run_container::{ContainerEnd, ContainerRun};
use crate::image_finding::ImageFinding;
use crate::image_finding::fix::Dockerfile;
use image_analyzer::printable::printable;
use image_analyzer::{Diagnosis, FindingKind, ReadOptions};

/// How much memory an image may take while it is looked at, in bytes: room for the look at one file and for the names of
/// some ten thousand, which is what images that do not work have. The whole process then stays below 20 MiB.
/// `mkcompose why` allows itself more and sees more.
const MEMORY: usize = 14 << 20;

/// The reason as one clause, if the program printed all of it, so that its image has nothing to add.
pub fn told(outcome: &Outcome, ran: &ContainerRun) -> Option<String> {
    let ContainerEnd::Failed { command, .. } = &ran.ended else { return None };
    let program = command.first().and_then(|program| program.rsplit('/').next());
    match outcome {
        Outcome::ExitedWithError { exit_code: 1, message } if program == Some("java") => class_too_new(message),
        _ => None,
    }
}

/// The message of `java` about a class for a newer release, with the numbers of both class files. The words are those of
/// `HotSpot` since Java 8.
fn class_too_new(said: &str) -> Option<String> {
    let (before, after) =
        said.split_once(" has been compiled by a more recent version of the Java Runtime (class file version ")?;
    let class = before.rsplit(char::is_whitespace).next().filter(|class| !class.is_empty())?;
    let (_, known) = after.lines().next()?.split_once(" class file versions up to ")?;
    let (class, release, runtime) = (printable(class), java_release(after)?, java_release(known)?);
    Some(format!("{class} is compiled for Java {release}, the image has Java {runtime}"))
}

/// The Java release of a class file's version: `65.0` is Java 21 (Java Virtual Machine Specification, 4.1).
fn java_release(version: &str) -> Option<u16> {
    let major: u16 = version.split_once('.')?.0.parse().ok()?;
    major.checked_sub(44).filter(|release| *release > 0)
}

/// How many lines at the end of what a program wrote to stderr, or else to stdout, are its last words: room for a runtime's
/// own remark behind them.
const LAST_WORDS: usize = 5;

/// Whether the content of an image may say more than this outcome does: of a program that ran only if it spoke of
/// something that an image can lack.
pub fn is_wanted(outcome: &Outcome, ran: &ContainerRun) -> bool {
    match outcome {
        Outcome::CannotStart { .. } => true,
        Outcome::ExitedWithError { .. } => speaks_of(ran, FindingKind::ALL.into_iter()).is_some(),
        _ => false,
    }
}

/// An outcome in the light of the image's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The outcome.
    pub outcome: Outcome,
    /// The reason in half a sentence.
    pub reason: Option<String>,
    /// All that was found.
    pub findings: Vec<ImageFinding>,
}

impl From<Outcome> for Explained {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, reason: None, findings: Vec::new() }
    }
}

/// The outcome of `image` in the light of its content, which is read out of `engine`, and the reason in half a sentence. The
/// fixes fit `dockerfile`.
///
/// - That it cannot start has a reason if one was found.
/// - That it exits has one if something was found likely to be missed and the program's last words speak of it; a reason
///   not to start does not count, since it did.
/// - Where the runtime's or the loader's words are all that speaks for not starting, and nothing is missing in the image,
///   they were the program's own: then it ran and ended by itself.
///
/// One image at a time, or the memory for a look is needed several times over.
pub fn explain(engine: &Engine, image: &str, dockerfile: &Path, outcome: Outcome, ran: &ContainerRun) -> Explained {
    let Some(diagnosis) = diagnose(engine, image) else { return outcome.into() };
    let (outcome, reason) = match (classify::if_it_ran(ran), diagnosis.can_start(), &outcome) {
        (Some(own), true, Outcome::CannotStart { .. }) => (own, missed(&diagnosis, ran)),
        (_, false, Outcome::CannotStart { .. }) => (outcome, diagnosis.summary()),
        (_, true, Outcome::ExitedWithError { .. }) => (outcome, missed(&diagnosis, ran)),
        _ => (outcome, None),
    };
    let dockerfile = Dockerfile::read(dockerfile);
    let findings = diagnosis.findings.iter().map(|finding| ImageFinding::new(finding, dockerfile.as_ref())).collect();
    Explained { outcome, reason, findings }
}

/// What the image likely lacks that the program spoke of, in half a sentence.
fn missed(diagnosis: &Diagnosis, ran: &ContainerRun) -> Option<String> {
    let at = speaks_of(ran, diagnosis.findings.iter().map(|finding| finding.kind))?;
    diagnosis.findings.get(at).map(|finding| finding.message.clone())
}

/// The place of the first of these that the program spoke of.
fn speaks_of(ran: &ContainerRun, mut ids: impl Iterator<Item = FindingKind>) -> Option<usize> {
    let mut said = [&ran.stderr, &ran.stdout].into_iter().map(|said| said.text().trim_ascii_end().to_ascii_lowercase());
    let said = said.find(|text| !text.is_empty()).unwrap_or_default();
    let lines = said.lines().rev().take(LAST_WORDS);
    ids.position(|id| {
        lines.clone().any(|line| id.phrases().iter().any(|words| line.contains(words)) && !is_of_else(id, line))
    })
}

/// Whether a line with such words in it is known to be of something else: Go's own resolver, which reads none of the
/// libraries that an image can lack, names the server that it asked (`lookup NAME on ADDRESS:53: no such host`).
fn is_of_else(id: FindingKind, line: &str) -> bool {
    id == FindingKind::NameServiceMissing && line.contains("lookup ") && line.contains(":53: ")
}

fn diagnose(engine: &Engine, image: &str) -> Option<Diagnosis> {
    // One image comes, and podman gives it another name (`localhost/…`) than it was asked for by.
    let options = ReadOptions { name: None, memory: MEMORY, ..ReadOptions::default() };
    let image = image_archive::image(engine, image, &options).ok()?.ok()?;
    Some(image_analyzer::diagnose(&image))
}

#[cfg(test)]
mod tests {
    use super::{is_wanted, missed, told};
    use crate::engine::output::Output;
    use crate::engine::run_container::{ContainerEnd, ContainerRun, State};
    use crate::runner::outcome::Outcome;
    use image_analyzer::trace::Role;
    use image_analyzer::{Certainty, Diagnosis, Finding, FindingKind, TraceStep};

    fn ran(said: &str) -> ContainerRun {
        let (stdout, mut stderr) = (Output::default(), Output::default());
        stderr.push(said.as_bytes());
        ContainerRun { ended: ContainerEnd::Success, stdout, stderr, readiness: None }
    }

    fn reason(ids: &[FindingKind], said: &str) -> Option<String> {
        let findings = ids.iter().map(|id| Finding::new(*id, id.id())).collect();
        let diagnosis = Diagnosis { command: Vec::new(), findings, trace: TraceStep::new(Role::Command, "") };
        missed(&diagnosis, &ran(said))
    }

    #[test]
    fn an_image_is_looked_into_only_where_that_may_say_more() {
        let exits = Outcome::ExitedWithError { exit_code: 1, message: String::new() };
        assert!(is_wanted(&exits, &ran("x509: certificate signed by unknown authority")));
        assert!(!is_wanted(&exits, &ran("no such option")));
        assert!(is_wanted(&Outcome::CannotStart { message: String::new() }, &ran("")));
        assert!(!is_wanted(&Outcome::TimedOut, &ran("certificate")));
    }

    #[test]
    fn what_is_likely_missed_is_a_reason_only_if_the_program_speaks_of_it() {
        let certificates = [FindingKind::CaCertificatesMissing];
        let x509 = "Get \"https://icanhazip.com\": tls: failed to verify certificate: x509: certificate signed by unknown \
                    authority";
        assert_eq!(reason(&certificates, x509).as_deref(), Some("ca-certificates-missing"));
        for other in ["dial tcp: lookup icanhazip.com: no such host", "net/http: TLS handshake timeout", ""] {
            assert_eq!(reason(&certificates, other), None, "{other}");
        }
    }

    #[test]
    fn a_resolver_that_names_the_server_it_asked_lacks_nothing_of_the_image() {
        let exits = Outcome::ExitedWithError { exit_code: 1, message: String::new() };
        let asked = "Get \"https://icanhazip.com\": dial tcp: lookup icanhazip.com on 192.0.2.53:53: no such host";
        assert!(!is_wanted(&exits, &ran(asked)));
        assert_eq!(reason(&[FindingKind::NameServiceMissing], asked), None);
        let libc = "dial tcp: lookup icanhazip.com: Temporary failure in name resolution";
        assert!(is_wanted(&exits, &ran(&format!("{asked}\n{libc}"))));
    }

    #[test]
    fn a_class_for_a_newer_java_is_told_whole_by_java_and_the_image_has_nothing_to_add() {
        let said = |class: &str, of: &str, to: &str| {
            format!(
                "Error: LinkageError occurred while loading main class hello: java.lang.UnsupportedClassVersionError: \
                 {class} has been compiled by a more recent version of the Java Runtime (class file version {of}), this \
                 version of the Java Runtime only recognizes class file versions up to {to}"
            )
        };
        let told_by = |program: &str, exit_code, message: &str| {
            let state = State { status: "exited".to_owned(), exit_code, ..State::default() };
            let ended = ContainerEnd::Failed { state, command: vec![program.to_owned(), "hello".to_owned()] };
            told(
                &Outcome::ExitedWithError { exit_code, message: message.to_owned() },
                &ContainerRun { ended, ..ran("") },
            )
        };
        let reason = |class, of, to| told_by("java", 1, &said(class, of, to));
        let hello = "hello is compiled for Java 21, the image has Java 8";
        assert_eq!(reason("hello", "65.0", "52.0").as_deref(), Some(hello));
        assert_eq!(told_by("/opt/jre/bin/java", 1, &said("hello", "65.0", "52.0")).as_deref(), Some(hello));
        let preview = "org/x/\\x1bMain is compiled for Java 25, the image has Java 21";
        assert_eq!(reason("org/x/\u{1b}Main", "69.65535", "65.0").as_deref(), Some(preview));
        for (class, of, to) in
            [("", "65.0", "52.0"), ("hello", "65", "52.0"), ("hello", "65.0", "7.0"), ("hello", "", "")]
        {
            assert_eq!(reason(class, of, to), None, "{class} {of} {to}");
        }
        // A program that is not `java`, or ends in another way, may quote it.
        assert_eq!(told_by("/bin/sh", 1, &said("hello", "65.0", "52.0")), None);
        assert_eq!(told_by("java", 3, &said("hello", "65.0", "52.0")), None);
        // Older ones do not tell their own release: the image does.
        let old = "Exception in thread \"main\" java.lang.UnsupportedClassVersionError: hello : Unsupported major.minor \
                   version 52.0";
        assert_eq!(told_by("java", 1, old), None);
        assert!(is_wanted(&Outcome::ExitedWithError { exit_code: 1, message: String::new() }, &ran(old)));
    }

    #[test]
    fn only_a_programs_last_words_are_of_its_end() {
        let exits = Outcome::ExitedWithError { exit_code: 2, message: String::new() };
        let (mut stdout, mut stderr) = (Output::default(), Output::default());
        stdout.push(b"certificate pinned for example.org: ok\n");
        stderr.push(b"user settings: /etc/app.conf: no such file\n");
        assert!(!is_wanted(
            &exits,
            &ContainerRun { ended: ContainerEnd::Success, stdout: stdout.clone(), stderr, readiness: None }
        ));
        assert!(is_wanted(
            &exits,
            &ContainerRun { ended: ContainerEnd::Success, stdout, stderr: Output::default(), readiness: None }
        ));
        assert!(!is_wanted(&exits, &ran(&format!("certificate expired, trying on{}", "\nanother line".repeat(5)))));
        assert!(is_wanted(&exits, &ran("x509: certificate expired\n\nNode.js v20\n")));
    }

    #[test]
    fn of_several_the_one_that_is_spoken_of_is_the_reason() {
        let both = [FindingKind::CaCertificatesMissing, FindingKind::NameServiceMissing];
        let lookup = "dial tcp: lookup icanhazip.com: no such host";
        assert_eq!(reason(&both, lookup).as_deref(), Some("name-service-missing"));
        let java = "java.lang.UnsupportedClassVersionError: hello has been compiled by a more recent version";
        assert_eq!(reason(&[FindingKind::ClassTooNew], java).as_deref(), Some("class-too-new"));
    }

    #[test]
    fn whatever_is_likely_can_be_spoken_of_and_what_is_certain_is_no_reason_for_what_ran() {
        for id in FindingKind::ALL {
            assert_eq!(id.phrases().is_empty(), id.certainty() == Certainty::Certain, "{id}");
        }
    }
}
