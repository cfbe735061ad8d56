//! The numbers of an ELF file: where they are, how wide, in which byte order.
//!
//! It reads single fields and checks that they are there. It does not say what they mean together.

use super::{ElfError, ElfIdent, ElfType, Machine};
use crate::partial_file::PartialFile;

/// A part of the file that is loaded into memory.
pub(super) const PT_LOAD: u32 = 1;
/// Where the dynamic section is.
pub(super) const PT_DYNAMIC: u32 = 2;
/// Where the path of the loader is.
pub(super) const PT_INTERP: u32 = 3;

/// The end of the dynamic section.
pub(super) const DT_NULL: u64 = 0;
/// A library that is needed.
pub(super) const DT_NEEDED: u64 = 1;
/// The address of the string table.
pub(super) const DT_STRTAB: u64 = 5;
/// How long the string table is.
pub(super) const DT_STRSZ: u64 = 10;
/// The file's own name.
pub(super) const DT_SONAME: u64 = 14;
/// Folders to search, inherited.
pub(super) const DT_RPATH: u64 = 15;
/// Folders to search, not inherited.
pub(super) const DT_RUNPATH: u64 = 29;
/// The address of the symbol table.
pub(super) const DT_SYMTAB: u64 = 6;
/// The address of a hash table of symbols.
pub(super) const DT_HASH: u64 = 4;
/// The address of a hash table of symbols, as GNU has it.
pub(super) const DT_GNU_HASH: u64 = 0x6fff_fef5;
/// The address of relocations with addends, and their size.
pub(super) const DT_RELA: u64 = 7;
/// How many bytes of relocations with addends.
pub(super) const DT_RELASZ: u64 = 8;
/// The address of relocations without addends, and their size.
pub(super) const DT_REL: u64 = 17;
/// How many bytes of relocations without addends.
pub(super) const DT_RELSZ: u64 = 18;
/// The address of relocations for calls.
pub(super) const DT_JMPREL: u64 = 23;
/// How many bytes of relocations for calls.
pub(super) const DT_PLTRELSZ: u64 = 2;
/// Which kind the relocations for calls are.
pub(super) const DT_PLTREL: u64 = 20;
/// Bind at once.
pub(super) const DT_BIND_NOW: u64 = 24;
/// Flags, among them `DF_BIND_NOW`.
pub(super) const DT_FLAGS: u64 = 30;
/// In `DT_FLAGS`: bind at once.
pub(super) const DF_BIND_NOW: u64 = 8;
/// In `DT_FLAGS_1`: bind at once.
pub(super) const DF_1_NOW: u64 = 1;
/// Flags, among them the two below.
pub(super) const DT_FLAGS_1: u64 = 0x6fff_fffb;
/// The address of the versions that are provided, and how many.
pub(super) const DT_VERDEF: u64 = 0x6fff_fffc;
/// How many libraries' versions are provided.
pub(super) const DT_VERDEFNUM: u64 = 0x6fff_fffd;
/// The address of the versions that are needed.
pub(super) const DT_VERNEED: u64 = 0x6fff_fffe;
/// Of how many libraries versions are needed.
pub(super) const DT_VERNEEDNUM: u64 = 0x6fff_ffff;
/// In `DT_FLAGS_1`: do not search default folders.
pub(super) const DF_1_NODEFLIB: u64 = 0x800;
/// In `DT_FLAGS_1`: this is a program.
pub(super) const DF_1_PIE: u64 = 0x0800_0000;

/// How to read the numbers of this file, and what its header says.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) machine: Machine,
    pub(super) kind: ElfType,
    /// `e_entry`: where the kernel starts it.
    pub(super) entry: u64,
    /// What a loader makes of the first sixteen bytes.
    pub(super) ident: ElfIdent,
    /// Where the program headers start, how large one is, and how many there are.
    headers: (u64, u16, u16),
}

/// One program header.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) kind: u32,
    /// `PF_X`: is it code?
    pub(super) code: bool,
    /// Where it starts in the file.
    pub(super) offset: u64,
    /// Where it is in memory.
    pub(super) address: u64,
    /// How much of the file it takes.
    pub(super) size: u64,
    /// How much of memory it takes.
    pub(super) memory: u64,
}

impl Segment {
    /// Where it ends in the file; `None` if beyond what a file can hold.
    pub(super) fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.size)
    }

    /// Would the kernel fail to load it, whatever the machine (Linux, `fs/binfmt_elf.c`, `elf_load` and what calls it)?
    /// Half of all addresses are the kernel's own; a page has at least 4096 bytes.
    pub(super) fn is_impossible(&self, is_64_bit: bool) -> bool {
        let most = if is_64_bit { 1 << 63 } else { 1 << 32 };
        let end = self.address.checked_add(self.memory);
        let misplaced = self.size > 0 && self.offset % 4096 != self.address % 4096;
        self.size > self.memory || end.is_none_or(|end| end > most) || misplaced
    }
}

