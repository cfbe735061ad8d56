//! What an ELF file asks for, read from the pieces that were kept of it: its loader, its libraries, their versions.
//!
//! Only what the kernel and the dynamic loader look at is read: the file header, the program headers and the dynamic
//! section, never section headers, which a stripped or packed program need not have. Every offset comes from a file
//! that anyone may have made: each one is checked, each list and string has a limit, nothing is followed twice.
//!
//! There is no ELF library behind it: `object` reads symbol versions only through section headers, which stand at the end
//! of a file and are not kept. Sources: the System V ABI (gabi), chapters 4 and 5, and for versions the Linux Standard Base Core
//! Specification, "Symbol Versioning".

mod dynamic;
mod headers;
mod machine;
mod needed_ranges;
mod symbols;
mod versions;

pub(crate) use machine::{Machine, machine_of};
pub(crate) use needed_ranges::{head, wanted};
pub(crate) use symbols::{Symbols, demangled};
pub(crate) use versions::Requirement;

use crate::partial_file::PartialFile;
use dynamic::{Dynamic, Unread};
use headers::{Layout, Segment};

/// The most entries that are read of any list: dynamic entries, program headers, versions. Real files have hundreds.
const LIST: u64 = 16 * 1024;

/// The longest path of a loader, its final NUL included: longer ones the kernel refuses (`PATH_MAX`).
const INTERPRETER: u64 = 4096;

/// What kind of ELF file it is, after `e_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElfType {
    /// `ET_EXEC`: a program that is loaded at a fixed address.
    Fixed,
    /// `ET_DYN`: a library, or a program that can be loaded anywhere (`-pie`, `-static-pie`).
    Dynamic,
    /// `ET_REL`: what a compiler hands to the linker. The kernel refuses to execute it.
    Object,
    /// Anything else, such as a core dump. The kernel refuses to execute it.
    Other(u16),
}

/// What glibc's loader makes of a file's first sixteen bytes, which the kernel and musl do not look at beyond the magic
/// number (glibc, `elf/dl-load.c`, `open_verify`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElfIdent {
    /// Nothing is wrong with them.
    Fine,
    /// Its class is invalid: the loader skips it as a file for another machine.
    NoClass,
    /// The loader stops, for this reason.
    Refused(&'static str),
}

impl ElfIdent {
    /// Reads them: class, byte order, version, system (System V, GNU or ARM's), its version, and padding.
    fn of(bytes: &[u8]) -> Self {
        match bytes.get(4..16) {
            Some([1 | 2, 1 | 2, 1, 0 | 3 | 64, _, 0, 0, 0, 0, 0, 0, 0]) => Self::Fine,
            Some([1 | 2, 1 | 2, 1, 0 | 3 | 64, ..]) => Self::Refused("the padding of its ELF header is not zero"),
            Some([1 | 2, 1 | 2, 1, ..]) => Self::Refused("it is for another system than Linux (EI_OSABI)"),
            Some([1 | 2, 1 | 2, ..]) => Self::Refused("its ELF version is not 1"),
            Some([1 | 2, ..]) => Self::Refused("its byte order is invalid"),
            _ => Self::NoClass,
        }
    }
}

/// What is known of one ELF file. Strings are bytes as they are in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ElfInfo {
    /// The processor, its word size and byte order.
    pub machine: Machine,
    /// What kind of file it is.
    pub kind: ElfType,
    /// `e_entry`: the address where the kernel starts it; 0 in most libraries.
    pub entry: u64,
    /// What a loader makes of its first sixteen bytes.
    pub ident: ElfIdent,
    /// `PT_INTERP`: the dynamic loader that it asks the kernel for.
    pub interpreter: Option<Vec<u8>>,
    /// `DF_1_PIE`: is it marked as a program, though its kind is [`ElfType::Dynamic`]?
    pub pie: bool,
    /// `DF_1_NODEFLIB`: does it forbid the default folders and the cache?
    pub no_default_folders: bool,
    /// `DT_NEEDED`: the libraries it asks for, in order.
    pub needed: Vec<Vec<u8>>,
    /// `DT_SONAME`: its own name as a library.
    pub soname: Option<Vec<u8>>,
    /// `DT_RPATH`: folders to search, separated by `:`; inherited by the libraries it needs.
    pub rpath: Option<Vec<u8>>,
    /// `DT_RUNPATH`: folders to search, separated by `:`; for its own libraries only.
    pub runpath: Option<Vec<u8>>,
    /// The versions it needs of its libraries.
    pub requires: Vec<Requirement>,
    /// The versions it provides; `None` if it has no versions at all, in which case the loader does not check.
    pub provides: Option<Vec<Vec<u8>>>,
    /// Its symbols; `None` if they are not known.
    pub symbols: Option<Box<Symbols>>,
    /// Of a glibc loader: its built-in folders, in order, as they stand in the file.
    pub system_folders: Vec<Vec<u8>>,
    /// Does the file lack whole pages of what its program headers say is to be loaded?
    pub truncated: bool,
    /// What keeps the kernel or the loader from making a running program of it; what that hides stays empty.
    pub defect: Option<ElfDefect>,
}

