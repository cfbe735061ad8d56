//! Scripts that start what they are given, or a program of their own.

use super::{ask, cmd, empty, env, ids, words};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::Fix;
use crate::tree::builder::FileTreeBuilder;

fn tool() -> Vec<u8> {
    Sample::program().bytes()
}

/// Some tools, and this entrypoint.
fn tree(script: &str) -> FileTreeBuilder {
    ["/bin/sh", "/bin/bash", "/usr/bin/env", "/usr/bin/gosu", "/usr/bin/python3", "/bin/server"]
        .iter()
        .fold(empty(), |tree, path| tree.file(*path, 0o755, tool()))
        .file("/entry", 0o755, script)
}

fn image(line: &str) -> Config {
    let cmd = cmd(&line.split(' ').collect::<Vec<_>>());
    Config { entrypoint: words(&["/entry"]), ..cmd }
}

const HANDS_ON: &str = "#!/bin/sh\nset -e\nexec \"$@\"\n";

#[test]
fn what_a_script_hands_on_is_judged() {
    for script in [
        HANDS_ON,
        "#!/usr/bin/env bash\nexec \"$@\"\n",
        "#!/bin/sh -e\nexec gosu root \"$@\"\n",
        "#!/bin/bash\nif [ \"${1#-}\" != \"$1\" ]; then set -- server \"$@\"; fi\nexec \"$@\"",
    ] {
        let tree = || tree(script).file("/etc/passwd", 0o644, "root:x:0:0::/:\n");
        assert_eq!(ids(tree(), image("server -x")), "", "{script}");
        assert_eq!(ids(tree(), image("serve")), "command-not-in-path", "{script}");
        assert_eq!(ids(tree(), image("python3 /gone.py")), "argument-missing", "{script}");
        let shell = Config { entrypoint: words(&["sh", "/entry"]), ..image("serve") };
        assert_eq!(ids(tree(), shell), "command-not-in-path", "{script}");
    }
    let said = ask(tree(HANDS_ON), image("serve --port 80"));
    let evidence: Vec<_> = said.findings[0].evidence.iter().map(|fact| fact.text.as_str()).collect();
    assert_eq!(evidence[1..3], ["starts with #!/bin/sh", "runs serve --port 80"]);
}

#[test]
fn what_a_script_may_change_or_bring_forth_is_left_alone() {
    for script in [
        "#!/bin/sh\npip install x\nexec \"$@\"",
        "#!/bin/sh\nif [ \"$(command -v \"$1\")\" = '' ]; then set -- x \"$@\"; fi\nexec \"$@\"",
        "#!/bin/sh -x -e\nexec \"$@\"",
        "#!/bin/zsh\nexec \"$@\"",
        "#!/bin/sh\nexec \"$@\" || exec server",
    ] {
        assert!(!ids(tree(script), image("serve")).contains("command"), "{script}");
    }
    assert_eq!(ids(tree(HANDS_ON), env(image("serve"), &["ENV=/x"])), "");
    assert_eq!(ids(tree(HANDS_ON).layer().file("/bin/sh", 0o755, "#!/bin/bash\n"), image("serve")), "");
    let other = tree("#!/bin/sh\nif [ -f /x ]; then exec gosu app \"$0\" \"$@\"; fi\nchown app /bin/own\nexec \"$@\"");
    let own = Config { user: "1000".into(), ..image("own") };
    assert_eq!(ids(other.file("/bin/own", 0o700, tool()), own), "", "the user is not known");
}

#[test]
fn a_script_may_run_a_program_of_its_own() {
    let run = |script: &str| ids(tree(script), cmd(&["/entry"]));
    assert_eq!(run("#!/bin/sh\ncd /\nexec server\n"), "");
    assert_eq!(run("#!/bin/sh\ncd /\nexec serve\n"), "command-not-in-path");
    assert_eq!(run("#!/bin/sh\nset -e\ncd /nowhere\nexec server\n"), "folder-missing");
    assert_eq!(run("#!/bin/sh\nset -e\nmkdir -p /nowhere\ncd /nowhere\nexec server\n"), "");
    let java = |value| env(cmd(&["/entry"]), &[value]);
    let script = || tree("#!/bin/sh\nexec \"$JAVA_HOME/bin/java\" -version\n").file("/jvm/bin/java", 0o755, tool());
    assert_eq!(ids(script(), java("JAVA_HOME=/jvm")), "");
    assert_eq!(ids(script(), java("JAVA_HOME=/opt")), "command-missing");
    assert_eq!(ids(script(), java("A=b")), "", "it may be set when the container is made");
}

#[test]
fn a_script_that_a_shell_reads_may_have_windows_line_endings() {
    let run = |name: &str, text: &str| ids(tree("").file("/app.sh", 0o644, text), cmd(&[name, "/app.sh"]));
    for text in [
        "exec python3 /app.py\r\n",
        "set -e\r\nserver\r\n",
        "server\r\n",
        "echo a\r\nif server; then\r\necho\r\nfi\r\n",
    ] {
        assert_eq!(run("sh", text), "crlf-in-script", "{text}");
        assert_eq!(run("sh", &text.replace('\r', "")).replace("argument-missing", ""), "", "{text}");
    }
    assert_eq!(run("bash", "set -e\r\necho a\r\n"), "");
    assert_eq!(run("sh", "echo a\r\n"), "");
    let said = ask(tree("").file("/app.sh", 0o644, "exec server\r\n"), cmd(&["sh", "/app.sh"]));
    assert_eq!(
        said.findings[0].message,
        "the lines of /app.sh end in CRLF (Windows line endings), so it looks for server\\r"
    );
    assert_eq!(said.findings[0].fixes, [Fix::UnixNewlines(b"/app.sh".to_vec())]);
}
