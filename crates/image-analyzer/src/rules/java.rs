//! Java: what `java` runs, the release that a class is compiled for, and the release of a runtime.
//!
//! Sources: the Java Virtual Machine Specification, 4.1 (`major_version`; 45 is Java 1.1, so 52 is Java 8), and the `java`
//! command's manual.

use crate::rules::options::{Kind, Options};
use crate::rules::word::Word;

/// What `java` runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JavaTarget {
    /// A class, looked for in these folders and archives.
    Class(String, Vec<String>),
    /// An archive.
    Jar(String),
}

/// Reads the words after `java`, whose options are `options`; `None` if they run nothing that is known here, such as a
/// module. Words that a shell expands are taken for options, but only before `-jar`: what is behind that is the archive.
pub(crate) fn java_target(options: &Options, mut words: &[Word], class_path: Option<&str>) -> Option<JavaTarget> {
    let mut path = class_path.filter(|path| !path.is_empty()).unwrap_or(".").to_owned();
    let (mut is_jar, mut is_known) = (false, true);
    while let Some((first, rest)) = words.split_first() {
        words = rest;
        let Some(word) = first.plain() else {
            if is_jar {
                return None;
            }
            is_known = false;
            continue;
        };
        match word {
            "-cp" | "-classpath" | "--class-path" => {
                rest.first()?.plain()?.clone_into(&mut path);
                words = rest.get(1..)?;
            }
            "-jar" => is_jar = true,
            option if option.starts_with("--class-path=") => {
                option.trim_start_matches("--class-path=").clone_into(&mut path);
            }
            option if option.starts_with('-') => {
                if options.kind(option)? == Kind::WithNext {
                    rest.first()?.plain()?;
                    words = rest.get(1..)?;
                }
            }
            archive if is_jar => return Some(JavaTarget::Jar(archive.to_owned())),
            // More options may be in a file. The source launcher compiles for the runtime itself.
            other if !is_known || other.is_empty() || other.starts_with('@') || other.ends_with(".java") => {
                return None;
            }
            class => {
                return Some(JavaTarget::Class(class.replace('.', "/"), path.split(':').map(str::to_owned).collect()));
            }
        }
    }
    None
}

/// May a class be found elsewhere than in the class path: in the runtime itself, or in what an option among these words
/// adds?
pub(crate) fn is_elsewhere(class: &str, words: &[Word]) -> bool {
    const OWN: [&str; 13] = [
        "java/",
        "javax/",
        "jdk/",
        "sun/",
        "com/sun/",
        "com/oracle/",
        "oracle/",
        "com/ibm/",
        "org/graalvm/",
        "org/w3c/",
        "org/xml/",
        "org/ietf/",
        "netscape/",
    ];
    const ADDING: [&str; 14] = [
        "-Xbootclasspath",
        "-Xshare",
        "-XX:SharedArchiveFile",
        "-XX:VMOptionsFile",
        "-javaagent",
        "-agent",
        "-Djava.",
        "-p",
        "--module-path",
        "--patch-module",
        "--upgrade-module-path",
        "--add-modules",
        "-Djdk.",
        "-Dloader.",
    ];
    OWN.iter().any(|own| class.starts_with(own))
        || words.iter().any(|word| ADDING.iter().any(|option| word.text.starts_with(option)))
}

/// The Java release that a class file was compiled for.
pub(crate) fn release_of_class(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"\xca\xfe\xba\xbe")?;
    release_of_major(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]))
}

/// The Java release whose class files have this `major_version`.
pub(crate) fn release_of_major(major: u16) -> Option<u16> {
    major.checked_sub(44).filter(|release| *release > 0)
}

/// In half a sentence that `class`, safe to print, is for a newer release than the runtime is of.
pub(crate) fn too_new(class: &str, release: u16, runtime: u16) -> String {
    format!("{class} is compiled for Java {release}, the image has Java {runtime}")
}

