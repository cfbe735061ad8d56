//! One rule at a time, each with its nearest harmless neighbour.

mod argument;
mod command;
mod consulted;
mod doubt;
mod entrypoint;
mod fixes;
mod hints;
mod json;
mod library;
mod likely;
mod program;
mod script;
mod shell;
mod survey;
mod symbols;
mod words;
mod wrapper;

use super::{Diagnosis, diagnose};
use crate::Image;
use crate::config::{Config, Platform};
use crate::elf::test_builder::Sample;
use crate::tree::builder::FileTreeBuilder;

const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
const MUSL: &str = "/lib/ld-musl-x86_64.so.1";
const FOLDERS: &[u8] = b"\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0";

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn cmd(cmd: &[&str]) -> Config {
    let platform = Platform { os: "linux".into(), arch: "amd64".into(), variant: String::new() };
    Config { cmd: words(cmd), platform, ..Config::default() }
}

fn env(config: Config, env: &[&str]) -> Config {
    Config { env: words(env), ..config }
}

fn ask(tree: FileTreeBuilder, config: Config) -> Diagnosis {
    diagnose(&Image { names: Vec::new(), config, files: tree.build().unwrap() })
}

/// The ids of all findings, joined.
fn ids(tree: FileTreeBuilder, config: Config) -> String {
    let diagnosis = ask(tree, config);
    diagnosis.findings.iter().map(|finding| finding.kind.id()).collect::<Vec<_>>().join(" ")
}

fn empty() -> FileTreeBuilder {
    FileTreeBuilder::new()
}

fn glibc_with(versions: &[&str]) -> FileTreeBuilder {
    let loader = Sample::library("ld-linux-x86-64.so.2").data(FOLDERS).provides(&["GLIBC_2.2.5"]);
    let libc = Sample::library("libc.so.6").needs("ld-linux-x86-64.so.2").provides(versions);
    empty().file(GLIBC, 0o755, loader.bytes()).file("/lib/x86_64-linux-gnu/libc.so.6", 0o755, libc.bytes()).file(
        "/bin/sh",
        0o755,
        Sample::program().bytes(),
    )
}

fn glibc() -> FileTreeBuilder {
    glibc_with(&["GLIBC_2.2.5", "GLIBC_2.36"])
}

fn musl() -> FileTreeBuilder {
    empty().file(MUSL, 0o755, Sample::library("libc.musl-x86_64.so.1").bytes()).file(
        "/bin/busybox",
        0o755,
        Sample::with_loader(MUSL).needs("libc.musl-x86_64.so.1").bytes(),
    )
}

/// A program against glibc that needs these libraries.
fn program(libraries: &[&str]) -> Sample {
    libraries.iter().fold(Sample::with_loader(GLIBC), |program, library| program.needs(library))
}

fn library(name: &str) -> Vec<u8> {
    Sample::library(name).bytes()
}
