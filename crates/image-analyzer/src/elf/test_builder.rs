//! ELF files made to order, for tests: small, and right where the kernel and the loaders look.
//!
//! Whatever is read of an ELF file is in one segment that starts at address 0: what follows the program headers, in
//! order, are the interpreter, the string table, the versions and the dynamic section.

#![allow(dead_code, unreachable_pub, reason = "each test crate that includes it uses a part of it")]

/// What is to be in the file.
#[derive(Clone, Debug)]
pub struct Sample {
    machine: u16,
    is_64_bit: bool,
    big_endian: bool,
    kind: u16,
    entry: u64,
    interpreter: Option<String>,
    dynamic: Vec<(u64, Value)>,
    requires: Vec<(String, Vec<String>)>,
    provides: Vec<String>,
    /// Symbols of a 64-bit file: each with whether it is defined here, and whether a call refers to it, not data.
    symbols: Vec<(String, bool, bool)>,
    data: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Value {
    Number(u64),
    String(String),
}

impl Sample {
    /// A static program for amd64.
    pub fn program() -> Self {
        Self {
            machine: 62,
            is_64_bit: true,
            big_endian: false,
            kind: 2,
            entry: 64,
            interpreter: None,
            dynamic: Vec::new(),
            requires: Vec::new(),
            provides: Vec::new(),
            symbols: Vec::new(),
            data: Vec::new(),
        }
    }

    /// A position-independent program that asks for this loader.
    pub fn with_loader(loader: &str) -> Self {
        Self { kind: 3, interpreter: Some(loader.to_owned()), ..Self::program() }.flag(0x0800_0000)
    }

    /// A library of this name, which cannot be started unless it is a loader or libc.
    pub fn library(name: &str) -> Self {
        let starts = ["ld-", "ld64.", "libc."].iter().any(|start| name.starts_with(start));
        Self { kind: 3, entry: if starts { 64 } else { 0 }, ..Self::program() }.string(14, name)
    }

    /// Where it is started.
    #[must_use]
    pub fn entry(mut self, entry: u64) -> Self {
        self.entry = entry;
        self
    }

    /// A program that needs no loader and can be loaded anywhere.
    pub fn static_pie() -> Self {
        Self { kind: 3, ..Self::program() }.flag(0x0800_0000)
    }

    /// For another machine: `e_machine`, 64-bit or not, big-endian or not.
    #[must_use]
    pub fn machine(mut self, number: u16, is_64_bit: bool, big_endian: bool) -> Self {
        (self.machine, self.is_64_bit, self.big_endian) = (number, is_64_bit, big_endian);
        self
    }

    /// Another `e_type`.
    #[must_use]
    pub fn kind(mut self, kind: u16) -> Self {
        self.kind = kind;
        self
    }

    /// `DT_NEEDED`.
    #[must_use]
    pub fn needs(self, library: &str) -> Self {
        self.string(1, library)
    }

    /// `DT_RPATH`.
    #[must_use]
    pub fn rpath(self, path: &str) -> Self {
        self.string(15, path)
    }

    /// `DT_RUNPATH`.
    #[must_use]
    pub fn runpath(self, path: &str) -> Self {
        self.string(29, path)
    }

    /// `DT_FLAGS_1`.
    #[must_use]
    pub fn flag(mut self, flags: u64) -> Self {
        self.dynamic.push((0x6fff_fffb, Value::Number(flags)));
        self
    }

    /// Versions of a library that are needed.
    #[must_use]
    pub fn requires(mut self, library: &str, versions: &[&str]) -> Self {
        self.requires.push((library.to_owned(), versions.iter().map(|version| (*version).to_owned()).collect()));
        self
    }

    /// Versions that are provided.
    #[must_use]
    pub fn provides(mut self, versions: &[&str]) -> Self {
        self.provides.extend(versions.iter().map(|version| (*version).to_owned()));
        self
    }

    /// A function that it defines.
    #[must_use]
    pub fn defines(mut self, name: &str) -> Self {
        self.symbols.push((name.to_owned(), true, false));
        self
    }

    /// A function that it calls.
    #[must_use]
    pub fn calls(mut self, name: &str) -> Self {
        self.symbols.push((name.to_owned(), false, true));
        self
    }

