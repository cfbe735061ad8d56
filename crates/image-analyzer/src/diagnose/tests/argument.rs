//! The file that an interpreter is given.

use super::{ask, cmd, empty, env, ids, words};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::{Fix, Instruction};
use crate::rules::jar::tests::jar;
use crate::tree::builder::FileTreeBuilder;

const MISSING: &str = "argument-missing";

fn tool() -> Vec<u8> {
    Sample::program().bytes()
}

/// All interpreters, each as a program of its own.
fn tools() -> FileTreeBuilder {
    let names =
        ["python3.12", "node", "java", "dotnet", "php", "ruby", "perl", "deno", "bun", "Rscript", "sh", "bash", "env"];
    let tree = names.iter().fold(empty(), |tree, name| tree.file(format!("/usr/bin/{name}"), 0o755, tool()));
    tree.link("/usr/bin/python3", "python3.12").link("/bin", "usr/bin")
}

fn app(line: &str) -> Config {
    Config { working_dir: "/app".into(), ..cmd(&line.split(' ').collect::<Vec<_>>()) }
}

#[test]
fn a_file_that_an_interpreter_is_given_has_to_be_there() {
    for (line, file) in [
        ("python3 -u main.py", "/app/main.py"),
        ("python3 -W ignore -Xdev /srv/main.py a b", "/srv/main.py"),
        ("node --enable-source-maps dist/main.js", "/app/dist/main.js"),
        ("node dist/main", "/app/dist/main.js"),
        ("node .", "/app/index.js"),
        ("java -Xmx64m -jar main.jar", "/app/main.jar"),
        ("java -jar -Da=b main.jar", "/app/main.jar"),
        ("dotnet Main.dll --urls x", "/app/Main.dll"),
        ("php artisan serve", "/app/artisan"),
        ("ruby -w -I lib main.rb", "/app/main.rb"),
        ("perl -wT main.pl", "/app/main.pl"),
        ("deno run --allow-net -A main.ts", "/app/main.ts"),
        ("bun main.ts", "/app/main.ts"),
        ("bun run main.ts", "/app/main.ts"),
        ("Rscript --vanilla main.R", "/app/main.R"),
        ("sh -e main.sh", "/app/main.sh"),
        ("bash -euo pipefail main.sh", "/app/main.sh"),
        ("java -cp .:/srv com.example.Main", "/app/com/example/Main.class"),
    ] {
        assert_eq!(ids(tools(), app(line)), MISSING, "{line}");
        let content = if file.ends_with(".jar") { jar("Main-Class: Main\n") } else { b"exit".to_vec() };
        assert_eq!(ids(tools().file(file, 0o644, content), app(line)), "", "{line}");
        let split: Vec<_> = line.split(' ').collect();
        let both = Config { entrypoint: words(&split[..1]), cmd: words(&split[1..]), ..app(line) };
        assert_eq!(ids(tools(), both), MISSING, "{line}: ENTRYPOINT and CMD");
        assert_eq!(ids(tools(), app(&format!("env {line}"))), MISSING, "{line}: behind a wrapper");
        let shell = Config { cmd: words(&["/bin/sh", "-c", &format!("exec {line}")]), ..app(line) };
        assert_eq!(ids(tools(), shell), MISSING, "{line}: in a shell");
    }
}

#[test]
fn what_an_interpreter_runs_instead_or_may_run_is_left_alone() {
    for line in [
        "python3",
        "python3 -c x",
        "python3 -m x",
        "python3 -",
        "python3 --unknown x",
        "node -e x",
        "node -r ./x y",
        "node inspect x",
        "java -version",
        "java -m x/y",
        "java @x Main",
        "java -cp x.jar Main",
        "java -cp lib/* Main",
        "dotnet watch",
        "php -r x",
        "php -S :80 x",
        "ruby -rx y",
        "perl -e x",
        "deno run https://x/y.ts",
        "deno run x",
        "bun run dev",
        "Rscript -e x",
        "sh",
        "sh -s x",
        "bash -l x",
        "node /proc/self/x",
        "python3 /dev/stdin",
        "java -cp . com.sun.tools.javac.Main",
        "java -javaagent:x.jar Main",
    ] {
        assert_eq!(ids(tools().file("/app/x.jar", 0o644, "PK"), app(line)), "", "{line}");
    }
}

