//! What the kernel makes of a file that is not an ELF file: a script's first line, or a refusal.
//!
//! Source: Linux, `fs/binfmt_script.c`. A line is read up to the 256th byte; blanks after `#!` are skipped; the
//! interpreter ends at the next blank; all that follows is one argument. There is no other character with a meaning, a
//! carriage return least of all.

/// How much of a file the kernel looks at (`BINPRM_BUF_SIZE` since Linux 5.1).
const LOOKED_AT: usize = 256;

/// What the first bytes of a file say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Script<'a> {
    /// `#!`, an interpreter and perhaps an argument.
    Line(Line<'a>),
    /// Text without `#!`; a shell would run it as its own kind, the kernel will not.
    Text,
    /// `#!` without an interpreter.
    Refused,
    /// `#!` with an interpreter whose name goes on beyond what the kernel looks at, which it refuses to cut.
    TooLong,
    /// Nothing in it.
    Empty,
    /// Something else, by what it looks like.
    Foreign(&'static str),
}

/// A `#!` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// What executes the script.
    pub interpreter: &'a [u8],
    /// The one argument before the script's own name; empty if none.
    pub argument: &'a [u8],
}

/// Reads the first bytes of a file.
pub(crate) fn read(head: &[u8]) -> Script<'_> {
    let looked_at = head.get(..LOOKED_AT).unwrap_or(head);
    if looked_at.is_empty() {
        return Script::Empty;
    }
    let Some(rest) = looked_at.strip_prefix(b"#!") else { return without_line(looked_at) };
    let whole = rest.iter().position(|byte| *byte == b'\n');
    // Without a newline, the last byte that is looked at is left out.
    let full = whole.is_none() && looked_at.len() == LOOKED_AT;
    let end = whole.unwrap_or(rest.len().saturating_sub(usize::from(full)));
    let line = trim(rest.get(..end).unwrap_or(rest));
    let end = line.iter().position(|byte| is_blank(*byte));
    let (interpreter, argument) = line.split_at(end.unwrap_or(line.len()));
    // The kernel takes a NUL for the end of the name.
    let mut names = interpreter.split(|byte| *byte == 0);
    let interpreter = names.next().unwrap_or_default();
    // A blank that ends the name may be among those that were trimmed.
    let ended = ends_in_blank(rest)
        || end.is_some()
        || names.next().is_some()
        || rest.get(..rest.len().saturating_sub(1)).is_some_and(ends_in_blank);
    if interpreter.is_empty() {
        return Script::Refused;
    }
    if full && !ended {
        return Script::TooLong;
    }
    Script::Line(Line { interpreter, argument: trim(argument) })
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn ends_in_blank(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|byte| is_blank(*byte))
}

/// The interpreter that a `#!` line would have if the kernel looked at all of `head`.
pub(crate) fn meant(head: &[u8]) -> &[u8] {
    let line = head.strip_prefix(b"#!").unwrap_or(head).split(|byte| *byte == b'\n').next().unwrap_or_default();
    trim(line).split(|byte| is_blank(*byte)).next().unwrap_or_default()
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let Some((_, rest)) = bytes.split_first().filter(|(first, _)| is_blank(**first)) {
        bytes = rest;
    }
    while let Some((_, rest)) = bytes.split_last().filter(|(last, _)| is_blank(**last)) {
        bytes = rest;
    }
    bytes
}

