//! What would help, in the order of what a minimal image wants: need less, copy the little that is missing, and only
//! then start from something larger.

use super::facts::Program;
use crate::config::Platform;
use crate::dynamic_loader::LoadResult;
use crate::elf::Machine;
use crate::extract::string_scan::StringHint;
use crate::finding::{FileCopy, FindingKind, Fix, Instruction, Language, Libc, PackageManager};
use crate::image::Image;
use crate::path::{absolute, components, join};
use crate::rules::shell_script::expand::{expand, from_environment};

/// Who installs packages in this image.
pub(super) fn package_manager(image: &Image) -> PackageManager {
    let has = |path: &str| image.files.lookup(path.as_bytes()).is_ok();
    if has("/sbin/apk") {
        PackageManager::Apk
    } else if has("/usr/bin/apt-get") {
        PackageManager::Apt
    } else if has("/usr/bin/dnf") || has("/usr/bin/microdnf") || has("/usr/bin/yum") {
        PackageManager::Dnf
    } else {
        PackageManager::None
    }
}

/// For a user or group that is unknown.
pub(super) fn for_user(image: &Image, name: &str, id: FindingKind) -> Vec<Fix> {
    let number = "65532";
    let numeric = match image.config.user.split_once(':') {
        Some((user, group)) if id == FindingKind::UserUnknown => {
            format!("{}:{group}", if user == name { number } else { user })
        }
        Some((user, _)) => format!("{user}:{number}"),
        None => number.to_owned(),
    };
    let package_manager = package_manager(image);
    // What a number or an odd name would be given, no tool creates.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(plain);
    let add = (package_manager != PackageManager::None && id == FindingKind::UserUnknown && is_name)
        .then(|| Fix::AddUser(package_manager, name.to_owned()));
    std::iter::once(Fix::NumericUser(numeric)).chain(add).collect()
}

/// For a command that PATH does not have: a package of that name, or a copy.
pub(super) fn for_command(image: &Image, command: &str) -> Vec<Fix> {
    let known = ["bash", "curl", "git", "java", "make", "node", "perl", "python3", "tini", "wget"];
    let package_manager = package_manager(image);
    let package = known.iter().find(|name| **name == command).filter(|_| package_manager != PackageManager::None);
    let mut fixes: Vec<_> =
        package.map(|name| Fix::Install(package_manager, package_of(name, package_manager))).into_iter().collect();
    if matches!(command, "sh" | "ash") {
        fixes.push(Fix::BaseWithShell);
    } else {
        fixes.push(Fix::CopyProgram(join(b"/usr/local/bin", command.as_bytes())));
    }
    fixes
}

