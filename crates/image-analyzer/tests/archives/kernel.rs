//! What is said of a `#!` line at the limit of what the kernel reads, held against the kernel that runs this test.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use image_analyzer::{Config, FileTreeBuilder, Image, diagnose};

/// A folder whose path makes `folder/NAME` this long in total.
fn path_of(root: &str, length: usize) -> String {
    let mut path = root.to_owned();
    // One name may have 255 bytes.
    while length - path.len() > 200 {
        path = format!("{path}/{}", "d".repeat(100));
    }
    let name = length - path.len() - 1;
    format!("{path}/{}", "f".repeat(name))
}

/// Does the kernel start the interpreter? It is `false`, which fails; what the kernel refuses the C library hands to a shell,
/// which succeeds.
fn starts(script: &str) -> bool {
    Command::new(script).status().is_ok_and(|status| status.code() == Some(1))
}

#[test]
fn a_line_at_the_limit_starts_or_does_not_as_the_kernel_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let mut wrong = Vec::new();
    let mut seen = [0, 0];
    // With `#!` before it, the interpreter ends behind 250 to 258 bytes.
    for length in 248..=256 {
        let interpreter = path_of(root, length);
        fs::create_dir_all(interpreter.rsplit_once('/').unwrap().0).unwrap();
        symlink("/bin/false", &interpreter).unwrap();
        for (number, end) in ["\n", " \n", "  \n", "\t\n", " x\n", "  x\n", "", " ", "  ", " x"].iter().enumerate() {
            let script = format!("{root}/s{length}.{number}");
            let text = format!("#!{interpreter}{end}");
            fs::write(&script, &text).unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
            let files = FileTreeBuilder::new().file(&interpreter, 0o755, "\x7fELF").file("/s", 0o755, &text);
            let config = Config { cmd: vec!["/s".to_owned()], ..Config::default() };
            let said = diagnose(&Image::new(config, files.build().unwrap()));
            let refused = ["script-without-interpreter", "interpreter-missing"];
            let predicted = !said.findings.iter().any(|finding| refused.contains(&finding.kind.id()));
            let happened = starts(&script);
            seen[usize::from(happened)] += 1;
            if predicted != happened {
                wrong.push(format!("{} bytes and {end:?}: starts {happened}, said {predicted}", length + 2));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.iter().all(|count| *count > 5), "both happen: {seen:?}");
}
