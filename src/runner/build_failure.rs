//! Whether the words of a failed build are about the Dockerfile, or tell nothing of it.
//!
//! Words that the Dockerfile or its commands chose prove nothing, so what is quoted of them is left out.

use super::registry_answers;
use crate::engine::build_output::BuildFailure;

/// Whether a build's last words tell nothing about the Dockerfile, by what they are of.
pub(super) fn tells_nothing(why: &BuildFailure) -> bool {
    let message = why.message.to_ascii_lowercase();
    // Podman says of every RUN the same; that its runtime could not make the container, and why, comes before.
    let not_made = |line: &String| {
        let line = line.to_ascii_lowercase();
        line.starts_with("error running container: ") && is_in(&line, &OF_THE_MACHINE)
    };
    if message.starts_with("building at step ") && why.last.iter().any(not_made) {
        return true;
    }
    let said = unquoted(&message);
    !is_of_the_dockerfile(&message)
        && (is_race(&message)
            || is_canceled(&said)
            || is_in(&said, &OF_THE_ENGINE)
            || registry_answers::tell_nothing(&said)
            || (is_in(&said, &OF_A_REGISTRY) && is_in(&said, &OF_THE_NETWORK)))
}

/// What says that the engine's disk is full, where that is why the build failed: the engine, or the last lines of a command,
/// which writes on the same disk.
///
/// What a command writes is on another disk if its step mounts one or writes to `/dev/shm`, and where the Dockerfile itself has
/// the words, they prove nothing: then the command failed.
pub(super) fn of_a_full_disk(why: &BuildFailure) -> Option<&str> {
    let message = why.message.to_ascii_lowercase();
    // Podman says which step it was at, whatever went wrong.
    let is_podmans = message.split_once(": building at step \"").is_some_and(|(said, _)| unquoted(said).contains(FULL));
    if is_podmans || !is_of_the_dockerfile(&message) {
        return (is_podmans || unquoted(&message).contains(FULL)).then_some(&why.message);
    }
    let step = why.step.as_deref().unwrap_or_default().to_ascii_lowercase();
    let has_another = |text: &str| is_in(text, &OF_ANOTHER_DISK);
    if !is_of_a_command(&message) || has_another(&message) || has_another(&step) {
        return None;
    }
    why.last.iter().find(|line| line.to_ascii_lowercase().contains(FULL)).map(String::as_str)
}

/// Whether another build gave its image the same name at the same moment, in the words of containerd.
pub(super) fn is_race(message: &str) -> bool {
    message.starts_with("image \"") && message.ends_with("\": already exists")
}

/// Whether the build did not fail, but was canceled.
pub(super) fn is_cancellation(why: &BuildFailure) -> bool {
    let message = why.message.to_ascii_lowercase();
    !is_of_the_dockerfile(&message) && is_canceled(&unquoted(&message))
}

/// In the words of Go and of gRPC.
fn is_canceled(said: &str) -> bool {
    said.ends_with("context canceled") || said.contains("code = canceled")
}

/// Whether it is the Dockerfile that these words, in lower case, are about, whatever they quote of it: a command that ran, a text
/// that does not parse, a file that is not there.
fn is_of_the_dockerfile(message: &str) -> bool {
    let ends_with = |words: &[&str]| words.iter().any(|words| message.ends_with(words));
    let is_missing = is_in(message, &OF_A_COPY)
        && ends_with(&[": not found", ": no such file or directory", ": file does not exist"]);
    is_of_a_command(message) || is_missing || is_in(message, &OF_A_PARSER)
}

/// Whether these words, in lower case, are of a command that ran, and failed.
fn is_of_a_command(message: &str) -> bool {
    is_in(message, &OF_A_COMMAND)
        || (message.contains("executor failed running [") && message.contains("]: exit code: "))
}

