//! Symbols: what a file defines for others, and what it needs of them.
//!
//! Sources: the System V ABI, "Symbol Table" and "Relocation"; for `DT_GNU_HASH`, glibc's `elf/dl-lookup.c`. Which symbols are
//! looked up is said by the relocations alone. Of what is defined only hashes of the names are kept: two names with the same
//! hash can hide that one is missing, and never the other way round.

use super::dynamic::Dynamic;
use super::headers;

/// The most symbols of one file. The largest libraries have some two hundred thousand.
const MOST: u64 = 1 << 19;

/// The symbols of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbols {
    /// The hashes of the names that it defines, sorted.
    defined: Box<[u64]>,
    /// The names that it needs as soon as it is loaded, each ended by NUL.
    at_start: Box<[u8]>,
    /// The names that it needs when a function is called first, or as soon as it is loaded if the loader binds at once.
    when_called: Box<[u8]>,
    /// Does it ask the loader to bind at once (`BIND_NOW`)?
    pub binds_now: bool,
}

impl Symbols {
    /// Does it define this name?
    pub(crate) fn defines(&self, name: &[u8]) -> bool {
        self.defined.binary_search(&hash(name)).is_ok()
    }

    /// The names that it needs, those of functions that are bound later only if `all`.
    pub(crate) fn needs(&self, all: bool) -> impl Iterator<Item = &[u8]> {
        let later: &[u8] = if all { &self.when_called } else { &[] };
        [&*self.at_start, later]
            .into_iter()
            .flat_map(|names| names.split(|byte| *byte == 0))
            .filter(|name| !name.is_empty())
    }

    pub(super) fn memory_size(&self) -> usize {
        size_of::<Self>() + self.defined.len() * 8 + self.at_start.len() + self.when_called.len() + 64
    }

    /// The symbols of a file; `None` if not all of what says so is in memory.
    pub(super) fn read(dynamic: &Dynamic<'_>) -> Option<Self> {
        let referred = referred(dynamic)?;
        let hashed = hashed(dynamic)?;
        let highest = referred.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
        let count = hashed.max(highest);
        if count > MOST {
            return None;
        }
        let size = if dynamic.layout.machine.is_64_bit { 24 } else { 16 };
        let table = dynamic.place(dynamic.first(headers::DT_SYMTAB)?)?;
        dynamic.file.get(table, count * size)?;
        let mut lazy = vec![None; usize::try_from(count).ok()?];
        for (index, is_lazy) in referred {
            let slot = lazy.get_mut(usize::try_from(index).ok()?)?;
            *slot = Some(is_lazy && slot.unwrap_or(true));
        }
        let (mut defined, mut at_start, mut when_called) = (Vec::new(), Vec::new(), Vec::new());
        for (index, lazy) in lazy.into_iter().enumerate().skip(1) {
            let symbol = Symbol::read(dynamic, table + index as u64 * size)?;
            if symbol.is_defined() {
                defined.push(hash(&dynamic.string(u64::from(symbol.name)).ok()?));
            } else if let Some(lazy) = lazy.filter(|_| symbol.is_needed()) {
                let names = if lazy { &mut when_called } else { &mut at_start };
                names.extend(dynamic.string(u64::from(symbol.name)).ok()?);
                names.push(0);
            }
        }
        defined.sort_unstable();
        let has = |tag, flag| dynamic.all(tag).any(|flags| flags & flag != 0);
        let binds_now = dynamic.first(headers::DT_BIND_NOW).is_some()
            || has(headers::DT_FLAGS, headers::DF_BIND_NOW)
            || has(headers::DT_FLAGS_1, headers::DF_1_NOW);
        let (at_start, when_called) = (at_start.into(), when_called.into());
        Some(Self { defined: defined.into(), at_start, when_called, binds_now })
    }
}

/// One entry of the symbol table.
struct Symbol {
    name: u32,
    info: u8,
    other: u8,
    section: u16,
}

impl Symbol {
    fn read(dynamic: &Dynamic<'_>, at: u64) -> Option<Self> {
        let (info, section) = if dynamic.layout.machine.is_64_bit { (4, 6) } else { (12, 14) };
        let bytes = dynamic.file.get(at + info, 2)?;
        let name = dynamic.layout.full(dynamic.file, at)?;
        let section = dynamic.layout.half(dynamic.file, at + section)?;
        Some(Self { name, info: *bytes.first()?, other: *bytes.get(1)?, section })
    }

    /// Global, weak or unique, and visible to others.
    fn is_defined(&self) -> bool {
        self.section != 0 && matches!(self.info >> 4, 1 | 2 | 10) && matches!(self.other & 3, 0 | 3)
    }

    /// Global, not weak.
    fn is_needed(&self) -> bool {
        self.section == 0 && self.info >> 4 == 1 && matches!(self.other & 3, 0)
    }
}

