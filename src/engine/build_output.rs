//! Follows a build by what the builder says: at which step it is, and which one failed with which words.
//!
//! Three dialects, recognised line by line: BuildKit's plain progress (`#7 [2/3] RUN …`), the classic builder
//! (`Step 2/3 : RUN …`) and podman (`STEP 2/3: RUN …`). It reads words meant for people, so it takes what it knows and
//! lets the rest pass: whether a build failed is decided by its exit status alone, never by this.

use std::collections::{BTreeMap, VecDeque};

/// How many lines of a build are kept to show where it failed.
const KEPT: usize = 200;
/// How many of them are shown.
const SHOWN: usize = 10;
/// How much of a line is kept, in bytes: a line can be a megabyte of JavaScript.
const LONGEST: usize = 1000;
/// How many steps are remembered by number.
const MOST_STEPS: usize = 10_000;

/// What is known of a build from what it said so far.
#[derive(Debug, Default)]
pub struct BuildLog {
    names: BTreeMap<u32, String>,
    lines: VecDeque<(Option<u32>, String)>,
    current: Option<u32>,
    failed: Option<(u32, String)>,
    error: Option<String>,
    last_err: Option<String>,
    classic: u32,
}

/// Why a build failed. All of it raw, without line ends: escape before printing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildFailure {
    /// The step that failed, as the builder calls it: `[2/3] RUN make`. `None`: before the first one.
    pub step: Option<String>,
    /// What the builder said of it.
    pub message: String,
    /// The last lines that the step printed.
    pub last: Vec<String>,
}

impl BuildLog {
    /// Takes in a line, without its end, and whether it came on stderr.
    pub fn line(&mut self, bytes: &[u8], on_stderr: bool) {
        let text = String::from_utf8_lossy(bytes.get(..LONGEST).unwrap_or(bytes));
        let text = without_style(&text);
        if text.trim().is_empty() {
            return;
        }
        if let Some((number, rest)) = numbered(&text) {
            self.buildkit(number, rest);
        } else if let Some(name) = classic(&text) {
            self.classic += 1;
            self.begin(self.classic, name);
        } else if let Some(error) = text.strip_prefix("ERROR: ").or_else(|| text.strip_prefix("Error: ")) {
            self.error = Some(plain_error(error).to_owned());
        } else {
            self.keep((self.classic > 0).then_some(self.classic), last_overwrite(&text).to_owned());
        }
        if on_stderr {
            self.last_err = Some(text);
        }
    }

    /// The step that the build is at.
    pub fn current(&self) -> Option<&str> {
        self.names.get(&self.current?).map(String::as_str)
    }

    /// What to say of a build that has failed.
    pub fn failure(&self) -> BuildFailure {
        let step = self.failed.as_ref().map(|(number, _)| *number).or((self.classic > 0).then_some(self.classic));
        let said = self.failed.as_ref().map(|(_, message)| message.as_str());
        let message = said.or(self.error.as_deref()).or(self.last_err.as_deref()).unwrap_or("it printed nothing");
        // Podman names its steps on stdout, and says this on stderr: it may be heard first.
        let is_of_step = |number: &Option<u32>, line: &str| {
            *number == step || (number.is_none() && line.starts_with("error running container: "))
        };
        let of_step = self.lines.iter().filter(|(number, line)| is_of_step(number, line)).map(|(_, line)| line);
        let mut last: Vec<_> = of_step.filter(|line| *line != message).rev().take(SHOWN).cloned().collect();
        last.reverse();
        let step = step.and_then(|step| self.names.get(&step)).cloned();
        BuildFailure { step, message: message.to_owned(), last }
    }

    fn buildkit(&mut self, number: u32, rest: &str) {
        if let Some(message) = rest.strip_prefix("ERROR: ") {
            if self.failed.is_none() {
                self.failed = Some((number, plain_error(message).to_owned()));
            }
        } else if let Some(output) = timed(rest) {
            self.current = Some(number);
            self.keep(Some(number), last_overwrite(output).to_owned());
        } else if self.names.get(&number).is_none_or(|name| name == rest) {
            self.begin(number, rest.to_owned());
        }
    }

    fn begin(&mut self, number: u32, name: String) {
        if self.names.len() < MOST_STEPS {
            self.names.insert(number, name);
        }
        self.current = Some(number);
    }

