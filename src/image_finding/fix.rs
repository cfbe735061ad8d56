//! Fixes as lines to paste into a Dockerfile, fitted to the Dockerfile if it is known.
//!
//! A line that replaces another one is made from it. Without a Dockerfile, the first stage counts as the build stage.

mod paste;

use serde::{Deserialize, Serialize};

use image_analyzer::Fix;
use image_analyzer::fix::{FileCopy, Language, Libc, PackageManager};
use image_analyzer::printable::printable_json;
use image_analyzer::printable::{printable, printable_bytes};
use paste::{base_name, chmod, quoted, source};

pub use paste::Dockerfile;

/// A fix in words and lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct FixText {
    /// What it does, in half a sentence.
    pub what: String,
    /// Lines for the Dockerfile, safe to print.
    pub lines: Vec<String>,
}

/// Commands that take `-static`.
const COMPILERS: [&str; 6] = ["gcc ", "g++ ", "clang ", "clang++ ", "cc ", "c++ "];

fn fix_text(what: impl Into<String>, lines: impl IntoIterator<Item = String>) -> FixText {
    FixText { what: what.into(), lines: lines.into_iter().collect() }
}

/// The fixes of a finding as text; those that do not fit the Dockerfile are left out.
pub fn all(fixes: &[Fix], dockerfile: Option<&Dockerfile>) -> Vec<FixText> {
    let fits = |fix: &&Fix| match fix {
        // This Dockerfile does not compile it.
        Fix::LinkStatically { language: Language::Native, .. } => {
            dockerfile.is_none_or(|file| COMPILERS.iter().any(|compiler| file.has(compiler)))
        }
        _ => true,
    };
    let fixes = fixes.iter().filter(fits).map(|fix| of(fix, dockerfile));
    fixes.filter(|fix| !fix.lines.is_empty()).collect()
}

/// A fix as text.
fn of(fix: &Fix, dockerfile: Option<&Dockerfile>) -> FixText {
    match fix {
        Fix::ExecForm(instruction, words) => fix_text(
            "write the command as a list of words",
            [format!("{} {}", instruction.name(), printable_json(words))],
        ),
        Fix::SetCommand(instruction, program) => {
            let program = program.as_deref().map_or("/PROGRAM".into(), String::from_utf8_lossy).into_owned();
            fix_text("name the program to run", [format!("{} {}", instruction.name(), printable_json(&[program]))])
        }
        Fix::LinkStatically { language, program, cpu, libc } => {
            link_statically(*language, program, *cpu, *libc, dockerfile)
        }
        Fix::CopyFromBuild(copies) => {
            fix_text("copy what is missing from the stage that built the program", copy_lines(copies, dockerfile))
        }
        Fix::Ldconfig(folders) => {
            let words = std::iter::once("RUN ldconfig".to_owned()).chain(folders.iter().map(|folder| quoted(folder)));
            fix_text("update the loader's cache", [words.collect::<Vec<_>>().join(" ")])
        }
        Fix::LibraryPath(folders, path) => {
            let path = path.as_ref().map(|path| format!(":{}", printable(path))).unwrap_or_default();
            fix_text(
                "add the folder to the loader's search path",
                [format!("ENV LD_LIBRARY_PATH={}{path}", quoted(&folders.join(&b':')))],
            )
        }
        Fix::PlainMode(target) => {
            fix_text("remove its set-user-id bit, so that LD_LIBRARY_PATH counts", chmod("755", target, dockerfile))
        }
        Fix::CopyProgram(path) => {
            let (stage, path) = (stage(dockerfile, path), quoted(path));
            fix_text("copy the program there", [format!("COPY --from={stage} {path} {path}")])
        }
        Fix::CopyFile(from, to) => {
            fix_text("copy it into the image", [format!("COPY {} {}", quoted(from), quoted(to))])
        }
        Fix::BaseWith(libc) => {
            fix_text(format!("start from a base that has {}", libc.name()), [format!("FROM {}", base(*libc))])
        }
        Fix::BaseWithShell => fix_text("start from a base that has a shell", ["FROM busybox".to_owned()]),
        Fix::BuildWith(libc) => build_with(*libc, dockerfile),
        Fix::BaseProviding(version) => base_providing(version, dockerfile),
        Fix::Platform(platform) => {
            let platform = printable(platform);
            fix_text(format!("build and run for {platform}"), [format!("FROM --platform={platform} IMAGE")])
        }
        Fix::MakeExecutable(target) if target.is_folder => {
            fix_text("let all users enter it", chmod("755", target, dockerfile))
        }
        Fix::MakeExecutable(target) => fix_text("let all users execute it", chmod("755", target, dockerfile)),
        Fix::MakeReadable(target) => fix_text("let all users read it", chmod("755", target, dockerfile)),
        Fix::UnixNewlines(path) => {
            fix_text("convert its line endings to LF", [format!("RUN sed -i 's/\\r$//' {}", quoted(path))])
        }
        Fix::FirstLine(line, path) => {
            fix_text(format!("start it with {line}"), [format!("RUN sed -i '1s|.*|{line}|' {}", quoted(path))])
        }
        Fix::LineBefore(line, path) => {
            fix_text(format!("start it with {line}"), [format!("RUN sed -i '1i {line}' {}", quoted(path))])
        }
        Fix::Install(package_manager, package) => {
            fix_text(format!("install {package}"), [install(*package_manager, package)])
        }
        _ => of_users_and_runtimes(fix, dockerfile),
    }
}

