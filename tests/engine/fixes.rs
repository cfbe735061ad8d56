//! The lines that `mkcompose why` offers for images of which no service is an example: each is added, built and run.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::{run, scratch};
use crate::engine::{docker, four_at_a_time, turn};

/// A name, the Dockerfile, and how many of its fixes are tried: those that add a line. One that names another base is not.
const CASES: &[(&str, &str, usize)] = &[
    ("variable", "FROM debian\nENV APP=/bin/true\nCMD [\"$APP\", \"x\"]\n", 1),
    (
        "variable-in-a-shell",
        "FROM debian\nRUN mkdir -p /root && cp /bin/true /root/run\nCMD [\"${HOME}/run\", \"x\"]\n",
        1,
    ),
    ("gzip", "FROM debian\nRUN gzip -c /bin/true > /app && chmod 755 /app\nCMD [\"/app\"]\n", 1),
    (
        "lfs",
        "FROM debian\nRUN printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:0\\n' > /app && chmod 755 /app\nCMD [\"/app\"]\n",
        0,
    ),
    ("html", "FROM debian\nRUN printf '<!DOCTYPE html>\\n<html>' > /app && chmod 755 /app\nCMD [\"/app\"]\n", 0),
    ("hidden-shell", "FROM debian\nRUN rm /bin && /usr/bin/mkdir /bin\nCMD exit 0\n", 1),
    (
        "hidden-interpreter",
        "FROM debian\nRUN printf '#!/bin/sh\\n' > /app && chmod 755 /app\nRUN rm /bin && /usr/bin/mkdir /bin\nCMD [\"/app\"]\n",
        1,
    ),
    (
        "other-workdir",
        "FROM debian\nWORKDIR /srv/deep\nRUN cp /bin/true app\nWORKDIR /other\nCMD [\"./app\", \"x\"]\n",
        1,
    ),
    ("json", "FROM debian\nCMD ['true', 'x']\n", 1),
    ("json-comma", "FROM alpine\nENTRYPOINT [\"true\", \"x\",]\n", 1),
    ("one-option", "FROM debian\nRUN printf '#!/bin/sh -e -u\\ntrue\\n' > /app && chmod 755 /app\nCMD [\"/app\"]\n", 1),
    (
        "one-option-with-value",
        "FROM debian\nRUN printf '#!/bin/bash -e -o pipefail\\ntrue\\n' > /app && chmod 755 /app\nCMD [\"/app\"]\n",
        1,
    ),
    (
        "runs-itself",
        "FROM debian\nRUN printf '#!/usr/bin/env A=1 bash\\ntrue\\n' > /app && chmod 755 /app\nCMD [\"/app\"]\n",
        1,
    ),
    ("windows", "FROM debian\nRUN printf 'set -e\\r\\ntrue\\r\\n' > /app.sh\nCMD [\"sh\", \"/app.sh\"]\n", 1),
    (
        "gosu",
        "FROM debian\nRUN printf '#include <unistd.h>\\n' > /dev/null && cp /usr/bin/timeout /usr/local/bin/gosu\nUSER 1000\nCMD [\"gosu\", \"5\", \"true\"]\n",
        2,
    ),
];

#[test]
#[ignore = "needs a Docker engine"]
fn each_line_that_is_offered_mends_the_image() {
    let _turn = turn();
    let folder = scratch().join("fixes");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let wrong = four_at_a_time(CASES, |(name, text, count)| {
        let mut wrong = Vec::new();
        let build = |step: &str, text: &str| {
            let file = folder.join(format!("Dockerfile.{name}.{step}"));
            fs::write(&file, text).unwrap();
            let tag = format!("minimage-fixes:{name}.{step}");
            let (file, context) = (file.to_str().unwrap(), folder.to_str().unwrap());
            docker(&format!("fixes.build.{name}.{step}"), &["build", "--file", file, "--tag", &tag, context])
                .succeeds();
            tag
        };
        let tag = build("broken", text);
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkcompose"));
        let ran = run(&format!("fixes.why.{name}"), command.args(["why", "--format", "json", &tag]));
        assert!(ran.code == Some(1), "{}", ran.failure("should find something"));
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let fixes = document["images"][0]["findings"][0]["fixes"].as_array().unwrap();
        let lines =
            fixes.iter().map(|fix| serde_json::from_value::<Vec<String>>(fix["lines"].clone()).unwrap().join("\n"));
        let lines: Vec<_> = lines.filter(|lines| !lines.starts_with("FROM ")).collect();
        if lines.len() != *count {
            wrong.push(format!("{name}: {count} fixes expected, offered: {lines:?}"));
        }
        let mut tags = vec![tag];
        for (number, lines) in lines.iter().enumerate() {
            let tag = build(&number.to_string(), &format!("{text}{lines}\n"));
            let ran = docker(&format!("fixes.run.{name}.{number}"), &["run", "--rm", &tag]);
            if ran.code != Some(0) {
                wrong.push(format!("{name} with\n{lines}\n{}", ran.failure("should work")));
            }
            tags.push(tag);
        }
        let remove: Vec<_> = ["rmi", "--force"].into_iter().chain(tags.iter().map(String::as_str)).collect();
        docker(&format!("fixes.remove.{name}"), &remove);
        wrong
    });
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{} fixes do not help\n{}", wrong.len(), wrong.join("\n\n"));
}