    fn keep(&mut self, number: Option<u32>, line: String) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back((number, line));
    }
}

/// `#7 rest`.
fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
    Some((number.parse().ok()?, rest))
}

/// `0.310 rest`, a line that a step printed, with the seconds since its start.
fn timed(rest: &str) -> Option<&str> {
    let (time, output) = rest.split_once(' ').unwrap_or((rest, ""));
    let (seconds, fraction) = time.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(seconds) && digits(fraction)).then_some(output)
}

/// `Step 2/3 : RUN …`, `STEP 2/3: RUN …`, `[1/2] STEP 2/3: RUN …`, as `[2/3] RUN …`.
fn classic(line: &str) -> Option<String> {
    let stage = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    let (stage, rest) = stage.filter(|(_, rest)| rest.starts_with("STEP ")).unwrap_or(("", line));
    let rest = rest.strip_prefix("Step ").or_else(|| rest.strip_prefix("STEP "))?;
    let (count, instruction) = rest.split_once(':')?;
    let count = count.trim_end();
    let (at, of) = count.split_once('/')?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let place = if stage.is_empty() { count.to_owned() } else { format!("stage {stage}, {count}") };
    (number(at) && number(of)).then(|| format!("[{place}] {}", instruction.trim_start()))
}

/// An error without the wrappers that say only that it is one.
pub(super) fn plain_error(error: &str) -> &str {
    const WRAPPERS: [&str; 6] = [
        "failed to solve: ",
        "failed to build: ",
        "rpc error: code = Unknown desc = ",
        "failed to solve with frontend dockerfile.v0: ",
        "failed to create LLB definition: ",
        "failed to compute cache key: ",
    ];
    let mut error = error;
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| error.strip_prefix(wrapper)) {
        error = rest;
    }
    error
}

/// What is left of a line that overwrites itself with carriage returns, as progress bars do.
fn last_overwrite(line: &str) -> &str {
    line.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or("")
}

