//! `mkcompose sizes`, against an engine that is a script: what it asks, how it answers, and how it fails.

use std::fs;
use std::path::Path;

use crate::case::{Case, Run, tool};

/// The engine: it answers from files beside it and writes down what it was asked.
pub const ENGINE: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/asked"
case "$1 $2" in
"image ls") cat "$here/ls" ;;
"image inspect")
    shift 2
    sep='['
    for id; do printf '%s' "$sep" && cat "$here/$id.inspect" && sep=,; done
    echo ']'
    ;;
"history --no-trunc")
    for id; do :; done
    cat "$here/$id.history"
    ;;
"info --format") cat "$here/info" ;;
"version ") cat "$here/version" ;;
"save "*) cat "$here/archive" ;;
*) echo "no such command: $*" >&2 && exit 64 ;;
esac
"#;

/// A repository with these services, and an engine that has these images: a tag, an ID, and layers of so many bytes
/// with their names.
pub struct Fake {
    pub case: Case,
    list: String,
}

impl Fake {
    pub fn of(services: &[&str]) -> Self {
        let case = Case::of(services).file("engine/docker", ENGINE).file("engine/ls", "");
        case.mode("engine/docker", 0o755);
        Self { case, list: String::new() }
    }

    pub fn image(mut self, tag: &str, id: &str, layers: &[(&str, u64)]) -> Self {
        let size: u64 = layers.iter().map(|(_, size)| size).sum();
        let names: Vec<String> = layers.iter().map(|(name, _)| format!("\"sha256:{name}\"")).collect();
        let inspect = format!(r#"{{"Id": "{id}", "Size": {size}, "RootFS": {{"Layers": [{}]}}}}"#, names.join(", "));
        let steps = layers.iter().rev().map(|(_, size)| format!("{{\"CreatedBy\":\"COPY\",\"Size\":\"{size}\"}}\n"));
        // A tag is one image: a later one takes it over.
        let tagged = format!("\t{tag}\t");
        let mut lines: Vec<String> =
            self.list.lines().map(str::to_owned).filter(|line| !line.contains(&tagged)).collect();
        lines.push(format!("minimage{tagged}{id}\t{size}B"));
        self.list = lines.join("\n") + "\n";
        self.case = self
            .case
            .file(format!("engine/{id}.inspect"), inspect)
            .file(format!("engine/{id}.history"), steps.collect::<String>())
            .file("engine/ls", &self.list);
        self
    }

    pub fn file(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.case = self.case.file(path, text);
        self
    }

    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Run {
        self.case.run(["sizes", "--docker", "engine/docker"].iter().chain(args))
    }
}

/// Two images on one base, one by itself, one not built, one that is not to be built.
fn sample() -> Fake {
    Fake::of(&["hello-c.gcc", "hello-c.gcc.ubuntu", "hello-c.gcc.scratch", "hello-c.none", "hello-go.golang.x.err"])
        .image("hello-c.gcc", "sha256:1", &[("base", 113_000_000), ("gcc", 1_027_000_000)])
        .image("hello-c.gcc.ubuntu", "sha256:2", &[("base", 113_000_000), ("hello", 16_000)])
        .image("hello-c.gcc.scratch", "sha256:3", &[("hello", 16_000)])
        .image("somebody.else", "sha256:4", &[("x", 1)])
}

const TABLE: &str = "\
SERVICE                     SIZE  1kB───── log ─────1.14GB  SMALLER     OWN  SHARED
hello-c.gcc               1.14GB  ████████████████████████  largest  1.03GB   113MB
hello-c.gcc.ubuntu         113MB  ████████████████████        10.1×    16kB   113MB
hello-c.gcc.scratch         16kB  ████▊                      71300×    16kB      0B
hello-c.none           not built

hello-go.golang.x.err  not built (err)

3 images, 1.25GB in total, 1.14GB on disk with layers counted once, 2 not built
";

#[test]
fn the_table_goes_from_large_to_small_within_each_program() {
    sample().run(&[]).expect(0, TABLE, "");
}

#[test]
fn the_engine_is_asked_about_our_repository_and_images_alone_and_changes_nothing() {
    let fake = sample();
    assert_eq!(fake.run(&["hello-c.gcc*"]).code(), 0);
    let mut asked: Vec<String> = fake.case.read("engine/asked").lines().map(str::to_owned).collect();
    asked.sort();
    let history = |id: u8| format!("history --no-trunc --human=false --format {{{{json .}}}} sha256:{id}");
    let listing = "image ls --no-trunc --format {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Size}} minimage".to_owned();
    let inspect = "image inspect sha256:1 sha256:2 sha256:3".to_owned();
    assert_eq!(asked, [history(1), history(2), history(3), inspect, listing]);
}

#[test]
fn globs_choose_and_what_is_shared_counts_among_the_chosen_alone() {
    let run = sample().run(&["--format", "csv", "*.ubuntu", "*.none"]);
    let expected = "\
program,service,set,image,id,size,own,shared,smaller_by,was,packed
hello-c,hello-c.gcc.ubuntu,normal,minimage:hello-c.gcc.ubuntu,sha256:2,113016000,113016000,0,0,,
hello-c,hello-c.none,normal,minimage:hello-c.none,,,,,,,
";
    run.expect(0, expected, "");
}

#[test]
fn a_glob_that_matches_nothing_is_an_error_before_the_engine_is_asked() {
    let fake = sample();
    let run = fake.run(&["hello-rust.*"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().starts_with("error: `hello-rust.*` matches no service"), "{}", run.stderr());
    assert!(!fake.case.has("engine/asked"));
}

#[test]
fn sorted_by_name_the_program_is_in_byte_order() {
    let shown = sample().run(&["--sort", "name", "hello-c.*"]).stdout();
    let names: Vec<_> = shown.lines().skip(1).map_while(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["hello-c.gcc", "hello-c.gcc.scratch", "hello-c.gcc.ubuntu", "hello-c.none"]);
}

#[test]
fn with_none_of_the_images_there_the_question_cannot_be_answered() {
    sample()
        .run(&["hello-c.none", "*.err"])
        .refused("error: `minimage` has no image of these services: build them with `mkcompose build`\n");
}

#[test]
fn every_format_is_the_same_bytes_every_time() {
    let fake = sample();
    for format in ["table", "json", "markdown", "csv", "svg", "html", "metrics"] {
        let first = fake.run(&["--format", format]).stdout();
        assert!(first.contains("hello-c.gcc.ubuntu"), "{first}");
        assert!(first.ends_with('\n') && !first.ends_with("\n\n"), "{format}");
        for _ in 0..4 {
            fake.run(&["--format", format]).expect(0, &first, "");
        }
    }
}

#[test]
fn a_report_is_a_baseline_and_growth_beyond_the_budget_is_exit_1_with_the_culprit_first() {
    let fake = sample();
    let earlier = fake.run(&["--format", "json"]).stdout();
    let fake = fake.file("sizes.json", &earlier);
    fake.run(&["--baseline", "sizes.json"]).expect(0, TABLE, "nothing has grown\n");

    let grown = fake.image("hello-c.gcc.scratch", "sha256:5", &[("hello", 17_000)]);
    let run = grown.run(&["--baseline", "sizes.json", "--budget", "5%"]);
    let (code, stdout, stderr) = (run.code(), run.stdout(), run.stderr());
    assert_eq!((code, stderr.as_str()), (1, "1 image has grown beyond 5%\n"));
    let culprit = "grown beyond 5%:\n  hello-c.gcc.scratch: 16kB → 17kB (+1kB, +6.25%)\n\nSERVICE";
    assert!(stdout.starts_with(culprit), "{stdout}");

    for within in ["7%", "5%,1kB", "1kB,5%"] {
        let run = grown.run(&["--baseline", "sizes.json", "--budget", within]);
        assert_eq!(run.code(), 0, "{within}");
        assert!(run.stderr().starts_with("nothing has grown beyond "), "{}", run.stderr());
        assert!(run.stdout().starts_with("grown within "), "{}", run.stdout());
    }
    assert_eq!(grown.run(&["--baseline", "sizes.json"]).code(), 1, "without a budget any growth counts");
}

#[test]
fn a_report_that_cannot_be_written_and_a_full_stdout_cost_neither_the_others_nor_the_verdict() {
    let fake = sample();
    let fake = Fake { case: fake.case.link("full.csv", "/dev/full"), ..fake };
    let run = fake.run(&["--report", "full.csv", "--report", "r.json"]);
    assert_eq!(run.code(), 2);
    assert!(run.stdout().starts_with("SERVICE"), "{}", run.stdout());
    assert!(run.stderr().starts_with("error: full.csv: cannot write"), "{}", run.stderr());
    let before = fake.case.read("r.json");
    fs::remove_file(fake.case.at("r.json")).unwrap();
    let fake = fake.file("before.json", before);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let args = ["sizes", "--docker", "engine/docker", "--baseline", "before.json", "--report", "r.json"];
    let mut command = fake.case.command(args);
    let run = Run::of(command.stdout(full).output().unwrap());
    run.refused("nothing has grown\nerror: stdout: cannot write: No space left on device (os error 28)\n");
    assert!(fake.case.read("r.json").starts_with('{'));
}

#[test]
fn new_and_vanished_services_are_said_and_not_failed() {
    let earlier =
        r#"{"images": [{"service": "hello-c.none", "size": 5}, {"service": "gone\u001b[31m.gcc", "size": 5}]}"#;
    let fake = sample().file("sizes.json", earlier);
    let run = fake.run(&["--baseline", "sizes.json", "--format", "csv"]);
    let said = "new:\n  hello-c.gcc\n  hello-c.gcc.scratch\n  hello-c.gcc.ubuntu\nvanished:\n  gone\\x1b[31m.gcc\n  hello-c.none\n\
                nothing to compare: the baseline contains none of these images\n";
    assert_eq!((run.code(), run.stderr().as_str()), (0, said));
    let run = fake.run(&["--baseline", "sizes.json", "--format", "svg", "hello-c.none", "hello-c.gcc"]);
    let said = "new:\n  hello-c.gcc\nvanished:\n  hello-c.none\nnothing to compare: the baseline contains none of these images\n";
    assert_eq!((run.code(), run.stderr().as_str()), (0, said));
}

#[test]
fn a_baseline_that_is_none_is_refused_with_its_path() {
    let fake = sample().file("sizes.json", "{\"images\": [\u{1b}]}");
    let run = fake.run(&["--baseline", "sizes.json"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(
        run.stderr().starts_with("error: sizes.json: this is not a report of `mkcompose sizes` ("),
        "{}",
        run.stderr()
    );
    let outcomes = sample().file("outcomes.json", "{\"images\": [{\"service\": \"a\", \"outcome\": \"works\"}]}");
    let run = outcomes.run(&["--baseline", "outcomes.json"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("not a report of `mkcompose sizes` (missing field `size`"), "{}", run.stderr());
    let run = fake.run(&["--baseline", "missing.json"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().starts_with("error: missing.json: cannot read: "), "{}", run.stderr());
    let run = fake.run(&["--budget", "5%"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("--baseline <FILE>"), "{}", run.stderr());
}

#[test]
fn the_baseline_is_where_directory_says_that_we_are() {
    let fake = sample();
    let earlier = fake.run(&["--format", "json"]).stdout();
    let fake = fake.file("sizes.json", &earlier);
    let at = fake.case.path().to_str().unwrap().to_owned();
    let run = Case::empty().run(["-C", &at, "sizes", "--docker", "engine/docker", "--baseline", "sizes.json"]);
    run.expect(0, TABLE, "nothing has grown\n");
}

#[test]
fn an_engine_that_fails_is_quoted_with_its_command_and_status() {
    let fake = sample().file("engine/docker", "#!/bin/sh\nprintf 'daemon \\033[31mgone\\nreally\\n' >&2\nexit 3\n");
    let run = fake.run(&[]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    let stderr = run.stderr();
    assert!(stderr.starts_with("error: `engine/docker version` failed (exit status: 3): "), "{stderr}");
    let end = "daemon \\x1b[31mgone; really; start the engine, or choose another one with `--docker`\n";
    assert!(stderr.ends_with(end), "{stderr}");
}

/// The engine answers, is gone in the middle of what it says to `command`, and answers no more.
pub fn dying(command: &str, half: &str) -> String {
    let daemon = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    let head = format!(
        "#!/bin/sh\nhere=$(dirname \"$0\")\nif [ -e \"$here/dead\" ]; then echo '{daemon}' >&2; exit 1; fi\n\
         if [ \"$1\" = {command} ]; then\n  for id; do :; done\n  {half}\n  touch \"$here/dead\"\n  echo 'unexpected EOF' >&2\n  exit 1\nfi\n"
    );
    ENGINE.replacen("#!/bin/sh\n", &head, 1)
}

#[test]
fn an_engine_that_dies_on_the_way_costs_no_report_that_was_there() {
    let earlier = sample().run(&["--format", "json"]).stdout();
    for (command, half) in [("history", "head -c 9 \"$here/$id.history\""), ("image", ":")] {
        let fake = sample().file("engine/docker", dying(command, half)).file("r.json", &earlier);
        let run = fake.run(&["--report", "r.json", "--report", "r.csv", "--baseline", "r.json"]);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""), "{command}");
        let stderr = run.stderr();
        assert!(
            stderr.starts_with("error: `engine/docker version` failed (exit status: 1): Cannot connect "),
            "{stderr}"
        );
        assert!(stderr.ends_with("start the engine, or choose another one with `--docker`\n"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(fake.case.read("r.json"), earlier);
        assert!(!fake.case.has("r.csv"));
    }
    // One that is back by now is quoted.
    let fake = sample()
        .file("engine/docker", dying("history", "head -c 9 \"$here/$id.history\"").replace("touch", ":"))
        .file("engine/version", "Version: 1\n");
    let run = fake.run(&[]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains(" failed (exit status: 1): unexpected EOF"), "{}", run.stderr());
}

#[test]
fn an_engine_that_refuses_the_version_of_its_api_is_told_with_what_to_do() {
    for said in [
        "Error response from daemon: client version 1.38 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version",
        "Error response from daemon: client version 1.60 is too new. Maximum supported API version is 1.51",
    ] {
        let fake = sample().file("engine/docker", format!("#!/bin/sh\necho '{said}' >&2\nexit 1\n"));
        for args in [&["sizes"][..], &["sizes", "--exact"], &["build"], &["test"], &["why", "hello-c.gcc"]] {
            let run = fake.case.run(args.iter().chain(&["--docker", "engine/docker"]));
            assert_eq!((run.code(), run.stdout().as_str()), (2, ""), "{args:?}");
            let stderr = run.stderr();
            assert!(
                stderr.starts_with("error: `engine/docker version` failed (exit status: 1): ") && stderr.contains(said),
                "{stderr}"
            );
            let end = "; the engine and its command line speak different versions of the API: update the older one, or set or unset `DOCKER_API_VERSION`\n";
            assert!(stderr.ends_with(end), "{stderr}");
        }
    }
}

#[test]
fn whoever_may_not_use_the_engines_socket_is_told_so() {
    let said = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
    let fake = sample().file("engine/docker", format!("#!/bin/sh\necho '{said}' >&2\nexit 1\n"));
    let run = fake.run(&[]);
    let end = format!(
        "{said}; you have no permission to use its socket: join the group that owns the socket (`docker`), or use `sudo`\n"
    );
    assert!(run.code() == 2 && run.stderr().ends_with(&end), "{}", run.stderr());
}

#[test]
fn there_is_one_error_when_there_is_no_engine() {
    let run = sample().case.run(["sizes", "--docker", "./nowhere"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert_eq!(run.stderr().lines().count(), 1, "{}", run.stderr());
    assert!(run.stderr().contains("there is no such program"), "{}", run.stderr());
}

#[test]
fn an_image_that_is_removed_meanwhile_or_answers_that_make_no_sense_are_an_error() {
    let fake = sample();
    fs::remove_file(fake.case.at("engine/sha256:2.history")).unwrap();
    assert_eq!(fake.run(&[]).code(), 2);
    for (file, nonsense) in [
        ("sha256:2.history", "{\"Size\": \"12 kB\"}"),
        ("sha256:2.history", "json\n"),
        ("sha256:2.inspect", "{}"),
        ("sha256:2.inspect", "{}, {}"),
        ("sha256:2.inspect", "{\"Size\": -1}"),
        ("sha256:2.inspect", "\u{0}"),
    ] {
        let run = sample().file(&format!("engine/{file}"), nonsense).run(&[]);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""), "{nonsense}");
        let stderr = run.stderr();
        assert!(stderr.contains("cannot read its answer ("), "{stderr}");
        assert!(!stderr.trim_end().contains(char::is_control), "{stderr}");
    }
}

#[test]
fn podmans_way_to_answer_is_understood() {
    let history = r#"[{"id":"2","CreatedBy":"COPY","size":16000},{"id":"1","CreatedBy":"ADD","size":113000000}]"#;
    let fake = Fake::of(&["hello-c.gcc"])
        .image("hello-c.gcc", "sha256:1", &[("base", 113_000_000), ("hello", 16_000)])
        .file("engine/sha256:1.history", history)
        .file("engine/ls", "localhost/minimage\thello-c.gcc\tsha256:1\t113 MB\n");
    let shown = fake.run(&["--format", "csv"]).stdout();
    assert!(shown.ends_with("sha256:1,113016000,113016000,0,0,,\n"), "{shown}");
}

#[test]
fn hostile_words_of_an_engine_control_no_terminal_in_any_format() {
    let id = "sha256:\u{1b}]0;x\u{7}|<b>`*\u{202e}&\"'";
    let escaped = serde_id(id);
    let fake = Fake::of(&["hello-c.gcc"])
        .image("hello-c.gcc", "1", &[("base", 5_000)])
        .file("engine/ls", format!("minimage\thello-c.gcc\t{id}\t5kB\n"))
        .file("engine/docker", ENGINE.replace("$id.", "1."));
    for format in ["table", "json", "markdown", "csv", "svg", "html", "metrics"] {
        let run = fake.run(&["--format", format]);
        let (code, stdout) = (run.code(), run.stdout());
        assert_eq!(code, 0, "{format}: {}", run.stderr());
        assert!(!stdout.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{format}: {stdout}");
        if format == "json" {
            assert!(stdout.contains(&escaped), "{stdout}");
        }
    }
}

/// `id` as JSON has it.
fn serde_id(id: &str) -> String {
    let json = serde_json::to_string(id).unwrap();
    json.replace('\u{202e}', "\\u202e")
}

#[test]
fn the_engine_can_be_named_by_the_environment() {
    let fake = sample();
    let engine = fake.case.at("engine/docker");
    assert!(Path::new(&engine).is_absolute());
    let output = fake.case.command(["sizes"]).env("MKCOMPOSE_DOCKER", &engine).output().unwrap();
    Run::of(output).expect(0, TABLE, "");
}

#[test]
fn a_reader_of_metrics_reads_a_number_for_each_image() {
    let Some(mut python) = tool("python3", &["-c", "import prometheus_client.openmetrics.parser"]) else { return };
    let fake = sample();
    let fake = fake.file("metrics.txt", "");
    assert_eq!(fake.run(&["--report", "metrics.txt"]).code(), 0);
    let read = "import sys, prometheus_client.openmetrics.parser as parser
for family in parser.text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples: print(family.type, sample.name, sample.labels.get('service'), int(sample.value))";
    let metrics = fs::File::open(fake.case.at("metrics.txt")).unwrap();
    let output = python.args(["-c", read]).stdin(metrics).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("gauge mkcompose_image_size_bytes hello-c.gcc.scratch 16000\n"), "{said}");
    assert!(said.contains("gauge mkcompose_image_own_bytes hello-c.gcc 1027000000\n"), "{said}");
    assert_eq!(said.lines().count(), 3 + 3 + 1, "{said}");
}