    /// A variable that it refers to.
    #[must_use]
    pub fn refers(mut self, name: &str) -> Self {
        self.symbols.push((name.to_owned(), false, false));
        self
    }

    /// Bytes that are somewhere in it.
    #[must_use]
    pub fn data(mut self, data: &[u8]) -> Self {
        self.data.extend_from_slice(data);
        self
    }

    fn string(mut self, tag: u64, value: &str) -> Self {
        self.dynamic.push((tag, Value::String(value.to_owned())));
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        Writer { sample: self, strings: vec![0] }.write()
    }
}

struct Writer<'s> {
    sample: &'s Sample,
    strings: Vec<u8>,
}

impl Writer<'_> {
    fn write(mut self) -> Vec<u8> {
        let sample = self.sample;
        let headers = if sample.is_64_bit { 64 + 3 * 56 } else { 52 + 3 * 32 };
        let interpreter = sample.interpreter.clone().unwrap_or_default().into_bytes();
        let has_dynamic = !(sample.dynamic.is_empty() && sample.requires.is_empty() && sample.provides.is_empty());
        // Strings go first, so that everything after them knows where they are.
        let mut entries: Vec<(u64, u64)> = Vec::new();
        for (tag, value) in &sample.dynamic {
            let value = match value {
                Value::Number(number) => *number,
                Value::String(text) => self.intern(text),
            };
            entries.push((*tag, value));
        }
        let (needed, provided) = (self.needed(), self.provided());
        let tables = self.tables();
        let strings_at = (headers + interpreter.len() + 1) as u64;
        let needed_at = (strings_at + self.strings.len() as u64).next_multiple_of(8);
        let provided_at = needed_at + needed.len() as u64;
        let dynamic_at = provided_at + provided.len() as u64;
        entries.push((5, strings_at));
        if !sample.requires.is_empty() {
            entries.extend([(0x6fff_fffe, needed_at), (0x6fff_ffff, sample.requires.len() as u64)]);
        }
        if !sample.provides.is_empty() {
            entries.extend([(0x6fff_fffc, provided_at), (0x6fff_fffd, sample.provides.len() as u64 + 1)]);
        }
        let mut tables_at = dynamic_at + 2 * if sample.is_64_bit { 8 } else { 4 } * (entries.len() as u64 + 10);
        if !sample.symbols.is_empty() {
            // The symbols, their number in a hash table, and relocations for data and for calls.
            for ((tag, size), table) in [(6, 0), (4, 0), (7, 8), (23, 2)].into_iter().zip(&tables) {
                entries.push((tag, tables_at));
                entries.extend((size > 0).then_some((size, table.len() as u64)));
                tables_at += table.len() as u64;
            }
            entries.push((20, 7));
            entries.resize(entries.len() + 2, (0x6000_0000, 0));
        }
        entries.push((0, 0));
        let dynamic: Vec<u8> =
            entries.iter().flat_map(|(tag, value)| [self.word(*tag), self.word(*value)].concat()).collect();
        let tables = tables.concat();
        let total = dynamic_at + (dynamic.len() + tables.len() + sample.data.len()) as u64;

        let mut file = self.header(if has_dynamic { 3 } else { 2 });
        file.extend(self.segment(1, 0, total));
        let (kind, size) = if interpreter.is_empty() { (0, 0) } else { (3, interpreter.len() as u64 + 1) };
        file.extend(self.segment(kind, headers as u64, size));
        file.extend(self.segment(2, dynamic_at, dynamic.len() as u64));
        file.extend([interpreter, vec![0], self.strings.clone()].concat());
        file.resize(usize::try_from(needed_at).unwrap_or_default(), 0);
        [file, needed, provided, dynamic, tables, sample.data.clone()].concat()
    }

    /// The table of symbols, a hash table that has only their number, and the relocations.
    fn tables(&mut self) -> [Vec<u8>; 4] {
        let symbols = self.sample.symbols.clone();
        if symbols.is_empty() {
            return [const { Vec::new() }; 4];
        }
        let (mut table, mut data, mut calls) = (vec![0; 24], Vec::new(), Vec::new());
        let count = symbols.len() as u64 + 1;
        for (index, (name, is_defined, is_called)) in symbols.iter().enumerate() {
            let name = self.intern(name);
            table.extend([self.low(name), vec![0x12, 0], self.half(u16::from(*is_defined))].concat());
            table.extend([self.word(0), self.word(0)].concat());
            let relocation = [self.word(0), self.word(((index as u64 + 1) << 32) | 6), self.word(0)].concat();
            match (is_defined, is_called) {
                (true, _) => {}
                (false, true) => calls.extend(relocation),
                (false, false) => data.extend(relocation),
            }
        }
        let hash = [self.low(1), self.low(count), self.low(0), self.low(0)].concat();
        [table, hash, data, calls]
    }

    fn intern(&mut self, text: &str) -> u64 {
        let at = self.strings.len() as u64;
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        at
    }

    fn header(&self, count: u16) -> Vec<u8> {
        let sample = self.sample;
        let mut file = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(sample.is_64_bit), 1 + u8::from(sample.big_endian), 1];
        file.resize(16, 0);
        let table = if sample.is_64_bit { 64 } else { 52 };
        let (ehsize, phentsize) = if sample.is_64_bit { (64, 56) } else { (52, 32) };
        file.extend([self.half(sample.kind), self.half(sample.machine), self.full(1)].concat());
        // Entry point, program headers, section headers (none), flags.
        file.extend([self.word(sample.entry), self.word(table), self.word(0), self.full(0)].concat());
        for number in [ehsize, phentsize, count, 0, 0, 0] {
            file.extend(self.half(number));
        }
        file
    }

    fn segment(&self, kind: u32, at: u64, size: u64) -> Vec<u8> {
        let place = [self.word(at), self.word(at), self.word(at), self.word(size), self.word(size)].concat();
        if self.sample.is_64_bit {
            [self.full(kind), self.full(5), place, self.word(8)].concat()
        } else {
            [self.full(kind), place, self.full(5), self.word(8)].concat()
        }
    }

    fn needed(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let libraries = self.sample.requires.clone();
        for (index, (library, versions)) in libraries.iter().enumerate() {
            let size = 16 + 16 * versions.len() as u64;
            let next = if index + 1 == libraries.len() { 0 } else { size };
            let name = self.intern(library);
            let count = u16::try_from(versions.len()).unwrap_or_default();
            out.extend([self.half(1), self.half(count), self.low(name), self.low(16), self.low(next)].concat());
            for (index, version) in versions.iter().enumerate() {
                let next = if index + 1 == versions.len() { 0 } else { 16 };
                let name = self.intern(version);
                out.extend([self.full(0), self.half(0), self.half(2), self.low(name), self.low(next)].concat());
            }
        }
        out
    }

    fn provided(&mut self) -> Vec<u8> {
        let provides = self.sample.provides.clone();
        if provides.is_empty() {
            return Vec::new();
        }
        let mut out = Vec::new();
        let names: Vec<String> = std::iter::once("base".to_owned()).chain(provides).collect();
        for (index, version) in names.iter().enumerate() {
            let next = if index + 1 == names.len() { 0 } else { 28 };
            let name = self.intern(version);
            let flags = u16::from(index == 0);
            let number = u16::try_from(index + 1).unwrap_or_default();
            out.extend([self.half(1), self.half(flags), self.half(number), self.half(1)].concat());
            out.extend([self.full(0), self.low(20), self.low(next), self.low(name), self.low(0)].concat());
        }
        out
    }

    fn low(&self, number: u64) -> Vec<u8> {
        self.full(u32::try_from(number).unwrap_or_default())
    }

    fn half(&self, number: u16) -> Vec<u8> {
        if self.sample.big_endian { number.to_be_bytes().to_vec() } else { number.to_le_bytes().to_vec() }
    }

    fn full(&self, number: u32) -> Vec<u8> {
        if self.sample.big_endian { number.to_be_bytes().to_vec() } else { number.to_le_bytes().to_vec() }
    }

    fn word(&self, number: u64) -> Vec<u8> {
        match (self.sample.is_64_bit, self.sample.big_endian) {
            (false, _) => self.low(number),
            (true, true) => number.to_be_bytes().to_vec(),
            (true, false) => number.to_le_bytes().to_vec(),
        }
    }
}
