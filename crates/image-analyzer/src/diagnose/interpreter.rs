//! A file that is executed, by what is in it; and a script by what its first line names.

use super::Diagnoser;
use super::facts::StartedBy;
use crate::diagnose::fixes;
use crate::extract::file_content::FileContent;
use crate::finding::{Finding, FindingKind, Fix, Libc, PackageManager};
use crate::path::{absolute, components, join};
use crate::printable::{printable, printable_bytes};
use crate::rules::jar::release_of_jar;
use crate::rules::java::release_of_class;
use crate::rules::path_lookup::{LookupProblem, not_executable};
use crate::rules::shebang::{self, Env, Line, Script};
use crate::rules::shell_options;
use crate::rules::word::Word;
use crate::trace::{Role, TraceStep};
use crate::tree::{FileEntry, LookupError};

/// How many interpreters the kernel goes through before it gives up with ELOOP (Linux, `fs/exec.c`, `exec_binprm`).
const DEEPEST: usize = 5;

impl Diagnoser<'_> {
    /// Follows the file at `path`, which is there and may be executed; `depth` scripts led to it.
    pub(super) fn execute(&mut self, path: &[u8], by: StartedBy, depth: usize) -> Vec<TraceStep> {
        let tree = &self.image.files;
        let Ok(found) = tree.lookup(path) else { return Vec::new() };
        let head = match found.entry.content {
            FileContent::Elf(elf) => return self.program(path, &found.entry, elf),
            FileContent::Full(bytes) | FileContent::Prefix(bytes) => bytes.clone(),
            FileContent::Unknown => return Vec::new(),
            FileContent::Skipped if found.entry.size > 0 => return Vec::new(),
            FileContent::Skipped => Box::default(),
        };
        let (id, what) = match shebang::read(&head) {
            Script::Line(line) if depth >= DEEPEST => return self.too_deep(path, line),
            Script::Line(line) => return vec![self.interpreter(path, line, by, depth)],
            // A shell that is refused by the kernel reads the file itself.
            Script::Text | Script::Empty | Script::Refused | Script::TooLong | Script::Foreign(_)
                if by != StartedBy::Engine =>
            {
                self.unreadable(path, b"the shell");
                return Vec::new();
            }
            Script::TooLong => {
                self.too_long(path, shebang::meant(&head));
                return Vec::new();
            }
            Script::Text => (FindingKind::ScriptWithoutInterpreter, "is a text file that does not start with `#!`"),
            Script::Refused => (FindingKind::ScriptWithoutInterpreter, "has a `#!` line without an interpreter"),
            Script::Empty => (FindingKind::UnknownFormat, "is empty"),
            Script::Foreign(what) => (FindingKind::UnknownFormat, what),
        };
        self.refused(path, id, what);
        Vec::new()
    }

    /// Reports a file that the kernel refuses with "exec format error".
    fn refused(&mut self, path: &[u8], id: FindingKind, what: &str) {
        let shown = printable_bytes(path);
        let shell = self.search().command(b"/bin/sh").is_ok();
        let (message, says) = match id {
            FindingKind::ScriptWithoutInterpreter => {
                (format!("the script {shown} has no valid #! line"), what.to_owned())
            }
            _ if what == "is empty" => (format!("the program {shown} is empty"), what.to_owned()),
            _ => (format!("{shown} is not a Linux program"), format!("is {what}")),
        };
        let mut fixes = Vec::new();
        if id == FindingKind::ScriptWithoutInterpreter {
            if !shell {
                fixes.push(Fix::BaseWithShell);
            }
            fixes.push(Fix::LineBefore("#!/bin/sh".to_owned(), path.to_vec()));
            if shell {
                fixes.push(Fix::ExecForm(self.instruction, vec!["/bin/sh".to_owned(), shown]));
            }
        } else if what.contains("byte order mark") {
            fixes.push(Fix::FirstLine("#!/bin/sh".to_owned(), path.to_vec()));
        } else if what.contains("gzip") {
            let unpacks = shell
                && ["/bin/gunzip", "/usr/bin/gunzip"].iter().any(|path| self.search().file(path.as_bytes()).is_ok());
            fixes.extend(unpacks.then(|| Fix::Unpack(path.to_vec())));
        } else if what.contains("Windows") || what.contains("macOS") {
            fixes.push(Fix::GoForLinux);
        } else if what.contains("JAR") || what.contains("Java") {
            fixes.extend(self.by_java(path));
        } else if !["Git LFS", "HTML", "packed"].iter().any(|found| what.contains(found)) {
            // A copy of the same file would be no better.
            fixes.push(Fix::CopyProgram(path.to_vec()));
        }
        self.report(Finding::new(id, message).evidence(path, says).fix(fixes));
    }

    /// What runs Java code that is the command itself; no copy of it would.
    fn by_java(&self, path: &[u8]) -> Vec<Fix> {
        let Ok(text) = std::str::from_utf8(path) else { return Vec::new() };
        let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
        let folder = if folder.is_empty() { "/" } else { folder };
        let words = match name.rsplit_once('.') {
            Some((class, "class")) => ["java", "-cp", folder, class].map(str::to_owned).to_vec(),
            Some((_, "jar")) => ["java", "-jar", text].map(str::to_owned).to_vec(),
            _ => return Vec::new(),
        };
        let words = [words, self.instruction_words().get(1..).unwrap_or_default().to_vec()].concat();
        let exec = Fix::ExecForm(self.instruction, words);
        let head = self.image.files.lookup(path).ok().map(|found| found.entry.content.head()).unwrap_or_default();
        let release = release_of_class(head).or_else(|| release_of_jar(head));
        let runtime = release.filter(|_| self.search().command(b"java").is_err()).map(Fix::JavaRuntime);
        std::iter::once(exec).chain(runtime).collect()
    }

    /// Reports an interpreter whose name does not end where the kernel stops reading.
    fn too_long(&mut self, script: &[u8], name: &[u8]) {
        let message = format!("the interpreter path of {} is longer than the kernel reads", printable_bytes(script));
        let says = "has a `#!` line in whose first 256 bytes, which are all that the kernel looks at, \
                    the interpreter does not end";
        let base = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let short = self.search().place(base).filter(|path| path.len() < 128);
        let line = short.map(|path| Fix::FirstLine(format!("#!{}", printable_bytes(&path)), script.to_vec()));
        self.report(Finding::new(FindingKind::ScriptWithoutInterpreter, message).evidence(script, says).fix(line));
    }

    /// Reports a script that its interpreter, as the user, may not read: the kernel needs no permission for that.
    fn unreadable(&mut self, script: &[u8], interpreter: &[u8]) {
        let Err(LookupProblem::Forbidden(path, mode)) = self.search().readable(script) else { return };
        let (shown, by) = (printable_bytes(script), printable_bytes(interpreter));
        let message = format!("the user cannot read the script {shown}, which {by} must read");
        self.not_readable(message, &path, mode);
    }

    /// Reports that the user cannot read what is at `path`, as `message` says.
    pub(super) fn not_readable(&mut self, message: String, path: &[u8], mode: u16) {
        let says = format!("has mode {mode:04o}{}", self.owner_and_user(path));
        let finding = Finding::new(FindingKind::ScriptNotReadable, message).evidence(path, says);
        self.report(finding.fix([Fix::MakeReadable(self.place(path)), Fix::RootUser]));
    }

    fn too_deep(&mut self, path: &[u8], line: Line<'_>) -> Vec<TraceStep> {
        let message = format!("more than {DEEPEST} scripts name each other as interpreter");
        let finding = Finding::new(FindingKind::InterpretersNested, message.clone());
        self.report(finding.evidence(path, format!("starts with #!{}", printable_bytes(line.interpreter))));
        vec![TraceStep::new(Role::Interpreter, line.interpreter).unusable(message)]
    }

    fn interpreter(&mut self, script: &[u8], line: Line<'_>, by: StartedBy, depth: usize) -> TraceStep {
        let mut says = format!("starts with #!{}", printable_bytes(line.interpreter));
        if !line.argument.is_empty() {
            says.push(' ');
            says.push_str(&printable_bytes(line.argument));
        }
        self.record_step(script, says);
        let step = TraceStep::new(Role::Interpreter, line.interpreter);
        let found = match self.search().file(line.interpreter) {
            Ok(found) => found,
            Err(problem) => return self.no_interpreter(script, line.interpreter, &problem, step),
        };
        let path = found.path;
        let reads = reads_as_the_user(&found.entry);
        let mut step = step.there(path.clone());
        let before = self.findings.len();
        step.needs = self.execute(&path, StartedBy::Engine, depth + 1);
        self.python(line.interpreter, &path);
        if by != StartedBy::Engine && self.findings.iter().skip(before).any(|finding| is_refusal(finding.kind)) {
            // A shell that is refused reads the script itself.
            self.findings.truncate(before);
            return step;
        }
        if self.findings.len() > before {
            return step;
        }
        let asked = line.interpreter.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if let Some((letters, fix)) = self.one_option(line, &path).filter(|_| reads) {
            let message = format!(
                "the #! line of {} gives its interpreter one option, `{letters}`, which it does not know",
                printable_bytes(script)
            );
            let says = "takes all that follows it on a #! line as one word";
            let finding = Finding::new(FindingKind::InterpreterOption, message.clone()).evidence(&path, says);
            self.report(finding.fix(fix.map(|line| Fix::FirstLine(line, script.to_vec()))));
            return step.unusable(message);
        }
        if asked == b"env" {
            step.needs.extend(self.through_env(script, line.argument, &path, depth));
        } else if reads && reads_its_script(asked, line.argument) && self.search().readable(script).is_err() {
            self.unreadable(script, line.interpreter);
        } else if line.argument.ends_with(b"\r") && takes_one_letter_options(asked) {
            let shown = printable_bytes(script);
            let finding = Finding::new(
                FindingKind::CrlfInScript,
                format!("the #! line of {shown} ends in CRLF (Windows line endings)"),
            );
            self.report(finding.fix([Fix::UnixNewlines(script.to_vec())]));
        } else if reads {
            step.needs.extend(self.of_line(&path, &[line.interpreter, line.argument], script));
        }
        step
    }

    /// Options that are given as one word to an interpreter that reads them letter by letter, and the line that was meant.
    fn one_option(&self, line: Line<'_>, path: &[u8]) -> Option<(String, Option<String>)> {
        let (asked, argument) = (std::str::from_utf8(line.interpreter).ok()?, std::str::from_utf8(line.argument).ok()?);
        let letters = argument.strip_prefix('-')?.split_once([' ', '\t'])?.0;
        let flags = match asked.rsplit('/').next()? {
            "sh" | "ash" | "dash" | "bash" => "abefhmuvxBCEH",
            "python" | "python2" | "python3" => "bBdEIOPqRsSuvx",
            _ => return None,
        };
        if letters.is_empty() || !letters.chars().all(|letter| flags.contains(letter)) || argument.ends_with('\r') {
            return None;
        }
        let together: Option<Vec<_>> = argument.split_whitespace().map(|word| word.strip_prefix('-')).collect();
        let together = together.map(|parts| parts.concat()).filter(|all| all.chars().all(|one| flags.contains(one)));
        let env = || {
            let env = self.search().place(b"env").filter(|env| !self.is_busybox(env) && !self.is_busybox(path))?;
            Some(format!("#!{} -S {asked} {argument}", printable_bytes(&env)))
        };
        let line = together.map(|letters| format!("#!{asked} -{letters}")).or_else(env);
        Some((printable(argument).into_owned(), line))
    }

    /// `#!/usr/bin/env A=1 bash`: all of it is one assignment, and what is left to start is the script.
    fn runs_itself(&mut self, script: &[u8], argument: &[u8], env: &[u8]) -> Option<TraceStep> {
        if argument.starts_with(b"-") || !argument.contains(&b'=') || script.contains(&b'=') {
            return None;
        }
        let says = format!("takes `{}` for one assignment, and the script for the program", printable_bytes(argument));
        let message = format!("the script {} starts itself for ever", printable_bytes(script));
        let finding = Finding::new(FindingKind::ScriptRunsItself, message.clone()).evidence(env, says);
        let line = format!("#!/usr/bin/env -S {}", printable_bytes(argument));
        let splits = argument.contains(&b' ') && !self.is_busybox(env);
        self.report(finding.fix(splits.then(|| Fix::FirstLine(line, script.to_vec()))));
        Some(TraceStep::new(Role::Interpreter, argument).unusable(message))
    }

    /// The file that the interpreter at `path` runs, if the words of a `#!` line name another one than the script.
    fn of_line(&mut self, path: &[u8], words: &[&[u8]], script: &[u8]) -> Option<TraceStep> {
        let word = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => Word { text: String::from_utf8_lossy(bytes).into_owned(), is_plain: false },
        };
        let mut words: Vec<_> = words.iter().filter(|word| !word.is_empty()).map(|bytes| word(bytes)).collect();
        words.push(word(script));
        let step = self.argument(path, &words)?;
        (step.path.as_deref() != Some(script)).then_some(step)
    }

    fn no_interpreter(&mut self, script: &[u8], name: &[u8], problem: &LookupProblem, step: TraceStep) -> TraceStep {
        let (shown, asked) = (printable_bytes(script), printable_bytes(name));
        if let Some(plain) = name.strip_suffix(b"\r") {
            let plain_there = self.search().file(plain).is_ok();
            let message = format!(
                "the #! line of {shown} ends in CRLF (Windows line endings), so its interpreter {asked} is not in the image"
            );
            let finding = Finding::new(FindingKind::CrlfInScript, message).missing(name);
            let finding = if plain_there { finding.evidence(plain, "is in the image") } else { finding };
            self.report(finding.fix([Fix::UnixNewlines(script.to_vec())]));
            return step.missing();
        }
        if let LookupProblem::LookupError(_) | LookupProblem::NotInPath = problem {
            let message = format!("the interpreter {asked} of {shown} is not in the image");
            let mut finding = Finding::new(FindingKind::InterpreterMissing, message).missing(name);
            if let LookupProblem::LookupError(LookupError::Dangling { link, .. }) = problem {
                let target = printable_bytes(&self.target_of(link));
                finding = finding.evidence(link, format!("is a link to {target}, which is not there"));
            }
            self.report(finding.fix(self.for_interpreter(name, script, problem)));
            return step.missing();
        }
        let Some((path, why, is_permission)) = not_executable(problem) else { return step.missing() };
        let message = format!("the interpreter {asked} of {shown} cannot be executed");
        let finding = Finding::new(FindingKind::InterpreterNotExecutable, message.clone()).evidence(path, why);
        // No permission makes a program of a folder.
        let instead = || match problem {
            LookupProblem::Folder(_) if self.search().command(b"/bin/sh").is_ok() => {
                vec![Fix::FirstLine("#!/bin/sh".to_owned(), script.to_vec())]
            }
            LookupProblem::Folder(_) => Vec::new(),
            _ => fixes::for_interpreter(self.image, name, script),
        };
        let fix = || vec![Fix::MakeExecutable(self.place(path))];
        let fixes = if is_permission { fix() } else { instead() };
        self.report(finding.fix(fixes));
        step.unusable(message)
    }

    /// What helps a script whose interpreter is not there.
    fn for_interpreter(&self, name: &[u8], script: &[u8], problem: &LookupProblem) -> Vec<Fix> {
        if let LookupProblem::LookupError(LookupError::Dangling { link, .. }) = problem {
            return self.for_dangling(name, link);
        }
        // A layer that has a folder where the base has a link to it hides what is behind the link.
        let usual = [&b"/usr"[..], name].concat();
        let words = self.instruction_words();
        let is_own = words.first().is_some_and(|word| join(&self.folder, word.as_bytes()) == script);
        if let (true, true, Ok(usual)) =
            (name.starts_with(b"/bin/") && is_own, self.search().file(&usual).is_ok(), String::from_utf8(usual))
        {
            let words = std::iter::once(usual).chain(words).collect();
            return vec![Fix::ExecForm(self.instruction, words)];
        }
        fixes::for_interpreter(self.image, name, script)
    }

    /// What helps a link to an interpreter that is not there: a virtual environment has such links to where it was made.
    fn for_dangling(&self, name: &[u8], link: &[u8]) -> Vec<Fix> {
        let missing = &self.target_of(link);
        let folder = fixes::parent(&fixes::parent(&self.search_place(name)));
        let names = self.image.files.list(&join(&folder, b"lib")).unwrap_or_default();
        let version = names.iter().find_map(|name| std::str::from_utf8(name.strip_prefix(b"python")?).ok());
        match version {
            Some(version) if missing.starts_with(b"/usr/local/") => vec![Fix::PythonVersion(version.to_owned())],
            _ => fixes::for_interpreter(self.image, missing, missing),
        }
    }

    /// Where a symbolic link leads.
    fn target_of(&self, link: &[u8]) -> Vec<u8> {
        let target = self.image.files.entry(link).map(|found| found.entry.target).unwrap_or_default();
        absolute(components(&join(&fixes::parent(link), target)))
    }

    /// Where a link of this name is, be it in PATH.
    fn search_place(&self, name: &[u8]) -> Vec<u8> {
        if name.contains(&b'/') {
            return join(&self.folder, name);
        }
        let folders = self.path.split(':').map(|folder| join(folder.as_bytes(), name));
        let there = |path: &Vec<u8>| self.image.files.entry(path).is_ok();
        folders.into_iter().find(there).unwrap_or_else(|| name.to_vec())
    }

    /// `#!/usr/bin/env python3`: the program that `env` looks for.
    fn through_env(&mut self, script: &[u8], argument: &[u8], env: &[u8], depth: usize) -> Option<TraceStep> {
        let busybox = self.is_busybox(env);
        let Env::Runs { program, assigned, split, arguments } = shebang::env(argument) else {
            return self.runs_itself(script, argument, env);
        };
        let step = TraceStep::new(Role::Interpreter, program.clone());
        if split && busybox {
            let message = format!("busybox env does not support -S, which {} uses", printable_bytes(script));
            let finding = Finding::new(FindingKind::InterpreterMissing, message.clone()).evidence(env, "is busybox");
            // The kernel gives an interpreter one argument, and no variables.
            let place = self.search().place(&program).filter(|_| assigned.is_empty() && arguments.len() < 2);
            let line = place.map(|place| {
                let words = std::iter::once(place).chain(arguments).map(|word| printable_bytes(&word));
                Fix::FirstLine(format!("#!{}", words.collect::<Vec<_>>().join(" ")), script.to_vec())
            });
            let package_manager = fixes::package_manager(self.image);
            let gnu = (package_manager == PackageManager::Apk).then_some(Fix::Install(package_manager, "coreutils"));
            self.report(finding.fix(line.into_iter().chain(gnu)));
            return Some(step.unusable(message));
        }
        for (name, value) in &assigned {
            self.assign(&String::from_utf8_lossy(name), &String::from_utf8_lossy(value));
        }
        match self.search().started(&program) {
            Ok(found) => {
                let path = found.path;
                let reads = reads_as_the_user(&found.entry);
                let mut step = step.there(path.clone());
                self.record_step(env, format!("finds {} by PATH", printable_bytes(&path)));
                let before = self.findings.len();
                step.needs = self.execute(&path, StartedBy::Shell, depth + 1);
                self.python(&program, &path);
                if self.findings.len() == before && reads && !split && reads_its_script(&program, b"") {
                    self.unreadable(script, &program);
                }
                if self.findings.len() == before && reads {
                    let words: Vec<_> = std::iter::once(&program).chain(&arguments).map(Vec::as_slice).collect();
                    step.needs.extend(self.of_line(&path, &words, script));
                }
                Some(step)
            }
            Err(_) if busybox && std::str::from_utf8(&program).is_ok_and(shell_options::is_applet) => None,
            Err(problem) if program.contains(&b' ') || program.contains(&b'\t') => {
                Some(self.not_split(script, &program, &problem, step))
            }
            Err(problem) => Some(self.no_interpreter(script, &program, &problem, step)),
        }
    }

    /// `#!/usr/bin/env python3 -u`: all of it is one name.
    fn not_split(&mut self, script: &[u8], program: &[u8], problem: &LookupProblem, step: TraceStep) -> TraceStep {
        if program.ends_with(b"\r") || !matches!(problem, LookupProblem::NotInPath | LookupProblem::LookupError(_)) {
            return self.no_interpreter(script, program, problem, step);
        }
        let message = format!(
            "the interpreter of {} is one word, `{}`, because env has no -S before it",
            printable_bytes(script),
            printable_bytes(program)
        );
        let finding = Finding::new(FindingKind::InterpreterMissing, message).missing(program);
        let line = format!("#!/usr/bin/env -S {}", printable_bytes(program));
        self.report(finding.fix([Fix::FirstLine(line, script.to_vec())]));
        step.missing()
    }

    /// Which libc the loaders in the image belong to, if any is there.
    pub(super) fn has_libc(&self, libc: Libc) -> Option<Vec<u8>> {
        let tree = &self.image.files;
        let places: [&[u8]; 2] = [b"/lib", b"/lib64"];
        let names = places.iter().filter_map(|place| Some((place, tree.list(place).ok()?)));
        let mut paths = names
            .flat_map(|(place, names)| names.into_iter().map(move |name| [place, &b"/"[..], name.as_slice()].concat()));
        paths.find(|path| {
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let looks = match libc {
                Libc::Musl => name.starts_with(b"ld-musl-"),
                Libc::Glibc => crate::elf::is_glibc_loader(name),
            };
            let elf = tree.lookup(path).ok().and_then(|found| found.entry.content.elf());
            looks && elf.is_some_and(|elf| crate::dynamic_loader::libc_of(path, elf.info.as_ref().ok()) == Some(libc))
        })
    }
}

