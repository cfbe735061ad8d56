//! The reader held against `BuildKit` itself, which parses a Dockerfile without building anything: both must take or refuse
//! the same texts, and find the same stages on the same lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::read;
use crate::parallel::in_parts;

/// How many Dockerfiles are made.
const GENERATED: usize = 300;

/// The stages of a Dockerfile: the line and the name of each. `None` if it is refused.
type Stages = Option<Vec<(usize, Option<String>)>>;

fn ours(text: &str) -> Stages {
    let parsed = read(text).ok()?;
    Some(parsed.stages.into_iter().map(|stage| (stage.line, stage.name)).collect())
}

/// What `docker buildx build --call=targets` says of the Dockerfile in `folder`.
fn buildkits(docker: &str, folder: &Path) -> (Stages, String) {
    let mut command = Command::new(docker);
    command.args(["buildx", "build", "--call=targets,format=json", "--progress=quiet", "."]).current_dir(folder);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        // An engine that does not answer is no judge.
        let is_refusal =
            ["dockerfile parse error", "failed to solve", "invalid escape token"].iter().any(|w| said.contains(w));
        assert!(is_refusal, "{said}");
        return (None, said);
    }
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stage = |target: &serde_json::Value| {
        let line = target["location"]["ranges"][0]["start"]["line"].as_u64().unwrap();
        (usize::try_from(line).unwrap(), target["name"].as_str().map(str::to_owned))
    };
    (Some(answer["targets"].as_array().unwrap().iter().map(stage).collect()), said)
}

/// Instructions, most of which stand well anywhere.
const SOUND: [&str; 51] = [
    "FROM alpine\n",
    "FROM alpine AS a\n",
    "from alpine as B-1.x\n",
    "FROM \\\n  alpine \\\n# note\n\n  AS c\n",
    "FROM --platform=$BUILDPLATFORM golang AS d\n",
    "ARG V=1-2\n",
    "ARG V\nARG W=a X=\"b c\"\n",
    "FROM alpine:${V%%-*}\n",
    "FROM alpine:${V#1} AS e\n",
    "FROM ${V//a/b}x\n",
    "FROM alpine:${V:-latest}\n",
    "FROM ${V:+alpine}\n",
    "RUN a \\\n\n\n# x\n b\n",
    "RUN a \\ \t\n b\n",
    "RUN a \\\\\n",
    "RUN [\"a\", \"b\"]\n",
    "RUN [\"a\", ]\n",
    "CMD ['a']\n",
    "CMD [\"a\"] x\n",
    "COPY [\"a b\", \"/\"]\n",
    "COPY $V ${W:-x} /d/\n",
    "ADD https://example.org/x /x\n",
    "ONBUILD COPY . .\n",
    "ENV A=1 B=\"x y\" C='$V'\n",
    "ENV A b c\n",
    "LABEL a=b \\\n  c=\"d e\"\n",
    "EXPOSE 80 $V/tcp\n",
    "VOLUME [\"/x\"]\n",
    "USER $V\n",
    "USER a b\n",
    "WORKDIR /a b\n",
    "STOPSIGNAL SIGTERM\n",
    "SHELL [\"sh\", \"-c\"]\n",
    "HEALTHCHECK NONE\n",
    "HEALTHCHECK CMD\n",
    "MAINTAINER x y\n",
    "# note\n",
    "#\n",
    "\n",
    "   \n",
    "\tRUN indented\n",
    "RUN a # b\n",
    "RUN echo \"\\\n# in a string\n\"\n",
    "ENTRYPOINT []\n",
    "CMD\n",
    "RUN\n",
    "RUN echo <<<EOF\n",
    "RUN x=$((1<<2))\n",
    "RUN cat <<EOF\"X\"\nEOFX\n",
    "RUN \"<<EOF\"\n",
    "RUN echo '<<EOF'\n",
];

/// Instructions that are refused wherever they stand.
const BROKEN: [&str; 25] = [
    "FROM a\n",
    "FROM ${V/1/2}\n",
    "FROM $V as\n",
    "FROM alpine as 1\n",
    "FROM alpine AS \n",
    "RUN a `\n b\n",
    "COPY [\"a b\"]\n",
    "COPY a\n",
    "COPY https://example.org/x /x\n",
    "ONBUILD FROM x\n",
    "ONBUILD ONBUILD RUN x\n",
    "ENV A\n",
    "LABEL a\n",
    "EXPOSE\n",
    "VOLUME []\n",
    "STOPSIGNAL a b\n",
    "SHELL sh\n",
    "SHELL []\n",
    "HEALTHCHECK NONE x\n",
    "HEALTHCHECK x\n",
    "FORM x\n",
    "HEALTHCHECK --interval=1s --interval=2s CMD x\n",
    "RUN <<EOF\nno end\n",
    "COPY <<EOF <<E /x/\nEOF\nE\n",
    "RUN cat <<E\\ F\nE F\n",
];

/// Flags, each of which some instruction has.
const FLAGS: [&str; 19] = [
    "--link",
    "--link=false",
    "--from=$V",
    "--chown=1:1",
    "--chmod=755",
    "--chmod=u+x",
    "--what",
    "--link --link",
    "--keep-git-dir=true",
    "--checksum=sha256:00",
    "--network=none",
    "--mount=type=bind,target=/x",
    "--security=insecure",
    "--platform=linux/amd64",
    "--interval=5s",
    "--retries=x",
    "--",
    "--unpack",
    "--link=yes",
];