/// The message without what it quotes, but for addresses, and without the command of which old `BuildKit` speaks.
fn unquoted(message: &str) -> String {
    let command = message
        .split_once("executor failed running [")
        .and_then(|(before, rest)| Some((before, rest.rsplit_once("]: ")?.1)));
    let (before, mut rest) = command.unwrap_or(("", message));
    let mut said = before.to_owned();
    while let Some((plain, after)) = rest.split_once('"') {
        let Some(end) = closing_quote(after) else { break };
        let (quoted, after) = after.split_at(end);
        said.push_str(plain);
        said.push('"');
        if quoted.starts_with("http://") || quoted.starts_with("https://") {
            said.push_str(quoted);
        }
        said.push('"');
        rest = after.strip_prefix('"').unwrap_or(after);
    }
    said.push_str(rest);
    said
}

/// Where a text that Go quoted ends.
fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

fn is_in(message: &str, words: &[&str]) -> bool {
    words.iter().any(|words| message.contains(words))
}

/// That a disk is full, in the words of the C library and of Go.
const FULL: &str = "no space left on device";

/// In a step, that what is full need not be the engine's disk.
const OF_ANOTHER_DISK: [&str; 3] = ["no space left", "/dev/shm", "type=tmpfs"];

/// Of the machine, which cannot give a container what a runtime wants, or has been told to want, for it.
const OF_THE_MACHINE: [&str; 6] = ["setrlimit", "setting rlimit", "cgroup", "seccomp", "too many open files", FULL];

/// Of a command of a RUN that failed: whatever is quoted of it, it ran. The words are those of `BuildKit` since 0.10 and
/// before, of the classic builder and of podman. Without an exit code it is the engine that could not run it.
const OF_A_COMMAND: [&str; 3] =
    ["did not complete successfully: exit code: ", "returned a non-zero code", "building at step \"run "];

/// Of the parser of Dockerfiles.
const OF_A_PARSER: [&str; 2] = ["dockerfile parse error", "unknown instruction: "];

/// Of a COPY or ADD, in the words of `BuildKit` and of the classic builder.
const OF_A_COPY: [&str; 4] =
    ["failed to calculate checksum of ref ", "failed to walk ", "copy failed: ", "add failed: "];

/// Of a registry. Together with those of the network it could not be asked for a base image. That it was asked and does not
/// have the image, or does not give it, is for the Dockerfile to answer for; so is what a step makes of the network. The
/// words are those of `BuildKit` (containerd's resolver and fetcher), the classic builder and podman.
const OF_A_REGISTRY: [&str; 7] = [
    "failed to do request",
    "failed to authorize",
    "failed to resolve source metadata",
    "failed to resolve reference",
    "failed to copy: ",
    "pinging container registry",
    "/v2/",
];

/// Of the network, in the words of Go.
const OF_THE_NETWORK: [&str; 17] = [
    "no such host",
    "server misbehaving",
    "temporary failure in name resolution",
    "i/o timeout",
    "tls handshake timeout",
    "context deadline exceeded",
    "request canceled while waiting for connection",
    "client.timeout exceeded",
    "connection timed out",
    "connection refused",
    "connection reset by peer",
    "network is unreachable",
    "no route to host",
    "proxyconnect",
    "certificate signed by unknown authority",
    "unexpected eof",
    "\": eof",
];

/// Of the engine, not the Dockerfile: its connection broke, and by now there is an engine again. The words are those of
/// Docker's command line and of gRPC.
const OF_THE_ENGINE: [&str; 9] = [
    "cannot connect to the docker daemon",
    "error during connect",
    "code = unavailable",
    "failed to receive status",
    "error reading from server: eof",
    "closing transport",
    FULL,
    "failed to create endpoint",
    "network bridge not found",
];

#[cfg(test)]
mod tests {
    use super::{is_cancellation, of_a_full_disk, tells_nothing, unquoted};
    use crate::engine::build_output::BuildFailure;
    use proptest::prelude::*;

    fn failure(message: &str, last: &[&str]) -> BuildFailure {
        let last = last.iter().map(ToString::to_string).collect();
        BuildFailure { step: None, message: message.to_owned(), last }
    }

