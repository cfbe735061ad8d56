//! A loader that is the command itself: the program that its arguments make it load.
//!
//! Sources: `elf/rtld.c` of glibc (`dl_main`), which knows no `--`; `ldso/dynlink.c` of musl (`__dls3`). Options that
//! make the loader do something else, such as `--list`, or search otherwise, are left alone.

use crate::finding::Libc;

/// The arguments of a loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoaderArguments<'w> {
    /// The program and its arguments.
    pub words: &'w [String],
    /// `--library-path`, which takes the place of `LD_LIBRARY_PATH`.
    pub library_path: Option<String>,
    /// `--preload`: libraries to be loaded before all others.
    pub preload: Vec<String>,
}

/// The loader's arguments in a command whose first word is the loader's own path; `None` if it loads nothing,
/// or it is not known what.
pub(crate) fn loader_arguments(libc: Libc, words: &[String]) -> Option<LoaderArguments<'_>> {
    let (own, mut words) = words.split_first()?;
    // By this name musl's only lists.
    if libc == Libc::Musl && own.ends_with("ldd") {
        return None;
    }
    let (mut library_path, mut preload) = (None, Vec::new());
    loop {
        let (first, rest) = words.split_first()?;
        if !first.starts_with("--") {
            // glibc looks for a name among the libraries.
            let is_path = libc == Libc::Musl || first.contains('/');
            return is_path.then_some(LoaderArguments { words, library_path, preload });
        }
        let (name, joined) = match first.split_once('=') {
            Some((name, value)) if libc == Libc::Musl => (name, Some(value)),
            _ => (first.as_str(), None),
        };
        let value = |rest: &'_ [String]| joined.map(str::to_owned).or_else(|| rest.first().cloned());
        match (name, libc) {
            ("--", Libc::Musl) => {
                return (!rest.is_empty()).then_some(LoaderArguments { words: rest, library_path, preload });
            }
            ("--library-path", _) => library_path = Some(value(rest)?),
            ("--preload", _) => preload.push(value(rest)?),
            ("--argv0", _) | ("--glibc-hwcaps-mask", Libc::Glibc) => {}
            _ => return None,
        }
        words = if joined.is_some() { rest } else { rest.get(1..)? };
    }
}

#[cfg(test)]
mod tests {
    use super::loader_arguments;
    use crate::finding::Libc;

    fn heard(libc: Libc, line: &str) -> Option<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let loader_arguments = loader_arguments(libc, &words)?;
        Some(format!("{}|{}", loader_arguments.library_path.unwrap_or_default(), loader_arguments.words.join(" ")))
    }

    #[test]
    fn glibc_takes_options_before_the_program() {
        let heard = |line| heard(Libc::Glibc, line);
        assert_eq!(heard("/ld.so /a -b").as_deref(), Some("|/a -b"));
        assert_eq!(heard("/ld.so --library-path /x:/y --argv0 z ./a --list").as_deref(), Some("/x:/y|./a --list"));
        assert_eq!(heard("/ld.so --preload /x.so --glibc-hwcaps-mask v2 /a").as_deref(), Some("|/a"));
        for beyond in ["/ld.so --audit /x.so /a", "/ld.so --glibc-hwcaps-prepend v9 /a"] {
            assert_eq!(heard(beyond), None, "{beyond}");
        }
        for none in
            ["/ld.so", "/ld.so a", "/ld.so --list /a", "/ld.so -- /a", "/ld.so --library-path=/x /a", "/ld.so --argv0"]
        {
            assert_eq!(heard(none), None, "{none}");
        }
    }

    #[test]
    fn musl_takes_options_in_two_forms_and_an_end_of_them() {
        let heard = |line| heard(Libc::Musl, line);
        assert_eq!(heard("/ld a").as_deref(), Some("|a"));
        assert_eq!(heard("/ld --library-path=/x --preload y -- --a").as_deref(), Some("/x|--a"));
        assert_eq!(heard("/ld --library-path /x --argv0=b /a").as_deref(), Some("/x|/a"));
        for none in ["/ld", "/ld --", "/ld --list /a", "/bin/ldd /a", "/ld --inhibit-cache /a"] {
            assert_eq!(heard(none), None, "{none}");
        }
    }
}