/// Magic numbers: PE/COFF, Mach-O, Java (its number is that of a fat Mach-O too), ZIP, WebAssembly.
fn without_line(head: &[u8]) -> Script<'_> {
    const KNOWN: [(&[u8], &str); 14] = [
        (b"MZ", "a Windows program"),
        (b"\xcf\xfa\xed\xfe", "a macOS program"),
        (b"\xce\xfa\xed\xfe", "a macOS program"),
        (b"\xfe\xed\xfa\xcf", "a macOS program"),
        (b"\xca\xfe\xba\xbe", "a Java class file, which needs `java` to run it"),
        (b"PK\x03\x04", "a ZIP or JAR archive, which needs a program to run it"),
        (b"\0asm", "a WebAssembly module, which needs a runtime"),
        (b"\xef\xbb\xbf#!", "a script with a byte order mark before its `#!`"),
        (b"!<arch>\n", "a static library"),
        (b"\x1f\x8b", "a file packed with gzip"),
        (b"\xfd7zXZ\0", "a file packed with xz"),
        (b"BZh", "a file packed with bzip2"),
        (b"\x28\xb5\x2f\xfd", "a file packed with Zstandard"),
        (
            b"version https://git-lfs.github.com/spec/v1",
            "a pointer of Git LFS, not the file itself: `git lfs pull` fetches it before the build",
        ),
    ];
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Script::Foreign(what);
    }
    let text = head.trim_ascii_start().to_ascii_lowercase();
    if text.starts_with(b"<!doctype html") || text.starts_with(b"<html") {
        return Script::Foreign("an HTML page, which a download may save in place of the program");
    }
    if head.contains(&0) { Script::Foreign("binary data") } else { Script::Text }
}

/// What `env` as an interpreter makes of the one argument that the kernel gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Env {
    /// It executes this program, looked for on the PATH that the argument may assign.
    Runs {
        /// The program.
        program: Vec<u8>,
        /// `NAME=value` in the argument, taken apart, in order.
        assigned: Vec<(Vec<u8>, Vec<u8>)>,
        /// Was `-S` used? Busybox has none.
        split: bool,
        /// The program's own arguments.
        arguments: Vec<Vec<u8>>,
    },
    /// It does something else, such as to print the environment.
    Other,
}

/// Reads the argument of `#!/usr/bin/env`. Source: GNU coreutils manual, "env invocation"; `-S` splits at white space,
/// carriage returns included, without it the argument stays one word. With `-i` the program may be looked for on a PATH
/// that is libc's own.
pub(crate) fn env(argument: &[u8]) -> Env {
    let split = argument.strip_prefix(b"--split-string").or_else(|| argument.strip_prefix(b"-S"));
    let split = split.or_else(|| argument.strip_prefix(b"-vS"));
    let Some(string) = split else {
        let runs = !argument.is_empty() && !argument.starts_with(b"-") && !argument.contains(&b'=');
        let program = argument.to_vec();
        return if runs {
            Env::Runs { program, assigned: Vec::new(), split: false, arguments: Vec::new() }
        } else {
            Env::Other
        };
    };
    // Quotes, escapes and variables would have to be understood: rare, so left alone.
    if string.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'\\' | b'$' | b'#')) {
        return Env::Other;
    }
    let string = string.strip_prefix(b"=").unwrap_or(string);
    let mut assigned = Vec::new();
    let mut words = string.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match word {
            b"-v" => {}
            _ if word.starts_with(b"-") => return Env::Other,
            _ => {
                let Some(at) = word.iter().position(|byte| *byte == b'=') else {
                    let arguments = words.map(<[u8]>::to_vec).collect();
                    return Env::Runs { program: word.to_vec(), assigned, split: true, arguments };
                };
                let (name, value) = word.split_at(at);
                assigned.push((name.to_vec(), value.get(1..).unwrap_or_default().to_vec()));
            }
        }
    }
    Env::Other
}

#[cfg(test)]
mod tests {
    use super::{Env, Line, Script, env, meant, read};
    use proptest::prelude::*;

    fn line<'a>(interpreter: &'a [u8], argument: &'a [u8]) -> Script<'a> {
        Script::Line(Line { interpreter, argument })
    }

    #[test]
    fn the_first_line_is_an_interpreter_and_one_argument() {
        assert_eq!(read(b"#!/bin/sh\necho"), line(b"/bin/sh", b""));
        assert_eq!(read(b"#! \t/usr/bin/env  python3 -u \nx"), line(b"/usr/bin/env", b"python3 -u"));
        assert_eq!(read(b"#!/bin/sh"), line(b"/bin/sh", b""), "no newline at the end of a file");
    }

