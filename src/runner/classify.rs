//! What it means that a container ended the way it did: from the engine's words to an [`Outcome`].
//!
//! These are readings of words meant for people, so each rule says whose words they are, and takes no more than it must.
//! Nothing is asked or run here.

mod messages;

use messages::{engine_words, exec_failure, init_failure, loader_failure, telling_line, without_warnings};

use super::outcome::Outcome;
use crate::engine::run_container::{ContainerEnd, ContainerRun, State};
use image_analyzer::printable::shortened;

/// What it means that a container ended like this.
///
/// - Exit code 0 is [`Outcome::Works`], whatever was printed.
/// - A container that was created and never started: the engine's reason tells. It is the image's fault if it comes
///   from the runtime, or is about the user or the command.
/// - Exit code 1 or 255, nothing on stdout, and the one line on stderr says `exec PATH: REASON`, where PATH is the file
///   that was to be executed: those are runc's words, see [`exec_failure`].
/// - Exit code 127 or 1, nothing on stdout, and stderr begins with a loader's complaint about that file: see
///   [`loader_failure`].
/// - 129 to 192: ended by the signal 128 less; shells and engines count like that. A program that ends itself with such
///   a code cannot be distinguished from one that was killed.
/// - Any other code is the program's own.
///
/// A program that prints such a line about its own file, and nothing else, and ends with such a code, looks the same
/// from outside; only its image can tell, see [`if_it_ran`].
pub fn of(ran: &ContainerRun) -> Outcome {
    match &ran.ended {
        ContainerEnd::Success | ContainerEnd::Ready => Outcome::Works,
        ContainerEnd::OutOfTime => Outcome::TimedOut,
        ContainerEnd::Interrupted => Outcome::Interrupted,
        ContainerEnd::NotCreated(said) => not_created(said),
        ContainerEnd::Failed { state, .. } if state.status == "created" || !state.error.is_empty() => {
            not_started(state, ran)
        }
        ContainerEnd::Failed { state, command } => ended(state, command, ran),
    }
}

fn not_created(said: &str) -> Outcome {
    let message = engine_words(said);
    let lower = said.to_ascii_lowercase();
    // Docker and podman, in this order.
    let no_image = ["no such image", "unable to find image", "image not known"];
    let no_command = ["no command specified", "no command or entrypoint provided"];
    // Docker makes WORKDIR before the container is there: `Cannot mkdir: /w is not a directory`.
    let no_folder = lower.contains("cannot mkdir: ") && lower.contains(" is not a directory");
    if no_folder || no_command.iter().any(|words| lower.contains(words)) {
        Outcome::CannotStart { message }
    } else if no_image.iter().any(|words| lower.contains(words)) {
        Outcome::NotBuilt
    } else {
        Outcome::Unknown { message }
    }
}

fn not_started(state: &State, ran: &ContainerRun) -> Outcome {
    let stderr = ran.stderr.text();
    let said = if state.error.is_empty() { stderr.as_str() } else { state.error.as_str() };
    let message = engine_words(said);
    let lower = said.to_ascii_lowercase();
    // 126 and 127 are what the engine makes of a file that is not there or not to be executed; the words are the
    // runtimes' (runc, crun) and the engine's for a user, a group or a WORKDIR that the image does not have.
    let images_fault = [
        "oci runtime",
        "runc",
        "crun",
        "exec",
        "unable to find user",
        "unable to find group",
        "chdir",
        "workdir ",
        "uids and gids must be in range",
    ];
    // What a runtime is not allowed, or not given, by the machine that it runs on.
    let machines_fault = ["setting rlimit", "cgroup", "seccomp", "apparmor", "too many open files", "no space left"];
    let is_in = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if matches!(state.exit_code, 126 | 127) || (is_in(&images_fault) && !is_in(&machines_fault)) {
        Outcome::CannotStart { message }
    } else {
        Outcome::Unknown { message }
    }
}

fn ended(state: &State, command: &[String], ran: &ContainerRun) -> Outcome {
    if speaker(state.exit_code, command, ran).is_some() {
        let stderr = ran.stderr.text();
        let message = shortened(without_warnings(&stderr).lines().next().unwrap_or_default());
        return Outcome::CannotStart { message };
    }
    match state.exit_code {
        0 => Outcome::Works,
        code @ 129..=192 => {
            let out_of_memory = if code == 128 + 9 { state.out_of_memory() } else { Some(false) };
            Outcome::Killed { signal: code - 128, out_of_memory }
        }
        exit_code if state.oom_killed => Outcome::ExitedWithError {
            exit_code,
            message: "out of memory: the kernel ended one of its processes".to_owned(),
        },
        exit_code => Outcome::ExitedWithError { exit_code, message: telling_line(ran) },
    }
}

