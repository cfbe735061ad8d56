//! What a loader is given beside the program: where to look first, and what to load in advance.
//!
//! Sources: ld.so(8); `elf/rtld.c` of glibc (`process_envvars`, `handle_preload_list`, `dl_main`); `ldso/dynlink.c` of musl
//! (`load_preload`).

use crate::config::variable;
use crate::finding::Libc;
use crate::rules::config_file::ConfigText;
use crate::rules::path_lookup::PathLookup;

/// What the environment and the command line give a loader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoaderEnvironment {
    /// `LD_LIBRARY_PATH`, or what the loader's own option says instead.
    pub library_path: Option<String>,
    /// `LD_PRELOAD`, and what the loader's own option adds: names, separated by blanks or colons.
    pub preload: Vec<String>,
    /// Is the program set-user-id or set-group-id for another user or group? Then most of the
    /// environment does not count.
    pub secure: bool,
    /// Is the loader asked for something that is not followed: to call an auditor, which may name other files
    /// (`LD_AUDIT`), or only to list (`LD_TRACE_LOADED_OBJECTS`)? Or is it given a longer path than can be?
    pub is_beyond: bool,
}

impl LoaderEnvironment {
    /// What this environment gives.
    pub(crate) fn of(env: &[String], secure: bool) -> Self {
        let preload = variable(env, "LD_PRELOAD").unwrap_or_default();
        // For those rights, only libraries that are searched for.
        let names = names(preload.as_bytes()).filter(|name| !secure || !name.contains(&b'/'));
        let is_set = |name: &str| variable(env, name).is_some();
        let is_long = |name: &str| variable(env, name).is_some_and(|value| value.len() > LONGEST);
        Self {
            library_path: variable(env, "LD_LIBRARY_PATH").filter(|_| !secure).map(str::to_owned),
            preload: names.map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            secure,
            is_beyond: is_set("LD_AUDIT") || is_set("LD_TRACE_LOADED_OBJECTS") || is_long("LD_LIBRARY_PATH"),
        }
    }

    /// Is anything of it given to some users only, or not to some?
    pub(super) fn depends(&self) -> bool {
        self.secure || self.library_path.is_some() || !self.preload.is_empty()
    }

    /// The libraries that are loaded before all others, and whether there may be more. With glibc `/etc/ld.so.preload`
    /// names some, too.
    pub(super) fn preloads(&self, search: &PathLookup<'_>, libc: Libc) -> (Vec<Vec<u8>>, bool) {
        let file = if libc == Libc::Glibc { search.text(b"/etc/ld.so.preload") } else { ConfigText::Absent };
        let text = file.known();
        // What follows `#` is a comment.
        let lines = text.split(|byte| *byte == b'\n');
        let lines = lines.filter_map(|line| line.split(|byte| *byte == b'#').next());
        let listed = self.preload.iter().flat_map(|list| names(list.as_bytes())).chain(lines.flat_map(names));
        (listed.take(MOST).map(<[u8]>::to_vec).collect(), file.is_unknown())
    }
}

/// The longest string that the kernel takes into an environment (`MAX_ARG_STRLEN`).
const LONGEST: usize = 128 << 10;

/// The most that are loaded in advance: more than anybody would.
const MOST: usize = 64;

fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| byte.is_ascii_whitespace() || *byte == b':').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::LoaderEnvironment;

    #[test]
    fn a_program_with_other_rights_is_given_less() {
        let env = ["LD_LIBRARY_PATH=/o", "LD_PRELOAD=/a.so b.so:c.so"].map(str::to_owned);
        let environment = LoaderEnvironment::of(&env, false);
        assert_eq!(
            (environment.library_path.as_deref(), environment.preload.join(" ").as_str()),
            (Some("/o"), "/a.so b.so c.so")
        );
        let environment = LoaderEnvironment::of(&env, true);
        assert_eq!((environment.library_path.as_deref(), environment.preload.join(" ").as_str()), (None, "b.so c.so"));
    }

    #[test]
    fn an_auditor_and_a_list_are_beyond_what_is_followed() {
        assert!(!LoaderEnvironment::of(&["LD_DEBUG=all".to_owned()], false).is_beyond);
        assert!(LoaderEnvironment::of(&[format!("LD_LIBRARY_PATH={}", "/a:".repeat(1 << 16))], false).is_beyond);
        assert!(LoaderEnvironment::of(&["LD_AUDIT=/a.so".to_owned()], false).is_beyond);
        assert!(LoaderEnvironment::of(&["LD_TRACE_LOADED_OBJECTS=1".to_owned()], false).is_beyond);
    }
}
