//! One place where a library may be: search paths taken apart, and the file at a place held against what is wanted.

use crate::elf::{Flaw, Ident, Kind, Machine, Summary};
use crate::extract::file_content::Kept;
use crate::finding::Libc;
use crate::path::join;
use crate::rules::path_lookup::{Search, Trouble};
use crate::tree::Found;

/// A path to try, and the folder of the search path that it stands for, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: Vec<u8>,
    pub(super) folder: Option<Vec<u8>>,
    /// Does the loader look there on some processors only? What is there and will not do may then not be met.
    pub(super) for_some: bool,
}

impl Candidate {
    /// `name` in a folder of the search path.
    pub(super) fn within(folder: &[u8], name: &[u8]) -> Self {
        Self { path: join_name(folder, name), folder: Some(folder.to_vec()), for_some: false }
    }

    /// A path that is no search.
    pub(super) fn exactly(path: Vec<u8>) -> Self {
        Self { path, folder: None, for_some: false }
    }

    /// A path at which the loader looks on some processors only.
    pub(super) fn for_some(path: Vec<u8>) -> Self {
        Self { path, folder: None, for_some: true }
    }
}

/// `folder/name`, without a second slash.
pub(super) fn join_name(folder: &[u8], name: &[u8]) -> Vec<u8> {
    join(folder.strip_suffix(b"/").unwrap_or(folder), name)
}

/// What is at a place where a library may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe<'a> {
    /// The library.
    Library(Found<'a>, &'a Summary),
    /// Nothing, or nothing that may be read: the search goes on.
    Absent,
    /// A file that the loader does not take, for this reason: the search goes on.
    PassedOver(String),
    /// A file at which the loader stops, for this reason.
    Fatal(String),
}

/// Looks at a place as the loader does: glibc passes over files for other machines (`elf/dl-load.c`, `open_verify`),
/// musl takes the first that it can open (`ldso/dynlink.c`, `path_open`).
pub fn probe<'a>(search: &Search<'a>, path: &[u8], machine: Option<Machine>, libc: Libc) -> Probe<'a> {
    let found = match search.readable(path) {
        Ok(found) => found,
        Err(Trouble::Forbidden(_, mode)) => {
            return Probe::PassedOver(format!("the user may not read it (mode {mode:04o})"));
        }
        Err(Trouble::Folder(_)) => return Probe::Fatal("it is a folder".to_owned()),
        Err(Trouble::Special(_)) => return Probe::Fatal("it is no regular file".to_owned()),
        Err(Trouble::Closed(folder, mode)) => {
            let folder = crate::printable::printable_bytes(&folder);
            return Probe::PassedOver(format!("the user may not enter {folder} (mode {mode:04o})"));
        }
        Err(Trouble::Miss(_) | Trouble::NotInPath | Trouble::Beyond) => return Probe::Absent,
    };
    let Kept::Elf(elf) = found.entry.kept else {
        // Shorter than the header of a 64-bit file.
        let short = found.entry.size < 64;
        return Probe::Fatal(if short { "the file is too short" } else { "it is no ELF file" }.to_owned());
    };
    let elf = match &elf.summary {
        Ok(elf) => elf,
        Err(problem) => return Probe::Fatal(problem.to_string()),
    };
    match (misfit(elf, machine, libc), elf) {
        (Some(misfit), _) => misfit,
        (None, Summary { kind: Kind::Object | Kind::Other(_), .. }) => Probe::Fatal("it is no library".to_owned()),
        (None, Summary { flaw: Some(Flaw::Dynamic), .. }) => Probe::Fatal(Flaw::Dynamic.to_string()),
        (None, Summary { truncated: true, .. }) => Probe::Fatal("the file is cut off".to_owned()),
        (None, _) => Probe::Library(found, elf),
    }
}

