//! The file that an interpreter is given: `python3 -u app.py`, `java -jar app.jar`.

use super::Diagnoser;
use super::fixes;
use crate::finding::{Finding, FindingKind, Fix, Source};
use crate::layer::FileKind;
use crate::path::{absolute, components, join};
use crate::printable::{printable, printable_bytes};
use crate::rules::interpreters::{Interpreter, Takes, interpreter};
use crate::rules::jar::{JarStart, jar_start};
use crate::rules::java::{JavaTarget, is_elsewhere, java_target};
use crate::rules::node::node_file;
use crate::rules::path_lookup::LookupProblem;
use crate::rules::shell_options;
use crate::rules::word::{Word, base_name};
use crate::trace::{Role, TraceStep};
use crate::tree::LookupError;

/// Variables with more options for every `java`.
const JAVA_VARIABLES: [&str; 3] = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"];

impl Diagnoser<'_> {
    /// Follows the file that the program at `path` runs if it is an interpreter, where that is known; the first of `words`
    /// is the interpreter.
    pub(super) fn argument(&mut self, path: &[u8], words: &[Word]) -> Option<TraceStep> {
        let (asked, rest) = words.split_first()?;
        let asked = asked.plain()?;
        let interpreter = interpreter(asked, path)?;
        let by = base_name(asked);
        if !interpreter.knows(self.variable(interpreter.variable).unwrap_or_default()) {
            return None;
        }
        if interpreter.takes == Takes::Java {
            return self.java_argument(interpreter, by, rest);
        }
        let name = interpreter.file(rest)?.first()?.plain()?;
        // `bun run` looks for a script of that name in it first.
        if interpreter.names == "bun" && self.readable("package.json").is_ok() {
            return None;
        }
        let found = match interpreter.takes {
            Takes::Node => node_file(&self.search(), name),
            Takes::Shell if !shell_options::is_plain(&self.env) => return None,
            Takes::Shell => self.shells_file(name),
            Takes::With(endings) if self.has_sibling(name, endings) => return None,
            Takes::File | Takes::With(_) | Takes::Java => self.readable(name),
        };
        match found {
            Ok(path) => Some(TraceStep::new(Role::Argument, name).there(path)),
            Err(problem) => self.no_argument(by, name, &problem),
        }
    }

    /// The file at a path that the user can read.
    fn readable(&self, name: &str) -> Result<Vec<u8>, LookupProblem> {
        self.search().readable(name.as_bytes()).map(|found| found.path)
    }

    /// The same; some shells look for a name without `/` in PATH, too.
    fn shells_file(&self, name: &str) -> Result<Vec<u8>, LookupProblem> {
        let here = self.readable(name);
        let in_path = |folder: &str| {
            let miss = self.search().readable(&join(folder.as_bytes(), name.as_bytes())).err();
            !matches!(miss, Some(LookupProblem::LookupError(_)))
        };
        if here.is_err() && !name.contains('/') && self.path.split(':').any(in_path) {
            return Err(LookupProblem::OutsideImage);
        }
        here
    }

    /// Is the file of this name missing, and one beside it that differs only in its ending, which is one of these?
    fn has_sibling(&self, name: &str, endings: &[&str]) -> bool {
        let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        self.readable(name).is_err() && endings.iter().any(|ending| self.readable(&format!("{stem}{ending}")).is_ok())
    }

    /// The archive or class that `java` runs. Of a class only what the folders of the class path do not have is known.
    fn java_argument(&mut self, java: &Interpreter, by: &str, words: &[Word]) -> Option<TraceStep> {
        match java_target(&java.options, words, self.variable("CLASSPATH"))? {
            JavaTarget::Jar(name) => {
                let path = match self.readable(&name) {
                    Ok(path) => path,
                    Err(problem) => return self.no_argument(by, &name, &problem),
                };
                self.unusable_jar(by, &name, &path)
            }
            JavaTarget::Class(name, places) => {
                let more = JAVA_VARIABLES.iter().any(|name| self.variable(name).is_some_and(|value| !value.is_empty()));
                let has_not = |place: &String| {
                    let place = if place.is_empty() { "." } else { place };
                    let class = join(place.as_bytes(), format!("{name}.class").as_bytes());
                    let is_folder = match self.image.files.lookup_from(&self.folder, place.as_bytes()) {
                        Ok(found) => found.entry.kind == FileKind::Folder,
                        Err(LookupError::Missing(_)) => !place.ends_with('*'),
                        Err(_) => false,
                    };
                    let miss = self.search().readable(&class).err();
                    is_folder && matches!(miss, Some(LookupProblem::LookupError(LookupError::Missing(_))))
                };
                if more || is_elsewhere(&name, words) || !places.iter().all(has_not) {
                    return None;
                }
                let class = printable(&name).replace('/', ".");
                let message = format!("{by} is given the class {class}, which is not in the class path");
                let finding = Finding::new(FindingKind::ArgumentMissing, message).missing(format!("{name}.class"));
                let says = format!("the class path is {}", printable(&places.join(":")));
                self.report(finding.evidence(Source::Config, says).evidence(Source::Config, self.where_it_starts()));
                Some(TraceStep::new(Role::Class, name).missing())
            }
        }
    }

    /// Reports an archive that is none, or that does not say what to start.
    fn unusable_jar(&mut self, by: &str, name: &str, path: &[u8]) -> Option<TraceStep> {
        let entry = self.image.files.lookup(path).ok()?.entry;
        let (says, is_archive) = match jar_start(entry.content.head(), entry.size) {
            JarStart::NoArchive => ("is not a ZIP archive", false),
            JarStart::NoMainClass => ("has no Main-Class in its manifest", true),
            JarStart::HasMainClass | JarStart::Unknown => return None,
        };
        let (by, shown) = (printable(by), printable(name));
        let message = format!("{by} is told to run {shown}, which {says}");
        let finding = Finding::new(FindingKind::ArgumentUnusable, message.clone()).evidence(path, says);
        self.report(finding.fix((!is_archive).then(|| Fix::CopyProgram(path.to_vec()))));
        Some(TraceStep::new(Role::Argument, name).there(path).unusable(message))
    }

    /// Reports a file that is not there, or that the user cannot read.
    fn no_argument(&mut self, by: &str, name: &str, problem: &LookupProblem) -> Option<TraceStep> {
        let step = TraceStep::new(Role::Argument, name);
        let (by, shown) = (printable(by), printable(name));
        match problem {
            LookupProblem::LookupError(_) if self.is_crlf_name(name) => Some(step.missing()),
            LookupProblem::LookupError(miss) => {
                let says = match miss {
                    LookupError::Dangling { missing, .. } => format!("a link to {}, ", printable_bytes(missing)),
                    LookupError::Missing(_) | LookupError::Loop(_) | LookupError::NotAFolder(_) => String::new(),
                };
                let message = format!("{by} is given {shown}, {says}which is not in the image");
                let path = absolute(components(&join(&self.folder, name.as_bytes())));
                let mut finding = Finding::new(FindingKind::ArgumentMissing, message).missing(path.clone());
                if !name.starts_with('/') {
                    finding = finding.evidence(Source::Config, self.where_it_starts());
                }
                finding = match miss {
                    LookupError::Dangling { link, .. } => {
                        finding.evidence(link, "is a symbolic link to what is not there")
                    }
                    LookupError::Loop(link) => finding.evidence(link, "is in a chain of more than 40 symlinks"),
                    LookupError::NotAFolder(file) => finding.evidence(file, "is a file, not a folder"),
                    LookupError::Missing(_) => finding,
                };
                let elsewhere = self.same_name(name);
                if let Some(there) = &elsewhere {
                    finding = finding.evidence(there, "is there");
                }
                let exec = elsewhere.and_then(|there| self.with_word(name, &there));
                self.report(finding.fix(exec.into_iter().chain([fixes::for_argument(name, path)])));
                Some(step.missing())
            }
            LookupProblem::Forbidden(path, mode) | LookupProblem::NoSearchPermission(path, mode) => {
                let message = format!("the user cannot read {shown}, which {by} must read");
                self.not_readable(message.clone(), path, *mode);
                Some(step.unusable(message))
            }
            LookupProblem::NotInPath
            | LookupProblem::Folder(_)
            | LookupProblem::Special(_)
            | LookupProblem::OutsideImage => None,
        }
    }

    /// A file of the same name where programs are often put.
    fn same_name(&self, name: &str) -> Option<Vec<u8>> {
        let places = ["/", "/app", "/src", "/code", "/opt", "/srv", "/usr/src/app", "/usr/local/bin"];
        let folders = places.iter().map(|place| place.as_bytes()).chain([self.folder.as_slice()]);
        let base = base_name(name);
        folders.map(|folder| absolute(components(&join(folder, base.as_bytes())))).find(|path| {
            let found = self.image.files.lookup(path);
            !base.is_empty() && found.is_ok_and(|found| found.entry.kind == FileKind::File)
        })
    }

    /// The instruction that has this word, with another one in its place.
    fn with_word(&self, word: &str, instead: &[u8]) -> Option<Fix> {
        let instead = std::str::from_utf8(instead).ok()?;
        let config = &self.image.config;
        let all = [
            (crate::finding::Instruction::Cmd, &config.cmd),
            (crate::finding::Instruction::Entrypoint, &config.entrypoint),
        ];
        let (instruction, words) = all.into_iter().find(|(_, words)| words.iter().any(|other| other == word))?;
        let other = |other: &String| if other == word { instead.to_owned() } else { other.clone() };
        Some(Fix::ExecForm(instruction, words.iter().map(other).collect()))
    }
}