/// What it means if the runtime's or the loader's words, which alone speak for not starting, were the program's own;
/// `None` where more speaks for it.
pub fn if_it_ran(ran: &ContainerRun) -> Option<Outcome> {
    let ContainerEnd::Failed { state, command } = &ran.ended else { return None };
    let is_doubtful = state.status == "exited"
        && state.error.is_empty()
        && matches!(speaker(state.exit_code, command, ran), Some(Speaker::Runtime | Speaker::Loader));
    is_doubtful.then(|| Outcome::ExitedWithError { exit_code: state.exit_code, message: telling_line(ran) })
}

/// Who says that a program never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    Runtime,
    Loader,
    Init,
}

/// Whose words that the program never ran are all that a container left, with the exit code that goes with them.
fn speaker(exit_code: i64, command: &[String], ran: &ContainerRun) -> Option<Speaker> {
    if !ran.stdout.is_empty() {
        return None;
    }
    let stderr = ran.stderr.text();
    let stderr = without_warnings(&stderr);
    match exit_code {
        1 | 255 if exec_failure(stderr, command) => Some(Speaker::Runtime),
        1 | 127 if loader_failure(stderr, command) => Some(Speaker::Loader),
        127 if init_failure(stderr) => Some(Speaker::Init),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::engine::output::Output;
    use crate::engine::run_container::{ContainerEnd, ContainerRun, State};
    use crate::runner::outcome::Outcome;

    fn ran(ended: ContainerEnd, out: &str, err: &str) -> ContainerRun {
        let (mut stdout, mut stderr) = (Output::default(), Output::default());
        stdout.push(out.as_bytes());
        stderr.push(err.as_bytes());
        ContainerRun { ended, stdout, stderr, readiness: None }
    }

    fn exited(exit_code: i64, command: &[&str]) -> ContainerEnd {
        let state = State { status: "exited".to_owned(), exit_code, ..State::default() };
        ContainerEnd::Failed { state, command: command.iter().map(ToString::to_string).collect() }
    }

    #[track_caller]
    fn cannot_start(ran: &ContainerRun, expected: &str) {
        assert_eq!(of(ran), Outcome::CannotStart { message: expected.to_owned() });
    }

    #[track_caller]
    fn exits(ran: &ContainerRun, code: i64, expected: &str) {
        assert_eq!(of(ran), Outcome::ExitedWithError { exit_code: code, message: expected.to_owned() });
    }

    #[test]
    fn a_missing_loader_is_the_same_outcome_with_every_runc() {
        let line = "exec ./hello: no such file or directory";
        for code in [1, 255] {
            cannot_start(&ran(exited(code, &["./hello"]), "", &format!("{line}\n")), line);
        }
        for line in [
            "standard_init_linux.go:228: exec user process caused: no such file or directory",
            "standard_init_linux.go:211: exec user process caused \"exec format error\"",
        ] {
            cannot_start(&ran(exited(1, &["./hello"]), "", line), line);
        }
    }

    #[test]
    fn only_words_that_a_program_may_print_itself_are_in_doubt() {
        let line = "exec ./hello: no such file or directory";
        let doubtful = super::if_it_ran(&ran(exited(1, &["./hello"]), "", line));
        assert_eq!(doubtful, Some(Outcome::ExitedWithError { exit_code: 1, message: line.to_owned() }));
        let loader = "./hello: error while loading shared libraries: libx.so: cannot open shared object file";
        let doubtful = super::if_it_ran(&ran(exited(127, &["./hello"]), "", loader));
        assert_eq!(doubtful, Some(Outcome::ExitedWithError { exit_code: 127, message: loader.to_owned() }));
        let init = "[FATAL tini (7)] exec ./hello failed: No such file or directory";
        assert_eq!(super::if_it_ran(&ran(exited(127, &["./hello"]), "", init)), None);
        assert_eq!(super::if_it_ran(&ran(exited(1, &["./hello"]), "said", line)), None);
        assert_eq!(super::if_it_ran(&ran(ContainerEnd::Success, "", line)), None);
    }

    #[test]
    fn a_warning_of_the_engines_command_line_changes_nothing() {
        let line = "exec ./hello: no such file or directory";
        for warning in [
            "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform",
            "WARNING: Your kernel does not support swap limit capabilities or the cgroup is not mounted.",
            "time=\"2024-01-01T00:00:00Z\" level=warning msg=\"something\"",
        ] {
            cannot_start(&ran(exited(1, &["./hello"]), "", &format!("{warning}\n{line}\n")), line);
            cannot_start(&ran(exited(1, &["./hello"]), "", &format!("{warning}\n{warning}\n{line}")), line);
        }
        let loader = "./hello: error while loading shared libraries: libx.so: cannot open shared object file";
        cannot_start(&ran(exited(127, &["./hello"]), "", &format!("WARNING: x\n{loader}\n")), loader);
        exits(&ran(exited(1, &["./hello"]), "", &format!("warning\n{line}\n")), 1, line);
    }

    #[test]
    fn a_file_found_in_path_is_named_by_its_whole_path() {
        let line = "exec /usr/local/bin/hello: exec format error";
        cannot_start(&ran(exited(255, &["hello"]), "", line), line);
    }

    #[test]
    fn a_program_that_prints_what_the_runtime_would_is_a_program_that_ran() {
        let line = "exec /x: no such file or directory";
        // Another file than the one that was to be executed.
        exits(&ran(exited(1, &["/bin/sh", "-c", "exec /x"]), "", line), 1, line);
        // It printed something else as well.
        exits(&ran(exited(1, &["/x"]), "hello\n", line), 1, line);
        exits(&ran(exited(1, &["/x"]), "", &format!("hello\n{line}\n")), 1, line);
        // With a code that the runtime does not use.
        exits(&ran(exited(2, &["/x"]), "", line), 2, line);
        exits(&ran(exited(127, &["/x"]), "", line), 127, line);
        // For a reason that is none.
        exits(&ran(exited(1, &["/x"]), "", "exec /x: I do not feel like it"), 1, "exec /x: I do not feel like it");
        // In the old words, but not from the old place.
        let old = "x: exec user process caused: no such file or directory";
        exits(&ran(exited(1, &["/x"]), "", old), 1, old);
    }

    #[test]
    fn a_missing_library_is_the_loaders_to_tell() {
        let glibc = "./hello: error while loading shared libraries: libgcc_s.so.1: cannot open shared object file: No \
                     such file or directory";
        cannot_start(&ran(exited(127, &["./hello"]), "", glibc), glibc);
        cannot_start(&ran(exited(127, &["/bin/sh", "-c", "./hello --now"]), "", glibc), glibc);
        let version = "./hello: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ./hello)";
        cannot_start(&ran(exited(1, &["./hello"]), "", version), version);
        let musl = "Error loading shared library libgcc_s.so.1: No such file or directory (needed by ./hello)";
        cannot_start(&ran(exited(127, &["./hello"]), "", &format!("{musl}\nError relocating ./hello: x\n")), musl);
    }

    #[test]
    fn a_program_whose_child_cannot_be_loaded_is_a_program_that_ran() {
        let line = "convert: error while loading shared libraries: libx.so: cannot open shared object file";
        exits(&ran(exited(127, &["python3", "/app.py"]), "", line), 127, line);
        exits(&ran(exited(127, &["convert"]), "converting\n", line), 127, line);
        exits(&ran(exited(3, &["convert"]), "", line), 3, line);
    }

    #[test]
    fn an_init_that_cannot_execute_the_program_is_the_same_outcome() {
        let line = "[FATAL tini (7)] exec ./hello failed: No such file or directory";
        cannot_start(&ran(exited(127, &["./hello"]), "", line), line);
    }

    #[test]
    fn a_container_that_was_created_and_never_started_says_why() {
        let not_started = |exit_code, error: &str| {
            let state = State { status: "created".to_owned(), exit_code, error: error.to_owned(), ..State::default() };
            ran(ContainerEnd::Failed { state, command: vec!["/bin/sh".to_owned()] }, "", "")
        };
        let wrapped = |reason: &str| {
            format!(
                "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container \
                 process: {reason}: unknown"
            )
        };
        let shell = "exec: \"/bin/sh\": stat /bin/sh: no such file or directory";
        cannot_start(&not_started(127, &wrapped(shell)), shell);
        let permission = "exec: \"/etc/passwd\": permission denied";
        cannot_start(&not_started(126, &wrapped(permission)), permission);
        let podman = format!(
            "runc: runc create failed: unable to start container process: {shell}: OCI runtime attempted to \
                              invoke a command that was not found"
        );
        cannot_start(&not_started(127, &podman), shell);
        let user = "unable to find user me: no matching entries in passwd file";
        cannot_start(&not_started(128, user), user);
        let range = "uids and gids must be in range 0-2147483647";
        cannot_start(&not_started(128, range), range);
        let group = "unable to find group us: no matching entries in group file";
        cannot_start(&not_started(128, group), group);
        // Podman does not write into the state what it says.
        let created = || State { status: "created".to_owned(), ..State::default() };
        let podmans = |said: &str| {
            ran(ContainerEnd::Failed { state: created(), command: vec![] }, "", &format!("Error: {said}\n"))
        };
        cannot_start(&podmans(group), group);
        let folder = "workdir \"/w\" exists on container 08b5b269f49f, but is not a directory";
        cannot_start(&podmans(folder), folder);
        let network = "failed to create endpoint x on network bridge: adding interface failed";
        assert_eq!(of(&not_started(128, network)), Outcome::Unknown { message: network.to_owned() });
    }

    #[test]
    fn what_the_runtime_may_not_do_here_tells_nothing_of_the_image() {
        let wrapper = "OCI runtime create failed: runc create failed: unable to start container process: error during \
                       container init: ";
        for said in [
            "error setting rlimits for ready process: error setting rlimit type 7: operation not permitted",
            "error setting cgroup config for procHooks process: unable to set memory limit to 1 (current usage: 2699264)",
        ] {
            let error = format!("{wrapper}{said}: unknown");
            let state = State { status: "created".to_owned(), exit_code: 128, error, ..State::default() };
            let outcome = of(&ran(ContainerEnd::Failed { state, command: vec!["/x".to_owned()] }, "", ""));
            assert_eq!(outcome, Outcome::Unknown { message: said.to_owned() });
        }
    }

    #[test]
    fn without_a_container_the_engine_says_why() {
        let not_created = |said: &str| of(&ran(ContainerEnd::NotCreated(said.to_owned()), "", said));
        let hint = "See 'docker run --help'.";
        let daemon = |said: &str| not_created(&format!("docker: Error response from daemon: {said}\n{hint}\n"));
        let none = "No command specified";
        assert_eq!(daemon(none), Outcome::CannotStart { message: none.to_owned() });
        let none = "no command or entrypoint provided, and no CMD or ENTRYPOINT from image";
        assert_eq!(not_created(&format!("Error: {none}")), Outcome::CannotStart { message: none.to_owned() });
        let folder = "Cannot mkdir: /w is not a directory";
        assert_eq!(daemon(folder), Outcome::CannotStart { message: folder.to_owned() });
        assert_eq!(daemon("No such image: m:a"), Outcome::NotBuilt);
        assert_eq!(not_created("Error: m:a: image not known"), Outcome::NotBuilt);
        let network = "network x not found";
        assert_eq!(daemon(network), Outcome::Unknown { message: network.to_owned() });
    }

    #[test]
    fn signals_and_lack_of_memory_are_told_from_exit_codes() {
        let killed = |signal, out_of_memory| Outcome::Killed { signal, out_of_memory };
        assert_eq!(of(&ran(exited(137, &["x"]), "", "")), killed(9, Some(false)));
        assert_eq!(of(&ran(exited(139, &["x"]), "", "")), killed(11, Some(false)));
        let no_memory = |exit_code| {
            let state = State { status: "exited".to_owned(), exit_code, oom_killed: true, ..State::default() };
            of(&ran(ContainerEnd::Failed { state, command: vec![] }, "", ""))
        };
        assert_eq!(no_memory(137), killed(9, Some(true)));
        let message = "out of memory: the kernel ended one of its processes".to_owned();
        assert_eq!(no_memory(1), Outcome::ExitedWithError { exit_code: 1, message });
        exits(&ran(exited(128, &["x"]), "", ""), 128, "");
        exits(&ran(exited(193, &["x"]), "", ""), 193, "");
    }

    #[test]
    fn the_line_that_tells_most_is_the_last_that_is_not_indented() {
        let java = "Error: A JNI error has occurred\nException in thread \"main\" java.lang.UnsupportedClassVersionError: \
                    hello\n\tat java.lang.ClassLoader.defineClass1(Native Method)\n\tat sun.launcher\n";
        let telling = "Exception in thread \"main\" java.lang.UnsupportedClassVersionError: hello";
        exits(&ran(exited(1, &["java"]), "", java), 1, telling);
        let linkage = "Error: LinkageError occurred while loading main class hello\n\tjava.lang.UnsupportedClassVersionError: \
                       hello has been compiled by a more recent version\n";
        let telling = "Error: LinkageError occurred while loading main class hello: \
                       java.lang.UnsupportedClassVersionError: hello has been compiled by a more recent version";
        exits(&ran(exited(1, &["java"]), "", linkage), 1, telling);
        exits(&ran(exited(1, &["x"]), "on stdout\n\n", ""), 1, "on stdout");
    }

    #[test]
    fn exit_code_0_works_whatever_was_printed() {
        assert_eq!(of(&ran(ContainerEnd::Success, "", "exec /x: no such file or directory")), Outcome::Works);
    }
}
