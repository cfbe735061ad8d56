//! Builds: every one is tried, each as the Compose file describes it.

use super::fake::{Fake, timeless};
use crate::case::{Case, tool};

/// What BuildKit says when the second of three steps fails.
const FAILS: &str = "cat >&2 <<'END'
#1 [internal] load build definition from Dockerfile.x
#1 DONE 0.0s
#5 [2/3] RUN make
#5 0.310 cc -o hello hello.c
#5 0.402 hello.c:1: error: \x1b[31mno\x1b[m such thing
#5 ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 2
------
 > [2/3] RUN make:
------
ERROR: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2
END
exit 1
";

const FAILED: &str = "process \"/bin/sh -c make\" did not complete successfully: exit code: 2";

#[test]
fn each_image_is_built_with_the_context_dockerfile_and_tag_of_the_compose_file() {
    let fake = Fake::of(&["a.b", "c.err"]);
    let run = fake.try_it(&["build", "-j", "1"]);
    assert_eq!(run.code(), 1);
    let expected = [
        "build --help",
        "build --progress=plain --load -f ./dockerfiles/Dockerfile.a.b -t minimage:a.b ./samples",
        "build --progress=plain --load -f ./dockerfiles/Dockerfile.c.err -t minimage:c.err ./samples",
    ];
    assert_eq!(fake.asked("build"), expected);
}

#[test]
fn a_failed_build_stops_no_other_and_shows_its_step_and_last_lines() {
    let fake = Fake::of(&["a", "b", "c"]).build("b", FAILS);
    let run = fake.try_it(&["build", "-j", "1"]);
    assert_eq!(run.code(), 1);
    let expected = format!(
        "✓ a  T  built\n✗ b  T  does not build: [2/3] RUN make: {FAILED}\n✓ c  T  built\n\n\
         b does not build\n  at [2/3] RUN make\n  | cc -o hello hello.c\n  | hello.c:1: error: no such thing\n  {FAILED}\n"
    );
    assert_eq!(timeless(&run.stdout()), expected);
    let stderr = run.stderr();
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines[0].starts_with("logs: ") && lines[0].contains("/cache/mkcompose/"), "{stderr}");
    assert!(lines[1].starts_with("3 images: 2 built, 1 failed in "), "{stderr}");
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(fake.log("b.build.log").contains("#5 ERROR: process"));
}

#[test]
fn an_err_dockerfile_that_fails_is_as_expected() {
    let fake = Fake::of(&["a", "b.err"]).build("b.err", FAILS);
    let run = fake.try_it(&["build", "-j", "1", "-q"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""));
    let expected = format!("✓ a  T  built\n✓ b.err  T  does not build, as expected: [2/3] RUN make: {FAILED}\n");
    assert_eq!(timeless(&run.stdout()), expected);
}