#[test]
fn a_folder_or_what_stands_beside_may_be_run_too() {
    assert_eq!(ids(tools().file("/app/x/__main__.py", 0o644, ""), app("python3 x")), "");
    assert_eq!(ids(tools().file("/app/x/index.js", 0o644, ""), app("node x")), "");
    assert_eq!(ids(tools().file("/app/x/index.mjs", 0o644, ""), app("node x")), MISSING);
    assert_eq!(
        ids(tools().file("/app/x/package.json", 0o644, "{}").file("/app/x/m.js", 0o644, ""), app("bun x.ts")),
        MISSING
    );
    assert_eq!(ids(tools().file("/app/x.ts", 0o644, ""), app("bun x.js")), "", "bun takes it");
    assert_eq!(ids(tools().file("/app/X.pdb", 0o644, ""), app("dotnet X.dll")), MISSING);
    assert_eq!(
        ids(tools().file("/opt/run", 0o644, ""), env(app("bash run"), &["PATH=/bin:/opt"])),
        "",
        "bash looks in PATH"
    );
    assert_eq!(ids(tools().file("/opt/run", 0o644, ""), env(app("bash ./run"), &["PATH=/bin:/opt"])), MISSING);
}

#[test]
fn more_options_in_the_environment_may_change_everything() {
    for (pair, line) in [
        ("NODE_OPTIONS=--require ./x", "node y"),
        ("RUBYOPT=-rx", "ruby y"),
        ("PERL5OPT=-Mx", "perl y"),
        ("BASH_ENV=/x", "bash y"),
        ("JAVA_TOOL_OPTIONS=-Xbootclasspath/a:x", "java -cp . Main"),
    ] {
        assert_eq!(ids(tools(), env(app(line), &[pair])), "", "{pair}");
    }
    assert_eq!(ids(tools(), env(app("node y"), &["NODE_OPTIONS=--max-old-space-size=64"])), MISSING);
}

#[test]
fn an_interpreter_that_is_another_program_is_left_alone() {
    let script = tools().layer().file("/usr/bin/python3.12", 0o755, "#!/bin/sh\n. /lib\nexec /x \"$@\"\n");
    assert_eq!(ids(script, app("python3 main.py")), "", "a script may do anything");
    let other = tools().layer().link("/usr/bin/node", "bun");
    assert_eq!(ids(other, app("node main.js")), "", "bun finds files otherwise");
    let setuid = tools().layer().file("/usr/bin/perl", 0o4755, tool());
    assert_eq!(ids(setuid, Config { user: "1000".into(), ..app("perl x.pl") }), "");
}

#[test]
fn links_are_followed_and_permissions_are_those_of_the_user() {
    let link = |target: &str| tools().file("/srv/m.py", 0o644, "").link("/app/main.py", target);
    assert_eq!(ids(link("/srv/m.py"), app("python3 main.py")), "");
    assert_eq!(ids(link("/srv/n.py"), app("python3 main.py")), MISSING);
    let said = ask(link("/srv/n.py"), app("python3 main.py")).summary();
    assert_eq!(said.unwrap(), "python3 is given main.py, a link to /srv/n.py, which is not in the image");
    let closed = || tools().file("/app/main.py", 0o600, "");
    assert_eq!(ids(closed(), app("python3 main.py")), "");
    assert_eq!(ids(closed(), Config { user: "1000".into(), ..app("python3 main.py") }), "script-not-readable");
}