/// Does the kernel refuse a file for this with "exec format error"?
fn is_refusal(id: FindingKind) -> bool {
    matches!(
        id,
        FindingKind::UnknownFormat
            | FindingKind::ScriptWithoutInterpreter
            | FindingKind::WrongArchitecture
            | FindingKind::ElfDamaged
            | FindingKind::NotAProgram
    )
}

/// Does this interpreter read its script itself, and as the user? One that is a script, too, is read by its own; one that
/// is set-user-id reads as another user.
fn reads_as_the_user(interpreter: &FileEntry<'_>) -> bool {
    interpreter.content.elf().is_some() && interpreter.mode & 0o6000 == 0
}

/// Does an interpreter of this name, given this argument, open the script, as all that are known here do? Another, such
/// as `echo`, may do without.
fn reads_its_script(name: &[u8], argument: &[u8]) -> bool {
    let version = |byte: &u8| byte.is_ascii_digit() || *byte == b'.' || *byte == b'-';
    let end = name.iter().rposition(|byte| !version(byte)).map_or(0, |last| last + 1);
    match name.get(..end).unwrap_or(name) {
        // `-c` has the commands instead.
        b"sh" | b"ash" | b"dash" | b"bash" | b"ksh" | b"mksh" | b"zsh" => !argument.contains(&b'c'),
        b"python" | b"pypy" | b"perl" | b"ruby" | b"node" | b"nodejs" | b"lua" | b"php" | b"tclsh" => {
            matches!(argument, b"" | b"-u" | b"-w" | b"-E" | b"-s" | b"-I" | b"-B" | b"-O")
        }
        b"awk" | b"gawk" | b"mawk" | b"sed" | b"make" => argument == b"-f",
        _ => false,
    }
}

/// Interpreters that take what follows `-` letter by letter and know no carriage return among them.
fn takes_one_letter_options(name: &[u8]) -> bool {
    matches!(name, b"sh" | b"ash" | b"dash" | b"bash" | b"ksh" | b"zsh" | b"python" | b"python3")
}