#[test]
fn an_err_dockerfile_that_builds_is_news() {
    let run = Fake::of(&["b.err"]).try_it(&["build", "-q"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    assert_eq!(timeless(&run.stdout()), "✗ b.err  T  builds now: remove `.err` from its name\n");
}

#[test]
fn globs_choose_and_a_wrong_one_is_an_error_before_anything_is_asked() {
    let fake = Fake::of(&["a.x", "a.y", "b.x"]);
    let run = fake.try_it(&["build", "-q", "a.*"]);
    assert_eq!((run.code(), run.stdout().lines().count(), run.stderr().as_str()), (0, 2, ""));
    let fake = Fake::of(&["a.x"]);
    let run = fake.try_it(&["build", "a.*", "nobody", "["]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    let stderr = run.stderr();
    assert!(stderr.starts_with("error: `nobody` matches no service: "), "{stderr}");
    assert!(stderr.contains("\nerror: `[` is not a valid glob, "), "{stderr}");
    assert_eq!(fake.asked(""), [""; 0]);
}

#[test]
fn without_an_engine_there_is_one_error_and_nothing_begins() {
    let case = Case::of(&["a", "b"]);
    for command in ["build", "test"] {
        let error = "error: `/no/such/engine version` failed: there is no such program: install Docker, or choose another \
                     engine with `--docker`\n";
        case.run([command, "--docker", "/no/such/engine"]).refused(error);
        let fake = Fake::of(&["a", "b"]).file("dead", "");
        let run = fake.try_it(&[command]);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
        let stderr = run.stderr();
        assert!(
            stderr.contains("docker version` failed (exit status: 1): Cannot connect to the Docker daemon"),
            "{stderr}"
        );
        assert_eq!((stderr.lines().count(), fake.asked("")), (1, vec!["version".to_owned()]), "{stderr}");
    }
}

#[test]
fn without_a_build_context_nothing_begins() {
    let fake = Fake::of(&["a"]);
    let error = "error: nowhere: the build context is not a folder: change `context`, or add the folder\n";
    fake.try_it(&["build", "--context", "nowhere"]).refused(error);
    assert_eq!(fake.asked(""), [""; 0]);
}

#[test]
fn the_classic_builder_is_used_where_there_is_no_buildkit() {
    let script = "[ \"$DOCKER_BUILDKIT\" = 0 ] || fail buildkit
        printf 'Step 1/2 : FROM x\\nStep 2/2 : RUN y\\n'; fail \"The command 'y' returned a non-zero code: 3\" 3";
    let fake = Fake::of(&["a"]).build("a", script).file("classic", "");
    let run = fake.try_it(&["build", "-q"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    assert!(run.stdout().contains("does not build: [2/2] RUN y: The command 'y' returned a non-zero code: 3\n"));
    let expected = "build --force-rm -f ./dockerfiles/Dockerfile.a -t minimage:a ./samples";
    assert_eq!(fake.asked("build")[1], expected);
}

/// Counts how many builds there are at a time, and waits until there are `n`, which there must be.
fn together(n: usize) -> String {
    format!(
        "mkdir \"$here/now.$service\"
        ls -d \"$here\"/now.* | wc -l >>\"$here/counts\"
        tries=0
        until [ -e \"$here/enough\" ]; do
            [ \"$(ls -d \"$here\"/now.* | wc -l)\" -ge {n} ] && touch \"$here/enough\"
            tries=$((tries + 1)); [ $tries -lt 2000 ] || fail 'never together'
            sleep 0.01
        done
        rmdir \"$here/now.$service\""
    )
}

#[test]
fn no_more_than_n_are_built_at_once_and_n_are() {
    let services: Vec<String> = (0..12).map(|n| format!("s{n}")).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let fake = services.iter().fold(Fake::of(&services), |fake, service| fake.build(service, &together(3)));
    let run = fake.try_it(&["build", "-j", "3", "-q"]);
    assert_eq!((run.code(), run.stderr().as_str()), (0, ""), "{}", run.stdout());
    let counts = fake.case.read("engine/counts");
    let most = counts.lines().map(|count| count.trim().parse::<usize>().unwrap()).max();
    assert!(most <= Some(3), "{most:?}");
    assert_eq!((fake.case.has("engine/enough"), counts.lines().count()), (true, 12));
}

#[test]
fn two_hundred_services_with_sixteen_at_once_all_end() {
    let services: Vec<String> = (0..200).map(|n| format!("s{n:03}")).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let fake = Fake::of(&services).build("s100", FAILS).run("s150", "end exited 3");
    let run = fake.try_it(&["test", "-j", "16", "-q"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, ""));
    let stdout = run.stdout();
    let rows: Vec<_> = stdout.lines().skip(1).take(200).map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(rows, services);
    assert!(stdout.contains("200 images: 198 work, 1 does not build, 1 exits 3; 2 not as expected"), "{stdout}");
    assert_eq!(fake.containers(), [""; 0]);
}

#[test]
fn nothing_that_a_build_says_controls_the_terminal() {
    let script = "printf '#5 [2/2] RUN \\033[2J\\n#5 1.0 \\033]0;title\\007 \\302\\233 end\\n#5 ERROR: \\033[31mred\\n' >&2; exit 1";
    let run = Fake::of(&["a"]).build("a", script).try_it(&["build"]);
    assert_eq!(run.code(), 1);
    let all = run.stdout() + &run.stderr();
    assert!(!all.contains(|c: char| c.is_control() && c != '\n'), "{all}");
    assert!(run.stdout().contains(r"  | \x1b]0;title\x07 \u{9b} end"), "{all}");
}

#[test]
fn on_a_terminal_steps_are_shown_while_they_run_and_results_in_order_after() {
    let Some(_) = tool("script", &["--version"]) else { return };
    // `b` ends first; `a` is at its second step until then.
    let fake = Fake::of(&["a", "b"])
        .build("a", "echo '#5 [2/2] RUN slow' >&2; until [ -e \"$here/image.b\" ] || [ ! -d \"$here\" ]; do sleep 0.05; done; sleep 0.5")
        .build("b", "sleep 0.5");
    let screen = on_a_terminal(&fake, "build -j 2", 100);
    assert!(screen.contains("[2/2] RUN slow"), "{screen}");
    assert!(screen.contains("1 of 2 done, "), "{screen}");
    let (_, last) = screen.rsplit_once(" done, ").unwrap();
    let built: Vec<_> = last.lines().filter(|line| line.ends_with("built")).collect();
    assert!(built.len() == 2 && built[0].contains(" a ") && built[1].contains(" b "), "{screen}");
}

/// What a terminal of `columns` columns gets of `mkcompose ARGUMENTS`.
fn on_a_terminal(fake: &Fake, arguments: &str, columns: usize) -> String {
    let command = format!("stty cols {columns} rows 30; \"$MKCOMPOSE\" {arguments}");
    let output = fake.command_under("script", ["-qec", &command, "/dev/null"]).env("TERM", "xterm").output().unwrap();
    String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
}

#[test]
fn on_a_terminal_a_failure_is_printed_once_as_it_happens_and_stays_above_the_progress() {
    let Some(_) = tool("script", &["--version"]) else { return };
    let fake = Fake::of(&["a", "b"]).build("a", FAILS).build("b", "sleep 1");
    let screen = on_a_terminal(&fake, "build -j 2", 100);
    let (before, after) = screen.split_once("does not build: ").unwrap();
    assert!(before.contains("0 of 2 done, ") && after.contains("1 of 2 done, "), "{screen}");
    assert_eq!(screen.matches("does not build: ").count(), 1, "{screen}");
}

#[test]
fn on_a_terminal_the_time_left_counts_down() {
    let Some(_) = tool("script", &["--version"]) else { return };
    let fake = Fake::of(&["a", "b"]).build("a", "sleep 3").build("b", "sleep 5");
    let screen = on_a_terminal(&fake, "build -j 1", 100);
    let left = screen.split(", about ").skip(1).filter_map(|rest| rest.split(" left").next());
    let left: Vec<f64> = left.map(|left| left.trim_end_matches(" s").parse().unwrap()).collect();
    assert!(left.len() > 2 && left.first() > left.last(), "{screen}");
    assert!(left.is_sorted_by(|a, b| a >= b), "{left:?}");
}

#[test]
fn on_a_narrow_terminal_names_are_whole_so_that_no_two_services_look_the_same() {
    let Some(_) = tool("script", &["--version"]) else { return };
    let [one, two] = ["1", "2"].map(|end| format!("{}{end}", "name-".repeat(10)));
    let fake = Fake::of(&[&one, &two]).build(&one, "sleep 0.5").build(&two, "sleep 0.5");
    let screen = on_a_terminal(&fake, "build -j 2", 40);
    let (progress, _) = screen.rsplit_once(" done, ").unwrap();
    assert!(progress.contains(&format!("{one}  ")) && progress.contains(&format!("{two}  ")), "{screen}");
}

#[test]
fn on_a_narrow_terminal_a_message_breaks_between_words() {
    let Some(_) = tool("script", &["--version"]) else { return };
    let fake = Fake::of(&["a"]).build("a", "kill -INT $PPID; sleep 0.5");
    let screen = on_a_terminal(&fake, "build", 40);
    assert!(screen.contains("stopping: waiting for running jobs;\npress Ctrl-C again to kill them\n"), "{screen}");
}

#[test]
fn logs_go_where_they_are_wanted_and_a_folder_that_cannot_be_made_is_told_at_once() {
    let fake = Fake::of(&["a"]).build("a", "echo built by a script >&2");
    let run = fake.try_it(&["build", "--logs", "my/logs"]);
    assert_eq!(run.code(), 0);
    assert!(run.stderr().starts_with("logs: my/logs\n"), "{}", run.stderr());
    assert_eq!(fake.case.read("my/logs/a.build.log"), "built by a script\n");
    let fake = Fake::of(&["a"]).file("file", "");
    let run = fake.try_it(&["build", "--logs", "engine/file/logs"]);
    assert_eq!((run.code(), run.stdout().as_str(), fake.asked("build")), (2, "", vec![]));
    assert!(run.stderr().contains("engine/file/logs: cannot create the folder for logs"), "{}", run.stderr());
}

#[test]
fn a_log_that_cannot_be_written_costs_no_result() {
    let fake = Fake::of(&["a", "b"]);
    // A folder in the place of the log: not even root can write there.
    let fake = Fake { case: fake.case.folder("logs/a.build.log/x") };
    let run = fake.try_it(&["build", "-j", "1", "--logs", "logs"]);
    assert_eq!(run.code(), 2);
    assert_eq!(timeless(&run.stdout()), "✓ a  T  built\n✓ b  T  built\n");
    assert!(run.stderr().contains("error: logs/a.build.log: cannot write this log"), "{}", run.stderr());
}