#[test]
fn the_line_of_a_script_may_give_its_interpreter_another_file() {
    let script = |line: &str| tools().file("/run", 0o755, format!("{line}\n"));
    for line in
        ["#!/usr/bin/env -S node --enable-source-maps", "#!/usr/bin/python3 -u", "#!/bin/sh -e", "#!/usr/bin/env node"]
    {
        assert_eq!(ids(script(line), cmd(&["/run"])), "", "{line}");
    }
    for line in ["#!/usr/bin/env -S node --enable-source-maps /x.js", "#!/usr/bin/python3 /x.py", "#!/bin/sh /x.sh"] {
        assert_eq!(ids(script(line), cmd(&["/run"])), MISSING, "{line}");
    }
    for line in ["#!/usr/bin/env -S node -r /x.js", "#!/usr/bin/python3 -m x"] {
        assert_eq!(ids(script(line), cmd(&["/run"])), "", "{line}");
    }
}

#[test]
fn the_fix_is_the_path_where_the_file_is_or_a_copy() {
    let fixes = |tree: FileTreeBuilder, config| ask(tree, config).findings[0].fixes.clone();
    let copy = Fix::CopyFile(b"src/main.py".to_vec(), b"/app/src/main.py".to_vec());
    assert_eq!(fixes(tools(), app("python3 src/main.py")), std::slice::from_ref(&copy));
    let there = Fix::ExecForm(Instruction::Cmd, words(&["python3", "/app/main.py"]));
    assert_eq!(fixes(tools().file("/app/main.py", 0o644, ""), app("python3 src/main.py")), [there, copy]);
    assert_eq!(fixes(tools(), app("java -jar /x.jar")), [Fix::CopyProgram(b"/x.jar".to_vec())]);
    let outside = Fix::CopyFile(b"main.py".to_vec(), b"/app/../main.py".to_vec());
    assert_eq!(fixes(tools(), app("python3 ../main.py")), [outside]);
}

#[test]
fn a_class_is_missing_only_where_all_of_the_class_path_is_known() {
    let java = |tree: FileTreeBuilder, line: &str| ids(tree, app(line));
    assert_eq!(java(tools(), "java Main"), MISSING);
    assert_eq!(java(tools(), "java -cp /nowhere Main"), MISSING);
    assert_eq!(java(tools().file("/app/Main.class", 0o644, "x"), "java Main"), "");
    assert_eq!(java(tools().file("/lib.jar", 0o644, "PK"), "java -cp /lib.jar Main"), "");
    assert_eq!(java(tools().link("/lib", "/proc/self/cwd"), "java -cp /lib Main"), "");
    assert_eq!(ids(tools(), env(app("java Main"), &["CLASSPATH=/lib/*"])), "");
}

#[test]
fn an_archive_has_to_be_one_that_names_a_class() {
    let java = |content: &[u8]| ids(tools().file("/app/x.jar", 0o644, content), app("java -Xmx64m -jar x.jar"));
    assert_eq!(java(&jar("Main-Class: Main\n")), "");
    assert_eq!(java(&jar("Created-By: 21\n")), "argument-unusable");
    assert_eq!(java(b""), "argument-unusable");
    assert_eq!(java(b"<html>404</html>"), "argument-unusable");
    assert_eq!(java(&[b'x'; 5000]), "", "its end is not known");
    let said = |content: &[u8]| ask(tools().file("/x.jar", 0o644, content), app("java -jar /x.jar")).summary().unwrap();
    assert_eq!(said(&jar("")), "java is told to run /x.jar, which has no Main-Class in its manifest");
    assert_eq!(said(b"<html>"), "java is told to run /x.jar, which is not a ZIP archive");
    let class_path = tools().file("/app/x.jar", 0o644, "");
    assert_eq!(ids(class_path, app("java -cp x.jar Main")), "", "only what is run must name a class");
    assert_eq!(ids(tools().unknown_file("/app/x.jar", 0o644, 9), app("java -jar x.jar")), "");
}

#[test]
fn a_package_says_what_node_runs() {
    let node =
        |text: &str| ids(tools().file("/app/package.json", 0o644, text).file("/app/m.js", 0o644, ""), app("node ."));
    assert_eq!(node(r#"{"main":"m"}"#), "");
    assert_eq!(node(r#"{"main":"dist/m.js"}"#), MISSING);
    assert_eq!(node("{}"), MISSING);
    assert_eq!(node("{"), "");
}