/// The line without the colours (`ESC [ … m`) that the classic builder puts around what came on stderr.
fn without_style(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        rest = after;
        if let Some(styled) = end.and_then(|end| after.get(end..)).and_then(|after| after.strip_prefix('m')) {
            rest = styled;
        } else {
            out.push_str("\u{1b}[");
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{BuildFailure, BuildLog};
    use proptest::prelude::*;

    fn read(text: &str) -> BuildLog {
        let mut steps = BuildLog::default();
        text.lines().for_each(|line| steps.line(line.as_bytes(), true));
        steps
    }

    #[track_caller]
    fn fails(text: &str, step: Option<&str>, message: &str, last: &[&str]) {
        let last = last.iter().map(ToString::to_string).collect();
        let expected = BuildFailure { step: step.map(str::to_owned), message: message.to_owned(), last };
        assert_eq!(read(text).failure(), expected);
    }

    #[test]
    fn buildkit_names_the_failing_step_its_words_and_its_last_lines() {
        let text = "#0 building with \"default\" instance using docker driver\n\
            #1 [internal] load build definition from Dockerfile.run\n#1 DONE 0.1s\n\
            #4 [1/2] FROM docker.io/library/busybox\n#4 DONE 0.0s\n\n\
            #5 [2/2] RUN echo a; echo b >&2; exit 3\n#5 0.310 a\n#5 0.310 b\n\
            #5 ERROR: executor failed running [/bin/sh -c echo a; echo b >&2; exit 3]: exit code: 3\n\
            ------\n > [2/2] RUN echo a; echo b >&2; exit 3:\n0.310 a\n0.310 b\n------\n\
            ERROR: failed to solve: executor failed running [/bin/sh -c echo a; echo b >&2; exit 3]: exit code: 3\n";
        let message = "executor failed running [/bin/sh -c echo a; echo b >&2; exit 3]: exit code: 3";
        fails(text, Some("[2/2] RUN echo a; echo b >&2; exit 3"), message, &["a", "b"]);
    }

    #[test]
    fn of_several_stages_at_once_only_the_failing_step_is_shown() {
        let text = "#5 [a 2/2] RUN x\n#6 [b 2/2] RUN y\n#5 1.0 from a\n#6 1.1 from b\n#5 1.2 more\n\
            #6 ERROR: process \"/bin/sh -c y\" did not complete successfully: exit code: 1\n#5 CANCELED\n";
        let message = "process \"/bin/sh -c y\" did not complete successfully: exit code: 1";
        fails(text, Some("[b 2/2] RUN y"), message, &["from b"]);
    }

    #[test]
    fn a_dockerfile_that_does_not_parse_fails_before_the_first_step() {
        let text = "#2 [internal] load .dockerignore\n#2 DONE 0.0s\nDockerfile.x:2\n\
            ERROR: failed to solve: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: \
            failed to create LLB definition: dockerfile parse error line 2: unknown instruction: FOO\n";
        fails(text, None, "dockerfile parse error line 2: unknown instruction: FOO", &["Dockerfile.x:2"]);
    }

    #[test]
    fn the_classic_builder_and_its_colours_are_understood() {
        let text = "Sending build context to Docker daemon  1.583kB\nStep 1/2 : FROM busybox\n ---> 94d5ef401988\n\
            Step 2/2 : RUN echo b >&2; exit 3\n ---> Running in 33d02729cb2d\n\u{1b}[91mb\n\
            \u{1b}[0mThe command '/bin/sh -c echo b >&2; exit 3' returned a non-zero code: 3\n";
        let message = "The command '/bin/sh -c echo b >&2; exit 3' returned a non-zero code: 3";
        fails(text, Some("[2/2] RUN echo b >&2; exit 3"), message, &[" ---> Running in 33d02729cb2d", "b"]);
    }

    #[test]
    fn podman_is_understood_with_and_without_stages() {
        let error = "building at STEP \"RUN false\": while running runtime: exit status 1";
        let text = format!("STEP 1/2: FROM x\nSTEP 2/2: RUN false\nError: {error}\n");
        fails(&text, Some("[2/2] RUN false"), error, &[]);
        let text = format!("[1/2] STEP 1/1: FROM x AS a\n[2/2] STEP 2/2: RUN false\nError: {error}\n");
        fails(&text, Some("[stage 2/2, 2/2] RUN false"), error, &[]);
    }

    #[test]
    fn what_podman_says_of_its_runtime_is_of_the_step_even_if_it_is_heard_first() {
        let text = "error running container: from crun: no\nSTEP 2/2: RUN x\nError: building at STEP \"RUN x\": exit status 1\n";
        fails(
            text,
            Some("[2/2] RUN x"),
            "building at STEP \"RUN x\": exit status 1",
            &["error running container: from crun: no"],
        );
    }

    #[test]
    fn the_current_step_is_the_last_one_that_said_something() {
        assert_eq!(read("#5 [a 2/2] RUN x\n#6 [b 2/2] RUN y\n#5 1.0 hi\n").current(), Some("[a 2/2] RUN x"));
        assert_eq!(read("Step 1/2 : FROM a\n").current(), Some("[1/2] FROM a"));
        assert_eq!(read("").current(), None);
    }

    #[test]
    fn a_line_that_overwrites_itself_keeps_its_last_state() {
        let text = "#5 [2/2] RUN x\n#5 1.0  10%\r 100%\r\n#5 1.2 end\n#5 ERROR: no\n";
        fails(text, Some("[2/2] RUN x"), "no", &[" 100%", "end"]);
    }

    #[test]
    fn only_the_last_lines_are_kept_however_many_there_are() {
        let mut steps = read("#5 [2/2] RUN x");
        (0..10_000).for_each(|n| steps.line(format!("#5 1.0 {n} {}", "x".repeat(2000)).as_bytes(), true));
        steps.line(b"#5 ERROR: no", true);
        let last = steps.failure().last;
        assert_eq!(last.len(), 10);
        assert!(last.iter().all(|line| line.len() < 1000));
        assert!(last[9].starts_with("9999 xxx"));
    }

    #[test]
    fn silence_is_said_plainly() {
        fails("", None, "it printed nothing", &[]);
    }

    proptest! {
        #[test]
        fn no_output_makes_it_panic(lines: Vec<Vec<u8>>, marks in "(#1 |Step |STEP |\\[|\u{1b}|[0-9/: .m]){0,30}") {
            let mut steps = BuildLog::default();
            for line in &lines {
                steps.line(line, false);
            }
            steps.line(marks.as_bytes(), true);
            let _ = steps.failure();
        }
    }
}
