//! One path where a library may be: search paths are split, and the file at a path is compared with what is needed.

use crate::elf::{ElfDefect, ElfIdent, ElfInfo, ElfType, Machine};
use crate::extract::file_content::FileContent;
use crate::finding::Libc;
use crate::path::join;
use crate::rules::path_lookup::{LookupProblem, PathLookup};
use crate::tree::FoundFile;

/// A path to try, and the folder of the search path that it is from, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: Vec<u8>,
    pub(super) folder: Option<Vec<u8>>,
    /// Does the loader look there on some processors only? A file there that cannot be used may then not be met.
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
pub(crate) enum ProbeResult<'a> {
    /// The library.
    Library(FoundFile<'a>, &'a ElfInfo),
    /// A file whose content is not known.
    Unknown,
    /// Nothing, or nothing that may be read: the search goes on.
    Absent,
    /// A file that the loader does not take, for this reason: the search goes on.
    PassedOver(String),
    /// A file at which the loader stops, for this reason.
    Fatal(String),
}

/// Looks at a place as the loader does: glibc passes over files for other machines (`elf/dl-load.c`, `open_verify`),
/// musl takes the first that it can open (`ldso/dynlink.c`, `path_open`).
pub(crate) fn probe<'a>(search: &PathLookup<'a>, path: &[u8], machine: Option<Machine>, libc: Libc) -> ProbeResult<'a> {
    let found = match search.readable(path) {
        Ok(found) => found,
        Err(LookupProblem::Forbidden(_, mode)) => {
            return ProbeResult::PassedOver(format!("the user cannot read it (mode {mode:04o})"));
        }
        Err(LookupProblem::Folder(_)) => return ProbeResult::Fatal("it is a folder".to_owned()),
        Err(LookupProblem::Special(_)) => return ProbeResult::Fatal("it is not a regular file".to_owned()),
        Err(LookupProblem::NoSearchPermission(folder, mode)) => {
            let folder = crate::printable::printable_bytes(&folder);
            return ProbeResult::PassedOver(format!("the user cannot search {folder} (mode {mode:04o})"));
        }
        Err(LookupProblem::LookupError(_) | LookupProblem::NotInPath | LookupProblem::OutsideImage) => {
            return ProbeResult::Absent;
        }
    };
    if *found.entry.content == FileContent::Unknown {
        return ProbeResult::Unknown;
    }
    let FileContent::Elf(elf) = found.entry.content else {
        // Shorter than the header of a 64-bit file.
        let short = found.entry.size < 64;
        return ProbeResult::Fatal(if short { "the file is too short" } else { "it is not an ELF file" }.to_owned());
    };
    let elf = match &elf.info {
        Ok(elf) => elf,
        Err(problem) => return ProbeResult::Fatal(problem.to_string()),
    };
    match (misfit(elf, machine, libc), elf) {
        (Some(misfit), _) => misfit,
        (None, ElfInfo { kind: ElfType::Object | ElfType::Other(_), .. }) => {
            ProbeResult::Fatal("it is not a library".to_owned())
        }
        (None, ElfInfo { defect: Some(ElfDefect::Dynamic), .. }) => ProbeResult::Fatal(ElfDefect::Dynamic.to_string()),
        (None, ElfInfo { truncated: true, .. }) => ProbeResult::Fatal("the file is cut off".to_owned()),
        (None, _) => ProbeResult::Library(found, elf),
    }
}

/// Whether a loader takes a file for one of its own kind, in the order in which glibc compares.
fn misfit<'a>(elf: &ElfInfo, machine: Option<Machine>, libc: Libc) -> Option<ProbeResult<'a>> {
    let other = || format!("it is for {}", elf.machine);
    let machine = machine.unwrap_or(elf.machine);
    match (libc, elf.ident) {
        (Libc::Musl, _) => (machine != elf.machine).then(|| ProbeResult::Fatal(other())),
        (Libc::Glibc, ElfIdent::NoClass) => Some(ProbeResult::PassedOver("its ELF class is invalid".to_owned())),
        (Libc::Glibc, _) if machine.is_64_bit != elf.machine.is_64_bit => Some(ProbeResult::PassedOver(other())),
        (Libc::Glibc, _) if machine.big_endian != elf.machine.big_endian => Some(ProbeResult::Fatal(other())),
        (Libc::Glibc, ElfIdent::Refused(why)) => Some(ProbeResult::Fatal(why.to_owned())),
        (Libc::Glibc, ElfIdent::Fine) => (machine != elf.machine).then(|| ProbeResult::PassedOver(other())),
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
    use super::{ProbeResult, expand, join_name, origin};
    use crate::elf::{ElfInfo, Machine, machine_of};
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
        let misfit = |number, is_64_bit, big_endian, libc| {
            let elf = ElfInfo::of_static(Machine { number, is_64_bit, big_endian });
            super::misfit(&elf, machine_of("amd64"), libc)
        };
        assert_eq!(misfit(62, true, false, Libc::Glibc), None);
        for (number, is_64_bit, big_endian) in [(3, false, false), (183, true, false), (20, false, true)] {
            assert!(
                matches!(misfit(number, is_64_bit, big_endian, Libc::Glibc), Some(ProbeResult::PassedOver(_))),
                "{number}"
            );
            assert!(
                matches!(misfit(number, is_64_bit, big_endian, Libc::Musl), Some(ProbeResult::Fatal(_))),
                "{number}"
            );
        }
        assert!(matches!(misfit(22, true, true, Libc::Glibc), Some(ProbeResult::Fatal(_))));
    }

    #[test]
    fn the_origin_is_the_folder_of_the_file() {
        assert_eq!(origin(b"/opt/bin/hello"), b"/opt/bin");
        assert_eq!(origin(b"/hello"), b"/");
        assert_eq!(join_name(b"/", b"libx.so"), b"/libx.so");
        assert_eq!(join_name(b"/lib", b"libx.so"), b"/lib/libx.so");
    }
}