fn of_users_and_runtimes(fix: &Fix, dockerfile: Option<&Dockerfile>) -> FixText {
    match fix {
        Fix::NumericUser(user) => fix_text("use a numeric user", [format!("USER {}", printable(user))]),
        Fix::AddUser(package_manager, name) => {
            let command = if *package_manager == PackageManager::Apk { "adduser -D" } else { "useradd --system" };
            fix_text("create the user", [format!("RUN {command} {}", quoted(name.as_bytes()))])
        }
        Fix::RootUser => fix_text("run it as root", ["USER root".to_owned()]),
        Fix::AddToPath(folder, path) => {
            fix_text("add the folder to PATH", [format!("ENV PATH={}:{}", quoted(folder), printable(path))])
        }
        Fix::Workdir(folder) => fix_text("use another WORKDIR", [format!("WORKDIR {}", quoted(folder))]),
        Fix::JavaRelease(release) => java_release(*release, dockerfile),
        Fix::JavaRuntime(release) => {
            fix_text(format!("run it on Java {release}"), [format!("FROM eclipse-temurin:{release}-jre")])
        }
        Fix::PythonVersion(version) => {
            let version = printable(version);
            fix_text(format!("start from a base that has Python {version}"), [format!("FROM python:{version}-slim")])
        }
        Fix::GoForLinux => fix_text("build it for Linux, in the stage that builds", ["ENV GOOS=linux".to_owned()]),
        Fix::Unpack(path) => {
            let path = quoted(path);
            fix_text(
                "unpack it",
                [format!("RUN gunzip -c {path} > {path}.new && chmod 755 {path}.new && mv {path}.new {path}")],
            )
        }
        Fix::EmbedTimeZones => {
            let lines = dockerfile.and_then(|file| file.changed("go build", "go build", "go build -tags timetzdata"));
            fix_text(
                "build the time zones into the program",
                [lines.unwrap_or("RUN go build -tags timetzdata".to_owned())],
            )
        }
        _ => fix_text("", []),
    }
}

fn base(libc: Libc) -> &'static str {
    match libc {
        Libc::Glibc => "debian:stable-slim",
        Libc::Musl => "alpine",
    }
}

fn install(package_manager: PackageManager, package: &str) -> String {
    match package_manager {
        PackageManager::Apk => format!("RUN apk add --no-cache {package}"),
        PackageManager::Apt => {
            format!(
                "RUN apt-get update && apt-get install -y --no-install-recommends {package} && rm -rf /var/lib/apt/lists/*"
            )
        }
        PackageManager::Dnf => format!("RUN dnf install -y {package} && dnf clean all"),
        PackageManager::None => format!("COPY --from=0 {package} {package}"),
    }
}