/// The symbols that relocations refer to, each with whether it may be bound later.
fn referred(dynamic: &Dynamic<'_>) -> Option<Vec<(u64, bool)>> {
    let word = dynamic.layout.word();
    let lazy = dynamic.first(headers::DT_JMPREL).zip(dynamic.first(headers::DT_PLTRELSZ));
    let with_addend = dynamic.first(headers::DT_PLTREL) == Some(headers::DT_RELA);
    let table = |tag, size, addend: bool| {
        dynamic
            .first(tag)
            .zip(dynamic.first(size))
            .map(|(at, size)| (at, size, if addend { 3 * word } else { 2 * word }, false))
    };
    let tables = [
        table(headers::DT_RELA, headers::DT_RELASZ, true),
        table(headers::DT_REL, headers::DT_RELSZ, false),
        lazy.map(|(at, size)| (at, size, if with_addend { 3 * word } else { 2 * word }, true)),
    ];
    let mut referred = Vec::new();
    for (address, size, step, is_lazy) in tables.into_iter().flatten().filter(|(_, size, ..)| *size > 0) {
        let at = dynamic.place(address)?;
        dynamic.file.get(at, size)?;
        for index in 0..size / step {
            let by = index * step;
            // Some linkers count the lazy ones among the others, too.
            let also_lazy = lazy.is_some_and(|(start, size)| {
                address.checked_add(by).and_then(|at| at.checked_sub(start)).is_some_and(|within| within < size)
            });
            let info = dynamic.layout.address(dynamic.file, at + by + word)?;
            let symbol = if word == 8 { info >> 32 } else { info >> 8 };
            if symbol != 0 {
                referred.push((symbol, is_lazy || also_lazy));
            }
        }
    }
    Some(referred)
}

/// How many symbols there are, as far as the hash table says; those that it leaves out are not defined.
fn hashed(dynamic: &Dynamic<'_>) -> Option<u64> {
    let full = |at: u64| dynamic.layout.full(dynamic.file, at).map(u64::from);
    if let Some(at) = dynamic.first(headers::DT_HASH) {
        // On s390x its entries are wider.
        let at = dynamic.place(at).filter(|_| dynamic.layout.machine.number != 22)?;
        return full(at.checked_add(4)?);
    }
    let Some(at) = dynamic.first(headers::DT_GNU_HASH) else { return Some(0) };
    let at = dynamic.place(at)?;
    let (buckets, first, bloom) = (full(at)?, full(at.checked_add(4)?)?, full(at.checked_add(8)?)?);
    if buckets > MOST || bloom > MOST {
        return None;
    }
    let start = at.checked_add(16 + bloom * dynamic.layout.word())?;
    let mut last = 0;
    for bucket in 0..buckets {
        last = last.max(full(start.checked_add(4 * bucket)?)?);
    }
    if last < first {
        return Some(0);
    }
    let chains = start.checked_add(4 * buckets)?;
    while full(chains.checked_add(4 * (last - first))?)? & 1 == 0 {
        last += 1;
    }
    Some(last + 1)
}

/// FNV-1a.
fn hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A name as it is written in C++ or Rust, without arguments and templates; as it is, where it says more.
pub(crate) fn demangled(name: &[u8]) -> String {
    let shown = String::from_utf8_lossy(name).into_owned();
    let Some(rest) = shown.strip_prefix("_Z") else { return shown };
    let (mut rest, is_nested) = match rest.strip_prefix('N') {
        Some(nested) => (nested.trim_start_matches(['K', 'V', 'r']), true),
        None => (rest, false),
    };
    let mut parts: Vec<&str> = Vec::new();
    if let Some(behind) = rest.strip_prefix("St") {
        parts.push("std");
        rest = behind;
    }
    while let Some((part, behind)) = source_name(rest) {
        parts.push(part);
        rest = behind;
        if !is_nested {
            break;
        }
    }
    let is_whole = parts.len() > usize::from(parts.first() == Some(&"std")) && (!is_nested || rest.starts_with('E'));
    let is_hash = |part: &&str| {
        part.len() == 17 && part.starts_with('h') && part.chars().all(|c| c.is_ascii_hexdigit() || c == 'h')
    };
    if parts.last().is_some_and(is_hash) && parts.len() > 1 {
        parts.pop();
    }
    if is_whole && !rest.starts_with('I') { parts.join("::") } else { shown }
}

/// A number, and a name of that length.
fn source_name(text: &str) -> Option<(&str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let (length, rest) = text.split_at_checked(digits)?;
    rest.split_at_checked(length.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::demangled;

    #[test]
    fn names_are_shown_as_they_are_written() {
        for (name, shown) in [
            ("printf", "printf"),
            ("_ZN3foo3barEv", "foo::bar"),
            ("_ZNK3foo3barEi", "foo::bar"),
            ("_Z3fooi", "foo"),
            ("_ZSt9terminatev", "std::terminate"),
            ("_ZNSt6locale7classicEv", "std::locale::classic"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            ("_ZNSt6vectorIiSaIiEE4sizeEv", "_ZNSt6vectorIiSaIiEE4sizeEv"),
            ("_ZN99xE", "_ZN99xE"),
            ("_Z", "_Z"),
            ("_ZSt", "_ZSt"),
        ] {
            assert_eq!(demangled(name.as_bytes()), shown, "{name}");
        }
    }
}