/// The most bytes of program headers that the kernel reads (`load_elf_phdrs`).
const TABLE: u64 = 64 << 10;

impl Layout {
    pub(super) fn read(file: &PartialFile) -> Result<Self, ElfError> {
        // What the kernel looks at is filled up with zeros: the smallest programs end within their header.
        let filled = (file.size() < 64).then(|| {
            let mut filled = file.from(0).unwrap_or_default().to_vec();
            filled.resize(64, 0);
            PartialFile::whole(filled)
        });
        let file = filled.as_ref().unwrap_or(file);
        let ident = file.get(0, 20).ok_or(ElfError::Short)?;
        // The kernel goes by the machine alone, and the smallest programs use these bytes for something else.
        let (is_64_bit, big_endian) = match (ident.get(4), ident.get(5), ident.get(18..20)) {
            (Some(class @ (1 | 2)), Some(order @ (1 | 2)), _) => (*class == 2, *order == 2),
            (_, _, Some([62 | 183, 0])) => (true, false),
            (_, _, Some([3 | 40, 0])) => (false, false),
            _ => return Err(ElfError::Header),
        };
        let machine = Machine { number: 0, is_64_bit, big_endian };
        let mut layout =
            Self { machine, kind: ElfType::Other(0), entry: 0, ident: ElfIdent::of(ident), headers: (0, 0, 0) };
        let (start, size, count) = if is_64_bit { (0x20, 0x36, 0x38) } else { (0x1c, 0x2a, 0x2c) };
        let half = |layout: &Self, offset| layout.half(file, offset).ok_or(ElfError::Short);
        layout.kind = match half(&layout, 0x10)? {
            1 => ElfType::Object,
            2 => ElfType::Fixed,
            3 => ElfType::Dynamic,
            other => ElfType::Other(other),
        };
        layout.machine.number = half(&layout, 0x12)?;
        layout.entry = layout.address(file, 0x18).ok_or(ElfError::Short)?;
        let table = layout.address(file, start).ok_or(ElfError::Short)?;
        layout.headers = (table, half(&layout, size)?, half(&layout, count)?);
        Ok(layout)
    }

    /// The program headers. A program without any is refused by the kernel (`load_elf_phdrs`); an object file has none.
    pub(super) fn segments(&self, file: &PartialFile) -> Result<Vec<Segment>, ElfError> {
        let (table, size, count) = self.headers;
        let executable = matches!(self.kind, ElfType::Fixed | ElfType::Dynamic);
        // Cut off within its header, unless that is all that there ever was.
        let short = file.size() < if self.machine.is_64_bit { 64 } else { 52 };
        if !executable {
            return if short { Err(ElfError::Short) } else { Ok(Vec::new()) };
        }
        if size != if self.machine.is_64_bit { 56 } else { 32 } || count == 0 {
            return Err(if short { ElfError::Short } else { ElfError::Header });
        }
        if u64::from(count) * u64::from(size) > TABLE {
            return Err(ElfError::Excess);
        }
        let start = |index: u16| table.checked_add(u64::from(index) * u64::from(size));
        (0..count).map(|index| start(index).and_then(|at| self.segment(file, at)).ok_or(ElfError::Short)).collect()
    }

    fn segment(&self, file: &PartialFile, at: u64) -> Option<Segment> {
        let (offset, address, size, flags) = if self.machine.is_64_bit { (8, 16, 32, 4) } else { (4, 8, 16, 24) };
        let memory = size + self.word();
        let field = |by: u64| self.address(file, at.checked_add(by)?);
        Some(Segment {
            kind: self.full(file, at)?,
            code: self.full(file, at.checked_add(flags)?)? & 1 != 0,
            offset: field(offset)?,
            address: field(address)?,
            size: field(size)?,
            memory: field(memory)?,
        })
    }

    /// How wide an address is, in bytes.
    pub(super) fn word(&self) -> u64 {
        if self.machine.is_64_bit { 8 } else { 4 }
    }

    /// Two bytes.
    pub(super) fn half(&self, file: &PartialFile, offset: u64) -> Option<u16> {
        let bytes: [u8; 2] = file.get(offset, 2)?.try_into().ok()?;
        Some(if self.machine.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    /// Four bytes.
    pub(super) fn full(&self, file: &PartialFile, offset: u64) -> Option<u32> {
        let bytes: [u8; 4] = file.get(offset, 4)?.try_into().ok()?;
        Some(if self.machine.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// As many bytes as an address has.
    pub(super) fn address(&self, file: &PartialFile, offset: u64) -> Option<u64> {
        if !self.machine.is_64_bit {
            return self.full(file, offset).map(u64::from);
        }
        let bytes: [u8; 8] = file.get(offset, 8)?.try_into().ok()?;
        Some(if self.machine.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }
}
