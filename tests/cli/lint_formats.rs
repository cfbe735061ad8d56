//! `lint --format github`, `--format gitlab` and `--format sarif`: what forges read, whatever is in a name or a Dockerfile.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::{Value, json};

use crate::case::Case;

/// Fails unless `text` is SARIF 2.1.0, also in the formats of its strings; gives the document.
#[track_caller]
fn sarif(text: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schemas/sarif-2.1.0.json");
    // The lone `]` of its pattern for languages is text to JavaScript alone.
    let schema = fs::read_to_string(path).unwrap().replace("[a-zA-Z]{2}]?$", r"[a-zA-Z]{2}\\]?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let document: Value = serde_json::from_str(text).unwrap();
    let wrong: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{text}");
    document
}

/// A Dockerfile that takes `gone`, in the folder `folder`.
fn takes_gone(case: Case, folder: impl AsRef<OsStr>, gone: &str) -> Case {
    let folder = std::path::Path::new(folder.as_ref());
    case.file(folder.join("Dockerfile"), format!("# mkcompose: name=n{}\nFROM a\nCOPY here {gone} /\n", gone.len()))
        .file(folder.join("here"), "")
}

#[test]
fn github_gets_a_command_for_each_finding_from_the_root_of_the_checkout() {
    let case = takes_gone(Case::empty().folder(".git"), "web", "gone");
    let expected = "::error file=web/Dockerfile,line=3,title=missing-copy-source::COPY takes `gone`, which is not in `web`: add it there, or correct the path\n";
    case.run(["lint", "--format", "github"]).expect(1, expected, "1 Dockerfile, 1 finding\n");
    // The runner looks from the root, wherever the program was started.
    for run in [["-C", "web"], ["--dockerfiles", "web"]] {
        let run = case.run([&run[..], &["lint", "--format", "github"]].concat());
        assert!(run.stdout().starts_with("::error file=web/Dockerfile,line=3,"), "{}", run.stdout());
        assert_eq!((run.code(), run.stderr().as_str()), (1, "1 Dockerfile, 1 finding\n"));
    }
    let clean = Case::empty().file("Dockerfile", "FROM a\n");
    clean.run(["lint", "--format", "github"]).expect(0, "", "1 Dockerfile, 0 findings\n");
}

#[test]
fn github_gets_at_most_ten_of_a_level_and_the_number_of_the_rest() {
    let gone = |case: Case, at: usize| {
        case.file(format!("d{at:02}/Dockerfile"), "FROM a:\nCOPY here gone /\n").file(format!("d{at:02}/here"), "")
    };
    let case = (0..12).fold(Case::empty(), gone);
    let run = case.run(["lint", "--format", "github"]);
    let stdout = run.stdout();
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines.len(), 11, "{stdout}");
    assert!(lines[..10].iter().enumerate().all(|(at, line)| line.starts_with(&format!("::error file=d{at:02}/"))));
    let rest = "14 more findings (2 unknown-image, 12 missing-copy-source): `mkcompose lint` lists every finding";
    assert_eq!(lines[10], format!("::notice title=mkcompose lint::{rest}"));
    assert_eq!((run.code(), run.stderr().as_str()), (1, "12 Dockerfiles, 24 findings\n"));
}

/// Folders that would be commands, properties, ends of something or not text at all. A name that is not UTF-8 is only met
/// above the folder that mkcompose is started in.
const HOSTILE: [&[u8]; 6] =
    [b"::error::x", b"a,line=9:%0A%25", b"]]>", b"\x1b[31m\r\n::warning::y", b"caf\xe9", "\u{202e}é".as_bytes()];

#[test]
fn no_name_breaks_out_of_a_command() {
    for folder in HOSTILE {
        let case = takes_gone(
            Case::empty().folder(".git"),
            OsStr::from_bytes(folder),
            "%0A::error::z[x](http://y)]]>\u{202e}",
        );
        let run = case.run(["-C".as_bytes(), folder, b"lint", b"--format", b"github"].map(OsStr::from_bytes));
        let stdout = run.stdout();
        assert_eq!(stdout.lines().count(), 1, "{stdout:?}");
        let (head, message) = stdout.strip_prefix("::error file=").unwrap().split_once("::").unwrap();
        assert!(head.ends_with("/Dockerfile,line=3,title=parse-error"), "{stdout:?}");
        assert_eq!(head.matches(',').count(), 2, "{stdout:?}");
        assert_eq!(
            message,
            "COPY cannot take `%250A::error::z[x](http://y)]]>\\u{202e}`, only ADD can: correct the line\n"
        );
        assert!(!stdout.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'), "{stdout:?}");
        assert_eq!((run.code(), run.stderr().as_str()), (1, "1 Dockerfile, 1 finding\n"));
    }
}

#[test]
fn sarif_is_as_its_schema_has_it_also_without_a_finding() {
    let clean = Case::empty().file("Dockerfile", "FROM a\n").run(["lint", "--format", "sarif"]);
    let document = sarif(&clean.stdout());
    assert_eq!(document["runs"][0]["results"], json!([]));
    assert_eq!((clean.code(), clean.stderr().as_str()), (0, "1 Dockerfile, 0 findings\n"));

    let case = takes_gone(Case::empty().folder(".git"), "web", "gone");
    let run = case.run(["-C", "web", "lint", "--format", "sarif"]);
    let document = sarif(&run.stdout());
    assert_eq!((run.code(), run.stderr().as_str()), (1, "1 Dockerfile, 1 finding\n"));
    let driver = &document["runs"][0]["tool"]["driver"];
    assert_eq!((&driver["name"], &driver["version"]), (&json!("mkcompose"), &json!(env!("CARGO_PKG_VERSION"))));
    let expected = json!({
        "ruleId": "missing-copy-source",
        "ruleIndex": 5,
        "level": "error",
        "message": { "text": "COPY takes `gone`, which is not in `.`: add it there, or correct the path" },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": "web/Dockerfile", "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": 3 }
        } }]
    });
    assert_eq!(document["runs"][0]["results"], json!([expected]));
    assert_eq!(driver["rules"][5]["id"], "missing-copy-source");
    assert!(driver["rules"].as_array().unwrap().iter().all(|rule| !rule["help"]["text"].as_str().unwrap().is_empty()));
}

