//! Files that a program looks for once it runs, and users that it changes to.

use super::{ask, cmd, empty, env, ids, program};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::finding::Fix;
use crate::tree::builder::FileTreeBuilder;

fn tool() -> Vec<u8> {
    Sample::program().bytes()
}

#[test]
fn temporary_files_need_a_folder() {
    let image = |data: &[u8]| empty().file("/app", 0o755, Sample::program().data(data).bytes());
    let run = || cmd(&["/app"]);
    for data in [&b"\0/tmp/x.sock\0"[..], b"os.CreateTemp\0", b"\0mkstemp\0"] {
        assert_eq!(ids(image(data), run()), "tmp-missing");
        assert_eq!(ids(image(data).folder("/tmp", 0o777), run()), "");
        assert_eq!(ids(image(data), env(run(), &["TMPDIR=/data"])), "");
        assert!(ask(image(data), run()).can_start());
    }
    for data in [&b"x/tmp/y\0"[..], b"\0/tmp/x\0\xff Go buildinf:", b"os.TempDir\0"] {
        assert_eq!(ids(image(data), run()), "");
    }
}

fn python() -> FileTreeBuilder {
    empty()
        .file("/usr/bin/python3.11", 0o755, Sample::program().data(b"\0encodings\0").bytes())
        .link("/usr/bin/python3", "python3.11")
        .file("/a.py", 0o755, "#!/usr/bin/python3\n")
}

#[test]
fn python_needs_its_standard_library() {
    const MISSING: &str = "standard-library-missing";
    assert_eq!(ids(python(), cmd(&["python3", "/a.py"])), MISSING);
    assert_eq!(ids(python(), cmd(&["/a.py"])), MISSING);
    assert_eq!(
        ids(python().file("/usr/lib/python3.11/encodings/__init__.py", 0o644, ""), cmd(&["python3", "/a.py"])),
        ""
    );
    assert_eq!(ids(python().file("/opt/x/encodings/__init__.pyc", 0o644, ""), cmd(&["/a.py"])), "");
    assert_eq!(ids(python().file("/usr/lib/python311.zip", 0o644, ""), cmd(&["/a.py"])), "");
    assert_eq!(ids(python(), cmd(&["python3", "--version"])), "");
    assert_eq!(ids(python(), env(cmd(&["/a.py"]), &["PYTHONHOME=/data"])), "");
    let other = empty().file("/usr/bin/python3.11", 0o755, tool());
    assert_eq!(ids(other, cmd(&["python3.11", "-c", "pass"])), "", "another program");
    let shared = empty().file("/usr/bin/python3.11", 0o755, Sample::program().needs("libpython3.11.so.1.0").bytes());
    assert_eq!(ids(shared, cmd(&["python3.11", "-c", "pass"])), MISSING);
    let other = empty().file("/usr/bin/python3", 0o755, Sample::program().data(b"\0encodings\0").bytes());
    assert_eq!(ids(other, cmd(&["python3", "-c", "pass"])), "", "of which version it is is not known");
}

#[test]
fn a_virtual_environment_is_for_one_version() {
    let venv = |version: &str| {
        python()
            .file("/usr/lib/python3.11/encodings/__init__.py", 0o644, "")
            .file("/venv/pyvenv.cfg", 0o644, "")
            .link("/venv/bin/python", "/usr/bin/python3")
            .file(format!("/venv/lib/python{version}/site-packages/x.py"), 0o644, "")
            .file("/venv/bin/serve", 0o755, "#!/venv/bin/python\n")
    };
    let path = |line: &[&str]| env(cmd(line), &["PATH=/venv/bin:/usr/bin"]);
    for line in [&["python", "/a.py"][..], &["serve"], &["/venv/bin/python", "/a.py"]] {
        assert_eq!(ids(venv("3.12"), path(line)), "venv-version", "{line:?}");
        assert_eq!(ids(venv("3.11"), path(line)), "", "{line:?}");
    }
    assert_eq!(ids(venv("3.12").folder("/venv/lib/python3.11", 0o755), path(&["serve"])), "");
    assert_eq!(ids(venv("3.12"), path(&["python3", "/a.py"])), "", "not of the environment");
    let said = ask(venv("3.12"), path(&["serve"]));
    assert_eq!(said.findings[0].fixes, [Fix::PythonVersion("3.12".to_owned())]);
    assert!(said.can_start());
    let gone = empty().file("/venv/pyvenv.cfg", 0o644, "").link("/venv/bin/python", "/usr/local/bin/python3");
    let gone = gone.folder("/venv/lib/python3.12", 0o755).file("/venv/bin/serve", 0o755, "#!/venv/bin/python\n");
    let said = ask(gone, path(&["serve"]));
    assert_eq!(said.findings[0].kind.id(), "interpreter-missing");
    assert_eq!(said.findings[0].fixes, [Fix::PythonVersion("3.12".to_owned())]);
    assert_eq!(
        said.findings[0].evidence.last().unwrap().text,
        "is a link to /usr/local/bin/python3, which is not there"
    );
}

#[test]
fn only_root_changes_the_user() {
    let tree = || {
        empty().file("/bin/gosu", 0o755, tool()).file("/bin/run", 0o755, tool()).file(
            "/etc/passwd",
            0o644,
            "app:x:7:7::/:\n",
        )
    };
    let line = ["gosu", "app", "run"];
    assert_eq!(ids(tree(), cmd(&line)), "");
    let other = || Config { user: "1000".into(), ..cmd(&line) };
    assert_eq!(ids(tree(), other()), "user-cannot-change");
    assert_eq!(ask(tree(), other()).findings[0].fixes.last(), Some(&Fix::RootUser));
    assert_eq!(ids(tree().layer().file("/bin/gosu", 0o4755, tool()), other()), "");
    let unknown = tree().layer().link("/etc/passwd", "/data/users").file("/data/users", 0o644, "app:x:7:7::/:\n");
    assert_eq!(ids(unknown, Config { user: "app".into(), ..cmd(&line) }), "");
}

#[test]
fn a_library_of_musl_is_not_loaded_into_a_program_of_glibc() {
    let tree = |needed: &str| {
        super::glibc().file("/app", 0o755, program(&["libc.so.6"]).bytes()).file(
            "/usr/lib/preload.so",
            0o755,
            Sample::library("preload.so").needs(needed).bytes(),
        )
    };
    let config = || env(cmd(&["/app"]), &["LD_PRELOAD=/usr/lib/preload.so"]);
    assert_eq!(ids(tree("libc.musl-x86_64.so.1"), config()), "library-missing");
    assert_eq!(ids(tree("libc.so"), config()), "library-missing");
    assert_eq!(ids(tree("libc.so.6"), config()), "");
}