    #[test]
    fn a_carriage_return_belongs_to_the_name() {
        assert_eq!(read(b"#!/bin/sh\r\necho"), line(b"/bin/sh\r", b""));
        assert_eq!(read(b"#!/bin/sh -e\r\necho"), line(b"/bin/sh", b"-e\r"));
    }

    #[test]
    fn what_the_kernel_cannot_execute_is_told_apart() {
        assert_eq!(read(b""), Script::Empty);
        assert_eq!(read(b"echo hi\n"), Script::Text);
        assert_eq!(read(b"#!\n/bin/sh"), Script::Refused);
        assert_eq!(read(b"#!   \n"), Script::Refused);
        assert_eq!(read(b"#!"), Script::Refused, "nor is there anything behind it");
        assert_eq!(read(b"MZ\x90"), Script::Foreign("a Windows program"));
        assert_eq!(read(b"a\0b"), Script::Foreign("binary data"));
    }

    #[test]
    fn an_interpreter_longer_than_the_kernel_reads_is_refused() {
        let long = [b"#!/", "a".repeat(400).as_bytes(), b"\n"].concat();
        assert_eq!(read(&long), Script::TooLong);
        assert_eq!(meant(&long), &long[2..403]);
        assert_eq!(read(&[b' '; 300].map(|_| b' ')), Script::Text);
        assert_eq!(read(&[b"#!", &[b' '; 300][..]].concat()), Script::Refused, "blanks alone are no interpreter");
        let argument = [b"#!/bin/sh ", "a".repeat(400).as_bytes(), b"\n"].concat();
        assert_eq!(read(&argument), line(b"/bin/sh", &[b'a'; 245]), "a long argument is only cut");
    }

    #[test]
    fn a_line_may_just_fit() {
        let name = |length: usize| [&b"#!/"[..], &vec![b'a'; length - 1]].concat();
        assert_eq!(read(&[name(253), b"\n".to_vec()].concat()), line(&name(253)[2..], b""), "the newline is looked at");
        assert_eq!(read(&[name(254), b"\n".to_vec()].concat()), Script::TooLong);
        assert_eq!(read(&name(253)), line(&name(253)[2..], b""), "the file's end ends it");
        assert_eq!(read(&name(254)), Script::TooLong, "no byte is left that could end it");
        assert_eq!(read(&[name(252), b" x\n".to_vec()].concat()), line(&name(252)[2..], b""));
    }

    #[test]
    fn env_splits_its_argument_only_when_told_to() {
        let runs = |program: &[u8], split| Env::Runs {
            program: program.to_vec(),
            assigned: Vec::new(),
            split,
            arguments: Vec::new(),
        };
        assert_eq!(env(b"python3"), runs(b"python3", false));
        assert_eq!(env(b"python3 -u"), runs(b"python3 -u", false));
        assert_eq!(env(b"python3\r"), runs(b"python3\r", false));
        let Env::Runs { program, arguments, .. } = env(b"-S python3 -u  -O") else { panic!() };
        assert_eq!((program, arguments), (b"python3".to_vec(), vec![b"-u".to_vec(), b"-O".to_vec()]));
        assert_eq!(env(b"-S python3\r"), runs(b"python3", true));
        assert_eq!(env(b"-Spython3"), runs(b"python3", true));
        let assigned = vec![(b"A".to_vec(), b"1=2".to_vec()), (b"PATH".to_vec(), b"/opt".to_vec())];
        let expected = Env::Runs { program: b"x".to_vec(), assigned, split: true, arguments: Vec::new() };
        assert_eq!(env(b"--split-string=A=1=2 PATH=/opt x"), expected);
        assert_eq!(env(b"-S -i PATH=/opt x"), Env::Other);
        assert_eq!(env(b"-iS x"), Env::Other);
        assert_eq!(env(b""), Env::Other);
        assert_eq!(env(b"-S '$x'"), Env::Other);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(head: Vec<u8>) {
            if let Script::Line(line) = read(&head) {
                let _ = env(line.argument);
            }
            let _ = read(&[b"#!", head.as_slice()].concat());
        }
    }
}
