//! Commands of mkcompose in the documents: each is run in a shell, in a repository of git with engines that are scripts. Of those
//! between words only the flags are looked at. What a command prints is held by `readme.rs` and `tests/engine/readme.rs`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::error::ErrorKind;
use regex::Regex;
use serde_json::Value;

use crate::case::MKCOMPOSE;
use crate::make::{CONFIG, docker_old, file, tar};
use crate::sample::Sample;
use crate::since::git::Repo;
use crate::sizes;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Each document with its path.
fn documents() -> Vec<(String, String)> {
    let docs = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let mut paths: Vec<_> =
        docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap())).collect();
    paths.retain(|path| path.ends_with(".md"));
    paths.push("README.md".to_owned());
    paths.sort();
    let read = |path: String| {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// The blocks of code of a document, fenced or indented.
pub fn blocks(document: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut fenced = false;
    for line in document.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
            blocks.push(String::new());
        } else if let Some(code) = if fenced { Some(line) } else { line.strip_prefix("    ") } {
            let block = blocks.last_mut().unwrap();
            block.extend([code, "\n"]);
        } else if !line.is_empty() {
            blocks.push(String::new());
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// What is at `run`, `script` or `before_script` anywhere in a workflow or a pipeline, each as one script.
fn steps(value: &Value, found: &mut Vec<String>) {
    let children: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| ["run", "script", "before_script"].contains(&key.as_str()))
            {
                match value {
                    Value::String(script) => found.push(script.clone()),
                    Value::Array(lines) => found.extend(lines.iter().filter_map(Value::as_str).map(str::to_owned)),
                    other => panic!("{key}: {other}"),
                }
            }
            map.values().collect()
        }
        _ => Vec::new(),
    };
    for child in children {
        steps(child, found);
    }
}

/// The scripts of a document in which mkcompose is run.
fn scripts(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in blocks(document) {
        let typed: Vec<_> = block.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
        let parsed = serde_yaml::from_str::<Value>(&block).ok().filter(|value| value.is_array() || value.is_object());
        match parsed {
            _ if !typed.is_empty() => found.extend(typed.into_iter().map(str::to_owned)),
            Some(parsed) => steps(&parsed, &mut found),
            None => found.extend(block.lines().map(str::to_owned)),
        }
    }
    let is_run = Regex::new(r"(?m)(^|[|;&(] *)mkcompose( |$)").unwrap();
    found.retain(|script| is_run.is_match(script));
    found
}

/// A script with what its reader puts in.
fn filled(script: &str) -> String {
    let words = [
        ("${{ matrix.services }}", "web"),
        ("${{ matrix.shard }}", "1"),
        ("${{ strategy.job-total }}", "1"),
        ("[IMAGE…]", ""),
        ("IMAGE…", "web"),
        ("FILE", "\"$HOME/image.tar\""),
    ];
    let script = words.into_iter().fold(script.to_owned(), |script, (word, value)| script.replace(word, value));
    assert!(!script.contains("${{"), "what is it in the test? {script}");
    // In a list of commands, what each does stands beside it.
    if script.trim_end().contains('\n') { script } else { script.split("   ").next().unwrap().to_owned() }
}