/// What is wrong with a file whose headers can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ElfDefect {
    /// `PT_INTERP` lies outside of the file, is longer than a path, or does not end.
    #[error("the path of its loader is invalid or outside the file")]
    Interpreter,
    /// A part would have to be loaded where no program can be.
    #[error("a segment has an impossible or unaligned address")]
    Load,
    /// The dynamic section, or a string or version that it names, lies outside of what is loaded.
    #[error("its dynamic section points outside the file")]
    Dynamic,
}

/// Why a file that starts as ELF cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ElfError {
    /// It ends before its header or its program headers do.
    #[error("the file ends within its ELF headers")]
    Short,
    /// Its class is neither 32 nor 64 bit, its byte order neither of the two, or an entry has the wrong size.
    #[error("its ELF header is invalid")]
    Header,
    /// It has more program headers than the kernel reads.
    #[error("it has too many program headers")]
    Excess,
}

impl ElfInfo {
    /// Reads what is needed; called once per ELF file, while the archive streams by.
    ///
    /// Of a large file not all is in memory. If its dynamic section points there, what it asks for stays empty.
    ///
    /// # Errors
    /// When the file is too damaged to be executed or linked.
    pub(crate) fn read(file: &PartialFile) -> Result<Self, ElfError> {
        let layout = Layout::read(file)?;
        let segments = layout.segments(file)?;
        let mut info = Self::bare(&layout, file, &segments);
        if let Some(dynamic) = segments.iter().find(|segment| segment.kind == headers::PT_DYNAMIC) {
            let bare = info.clone();
            let read = Dynamic::read(file, &layout, &segments, dynamic);
            if let Err(unread) = read.and_then(|dynamic| info.read_dynamic(&dynamic)) {
                info = bare;
                // What is not in memory of a large file does not make it damaged.
                if unread == Unread::Outside && !file.has_holes() {
                    info.defect = info.defect.or(Some(ElfDefect::Dynamic));
                }
            }
        }
        if info.soname.as_deref().is_some_and(is_glibc_loader) {
            info.system_folders = system_folders(file);
        }
        Ok(info)
    }

    /// The summary of a file without a dynamic section.
    fn bare(layout: &Layout, file: &PartialFile, segments: &[Segment]) -> Self {
        let interpreter = segments.iter().find(|segment| segment.kind == headers::PT_INTERP);
        let interpreter = interpreter.map(|segment| interpreter_at(file, segment)).transpose();
        let loaded = segments.iter().filter(|segment| segment.kind == headers::PT_LOAD);
        // Of one without contents it does not matter where they would be.
        let mut filled = loaded.clone().filter(|segment| segment.size > 0);
        // The kernel fills up the page in which a file ends.
        let page = layout.machine.page();
        let mapped = file.size().div_ceil(page).saturating_mul(page);
        let truncated = filled.any(|segment| segment.end().is_none_or(|end| end > mapped));
        let impossible = loaded.clone().any(|segment| segment.is_impossible(layout.machine.is_64_bit));
        let defect = interpreter.as_ref().err().copied().or(impossible.then_some(ElfDefect::Load));
        let interpreter = interpreter.unwrap_or_default().flatten();
        Self {
            kind: layout.kind,
            entry: layout.entry,
            ident: layout.ident,
            interpreter,
            truncated,
            defect,
            ..Self::of_static(layout.machine)
        }
    }

