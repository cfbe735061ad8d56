use super::{ImageReport, json, render};
use crate::image_finding::fix::Dockerfile;
use image_analyzer::test_builder::Sample;
use image_analyzer::{Config, FileTreeBuilder, Image, diagnose};

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
const C: &str =
    "FROM gcc\nCOPY hello.c .\nRUN gcc -o hello hello.c\nFROM scratch\nCOPY --from=0 /hello .\nCMD [\"./hello\"]\n";

fn report(name: &str, dockerfile: Option<&str>, cmd: &[&str], tree: FileTreeBuilder) -> ImageReport {
    let cmd = cmd.iter().map(|word| (*word).to_owned()).collect();
    let image = Image::new(Config { cmd, ..Config::default() }, tree.build().unwrap());
    ImageReport {
        name: name.to_owned(),
        service: dockerfile.map(|_| name.to_owned()),
        image: Some(format!("minimage:{name}")),
        dockerfile: dockerfile.map(Dockerfile::parse),
        survey: None,
        diagnosis: diagnose(&image),
    }
}

fn without_loader() -> ImageReport {
    let hello = Sample::with_loader(LOADER).needs("libc.so.6").bytes();
    report("hello-c.gcc.scratch", Some(C), &["./hello"], FileTreeBuilder::new().file("/hello", 0o755, hello))
}

fn without_library() -> ImageReport {
    let loader = Sample::library("ld-linux-x86-64.so.2").data(b"\0/lib/\0/usr/lib/\0").bytes();
    let libc = Sample::library("libc.so.6").needs("ld-linux-x86-64.so.2").provides(&["GLIBC_2.36"]).bytes();
    let hello = Sample::with_loader(LOADER).needs("libgcc_s.so.1").needs("libc.so.6");
    let hello = hello.requires("libc.so.6", &["GLIBC_2.38"]).data(b"RUST_BACKTRACE").bytes();
    let tree = FileTreeBuilder::new().file(LOADER, 0o755, loader).file("/lib/libc.so.6", 0o755, libc);
    let tree = tree.file("/app/hello", 0o755, hello).link("/usr/bin/hello", "../../app/hello");
    report("some-image", None, &["hello"], tree)
}

fn fine() -> ImageReport {
    report(
        "hello-c.gcc-static.scratch",
        None,
        &["/hello"],
        FileTreeBuilder::new().file("/hello", 0o755, Sample::program().bytes()),
    )
}

fn hostile() -> ImageReport {
    let tree = FileTreeBuilder::new().file("/a\nb\x1b[31m", 0o755, "#!/x\x1b\u{202e}\n");
    report("a\nb\x1b", None, &["/a\nb\x1b[31m"], tree)
}

#[test]
fn a_reason_comes_with_its_evidence_and_lines_to_paste() {
    insta::assert_snapshot!(render(&[without_loader(), without_library(), fine()], false, false));
}

#[test]
fn the_tree_shows_what_was_followed_and_ticks_what_is_there() {
    insta::assert_snapshot!(render(&[without_loader(), without_library(), fine()], true, false));
}

#[test]
fn json_has_all_of_it() {
    insta::assert_snapshot!(json::render(&[without_loader(), without_library()]).unwrap());
}

#[test]
fn nothing_that_an_image_calls_itself_reaches_the_terminal() {
    let text = render(&[hostile()], true, false);
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
    let json = json::render(&[hostile()]).unwrap();
    assert!(!json.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{json:?}");
    insta::assert_snapshot!(text);
}