#[test]
fn sarif_stays_valid_and_names_the_bytes_of_any_path() {
    let uris = [
        "%3A%3Aerror%3A%3Ax",
        "a%2Cline%3D9%3A%250A%2525",
        "%5D%5D%3E",
        "%1B%5B31m%0D%0A%3A%3Awarning%3A%3Ay",
        "caf%E9",
        "%E2%80%AE%C3%A9",
    ];
    for (folder, uri) in HOSTILE.into_iter().zip(uris) {
        let case = takes_gone(Case::empty().folder(".git"), OsStr::from_bytes(folder), "{0}[x](http://y)\u{202e}");
        let run = case.run(["-C".as_bytes(), folder, b"lint", b"--format", b"sarif"].map(OsStr::from_bytes));
        let text = run.stdout();
        assert!(!text.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{text}");
        let document = sarif(&text);
        let result = &document["runs"][0]["results"][0];
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], format!("{uri}/Dockerfile"));
        let message = result["message"]["text"].as_str().unwrap();
        assert_eq!(message, "COPY cannot take `{{0}}[x] (http://y)\\u{{202e}}`, only ADD can: correct the line");
        assert_eq!((run.code(), run.stderr().as_str()), (1, "1 Dockerfile, 1 finding\n"));
    }
}

#[test]
fn no_format_has_an_absolute_path() {
    let case = takes_gone(Case::empty().folder("repository/.git"), "elsewhere", "gone");
    let elsewhere = case.at("elsewhere");
    let flags = [OsStr::new("-C"), OsStr::new("repository"), OsStr::new("--dockerfiles"), elsewhere.as_os_str()];
    for (format, path) in
        [("sarif", "\"uri\": \"../elsewhere/Dockerfile\""), ("github", "file=../elsewhere/Dockerfile,")]
    {
        let run = case.run([&flags[..], &["lint", "--format", format].map(OsStr::new)].concat());
        assert!(run.stdout().contains(path), "{}", run.stdout());
        assert_eq!((run.code(), run.stderr().as_str()), (1, "1 Dockerfile, 1 finding\n"));
    }
}

#[test]
fn a_document_that_is_no_sarif_is_refused() {
    let wrong = [json!({ "version": "2.1.0" }), json!({ "version": "2.1.0", "runs": [{ "results": [] }] })];
    for document in wrong {
        assert!(std::panic::catch_unwind(|| sarif(&document.to_string())).is_err(), "{document}");
    }
}

/// Fails unless `text` is a report of code quality as GitLab reads one: the keys that it demands, and the words and places
/// that it documents.
#[track_caller]
fn code_quality(text: &str) -> Value {
    let schema = json!({
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": "^[^/]"},
                        "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}}
                    }
                }
            }
        }
    });
    let document: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let wrong: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{text}");
    document
}

#[test]
fn gitlab_gets_a_report_of_code_quality_from_the_root_of_the_checkout() {
    let case = takes_gone(Case::empty().folder(".git"), "web", "gone");
    let run = case.run(["-C", "web", "lint", "--format", "gitlab"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, "1 Dockerfile, 1 finding\n"));
    let report = code_quality(&run.stdout());
    assert_eq!(report[0]["check_name"], "missing-copy-source");
    assert_eq!(report[0]["severity"], "major");
    assert_eq!(report[0]["location"], json!({"path": "web/Dockerfile", "lines": {"begin": 3}}));
    let clean = Case::empty().file("Dockerfile", "FROM a\n");
    clean.run(["lint", "--format", "gitlab"]).expect(0, "[]\n", "1 Dockerfile, 0 findings\n");
}

#[test]
fn each_finding_has_a_fingerprint_of_its_own_whatever_is_in_a_name() {
    for folder in HOSTILE {
        let case = takes_gone(Case::empty().folder(".git"), OsStr::from_bytes(folder), "gone gone other");
        let run = case.run(["-C".as_bytes(), folder, b"lint", b"--format", b"gitlab"].map(OsStr::from_bytes));
        let stdout = run.stdout();
        let report = code_quality(&stdout);
        assert!(!stdout.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{stdout:?}");
        let prints: std::collections::BTreeSet<_> =
            report.as_array().unwrap().iter().map(|found| found["fingerprint"].to_string()).collect();
        assert_eq!(prints.len(), report.as_array().unwrap().len());
        assert!(prints.len() >= 2, "{stdout}");
    }
}
