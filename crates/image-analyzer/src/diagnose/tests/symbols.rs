//! Symbols that nothing defines.

use super::{GLIBC, MUSL, ask, cmd, empty, env, ids};
use crate::config::Config;
use crate::elf::test_builder::Sample;
use crate::tree::builder::FileTreeBuilder;

const MISSING: &str = "symbol-missing";

fn run() -> Config {
    cmd(&["/app"])
}

fn glibc(app: &Sample) -> FileTreeBuilder {
    let loader = Sample::library("ld-linux-x86-64.so.2").data(super::FOLDERS).defines("__tls_get_addr");
    let libc = Sample::library("libc.so.6").needs("ld-linux-x86-64.so.2").defines("printf").refers("__tls_get_addr");
    empty().file(GLIBC, 0o755, loader.bytes()).file("/lib/x86_64-linux-gnu/libc.so.6", 0o755, libc.bytes()).file(
        "/app",
        0o755,
        app.bytes(),
    )
}

fn app() -> Sample {
    Sample::with_loader(GLIBC).needs("libc.so.6").calls("printf")
}

#[test]
fn glibc_looks_up_data_at_the_start_and_calls_if_it_is_told_to() {
    assert_eq!(ids(glibc(&app()), run()), "");
    assert_eq!(ids(glibc(&app().refers("environ")), run()), MISSING);
    assert_eq!(ids(glibc(&app().calls("gone")), run()), "", "only when it is called");
    assert_eq!(ids(glibc(&app().calls("gone").flag(1)), run()), MISSING);
    assert_eq!(ids(glibc(&app().calls("gone")), env(run(), &["LD_BIND_NOW=1"])), MISSING);
    assert_eq!(ids(glibc(&app().calls("gone")), env(run(), &["LD_BIND_NOW="])), "");
    assert_eq!(ids(glibc(&app().refers("own").defines("own")), run()), "");
}

#[test]
fn musl_looks_up_everything() {
    let tree = |app: Sample| {
        let libc = Sample::library("libc.musl-x86_64.so.1").defines("printf");
        empty().file(MUSL, 0o755, libc.bytes()).file("/app", 0o755, app.bytes())
    };
    let app = || Sample::with_loader(MUSL).needs("libc.musl-x86_64.so.1").calls("printf");
    assert_eq!(ids(tree(app()), run()), "");
    assert_eq!(ids(tree(app().calls("__printf_chk")), run()), MISSING);
    let many = ["a", "b", "_ZN3foo3barEv", "c", "d"].iter().fold(app(), |app, name| app.calls(name));
    let said = ask(tree(many), run()).summary().unwrap();
    assert_eq!(said, "/app needs symbols that no library of it defines: foo::bar, a, b and 2 more");
}

#[test]
fn what_is_not_known_of_one_library_is_not_missed() {
    let other =
        |library: Sample| glibc(&app().needs("libx.so").refers("x")).file("/lib/libx.so", 0o644, library.bytes());
    assert_eq!(ids(other(Sample::library("libx.so").defines("y")), run()), MISSING);
    assert_eq!(ids(other(Sample::library("libx.so").defines("x")), run()), "");
    assert_eq!(ids(other(Sample::library("libx.so")), run()), "", "it has no table");
    let preload = glibc(&app().refers("x")).file("/p.so", 0o644, Sample::library("p.so").defines("x").bytes());
    assert_eq!(ids(preload, env(run(), &["LD_PRELOAD=/p.so"])), "");
    let inside = other(Sample::library("libx.so").defines("x").refers("z"));
    assert_eq!(ids(inside, run()), MISSING, "of a library");
}