    #[test]
    fn what_is_quoted_of_a_dockerfile_is_left_out_and_addresses_stay() {
        assert_eq!(unquoted(r#"a "b \" c" d "" e"#), r#"a "" d "" e"#);
        assert_eq!(unquoted(r#"get "https://r/v2/": eof"#), r#"get "https://r/v2/": eof"#);
        assert_eq!(unquoted("an open \"quote"), "an open \"quote");
        assert_eq!(unquoted("executor failed running [/bin/sh -c [ a ]: b]: no space"), "no space");
    }

    #[test]
    fn what_a_command_prints_is_not_the_word_of_podmans_runtime() {
        let line = "error running container: cgroup";
        assert!(tells_nothing(&failure("building at STEP \"RUN x\": exit status 1", &[line])));
        let message = "process \"/bin/sh -c x\" did not complete successfully: exit code: 1";
        assert!(!tells_nothing(&failure(message, &[line])));
    }

    /// What builders say of a command that fails with these last lines.
    fn of_a_command(command: &str, last: &str) -> [BuildFailure; 4] {
        let step = Some(format!("[2/2] RUN {command}"));
        [
            format!("process \"/bin/sh -c {command}\" did not complete successfully: exit code: 1"),
            format!("executor failed running [/bin/sh -c {command}]: exit code: 1"),
            format!("The command '/bin/sh -c {command}' returned a non-zero code: 1"),
            format!("building at STEP \"RUN {command}\": while running runtime: exit status 1"),
        ]
        .map(|message| BuildFailure {
            step: step.clone(),
            message,
            last: vec![last.to_owned(), "55+0 out".to_owned()],
        })
    }

    #[test]
    fn a_full_disk_is_the_engines_whoever_says_so_unless_it_may_be_another_one() {
        let full = "dd: error writing '/x': No space left on device";
        for failure in of_a_command("dd of=/x", full) {
            assert_eq!(of_a_full_disk(&failure), Some(full), "{failure:?}");
        }
        for (command, last) in [
            ("dd of=/x", "dd: error writing '/x': Input/output error"),
            ("dd of=/dev/shm/x", full),
            ("--mount=type=tmpfs,target=/t dd of=/t/x", full),
            ("echo No space left on device; exit 1", "No space left on device"),
        ] {
            for failure in of_a_command(command, last) {
                assert_eq!(of_a_full_disk(&failure), None, "{failure:?}");
            }
        }
        for message in [
            "ResourceExhausted: write /data/overlay2/x/diff/big: no space left on device",
            "deleting build container \"12\": write /x: no space left on device: building at STEP \"RUN x\": while running runtime: exit status 1",
            "creating build container: creating container: write /x/.tmp.json1: no space left on device",
            "Error processing tar file(exit status 1): write /big: no space left on device",
        ] {
            assert_eq!(of_a_full_disk(&failure(message, &[])), Some(message));
        }
        for message in [
            "dockerfile parse error on line 2: unknown instruction: no space left on device",
            "failed to calculate checksum of ref a::b: \"/no space left on device\": not found",
        ] {
            assert_eq!(of_a_full_disk(&failure(message, &[full])), None);
        }
    }

    #[test]
    fn a_build_that_was_canceled_did_not_fail_but_a_command_that_says_so_did() {
        assert!(is_cancellation(&failure("Canceled: context canceled", &[])));
        assert!(!is_cancellation(&failure("process \"x\" did not complete successfully: exit code: 1", &[])));
        assert!(!is_cancellation(&failure("dockerfile parse error: unknown instruction: context canceled", &[])));
    }

    proptest! {
        #[test]
        fn no_words_make_it_panic(message in "(executor failed running \\[|\\]: |[\"\\\\é a]|https://){0,20}") {
            tells_nothing(&failure(&message, &[&message]));
            of_a_full_disk(&failure(&message, &[&message]));
        }
    }
}
