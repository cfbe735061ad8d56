//! Leaves out of the release program what only unwinding needs. It changes nothing else and reads no file.
//!
//! A release build aborts on a panic (`panic = "abort"`), so its unwind tables serve nobody; but the compiler has no
//! stable way to leave them out, the standard library's least of all. So the linker drops them, with a script that
//! both GNU ld and LLD know. Where we cannot be sure of the linker, everything stays as the compiler wants it.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]

use std::path::PathBuf;
use std::{env, fs, io};

/// Added to the linker's own script, not instead of it (`INSERT`, "Linker Scripts" in the manual of GNU ld).
const SCRIPT: &str = "\
SECTIONS { /DISCARD/ : { *(.eh_frame .eh_frame.*) *(.gcc_except_table .gcc_except_table.*) } }
INSERT AFTER .text;
";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(no_unwind_tables)");
    if is_known() {
        let script = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("no-unwind-tables.ld");
        fs::write(&script, SCRIPT)?;
        // Two arguments, because `-Wl,` would split a path at its commas.
        println!("cargo::rustc-link-arg-bins=-T");
        println!("cargo::rustc-link-arg-bins={}", script.display());
        println!("cargo::rustc-cfg=no_unwind_tables");
    }
    Ok(())
}

/// Whether this is a release build, for the one platform this was tried on, with the linker it comes with.
fn is_known() -> bool {
    let is = |name, value| env::var(name).is_ok_and(|found| found == value);
    let own_flags = env::var_os("CARGO_ENCODED_RUSTFLAGS").is_some_and(|flags| !flags.is_empty());
    let own_linker = env::var_os("RUSTC_LINKER").is_some();
    is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && !own_flags
        && !own_linker
}