/// One instruction or what stands between two, with the lines that belong to it.
fn piece() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec!["EOF", "E", "a.txt", "END_1"]);
    let quote = prop::sample::select(vec!["", "", "'", "\""]);
    let before = prop::sample::select(vec!["<<", "<<-", "<< ", "3<<", "<<- "]);
    let keyword = prop::sample::select(vec![
        "RUN",
        "RUN cat",
        "RUN --mount=type=cache,target=/x sh",
        "COPY",
        "ADD --chown=1",
        "ONBUILD RUN",
        "run python3 -",
    ]);
    let after = prop::sample::select(vec!["", " /x", " > /f", " && echo \\\n# note\n  more", " <<SECOND", " | sh \\"]);
    let body = prop::sample::select(vec![
        "",
        "FROM no\n",
        "\tindented\n",
        "# comment\n",
        "\\\n",
        "SECOND\n",
        "$X ${Y}\n",
        "EOF \n",
        "\n\n",
        "line \\\n",
    ]);
    let end = prop::sample::select(vec!["", "\t", " "]);
    let here = (keyword, before, quote, word, after, prop::collection::vec(body, 0..4), end).prop_map(
        |(keyword, before, quote, word, after, body, end)| {
            let second = if after.contains("SECOND") { "x\nSECOND\n" } else { "" };
            format!("{keyword} {before}{quote}{word}{quote}{after}\n{}{end}{word}\n{second}", body.concat())
        },
    );
    let flagged = (
        prop::sample::select(vec!["COPY", "ADD", "RUN", "FROM", "HEALTHCHECK", "CMD"]),
        prop::sample::select(&FLAGS[..]),
    )
        .prop_map(|(keyword, flag)| {
            let rest = if keyword == "HEALTHCHECK" { "CMD true" } else { "b /c" };
            let rest = if keyword == "FROM" { "b" } else { rest };
            format!("{keyword} {flag} {rest}\n")
        });
    prop_oneof![12 => prop::sample::select(&SOUND[..]).prop_map(str::to_owned), 6 => here, 1 => flagged, 1 => prop::sample::select(&BROKEN[..]).prop_map(str::to_owned)]
}

/// A Dockerfile that `BuildKit` takes more often than not.
fn dockerfile() -> impl Strategy<Value = String> {
    let top = prop::sample::select(vec![
        "",
        "",
        "",
        "\u{feff}",
        "# syntax=docker/dockerfile:1\n",
        "# escape=`\n",
        "# check=skip=all\n# escape=\\\n",
        "# note\n# escape=`\n",
        "#escape = `\n#escape = `\n",
        "# escape=x\n",
        "\n# escape=`\n",
        "ARG V=1-2\n",
        "#syntax\n# escape=`\n",
        // With the word `syntax`, BuildKit would fetch a frontend.
        "// note=x\n",
        "# unknown=x\n# escape=`\n",
    ]);
    (top, prop::collection::vec(piece(), 1..5), any::<bool>(), any::<bool>()).prop_map(|(top, pieces, crlf, cut)| {
        let text = format!("{top}FROM alpine AS first\n{}FROM scratch\n", pieces.concat());
        // Directives of the frontend would have it fetched.
        let text = text.replace("# syntax=docker/dockerfile:1\n", "# note\n");
        let text = if crlf && pieces.len() == 1 { text.replace('\n', "\r\n") } else { text };
        if cut { text.trim_end().to_owned() } else { text }
    })
}

/// The Dockerfiles of this repository and the made ones, each with a name to find it by.
fn texts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut texts: Vec<_> =
        paths.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect();
    let mut runner = TestRunner::deterministic();
    for number in 0..GENERATED {
        let text = dockerfile().new_tree(&mut runner).unwrap().current();
        texts.push((format!("made {number}"), text));
    }
    texts
}

#[test]
#[ignore = "needs a Docker engine"]
fn buildkit_takes_the_same_texts_and_finds_the_same_stages() {
    let docker = std::env::var("MINIMAGE_OVERLAY2_DOCKER").expect("start one with eval \"$(.ci/current-engines)\"");
    // Below /tmp, which that engine's client sees too.
    let folder = tempfile::Builder::new().prefix("mkcompose-syntax-").tempdir_in("/tmp").unwrap();
    let texts = texts();
    let numbered: Vec<_> = texts.iter().enumerate().collect();
    let parts = in_parts(&numbered, |part| {
        let mut taken = 0;
        let mut wrong = Vec::new();
        for (number, (name, text)) in part {
            let folder = folder.path().join(number.to_string());
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("Dockerfile"), text).unwrap();
            let (theirs, said) = buildkits(&docker, &folder);
            taken += usize::from(theirs.is_some());
            if theirs != ours(text) {
                wrong.push(format!(
                    "{name}: {text:?}\n  BuildKit {theirs:?}\n  here {:?}\n  {said}",
                    read(text).map(|_| ours(text))
                ));
            }
        }
        (taken, wrong)
    });
    let taken: usize = parts.iter().map(|(taken, _)| taken).sum();
    let wrong: Vec<_> = parts.into_iter().flat_map(|(_, wrong)| wrong).collect();
    println!("{} Dockerfiles, of which BuildKit takes {taken}; {} are read otherwise here", texts.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Neither the sound nor the broken ones are all.
    assert!(taken > texts.len() / 3 && taken < texts.len(), "{taken}");
}