    fn read_dynamic(&mut self, dynamic: &Dynamic<'_>) -> Result<(), Unread> {
        for offset in dynamic.all(headers::DT_NEEDED) {
            self.needed.push(dynamic.string(offset)?);
        }
        let named = |tag| dynamic.first(tag).map(|offset| dynamic.string(offset)).transpose();
        self.soname = named(headers::DT_SONAME)?;
        self.runpath = named(headers::DT_RUNPATH)?;
        self.rpath = named(headers::DT_RPATH)?;
        let flags = dynamic.first(headers::DT_FLAGS_1).unwrap_or(0);
        self.pie = flags & headers::DF_1_PIE != 0;
        self.no_default_folders = flags & headers::DF_1_NODEFLIB != 0;
        self.requires = versions::requires(dynamic)?;
        self.provides = versions::provides(dynamic)?;
        let is_known = self.machine.arch().is_some();
        self.symbols = if is_known { Symbols::read(dynamic).map(Box::new) } else { None };
        Ok(())
    }

    /// The summary of a file that asks for nothing: a static program for `machine`.
    pub(crate) fn of_static(machine: Machine) -> Self {
        Self {
            machine,
            kind: ElfType::Fixed,
            entry: 0,
            ident: ElfIdent::Fine,
            interpreter: None,
            pie: false,
            no_default_folders: false,
            needed: Vec::new(),
            soname: None,
            rpath: None,
            runpath: None,
            requires: Vec::new(),
            provides: None,
            symbols: None,
            system_folders: Vec::new(),
            truncated: false,
            defect: None,
        }
    }

    /// About how many bytes of memory it holds on to, for the limit on what is kept of an image.
    pub(crate) fn memory_size(&self) -> usize {
        let strings = |list: &[Vec<u8>]| list.iter().map(|item| size_of::<Vec<u8>>() + item.len()).sum::<usize>();
        let optional = [&self.interpreter, &self.soname, &self.rpath, &self.runpath];
        size_of::<Self>()
            + optional.into_iter().flatten().map(Vec::len).sum::<usize>()
            + strings(&self.needed)
            + strings(&self.system_folders)
            + self.requires.iter().map(Requirement::memory_size).sum::<usize>()
            + self.provides.as_deref().map_or(0, strings)
            + self.symbols.as_ref().map_or(0, |symbols| symbols.memory_size())
    }
}

/// The path of the loader, as the kernel reads it (`load_elf_binary`); `None` if it is not in memory.
fn interpreter_at(file: &PartialFile, segment: &Segment) -> Result<Option<Vec<u8>>, ElfDefect> {
    if !(2..=INTERPRETER).contains(&segment.size) || segment.end().is_none_or(|end| end > file.size()) {
        return Err(ElfDefect::Interpreter);
    }
    let Some(bytes) = file.get(segment.offset, segment.size) else { return Ok(None) };
    if bytes.last() != Some(&0) {
        return Err(ElfDefect::Interpreter);
    }
    Ok(bytes.split(|byte| *byte == 0).next().map(<[u8]>::to_vec))
}

/// Is this the name of a glibc loader? `ld-linux-x86-64.so.2`, `ld-linux.so.2`, `ld64.so.1`, `ld64.so.2`, `ld.so.1`
/// (glibc's `shlib-versions` files).
pub(crate) fn is_glibc_loader(soname: &[u8]) -> bool {
    [b"ld-linux" as &[u8], b"ld64.so.", b"ld.so."].iter().any(|start| soname.starts_with(start))
}

/// The folders that a glibc loader was built to search: distributions differ (`/lib/x86_64-linux-gnu` in Debian,
/// `/lib64` in Fedora), so the loader in the image is the one to ask.
///
/// They stand in its read-only data one after the other, each ended by `/` and NUL (glibc, `elf/dl-load.c`, built from
/// `SYSTEM_DIRS` of `trusted-dirs.h`).
fn system_folders(file: &PartialFile) -> Vec<Vec<u8>> {
    let mut best: Vec<Vec<u8>> = Vec::new();
    for bytes in file.pieces() {
        let mut run: Vec<Vec<u8>> = Vec::new();
        for string in bytes.split(|byte| *byte == 0) {
            let folder = string.len() < 256 && string.starts_with(b"/") && string.ends_with(b"/");
            // All are called `lib` or `lib64` somewhere, which other folders that a loader names are not.
            if folder && string.windows(4).any(|part| part == b"/lib") && string.iter().all(u8::is_ascii_graphic) {
                run.push(string.strip_suffix(b"/").unwrap_or(string).to_vec());
                continue;
            }
            if run.len() > best.len() {
                best = std::mem::take(&mut run);
            }
            run.clear();
        }
    }
    best
}

#[cfg(any(test, feature = "test-builder"))]
pub mod test_builder;
#[cfg(test)]
mod tests;