/// Where files are copied from: the stage that builds, or, where there is no other stage, an image that has them.
fn stage(dockerfile: Option<&Dockerfile>, path: &[u8]) -> String {
    let is_musl = path.windows(4).any(|part| part == b"musl");
    let image = base(if is_musl { Libc::Musl } else { Libc::Glibc });
    dockerfile.map_or("0", |file| file.build_stage().unwrap_or(image)).to_owned()
}

/// One line for each folder.
fn copy_lines(copies: &[FileCopy], dockerfile: Option<&Dockerfile>) -> Vec<String> {
    let mut folders: Vec<&Vec<u8>> = Vec::new();
    for copy in copies {
        if !folders.contains(&&copy.folder) {
            folders.push(&copy.folder);
        }
    }
    let line = |folder: &Vec<u8>| {
        let stage = copies.first().map_or("0".into(), |copy| stage(dockerfile, &copy.from));
        let files = copies.iter().filter(|copy| copy.folder == *folder).map(|copy| quoted(&copy.from));
        let to = quoted(folder);
        let slash = if to.ends_with('/') { "" } else { "/" };
        format!("COPY --from={stage} {} {to}{slash}", files.collect::<Vec<_>>().join(" "))
    };
    folders.into_iter().map(line).collect()
}

fn link_statically(
    language: Language,
    program: &[u8],
    cpu: Option<&str>,
    libc: Libc,
    dockerfile: Option<&Dockerfile>,
) -> FixText {
    let name = base_name(program);
    match language {
        Language::Go => fix_text("build it without cgo, in the stage that builds", ["ENV CGO_ENABLED=0".to_owned()]),
        Language::Rust => {
            let target = format!("{}-unknown-linux-musl", cpu.unwrap_or("x86_64"));
            let flag = format!("rustc --target {target} ");
            let own = dockerfile.and_then(|file| file.changed("rustc ", "rustc ", &flag));
            let cargo =
                dockerfile.filter(|file| file.has("cargo ")).map(|_| format!("ENV CARGO_BUILD_TARGET={target}"));
            let line = own
                .or(cargo)
                .unwrap_or_else(|| format!("RUN rustc --target {target} {}", source(&name, "rs", dockerfile)));
            fix_text("link it statically, against musl", [format!("RUN rustup target add {target}"), line])
        }
        Language::Native => {
            let own = COMPILERS
                .iter()
                .find_map(|compiler| dockerfile?.changed(compiler, compiler, &format!("{compiler}-static ")));
            let line = own.unwrap_or_else(|| format!("RUN gcc -static -o {name} {}", source(&name, "c", dockerfile)));
            let what = if libc == Libc::Glibc { "link it statically" } else { "link it statically, against musl" };
            fix_text(what, [line])
        }
    }
}

fn build_with(libc: Libc, dockerfile: Option<&Dockerfile>) -> FixText {
    let what = format!("build it where {} is", libc.name());
    let known = dockerfile.and_then(|file| file.build_image());
    let image = match (libc, known) {
        (Libc::Musl, Some(image)) if !image.contains(':') && matches!(image, "golang" | "rust" | "python" | "node") => {
            format!("{image}:alpine")
        }
        (libc, _) => base(libc).to_owned(),
    };
    let compiler = (image == "alpine").then(|| "RUN apk add --no-cache build-base".to_owned());
    fix_text(what, std::iter::once(format!("FROM {image}")).chain(compiler))
}

/// The oldest release of Debian that provides a version of glibc or of libstdc++, or what the program was built on.
fn base_providing(version: &[u8], dockerfile: Option<&Dockerfile>) -> FixText {
    const RELEASES: [(&str, [u64; 3], [u64; 3]); 3] = [
        ("debian:bullseye-slim", [2, 31, 0], [3, 4, 28]),
        ("debian:bookworm-slim", [2, 36, 0], [3, 4, 30]),
        ("debian:trixie-slim", [2, 41, 0], [3, 4, 33]),
    ];
    let shown = printable_bytes(version);
    let number = |prefix: &str| {
        let mut parts = shown.strip_prefix(prefix)?.split('.').map(str::parse::<u64>);
        let mut next = || parts.next().map_or(Some(0), Result::ok);
        Some([next()?, next()?, next()?])
    };
    let (glibc, stdcxx) = (number("GLIBC_"), number("GLIBCXX_"));
    let known = RELEASES.iter().find(|(_, has_glibc, has_stdcxx)| {
        glibc.is_some_and(|wanted| wanted <= *has_glibc) || stdcxx.is_some_and(|wanted| wanted <= *has_stdcxx)
    });
    let built_on = dockerfile.and_then(Dockerfile::build_image).map(|image| printable(image).into_owned());
    let image = built_on.or_else(|| known.map(|(image, ..)| (*image).to_owned()));
    fix_text(
        format!("start from a base that provides {shown}"),
        [format!("FROM {}", image.unwrap_or("debian:sid-slim".to_owned()))],
    )
}