/// The release of a runtime, from its `release` file: `JAVA_VERSION="1.8.0_402"` is 8, `"21.0.2"` is 21.
pub(crate) fn release_of_runtime(text: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(text);
    let version = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?.trim().trim_matches('"');
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u16>);
    match (numbers.next()?.ok()?, numbers.next()) {
        (1, Some(Ok(second))) => Some(second),
        (first, _) => Some(first),
    }
}

#[cfg(test)]
mod tests {
    use super::{JavaTarget, is_elsewhere, release_of_class, release_of_runtime};
    use crate::rules::interpreters::interpreter;
    use crate::rules::word::Word;
    use proptest::prelude::*;

    fn words(line: &str) -> Vec<Word> {
        let word = |word: &str| Word { text: word.to_owned(), is_plain: !word.starts_with('$') };
        line.split(' ').map(word).collect()
    }

    fn java_target(words: &[Word], class_path: Option<&str>) -> Option<JavaTarget> {
        super::java_target(&interpreter("java", b"/bin/java").unwrap().options, words, class_path)
    }

    #[test]
    fn the_class_or_archive_is_the_first_word_that_is_no_option() {
        let class = |name: &str, path: &[&str]| {
            Some(JavaTarget::Class(name.to_owned(), path.iter().map(|part| (*part).to_owned()).collect()))
        };
        assert_eq!(java_target(&words("hello"), None), class("hello", &["."]));
        assert_eq!(
            java_target(&words("-Xmx1g -cp a:b.jar org.x.Main -jar"), None),
            class("org/x/Main", &["a", "b.jar"])
        );
        assert_eq!(java_target(&words("--add-modules x Main"), Some("/app")), class("Main", &["/app"]));
        assert_eq!(java_target(&words("-Da=b -jar /app.jar x"), None), Some(JavaTarget::Jar("/app.jar".to_owned())));
        for line in ["-version", "-m a/b", "Hello.java", "-cp"] {
            assert_eq!(java_target(&words(line), None), None, "{line}");
        }
    }

    #[test]
    fn options_may_stand_behind_jar_and_what_a_shell_expands_before_it() {
        let jar = || Some(JavaTarget::Jar("a.jar".to_owned()));
        for line in ["-jar -Xmx1g a.jar", "$JAVA_OPTS -jar a.jar $X", "-Da=b $A $B -jar -ea a.jar"] {
            assert_eq!(java_target(&words(line), None), jar(), "{line}");
        }
        for line in ["-jar $A a.jar", "$A Main", "$A", "-cp $A Main", "-jar", "@options Main", "--unknown Main"] {
            assert_eq!(java_target(&words(line), None), None, "{line}");
        }
    }

    #[test]
    fn some_classes_are_not_in_the_class_path() {
        for (class, line) in
            [("com/sun/tools/javac/Main", "x"), ("Main", "-javaagent:x.jar"), ("Main", "-Xbootclasspath/a:x")]
        {
            assert!(is_elsewhere(class, &words(line)), "{class} {line}");
        }
        assert!(!is_elsewhere("com/example/Main", &words("-Xmx1g -Da=b")));
    }

    #[test]
    fn releases_are_read_from_classes_and_runtimes() {
        assert_eq!(release_of_class(b"\xca\xfe\xba\xbe\0\0\0\x34"), Some(8));
        assert_eq!(release_of_class(b"\xca\xfe\xba\xbe\0\0\0\x45"), Some(25));
        assert_eq!(release_of_class(b"\xca\xfe\xba\xbe\0"), None);
        assert_eq!(release_of_runtime(b"A=1\nJAVA_VERSION=\"1.8.0_402\"\n"), Some(8));
        assert_eq!(release_of_runtime(b"JAVA_VERSION=\"21\"\nJAVA_VERSION_DATE=\"2026\""), Some(21));
        assert_eq!(release_of_runtime(b"x"), None);
    }

    proptest! {
        #[test]
        fn any_release_is_read(bytes: Vec<u8>) {
            let _ = release_of_class(&[b"\xca\xfe\xba\xbe", bytes.as_slice()].concat());
            let _ = release_of_runtime(&bytes);
        }
    }
}