fn package_of(name: &'static str, package_manager: PackageManager) -> &'static str {
    match (name, package_manager) {
        ("java", PackageManager::Apk) => "openjdk21-jre-headless",
        ("java", PackageManager::Apt) => "default-jre-headless",
        ("java", _) => "java-latest-openjdk-headless",
        ("node", _) => "nodejs",
        _ => name,
    }
}

/// For a command given by its path that is not there: where a file of that name is, or a copy.
pub(super) fn for_missing(
    image: &Image,
    command: &str,
    folder: &[u8],
    instruction: Instruction,
    words: &[String],
) -> Vec<Fix> {
    let name = command.rsplit('/').next().unwrap_or_default();
    let mut fixes = Vec::new();
    let places: [&[u8]; 4] = [folder, b"/", b"/usr/local/bin", b"/usr/bin"];
    let elsewhere = places.iter().map(|place| absolute(components(&join(place, name.as_bytes()))));
    let elsewhere = elsewhere.filter(|_| !name.is_empty()).find(|path| {
        image
            .files
            .lookup(path)
            .is_ok_and(|found| found.entry.kind == crate::layer::FileKind::File && found.entry.mode & 0o111 != 0)
    });
    let elsewhere = elsewhere.or_else(|| anywhere(image, name.as_bytes()));
    if let Some(path) = elsewhere.and_then(|path| String::from_utf8(path).ok())
        && words.first().is_some_and(|first| first == command)
    {
        let words = std::iter::once(path).chain(words.iter().skip(1).cloned()).collect();
        fixes.push(Fix::ExecForm(instruction, words));
    }
    // What is there need not be copied.
    if fixes.is_empty() {
        fixes.push(Fix::CopyProgram(absolute(components(&join(folder, command.as_bytes())))));
    }
    fixes
}

/// A program of this name that all may execute, in whatever folder: the one with the shortest path.
fn anywhere(image: &Image, name: &[u8]) -> Option<Vec<u8>> {
    let paths = image.files.paths_of(&|other, _| other == name && !name.is_empty());
    let runs = |path: &Vec<u8>| image.files.lookup(path).is_ok_and(|found| found.entry.mode & 0o111 == 0o111);
    paths.into_iter().filter(runs).min_by_key(|path| (components(path).count(), path.clone()))
}

/// For a command in exec form with a variable in it, which only a shell would replace: its value, if the image has it, or a
/// shell.
pub(super) fn for_variable(image: &Image, instruction: Instruction, words: &[String]) -> Vec<Fix> {
    let value_of = |name: &str| from_environment(&image.config.env, name);
    let expanded: Option<Vec<_>> = words
        .iter()
        .map(|word| if word.contains('$') { expand(&format!("\"{word}\""), &value_of) } else { Some(word.clone()) })
        .collect();
    if let Some(words) = expanded {
        return vec![Fix::ExecForm(instruction, words)];
    }
    let is_plain = |word: &String| word.chars().all(|c| c.is_ascii_alphanumeric() || "_./:=$@%+,-{}".contains(c));
    let has_shell = image.files.lookup(b"/bin/sh").is_ok();
    let line = format!("exec {}", words.join(" "));
    let words = ["/bin/sh".to_owned(), "-c".to_owned(), line].to_vec();
    let fits =
        has_shell && words.iter().skip(2).flat_map(|line| line.split(' ')).all(|word| is_plain(&word.to_owned()));
    if fits { vec![Fix::ExecForm(instruction, words)] } else { Vec::new() }
}

/// For a file that an interpreter is given by this name and that would have to be at `path`: what is compiled comes from
/// where it was built, what is not is in the build context.
pub(super) fn for_argument(name: &str, path: Vec<u8>) -> Fix {
    if [".jar", ".dll", ".exe"].iter().any(|ending| name.ends_with(ending)) {
        return Fix::CopyProgram(path);
    }
    let name = if name.starts_with('/') { name.rsplit('/').next().unwrap_or_default() } else { name };
    let from = absolute(components(name.as_bytes()).filter(|part| *part != b".."));
    Fix::CopyFile(from.get(1..).unwrap_or_default().to_vec(), path)
}

/// For the interpreter of a script.
pub(super) fn for_interpreter(image: &Image, name: &[u8], script: &[u8]) -> Vec<Fix> {
    let base = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let package_manager = package_manager(image);
    let has_sh = image.files.lookup(b"/bin/sh").is_ok();
    let mut fixes = Vec::new();
    if matches!(base, b"bash" | b"dash" | b"ash" | b"ksh") && has_sh {
        fixes.push(Fix::FirstLine("#!/bin/sh".to_owned(), script.to_vec()));
    }
    let package = match base {
        b"bash" => Some("bash"),
        b"python3" | b"python" => Some("python3"),
        b"perl" => Some("perl"),
        b"node" => Some("nodejs"),
        b"ruby" => Some("ruby"),
        _ => None,
    };
    if let Some(package) = package.filter(|_| package_manager != PackageManager::None) {
        fixes.push(Fix::Install(package_manager, package));
    }
    if matches!(base, b"sh" | b"ash" | b"bash" | b"dash" | b"env") && !has_sh {
        fixes.push(Fix::BaseWithShell);
    }
    if fixes.is_empty() {
        let folder = image.config.working_dir.as_bytes();
        let is_path = name.contains(&b'/');
        fixes.push(Fix::CopyProgram(if is_path {
            absolute(components(&join(folder, name)))
        } else {
            join(b"/usr/local/bin", name)
        }));
    }
    fixes
}

/// For a program that is for another machine.
pub(super) fn for_platform(platform: &Platform, machine: Machine) -> Vec<Fix> {
    let os = if platform.os.is_empty() { "linux" } else { &platform.os };
    let for_image = (!platform.arch.is_empty()).then(|| Fix::Platform(format!("{os}/{}", platform.arch)));
    let for_program = machine.arch().map(|arch| Fix::Platform(format!("{os}/{arch}")));
    for_image.into_iter().chain(for_program).collect()
}

/// What the program was written in.
fn language(program: &Program<'_>) -> Language {
    if program.content.hints.has(StringHint::Go) {
        Language::Go
    } else if program.content.hints.has(StringHint::Rust) {
        Language::Rust
    } else {
        Language::Native
    }
}

/// Link it so that it needs nothing.
pub(super) fn static_link(program: &Program<'_>, libc: Libc) -> Fix {
    let cpu = program.elf.machine.target();
    Fix::LinkStatically { language: language(program), program: program.path.to_vec(), cpu, libc }
}

/// For a loader that is not there: `missing` are the libraries that are not there either, `other` the libc that is.
pub(super) fn for_loader(program: &Program<'_>, loader: &[u8], missing: &[Vec<u8>], other: Option<Libc>) -> Vec<Fix> {
    let libc = crate::dynamic_loader::libc_of(loader, None).unwrap_or(Libc::Glibc);
    let mut fixes = vec![static_link(program, libc)];
    if let Some(other) = other {
        fixes.push(Fix::BuildWith(other));
    } else {
        let mut copies = vec![FileCopy { from: loader.to_vec(), folder: parent(loader) }];
        copies.extend(missing.iter().filter_map(|name| copy_of(program, name, libc, None)));
        // Where a relative one is depends on where the program is started.
        if loader.starts_with(b"/") {
            fixes.push(Fix::CopyFromBuild(copies));
        }
    }
    fixes.push(Fix::BaseWith(libc));
    fixes
}

/// For a library that is missing, or, with its path, that cannot be used.
pub(super) fn for_library(
    image: &Image,
    program: &Program<'_>,
    name: &[u8],
    loaded: &LoadResult<'_>,
    (libc, instead): (Libc, Option<&Vec<u8>>),
) -> Vec<Fix> {
    // Next to libc is a folder that the loader searches.
    let beside = loaded.objects.iter().find(|object| object.names.iter().any(|name| name.starts_with(b"libc.")));
    let beside = beside.map(|object| parent(&object.opened));
    // One that cannot be used would be found before a copy elsewhere, and a path is not searched for.
    let named = name.contains(&b'/').then_some(name);
    let folder = instead.map(Vec::as_slice).or(named).map(parent).or(beside);
    let mut fixes = vec![static_link(program, libc)];
    fixes.extend(copy_of(program, name, libc, folder).map(|copy| Fix::CopyFromBuild(vec![copy])));
    let package_manager = package_manager(image);
    if let Some(package) = package_with(name, package_manager) {
        fixes.push(Fix::Install(package_manager, package));
    } else if package_manager == PackageManager::None {
        fixes.push(Fix::BaseWith(libc));
    }
    fixes
}

/// Where the official images of compilers have a library, and where it should go; nowhere, if it is named by a path that
/// depends on where the program is started, or on where it is.
fn copy_of(program: &Program<'_>, name: &[u8], libc: Libc, folder: Option<Vec<u8>>) -> Option<FileCopy> {
    if name.contains(&b'/') && (!name.starts_with(b"/") || name.contains(&b'$')) {
        return None;
    }
    let usual = match (libc, program.elf.machine.triplet()) {
        (Libc::Glibc, Some(triplet)) => format!("/lib/{triplet}").into_bytes(),
        (Libc::Glibc, None) => b"/lib".to_vec(),
        (Libc::Musl, _) => b"/usr/lib".to_vec(),
    };
    let from = absolute(components(&join(&usual, name)));
    Some(FileCopy { from, folder: folder.unwrap_or(usual) })
}

/// The folder that a file is in.
pub(super) fn parent(path: &[u8]) -> Vec<u8> {
    let folders: Vec<_> = components(path).collect();
    absolute(folders.split_last().map(|(_, folders)| folders.iter().copied()).into_iter().flatten())
}

/// The package that has a library, for those that programs most often miss.
fn package_with(name: &[u8], package_manager: PackageManager) -> Option<&'static str> {
    const KNOWN: [(&[u8], [&str; 3]); 9] = [
        (b"libgcc_s.so", ["libgcc", "libgcc-s1", "libgcc"]),
        (b"libstdc++.so", ["libstdc++", "libstdc++6", "libstdc++"]),
        (b"libz.so", ["zlib", "zlib1g", "zlib"]),
        (b"libssl.so", ["libssl3", "libssl3", "openssl-libs"]),
        (b"libcrypto.so", ["libcrypto3", "libssl3", "openssl-libs"]),
        (b"libcurl.so", ["libcurl", "libcurl4", "libcurl"]),
        (b"libffi.so", ["libffi", "libffi8", "libffi"]),
        (b"libpq.so", ["libpq", "libpq5", "libpq"]),
        (b"libgomp.so", ["libgomp", "libgomp1", "libgomp"]),
    ];
    let (_, [apk, apt, dnf]) = KNOWN.iter().find(|(library, _)| name.starts_with(library))?;
    match package_manager {
        PackageManager::Apk => Some(apk),
        PackageManager::Apt => Some(apt),
        PackageManager::Dnf => Some(dnf),
        PackageManager::None => None,
    }
}