fn java_release(release: u16, dockerfile: Option<&Dockerfile>) -> FixText {
    // `--release` exists since Java 9, which is newer than any runtime that is too old for it.
    let own = dockerfile.and_then(|file| file.changed("javac ", "javac ", &format!("javac --release {release} ")));
    let line = own.unwrap_or_else(|| format!("RUN javac --release {release} *.java"));
    fix_text(format!("compile it for Java {release}"), [line])
}

#[cfg(test)]
mod tests {
    use super::{Dockerfile, all, copy_lines, of};
    use image_analyzer::Fix;
    use image_analyzer::fix::{FileCopy, FixTarget, Instruction, Language, Libc};

    fn lines(fix: &Fix, dockerfile: &str) -> Vec<String> {
        of(fix, Some(&Dockerfile::parse(dockerfile))).lines
    }

    fn link(language: Language) -> Fix {
        Fix::LinkStatically { language, program: b"/bin/hello".to_vec(), cpu: Some("x86_64"), libc: Libc::Glibc }
    }

    #[test]
    fn a_line_that_is_to_change_is_made_from_the_one_that_is_there() {
        let c = "FROM gcc AS build\nCOPY hello.c .\nRUN gcc -o hello \\\n  hello.c\nFROM scratch\nCOPY --from=build /hello .\n";
        assert_eq!(lines(&link(Language::Native), c), ["RUN gcc -static -o hello hello.c"]);
        let rust = "FROM rust\nRUN rustc hello.rs\n";
        let target = "x86_64-unknown-linux-musl";
        let expected = [format!("RUN rustup target add {target}"), format!("RUN rustc --target {target} hello.rs")];
        assert_eq!(lines(&link(Language::Rust), rust), expected);
        assert_eq!(of(&link(Language::Native), None).lines, ["RUN gcc -static -o hello hello.c"]);
        assert_eq!(lines(&link(Language::Go), ""), ["ENV CGO_ENABLED=0"]);
    }

    #[test]
    fn a_program_that_the_dockerfile_does_not_compile_has_no_compiler_flag_as_fix() {
        let fixes = [link(Language::Native), Fix::BaseWithShell];
        let count = |dockerfile: Option<&str>| all(&fixes, dockerfile.map(Dockerfile::parse).as_ref()).len();
        assert_eq!(count(Some("FROM alpine\nRUN wget -O hello https://example.org/hello\n")), 1);
        assert_eq!(count(Some("FROM gcc\nRUN gcc hello.c\n")), 2);
        assert_eq!(count(None), 2);
    }

    #[test]
    fn without_a_stage_to_copy_from_an_image_is_named_that_has_the_files() {
        let copy = |from: &str| Fix::CopyFromBuild(vec![FileCopy { from: from.into(), folder: b"/lib".to_vec() }]);
        let single = "FROM scratch\nCOPY hello .\n";
        assert_eq!(lines(&copy("/lib/x"), single), ["COPY --from=debian:stable-slim /lib/x /lib/"]);
        assert_eq!(
            lines(&copy("/lib/ld-musl-x86_64.so.1"), single),
            ["COPY --from=alpine /lib/ld-musl-x86_64.so.1 /lib/"]
        );
        let chmod = Fix::MakeExecutable(target("/hello", None));
        assert_eq!(lines(&chmod, single), ["COPY --chmod=755 hello ."]);
        assert_eq!(of(&chmod, None).lines, ["COPY --chmod=755 hello /hello"]);
    }

