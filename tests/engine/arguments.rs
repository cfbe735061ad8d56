//! What interpreters and wrappers are given: what `mkcompose why` says of an image before it runs, held against what happens.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::{run, scratch};
use crate::engine::{docker, four_at_a_time, turn};
use crate::why::tell;

/// What must be said, and then happen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// Nothing is found, and it exits 0.
    Works,
    /// Nothing is found, and it fails: what the program itself does is not known before.
    Silent,
    /// This finding alone, and it does not exit 0.
    Fails(&'static str),
    /// This finding alone, and it does not end.
    Hangs(&'static str),
}

/// A name, the base image, the lines after FROM, and what is expected.
pub(crate) type Case = (&'static str, &'static str, &'static str, Expected);

use Expected::{Fails, Hangs, Silent, Works};

const ARGUMENT: Expected = Fails("argument-missing");
const COMMAND: Expected = Fails("command-not-in-path");
const MISSING: Expected = Fails("command-missing");

/// The build context has `app.py` and `app.sh`, which
/// exit 0, and `Main.class`, which prints something.
const CASES: &[Case] = &[
    ("python", "python:slim", "COPY app.py /app/\nWORKDIR /app\nCMD [\"python3\", \"-u\", \"app.py\"]", Works),
    ("python-elsewhere", "python:slim", "COPY app.py /\nWORKDIR /app\nCMD [\"python3\", \"-u\", \"app.py\"]", ARGUMENT),
    ("python-absent", "python:slim", "CMD [\"python3\", \"/gone.py\"]", ARGUMENT),
    (
        "python-option-with-value",
        "python:slim",
        "COPY app.py /\nCMD [\"python3\", \"-W\", \"ignore\", \"-X\", \"dev\", \"/app.py\"]",
        Works,
    ),
    ("python-option-absent", "python:slim", "CMD [\"python3\", \"-W\", \"ignore\", \"/gone.py\"]", ARGUMENT),
    ("python-attached", "python:slim", "CMD [\"python3\", \"-Wignore\", \"-Bu\", \"/gone.py\"]", ARGUMENT),
    ("python-code", "python:slim", "CMD [\"python3\", \"-c\", \"pass\", \"/gone.py\"]", Works),
    ("python-module", "python:slim", "CMD [\"python3\", \"-m\", \"this\", \"/gone.py\"]", Works),
    ("python-module-attached", "python:slim", "CMD [\"python3\", \"-umthis\"]", Works),
    ("python-version", "python:slim", "CMD [\"python3\", \"--version\", \"/gone.py\"]", Works),
    (
        "python-link",
        "python:slim",
        "COPY app.py /real/\nRUN ln -s /real /app\nCMD [\"python3\", \"/app/app.py\"]",
        Works,
    ),
    ("python-broken-link", "python:slim", "RUN ln -s /gone.py /app.py\nCMD [\"python3\", \"/app.py\"]", ARGUMENT),
    ("python-folder-without-main", "python:slim", "RUN mkdir /app\nCMD [\"python3\", \"/app\"]", Silent),
    ("python-shell-form", "python:slim", "CMD python3 -u /gone.py", ARGUMENT),
    ("python-shell-form-there", "python:slim", "COPY app.py /\nCMD python3 -u /app.py", Works),
    ("python-entrypoint-and-cmd", "python:slim", "ENTRYPOINT [\"python3\"]\nCMD [\"/gone.py\"]", ARGUMENT),
    ("python-exec", "python:slim", "CMD exec python3 /gone.py", ARGUMENT),
    ("env", "python:slim", "CMD [\"env\", \"A=1\", \"python3\", \"/gone.py\"]", ARGUMENT),
    (
        "env-there",
        "python:slim",
        "COPY app.py /\nCMD [\"env\", \"-u\", \"A\", \"A=1\", \"python3\", \"/app.py\"]",
        Works,
    ),
    ("timeout", "python:slim", "CMD [\"timeout\", \"-k\", \"1\", \"5\", \"hallo\"]", COMMAND),
    ("timeout-there", "python:slim", "CMD [\"timeout\", \"--signal=TERM\", \"5\", \"true\"]", Works),
    ("nice", "python:slim", "CMD [\"nice\", \"-n\", \"5\", \"/gone\"]", MISSING),
    ("nice-there", "python:slim", "CMD [\"nice\", \"-n\", \"5\", \"true\"]", Works),
    ("nohup", "python:slim", "CMD [\"nohup\", \"hallo\"]", COMMAND),
    ("setsid", "python:slim", "CMD [\"setsid\", \"--wait\", \"hallo\"]", COMMAND),
    ("setsid-there", "python:slim", "CMD [\"setsid\", \"-w\", \"true\"]", Works),
    ("setsid-forks", "python:slim", "CMD [\"setsid\", \"/gone\"]", Works),
    ("stdbuf", "python:slim", "CMD [\"stdbuf\", \"-oL\", \"hallo\"]", COMMAND),
    ("stdbuf-there", "python:slim", "CMD [\"stdbuf\", \"-o\", \"L\", \"true\"]", Works),
    ("setpriv", "python:slim", "CMD [\"setpriv\", \"--reuid=1000\", \"hallo\"]", COMMAND),
    ("setpriv-there", "python:slim", "CMD [\"setpriv\", \"--reuid=1000\", \"--clear-groups\", \"true\"]", Works),
    (
        "nested",
        "python:slim",
        "CMD [\"nice\", \"timeout\", \"5\", \"env\", \"A=1\", \"python3\", \"/gone.py\"]",
        ARGUMENT,
    ),
    (
        "nested-there",
        "python:slim",
        "COPY app.py /\nCMD [\"nice\", \"timeout\", \"5\", \"env\", \"A=1\", \"python3\", \"/app.py\"]",
        Works,
    ),
    ("sh", "alpine", "COPY app.sh /\nCMD [\"sh\", \"-e\", \"/app.sh\"]", Works),
    ("sh-absent", "alpine", "CMD [\"sh\", \"-e\", \"/gone.sh\"]", ARGUMENT),
    ("sh-o", "alpine", "COPY app.sh /\nCMD [\"sh\", \"-o\", \"errexit\", \"/app.sh\"]", Works),
    ("sh-in-workdir", "debian", "COPY app.sh /app/\nWORKDIR /app\nCMD [\"sh\", \"app.sh\"]", Works),
    ("bash-absent", "debian", "CMD [\"bash\", \"--norc\", \"-eu\", \"gone.sh\"]", ARGUMENT),
    ("bash-on-path", "debian", "COPY app.sh /usr/bin/app.sh\nCMD [\"bash\", \"app.sh\"]", Works),
    ("java", "openjdk:jre", "COPY Main.class /app/\nCMD [\"java\", \"-Xmx64m\", \"-cp\", \"/app\", \"Main\"]", Works),
    ("java-class-absent", "openjdk:jre", "WORKDIR /app\nCMD [\"java\", \"-cp\", \"/app\", \"Main\"]", ARGUMENT),
    ("java-jar-absent", "openjdk:jre", "CMD [\"java\", \"-Xmx64m\", \"-jar\", \"app.jar\"]", ARGUMENT),
    ("java-jar-shell-form", "openjdk:jre", "CMD exec java -Da=b -jar /app.jar", ARGUMENT),
    (
        "java-source",
        "openjdk:11",
        "RUN echo 'class H { public static void main(String[] a) { System.out.println(1); } }' > /H\nCMD [\"java\", \"--source\", \"11\", \"/H\"]",
        Works,
    ),
    ("java-version", "openjdk:jre", "CMD [\"java\", \"-version\"]", Works),
    ("perl", "debian", "CMD [\"perl\", \"-w\", \"/gone.pl\"]", ARGUMENT),
    ("perl-code", "debian", "CMD [\"perl\", \"-we\", \"exit 0\"]", Works),
    ("perl-there", "debian", "RUN echo 'exit 0;' > /a.pl\nCMD [\"perl\", \"-T\", \"/a.pl\"]", Works),
];

/// The program whose class the cases of Java have.
const MAIN: &str =
    "public class Main { public static void main(String[] args) { System.out.println(args.length); } }\n";

#[test]
#[ignore = "needs a Docker engine"]
fn what_is_said_of_arguments_and_wrappers_before_is_what_happens() {
    compare("arguments", CASES);
}

/// How long a container is given to end, in seconds.
const PATIENCE: u64 = 5;

/// Builds an image of each case, looks at all of them, and runs each.
pub(crate) fn compare(table: &str, cases: &[Case]) {
    let _turn = turn();
    let folder = scratch().join(table);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("app.py"), "print('ran')\n").unwrap();
    fs::write(folder.join("app.sh"), "echo ran\n").unwrap();
    fs::write(folder.join("Main.java"), MAIN).unwrap();
    fs::write(folder.join("classes"), "FROM openjdk:11\nCOPY Main.java /\nRUN javac -d / /Main.java\n").unwrap();
    let context = folder.to_str().unwrap();
    let build = |name: &str, file: &str, tag: &str| {
        docker(&format!("{table}.build.{name}"), &["build", "--file", file, "--tag", tag, context]).succeeds();
    };
    let classes = format!("minimage-{table}:classes");
    if cases.iter().any(|(_, _, lines, _)| lines.contains("Main.class")) {
        build("classes", folder.join("classes").to_str().unwrap(), &classes);
    }
    let tag_of = |name: &str| format!("minimage-{table}:{name}");
    let tags: Vec<_> = cases.iter().map(|(name, ..)| tag_of(name)).collect();
    four_at_a_time(cases, |(name, base, lines, _)| {
        let lines = lines.replace("COPY Main.class", &format!("COPY --from={classes} /Main.class"));
        let file = folder.join(format!("Dockerfile.{name}"));
        fs::write(&file, format!("FROM {base}\n{lines}\n")).unwrap();
        build(name, file.to_str().unwrap(), &tag_of(name));
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
    let ran = run(&format!("{table}.why"), command.args(["why", "--format", "json"]).args(&tags));
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.failure("should look at every image"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let said = |tag: &str| -> Vec<String> {
        let images = document["images"].as_array().unwrap();
        let image = images.iter().find(|image| image["name"] == *tag).unwrap();
        let certain = image["findings"].as_array().unwrap().iter().filter(|finding| finding["certainty"] == "certain");
        certain.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    };
    let disagreements = four_at_a_time(cases, |(name, _, _, expected)| {
        let tag = tag_of(name);
        let (happened, as_expected) = started(&format!("{table}.run.{name}"), &tag, *expected);
        let wanted = match expected {
            Works | Silent => Vec::new(),
            Fails(id) | Hangs(id) => vec![(*id).to_owned()],
        };
        let said = said(&tag);
        (said != wanted || !as_expected).then(|| format!("{name}: said {said:?}, expected {expected:?}, {happened}"))
    });
    let wrong: Vec<_> = disagreements.into_iter().flatten().collect();
    tell(table, wrong.len(), cases.len());
    let mut remove = vec!["rmi", "--force", classes.as_str()];
    remove.extend(tags.iter().map(String::as_str));
    docker(&format!("{table}.remove"), &remove);
    assert!(wrong.is_empty(), "{} of {} disagree\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What happens when an image is run, and whether that is as expected.
fn started(step: &str, tag: &str, expected: Expected) -> (String, bool) {
    if !matches!(expected, Hangs(_)) {
        let ran = docker(step, &["run", "--rm", tag]);
        return (
            format!("ended {:?}: {}", ran.code, ran.output().trim()),
            (ran.code == Some(0)) == matches!(expected, Works),
        );
    }
    let name = step.replace('.', "-");
    docker(step, &["run", "--detach", "--name", &name, tag]);
    std::thread::sleep(std::time::Duration::from_secs(PATIENCE));
    let state = docker(&format!("{step}.state"), &["inspect", "--format", "{{.State.Status}}", &name]);
    docker(&format!("{step}.remove"), &["rm", "--force", &name]);
    (format!("is {}", state.stdout.trim()), state.stdout.trim() == "running")
}
