//! Any bytes as a file that `why` reads on the way: the line of a shell, a script, a package's description, an archive of Java.
#![no_main]

use image_analyzer::survey::survey;
use image_analyzer::{Config, FileTreeBuilder, Image, diagnose};
use libfuzzer_sys::fuzz_target;

/// A static program, which all interpreters are here.
fn program() -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    file.extend([64_u64, 64, 0].iter().flat_map(|number| number.to_le_bytes()));
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    file.extend([0_u64, 0, 0, 120, 120, 4096].iter().flat_map(|number| number.to_le_bytes()));
    file
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(data).into_owned();
    let (words, file, mode, content): (Vec<String>, _, _, Vec<u8>) = match kind % 7 {
        0 => (vec!["/bin/sh".into(), "-c".into(), text], "/none", 0o644, Vec::new()),
        1 => (["/run", "serve", "-x"].map(str::to_owned).to_vec(), "/run", 0o755, [b"#!/bin/sh\n", data].concat()),
        2 => (["sh", "/run.sh", "-x"].map(str::to_owned).to_vec(), "/run.sh", 0o644, data.to_vec()),
        3 => (["node", "/app"].map(str::to_owned).to_vec(), "/app/package.json", 0o644, data.to_vec()),
        4 => (["java", "-jar", "/a.jar"].map(str::to_owned).to_vec(), "/a.jar", 0o644, data.to_vec()),
        _ => (vec!["/line".to_owned()], "/line", 0o755, [b"#!", data].concat()),
    };
    let tools = ["/bin/sh", "/bin/bash", "/bin/gosu", "/bin/node", "/bin/java"];
    let files = tools.iter().fold(FileTreeBuilder::new(), |files, tool| files.file(*tool, 0o755, program()));
    let files = files.file(file, mode, content).build().unwrap();
    let env = vec!["JAVA_HOME=/jvm".to_owned()];
    let image = Image::new(Config { cmd: words, env, ..Config::default() }, files);
    if kind % 7 == 6 {
        let _ = survey(&image);
    } else {
        let _ = diagnose(&image).summary();
    }
});