/// A repository under git, in which a document's commands make sense, and the engines.
fn repository() -> Repo {
    let services = ["web", "hello-c.gcc.scratch", "hello-c.gcc.ubuntu"];
    let repo = Repo::of(&[("README.md", "1")]);
    for service in services {
        repo.write(format!("dockerfiles/Dockerfile.{service}"), "FROM scratch\nCOPY made /\n");
    }
    repo.write("dockerfiles/made", "");
    repo.commit();
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.write("dockerfiles/made", "2");
    repo.commit();
    repo.write("matrix.json", r#"{"include":[{"shard":1,"level":0,"services":"web"}]}"#);

    let archive = tar(&docker_old(&[tar(&[file("hello", Sample::program().bytes()).mode(0o755)])], false));
    let listed = services.map(|service| format!("minimage\t{service}\tsha256:1\t3B\n")).concat();
    let inspected = r#"{"Id": "sha256:1", "Size": 3, "RootFS": {"Layers": ["sha256:0000000000000000000000000000000000000000000000000000000000000001"]}}"#;
    let configuration =
        CONFIG.replace("DIFFS", r#"["sha256:0000000000000000000000000000000000000000000000000000000000000001"]"#);
    let sized = tar(&[
        file("0.json", configuration),
        file("1/layer.tar", tar(&[file("f", "abc")])),
        file("manifest.json", r#"[{"Config":"0.json","RepoTags":null,"Layers":["1/layer.tar"]}]"#),
    ]);
    // Each question to its own engine; that of `why` saves one image.
    let program = format!(
        "#!/bin/sh
        echo \"$*\" >>\"$HOME/ran\"
        case \" $* \" in *' sizes '*) engine=sizes ;; *' why '*) engine=why ;; *) engine=run ;; esac
        MKCOMPOSE_DOCKER=$HOME/$engine/docker exec {MKCOMPOSE} \"$@\"\n"
    );
    let saves = "#!/bin/sh\n[ \"$1\" != save ] || cat \"$HOME/image.tar\"\n";
    let Repo { case } = repo;
    let case = case
        .file("home/bin/mkcompose", program)
        .file("home/bin/docker", saves)
        .file("home/why/docker", saves)
        .file("home/image.tar", archive)
        .file("home/run/docker", include_str!("matrix/docker"))
        .file("home/sizes/docker", sizes::ENGINE)
        .file("home/sizes/ls", listed)
        .file("home/sizes/sha256:1.inspect", inspected)
        .file("home/sizes/sha256:1.history", "{\"CreatedBy\":\"COPY\",\"Size\":\"3\"}\n")
        .file(
            "home/sizes/info",
            r#"{"ServerVersion":"28.5.2","Driver":"overlay2","OSType":"linux","Architecture":"x86_64"}"#,
        )
        .file("home/sizes/archive", sized);
    for program in ["bin/mkcompose", "bin/docker", "why/docker", "run/docker", "sizes/docker"] {
        case.mode(Path::new("home").join(program), 0o755);
    }
    Repo { case }
}

#[test]
fn every_command_in_a_block_of_a_document_runs() {
    let mut seen = 0;
    for (path, document) in documents() {
        // Each of these has a repository of its own.
        if path == "docs/MOVE.md" {
            continue;
        }
        let scripts = scripts(&document);
        if scripts.is_empty() {
            continue;
        }
        let repo = repository();
        let home = repo.case.at("home");
        let run = |script: &str| {
            let mut bash = Command::new("bash");
            bash.args(["-e", "-o", "pipefail", "-c", script]).current_dir(repo.at("")).stdin(Stdio::null());
            bash.env("HOME", &home).env("PATH", format!("{}/bin:{}", home.display(), std::env::var("PATH").unwrap()));
            bash.env("GITHUB_OUTPUT", home.join("output")).env("GITHUB_STEP_SUMMARY", home.join("summary"));
            bash.env("CI_MERGE_REQUEST_DIFF_BASE_SHA", "HEAD^1").env("XDG_CACHE_HOME", home.join("cache"));
            bash.env("GIT_CONFIG_NOSYSTEM", "1").env_remove("DOCKER_HOST").env_remove("DOCKER_BUILDKIT");
            bash.output().unwrap()
        };
        if path != "README.md" {
            assert!(run("mkcompose").status.success());
        }
        for script in scripts {
            let _ = fs::remove_file(home.join("ran"));
            let output = run(&filled(&script));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                matches!(output.status.code(), Some(0 | 1)) && !said.contains("error: "),
                "{path}: {script}\n{said}"
            );
            assert!(home.join("ran").exists(), "{path}: {script}");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} commands were seen");
}

#[test]
fn every_command_between_words_has_flags_that_there_are() {
    let code = Regex::new(r"`(mkcompose [a-z-][^`]*)`").unwrap();
    let mut seen = 0;
    for (path, document) in documents() {
        for found in code.captures_iter(&document.replace('\n', " ")).map(|found| found[1].to_owned()) {
            // The flags and the command, up to where the shell or an ellipsis begins.
            let words: Vec<_> =
                found.split_whitespace().take_while(|word| !word.starts_with(['|', '>', '<', '…'])).collect();
            let parsed = mkcompose::command_line().try_get_matches_from(words);
            if let Err(error) = parsed {
                let is_known = !matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand);
                assert!(is_known, "{path}: `{found}`\n{error}");
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} commands were seen");
}

#[test]
fn a_command_is_found_wherever_it_stands() {
    let document = "Text with `mkcompose lint`:\n\n    $ mkcompose list | head\n    mkcompose.yml: written\n\n```yaml\njobs:\n  a:\n    steps:\n    \
                    - run: |\n        x=$(mkcompose matrix)\n        echo \"$x\"\n    - run: echo mkcompose\n```\n\n    cd a && mkcompose why IMAGE…    \
                    what it says\n    docker build -t mkcompose .\n";
    let found = scripts(document);
    assert_eq!(found[..2], ["mkcompose list | head", "x=$(mkcompose matrix)\necho \"$x\"\n"]);
    assert_eq!((filled(&found[2]).trim_end(), found.len()), ("cd a && mkcompose why web", 3));
}