    fn target(path: &str, by_run: Option<&str>) -> FixTarget {
        FixTarget { path: path.into(), is_folder: false, by_run: by_run.map(str::to_owned) }
    }

    #[test]
    fn permissions_are_changed_by_a_copy_only_where_there_is_one_to_change() {
        let made = "FROM busybox\nRUN mkdir -m 700 /secret && cp /bin/busybox /secret/hello\nUSER 1000\n";
        let copied = "FROM busybox\nCOPY --chmod=700 hello /secret/\n";
        let fix = |by_run| Fix::MakeExecutable(target("/secret/hello", by_run));
        assert_eq!(lines(&fix(Some("")), made), ["RUN chmod 755 /secret/hello"]);
        assert_eq!(lines(&fix(Some("1000")), made), ["USER root", "RUN chmod 755 /secret/hello", "USER 1000"]);
        assert_eq!(lines(&fix(Some("")), copied), ["COPY --chmod=755 hello /secret/"]);
        assert_eq!(lines(&fix(None), made), [""; 0], "without a shell there is nothing to do it with");
        assert_eq!(of(&fix(Some("")), None).lines, ["RUN chmod 755 /secret/hello"]);
        let folder = |by_run| Fix::MakeReadable(FixTarget { is_folder: true, ..target("/hello", by_run) });
        assert_eq!(lines(&folder(Some("")), copied), ["RUN chmod 755 /hello"], "no copy of a folder");
        assert_eq!(all(&[folder(None), Fix::RootUser], None).len(), 1);
    }

    #[test]
    fn the_instruction_that_is_wrong_is_the_one_to_change() {
        let line = |instruction| of(&Fix::SetCommand(instruction, None), None).lines.concat();
        assert_eq!(line(Instruction::Entrypoint), "ENTRYPOINT [\"/PROGRAM\"]");
        assert_eq!(line(Instruction::Cmd), "CMD [\"/PROGRAM\"]");
    }

    #[test]
    fn files_for_one_folder_are_copied_by_one_line_from_the_stage_that_builds() {
        let copy = |from: &str, folder: &str| FileCopy { from: from.into(), folder: folder.into() };
        let copies =
            [copy("/lib64/ld.so", "/lib64"), copy("/lib/a b", "/lib"), copy("/lib/c", "/lib"), copy("/x", "/")];
        let dockerfile = Dockerfile::parse("FROM gcc AS build\nFROM scratch\nCOPY --from=build /hello .\n");
        assert_eq!(
            copy_lines(&copies, Some(&dockerfile)),
            [
                "COPY --from=build /lib64/ld.so /lib64/",
                "COPY --from=build \"/lib/a b\" /lib/c /lib/",
                "COPY --from=build /x /"
            ]
        );
        assert_eq!(copy_lines(&copies[..1], None), ["COPY --from=0 /lib64/ld.so /lib64/"]);
    }

    #[test]
    fn a_library_that_is_there_is_brought_within_the_loaders_reach() {
        let line = |fix: &Fix| of(fix, None).lines.concat();
        assert_eq!(line(&Fix::Ldconfig(Vec::new())), "RUN ldconfig");
        assert_eq!(line(&Fix::Ldconfig(vec![b"/o p".to_vec()])), "RUN ldconfig \"/o p\"");
        assert_eq!(line(&Fix::LibraryPath(vec![b"/o".to_vec()], None)), "ENV LD_LIBRARY_PATH=/o");
        assert_eq!(
            line(&Fix::LibraryPath(vec![b"/o".to_vec(), b"/p".to_vec()], Some("/x".into()))),
            "ENV LD_LIBRARY_PATH=/o:/p:/x"
        );
        assert_eq!(line(&Fix::PlainMode(target("/u", None))), "COPY --chmod=755 u /u");
    }

    #[test]
    fn hidden_characters_stay_hidden() {
        let words = vec!["./a\nb".to_owned()];
        assert_eq!(of(&Fix::ExecForm(Instruction::Cmd, words), None).lines, [r#"CMD ["./a\u000ab"]"#]);
        let line = of(&Fix::UnixNewlines(b"/a\n\x1b'b".to_vec()), None).lines;
        assert!(!line[0].contains(char::is_control), "{line:?}");
    }
}