/// Whether a loader takes a file for one of its own kind, in the order in which glibc compares.
fn misfit<'a>(elf: &Summary, machine: Option<Machine>, libc: Libc) -> Option<Probe<'a>> {
    let other = || format!("it is for {}", elf.machine);
    let machine = machine.unwrap_or(elf.machine);
    match (libc, elf.ident) {
        (Libc::Musl, _) => (machine != elf.machine).then(|| Probe::Fatal(other())),
        (Libc::Glibc, Ident::NoClass) => {
            Some(Probe::PassedOver("its ELF class is neither that of 32 nor of 64 bits".to_owned()))
        }
        (Libc::Glibc, _) if machine.wide != elf.machine.wide => Some(Probe::PassedOver(other())),
        (Libc::Glibc, _) if machine.big_endian != elf.machine.big_endian => Some(Probe::Fatal(other())),
        (Libc::Glibc, Ident::Refused(why)) => Some(Probe::Fatal(why.to_owned())),
        (Libc::Glibc, Ident::Fine) => (machine != elf.machine).then(|| Probe::PassedOver(other())),
    }
}

/// A search path taken apart at these separators.
pub(super) fn split<'p>(path: &'p [u8], separators: &'p [u8]) -> impl Iterator<Item = &'p [u8]> {
    path.split(move |byte| separators.contains(byte))
}

/// The folder that a file was opened from: what `$ORIGIN` stands for.
pub(super) fn origin(opened: &[u8]) -> &[u8] {
    match opened.iter().rposition(|byte| *byte == b'/') {
        Some(0) => b"/",
        Some(slash) => opened.get(..slash).unwrap_or_default(),
        None => b".",
    }
}

/// Replaces `$NAME` and `${NAME}` for these names; any other `$` stays.
pub(super) fn expand(text: &[u8], names: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'$' {
            out.push(*first);
            continue;
        }
        let braced = tail.strip_prefix(b"{");
        let name = braced.unwrap_or(tail);
        let end = name.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_')).unwrap_or(name.len());
        let (word, after) = name.split_at(end);
        let after = if braced.is_some() { after.strip_prefix(b"}") } else { Some(after) };
        match names.iter().find(|(known, _)| *known == word).zip(after) {
            Some(((_, value), after)) => {
                out.extend_from_slice(value);
                rest = after;
            }
            None => out.push(b'$'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Probe, expand, join_name, origin};
    use crate::elf::{Machine, Summary, machine_of};
    use crate::finding::Libc;

    #[test]
    fn names_are_replaced_with_and_without_braces() {
        let names: [(&[u8], &[u8]); 2] = [(b"ORIGIN", b"/opt/bin"), (b"LIB", b"lib64")];
        assert_eq!(expand(b"$ORIGIN/../$LIB", &names), b"/opt/bin/../lib64");
        assert_eq!(expand(b"${ORIGIN}x/${LIB}", &names), b"/opt/binx/lib64");
        assert_eq!(expand(b"$ORIGINAL/${ORIGIN/$", &names), b"$ORIGINAL/${ORIGIN/$");
    }

    #[test]
    fn glibc_passes_over_another_class_or_machine_and_stops_at_another_byte_order() {
        let misfit = |number, wide, big_endian, libc| {
            let elf = Summary::of_static(Machine { number, wide, big_endian });
            super::misfit(&elf, machine_of("amd64"), libc)
        };
        assert_eq!(misfit(62, true, false, Libc::Glibc), None);
        for (number, wide, big_endian) in [(3, false, false), (183, true, false), (20, false, true)] {
            assert!(matches!(misfit(number, wide, big_endian, Libc::Glibc), Some(Probe::PassedOver(_))), "{number}");
            assert!(matches!(misfit(number, wide, big_endian, Libc::Musl), Some(Probe::Fatal(_))), "{number}");
        }
        assert!(matches!(misfit(22, true, true, Libc::Glibc), Some(Probe::Fatal(_))));
    }

    #[test]
    fn the_origin_is_the_folder_of_the_file() {
        assert_eq!(origin(b"/opt/bin/hello"), b"/opt/bin");
        assert_eq!(origin(b"/hello"), b"/");
        assert_eq!(join_name(b"/", b"libx.so"), b"/libx.so");
        assert_eq!(join_name(b"/lib", b"libx.so"), b"/lib/libx.so");
    }
}
